"""What an operator asks of a running stack: its status, what is wrong, which revisions there are, and the way back.

A plan and what is live in; `StackStatus`, diagnoses, `History` and the plan of a rollback out. Status and diagnoses
follow from the plan, so that they never contradict it. Nothing is changed here, and AWS is not asked: `app` asks.
Commands that are suggested take nothing away.
"""

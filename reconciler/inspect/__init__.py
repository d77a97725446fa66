"""What an operator asks of a running stack: its status, why it is unwell, which revisions there were, and the way back.

Live state in, judgements and commands to run out. Nothing is changed here: a rollback is a plan as any other.
"""

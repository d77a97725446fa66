"""The use cases: a stack, options and ports in; a plan, a finished run or a policy out.

What the command line, tests and programs call. Each function tells one story from end to end: plan, apply, status,
rollback. A plan makes no call that writes; a run refuses before its first one, and plans again at the end, to prove
that nothing is left. Ports are given: nothing here knows AWS's SDK, a terminal or a file, and nothing is printed.
"""

"""The use cases: a stack, options and ports in; a plan, a finished run or a policy out.

What the command line, tests and programs call. Each function tells one story from end to end: plan, apply, drift,
status, rollback. Ports are given; nothing here knows AWS's SDK, a terminal or a file.
"""

"""The use cases: a stack, options and a cloud in; a plan, a finished run, a status or a policy out.

The command line, tests and programs call them. Each function is one story from end to end: plan, apply, status,
rollback. `request` has the types that a command line ends in.

Always: the ports are given; a plan makes no call that writes; a run refuses before its first call, and plans again at
the end, to prove that nothing is left. Not here: AWS's SDK, files, terminals, arguments and printing.
"""

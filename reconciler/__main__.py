"""`python -m reconciler` and the `reconciler` command."""

import gc
import signal
import sys

# Values of a stack hold no circles. Python's default, 700 new objects, would walk all of them again and again.
NEW_OBJECTS = 100_000


def main() -> int:
    gc.set_threshold(NEW_OBJECTS)
    if signal.getsignal(signal.SIGINT) is signal.default_int_handler:
        signal.signal(signal.SIGINT, signal.SIG_DFL)  # while modules are read nothing is done: no traceback for Ctrl-C
    from reconciler import cli
    from reconciler.cli.signals import end_at_once
    from reconciler.problems import Exit

    code = cli.main()
    if code in (Exit.INTERRUPTED, Exit.TERMINATED):  # Python would wait for threads that wait for AWS
        end_at_once(code)
    return code


if __name__ == "__main__":
    sys.exit(main())

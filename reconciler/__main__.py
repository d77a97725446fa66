"""`python -m reconciler` and the `reconciler` command."""

import sys

from reconciler import cli
from reconciler.cli.signals import end_at_once
from reconciler.problems import Exit


def main() -> int:
    code = cli.main()
    if code in (Exit.INTERRUPTED, Exit.TERMINATED):  # Python would wait for threads that wait for AWS
        end_at_once(code)
    return code


if __name__ == "__main__":
    sys.exit(main())

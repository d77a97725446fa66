"""The command line: arguments in, an exit code out.

`parser` turns arguments into an `Invocation`. The readers in `options`, each beside the options that it reads, turn
argparse's namespace into the types of `app.request`; only they and the `run` of a command see the namespace. A command
opens a `Session` with `clients`, calls the use cases, and gives what they return to `Output`.

Always: results go to stdout, everything else to stderr; every failure becomes a message and an exit code; a command
imports what it needs when it runs, so `--help` stays fast and `validate` loads no AWS library. Not here: what a plan
contains (`plan`), how it looks (`report`), what must not be shown (`redact`).
"""

from reconciler.cli.main import main

__all__ = ["main"]

"""`reconciler sandbox reset`."""

from argparse import ArgumentParser, Namespace
from pathlib import Path

from reconciler.cli.commands.sandbox.place import DEFAULT_FILE, add_file
from reconciler.cli.options import add_output
from reconciler.cli.output import Output
from reconciler.problems import Exit

EXAMPLES = """\
examples:
  reconciler sandbox reset
  reconciler sandbox reset --file other.json

A `sandbox serve` on the same file sees it. Simulated failures end, too.
"""


def add(parser: ArgumentParser) -> None:
    add_file(parser)
    add_output(parser)


def run(args: Namespace, out: Output) -> int:
    from reconciler.report.text.page import Page

    file = Path(args.file or DEFAULT_FILE)
    known = file.exists()
    if known:
        _check_is_sandbox(str(file))
        file.unlink()

    def page(width: int) -> Page:
        lines = Page(width)
        lines.line(f"{file}: {'forgotten' if known else 'nothing to forget'}")
        return lines

    out.publish(page, lambda: {"file": str(file), "reset": known})
    return Exit.DONE


def _check_is_sandbox(file: str) -> None:
    """Raises `Stopped` for a file that is not a sandbox's: it must not be deleted."""
    from reconciler.sandbox.session import open_sandbox

    open_sandbox(file)

"""`reconciler sandbox tick`."""

from argparse import ArgumentParser, Namespace

from reconciler.cli.commands.sandbox.place import add_place, controls, sandbox_place_of
from reconciler.cli.options import add_output, parse_duration
from reconciler.cli.output import Output
from reconciler.problems import Exit

EXAMPLES = """\
examples:
  reconciler sandbox tick 60
  reconciler sandbox tick 30m --file other.json
  reconciler sandbox tick 2h --port 5055

What is CREATING, UPDATING or DELETING settles, and names come free. A `sandbox serve` on the same file sees it, too.
"""


def add(parser: ArgumentParser) -> None:
    parser.add_argument("seconds", type=parse_duration, metavar="TIME", help="how far: 60, 90s, 30m, 2h")
    add_place(parser, resource=False)
    add_output(parser)


def run(args: Namespace, out: Output) -> int:
    from reconciler.report.text.page import Page

    panel, seconds = controls(sandbox_place_of(args)), args.seconds
    ahead = panel.controls.tick(seconds)

    def page(width: int) -> Page:
        lines = Page(width)
        lines.line(f"{panel.where}: {seconds:g} s have passed; its clock is {ahead:g} s ahead")
        return lines

    out.publish(page, lambda: {"sandbox": panel.where, "seconds": seconds, "ahead": ahead})
    return Exit.DONE

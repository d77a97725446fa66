"""`reconciler explain`."""

import dataclasses
from argparse import ArgumentParser, Namespace
from typing import TYPE_CHECKING

from reconciler.cli.options import add_output
from reconciler.cli.output import Output
from reconciler.problems import Exit, WrongUsage

if TYPE_CHECKING:
    from reconciler.report.page import Page
    from reconciler.schema import Explained

HELP = "say what a member is, and what changing it costs"
EXAMPLES = """\
  reconciler explain jobQueues
  reconciler explain computeEnvironments.computeResources.instanceTypes
  reconciler explain minvCpus
"""
LABEL = 24  # the width of the labels' column


def add(parser: ArgumentParser) -> None:
    parser.add_argument("field", metavar="FIELD", help="a section, a member with its path, or a member's name")
    add_output(parser)


def run(args: Namespace, out: Output) -> int:
    from reconciler.kinds import KINDS
    from reconciler.lookup.schemas import read_schema
    from reconciler.schema import explain, nearest

    schema = read_schema()
    found = explain(args.field, KINDS, schema)
    if not found:
        near = nearest(args.field, KINDS, schema)
        raise WrongUsage(f"there is no {args.field}", hint=f"did you mean {' or '.join(near)}?" if near else "")
    out.publish(lambda width: _page(found, width), lambda: [dataclasses.asdict(one) for one in found])
    return Exit.DONE


def _page(found: "tuple[Explained, ...]", width: int) -> "Page":
    from reconciler.report.page import Page

    page = Page(width)
    for one in found:
        page.blank()
        page.line((one.path, "bold"))
        if one.says:
            page.line(one.says, indent=2, hang=0)
        for label, text in one.facts:
            page.line((f"{label:<{LABEL}}", "dim"), text, indent=2, hang=LABEL)
    return page

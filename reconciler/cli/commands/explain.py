"""`reconciler explain`."""

import dataclasses
import difflib
from argparse import ArgumentParser, Namespace
from typing import TYPE_CHECKING

from reconciler.cli.options import add_output
from reconciler.cli.output import Output
from reconciler.problems import Exit, WrongUsage

if TYPE_CHECKING:
    from reconciler.report.text.page import Page
    from reconciler.schema import Explained

EXAMPLES = """\
  reconciler explain jobQueues
  reconciler explain computeEnvironments.computeResources.instanceTypes
  reconciler explain minvCpus
  reconciler explain lifecycle.replace
  reconciler explain SP002
  reconciler explain --rules
  reconciler explain --rules jobDefinitions -v      with hints and sources
"""
LABEL = 24  # the width of the labels' column
EVERYTHING = "rules"  # in place of a field, and as an option


def add(parser: ArgumentParser) -> None:
    parser.add_argument(
        "field",
        metavar="FIELD|RULE",
        nargs="?",
        help="a section, the path or name of a field, or the id of a rule or problem",
    )
    parser.add_argument(
        "--rules", metavar="KIND", nargs="?", const="", help="list the rules of a kind, or all rules and problems"
    )
    add_output(parser)


def run(args: Namespace, out: Output) -> int:
    if args.rules is not None or args.field == EVERYTHING:
        return _list(args.rules or "", args.verbose, out)
    if args.field is None:
        raise WrongUsage("nothing to explain", hint="name a field or a rule, or list the rules with --rules")
    from reconciler.report.catalogue import catalogue

    known = catalogue().get(args.field.upper())
    return _explain_id(known.id, out) if known else _explain_field(args.field, out)


def _list(kind: str, verbose: int, out: Output) -> int:
    from reconciler.kinds import KINDS, kind_named
    from reconciler.report.catalogue import catalogue, entries_page, entry_json

    wanted = kind_named(kind)
    if kind and wanted is None:
        raise WrongUsage(f"there is no kind {kind}", hint=f"there are {', '.join(KINDS)}")
    entries = [entry for entry in catalogue().values() if wanted is None or entry.kind == wanted.name]
    out.publish(
        lambda width: entries_page(entries, width, sources=bool(verbose)),
        lambda: [entry_json(entry) for entry in entries],
    )
    return Exit.DONE


def _explain_id(id_: str, out: Output) -> int:
    from reconciler.report.catalogue import entry_json, entry_of, entry_page

    entry = entry_of(id_)
    out.publish(lambda width: entry_page(entry, width), lambda: entry_json(entry))
    return Exit.DONE


def _explain_field(field: str, out: Output) -> int:
    from reconciler.adapters.lookup.installed import read_schema
    from reconciler.kinds import KINDS
    from reconciler.report.catalogue import nearest_ids, with_rules
    from reconciler.schema import explain, explain_own, nearest, own_names

    schema = read_schema()
    explained = (*with_rules(explain(field, KINDS, schema), schema), *explain_own(field))
    if not explained:
        own = tuple(difflib.get_close_matches(field, own_names(), n=1))
        near = nearest_ids(field) or own or nearest(field, KINDS, schema)
        raise WrongUsage(f"there is no {field}", hint=f"did you mean {' or '.join(near)}?" if near else "")
    out.publish(lambda width: _page(explained, width), lambda: [dataclasses.asdict(part) for part in explained])
    return Exit.DONE


def _page(explained: "tuple[Explained, ...]", width: int) -> "Page":
    from reconciler.report.text.page import Page

    page = Page(width)
    for part in explained:
        page.blank()
        page.line((part.path, "bold"))
        if part.says:
            page.line(part.says, indent=2, hang=0)
        for label, text in part.facts:
            page.line((f"{label:<{LABEL}}", "dim"), text, indent=2, hang=LABEL)
    return page

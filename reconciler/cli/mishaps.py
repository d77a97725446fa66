"""What happens to a sandbox behind everybody's back: `reconciler sandbox drift` and `tick`."""

import argparse
from argparse import ArgumentParser, Namespace
from typing import TYPE_CHECKING

from reconciler.cli.options import add_output, duration
from reconciler.cli.output import Output
from reconciler.cli.sandboxes import add_place, controls, hand, reaching
from reconciler.problems import Exit

if TYPE_CHECKING:
    from reconciler.model import Json
    from reconciler.report.page import Page
    from reconciler.sandbox.meddling import Meddled

DRIFT = """\
examples:
  reconciler sandbox drift ComputeEnvironment/spot maxvCpus=512
  reconciler sandbox drift JobQueue/pricing priority=99 tags.team=ops tags.cost=
  reconciler sandbox drift JobDefinition/simulate image=busybox:2      registers a revision by hand
  reconciler sandbox drift ComputeEnvironment/spot 'instanceTypes=[c7i, m7i]' --port 5055

A value is YAML, on one line; an empty one takes the member or tag away. Entries of lists have no names of their own:
give the whole list. The calls are the API's own, so what AWS refuses is refused here, too.
"""
TICK = """\
examples:
  reconciler sandbox tick 60
  reconciler sandbox tick 30m --file other.json
  reconciler sandbox tick 2h --port 5055

What is CREATING, UPDATING or DELETING settles, and names come free. A `sandbox serve` on the same file sees it, too.
"""


def add_drift(parser: ArgumentParser) -> None:
    parser.epilog = DRIFT
    parser.add_argument("resource", metavar="KIND/NAME", help="what to change, as in JobQueue/pricing")
    parser.add_argument(
        "members",
        nargs="+",
        metavar="MEMBER=VALUE",
        type=_member,
        help="a member by its path, or by its last name if only one is called so; tags.KEY for a tag",
    )
    add_place(parser)
    add_output(parser)


def add_tick(parser: ArgumentParser) -> None:
    parser.epilog = TICK
    parser.add_argument("seconds", type=duration, metavar="TIME", help="how far: 60, 90s, 30m, 2h")
    add_place(parser, resource=False)
    add_output(parser)


def drift(args: Namespace, out: Output) -> int:
    from reconciler.sandbox.meddling import meddle

    found = hand(args)
    with reaching(found):
        done = meddle(found.cloud, found.clock, args.resource, dict(args.members))
    out.publish(lambda width: _drift_page(done, width), lambda: _drift_json(done, found.where))
    return Exit.DONE


def tick(args: Namespace, out: Output) -> int:
    from reconciler.report.page import Page

    found = controls(args)
    ahead = found.controls.tick(args.seconds)

    def page(width: int) -> Page:
        lines = Page(width)
        lines.line(f"{found.where}: {args.seconds:g} s have passed; its clock is {ahead:g} s ahead")
        return lines

    out.publish(page, lambda: {"sandbox": found.where, "seconds": args.seconds, "ahead": ahead})
    return Exit.DONE


def _member(text: str) -> "tuple[str, Json]":
    name, equals, value = text.partition("=")
    if not equals or not name:
        raise argparse.ArgumentTypeError(f"{text!r} is not MEMBER=VALUE")
    if name.startswith("tags."):
        return name, value or None  # tags are texts
    return name, _value(text, value)


def _value(whole: str, text: str) -> "Json":
    from reconciler.load.compose import compose
    from reconciler.load.findings import Findings
    from reconciler.load.nodes import value_of

    findings = Findings()
    document = compose(whole, text, findings)
    problem = next(iter(findings.found), None)
    if problem or not document.is_literal:
        raise argparse.ArgumentTypeError(f"{whole!r}: {problem.message if problem else 'tags mean nothing here'}")
    return value_of(document.root) if document.root else None


def _drift_page(done: "Meddled", width: int) -> "Page":
    from reconciler.report.page import Page
    from reconciler.report.redaction import redacted_change
    from reconciler.report.values import inline

    page = Page(width)
    status = f" ({done.status})" if done.status else ""
    told = f"changed by {', '.join(done.calls)}{status}" if done.calls else "is so already; no call was made"
    page.line((str(done.address), "bold"), f" {told}")
    for change in done.fields:
        before, after = ("(none)" if value is None else inline(value) for value in redacted_change(change))
        page.line(f"{change.path}: {before} -> {after}", indent=2)
    return page


def _drift_json(done: "Meddled", where: str) -> "Json":
    from reconciler.report.redaction import redacted_change

    sides = [(change.path, *redacted_change(change)) for change in done.fields]
    fields = [{"path": path, "before": before, "after": after} for path, before, after in sides]
    return {
        "sandbox": where,
        "address": str(done.address),
        "calls": list(done.calls),
        "status": done.status,
        "fields": fields,
    }

"""`reconciler sandbox drift`: what happens behind everybody's back."""

from argparse import ArgumentParser, ArgumentTypeError, Namespace
from typing import TYPE_CHECKING

from reconciler.cli.commands.sandbox.place import add_place, hand, reaching, sandbox_place_of
from reconciler.cli.options import add_output
from reconciler.cli.output import Output
from reconciler.problems import Exit

if TYPE_CHECKING:
    from reconciler.model import Json
    from reconciler.report.text.page import Page
    from reconciler.sandbox.actor import ManualChange

EXAMPLES = """\
examples:
  reconciler sandbox drift ComputeEnvironment/spot maxvCpus=512
  reconciler sandbox drift JobQueue/pricing priority=99 tags.team=ops tags.cost=
  reconciler sandbox drift JobDefinition/simulate image=busybox:2      registers a revision by hand
  reconciler sandbox drift ComputeEnvironment/spot 'instanceTypes=[c7i, m7i]' --port 5055

A value is YAML, on one line; an empty one takes the member or tag away. Entries of lists have no names of their own:
give the whole list. The calls are the API's own, so what AWS refuses is refused here, too.
"""


def add(parser: ArgumentParser) -> None:
    parser.add_argument("resource", metavar="KIND/NAME", help="what to change, as in JobQueue/pricing")
    parser.add_argument(
        "members",
        nargs="+",
        metavar="MEMBER=VALUE",
        type=_parse_member,
        help="a member by its path, or by its last name if only one is called so; tags.KEY for a tag",
    )
    add_place(parser)
    add_output(parser)


def run(args: Namespace, out: Output) -> int:
    from reconciler.sandbox.actor import meddle

    there = hand(sandbox_place_of(args))
    with reaching(there):
        done = meddle(there.cloud, there.clock, args.resource, dict(args.members))
    out.publish(lambda width: _page(done, width), lambda: _json(done, there.where))
    return Exit.DONE


def _parse_member(text: str) -> "tuple[str, Json]":
    name, equals, value = text.partition("=")
    if not equals or not name:
        raise ArgumentTypeError(f"{text!r} is not MEMBER=VALUE")
    if name.startswith("tags."):
        return name, value or None  # tags are texts
    return name, _parse_value(text, value)


def _parse_value(argument: str, text: str) -> "Json":
    from reconciler.syntax.diagnostics import Findings
    from reconciler.syntax.nodes import value_of
    from reconciler.syntax.parse import compose

    findings = Findings()
    document = compose(argument, text, findings)
    problem = next(iter(findings.found), None)
    if problem or not document.is_literal:
        raise ArgumentTypeError(f"{argument!r}: {problem.message if problem else 'tags mean nothing here'}")
    return value_of(document.root) if document.root else None


def _page(done: "ManualChange", width: int) -> "Page":
    from reconciler.redact.presented import present_fields
    from reconciler.report.text.page import Page
    from reconciler.report.text.values import inline

    page = Page(width)
    status = f" ({done.status})" if done.status else ""
    message = f"changed by {', '.join(done.calls)}{status}" if done.calls else "is so already; no call was made"
    page.line((str(done.address), "bold"), f" {message}")
    for field in present_fields(done.fields):
        before, after = ("(none)" if value is None else inline(value) for value in field.sides)
        page.line(f"{field.path}: {before} -> {after}", indent=2)
    return page


def _json(done: "ManualChange", where: str) -> "Json":
    from reconciler.redact.presented import present_fields

    sides = [(field.path, *field.sides) for field in present_fields(done.fields)]
    fields = [{"path": path, "before": before, "after": after} for path, before, after in sides]
    return {
        "sandbox": where,
        "address": str(done.address),
        "calls": list(done.calls),
        "status": done.status,
        "fields": fields,
    }

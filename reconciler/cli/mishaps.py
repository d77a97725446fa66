"""What goes wrong, on demand: `reconciler sandbox drift`, `break` and `tick`."""

import argparse
from argparse import ArgumentParser, Namespace
from dataclasses import replace
from typing import TYPE_CHECKING

from reconciler.cli.options import add_output, count, duration
from reconciler.cli.output import Output
from reconciler.cli.sandboxes import add_place, hand, reaching
from reconciler.problems import Exit, WrongUsage

if TYPE_CHECKING:
    from reconciler.model import Json
    from reconciler.report.page import Page
    from reconciler.sandbox.breakage import Breakage, Failing
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
BREAK = """\
examples:
  reconciler sandbox break --missing-role ecsInstanceRole     environments with it become INVALID
  reconciler sandbox break --throttle 5
  reconciler sandbox break --fail 2 --operation 'Create*'
  reconciler sandbox break --lose 1 --operation RegisterJobDefinition
  reconciler sandbox break --settle 10m                       `sandbox tick 10m` passes the time
  reconciler sandbox break --repair
  reconciler sandbox break                                    tells what is broken

It is kept in the file: the next commands meet it, and so does a `sandbox serve` that runs on the same file. What is
given adds to what is broken already. When its role is back, an environment is INVALID until the next update.
"""
TICK = """\
examples:
  reconciler sandbox tick 60
  reconciler sandbox tick 30m --file other.json

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


def add_break(parser: ArgumentParser) -> None:
    parser.epilog = BREAK
    parser.add_argument("--missing-role", action="append", default=[], metavar="NAME", help="a service role, instance "
                        "profile or fleet role that does not exist any more; repeatable")  # fmt: skip
    parser.add_argument("--no-missing-role", action="store_true", help="all roles are there again")
    parser.add_argument("--throttle", type=count, metavar="N", help="the next N calls are throttled (429)")
    parser.add_argument("--fail", type=count, metavar="N", help="the next N calls fail (500); nothing is done")
    parser.add_argument("--lose", type=count, metavar="N", help="the next N answers are lost after the work was done")
    parser.add_argument("--operation", default="*", metavar="GLOB", help="only calls such as 'Update*' (default: all)")
    parser.add_argument("--settle", type=duration, metavar="SECONDS", help="every change takes so long: 90s, 10m")
    parser.add_argument("--repair", action="store_true", help="nothing is broken any more")
    add_output(parser)


def add_tick(parser: ArgumentParser) -> None:
    parser.epilog = TICK
    parser.add_argument("seconds", type=duration, metavar="SECONDS", help="how far: 60, 90s, 30m, 2h")
    add_output(parser)


def drift(args: Namespace, out: Output) -> int:
    from reconciler.sandbox.meddling import meddle

    found = hand(args)
    with reaching(found):
        done = meddle(found.cloud, found.clock, args.resource, dict(args.members))
    out.publish(lambda width: _drift_page(done, width), lambda: _drift_json(done, found.where))
    return Exit.DONE


def break_(args: Namespace, out: Output) -> int:
    from reconciler.sandbox.opening import open_sandbox

    broken = open_sandbox(args.file).break_(lambda before: _broken(before, args))
    out.publish(lambda width: _break_page(broken, args.file, width), lambda: _break_json(broken, args.file))
    return Exit.DONE


def tick(args: Namespace, out: Output) -> int:
    from reconciler.report.page import Page
    from reconciler.sandbox.opening import open_sandbox

    ahead = open_sandbox(args.file).tick(args.seconds)

    def page(width: int) -> Page:
        lines = Page(width)
        lines.line(f"{args.file}: {args.seconds:g} s have passed; its clock is {ahead:g} s ahead")
        return lines

    out.publish(page, lambda: {"file": args.file, "seconds": args.seconds, "ahead": ahead})
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


def _broken(before: "Breakage", args: Namespace) -> "Breakage":
    from reconciler.sandbox.breakage import Breakage, Failing
    from reconciler.sandbox.faults import Failure

    kept = Breakage() if args.repair else before
    kept = replace(kept, missing_roles=()) if args.no_missing_role else kept
    kept = kept.without_roles(args.missing_role)
    asked = ((Failure.THROTTLE, args.throttle), (Failure.SERVER_ERROR, args.fail), (Failure.LOST_ANSWER, args.lose))
    failing = tuple(Failing(failure, calls, args.operation) for failure, calls in asked if calls)
    if args.operation != "*" and not failing:
        raise WrongUsage("--operation says which calls fail, but not how", hint="give --throttle, --fail or --lose")
    settle = kept.settle if args.settle is None else args.settle
    return replace(kept, failing=(*kept.failing, *failing), settle=settle)


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


def _break_page(broken: "Breakage", file: str, width: int) -> "Page":
    from reconciler.report.page import Page

    page = Page(width)
    lines = [f"{role} does not exist" for role in broken.missing_roles]
    lines += [_failing_line(one) for one in broken.failing]
    lines += [] if broken.settle is None else [f"every change takes {broken.settle:g} s"]
    page.line(f"{file}: {'broken' if lines else 'nothing is broken'}")
    for line in lines:
        page.line(line, indent=2)
    return page


def _failing_line(one: "Failing") -> str:
    which = "call" if one.operation == "*" else f"call of {one.operation}"
    return f"the next {which}: {one.failure}" + (f", {one.calls} times" if one.calls > 1 else "")


def _break_json(broken: "Breakage", file: str) -> "Json":
    failing = [{"failure": str(one.failure), "operation": one.operation, "calls": one.calls} for one in broken.failing]
    return {"file": file, "missing_roles": list(broken.missing_roles), "failing": failing, "settle": broken.settle}

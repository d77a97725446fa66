"""The sandbox that an outside hand works on: a file, or a server on this machine."""

import argparse
import os
from argparse import ArgumentParser, Namespace
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from reconciler.cli.clients import SANDBOX_REGION
from reconciler.cli.options import add_output, count, duration, file_name, port
from reconciler.cli.output import Output
from reconciler.ports import Clock, Cloud
from reconciler.problems import CloudError, Exit, Fault, WrongUsage

if TYPE_CHECKING:
    from botocore.session import Session

    from reconciler.model import Json
    from reconciler.report.text.page import Page
    from reconciler.sandbox.actor import Controls, Meddled, Submitted
    from reconciler.sandbox.core.faults import Breakage, Failing, ForcedFault


DEFAULT_FILE = ".reconciler/sandbox.json"
ENDPOINTS = ("AWS_ENDPOINT_URL_BATCH", "AWS_ENDPOINT_URL")
REGIONS = ("AWS_REGION", "AWS_DEFAULT_REGION")
LOOPBACK = ("127.0.0.1", "localhost", "::1")


@dataclass(frozen=True, slots=True)
class Hand:
    """A cloud to meddle with, its clock, and the file or URL that it is at."""

    cloud: Cloud
    clock: Clock
    where: str


@dataclass(frozen=True, slots=True)
class Panel:
    """The controls of a sandbox, and the file or URL that it is at."""

    controls: "Controls"
    where: str


def add_place(parser: ArgumentParser, *, resource: bool = True) -> None:
    """Add what says which sandbox is meant and, where it is about a resource, in which account and region that is."""
    place = parser.add_argument_group("which sandbox")
    one = place.add_mutually_exclusive_group()
    add_file(one)
    one.add_argument("--port", type=port, help="of a running `sandbox serve`; also taken from AWS_ENDPOINT_URL or "
                     "AWS_ENDPOINT_URL_BATCH where that is on this machine and no file is given")  # fmt: skip
    if resource:
        place.add_argument("--region", help="where the resource is (default: where anything is)")
        place.add_argument("--account", help="whose it is (default: the only one)")


def add_file(parser: Any) -> None:
    parser.add_argument("--file", type=file_name, help=f"where it is kept (default: {DEFAULT_FILE})")


def file_of(args: Namespace) -> str:
    return args.file or DEFAULT_FILE


def hand(args: Namespace) -> Hand:
    """Return what the arguments and the environment lead to; never anything outside this machine."""
    url = _url(args)
    return _served(url, args) if url else _kept(args)


@contextmanager
def reaching(found: Hand) -> Iterator[None]:
    """Tell that nobody answers there. Raises `WrongUsage`."""
    from reconciler.sandbox.actor import no_sandbox

    try:
        yield
    except CloudError as error:
        if error.fault is not Fault.UNREACHABLE:
            raise
        raise no_sandbox(found.where) from error


def controls(args: Namespace) -> Panel:
    """Return the controls of what the arguments and the environment lead to."""
    from reconciler.sandbox.actor import Kept, Served
    from reconciler.sandbox.session import open_sandbox

    url = _url(args)
    return Panel(Served(url), url) if url else Panel(Kept(open_sandbox(file_of(args))), file_of(args))


def _url(args: Namespace) -> str:
    if args.port is not None:
        return f"http://127.0.0.1:{args.port}"
    url = "" if args.file else _first(ENDPOINTS)
    return url if urlsplit(url).hostname in LOOPBACK else ""


def _served(url: str, args: Namespace) -> Hand:
    from reconciler.sandbox.actor import SPARED
    from reconciler.sandbox.server.protocol import ACCOUNT_HEADER

    def introduce(**event: Any) -> None:
        headers = event["request"].headers
        headers[SPARED] = "yes"
        if args.account:
            headers[ACCOUNT_HEADER] = args.account

    session = _dummy_session()
    session.register("before-sign", introduce)
    return _hand(session, args.region or _first(REGIONS) or SANDBOX_REGION, url, endpoint=url)


def _kept(args: Namespace) -> Hand:
    from reconciler.sandbox.core.service import ACCOUNT
    from reconciler.sandbox.session import open_sandbox, sandbox_session

    file = file_of(args)
    if not Path(file).exists():
        hint = "`reconciler apply --sandbox` makes one; --file names another, --port one that is served"
        raise WrongUsage(f"there is no sandbox in {file}", hint=hint)
    simulator = open_sandbox(file)
    account, region = _place(simulator.places(), args) or (args.account or ACCOUNT, args.region or SANDBOX_REGION)
    return _hand(sandbox_session(simulator, region, account, spared=True), region, file)


def _hand(session: "Session", region: str, where: str, *, endpoint: str | None = None) -> Hand:
    from reconciler.adapters.aws.clock import WallClock
    from reconciler.adapters.aws.cloud import AwsCloud
    from reconciler.retry import Patient

    clock = WallClock()
    return Hand(Patient(AwsCloud(session, region, endpoint), clock), clock, where)


def _place(known: tuple[tuple[str, str], ...], args: Namespace) -> tuple[str, str] | None:
    """Return the one account and region that fit the arguments; None if nothing is there."""
    fitting = [
        (account, region)
        for account, region in known
        if args.account in (None, account) and args.region in (None, region)
    ]
    if len(fitting) > 1:
        told = ", ".join(f"{region} of account {account}" for account, region in fitting)
        raise WrongUsage(f"there are resources in {told}", hint="choose one by --region and --account")
    return fitting[0] if fitting else None


def _dummy_session() -> "Session":
    """The user's credentials and profiles are never sent to what is not AWS."""
    from botocore.session import Session

    quiet = {name: (None, None, default, cast) for name, (_, _, default, cast) in Session.SESSION_VARIABLES.items()}
    session = Session(session_vars=quiet)
    for file in ("config_file", "credentials_file"):
        session.set_config_variable(file, os.devnull)
    session.set_credentials("sandbox", "sandbox")
    return session


def _first(names: tuple[str, ...]) -> str:
    return next((os.environ[name] for name in names if os.environ.get(name)), "")


# What is broken on purpose: `reconciler sandbox break`.

DENIED = "CLIENT_ERROR - Not authorized to perform sts:AssumeRole"  # AWS Batch User Guide, 'Troubleshooting'
EXAMPLES = """\
examples:
  reconciler sandbox break ComputeEnvironment/spot --invalid      until an update repairs it
  reconciler sandbox break JobQueue/pricing --blocked 'CLIENT_ERROR - Clusters can not be blank.'
  reconciler sandbox break JobQueue/pricing --stuck-deleting      `destroy` waits for it in vain
  reconciler sandbox break --missing-role ecsInstanceRole         environments with it become INVALID
  reconciler sandbox break --throttle 5
  reconciler sandbox break --fail 2 --operation 'Create*'
  reconciler sandbox break --lose 1 --operation RegisterJobDefinition
  reconciler sandbox break --settle 10m                           `sandbox tick 10m` passes the time
  reconciler sandbox break --lag 5s
  reconciler sandbox break --deleted 2m                           a deleted resource blocks its name for so long
  reconciler sandbox break --repair
  reconciler sandbox break                                        tells what is broken

It is kept in the file: the next commands meet it, and so does a `sandbox serve` that runs on the same file. What is
given adds to what is broken already. When its role is back, an environment is INVALID until the next update.
"""


def add_break(parser: ArgumentParser) -> None:
    parser.epilog = EXAMPLES
    _add_harm(parser)
    roles = parser.add_argument_group("roles")
    roles.add_argument("--missing-role", action="append", default=[], metavar="NAME", help="a service role, instance "
                       "profile or fleet role that does not exist any more; repeatable")  # fmt: skip
    roles.add_argument("--no-missing-role", action="store_true", help="all roles are there again")
    calls = parser.add_argument_group("calls")
    calls.add_argument("--throttle", type=count, metavar="N", help="the next N calls are throttled (429)")
    calls.add_argument("--fail", type=count, metavar="N", help="the next N calls fail (500); nothing is done")
    calls.add_argument("--fail-late", type=count, metavar="N", help="the next N fail (500) after the work was done")
    calls.add_argument("--lose", type=count, metavar="N", help="the next N answers are lost after the work was done")
    calls.add_argument("--operation", default="*", metavar="GLOB", help="only calls such as 'Update*' (default: all)")
    time = parser.add_argument_group("time")
    time.add_argument("--settle", type=duration, metavar="TIME", help="every change takes so long: 90s, 10m")
    time.add_argument("--lag", type=duration, metavar="TIME", help="reads show for so long what was before a write")
    time.add_argument(
        "--deleted",
        type=duration,
        metavar="TIME",
        help="show deleted resources as DELETED for this long; their names stay taken (default: 2s)",
    )
    parser.add_argument("--repair", action="store_true", help="nothing is broken any more; of KIND/NAME, only that")
    add_place(parser)
    add_output(parser)


def _add_harm(parser: ArgumentParser) -> None:
    one = parser.add_argument_group("a resource")
    one.add_argument("resource", nargs="?", metavar="KIND/NAME", help="what to break, as in ComputeEnvironment/spot")
    one.add_argument("--invalid", nargs="?", const=DENIED, metavar="REASON",
                     help=f"it is INVALID until an update repairs it (default reason: {DENIED})")  # fmt: skip
    one.add_argument("--blocked", nargs="?", const=DENIED, metavar="REASON",
                     help="of a queue: its environments are all INVALID, so that no job can start")  # fmt: skip
    one.add_argument("--stuck-deleting", action="store_true", help="once it is deleted, it stays DELETING")


def break_(args: Namespace, out: Output) -> int:
    mishap = _mishap(args, _arns(args))
    found = controls(args)
    broken = found.controls.break_(mishap)
    out.publish(lambda width: _page(broken, found.where, width), lambda: _json(broken, found.where))
    return Exit.DONE


def _arns(args: Namespace) -> tuple[str, ...]:
    """Return the ARNs of what is to be broken or repaired. Raises `WrongUsage`."""
    harm = {"--invalid": args.invalid, "--blocked": args.blocked, "--stuck-deleting": args.stuck_deleting}
    happens = [option for option, given in harm.items() if given]
    if not args.resource and happens:
        raise WrongUsage(f"{happens[0]} says what happens, but not to what", hint="put KIND/NAME in front of it")
    if not args.resource:
        return ()
    if not happens and not args.repair:
        hint = "give --invalid, --stuck-deleting or, for a queue, --blocked"
        raise WrongUsage(f"nothing happens to {args.resource}", hint=hint)
    if args.blocked and len(happens) > 1:
        hint = "give one option, then the other"
        raise WrongUsage("--blocked is about the environments of a queue, not about the queue", hint=hint)
    return _found(args)


def _found(args: Namespace) -> tuple[str, ...]:
    from reconciler.sandbox.actor import environments_behind, found

    kind, live = found(hand(args).cloud, args.resource)
    if args.blocked:
        return environments_behind(live)
    if not kind.settles:
        raise WrongUsage(f"a {kind.noun} has no status", hint="environments, queues and quota shares have one")
    return (live.arn,)


def _mishap(args: Namespace, arns: tuple[str, ...]) -> "ForcedFault":
    from reconciler.sandbox.core.faults import Failing, Failure, ForcedFault

    asked = (
        (Failure.THROTTLE, args.throttle),
        (Failure.SERVER_ERROR, args.fail),
        (Failure.LATE_ERROR, args.fail_late),
        (Failure.LOST_ANSWER, args.lose),
    )
    failing = tuple(Failing(failure, calls, args.operation) for failure, calls in asked if calls)
    if args.operation != "*" and not failing:
        hint = "give --throttle, --fail, --fail-late or --lose"
        raise WrongUsage("--operation says which calls fail, but not how", hint=hint)
    return ForcedFault(
        repair=args.repair,
        roles_back=args.no_missing_role,
        missing_roles=tuple(args.missing_role),
        failing=failing,
        settle=args.settle,
        lag=args.lag,
        deleted=args.deleted,
        arns=arns,
        invalid=args.invalid or args.blocked or "",
        stuck=args.stuck_deleting,
    )


def _page(broken: "Breakage", where: str, width: int) -> "Page":
    from reconciler.report.text.page import Page
    from reconciler.sandbox.actor import address_of

    page = Page(width)
    lines = [f"{role} does not exist" for role in broken.missing_roles]
    lines += [f"{address_of(sick.arn)} is INVALID: {sick.reason}" for sick in broken.invalid]
    lines += [f"{address_of(arn)} never finishes its deletion" for arn in broken.stuck]
    lines += [_failing_line(one) for one in broken.failing]
    lines += [] if broken.settle is None else [f"every change takes {broken.settle:g} s"]
    lines += [] if broken.lag is None else [f"reads lag {broken.lag:g} s behind writes"]
    lines += [] if broken.deleted is None else [f"deleted resources are shown as DELETED for {broken.deleted:g} s"]
    page.line(f"{where}: {'broken' if lines else 'nothing is broken'}")
    for line in lines:
        page.line(line, indent=2)
    return page


def _failing_line(one: "Failing") -> str:
    which = "call" if one.operation == "*" else f"call of {one.operation}"
    return f"the next {which}: {one.failure}" + (f", {one.calls} times" if one.calls > 1 else "")


def _json(broken: "Breakage", where: str) -> "Json":
    from reconciler.sandbox.actor import address_of

    return {
        "sandbox": where,
        "missing_roles": list(broken.missing_roles),
        "failing": [
            {"failure": str(one.failure), "operation": one.operation, "calls": one.calls} for one in broken.failing
        ],
        "settle": broken.settle,
        "lag": broken.lag,
        "deleted": broken.deleted,
        "invalid": [
            {"address": str(address_of(sick.arn)), "arn": sick.arn, "reason": sick.reason} for sick in broken.invalid
        ],
        "stuck": [{"address": str(address_of(arn)), "arn": arn} for arn in broken.stuck],
    }


# What happens to a sandbox behind everybody's back: `reconciler sandbox drift` and `tick`.

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
    from reconciler.sandbox.actor import meddle

    found = hand(args)
    with reaching(found):
        done = meddle(found.cloud, found.clock, args.resource, dict(args.members))
    out.publish(lambda width: _drift_page(done, width), lambda: _drift_json(done, found.where))
    return Exit.DONE


def tick(args: Namespace, out: Output) -> int:
    from reconciler.report.text.page import Page

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
    from reconciler.syntax.diagnostics import Findings
    from reconciler.syntax.nodes import value_of
    from reconciler.syntax.parse import compose

    findings = Findings()
    document = compose(whole, text, findings)
    problem = next(iter(findings.found), None)
    if problem or not document.is_literal:
        raise argparse.ArgumentTypeError(f"{whole!r}: {problem.message if problem else 'tags mean nothing here'}")
    return value_of(document.root) if document.root else None


def _drift_page(done: "Meddled", width: int) -> "Page":
    from reconciler.redact.presented import present_fields
    from reconciler.report.text.page import Page
    from reconciler.report.text.values import inline

    page = Page(width)
    status = f" ({done.status})" if done.status else ""
    told = f"changed by {', '.join(done.calls)}{status}" if done.calls else "is so already; no call was made"
    page.line((str(done.address), "bold"), f" {told}")
    for field in present_fields(done.fields):
        before, after = ("(none)" if value is None else inline(value) for value in field.sides)
        page.line(f"{field.path}: {before} -> {after}", indent=2)
    return page


def _drift_json(done: "Meddled", where: str) -> "Json":
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


# Jobs for the sandbox's queues: `reconciler sandbox submit`.

SUBMIT = """\
examples:
  reconciler sandbox submit pricing simulate
  reconciler sandbox submit pricing simulate --count 500 --seconds 10m      the queue is busy, and drains
  reconciler sandbox submit pricing simulate:2 --share A                    fair shares want an identifier
  reconciler sandbox submit training --count 4 --share vision               a queue for SageMaker training
  reconciler sandbox submit pricing simulate --port 5055

Jobs run where a VALID, ENABLED environment of the queue has room for their vCPUs, first in, first out. Nothing is
executed: a job takes as long as --seconds or a `sleep N` in its command says, otherwise a minute, and fails if its
command says `exit N` with another number than 0. Parameters without a default (Ref::name) get their own name as their
value. `sandbox tick` passes the time; `aws batch list-jobs` shows the jobs.
"""


def add_submit(parser: ArgumentParser) -> None:
    parser.epilog = SUBMIT
    parser.add_argument("queue", metavar="QUEUE", help="the job queue, by its name in AWS or in its stack")
    parser.add_argument(
        "definition", nargs="?", metavar="DEFINITION", help="the job definition, or a revision of it: simulate:2"
    )
    parser.add_argument("--count", type=count, default=1, metavar="N", help="how many jobs (default: 1)")
    parser.add_argument("--seconds", type=duration, metavar="SECONDS", help="how long each runs: 60, 90s, 30m, 2h")
    parser.add_argument("--share", default="", metavar="NAME", help="share identifier, or quota share of the queue")
    add_place(parser)
    add_output(parser)


def submit(args: Namespace, out: Output) -> int:
    from reconciler.sandbox import actor

    found = hand(args)
    with reaching(found):
        done = actor.submit(
            found.cloud, args.queue, args.definition, count=args.count, seconds=args.seconds, share=args.share
        )
    out.publish(lambda width: _submitted_page(done, width), lambda: _submitted_json(done, found.where))
    return Exit.DONE


def _submitted_page(done: "Submitted", width: int) -> "Page":
    from reconciler.report.text.page import Page

    jobs = "1 job" if len(done.jobs) == 1 else f"{len(done.jobs)} jobs"
    of = f" of {done.definition}" if done.definition else ""
    long = "" if done.seconds is None else f", {done.seconds:g} s{'' if len(done.jobs) == 1 else ' each'}"
    page = Page(width)
    page.line((f"JobQueue/{done.queue}", "bold"), f": {jobs}{of} submitted{long}")
    return page


def _submitted_json(done: "Submitted", where: str) -> "Json":
    return {
        "sandbox": where,
        "queue": done.queue,
        "definition": done.definition or None,
        "seconds": done.seconds,
        "jobs": list(done.jobs),
    }

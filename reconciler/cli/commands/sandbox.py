"""`reconciler sandbox`: what its actions read, do and print. Which sandbox they work on is in `cli.sandbox`."""

import re
import sys
from argparse import ArgumentParser, ArgumentTypeError, Namespace, RawDescriptionHelpFormatter
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from reconciler.cli.options import add_output, parse_count, parse_duration, parse_file_name, parse_port
from reconciler.cli.output import Output
from reconciler.cli.sandbox import DEFAULT_FILE, SandboxPlace, controls, hand, reaching
from reconciler.problems import Exit, WrongUsage

if TYPE_CHECKING:
    from reconciler.model import Json
    from reconciler.report.text.page import Page
    from reconciler.sandbox.actor import ManualChange, Submitted
    from reconciler.sandbox.core.faults import Breakage, FailingCalls, Failure

EXAMPLES = """\
  reconciler sandbox serve --port 5055
  AWS_ENDPOINT_URL=http://127.0.0.1:5055 aws batch describe-job-queues
  reconciler sandbox drift ComputeEnvironment/spot maxvCpus=512
  reconciler sandbox submit pricing simulate --count 20 --seconds 10m
  reconciler sandbox break ComputeEnvironment/spot --invalid
  reconciler sandbox tick 30m
  reconciler sandbox reset

The state is kept in a file, .reconciler/sandbox.json unless --file names a different one: the one that `--sandbox`
uses. `reconciler sandbox ACTION --help` has examples of each action.
"""

# Which sandbox, for all actions.


def _add_place(parser: ArgumentParser, *, resource: bool = True) -> None:
    """Add what says which sandbox is meant and, where it is about a resource, in which account and region that is."""
    place = parser.add_argument_group("which sandbox")
    one = place.add_mutually_exclusive_group()
    _add_file(one)
    one.add_argument(
        "--port",
        type=parse_port,
        help="port of a running `sandbox serve`; without --file and --port, AWS_ENDPOINT_URL or "
        "AWS_ENDPOINT_URL_BATCH is used if it is on this machine",
    )
    if resource:
        place.add_argument("--region", help="region of the resource (default: the only one with resources)")
        place.add_argument("--account", help="account of the resource (default: the only one)")


def _add_file(parser: Any) -> None:
    parser.add_argument("--file", type=parse_file_name, help=f"file of the sandbox (default: {DEFAULT_FILE})")


def sandbox_place_of(args: Namespace) -> SandboxPlace:
    return SandboxPlace(args.file, args.port, args.account, args.region)


# `sandbox serve`


SERVE_EXAMPLES = """\
examples:
  reconciler sandbox serve
  AWS_ENDPOINT_URL=http://127.0.0.1:5055 AWS_ACCESS_KEY_ID=x AWS_SECRET_ACCESS_KEY=x aws batch describe-job-queues
  reconciler sandbox serve --port 0 --file /tmp/sandbox.json --latency 0.05
  reconciler sandbox serve --instant            for test suites: resources settle and jobs end without delay
  reconciler sandbox serve --iam apply.json     callers may do what `iam-policy -o json=apply.json` allows, and no more

The simulator answers for AWS Batch; moto (pip install 'batch-reconciler[sandbox]') answers for STS, EC2, IAM, ECR,
SSM, Secrets Manager, CloudFormation, EventBridge, CloudWatch Logs and the Resource Groups Tagging API. Batch is kept in
the file; the others lose their state when the server ends. A service that is not served is refused by name, and the
server opens no connection itself. Any credentials are accepted; those of AssumeRole work in the account of the role.

`POST /_sandbox/reset` deletes everything, as `POST /moto-api/reset` does, for suites that run on moto's server.

Requests must be for localhost, 127.0.0.1 or [::1] with the server's port. Requests of web pages are refused.
"""


def _add_serve(parser: ArgumentParser) -> None:
    parser.add_argument("--port", type=parse_port, default=5055, help="port; 0 chooses a free one (default: 5055)")
    parser.add_argument(
        "--latency", type=_parse_seconds, default=0.0, metavar="SECONDS", help="delay of every response"
    )
    parser.add_argument(
        "--instant",
        action="store_true",
        help="settle resources and end jobs without delay, except jobs with a duration",
    )
    parser.add_argument(
        "--iam",
        metavar="FILE",
        type=parse_file_name,
        help="a policy; Batch calls that it does not allow are denied, and so are reads of CloudTrail and quotas",
    )
    _add_file(parser)


def run_serve(args: Namespace, _out: Output) -> int:
    from reconciler.sandbox.core.clock import INSTANT
    from reconciler.sandbox.core.iam import read_policy
    from reconciler.sandbox.server.http import serve
    from reconciler.sandbox.session import open_sandbox

    def ready(url: str) -> None:
        sys.stdout.write(f"Serving AWS Batch at {url}\n")
        sys.stderr.write(f"Use it with AWS_ENDPOINT_URL={url} and any credentials. Ctrl-C ends it.\n")
        sys.stdout.flush()

    try:
        simulator = open_sandbox(args.file or DEFAULT_FILE, timings=INSTANT if args.instant else None)
        simulator.policy = read_policy(args.iam) if args.iam else None
        serve(simulator, args.port, latency=args.latency, ready=ready)
    except KeyboardInterrupt:
        return Exit.DONE
    except OSError as error:
        raise WrongUsage(
            f"cannot listen on port {args.port}: {error.strerror}", hint="choose a different --port"
        ) from error
    return Exit.DONE


def _parse_seconds(text: str) -> float:
    if not re.fullmatch(r"\d+(\.\d+)?", text):
        raise ArgumentTypeError(f"{text!r} is not a number of seconds")
    return float(text)


# `sandbox drift`


DRIFT_EXAMPLES = """\
examples:
  reconciler sandbox drift ComputeEnvironment/spot maxvCpus=512
  reconciler sandbox drift JobQueue/pricing priority=99 tags.team=ops tags.cost=
  reconciler sandbox drift JobDefinition/simulate image=busybox:2      registers a revision by hand
  reconciler sandbox drift ComputeEnvironment/spot 'instanceTypes=[c7i, m7i]' --port 5055

A value is YAML, on one line; an empty one removes the field or tag. Entries of lists have no names: give the whole
list. The calls are those of the API, so what AWS refuses is refused here, too.
"""


def _add_drift(parser: ArgumentParser) -> None:
    parser.add_argument("resource", metavar="KIND/NAME", help="what to change, as in JobQueue/pricing")
    parser.add_argument(
        "members",
        nargs="+",
        metavar="FIELD=VALUE",
        type=_parse_member,
        help="a field by its path, or by its name if only one field has it; tags.KEY for a tag",
    )
    _add_place(parser)
    add_output(parser)


def run_drift(args: Namespace, out: Output) -> int:
    from reconciler.sandbox.actor import change_resource

    there = hand(sandbox_place_of(args))
    with reaching(there):
        done = change_resource(there.cloud, there.clock, args.resource, dict(args.members))
    out.publish(lambda width: _drift_page(done, width), lambda: _drift_json(done, there.where))
    return Exit.DONE


def _parse_member(text: str) -> "tuple[str, Json]":
    name, equals, value = text.partition("=")
    if not equals or not name:
        raise ArgumentTypeError(f"{text!r} is not FIELD=VALUE")
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


def _drift_page(done: "ManualChange", width: int) -> "Page":
    from reconciler.redact.presented import present_fields
    from reconciler.report.text.page import Page
    from reconciler.report.text.values import inline

    page = Page(width)
    status = f" ({done.status})" if done.status else ""
    message = (
        f"changed by {', '.join(done.calls)}{status}" if done.calls else "has these values already; no call was made"
    )
    page.line((str(done.address), "bold"), f" {message}")
    for field in present_fields(done.fields):
        before, after = ("(none)" if value is None else inline(value) for value in field.sides)
        page.line(f"{field.path}: {before} -> {after}", indent=2)
    return page


def _drift_json(done: "ManualChange", where: str) -> "Json":
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


# `sandbox submit`


SUBMIT_EXAMPLES = """\
examples:
  reconciler sandbox submit pricing simulate
  reconciler sandbox submit pricing simulate --count 500 --seconds 10m      the queue is busy, and drains
  reconciler sandbox submit pricing simulate:2 --share A                    fair-share queues require an identifier
  reconciler sandbox submit training --count 4 --share vision               a queue for SageMaker training
  reconciler sandbox submit pricing simulate --port 5055

Jobs run if a VALID, ENABLED environment of the queue has room for their vCPUs, first in, first out. Nothing is
executed: a job takes as long as --seconds or a `sleep N` in its command says, otherwise a minute, and fails if its
command says `exit N` with a number other than 0. Parameters without a default (Ref::name) get their own name as their
value. `sandbox tick` passes the time; `aws batch list-jobs` shows the jobs.
"""


def _add_submit(parser: ArgumentParser) -> None:
    parser.add_argument("queue", metavar="QUEUE", help="the job queue, by its name in AWS or in its stack")
    parser.add_argument(
        "definition", nargs="?", metavar="DEFINITION", help="the job definition, or a revision of it: simulate:2"
    )
    parser.add_argument("--count", type=parse_count, default=1, metavar="N", help="how many jobs (default: 1)")
    parser.add_argument(
        "--seconds", type=parse_duration, metavar="SECONDS", help="how long each runs: 60, 90s, 30m, 2h"
    )
    parser.add_argument("--share", default="", metavar="NAME", help="share identifier, or quota share of the queue")
    _add_place(parser)
    add_output(parser)


def run_submit(args: Namespace, out: Output) -> int:
    from reconciler.sandbox import actor

    there = hand(sandbox_place_of(args))
    with reaching(there):
        done = actor.submit(
            there.cloud, args.queue, args.definition, count=args.count, seconds=args.seconds, share=args.share
        )
    out.publish(lambda width: _submit_page(done, width), lambda: _submit_json(done, there.where))
    return Exit.DONE


def _submit_page(done: "Submitted", width: int) -> "Page":
    from reconciler.report.text.page import Page

    jobs = "1 job" if len(done.jobs) == 1 else f"{len(done.jobs)} jobs"
    of = f" of {done.definition}" if done.definition else ""
    long = "" if done.seconds is None else f", {done.seconds:g} s{'' if len(done.jobs) == 1 else ' each'}"
    page = Page(width)
    page.line((f"JobQueue/{done.queue}", "bold"), f": {jobs}{of} submitted{long}")
    return page


def _submit_json(done: "Submitted", where: str) -> "Json":
    return {
        "sandbox": where,
        "queue": done.queue,
        "definition": done.definition or None,
        "seconds": done.seconds,
        "jobs": list(done.jobs),
    }


# `sandbox break`


DENIED = "CLIENT_ERROR - Not authorized to perform sts:AssumeRole"  # AWS Batch User Guide, 'Troubleshooting'
BREAK_EXAMPLES = """\
examples:
  reconciler sandbox break ComputeEnvironment/spot --invalid      until an update repairs it
  reconciler sandbox break JobQueue/pricing --blocked 'CLIENT_ERROR - Clusters can not be blank.'
  reconciler sandbox break JobQueue/pricing --stuck-deleting      `destroy` waits until it times out
  reconciler sandbox break --missing-role ecsInstanceRole         environments with it become INVALID
  reconciler sandbox break --throttle 5
  reconciler sandbox break --fail 2 --operation 'Create*'
  reconciler sandbox break --lose 1 --operation RegisterJobDefinition
  reconciler sandbox break --settle 10m                           `sandbox tick 10m` passes the time
  reconciler sandbox break --lag 5s
  reconciler sandbox break --trail-delay 5m                       `drift --who` finds no event before that
  reconciler sandbox break --deleted 2m                           a deleted resource blocks its name for this long
  reconciler sandbox break --repair
  reconciler sandbox break                                        lists the simulated failures

Failures are kept in the file, for the next commands and for a `sandbox serve` on the same file. They add to those
that are there already. When its role is back, an environment is INVALID until the next update.
"""


def _add_break(parser: ArgumentParser) -> None:
    _add_harm(parser)
    roles = parser.add_argument_group("roles")
    roles.add_argument("--missing-role", action="append", default=[], metavar="NAME", help="a service role, instance "
                       "profile or fleet role that does not exist any more; repeatable")  # fmt: skip
    roles.add_argument("--no-missing-role", action="store_true", help="all roles exist again")
    calls = parser.add_argument_group("calls")
    calls.add_argument("--throttle", type=parse_count, metavar="N", help="the next N calls are throttled (429)")
    calls.add_argument("--fail", type=parse_count, metavar="N", help="the next N calls fail (500) and change nothing")
    calls.add_argument(
        "--fail-late", type=parse_count, metavar="N", help="the next N calls fail (500), but take effect"
    )
    calls.add_argument(
        "--lose", type=parse_count, metavar="N", help="the next N responses are lost, but the calls take effect"
    )
    calls.add_argument("--operation", default="*", metavar="GLOB", help="only calls such as 'Update*' (default: all)")
    time = parser.add_argument_group("time")
    time.add_argument("--settle", type=parse_duration, metavar="TIME", help="how long every change takes: 90s, 10m")
    time.add_argument(
        "--lag", type=parse_duration, metavar="TIME", help="reads return stale data for this long after a write"
    )
    time.add_argument(
        "--trail-delay", type=parse_duration, metavar="TIME", help="CloudTrail has an event only after this long"
    )
    time.add_argument(
        "--deleted",
        type=parse_duration,
        metavar="TIME",
        help="show deleted resources as DELETED for this long; their names stay taken (default: 2s)",
    )
    parser.add_argument("--repair", action="store_true", help="end all simulated failures, or only those of KIND/NAME")
    _add_place(parser)
    add_output(parser)


def _add_harm(parser: ArgumentParser) -> None:
    one = parser.add_argument_group("a resource")
    one.add_argument("resource", nargs="?", metavar="KIND/NAME", help="the resource, as in ComputeEnvironment/spot")
    one.add_argument("--invalid", nargs="?", const=DENIED, metavar="REASON",
                     help=f"make it INVALID until an update repairs it (default reason: {DENIED})")  # fmt: skip
    one.add_argument("--blocked", nargs="?", const=DENIED, metavar="REASON",
                     help="make all environments of a queue INVALID, so that no job can start")  # fmt: skip
    one.add_argument("--stuck-deleting", action="store_true", help="once deleted, it stays DELETING")


@dataclass(frozen=True, slots=True)
class Harm:
    """What happens to a resource."""

    resource: str | None
    invalid: str | None  # the reason
    blocked: str | None  # likewise
    is_stuck: bool
    is_repaired: bool


def run_break(args: Namespace, out: Output) -> int:
    from reconciler.sandbox.core.faults import Failure, ForcedFault

    place = sandbox_place_of(args)
    harm = Harm(args.resource, args.invalid, args.blocked, args.stuck_deleting, args.repair)
    arns = _arns(harm, place)
    calls = {
        Failure.THROTTLE: args.throttle,
        Failure.SERVER_ERROR: args.fail,
        Failure.LATE_ERROR: args.fail_late,
        Failure.LOST_ANSWER: args.lose,
    }
    fault = ForcedFault(
        repair=args.repair,
        roles_back=args.no_missing_role,
        missing_roles=tuple(args.missing_role),
        failing=_failing(calls, args.operation),
        settle=args.settle,
        lag=args.lag,
        trail_delay=args.trail_delay,
        deleted=args.deleted,
        arns=arns,
        invalid=args.invalid or args.blocked or "",
        stuck=args.stuck_deleting,
    )
    panel = controls(place)
    broken = panel.controls.break_(fault)
    out.publish(lambda width: _break_page(broken, panel.where, width), lambda: _break_json(broken, panel.where))
    return Exit.DONE


def _arns(harm: Harm, place: SandboxPlace) -> tuple[str, ...]:
    """Return the ARNs of what is to be broken or repaired. Raises `WrongUsage`."""
    options = {"--invalid": harm.invalid, "--blocked": harm.blocked, "--stuck-deleting": harm.is_stuck}
    happens = [option for option, given in options.items() if given]
    if not harm.resource and happens:
        raise WrongUsage(f"{happens[0]} requires a resource", hint="add KIND/NAME before it")
    if not harm.resource:
        return ()
    if not happens and not harm.is_repaired:
        hint = "give --invalid, --stuck-deleting or, for a queue, --blocked"
        raise WrongUsage(f"no failure is given for {harm.resource}", hint=hint)
    if harm.blocked and len(happens) > 1:
        hint = "run the command once for each option"
        raise WrongUsage(
            "--blocked applies to the environments of a queue, and cannot be combined with options for the queue",
            hint=hint,
        )
    return _find(harm.resource, place, is_blocked=bool(harm.blocked))


def _find(resource: str, place: SandboxPlace, *, is_blocked: bool) -> tuple[str, ...]:
    from reconciler.sandbox.actor import environments_behind, find_resource

    kind, live = find_resource(hand(place).cloud, resource)
    if is_blocked:
        return environments_behind(live)
    if not kind.settles:
        raise WrongUsage(f"a {kind.noun} has no status", hint="environments, queues and quota shares have one")
    return (live.arn,)


def _failing(calls: Mapping["Failure", int | None], operation: str) -> tuple["FailingCalls", ...]:
    from reconciler.sandbox.core.faults import FailingCalls

    failing = tuple(FailingCalls(failure, number, operation) for failure, number in calls.items() if number)
    if operation != "*" and not failing:
        hint = "give --throttle, --fail, --fail-late or --lose"
        raise WrongUsage("--operation requires a failure", hint=hint)
    return failing


def _break_page(broken: "Breakage", where: str, width: int) -> "Page":
    from reconciler.report.text.page import Page
    from reconciler.sandbox.actor import address_of

    page = Page(width)
    lines = [f"{role} does not exist" for role in broken.missing_roles]
    lines += [f"{address_of(sick.arn)} is INVALID: {sick.reason}" for sick in broken.invalid]
    lines += [f"{address_of(arn)} never finishes its deletion" for arn in broken.stuck]
    lines += [_failing_line(failing) for failing in broken.failing]
    lines += [] if broken.settle is None else [f"every change takes {broken.settle:g} s"]
    lines += [] if broken.lag is None else [f"reads lag {broken.lag:g} s behind writes"]
    lines += [] if broken.trail_delay is None else [f"events are in CloudTrail after {broken.trail_delay:g} s"]
    lines += [] if broken.deleted is None else [f"deleted resources are shown as DELETED for {broken.deleted:g} s"]
    page.line(f"{where}: {'simulated failures' if lines else 'no simulated failures'}")
    for line in lines:
        page.line(line, indent=2)
    return page


def _failing_line(failing: "FailingCalls") -> str:
    which = "call" if failing.operation == "*" else f"call of {failing.operation}"
    return f"the next {which}: {failing.failure}" + (f", {failing.calls} times" if failing.calls > 1 else "")


def _break_json(broken: "Breakage", where: str) -> "Json":
    from reconciler.sandbox.actor import address_of

    return {
        "sandbox": where,
        "missing_roles": list(broken.missing_roles),
        "failing": [
            {"failure": str(one.failure), "operation": one.operation, "calls": one.calls} for one in broken.failing
        ],
        "settle": broken.settle,
        "lag": broken.lag,
        "trail_delay": broken.trail_delay,
        "deleted": broken.deleted,
        "invalid": [
            {"address": str(address_of(sick.arn)), "arn": sick.arn, "reason": sick.reason} for sick in broken.invalid
        ],
        "stuck": [{"address": str(address_of(arn)), "arn": arn} for arn in broken.stuck],
    }


# `sandbox tick`


TICK_EXAMPLES = """\
examples:
  reconciler sandbox tick 60
  reconciler sandbox tick 30m --file other.json
  reconciler sandbox tick 2h --port 5055

Resources that are CREATING, UPDATING or DELETING settle, names of deleted ones become free, and schedules fire: it
lists what they submit. A `sandbox serve` on the same file notices it.
"""


def _add_tick(parser: ArgumentParser) -> None:
    parser.add_argument("seconds", type=parse_duration, metavar="TIME", help="how far: 60, 90s, 30m, 2h")
    _add_place(parser, resource=False)
    add_output(parser)


def _moment(seconds: float) -> str:
    return datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%d %H:%M UTC")


def run_tick(args: Namespace, out: Output) -> int:
    from reconciler.report.text.page import Page

    panel, seconds = controls(sandbox_place_of(args)), args.seconds
    ahead = panel.controls.tick(seconds)
    fired = panel.controls.fired_within(seconds)

    def page(width: int) -> Page:
        lines = Page(width)
        lines.line(f"{panel.where}: {seconds:g} s have passed; its clock is {ahead:g} s ahead")
        for each in fired:
            did = f"submitted {each['name']} ({each['job']})" if "job" in each else f"failed: {each['error']}"
            lines.line(f"{_moment(each['at'])} schedule {each['group']}/{each['schedule']} {did}")
        return lines

    out.publish(page, lambda: {"sandbox": panel.where, "seconds": seconds, "ahead": ahead, "fired": fired})
    return Exit.DONE


# `sandbox reset`


RESET_EXAMPLES = """\
examples:
  reconciler sandbox reset
  reconciler sandbox reset --file other.json

A `sandbox serve` on the same file notices it. Simulated failures end, too.
"""


def _add_reset(parser: ArgumentParser) -> None:
    _add_file(parser)
    add_output(parser)


def run_reset(args: Namespace, out: Output) -> int:
    from reconciler.report.text.page import Page

    file = Path(args.file or DEFAULT_FILE)
    known = file.exists()
    if known:
        _check_is_sandbox(str(file))
        file.unlink()

    def page(width: int) -> Page:
        lines = Page(width)
        lines.line(f"{file}: {'deleted' if known else 'nothing to delete'}")
        return lines

    out.publish(page, lambda: {"file": str(file), "reset": known})
    return Exit.DONE


def _check_is_sandbox(file: str) -> None:
    """Raises `Stopped` for a file that is not a sandbox's: it must not be deleted."""
    from reconciler.sandbox.session import open_sandbox

    open_sandbox(file)


# What an action is, after all of them: the table that the parser reads.


class SandboxAction(NamedTuple):
    """One action of the sandbox, with what its parser needs."""

    help: str
    examples: str
    add: Callable[[ArgumentParser], None]
    run: Callable[[Namespace, Output], int]


ACTIONS: Mapping[str, SandboxAction] = {
    "serve": SandboxAction("serve the sandbox over HTTP, on this machine only", SERVE_EXAMPLES, _add_serve, run_serve),
    "drift": SandboxAction(
        "change a live resource outside its stack, as if by hand", DRIFT_EXAMPLES, _add_drift, run_drift
    ),
    "submit": SandboxAction("submit jobs to a queue", SUBMIT_EXAMPLES, _add_submit, run_submit),
    "break": SandboxAction("simulate failures of resources, roles and calls", BREAK_EXAMPLES, _add_break, run_break),
    "tick": SandboxAction("advance the sandbox's clock", TICK_EXAMPLES, _add_tick, run_tick),
    "reset": SandboxAction("delete every resource of the sandbox", RESET_EXAMPLES, _add_reset, run_reset),
}


def add(parser: ArgumentParser) -> None:
    actions = parser.add_subparsers(metavar="ACTION", title="actions", required=True)
    for name, action in ACTIONS.items():
        below = actions.add_parser(
            name, help=action.help, description=f"{action.help[0].upper()}{action.help[1:]}.", allow_abbrev=False
        )
        below.formatter_class = RawDescriptionHelpFormatter
        below.epilog = action.examples
        action.add(below)
        below.set_defaults(action=action.run, parser=below)


def run(args: Namespace, out: Output) -> int:
    return int(args.action(args, out))

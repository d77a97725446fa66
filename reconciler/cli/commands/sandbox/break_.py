"""`reconciler sandbox break`: what is broken on purpose."""

from argparse import ArgumentParser, Namespace
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from reconciler.cli.commands.sandbox.place import SandboxPlace, add_place, controls, hand, sandbox_place_of
from reconciler.cli.options import add_output, parse_count, parse_duration
from reconciler.cli.output import Output
from reconciler.problems import Exit, WrongUsage

if TYPE_CHECKING:
    from reconciler.model import Json
    from reconciler.report.text.page import Page
    from reconciler.sandbox.core.faults import Breakage, FailingCalls, Failure

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


def add(parser: ArgumentParser) -> None:
    _add_harm(parser)
    roles = parser.add_argument_group("roles")
    roles.add_argument("--missing-role", action="append", default=[], metavar="NAME", help="a service role, instance "
                       "profile or fleet role that does not exist any more; repeatable")  # fmt: skip
    roles.add_argument("--no-missing-role", action="store_true", help="all roles are there again")
    calls = parser.add_argument_group("calls")
    calls.add_argument("--throttle", type=parse_count, metavar="N", help="the next N calls are throttled (429)")
    calls.add_argument("--fail", type=parse_count, metavar="N", help="the next N calls fail (500); nothing is done")
    calls.add_argument(
        "--fail-late", type=parse_count, metavar="N", help="the next N fail (500) after the work was done"
    )
    calls.add_argument(
        "--lose", type=parse_count, metavar="N", help="the next N answers are lost after the work was done"
    )
    calls.add_argument("--operation", default="*", metavar="GLOB", help="only calls such as 'Update*' (default: all)")
    time = parser.add_argument_group("time")
    time.add_argument("--settle", type=parse_duration, metavar="TIME", help="every change takes so long: 90s, 10m")
    time.add_argument(
        "--lag", type=parse_duration, metavar="TIME", help="reads show for so long what was before a write"
    )
    time.add_argument(
        "--deleted",
        type=parse_duration,
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


@dataclass(frozen=True, slots=True)
class Harm:
    """What happens to a resource."""

    resource: str | None
    invalid: str | None  # the reason
    blocked: str | None  # likewise
    is_stuck: bool
    is_repaired: bool


def run(args: Namespace, out: Output) -> int:
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
        deleted=args.deleted,
        arns=arns,
        invalid=args.invalid or args.blocked or "",
        stuck=args.stuck_deleting,
    )
    panel = controls(place)
    broken = panel.controls.break_(fault)
    out.publish(lambda width: _page(broken, panel.where, width), lambda: _json(broken, panel.where))
    return Exit.DONE


def _arns(harm: Harm, place: SandboxPlace) -> tuple[str, ...]:
    """Return the ARNs of what is to be broken or repaired. Raises `WrongUsage`."""
    options = {"--invalid": harm.invalid, "--blocked": harm.blocked, "--stuck-deleting": harm.is_stuck}
    happens = [option for option, given in options.items() if given]
    if not harm.resource and happens:
        raise WrongUsage(f"{happens[0]} says what happens, but not to what", hint="put KIND/NAME in front of it")
    if not harm.resource:
        return ()
    if not happens and not harm.is_repaired:
        hint = "give --invalid, --stuck-deleting or, for a queue, --blocked"
        raise WrongUsage(f"nothing happens to {harm.resource}", hint=hint)
    if harm.blocked and len(happens) > 1:
        hint = "give one option, then the other"
        raise WrongUsage("--blocked is about the environments of a queue, not about the queue", hint=hint)
    return _find(harm.resource, place, is_blocked=bool(harm.blocked))


def _find(resource: str, place: SandboxPlace, *, is_blocked: bool) -> tuple[str, ...]:
    from reconciler.sandbox.actor import environments_behind, found

    kind, live = found(hand(place).cloud, resource)
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
        raise WrongUsage("--operation says which calls fail, but not how", hint=hint)
    return failing


def _page(broken: "Breakage", where: str, width: int) -> "Page":
    from reconciler.report.text.page import Page
    from reconciler.sandbox.actor import address_of

    page = Page(width)
    lines = [f"{role} does not exist" for role in broken.missing_roles]
    lines += [f"{address_of(sick.arn)} is INVALID: {sick.reason}" for sick in broken.invalid]
    lines += [f"{address_of(arn)} never finishes its deletion" for arn in broken.stuck]
    lines += [_failing_line(failing) for failing in broken.failing]
    lines += [] if broken.settle is None else [f"every change takes {broken.settle:g} s"]
    lines += [] if broken.lag is None else [f"reads lag {broken.lag:g} s behind writes"]
    lines += [] if broken.deleted is None else [f"deleted resources are shown as DELETED for {broken.deleted:g} s"]
    page.line(f"{where}: {'broken' if lines else 'nothing is broken'}")
    for line in lines:
        page.line(line, indent=2)
    return page


def _failing_line(failing: "FailingCalls") -> str:
    which = "call" if failing.operation == "*" else f"call of {failing.operation}"
    return f"the next {which}: {failing.failure}" + (f", {failing.calls} times" if failing.calls > 1 else "")


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

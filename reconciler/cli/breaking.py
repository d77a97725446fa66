"""What is broken on purpose: `reconciler sandbox break`."""

from argparse import ArgumentParser, Namespace
from typing import TYPE_CHECKING

from reconciler.cli.options import add_output, count, duration
from reconciler.cli.output import Output
from reconciler.cli.sandboxes import add_place, controls, hand
from reconciler.problems import Exit, WrongUsage

if TYPE_CHECKING:
    from reconciler.model import Json
    from reconciler.report.page import Page
    from reconciler.sandbox.breakage import Breakage, Failing, ForcedFault

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
    from reconciler.sandbox.meddling import environments_behind, found

    kind, live = found(hand(args).cloud, args.resource)
    if args.blocked:
        return environments_behind(live)
    if not kind.settles:
        raise WrongUsage(f"a {kind.noun} has no status", hint="environments, queues and quota shares have one")
    return (live.arn,)


def _mishap(args: Namespace, arns: tuple[str, ...]) -> "ForcedFault":
    from reconciler.sandbox.breakage import Failing, ForcedFault
    from reconciler.sandbox.faults import Failure

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
    from reconciler.report.page import Page
    from reconciler.sandbox.meddling import address_of

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
    from reconciler.sandbox.meddling import address_of

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

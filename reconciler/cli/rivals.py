"""Keeps targets apart that have one stack's name in one place, before any of them is looked at."""

from argparse import Namespace
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

from reconciler.cli.output import Output
from reconciler.cli.stacks import environment_of, named_files, read_var_files
from reconciler.cli.targets import arguments, stack_path
from reconciler.problems import InvalidStack, Problem

if TYPE_CHECKING:
    from reconciler.fleet import Claim, FleetTarget

SEVERAL = 2
Work = Callable[[str, Namespace, Output], int]
HINT = "give one of them another `stack:`, or another `namePrefix:`; or send it elsewhere"


def apart(work: Work, targets: Sequence["FleetTarget"], chosen: Sequence["FleetTarget"], args: Namespace) -> Work:
    """Return the work for a target, which stops at once where another target has its stack's name in its place."""
    from reconciler.fleet import rivals

    found = rivals(targets, chosen, lambda target: _claim(stack_path(target, args), arguments(target, args)))

    def checked(path: str, alone: Namespace, out: Output) -> int:
        if alone.of_target in found:
            other, claim = found[alone.of_target]
            raise InvalidStack((_problem(alone.of_target, other, alone, claim),))
        return work(path, alone, out)

    return checked if found else work


def check_apart(args: Namespace) -> None:
    """Raise `InvalidStack` where several stacks of the command line are one and the same to AWS."""
    from reconciler.fleet import FleetTarget, rivals

    if len(args.stacks) < SEVERAL or not hasattr(args, "profile"):  # what asks nobody knows no place
        return
    named = [FleetTarget(name=path, stack=path, environment="") for path in dict.fromkeys(args.stacks)]
    found = rivals(named, named, lambda one: _claim(one.stack, args))
    told = {tuple(sorted((name, other))): claim for name, (other, claim) in found.items()}
    if told:
        raise InvalidStack(tuple(_problem(one, other, args, claim) for (one, other), claim in told.items()))


def _claim(path: str, args: Namespace) -> "Claim":
    """Return what a target claims; nothing where its files cannot be read, which its own work tells."""
    from reconciler.fleet import Claim
    from reconciler.load import FromOutside, settings_of
    from reconciler.lookup.files import DiskFiles
    from reconciler.lookup.sources import Offline, Sources
    from reconciler.problems import Stopped

    try:
        files = DiskFiles(path)
        named = named_files(files, args)
        outside = FromOutside(dict(args.var), read_var_files(args), args.meant, args.offered, named=named)
        settings = settings_of(files, Sources(environment_of(args), Offline()), outside)
    except Stopped:
        return Claim("")
    return Claim(settings.stack, settings.name_prefix, args.region or settings.region or "")


def _problem(one: str, other: str, args: Namespace, claim: "Claim") -> Problem:
    prefix = f" with the prefix {claim.name_prefix}" if claim.name_prefix else ""
    place = " and ".join(filter(None, (args.account and f"account {args.account}", claim.region))) or "the same account"
    message = f"{one} and {other} are both the stack {claim.stack}{prefix} in {place}"
    return Problem("FLT006", f"{message}: each would delete what the other has made", hint=HINT)

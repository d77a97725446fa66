"""What is shown of a plan and kept of it: with all that the arguments say, so that it can be made again."""

import os
from argparse import Namespace
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from reconciler.cli.stacks import Read
from reconciler.model import Json, Plan
from reconciler.problems import Problem, Refused, WrongUsage

if TYPE_CHECKING:
    from reconciler.plan import PlanOptions
    from reconciler.report.saved import Inputs
    from reconciler.report.sealing import Seal
    from reconciler.report.secrets import Secrets

KEY = "RECONCILER_PLAN_KEY"
LEAST = 20  # characters of a key: fewer could be found by trying


@dataclass(frozen=True, slots=True)
class Presented:
    """A plan as it may be shown, without what the user declared secret and with all that refuses it.

    `told` are the refusals that stderr does not repeat: those that follow from the resources, and not from a consent.
    """

    plan: Plan
    refused: Refused | None
    document: Mapping[str, Json]
    told: tuple[Problem, ...] = ()

    @property
    def fingerprint(self) -> str:
        return str(self.document["fingerprint"])


def present(path: str, args: Namespace, wanted: "PlanOptions", read: Read, plan: Plan, seal: "Seal") -> Presented:
    from reconciler.guard import guarded
    from reconciler.report.saved import saved_json

    own = _secrets(read, plan).plan(plan)
    shown = guarded(read.stack, own, wanted)
    inputs = _inputs(path, args, wanted, read)
    return Presented(shown, _refusal(read, shown, wanted), saved_json(plan, shown, inputs, seal), own.refusals)


def _secrets(read: Read, plan: Plan) -> "Secrets":
    """Return the secrets of a stack, and what stands at their places in what is deleted: those were secret before."""
    secrets, declared = read.secrets, read.stack.declared
    for change in plan.changes if secrets.texts else ():
        if change.seen and change.action.leaves and change.address in declared:
            secrets = secrets.and_former(declared[change.address].spec, [change.seen.spec])
    return secrets


def seal_of_environment() -> "Seal":
    """Return the seal that the environment has the key of. Raises `WrongUsage` for a key that can be guessed."""
    from reconciler.report.sealing import Seal

    key = os.environ.get(KEY, "")
    if key and len(key) < LEAST:
        raise WrongUsage(f"{KEY} is too short", hint=f"it takes {LEAST} characters: openssl rand -hex 32")
    return Seal(os.fsencode(key))


def _refusal(read: Read, plan: Plan, wanted: "PlanOptions") -> Refused | None:
    from reconciler.guard import check_plan

    try:
        check_plan(read.stack, plan, wanted)
    except Refused as refused:
        return refused
    return None


def _inputs(path: str, args: Namespace, wanted: "PlanOptions", read: Read) -> "Inputs":
    from reconciler.report.saved import Inputs

    given = dict(args.var)
    withheld = tuple(sorted(name for name, value in given.items() if _is_secret(name, value, read)))
    return Inputs(
        path=path,
        variables={name: value for name, value in given.items() if name not in withheld},
        withheld=withheld,
        variable_files=tuple(args.var_file),
        sandbox=args.sandbox,
        wanted=wanted,
    )


def _is_secret(name: str, value: str, read: Read) -> bool:
    """What no output may show, no file may hold."""
    return name in read.secret_variables or read.secrets.are_in(value)

"""What there is to apply: stacks, or plans that were saved and reviewed, and have to be the same ones still."""

import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

from reconciler.app.request import HERE, FleetRequest, StackRequest
from reconciler.cli.context import Read
from reconciler.model import Identity, Json, Plan
from reconciler.problems import Refused, Stale, WrongUsage

if TYPE_CHECKING:
    from reconciler.plan import PlanOptions
    from reconciler.redact.presented import PresentedPlan, PresentedProblem
    from reconciler.redact.secrets import Secrets
    from reconciler.saved_plan.document import Inputs
    from reconciler.saved_plan.sealing import Seal


# What is shown of a plan and kept of it: with all that the arguments say, so that it can be made again.

KEY = "RECONCILER_PLAN_KEY"
LEAST = 20  # characters of a key: fewer could be found by trying


@dataclass(frozen=True)
class SealedPlan:
    """A plan as it may be shown, with all that refuses it.

    `secrets` also contains those of former bodies: errors and results of the run need them, too. `sealed` is the part
    of the document that the fingerprint covers. `shown_refusals` are those that stderr does not
    repeat: those that follow from the resources, and not from a consent.
    """

    plan: "PresentedPlan"
    refused: Refused | None
    sealed: Mapping[str, Json]
    secrets: "Secrets"
    shown_refusals: "tuple[PresentedProblem, ...]" = ()

    @cached_property
    def fingerprint(self) -> str:
        from reconciler.saved_plan.sealing import fingerprint_of

        return fingerprint_of(self.sealed)

    @property
    def document(self) -> Mapping[str, Json]:
        """The whole document, made only where it is read."""
        from reconciler.saved_plan.document import saved_json

        return saved_json(self.plan, self.sealed)


def seal_plan(request: StackRequest, wanted: "PlanOptions", read: Read, plan: Plan, seal: "Seal") -> SealedPlan:
    from reconciler.plan.guards import CONSENTS
    from reconciler.redact.presented import present
    from reconciler.saved_plan.document import sealed_part

    secrets = _secrets(read, plan)
    shown = present(plan, secrets)
    sealed = sealed_part(plan, shown, _inputs(request, wanted, read), seal)
    shown_refusals = tuple(refusal for refusal in shown.refusals if refusal.code not in CONSENTS)
    return SealedPlan(shown, _refusal(plan, secrets), sealed, secrets, shown_refusals)


def _secrets(read: Read, plan: Plan) -> "Secrets":
    """Return the secrets of a stack, also those that deleted resources have at the same places."""
    secrets, declared = read.secrets, read.stack.declared
    for change in plan.changes if secrets.texts else ():
        if change.seen and change.action.leaves and change.address in declared:
            secrets = secrets.and_former(declared[change.address].spec, [change.seen.spec])
    return secrets


def seal_of_environment() -> "Seal":
    """Return the seal that the environment has the key of. Raises `WrongUsage` for a key that can be guessed."""
    from reconciler.saved_plan.sealing import Seal

    key = os.environ.get(KEY, "")
    if key and len(key) < LEAST:
        raise WrongUsage(f"{KEY} is too short", hint=f"at least {LEAST} characters are required: openssl rand -hex 32")
    return Seal(os.fsencode(key))


def _refusal(plan: Plan, secrets: "Secrets") -> Refused | None:
    from reconciler.plan.guards import check_refusals

    try:
        with secrets.kept():
            check_refusals(plan)
    except Refused as refused:
        return refused
    return None


def _inputs(request: StackRequest, wanted: "PlanOptions", read: Read) -> "Inputs":
    from reconciler.saved_plan.document import Inputs

    given = request.variables
    withheld = tuple(sorted(name for name, value in given.items() if _is_secret(name, value, read)))
    return Inputs(
        path=request.path,
        variables={name: value for name, value in given.items() if name not in withheld},
        withheld=withheld,
        variable_files=request.variable_files,
        sandbox=request.place.sandbox,
        wanted=wanted,
    )


def _is_secret(name: str, value: str, read: Read) -> bool:
    """What no output may show, no file may hold."""
    return name in read.secret_variables or read.secrets.are_in(value)


YAML_FILES = (".yaml", ".yml")


@dataclass(frozen=True, slots=True)
class Job:
    """One stack to bring to what is wanted of it.

    `reviewed` is the plan that it has to be, and came from `file`; `expected` are fingerprints, of which it has to have
    one.
    """

    request: StackRequest
    wanted: "PlanOptions"
    expected: tuple[str, ...] = ()
    reviewed: Mapping[str, Json] | None = None
    file: str = ""

    @property
    def place(self) -> Identity | None:
        return Identity(self.reviewed["account"], self.reviewed["region"]) if self.reviewed else None

    @property
    def seal(self) -> "Seal":
        """The seal with which the reviewed plan was made, for what is hidden to be comparable."""
        from reconciler.saved_plan.sealing import Seal

        name = self.reviewed["key"] if self.reviewed else None
        seal = Seal() if name == "" else seal_of_environment()
        if name and name != seal.name:
            hint = f"set {KEY} to the key that `plan` used"
            raise WrongUsage(f"the hidden values in {self.file} are marked with a different key", hint=hint)
        return seal

    def check(self, shown: SealedPlan, read: Read) -> None:
        """Raise `Stale` unless this is the plan that was reviewed, or expected."""
        from reconciler.report.json import SHOWN_DIGITS
        from reconciler.saved_plan.sealing import fingerprint_of, without_consents

        if self.reviewed:
            now = fingerprint_of({**shown.sealed, "inputs": self.reviewed["inputs"]})  # what it was made with, it has
            if now != self.reviewed["fingerprint"]:
                raise _stale(self.file, self.reviewed, shown.document, read)
            return
        if not self.expected:
            return
        same = (shown.fingerprint, fingerprint_of(without_consents(shown.sealed)))
        if not any(_is_one_of(each, self.expected) for each in same):
            message = f"the fingerprint of this plan is {same[0][:SHOWN_DIGITS]}, not {' or '.join(self.expected)}"
            raise Stale(f"{message}; nothing was changed", hint="review the plan above, and use its fingerprint")


def _is_one_of(fingerprint: str, expected: Sequence[str]) -> bool:
    return any(fingerprint.startswith(each) for each in expected)


def jobs_of(stacks: Sequence[StackRequest], wanted: "PlanOptions", expected: tuple[str, ...]) -> list[Job]:
    """Return what is named: stacks, or files of plans.

    Raises `WrongUsage` for what is neither a stack nor a plan, and `Stale` for a plan that is not expected.
    """
    from reconciler.saved_plan.document import inputs_of

    plans = {request.path: _documents(request.path, is_expected=bool(expected)) for request in stacks}
    if not any(plans.values()):
        return [Job(request, wanted, expected) for request in stacks]
    if not all(plans.values()):
        hint = "a saved plan names its stacks: apply it alone"
        raise WrongUsage("a saved plan and a stack cannot be applied together", hint=hint)
    saved = [(file, document, inputs_of(document)) for file, documents in plans.items() for document in documents or ()]
    _check_options(stacks[0], wanted, {name: file for file, _, inputs in saved for name in inputs.withheld})
    return [_job(*plan, Job(stacks[0], wanted, expected)) for plan in saved]


@dataclass(frozen=True, slots=True)
class Reviewed:
    """The plans of targets that were saved, by the targets' names, each with the file that it came from.

    None for a target of which no plan could be made.
    """

    plans: Mapping[str, tuple[str, Mapping[str, Json] | None]]

    @property
    def sandboxes(self) -> tuple[str | None, ...]:
        """The sandboxes in which they were made; None for a plan that was made in AWS."""
        from reconciler.saved_plan.document import inputs_of

        return tuple(inputs_of(document).sandbox for _, document in self.plans.values() if document)

    def job(self, job: Job) -> Job:
        """Return what a target is to be brought to: by its plan, and not by `job` alone. Raises `Stale`."""
        from reconciler.saved_plan.document import inputs_of

        path, target = job.request.path, job.request.deployment.name if job.request.deployment else ""
        file, document = self.plans[target]
        if document is None:
            hint = "correct the problems that were reported for it, and plan again"
            raise Stale(f"{file} has no plan for {target}; nothing was changed", hint=hint)
        inputs = inputs_of(document)
        if Path(inputs.path) != Path(path):
            hint = "run it in the folder in which the plan was made"
            raise WrongUsage(f"{file} is the plan of a stack in {inputs.path}, and this is {path}", hint=hint)
        return _job(file, document, inputs, job)


def reviewed_deployments(
    fleet: FleetRequest, wanted: "PlanOptions", expected: tuple[str, ...]
) -> tuple[FleetRequest, Reviewed | None]:
    """Return the plans that are among the stacks, and the request for their targets; None if there is no plan."""
    from reconciler.saved_plan.document import inputs_of, read_saved_fleet

    read = {
        path: read_saved_fleet(text, path, is_expected=bool(expected))
        for path in fleet.paths
        if (text := _text(path)) is not None
    }
    files = {path: plans for path, plans in read.items() if plans is not None}
    if not files:
        return fleet, None
    plans = {target: (file, document) for file, plans in files.items() for target, document in plans.items()}
    made = [(file, inputs_of(document)) for file, document in plans.values() if document]
    _check_options(fleet.stack, wanted, {name: file for file, inputs in made for name in inputs.withheld})
    paths = tuple(path for path in fleet.paths if path not in files) or (HERE,)
    return replace(fleet, paths=paths, only=tuple(plans)), Reviewed(plans)


def _documents(path: str, *, is_expected: bool) -> Sequence[Mapping[str, Json]] | None:
    from reconciler.saved_plan.document import read_saved

    text = _text(path)
    return None if text is None else read_saved(text, path, is_expected=is_expected)


def _text(path: str) -> str | None:
    """Return what a file says that may be a plan. Raises `WrongUsage`."""
    if Path(path).suffix in YAML_FILES or not Path(path).is_file():
        return None
    try:
        return Path(path).read_text(encoding="utf-8-sig")
    except UnicodeDecodeError:
        return None
    except OSError as error:
        raise WrongUsage(f"cannot read {path}: {error.strerror}") from error


def _job(file: str, document: Mapping[str, Json], inputs: "Inputs", job: Job) -> Job:
    """Nothing that a file says is read, not even its variables' files, before it is the file that is expected."""
    from reconciler.report.json import SHOWN_DIGITS

    request, expected = job.request, job.expected
    place = request.place
    if expected and not _is_one_of(document["fingerprint"], expected):
        message = f"the fingerprint of {file} is {document['fingerprint'][:SHOWN_DIGITS]}, not {' or '.join(expected)}"
        raise Stale(f"{message}; nothing was changed", hint="review that plan, or plan again")
    if not Path(inputs.path).exists():
        hint = "run it in the folder in which the plan was made"
        raise WrongUsage(f"{file} is the plan of a stack in {inputs.path}, but that folder does not exist", hint=hint)
    if inputs.sandbox and place.sandbox is None and not Path(inputs.sandbox).exists():
        hint = "run it in the folder in which the plan was made, or name a different sandbox with --sandbox=FILE"
        raise WrongUsage(f"{file} was made in the sandbox {inputs.sandbox}, but that file does not exist", hint=hint)
    given = {name: value for name, value in request.variables.items() if name in inputs.withheld}
    again = replace(
        request,
        path=inputs.path,
        variables={**inputs.variables, **given},
        variable_files=inputs.variable_files,
        place=replace(
            place,
            region=place.region or document["region"],
            sandbox=inputs.sandbox if place.sandbox is None else place.sandbox,
        ),
    )
    return Job(again, _with_more_consents(inputs.wanted, job.wanted), expected, document, file)


def _with_more_consents(wanted: "PlanOptions", given: "PlanOptions") -> "PlanOptions":
    """What allows a deletion changes no request: it may be given to `plan`, or when the plan is applied."""
    return replace(
        wanted,
        allow_destroy=(*wanted.allow_destroy, *given.allow_destroy),
        max_destroy=given.max_destroy or wanted.max_destroy,
        max_interrupted=wanted.max_interrupted if given.max_interrupted is None else given.max_interrupted,
        drain=(wanted.drain or given.drain) and not given.cancel_jobs,
        cancel_jobs=(wanted.cancel_jobs or given.cancel_jobs) and not given.drain,
        allow_unplaceable=wanted.allow_unplaceable or given.allow_unplaceable,
    )


def _check_options(request: StackRequest, wanted: "PlanOptions", withheld: Mapping[str, str]) -> None:
    """What decides about a plan was decided when it was made; what it could not keep has to be given again.

    `withheld` are variables, each with the file that lacks it.
    """
    given = request.variables
    decided: dict[str, object] = {
        "--target": wanted.targets,
        "--adopt": wanted.adopt,
        "--allow-replace": wanted.allow_replace,
        "--var-file": request.variable_files,
    }
    decided |= {f"--var {name}": True for name in given if name not in withheld}
    for option in (option for option, is_given in decided.items() if is_given):
        raise WrongUsage(f"{option} cannot be used with a saved plan", hint="plan again with it")
    missing = [name for name in withheld if name not in given]
    if missing:
        again = " ".join(f"--var {name}=..." for name in missing)
        message = f"{withheld[missing[0]]} was made with secret values, which it does not contain"
        raise WrongUsage(message, hint=f"give them again: {again}")


def _stale(file: str, reviewed: Mapping[str, Json], document: Mapping[str, Json], read: Read) -> Stale:
    from reconciler.report.text.values import number_of
    from reconciler.saved_plan.document import GONE, differences

    if reviewed["stack"] != document["stack"]:
        message = f"{file} is a plan of the stack {reviewed['stack']}, and this is the stack {document['stack']}"
        return Stale(f"{message}; nothing was changed", hint="plan again")
    problems = read.secrets.problems(differences(reviewed, document))
    hint = "review the plan above, and save it again"
    if all(problem.code == GONE for problem in problems):
        hint = "changes that are gone may have been applied already: plan again to see the rest"
    if reviewed["tool"]["version"] != document["tool"]["version"]:
        hint += f"; it was made by reconciler {reviewed['tool']['version']}, this is {document['tool']['version']}"
    count = number_of(len(problems), "difference")
    return Stale(f"this is not the plan in {file}: {count}; nothing was changed", hint=hint, problems=problems)

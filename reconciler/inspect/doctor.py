"""What is wrong with a stack, one thing at a time: the cause, the way out, where to look, and what apply would do."""

import re
import shlex
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from reconciler.inspect.status import DELETING, ResourceStatus, StackStatus, unknown_job_notes
from reconciler.kinds import KINDS
from reconciler.kinds.base import ReadCalls
from reconciler.kinds.reasons import (
    INVALID,
    LOOKUP_COMMANDS,
    WAIT_REASONS,
    InvalidReason,
    LookupCommand,
    WaitReason,
    invalid_reason_of,
    is_ended_by_queue,
    wait_reason_of,
)
from reconciler.kinds.reasons import UNKNOWN as UNKNOWN_REASON
from reconciler.live.facts import Counts, TypesAnswer
from reconciler.model import Action, Address, Identity, Json, Live, Path, Stack, dotted, member_at, own_name
from reconciler.placement.catalogue import Catalogue, catalogue
from reconciler.placement.queues import PlacedDefinition, place_stack, pool_of_stack, types_in_doubt_of
from reconciler.placement.verdicts import MAX_RESOURCE, REQUIREMENT, Feasibility
from reconciler.plan.notes import BLOCKED
from reconciler.plan.placement import not_described
from reconciler.problems import CloudError, Problem, Where

# Commands that a person can copy to see more, or to have a stack repaired; none that takes anything away.

Words = Sequence[str]  # of a command line: a stack, and the options that lead to the same place
REPAIRS = (Action.REPAIR, Action.UPDATE, Action.CREATE, Action.REVISION)


def commands(status: StackStatus, resource: ResourceStatus, members: Iterable[Path], again: Words) -> tuple[str, ...]:
    """Return them for one resource. `members` of it are worth a look; `again` leads to the stack."""
    return tuple(_line(words) for words in (*_looks(status.identity, resource, members), *_own(resource, again)))


def _looks(identity: Identity, resource: ResourceStatus, members: Iterable[Path]) -> Iterator[tuple[str, ...]]:
    if resource.live is None:
        return
    here = ("--region", identity.region)
    for member in members:
        for place, look in LOOKUP_COMMANDS.items():
            if place[: len(member)] == member:
                yield from _look(look, member_at(resource.live.spec, map(str, place)), here)
    kind = KINDS[resource.address.kind]
    yield (*_described(kind.read, resource.live.arn if kind.read.by_arn else resource.name), *here)
    if kind.jobs:
        holding = kind.jobs.listing(resource.live.spec)
        words = ("aws", "batch", _dashed(holding.operation))
        yield (*words, f"--{_dashed(holding.of_member)}", resource.name, "--job-status", holding.waiting, *here)


def _look(look: LookupCommand, value: Json, here: tuple[str, ...]) -> Iterator[tuple[str, ...]]:
    names = [own_name(name) for name in ([value] if isinstance(value, str) else value or ())]
    if names:
        yield ("aws", *look.command.split(), look.option, *names, *(here if look.regional else ()))


def _described(reading: ReadCalls, name: str) -> tuple[str, ...]:
    return ("aws", "batch", _dashed(reading.operation), f"--{_dashed(reading.names)}", name)


def _own(resource: ResourceStatus, again: Words) -> Iterator[tuple[str, ...]]:
    repairs = any(change.action in REPAIRS and not change.refusals for change in resource.changes)
    if resource.changes:
        yield ("reconciler", "apply" if repairs else "plan", *again, "--target", str(resource.address))


def _line(words: Iterable[str]) -> str:
    return " ".join(shlex.quote(word) for word in words)


def _dashed(word: str) -> str:
    """Spell a word of the API as the AWS CLI does."""
    return re.sub(r"(?<=[a-z])(?=[A-Z])", "-", word).lower()


WAITS = "WAITING"
KEEPS = "it cannot be deleted until the cause is fixed"
NOT_REPAIRED = "nothing: change the declaration, or fix the cause outside this stack"
NOT_LIMITED = "jobStateTimeLimitActions cannot terminate jobs that wait for this reason"
CURES: Mapping[Action, str] = {
    Action.REPAIR: "updates it",
    Action.UPDATE: "updates it",
    Action.REVISION: "registers a new revision",
    Action.CREATE: "creates it",
    Action.ADOPT: "adopts it",
    Action.REPLACE: "deletes it and creates it again",
    Action.BLUE_GREEN: "creates a new one beside it, moves the queues to it, and deletes it",
    Action.DELETE: "deletes it, because it is no longer declared",
    Action.RETIRE: "deletes it, because a new one has replaced it",
    Action.FORGET: "releases it",
}


@dataclass(frozen=True, slots=True)
class Pointer:
    """A member of the declaration that is worth a look; where it is not declared, the resource's place."""

    member: str
    is_declared: bool
    where: Where | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Diagnosis:
    """`reason` is the service's own word if `is_quoted`. `repair` is what apply would do; `commands` change nothing."""

    address: Address
    name: str  # physical
    status: str
    reason: str
    is_quoted: bool = False
    cause: str = ""
    remedy: str = ""
    members: tuple[Pointer, ...] = ()
    notes: tuple[str, ...] = ()
    repair: str = NOT_REPAIRED
    commands: tuple[str, ...] = ()
    where: Where | None = None


@dataclass(frozen=True, slots=True)
class Examination:
    """A stack, and all that is wrong with it."""

    status: StackStatus
    diagnoses: tuple[Diagnosis, ...]
    notes: tuple[Problem, ...]


TOO_LARGE = (MAX_RESOURCE, REQUIREMENT)  # codes of jobs that are larger than what their queue offers


def place_waiting(
    stack: Stack,
    live: Iterable[Live],
    waiting: Mapping[str, Counts],
    describes: Callable[[Sequence[str]], TypesAnswer] | None,
) -> tuple[tuple[PlacedDefinition, ...], tuple[Problem, ...]]:
    """Return the verdicts on the definitions of a stack, if a job waits since it is too large; and notes on them.

    `describes` asks EC2 about the instance types that the table lacks, or by which jobs could never start.
    """
    reasons = (reason for counts in waiting.values() if isinstance(counts, Mapping) for reason in counts)
    if not any((known := wait_reason_of(reason)) and known.code in TOO_LARGE for reason in reasons):
        return (), ()
    pool = pool_of_stack(stack, catalogue(), live)
    words = types_in_doubt_of(stack, pool) if describes else ()
    described = describes(words) if describes and words else None
    if isinstance(described, Catalogue):
        pool = pool_of_stack(stack, described, live)
    notes = (not_described(described),) if isinstance(described, CloudError) else ()
    return place_stack(stack, pool).definitions, notes


def diagnose(
    status: StackStatus,
    waiting: Mapping[str, Counts],
    again: Words,
    placed: Sequence[PlacedDefinition] = (),
    notes: Iterable[Problem] = (),
) -> Examination:
    """Explain what is unhealthy, and why jobs wait.

    `waiting` is by the queue's ARN, `again` leads to the stack, and `placed` are the verdicts on its job definitions.
    """
    diagnoses = tuple(_diagnoses(status, waiting, again, placed))
    return Examination(status, diagnoses, (*status.notes, *unknown_job_notes(waiting), *notes))


def _diagnoses(
    status: StackStatus, waiting: Mapping[str, Counts], again: Words, placed: Sequence[PlacedDefinition]
) -> Iterator[Diagnosis]:
    for resource in status.resources:
        jobs = waiting.get(resource.live.arn, {}) if resource.live else {}
        counts = jobs if isinstance(jobs, Mapping) else {}
        if resource.is_healthy:
            yield from _delays(status, resource, counts, again, placed)
        else:
            yield _unhealthy(status, resource, sum(counts.values()), again)


def _unhealthy(status: StackStatus, resource: ResourceStatus, waiting: int, again: Words) -> Diagnosis:
    known = (
        invalid_reason_of(resource.live.reason)
        if resource.live and resource.live.status == INVALID and resource.is_ours
        else None
    )
    base = _base(resource, known)
    held = (f"{waiting} {'job waits' if waiting == 1 else 'jobs wait'} in it",) if waiting else ()
    return replace(
        base,
        notes=(*base.notes, *held),
        repair=_repair(resource),
        commands=commands(status, resource, known.members if known else (), again),
        where=resource.desired.places.find(()) if resource.desired else None,
    )


def _base(resource: ResourceStatus, known: InvalidReason | None) -> Diagnosis:
    """Return what is known of the status itself."""
    base = Diagnosis(address=resource.address, name=resource.name, status=resource.health, reason=resource.about)
    if known and resource.live:
        return replace(
            base,
            reason=resource.live.reason,
            is_quoted=True,
            cause=known.cause,
            remedy=known.remedy,
            members=tuple(_pointer(resource, path) for path in known.members),
            notes=(KEEPS,) if known.blocks_deletion else (),
        )
    if resource.unhealthy:
        notes = (NOT_LIMITED,) if resource.health == BLOCKED and INVALID in resource.unhealthy.reason else ()
        return replace(
            base,
            reason=resource.unhealthy.reason,
            cause=resource.unhealthy.cause,
            remedy=resource.unhealthy.remedy,
            notes=notes,
        )
    if resource.health == DELETING and resource.live:
        return _leaving(base, resource.live.reason, KINDS[resource.address.kind].delete.explanation)
    return base


def _leaving(base: Diagnosis, reason: str, leaving: str) -> Diagnosis:
    """AWS shows neither since when a resource is DELETING nor what it waits for."""
    known = invalid_reason_of(reason)
    cause = known.cause if known is not UNKNOWN_REASON else leaving
    remedy = "wait; if the status does not change, remove the cause, and run apply or destroy again"
    return replace(base, reason=reason, is_quoted=True, cause=cause, remedy=remedy)


def _pointer(resource: ResourceStatus, path: Path) -> Pointer:
    member = dotted(path)
    if resource.desired is None:
        return Pointer(member, is_declared=False, where=None)
    is_declared = member_at(resource.desired.spec, map(str, path)) is not None
    return Pointer(member, is_declared=is_declared, where=resource.desired.places.find(path))


def _repair(resource: ResourceStatus) -> str:
    if resource.health == BLOCKED:
        return "nothing: the queue works again as soon as one of its environments works"
    refusals = [refusal for change in resource.changes for refusal in change.refusals]
    if refusals:
        return f"refuses: {refusals[0].hint or refusals[0].message}"
    cures = [CURES[change.action] for change in resource.changes if change.action in CURES]
    is_repaired = any(change.action in (Action.REPAIR, Action.UPDATE) for change in resource.changes)
    if is_repaired and resource.health == INVALID:
        cures.append("so that AWS validates it again")
    return ", ".join(cures) or NOT_REPAIRED


def _delays(
    status: StackStatus,
    resource: ResourceStatus,
    waiting: Mapping[str, int],
    again: Words,
    placed: Sequence[PlacedDefinition],
) -> Iterator[Diagnosis]:
    everything = sum(waiting.values())
    for reason, count in sorted(waiting.items(), key=lambda pair: -pair[1]):
        known = wait_reason_of(reason)
        if known is None:
            continue
        yield Diagnosis(
            address=resource.address,
            name=resource.name,
            status=WAITS,
            reason=reason,
            is_quoted=True,
            cause=known.cause,
            remedy=known.remedy,
            notes=(
                f"reported by {count} of {everything} waiting {'job' if everything == 1 else 'jobs'}",
                *_too_large(resource.address.name, known, placed),
                *_limit(resource, known),
            ),
            commands=commands(status, resource, (), again),
            where=resource.desired.places.find(()) if resource.desired else None,
        )


def _too_large(queue: str, known: WaitReason, placed: Iterable[PlacedDefinition]) -> Iterator[str]:
    """Yield the declared definitions whose jobs can never start in the queue, if that is what AWS reports."""
    for definition in placed if known.code in TOO_LARGE else ():
        verdicts = [pair.verdict for pair in definition.pairs if pair.queue == queue]
        if verdicts and all(verdict.outcome is Feasibility.NEVER for verdict in verdicts):
            yield f"jobs of JobDefinition/{definition.name} can never start in it: a job {verdicts[0].reason}"


def _limit(resource: ResourceStatus, known: WaitReason) -> Iterator[str]:
    """Return whether the queue recovers by itself. The job at its head, which holds up the others, shows the reason."""
    if known not in WAIT_REASONS or resource.live is None:
        return
    if not known.can_be_limited:
        yield NOT_LIMITED
    elif is_ended_by_queue(resource.live.spec, known.code):
        yield "jobStateTimeLimitActions of the queue will terminate it, and the next job can start"
    else:
        yield f"the queue has no jobStateTimeLimitActions with the reason {known.code}, which would terminate it"

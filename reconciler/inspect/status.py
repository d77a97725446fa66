"""The status of each declared or owned resource of a stack: its health, and whether it is as declared."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from enum import StrEnum

from reconciler.kinds import KINDS
from reconciler.kinds.base import DISABLED, is_disabled
from reconciler.kinds.reasons import INVALID
from reconciler.live.facts import Counts
from reconciler.live.ownership import is_ours, logical_name, owner_of
from reconciler.live.resolve import index_live, resolve
from reconciler.model import (
    STATUS,
    Action,
    Address,
    Change,
    Desired,
    Identity,
    Json,
    Live,
    Plan,
    Stack,
    Unhealthy,
    member_at,
)
from reconciler.problems import CloudError, Fault, Problem, Severity

LIVE, MISSING, FOREIGN, DELETING = "live", "missing", "foreign", "DELETING"


class Sync(StrEnum):
    """Whether a resource is as declared, by what the plan would do about it."""

    IN_SYNC = "in sync"
    DRIFTED = "drifted"  # changed outside this stack
    PENDING = "pending"  # ours to change: not applied yet
    NOT_DECLARED = "not declared"  # owned, and on its way out
    NOT_OURS = "-"


@dataclass(frozen=True, slots=True, kw_only=True)
class ResourceStatus:
    """One resource. `health` is the status that AWS shows, or what it amounts to; `about` says why.

    `jobs` counts the live jobs in it by status; None if they were not asked for.
    """

    address: Address
    name: str  # physical; what it will be where it is missing
    health: str
    is_healthy: bool
    sync: Sync
    about: str = ""
    live: Live | None = None
    desired: Desired | None = None
    unhealthy: Unhealthy | None = None
    changes: tuple[Change, ...] = ()
    jobs: Counts | None = None

    @property
    def is_ours(self) -> bool:
        return self.live is not None and self.health != FOREIGN

    @property
    def created_at(self) -> int | None:
        """When it was created, in milliseconds since 1970; AWS Batch shows it for few kinds."""
        member = KINDS[self.address.kind].read.created_at
        moment = self.live.observed.get(member) if self.live and member else None
        return moment if isinstance(moment, int) else None

    @property
    def load(self) -> tuple[Json, Json]:
        """How much of it is in use, and how much there is; None for what is not known."""
        gauge = KINDS[self.address.kind].read.usage
        if gauge is None or self.live is None:
            return None, None
        shown = {**self.live.spec, **self.live.observed}
        return member_at(shown, gauge.used), member_at(shown, gauge.most)


@dataclass(frozen=True, slots=True, kw_only=True)
class StackStatus:
    """All of a stack, those declared first, in the order of the files. `asked`: whether jobs were counted."""

    stack: str
    identity: Identity
    resources: tuple[ResourceStatus, ...]
    notes: tuple[Problem, ...] = ()
    asked: bool = False

    @property
    def is_healthy(self) -> bool:
        return all(resource.is_healthy for resource in self.resources)

    @property
    def counts(self) -> Mapping[str, int]:
        """Each resource is counted once by how it is, and once by whether it is as declared."""
        absent = (MISSING, FOREIGN)
        return {
            "healthy": sum(resource.is_healthy for resource in self.resources),
            "unhealthy": sum(not resource.is_healthy and resource.health not in absent for resource in self.resources),
            **{word: sum(resource.health == word for resource in self.resources) for word in absent},
            **{
                str(sync): sum(resource.sync is sync for resource in self.resources)
                for sync in Sync
                if sync is not Sync.NOT_OURS
            },
        }


def build_status(stack: Stack, plan: Plan, live: Iterable[Live]) -> StackStatus:
    """`plan` is that of the whole stack for what is `live`."""
    index = index_live(live, stack)
    desired, _ = resolve(stack, plan.identity, index)  # its problems would have stopped the plan
    resources = [
        status
        for declared in desired
        for status in _declared_status(stack, plan, declared, index.all_of(declared.address))
    ]
    known = {status.live.arn for status in resources if status.live}
    resources += [_live_status(plan, None, live) for live in index.owned if live.arn not in known]
    return StackStatus(stack=stack.name, identity=plan.identity, resources=tuple(resources), notes=plan.notes)


def job_holders(status: StackStatus) -> Iterator[Live]:
    """Yield the stack's own live resources that may have jobs in them."""
    for resource in status.resources:
        if KINDS[resource.address.kind].jobs and resource.live and resource.is_ours:
            yield resource.live


def with_job_counts(status: StackStatus, held: Mapping[str, Counts]) -> StackStatus:
    """`held` is by ARN. What is unknown is reported, and stops nothing."""
    resources = tuple(
        replace(resource, jobs=held.get(resource.live.arn)) if resource.live else resource
        for resource in status.resources
    )
    return replace(status, resources=resources, notes=(*status.notes, *unknown_job_notes(held)), asked=True)


def unknown_job_notes(held: Mapping[str, Counts]) -> Iterator[Problem]:
    """Yield one note for all the queues of which the jobs are not known for the same reason."""
    errors = {str(error): error for error in held.values() if isinstance(error, CloudError)}
    for error in errors.values():
        hint = f"grant batch:{error.operation}" if error.fault is Fault.DENIED else ""
        message = f"the jobs in the queues are unknown ({error})"
        yield Problem("STA001", message, hint=hint, severity=Severity.NOTE)


def _declared_status(
    stack: Stack, plan: Plan, desired: Desired, candidates: tuple[Live, ...]
) -> Iterator[ResourceStatus]:
    """While one resource replaces another, two are ours under one address."""
    if desired.live is None:
        changes = _changes(plan, desired.address, desired.name)
        yield ResourceStatus(address=desired.address, name=desired.name, health=MISSING, is_healthy=False,
                       sync=Sync.PENDING, about="never applied, or deleted outside this stack", desired=desired,
                       changes=changes)  # fmt: skip
    elif is_ours(desired.live, stack.name, stack.name_prefix):
        yield from (_live_status(plan, desired, candidate) for candidate in candidates or (desired.live,))
    else:
        yield _foreign_status(plan, desired, desired.live)


def _foreign_status(plan: Plan, desired: Desired, live: Live) -> ResourceStatus:
    changes = _changes(plan, desired.address, live.address.name)
    owner = owner_of(live.claims)
    is_refused = any(change.refusals for change in changes)
    return ResourceStatus(
        address=desired.address,
        name=live.address.name,
        health=FOREIGN,
        is_healthy=False,
        sync=Sync.NOT_OURS if is_refused else Sync.PENDING,
        about=f"belongs to {owner}" if owner else "no stack owns it",
        live=live,
        desired=desired,
        changes=changes,
    )


def _live_status(plan: Plan, desired: Desired | None, live: Live) -> ResourceStatus:
    address = desired.address if desired else Address(live.address.kind, logical_name(live))
    changes = _changes(plan, address, live.address.name)
    unhealthy = next(
        (known for known in plan.unhealthy if (known.address, known.name) == (address, live.address.name)), None
    )
    return ResourceStatus(
        address=address,
        name=live.address.name,
        health=unhealthy.status if unhealthy else _health(live),
        is_healthy=unhealthy is None and live.status not in (INVALID, DELETING),
        sync=_sync(changes),
        live=live,
        desired=desired,
        unhealthy=unhealthy,
        changes=changes,
    )


def _health(live: Live) -> str:
    if is_disabled(live.spec) and live.status == "VALID":
        return DISABLED
    return live.status or LIVE  # some kinds have no status: what is there works


def _changes(plan: Plan, address: Address, name: str) -> tuple[Change, ...]:
    """Return what happens to the resource of this physical name; the successor has another, and is its business."""
    return tuple(
        change
        for change in plan.changes
        if change.address == address and (change.name == name or change.action is Action.BLUE_GREEN)
    )


def _sync(changes: Iterable[Change]) -> Sync:
    counting = [change for change in changes if not _is_about_health(change)]
    if any(change.action in (Action.DELETE, Action.FORGET) for change in counting):
        return Sync.NOT_DECLARED
    if any(change.drift for change in counting):
        return Sync.DRIFTED
    return Sync.PENDING if counting else Sync.IN_SYNC


def _is_about_health(change: Change) -> bool:
    """Whether nothing but the status differs from what is declared."""
    return change.action is Action.WAIT or (
        bool(change.fields) and all(field.path == STATUS for field in change.fields)
    )

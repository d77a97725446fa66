"""Which resources cannot be changed in place and get a successor; and which of two stands while one replaces the other.

Nothing is remembered between runs: the name of a successor follows from the declaration, and a successor that an
interrupted run has left behind is found by its tags.
"""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field, replace

from reconciler.diff import first_record
from reconciler.diff.canonical import digest_of
from reconciler.kinds import KINDS
from reconciler.kinds.base import ReplacementMethod
from reconciler.live.ownership import is_ours
from reconciler.live.resolve import LiveIndex, references
from reconciler.model import Address, Desired, FieldChange, Live
from reconciler.plan.planner import Planner, Replacement

LONGEST = 128  # characters of a name
MARK = 6  # hexadecimal digits that tell a successor from its predecessor


@dataclass(frozen=True, slots=True)
class ReplacementDecision:
    """What the plan makes of the resources of one address each: those that stand, and the heirs of others."""

    standing: Mapping[Address, Live] = field(default_factory=dict)
    heirs: Mapping[Address, Replacement] = field(default_factory=dict)

    def and_then(self, more: "ReplacementDecision") -> "ReplacementDecision":
        return ReplacementDecision({**self.standing, **more.standing}, {**self.heirs, **more.heirs})

    def world(self, world: LiveIndex) -> LiveIndex:
        names = {address: heir.name for address, heir in self.heirs.items()}
        return replace(world, ours={**world.ours, **self.standing}, heirs=names)


def settled(planner: Planner, desired: Iterable[Desired], world: LiveIndex, *, allowed: bool) -> ReplacementDecision:
    """Decide for every declared resource that may be replaced. `allowed`: whoever applies has consented."""
    used = {
        value for live in world.named.values() for _, _, value in references(KINDS[live.address.kind].rows, live.spec)
    }
    standing: dict[Address, Live] = {}
    heirs: dict[Address, Replacement] = {}
    for one in desired:
        kind = KINDS[one.address.kind]
        if kind.replacement is None or one.live is None or not is_ours(one.live, *planner.owner):
            continue
        rivals = [
            _Candidate(live, planner.not_in_place(one, live)) for live in world.rivals(one.address) or (one.live,)
        ]
        stands = min(rivals, key=lambda rival: rival.rank(used))
        if stands.live is not one.live:
            standing[one.address] = stands.live
        if stands.fields and _may_be_replaced(one, kind.replacement, allowed=allowed):
            is_beside = kind.replacement is ReplacementMethod.BLUE_GREEN
            name = _name_of_heir(planner, one, world) if is_beside else stands.live.address.name
            heirs[one.address] = Replacement(name, stands.live, stands.fields, kind.replacement)
    return ReplacementDecision(standing, heirs)


@dataclass(frozen=True, slots=True)
class _Candidate:
    """One of those that are ours under one address; `fields` are the members that cannot be changed in it."""

    live: Live
    fields: tuple[FieldChange, ...]

    def rank(self, used: Collection[str]) -> tuple[bool, bool, bool, str]:
        """The one stands that works and can become what is declared; of several the one that queues use already."""
        works = self.live.status not in ("INVALID", "DELETING")
        return (not works or bool(self.fields), not works, self.live.arn not in used, self.live.address.name)


def _may_be_replaced(desired: Desired, how: ReplacementMethod, *, allowed: bool) -> bool:
    choice = desired.lifecycle.replace
    if choice is None or (choice == "blue-green" and how is not ReplacementMethod.BLUE_GREEN):
        return allowed
    return choice == "blue-green"


def _name_of_heir(planner: Planner, desired: Desired, world: LiveIndex) -> str:
    """Return a name that follows from the declaration, so that an interrupted run finds its own again; and is free."""
    base = (planner.stack.name_prefix + desired.address.name)[: LONGEST - MARK - 1]
    digest = first_record(KINDS[desired.address.kind], desired, planner.identity).digest
    tried = 0
    while True:
        name = f"{base}-{digest_of([digest, tried])[:MARK]}"
        if Address(desired.address.kind, name) not in world.named:
            return name
        tried += 1

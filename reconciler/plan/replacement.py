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
from reconciler.kinds.reasons import INVALID
from reconciler.live.ownership import is_ours
from reconciler.live.resolve import LiveIndex, referred_arns
from reconciler.model import Address, Desired, FieldChange, Live
from reconciler.plan.decisions import DELETING, Replacement, ResourcePlanner

LONGEST = 128  # characters of a name
MARK = 6  # hexadecimal digits that tell a successor from its predecessor


@dataclass(frozen=True, slots=True)
class Replacements:
    """By address: which live resource stands where several are ours, and what is created in the place of it."""

    standing: Mapping[Address, Live] = field(default_factory=dict)
    successors: Mapping[Address, Replacement] = field(default_factory=dict)

    def __bool__(self) -> bool:
        return bool(self.standing or self.successors)

    def and_then(self, more: "Replacements") -> "Replacements":
        return Replacements({**self.standing, **more.standing}, {**self.successors, **more.successors})

    def applied_to(self, index: LiveIndex) -> LiveIndex:
        """Return the index in which the standing are found, and declarations have the names of successors."""
        names = {address: successor.name for address, successor in self.successors.items()}
        return replace(index, ours={**index.ours, **self.standing}, successor_names=names)


def find_replacements(
    planner: ResourcePlanner, desired: Iterable[Desired], index: LiveIndex, *, is_allowed: bool
) -> Replacements:
    """Decide for every declared resource that may be replaced. `is_allowed`: whoever applies has consented."""
    used = {arn for live in index.named.values() for arn in referred_arns(live)}
    standing: dict[Address, Live] = {}
    successors: dict[Address, Replacement] = {}
    for resource in desired:
        how = KINDS[resource.address.kind].replacement
        if how is None or resource.live is None or not is_ours(resource.live, *planner.owner):
            continue
        candidates = [
            _Candidate(live, planner.stuck_fields(resource, live))
            for live in index.all_of(resource.address) or (resource.live,)
        ]
        best = min(candidates, key=lambda candidate: candidate.rank(used))
        if best.live is not resource.live:
            standing[resource.address] = best.live
        if best.fields and _may_be_replaced(resource, how, is_allowed=is_allowed):
            is_beside = how is ReplacementMethod.BLUE_GREEN
            name = _successor_name(planner, resource, index) if is_beside else best.live.address.name
            successors[resource.address] = Replacement(name, best.live, best.fields, how)
    return Replacements(standing, successors)


@dataclass(frozen=True, slots=True)
class _Candidate:
    """One of those that are ours under one address; `fields` are those that cannot be changed in it."""

    live: Live
    fields: tuple[FieldChange, ...]

    def rank(self, used: Collection[str]) -> tuple[bool, bool, bool, str]:
        """The one stands that works and can become what is declared; of several the one that queues use already."""
        works = self.live.status not in (INVALID, DELETING)
        return (not works or bool(self.fields), not works, self.live.arn not in used, self.live.address.name)


def _may_be_replaced(desired: Desired, how: ReplacementMethod, *, is_allowed: bool) -> bool:
    choice = desired.lifecycle.replace
    if choice is None or (choice == "blue-green" and how is not ReplacementMethod.BLUE_GREEN):
        return is_allowed
    return choice == "blue-green"


def _successor_name(planner: ResourcePlanner, desired: Desired, index: LiveIndex) -> str:
    """Return a name that follows from the declaration, so that an interrupted run finds its own again; and is free."""
    base = (planner.stack.name_prefix + desired.address.name)[: LONGEST - MARK - 1]
    digest = first_record(KINDS[desired.address.kind], desired, planner.context.identity).digest
    tried = 0
    while True:
        name = f"{base}-{digest_of([digest, tried])[:MARK]}"
        if Address(desired.address.kind, name) not in index.named:
            return name
        tried += 1

"""Who owns what is live: how much of a region is described by a stack, and by whom the rest is managed."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum

from reconciler.importers.names import EVERY_NAME, NameChoice
from reconciler.kinds import KINDS
from reconciler.live.ownership import CLOUDFORMATION, OWNER, tool_tag_of
from reconciler.model import Address, Live
from reconciler.problems import CloudError, Problem, Severity


class Owner(StrEnum):
    """Who may own a resource; in the order in which they are told."""

    STACK = "stack"
    CLOUDFORMATION = "CloudFormation stack"
    MARK = "tag"  # people say so by a tag: it proves nothing
    NOBODY = "unowned"


@dataclass(frozen=True, slots=True)
class OwnerShare:
    """What one owner has, in the order of kinds and names. `name` is the stack's, or the tool and its tag.

    `resources` are physical addresses with their ARNs.
    """

    owner: Owner
    name: str
    resources: tuple[tuple[Address, str], ...]

    def __str__(self) -> str:
        return {Owner.MARK: self.name, Owner.NOBODY: str(self.owner)}.get(self.owner, f"{self.owner} {self.name}")


@dataclass(frozen=True, slots=True)
class Coverage:
    """`excluded` are as many as were left out by their names: they do not count."""

    shares: tuple[OwnerShare, ...]
    excluded: int = 0

    @property
    def total(self) -> int:
        return sum(len(share.resources) for share in self.shares)

    @property
    def covered(self) -> int:
        return sum(len(share.resources) for share in self.shares if share.owner is Owner.STACK)

    @property
    def percent(self) -> int:
        """Rounded down: 100 means all. Of nothing, all is covered."""
        return self.covered * 100 // self.total if self.total else 100


def unread_kinds(unread: Mapping[str, CloudError]) -> tuple[Problem, ...]:
    """Return a warning of each kind that could not be read, by its name."""
    return tuple(
        Problem("IMP006", f"{KINDS[name].section} could not be read ({error})", severity=Severity.WARNING)
        for name, error in unread.items()
    )


def coverage(live: Iterable[Live], names: NameChoice = EVERY_NAME) -> Coverage:
    kinds, owners = list(KINDS), list(Owner)
    chosen = [one for one in live if names.is_chosen(one.address.name)]
    counted = [one for one in chosen if not names.excluding(one.address.name)]
    ordered = sorted(counted, key=lambda one: (kinds.index(one.address.kind), one.address.name))
    shares: dict[tuple[Owner, str], list[tuple[Address, str]]] = {}
    for one in ordered:
        shares.setdefault(_owner(one), []).append((one.address, one.arn))
    ranked = sorted(shares, key=lambda key: (owners.index(key[0]), key[1]))
    found = tuple(OwnerShare(owner, name, tuple(shares[owner, name])) for owner, name in ranked)
    return Coverage(found, excluded=len(chosen) - len(counted))


def _owner(live: Live) -> tuple[Owner, str]:
    if OWNER in live.claims:
        return Owner.STACK, live.claims[OWNER]
    if CLOUDFORMATION in live.claims:
        return Owner.CLOUDFORMATION, live.claims[CLOUDFORMATION]
    mark = tool_tag_of(live.claims)
    return (Owner.MARK, str(mark)) if mark else (Owner.NOBODY, "")

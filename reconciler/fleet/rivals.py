"""Targets that would take each other's resources for their own: one stack's name, twice in one place."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass

from reconciler.fleet.target import FleetTarget


@dataclass(frozen=True, slots=True)
class Claim:
    """Under which name a target owns what it makes, and in which region; what is empty, nobody knows beforehand."""

    stack: str
    name_prefix: str = ""
    region: str = ""


def rivals(
    targets: Iterable[FleetTarget], chosen: Iterable[FleetTarget], claim: Callable[[FleetTarget], Claim]
) -> Mapping[str, tuple[str, Claim]]:
    """Return those of the chosen that have a rival among all targets: its name, and what both claim.

    `claim` reads files, and is asked of those alone that share an account with another.
    """
    found: dict[tuple[str, Claim], list[str]] = {}
    wanted = {target.name for target in chosen}
    for account, together in _by_account(targets).items():
        if len(together) > 1 and any(target.name in wanted for target in together):
            for target in _close(together):
                found.setdefault((account, claim(target)), []).append(target.name)
    return {
        name: (next(other for other in names if other != name), claimed)
        for (_, claimed), names in found.items()
        for name in names
        if claimed.stack and len(names) > 1 and name in wanted
    }


def _by_account(targets: Iterable[FleetTarget]) -> Mapping[str, list[FleetTarget]]:
    """Group targets by their account; by what leads to it where nobody says which it is."""
    groups: dict[str, list[FleetTarget]] = {}
    for target in targets:
        groups.setdefault(target.account or f"{target.role_arn} {target.profile}", []).append(target)
    return groups


def _close(targets: Sequence[FleetTarget]) -> list[FleetTarget]:
    """Return those that may be in one region with another: of some only their stacks say which it is."""
    regions = [target.region for target in targets]
    return [target for target in targets if "" in regions or regions.count(target.region) > 1]

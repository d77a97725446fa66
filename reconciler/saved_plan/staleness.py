"""How a plan differs from the one that was reviewed: which change is new, gone or another, and in which member."""

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

from reconciler.model import Action, Json
from reconciler.problems import Problem, Where
from reconciler.report.text.values import ACTIONS, inline, list_changes
from reconciler.saved_plan.sealing import essence

NEW, GONE, OTHER = "STL001", "STL002", "STL003"
LEAVING = tuple(word for action, word in ACTIONS.items() if action.leaves or action is Action.FORGET)
FEW = 3  # members that are told of a change which only one of the plans has

Change = Mapping[str, Json]


@dataclass(frozen=True, slots=True)
class _ComparedField:
    before: Json
    after: Json
    cost: str

    def __str__(self) -> str:
        after = "absent" if self.after is None else inline(self.after)
        return after if self.before is None else f"{inline(self.before)} -> {after}"


def differences(reviewed: Mapping[str, Json], now: Mapping[str, Json]) -> tuple[Problem, ...]:
    """Return what tells the documents of two plans apart, in the order of the plan of now."""
    old, new = _by_resource(reviewed), _by_resource(now)
    places = {change["address"]: _where(change) for change in now["changes"]}
    arns = re.compile(rf"arn:[a-z-]+:batch:{now['region']}:{now['account']}:")
    return tuple(
        Problem(code, f"{address}: {arns.sub('', text)}", places.get(address))
        for (address, _), code, text in (*_of_now(old, new), *_of_then(old, new))
    )


Key = tuple[str, str]  # address, and the physical name of what leaves: one may leave while its namesake comes
Changes = Mapping[Key, Change]


def _by_resource(document: Mapping[str, Json]) -> dict[Key, Change]:
    return {
        (change["address"], change["name"] if change["action"] in LEAVING else ""): change
        for change in essence(document)
    }


def _where(change: Change) -> Where | None:
    return Where(change["file"], change["line"] or 0, change["column"] or 0) if change["file"] else None


def _of_now(old: Changes, new: Changes) -> Iterator[tuple[Key, str, str]]:
    for key, change in new.items():
        if key not in old:
            yield key, NEW, f"{change['action']} was not planned{_briefly(change)}"
        elif change != old[key]:
            yield from ((key, OTHER, text) for text in _told(old[key], change))


def _of_then(old: Changes, new: Changes) -> Iterator[tuple[Key, str, str]]:
    for key, change in old.items():
        if key not in new:
            yield key, GONE, f"{change['action']} was planned, and nothing is to be done now{_briefly(change)}"


def _briefly(change: Change) -> str:
    """What a resource is created with is too much to be told here."""
    members = _members(change) if change["action"] != ACTIONS[Action.CREATE] else {}
    told = [f"{path} {member}" for path, member in members.items()][:FEW]
    more = [f"{len(members) - FEW} more"] if len(members) > FEW else []
    return f" ({', '.join((*told, *more))})" if told else ""


def _told(then: Change, now: Change) -> Iterator[str]:
    """Requests follow from the members: they are told where nothing else tells what is different."""
    found = [*_facts(then, now), *_differing(_members(then), _members(now), "no change")]
    found = found or list(_differing(_requests(then), _requests(now), "absent"))
    yield from found or ["the same requests in another order"]


def _facts(then: Change, now: Change) -> Iterator[str]:
    for what in ("action", "name"):
        if then[what] != now[what]:
            yield f"{what}: planned {then[what]}, now {now[what]}"


def _differing(then: Mapping[str, _ComparedField], now: Mapping[str, _ComparedField], none: str) -> Iterator[str]:
    for path in {**then, **now}:
        old, new = then.get(path), now.get(path)
        if old == new:
            continue
        if old is None or new is None:
            was, is_ = (none if side is None else str(side) for side in (old, new))
        else:
            was, is_ = _apart(old, new)
        yield f"{path}: planned {was}, now {is_}"


def _apart(old: _ComparedField, new: _ComparedField) -> tuple[str, str]:
    """Return what tells two members apart, and no more of it than that."""
    if (old.before, old.after) == (new.before, new.after):
        return f"{old} ({old.cost})", f"{new} ({new.cost})"
    if old.before == new.before and isinstance(old.after, list) and isinstance(new.after, list):
        changes = list(list_changes(old.after, new.after))
        return _entries("-", changes), _entries("+", changes)
    return str(old), str(new)


def _entries(sign: str, changes: Iterable[tuple[str, str]]) -> str:
    told = ", ".join(text for each, text in changes if each == sign)
    return f"with {told}" if told else "without"


def _members(change: Change) -> dict[str, _ComparedField]:
    return {
        path: member
        for name, (before, after, cost) in change["members"].items()
        for path, member in _leaves(name, before, after, cost)
    }


def _requests(change: Change) -> dict[str, _ComparedField]:
    seen: dict[str, int] = {}
    found: dict[str, _ComparedField] = {}
    for operation, request in change["requests"]:
        seen[operation] = seen.get(operation, 0) + 1
        number = f" {seen[operation]}" if seen[operation] > 1 else ""
        found |= dict(_leaves(f"{operation}{number}", None, request, ""))
    return found


def _leaves(path: str, before: Json, after: Json, cost: str) -> Iterator[tuple[str, _ComparedField]]:
    """Yield the members below a path that have no members of their own, on either side."""
    structures = [side for side in (before, after) if side is not None]
    if not structures or not all(isinstance(side, Mapping) and side for side in structures):
        yield path, _ComparedField(before, after, cost)
        return
    old, new = before or {}, after or {}
    for key in {**old, **new}:
        yield from _leaves(f"{path}.{key}", old.get(key), new.get(key), cost)

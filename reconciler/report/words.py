"""The words that every output shares: signs, actions, costs, and the lines that scripts look for."""

from collections.abc import Mapping
from datetime import UTC, datetime

from reconciler.apply import State
from reconciler.model import Action, Change, Plan
from reconciler.problems import Where

ACTIONS: Mapping[Action, str] = {
    Action.CREATE: "create",
    Action.UPDATE: "update",
    Action.REVISION: "new revision",
    Action.REPLACE: "replace",
    Action.BLUE_GREEN: "blue-green",
    Action.DELETE: "delete",
    Action.RETIRE: "retire",
    Action.ADOPT: "adopt",
    Action.FORGET: "forget",
    Action.REPAIR: "repair",
    Action.PRUNE: "prune",
    Action.WAIT: "wait",
}

_COUNTED = (
    ("add", (Action.CREATE,)),
    ("change", (Action.UPDATE, Action.REVISION, Action.REPAIR)),
    ("replace", (Action.REPLACE, Action.BLUE_GREEN)),
    ("destroy", (Action.DELETE,)),
    ("adopt", (Action.ADOPT,)),
    ("forget", (Action.FORGET,)),
    ("prune", (Action.PRUNE,)),
)
# What goes, or is replaced: what a reviewer has to see first.
DESTRUCTIVE = (Action.DELETE, Action.REPLACE, Action.BLUE_GREEN, Action.RETIRE)
ALWAYS = 4  # of these, the first four are named even when they are 0: scripts look for them


def summary(plan: Plan) -> dict[str, int]:
    """Count the plan's changes by what they come to."""
    counts = {word: sum(plan.counts.get(action, 0) for action in actions) for word, actions in _COUNTED}
    return {**counts, "refused": plan.refused_count, "unchanged": plan.unchanged}


def plan_line(plan: Plan) -> str:
    """The last line of a plan. What is rare is appended, so that the beginning stays as it is."""
    counts = summary(plan)
    words = [word for word, _ in _COUNTED]
    main = ", ".join(f"{counts[word]} to {word}" for word in words[:ALWAYS])
    rare = [f" {counts[word]} to {word}." for word in words[ALWAYS:] if counts[word]]
    refused = f" {counts['refused']} refused." if counts["refused"] else ""
    return f"Plan: {main}.{''.join(rare)}{refused}"


def outcome_line(counts: Mapping[State, int]) -> str:
    always = (State.DONE, State.FAILED, State.SKIPPED, State.NOT_STARTED)
    main = ", ".join(f"{counts.get(state, 0)} {state}" for state in always)
    rare = [
        f" {counts[state]} {state}."
        for state in (State.UNHEALTHY, State.TIMED_OUT, State.INTERRUPTED)
        if counts.get(state)
    ]
    return f"Apply: {main}.{''.join(rare)}"


def is_greeted_by_name(change: Change) -> bool:
    """Whether the physical name is worth showing beside the logical one."""
    return bool(change.name) and change.name != change.address.name


def place(where: Where | None, beside: Where | None = None) -> str:
    """File and line, for people to jump to; `beside` a place in the same file the line is enough."""
    if where is None or where.file == "<memory>":
        return ""
    if beside is not None and beside.file == where.file:
        return f":{where.line}" if where.line else ""
    return f"{where.file}:{where.line}" if where.line else where.file


def duration(seconds: float) -> str:
    """5 s, 2 min 30 s, 1 h 5 min: the two largest units."""
    whole = round(seconds)
    if whole < 60:  # noqa: PLR2004 - seconds in a minute
        return f"{whole} s"
    minutes, rest = divmod(whole, 60)
    if minutes < 60:  # noqa: PLR2004 - minutes in an hour
        return f"{minutes} min {rest} s" if rest else f"{minutes} min"
    hours, minutes = divmod(minutes, 60)
    return f"{hours} h {minutes} min" if minutes else f"{hours} h"


def iso(milliseconds: int) -> str:
    """Return a moment that AWS tells in milliseconds since 1970: 2026-11-25T12:00:00Z."""
    return datetime.fromtimestamp(milliseconds / 1000, UTC).isoformat(timespec="seconds").replace("+00:00", "Z")


def plural(count: int, noun: str) -> str:
    """Count resources by the noun of their kind: `2 scheduling policies`."""
    words = noun.replace("-", " ")
    if count == 1:
        return f"1 {words}"
    return f"{count} {words.removesuffix('y')}ies" if words.endswith("y") else f"{count} {words}s"


def number_of(count: int, noun: str) -> str:
    return f"{count} {noun}" if count == 1 else f"{count} {noun}s"

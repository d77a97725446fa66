"""What an unknown member was meant to be: another spelling, a typo, or one that belongs elsewhere."""

import difflib
import re
from collections import deque
from collections.abc import Sequence

from reconciler.kinds.base import Kind
from reconciler.model import Json, Path, dotted

DEFS = "#/$defs/"


def meant(name: str, members: Sequence[str], kind: Kind, defs: Json) -> str:
    """Return a hint for a name that is none of the members."""
    if name in (*kind.response_only, kind.arn_member):
        return "only answers of the API have it: leave it out"
    own = {_letters(member): member for member in members}
    if near := difflib.get_close_matches(_letters(name), own, n=1, cutoff=0.7):
        return f"did you mean {own[near[0]]}?"
    if home := _home(_letters(name), kind, defs):
        return f"it belongs to {dotted(home)}"
    return f"members here: {', '.join(members)}"


def _home(name: str, kind: Kind, defs: Json) -> Path:
    """Return the outermost structure of the kind that has a member of this name."""
    bodies: deque[tuple[Path, Json]] = deque([((), defs[kind.create])])
    while bodies:
        path, body = bodies.popleft()
        if path and name in {_letters(member) for member in body["properties"]}:
            return path
        for member, schema in body["properties"].items():
            target = schema.get("items", schema).get("$ref", "").removeprefix(DEFS)
            if target:
                bodies.append(((*path, member), defs[target]))
    return ()


def _letters(name: str) -> str:
    return re.sub(r"[^a-z0-9]", "", name.lower())

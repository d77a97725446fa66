"""Which members a resource can have, and in which of its structures."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import NamedTuple

from reconciler.kinds.base import Kind
from reconciler.model import Json, Path, dotted

DEFS = "#/$defs/"
EACH = -1  # the step of a path into a list that means all of its entries
FORMS = {"object": dict, "array": list}


class MemberPlace(NamedTuple):
    """The structure at `path` has the member, which takes a mapping, a list, or (`str`) a single value."""

    path: Path
    member: str
    form: type

    def takes(self, value: Json) -> bool:
        return value is None or self.form is next((form for form in (dict, list) if isinstance(value, form)), str)


@dataclass(frozen=True, slots=True)
class Vocabulary:
    """`defs` are the definitions of the schema of stacks."""

    defs: Mapping[str, Json]
    known: dict[str, Mapping[str, list[MemberPlace]]] = field(default_factory=dict)

    def homes(self, kind: Kind) -> Mapping[str, list[MemberPlace]]:
        """Return every member by its letters, with `lifecycle` and the short forms."""
        if kind.name not in self.known:
            homes: dict[str, list[MemberPlace]] = {}
            for home in self._homes({"$ref": DEFS + kind.name}, ()):
                homes.setdefault(letters(home.member), []).append(home)
            self.known[kind.name] = homes
        return self.known[kind.name]

    def members(self, kind: Kind, path: Path) -> Mapping[str, Json]:
        """Return the members that a request has at a path; none where it has no structure."""
        members: Mapping[str, Json] = self._structure(kind, path).get("properties", {})
        return members

    def required(self, kind: Kind, path: Path) -> tuple[str, ...]:
        """Return the members that a structure must have."""
        return tuple(self._structure(kind, path).get("required", ()))

    def _structure(self, kind: Kind, path: Path) -> Json:
        schema = self.resolved({"$ref": DEFS + kind.create})
        for step in path:
            inner = schema.get("items") if isinstance(step, int) else schema.get("properties", {}).get(step)
            schema = self.resolved(inner or {})
        return schema

    def resolved(self, schema: Json) -> Json:
        """Return a schema without references; of several forms the long one, which is first."""
        while target := schema.get("$ref", "").removeprefix(DEFS) or schema.get("anyOf"):
            if isinstance(target, str):
                name, _, member = target.partition("/properties/")
                schema = self.defs[name]["properties"][member] if member else self.defs[name]
            else:
                schema = target[0]
        return schema

    def _homes(self, schema: Json, path: Path) -> Iterator[MemberPlace]:
        schema = self.resolved(schema)
        if "items" in schema:
            yield from self._homes(schema["items"], (*path, EACH))
        for member, inner in schema.get("properties", {}).items():
            yield MemberPlace(path, member, FORMS.get(str(self.resolved(inner).get("type")), str))
            yield from self._homes(inner, (*path, member))


def letters(name: str) -> str:
    """Return what is left of a name in whatever style."""
    return re.sub(r"[^a-z0-9]", "", name.lower())


def spelled(path: Path) -> str:
    """Write a path with `[]` for each entry of a list: `containerProperties.environment[].name`."""
    return dotted(path).replace(f"[{EACH}]", "[]")


def inside(value: Json, step: str | int) -> Json:
    """Return what a step leads to, of a list the first entry; None if it leads to nothing."""
    if step == EACH:
        return value[0] if isinstance(value, list) and value else None
    return value.get(step) if isinstance(value, Mapping) else None

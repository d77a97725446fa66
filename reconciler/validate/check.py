"""A body and its schema → the body in the API's types and spelling, and whether anything in it does not fit.

One fast walk, which understands the keywords that our own schemas use. What exactly does not fit, jsonschema finds out
(`explain_errors`).
"""

import math
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import cache
from operator import is_

from reconciler.model import Json, Path
from reconciler.placeholders import Unknown
from reconciler.problems import Problem

DEFS = "#/$defs/"
KNOWN = {
    "$ref", "type", "enum", "properties", "required", "additionalProperties", "propertyNames", "items", "minimum",
    "maximum", "minLength", "maxLength", "pattern", "minItems", "maxItems", "maxProperties", "description", "default",
    "title", "examples",
}  # fmt: skip


@dataclass(slots=True)
class Doubt:
    """Whether a walk has found anything that the schema does not allow."""

    raised: bool = False


@dataclass(frozen=True, slots=True)
class SchemaResult:
    """What is wrong with a body. `unknown_values` has the known values for each value that is not known.

    `spellings` has the service's spelling of newer values that are written in a different case.
    """

    problems: list[Problem] = field(default_factory=list)
    unknown_values: Mapping[Path, tuple[str, ...]] = field(default_factory=dict)
    spellings: Mapping[Path, str] = field(default_factory=dict)


Reader = Callable[[Json, Doubt], Json]
Check = Callable[[Json], bool]


@dataclass(slots=True)
class Readers:
    """Readers of the definitions of a schema, each made when first needed."""

    defs: Mapping[str, Json]
    made: dict[str, Reader] = field(default_factory=dict)

    def read(self, name: str, value: Json) -> tuple[Json, bool]:
        """Return the value in the API's types and spelling, and whether anything in it does not fit."""
        doubt = Doubt()
        return self.named(name)(value, doubt), doubt.raised

    def named(self, name: str) -> Reader:
        if name not in self.made:
            self.made[name] = self.reader(self.defs[name])
        return self.made[name]

    def reader(self, schema: Json) -> Reader:
        """Return the reader of a schema. If it has keywords that are not known here, jsonschema decides."""
        return self._made(schema) if set(schema) <= KNOWN else _undecided

    def _made(self, schema: Json) -> Reader:
        checks = _checks(schema)
        if "$ref" in schema:
            return _checked(self.named(schema["$ref"].removeprefix(DEFS)), checks)
        if "enum" in schema:
            return _choice(schema["enum"])
        if "examples" in schema:
            return _choice(schema["examples"])
        match schema.get("type"):
            case "object" if "properties" in schema:
                required = frozenset(schema.get("required", ()))
                return _structure(schema["properties"], self.reader, required, unset_if_empty(schema))
            case "object":
                return _map(
                    self.reader(schema["additionalProperties"]), _checks(schema.get("propertyNames", {})), checks
                )
            case "array":
                return _list(self.reader(schema["items"]), checks)
            case "integer" | "number" as wanted:
                return _number(checks, is_whole=wanted == "integer")
            case "boolean":
                return _boolean
            case _:
                return _string(checks)


def unset_if_empty(schema: Json) -> frozenset[str]:
    """Return the fields of a structure for which an empty text means the same as no value.

    These are its optional texts, but for those whose default is the empty text. Of a map or a list, an empty text is
    an entry like any other. Import, comparison and requests see what this leaves.
    """
    return frozenset(
        name
        for name, member in schema["properties"].items()
        if name not in schema.get("required", ())
        and member.get("default") != ""
        and ("enum" in member or "string" in member.get("type", ()))
    )


def text(value: Json) -> Json:
    """Return a scalar as the string that the user wrote; everything else as it is."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int | float):
        return str(getattr(value, "text", value))
    return value


@cache
def pattern_of(text: str) -> re.Pattern[str]:
    """Return a pattern of a schema. Its `$` is the end of the text; in Python, a line break could follow."""
    return re.compile(f"{text[:-1]}\\Z" if text.endswith("$") and not text.endswith("\\$") else text)


def plain(value: Json) -> Json:
    """Return a value as plain JSON data, whatever classes it was made of."""
    if isinstance(value, Mapping):
        return {_key(key): plain(inner) for key, inner in value.items()}
    return [plain(inner) for inner in value] if isinstance(value, list | tuple) else value


def _key(key: Json) -> str:
    return key if isinstance(key, str) else str(text(key))


def _undecided(value: Json, doubt: Doubt) -> Json:
    doubt.raised = True
    return plain(value)


def _checked(reader: Reader, checks: tuple[Check, ...]) -> Reader:
    if not checks:
        return reader

    def read(value: Json, doubt: Doubt) -> Json:
        out = reader(value, doubt)
        if not doubt.raised and not all(check(out) for check in checks):
            doubt.raised = True
        return out

    return read


def _structure(
    schemas: Mapping[str, Json], make: Callable[[Json], Reader], required: frozenset[str], unset: frozenset[str]
) -> Reader:
    """Return the reader of a structure. It makes the reader of a field that some body has: most bodies have few."""
    made: dict[str, Reader] = {}

    def read(value: Json, doubt: Doubt) -> Json:
        if not isinstance(value, (dict, Mapping)):
            return _undecided(value, doubt)
        out = {}
        for name, inner in value.items():
            if inner is None or (inner == "" and name in unset):
                continue
            reader = made.get(name)
            if reader is None:
                reader = made[name] = make(schemas[name]) if name in schemas else _undecided
            out[name if type(name) is str else _key(name)] = reader(inner, doubt)
        if not required <= out.keys():
            doubt.raised = True
        return _kept(value, out)

    return read


def _kept(value: Json, out: dict[str, Json]) -> Json:
    """Return the mapping itself if reading it has changed nothing: most of a stack is then in memory once."""
    is_same = type(value) is dict and all(map(is_, value, out)) and all(map(is_, value.values(), out.values()))
    return value if is_same and len(value) == len(out) else out


def _map(reader: Reader, keys: tuple[Check, ...], checks: tuple[Check, ...]) -> Reader:
    def read(value: Json, doubt: Doubt) -> Json:
        if not isinstance(value, Mapping):
            return _undecided(value, doubt)
        out = {_key(key): reader(inner, doubt) for key, inner in value.items() if inner is not None}
        if not all(check(key) for key in out for check in keys) or not all(check(out) for check in checks):
            doubt.raised = True
        return _kept(value, out)

    return read


def _list(reader: Reader, checks: tuple[Check, ...]) -> Reader:
    def read(value: Json, doubt: Doubt) -> Json:
        if not isinstance(value, list | tuple):
            return _undecided(value, doubt)
        out = [reader(item, doubt) for item in value]
        if checks and not all(check(out) for check in checks):
            doubt.raised = True
        return value if type(value) is list and all(map(is_, value, out)) else out

    return read


def _string(checks: tuple[Check, ...]) -> Reader:
    def read(value: Json, doubt: Doubt) -> Json:
        out = value if type(value) is str else text(value)
        if not isinstance(out, str) or isinstance(out, Unknown):
            return _undecided(value, doubt)
        for check in checks:
            if not check(out):
                doubt.raised = True
        return out

    return read


def _choice(values: list[str]) -> Reader:
    own = {value.lower(): value for value in reversed(values)}
    spelled = frozenset(own.values())

    def read(value: Json, doubt: Doubt) -> Json:
        if type(value) is str and value in spelled:
            return value
        out = text(value)
        if not isinstance(out, str) or out.lower() not in own:
            return _undecided(out, doubt)
        return own[out.lower()]

    return read


def _number(checks: tuple[Check, ...], *, is_whole: bool) -> Reader:
    def read(value: Json, doubt: Doubt) -> Json:
        if isinstance(value, bool) or not isinstance(value, int | float):
            return _undecided(value, doubt)
        if isinstance(value, float) and not math.isfinite(value):
            return _undecided(str(value), doubt)  # JSON has no such number
        out = int(value) if isinstance(value, int) or (is_whole and value.is_integer()) else float(value)
        if (is_whole and isinstance(out, float)) or not all(check(out) for check in checks):
            doubt.raised = True
        return out

    return read


def _boolean(value: Json, doubt: Doubt) -> Json:
    return value if isinstance(value, bool) else _undecided(value, doubt)


def _checks(schema: Json) -> tuple[Check, ...]:
    """Return the bounds of a schema as predicates on a value of the right type."""
    return tuple(make(schema[keyword]) for keyword, make in BOUNDS.items() if keyword in schema)


BOUNDS: dict[str, Callable[[Json], Check]] = {
    "minimum": lambda bound: lambda value: value >= bound,
    "maximum": lambda bound: lambda value: value <= bound,
    "minLength": lambda bound: lambda value: len(value) >= bound,
    "maxLength": lambda bound: lambda value: len(value) <= bound,
    "minItems": lambda bound: lambda value: len(value) >= bound,
    "maxItems": lambda bound: lambda value: len(value) <= bound,
    "maxProperties": lambda bound: lambda value: len(value) <= bound,
    "pattern": lambda bound: lambda value: pattern_of(bound).search(value) is not None,
}

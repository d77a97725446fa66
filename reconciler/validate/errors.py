"""What exactly is wrong with a body: jsonschema finds it, we say it in our words, with a place and a way out."""

import difflib
import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from reconciler.kinds.base import Kind
from reconciler.looked_up import Unknown
from reconciler.model import Declared, Json, Path, dotted
from reconciler.ports import Takes, takes_nothing
from reconciler.problems import Problem, Severity
from reconciler.validate.meant import DEFS, meant

if TYPE_CHECKING:
    from jsonschema import Draft202012Validator
    from jsonschema.exceptions import ValidationError

NOUNS = {
    "string": "text",
    "integer": "a whole number",
    "number": "a number",
    "boolean": "true or false",
    "array": "a list",
    "object": "a mapping",
}
BOUNDS = {
    "minimum": ("SCH005", "must be at least {}"),
    "maximum": ("SCH005", "must be at most {}"),
    "minLength": ("SCH007", "must have at least {} characters"),
    "maxLength": ("SCH007", "must have at most {} characters"),
    "minItems": ("SCH007", "must have at least {} entries"),
    "maxItems": ("SCH007", "must have at most {} entries"),
    "maxProperties": ("SCH007", "must have at most {} entries"),
}
UNKNOWN, NEWER = "SCH001", "SCH009"
NEWER_HINT = "the installed AWS SDK knows it; upgrade reconciler when a version does, too"
SHOWN = 60  # characters of the longest text in a message


@dataclass(slots=True)
class Judge:
    """Validators of the kinds' bodies, compiled when the first resource needs one."""

    schema: Json
    takes: Takes = takes_nothing
    compiled: dict[str, "Draft202012Validator"] = field(default_factory=dict)

    def problems(self, kind: Kind, resource: Declared) -> list[Problem]:
        """Return everything that the schema has against a resource, each thing once; nothing about an `Unknown`."""
        errors = self._validator(kind.create).iter_errors(resource.spec)
        known = (error for error in errors if not isinstance(error.instance, Unknown))
        said = (said for error in known for said in _said(_found(error), kind, self.schema["$defs"]))
        return [self._problem(kind, resource, one) for one in dict.fromkeys(said)]

    def _problem(self, kind: Kind, resource: Declared, said: "_Said") -> Problem:
        where, told = resource.places.find(said.path), f"{resource.address}: {dotted(said.path) or 'the body'}"
        operations = (kind.create, kind.update) if said.code == UNKNOWN else ()
        if any(self.takes(operation, said.path) for operation in operations if operation):
            message = f"{told} is newer than this version of reconciler: it is sent as it is written, unchecked"
            return Problem(NEWER, message, where, NEWER_HINT, Severity.WARNING)
        return Problem(said.code, f"{told} {said.text}", where, said.hint)

    def _validator(self, name: str) -> "Draft202012Validator":
        from jsonschema import Draft202012Validator  # noqa: PLC0415 - a valid stack never loads it

        if name not in self.compiled:
            schema = {"$ref": DEFS + name, "$defs": self.schema["$defs"]}
            self.compiled[name] = Draft202012Validator(schema)
        return self.compiled[name]


@dataclass(frozen=True, slots=True)
class _Found:
    """One error of jsonschema: the word of the schema that refuses, where, and with which value and bound."""

    word: str
    path: Path
    schema: Json
    value: Json
    bound: Json
    of_key: bool  # of a key of a map, not of its value

    @property
    def says(self) -> str:
        return str(self.schema.get("description", ""))


@dataclass(frozen=True, slots=True)
class _Said:
    """One finding before it knows its resource."""

    code: str
    path: Path
    text: str
    hint: str = ""


def _found(error: "ValidationError") -> _Found:
    return _Found(
        str(error.validator),
        tuple(error.absolute_path),
        error.schema,
        error.instance,
        error.validator_value,
        "propertyNames" in error.schema_path,
    )


def _said(found: _Found, kind: Kind, defs: Json) -> Iterator[_Said]:
    match found.word:
        case "additionalProperties":
            yield from _unknown(found, kind, defs)
        case "required":
            yield from _missing(found)
        case "type":
            wanted = NOUNS["string" if isinstance(found.bound, list) else found.bound]
            text = f"must be {wanted}, and is {_shown(found.value)}"
            yield _Said("SCH002", found.path, text, _way_out(found.bound, found.value) or found.says)
        case "enum":
            yield _choice(found.path, found.value, found.bound)
        case "pattern":
            text = f"is {_shown(found.value)}, which does not match {found.bound}"
            yield _Said("SCH006", found.path, text, found.says)
        case word if word in BOUNDS:
            yield _bound(found)
        case word:
            yield _Said("SCH008", found.path, f"is {_shown(found.value)}, which does not fit ({word})", found.says)


def _unknown(found: _Found, kind: Kind, defs: Json) -> Iterator[_Said]:
    members = found.schema["properties"]
    for name in found.value:
        if name not in members:
            yield _Said(UNKNOWN, (*found.path, name), "is not a member", meant(name, tuple(members), kind, defs))


def _missing(found: _Found) -> Iterator[_Said]:
    for name in found.bound:
        if name not in found.value:
            hint = found.schema["properties"][name].get("description", "")
            yield _Said("SCH004", (*found.path, name), "is missing", hint)


def _bound(found: _Found) -> _Said:
    code, text = BOUNDS[found.word]
    whose = "has a key that " if found.of_key else ""
    measure = f"is {found.value}" if code == "SCH005" else f"has {len(found.value)}"
    wanted = text.format(found.bound)
    one = wanted.replace("characters", "character").replace("entries", "entry") if found.bound == 1 else wanted
    return _Said(code, found.path, f"{whose}{one}, and {measure}", found.says)


def _choice(path: Path, value: Json, allowed: list[str]) -> _Said:
    own = list({choice.lower(): choice for choice in reversed(allowed)}.values())[::-1]
    near = difflib.get_close_matches(str(value).lower(), [choice.lower() for choice in own], n=1)
    hint = next((f"did you mean {choice}?" for choice in own if near and choice.lower() == near[0]), "")
    known = ", ".join(choice or '""' for choice in own)
    return _Said("SCH003", path, f"is {_shown(value)}, which is not one of {known}", hint)


def _way_out(wanted: Json, value: Json) -> str:
    if wanted in ("integer", "number", "boolean") and isinstance(value, str):
        try:
            return f"write it without quotes: {value}" if NOUNS[wanted] == _noun(json.loads(value)) else ""
        except ValueError:
            return ""
    if wanted == "array":
        return "write each entry on a line of its own that begins with -"
    return ""


def _noun(value: Json) -> str:
    if isinstance(value, bool):
        return NOUNS["boolean"]
    return NOUNS["integer"] if isinstance(value, int) else NOUNS["number"] if isinstance(value, float) else ""


def _shown(value: Json) -> str:
    """Show a scalar. Lists and mappings may be long, and may hold what nobody should read.

    A text is shown exactly as it is or not at all: reports find the values of secret variables by their texts,
    and would miss one that is cut short or escaped.
    """
    match value:
        case None:
            return "empty"
        case dict():
            return "a mapping"
        case list():
            return "a list"
        case str():
            is_plain = len(value) <= SHOWN and json.dumps(value, ensure_ascii=False) == f'"{value}"'
            return f'"{value}"' if is_plain else f"a text of {len(value)} characters"
        case _:
            return json.dumps(value)

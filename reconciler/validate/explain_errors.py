"""What exactly is wrong with a body: jsonschema finds it, we say it in our words, with a place and a way out."""

import difflib
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from reconciler.kinds.base import Kind
from reconciler.model import Declared, Json, Path, dotted
from reconciler.placeholders import Unknown
from reconciler.ports import Takes, takes_nothing
from reconciler.problems import Problem, Severity
from reconciler.validate.check import Readers, pattern_of
from reconciler.validate.typos import DEFS, NOT_A_MEMBER, TypoHabit, TypoSlip, Vocabulary, as_meant

if TYPE_CHECKING:
    from jsonschema.exceptions import ValidationError
    from jsonschema.protocols import Validator


# How a value is written that fits a schema: an example for whoever wrote one that does not.

LEAST = 1  # of what stands for a number that has no bounds


def example(kind: Kind, path: Path, vocabulary: Vocabulary) -> str:
    """Return the member at a path with a value as YAML in one line; for an entry of a list, the whole list."""
    *home, member = path or ("",)
    if isinstance(member, int):
        return example(kind, tuple(home), vocabulary)
    known = {"": {"$ref": DEFS + kind.create.operation}} if not path else vocabulary.members(kind, tuple(home))
    value = _value(known[member], vocabulary) if member in known else "text"  # a key of a map takes a text
    return f"{member}: {value}" if member else value


def _value(schema: Json, vocabulary: Vocabulary) -> str:
    schema = vocabulary.resolved(schema)
    if "enum" in schema:
        return str(schema["enum"][0])
    if "examples" in schema:
        return str(schema["examples"][0])
    match schema.get("type"):
        case "object" if "properties" in schema:
            members = schema["properties"]
            names = schema.get("required", ()) or tuple(members)[:2]
            return f"{{{', '.join(f'{name}: {_value(members[name], vocabulary)}' for name in names)}}}"
        case "object":
            return f"{{key: {_value(schema['additionalProperties'], vocabulary)}}}"
        case "array":
            return f"[{_value(schema['items'], vocabulary)}]"
        case "integer":
            return str(max(LEAST, schema.get("minimum", LEAST)))
        case "number":
            return str(schema.get("minimum", 0.5))
        case "boolean":
            return "true"
        case _:
            return "text"


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
NEWER = "SCH009"
NEWER_VALUE = "is {}, which is newer than this version of reconciler: it is sent as {}, unchecked"
OPEN_HINT = "AWS may know more values than these: it is sent as it is written"
NEWER_HINT = "the installed AWS SDK knows it; upgrade reconciler when a version does, too"
MANY = 3  # members that one habit has made wrong are told together
LISTED = 6  # names in one hint
FUNCTIONS = ("Ref", "Fn::")
UNQUOTED = {"integer": (int,), "number": (int, float), "boolean": (bool,), "array": (list,), "object": (dict,)}
SHOWN = 60  # characters of the longest text in a message


@dataclass(frozen=True, slots=True)
class SchemaVerdict:
    """What a schema has against a body. `unknown_words` are values that it does not know, with those that it does.

    `spellings` are those of the service for newer values that are written in another case.
    """

    problems: list[Problem] = field(default_factory=list)
    unknown_words: Mapping[Path, tuple[str, ...]] = field(default_factory=dict)
    spellings: Mapping[Path, str] = field(default_factory=dict)


@dataclass(slots=True)
class SchemaValidator:
    """Validators of the kinds' bodies, compiled when the first resource needs one."""

    readers: Readers
    vocabulary: Vocabulary
    takes: Takes = takes_nothing
    compiled: dict[str, "Validator"] = field(default_factory=dict)

    def verdict(self, kind: Kind, resource: Declared, *, is_whole: bool) -> SchemaVerdict:
        """Return everything that the schema has against a resource, each thing once; nothing about an `Unknown`.

        Of a stack that is not whole nobody knows what is missing.
        """
        meant = as_meant(kind, resource.spec, self.vocabulary, lambda path: self._is_newer(kind, path))
        body, _ = self.readers.read(kind.create.operation, meant.body)
        errors = self._validator(kind.create.operation).iter_errors(body)
        known = (
            error
            for error in errors
            if not isinstance(error.instance, Unknown) and (is_whole or error.validator != "required")
        )
        said = [said for error in known for said in self._said(_found(error), kind)]
        wrong = [replace(one, path=meant.place(one.path)) for one in said if one.path not in meant.implied]
        problems = [
            Problem(
                one.code,
                f"{resource.address}: {dotted(one.path) or 'the body'} {one.text}",
                resource.places.find(one.path, at_key=one.is_name),
                one.hint,
                Severity.WARNING if one.code == NEWER else Severity.ERROR,
            )
            for one in dict.fromkeys((*map(_newer, meant.newer), *_told(meant.slips), *wrong))
        ]
        unknown_words = {one.path: one.known for one in wrong if one.known}
        return SchemaVerdict(problems, unknown_words, {one.path: one.spelled for one in wrong if one.spelled})

    def _said(self, found: "_SchemaError", kind: Kind) -> Iterator["_Finding"]:
        """Say what is wrong; a value that only the installed SDK knows is newer, and no mistake."""
        spelled = self._newer_word(kind, found) if found.word == "enum" and isinstance(found.value, str) else ""
        if spelled:
            text = NEWER_VALUE.format(_shown(found.value), "it is written" if spelled == found.value else spelled)
            yield _Finding(NEWER, found.path, text, NEWER_HINT, known=_words(found), spelled=spelled)
        else:
            yield from _said(found, kind, self.vocabulary)

    def _newer_word(self, kind: Kind, found: "_SchemaError") -> str:
        """Return a value as the installed SDK spells it, whose words are of one case; empty if it has none."""
        spellings = (found.value, found.value.upper(), found.value.lower())
        return next((word for word in spellings if self._is_newer(kind, (*found.path, word))), "")

    def _is_newer(self, kind: Kind, path: Path) -> bool:
        """Whether only the installed SDK knows the member or value at a path, as one that is part of the resource."""
        if kind.update and path[0] in (kind.update.id_member, *kind.update.not_state):
            return False
        return any(self.takes(operation, path) for operation in kind.body_operations)

    def _validator(self, name: str) -> "Validator":
        if name not in self.compiled:
            self.compiled[name] = validator({"$ref": DEFS + name, "$defs": self.vocabulary.defs})
        return self.compiled[name]


def validator(schema: Json) -> "Validator":
    """Return jsonschema's validator, with patterns that end where the text does, and examples as known values.

    A schema has examples where the service model leaves the set of values open.
    """
    from jsonschema import Draft202012Validator  # noqa: PLC0415 - a valid stack never loads it
    from jsonschema.exceptions import ValidationError  # noqa: PLC0415
    from jsonschema.validators import extend  # noqa: PLC0415

    def pattern(_validator: "Validator", text: str, value: Json, _schema: Json) -> Iterator[ValidationError]:
        if isinstance(value, str) and not pattern_of(text).search(value):
            yield ValidationError("no match")

    def examples(_validator: "Validator", known: list[str], value: Json, _schema: Json) -> Iterator[ValidationError]:
        if isinstance(value, str) and value not in known:
            yield ValidationError("not known")

    made: Validator = extend(Draft202012Validator, {"pattern": pattern, "examples": examples})(schema)  # type: ignore[no-untyped-call]  # its stubs lack it
    return made


@dataclass(frozen=True, slots=True)
class _SchemaError:
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
class _Finding:
    """One finding before it knows its resource."""

    code: str
    path: Path
    text: str
    hint: str = ""
    is_name: bool = False  # what is wrong is the name of a member, not its value
    known: tuple[str, ...] = ()  # the values that are known, where it is about one that is not
    spelled: str = ""  # how the service spells that one


def _found(error: "ValidationError") -> _SchemaError:
    return _SchemaError(
        str(error.validator),
        tuple(error.absolute_path),
        error.schema,
        error.instance,
        error.validator_value,
        "propertyNames" in error.schema_path,
    )


def _newer(path: Path) -> _Finding:
    return _Finding(
        NEWER,
        path,
        "is newer than this version of reconciler: it is sent as it is written, unchecked",
        NEWER_HINT,
        is_name=True,
    )


def _told(slips: tuple[TypoSlip, ...]) -> Iterator[_Finding]:
    """Tell each slip; those of a habit that has made many of them as one, at the first."""
    habits: dict[TypoHabit, list[TypoSlip]] = {}
    for slip in slips:
        if slip.habit:
            habits.setdefault(slip.habit, []).append(slip)
    for slip in slips:
        alike = habits.get(slip.habit, []) if slip.habit else []
        if len(alike) < MANY or not slip.habit:
            yield _Finding(slip.fault.code, slip.path, slip.fault.one, slip.hint, slip.fault is NOT_A_MEMBER)
        elif slip is alike[0]:
            meant = _listed(tuple(dict.fromkeys(one.member for one in alike)))
            text = f"and {len(alike) - 1} more {slip.fault.many}"
            yield _Finding(slip.fault.code, slip.path, text, meant.join(slip.habit), slip.fault is NOT_A_MEMBER)


def _listed(names: tuple[str, ...]) -> str:
    return ", ".join(names[:LISTED]) + (" …" if len(names) > LISTED else "")


def _said(found: _SchemaError, kind: Kind, vocabulary: Vocabulary) -> Iterator[_Finding]:
    match found.word:
        case "required":
            yield from _missing(found)
        case "type":
            wanted = NOUNS["string" if isinstance(found.bound, list) else found.bound]
            text = f"must be {wanted}, and is {_shown(found.value)}"
            way_out = _way_out(found.bound, found.value) or f"write it like `{example(kind, found.path, vocabulary)}`"
            yield _Finding("SCH002", found.path, text, way_out)
        case "enum":
            yield _choice(found, f"write it like `{example(kind, found.path, vocabulary)}`")
        case "examples":
            yield _open_choice(found)
        case "pattern":
            text = f"is {_shown(found.value)}, which does not match {found.bound}"
            hint = "it ends in a line break: write it on one line" if found.value.endswith("\n") else found.says
            yield _Finding("SCH006", found.path, text, hint)
        case "minLength" if found.value == "" and not found.of_key:
            yield _Finding("SCH007", found.path, 'is "", and must not be empty', found.says)
        case word if word in BOUNDS:
            yield _bound(found)
        case word:
            yield _Finding("SCH008", found.path, f"is {_shown(found.value)}, which does not fit ({word})", found.says)


def _missing(found: _SchemaError) -> Iterator[_Finding]:
    for name in found.bound:
        if name not in found.value:
            hint = found.schema["properties"][name].get("description", "")
            yield _Finding("SCH004", (*found.path, name), "is missing", hint)


def _bound(found: _SchemaError) -> _Finding:
    code, text = BOUNDS[found.word]
    whose = "has a key that " if found.of_key else ""
    measure = f"is {found.value}" if code == "SCH005" else f"has {len(found.value)}"
    wanted = text.format(found.bound)
    one = wanted.replace("characters", "character").replace("entries", "entry") if found.bound == 1 else wanted
    return _Finding(code, found.path, f"{whose}{one}, and {measure}", found.says)


def _choice(found: _SchemaError, otherwise: str) -> _Finding:
    text, hint = _not_among(found, "which is not one of", otherwise)
    if isinstance(found.value, str):
        return _Finding("SCH003", found.path, text, hint, known=_words(found))
    return _Finding("SCH002", found.path, text, hint)


def _open_choice(found: _SchemaError) -> _Finding:
    """Say that a value is not known, of a set that AWS may widen without telling the SDK."""
    return _Finding(NEWER, found.path, *_not_among(found, "and known are", OPEN_HINT), known=_words(found))


def _not_among(found: _SchemaError, relation: str, otherwise: str) -> tuple[str, str]:
    """Return what is wrong with a value that is not among others, and the one that may be meant."""
    own = {choice.lower(): choice for choice in _words(found)}
    near = difflib.get_close_matches(found.value.lower(), own, n=1) if isinstance(found.value, str) else ()
    hint = f"did you mean {own[near[0]]}?" if near else otherwise
    known = ", ".join(choice or '""' for choice in own.values())
    return f"is {_shown(found.value)}, {relation} {known}", hint


def _words(found: _SchemaError) -> tuple[str, ...]:
    """Return the known values, each in the service's own spelling, which stands before others of the same word."""
    return tuple({choice.lower(): choice for choice in reversed(found.bound)}.values())[::-1]


def _way_out(wanted: Json, value: Json) -> str:
    """Return what helps where the value itself shows what went wrong."""
    if isinstance(value, dict) and len(value) == 1 and next(iter(value)).startswith(FUNCTIONS):
        return "functions of CloudFormation mean nothing here: write a name, or use !var, !sub or !cfn"
    if not isinstance(value, str) or not isinstance(wanted, str) or wanted not in UNQUOTED:
        return ""
    try:
        is_meant = type(json.loads(value)) in UNQUOTED[wanted]
    except (ValueError, RecursionError):
        return ""
    shown = f": {value}" if _shown(value) == f'"{value}"' else ""
    return f"write it without quotes{shown}" if is_meant else ""


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

"""A body that does not fit its schema → problems, each with its place and a hint.

jsonschema finds the errors; it is loaded only for a body that has some.
"""

import difflib
import json
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from reconciler.kinds.base import Declarable
from reconciler.model import Declared, DeclaredJob, Json, Path, dotted
from reconciler.placeholders import Unknown
from reconciler.ports import Takes, takes_nothing
from reconciler.problems import Problem, Severity
from reconciler.validate.check import Readers, SchemaResult, pattern_of
from reconciler.validate.typos import DEFS, NOT_A_MEMBER, FieldIndex, Typo, TypoPattern, corrected

if TYPE_CHECKING:
    from jsonschema.exceptions import ValidationError
    from jsonschema.protocols import Validator


# An example of a value that fits a schema, for the hints.

LEAST = 1  # of what stands for a number that has no bounds


def example(kind: Declarable, path: Path, index: FieldIndex) -> str:
    """Return the field at a path with an example value, as YAML in one line; for an entry of a list, the whole list."""
    *home, member = path or ("",)
    if isinstance(member, int):
        return example(kind, tuple(home), index)
    known = {"": {"$ref": DEFS + kind.create.operation}} if not path else index.members(kind, tuple(home))
    value = _value(known[member], index) if member in known else "text"  # a key of a map takes a text
    return f"{member}: {value}" if member else value


def _value(schema: Json, index: FieldIndex) -> str:
    schema = index.resolved(schema)
    if "enum" in schema:
        return str(schema["enum"][0])
    if "examples" in schema:
        return str(schema["examples"][0])
    match schema.get("type"):
        case "object" if "properties" in schema:
            members = schema["properties"]
            names = schema.get("required", ()) or tuple(members)[:2]
            return f"{{{', '.join(f'{name}: {_value(members[name], index)}' for name in names)}}}"
        case "object":
            return f"{{key: {_value(schema['additionalProperties'], index)}}}"
        case "array":
            return f"[{_value(schema['items'], index)}]"
        case "integer":
            return str(max(LEAST, schema.get("minimum", LEAST)))
        case "number":
            return str(schema.get("minimum", 0.5))
        case "boolean":
            return "true"
        case _:
            return "text"


NOUNS = {
    "string": "a string",
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
NEWER_VALUE = "is {}, which this version of reconciler does not know: it is sent as {}, unchecked"
OPEN_HINT = "AWS may accept more values: it is sent as written"
NEWER_HINT = "the installed AWS SDK knows it: upgrade reconciler when a newer version is available"
MANY = 3  # members that one habit has made wrong are told together
LISTED = 6  # names in one hint
FUNCTIONS = ("Ref", "Fn::")
UNQUOTED = {"integer": (int,), "number": (int, float), "boolean": (bool,), "array": (list,), "object": (dict,)}
SHOWN = 60  # characters of the longest text in a message


@dataclass(slots=True)
class SchemaValidator:
    """Checks bodies against the schemas of their kinds. Each schema is compiled when the first body needs it."""

    readers: Readers
    index: FieldIndex
    takes: Takes = takes_nothing
    compiled: dict[str, "Validator"] = field(default_factory=dict)

    def check(self, kind: Declarable, resource: Declared | DeclaredJob, *, is_whole: bool) -> SchemaResult:
        """Return everything that is wrong with a resource, each problem once; nothing about an `Unknown`.

        In a stack that is not whole, because files could not be read, no field counts as missing.
        """
        body_as_meant = corrected(kind, resource.spec, self.index, lambda path: self._is_newer(kind, path))
        body, _ = self.readers.read(kind.create.operation, body_as_meant.body)
        errors = self._validator(kind.create.operation).iter_errors(body)
        known_errors = (
            error
            for error in errors
            if not isinstance(error.instance, Unknown) and (is_whole or error.validator != "required")
        )
        findings = [finding for error in known_errors for finding in self._findings(_schema_error(error), kind)]
        placed = [
            replace(finding, path=body_as_meant.place(finding.path))
            for finding in findings
            if finding.path not in body_as_meant.implied
        ]
        problems = [
            Problem(
                finding.code,
                f"{resource.address}: {dotted(finding.path) or 'the body'} {finding.text}",
                resource.places.find(finding.path, at_key=finding.is_name),
                finding.hint,
                Severity.WARNING if finding.code == NEWER else Severity.ERROR,
            )
            for finding in dict.fromkeys(
                (*map(_newer, body_as_meant.newer), *_typo_findings(body_as_meant.typos), *placed)
            )
        ]
        unknown_values = {finding.path: finding.known for finding in placed if finding.known}
        return SchemaResult(
            problems, unknown_values, {finding.path: finding.spelling for finding in placed if finding.spelling}
        )

    def _findings(self, error: "_SchemaError", kind: Declarable) -> Iterator["_Finding"]:
        """Yield what is wrong; a value that only the installed SDK knows is newer, and no mistake."""
        spelling = self._newer_spelling(kind, error) if error.keyword == "enum" and isinstance(error.value, str) else ""
        if spelling:
            text = NEWER_VALUE.format(_shown(error.value), "it is written" if spelling == error.value else spelling)
            yield _Finding(NEWER, error.path, text, NEWER_HINT, known=_known_values(error), spelling=spelling)
        else:
            yield from _findings(error, kind, self.index)

    def _newer_spelling(self, kind: Declarable, error: "_SchemaError") -> str:
        """Return a value as the installed SDK spells it; empty if the SDK does not know it."""
        spellings = (error.value, error.value.upper(), error.value.lower())
        return next((spelling for spelling in spellings if self._is_newer(kind, (*error.path, spelling))), "")

    def _is_newer(self, kind: Declarable, path: Path) -> bool:
        """Whether the installed SDK knows a field or value at a path that our tables do not know."""
        if kind.update and path[0] in (kind.update.id_member, *kind.update.not_state):
            return False
        return any(self.takes(operation, path) for operation in kind.body_operations)

    def _validator(self, name: str) -> "Validator":
        if name not in self.compiled:
            self.compiled[name] = validator({"$ref": DEFS + name, "$defs": self.index.defs})
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
    """One error of jsonschema: the keyword of the schema that fails, the path, the value and the bound."""

    keyword: str
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
    spelling: str = ""  # how the service spells that one


def _schema_error(error: "ValidationError") -> _SchemaError:
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
        "is newer than this version of reconciler: it is sent as written, unchecked",
        NEWER_HINT,
        is_name=True,
    )


def _typo_findings(typos: tuple[Typo, ...]) -> Iterator[_Finding]:
    """Yield a finding for each typo; many typos of one pattern are one finding, at the first of them."""
    by_habit: dict[TypoPattern, list[Typo]] = {}
    for typo in typos:
        if typo.pattern:
            by_habit.setdefault(typo.pattern, []).append(typo)
    for typo in typos:
        alike = by_habit.get(typo.pattern, []) if typo.pattern else []
        if len(alike) < MANY or not typo.pattern:
            yield _Finding(typo.fault.code, typo.path, typo.fault.one, typo.hint, typo.fault is NOT_A_MEMBER)
        elif typo is alike[0]:
            members = _listed(tuple(dict.fromkeys(other.member for other in alike)))
            text = f"and {len(alike) - 1} more {typo.fault.many}"
            yield _Finding(typo.fault.code, typo.path, text, members.join(typo.pattern), typo.fault is NOT_A_MEMBER)


def _listed(names: tuple[str, ...]) -> str:
    return ", ".join(names[:LISTED]) + (" …" if len(names) > LISTED else "")


def _findings(error: _SchemaError, kind: Declarable, index: FieldIndex) -> Iterator[_Finding]:
    match error.keyword:
        case "required":
            yield from _missing(error)
        case "type":
            wanted = NOUNS["string" if isinstance(error.bound, list) else error.bound]
            text = f"must be {wanted}, but is {_shown(error.value)}"
            way_out = _way_out(error.bound, error.value) or f"for example `{example(kind, error.path, index)}`"
            yield _Finding("SCH002", error.path, text, way_out)
        case "enum":
            yield _choice(error, f"for example `{example(kind, error.path, index)}`")
        case "examples":
            yield _open_choice(error)
        case "pattern":
            text = f"is {_shown(error.value)}, which does not match {error.bound}"
            hint = "remove the line break at the end" if error.value.endswith("\n") else error.says
            yield _Finding("SCH006", error.path, text, hint)
        case "minLength" if error.value == "" and not error.of_key:
            yield _Finding("SCH007", error.path, 'is "", but must not be empty', error.says)
        case word if word in BOUNDS:
            yield _bound(error)
        case word:
            yield _Finding("SCH008", error.path, f"is {_shown(error.value)}, which is not valid ({word})", error.says)


def _missing(error: _SchemaError) -> Iterator[_Finding]:
    for name in error.bound:
        if name not in error.value:
            hint = error.schema["properties"][name].get("description", "")
            yield _Finding("SCH004", (*error.path, name), "is missing", hint)


def _bound(error: _SchemaError) -> _Finding:
    code, text = BOUNDS[error.keyword]
    whose = "has a key that " if error.of_key else ""
    measure = f"is {error.value}" if code == "SCH005" else f"has {len(error.value)}"
    wanted = text.format(error.bound)
    requirement = wanted.replace("characters", "character").replace("entries", "entry") if error.bound == 1 else wanted
    return _Finding(code, error.path, f"{whose}{requirement}, but {measure}", error.says)


def _choice(error: _SchemaError, otherwise: str) -> _Finding:
    text, hint = _not_among(error, "which is not one of", otherwise)
    if isinstance(error.value, str):
        return _Finding("SCH003", error.path, text, hint, known=_known_values(error))
    return _Finding("SCH002", error.path, text, hint)


def _open_choice(error: _SchemaError) -> _Finding:
    """Return the warning about a value that is not known, in a set that AWS may extend without an update of the SDK."""
    return _Finding(NEWER, error.path, *_not_among(error, "known values are", OPEN_HINT), known=_known_values(error))


def _not_among(error: _SchemaError, relation: str, otherwise: str) -> tuple[str, str]:
    """Return what is wrong with a value that is not among others, and the one that may be body_as_meant."""
    own = {choice.lower(): choice for choice in _known_values(error)}
    near = difflib.get_close_matches(error.value.lower(), own, n=1) if isinstance(error.value, str) else ()
    hint = f"did you mean {own[near[0]]}?" if near else otherwise
    known = ", ".join(choice or '""' for choice in own.values())
    return f"is {_shown(error.value)}, {relation} {known}", hint


def _known_values(error: _SchemaError) -> tuple[str, ...]:
    """Return the known values, each in the service's own spelling, which comes before other spellings of it."""
    return tuple({choice.lower(): choice for choice in reversed(error.bound)}.values())[::-1]


def _way_out(wanted: Json, value: Json) -> str:
    """Return a hint if the value itself shows what went wrong; otherwise an empty text."""
    if isinstance(value, dict) and len(value) == 1 and next(iter(value)).startswith(FUNCTIONS):
        return "CloudFormation functions are not supported: write a name, or use !var, !sub or !cfn"
    if not isinstance(value, str) or not isinstance(wanted, str) or wanted not in UNQUOTED:
        return ""
    try:
        is_meant = type(json.loads(value)) in UNQUOTED[wanted]
    except (ValueError, RecursionError):
        return ""
    shown = f": {value}" if _shown(value) == f'"{value}"' else ""
    return f"write it without quotes{shown}" if is_meant else ""


def _shown(value: Json) -> str:
    """Return a scalar as messages show it. Lists and mappings may be long, and may hold secrets.

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
            return f'"{value}"' if is_plain else f"a string of {len(value)} characters"
        case _:
            return json.dumps(value)

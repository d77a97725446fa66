"""Values that stand for what is not known, so that what an import wrote can be checked, shown and tried out.

They stand for variables without a value, and in the sandbox for look-ups that nothing there can answer.
"""

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import chain
from typing import TypeVar

from reconciler.fmt.normalize import Language
from reconciler.importers.model import (
    Imported,
    ImportedResource,
    TaggedValue,
    has_tagged,
    replace_tagged,
    variables_in,
)
from reconciler.kinds import KINDS, SECTIONS
from reconciler.kinds.base import Field, Rows
from reconciler.load.expand import IN_TEXT
from reconciler.load.variables import TYPES, Pattern
from reconciler.model import Address, Declared, Json, Spec, Stack
from reconciler.placeholders import Unknown, as_example
from reconciler.problems import Problem, Severity
from reconciler.syntax.nodes import plain_value, text_of
from reconciler.validate import validate
from reconciler.validate.check import pattern_of
from reconciler.validate.typos import DEFS, FieldIndex

T = TypeVar("T")
IN_NAMES = re.compile(r"[A-Za-z0-9_-]+")
UNKNOWN = re.compile(r"<unknown: !\w+ ([^>]*)>")
OF_SCHEMA = {"array": "list", "object": "map", "integer": "integer", "number": "number", "boolean": "boolean"}
LEAST = 1  # of what stands for a number that has no bounds
# What a part of a text usually is where the variable's name does not do: an account, a region, a number, a word.
PARTS = ("123456789012", "us-east-1", "1", "example")
PLACE = {"account": "123456789012", "region": "us-east-1", "partition": "aws", "stack": "stack"}
MOST_TRIES = 400  # of whole stacks, to find what fits: what no value makes right is not to take minutes


def add_examples(imported: Imported, language: Language) -> Imported:
    """Return the import with an example for each variable without a value, such that `validate` passes if any can.

    Examples come from the row and the schema of the fields that a variable stands for. Of several that fit a field by
    itself, those are chosen with which the resources as a whole are right: `FARGATE` has fewer log drivers than `EC2`.
    What is substituted in the bodies is then `like` the defaults and examples.
    """
    unset = {name: variable for name, variable in imported.variables.items() if variable.get("default") is None}
    uses: dict[str, list[_Use]] = {}
    walker = _Walker(FieldIndex(language.schema["$defs"]))
    for resource in imported.resources:
        for name, use in walker.uses_in(resource):
            uses.setdefault(name, []).append(use)
    in_names = frozenset(variables_in(imported.name_prefix))
    candidates = {
        name: [
            example
            for example in _distinct(_candidates(name, number, variable, uses.get(name, []), walker.fields))
            if name not in in_names or IN_NAMES.fullmatch(text_of(example))
        ]
        for number, (name, variable) in enumerate(imported.variables.items(), start=1)
        if name in unset
    }
    chosen = _CandidateTrial(imported, language, candidates).choose() if unset else {}
    variables = {
        name: {**variable, "example": chosen[name]} if name in chosen else variable
        for name, variable in imported.variables.items()
    }
    values = {**_defaults(imported), **chosen}
    filled = (
        replace(resource, body=replace_tagged(resource.body, lambda tagged: _with_sample(tagged, values)))
        for resource in imported.resources
    )
    return replace(imported, resources=tuple(filled), variables=variables)


def with_stand_ins(stack: Stack, language: Language) -> Stack:
    """Return a stack with an example of its field for each value that is not known, and the same one each time."""
    named = [replace(body, spec=_as_variables(body.spec)) for body in stack.bodies]
    resources = tuple(ImportedResource(body.address, body.spec) for body in named if has_tagged(body.spec))
    walker = _Walker(FieldIndex(language.schema["$defs"]))
    types = {name: walker.type_of(use) for item in resources for name, use in walker.uses_in(item)}
    unknown = Imported(resources=resources, variables={name: {"type": type_} for name, type_ in types.items()})
    values = {name: as_example(item.get("example")) for name, item in add_examples(unknown, language).variables.items()}
    filled = [
        replace(body, spec=replace_tagged(body.spec, lambda tagged: values.get(tagged.text, tagged.text)))
        for body in named
    ]
    tags = {key: replace_tagged(_as_variables(value), lambda tagged: tagged.text) for key, value in stack.tags.items()}
    return stack.with_bodies(filled, tags)


def _as_variables(value: Json) -> Json:
    """Return a value with a variable in place of each text that is not known, called after what would be looked up."""
    if isinstance(value, Unknown):
        return TaggedValue("!var", _variable_name(value))
    if isinstance(value, Mapping):
        return {key: _as_variables(inner) for key, inner in value.items()}
    return [_as_variables(inner) for inner in value] if isinstance(value, list | tuple) else value


def _variable_name(text: str) -> str:
    return UNKNOWN.sub(lambda match: re.sub(r"[^A-Za-z0-9]+", "-", match[1]).strip("-"), text)


@dataclass(frozen=True, slots=True)
class _Use:
    """Where a variable is used. `is_all`: it is all of the value there, and no part of a text."""

    resource: Spec
    row: Field | None
    key: str  # of a map, the key
    schema: Json
    beside: Spec
    is_all: bool


@dataclass(frozen=True, slots=True)
class _Walker:
    fields: FieldIndex

    def uses_in(self, resource: ImportedResource) -> Iterator[tuple[str, _Use]]:
        kind = SECTIONS[resource.address.kind]
        schema = self.fields.resolved({"$ref": DEFS + kind.create.operation})
        yield from self._members(resource.body, resource.body, kind.fields, schema)

    def type_of(self, use: _Use) -> str:
        """Return the type of a variable that stands for all of a value."""
        types = self.fields.resolved(use.schema).get("type", "string")
        allowed = types if isinstance(types, list) else [types]  # numbers are taken where a text belongs
        return "string" if "string" in allowed else OF_SCHEMA.get(allowed[0], "string")

    def _members(self, resource: Spec, body: Spec, rows: Sequence[Field], schema: Json) -> Iterator[tuple[str, _Use]]:
        with_references = Rows.of(rows).by_name
        for name, value in body.items():
            row = with_references.get(name)
            inner = schema.get("properties", {}).get(name) or schema.get("additionalProperties") or {}
            field_row = row if isinstance(row, Field) else None
            yield from self._uses(value, _Use(resource, field_row, "", inner, body, is_all=True))

    def _uses(self, value: Json, use: _Use) -> Iterator[tuple[str, _Use]]:
        schema = self.fields.resolved(use.schema)
        rows = use.row.members if use.row else ()
        match value:
            case TaggedValue(tag):
                for name in variables_in(value):
                    yield name, replace(use, is_all=tag == "!var")
            case Mapping() if "properties" in schema:
                yield from self._members(use.resource, value, rows, schema)
            case Mapping():
                for key, inner in value.items():
                    entry = replace(use, key=key, schema=schema.get("additionalProperties") or {}, beside=value)
                    yield from self._uses(inner, entry)
            case list() | tuple():
                for inner in value:
                    yield from self._uses(inner, replace(use, schema=schema.get("items") or {}))


def _candidates(name: str, number: int, variable: Spec, uses: Iterable[_Use], fields: FieldIndex) -> Iterator[Json]:
    """Yield the values that may be an example of a variable, the likeliest first, in the variable's own type."""
    whole_uses = [use for use in uses if use.is_all]
    rows = [(_fill_example(example, name, number), use) for use in whole_uses for example in _row_examples(use)]
    pattern = Pattern.of(variable["pattern"]) if variable.get("pattern") else None
    values = chain(
        variable.get("enum") or (),
        *(_as_shape(value, use, fields) for value, use in rows),
        *(_schema_examples(use.schema, fields) for use in whole_uses),
        *(_as_shape(use.row.default, use, fields) for use in whole_uses if use.row and use.row.default != ""),
        (name, re.sub(r"[^a-z0-9]+", "-", name.lower()).strip("-"), *PARTS, 1, True, {}),
        _pattern_examples(pattern.text) if pattern else (),
        *(_leaves(use.resource) for use in whole_uses),  # it may name something else that is there, such as a volume
    )
    for value in values:
        example = _as_type(value, variable["type"])
        text = text_of(example) if not isinstance(example, dict | list) else ""
        if example is None or (variable.get("enum") and example not in variable["enum"]):
            continue
        if pattern is None or pattern.is_in(text):
            yield example


def _row_examples(use: _Use) -> Iterator[Json]:
    """Yield the examples of a field's row; of a map, those of the key."""
    for example in use.row.examples_beside(use.beside) if use.row else ():
        if not use.key or not isinstance(example, Mapping):
            yield example
        elif use.key in example:
            yield example[use.key]


def _leaves(value: Json) -> Iterator[Json]:
    if isinstance(value, Mapping | list | tuple):
        for inner in value.values() if isinstance(value, Mapping) else value:
            yield from _leaves(inner)
    elif not isinstance(value, TaggedValue):
        yield value


def _as_shape(value: Json, use: _Use, fields: FieldIndex) -> Iterator[Json]:
    """The example of a list's row is one entry."""
    is_list = fields.resolved(use.schema).get("type") == "array"
    yield [value] if is_list and not isinstance(value, list) else value


def _schema_examples(schema: Json, fields: FieldIndex) -> Iterator[Json]:
    schema = fields.resolved(schema)
    if allowed := schema.get("enum") or schema.get("examples"):
        spelled: dict[str, Json] = {}  # the service's own spelling comes first
        for value in allowed:
            spelled.setdefault(str(value).lower(), value)
        yield from spelled.values()
        return
    match schema.get("type"):
        case "array":
            yield from ([value] for value in _schema_examples(schema["items"], fields))
            yield []
        case "object":
            members = schema.get("properties", {})
            yield {
                name: next(_schema_examples(members[name], fields), "example") for name in schema.get("required", ())
            }
        case "integer" | "number":
            bounds = (schema.get("minimum"), schema.get("maximum"))
            least = LEAST if bounds[0] is None else max(LEAST, bounds[0])
            yield from (bound for bound in (least, *bounds) if bound is not None)
        case "boolean":
            yield from (True, False)
        case _ if "pattern" in schema:
            yield from _pattern_examples(schema["pattern"])


def _pattern_examples(pattern: str) -> Iterator[str]:
    text = _shortest_match(pattern)
    if text and pattern_of(pattern).search(text):
        yield text


class _FirstChoice:
    """What rstr takes for a source of chance: always the first choice, and the fewest repetitions."""

    def choice(self, among: Iterable[T]) -> T:
        return min(among, key=_order_of_choice)

    def randint(self, least: int, _most: int) -> int:
        return least

    def shuffle(self, among: list[Json]) -> None:
        """Leave the order as it is."""


def _order_of_choice(value: object) -> tuple[bool, str]:
    """Letters and digits come before other characters; branches keep no order of their own."""
    text = str(value)
    return not text.isalnum(), text


def _shortest_match(pattern: str) -> str | None:
    """Return a short text that matches a pattern; None where Python cannot read it."""
    from rstr import Rstr  # noqa: PLC0415 - most imports have no pattern

    try:
        return str(Rstr(_FirstChoice()).xeger(pattern))  # type: ignore[arg-type]  # it is as much of Random as it takes
    except (re.error, OverflowError, RecursionError, KeyError, IndexError, ValueError):
        return None


def _as_type(value: Json, type_: str) -> Json:
    """Return a value in the type of a variable; None where it has none."""
    if type_ == "string":
        return None if value is None or isinstance(value, dict | list) else text_of(value)
    if type_ == "list":
        return value if isinstance(value, list) else None if isinstance(value, dict) else [value]
    plain = plain_value(value) if isinstance(value, str) else value
    return plain if plain is not None and TYPES[type_](plain) else None


def _fill_example(example: Json, name: str, number: int) -> Json:
    """`{number}` keeps ids apart."""
    return example.format(name=name, number=f"{number:017x}") if isinstance(example, str) else example


def _distinct(values: Iterable[Json]) -> Iterator[Json]:
    known_texts = set()
    for value in values:
        if repr(value) not in known_texts:
            known_texts.add(repr(value))
            yield value


@dataclass(slots=True)
class _CandidateTrial:
    """Tries candidates on the resources as a whole, as `validate` sees them."""

    imported: Imported
    language: Language
    candidates: Mapping[str, Sequence[Json]]
    tries: int = field(default=0)

    def choose(self) -> Mapping[str, Json]:
        chosen = {name: values[0] for name, values in self.candidates.items() if values}
        errors = self._errors(chosen)
        unavoidable = len(self._errors({name: Unknown.of("var", name) for name in chosen})) if errors else 0
        for name in chosen:
            if len(errors) <= unavoidable:
                break
            if not self._may_fix(name, errors):
                continue
            for value in self.candidates[name][1:]:
                remaining = self._errors({**chosen, name: value})
                if len(remaining) < len(errors):
                    chosen[name], errors = value, remaining
        return chosen

    def _may_fix(self, name: str, errors: Iterable[Problem]) -> bool:
        """Whether one of the resources that have errors uses a variable."""
        starts = tuple(
            f"{resource.address}: " for resource in self.imported.resources if name in variables_in(resource.body)
        )
        return self.tries < MOST_TRIES and any(problem.message.startswith(starts) for problem in errors)

    def _errors(self, values: Mapping[str, Json]) -> list[Problem]:
        self.tries += 1
        all_values = {**_defaults(self.imported), **values}
        declared: dict[Address, Declared] = {
            resource.address: Declared(
                resource.address, replace_tagged(resource.body, lambda tagged: _value_of(tagged, all_values))
            )
            for resource in self.imported.resources
        }
        _, problems = validate(Stack("s", declared), self.language.schema, KINDS, takes=self.language.takes)
        return [problem for problem in problems if problem.severity is Severity.ERROR]


def _defaults(imported: Imported) -> dict[str, Json]:
    values = {
        name: variable["default"]
        for name, variable in imported.variables.items()
        if variable.get("default") is not None
    }
    return {**PLACE, **values}


def _with_sample(tagged: TaggedValue, values: Mapping[str, Json]) -> TaggedValue:
    value = _value_of(tagged, values)
    return tagged if isinstance(value, Unknown) else replace(tagged, like=value)


def _value_of(tagged: TaggedValue, values: Mapping[str, Json]) -> Json:
    unknown = Unknown(f"<unknown: {tagged.tag} {tagged.text}>")
    if tagged.tag == "!var":
        return values.get(tagged.text, unknown)
    names = {match[2].strip() for match in IN_TEXT.finditer(tagged.text) if not match[1]}
    if tagged.tag != "!sub" or any(isinstance(values.get(name, unknown), Unknown | dict | list) for name in names):
        return unknown

    def filled(match: re.Match[str]) -> str:
        return f"${{{match[2]}}}" if match[1] else str(text_of(values[match[2].strip()]))

    return IN_TEXT.sub(filled, tagged.text)

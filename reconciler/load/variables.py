"""The variables that a stack declares: their types, defaults and what they allow."""

import difflib
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from collections.abc import Mapping as MappingABC
from collections.abc import Sequence as SequenceABC
from dataclasses import dataclass, field
from typing import Any, NamedTuple, Self

from reconciler.load.expand import CONTEXT, Expander, Scope
from reconciler.load.files import parse
from reconciler.load.sections import OF_VARIABLE, Gathered
from reconciler.model import Json
from reconciler.placeholders import Secret, Unknown, as_example, as_secret, holds_unknown, is_secret
from reconciler.problems import Problem, Severity, Where
from reconciler.syntax.diagnostics import Findings, did_you_mean, listed, mapping_of, text_from
from reconciler.syntax.nodes import (
    Broken,
    BrokenValue,
    MappingNode,
    Node,
    SourceMark,
    is_null,
    plain_value,
    text_of,
    value_of,
    where_of,
)
from reconciler.syntax.parse import compose

# Regular expressions that users write. RE2 matches them: its time grows with the text alone, whatever the expression.
#
# Python's own engine tries all ways to match, and `(a+)+$` has a million of them for twenty letters. What RE2 leaves
# out for that is look-around and back references (https://github.com/google/re2/wiki/Syntax).


class PatternError(ValueError):
    """A text is no regular expression, or one that cannot be matched in bounded time."""


@dataclass(frozen=True, slots=True)
class Pattern:
    text: str
    compiled: Any

    @classmethod
    def of(cls, text: str) -> Self:
        """Raises `PatternError`."""
        import re2  # noqa: PLC0415 - most stacks have no pattern

        options = re2.Options()
        options.log_errors = False
        try:
            return cls(text, re2.compile(text, options))
        except (re2.error, ValueError) as error:  # a ValueError for what is no UTF-8
            raise PatternError(_reason(text)) from error

    def is_in(self, text: str) -> bool:
        return self.compiled.search(text) is not None


def _reason(text: str) -> str:
    try:
        re.compile(text)
    except (re.error, OverflowError) as error:
        return f"is not a regular expression: {error}"
    except RecursionError:
        return "is nested too deeply"
    return "uses look-around, a back reference or a large repetition, which cannot be matched in bounded time"


MEMBERS = OF_VARIABLE
NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_.-]*")


def _is_single(value: Json) -> bool:
    return not isinstance(value, dict | list)


def _is_integer(value: Json) -> bool:
    return isinstance(value, int) and not isinstance(value, bool)


TYPES: MappingABC[str, Callable[[Json], bool]] = {
    "boolean": lambda value: isinstance(value, bool),
    "integer": _is_integer,
    "number": lambda value: _is_integer(value) or isinstance(value, float),
    "list": lambda value: isinstance(value, list),
    "map": lambda value: isinstance(value, dict),
    "string": lambda value: _is_single(value) and value is not None,
}

SAMPLES: MappingABC[str, Json] = {
    "boolean": True, "integer": 1, "number": 1, "list": ["example"], "map": {}, "string": "example",
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Variable:
    """`default` is None where there is none: null is no value. With a place all the same, it could not be found, as an
    environment variable that is not set: we have complained there. `example` stands in where nothing is at stake.
    `is_broken`: we have complained about it as a whole. `secret` is None where nothing is declared: then looks decide.
    """

    name: str
    mark: SourceMark
    type: str = "string"
    default: Json = None
    default_mark: SourceMark | None = None
    enum: tuple[Json, ...] = ()
    pattern: Pattern | None = None
    secret: bool | None = None
    example: Json = None
    example_mark: SourceMark | None = None
    is_broken: bool = False

    def hides(self, value: Json) -> bool:
        """Whether no output may show this value of the variable. `secret: false` excuses a name, but no private key."""
        return bool(self.secret) or is_secret("" if self.secret is False else self.name, value)

    def sample(self) -> Json:
        """Return any value of the variable's type."""
        return next(iter(self.enum), SAMPLES[self.type])


def declared_variables(gathered: Gathered, expander: Expander) -> dict[str, Variable]:
    findings = expander.findings
    variables: dict[str, Variable] = {}
    reader = _VariableReader(findings)
    for entry in gathered.entries("variables"):
        section = mapping_of(entry.expanded(expander), "variables", findings)
        for name, (mark, node) in section.entries.items() if section else ():
            if name in variables:
                first = where_of(variables[name].mark)
                message = f"the variable {name} is declared twice; first at {first}"
                findings.add("VAR012", message, mark, "remove one of them")
            else:
                variables[name] = reader.variable(name, mark, node)
    return variables


def converted(variable: Variable, value: Json) -> Json:
    """Return a value in the type of its variable. Raises `TypeError`."""
    if not TYPES[variable.type](value):
        raise TypeError
    return text_of(value) if variable.type == "string" else value


@dataclass(frozen=True, slots=True)
class _VariableReader:
    findings: Findings

    def variable(self, name: str, mark: SourceMark, node: Node) -> Variable:
        broken = Variable(name, mark, is_broken=True)
        if name in CONTEXT or not NAME.fullmatch(name):
            reason = "is reserved" if name in CONTEXT else "is not a valid variable name"
            hint = "choose a different name, of letters, digits and _"
            self.findings.add("VAR006", f"{name} {reason}", mark, hint)
            return broken
        try:
            return self.long(name, mark, node) if isinstance(node, MappingNode) else self.short(name, mark, node)
        except BrokenValue:
            return broken

    def short(self, name: str, mark: SourceMark, node: Node) -> Variable:
        """`size: 5` declares a default, and by it the type."""
        value, default_mark = _found(node)
        return Variable(name, mark, _type_of(value), value, default_mark)

    def long(self, name: str, mark: SourceMark, node: MappingNode) -> Variable:
        unknown = {key: key_mark for key, (key_mark, _) in node.entries.items() if key not in MEMBERS}
        for key, key_mark in unknown.items():
            hint = did_you_mean(key, MEMBERS, f"the fields of a variable are {listed(MEMBERS, 'and')}")
            self.findings.add("VAR006", f"{key} is not a field of a variable", key_mark, hint)
        if unknown:
            raise BrokenValue
        value, default_mark = _found(node.entries["default"][1]) if "default" in node.entries else (None, None)
        example, example_mark = _given(node, "example")
        return Variable(
            name,
            mark,
            self.type(node, example if value is None else value),
            value,
            default_mark,
            self.enum(node),
            self.pattern(node),
            self.secret(node),
            example,
            example_mark,
        )

    def type(self, node: MappingNode, default: Json) -> str:
        text = self.text(node, "type")
        if text is None:
            return _type_of(default)
        text = text.lower()  # enumerations are accepted in any case
        if text not in TYPES:
            mark = node.entries["type"][1].mark
            hint = did_you_mean(text, TYPES, f"valid types are {listed(TYPES, 'and')}")
            self.findings.add("VAR006", f"{text} is not a variable type", mark, hint)
            raise BrokenValue
        return text

    def enum(self, node: MappingNode) -> tuple[Json, ...]:
        if "enum" not in node.entries:
            return ()
        inner = node.entries["enum"][1]
        values = value_of(inner)
        if not isinstance(values, list):
            self.findings.add("VAR006", "enum must be a list of values", inner.mark, "write `enum: [dev, prod]`")
            raise BrokenValue
        return tuple(values)

    def pattern(self, node: MappingNode) -> Pattern | None:
        text = self.text(node, "pattern")
        try:
            return Pattern.of(text) if text is not None else None
        except PatternError as error:
            mark = node.entries["pattern"][1].mark
            self.findings.add("VAR006", f"the pattern {error}", mark, "put it in single quotes, and use RE2 syntax")
            raise BrokenValue from error

    def secret(self, node: MappingNode) -> bool | None:
        if "secret" not in node.entries:
            return None
        inner = node.entries["secret"][1]
        value = value_of(inner)
        if not isinstance(value, bool):
            self.findings.add("VAR006", "secret must be true or false", inner.mark, "write `secret: true`")
            raise BrokenValue
        return value

    def text(self, node: MappingNode, member: str) -> str | None:
        if member not in node.entries:
            return None
        mark, inner = node.entries[member]
        text = text_from(inner, mark, member, self.findings)
        if text is None or isinstance(inner, Broken):
            raise BrokenValue
        return text


def _given(node: MappingNode, member: str) -> tuple[Json, SourceMark | None]:
    """Return the value of a member and its place; None where there is none."""
    _, inner = node.entries.get(member, (None, None))
    value = value_of(inner) if inner else None
    return value, inner.mark if inner and value is not None else None


def _found(node: Node) -> tuple[Json, SourceMark | None]:
    """Return a default and its place; None for what could not be found there."""
    value = None if isinstance(node, Broken) else value_of(node)
    return value, None if is_null(node) else node.mark


def _type_of(value: Json) -> str:
    return next((name for name, holds in TYPES.items() if holds(value)), "string")


# The values of variables: from --var, else from files of --var-file (the last one wins), by default, or by example.

EXAMPLES: MappingABC[str, str] = {
    "boolean": "true", "integer": "8", "number": "0.5", "list": "[a, b]", "map": "{key: value}", "string": "text",
}  # fmt: skip


class GivenValue(NamedTuple):
    """A value, and where it was written; without a place it came from the command line."""

    value: Json
    mark: SourceMark | None


@dataclass(frozen=True, slots=True)
class FromOutside:
    """What is given from outside of the stack's files, the last one first to count: values that are `offered` to
    whoever declares such a variable, those that are `meant` for this stack, the files of --var-file, already read, and
    the texts of --var. `examples`: what has no value is its example, and a secret without one is unknown, or with
    `samples` (in the sandbox, which needs values) anything of its type. `named` are files in the stack's folder that
    options name, as --var-file does: they are no part of the stack. `partitions` are the regions that the SDK knows, by
    the pattern that all regions of their partition have.
    """

    variables: MappingABC[str, str] = field(default_factory=dict)
    files: SequenceABC[tuple[str, bytes]] = ()
    meant: MappingABC[str, GivenValue] = field(default_factory=dict)
    offered: MappingABC[str, GivenValue] = field(default_factory=dict)
    examples: bool = False
    samples: bool = False
    named: frozenset[str] = frozenset()
    partitions: MappingABC[str, SequenceABC[str]] = field(default_factory=dict)


def scope_of(variables: MappingABC[str, Variable], outside: FromOutside, expander: Expander) -> Scope:
    filler = _Filler(variables, expander, expander.findings)
    given = {name: value for name, value in outside.offered.items() if name in variables}
    given |= {name: value for name, value in outside.meant.items() if filler.is_declared(name, value.mark)}
    given |= filler.from_files(outside.files) | filler.from_texts(outside.variables)
    values, unset, broken = {}, set(), set()
    by_example, unknown = list[Variable](), list[Variable]()
    for name, variable in variables.items():
        chosen = given.get(name, GivenValue(variable.default, variable.default_mark))
        example = None if variable.is_broken else filler.example(variable)
        if variable.is_broken or name in filler.broken:
            broken.add(name)
        elif chosen.value is not None:
            value = filler.fitting(variable, chosen)
            if value is None:
                broken.add(name)
            else:
                values[name] = value
        elif outside.examples and example is not None:
            values[name] = as_example(example) if outside.samples else example
            by_example.append(variable)
        elif outside.examples and variable.hides("text"):
            values[name] = variable.sample() if outside.samples else Unknown.of("var", name)
            unknown.append(variable)
        elif variable.default_mark:
            broken.add(name)
            continue
        else:
            unset.add(name)
        if variable.default is None and variable.default_mark:  # there is another value: it does not matter any more
            filler.findings.withdraw(variable.default_mark)
    filler.tell_of(by_example, "examples are used")
    filler.tell_of(unknown, "arbitrary text is used" if outside.samples else "secrets are unknown here")
    # What stands in for an unknown secret, or repeats a variable's name as an example, is in no need of being hidden.
    harmless = {each.name for each in unknown} | {each.name for each in by_example if values[each.name] == each.name}
    secret = frozenset(name for name in values.keys() - harmless if variables[name].hides(values[name]))
    return Scope(
        {name: as_secret(value) if name in secret else value for name, value in values.items()},
        secret,
        frozenset(unset),
        frozenset(broken),
    )


@dataclass(frozen=True, slots=True)
class _Filler:
    variables: MappingABC[str, Variable]
    expander: Expander
    findings: Findings
    broken: set[str] = field(default_factory=set)

    def from_files(self, files: Iterable[tuple[str, bytes]]) -> dict[str, GivenValue]:
        given: dict[str, GivenValue] = {}
        for name, raw in files:
            given |= self.from_file(name, raw)
        return given

    def from_file(self, name: str, raw: bytes) -> dict[str, GivenValue]:
        document = parse(name, raw, self.findings, is_yaml=True)
        self.expander.library.size += document.size
        for include in document.includes:
            hint = "write the values in the file"
            self.findings.add("VAR008", "!include cannot be used in a variable file", include.mark, hint)
        if document.is_broken or document.includes:
            self.broken.update(self.variables)  # it may have had a value for any of them
        if document.root is None or document.is_broken or document.includes:
            return {}
        root = self.expander.expand(document.root)
        if not isinstance(root, MappingNode):
            self.findings.add("VAR013", "a variable file must be a mapping", root.mark, "write `variable: value`")
            return {}
        given: dict[str, GivenValue] = {}
        for key, (mark, node) in root.entries.items():
            if self.is_declared(key, mark):
                try:
                    given |= {} if is_null(node) else {key: GivenValue(value_of(node), node.mark)}
                except BrokenValue:
                    self.broken.add(key)
        return given

    def from_texts(self, texts: MappingABC[str, str]) -> dict[str, GivenValue]:
        return {
            name: GivenValue(self.from_text(self.variables[name], text), None)
            for name, text in texts.items()
            if self.is_declared(name, None)
        }

    def from_text(self, variable: Variable, text: str) -> Json:
        """Read a text of the command line as its variable's type wants it; what does not fit is refused later."""
        if variable.type == "string":
            return text
        if variable.type not in ("list", "map"):
            value = plain_value(text)
            return text if value is None else value
        document = compose("", text, Findings())  # whatever is wrong with it, what matters is that it does not fit
        try:
            return value_of(document.root) if document.root else text
        except BrokenValue:
            return text

    def is_declared(self, name: str, mark: SourceMark | None) -> bool:
        if name in self.variables or self.expander.library.incomplete:
            return name in self.variables
        hint = did_you_mean(name, self.variables, "declare it under variables")
        # What is no name may be a line of any file: not even that is shown of what is no file of values.
        shown = name if mark is None or NAME.fullmatch(name) else "on this line"
        self.findings.add("VAR007", f"{_source(shown, mark)}the variable {shown} is not declared", mark, hint)
        return False

    def example(self, variable: Variable) -> Json:
        """Return the example of a variable, which has to be right whether or not it is used."""
        if variable.example is None:
            return None
        return self.fitting(variable, GivenValue(variable.example, variable.example_mark))

    def tell_of(self, without_value: SequenceABC[Variable], instead: str) -> None:
        if without_value:
            names = listed((variable.name for variable in without_value), "and")
            message = f"no value is set for {names}: {instead}"
            self.findings.add(
                "VAR020", message, without_value[0].mark, "values are required to run against AWS", Severity.NOTE
            )

    def fitting(self, variable: Variable, given: GivenValue) -> Json:
        """Return the value in its variable's type, or None after saying why it cannot be taken."""
        is_secret = variable.hides(given.value)
        shown = "the secret" if is_secret else _shown(given.value)
        if holds_unknown((given.value, *variable.enum)):
            return given.value
        start = f"{_source(variable.name, given.mark)}{shown}"
        try:
            value = converted(variable, given.value)
        except TypeError:
            message = f"{start} is not of type {variable.type} (variable {variable.name})"
            self.findings.add("VAR003", message, given.mark, f"for example {EXAMPLES[variable.type]}")
            return None
        if variable.enum and value not in variable.enum and text_of(value) not in map(text_of, variable.enum):
            hint = "" if is_secret else f"allowed values: {listed(map(_shown, variable.enum))}"
            self.findings.add(
                "VAR004", f"{start} is not an allowed value of the variable {variable.name}", given.mark, hint
            )
            return None
        if variable.pattern and not variable.pattern.is_in(text_of(value)):
            message = f"{start} does not match the pattern of the variable {variable.name}"
            self.findings.add("VAR005", message, given.mark, f"the pattern is {variable.pattern.text}")
            return None
        return value


def _source(name: str, mark: SourceMark | None) -> str:
    return "" if mark else f"--var {name}: "


def _shown(value: Json) -> str:
    if isinstance(value, Secret):
        return "a secret"
    if isinstance(value, list | dict):
        return "a list" if isinstance(value, list) else "a map"
    return text_of(value) or "an empty string"


# Regions that the installed AWS SDK does not know: misspelt, or newer than the SDK.

REGION = re.compile(r"[a-z]{2,}(-[a-z]+)+-[0-9]+")
ALIKE = 0.85  # of us-est-1, us-east-1 and us-west-1 are as near


def unknown_region(region: str, partitions: Mapping[str, Sequence[str]], where: Where | None) -> Problem | None:
    """Return what is wrong with a region; a warning where it has the form of a partition's, as a newer one has.

    `partitions` are the known regions, by the pattern that all regions of their partition have.
    """
    known = [name for names in partitions.values() for name in names]
    if not known or region in known:
        return None
    near = difflib.get_close_matches(region, known, n=2, cutoff=ALIKE)
    hint = f"did you mean {' or '.join(sorted(near))}?" if near else "check the spelling"
    is_formed = any(re.match(pattern, region) for pattern in partitions)
    severity = Severity.WARNING if is_formed else Severity.ERROR
    return Problem("STK018", f"region is {region}, which the installed AWS SDK does not know", where, hint, severity)

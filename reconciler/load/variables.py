"""The variables that a stack declares: their types, defaults and what they allow."""

import re
from collections.abc import Callable
from collections.abc import Mapping as MappingABC
from dataclasses import dataclass

from reconciler.load.beside import OF_VARIABLE
from reconciler.load.expand import CONTEXT, Expander
from reconciler.load.findings import Findings, did_you_mean, listed
from reconciler.load.gather import Gathered
from reconciler.load.nodes import Broken, BrokenValue, MappingNode, Node, SourceMark, is_null, value_of, where_of
from reconciler.load.patterns import Pattern, PatternError
from reconciler.load.scalars import text_of
from reconciler.load.shape import mapping_of, text_from
from reconciler.looked_up import is_secret
from reconciler.model import Json

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
                findings.add("VAR012", message, mark, "keep one of the two")
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
            reason = "is known to every stack" if name in CONTEXT else "is no name for a variable"
            hint = "take another name, of letters, digits and _"
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
            hint = did_you_mean(key, MEMBERS, f"a variable has {listed(MEMBERS, 'and')}")
            self.findings.add("VAR006", f"{key} is no member of a variable", key_mark, hint)
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
            hint = did_you_mean(text, TYPES, f"the types are {listed(TYPES, 'and')}")
            self.findings.add("VAR006", f"{text} is no type of a variable", mark, hint)
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
            self.findings.add("VAR006", f"the pattern {error}", mark, "quote it with ' '; its syntax is that of RE2")
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

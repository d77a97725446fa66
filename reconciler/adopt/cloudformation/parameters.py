"""The parameters of a template, as values and as variables of a stack.

https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/parameters-section-structure.html
"""

import re
from collections.abc import Iterable, Iterator
from collections.abc import Mapping as MappingABC
from dataclasses import dataclass, field
from itertools import count

from reconciler.adopt.cloudformation.template import Entries, Template, text
from reconciler.load.expand import CONTEXT
from reconciler.load.findings import Findings, did_you_mean, listed
from reconciler.load.nodes import MappingNode, Node, Scalar, SequenceNode, SourceMark
from reconciler.load.patterns import Pattern, PatternError
from reconciler.load.scalars import plain_value
from reconciler.model import Json
from reconciler.problems import Severity

PSEUDO = ("AWS::AccountId", "AWS::NotificationARNs", "AWS::NoValue", "AWS::Partition", "AWS::Region", "AWS::StackId",
          "AWS::StackName", "AWS::URLSuffix")  # fmt: skip
HIDDEN = "****"  # what DescribeStacks shows of a parameter with NoEcho
LISTS = re.compile(r"CommaDelimitedList|List<.*>|AWS::SSM::Parameter::Value<(CommaDelimitedList|List<.*>)>")
STORED = "AWS::SSM::Parameter::Value<"  # the value is the name of a parameter of SSM, which has it
LIMITS = {"MinLength": "at least {} characters", "MaxLength": "at most {} characters", "MinValue": "at least {}",
          "MaxValue": "at most {}"}  # fmt: skip
# What members of the API want of a variable, and what a variable is called that gives it.
WANTED = {"integer": "integer", "long": "integer", "float": "number", "double": "number", "boolean": "boolean"}


@dataclass(frozen=True, slots=True)
class Parameter:
    """`given` is a value of the command line, `usual` one that the live stack or the template has."""

    name: str
    mark: SourceMark
    type: str = "String"
    given: str | None = None
    usual: str | None = None
    description: str = ""
    allowed: tuple[str, ...] = ()
    pattern: str = ""
    secret: bool = False
    limits: tuple[str, ...] = ()

    @property
    def is_list(self) -> bool:
        return LISTS.fullmatch(self.type) is not None

    @property
    def is_stored(self) -> bool:
        return self.type.startswith(STORED)

    @property
    def is_hidden(self) -> bool:
        """Whether no value that is given for it says what it stands for."""
        return self.secret or self.is_stored

    @property
    def is_shown(self) -> bool:
        """Whether it has a value that can be written in its place."""
        return self.usual is not None and not self.is_hidden and self.given is None

    @property
    def variable(self) -> str:
        return f"{self.name}Parameter" if self.name in CONTEXT else self.name

    def value_of(self, text_: str) -> Json:
        """Return what a text means as a value of this parameter."""
        if self.is_list:
            return [item.strip() for item in text_.split(",")] if text_ else []
        return plain_value(text_) if self.type == "Number" else text_


def parameters(
    template: Template, given: MappingABC[str, str], live: MappingABC[str, str], findings: Findings
) -> MappingABC[str, Parameter]:
    """Return the parameters of a template, with the values that they have."""
    found = {}
    for name, (mark, node) in template.section("Parameters").items():
        if isinstance(node, MappingNode):
            found[name] = _parameter(name, mark, node.entries, given.get(name), live.get(name))
        else:
            hint = "a parameter has at least a Type"
            findings.add("CFN009", f"the parameter {name} is no mapping", mark, hint, Severity.WARNING)
    _check(found, given, findings)
    return found


def declaration(parameter: Parameter, wanted: frozenset[str]) -> dict[str, Json]:
    """Return a parameter as a stack's `variables` has it; `wanted` are the types that its places have in the API."""
    kind = _type(parameter, wanted)
    of_kind = parameter.value_of if parameter.is_list or kind == "string" else _plain
    limits = ", ".join(parameter.limits) if not parameter.allowed else ""
    said = f"{parameter.description} ({limits})" if parameter.description and limits else parameter.description
    said = said or limits
    enum = [of_kind(value) for value in parameter.allowed] if not parameter.is_list else []
    return {
        "type": kind,
        **({"description": said} if said else {}),
        **({"default": of_kind(parameter.usual)} if parameter.usual is not None and not parameter.secret else {}),
        **({"enum": enum} if enum else {}),
        **({"pattern": pattern} if (pattern := _whole(parameter.pattern)) and not parameter.is_list else {}),
        **({"secret": True} if parameter.secret else {}),
    }


def _parameter(name: str, mark: SourceMark, entries: Entries, given: str | None, live: str | None) -> Parameter:
    def own(member: str) -> str:
        return text(entries[member][1]) if member in entries else ""

    default = _joined(entries["Default"][1]) if "Default" in entries else None
    return Parameter(
        name,
        mark,
        type=own("Type") or "String",
        given=given,
        usual=live if live not in (None, HIDDEN) else default,
        description=own("Description"),
        allowed=tuple(_texts(entries["AllowedValues"][1])) if "AllowedValues" in entries else (),
        pattern=own("AllowedPattern"),
        secret=own("NoEcho").lower() == "true",
        limits=tuple(words.format(own(member)) for member, words in LIMITS.items() if own(member)),
    )


def _joined(node: Node) -> str:
    """A default of a list may be written as one."""
    return ",".join(_texts(node))


def _texts(node: Node) -> Iterator[str]:
    for item in node.items if isinstance(node, SequenceNode) else [node]:
        if isinstance(item, Scalar):
            yield text(item)


def _type(parameter: Parameter, wanted: frozenset[str]) -> str:
    """A variable has the type that its places want, where its values have it: templates write numbers as texts."""
    if parameter.is_list:
        return "list"
    types = {WANTED[one] for one in wanted if one in WANTED}
    values = [_plain(one) for one in (parameter.usual, *parameter.allowed) if one is not None]
    for name in ("integer", "number", "boolean"):
        if name in types and all(map(FITS[name], values)):
            return name
    return "number" if parameter.type == "Number" and all(map(FITS["number"], values)) else "string"


def _plain(value: str) -> Json:
    return value.lower() == "true" if value.lower() in ("true", "false") else plain_value(value)


FITS = {
    "integer": lambda value: isinstance(value, int) and not isinstance(value, bool),
    "number": lambda value: isinstance(value, int | float) and not isinstance(value, bool),
    "boolean": lambda value: isinstance(value, bool),
}


def _whole(pattern: str) -> str:
    """Return a pattern that has to match all of a value, as CloudFormation's do; empty if ours cannot say it.

    They are Java's, most of which are RE2's, too.
    """
    inner = pattern.removeprefix("^").removesuffix("$") if not pattern.endswith("\\$") else pattern.removeprefix("^")
    try:
        Pattern.of(inner)
    except PatternError:
        return ""
    return (f"^(?:{inner})$" if "|" in inner else f"^{inner}$") if inner else ""


def _check(found: MappingABC[str, Parameter], given: MappingABC[str, str], findings: Findings) -> None:
    for name, value in given.items():
        parameter = found.get(name)
        if parameter is None and name not in PSEUDO:
            known = listed(found, "and") if found else "none"
            hint = did_you_mean(name, found, f"it has {known}")
            findings.add("CFN011", f"the template has no parameter {name}", None, hint)
        elif parameter and parameter.allowed and value not in parameter.allowed:
            shown = "the value given" if parameter.secret else value
            hint = f"it can be {listed(parameter.allowed)}"
            findings.add("CFN011", f"{shown} is not a value that the parameter {name} allows", parameter.mark, hint)


@dataclass(slots=True)
class Variables:
    """The variables that a stack gets: those of parameters, and those that stand for what cannot be told."""

    parameters: MappingABC[str, Parameter]
    wanted: dict[str, set[str]] = field(default_factory=dict)
    made: dict[str, tuple[str, str, bool]] = field(default_factory=dict)  # by name: expression, meaning, is it a list
    secret: set[str] = field(default_factory=set)  # names of those that were made

    def make(self, name: str, expression: str, meaning: str, *, is_list: bool = False, is_secret: bool = False) -> str:
        """Return the name of a variable for an expression: always the same for the same one."""
        base = re.sub(r"[^A-Za-z0-9_]+", "_", name).strip("_") or "Value"
        base = base if base[0].isalpha() and base not in CONTEXT else f"Value_{base}"
        taken = {parameter.variable for parameter in self.parameters.values()}
        names = (base if number == 1 else f"{base}_{number}" for number in count(1))
        own = next(one for one in names if one not in taken and self._is_free(one, expression))
        self.made.setdefault(own, (expression, meaning, is_list))
        if is_secret:
            self.secret.add(own)
        return own

    def _is_free(self, name: str, expression: str) -> bool:
        return name not in self.made or self.made[name][0] == expression

    def want(self, name: str, type_: str) -> None:
        """Note the type of a member that the variable stands for."""
        self.wanted.setdefault(name, set()).add(type_)

    def is_list(self, name: str, *, as_list: bool = False) -> bool:
        """Whether a variable is a list. One that was made becomes one where it is used `as_list`."""
        if name in self.made:
            expression, meaning, is_list = self.made[name]
            self.made[name] = (expression, meaning, is_list or as_list)
            return self.made[name][2]
        return any(one.variable == name and one.is_list for one in self.parameters.values())

    def usual(self, name: str) -> str | None:
        return next((one.usual for one in self.parameters.values() if one.variable == name), None)

    def values(self, names: Iterable[str]) -> dict[str, Json]:
        """Return what the variables of parameters have as their default, by the variables' names."""
        found = (self.parameters[name] for name in names)
        return {
            one.variable: declaration(one, frozenset(self.wanted.get(one.variable, ())))["default"] for one in found
        }

    def declared(self, used: frozenset[str]) -> dict[str, dict[str, Json]]:
        """Return the declarations of those that are used; those of parameters first, in the template's order."""
        of_parameters = {
            one.variable: declaration(one, frozenset(self.wanted.get(one.variable, ())))
            for one in self.parameters.values()
            if one.variable in used
        }
        made = {
            name: {
                "type": "list" if is_list else self._scalar(name),
                "description": meaning,
                **({"secret": True} if name in self.secret else {}),
            }
            for name, (_, meaning, is_list) in self.made.items()
            if name in used
        }
        return of_parameters | made

    def _scalar(self, name: str) -> str:
        types = {WANTED.get(one, "string") for one in self.wanted.get(name, ())}
        return types.pop() if len(types) == 1 else "string"

"""The context of evaluation: parameters, variables, inputs, errors, and the names of resources."""

import re
from collections.abc import Collection, Iterable, Iterator, Mapping
from collections.abc import Mapping as MappingABC
from dataclasses import dataclass, field
from itertools import count, takewhile
from typing import NamedTuple

from reconciler.importers.cloudformation.template import Entries, Template, text
from reconciler.load.expand import CONTEXT, IN_TEXT
from reconciler.load.variables import Pattern, PatternError
from reconciler.model import Json, partition_of
from reconciler.problems import Severity
from reconciler.syntax.diagnostics import Findings, did_you_mean, listed
from reconciler.syntax.nodes import MappingNode, Node, Scalar, SequenceNode, SourceMark, plain_value

# The parameters of a template, as values and as variables of a stack.
#
# https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/parameters-section-structure.html

PSEUDO = ("AWS::AccountId", "AWS::NotificationARNs", "AWS::NoValue", "AWS::Partition", "AWS::Region", "AWS::StackId",
          "AWS::StackName", "AWS::URLSuffix")  # fmt: skip
HIDDEN = "****"  # what DescribeStacks shows of a parameter with NoEcho
LISTS = re.compile(r"CommaDelimitedList|List<.*>|AWS::SSM::Parameter::Value<(CommaDelimitedList|List<.*>)>")
STORED = "AWS::SSM::Parameter::Value<"  # the value is the name of a parameter of SSM, which has it
LIMITS = {"MinLength": "at least {} characters", "MaxLength": "at most {} characters", "MinValue": "at least {}",
          "MaxValue": "at most {}"}  # fmt: skip
# What members of the API want of a variable, and what a variable is called that gives it.
VARIABLE_TYPES = {"integer": "integer", "long": "integer", "float": "number", "double": "number", "boolean": "boolean"}


@dataclass(frozen=True, slots=True)
class Parameter:
    """`argument` is a value of the command line, `default` the value in the live stack or the template."""

    name: str
    mark: SourceMark
    type: str = "String"
    argument: str | None = None
    default: str | None = None
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
        return self.default is not None and not self.is_hidden and self.argument is None

    @property
    def variable(self) -> str:
        return f"{self.name}Parameter" if self.name in CONTEXT else self.name

    def value_of(self, text_: str) -> Json:
        """Return what a text means as a value of this parameter."""
        if self.is_list:
            return [item.strip() for item in text_.split(",")] if text_ else []
        return plain_value(text_) if self.type == "Number" else text_


def parameters(
    template: Template, arguments: MappingABC[str, str], live: MappingABC[str, str], findings: Findings
) -> MappingABC[str, Parameter]:
    """Return the parameters of a template, with the values that they have."""
    out = {}
    for name, (mark, node) in template.section("Parameters").items():
        if isinstance(node, MappingNode):
            out[name] = _parameter(name, mark, node.entries, arguments.get(name), live.get(name))
        else:
            hint = "a parameter requires a Type"
            findings.add("CFN009", f"the parameter {name} is not a mapping", mark, hint, Severity.WARNING)
    _check(out, arguments, findings)
    return out


def declaration(parameter: Parameter, required_types: frozenset[str]) -> dict[str, Json]:
    """Return a parameter as a stack's `variables` has it; `required_types` are those of the fields that it fills."""
    kind = _type(parameter, required_types)
    as_kind = parameter.value_of if parameter.is_list or kind == "string" else _plain
    limits = ", ".join(parameter.limits) if not parameter.allowed else ""
    description = f"{parameter.description} ({limits})" if parameter.description and limits else parameter.description
    description = description or limits
    enum = [as_kind(value) for value in parameter.allowed] if not parameter.is_list else []
    return {
        "type": kind,
        **({"description": description} if description else {}),
        **({"default": as_kind(parameter.default)} if parameter.default is not None and not parameter.secret else {}),
        **({"enum": enum} if enum else {}),
        **({"pattern": pattern} if (pattern := _anchored(parameter.pattern)) and not parameter.is_list else {}),
        **({"secret": True} if parameter.secret else {}),
    }


def _parameter(name: str, mark: SourceMark, entries: Entries, argument: str | None, live: str | None) -> Parameter:
    def attribute(member: str) -> str:
        return text(entries[member][1]) if member in entries else ""

    default = _joined(entries["Default"][1]) if "Default" in entries else None
    return Parameter(
        name,
        mark,
        type=attribute("Type") or "String",
        argument=argument,
        default=live if live not in (None, HIDDEN) else default,
        description=attribute("Description"),
        allowed=tuple(_texts(entries["AllowedValues"][1])) if "AllowedValues" in entries else (),
        pattern=attribute("AllowedPattern"),
        secret=attribute("NoEcho").lower() == "true",
        limits=tuple(words.format(attribute(member)) for member, words in LIMITS.items() if attribute(member)),
    )


def _joined(node: Node) -> str:
    """A default of a list may be written as one."""
    return ",".join(_texts(node))


def _texts(node: Node) -> Iterator[str]:
    for item in node.items if isinstance(node, SequenceNode) else [node]:
        if isinstance(item, Scalar):
            yield text(item)


def _type(parameter: Parameter, required_types: frozenset[str]) -> str:
    """A variable has the type that its places want, where its values have it: templates write numbers as texts."""
    if parameter.is_list:
        return "list"
    types = {VARIABLE_TYPES[type_] for type_ in required_types if type_ in VARIABLE_TYPES}
    values = [_plain(value) for value in (parameter.default, *parameter.allowed) if value is not None]
    for name in ("integer", "number", "boolean"):
        if name in types and all(map(IS_TYPE[name], values)):
            return name
    return "number" if parameter.type == "Number" and all(map(IS_TYPE["number"], values)) else "string"


def _plain(value: str) -> Json:
    return value.lower() == "true" if value.lower() in ("true", "false") else plain_value(value)


IS_TYPE = {
    "integer": lambda value: isinstance(value, int) and not isinstance(value, bool),
    "number": lambda value: isinstance(value, int | float) and not isinstance(value, bool),
    "boolean": lambda value: isinstance(value, bool),
}


def _anchored(pattern: str) -> str:
    """Return a pattern that has to match all of a value, as CloudFormation's do; empty if ours cannot say it.

    They are Java's, most of which are RE2's, too.
    """
    inner = pattern.removeprefix("^").removesuffix("$") if not pattern.endswith("\\$") else pattern.removeprefix("^")
    try:
        Pattern.of(inner)
    except PatternError:
        return ""
    return (f"^(?:{inner})$" if "|" in inner else f"^{inner}$") if inner else ""


def _check(known_parameters: MappingABC[str, Parameter], arguments: MappingABC[str, str], findings: Findings) -> None:
    for name, value in arguments.items():
        parameter = known_parameters.get(name)
        if parameter is None and name not in PSEUDO:
            names = listed(known_parameters, "and") if known_parameters else "none"
            hint = did_you_mean(name, known_parameters, f"its parameters are: {names}")
            findings.add("CFN011", f"the template has no parameter {name}", None, hint)
        elif parameter and parameter.allowed and value not in parameter.allowed:
            shown = "the value given" if parameter.secret else value
            hint = f"allowed values: {listed(parameter.allowed)}"
            findings.add("CFN011", f"{shown} is not an allowed value of the parameter {name}", parameter.mark, hint)


@dataclass(slots=True)
class Variables:
    """The variables of the stack: those of parameters, and those of unknown values."""

    parameters: MappingABC[str, Parameter]
    required_types: dict[str, set[str]] = field(default_factory=dict)
    created: dict[str, tuple[str, str, bool]] = field(
        default_factory=dict
    )  # by name: expression, meaning, is it a list
    secret_names: set[str] = field(default_factory=set)  # names of those that were made

    def create(
        self, name: str, expression: str, meaning: str, *, is_list: bool = False, is_secret: bool = False
    ) -> str:
        """Return the name of a variable for an expression: always the same for the same one."""
        base = re.sub(r"[^A-Za-z0-9_]+", "_", name).strip("_") or "Value"
        base = base if base[0].isalpha() and base not in CONTEXT else f"Value_{base}"
        taken = {parameter.variable for parameter in self.parameters.values()}
        candidates = (base if number == 1 else f"{base}_{number}" for number in count(1))
        chosen = next(each for each in candidates if each not in taken and self._is_free(each, expression))
        self.created.setdefault(chosen, (expression, meaning, is_list))
        if is_secret:
            self.secret_names.add(chosen)
        return chosen

    def _is_free(self, name: str, expression: str) -> bool:
        return name not in self.created or self.created[name][0] == expression

    def require_type(self, name: str, type_: str) -> None:
        """Note the type of a member that the variable stands for."""
        self.required_types.setdefault(name, set()).add(type_)

    def is_list(self, name: str, *, as_list: bool = False) -> bool:
        """Whether a variable is a list. One that was made becomes one where it is used `as_list`."""
        if name in self.created:
            expression, meaning, is_list = self.created[name]
            self.created[name] = (expression, meaning, is_list or as_list)
            return self.created[name][2]
        return any(parameter.variable == name and parameter.is_list for parameter in self.parameters.values())

    def default_of(self, name: str) -> str | None:
        return next((parameter.default for parameter in self.parameters.values() if parameter.variable == name), None)

    def defaults_of(self, names: Iterable[str]) -> dict[str, Json]:
        """Return what the variables of parameters have as their default, by the variables' names."""
        parameters = (self.parameters[name] for name in names)
        return {
            parameter.variable: declaration(parameter, frozenset(self.required_types.get(parameter.variable, ())))[
                "default"
            ]
            for parameter in parameters
        }

    def declarations(self, used: frozenset[str]) -> dict[str, dict[str, Json]]:
        """Return the declarations of those that are used; those of parameters first, in the template's order."""
        from_parameters = {
            parameter.variable: declaration(parameter, frozenset(self.required_types.get(parameter.variable, ())))
            for parameter in self.parameters.values()
            if parameter.variable in used
        }
        created = {
            name: {
                "type": "list" if is_list else self._scalar(name),
                "description": meaning,
                **({"secret": True} if name in self.secret_names else {}),
            }
            for name, (_, meaning, is_list) in self.created.items()
            if name in used
        }
        return from_parameters | created

    def _scalar(self, name: str) -> str:
        types = {VARIABLE_TYPES.get(type_, "string") for type_ in self.required_types.get(name, ())}
        return types.pop() if len(types) == 1 else "string"


STACK_ARN = re.compile(r"arn:([^:]+):cloudformation:([^:]+):([^:]+):stack/([^/]+)/.+")


@dataclass(frozen=True, slots=True)
class LiveStack:
    """The stack that a template was deployed as: values of parameters, physical ids by logical id.

    `exports` are those of all stacks in the region, by name. `versions` are numbers of launch templates, by logical id
    and attribute.
    """

    name: str
    id: str  # an ARN
    parameters: Mapping[str, str] = field(default_factory=dict)
    resources: Mapping[str, str] = field(default_factory=dict)
    exports: Mapping[str, str] = field(default_factory=dict)
    versions: Mapping[tuple[str, str], str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class ImportInputs:
    """The inputs beside the template. `stack_name` is the name of the resulting stack; `region` may be empty."""

    stack_name: str
    parameters: Mapping[str, str] = field(default_factory=dict)
    region: str = ""
    live: LiveStack | None = None


@dataclass(frozen=True, slots=True)
class TemplateReference:
    """A reference to a resource of AWS Batch in the template: by name or by ARN, as its place wants it."""

    logical: str


@dataclass(frozen=True, slots=True)
class TemplateContext:
    """`arns` are those of the template's resources of AWS Batch, with `${account}` and its like in them.

    `omitted` are resources that are not imported, with the reason. `resolving_names_of` are other resources whose names
    are being resolved. `fixed_by` are parameters whose defaults are written in their place, with the first reason: a
    parameter is a variable everywhere or nowhere.
    """

    template: Template
    inputs: ImportInputs
    variables: Variables
    findings: Findings
    arns: dict[str, str] = field(default_factory=dict)
    omitted: dict[str, str] = field(default_factory=dict)
    resolving_names_of: list[str] = field(default_factory=list)
    fixed_by: dict[str, str] = field(default_factory=dict)

    def fix(self, names: Iterable[str], reason: str) -> None:
        """Note that a result depends on the defaults of parameters, which are then not variables."""
        for name in names:
            if name in self.variables.parameters and self.variables.parameters[name].is_shown:
                self.fixed_by.setdefault(name, reason)

    @property
    def pseudo(self) -> dict[str, str]:
        """Return what is known of the place, by the names of pseudo parameters."""
        match = STACK_ARN.fullmatch(self.inputs.live.id) if self.inputs.live else None
        if match:
            names = ("AWS::Partition", "AWS::Region", "AWS::AccountId", "AWS::StackName")
            values = dict(zip(names, map(str, match.groups()), strict=True))
            return {**values, "AWS::StackId": match[0], **self.inputs.parameters}
        region = self.inputs.region or self.inputs.parameters.get("AWS::Region", "")
        place = {"AWS::Region": region, "AWS::Partition": partition_of(region)} if region else {}
        return {**place, **self.inputs.parameters}


# Errors of evaluation.


class NotEvaluated(Exception):  # noqa: N818 - names what happened
    """A value is unknown from the template and the arguments; the message says what is missing."""


class TemplateError(Exception):
    """A value is written in a way that CloudFormation would refuse, too, or that cannot be followed."""

    def __init__(self, code: str, message: str, mark: SourceMark, hint: str = "") -> None:
        super().__init__(message)
        self.code = code
        self.mark = mark
        self.hint = hint

    def report(self, findings: Findings) -> None:
        findings.add(self.code, str(self), self.mark, self.hint)


# Every problem that the import of a template can have. Codes are stable; messages are not.

CODES: Mapping[str, str] = {
    "CFN001": "a file is not a CloudFormation template",
    "CFN002": "a template contains no AWS Batch resources",
    "CFN003": "a CloudFormation function, macro or module is not supported",
    "CFN004": "a CloudFormation function is malformed",
    "CFN005": "a template refers to something that it does not contain",
    "CFN006": "a condition depends on an unknown value",
    "CFN007": "a resource in a template has a property that AWS Batch does not support",
    "CFN008": "a property in a template has an invalid value",
    "CFN009": "a resource or parameter in a template is malformed",
    "CFN010": "a template contains a macro that has not been processed",
    "CFN011": "a --parameter value is for an unknown parameter, or is not allowed",
    "CFN012": "a template refers to a resource that it does not contain",
}


# What resources are called where parameters build their names: what all names begin with becomes the stack's prefix.
#
# A name is a sequence of single characters and parameters. A parameter is followed by every name, as part of the
# prefix, or its value stands in every name.

SEPARATORS = "-_"


class ParameterPart(NamedTuple):
    """A parameter in a name, by the name of its variable."""

    variable: str


Pieces = tuple[str | ParameterPart, ...]


@dataclass(frozen=True, slots=True)
class Naming:
    """`keys` are what follows the prefix, by logical id. `fixed` are variables whose values stand in the names.

    `unknown` are the names that no prefix can say: by logical id, the variables that have no value. With `is_anew`, no
    name is that of the template.
    """

    prefix: Pieces = ()
    keys: MappingABC[str, str] = field(default_factory=dict)
    fixed: frozenset[str] = frozenset()
    unknown: MappingABC[str, tuple[str, ...]] = field(default_factory=dict)
    is_renamed: bool = False


def parse_name(text: str) -> Pieces:
    """Return a text of `!sub` as a name."""
    out: list[str | ParameterPart] = []
    at = 0
    for match in IN_TEXT.finditer(text):
        out += [*text[at : match.start()], *(f"${{{match[2]}}}" if match[1] else [ParameterPart(match[2].strip())])]
        at = match.end()
    return (*out, *text[at:])


def sub_text(pieces: Pieces) -> str:
    """Return a name as a text of `!sub`."""
    return "".join(f"${{{piece.variable}}}" if isinstance(piece, ParameterPart) else piece for piece in pieces)


def fill_name(pieces: Pieces, values: MappingABC[str, str]) -> Pieces:
    """Return a name with values in place of the variables that have one."""
    return tuple(inner for piece in pieces for inner in _fill_piece(piece, values))


def variables_of_name(pieces: Pieces) -> Iterator[str]:
    for piece in pieces:
        if isinstance(piece, ParameterPart):
            yield piece.variable


def choose_names(names: MappingABC[str, Pieces], values: MappingABC[str, str]) -> Naming:
    """Return what resources are called. `names` are those that are written, `values` are what variables usually are."""
    fixed: set[str] = set()
    while True:
        current = {
            logical: fill_name(name, {variable: values[variable] for variable in fixed})
            for logical, name in names.items()
        }
        prefix = _common_prefix(tuple(current.values()))
        after_prefix = {logical: set(variables_of_name(name[len(prefix) :])) for logical, name in current.items()}
        valued = {variable for variables in after_prefix.values() for variable in variables if variable in values}
        if not valued:
            break
        fixed |= valued
    if not any(after_prefix.values()):
        keys = {logical: sub_text(name[len(prefix) :]) for logical, name in current.items()}
        return Naming(prefix, keys, frozenset(fixed))
    return _names_without_values(
        current, values, fixed, {logical: variable for logical, variable in after_prefix.items() if variable}
    )


def _names_without_values(
    names: MappingABC[str, Pieces],
    values: MappingABC[str, str],
    fixed: Collection[str],
    missing: MappingABC[str, Collection[str]],
) -> Naming:
    """Return what resources are called where a variable without a value is behind the prefix.

    If that holds for all of them, no name is known, and the variables come first instead: each value has resources of
    its own, as in CloudFormation. A name that is known has to stay.
    """
    unvalued = {
        logical: [variable for variable in variables_of_name(name) if variable not in values]
        for logical, name in names.items()
    }
    if not all(unvalued.values()):
        return Naming(
            keys={
                logical: sub_text(fill_name(name, values)) for logical, name in names.items() if logical not in missing
            },
            fixed=frozenset(
                {
                    *fixed,
                    *(
                        variable
                        for name in names.values()
                        for variable in variables_of_name(name)
                        if variable in values
                    ),
                }
            ),
            unknown={logical: tuple(sorted(variable)) for logical, variable in missing.items()},
        )
    first_variables = dict.fromkeys(variable for variables in unvalued.values() for variable in variables)
    prefix = tuple(inner for variable in first_variables for inner in (ParameterPart(variable), SEPARATORS[0]))
    valued = (variable for name in names.values() for variable in variables_of_name(name) if variable in values)
    return Naming(prefix, {logical: logical for logical in names}, frozenset({*fixed, *valued}), is_renamed=True)


def _common_prefix(names: Collection[Pieces]) -> Pieces:
    """Return what all names begin with, up to a parameter and the separators behind it; each has something left."""
    equal_pieces = takewhile(lambda pieces: len(set(pieces)) == 1, zip(*names, strict=False))
    common: Pieces = tuple(pieces[0] for pieces in equal_pieces)
    for index in reversed(range(len(common))):
        if isinstance(common[index], ParameterPart):
            end = index + 1
            while end < len(common) and common[end] in (*SEPARATORS,) and all(len(name) > end + 1 for name in names):
                end += 1
            if all(len(name) > end for name in names):
                return common[:end]
    return ()


def _fill_piece(piece: str | ParameterPart, values: MappingABC[str, str]) -> Pieces:
    if isinstance(piece, ParameterPart):
        return tuple(values[piece.variable]) if piece.variable in values else (piece,)
    return (piece,)

"""Evaluation of a template: functions are resolved as far as possible.

What depends on parameters becomes a substitution of our language. What the language cannot express is computed with
the defaults of the parameters, and noted. Unknown values become variables.
"""

from collections.abc import Callable, Iterator, Mapping
from collections.abc import Mapping as MappingABC
from copy import copy
from dataclasses import dataclass, field

from reconciler.importers.cloudformation import external
from reconciler.importers.cloudformation.context import NotEvaluated, TemplateContext, TemplateError, TemplateReference
from reconciler.importers.cloudformation.external import DYNAMIC, external_source, join_texts, last_word, lookup_of
from reconciler.importers.cloudformation.template import (
    CONDITION_FUNCTIONS,
    FUNCTIONS,
    LOOP,
    FunctionCall,
    call_of,
    expression_text,
    text,
)
from reconciler.importers.model import TaggedValue
from reconciler.model import Json
from reconciler.syntax.diagnostics import did_you_mean
from reconciler.syntax.nodes import Broken, MappingNode, Node, Scalar, SequenceNode, SourceMark, node_of, value_of

# The texts of notes on values that were computed.

EMPTY = '""'


def assumed_text(assumed: Mapping[str, str]) -> str:
    """Return the values that a result depends on: `Size is 4, Zone is ""`."""
    return ", ".join(f"{name} is {value or EMPTY}" for name, value in sorted(assumed.items()))


def condition_text(condition: str, assumed: Mapping[str, str], *, is_true: bool) -> str:
    return f"{condition} is {'true' if is_true else 'false'}, because {assumed_text(assumed)}"


def property_name(member: str) -> str:
    """Return what CloudFormation calls a member of the API."""
    return f"{member[:1].upper()}{member[1:]}"


# Whether a value in a template is secret, however it is composed.


def is_secret(context: TemplateContext, node: Node) -> bool:
    """Whether a parameter with NoEcho or a reference to a secret is in a value."""
    spelled_out = "".join(part if part is not None else HIDDEN for part in _parts(context, node))
    return external.is_secret(spelled_out)


HIDDEN = external.REFERENCE  # a reference to nothing that is plain


def _parts(context: TemplateContext, node: Node) -> Iterator[str | None]:
    """Yield the texts that a value is made of; None for a parameter that is secret."""
    call = call_of(node)
    match node:
        case MappingNode(entries) if call and call.function == "Fn::FindInMap":
            yield from _parts(context, MappingNode(context.template.section("Mappings"), node.mark))
            for _, inner in entries.values():
                yield from _parts(context, inner)
        case MappingNode() if call and call.function == "Ref":
            yield from _parameter(context, text(call.argument))
        case MappingNode(entries):
            for _, inner in entries.values():
                yield from _parts(context, inner)
        case SequenceNode(items):
            for item in items:
                yield from _parts(context, item)
        case Scalar():
            for is_name, piece in external.split_sub(text(node)):
                yield from _parameter(context, piece) if is_name else (piece,)


def _parameter(context: TemplateContext, name: str) -> Iterator[str | None]:
    parameter = context.variables.parameters.get(name)
    if parameter:
        yield None if parameter.secret else parameter.argument or parameter.default or ""


Function = Callable[["Resolver", FunctionCall], Node | None]

PROCESSED = "import the processed template: aws cloudformation get-template --template-stage Processed"
SOURCES = ("Ref", "Fn::GetAtt", "Fn::ImportValue")
LISTS = ("Fn::Split", "Fn::GetAZs", "Fn::Cidr")  # they give lists


@dataclass(slots=True)
class Resolver:
    """Resolves the values of one resource. `notes` are by the resolved node that they belong to.

    With `assumes`, parameters have their defaults, and those that were used are in `assumed`. Then nothing is
    substituted, and an unknown value raises `NotEvaluated`. Values of parameters with NoEcho are read for conditions,
    and are not printed.
    """

    context: TemplateContext
    logical: str
    functions: MappingABC[str, Function]
    assumes: bool = False
    reads_secrets: bool = False
    assumed: dict[str, str] = field(default_factory=dict)
    notes: dict[Node, list[str]] = field(default_factory=dict)
    absence_reasons: list[str] = field(default_factory=list)  # of values of the container that is being resolved
    carried_notes: list[str] = field(default_factory=list)  # notes of what becomes part of a text

    def nested(self, *, assumes: bool, reads_secrets: bool = False) -> "Resolver":
        return Resolver(self.context, self.logical, self.functions, assumes, reads_secrets)

    def resolve(self, node: Node) -> Node | None:
        """Return a value without functions; None where it is `AWS::NoValue`, `Broken` if a problem was reported."""
        call = call_of(node)
        if call:
            return self.resolve_call(call, node)
        match node:
            case MappingNode():
                return self.resolve_mapping(node)
            case SequenceNode():
                return self.resolve_sequence(node)
            case Scalar(str(value), mark) if DYNAMIC in value:
                return Scalar(lookup_of(value) or self.create_text_variable(node), mark)
            case _:
                return node

    def resolve_with_defaults(self, node: Node, *, reads_secrets: bool = False) -> tuple[Json, dict[str, str]]:
        """Return a plain value, and the parameters that it depends on. Raises `NotEvaluated` and `TemplateError`."""
        resolver = self.nested(assumes=True, reads_secrets=reads_secrets or self.reads_secrets)
        return resolver.resolve_plain(node), resolver.assumed

    def resolve_text(self, node: Node) -> str:
        """Return an argument that has to be known as a text."""
        value = scalar(self.resolve(node), node.mark)
        if isinstance(value, TaggedValue | TemplateReference):
            raise NotEvaluated(expression_text(node))
        return str(join_texts([value]))

    def add_note(self, node: Node, text: str) -> Node:
        return self.add_notes(node, [text])

    def add_notes(self, node: Node, texts: list[str]) -> Node:
        """Return a value with more notes: a copy, since the template may use the value elsewhere, too."""
        if not texts:
            return node
        noted = copy(node)
        self.notes[noted] = [*self.notes.get(node, ()), *texts]
        return noted

    def resolve_mapping(self, node: MappingNode) -> MappingNode:
        entries = {}
        absences: list[str] = []
        for key, (mark, inner) in node.entries.items():
            result, reasons = self.resolve_inside(inner)
            if result is None:
                absences += [f"no {key[:1].lower()}{key[1:]}: {why}" for why in reasons]
            else:
                entries[key] = (mark, result)
        out = MappingNode(entries, node.mark)
        if absences:
            self.notes[out] = absences
        return out

    def resolve_sequence(self, node: SequenceNode) -> SequenceNode:
        items = []
        absences: list[str] = []
        for item in node.items:
            result, reasons = self.resolve_inside(item)
            if result is None:
                absences += [f"an entry is omitted: {why}" for why in reasons]
            else:
                items.append(result)
        out = SequenceNode(tuple(items), node.mark)
        if absences:
            self.notes[out] = absences
        return out

    def resolve_inside(self, node: Node) -> tuple[Node | None, list[str]]:
        """Return a value of a container, and why it is not there; what is missing inside of it is its own to say."""
        outer, self.absence_reasons = self.absence_reasons, []
        try:
            return self.resolve(node), self.absence_reasons
        finally:
            self.absence_reasons = outer

    def resolve_call(self, call: FunctionCall, node: Node) -> Node | None:
        """Call a function with substitutions, or else with defaults; if the result is unknown, create a variable."""
        try:
            return self.call_function(call)
        except NotEvaluated:
            if self.assumes:
                raise
            return self.replace_call(call, node)
        except TemplateError as wrong:
            if self.assumes:
                raise
            wrong.report(self.context.findings)
            return Broken(wrong.mark)

    def call_function(self, call: FunctionCall) -> Node | None:
        if call.function in CONDITION_FUNCTIONS:
            hint = "move it to Conditions, and select a value with Fn::If"
            raise TemplateError("CFN004", f"{call.function} is only valid in conditions", call.mark, hint)
        function = self.functions.get(call.function)
        if function is None:
            raise TemplateError("CFN003", f"{call.function} is not supported", call.mark, self.hint_for(call.function))
        outer, self.carried_notes = self.carried_notes, []
        try:
            result = function(self, call)
            if isinstance(result, Scalar) and isinstance(result.value, str) and DYNAMIC in result.value:
                result = self.add_notes(
                    Scalar(lookup_of(result.value) or self.create_text_variable(result), result.mark),
                    self.notes.get(result, []),
                )
            return self.add_notes(result, self.carried_notes) if result else None
        finally:
            self.carried_notes = outer

    def hint_for(self, name: str) -> str:
        """Return a hint for a function that cannot be resolved: its name may be a typo."""
        if name in FUNCTIONS or name.startswith(LOOP):
            return PROCESSED
        known = (*self.functions, *CONDITION_FUNCTIONS)
        same_function = next((function for function in known if _bare(function) == _bare(name)), "")
        return f"did you mean {same_function}?" if same_function else did_you_mean(name, known, PROCESSED)

    def carry_notes(self, node: Node) -> None:
        """Keep the notes of a value that becomes part of a text or list."""
        self.carried_notes += self.notes.get(node, ())

    def replace_call(self, call: FunctionCall, node: Node) -> Node:
        """Return the replacement of a call that no substitution can express."""
        try:
            value, assumed = self.resolve_with_defaults(node)
        except NotEvaluated:
            return Scalar(self.create_variable(call, node), call.mark)
        except TemplateError as wrong:
            wrong.report(self.context.findings)
            return Broken(wrong.mark)
        result = node_of(value, call.mark)
        self.context.fix(assumed, expression_text(node))
        return self.add_note(result, f"{expression_text(node)}, with {assumed_text(assumed)}") if assumed else result

    def create_variable(self, call: FunctionCall, node: Node) -> TaggedValue:
        is_list = call.function in LISTS
        name, source = external_source(self.context.template, node) or (f"{self.logical}Value", "")
        is_source = call.function in SOURCES and source
        meaning = source if is_source else ": ".join(part for part in (expression_text(node), source) if part)
        name = f"{name}List" if is_list else name
        is_secret_ = is_secret(self.context, node)
        name = self.context.variables.create(
            name, expression_text(node), meaning, is_list=is_list, is_secret=is_secret_
        )
        return TaggedValue("!var", name)

    def create_text_variable(self, node: Node) -> TaggedValue:
        """Return a variable for a text that contains a look-up, which `!sub` cannot express."""
        meaning = f"the string {expression_text(node)}"
        name, is_secret_ = f"{self.logical}Value", is_secret(self.context, node)
        return TaggedValue(
            "!var", self.context.variables.create(name, expression_text(node), meaning, is_secret=is_secret_)
        )

    def resolve_part(self, node: Node) -> Json:
        """Return a value as part of a text. A variable replaces a look-up, which cannot be part of a text."""
        value = self.resolve_single(node)
        if not isinstance(value, TaggedValue) or value.tag == "!sub":
            return value
        if value.tag == "!var":
            if self.context.variables.is_list(value.text):
                raise NotEvaluated(expression_text(node))
            return value
        meaning = f"the result of {value.tag} {value.text}"
        is_secret_ = value.tag == "!secret" or is_secret(self.context, node)
        name = self.context.variables.create(
            last_word(value.text), expression_text(node), meaning, is_secret=is_secret_
        )
        return TaggedValue("!var", name)

    def resolve_single(self, node: Node) -> Json:
        """Return a single value whose notes are kept; of a resource of the template its ARN."""
        result, reasons = self.resolve_inside(node)
        self.carried_notes += reasons
        if result is not None:
            self.carry_notes(result)
        value = scalar(result, node.mark)
        return (
            TaggedValue("!sub", self.context.arns.get(value.logical, ""))
            if isinstance(value, TemplateReference)
            else value
        )

    def resolve_plain(self, node: Node) -> Json:
        result = self.resolve(node)
        if result is None or not is_plain(result):
            raise NotEvaluated(expression_text(node))
        return value_of(result)


def _bare(function: str) -> str:
    return function.rpartition(":")[2].lower()


def scalar(node: Node | None, mark: SourceMark) -> Json:
    """Return a single value; nothing is an empty text."""
    match node:
        case None:
            return ""
        case Scalar(value):
            return "" if value is None else value
        case Broken():
            raise NotEvaluated("a value that cannot be read")
        case _:
            raise TemplateError("CFN004", "a list or mapping cannot be part of a string", mark, "use Fn::Join")


def is_plain(node: Node) -> bool:
    match node:
        case Scalar(value):
            return not isinstance(value, TaggedValue | TemplateReference)
        case SequenceNode(items):
            return all(map(is_plain, items))
        case MappingNode(entries):
            return all(is_plain(inner) for _, inner in entries.values())
        case _:
            return False

"""From what a template writes to what it means: functions are followed as far as they can be.

What depends on parameters is substituted by our language. What it cannot say is computed with the values that
parameters usually have, and noted; what nobody can tell becomes a variable.
"""

from collections.abc import Callable, Iterator, Mapping
from collections.abc import Mapping as MappingABC
from dataclasses import dataclass, field, replace

from reconciler.importers.cloudformation import external
from reconciler.importers.cloudformation.context import NotKnown, TemplateContext, TemplateError, TemplateReference
from reconciler.importers.cloudformation.external import DYNAMIC, dynamic, joined, last, named
from reconciler.importers.cloudformation.template import (
    CONDITION_FUNCTIONS,
    FUNCTIONS,
    LOOP,
    FunctionCall,
    call_of,
    spelled,
    text,
)
from reconciler.importers.model import TaggedValue
from reconciler.model import Json
from reconciler.syntax.diagnostics import did_you_mean
from reconciler.syntax.nodes import Broken, MappingNode, Node, Scalar, SequenceNode, SourceMark, node_of, value_of

# How notes say why a template's value became what it is here.

EMPTY = '""'


def told(assumed: Mapping[str, str]) -> str:
    """Return the values that a result depends on: `Size is 4, Zone is ""`."""
    return ", ".join(f"{name} is {value or EMPTY}" for name, value in sorted(assumed.items()))


def because(condition: str, assumed: Mapping[str, str], *, holds: bool) -> str:
    return f"{condition} is {'true' if holds else 'false'}, because {told(assumed)}"


def capitalized(member: str) -> str:
    """Return what CloudFormation calls a member of the API."""
    return f"{member[:1].upper()}{member[1:]}"


# Whether a value in a template stands for something secret, however it is put together.


def is_secret(world: TemplateContext, node: Node) -> bool:
    """Whether a parameter with NoEcho or a reference to a secret is in a value."""
    said = "".join(part if part is not None else HIDDEN for part in _parts(world, node))
    return external.is_secret(said)


HIDDEN = external.REFERENCE  # a reference to nothing that is plain


def _parts(world: TemplateContext, node: Node) -> Iterator[str | None]:
    """Yield the texts that a value is made of; None for a parameter that is secret."""
    call = call_of(node)
    match node:
        case MappingNode(entries) if call and call.function == "Fn::FindInMap":
            yield from _parts(world, MappingNode(world.template.section("Mappings"), node.mark))
            for _, inner in entries.values():
                yield from _parts(world, inner)
        case MappingNode() if call and call.function == "Ref":
            yield from _parameter(world, text(call.argument))
        case MappingNode(entries):
            for _, inner in entries.values():
                yield from _parts(world, inner)
        case SequenceNode(items):
            for item in items:
                yield from _parts(world, item)
        case Scalar():
            for is_name, piece in external.pieces(text(node)):
                yield from _parameter(world, piece) if is_name else (piece,)


def _parameter(world: TemplateContext, name: str) -> Iterator[str | None]:
    parameter = world.variables.parameters.get(name)
    if parameter:
        yield None if parameter.secret else parameter.given or parameter.usual or ""


Function = Callable[["Resolver", FunctionCall], Node | None]

PROCESSED = "import the processed template: aws cloudformation get-template --template-stage Processed"
SOURCES = ("Ref", "Fn::GetAtt", "Fn::ImportValue")
LISTS = ("Fn::Split", "Fn::GetAZs", "Fn::Cidr")  # they give lists


@dataclass(slots=True)
class Resolver:
    """Resolves the values of one resource. `notes` are by the resolved node that they belong to.

    With `assumes`, parameters stand for the values that they usually have: which ones did is in `assumed`. Then nothing
    is substituted for them, and what cannot be told raises `NotKnown`. Values of parameters with NoEcho count in
    conditions only, where nobody sees them.
    """

    world: TemplateContext
    logical: str
    functions: MappingABC[str, Function]
    assumes: bool = False
    sees_secrets: bool = False
    assumed: dict[str, str] = field(default_factory=dict)
    notes: dict[Node, list[str]] = field(default_factory=dict)
    dropped: list[str] = field(default_factory=list)  # why values are not there, in the container that is read now
    carried: list[str] = field(default_factory=list)  # notes of what becomes part of a text

    def anew(self, *, assumes: bool, sees_secrets: bool = False) -> "Resolver":
        return Resolver(self.world, self.logical, self.functions, assumes, sees_secrets)

    def resolved(self, node: Node) -> Node | None:
        """Return a value without functions; None where it is `AWS::NoValue`, `Broken` where a problem was told."""
        call = call_of(node)
        if call:
            return self.called(call, node)
        match node:
            case MappingNode():
                return self.mapping(node)
            case SequenceNode():
                return self.sequence(node)
            case Scalar(str(value), mark) if DYNAMIC in value:
                return Scalar(dynamic(value) or self.unsaid(node), mark)
            case _:
                return node

    def settled(self, node: Node, *, sees_secrets: bool = False) -> tuple[Json, dict[str, str]]:
        """Return a plain value, and the parameters that it depends on. Raises `NotKnown` and `Wrong`."""
        resolver = self.anew(assumes=True, sees_secrets=sees_secrets or self.sees_secrets)
        return resolver.plain(node), resolver.assumed

    def text(self, node: Node) -> str:
        """Return an argument that has to be known as a text."""
        value = scalar(self.resolved(node), node.mark)
        if isinstance(value, TaggedValue | TemplateReference):
            raise NotKnown(spelled(node))
        return str(joined([value]))

    def note(self, node: Node, text: str) -> Node:
        return self.noted(node, [text])

    def noted(self, node: Node, texts: list[str]) -> Node:
        """Return a value with more notes: a copy, since the template may use the value elsewhere, too."""
        if not texts:
            return node
        noted = replace(node)
        self.notes[noted] = [*self.notes.get(node, ()), *texts]
        return noted

    def mapping(self, node: MappingNode) -> MappingNode:
        entries = {}
        lost: list[str] = []
        for key, (mark, inner) in node.entries.items():
            found, reasons = self.contained(inner)
            if found is None:
                lost += [f"no {key[:1].lower()}{key[1:]}: {why}" for why in reasons]
            else:
                entries[key] = (mark, found)
        out = MappingNode(entries, node.mark)
        if lost:
            self.notes[out] = lost
        return out

    def sequence(self, node: SequenceNode) -> SequenceNode:
        items = []
        lost: list[str] = []
        for item in node.items:
            found, reasons = self.contained(item)
            if found is None:
                lost += [f"an entry is omitted: {why}" for why in reasons]
            else:
                items.append(found)
        out = SequenceNode(tuple(items), node.mark)
        if lost:
            self.notes[out] = lost
        return out

    def contained(self, node: Node) -> tuple[Node | None, list[str]]:
        """Return a value of a container, and why it is not there; what is missing inside of it is its own to say."""
        around, self.dropped = self.dropped, []
        try:
            return self.resolved(node), self.dropped
        finally:
            self.dropped = around

    def called(self, call: FunctionCall, node: Node) -> Node | None:
        """Call a function: with what is substituted, else with what is usual, else it is for a variable to say."""
        try:
            return self.value(call)
        except NotKnown:
            if self.assumes:
                raise
            return self.instead(call, node)
        except TemplateError as wrong:
            if self.assumes:
                raise
            wrong.tell(self.world.findings)
            return Broken(wrong.mark)

    def value(self, call: FunctionCall) -> Node | None:
        if call.function in CONDITION_FUNCTIONS:
            hint = "move it to Conditions, and select a value with Fn::If"
            raise TemplateError("CFN004", f"{call.function} is only valid in conditions", call.mark, hint)
        function = self.functions.get(call.function)
        if function is None:
            raise TemplateError("CFN003", f"{call.function} is not supported", call.mark, self.meant(call.function))
        around, self.carried = self.carried, []
        try:
            found = function(self, call)
            if isinstance(found, Scalar) and isinstance(found.value, str) and DYNAMIC in found.value:
                found = self.noted(
                    Scalar(dynamic(found.value) or self.unsaid(found), found.mark), self.notes.get(found, [])
                )
            return self.noted(found, self.carried) if found else None
        finally:
            self.carried = around

    def meant(self, name: str) -> str:
        """Return what to do about a function that cannot be followed: its name may be a typo."""
        if name in FUNCTIONS or name.startswith(LOOP):
            return PROCESSED
        known = (*self.functions, *CONDITION_FUNCTIONS)
        same = next((one for one in known if _bare(one) == _bare(name)), "")
        return f"did you mean {same}?" if same else did_you_mean(name, known, PROCESSED)

    def carry(self, node: Node) -> None:
        """Keep the notes of a value that becomes part of another one."""
        self.carried += self.notes.get(node, ())

    def instead(self, call: FunctionCall, node: Node) -> Node:
        """Return what stands for a value that no substitution can say."""
        try:
            value, assumed = self.settled(node)
        except NotKnown:
            return Scalar(self.variable(call, node), call.mark)
        except TemplateError as wrong:
            wrong.tell(self.world.findings)
            return Broken(wrong.mark)
        found = node_of(value, call.mark)
        self.world.decide(assumed, spelled(node))
        return self.note(found, f"{spelled(node)}, with {told(assumed)}") if assumed else found

    def variable(self, call: FunctionCall, node: Node) -> TaggedValue:
        is_list = call.function in LISTS
        name, source = named(self.world.template, node) or (f"{self.logical}Value", "")
        is_source = call.function in SOURCES and source
        meaning = source if is_source else ": ".join(part for part in (spelled(node), source) if part)
        name = f"{name}List" if is_list else name
        is_secret_ = is_secret(self.world, node)
        made = self.world.variables.make(name, spelled(node), meaning, is_list=is_list, is_secret=is_secret_)
        return TaggedValue("!var", made)

    def unsaid(self, node: Node) -> TaggedValue:
        """Return a variable for a text with a look-up inside, which no `!sub` can have."""
        meaning = f"the string {spelled(node)}"
        name, is_secret_ = f"{self.logical}Value", is_secret(self.world, node)
        return TaggedValue("!var", self.world.variables.make(name, spelled(node), meaning, is_secret=is_secret_))

    def part(self, node: Node) -> Json:
        """Return a value as part of a text. Look-ups cannot be one: a variable stands for them."""
        value = self.single(node)
        if not isinstance(value, TaggedValue) or value.tag == "!sub":
            return value
        if value.tag == "!var":
            if self.world.variables.is_list(value.text):
                raise NotKnown(spelled(node))
            return value
        meaning = f"the result of {value.tag} {value.text}"
        is_secret_ = value.tag == "!secret" or is_secret(self.world, node)
        made = self.world.variables.make(last(value.text), spelled(node), meaning, is_secret=is_secret_)
        return TaggedValue("!var", made)

    def single(self, node: Node) -> Json:
        """Return a single value whose notes are kept; of a resource of the template its ARN."""
        found, reasons = self.contained(node)
        self.carried += reasons
        if found is not None:
            self.carry(found)
        value = scalar(found, node.mark)
        return (
            TaggedValue("!sub", self.world.arns.get(value.logical, ""))
            if isinstance(value, TemplateReference)
            else value
        )

    def plain(self, node: Node) -> Json:
        found = self.resolved(node)
        if found is None or not is_plain(found):
            raise NotKnown(spelled(node))
        return value_of(found)


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
            raise NotKnown("a value that cannot be read")
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

"""Whether a value in a template stands for something secret, however it is put together."""

from collections.abc import Iterator

from reconciler.adopt.cloudformation import texts
from reconciler.adopt.cloudformation.template import call_of, text
from reconciler.adopt.cloudformation.world import TemplateContext
from reconciler.load.nodes import MappingNode, Node, Scalar, SequenceNode


def is_secret(world: TemplateContext, node: Node) -> bool:
    """Whether a parameter with NoEcho or a reference to a secret is in a value."""
    said = "".join(part if part is not None else HIDDEN for part in _parts(world, node))
    return texts.is_secret(said)


HIDDEN = texts.REFERENCE  # a reference to nothing that is plain


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
            for is_name, piece in texts.pieces(text(node)):
                yield from _parameter(world, piece) if is_name else (piece,)


def _parameter(world: TemplateContext, name: str) -> Iterator[str | None]:
    parameter = world.variables.parameters.get(name)
    if parameter:
        yield None if parameter.secret else parameter.given or parameter.usual or ""

"""What a template takes from elsewhere: from its resources that AWS Batch does not have, and from other stacks."""

import re
from collections.abc import Callable

from reconciler.adopt.cloudformation.others import ATTRIBUTES, CUSTOM, NAMES, NESTED, OUTPUTS
from reconciler.adopt.cloudformation.template import LOOP, Resource, Template, call_of, reference, spelled
from reconciler.adopt.cloudformation.texts import joined, pieces
from reconciler.adopt.cloudformation.troubles import NotKnown
from reconciler.adopt.cloudformation.world import STACK_ARN, TemplateContext
from reconciler.adopt.found import TaggedValue
from reconciler.load.nodes import MappingNode, Node, SequenceNode
from reconciler.model import Json


def is_arn(attribute: str) -> bool:
    """Whether an attribute of a resource of AWS Batch is its ARN, which a `Ref` gives, too."""
    return attribute == "" or attribute.endswith("Arn")


def attribute(world: TemplateContext, resource: Resource, name: str, known: Callable[[Node], Json]) -> tuple[Json, str]:
    """Return an attribute (empty: what a `Ref` gives), and what a reader should know of it. Raises `NotKnown`."""
    live = world.given.live
    if live and (number := live.versions.get((resource.logical, name))):
        return number, f"{meaning(resource, name)}, which a deployment reads again"
    if live and (output := _output(world.template, resource.logical, name)):
        return TaggedValue("!cfn", f"{live.name}.{output}"), ""
    physical = live.resources.get(resource.logical) if live else None
    if physical and resource.type == NESTED and name.startswith(OUTPUTS) and (found := STACK_ARN.fullmatch(physical)):
        return TaggedValue("!cfn", f"{found[4]}.{name.removeprefix(OUTPUTS)}"), ""
    form = ATTRIBUTES.get((resource.type, name)) if name else "{id}"
    if form is None:
        raise NotKnown(meaning(resource, name))
    return _formed(form, _id(resource, physical, known), _path(resource, known), resource, name)


def named(template: Template, node: Node) -> tuple[str, str] | None:
    """Return a name for a variable that stands for a value, and its source: the first thing from elsewhere in it.

    None if everything in it is the template's own.
    """
    found = reference(node)
    call = call_of(node)
    if found:
        return _of_reference(template, *found)
    if call and call.function == "Fn::ImportValue":
        export = re.sub(r"!Sub|\$|\"", "", spelled(call.argument))
        return export, f"export {spelled(call.argument)} of another stack"
    inner = node.items if isinstance(node, SequenceNode) else ()
    if isinstance(node, MappingNode):
        inner = tuple(value for _, value in node.entries.values())
    return next((one for one in (named(template, value) for value in inner) if one), None)


def _of_reference(template: Template, logical: str, name: str) -> tuple[str, str] | None:
    resource = template.resources.get(logical)
    if resource:
        return f"{logical}{name.removeprefix(OUTPUTS).replace('.', '')}", meaning(resource, name)
    if logical in template.section("Parameters"):
        return None
    of = f"{name} of {logical}" if name else logical
    of = f"{of}, which {LOOP} makes in the template" if template.is_looped(logical) else of
    return f"{logical.removeprefix('AWS::')}{name.replace('.', '')}", of


def meaning(resource: Resource, name: str) -> str:
    kind = "custom resource" if resource.type.startswith(CUSTOM) else resource.type
    return f"{f'{name} of ' if name else ''}{kind} {resource.logical} of the template"


def last(path: str) -> str:
    """Return what may be the name of a look-up: the last word of its path."""
    return re.split(r"[/:#.]", path.rstrip("/"))[-1]


def _output(template: Template, logical: str, name: str) -> str:
    """Return an output of the template that has exactly this value; empty if there is none."""
    for output, (_, node) in template.section("Outputs").items():
        _, value = node.entries.get("Value", (None, None)) if isinstance(node, MappingNode) else (None, None)
        is_there = isinstance(node, MappingNode) and "Condition" not in node.entries
        if value is not None and is_there and reference(value) == (logical, name):
            return output
    return ""


def _id(resource: Resource, physical: str | None, known: Callable[[Node], Json]) -> Json:
    if physical:
        return physical
    _, node = resource.properties.entries.get(NAMES.get(resource.type, ""), (None, None))
    return known(node) if node is not None else None


def _path(resource: Resource, known: Callable[[Node], Json]) -> Json:
    _, node = resource.properties.entries.get("Path", (None, None))
    return known(node) if node is not None else "/"


def _formed(form: str, id_: Json, path: Json, resource: Resource, name: str) -> tuple[Json, str]:
    if id_ in (None, ""):
        raise NotKnown(meaning(resource, name))
    if form == "{id}":
        return id_, f"{resource.type} {resource.logical} of the template"
    values = {"{id}": id_, "{path}": path}
    return joined(values.get(piece) or _text(piece) for piece in re.split(r"(\{id\}|\{path\})", form)), ""


def _text(form: str) -> Json:
    return TaggedValue("!sub", form) if any(is_name for is_name, _ in pieces(form)) else form

"""The functions of CloudFormation, one by one.

https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/intrinsic-function-reference.html
"""

import base64
import json
from collections.abc import Iterable
from collections.abc import Mapping as MappingABC

from reconciler.adopt.cloudformation.conditions import verdict
from reconciler.adopt.cloudformation.refs import get_att, ref, with_stack
from reconciler.adopt.cloudformation.resolve import Function, Resolver
from reconciler.adopt.cloudformation.template import Entries, FunctionCall, spelled, text
from reconciler.adopt.cloudformation.texts import DYNAMIC, dynamic, joined, pieces, split
from reconciler.adopt.cloudformation.troubles import NotKnown, TemplateError
from reconciler.adopt.cloudformation.words import because
from reconciler.adopt.found import TaggedValue
from reconciler.load.findings import did_you_mean
from reconciler.load.nodes import MappingNode, Node, Scalar, SequenceNode
from reconciler.model import Json

PAIR = 2
TRIPLE = 3


def _sub(resolver: Resolver, call: FunctionCall) -> Node:
    pattern: Node = call.argument
    own: Entries = {}
    if isinstance(call.argument, SequenceNode):
        pattern, names = _arguments(call, PAIR)
        own = names.entries if isinstance(names, MappingNode) else {}
    if not isinstance(pattern, Scalar):
        raise TemplateError("CFN004", "Fn::Sub takes a text", call.mark, 'write it like !Sub "${Environment}-queue"')
    parts = [_named(resolver, name, own, call) if is_name else name for is_name, name in pieces(text(pattern))]
    return _joined(resolver, parts, call)


def _named(resolver: Resolver, name: str, own: Entries, call: FunctionCall) -> Json:
    logical, dot, attribute = name.partition(".")
    if name in own:
        inner: Node = own[name][1]
    elif dot:
        steps = (Scalar(logical, call.mark), Scalar(attribute, call.mark))
        inner = MappingNode({"Fn::GetAtt": (call.mark, SequenceNode(steps, call.mark))}, call.mark)
    else:
        inner = MappingNode({"Ref": (call.mark, Scalar(name, call.mark))}, call.mark)
    return resolver.part(inner)


def _join(resolver: Resolver, call: FunctionCall) -> Node:
    delimiter, items = _arguments(call, PAIR)
    between, found = resolver.text(delimiter), resolver.resolved(items)
    if not isinstance(found, SequenceNode):
        raise NotKnown(spelled(items))
    resolver.carry(found)
    parts: list[Json] = []
    for item in found.items:
        parts += [between, resolver.part(item)]
    return _joined(resolver, parts[1:], call)


def _joined(resolver: Resolver, parts: Iterable[Json], call: FunctionCall) -> Node:
    value = joined(parts)
    said = value.text if isinstance(value, TaggedValue) else value
    if DYNAMIC not in said:
        return with_stack(resolver, Scalar(value, call.mark))
    look_up = None if isinstance(value, TaggedValue) else dynamic(value)
    if look_up is None:
        raise NotKnown("a dynamic reference that depends on other values")
    return Scalar(look_up, call.mark)


def _select(resolver: Resolver, call: FunctionCall) -> Node:
    index, items = _arguments(call, PAIR)
    number, found = resolver.text(index), resolver.resolved(items)
    if not isinstance(found, SequenceNode):
        raise NotKnown(spelled(items))
    if not number.isdecimal() or int(number) >= len(found.items):
        message = f"Fn::Select wants item {number} of {len(found.items)}"
        raise TemplateError("CFN004", message, call.mark, "items count from 0")
    resolver.carry(found)
    return found.items[int(number)]


def _split(resolver: Resolver, call: FunctionCall) -> Node:
    delimiter, source = _arguments(call, PAIR)
    value = resolver.single(source)
    between = resolver.text(delimiter)
    if not between:
        raise TemplateError(
            "CFN004", "Fn::Split takes a delimiter that is not empty", call.mark, "such as !Split [',', a]"
        )
    parts = split(value, between)
    if parts is None:
        raise NotKnown(spelled(source))
    return SequenceNode(tuple(Scalar(part, call.mark) for part in parts), call.mark)


def _find_in_map(resolver: Resolver, call: FunctionCall) -> Node | None:
    steps = call.argument.items[:TRIPLE] if isinstance(call.argument, SequenceNode) else ()
    if len(steps) != TRIPLE:
        raise TemplateError(
            "CFN004", "Fn::FindInMap takes a map and two keys", call.mark, "[RegionMap, us-east-1, AMI]"
        )
    name, *keys = map(resolver.text, steps)
    found: Node = MappingNode(resolver.world.template.section("Mappings"), call.mark)
    for step in (name, *keys):
        known = found.entries if isinstance(found, MappingNode) else {}
        if step not in known:
            hint = did_you_mean(step, known, "give the parameters that lead to an entry: --parameter NAME=VALUE")
            missing = f"Mappings has no {'.'.join((name, *keys))}"
            return _default(resolver, call, TemplateError("CFN005", missing, call.mark, hint))
        found = known[step][1]
    return found


def _default(resolver: Resolver, call: FunctionCall, wrong: TemplateError) -> Node | None:
    """Return the DefaultValue of a Fn::FindInMap, which language extensions have; raise what is wrong without it."""
    options = call.argument.items[TRIPLE:] if isinstance(call.argument, SequenceNode) else ()
    for option in options:
        if isinstance(option, MappingNode) and "DefaultValue" in option.entries:
            return resolver.resolved(option.entries["DefaultValue"][1])
    raise wrong


def _choice(resolver: Resolver, call: FunctionCall) -> Node | None:
    condition, *branches = _arguments(call, TRIPLE)
    holds, assumed = verdict(resolver, text(condition), call.mark)
    if not resolver.assumes:
        resolver.world.decide(assumed, text(condition))
    found = resolver.resolved(branches[0 if holds else 1])
    if resolver.assumes:
        resolver.assumed |= assumed
    elif assumed and found is None:
        resolver.dropped.append(because(text(condition), assumed, holds=holds))
    elif assumed and found is not None:
        found = resolver.note(found, because(text(condition), assumed, holds=holds))
    return found


def _base64(resolver: Resolver, call: FunctionCall) -> Node:
    return Scalar(base64.b64encode(resolver.text(call.argument).encode()).decode(), call.mark)


def _to_json(resolver: Resolver, call: FunctionCall) -> Node:
    return Scalar(json.dumps(resolver.plain(call.argument), separators=(",", ":")), call.mark)


def _length(resolver: Resolver, call: FunctionCall) -> Node:
    value = resolver.plain(call.argument)
    if not isinstance(value, list):
        raise TemplateError("CFN004", "Fn::Length takes a list", call.mark, "such as {Fn::Length: !Ref Subnets}")
    return Scalar(len(value), call.mark)


def _import_value(resolver: Resolver, call: FunctionCall) -> Node:
    """Return what another stack exports, where the live stack is known."""
    live = resolver.world.given.live
    name = resolver.text(call.argument)
    if not live or name not in live.exports:
        raise NotKnown(spelled(MappingNode({call.function: (call.mark, call.argument)}, call.mark)))
    return resolver.note(Scalar(live.exports[name], call.mark), f"export {name} of another stack")


def _elsewhere(_resolver: Resolver, call: FunctionCall) -> Node:
    raise NotKnown(spelled(MappingNode({call.function: (call.mark, call.argument)}, call.mark)))


def _arguments(call: FunctionCall, count: int) -> tuple[Node, ...]:
    if isinstance(call.argument, SequenceNode) and len(call.argument.items) == count:
        return call.argument.items
    raise TemplateError(
        "CFN004", f"{call.function} takes a list of {count}", call.mark, "its page in the guide shows it"
    )


FUNCTIONS: MappingABC[str, Function] = {
    "Ref": ref,
    "Fn::GetAtt": get_att,
    "Fn::Sub": _sub,
    "Fn::Join": _join,
    "Fn::Select": _select,
    "Fn::Split": _split,
    "Fn::FindInMap": _find_in_map,
    "Fn::If": _choice,
    "Fn::Base64": _base64,
    "Fn::ToJsonString": _to_json,
    "Fn::Length": _length,
    "Fn::ImportValue": _import_value,
    "Fn::GetAZs": _elsewhere,
    "Fn::Cidr": _elsewhere,
}

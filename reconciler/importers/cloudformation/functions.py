"""The functions of CloudFormation, one by one.

https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/intrinsic-function-reference.html
"""

import base64
import json
from collections.abc import Iterable
from collections.abc import Mapping as MappingABC

from reconciler.importers.cloudformation import external
from reconciler.importers.cloudformation.context import (
    HIDDEN,
    PSEUDO,
    NotKnown,
    Parameter,
    TemplateError,
    TemplateReference,
)
from reconciler.importers.cloudformation.evaluate import Function, Resolver, because, scalar
from reconciler.importers.cloudformation.external import DYNAMIC, dynamic, joined, pieces, split
from reconciler.importers.cloudformation.template import (
    OURS,
    Entries,
    FunctionCall,
    Resource,
    call_of,
    reference,
    spelled,
    text,
)
from reconciler.importers.model import TaggedValue
from reconciler.kinds import KINDS
from reconciler.model import Json
from reconciler.problems import Severity
from reconciler.syntax.diagnostics import did_you_mean
from reconciler.syntax.nodes import MappingNode, Node, Scalar, SequenceNode, SourceMark, node_of, text_of

# `Ref` and `Fn::GetAtt`: parameters, what AWS knows of the place, and resources.

SUBSTITUTED = {"AWS::Region": "${region}", "AWS::AccountId": "${account}", "AWS::Partition": "${partition}"}
WHY_NEWEST = "the newest revision; the template refers to the revision that it registers"
WHY_STACK = "AWS::StackName in the template; use --stack-name to write the name of the stack"


def ref(resolver: Resolver, call: FunctionCall) -> Node | None:
    name = text(call.argument)
    if name == "AWS::NoValue":
        return None
    if name in PSEUDO:
        return _pseudo(resolver, name, call.mark)
    if parameter := resolver.world.variables.parameters.get(name):
        return _parameter(resolver, parameter, call.mark)
    return _attribute(resolver, name, "", call)


def get_att(resolver: Resolver, call: FunctionCall) -> Node:
    logical, attribute = reference(MappingNode({call.function: (call.mark, call.argument)}, call.mark)) or ("", "")
    if not logical or not attribute:
        raise TemplateError(
            "CFN004", f"{call.function} requires a resource and an attribute", call.mark, "!GetAtt Role.Arn"
        )
    return _attribute(resolver, logical, attribute, call)


def with_stack(resolver: Resolver, node: Scalar) -> Node:
    """Return a value with a note where it has the name of the stack in it, which is another one now."""
    is_substituted = isinstance(node.value, TaggedValue) and "${stack}" in node.value.text
    return resolver.note(node, WHY_STACK) if is_substituted else node


def _pseudo(resolver: Resolver, name: str, mark: SourceMark) -> Node:
    known = resolver.world.pseudo
    is_plain = resolver.assumes or name in resolver.world.given.parameters or name in ("AWS::StackName", "AWS::StackId")
    if name in known and is_plain:
        return Scalar(known[name], mark)
    if name == "AWS::URLSuffix":
        return Scalar("amazonaws.com.cn" if known.get("AWS::Partition") == "aws-cn" else "amazonaws.com", mark)
    if name == "AWS::StackName":
        return _stack_name(resolver, mark)
    if resolver.assumes or name not in SUBSTITUTED:
        raise NotKnown(name)
    return Scalar(TaggedValue("!sub", SUBSTITUTED[name]), mark)


def _stack_name(resolver: Resolver, mark: SourceMark) -> Node:
    if not resolver.assumes:
        return with_stack(resolver, Scalar(TaggedValue("!sub", "${stack}"), mark))
    resolver.assumed["AWS::StackName"] = resolver.world.given.called
    return Scalar(resolver.world.given.called, mark)


def _parameter(resolver: Resolver, parameter: Parameter, mark: SourceMark) -> Node:
    if parameter.secret and not resolver.sees_secrets:
        if resolver.assumes:
            raise NotKnown(parameter.name)
        return Scalar(TaggedValue("!var", parameter.variable), mark)
    if parameter.given is not None:
        return _stored(resolver, parameter, parameter.given, mark)
    if not resolver.assumes:
        name = parameter.usual if parameter.is_stored else None
        if parameter.usual and DYNAMIC in parameter.usual and not parameter.is_list:
            return Scalar(parameter.usual, mark)
        return (
            _stored(resolver, parameter, name, mark) if name else Scalar(TaggedValue("!var", parameter.variable), mark)
        )
    if parameter.usual is None or parameter.is_stored:
        raise NotKnown(parameter.name)
    resolver.assumed[parameter.name] = HIDDEN if parameter.secret else parameter.usual
    return node_of(parameter.value_of(parameter.usual), mark)


def _stored(resolver: Resolver, parameter: Parameter, value: str, mark: SourceMark) -> Node:
    """Return a value; of a type that says so, what SSM keeps under that name."""
    if not parameter.is_stored:
        return node_of(parameter.value_of(value), mark)
    if resolver.assumes:
        raise NotKnown(parameter.name)
    return Scalar(TaggedValue("!ssm", value), mark)


def _attribute(resolver: Resolver, logical: str, attribute: str, call: FunctionCall) -> Node:
    world = resolver.world
    resource = world.template.resources.get(logical)
    if resource is None and world.template.is_looped(logical):
        raise NotKnown(logical)
    if resource is None:
        known = (*world.template.resources, *world.variables.parameters)
        hint = did_you_mean(logical, known, "a variable is used in its place")
        world.findings.add("CFN012", f"the template has no {logical}", call.mark, hint, Severity.WARNING)
        raise NotKnown(logical)
    if logical in world.absent:
        message = f"{logical} is referenced, but does not exist: {world.absent[logical]}"
        raise TemplateError(
            "CFN005", message, call.mark, "set the parameters for which it exists: --parameter NAME=VALUE"
        )
    if resource.is_batch and external.is_arn(attribute):
        return _target(resolver, resource, call.mark)

    def known_name(node: Node) -> Json:
        if logical in world.naming:
            raise TemplateError(
                "CFN004", f"the name of {logical} depends on itself", call.mark, "CloudFormation would also reject it"
            )
        world.naming.append(logical)
        try:
            return _known_name(resolver, node)
        finally:
            world.naming.pop()

    value, why = external.attribute(world, resource, attribute, known_name)
    found = Scalar(value, call.mark)
    return resolver.note(found, why) if why else found


def _target(resolver: Resolver, resource: Resource, mark: SourceMark) -> Node:
    kind = KINDS.get(resource.type.removeprefix(OURS))
    found = Scalar(TemplateReference(resource.logical), mark)
    return resolver.note(found, WHY_NEWEST) if kind and kind.revisions else found


def _known_name(resolver: Resolver, node: Node) -> Json:
    """Return what a property that names another resource says; the name of its stack is not that of ours."""
    value = scalar(resolver.anew(assumes=resolver.assumes).resolved(node), node.mark)
    if isinstance(value, TemplateReference) or (isinstance(value, TaggedValue) and "${stack}" in value.text):
        raise NotKnown(spelled(node))
    return value


# Whether a condition of a template holds, with the values that parameters have.
#
# https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/intrinsic-function-reference-conditions.html

SHAPES = "use one of !Equals [a, b], !Not [!Condition A], !And [...], !Or [...], {Condition: A}"
Verdict = tuple[bool, MappingABC[str, str]]  # with the parameters whose usual values led to it


def verdict(resolver: Resolver, name: str, mark: SourceMark) -> Verdict:
    """Return whether a condition holds. Raises `Wrong`, also where that cannot be told."""
    where, node = resolver.world.template.section("Conditions").get(name, (mark, None))
    if node is None:
        hint = did_you_mean(name, resolver.world.template.section("Conditions"), "declare it under Conditions")
        raise TemplateError("CFN005", f"the template has no condition {name}", mark, hint)
    try:
        return _holds(resolver, node, (name,))
    except NotKnown as unknown:
        message = f"the condition {name} depends on {unknown}, which has no value"
        raise TemplateError("CFN006", message, where, f"set it: --parameter {unknown}=VALUE") from unknown


def _holds(resolver: Resolver, node: Node, chain: tuple[str, ...]) -> Verdict:
    call = call_of(node, in_condition=True)
    if call is None:
        raise TemplateError(
            "CFN004",
            f"the condition {chain[-1]} is not a function",
            node.mark,
            "write a function such as !Equals [a, b]",
        )
    match call.function, call.argument:
        case "Condition", named:
            return _named_condition(resolver, text(named), call.mark, chain)
        case "Fn::Equals", SequenceNode((left, right)):
            one, of_one = resolver.settled(left, sees_secrets=True)
            other, of_other = resolver.settled(right, sees_secrets=True)
            return _same(one, other), {**of_one, **of_other}
        case "Fn::Not", SequenceNode((inner,)):
            holds, assumed = _holds(resolver, inner, chain)
            return not holds, assumed
        case "Fn::And" | "Fn::Or" as function, SequenceNode(items):
            return _of_many(resolver, items, chain, decisive=function == "Fn::Or")
    raise TemplateError("CFN004", f"{call.function} is malformed or not valid in a condition", call.mark, SHAPES)


def _named_condition(resolver: Resolver, name: str, mark: SourceMark, chain: tuple[str, ...]) -> Verdict:
    if name in chain:
        raise TemplateError("CFN004", f"these conditions depend on each other: {' -> '.join((*chain, name))}", mark)
    conditions = resolver.world.template.section("Conditions")
    if name not in conditions:
        raise TemplateError("CFN005", f"the template has no condition {name}", mark, did_you_mean(name, conditions, ""))
    return _holds(resolver, conditions[name][1], (*chain, name))


def _of_many(resolver: Resolver, items: Iterable[Node], chain: tuple[str, ...], *, decisive: bool) -> Verdict:
    """One that is decisive decides, whatever is not known of the others."""
    assumed: dict[str, str] = {}
    missing: NotKnown | None = None
    for item in items:
        try:
            holds, own = _holds(resolver, item, chain)
        except NotKnown as unknown:
            missing = missing or unknown
            continue
        if holds is decisive:
            return decisive, own
        assumed |= own
    if missing:
        raise missing
    return not decisive, assumed


def _same(one: Json, other: Json) -> bool:
    """Values of templates are texts, whatever they look like."""
    is_single = not isinstance(one, list | dict) and not isinstance(other, list | dict)
    return text_of(one) == text_of(other) if is_single else bool(one == other)


PAIR = 2
TRIPLE = 3


def _sub(resolver: Resolver, call: FunctionCall) -> Node:
    pattern: Node = call.argument
    own: Entries = {}
    if isinstance(call.argument, SequenceNode):
        pattern, names = _arguments(call, PAIR)
        own = names.entries if isinstance(names, MappingNode) else {}
    if not isinstance(pattern, Scalar):
        raise TemplateError("CFN004", "Fn::Sub requires a string", call.mark, 'for example !Sub "${Environment}-queue"')
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
        message = f"Fn::Select refers to item {number}, but the list has {len(found.items)}"
        raise TemplateError("CFN004", message, call.mark, "items are counted from 0")
    resolver.carry(found)
    return found.items[int(number)]


def _split(resolver: Resolver, call: FunctionCall) -> Node:
    delimiter, source = _arguments(call, PAIR)
    value = resolver.single(source)
    between = resolver.text(delimiter)
    if not between:
        raise TemplateError(
            "CFN004", "Fn::Split requires a delimiter that is not empty", call.mark, "for example !Split [',', a]"
        )
    parts = split(value, between)
    if parts is None:
        raise NotKnown(spelled(source))
    return SequenceNode(tuple(Scalar(part, call.mark) for part in parts), call.mark)


def _find_in_map(resolver: Resolver, call: FunctionCall) -> Node | None:
    steps = call.argument.items[:TRIPLE] if isinstance(call.argument, SequenceNode) else ()
    if len(steps) != TRIPLE:
        raise TemplateError(
            "CFN004",
            "Fn::FindInMap requires a map and two keys",
            call.mark,
            "for example [RegionMap, us-east-1, AMI]",
        )
    name, *keys = map(resolver.text, steps)
    found: Node = MappingNode(resolver.world.template.section("Mappings"), call.mark)
    for step in (name, *keys):
        known = found.entries if isinstance(found, MappingNode) else {}
        if step not in known:
            hint = did_you_mean(step, known, "set the parameters that select an entry: --parameter NAME=VALUE")
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
        raise TemplateError("CFN004", "Fn::Length requires a list", call.mark, "for example {Fn::Length: !Ref Subnets}")
    return Scalar(len(value), call.mark)


def _import_value(resolver: Resolver, call: FunctionCall) -> Node:
    """Return what another stack exports, where the live stack is known."""
    live = resolver.world.given.live
    name = resolver.text(call.argument)
    if not live or name not in live.exports:
        raise NotKnown(spelled(MappingNode({call.function: (call.mark, call.argument)}, call.mark)))
    return resolver.note(Scalar(live.exports[name], call.mark), f"export {name} of a different stack")


def _elsewhere(_resolver: Resolver, call: FunctionCall) -> Node:
    raise NotKnown(spelled(MappingNode({call.function: (call.mark, call.argument)}, call.mark)))


def _arguments(call: FunctionCall, count: int) -> tuple[Node, ...]:
    if isinstance(call.argument, SequenceNode) and len(call.argument.items) == count:
        return call.argument.items
    raise TemplateError(
        "CFN004",
        f"{call.function} requires a list of {count} items",
        call.mark,
        "see its page in the CloudFormation reference",
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

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
    NotEvaluated,
    Parameter,
    TemplateError,
    TemplateReference,
)
from reconciler.importers.cloudformation.evaluate import Function, Resolver, condition_text, scalar
from reconciler.importers.cloudformation.external import DYNAMIC, join_texts, lookup_of, split_sub, split_text
from reconciler.importers.cloudformation.template import (
    OURS,
    Entries,
    FunctionCall,
    Resource,
    call_of,
    expression_text,
    reference,
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
    if parameter := resolver.context.variables.parameters.get(name):
        return _parameter(resolver, parameter, call.mark)
    return _attribute(resolver, name, "", call)


def get_att(resolver: Resolver, call: FunctionCall) -> Node:
    logical, attribute = reference(MappingNode({call.function: (call.mark, call.argument)}, call.mark)) or ("", "")
    if not logical or not attribute:
        raise TemplateError(
            "CFN004", f"{call.function} requires a resource and an attribute", call.mark, "!GetAtt Role.Arn"
        )
    return _attribute(resolver, logical, attribute, call)


def note_stack_name(resolver: Resolver, node: Scalar) -> Node:
    """Return a value with a note if it contains the name of the stack, which may have changed."""
    is_substituted = isinstance(node.value, TaggedValue) and "${stack}" in node.value.text
    return resolver.add_note(node, WHY_STACK) if is_substituted else node


def _pseudo(resolver: Resolver, name: str, mark: SourceMark) -> Node:
    values = resolver.context.pseudo
    is_plain = (
        resolver.assumes or name in resolver.context.inputs.parameters or name in ("AWS::StackName", "AWS::StackId")
    )
    if name in values and is_plain:
        return Scalar(values[name], mark)
    if name == "AWS::URLSuffix":
        return Scalar("amazonaws.com.cn" if values.get("AWS::Partition") == "aws-cn" else "amazonaws.com", mark)
    if name == "AWS::StackName":
        return _stack_name(resolver, mark)
    if resolver.assumes or name not in SUBSTITUTED:
        raise NotEvaluated(name)
    return Scalar(TaggedValue("!sub", SUBSTITUTED[name]), mark)


def _stack_name(resolver: Resolver, mark: SourceMark) -> Node:
    if not resolver.assumes:
        return note_stack_name(resolver, Scalar(TaggedValue("!sub", "${stack}"), mark))
    resolver.assumed["AWS::StackName"] = resolver.context.inputs.stack_name
    return Scalar(resolver.context.inputs.stack_name, mark)


def _parameter(resolver: Resolver, parameter: Parameter, mark: SourceMark) -> Node:
    if parameter.secret and not resolver.reads_secrets:
        if resolver.assumes:
            raise NotEvaluated(parameter.name)
        return Scalar(TaggedValue("!var", parameter.variable), mark)
    if parameter.argument is not None:
        return _with_stored(resolver, parameter, parameter.argument, mark)
    if not resolver.assumes:
        name = parameter.default if parameter.is_stored else None
        if parameter.default and DYNAMIC in parameter.default and not parameter.is_list:
            return Scalar(parameter.default, mark)
        return (
            _with_stored(resolver, parameter, name, mark)
            if name
            else Scalar(TaggedValue("!var", parameter.variable), mark)
        )
    if parameter.default is None or parameter.is_stored:
        raise NotEvaluated(parameter.name)
    resolver.assumed[parameter.name] = HIDDEN if parameter.secret else parameter.default
    return node_of(parameter.value_of(parameter.default), mark)


def _with_stored(resolver: Resolver, parameter: Parameter, value: str, mark: SourceMark) -> Node:
    """Return a value; of a type that says so, what SSM keeps under that name."""
    if not parameter.is_stored:
        return node_of(parameter.value_of(value), mark)
    if resolver.assumes:
        raise NotEvaluated(parameter.name)
    return Scalar(TaggedValue("!ssm", value), mark)


def _attribute(resolver: Resolver, logical: str, attribute: str, call: FunctionCall) -> Node:
    context = resolver.context
    resource = context.template.resources.get(logical)
    if resource is None and context.template.is_looped(logical):
        raise NotEvaluated(logical)
    if resource is None:
        names = (*context.template.resources, *context.variables.parameters)
        hint = did_you_mean(logical, names, "a variable is used in its place")
        context.findings.add("CFN012", f"the template has no {logical}", call.mark, hint, Severity.WARNING)
        raise NotEvaluated(logical)
    if logical in context.omitted:
        message = f"{logical} is referenced, but does not exist: {context.omitted[logical]}"
        raise TemplateError(
            "CFN005", message, call.mark, "set the parameters for which it exists: --parameter NAME=VALUE"
        )
    if resource.is_batch and external.is_arn(attribute):
        return _target(resolver, resource, call.mark)

    def known_name(node: Node) -> Json:
        if logical in context.resolving_names_of:
            raise TemplateError(
                "CFN004", f"the name of {logical} depends on itself", call.mark, "CloudFormation would also reject it"
            )
        context.resolving_names_of.append(logical)
        try:
            return _known_name(resolver, node)
        finally:
            context.resolving_names_of.pop()

    value, why = external.attribute(context, resource, attribute, known_name)
    scalar_ = Scalar(value, call.mark)
    return resolver.add_note(scalar_, why) if why else scalar_


def _target(resolver: Resolver, resource: Resource, mark: SourceMark) -> Node:
    kind = KINDS.get(resource.type.removeprefix(OURS))
    scalar_ = Scalar(TemplateReference(resource.logical), mark)
    return resolver.add_note(scalar_, WHY_NEWEST) if kind and kind.revisions else scalar_


def _known_name(resolver: Resolver, node: Node) -> Json:
    """Return the value of a property that names a resource. Raises `NotEvaluated` if it contains the stack's name."""
    value = scalar(resolver.nested(assumes=resolver.assumes).resolve(node), node.mark)
    if isinstance(value, TemplateReference) or (isinstance(value, TaggedValue) and "${stack}" in value.text):
        raise NotEvaluated(expression_text(node))
    return value


# Whether a condition of a template holds, with the values that parameters have.
#
# https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/intrinsic-function-reference-conditions.html

SHAPES = "use one of !Equals [a, b], !Not [!Condition A], !And [...], !Or [...], {Condition: A}"
ConditionResult = tuple[bool, MappingABC[str, str]]  # with the parameters whose usual values led to it


def evaluate_condition(resolver: Resolver, name: str, mark: SourceMark) -> ConditionResult:
    """Return whether a condition holds. Raises `TemplateError`, also if that is unknown."""
    where, node = resolver.context.template.section("Conditions").get(name, (mark, None))
    if node is None:
        hint = did_you_mean(name, resolver.context.template.section("Conditions"), "declare it under Conditions")
        raise TemplateError("CFN005", f"the template has no condition {name}", mark, hint)
    try:
        return _evaluate(resolver, node, (name,))
    except NotEvaluated as unknown:
        message = f"the condition {name} depends on {unknown}, which has no value"
        raise TemplateError("CFN006", message, where, f"set it: --parameter {unknown}=VALUE") from unknown


def _evaluate(resolver: Resolver, node: Node, chain: tuple[str, ...]) -> ConditionResult:
    call = call_of(node, in_condition=True)
    if call is None:
        raise TemplateError(
            "CFN004",
            f"the condition {chain[-1]} is not a function",
            node.mark,
            "write a function such as !Equals [a, b]",
        )
    match call.function, call.argument:
        case "Condition", external_source:
            return _named_condition(resolver, text(external_source), call.mark, chain)
        case "Fn::Equals", SequenceNode((left, right)):
            left_value, left_assumed = resolver.resolve_with_defaults(left, reads_secrets=True)
            right_value, right_assumed = resolver.resolve_with_defaults(right, reads_secrets=True)
            return _are_equal(left_value, right_value), {**left_assumed, **right_assumed}
        case "Fn::Not", SequenceNode((inner,)):
            is_true, assumed = _evaluate(resolver, inner, chain)
            return not is_true, assumed
        case "Fn::And" | "Fn::Or" as function, SequenceNode(items):
            return _evaluate_all(resolver, items, chain, decisive=function == "Fn::Or")
    raise TemplateError("CFN004", f"{call.function} is malformed or not valid in a condition", call.mark, SHAPES)


def _named_condition(resolver: Resolver, name: str, mark: SourceMark, chain: tuple[str, ...]) -> ConditionResult:
    if name in chain:
        raise TemplateError("CFN004", f"these conditions depend on each other: {' -> '.join((*chain, name))}", mark)
    conditions = resolver.context.template.section("Conditions")
    if name not in conditions:
        raise TemplateError("CFN005", f"the template has no condition {name}", mark, did_you_mean(name, conditions, ""))
    return _evaluate(resolver, conditions[name][1], (*chain, name))


def _evaluate_all(
    resolver: Resolver, items: Iterable[Node], chain: tuple[str, ...], *, decisive: bool
) -> ConditionResult:
    """A decisive item decides, even if other items are unknown."""
    assumed: dict[str, str] = {}
    missing: NotEvaluated | None = None
    for item in items:
        try:
            is_true, item_assumed = _evaluate(resolver, item, chain)
        except NotEvaluated as unknown:
            missing = missing or unknown
            continue
        if is_true is decisive:
            return decisive, item_assumed
        assumed |= item_assumed
    if missing:
        raise missing
    return not decisive, assumed


def _are_equal(left: Json, right: Json) -> bool:
    """Values of templates are compared as texts."""
    is_single = not isinstance(left, list | dict) and not isinstance(right, list | dict)
    return text_of(left) == text_of(right) if is_single else bool(left == right)


PAIR = 2
TRIPLE = 3


def _sub(resolver: Resolver, call: FunctionCall) -> Node:
    pattern: Node = call.argument
    own_names: Entries = {}
    if isinstance(call.argument, SequenceNode):
        pattern, names = _arguments(call, PAIR)
        own_names = names.entries if isinstance(names, MappingNode) else {}
    if not isinstance(pattern, Scalar):
        raise TemplateError("CFN004", "Fn::Sub requires a string", call.mark, 'for example !Sub "${Environment}-queue"')
    parts = [
        _resolve_name_in_sub(resolver, name, own_names, call) if is_name else name
        for is_name, name in split_sub(text(pattern))
    ]
    return _join_parts(resolver, parts, call)


def _resolve_name_in_sub(resolver: Resolver, name: str, own_names: Entries, call: FunctionCall) -> Json:
    logical, dot, attribute = name.partition(".")
    if name in own_names:
        inner: Node = own_names[name][1]
    elif dot:
        steps = (Scalar(logical, call.mark), Scalar(attribute, call.mark))
        inner = MappingNode({"Fn::GetAtt": (call.mark, SequenceNode(steps, call.mark))}, call.mark)
    else:
        inner = MappingNode({"Ref": (call.mark, Scalar(name, call.mark))}, call.mark)
    return resolver.resolve_part(inner)


def _join(resolver: Resolver, call: FunctionCall) -> Node:
    delimiter, items = _arguments(call, PAIR)
    delimiter_text, sequence = resolver.resolve_text(delimiter), resolver.resolve(items)
    if not isinstance(sequence, SequenceNode):
        raise NotEvaluated(expression_text(items))
    resolver.carry_notes(sequence)
    parts: list[Json] = []
    for item in sequence.items:
        parts += [delimiter_text, resolver.resolve_part(item)]
    return _join_parts(resolver, parts[1:], call)


def _join_parts(resolver: Resolver, parts: Iterable[Json], call: FunctionCall) -> Node:
    value = join_texts(parts)
    text_ = value.text if isinstance(value, TaggedValue) else value
    if DYNAMIC not in text_:
        return note_stack_name(resolver, Scalar(value, call.mark))
    look_up = None if isinstance(value, TaggedValue) else lookup_of(value)
    if look_up is None:
        raise NotEvaluated("a dynamic reference that depends on other values")
    return Scalar(look_up, call.mark)


def _select(resolver: Resolver, call: FunctionCall) -> Node:
    index, items = _arguments(call, PAIR)
    number, sequence = resolver.resolve_text(index), resolver.resolve(items)
    if not isinstance(sequence, SequenceNode):
        raise NotEvaluated(expression_text(items))
    if not number.isdecimal() or int(number) >= len(sequence.items):
        message = f"Fn::Select refers to item {number}, but the list has {len(sequence.items)}"
        raise TemplateError("CFN004", message, call.mark, "items are counted from 0")
    resolver.carry_notes(sequence)
    return sequence.items[int(number)]


def _split(resolver: Resolver, call: FunctionCall) -> Node:
    delimiter, source = _arguments(call, PAIR)
    value = resolver.resolve_single(source)
    delimiter_text = resolver.resolve_text(delimiter)
    if not delimiter_text:
        raise TemplateError(
            "CFN004", "Fn::Split requires a delimiter that is not empty", call.mark, "for example !Split [',', a]"
        )
    parts = split_text(value, delimiter_text)
    if parts is None:
        raise NotEvaluated(expression_text(source))
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
    name, *keys = map(resolver.resolve_text, steps)
    node: Node = MappingNode(resolver.context.template.section("Mappings"), call.mark)
    for step in (name, *keys):
        entries = node.entries if isinstance(node, MappingNode) else {}
        if step not in entries:
            hint = did_you_mean(step, entries, "set the parameters that select an entry: --parameter NAME=VALUE")
            missing = f"Mappings has no {'.'.join((name, *keys))}"
            return _default_of_map(resolver, call, TemplateError("CFN005", missing, call.mark, hint))
        node = entries[step][1]
    return node


def _default_of_map(resolver: Resolver, call: FunctionCall, wrong: TemplateError) -> Node | None:
    """Return the DefaultValue of a Fn::FindInMap, which language extensions have; raise what is wrong without it."""
    options = call.argument.items[TRIPLE:] if isinstance(call.argument, SequenceNode) else ()
    for option in options:
        if isinstance(option, MappingNode) and "DefaultValue" in option.entries:
            return resolver.resolve(option.entries["DefaultValue"][1])
    raise wrong


def _if(resolver: Resolver, call: FunctionCall) -> Node | None:
    condition, *branches = _arguments(call, TRIPLE)
    is_true, assumed = evaluate_condition(resolver, text(condition), call.mark)
    if not resolver.assumes:
        resolver.context.fix(assumed, text(condition))
    branch = resolver.resolve(branches[0 if is_true else 1])
    if resolver.assumes:
        resolver.assumed |= assumed
    elif assumed and branch is None:
        resolver.absence_reasons.append(condition_text(text(condition), assumed, is_true=is_true))
    elif assumed and branch is not None:
        branch = resolver.add_note(branch, condition_text(text(condition), assumed, is_true=is_true))
    return branch


def _base64(resolver: Resolver, call: FunctionCall) -> Node:
    return Scalar(base64.b64encode(resolver.resolve_text(call.argument).encode()).decode(), call.mark)


def _to_json(resolver: Resolver, call: FunctionCall) -> Node:
    return Scalar(json.dumps(resolver.resolve_plain(call.argument), separators=(",", ":")), call.mark)


def _length(resolver: Resolver, call: FunctionCall) -> Node:
    value = resolver.resolve_plain(call.argument)
    if not isinstance(value, list):
        raise TemplateError("CFN004", "Fn::Length requires a list", call.mark, "for example {Fn::Length: !Ref Subnets}")
    return Scalar(len(value), call.mark)


def _import_value(resolver: Resolver, call: FunctionCall) -> Node:
    """Return the export of a different stack, if the live stack is known."""
    live = resolver.context.inputs.live
    name = resolver.resolve_text(call.argument)
    if not live or name not in live.exports:
        raise NotEvaluated(expression_text(MappingNode({call.function: (call.mark, call.argument)}, call.mark)))
    return resolver.add_note(Scalar(live.exports[name], call.mark), f"export {name} of a different stack")


def _unknown_result(_resolver: Resolver, call: FunctionCall) -> Node:
    raise NotEvaluated(expression_text(MappingNode({call.function: (call.mark, call.argument)}, call.mark)))


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
    "Fn::If": _if,
    "Fn::Base64": _base64,
    "Fn::ToJsonString": _to_json,
    "Fn::Length": _length,
    "Fn::ImportValue": _import_value,
    "Fn::GetAZs": _unknown_result,
    "Fn::Cidr": _unknown_result,
}

"""`Ref` and `Fn::GetAtt`: parameters, what AWS knows of the place, and resources."""

from reconciler.adopt.cloudformation import foreign
from reconciler.adopt.cloudformation.parameters import HIDDEN, PSEUDO, Parameter
from reconciler.adopt.cloudformation.resolve import Resolver, scalar
from reconciler.adopt.cloudformation.template import OURS, FunctionCall, Resource, reference, spelled, text
from reconciler.adopt.cloudformation.texts import DYNAMIC
from reconciler.adopt.cloudformation.troubles import NotKnown, TemplateError
from reconciler.adopt.cloudformation.world import TemplateReference
from reconciler.adopt.found import TaggedValue
from reconciler.kinds import KINDS
from reconciler.load.findings import did_you_mean
from reconciler.load.nodes import MappingNode, Node, Scalar, SourceMark, node_of
from reconciler.model import Json
from reconciler.problems import Severity

SUBSTITUTED = {"AWS::Region": "${region}", "AWS::AccountId": "${account}", "AWS::Partition": "${partition}"}
WHY_NEWEST = "the newest revision, where the template means the one that it registers"
WHY_STACK = "AWS::StackName in the template; --stack-name writes the name of the stack there"


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
            "CFN004", f"{call.function} takes a resource and an attribute", call.mark, "!GetAtt Role.Arn"
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
        hint = did_you_mean(logical, known, "a variable stands for it")
        world.findings.add("CFN012", f"the template has no {logical}", call.mark, hint, Severity.WARNING)
        raise NotKnown(logical)
    if logical in world.absent:
        message = f"{logical} is referred to, but it is left out: {world.absent[logical]}"
        raise TemplateError(
            "CFN005", message, call.mark, "give the parameters with which it exists: --parameter NAME=VALUE"
        )
    if resource.is_batch and foreign.is_arn(attribute):
        return _target(resolver, resource, call.mark)

    def known_name(node: Node) -> Json:
        if logical in world.naming:
            raise TemplateError("CFN004", f"{logical} is named by itself", call.mark, "CloudFormation refuses it, too")
        world.naming.append(logical)
        try:
            return _known_name(resolver, node)
        finally:
            world.naming.pop()

    value, why = foreign.attribute(world, resource, attribute, known_name)
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

"""Whether a condition of a template holds, with the values that parameters have.

https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/intrinsic-function-reference-conditions.html
"""

from collections.abc import Iterable
from collections.abc import Mapping as MappingABC

from reconciler.adopt.cloudformation.resolve import Resolver
from reconciler.adopt.cloudformation.template import call_of, text
from reconciler.adopt.cloudformation.troubles import NotKnown, TemplateError
from reconciler.load.findings import did_you_mean
from reconciler.load.nodes import Node, SequenceNode, SourceMark
from reconciler.load.scalars import text_of
from reconciler.model import Json

SHAPES = "such as !Equals [a, b], !Not [!Condition A], !And [...], !Or [...], {Condition: A}"
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
        message = f"whether {name} holds depends on {unknown}, which has no value here"
        raise TemplateError("CFN006", message, where, f"give it one: --parameter {unknown}=VALUE") from unknown


def _holds(resolver: Resolver, node: Node, chain: tuple[str, ...]) -> Verdict:
    call = call_of(node, in_condition=True)
    if call is None:
        raise TemplateError("CFN004", f"the condition {chain[-1]} is no function", node.mark, "such as !Equals [a, b]")
    match call.function, call.argument:
        case "Condition", named:
            return _named(resolver, text(named), call.mark, chain)
        case "Fn::Equals", SequenceNode((left, right)):
            one, of_one = resolver.settled(left, sees_secrets=True)
            other, of_other = resolver.settled(right, sees_secrets=True)
            return _same(one, other), {**of_one, **of_other}
        case "Fn::Not", SequenceNode((inner,)):
            holds, assumed = _holds(resolver, inner, chain)
            return not holds, assumed
        case "Fn::And" | "Fn::Or" as function, SequenceNode(items):
            return _of_many(resolver, items, chain, decisive=function == "Fn::Or")
    raise TemplateError("CFN004", f"{call.function} cannot be understood in a condition", call.mark, SHAPES)


def _named(resolver: Resolver, name: str, mark: SourceMark, chain: tuple[str, ...]) -> Verdict:
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

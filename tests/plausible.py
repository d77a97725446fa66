"""Stacks that nobody has written and somebody might: real bodies in which some members have other values that fit."""

from collections.abc import Iterator
from copy import deepcopy
from typing import Any

from hypothesis import strategies as st

from reconciler.kinds import batch_kinds
from reconciler.kinds.base import Kind
from reconciler.model import Json
from tests.mistakes import resolved
from tests.stacks.bodies import bodies
from tests.validate.test_check import fitting

# Members that refer to other resources, with the section and the name of one that is there.
REFERENCES = {
    "computeEnvironment": ("computeEnvironments", "environment"),
    "serviceEnvironment": ("serviceEnvironments", "training"),
    "schedulingPolicyArn": ("schedulingPolicies", "policy"),
    "jobQueue": ("jobQueues", "queue"),
    "consumableResource": ("consumableResources", "licence"),
}
BY_SECTION = {kind.section: kind for kind in batch_kinds()}


@st.composite
def plausible_stacks(draw: Any) -> Json:
    """One or two resources as they might be, and what they refer to as somebody has written it."""
    stack: dict[str, Json] = {"stack": "plausible"}
    sections = sorted({kind.section for kind, _ in bodies()} & BY_SECTION.keys())
    names = ("one", "two")[: draw(st.integers(1, 2))]
    waiting = [(draw(st.sampled_from(sections)), name) for name in names]
    while waiting:
        section, name = waiting.pop()
        if name in stack.get(section, {}):
            continue
        kind = BY_SECTION[section]
        own = [body for other, body in bodies() if other is kind]
        body = own[draw(st.integers(0, len(own) - 1))]
        body = draw(_changed(kind, body)) if name in names else body
        stack.setdefault(section, {})[name] = _linked(body)
        waiting += sorted(set(_needs(body)))
    return stack


@st.composite
def _changed(draw: Any, kind: Kind, body: Json) -> Json:
    changed = deepcopy(body)
    for _ in range(draw(st.integers(0, 3))):
        places = list(_structures({"$ref": f"#/$defs/{kind.create.operation}"}, changed))
        schema, holder = places[draw(st.integers(0, len(places) - 1))]
        names = sorted(schema["properties"].keys() - REFERENCES.keys() - {kind.name_member})
        if not names:
            continue
        name = draw(st.sampled_from(names))
        if name in holder and name not in schema.get("required", ()) and draw(st.booleans()):
            del holder[name]
        else:
            holder[name] = draw(fitting(schema["properties"][name]))
    return changed


def _structures(schema: Json, value: Json) -> Iterator[tuple[Json, Json]]:
    schema = resolved(schema)
    if isinstance(value, dict) and "properties" in schema:
        yield schema, value
        for name, inner in value.items():
            yield from _structures(schema["properties"][name], inner)
    elif isinstance(value, list) and "items" in schema:
        for inner in value:
            yield from _structures(schema["items"], inner)


def _linked(value: Json) -> Json:
    """Return a body that refers to nothing but what is in the stack."""
    if isinstance(value, dict):
        return {
            name: REFERENCES[name][1] if name in REFERENCES and isinstance(inner, str) else _linked(inner)
            for name, inner in value.items()
        }
    return [_linked(inner) for inner in value] if isinstance(value, list) else value


def _needs(value: Json) -> Iterator[tuple[str, str]]:
    inner = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for name, one in inner:
        if name in REFERENCES and isinstance(one, str):
            yield REFERENCES[name]
        yield from _needs(one)

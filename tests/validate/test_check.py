"""The law of the walk: it doubts a body exactly if jsonschema refuses it, and it changes nothing twice."""

import copy
import json
import re
from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reconciler.adapters.lookup.installed import read_schema
from reconciler.kinds import batch_kinds
from reconciler.model import Json
from reconciler.validate.check import KNOWN, Doubt, Readers
from reconciler.validate.explain_errors import validator
from tests.laws import law

SCHEMA = read_schema()
DEFS = SCHEMA["$defs"]
READERS = Readers(DEFS)
VALIDATORS = {
    kind.create.operation: validator({"$ref": f"#/$defs/{kind.create.operation}", "$defs": DEFS})
    for kind in batch_kinds()
}
MOST_MEMBERS = 4
TEXTS = ("a", "1", 1, 2.5, True, "0:3", "$Latest")

scalars = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(-3, 12000),
    st.floats(-2, 300),
    st.sampled_from([float("nan"), float("inf"), 1e300, "", "x" * 300, "12", "0:3", "AWS_BATCH_X", "$Latest"]),
    st.text(max_size=4),
)
junk = st.recursive(
    scalars,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner, max_size=2),
    max_leaves=4,
)


@st.composite
def fitting(draw: Any, schema: Json) -> Json:
    """Draw something that fits a schema, once the walk has given it the API's types and spelling."""
    if "$ref" in schema:
        return draw(fitting(DEFS[schema["$ref"].removeprefix("#/$defs/")]))
    if known := schema.get("enum") or schema.get("examples"):
        return draw(st.sampled_from(known)).swapcase()
    match schema["type"]:
        case "object" if "properties" in schema:
            names = set(draw(st.lists(st.sampled_from(sorted(schema["properties"])), max_size=MOST_MEMBERS)))
            names |= set(schema.get("required", ()))
            return {name: draw(fitting(schema["properties"][name])) for name in sorted(names)}
        case "object":
            keys = st.sampled_from(["a", "b", 5])
            return draw(st.dictionaries(keys, fitting(schema["additionalProperties"]), max_size=3))
        case "array":
            least = schema.get("minItems", 0)
            return draw(st.lists(fitting(schema["items"]), min_size=least, max_size=schema.get("maxItems", 2)))
        case "integer" | "number":
            low, high = schema.get("minimum", 0), schema.get("maximum", 99)
            return draw(st.sampled_from([low, high, float(high)]))
        case "boolean":
            return draw(st.booleans())
        case _:
            return draw(st.sampled_from([text for text in TEXTS if re.search(schema.get("pattern", ""), str(text))]))


@st.composite
def damaged(draw: Any, body: Json) -> Json:
    """Change one thing in a body, or nothing."""
    damaged = copy.deepcopy(body)
    holders = list(containers(damaged))
    if not holders or draw(st.integers(0, 3)) == 0:
        return damaged
    holder = draw(st.sampled_from(holders))
    if isinstance(holder, dict) and draw(st.integers(0, 3)) == 0:
        holder[draw(st.sampled_from(["zzz", 6, "Type"]))] = draw(junk)
    elif holder:
        step = draw(st.sampled_from(list(holder) if isinstance(holder, dict) else range(len(holder))))
        damage(draw, holder, step)
    return damaged


def damage(draw: Any, holder: Json, step: Json) -> None:
    value = holder[step]
    match value:
        case int() | float() if not isinstance(value, bool) and draw(st.booleans()):
            holder[step] = draw(st.sampled_from([value - 1, value + 1, True, str(value), float("nan"), float("inf")]))
        case list() if draw(st.booleans()):
            holder[step] = draw(st.sampled_from([value * 2, value * 12, []]))
        case str() if draw(st.booleans()):
            holder[step] = value * 300
        case _:
            holder[step] = draw(junk)


def containers(body: Json) -> Iterator[Json]:
    if isinstance(body, dict | list):
        yield body
        for inner in body.values() if isinstance(body, dict) else body:
            yield from containers(inner)


@pytest.mark.parametrize("create", sorted(VALIDATORS))
@law(80)
@given(data=st.data())
def test_the_walk_and_jsonschema_agree(create: str, data: st.DataObject) -> None:
    body = data.draw(damaged(data.draw(fitting(DEFS[create]))))
    coerced, is_doubtful = READERS.read(create, body)
    assert is_doubtful != VALIDATORS[create].is_valid(coerced)
    assert READERS.read(create, coerced) == (coerced, is_doubtful)


@pytest.mark.parametrize("create", sorted(VALIDATORS))
@law(30)
@given(data=st.data())
def test_what_fits_raises_no_doubt(create: str, data: st.DataObject) -> None:
    assert not READERS.read(create, data.draw(fitting(DEFS[create])))[1]


def edges(schema: Json) -> Iterator[Json]:
    """Yield values of every type, and those around the schema's bounds."""
    yield from (
        None,
        True,
        0,
        5,
        1.5,
        2.0,
        float("nan"),
        float("inf"),
        "",
        "a",
        "0:3",
        "0:3\n",
        "AWS_BATCH_X",
        [],
        ["a"],
        {},
        {"a": "b"},
    )
    for word in ("minimum", "maximum"):
        bound = schema.get(word, 0)
        yield from (bound - 1, bound, bound + 1, float(bound), bound + 0.5)
    known = schema.get("enum") or schema.get("examples") or ["x"]
    yield from (known[0], known[0].title(), "x" * schema.get("maxLength", 9))
    yield from ("x" * (schema.get("maxLength", 9) + 1), {"k" * 129: "v"}, {"": "v"})
    if "items" in schema:
        item = MINIMAL.get(schema["items"].get("$ref", ""), "EC2")
        yield from ([item] * count for count in (schema.get("minItems", 1), schema.get("maxItems", 9), 10, 11, 12, 501))


MINIMAL: dict[str, Json] = {
    "#/$defs/EcsTaskProperties": {"containers": [{"image": "a"}]},
    "#/$defs/TaskContainerProperties": {"image": "a"},
    "#/$defs/EksContainer": {"image": "a"},
    "#/$defs/EvaluateOnExit": {"action": "EXIT"},
    "#/$defs/NodeRangeProperty": {"targetNodes": "0:"},
    "#/$defs/ConsumableResourceRequirement": {},
    "#/$defs/Ec2Configuration": {"imageType": "ECS_AL2023"},
    "#/$defs/LaunchTemplateSpecificationOverride": {},
    "#/$defs/ShareAttributes": {"shareIdentifier": "a"},
    "#/$defs/ServiceEnvironmentOrder": {"order": 1, "serviceEnvironment": "a"},
}


def members_of_all_bodies() -> list[Json]:
    """Return every member's schema once, whatever it is called."""
    reached = [DEFS[create] for create in VALIDATORS]
    found: dict[str, Json] = {}
    for body in reached:
        for schema in body["properties"].values():
            target = schema.get("items", schema).get("$ref", "").removeprefix("#/$defs/")
            if target and DEFS[target] not in reached:
                reached.append(DEFS[target])
            bare = {word: value for word, value in schema.items() if word not in ("description", "default")}
            found[json.dumps(bare)] = bare
    return list(found.values())


@pytest.mark.parametrize("schema", members_of_all_bodies(), ids=lambda schema: json.dumps(schema)[:60])
def test_the_walk_and_jsonschema_agree_at_every_bound(schema: Json) -> None:
    read, judge = READERS.reader(schema), validator({**schema, "$defs": DEFS})
    for value in edges(schema):
        doubt = Doubt()
        coerced = read(value, doubt)
        assert doubt.raised != judge.is_valid(coerced), value


def test_a_word_that_the_walk_does_not_know_is_left_to_jsonschema() -> None:
    readers = Readers({"X": {"anyOf": [{"type": "string"}, {"type": "null"}]}})
    assert readers.read("X", "fine") == ("fine", True)


@pytest.mark.parametrize("create", sorted(VALIDATORS))
def test_members_without_a_value_are_dropped_at_the_top(create: str) -> None:
    assert READERS.read(create, dict.fromkeys(DEFS[create]["properties"]))[0] == {}


def test_our_bodies_use_only_words_that_the_walk_knows() -> None:
    seen: dict[str, None] = {}
    waiting = [DEFS[create] for create in VALIDATORS]
    while waiting:
        schema = waiting.pop()
        assert schema.keys() <= KNOWN
        if "$ref" in schema and schema["$ref"] not in seen:
            seen[schema["$ref"]] = None
            waiting.append(DEFS[schema["$ref"].removeprefix("#/$defs/")])
        inner = [schema.get("items"), schema.get("additionalProperties"), *schema.get("properties", {}).values()]
        waiting += [one for one in inner if one]
    assert len(seen) > 50

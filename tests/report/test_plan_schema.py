"""The published schema of plans: what is written fits it, and has no member that it does not know."""

import copy
import json
from collections.abc import Iterator
from datetime import UTC, datetime

import pytest
from jsonschema import Draft202012Validator

from reconciler.adapters.lookup.installed import schema_text
from reconciler.model import Json, Plan
from reconciler.redact.presented import present
from reconciler.report.json import stamped
from reconciler.report.schemas import PLAN
from reconciler.saved_plan.document import Inputs, read_saved, saved_json, sealed_part
from reconciler.saved_plan.sealing import Seal
from tests.report.samples import EVERYTHING, GPU, LEFT, NOTHING


def closed(schema: Json) -> Json:
    """Return the schema without room for members that it does not name."""
    if isinstance(schema, list):
        return [closed(one) for one in schema]
    if not isinstance(schema, dict):
        return schema
    inner = {key: closed(one) for key, one in schema.items()}
    return {**inner, "additionalProperties": False} if isinstance(schema.get("properties"), dict) else inner


STRICT = Draft202012Validator(closed(json.loads(json.dumps(PLAN))))


def document(plan: Plan) -> Json:
    made = saved_json(
        present(plan), sealed_part(plan, present(plan), Inputs(path="stacks/prod", variables={"a": "b"}), Seal(b""))
    )
    whole = {**stamped(made, datetime(2026, 11, 30, tzinfo=UTC)), "exit": 0}
    return json.loads(json.dumps(whole, default=str))


def wrong(found: Json) -> list[str]:
    return [f"{error.json_path}: {error.message}" for error in STRICT.iter_errors(found)]


def members(found: Json) -> Iterator[tuple[Json, str]]:
    """Yield each member that the schema knows, with what holds it."""
    for owner in (found, found["changes"][0], found["changes"][0]["fields"][0], found["summary"], found["inputs"]):
        for name in owner:
            yield owner, name


@pytest.mark.parametrize("plan", [EVERYTHING, NOTHING, LEFT])
def test_a_plan_is_as_the_schema_says(plan: Plan) -> None:
    assert wrong(document(plan)) == []


def test_every_member_of_a_plan_is_owed() -> None:
    whole = document(LEFT)
    for index, (_, name) in enumerate(members(whole)):
        less = copy.deepcopy(whole)
        owner, _ = list(members(less))[index]
        del owner[name]
        assert wrong(less), name


def test_a_word_that_is_none_of_ours_is_refused() -> None:
    for path in ("action", "sign", "class"):
        other = document(LEFT)
        other["changes"][0][path] = "explode"
        assert wrong(other)


def test_more_members_are_welcome_to_those_who_read() -> None:
    more = {**document(NOTHING), "future": 1}
    assert wrong(more)
    assert list(Draft202012Validator(PLAN).iter_errors(more)) == []


def test_what_the_schema_takes_can_be_applied() -> None:
    whole = document(Plan(LEFT.stack, LEFT.identity, (GPU,)))
    assert wrong(whole) == []
    assert read_saved(json.dumps(whole), "plan.json") == [whole]


def test_the_file_is_what_is_published() -> None:
    assert json.loads(schema_text("plan")) == json.loads(json.dumps(PLAN))

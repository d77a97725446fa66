"""The schema that editors have: a tag may stand wherever a value does, and every member says what it is."""

import json
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
import yaml
from jsonschema import Draft202012Validator

from reconciler.adapters.lookup.installed import read_schema
from reconciler.kinds import SECTIONS
from reconciler.model import Json
from reconciler.schema.language import _stack
from tests.schema.test_schema_files import structures
from tests.schemas import current, model

ROOT = Path(__file__).parents[2]
SCHEMA = json.loads(current()["stack.schema.json"])
EXAMPLES = sorted([*ROOT.glob("stacks/*/*.yaml"), *ROOT.glob("reconciler/templates/*/*.yaml")])


class Loader(yaml.SafeLoader):
    """Takes our tags as editors do that know them, for null, and dates as YAML 1.2 does, for texts."""


Loader.yaml_implicit_resolvers = {
    first: [(tag, pattern) for tag, pattern in found if not tag.endswith(":timestamp")]
    for first, found in yaml.SafeLoader.yaml_implicit_resolvers.items()
}
Loader.add_multi_constructor("!", lambda _loader, _tag, _node: None)


def members(schema: Json) -> Iterator[tuple[str, Json]]:
    return ((name, member) for body in structures(schema) for name, member in body["properties"].items() if member)


def says(member: Json, schema: Json) -> str:
    """Return what stands beside a member, or where it refers to."""
    while "description" not in member and member.keys() & {"$ref", "anyOf"}:
        if "anyOf" in member:
            member = member["anyOf"][0]
            continue
        path, member = member["$ref"], schema
        for step in path.removeprefix("#/").split("/"):
            member = member[step]
    return member.get("description", "")


def test_what_we_check_by_is_what_editors_check_by_without_tags() -> None:
    assert read_schema() == _stack(tuple(SECTIONS.values()), model())


@pytest.mark.parametrize("file", EXAMPLES, ids=lambda file: f"{file.parent.name}/{file.name}")
def test_an_example_is_as_the_schema_says(file: Path) -> None:
    stack = yaml.load(file.read_text(encoding="utf-8"), Loader)
    assert [error.message for error in Draft202012Validator(SCHEMA).iter_errors(stack)] == []


def test_a_tag_may_stand_for_every_member_and_every_entry() -> None:
    values = [member for _, member in members(SCHEMA)]
    values += [body[word] for body in _all(SCHEMA) for word in ("items", "additionalProperties") if body.get(word)]
    refusing = [one for one in values if not Draft202012Validator({**one, "$defs": SCHEMA["$defs"]}).is_valid(None)]
    assert (len(values) > 700, refusing) == (True, [])


@pytest.mark.parametrize("name", sorted(current()))
def test_every_member_says_what_it_is(name: str) -> None:
    schema = json.loads(current()[name])
    silent = [name for name, member in members(schema) if len(says(member, schema).split()) < 2]
    assert silent == []


@pytest.mark.parametrize("name", sorted(current()))
def test_everything_that_is_said_is_in_our_own_words(name: str) -> None:
    documented = " ".join(re.sub(r"<[^>]+>", " ", text) for text in _texts(model(), "documentation"))
    plain = re.sub(r"\s+", " ", documented)
    said = {text.rstrip(".") for text in _texts(json.loads(current()[name]), "description")}
    assert [text for text in said if len(text.split()) > 3 and text in plain] == []


def _all(schema: Json) -> Iterator[Json]:
    if isinstance(schema, dict):
        yield schema
    for inner in schema.values() if isinstance(schema, dict) else schema if isinstance(schema, list) else ():
        yield from _all(inner)


def _texts(whole: Json, word: str) -> Iterator[str]:
    return (one[word] for one in _all(whole) if isinstance(one.get(word), str))

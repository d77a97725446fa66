"""Every kind's table against botocore's own model of the service: a mistake in a row is found without a test for it."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass

import pytest
from jsonschema import Draft202012Validator

from reconciler.kinds import KINDS, SECTIONS
from reconciler.kinds.base import MISSING, Created, Declarable, Field, Form, Kind, Row, Unmanaged
from reconciler.model import Cost, Json
from tests.fakes import HERE
from tests.schemas import model

IN_PLACE = (Cost.METADATA, Cost.SCALING, Cost.INFRASTRUCTURE)
SHAPES: Mapping[Form, tuple[str, ...]] = {
    Form.ORDERED: ("list",),
    Form.SET: ("list",),
    Form.KEYED: ("list",),
    Form.RANKED: ("list",),
    Form.MAP: ("map",),
    Form.STRUCT: ("structure",),
    Form.CASELESS: ("string",),
    Form.RANGE: ("string",),
    Form.ROLE: ("string",),
    Form.PROFILE: ("string",),
    Form.REFERENCE: ("string",),
    Form.NUMBER: ("string", "integer", "long", "float", "double"),
    Form.FLOAT32: ("float",),
    Form.VALUE: ("string", "integer", "long", "float", "double", "boolean"),
}
every_section = pytest.mark.parametrize("kind", SECTIONS.values(), ids=lambda kind: kind.name)
every_kind = pytest.mark.parametrize("kind", KINDS.values(), ids=lambda kind: kind.name)


@dataclass(frozen=True)
class Place:
    """One member of a request: its row, and the shapes that it has when created and when updated ("": it has none)."""

    path: str
    row: Row | None
    created: str
    updated: str
    cost: Cost | None
    siblings: tuple[Row, ...]


def shape(name: str) -> Mapping[str, Json]:
    return model()["shapes"][name]


def operation(name: str, side: str) -> str:
    return model()["operations"][name][side]["shape"]


def members(name: str) -> Mapping[str, str]:
    """Return the members of a structure, or of a list's structures, with their shapes."""
    if not name:
        return {}
    found = shape(name)
    if found["type"] == "list":
        return members(found["member"]["shape"])
    return {member: inner["shape"] for member, inner in found.get("members", {}).items()}


def places(kind: Declarable) -> Iterator[Place]:
    created = operation(kind.create.operation, "input")
    updated = operation(kind.update.operation, "input") if kind.update else ""
    target = {kind.update.id_member} if kind.update else set()
    apart = {kind.name_member, "tags", *target, *stand_ins(kind), *tokens(updated)}
    yield from inside(kind.rows, created, updated, "", None, apart)


def stand_ins(kind: Declarable) -> Iterator[str]:
    """Yield the members of updates that stand for members of another name."""
    return (name for row in kind.fields if row.update_as for name in row.update_as(1))


def tokens(structure: str) -> Iterator[str]:
    """Yield the members against doubled calls, which are the client's."""
    found = shape(structure)["members"] if structure else {}
    return (name for name, member in found.items() if member.get("idempotencyToken"))


def inside(
    rows: tuple[Row, ...], created: str, updated: str, prefix: str, cost: Cost | None, apart: set[str]
) -> Iterator[Place]:
    sent, later = members(created), members(updated)
    known = {row.name: row for row in rows}
    for name in dict.fromkeys([*known, *sent, *later]):
        if name in apart:
            continue
        row = known.get(name)
        own = (row.cost if isinstance(row, Field) else None) or cost
        place = Place(f"{prefix}{name}", row, sent.get(name, ""), later.get(name, ""), own, rows)
        yield place
        if isinstance(row, Field):
            yield from inside(row.fields, place.created, place.updated, f"{place.path}.", own, set())


def fields(kind: Declarable) -> Iterator[tuple[Place, Field]]:
    return ((place, place.row) for place in places(kind) if isinstance(place.row, Field))


def wrong(kind: Declarable, is_wrong: Callable[[Place, Field], bool]) -> list[str]:
    return [place.path for place, row in fields(kind) if is_wrong(place, row)]


@every_section
def test_every_member_of_create_and_update_has_a_row(kind: Declarable) -> None:
    assert [place.path for place in places(kind) if place.row is None] == []


@every_section
def test_every_row_is_a_member_of_create_or_update(kind: Declarable) -> None:
    assert [place.path for place in places(kind) if not place.created and not place.updated] == []


@every_section
def test_no_member_has_two_rows(kind: Declarable) -> None:
    seen = [place.path for place in places(kind)]
    assert sorted(set(seen)) == sorted(seen)
    names = [row.name for row in kind.rows]
    assert len(names) == len(set(names))


@every_section
def test_every_row_says_something(kind: Declarable) -> None:
    assert wrong(kind, lambda _place, row: not row.description.strip()) == []
    assert [p.path for p in places(kind) if isinstance(p.row, Unmanaged) and not p.row.reason.strip()] == []


@every_kind
def test_every_top_level_row_has_a_cost(kind: Kind) -> None:
    assert [row.name for row in kind.fields if row.cost is None] == []


@every_kind
def test_what_changes_in_place_is_a_member_of_update(kind: Kind) -> None:
    assert wrong(kind, lambda place, row: place.cost in IN_PLACE and not place.updated and row.update_as is None) == []


@every_kind
def test_what_only_an_update_can_set_or_unset_is_a_member_of_update(kind: Kind) -> None:
    assert wrong(kind, lambda place, row: row.created is Created.LATER and not place.updated) == []
    assert wrong(kind, lambda place, row: row.unset is not MISSING and not place.updated) == []


@every_kind
def test_what_is_not_sent_at_creation_is_set_later(kind: Kind) -> None:
    assert (
        wrong(kind, lambda place, row: "." not in place.path and not place.created and row.created is Created.SENT)
        == []
    )


@every_kind
def test_forms_fit_the_shapes(kind: Kind) -> None:
    assert wrong(kind, lambda place, row: shape(place.created or place.updated)["type"] not in SHAPES[row.form]) == []


@every_kind
def test_rows_of_structures_have_rows_of_their_own(kind: Kind) -> None:
    assert wrong(kind, lambda place, row: bool(members(place.created or place.updated)) != bool(row.fields)) == []


@every_kind
def test_keys_are_members_of_the_entries(kind: Kind) -> None:
    def lacks_key(_place: Place, row: Field) -> bool:
        by_position = row.form is Form.KEYED and not row.key and row.limits.get("maxItems") == 1
        return row.form in (Form.KEYED, Form.RANKED) and not by_position and row.key not in {f.name for f in row.fields}

    assert wrong(kind, lacks_key) == []
    assert wrong(kind, lambda _place, row: bool(row.key) and row.form not in (Form.KEYED, Form.RANKED)) == []


@every_kind
def test_legacy_sizes_fold_into_a_keyed_sibling(kind: Kind) -> None:
    def folds_nowhere(place: Place, row: Field) -> bool:
        resource, home = row.legacy_alias_of or ("", "")
        sibling = next((s for s in place.siblings if isinstance(s, Field) and s.name == home), None)
        return bool(row.legacy_alias_of) and (sibling is None or sibling.key != "type" or not resource.isupper())

    assert wrong(kind, folds_nowhere) == []


@every_kind
def test_references_lead_to_kinds(kind: Kind) -> None:
    assert (
        wrong(kind, lambda _place, row: (row.form is Form.REFERENCE or bool(row.refers_to)) != (row.refers_to in KINDS))
        == []
    )
    assert wrong(kind, lambda _place, row: bool(row.short) and row.form is not Form.REFERENCE) == []


@every_kind
def test_defaults_are_values_that_the_service_takes(kind: Kind) -> None:
    types = {"string": str, "integer": int, "long": int, "float": float, "boolean": bool, "list": list}

    def is_wrong(place: Place, row: Field) -> bool:
        found = shape(place.created or place.updated)
        values = row.default if isinstance(row.default, list) else [row.default]
        choice = (shape(found["member"]["shape"]) if found["type"] == "list" else found).get("enum")
        return row.default is not None and (
            not isinstance(row.default, types[found["type"]]) or bool(choice and not set(values) <= set(choice))
        )

    assert wrong(kind, is_wrong) == []


@every_kind
def test_limits_are_words_of_json_schema(kind: Kind) -> None:
    for place, row in fields(kind):
        Draft202012Validator.check_schema(dict(row.limits))
        assert row.limits.keys() <= {
            "minimum", "maximum", "maxLength", "minItems", "maxItems", "pattern", "enum",
        }, place.path  # fmt: skip


@every_kind
def test_operations_and_their_members_exist(kind: Kind) -> None:
    reading = kind.read
    wanted = {
        (kind.create.operation, kind.name_member),
        (kind.delete.operation, kind.delete.id_member),
        (reading.operation, reading.names),
        *((reading.operation, name) for name in (*reading.filters, *filter(None, [reading.one_filter]))),
        *(
            (update.operation, name)
            for update in filter(None, [kind.update])
            for name in (update.id_member, *update.any_of, *update.not_state, *update.refers_to, *stand_ins(kind))
        ),
        *((call, kind.parent.member) for call in (kind.create.operation, reading.listing) if kind.parent),
    }
    assert {(call, name) for call, name in wanted if name not in members(operation(call, "input"))} == set()
    for call, result in ((reading.operation, reading.result), (reading.listing, reading.listed or reading.result)):
        assert not (call and result) or result in members(operation(call, "output"))
    assert reading.result or reading.listing, "what is described one at a time has to be listed"


@every_kind
def test_a_kind_without_an_update_has_revisions(kind: Kind) -> None:
    assert bool(kind.update) != bool(kind.revisions)


@every_kind
def test_what_has_the_status_creating_has_the_others_too(kind: Kind) -> None:
    settle = [kind.update.settles_within if kind.update else None, kind.delete.gone_within]
    assert [seconds is not None for seconds in settle] == [kind.settles] * 2


@every_kind
def test_every_member_of_the_description_is_known(kind: Kind) -> None:
    answer = operation(kind.read.operation, "output")
    described = members(members(answer)[kind.read.result] if kind.read.result else answer)
    tags = {"tags"} if kind.is_taggable else set()
    known = {kind.name_member, kind.arn_member, *tags, *kind.read.response_only}
    rows = {row.response_name or row.name if isinstance(row, Field) else row.name for row in kind.rows}
    assert known <= described.keys()
    assert described.keys() - known - rows == set()


@every_kind
def test_what_is_listed_is_told_by_its_arn(kind: Kind) -> None:
    reading = kind.read
    if reading.listing:
        listed = members(members(operation(reading.listing, "output"))[reading.listed or reading.result])
        assert kind.arn_member in listed


@every_kind
def test_a_part_is_named_within_what_it_is_part_of(kind: Kind) -> None:
    row = kind.parent_row
    assert (row is None) == (kind.parent is None)
    if row is not None:
        parent = KINDS[row.refers_to]
        assert (row.form, row.cost, kind.parent.noun) == (Form.REFERENCE, Cost.REPLACE, parent.noun)
        arn = kind.arn(HERE, kind.name_within(parent.arn(HERE, "whole"), "part"))
        assert arn == f"{parent.arn(HERE, 'whole')}/{kind.noun}/part"


@every_kind
def test_what_the_service_moves_by_itself_is_a_single_value_of_the_resource(kind: Kind) -> None:
    top = {row.name for row in kind.fields}
    moving = [place.path for place, row in fields(kind) if row.runtime_if or row.update_as or row.required]
    assert set(moving) <= top
    assert [row.name for row in kind.fields if row.runtime_if and row.fields] == []


def test_the_service_model_calls_no_member_sensitive() -> None:
    """Secrets are known by the names that users give them. The day the model marks members, `redact` has to ask it."""
    assert [name for name, found in model()["shapes"].items() if found.get("sensitive")] == []

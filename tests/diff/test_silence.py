"""No member is overlooked: a change of any single one is seen, unless its row says why it must not be."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass

import pytest

from reconciler.diff import compare_bodies
from reconciler.kinds import KINDS
from reconciler.kinds.base import Field, Form, Kind, Row
from reconciler.model import Json, dotted
from tests.fakes import HERE
from tests.schemas import model

Body = dict[str, Json]
every_kind = pytest.mark.parametrize("kind", KINDS.values(), ids=lambda kind: kind.name)


@dataclass(frozen=True)
class Member:
    """One member, and bodies that have nothing but it: with two values of it, and without it."""

    path: str
    row: Field
    values: tuple[Json, Json]
    around: Callable[[Body], Body]
    needed: bool = False  # an entry of a sequence is nothing without it

    def bodies(self) -> Iterator[tuple[Body, Body]]:
        """Yield a live and a declared body that differ in this member alone."""
        name = self.row.name
        one, other = (self.around({name: value}) for value in self.values)
        none = self.around({})
        if one != other:
            yield from ((one, other), (other, one))
        if self.row.default is not None:  # written out, it counts like any other value
            default = self.around({name: self.row.default})
            yield from ((one, default), (default, one))
        if not self.needed and not self.row.write_only:
            yield from ((none, one), (none, other))
        if not self.needed and not self.row.is_service_default:
            yield from ((one, none), (other, none))


def seen(kind: Kind, live: Body, declared: Body) -> list[str]:
    return [dotted(change.path) for change in compare_bodies(kind, live, declared, HERE)]


@every_kind
def test_a_change_of_any_member_is_seen(kind: Kind) -> None:
    silent = [
        (member.path, live, declared)
        for member in members(kind)
        for live, declared in member.bodies()
        if not any(path.startswith(member.path.partition(".")[0]) for path in seen(kind, live, declared))
    ]
    assert silent == []


@every_kind
def test_a_member_that_is_left_to_the_service_is_no_change(kind: Kind) -> None:
    filled = [member for member in members(kind) if member.row.is_service_default]
    told = [
        member.path
        for member in filled
        if all(member.row.is_service_default and member.row.is_service_default(value) for value in member.values)
        and seen(kind, member.around({member.row.name: member.values[0]}), member.around({}))
    ]
    assert told == []


def members(kind: Kind) -> Iterator[Member]:
    shapes = (
        inside(shape_of(kind.update.operation)) | inside(shape_of(kind.create.operation))
        if kind.update
        else inside(shape_of(kind.create.operation))
    )
    yield from below(kind.rows, shapes, "", lambda body: body)


def below(
    rows: tuple[Row, ...], shapes: Mapping[str, str], prefix: str, around: Callable[[Body], Body]
) -> Iterator[Member]:
    for row in rows:
        if not isinstance(row, Field) or row.trigger_for:
            continue
        path, shape = f"{prefix}{row.name}", shapes[row.name]
        if row.fields:
            yield from within(row, shape, f"{path}.", around)
        else:
            yield Member(path, row, two_values(row, model()["shapes"][shape]), around)


def within(row: Field, shape: str, prefix: str, around: Callable[[Body], Body]) -> Iterator[Member]:
    if row.form is Form.STRUCT:
        yield from below(row.fields, inside(shape), prefix, lambda body: around({row.name: body}))
        return
    own = {row.key: 1 if row.form is Form.RANKED else "zzz"} if row.key else {}
    given = {"value": "1"} if row.drop_if else {}  # what the service drops is no entry
    for member in below(row.fields, inside(shape), prefix, lambda body: around({row.name: [{**own, **given, **body}]})):
        if row.form is Form.RANKED:
            if member.row.name != row.key:  # only the sequence counts
                yield Member(member.path, member.row, member.values, member.around, needed=True)
        else:
            yield member


def two_values(row: Field, shape: Mapping[str, Json]) -> tuple[Json, Json]:
    """Two values of a member, if possible neither of them what the service assumes anyway."""
    match shape["type"]:
        case "list":
            inner = model()["shapes"][shape["member"]["shape"]]
            first, second = others(inner.get("enum", ["aaa", "bbb"]), (row.default or [None])[0])
            return [first], [second]
        case "map":
            return {"k": "1"}, {"k": "2"}
        case "boolean":
            return (not row.default, not row.default) if row.default is not None else (True, False)
        case "integer" | "long":
            return 41, 42
        case "float" | "double":
            return 0.25, 0.5
        case _:
            numbers = ["3", "4"] if row.form is Form.NUMBER else ["aaa", "bbb"]
            assumed = row.assumed({}) if row.assumed else row.default
            return others(shape.get("enum") or row.limits.get("enum") or numbers, assumed)


def others(choice: list[Json], assumed: Json) -> tuple[Json, Json]:
    left = [value for value in choice if value != assumed] or ["aaa"]
    return left[0], left[-1]


def shape_of(operation: str) -> str:
    return model()["operations"][operation]["input"]["shape"]


def inside(shape: str) -> dict[str, str]:
    found = model()["shapes"][shape]
    if found["type"] == "list":
        return inside(found["member"]["shape"])
    return {name: member["shape"] for name, member in found.get("members", {}).items()}

"""Entries that the service drops, or may drop: a declaration with them means the same as one without, on either side."""

from collections.abc import Iterable, Iterator

import pytest

from reconciler.diff.canonical import canonical
from reconciler.kinds import KINDS
from reconciler.kinds.base import Field, Form
from reconciler.model import Json
from reconciler.problems import Exit
from tests.builders import JD, container, stack
from tests.fakes import HERE
from tests.world import World

KEPT = {"name": "A", "value": "b"}
EMPTY = ({"name": "DEBUG", "value": ""}, {"name": "DEBUG"}, {"name": "DEBUG", "value": None})
SIZES = {"limits": {"cpu": "1", "memory": "512Mi"}}


def dropping(rows: Iterable[Field], above: tuple[Field, ...] = ()) -> Iterator[tuple[str, tuple[Field, ...]]]:
    """Every list of every kind of whose entries some are dropped, by its path."""
    for row in rows:
        path = (*above, row)
        if row.drop_if:
            yield ".".join(each.name for each in path), path
        yield from dropping(row.members, path)


PLACES = {f"{kind.name}.{name}": (kind, path) for kind in KINDS.values() for name, path in dropping(kind.fields)}


def body(path: tuple[Field, ...], entries: list[Json]) -> Json:
    first, *others = path
    if not others:
        return {first.name: entries}
    inner = body(tuple(others), entries)
    return {first.name: inner if first.form is Form.STRUCT else [{first.key: "a", **inner} if first.key else inner]}


def pod(*variables: Json) -> Json:
    main = {"name": "main", "image": "busybox:1.37", "env": [*variables], "resources": SIZES}
    return {"type": "container", "eksProperties": {"podProperties": {"containers": [main], "initContainers": [main | {"name": "first"}]}}}  # fmt: skip


@pytest.mark.parametrize("place", PLACES)
@pytest.mark.parametrize("empty", EMPTY, ids=["empty", "without a value", "null"])
def test_an_empty_variable_is_as_good_as_none(place: str, empty: Json) -> None:
    kind, path = PLACES[place]
    seen = [canonical(kind.rows, body(path, entries), HERE) for entries in ([KEPT, empty], [empty, KEPT], [KEPT])]
    assert seen[0] == seen[1] == seen[2]
    assert seen[0] != canonical(kind.rows, body(path, [{**KEPT, "value": "c"}]), HERE)


def test_pods_and_containers_are_among_the_places() -> None:
    assert {place.rpartition(".")[2] for place in PLACES} == {"environment", "env"}
    assert {"initContainers", "containers"} <= {step for place in PLACES for step in place.split(".")}


@pytest.mark.parametrize("make", [pod, lambda *variables: container(environment=[*variables])])
@pytest.mark.parametrize("empty", EMPTY, ids=["empty", "without a value", "null"])
def test_a_definition_with_one_is_registered_once(make: Json, empty: Json) -> None:
    declared = stack({(JD, "job"): make(KEPT, empty)})
    world = World()
    assert world.apply(declared).exit is Exit.DONE
    assert world.plan(declared).is_empty
    before = len(world.calls)
    assert world.apply(declared).exit is Exit.DONE
    assert world.writes(before) == []


@pytest.mark.parametrize("make", [pod, lambda *variables: container(environment=[*variables])])
def test_what_the_service_kept_and_what_it_dropped_is_as_declared(make: Json) -> None:
    for live, wanted in ((make(KEPT), make(KEPT, EMPTY[0])), (make(KEPT, EMPTY[0]), make(KEPT))):
        world = World()
        world.apply(stack({(JD, "job"): live}))
        before = len(world.calls)
        world.apply(stack({(JD, "job"): wanted}))
        assert "RegisterJobDefinition" not in {operation for operation, _ in world.writes(before)}

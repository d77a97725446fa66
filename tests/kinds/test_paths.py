"""Paths name what people mean, in every spelling that our own messages have; what names nothing says what to write."""

import json
from collections.abc import Iterable, Iterator
from fnmatch import fnmatchcase
from functools import reduce
from operator import getitem

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reconciler.kinds import KINDS, batch_kinds
from reconciler.kinds.base import Field, Form, Kind, Row
from reconciler.kinds.paths import (
    EVERY,
    Named,
    PathError,
    Steps,
    _tokens,
    is_in,
    is_unnamed,
    lacking,
    names_of,
    parse,
    position,
    tag_pattern,
    written_path,
)
from reconciler.model import Json, Path, dotted
from reconciler.syntax.diagnostics import Findings
from reconciler.syntax.nodes import MappingNode, NodePlaces
from reconciler.syntax.parse import compose
from tests.builders import JD, SE, limits
from tests.laws import law
from tests.stacks.bodies import bodies

POD = {
    "eksProperties": {
        "podProperties": {"containers": [{"name": "main", "image": "a:1"}, {"name": "0", "image": "b:1"}]}
    }
}
CONTAINERS = ("eksProperties", "podProperties", "containers")


@pytest.mark.parametrize(
    ("text", "steps"),
    [
        ("containerProperties.image", ("containerProperties", "image")),
        ("ecsProperties.taskProperties.*.containers.main.image",
         ("ecsProperties", "taskProperties", EVERY, "containers", Named("main"), "image")),
        ("ecsProperties.taskProperties.0.containers", ("ecsProperties", "taskProperties", 0, "containers")),
        ("ecsProperties.taskProperties[0].containers", ("ecsProperties", "taskProperties", 0, "containers")),
        ("ecsProperties.taskProperties.[0].containers", ("ecsProperties", "taskProperties", 0, "containers")),
        ("nodeProperties.nodeRangeProperties.0:.container.image",
         ("nodeProperties", "nodeRangeProperties", Named("0:"), "container", "image")),
        ("nodeProperties.nodeRangeProperties.:3.container", ("nodeProperties", "nodeRangeProperties", Named("0:3"), "container")),
        ("nodeProperties.nodeRangeProperties[0].container.image",
         ("nodeProperties", "nodeRangeProperties", 0, "container", "image")),
        ("containerProperties.resourceRequirements.memory.value",
         ("containerProperties", "resourceRequirements", Named("MEMORY"), "value")),
        ("containerProperties.environment.A.B", ("containerProperties", "environment", Named("A.B"))),
        ("containerProperties.environment[A.value].value", ("containerProperties", "environment", Named("A.value"), "value")),
        ("parameters.a.b", ("parameters", Named("a.b"))),
        ("containerProperties.command[1]", ("containerProperties", "command", 1)),
        ("eksProperties.podProperties.containers.0.image", (*CONTAINERS, Named("0"), "image")),
        ("eksProperties.podProperties.containers[0].image", (*CONTAINERS, 0, "image")),
        ("eksProperties.podProperties.containers.1.image", (*CONTAINERS, 1, "image")),
    ],
)  # fmt: skip
def test_a_path_is_read_into_steps(text: str, steps: Steps) -> None:
    assert parse(KINDS[JD], text, POD) == steps


@pytest.mark.parametrize(
    ("text", "hint"),
    [
        ("ecsProperties.taskProperties.containers.main.image",
         ("taskProperties is a list: write ecsProperties.taskProperties.*.containers.main.image for all of its entries; "
         "for one, [0] in place of *")),
        ("ecsProperties.taskProperties.containers.image",
         ("containers is a list: write ecsProperties.taskProperties.*.containers.*.image for all of its entries; "
         "for one, the name in place of *")),
        ("eksProperties.podProperties.containers.image",
         "containers is a list: write eksProperties.podProperties.containers.*.image for all of its entries; for one, 0 in place of *"),
        ("nodeProperties.nodeRangeProperties.container.image",
         ("nodeRangeProperties is a list: write nodeProperties.nodeRangeProperties.*.container.image for all of its entries; "
         "for one, the targetNodes in place of *")),
        ("eksProperties.podProperties.containers.main.imgae", "did you mean image?"),
        ("containerProperties.image.name", "image has no fields of its own: write the path up to image"),
        ("containerProperties.command.run",
         "command is a list of values: write command.* for all of them, or command[0] for one"),
        ("containerProperties..image", "write it as in computeResources.maxvCpus, environment.LEVEL or evaluateOnExit[0].action"),
        ("containerProperties.environment[]", "write it as in computeResources.maxvCpus, environment.LEVEL or evaluateOnExit[0].action"),
    ],
)  # fmt: skip
def test_a_path_that_names_nothing_says_what_to_write(text: str, hint: str) -> None:
    with pytest.raises(PathError) as error:
        parse(KINDS[JD], text, POD)
    assert error.value.hint == hint


@pytest.mark.parametrize("name", ["ml.m5.large", "*"])
def test_a_name_with_dots_is_one_step(name: str) -> None:
    body = {"capacityLimits": limits(m5=1)}
    assert parse(KINDS[SE], f"capacityLimits.{name}.maxCapacity", body)[1:] == (Named(name), "maxCapacity")


@pytest.mark.parametrize("kind", batch_kinds(), ids=lambda kind: kind.name)
def test_every_field_of_every_list_can_be_named(kind: Kind) -> None:
    """By `*` and by a position in each list; by a name in lists that have names. Without any of them, it is refused."""
    for path in paths(kind.rows):
        for entry in ("*", "0", "[0]"):
            parse(kind, written(path, entry))
        with pytest.raises(PathError, match="list"):
            parse(kind, written(path, ""))


def paths(rows: tuple[Row, ...], at: tuple[Json, ...] = ()) -> Iterator[tuple[Json, ...]]:
    """Yield each field below a list: names of fields, and in place of an entry the row of its list."""
    for row in rows:
        if isinstance(row, Field) and row.form is not Form.MAP:
            here = (*at, row.name)
            is_list = row.form is Form.KEYED or is_unnamed(row)
            if is_list and not row.fields:
                continue
            if any(isinstance(step, Field) for step in here) and not row.fields:
                yield here
            yield from paths(row.fields, (*here, row) if is_list else here)


def written(path: tuple[Json, ...], entry: str) -> str:
    return ".".join(entry if isinstance(step, Field) else step for step in path if entry or not isinstance(step, Field))


def places(rows: tuple[Row, ...], body: Json, at: str = "") -> Iterator[str]:
    """Yield the path of everything in a body, as plans print it: entries by their names, else by their positions."""
    for row in rows:
        value = body.get(row.name) if isinstance(body, dict) else None
        if not isinstance(row, Field) or value is None:
            continue
        yield f"{at}{row.name}"
        if row.form is Form.STRUCT:
            yield from places(row.fields, value, f"{at}{row.name}.")
        elif row.fields and isinstance(value, list):
            names = [position(n) for n in range(len(value))] if is_unnamed(row) else names_of(row, value)
            for name, entry in zip(names, value, strict=True):
                yield from places(row.fields, entry, f"{at}{row.name}.{name}.")
        elif isinstance(value, dict):
            yield from (f"{at}{row.name}.{key}" for key in value)


def test_every_place_of_the_bodies_that_people_write_can_be_named() -> None:
    lost = [
        path
        for kind, body in bodies()
        for path in places(kind.rows, body)
        if not is_in(kind, body, parse(kind, path, body)) or lacking(kind, body, parse(kind, path, body))
    ]
    assert lost == []


PATHS = st.lists(st.integers(0, 9) | st.text(max_size=6) | st.text('.[]"\\ a0#*', max_size=4), max_size=5).map(tuple)


@law(200)
@given(PATHS)
def test_the_text_of_a_path_says_which_path_it_is(path: Path) -> None:
    tokens = _tokens(dotted(path)) if path else ()
    read = (token.number if token.is_bracketed and token.number is not None else token.text for token in tokens)
    assert tuple(read) == path


@law(100)
@given(st.text(min_size=1, max_size=8), st.sampled_from(["parameters", "tags"]))
def test_what_a_plan_prints_of_a_key_can_be_ignored(key: str, field: str) -> None:
    text = dotted((field, key))
    if field == "tags":
        assert fnmatchcase(key, str(tag_pattern(text)))
    else:
        step = parse(KINDS[JD], text, {})[1]
        assert isinstance(step, Named)
        assert step.among([key]) == {key}


def keyed_rows(rows: Iterable[Row], *path: str | int) -> Iterator[tuple[Path, Field]]:
    """Yield each keyed list with the path of its first one in a body."""
    for row in rows:
        if not isinstance(row, Field):
            continue
        if row.form is Form.KEYED:
            yield (*path, row.name), row
        yield from keyed_rows(row.fields, *path, row.name, *((0,) if row.form is Form.KEYED else ()))


KEYED = [(kind, path, row) for kind in batch_kinds() for path, row in keyed_rows(kind.rows)]


def nested(path: Path, value: Json) -> Json:
    for step in reversed(path):
        value = [value] if isinstance(step, int) else {step: value}
    return value


@law(20)
@given(
    st.lists(
        st.text(st.characters(codec="ascii", categories=["L", "N", "P", "S"]), min_size=1, max_size=5),
        min_size=2,
        max_size=4,
        unique=True,
    )
)
def test_each_entry_of_a_keyed_list_is_located_at_its_own_line(names: list[str]) -> None:
    for kind, path, row in KEYED:
        check_lines(kind, path, row, names)


def check_lines(kind: Kind, path: Path, row: Field, names: list[str]) -> None:
    other = next((field.name for field in row.members if field.name != row.key), "newer")
    body = nested(path, [{**({row.key: name} if row.key else {}), other: "x"} for name in names])
    node = read(body)
    places = NodePlaces(node.mark, node)
    keys = names_of(row, at(body, path))
    for index, key in enumerate(keys):
        if keys.index(key) != index:  # two spellings of one name
            continue
        entry: Path = (*path, key if row.key else index)
        expected = places.find((*path, index)).line
        assert places.find(written_path(kind, body, entry)).line == expected
        field = written_path(kind, body, (*entry, other))
        assert places.find(field).line == places.find((*path, index, other)).line > expected


def read(body: Json) -> MappingNode:
    """Return a body as it is read from a file that has each value on a line of its own."""
    node = compose("stack.json", json.dumps(body, indent=1), Findings()).root
    assert isinstance(node, MappingNode)
    return node


def at(body: Json, path: Path) -> Json:
    return reduce(getitem, path, body)

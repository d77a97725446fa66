"""Bodies made from botocore's own shapes: every member that a request can have, in any combination."""

from functools import cache

from botocore.loaders import Loader
from botocore.model import ServiceModel, Shape
from hypothesis import strategies as st

from reconciler.kinds.base import Field, Form, Kind
from reconciler.model import Json

WORDS = ("a", "b", "c-1", "1", "2.0", "LATEST", "x/y")


@cache
def model() -> ServiceModel:
    return ServiceModel(Loader().load_service_model("batch", "service-2"))


_MADE: dict[str, tuple[Kind, st.SearchStrategy[dict[str, Json]]]] = {}  # hypothesis studies each strategy once


def bodies(kind: Kind) -> st.SearchStrategy[dict[str, Json]]:
    """Return bodies of a kind's create request, without name and tags: all of its members, whether or not they fit together."""
    if kind.name not in _MADE or _MADE[kind.name][0] is not kind:
        shape = model().operation_model(kind.create.operation).input_shape
        _MADE[kind.name] = kind, _structure(shape, {row.name: row for row in kind.fields})
    return _MADE[kind.name][1]


def _structure(shape: Shape, rows: dict[str, Field]) -> st.SearchStrategy[dict[str, Json]]:
    members = {name: _value(inner, rows[name]) for name, inner in shape.members.items() if name in rows}
    required = {name: members[name] for name in shape.required_members if name in members}
    return st.fixed_dictionaries(required, optional={n: s for n, s in members.items() if n not in required})


def _value(shape: Shape, row: Field) -> st.SearchStrategy[Json]:
    rows = {inner.name: inner for inner in row.members}
    match shape.type_name:
        case "structure":
            return _structure(shape, rows)
        case "list":
            return _list(shape, row, rows)
        case "map":
            return st.dictionaries(st.sampled_from(WORDS), st.sampled_from(WORDS), max_size=2)
        case "string" if row.form is Form.NUMBER:
            return st.sampled_from(["1", "2.0", "0.25", "2048"])
        case "string":
            return st.sampled_from(list(shape.metadata.get("enum", WORDS)))
        case "boolean":
            return st.booleans()
        case "float" | "double":
            return st.sampled_from([0.1, 0.5, 1.0, 7.7])
        case _:
            return st.integers(1, 40)


def _list(shape: Shape, row: Field, rows: dict[str, Field]) -> st.SearchStrategy[Json]:
    if shape.member.type_name != "structure":
        return st.lists(_value(shape.member, row), max_size=2, unique=True)
    entries = st.lists(_structure(shape.member, rows), max_size=2)
    # What tells entries apart is there and does; the API means nothing by two of one name.
    keyed = row.form in (Form.KEYED, Form.RANKED) and row.key
    return (
        entries.filter(lambda found: len({entry.get(row.key) for entry in found} - {None}) == len(found))
        if keyed
        else entries
    )

"""What rows say about their siblings is true of them."""

from collections.abc import Iterator

import pytest

from reconciler.kinds import KINDS
from reconciler.kinds.base import Field, Kind, Row
from reconciler.model import Json

every_kind = pytest.mark.parametrize("kind", KINDS.values(), ids=lambda kind: kind.name)


def families(rows: tuple[Row, ...]) -> Iterator[tuple[Field, dict[str, Field]]]:
    """Yield every row with its siblings by name."""
    fields = {row.name: row for row in rows if isinstance(row, Field)}
    for row in fields.values():
        yield row, fields
        yield from families(row.fields)


@every_kind
def test_triggers_ride_with_siblings(kind: Kind) -> None:
    for row, siblings in families(kind.rows):
        assert set(row.trigger_for) <= siblings.keys() - {row.name}


@every_kind
def test_a_row_has_one_default(kind: Kind) -> None:
    assert [
        row.name
        for row, _ in families(kind.rows)
        if row.assumed and (row.default is not None or row.is_service_default)
    ] == []


@every_kind
def test_what_depends_on_siblings_is_a_value_that_the_service_takes(kind: Kind) -> None:
    bodies: tuple[dict[str, Json], ...] = ({}, {"hostNetwork": False}, {"image": "a:latest"}, {"image": "a:1"})
    for row, _ in families(kind.rows):
        values = {row.assumed(body) for body in bodies} - {None} if row.assumed else set()
        assert values <= set(row.limits.get("enum", values))


@every_kind
def test_a_default_of_what_the_service_fills_in_is_a_plain_value(kind: Kind) -> None:
    """Such a default is compared as it is written, not in canonical form."""
    assert [
        row.name for row, _ in families(kind.rows) if row.is_service_default and isinstance(row.default, list | dict)
    ] == []

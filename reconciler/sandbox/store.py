"""Where the simulated resources are kept: rows of plain JSON by scope, table and key."""

from collections.abc import Mapping
from contextlib import AbstractContextManager, nullcontext
from typing import Protocol

from reconciler.model import Json

Tables = dict[str, dict[str, dict[str, Json]]]  # scope, table, key, row


class Store(Protocol):
    """Rows are replaced, never changed in place. A table keeps the order in which its rows first came."""

    def session(self) -> AbstractContextManager[None]:
        """Hold the store for one call: nobody else writes, and what others wrote before is seen."""

    def rows(self, scope: str, table: str) -> Mapping[str, Json]: ...

    def put(self, scope: str, table: str, key: str, row: Json) -> None:
        """Keep a row; None takes it away."""

    def scopes(self) -> tuple[str, ...]:
        """Return every scope that has had a row."""

    def clear(self) -> None:
        """Forget every row."""


class Memory:
    def __init__(self) -> None:
        self._tables: Tables = {}

    def session(self) -> AbstractContextManager[None]:
        return nullcontext()

    def rows(self, scope: str, table: str) -> Mapping[str, Json]:
        return self._tables.get(scope, {}).get(table, {})

    def put(self, scope: str, table: str, key: str, row: Json) -> None:
        place(self._tables, scope, table, key, row)

    def scopes(self) -> tuple[str, ...]:
        return tuple(self._tables)

    def clear(self) -> None:
        self._tables.clear()


def place(tables: Tables, scope: str, table: str, key: str, row: Json) -> None:
    rows = tables.setdefault(scope, {}).setdefault(table, {})
    if row is None:
        rows.pop(key, None)
    else:
        rows[key] = row

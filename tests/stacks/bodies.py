"""Bodies that people have written: those of the corpus that are valid, and those of our examples and templates."""

import json
from collections.abc import Iterator
from functools import cache

from reconciler.adapters.lookup.installed import read_schema
from reconciler.kinds import KINDS
from reconciler.kinds.base import Kind
from reconciler.model import Address, Declared, Json, Stack
from reconciler.problems import Severity
from reconciler.validate import validate
from tests.stacks.corpus import entries, request_of
from tests.stacks.read import read
from tests.stacks.test_examples import FOLDERS

SCHEMA = read_schema()
Body = tuple[Kind, Json]


@cache
def bodies() -> tuple[Body, ...]:
    """Return each body once, with its kind, in the API's members and without its name."""
    found = {(kind.name, json.dumps(body)): (kind, body) for kind, body in (*_of_examples(), *_of_corpus()) if body}
    return tuple(found.values())


def _of_examples() -> Iterator[Body]:
    for folder in FOLDERS:
        stack, _ = read(folder)
        for address, declared in stack.declared.items():
            yield KINDS[address.kind], json.loads(json.dumps(declared.spec))


def _of_corpus() -> Iterator[Body]:
    for entry in entries():
        request = request_of(entry) or {}
        body = {name: value for name, value in request.items() if name != entry.kind.name_member}
        address = Address(entry.kind.name, "x")
        _, problems = validate(Stack("s", {address: Declared(address, body)}), SCHEMA, KINDS)
        if all(problem.severity is not Severity.ERROR for problem in problems):
            yield entry.kind, body

"""Is the stack what the API takes? Values get the API's types and spelling; everything wrong is named at once."""

from collections.abc import Iterator, Mapping
from dataclasses import replace

from reconciler.kinds.base import Kind
from reconciler.model import Address, Declared, Json, Stack
from reconciler.problems import Problem, Where
from reconciler.validate.errors import Judge
from reconciler.validate.rules import problems_of_resource, problems_of_stack
from reconciler.validate.walk import Readers, text

__all__ = ["validate"]


def validate(stack: Stack, schema: Json, kinds: Mapping[str, Kind]) -> tuple[Stack, tuple[Problem, ...]]:
    """Return the stack with every value in the API's type and spelling, and all that is wrong, in file order."""
    readers, judge = Readers(schema["$defs"]), Judge(schema)
    declared: dict[Address, Declared] = {}
    problems: list[Problem] = []
    typed = replace(stack, tags={text(key): text(value) for key, value in stack.tags.items()})
    for address, resource in stack.declared.items():
        kind = kinds[address.kind]
        spec, is_doubtful = readers.read(kind.create, resource.spec)
        declared[address] = replace(resource, spec=spec)
        if is_doubtful:
            problems += judge.problems(kind, declared[address])
        problems += problems_of_resource(typed, declared[address])
    problems += problems_of_stack(typed)
    return replace(typed, declared=declared), tuple(_once(sorted(problems, key=_place)))


def _place(problem: Problem) -> Where:
    return problem.where or Where("")


def _once(problems: list[Problem]) -> Iterator[Problem]:
    """Yield what is wrong at one place once, however many resources share it through defaults or an anchor."""
    seen: dict[tuple[Where, str, str], list[Problem]] = {}
    for problem in problems:
        place = _place(problem)
        _, _, said = problem.message.partition(": ")
        key = (place, problem.code, said if place.line else problem.message)
        seen.setdefault(key, []).append(problem)
    for first, *others in seen.values():
        more = f" (and in {len(others)} more)" if others else ""
        yield replace(first, message=first.message + more)

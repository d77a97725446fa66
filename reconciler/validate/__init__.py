"""A stack as written → the stack with every value in the API's type and spelling, and all problems at once.

What always holds: offline and pure; each problem has its place in the files; the consequence of a problem is no second
problem; unknown values are never refused. Not here: what the rules say about AWS (`rules`), where fields come from
(`schema`, `kinds`), and problems of files, variables and look-ups (`load`).
"""

from collections.abc import Iterator, Mapping
from dataclasses import replace

from reconciler.kinds.base import Kind
from reconciler.model import Address, Declared, Json, Path, Spec, Stack
from reconciler.placeholders import holds_unknown
from reconciler.ports import Takes, takes_nothing
from reconciler.problems import Problem, Severity, Where
from reconciler.rules import Subject, problems_of, settle
from reconciler.validate.check import Readers, text
from reconciler.validate.explain_errors import SchemaResult, SchemaValidator
from reconciler.validate.stack_checks import in_force, problems_of_ignore, problems_of_resource, problems_of_stack
from reconciler.validate.typos import FieldIndex

__all__ = ["validate"]


def validate(
    stack: Stack,
    schema: Json,
    kinds: Mapping[str, Kind],
    *,
    strict: bool = False,
    takes: Takes = takes_nothing,
    today: str = "",
    is_whole: bool = True,
) -> tuple[Stack, tuple[Problem, ...]]:
    """Return the stack with every value in the API's type and spelling, and all problems, in file order.

    Rules check resources that fit the schema and contain nothing unknown; `strict` includes their advice. Problems that
    the stack has disabled are in `silenced` of the stack that is returned. `takes` is what the installed SDK can send:
    a field or value that only the SDK knows is accepted with a warning. Expired entries of `ignore` are dropped; none
    is expired without `today`. If the stack is not whole, because files could not be read, nothing counts as missing,
    and no rule is checked.
    """
    readers = Readers(schema["$defs"])
    validator = SchemaValidator(readers, FieldIndex(schema["$defs"]), takes)
    declared: dict[Address, Declared] = {}
    problems: list[Problem] = []
    silenced: list[Problem] = list(stack.silenced)
    valid: list[Declared] = []
    bodies: dict[Address, Spec | None] = {}
    unknown_values: dict[Address, Mapping[Path, tuple[str, ...]]] = {}
    typed = replace(stack, tags={text(key): text(value) for key, value in stack.tags.items()})
    for address, resource in stack.declared.items():
        kind = kinds[address.kind]
        spec, is_doubtful = readers.read(kind.create.operation, resource.spec)
        declared[address] = replace(resource, spec=spec)
        result = validator.check(kind, declared[address], is_whole=is_whole) if is_doubtful else SchemaResult()
        unknown_values[address] = result.unknown_values
        for path, spelling in result.spellings.items():
            spec = _with(spec, path, spelling)
        declared[address] = replace(resource, spec=spec)
        remaining, disabled = settle(result.problems, stack.disabled)
        silenced += disabled
        is_unknown = is_doubtful and holds_unknown(spec)
        bodies[address] = None if is_unknown else spec
        is_broken = any(problem.severity is Severity.ERROR for problem in remaining)
        valid += () if is_broken or is_unknown or not is_whole else (declared[address],)
        problems += remaining
        problems += problems_of_resource(typed, declared[address], kind)
    problems += problems_of_stack(typed)
    problems += problems_of_ignore(typed, kinds, today)
    subject = Subject(Address("", ""), {}, bodies, stack.region or "", takes)
    others = (replace(subject, stack=other, _shared={}) for other in _with_known_values(bodies, unknown_values))
    subject = replace(subject, with_known_values=tuple(others))
    for resource in valid:
        problems += problems_of(resource, subject.of_resource(resource.address, resource.spec), strict=strict)
    remaining, disabled = settle(problems, stack.disabled)
    typed = replace(typed, declared=declared, silenced=_in_order([*silenced, *disabled]), ignore=in_force(typed, today))
    return typed, _in_order(remaining)


def _with_known_values(
    bodies: Mapping[Address, Spec | None], unknown_values: Mapping[Address, Mapping[Path, tuple[str, ...]]]
) -> Iterator[Mapping[Address, Spec | None]]:
    """Yield the bodies with a known value in place of each unknown one, field by field, once for each known value.

    A field gets the same value in all resources, so that the number of combinations does not multiply.
    """
    places: dict[tuple[str, tuple[str, ...], tuple[str, ...]], list[tuple[Address, Path]]] = {}
    for address, unknown in unknown_values.items():
        for path, known in unknown.items() if bodies[address] is not None else ():
            member = tuple(step for step in path if isinstance(step, str))
            places.setdefault((address.kind, member, known), []).append((address, path))
    for (_, _, known), changed_places in places.items():
        for value in known:
            changed = dict(bodies)
            for address, path in changed_places:
                changed[address] = _with(changed[address], path, value)
            yield changed


def _with(value: Json, path: Path, replacement: str) -> Json:
    """Return the value with a replacement at a path."""
    if not path:
        return replacement
    step, remaining = path[0], path[1:]
    if isinstance(value, Mapping):
        return {**value, step: _with(value[step], remaining, replacement)}
    return [_with(item, remaining, replacement) if index == step else item for index, item in enumerate(value)]


def _in_order(problems: list[Problem]) -> tuple[Problem, ...]:
    return tuple(_once(sorted(problems, key=_place)))


def _place(problem: Problem) -> Where:
    return problem.where or Where("")


def _once(problems: list[Problem]) -> Iterator[Problem]:
    """Yield each problem of a place once, however many resources share the place through defaults or an anchor."""
    by_place: dict[tuple[Where, str, str], list[Problem]] = {}
    for problem in problems:
        place = _place(problem)
        _, _, text = problem.message.partition(": ")
        key = (place, problem.code, text if place.line else problem.message)
        by_place.setdefault(key, []).append(problem)
    for first, *others in by_place.values():
        more = f" (and in {len(others)} more)" if others else ""
        yield replace(first, message=first.message + more)

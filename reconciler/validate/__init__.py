"""Is the stack what the API takes? Values get the API's types and spelling; everything wrong is named at once."""

from collections.abc import Iterator, Mapping
from dataclasses import replace

from reconciler.kinds.base import Kind
from reconciler.model import Address, Declared, Json, Path, Spec, Stack
from reconciler.placeholders import holds_unknown
from reconciler.ports import Takes, takes_nothing
from reconciler.problems import Problem, Severity, Where
from reconciler.rules import Subject, problems_of, settle
from reconciler.validate.check import Readers, text
from reconciler.validate.explain_errors import SchemaValidator, SchemaVerdict
from reconciler.validate.stack_checks import in_force, problems_of_ignore, problems_of_resource, problems_of_stack
from reconciler.validate.typos import Vocabulary

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
    """Return the stack with every value in the API's type and spelling, and all that is wrong, in file order.

    Rules look at what the schema has passed and in which nothing is unknown; `strict` asks for their advice too. What
    rules and other claims about AWS say that the stack has disabled is on the stack that is returned, as `silenced`.
    `takes` tells what the installed SDK can send: a member or value that only it knows is passed on, with a warning.
    What the stack ignores is dropped when it has expired; without `today`, nothing has. Where the stack is not whole,
    because files could not be read, nothing is missing, and no rule holds.
    """
    readers = Readers(schema["$defs"])
    judge = SchemaValidator(readers, Vocabulary(schema["$defs"]), takes)
    declared: dict[Address, Declared] = {}
    problems: list[Problem] = []
    silenced: list[Problem] = list(stack.silenced)
    sound: list[Declared] = []
    bodies: dict[Address, Spec | None] = {}
    unknown_words: dict[Address, Mapping[Path, tuple[str, ...]]] = {}
    typed = replace(stack, tags={text(key): text(value) for key, value in stack.tags.items()})
    for address, resource in stack.declared.items():
        kind = kinds[address.kind]
        spec, is_doubtful = readers.read(kind.create.operation, resource.spec)
        declared[address] = replace(resource, spec=spec)
        verdict = judge.verdict(kind, declared[address], is_whole=is_whole) if is_doubtful else SchemaVerdict()
        unknown_words[address] = verdict.unknown_words
        for path, word in verdict.spellings.items():
            spec = _with(spec, path, word)
        declared[address] = replace(resource, spec=spec)
        found, off = settle(verdict.problems, stack.disabled)
        silenced += off
        is_unknown = is_doubtful and holds_unknown(spec)
        bodies[address] = None if is_unknown else spec
        is_broken = any(one.severity is Severity.ERROR for one in found)
        sound += () if is_broken or is_unknown or not is_whole else (declared[address],)
        problems += found
        problems += problems_of_resource(typed, declared[address], kind)
    problems += problems_of_stack(typed)
    problems += problems_of_ignore(typed, kinds, today)
    whole = Subject(Address("", ""), {}, bodies, stack.region or "", takes)
    others = (replace(whole, stack=other, _made={}) for other in _in_known_words(bodies, unknown_words))
    whole = replace(whole, in_known_words=tuple(others))
    for resource in sound:
        problems += problems_of(resource, whole.beside(resource.address, resource.spec), strict=strict)
    standing, off = settle(problems, stack.disabled)
    typed = replace(typed, declared=declared, silenced=_in_order([*silenced, *off]), ignore=in_force(typed, today))
    return typed, _in_order(standing)


def _in_known_words(
    bodies: Mapping[Address, Spec | None], unknown_words: Mapping[Address, Mapping[Path, tuple[str, ...]]]
) -> Iterator[Mapping[Address, Spec | None]]:
    """Yield the bodies with known values in place of those that are not, member by member, for each known value.

    A member has the same value in all resources then: their number does not multiply.
    """
    places: dict[tuple[str, tuple[str, ...], tuple[str, ...]], list[tuple[Address, Path]]] = {}
    for address, words in unknown_words.items():
        for path, known in words.items() if bodies[address] is not None else ():
            member = tuple(step for step in path if isinstance(step, str))
            places.setdefault((address.kind, member, known), []).append((address, path))
    for (_, _, known), found in places.items():
        for word in known:
            changed = dict(bodies)
            for address, path in found:
                changed[address] = _with(changed[address], path, word)
            yield changed


def _with(value: Json, path: Path, word: str) -> Json:
    """Return the value with a word at a path."""
    if not path:
        return word
    step, rest = path[0], path[1:]
    if isinstance(value, Mapping):
        return {**value, step: _with(value[step], rest, word)}
    return [_with(item, rest, word) if index == step else item for index, item in enumerate(value)]


def _in_order(problems: list[Problem]) -> tuple[Problem, ...]:
    return tuple(_once(sorted(problems, key=_place)))


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

"""A stack as written → the stack with every value in the API's type and spelling, and all problems at once.

What always holds: offline and pure; each problem has its place in the files; the consequence of a problem is no second
problem; unknown values are never refused. Not here: what the rules say about AWS (`rules`), where fields come from
(`schema`, `kinds`), and problems of files, variables and look-ups (`load`).
"""

import difflib
from collections.abc import Iterator, Mapping
from dataclasses import replace
from fnmatch import fnmatchcase
from functools import cache
from typing import TYPE_CHECKING

from reconciler.kinds.base import Declarable, Kind
from reconciler.kinds.paths import PathError, lacking, parse, tag_pattern
from reconciler.kinds.submission import JOB
from reconciler.live.ownership import APPLIED, NAME, OWNER, PREFIX
from reconciler.model import Address, Declared, DeclaredJob, Ignore, Json, Path, Spec, Stack
from reconciler.placeholders import Unknown, withhold
from reconciler.ports import Takes, takes_nothing
from reconciler.problems import Problem, Severity, Where
from reconciler.rules import Subject, problems_of, settle
from reconciler.rules.shared import looks_unfilled
from reconciler.validate.check import Readers, SchemaResult, text

if TYPE_CHECKING:
    from reconciler.validate.explain_errors import SchemaValidator


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

    Rules check what is known of resources that fit the schema; `strict` includes their advice. Problems that
    the stack has disabled are in `silenced` of the stack that is returned. `takes` is what the installed SDK can send:
    a field or value that only the SDK knows is accepted with a warning. Expired entries of `ignore` are dropped; none
    is expired without `today`. If the stack is not whole, because files could not be read, nothing counts as missing,
    and no rule is checked.
    """
    readers = Readers(schema["$defs"])

    @cache
    def validator() -> "SchemaValidator":
        from reconciler.validate.explain_errors import SchemaValidator  # noqa: PLC0415 - most bodies fit their schema
        from reconciler.validate.typos import FieldIndex  # noqa: PLC0415

        return SchemaValidator(readers, FieldIndex(schema["$defs"]), takes)

    sections: Mapping[str, Declarable] = {**kinds, JOB.name: JOB}
    declared: dict[Address, Declared | DeclaredJob] = {}
    problems: list[Problem] = []
    silenced: list[Problem] = list(stack.silenced)
    valid: list[Declared | DeclaredJob] = []
    bodies: dict[Address, Spec] = {}
    unknown_values: dict[Address, Mapping[Path, tuple[str, ...]]] = {}
    has_unknown = False
    typed = replace(stack, tags={text(key): text(value) for key, value in stack.tags.items()})
    for resource in stack.bodies:
        address, of = resource.address, sections[resource.address.kind]
        spec, is_doubtful = readers.read(of.create.operation, resource.spec)
        result = SchemaResult()
        if is_doubtful:
            result = validator().check(of, replace(resource, spec=spec), is_whole=is_whole)
        unknown_values[address] = result.unknown_values
        for path, spelling in result.spellings.items():
            spec = _with(spec, path, spelling)
        declared[address] = resource if spec is resource.spec else replace(resource, spec=spec)
        remaining, disabled = settle(result.problems, stack.disabled)
        silenced += disabled
        bodies[address] = withhold(spec) if is_doubtful else spec
        has_unknown = has_unknown or bodies[address] is not spec
        is_broken = any(problem.severity is Severity.ERROR for problem in remaining)
        valid += () if is_broken or not is_whole else (declared[address],)
        problems += remaining
        problems += _problems_of_tags(typed, declared[address])
    for each in stack.declared.values():
        if each.lifecycle.ignore_changes:
            problems += problems_of_ignored(each, kinds[each.address.kind])
    problems += problems_of_stack(typed)
    problems += problems_of_ignore(typed, kinds, today)
    subject = Subject(Address("", ""), {}, bodies, stack.region or "", takes, has_unknown=has_unknown)
    others = (replace(subject, stack=other, _shared={}) for other in _with_known_values(bodies, unknown_values))
    subject = replace(subject, with_known_values=tuple(others))
    for resource in valid:
        own = subject.of_resource(resource.address, bodies[resource.address], _runs_on(resource))
        problems += problems_of(resource, own, strict=strict)
    remaining, disabled = settle(problems, stack.disabled)
    typed = replace(
        typed.with_bodies(declared.values(), typed.tags),
        silenced=_in_order([*silenced, *disabled]),
        ignore=in_force(typed, today),
    )
    return typed, _in_order(remaining)


def _runs_on(resource: Declared | DeclaredJob) -> tuple[str, ...]:
    return resource.lifecycle.runs_on if isinstance(resource, Declared) else ()


def _with_known_values(
    bodies: Mapping[Address, Spec], unknown_values: Mapping[Address, Mapping[Path, tuple[str, ...]]]
) -> Iterator[Mapping[Address, Spec]]:
    """Yield the bodies with a known value in place of each unknown one, field by field, once for each known value.

    A field gets the same value in all resources, so that the number of combinations does not multiply.
    """
    places: dict[tuple[str, tuple[str, ...], tuple[str, ...]], list[tuple[Address, Path]]] = {}
    for address, unknown in unknown_values.items():
        for path, known in unknown.items():
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


# A typed stack → the problems that no schema of one body finds: tags of stack and resources together, and `ignore`.

# An ignored field must exist, and an entry of `ignore` must not have expired.

EXPIRED_HINT = "remove the entry, or set a later day"
NO_FIELD = "{0} is not a field"
LACKING_HINT = "declare {0}, or ignore {0} as a whole"


def in_force(stack: Stack, today: str) -> tuple[Ignore, ...]:
    """Return the entries of `ignore` that have not expired; `today` is like 2027-03-31, or empty if it is not known."""
    return tuple(entry for entry in stack.ignore if not _is_expired(entry, today))


def problems_of_ignored(resource: Declared, kind: Kind) -> Iterator[Problem]:
    """Yield what is wrong with ignoreChanges. A path that leads nowhere would be believed to protect something."""
    for path in resource.lifecycle.ignore_changes:
        why, hint = _nowhere(kind, path, resource.spec)
        if why:
            of = f" of a {kind.noun}" if why == NO_FIELD.format(path) else ""
            message = f"{resource.address}: lifecycle.ignoreChanges: {why}{of}"
            yield Problem("LIF004", message, resource.places.find(()), hint)


def problems_of_ignore(stack: Stack, kinds: Mapping[str, Kind], today: str) -> Iterator[Problem]:
    """Yield what is wrong with the stack's `ignore`."""
    for entry in stack.ignore:
        prefix = f"ignore: {entry.resources}"
        if _is_expired(entry, today):
            message = f"{prefix}: expired after {entry.expires}; {', '.join(entry.members)} are compared again"
            yield Problem("IGN006", message, entry.where, EXPIRED_HINT, Severity.WARNING)
            continue
        matching = [
            resource for address, resource in stack.declared.items() if fnmatchcase(str(address), entry.resources)
        ]
        if not matching:
            hint = _near(entry.resources, stack.declared)
            yield Problem("IGN004", f"{prefix} matches nothing in this stack", entry.where, hint, Severity.WARNING)
        for path in entry.members if matching else ():
            reasons = [_nowhere(kinds[each.address.kind], path, each.spec) for each in matching]
            if all(why for why, _ in reasons):
                yield _leads_nowhere(entry, path, reasons, sorted({kinds[each.address.kind].noun for each in matching}))


def _leads_nowhere(entry: Ignore, path: str, reasons: list[tuple[str, str]], nouns: list[str]) -> Problem:
    """Return one problem for all resources that match. The reason of one that could have it is best."""
    certain = [pair for pair in reasons if pair[0] != NO_FIELD.format(path)]
    closest = min((hint for _, hint in reasons), key=len)  # a suggestion is shorter than a list
    why, hint = certain[0] if certain else (f"{NO_FIELD.format(path)} of a {' or '.join(nouns)}", closest)
    return Problem("IGN005", f"ignore: {entry.resources}: {why}", entry.where, hint)


def _is_expired(entry: Ignore, today: str) -> bool:
    return bool(entry.expires and today) and entry.expires < today


def _near(pattern: str, declared: Mapping[Address, Declared]) -> str:
    near = difflib.get_close_matches(pattern, [str(address) for address in declared], n=1)
    return f"did you mean {near[0]}?" if near else "use KIND/NAME, for example JobQueue/*"


def _nowhere(kind: Kind, path: str, body: Spec) -> tuple[str, str]:
    """Return why a path leads to nothing in a body, and what may have been meant; empty if it may lead to something."""
    if tag_pattern(path):
        return "", ""
    try:
        steps = parse(kind, path, body)
    except PathError as lost:
        return NO_FIELD.format(path), lost.hint
    container = lacking(kind, body, steps)
    if not container:
        return "", ""
    return f"{path} has no effect: {container} is not declared", LACKING_HINT.format(container)


OURS = len((OWNER, NAME, APPLIED))
# Whose tags begin with what: the code of the problem, and why. Only what AWS reserves is AWS's to allow.
RESERVED = {
    "aws:": ("TAG003", "AWS reserves tags that begin with aws:"),
    PREFIX: ("TAG006", f"reconciler stores ownership and the last apply in tags that begin with {PREFIX}"),
}
# A resource has at most 50 tags, keys of 1 to 128 and values of up to 256 characters (TagResource).
MOST_TAGS = 50
LONGEST_KEY = 128
LONGEST_VALUE = 256
MOST_TAGS_HINT = f"a resource can have {MOST_TAGS} tags, and reconciler uses {OURS} of them"


def _problems_of_tags(stack: Stack, resource: Declared | DeclaredJob) -> Iterator[Problem]:
    tags = resource.spec.get("tags") if isinstance(resource.spec, Mapping) else None
    if not isinstance(tags, Mapping):
        return
    for code, key, hint in _reserved(tags):
        where = resource.places.find(("tags", key))
        yield Problem(code, f"{resource.address}: the tag {key} is reserved", where, hint)
    both = len({**stack.tags, **tags})
    if both > MOST_TAGS - OURS:
        where = resource.places.find(("tags",))
        yield Problem("TAG004", f"{resource.address}: {both} tags, including those of the stack", where, MOST_TAGS_HINT)


def problems_of_stack(stack: Stack) -> Iterator[Problem]:
    """Yield what is wrong with the stack's own tags."""
    for key, value in stack.tags.items():
        if not 1 <= len(key) <= LONGEST_KEY:
            yield _of_stack(stack, "TAG001", f"a tag key has {len(key)} characters", "use 1 to 128 characters")
        if isinstance(value, str) and not isinstance(value, Unknown) and len(value) > LONGEST_VALUE:
            message = f"the value of tag {key} has {len(value)} characters"
            yield _of_stack(stack, "TAG002", message, "use at most 256 characters")
        if isinstance(value, str) and not isinstance(value, Unknown) and looks_unfilled(value):
            message = f"the tag {key} is {value}, which looks like a placeholder"
            hint = "write !sub before the string, or use !var name"
            yield replace(_of_stack(stack, "TAG005", message, hint), severity=Severity.WARNING)
    for code, key, hint in _reserved(stack.tags):
        yield _of_stack(stack, code, f"the tag {key} is reserved", hint)
    if len(stack.tags) > MOST_TAGS - OURS:
        yield _of_stack(stack, "TAG004", f"{len(stack.tags)} tags", MOST_TAGS_HINT)


def _of_stack(stack: Stack, code: str, message: str, hint: str) -> Problem:
    return Problem(code, f"stack {stack.name}: {message}", None, hint)


def _reserved(tags: Mapping[str, Json]) -> Iterator[tuple[str, str, str]]:
    """Yield the code, the key and the reason for each tag that belongs to AWS or to this tool."""
    for key in tags:
        for prefix, (code, hint) in RESERVED.items():
            if key.lower().startswith(prefix):
                yield code, key, hint


# Every problem that validating finds beside the rules. Codes are stable; messages are not.

CODES: Mapping[str, str] = {
    "SCH001": "a field is unknown",
    "SCH002": "a value has the wrong type",
    "SCH003": "a value is not one that the API accepts",
    "SCH004": "a required field is missing",
    "SCH005": "a number is too small or too large",
    "SCH006": "a string does not match the pattern of its field",
    "SCH007": "a string, list or mapping is too short or too long",
    "SCH008": "a value is not valid for its field",
    "SCH009": "a field or value is unknown to this version of reconciler and is sent unchecked",
    "IGN004": "an ignore entry matches no resource of the stack",
    "IGN005": "an ignore entry lists a field that does not exist",
    "IGN006": "an ignore entry has expired",
    "TAG001": "the key of a tag is empty or too long",
    "TAG002": "the value of a tag is too long",
    "TAG003": "AWS reserves a tag",
    "TAG004": "a resource has too many tags",
    "TAG005": "a tag of the stack looks like a placeholder",
    "TAG006": "a tag is reserved for reconciler",
}

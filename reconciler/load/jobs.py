"""Jobs: bodies of SubmitJob by name, with the `smoke` beside them that makes one a test of the stack."""

from collections.abc import Collection, Iterator
from fnmatch import fnmatchcase

from reconciler.kinds.submission import JOB
from reconciler.load.resources import BodyReader, WrittenBody, by_address
from reconciler.model import Address, DeclaredJob, Json, Smoke
from reconciler.model.durations import seconds_of
from reconciler.placeholders import holds_secret, holds_unknown
from reconciler.problems import Severity
from reconciler.syntax.diagnostics import Findings, did_you_mean, listed, mapping_of, refuse_secret
from reconciler.syntax.nodes import BrokenValue, Node, Scalar, SequenceNode, SourceMark, is_null, text_of, value_of

AFTER, WITHIN = "after", "within"
WANTED = {AFTER: "a list of resources, such as [ComputeEnvironment/spot]", WITHIN: "a time such as 90s, 20m or 2h"}


def declared_jobs(reader: BodyReader, prefix: str, declared: Collection[Address]) -> dict[str, DeclaredJob]:
    """Return the jobs in file order. `declared` are the resources of the stack, which a smoke test can follow."""
    jobs: dict[str, DeclaredJob] = {}
    for address, written in by_address(_written(reader), reader.findings):
        reader.check_name(written, prefix)
        body = reader.body(written)
        smoke = _smoke_of(body.own, declared, reader.findings) if body.own else None
        jobs[address.name] = DeclaredJob(address, body.spec, smoke, body.places)
    return jobs


def _written(reader: BodyReader) -> Iterator[WrittenBody]:
    for entry in reader.gathered.entries(JOB.section):
        yield from reader.of_section(JOB, entry.expanded(reader.expander))


def spelled(smoke: Smoke) -> dict[str, Json]:
    """Return what a smoke test says beyond the ordinary, as users write it."""
    after = {AFTER: list(smoke.after)} if smoke.after else {}
    return {**after, WITHIN: f"{smoke.within:.0f}s"} if smoke.within != Smoke().within else after


def _smoke_of(node: Node, declared: Collection[Address], findings: Findings) -> Smoke | None:
    section = mapping_of(node, JOB.own, findings)
    if section is None:
        return None
    values: dict[str, Json] = {}
    for key, (mark, inner) in section.entries.items():
        if key not in WANTED:
            hint = did_you_mean(key, WANTED, f"its fields are {listed(WANTED, 'and')}")
            findings.add("SMK001", f"{key} is not a field of {JOB.own}", mark, hint)
        elif not is_null(inner):
            values |= _value(key, inner, findings)
    _, patterns = section.entries.get(AFTER, (None, None))
    for item in patterns.items if isinstance(patterns, SequenceNode) and AFTER in values else ():
        if isinstance(item, Scalar):
            _check_pattern(str(item.value), item.mark, declared, findings)
    return Smoke(**values)


def _value(key: str, node: Node, findings: Findings) -> dict[str, Json]:
    try:
        value = value_of(node)
    except BrokenValue:
        return {}
    if holds_unknown(value):
        return {}
    if holds_secret(value):
        refuse_secret(f"{JOB.own}.{key}", node.mark, findings)
        return {}
    converted = _patterns(value) if key == AFTER else _seconds(value)
    if converted is None:
        findings.add("SMK002", f"{JOB.own}.{key} must be {WANTED[key]}", node.mark)
        return {}
    return {key: converted}


def _patterns(value: Json) -> tuple[str, ...] | None:
    are_texts = isinstance(value, list) and all(isinstance(item, str) for item in value)
    return tuple(value) if are_texts else None


def _seconds(value: Json) -> float | None:
    seconds = None if isinstance(value, bool | list | dict) else seconds_of(str(text_of(value)))
    return seconds or None  # no job ends at once


def _check_pattern(pattern: str, mark: SourceMark, declared: Collection[Address], findings: Findings) -> None:
    names = {str(address): address for address in declared}
    if not any(fnmatchcase(name, pattern) for name in names):
        hint = did_you_mean(pattern, names, "use KIND/NAME, for example JobDefinition/*")
        message = f"{JOB.own}.{AFTER}: {pattern} matches nothing in this stack"
        findings.add("SMK003", message, mark, hint, Severity.WARNING)

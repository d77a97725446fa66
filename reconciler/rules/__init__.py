"""What AWS refuses beyond its schema, and what a careful person would not do: one table of rules a kind.

A `Subject` (one typed body in its stack) → findings, each at a path. What always holds: offline and pure; a rule has a
permanent id, its evidence, a body that breaks it and one that keeps it, which are its tests; an error rests on a
refusal that was seen or on AWS's own words. Not here: types, enumerations and bounds (`schema`, `validate`).
"""

import re
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import replace
from functools import cache

from reconciler.model import Declared, DeclaredJob, Json, Path, dotted
from reconciler.problems import Problem, Severity
from reconciler.rules import (
    compute_environment,
    consumable_resource,
    job,
    job_definition,
    job_queue,
    notice,
    quota_share,
    schedule,
    scheduling_policy,
    service_environment,
)
from reconciler.rules.base import Example, Findings, Rule, Subject

__all__ = [
    "CAN_BE_DISABLED",
    "CLAIMS",
    "RULES",
    "RULE_IDS",
    "Example",
    "Rule",
    "Subject",
    "problems_of",
    "rules_about",
    "rules_of",
    "settle",
]

RULES: Mapping[str, tuple[Rule, ...]] = {
    "ComputeEnvironment": compute_environment.RULES,
    "ConsumableResource": consumable_resource.RULES,
    "Job": job.RULES,
    "JobDefinition": job_definition.RULES,
    "JobQueue": job_queue.RULES,
    "Notice": notice.RULES,
    "QuotaShare": quota_share.RULES,
    "Schedule": schedule.RULES,
    "SchedulingPolicy": scheduling_policy.RULES,
    "ServiceEnvironment": service_environment.RULES,
}
# A message in which an empty value shows nothing: `is ; it is one of …`.
EMPTY = re.compile(r"\b(is|has) (?=[;,])")
RULE_IDS = frozenset(rule.id for rules in RULES.values() for rule in rules)
# Problems beside the rules that are claims about AWS, and may be wrong: values, bounds, patterns, lengths, names,
# regions and tags. A problem that keeps a stack from being understood is no such claim.
CLAIMS = frozenset(
    {
        *("SCH003", "SCH005", "SCH006", "SCH007", "SCH009"),
        *("STK007", "STK018"),
        *("TAG001", "TAG002", "TAG003", "TAG004", "TAG005"),
    }
)
CAN_BE_DISABLED = RULE_IDS | CLAIMS


def rules_of(kind: str) -> tuple[Rule, ...]:
    """Return the rules of a kind; a kind may have none."""
    return RULES.get(kind, ())


def problems_of(resource: Declared | DeclaredJob, subject: Subject, *, strict: bool) -> Iterator[Problem]:
    """Yield the problems that the rules of its kind find in a resource; those of advice only if `strict`.

    No rule knows what is allowed beside a value that is newer than it, so its finding is a warning then.
    """
    for rule in rules_about(resource.address.kind, subject.body, strict=strict):
        for path, finding in _findings(rule, subject):
            message = EMPTY.sub(r'\1 ""', finding)
            text = f"{resource.address}: {dotted(path)} {message}" if path else f"{resource.address}: {message}"
            severity = rule.severity if _is_certain(rule, subject, path) else Severity.WARNING
            yield Problem(rule.id, text, resource.places.find(path), rule.hint, severity)


def rules_about(kind: str, body: Json, *, strict: bool) -> tuple[Rule, ...]:
    """Return the rules that may find something in a body, those of advice only if `strict`."""
    return _rules_about(kind, _fields(kind) & _names_in(body), strict=strict)


@cache
def _rules_about(kind: str, present: frozenset[str], *, strict: bool) -> tuple[Rule, ...]:
    """Many bodies of a stack have the same fields."""
    rules = (rule for rule in rules_of(kind) if strict or not rule.advice)
    return tuple(rule for rule in rules if not rule.fields or not rule.fields.isdisjoint(present))


@cache
def _fields(kind: str) -> frozenset[str]:
    return frozenset().union(*(rule.fields for rule in rules_of(kind)))


def _names_in(body: Json) -> set[str]:
    """Return the names of all fields and keys in a body, which is plain JSON."""
    names: set[str] = set()
    containers = [body]
    for container in containers:
        values = container
        if type(container) is dict:
            names.update(container)
            values = container.values()
        containers += [value for value in values if type(value) is dict or type(value) is list]
    return names


def _is_certain(rule: Rule, subject: Subject, path: Path) -> bool:
    """Whether a rule that makes an error would find the same with any known value in place of an unknown one."""
    if rule.severity is not Severity.ERROR:
        return True
    return all(path in {at for at, _ in _findings(rule, other)} for other in subject.with_other_values())


def _findings(rule: Rule, subject: Subject) -> Findings:
    """Yield what a rule finds that holds whatever the unknown values are."""
    try:
        yield from rule.check(subject)
    except TypeError:  # also of a function of C, which does not accept a `Withheld`
        if not subject.has_unknown:
            raise


def settle(problems: Iterable[Problem], disabled: Collection[str]) -> tuple[list[Problem], list[Problem]]:
    """Return the problems in force and the disabled ones; claims about AWS are marked as such."""
    in_force: list[Problem] = []
    switched_off: list[Problem] = []
    for problem in problems:
        is_claim = problem.code in CAN_BE_DISABLED
        (switched_off if is_claim and problem.code in disabled else in_force).append(
            replace(problem, is_claim=is_claim)
        )
    return in_force, switched_off

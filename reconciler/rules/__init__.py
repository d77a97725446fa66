"""What AWS refuses beyond its schema, and what a careful person would not do: one table a kind."""

import re
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import replace

from reconciler.model import Declared, Path, dotted
from reconciler.problems import Problem, Severity
from reconciler.rules import (
    compute_environment,
    consumable_resource,
    job_definition,
    job_queue,
    quota_share,
    scheduling_policy,
    service_environment,
)
from reconciler.rules.base import Example, Rule, Subject

__all__ = [
    "CAN_BE_DISABLED",
    "CLAIMS",
    "RULES",
    "RULE_IDS",
    "Example",
    "Rule",
    "Subject",
    "problems_of",
    "rules_of",
    "settle",
]

RULES: Mapping[str, tuple[Rule, ...]] = {
    "ComputeEnvironment": compute_environment.RULES,
    "ConsumableResource": consumable_resource.RULES,
    "JobDefinition": job_definition.RULES,
    "JobQueue": job_queue.RULES,
    "QuotaShare": quota_share.RULES,
    "SchedulingPolicy": scheduling_policy.RULES,
    "ServiceEnvironment": service_environment.RULES,
}
# Where a message shows a value that is an empty text: `is ; it is one of …`.
EMPTY = re.compile(r"\b(is|has) (?=[;,])")
RULE_IDS = frozenset(rule.id for rules in RULES.values() for rule in rules)
# What else is said about AWS, which may know better: values, bounds, patterns and lengths that a schema has; names,
# regions and tags. What keeps a stack from being understood is no such claim.
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


def problems_of(resource: Declared, subject: Subject, *, strict: bool) -> Iterator[Problem]:
    """Yield what the rules of its kind have against a resource; advice only when strict.

    No rule knows what goes with a value that is newer than it. What it says because of one is no error.
    """
    for rule in rules_of(resource.address.kind):
        if rule.advice and not strict:
            continue
        for path, found in rule.check(subject):
            message = EMPTY.sub(r'\1 ""', found)
            said = f"{resource.address}: {dotted(path)} {message}" if path else f"{resource.address}: {message}"
            severity = rule.severity if _is_certain(rule, subject, path) else Severity.WARNING
            yield Problem(rule.id, said, resource.places.find(path), rule.hint, severity)


def _is_certain(rule: Rule, subject: Subject, path: Path) -> bool:
    """Whether a rule that makes an error would find the same whatever known value stood in place of an unknown one."""
    if rule.severity is not Severity.ERROR:
        return True
    return all(path in {at for at, _ in rule.check(other)} for other in subject.otherwise())


def settle(problems: Iterable[Problem], disabled: Collection[str]) -> tuple[list[Problem], list[Problem]]:
    """Return the problems that stand and those that the stack has switched off; claims about AWS are marked as such."""
    stands: list[Problem] = []
    off: list[Problem] = []
    for problem in problems:
        is_claim = problem.code in CAN_BE_DISABLED
        (off if is_claim and problem.code in disabled else stands).append(replace(problem, is_claim=is_claim))
    return stands, off

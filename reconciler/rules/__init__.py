"""What AWS refuses beyond its schema, and what a careful person would not do: one table a kind."""

import re
from collections.abc import Iterator, Mapping

from reconciler.model import Declared, dotted
from reconciler.problems import Problem
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
    "CLAIMS_OF_SCHEMA",
    "RULES",
    "RULE_IDS",
    "Example",
    "Rule",
    "Subject",
    "problems_of",
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
# Problems that a schema finds and that are claims about AWS, too: values, bounds, patterns and lengths.
CLAIMS_OF_SCHEMA = frozenset({"SCH003", "SCH005", "SCH006", "SCH007"})
CAN_BE_DISABLED = RULE_IDS | CLAIMS_OF_SCHEMA | {"SCH009"}


def problems_of(resource: Declared, subject: Subject, *, strict: bool) -> Iterator[Problem]:
    """Yield what the rules of its kind have against a resource; advice only when strict."""
    for rule in RULES.get(resource.address.kind, ()):
        if rule.advice and not strict:
            continue
        for path, found in rule.check(subject):
            message = EMPTY.sub(r'\1 ""', found)
            said = f"{resource.address}: {dotted(path)} {message}" if path else f"{resource.address}: {message}"
            yield Problem(rule.id, said, resource.places.find(path), rule.hint, rule.severity, is_claim=True)

"""What has a state may be DISABLED: that is allowed, and easily forgotten."""

from dataclasses import replace

from reconciler.problems import Severity
from reconciler.rules.base import Example, Findings, Rule, Subject
from reconciler.rules.evidence import Evidence

DISABLED = "DISABLED"


def disabled(id_: str, says: str, then: str, evidence: Evidence, keeps: Example) -> Rule:
    """Return the advice that something is DISABLED, and what happens `then`."""

    def check(subject: Subject) -> Findings:
        if subject.body.get("state") == DISABLED:
            yield ("state",), f"is {DISABLED}: {then}"

    return Rule(
        id=id_,
        says=says,
        check=check,
        severity=Severity.NOTE,
        advice=True,
        evidence=evidence,
        fails=replace(keeps, body={**keeps.body, "state": DISABLED}),
        passes=keeps,
    )

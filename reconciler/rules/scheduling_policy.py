"""Rules of scheduling policies."""

from collections import Counter

from reconciler.model import Json
from reconciler.problems import Severity
from reconciler.rules.base import Example, Findings, Rule, Subject, documented, measured

MOST_RESERVED = 50  # percent: with more, one active share alone cannot use half of the environment


def _fair(**members: Json) -> Example:
    return Example({"fairsharePolicy": members})


def _shares(*names: str) -> Example:
    return _fair(shareDistribution=[{"shareIdentifier": name} for name in names])


def _identifiers(subject: Subject) -> list[str]:
    shares = subject.body.get("fairsharePolicy", {}).get("shareDistribution") or ()
    return [str(share["shareIdentifier"]) for share in shares]


def _kinds(subject: Subject) -> list[str]:
    return [name for name in ("fairsharePolicy", "quotaSharePolicy") if subject.body.get(name) is not None]


def _one_kind(subject: Subject) -> Findings:
    if len(_kinds(subject)) > 1:
        yield (), "has both fairsharePolicy and quotaSharePolicy"


def _some_kind(subject: Subject) -> Findings:
    if not _kinds(subject):
        yield (), "has neither fairsharePolicy nor quotaSharePolicy"


def _distinct_shares(subject: Subject) -> Findings:
    names = _identifiers(subject)
    for name, count in Counter(names).items():
        if count > 1:
            yield ("fairsharePolicy", "shareDistribution"), f"lists the share {name} {count} times"


def _separate_shares(subject: Subject) -> Findings:
    names = _identifiers(subject)
    for index, name in enumerate(names):
        for other in names:
            if other != name and other.endswith("*") and name.removesuffix("*").startswith(other.removesuffix("*")):
                path = ("fairsharePolicy", "shareDistribution", index, "shareIdentifier")
                yield path, f"{name} is covered by {other} already"


def _large_reservation(subject: Subject) -> Findings:
    percentage = subject.body.get("fairsharePolicy", {}).get("computeReservation", 0)
    if percentage > MOST_RESERVED:
        path = ("fairsharePolicy", "computeReservation")
        yield path, f"is {percentage}: while one share is active, it can use {100 - percentage} % of the vCPUs"


RULES = (
    Rule(
        id="SP001",
        says="A policy is either a fair-share policy or a quota-share policy.",
        check=_one_kind,
        evidence=measured(
            "CreateSchedulingPolicy", "A scheduling policy can have either fairsharePolicy or quotaSharePolicy"
        ),
        fails=Example({"quotaSharePolicy": {"idleResourceAssignmentStrategy": "FIFO"}, "fairsharePolicy": {}}),
        passes=Example({"fairsharePolicy": {}}),
    ),
    Rule(
        id="SP005",
        says="A policy sets its type; without one, it is a fair-share policy.",
        check=_some_kind,
        hint="write `fairsharePolicy: {}` for a fair share with the defaults",
        # Templates in public use create such policies (ASFHyP3/hyp3), so it is no error.
        evidence=documented(
            "CreateSchedulingPolicyRequest.fairsharePolicy",
            "Only one of fairsharePolicy or quotaSharePolicy can be set.",
        ),
        severity=Severity.WARNING,
        fails=Example({}),
        passes=Example({"fairsharePolicy": {}}),
    ),
    Rule(
        id="SP002",
        says="A share is named once.",
        check=_distinct_shares,
        evidence=measured("CreateSchedulingPolicy", "Cannot have two or more identical shareIdentifiers."),
        fails=_shares("A", "A"),
        passes=_shares("A", "B"),
    ),
    Rule(
        id="SP003",
        says="Shares do not overlap: A* covers A1.",
        check=_separate_shares,
        hint="use prefixes of which none is the beginning of a different one",
        evidence=measured("CreateSchedulingPolicy", "Share identifier ... matches another share identifier ..."),
        fails=_shares("A*", "A1"),
        passes=_shares("A*", "B1"),
    ),
    Rule(
        id="SP010",
        says="A large computeReservation leaves most vCPUs idle while few shares are active.",
        check=_large_reservation,
        hint="the reserved part is (computeReservation / 100) to the power of the number of active shares",
        severity=Severity.NOTE,
        advice=True,
        evidence=documented("FairsharePolicy.computeReservation", "The reserved ratio is (computeReservation"),
        fails=_fair(computeReservation=75),
        passes=_fair(computeReservation=50),
    ),
)

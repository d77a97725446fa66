"""Rules of scheduling policies."""

from collections import Counter

from reconciler.model import Json
from reconciler.rules.base import Example, Findings, Rule, Subject


def _fair(**members: Json) -> Example:
    return Example({"fairsharePolicy": members})


def _shares(*names: str) -> Example:
    return _fair(shareDistribution=[{"shareIdentifier": name} for name in names])


def _identifiers(subject: Subject) -> list[str]:
    shares = subject.body.get("fairsharePolicy", {}).get("shareDistribution") or ()
    return [str(share["shareIdentifier"]) for share in shares]


def _one_policy(subject: Subject) -> Findings:
    given = [name for name in ("fairsharePolicy", "quotaSharePolicy") if subject.body.get(name) is not None]
    if len(given) != 1:
        yield (), "must have either fairsharePolicy or quotaSharePolicy" if given else "has no policy"


def _distinct_shares(subject: Subject) -> Findings:
    names = _identifiers(subject)
    for name, count in Counter(names).items():
        if count > 1:
            yield ("fairsharePolicy", "shareDistribution"), f"names the share {name} {count} times"


def _separate_shares(subject: Subject) -> Findings:
    names = _identifiers(subject)
    for index, name in enumerate(names):
        for other in names:
            if other != name and other.endswith("*") and name.removesuffix("*").startswith(other.removesuffix("*")):
                path = ("fairsharePolicy", "shareDistribution", index, "shareIdentifier")
                yield path, f"{name} is covered by {other} already"


RULES = (
    Rule(
        id="SP001",
        says="A policy is either a fair-share policy or a quota-share policy.",
        check=_one_policy,
        hint="write `fairsharePolicy: {}` for a fair share with the defaults",
        source="CreateSchedulingPolicy: 'A scheduling policy can have either fairsharePolicy or quotaSharePolicy'",
        fails=Example({"quotaSharePolicy": {"idleResourceAssignmentStrategy": "FIFO"}, "fairsharePolicy": {}}),
        passes=Example({"fairsharePolicy": {}}),
    ),
    Rule(
        id="SP002",
        says="A share is named once.",
        check=_distinct_shares,
        source="CreateSchedulingPolicy: 'Cannot have two or more identical shareIdentifiers.'",
        fails=_shares("A", "A"),
        passes=_shares("A", "B"),
    ),
    Rule(
        id="SP003",
        says="No share covers another: A* covers A1.",
        check=_separate_shares,
        hint="give them prefixes that do not begin alike",
        source="CreateSchedulingPolicy: 'Share identifier ... matches another share identifier ...'",
        fails=_shares("A*", "A1"),
        passes=_shares("A*", "B1"),
    ),
)

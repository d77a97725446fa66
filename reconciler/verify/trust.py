"""Whether a role's trust policy lets a service of AWS assume it, as IAM reads it.

Pure; three-valued, since conditions may depend on what nobody knows before the call.
"""

import json
from collections.abc import Iterator, Mapping
from fnmatch import fnmatchcase
from typing import NamedTuple

from reconciler.model import Identity, Json
from reconciler.verify.base import Arn

ASSUME = "sts:assumerole"
SOURCE_ACCOUNT, SOURCE_ARN = "aws:sourceaccount", "aws:sourcearn"
# Operators that compare with values of which a part may be a wildcard; others are exact, or about something else.
_EXACT = ("stringequals", "stringequalsignorecase", "arnequals")
_LIKE = ("stringlike", "arnlike")


class Trust(NamedTuple):
    """Whether a service may assume the role; None: it cannot be said. `why` is the end of a sentence about the role."""

    is_given: bool | None
    why: str = ""


_GIVEN = Trust(is_given=True)


def _refused(why: str = "") -> Trust:
    return Trust(is_given=False, why=why)


def _open(why: str) -> Trust:
    return Trust(is_given=None, why=why)


def trust_for(service: str, document: Json, here: Identity) -> Trust:
    """Return whether a trust policy lets a service, such as `batch`, assume the role for resources of an account."""
    statements = _statements(document)
    if statements is None:
        return _open("has a trust policy that cannot be read")
    principals = {f"{service}.amazonaws.com", f"{service}.amazonaws.com.cn"}
    verdicts = [(each, _applies(each, principals, here)) for each in statements]
    denied = [verdict for each, verdict in verdicts if each.get("Effect") == "Deny" and verdict.is_given is not False]
    allowed = [verdict for each, verdict in verdicts if each.get("Effect") == "Allow"]
    wanted = f"{service}.amazonaws.com"
    if any(verdict.is_given for verdict in denied):
        return _refused(f"denies {wanted} to assume it")
    if any(verdict.is_given for verdict in allowed):
        return _open("denies some to assume it, on a condition") if denied else _GIVEN
    open_ = [verdict.why for verdict in allowed if verdict.is_given is None]
    if open_:
        return _open(open_[0])
    closed = [verdict.why for verdict in allowed if verdict.why]
    if closed:
        return _refused(closed[0])
    others = ", ".join(sorted(_trusted(statements))) or "nothing"
    return _refused(f"does not trust {wanted}: it trusts {others}")


def _statements(document: Json) -> list[Mapping[str, Json]] | None:
    """Return the statements of a policy; None for what is none. botocore has decoded what IAM sends."""
    if isinstance(document, str):
        try:
            document = json.loads(document)
        except ValueError:
            return None
    if not isinstance(document, Mapping):
        return None
    statements = document.get("Statement")
    listed = [statements] if isinstance(statements, Mapping) else statements
    if not isinstance(listed, list) or not all(isinstance(each, Mapping) for each in listed):
        return None
    return listed


def _applies(statement: Mapping[str, Json], principals: set[str], here: Identity) -> Trust:
    """Return whether a statement is about a service that assumes the role."""
    if "NotPrincipal" in statement:
        return _open("has a statement with NotPrincipal, which is not evaluated here")
    named = set(_principals(statement.get("Principal")))
    if not named & principals and "*" not in named:
        return _refused()
    if not _is_about_assuming(statement):
        return _refused()
    conditions = statement.get("Condition") or {}
    if not isinstance(conditions, Mapping):
        return _open("has a trust policy with a condition that cannot be read")
    return _all(_holds(operator, tests, here) for operator, tests in conditions.items())


def _is_about_assuming(statement: Mapping[str, Json]) -> bool:
    patterns = _texts(statement.get("Action", statement.get("NotAction")))
    matches = any(fnmatchcase(ASSUME, pattern.lower()) for pattern in patterns)
    return matches if "Action" in statement else not matches


def _holds(operator: str, tests: Json, here: Identity) -> Trust:
    """Return whether the tests of one operator hold, as far as they are about where a request comes from."""
    name = operator.lower().removesuffix("ifexists").rpartition(":")[2]
    return _all(
        _compare(name, operator, key, _texts(values), here)
        for key, values in (tests.items() if isinstance(tests, Mapping) else ())
    )


def _compare(name: str, operator: str, key: str, values: list[str], here: Identity) -> Trust:
    said = f"{operator} {key}"
    cannot = f"trusts it only if {said} is {' or '.join(values)}, and this account is {here.account}"
    if name not in _EXACT + _LIKE:
        return _open(f"has a trust policy with the condition {said}, which is not evaluated here")
    if key.lower() == SOURCE_ACCOUNT:
        is_same = any(_matches(here.account, value, like=name in _LIKE) for value in values)
        return _GIVEN if is_same else _refused(cannot)
    if key.lower() == SOURCE_ARN:
        accounts = [Arn.of(value).account for value in values]
        # An ARN that cannot be taken apart may be a pattern that matches across its colons.
        if any(not account or _matches(here.account, account, like=True) for account in accounts):
            return _open(f"has a trust policy with the condition {said}, which depends on the caller")
        return _refused(cannot)
    return _open(f"has a trust policy with the condition {said}, which is not evaluated here")


def _all(verdicts: Iterator[Trust]) -> Trust:
    """Return whether all hold: one that does not decides, then one that is not known."""
    listed = list(verdicts)
    decisive = [each for each in listed if each.is_given is False] or [each for each in listed if not each.is_given]
    return decisive[0] if decisive else _GIVEN


def _matches(text: str, pattern: str, *, like: bool) -> bool:
    return fnmatchcase(text, pattern) if like else text == pattern


def _trusted(statements: list[Mapping[str, Json]]) -> set[str]:
    return {name for each in statements if each.get("Effect") == "Allow" for name in _principals(each.get("Principal"))}


def _principals(principal: Json) -> Iterator[str]:
    if isinstance(principal, Mapping):
        for names in principal.values():
            yield from _texts(names)
    else:
        yield from _texts(principal)


def _texts(value: Json) -> list[str]:
    return [str(each) for each in value] if isinstance(value, list | tuple) else [] if value is None else [str(value)]

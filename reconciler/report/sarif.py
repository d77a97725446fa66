"""SARIF 2.1.0: findings for code scanning. https://docs.oasis-open.org/sarif/sarif/v2.1.0/sarif-v2.1.0.html"""

import hashlib
import json
import re
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from urllib.parse import quote

from reconciler import __version__
from reconciler.model import Json
from reconciler.printable import visible
from reconciler.problems import Severity, Where
from reconciler.redact.presented import PresentedProblem, PresentedStopped
from reconciler.report.catalogue import CatalogueEntry, entry_of
from reconciler.report.ci import in_repository
from reconciler.report.results import Item, Validation

SCHEMA = "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json"
ROOT = "%SRCROOT%"
# Not GitHub's own `primaryLocationLineHash`: its upload action computes that from the files, and warns of another one.
FINGERPRINT = "findingHash/v1"
# GitHub refuses a run with more, and shows 5,000 of them.
# https://docs.github.com/en/code-security/code-scanning/troubleshooting-sarif-uploads/results-exceed-limit
MOST_RESULTS = 25_000
_OTHERS = re.compile(r" \(and in \d+ more\)$")  # how many share a finding is no part of what it is
Finding = tuple[PresentedProblem, str]  # a problem, and the stack that it is in


def sarif_log(items: Sequence[Item], root: str) -> str:
    findings = [
        (problem, item.path) for item in items if isinstance(item, Validation) for problem in _ordered(item.problems)
    ]
    failures = [item for item in items if isinstance(item, PresentedStopped)]
    findings += [(problem, "") for failure in failures for problem in failure.problems]
    kept = _gravest(findings)
    told = [*map(_failure, failures), *_left_out(len(findings) - len(kept))]
    invocation = {"executionSuccessful": not failures, **({"toolExecutionNotifications": told} if told else {})}
    log = {"$schema": SCHEMA, "version": "2.1.0", "runs": [_run(kept, invocation, root)]}
    return json.dumps(log, indent=2, ensure_ascii=False) + "\n"


def _ordered(problems: Sequence[PresentedProblem]) -> list[PresentedProblem]:
    return sorted(problems, key=lambda one: (one.where or Where(""), one.code, one.message))


def _gravest(findings: Sequence[Finding]) -> Sequence[Finding]:
    """Return as many as a run may have, in their order: notes are left out first, then warnings."""
    if len(findings) <= MOST_RESULTS:
        return findings
    grave = list(Severity)
    by_weight = sorted(range(len(findings)), key=lambda index: grave.index(findings[index][0].severity))
    return [findings[index] for index in sorted(by_weight[:MOST_RESULTS])]


def _failure(stopped: PresentedStopped) -> Json:
    return {"level": "error", "message": _message(_with_hint(stopped.message, stopped.hint))}


def _left_out(count: int) -> Iterator[Json]:
    if count:
        text = f"{count} findings are left out: a run can contain {MOST_RESULTS}. Validate the stacks one by one."
        yield {"level": "warning", "message": _message(text)}


def _run(findings: Sequence[Finding], invocation: Json, root: str) -> Json:
    rules = sorted({problem.code for problem, _ in findings})
    return {
        "tool": {
            "driver": {
                "name": "reconciler",
                "semanticVersion": __version__,
                "rules": [_rule(entry_of(rule)) for rule in rules],
            }
        },
        "invocations": [invocation],
        "columnKind": "unicodeCodePoints",
        "results": list(_results(findings, rules, root)),
    }


def _rule(entry: CatalogueEntry) -> Json:
    help_ = "\n".join(text for text in (entry.says, entry.hint, _sourced(entry)) if text)
    return {
        "id": entry.id,
        "shortDescription": _message(entry.says),
        "fullDescription": _message(entry.says),
        "help": _message(help_),
        **({"helpUri": entry.url} if entry.url else {}),
        "defaultConfiguration": {"level": str(entry.severity)},
        **({"properties": {"tags": [entry.kind, *(["advice"] if entry.advice else [])]}} if entry.kind else {}),
    }


def _sourced(entry: CatalogueEntry) -> str:
    return f"source: {entry.source}" if entry.source else ""


def _results(findings: Sequence[Finding], rules: Sequence[str], root: str) -> Iterator[Json]:
    seen: Counter[str] = Counter()
    for problem, stack in findings:
        where = problem.where if in_repository(problem.where, root) else Where(stack)
        location = _location(where, root)
        said = _OTHERS.sub("", problem.message)
        same = _digest(problem.code, location["artifactLocation"]["uri"], said)
        seen[same] += 1
        yield {
            "ruleId": problem.code,
            "ruleIndex": rules.index(problem.code),
            "level": str(problem.severity),
            "message": _message(_with_hint(problem.message, problem.help)),
            "locations": [{"physicalLocation": location}],
            "partialFingerprints": {FINGERPRINT: f"{same}:{seen[same]}"},
        }


def _location(where: Where | None, root: str) -> Mapping[str, Json]:
    file = in_repository(where, root)
    place: dict[str, Json] = {"artifactLocation": _artifact(file)}
    if where and where.line:
        column = {"startColumn": where.column} if where.column else {}
        place["region"] = {"startLine": where.line, **column}
    return place


def _artifact(file: str) -> Json:
    if file.startswith(("/", "..")):  # outside of the repository
        return {"uri": Path(file).resolve().as_uri()}
    return {"uri": quote(file or ".", errors="surrogateescape"), "uriBaseId": ROOT}


def _digest(*parts: str) -> str:
    """Say what a finding is without its line: it stays itself when lines move."""
    return hashlib.sha256("\0".join(parts).encode("utf-8", "backslashreplace")).hexdigest()[:32]


def _with_hint(message: str, hint: str) -> str:
    return message + (f"\nhint: {hint}" if hint else "")


def _message(text: str) -> Json:
    return {"text": visible(text)}

"""Formats of CI systems: workflow commands and outputs of GitHub Actions, JUnit XML, and SARIF.

https://docs.github.com/en/actions/reference/workflows-and-actions/workflow-commands#setting-an-error-message
"""

import hashlib
import json
import os
import re
import xml.etree.ElementTree as ET
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path, PurePath
from urllib.parse import quote

from reconciler import __version__
from reconciler.apply import State
from reconciler.model import Json
from reconciler.printable import harmless_line, harmless_text, one_line, visible
from reconciler.problems import Severity, Where
from reconciler.redact.presented import (
    PresentedChange,
    PresentedField,
    PresentedFinding,
    PresentedPlan,
    PresentedProblem,
    PresentedStopped,
)
from reconciler.report.catalogue import CatalogueEntry, entry_of
from reconciler.report.json import SHOWN_DIGITS
from reconciler.report.results import (
    ApplyResult,
    Drift,
    Item,
    Planned,
    StackVerified,
    Validation,
    drift_fields,
    foreign_reason,
)
from reconciler.report.summary import DESTRUCTIVE, capacity_line, outcome_line, plan_line
from reconciler.report.text.values import inline
from reconciler.report.verify import verify_line

# What every format for other programs needs: files as the repository knows them.

NO_FILE = ("", "<memory>")


def in_repository(where: Where | None, root: str) -> str:
    """Return the file as a path below `root`, with slashes; outside of it, as it was given. Empty if there is none."""
    if where is None or where.file in NO_FILE:
        return ""
    # Links in it stay what users wrote.
    path = PurePath(os.path.relpath(os.path.abspath(where.file), root))  # noqa: PTH100
    return where.file if path.parts[:1] == (os.pardir,) else path.as_posix()


LEVELS = {Severity.ERROR: "error", Severity.WARNING: "warning", Severity.NOTE: "notice"}
# The runner's own escapes; % goes first, since the others make one.
OF_DATA = (("%", "%25"), ("\r", "%0D"), ("\n", "%0A"))
OF_PROPERTIES = (*OF_DATA, (":", "%3A"), (",", "%2C"))
# Annotations of one level that GitHub shows of a step; its log has the others, but not where they belong.
# https://github.com/actions/toolkit/blob/main/docs/problem-matchers.md#limitations
SHOWN = 10


def github_commands(items: Sequence[Item], root: str) -> str:
    lines = [line for item in items for line in _lines(item, root)]
    return "".join(f"{line}\n" for line in (*lines, *_beyond(lines)))


def _lines(item: Item, root: str) -> Iterator[str]:
    match item:
        case Validation():
            yield from (_problem(problem, root) for problem in item.problems)
        case Planned():
            yield from _of_plan(item, root)
        case Drift():
            yield from _of_drift(item, root)
        case StackVerified(verification=verification):
            yield from (_problem(problem, root) for problem in verification.problems)
            yield _command("notice", verification.stack, verify_line(verification), None, root)
        case PresentedStopped():
            yield from (_problem(problem, root) for problem in item.problems)
            yield _command("error", "reconciler", _with_hint(item.message, item.hint), None, root)
        case ApplyResult():  # no line of a file needs attention after an apply
            return


def _beyond(lines: Sequence[str]) -> Iterator[str]:
    """Say in the log that there is more than GitHub shows."""
    counts = Counter(line.partition(" ")[0].strip(":") for line in lines)
    more = [f"{SHOWN} of {count} {level}s" for level, count in counts.items() if count > SHOWN]
    if more:
        yield f"GitHub shows {' and '.join(more)} at their lines; the text format lists all places."


def _of_plan(item: Planned, root: str) -> Iterator[str]:
    plan = item.plan
    yield from (_problem(refusal, root) for refusal in plan.refusals)
    yield from _unhealthy(plan, root)
    yield from (_drifted(change, root) for change in plan.in_short.changes if change.drift)
    yield from (_problem(note, root) for note in plan.notes)
    summary = " ".join(filter(None, (plan_line(plan), capacity_line(plan.capacity))))
    yield _command("notice", plan.stack, summary, None, root)


def _of_drift(drift: Drift, root: str) -> Iterator[str]:
    changes = drift.plan.in_short.changes
    drifted = {change.address for change in (*drift.changed, *drift.undeclared)}
    yield from (_drifted(change, root) for change in changes if change.address in drifted)
    for change in drift.missing:
        message = f"{change.address}: declared, but not live: never applied, or deleted outside this stack"
        yield _command("warning", "missing", message, change.where, root)
    for change in drift.foreign:
        message = f"{change.address}: {foreign_reason(change)}"
        yield _command("warning", "foreign", message, change.where, root)
    yield from _unhealthy(drift.plan, root)
    yield from (_problem(note, root) for note in drift.plan.notes)
    yield _command("notice", drift.plan.stack, drift.line, None, root)


def _unhealthy(plan: PresentedPlan, root: str) -> Iterator[str]:
    places = {change.address: change.where for change in plan.changes}
    for unhealthy in plan.unhealthy:
        reason = f": {unhealthy.reason}" if unhealthy.reason else ""
        message = f"{unhealthy.address} is {unhealthy.status}{reason}"
        yield _command("warning", "unhealthy", message, places.get(unhealthy.address), root)


def _drifted(change: PresentedChange, root: str) -> str:
    fields = drift_fields(change)
    lines = (f"{change.address}: changed outside this stack", *map(_member, fields))
    where = next((field.where for field in fields if field.where), change.where)
    return _command("warning", "drift", "\n".join(lines), where, root)


def _member(field: PresentedField) -> str:
    live, declared = field.sides
    values = ("absent" if value is None else inline(value) for value in (declared, live))
    return f"{field.path}: declared {next(values)}, live {next(values)}"


def _problem(problem: PresentedProblem, root: str, level: str = "") -> str:
    message = _with_hint(problem.message, problem.help)
    return _command(level or LEVELS[problem.severity], problem.code, message, problem.where, root)


def _with_hint(message: str, hint: str) -> str:
    return message + (f"\nhint: {hint}" if hint else "")


def _command(level: str, title: str, message: str, where: Where | None, root: str) -> str:
    line, column = (where.line, where.column) if where else (0, 0)
    written = {"file": in_repository(where, root), "line": line, "col": column, "title": title}
    properties = ",".join(f"{name}={_escaped(str(value), OF_PROPERTIES)}" for name, value in written.items() if value)
    return f"::{level} {properties}::{_escaped(message, OF_DATA)}"


def _escaped(text: str, escapes: Sequence[tuple[str, str]]) -> str:
    for char, escape in escapes:
        text = text.replace(char, escape)
    return harmless_line(text)


# What later steps of a job of GitHub Actions can ask of a run, and its summary.
#
# https://docs.github.com/en/actions/reference/workflows-and-actions/workflow-commands#setting-an-output-parameter


def github_outputs(items: Sequence[Item], code: int) -> dict[str, str]:
    """Return outputs by name; `true` and `false` are what expressions of GitHub compare with. Empty for findings."""
    results = [item for item in items if isinstance(item, Planned | Drift | ApplyResult)]
    stopped = [item for item in items if isinstance(item, PresentedStopped)]
    if not results and not stopped:
        return {}
    prints = [item.fingerprint[:SHOWN_DIGITS] for item in results if isinstance(item, Planned)]
    return {
        "has_changes": _truth(any(map(_has_changes, results))),
        "has_destructive": _truth(any(_is_destructive(_plan(item)) for item in results)),
        "exit_code": str(int(code)),
        "fingerprint": " ".join(prints),
        # Later steps print it.
        "summary": "\n".join(
            map(_harmless, (*map(_summary, results), *(f"error: {stop.message}" for stop in stopped)))
        ),
    }


def output_lines(outputs: dict[str, str]) -> str:
    """Return the lines of GITHUB_OUTPUT; no value can end its own place, since the word that ends it is not in it."""
    return "".join(f"{name}<<{_end(value)}\n{value}\n{_end(value)}\n" for name, value in outputs.items())


def _end(value: str) -> str:
    return f"end-{hashlib.sha256(value.encode()).hexdigest()[:16]}"


def _plan(item: Planned | Drift | ApplyResult) -> PresentedPlan:
    return item.plan


def _has_changes(item: Planned | Drift | ApplyResult) -> bool:
    match item:
        case Planned(plan):
            return bool(plan.changes)
        case Drift():
            return not item.is_none
        case ApplyResult(finish=finish):
            return bool(finish and finish.counts.get(State.DONE))


def _is_destructive(plan: PresentedPlan) -> bool:
    """Whether something goes or is replaced, or jobs may end with their instances."""
    ends = (bool(change.interrupts and change.interrupts.at_most) for change in plan.changes)
    return any(change.action in DESTRUCTIVE for change in plan.changes) or any(ends)


def _summary(item: Planned | Drift | ApplyResult) -> str:
    match item:
        case Planned(plan):
            line = plan_line(plan)
        case Drift():
            line = item.line
        case ApplyResult(plan, finish):
            line = outcome_line(finish.counts) if finish else plan_line(plan)
    return f"{_plan(item).stack}: {line}"


def _harmless(line: str) -> str:
    return harmless_text(one_line(line))


def _truth(value: object) -> str:
    return "true" if value else "false"


# JUnit XML, which every CI shows: a suite a stack, a case for its files and one for each resource that it declares.

FILES = "files"  # what is wrong with no resource is wrong with them


def junit_xml(items: Sequence[Item], root: str) -> str:
    suites = [suite for item in items for suite in _suites(item, root)]
    root_element = ET.Element("testsuites", {"name": "reconciler", **_sums(suites)})
    root_element.extend(suites)
    ET.indent(root_element)
    return f'<?xml version="1.0" encoding="UTF-8"?>\n{ET.tostring(root_element, encoding="unicode")}\n'


def _suites(item: Item, root: str) -> Iterator[ET.Element]:
    if isinstance(item, Validation):
        cases = [_case(item, name, problems, root) for name, problems in _by_resource(item).items()]
        yield _suite(item.stack or item.path, cases)
    elif isinstance(item, StackVerified):
        yield _suite(item.verification.stack, [_verified(each, root) for each in item.verification.findings])
    elif isinstance(item, PresentedStopped):
        case = ET.Element("testcase", {"name": "reconciler", "classname": "reconciler"})
        message = item.message
        error = ET.SubElement(case, "error", {"type": item.kind, "message": visible(message)})
        error.text = visible("\n".join([*_texts(item.problems, root), message]))
        yield _suite("reconciler", [case])


def _verified(finding: PresentedFinding, root: str) -> ET.Element:
    """Return a case for each finding: what is unknown is skipped, and a warning passes."""
    name = f"{finding.check} {finding.path}" if finding.path else finding.check
    case = ET.Element("testcase", {"name": visible(name), "classname": visible(str(finding.address))})
    tag = {Severity.ERROR: "failure", Severity.NOTE: "skipped", Severity.WARNING: "system-out"}
    if problem := finding.problem:
        detail = ET.SubElement(case, tag[problem.severity])
        detail.text = visible("\n".join(_texts([problem], root)))
        if problem.severity is not Severity.WARNING:
            detail.set("message", visible(finding.message))
        if problem.severity is Severity.ERROR:
            detail.set("type", problem.code)
    return case


def _suite(name: str, cases: Sequence[ET.Element]) -> ET.Element:
    counts = {
        "tests": str(len(cases)),
        "failures": str(sum(case.find("failure") is not None for case in cases)),
        "errors": str(sum(case.find("error") is not None for case in cases)),
    }
    suite = ET.Element("testsuite", {"name": visible(name), **counts})
    suite.extend(cases)
    return suite


def _sums(suites: Sequence[ET.Element]) -> dict[str, str]:
    return {
        count: str(sum(int(suite.get(count, "0")) for suite in suites)) for count in ("tests", "failures", "errors")
    }


def _by_resource(item: Validation) -> Mapping[str, list[PresentedProblem]]:
    """Sort the problems by the resource that begins their message; every resource has its list."""
    sorted_: dict[str, list[PresentedProblem]] = {FILES: [], **{str(address): [] for address in item.addresses}}
    for problem in item.problems:
        address = problem.message.partition(": ")[0]
        sorted_[address if address in sorted_ else FILES].append(problem)
    return sorted_


def _case(item: Validation, name: str, problems: Sequence[PresentedProblem], root: str) -> ET.Element:
    case = ET.Element("testcase", {"name": visible(name), "classname": visible(item.path)})
    errors = [problem for problem in problems if problem.severity is Severity.ERROR]
    milder = [problem for problem in problems if problem not in errors]
    if errors:
        first = errors[0].message
        more = f" (and {len(errors) - 1} more)" if len(errors) > 1 else ""
        # Readers of the format look at one failure a case.
        failure = ET.SubElement(case, "failure", {"type": errors[0].code, "message": visible(first + more)})
        failure.text = visible("\n".join(_texts(errors, root)))
    if milder:
        ET.SubElement(case, "system-out").text = visible("\n".join(_texts(milder, root)))
    return case


def _texts(problems: Sequence[PresentedProblem], root: str) -> Iterator[str]:
    for problem in problems:
        file = in_repository(problem.where, root)
        line = f":{problem.where.line}" if problem.where and problem.where.line else ""
        place = f"{file}{line}: " if file else ""
        hint = f"\n    hint: {problem.help}" if problem.help else ""
        yield f"{place}{problem.severity}[{problem.code}]: {problem.message}{hint}"


# SARIF 2.1.0: findings for code scanning. https://docs.oasis-open.org/sarif/sarif/v2.1.0/sarif-v2.1.0.html

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
    findings = [(problem, path) for item in items for path, problems in _problems_of(item) for problem in problems]
    failures = [item for item in items if isinstance(item, PresentedStopped)]
    findings += [(problem, "") for failure in failures for problem in failure.problems]
    kept = _gravest(findings)
    notifications = [*map(_failure, failures), *_left_out(len(findings) - len(kept))]
    invocation = {
        "executionSuccessful": not failures,
        **({"toolExecutionNotifications": notifications} if notifications else {}),
    }
    log = {"$schema": SCHEMA, "version": "2.1.0", "runs": [_run(kept, invocation, root)]}
    return json.dumps(log, indent=2, ensure_ascii=False) + "\n"


def _problems_of(item: Item) -> Iterator[tuple[str, Sequence[PresentedProblem]]]:
    match item:
        case Validation():
            yield item.path, _ordered(item.problems)
        case StackVerified(path, verification):
            yield path, _ordered(verification.problems)


def _ordered(problems: Sequence[PresentedProblem]) -> list[PresentedProblem]:
    return sorted(problems, key=lambda problem: (problem.where or Where(""), problem.code, problem.message))


def _gravest(findings: Sequence[Finding]) -> Sequence[Finding]:
    """Return as many as a run may have, in their order: notes are left out first, then warnings."""
    if len(findings) <= MOST_RESULTS:
        return findings
    grave = list(Severity)
    by_weight = sorted(range(len(findings)), key=lambda index: grave.index(findings[index][0].severity))
    return [findings[index] for index in sorted(by_weight[:MOST_RESULTS])]


def _failure(stopped: PresentedStopped) -> Json:
    return {"level": "error", "message": _message(_sarif_text(stopped.message, stopped.hint))}


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
            "message": _message(_sarif_text(problem.message, problem.help)),
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


def _sarif_text(message: str, hint: str) -> str:
    return message + (f"\nhint: {hint}" if hint else "")


def _message(text: str) -> Json:
    return {"text": visible(text)}

"""JUnit XML, which every CI shows: a suite a stack, a case for its files and one for each resource that it declares."""

import xml.etree.ElementTree as ET
from collections.abc import Iterator, Mapping, Sequence

from reconciler.printable import visible
from reconciler.problems import Problem, Severity, Stopped
from reconciler.redact.patterns import redacted_text
from reconciler.report.ci_common import in_repository
from reconciler.report.results import Item, Validation

FILES = "files"  # what is wrong with no resource is wrong with them


def junit_xml(items: Sequence[Item], root: str) -> str:
    suites = [suite for item in items for suite in _suites(item, root)]
    whole = ET.Element("testsuites", {"name": "reconciler", **_sums(suites)})
    whole.extend(suites)
    ET.indent(whole)
    return f'<?xml version="1.0" encoding="UTF-8"?>\n{ET.tostring(whole, encoding="unicode")}\n'


def _suites(item: Item, root: str) -> Iterator[ET.Element]:
    if isinstance(item, Validation):
        cases = [_case(item, name, found, root) for name, found in _by_resource(item).items()]
        yield _suite(item.stack or item.path, cases)
    elif isinstance(item, Stopped):
        case = ET.Element("testcase", {"name": "reconciler", "classname": "reconciler"})
        message = redacted_text(item.message)
        error = ET.SubElement(case, "error", {"type": type(item).__name__, "message": visible(message)})
        error.text = visible("\n".join([*_texts(item.problems, root), message]))
        yield _suite("reconciler", [case])


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


def _by_resource(item: Validation) -> Mapping[str, list[Problem]]:
    """Sort the problems by the resource that begins their message; every resource has its list."""
    sorted_: dict[str, list[Problem]] = {FILES: [], **{str(address): [] for address in item.addresses}}
    for problem in item.problems:
        address = problem.message.partition(": ")[0]
        sorted_[address if address in sorted_ else FILES].append(problem)
    return sorted_


def _case(item: Validation, name: str, found: Sequence[Problem], root: str) -> ET.Element:
    case = ET.Element("testcase", {"name": visible(name), "classname": visible(item.path)})
    errors = [problem for problem in found if problem.severity is Severity.ERROR]
    rest = [problem for problem in found if problem not in errors]
    if errors:
        first = redacted_text(errors[0].message)
        more = f" (and {len(errors) - 1} more)" if len(errors) > 1 else ""
        # Readers of the format look at one failure a case.
        failure = ET.SubElement(case, "failure", {"type": errors[0].code, "message": visible(first + more)})
        failure.text = visible("\n".join(_texts(errors, root)))
    if rest:
        ET.SubElement(case, "system-out").text = visible("\n".join(_texts(rest, root)))
    return case


def _texts(problems: Sequence[Problem], root: str) -> Iterator[str]:
    for problem in problems:
        file = in_repository(problem.where, root)
        line = f":{problem.where.line}" if problem.where and problem.where.line else ""
        place = f"{file}{line}: " if file else ""
        hint = f"\n    hint: {redacted_text(problem.help)}" if problem.help else ""
        yield f"{place}{problem.severity}[{problem.code}]: {redacted_text(problem.message)}{hint}"

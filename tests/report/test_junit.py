"""JUnit XML: well-formed whatever is in it, with a case for each resource."""

import os
import xml.etree.ElementTree as ET
from collections.abc import Callable

import pytest

from reconciler.report.ci import junit_xml
from reconciler.report.results import Item
from tests.report.findings import CLEAN, FAILED, FOUND

HERE = os.path.realpath(".")
# What Jenkins takes (junit-10.xsd of its xUnit plugin, of which no package carries a copy): the attributes that an
# element must have, those that it may have, and what may be in it.
COUNTS = {"name", "tests", "failures", "errors"}
TOLD: tuple[set[str], set[str], set[str]] = (set(), {"type", "message"}, set())
FORM: dict[str, tuple[set[str], set[str], set[str]]] = {
    "testsuites": (set(), {*COUNTS, "time"}, {"testsuite"}),
    "testsuite": (
        COUNTS,
        {"time", "skipped", "timestamp", "hostname", "id", "package", "file", "log", "url", "version", "group"},
        {"testsuite", "properties", "testcase", "system-out", "system-err"},
    ),
    "testcase": (
        {"name"},
        {"classname", "time", "group"},
        {"skipped", "error", "failure", "system-out", "system-err"},
    ),
    "failure": TOLD,
    "error": TOLD,
    "system-out": (set(), set(), set()),
}


def test_a_report_reads_as_its_golden_file(golden: Callable[[str, str], None]) -> None:
    golden("findings.junit.xml", junit_xml([FOUND, CLEAN, FAILED], HERE))


@pytest.mark.parametrize("items", [[FOUND, CLEAN, FAILED], [CLEAN], []], ids=["all", "clean", "none"])
def test_a_report_has_the_form_that_jenkins_takes(items: list[Item]) -> None:
    whole = ET.fromstring(junit_xml(items, HERE))
    assert whole.tag == "testsuites"
    for element in whole.iter():
        required, optional, inside = FORM[element.tag]
        assert required <= set(element.keys()) <= required | optional
        assert {child.tag for child in element} <= inside
        assert all(element.get(count, "0").isdecimal() for count in COUNTS - {"name"})


def test_each_resource_and_the_files_are_a_case() -> None:
    suite = ET.fromstring(junit_xml([FOUND], HERE))[0]
    failed = {case.get("name"): case.find("failure") is not None for case in suite}
    assert failed == {"files": True, "SchedulingPolicy/fair": True, "JobQueue/pricing": True, "JobQueue/ok": False}


def test_a_suite_counts_cases_and_not_findings() -> None:
    whole = ET.fromstring(junit_xml([FOUND, CLEAN, FAILED], HERE))
    counts = [(suite.get("name"), suite.get("tests"), suite.get("failures"), suite.get("errors")) for suite in whole]
    assert counts == [("risk", "4", "3", "0"), ("dev", "2", "0", "0"), ("reconciler", "1", "0", "1")]
    assert (whole.get("tests"), whole.get("failures"), whole.get("errors")) == ("7", "3", "1")


def test_warnings_fail_nothing_and_are_there() -> None:
    (files, *_rest) = ET.fromstring(junit_xml([FOUND], HERE))[0]
    assert (files.findtext("system-out") or "").splitlines() == [
        "stacks/prod/stack.yaml:14: warning[LIF003]: lifecycle.replace: x has no effect yet",
        "note[TAG004]: stack risk: 48 tags",
    ]


def test_characters_that_xml_does_not_know_are_shown_by_their_numbers() -> None:
    text = junit_xml([FOUND], HERE)
    assert ("\\x1b[31m" in text, "\\u202e" in text, "\x1b" in text, "\u202e" in text) == (True, True, False, False)

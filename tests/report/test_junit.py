"""JUnit XML: well-formed whatever is in it, with a case for each resource."""

import os
import xml.etree.ElementTree as ET
from collections.abc import Callable

from reconciler.report.junit import junit_xml
from tests.report.findings import CLEAN, FAILED, FOUND

HERE = os.path.realpath(".")


def test_a_report_reads_as_its_golden_file(golden: Callable[[str, str], None]) -> None:
    golden("findings.junit.xml", junit_xml([FOUND, CLEAN, FAILED], HERE))


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

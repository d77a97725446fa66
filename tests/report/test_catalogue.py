"""Everything that can be found is known by its id, and can be explained."""

import re
from collections.abc import Callable
from pathlib import Path

import pytest

import reconciler
from reconciler.problems import Severity
from reconciler.report.catalogue import CatalogueEntry, catalogue, entries_page, entry_page, nearest_ids
from reconciler.rules import RULE_IDS

SOURCES = Path(reconciler.__file__).parent
CODE = re.compile(r'"([A-Z]{3,4}\d{3})"')


def test_every_code_in_the_sources_is_known() -> None:
    written = {code for file in SOURCES.rglob("*.py") for code in CODE.findall(file.read_text(encoding="utf-8"))}
    assert written - catalogue().keys() == set()


def test_rules_have_a_kind_a_source_and_examples_and_problems_have_none() -> None:
    entries = catalogue().values()
    assert {entry.id for entry in entries if entry.kind} == RULE_IDS
    assert [
        entry.id for entry in entries if bool(entry.kind) != bool(entry.source and entry.fails and entry.passes)
    ] == []


def test_ids_of_rules_and_codes_of_problems_cannot_be_taken_for_each_other() -> None:
    assert [
        entry.id for entry in catalogue().values() if bool(entry.kind) != bool(re.fullmatch(r"[A-Z]{2}\d{3}", entry.id))
    ] == []


def test_everything_is_said_in_a_sentence() -> None:
    assert [entry.id for entry in catalogue().values() if not entry.says.endswith(".")] == []


def test_a_name_at_the_beginning_of_a_sentence_keeps_its_spelling() -> None:
    assert catalogue()["LIF004"].says == "lifecycle.ignoreChanges lists a field that does not exist."


def test_what_stops_nobody_is_no_error() -> None:
    assert (catalogue()["LIF003"].severity, catalogue()["PLAN006"].severity) == (Severity.WARNING, Severity.NOTE)


@pytest.mark.parametrize(
    ("source", "url"),
    [
        ("https://docs.aws.amazon.com/a/b.html: size of job definitions", "https://docs.aws.amazon.com/a/b.html"),
        ("see https://a.b/c.", "https://a.b/c"),
        ("CreateJobQueue: 'no'", ""),
    ],
)
def test_the_page_of_a_source_is_found_in_it(source: str, url: str) -> None:
    assert CatalogueEntry("A1", "x", source=source).url == url


@pytest.mark.parametrize(
    ("word", "first"), [("SP0002", "SP002"), ("sp02", "SP002"), ("STK13", "STK013"), ("minvCpus", "")]
)
def test_a_mistyped_id_has_suggestions(word: str, first: str) -> None:
    assert next(iter(nearest_ids(word)), "") == first


def test_a_rule_is_explained_with_its_examples(golden: Callable[[str, str], None]) -> None:
    golden("rule.txt", entry_page(catalogue()["SP003"], 80).plain)


def test_a_problem_is_explained() -> None:
    assert entry_page(catalogue()["STK013"], 80).plain == (
        "STK013\n  A rule is disabled without a reason.\n  severity    error\n"
    )


def test_all_of_a_kind_are_a_table(golden: Callable[[str, str], None]) -> None:
    chosen = [catalogue()[each] for each in ("SP001", "SP002", "SP003", "LIF003", "PLAN007")]
    golden("rules.txt", entries_page(chosen, 80).plain)

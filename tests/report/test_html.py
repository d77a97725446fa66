"""A page that needs nothing but itself: whole without a script, and nothing in it breaks out of its place."""

import base64
import hashlib
import json
import re
import shutil
import subprocess
from dataclasses import replace
from html.parser import HTMLParser
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reconciler.model import Address, Cost, Json
from reconciler.redact.presented import present, present_finish
from reconciler.report.html import VOID, breakable, drawing, html_page
from reconciler.report.json import drift_json, finish_json
from reconciler.report.results import drift_of
from tests.laws import law
from tests.report.documented import document
from tests.report.samples import EVERYTHING, NOTHING, OLD, PARTLY, PRICING, member

EVIL = "\"><script>alert(1)</script><img src=x onerror=alert(1)>&amp;'"


class Reader(HTMLParser):
    """Reads a page strictly: what is opened is closed, in its order."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.open: list[str] = []
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.text: list[str] = []
        self.feed(page)
        self.close()
        assert self.open == []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))
        if tag not in VOID:
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        if self.open and self.open[-1] not in ("style", "script"):
            self.text.append(data)

    def named(self, tag: str) -> list[dict[str, str | None]]:
        return [attributes for name, attributes in self.tags if name == tag]


def page(*documents: Json) -> Reader:
    return Reader(html_page(documents))


def planned() -> Json:
    return json.loads(json.dumps(document(EVERYTHING), default=str))


def test_it_has_every_change_with_its_members_and_both_values() -> None:
    found = page(planned())
    text = "".join(found.text)
    assert len(found.named("details")) >= len(planned()["changes"])
    for change in planned()["changes"]:
        assert change["address"] in text
        assert all(field["path"] in text for field in change["fields"])


def test_what_destroys_stands_first_and_open() -> None:
    kinds = [(one["data-kind"], "open" in one) for one in page(planned()).named("details")]
    destructive = [
        index for index, (kind, _) in enumerate(kinds) if kind in ("delete", "replace", "blue-green", "retire")
    ]
    others = [index for index, (kind, _) in enumerate(kinds) if kind == "create"]
    assert destructive
    assert others
    assert max(destructive) < min(others)
    assert all(is_open for kind, is_open in kinds if kind == "delete")


def test_nothing_is_fetched_and_nothing_but_our_own_runs() -> None:
    text = html_page([planned()])
    found = Reader(text)
    (policy,) = (one["content"] for one in found.named("meta") if one.get("http-equiv") == "Content-Security-Policy")
    for name in ("style", "script"):
        (inside,) = re.findall(rf"<{name}>(.*?)</{name}>", text, re.DOTALL)
        digest = base64.b64encode(hashlib.sha256(inside.encode()).digest()).decode()
        assert f"{name}-src 'sha256-{digest}'" in str(policy)
    assert str(policy).startswith("default-src 'none'")
    assert not any("src" in attributes or "style" in attributes for _, attributes in found.tags)
    assert not any(key.startswith("on") for _, attributes in found.tags for key in attributes)
    assert all(str(one.get("href", "#")).startswith("#") for one in found.named("a"))


def infected(value: Json, evil: str) -> Json:
    if isinstance(value, dict):
        return {key: infected(inner, evil) for key, inner in value.items()}
    if isinstance(value, list):
        return [infected(inner, evil) for inner in value]
    return f"{value}{evil}" if isinstance(value, str) else value


def test_no_value_breaks_out_of_its_place() -> None:
    clean, evil = page(planned()), page(infected(planned(), EVIL))
    assert [name for name, _ in evil.tags if name in ("script", "img")] == ["script"]
    assert {key for _, attributes in evil.tags for key in attributes} <= {
        key for _, attributes in clean.tags for key in attributes
    }


@law(30)
@given(st.text(max_size=40))
def test_whatever_stands_in_a_document_the_page_stays_one(text: str) -> None:
    assert page(infected(planned(), text)).named("script") == [{}]


def test_a_secret_that_json_hides_is_hidden_here() -> None:
    assert "hunter2" in repr(EVERYTHING)
    assert "hunter2" not in html_page([planned()])


def test_a_plan_without_changes_says_so() -> None:
    assert "No changes." in page(json.loads(json.dumps(document(NOTHING), default=str))).text


def test_a_drift_is_told_by_tiers() -> None:
    drift = json.loads(json.dumps(drift_json(drift_of(present(EVERYTHING))), default=str))
    kinds = {one["data-kind"] for one in page(drift).named("details")}
    assert kinds & {"changed", "undeclared", "missing", "foreign", "pending", "unhealthy"}


def test_a_plan_begins_with_the_table_of_its_entries() -> None:
    text = html_page([planned()])
    table = text[: text.index("<details")]
    assert 'class="summary"' in table
    assert all(word in table for word in ("instances replaced", "refused", "new revision"))


def test_what_is_deleted_shows_what_it_was() -> None:
    gone = replace(OLD, fields=(member("priority", 20, None, Cost.METADATA),))
    text = "".join(page(json.loads(json.dumps(document(replace(NOTHING, changes=(gone,))), default=str))).text)
    assert "priority" in text
    assert "20" in text


def test_equal_changes_are_one_box_with_their_names() -> None:
    equal = tuple(
        replace(
            PRICING, address=Address("JobQueue", f"queue{index}"), fields=(member("tags.a", "x", "y", Cost.METADATA),)
        )
        for index in range(5)
    )
    found = page(json.loads(json.dumps(document(replace(NOTHING, changes=equal)), default=str)))
    assert len(found.named("details")) == 1
    assert all(f"queue{index}" in "".join(found.text) for index in range(5))


@given(st.text(alphabet="aB.,/:_-= &<0"))
def test_a_text_that_may_be_folded_stays_the_same_text(text: str) -> None:
    assert "".join(Reader(f"<p>{breakable(text)}</p>").text) == text


def test_no_word_is_folded_in_its_middle() -> None:
    assert breakable("containerProperties.command") == "container<wbr>Properties.<wbr>command"


def test_an_error_stands_for_a_stack_that_has_no_plan() -> None:
    error = {"format_version": "1.0", "error": {"message": "stack risk is for account 1"}, "problems": []}
    assert any("stack risk is for account 1" in text for text in page(error).text)


def test_many_targets_are_a_table_with_what_is_news_below() -> None:
    entries = [
        {"target": name, "exit": code, "came_to": word, "told": "x", "seconds": 1.0, "result": result}
        for name, code, word, result in (
            ("a@dev", 0, "with changes", planned()),
            ("b@dev", 0, "unchanged", json.loads(json.dumps(document(NOTHING), default=str))),
            ("c@dev", 4, "denied", None),
        )
    ]
    fleet = {
        "document": "fleet",
        "command": "plan",
        "summary": {"targets": 3, "denied": 1, "failed": 0},
        "targets": entries,
    }
    found = page(fleet)
    assert [one["href"] for one in found.named("a")] == ["#t0"]
    assert [one["id"] for one in found.named("section")] == ["t0"]
    assert "Plan of 3 deployments" in found.text


def test_deployments_with_equal_plans_share_a_section_that_names_each() -> None:
    elsewhere = json.loads(
        json.dumps(planned())
        .replace(":batch:us-east-1", ":batch:eu-west-1")
        .replace('"region": "us-east-1"', '"region": "eu-west-1"')
    )
    entries = [
        {"target": name, "exit": 0, "came_to": "with changes", "told": "x", "seconds": 1.0, "result": result}
        for name, result in (("a@dev", planned()), ("a@prod", elsewhere), ("b@dev", infected(planned(), "!")))
    ]
    found = page({"document": "fleet", "command": "plan", "summary": {"targets": 3}, "targets": entries})
    text = "".join(found.text)
    assert [one["href"] for one in found.named("a")] == ["#t0", "#t1", "#t2"]
    assert [one["id"] for one in found.named("li")] == ["t0", "t1"]
    assert [one.get("id") for one in found.named("section")] == [None, "t2"]
    assert "The same in 2 deployments:a@dev account 123456789012, region us-east-1" in text
    assert "a@prod account 123456789012, region eu-west-1" in text


def test_an_apply_begins_with_a_table_of_its_results() -> None:
    finish = json.loads(json.dumps(finish_json(present(EVERYTHING), present_finish(PARTLY)), default=str))
    text = html_page([finish])
    table = text[text.index('class="summary"') : text.index("</table>")]
    assert all(word in table for word in ("failed", "JobQueue/pricing", "is not authorized", "1 h 2 min"))


def test_a_drift_begins_with_a_table_from_the_declared_to_the_live_value() -> None:
    drift = json.loads(json.dumps(drift_json(drift_of(present(EVERYTHING))), default=str))
    found = page(drift)
    assert [one.get("data-kind") for one in found.named("tr") if one.get("data-kind")] == [
        "unhealthy", "missing", "changed", "undeclared", "foreign", *("pending",) * 5,
    ]  # fmt: skip
    assert "maxvCpus 128 -> 64" in "".join(found.text)
    assert not found.named("svg")


def test_of_what_waits_each_stands_right_of_what_it_waits_for() -> None:
    picture = drawing({"c": ["b"], "b": ["a"], "a": [], "d": ["x"]}, {"a": "+"})
    boxes = dict(zip(("c", "b", "a", "d"), re.findall(r'<rect x="(\d+)"', picture), strict=True))
    assert int(boxes["a"]) < int(boxes["b"]) < int(boxes["c"])
    assert int(boxes["d"]) == 0
    assert picture.count("<path") == 2
    assert drawing({"a": [], "b": []}, {}) == ""


@pytest.mark.skipif(not shutil.which("chromium"), reason="no chromium")
def test_a_browser_shows_it_and_lets_its_script_run(tmp_path: Path) -> None:
    file = tmp_path / "page.html"
    file.write_text(html_page([planned()]), encoding="utf-8")
    options = ["--headless=new", "--no-sandbox", "--disable-gpu", f"--user-data-dir={tmp_path}/profile"]
    dom = subprocess.run(
        ["chromium", *options, "--dump-dom", file.as_uri()], capture_output=True, text=True, timeout=60, check=True
    ).stdout
    (tools,) = re.findall(r'<div class="tools"[^>]*>', dom)
    assert "hidden" not in tools  # the script, which the page's own policy lets run, has shown the filter
    drawn = re.findall(r"<svg.*?</svg>", dom, re.DOTALL)
    boxes = re.findall(r"<g><title>[^<]*</title><rect[^>]*></rect>(?:<text[^>]*>[^<]*</text>){2}</g>", drawn[0])
    lines = re.findall(r"<path[^>]*></path>", drawn[0])
    assert (len(boxes), len(boxes) + len(lines)) == (
        drawn[0].count("<rect"),
        len(re.findall("<(?:rect|path)", drawn[0])),
    )
    assert boxes  # with a slash too few, a browser would see one inside of the other, and show none

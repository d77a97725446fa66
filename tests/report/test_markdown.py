"""Markdown for pull requests: no value breaks out of its place, and nothing is left out without a word."""

import re
from collections.abc import Callable
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st
from markdown_it import MarkdownIt

from reconciler.model import Address, Cost, FieldChange, Plan
from reconciler.printable import visible
from reconciler.problems import Declined, Problem, Refused
from reconciler.redact.presented import present, present_finish, present_stopped
from reconciler.report.fleet import DeploymentOutcome, Targets
from reconciler.report.markdown import LIMIT, code, details, markdown_report, prose, row, targets_report
from reconciler.report.results import ApplyResult, Item, Planned, drift_of
from tests.fakes import HERE
from tests.report.findings import FAILED, HOSTILE
from tests.report.samples import CONVERGED, EVERYTHING, NOTHING, PARTLY, PRICING

REPORTS: dict[str, list[Item]] = {
    "plan": [Planned(present(EVERYTHING))],
    "nothing": [Planned(present(NOTHING))],
    "drift": [drift_of(present(EVERYTHING))],
    "partly": [ApplyResult(present(EVERYTHING), present_finish(PARTLY))],
    "converged": [ApplyResult(present(EVERYTHING), present_finish(CONVERGED))],
    "declined": [ApplyResult(present(NOTHING), stopped=present_stopped(Declined("declined; nothing was changed")))],
    "several": [Planned(present(NOTHING)), FAILED],
}


def plan_of(count: int, size: int = 60) -> Plan:
    """Return a plan of changes that are not equal, and too long for a table."""
    changes = (
        replace(
            PRICING,
            address=Address("JobQueue", f"q{index}"),
            fields=(
                FieldChange(path=("tags", "a"), before=f"{index}" + "x" * size, after="y" * size, cost=Cost.METADATA),
            ),
        )
        for index in range(count)
    )
    return Plan("risk", HERE, tuple(changes))


@pytest.mark.parametrize("name", REPORTS)
def test_a_report_reads_as_its_golden_file(name: str, golden: Callable[[str, str], None]) -> None:
    golden(f"{name}.md", markdown_report(REPORTS[name]))


@given(st.text())
def test_no_text_is_anything_but_text(text: str) -> None:
    for shown in (prose(text), code(text).removeprefix("<code>").removesuffix("</code>")):
        bare = re.sub(r"&#\d+;(<!-- -->)?", "", shown)
        assert re.search(r"[|`<>&*_\[\]!~$@#\\\n\r]", bare) is None


@given(st.lists(st.text(), min_size=1, max_size=3))
def test_a_row_is_one_line_with_its_cells(cells: list[str]) -> None:
    text = row([prose(cell) for cell in cells])
    assert (text.count("\n"), text.count("|")) == (1, len(cells) + 1)


@given(st.text(), st.text(alphabet="`*_[]()<>!#@|-+=~:/ \n\\&;0a"))
def test_a_parser_of_markdown_finds_nothing_but_the_text(text: str, dense: str) -> None:
    parser = MarkdownIt("commonmark", {"html": True}).enable(["table", "strikethrough"])
    for said in (text, dense):
        (_open, inline, _close) = parser.parse(f"x {prose(said)} {code(said)} x\n")
        tokens = [token for token in inline.children or () if token.type not in ("text", "text_special")]
        tags = [token.content for token in tokens if token.content != "<!-- -->"]
        shown = "".join(token.content for token in inline.children or () if token.type != "html_inline")
        flat = visible(said).replace("\n", " ")
        assert (tags, shown) == (["<code>", "</code>"], f"x {flat} {flat} x")


@given(st.lists(st.text(alphabet=st.sampled_from("`~ +-<>/abcdetails\n\r\x1b"))))
def test_no_line_closes_the_fence_that_it_stands_in(lines: list[str]) -> None:
    text = details("x", lines)
    fence = re.findall(r"^(`{3,})diff$", text, re.MULTILINE)[0]
    inside = text.split(f"{fence}diff\n", 1)[1]
    assert inside.endswith(f"\n{fence}\n\n</details>\n\n")
    assert fence not in inside.removesuffix(f"\n{fence}\n\n</details>\n\n")


def test_a_sign_at_the_beginning_makes_no_list() -> None:
    assert (prose("- old"), prose("+ new"), prose("a - b")) == ("&#45; old", "&#43; new", "a - b")


def test_names_in_messages_call_neither_people_nor_issues() -> None:
    assert prose("@somebody #1") == "&#64;<!-- -->somebody &#35;<!-- -->1"


def test_a_hostile_refusal_stays_one_entry_of_the_list() -> None:
    refusal = Problem("PLAN001", HOSTILE, hint=HOSTILE)
    lines = markdown_report([Planned(present(replace(NOTHING, refused=(refusal,))))]).splitlines()
    assert len([line for line in lines if line.startswith("- ")]) == 1


def test_secrets_are_not_in_it() -> None:
    text = markdown_report(REPORTS["plan"])
    assert ("hunter1" in text, "hunter2" in text, "<redacted, changed>" in text) == (False, False, True)


def test_what_was_refused_is_told_before_what_was_planned() -> None:
    refused = Refused("1 refused; nothing was changed", problems=EVERYTHING.refusals)
    lines = markdown_report([ApplyResult(present(EVERYTHING), stopped=present_stopped(refused))]).splitlines()
    assert lines[0] == "**Not applied:** 1 refused; nothing was changed"
    assert len([line for line in lines if line.startswith("- **PLAN001**")]) == 1


def test_a_report_ends_before_the_limit_and_counts_what_it_leaves_out() -> None:
    text = markdown_report([Planned(present(plan_of(2000)))])
    shown = text.count("<details>")
    assert len(text) <= LIMIT
    assert "\n| <code>&#126;</code> | 2000 job queues |" in text
    assert f"**Not complete:** {2000 - shown} of the details did not fit here." in text


def test_one_change_that_is_too_large_does_not_hide_the_others() -> None:
    plan = plan_of(3)
    large = replace(plan_of(1, LIMIT).changes[0], address=Address("JobQueue", "large"))
    text = markdown_report([Planned(present(replace(plan, changes=(large, *plan.changes))))])
    assert (text.count("<details>"), "**Not complete:** 1 of the details did not fit here." in text) == (3, True)


@pytest.mark.parametrize(("count", "size"), [(2, 200), (30, 200), (500, 10)])
def test_stacks_share_the_limit(count: int, size: int) -> None:
    text = markdown_report([Planned(present(plan_of(size)))] * count)
    told = text.count("### Plan")
    left = re.search(r"\*\*Not complete:\*\* (\d+) stacks? did not fit", text)
    assert len(text) <= LIMIT
    assert told + int(left[1] if left else 0) == count


def test_small_reports_leave_their_room_to_the_others() -> None:
    text = markdown_report([*[Planned(present(NOTHING))] * 9, Planned(present(plan_of(100)))])
    assert "Not complete" not in text


def outcome(name: str, came_to: str = "with changes", told: str = "1 to add") -> DeploymentOutcome:
    return DeploymentOutcome(target=name, file="reconciler.yaml", time="2026-11-30T00:00:00.000Z", stack=name, environment="dev", account=None, region=None, exit=0, came_to=came_to, told=told, seconds=0.0)  # fmt: skip


def test_of_many_targets_a_table_has_those_with_news_and_what_destroys_stands_first() -> None:
    outcomes = (outcome("a@dev"), outcome("same@dev", "unchanged", "no changes"), outcome("b@dev", told="1 to destroy"))
    items = (
        ("a@dev", Planned(present(plan_of(1)))),
        ("same@dev", Planned(present(NOTHING))),
        ("b@dev", Planned(present(EVERYTHING))),
    )
    text = targets_report(Targets(outcomes, items))
    assert [line for line in text.splitlines() if line.startswith(("## ", "| <code>b&", "| <code>a&"))] == [
        "## Fleet: 3 deployments: 1 unchanged, 2 with changes.",
        "| <code>b&#64;dev</code> | with changes | 1 to destroy |",
        "| <code>a&#64;dev</code> | with changes | 1 to add |",
        "## <code>b&#64;dev</code>",
        "## <code>a&#64;dev</code>",
    ]
    assert "same&#64;dev" not in text


def test_deployments_with_the_same_plan_share_a_section() -> None:
    names = ("a@dev", "a@prod/1", "a@prod/2", "b@dev")
    items = tuple((name, Planned(present(plan_of(2 if name == "b@dev" else 1)))) for name in names)
    text = targets_report(Targets(tuple(map(outcome, names)), items))
    assert [line for line in text.splitlines() if line.startswith(("## <", "Same plan"))] == [
        "## <code>a&#64;dev</code>",
        "Same plan in 3 deployments, also in <code>a&#64;prod/1</code>, <code>a&#64;prod/2</code>.",
        "## <code>b&#64;dev</code>",
    ]


def test_many_targets_end_before_the_limit_and_say_what_is_left_out() -> None:
    names = [f"stacks/team-{number:04}@prod" for number in range(2_000)]
    items = tuple((name, Planned(present(plan_of(1, 60 + number)))) for number, name in enumerate(names))
    text = targets_report(Targets(tuple(map(outcome, names)), items))
    assert len(text) <= LIMIT
    assert "of the deployments did not fit here" in text
    assert "stacks did not fit here" in text

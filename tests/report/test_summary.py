"""Entries of equal changes, the rows of a table, and the lines that scripts look for."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reconciler.model import Action, Address, Change, Cost, FieldChange, Interrupts, Json, Plan
from reconciler.problems import Problem, Where
from reconciler.redact.presented import present
from reconciler.report.results import drift_of
from reconciler.report.summary import (
    ROWS,
    ChangeHarm,
    drift_entries,
    drift_rows,
    entries_of,
    facts_of,
    plan_line,
    rows_of,
)
from tests.fakes import HERE
from tests.report.samples import GPU, LEGACY, NOTHING, OLD, PRICING, SIMULATE, SPOT

KINDS = ("ComputeEnvironment", "JobQueue", "JobDefinition")


def tag(name: str, before: Json, after: Json, **more: Json) -> FieldChange:
    return FieldChange(path=("tags", name), before=before, after=after, cost=Cost.METADATA, **more)


def image(before: str, after: str) -> FieldChange:
    return FieldChange(path=("containerProperties", "image"), before=before, after=after, cost=Cost.REVISION)


def change(kind: str, name: str, *fields: FieldChange, action: Action = Action.UPDATE, **more: Json) -> Change:
    return Change(action=action, address=Address(kind, name), name=name, fields=fields, **more)


def plan(*changes: Change) -> Plan:
    return Plan("risk", HERE, changes)


def rows(*changes: Change) -> list[tuple[str, str, str, str]]:
    entries = entries_of(present(plan(*changes)).changes, facts_of)
    return [(row.sign, row.resource, row.what, row.outcome) for row in rows_of(entries)]


RELEASE = tag("release", "r1", "r2")
SIXTY = (
    *(change("JobQueue", f"q{index}", RELEASE) for index in range(40)),
    *(
        change("JobDefinition", f"j{index}", image("j:1", "j:2"), RELEASE, action=Action.REVISION)
        for index in range(20)
    ),
)


def test_equal_changes_are_one_row_and_a_tag_that_all_share_is_one() -> None:
    assert rows(*SIXTY) == [
        ("^", "20 job definitions", "image j:1 -> j:2", "new revision"),
        ("~", "60 resources", "tags.release r1 -> r2", "free"),
    ]


def test_tags_that_the_same_resources_share_are_one_row() -> None:
    both = (RELEASE, tag("commit", None, "abc"))
    assert rows(*(change("JobQueue", f"q{index}", *both) for index in range(3))) == [
        ("~", "3 job queues", "tags.release r1 -> r2, tags.commit set to abc", "free")
    ]


def test_two_equal_changes_keep_their_names() -> None:
    assert [row[1] for row in rows(change("JobQueue", "a", RELEASE), change("JobQueue", "b", RELEASE))] == [
        "JobQueue/a",
        "JobQueue/b",
    ]


@pytest.mark.parametrize(
    "other",
    [
        change("JobQueue", "other", tag("release", "r1", "r3")),
        change("JobQueue", "other", tag("release", "r1", "r2", drift=True)),
        change("JobQueue", "other", RELEASE, refusals=(Problem("PLAN003", "JobQueue/other: it is not ours"),)),
    ],
)
def test_what_differs_in_anything_else_stands_for_itself(other: Change) -> None:
    equal = (change("JobQueue", f"q{index}", RELEASE) for index in range(3))
    assert "JobQueue/other" in [row[1] for row in rows(*equal, other)]


def test_what_is_deleted_or_created_is_always_named() -> None:
    deleted = [change("JobQueue", f"d{index}", action=Action.DELETE) for index in range(5)]
    created = [change("JobQueue", f"c{index}", action=Action.CREATE) for index in range(5)]
    assert [row[1] for row in rows(*created, *deleted)] == [
        *(f"JobQueue/d{index}" for index in range(5)),
        *(f"JobQueue/c{index}" for index in range(5)),
    ]


def test_the_most_harmful_change_is_the_first_row() -> None:
    jobs = replace(PRICING, interrupts=Interrupts(at_once=False, jobs={"pricing": 3}))
    entries = entries_of(present(plan(SPOT, PRICING, SIMULATE, jobs, GPU, OLD, LEGACY)).changes, facts_of)
    assert [entry.harm for entry in entries] == list(map(ChangeHarm, (0, 1, 2, 3, 4, 5, 6)))


@given(st.lists(st.tuples(st.sampled_from(KINDS), st.integers(0, 2), st.integers(0, 2)), max_size=12))
def test_each_field_of_each_change_is_in_exactly_one_entry(picks: list[tuple[str, int, int]]) -> None:
    changes = [
        change(kind, f"n{index}", *(tag(name, "x", str(value)) for name, value in (("a", a), ("b", b)) if value))
        for index, (kind, a, b) in enumerate(picks)
    ]
    entries = entries_of(present(plan(*changes)).changes, facts_of)
    told = sorted(
        (str(facts.address), field.path) for entry in entries for facts in entry.facts for field in entry.fields
    )
    assert told == sorted((str(each.address), f"tags.{field.path[1]}") for each in changes for field in each.fields)


def test_of_very_many_changes_the_mildest_are_counted_and_the_gravest_named() -> None:
    many = [change("JobQueue", f"q{index}", tag("own", "x", f"{index}")) for index in range(5_000)]
    table = rows(*many, change("JobQueue", "gone", action=Action.DELETE))
    assert table == [("-", "JobQueue/gone", "", "deleted"), ("~", "5000 job queues", "", "free")]
    assert len(rows(*many[:ROWS])) == ROWS


def test_a_row_names_the_dearest_fields_and_counts_the_others() -> None:
    fields = [tag(name, "x", "y") for name in "abc"]
    ((_, _, what, _),) = rows(change("JobDefinition", "j", *fields, image("j:1", "j:2"), action=Action.REVISION))
    assert what == "image j:1 -> j:2, tags.a x -> y, tags.b x -> y, 1 more"


def test_of_long_texts_a_row_shows_where_they_part() -> None:
    registry = "123456789012.dkr.ecr.us-east-1.amazonaws.com/risk/simulate"
    ((_, _, what, _),) = rows(change("JobDefinition", "j", image(f"{registry}:1.4.2", f"{registry}:1.5.0")))
    assert what == "image …:1.4.2 -> …:1.5.0"


def test_a_row_says_which_jobs_are_affected() -> None:
    held = replace(OLD, jobs={"RUNNABLE": 12, "RUNNING": 3})
    unknown = replace(GPU, interrupts=Interrupts(at_once=True, unknown="AccessDenied"))
    some = replace(GPU, interrupts=Interrupts(at_once=True, jobs={"a": 2, "b": 5}))
    none = replace(GPU, interrupts=Interrupts(at_once=True))
    entries = entries_of(present(plan(held, unknown, some, none)).changes, facts_of)
    assert [row.jobs for row in rows_of(entries)] == ["3 RUNNING, 12 RUNNABLE", "unknown", "up to 7 running", ""]


def test_a_row_is_at_the_only_field_that_changes_or_at_the_resource() -> None:
    where, line = Where("s.yaml", 3, 1), Where("s.yaml", 9, 1)
    one = change("JobQueue", "a", tag("x", "1", "2", where=line), where=where)
    two = change("JobQueue", "b", tag("x", "1", "3", where=line), tag("y", "1", "2"), where=where)
    group = [change("JobQueue", f"q{index}", RELEASE, where=where) for index in range(3)]
    entries = entries_of(present(plan(one, two, *group)).changes, facts_of)
    assert [row.where for row in rows_of(entries)] == [line, where, None]


def test_the_last_line_counts_by_cost_and_names_what_is_destroyed() -> None:
    deleted = [change("JobQueue", f"d{index}", action=Action.DELETE) for index in range(7)]
    assert plan_line(present(plan(*SIXTY, GPU, SPOT, *deleted))) == (
        "Plan: 1 to add, 61 to change (1 replaces instances, 20 revisions, 40 free), 0 to replace, 7 to destroy: "
        "JobQueue/d0, JobQueue/d1, JobQueue/d2, JobQueue/d3, JobQueue/d4 and 2 more."
    )


def test_an_empty_plan_says_so_once() -> None:
    assert plan_line(present(NOTHING)) == "No changes. 5 resources are as declared."


def test_no_secret_is_in_a_row() -> None:
    password = FieldChange(
        path=("containerProperties", "environment", "DB_PASSWORD", "value"), before="hunter1", after="hunter2", cost=Cost.REVISION
    )  # fmt: skip
    ((_, _, what, _),) = rows(change("JobDefinition", "j", password, action=Action.REVISION))
    assert what == "environment.DB_PASSWORD (redacted)"


def drift_table(*changes: Change) -> list[tuple[str, str, str, str]]:
    drift = drift_of(present(plan(*changes)))
    table = drift_rows(drift_entries(drift.tiers, facts_of), drift.statuses)
    return [(row.sign, row.resource, row.what, row.outcome) for row in table]


def test_drift_leads_from_the_declared_to_the_live_value_at_the_cost_of_the_apply_that_undoes_it() -> None:
    live = FieldChange(path=("priority",), before=5, after=10, cost=Cost.SCALING, drift=True)
    own = FieldChange(path=("state",), before="ENABLED", after="DISABLED", cost=Cost.SCALING)
    assert drift_table(change("JobQueue", "pricing", live, own)) == [
        ("changed", "JobQueue/pricing", "priority 10 -> 5", "in place"),
    ]


def test_drift_is_in_the_order_of_its_urgency() -> None:
    undeclared = change("JobQueue", "tagged", tag("who", "me", None, drift=True, undeclared=True))
    drifted = change("JobQueue", "drifted", tag("who", "me", "us", drift=True))
    pending = change("JobDefinition", "job", image("j:1", "j:2"), action=Action.REVISION)
    missing = change("JobQueue", "gone", RELEASE, action=Action.CREATE)
    assert drift_table(pending, undeclared, drifted, missing) == [
        ("missing", "JobQueue/gone", "never applied, or deleted outside this stack", "new"),
        ("changed", "JobQueue/drifted", "tags.who us -> me", "free"),
        ("undeclared", "JobQueue/tagged", "tags.who set to me", "free"),
        ("pending", "JobDefinition/job", "not applied yet", "new revision"),
    ]


def test_equal_drift_is_one_row() -> None:
    drifted = [change("JobQueue", f"q{index}", tag("a", "x", "y", drift=True)) for index in range(9)]
    missing = [change("JobDefinition", f"j{index}", RELEASE, action=Action.CREATE) for index in range(9)]
    assert [row[:2] for row in drift_table(*drifted, *missing)] == [
        ("missing", "9 job definitions"), ("changed", "9 job queues"),
    ]  # fmt: skip

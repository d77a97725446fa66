"""Merged findings are never stale: the newest counts, and what is missing, old or of a different run is noticed."""

import json
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from reconciler.adapters import machine
from reconciler.model import Json
from tests.cli.conftest import SMALL, Once, Ran, Run, write

STACKS = ("a", "b")
FLEET = f"environments: {{prod: {{region: us-east-1}}, dev: {{region: eu-west-1}}}}\nstacks: {{{', '.join(f'{name}: [prod, dev]' for name in STACKS)}}}\n"
Later = Callable[[float], None]


@pytest.fixture
def later(monkeypatch: pytest.MonkeyPatch) -> Later:
    """Turn the time of day, which stands still otherwise, by some hours."""
    now = [datetime(2026, 11, 29, 5, tzinfo=UTC)]
    monkeypatch.setattr(machine, "utc_now", lambda: now[0])

    def turn(hours: float) -> None:
        now[0] += timedelta(hours=hours)

    return turn


@pytest.fixture
def fleet(run: Run, later: Later, once: Once) -> Run:
    def apply() -> None:
        for name in STACKS:
            write(name, SMALL.replace("small", name).replace("fair:", f"fair-{name}:"))
        Path("reconciler.yaml").write_text(FLEET, encoding="utf-8")
        assert run("apply", "--all", "--sandbox", "--yes").code == 0

    once(apply)
    return run


def drift_by_shares(run: Run, of: int, *words: str, only: tuple[int, ...] = ()) -> None:
    for number in only or range(1, of + 1):
        run("drift", "--all", "--sandbox", f"--shard={number}/{of}", *words, "-o", "json=today-{shard}.json")


def changed(run: Run) -> None:
    ran = run("sandbox", "drift", "SchedulingPolicy/fair-b", "shareDecaySeconds=99", "--region", "us-east-1")
    assert ran.code == 0, ran.err


def merged(run: Run, *words: str) -> Ran:
    return run("report", "merge", *sorted(map(str, Path().glob("today-*.json"))), "-o", "json", *words)


def told(ran: Ran) -> dict[str, str]:
    return {one["target"]: one["came_to"] for one in ran.json["targets"]}


def test_shares_that_a_smaller_run_has_left_behind_are_no_findings(fleet: Run, later: Later) -> None:
    drift_by_shares(fleet, 8)
    changed(fleet)
    later(24)
    drift_by_shares(fleet, 2)
    ran = merged(fleet)
    assert (ran.code, told(ran)["b@prod"], len(told(ran))) == (2, "with changes", 4)
    assert ran.err.count("warning[MRG001]: today-") == 6
    assert "today-8.json of 2026-11-29T05:00:00.000Z is left out: it is 24 h older" in ran.err
    assert (ran.json["selection"]["stacks"], ran.json["shard"]) == ([], None)


def test_shares_of_a_different_number_count_for_nothing_within_the_hour_either(fleet: Run, later: Later) -> None:
    drift_by_shares(fleet, 3)
    changed(fleet)
    later(0.5)
    drift_by_shares(fleet, 2)
    ran = merged(fleet)
    assert (ran.code, told(ran)["b@prod"], len(told(ran))) == (2, "with changes", 4)
    assert "today-3.json, share 3/3, of" in ran.err


@pytest.mark.parametrize("only", [(1,), (2,), (1, 3)])
def test_a_missing_share_is_an_error(fleet: Run, only: tuple[int, ...]) -> None:
    drift_by_shares(fleet, max(2, len(only) + 1), only=only)
    ran = merged(fleet)
    assert (ran.code, ran.json["exit"], ran.json["selection"]) == (1, 1, None)
    assert "error[MRG002]: 1 share of" in ran.err
    assert [note["code"] for note in ran.json["notes"]] == ["MRG002"]


def test_a_document_from_the_future_makes_no_others_old(fleet: Run, later: Later) -> None:
    drift_by_shares(fleet, 2)
    later(-0.05)
    assert merged(fleet).code == 0
    later(-1)
    ran = merged(fleet)
    assert (ran.code, ran.json["document"]) == (64, "error")
    assert "today-1.json cannot be merged: its time, 2026-11-29T05:00:00.000Z, is in the future" in ran.err


def test_a_share_of_yesterday_is_a_missing_one(fleet: Run, later: Later) -> None:
    drift_by_shares(fleet, 2)
    later(24)
    drift_by_shares(fleet, 2, only=(1,))
    ran = merged(fleet)
    assert (ran.code, {note["code"] for note in ran.json["notes"]}) == (1, {"MRG001", "MRG002"})
    assert "missing: 2/2" in ran.err
    assert merged(fleet, "--max-age", "48h").code == 0


def test_an_incomplete_merge_stays_incomplete_when_it_is_merged_again(fleet: Run) -> None:
    drift_by_shares(fleet, 2, only=(1,))
    merged(fleet, "-o", "text=x.txt", "-o", "html=x.html")
    Path("all.json").write_text(merged(fleet).out, encoding="utf-8")
    ran = fleet("report", "merge", "all.json", "-o", "json")
    assert (ran.code, [note["code"] for note in ran.json["notes"]]) == (1, ["MRG002"])


def test_the_newest_document_counts_in_whatever_order_they_are_named(fleet: Run, later: Later) -> None:
    fleet("drift", "--all", "--sandbox", "-o", "json=z.json")
    changed(fleet)
    later(1)
    fleet("drift", "--all", "--sandbox", "-o", "json=a.json")
    for names in (("a.json", "z.json"), ("z.json", "a.json")):
        ran = fleet("report", "merge", *names, "-o", "json")
        assert (ran.code, told(ran)["b@prod"]) == (2, "with changes")
        assert "z.json of 2026-11-29T05:00:00.000Z is left out: a.json of 2026-11-29T06:00:00.000Z is newer" in ran.err


def test_a_part_that_was_run_again_takes_the_place_of_its_deployments(fleet: Run, later: Later) -> None:
    fleet("drift", "--all", "--sandbox", "-o", "json=all.json")
    changed(fleet)
    later(1)
    fleet("drift", "--all", "b", "--sandbox", "-o", "json=b.json")
    ran = fleet("report", "merge", "b.json", "all.json", "-o", "json")
    assert (ran.code, told(ran)["b@prod"], len(told(ran)), ran.err) == (2, "with changes", 4, "")
    assert ran.json["selection"]["stacks"] == []


def test_environments_are_merged_and_an_old_one_is_an_error(fleet: Run, later: Later) -> None:
    fleet("drift", "--all", "--env", "dev", "--sandbox", "-o", "json=dev.json")
    fleet("drift", "--all", "--env", "prod", "--sandbox", "-o", "json=prod.json")
    ran = fleet("report", "merge", "dev.json", "prod.json", "-o", "json")
    assert (ran.code, len(told(ran)), ran.json["selection"], ran.err) == (0, 4, None, "")
    later(24)
    fleet("drift", "--all", "--env", "prod", "--sandbox", "-o", "json=prod.json")
    ran = fleet("report", "merge", "dev.json", "prod.json", "-o", "json")
    assert (ran.code, len(told(ran))) == (1, 2)
    assert "error[MRG003]: dev.json of 2026-11-29T05:00:00.000Z is left out" in ran.err


def test_documents_of_different_commands_are_not_merged(fleet: Run) -> None:
    fleet("drift", "--all", "--sandbox", "-o", "json=drift.json")
    fleet("plan", "--all", "--sandbox", "-o", "json=plan.json")
    ran = fleet("report", "merge", "drift.json", "plan.json")
    assert (ran.code, ran.out) == (64, "")
    assert "different commands cannot be merged: `drift` in drift.json, `plan` in plan.json" in ran.err


def test_files_of_targets_with_stacks_of_one_name_are_kept_apart(fleet: Run) -> None:
    for name in ("x", "y"):
        write(name, "")
        Path(name, "stack.yaml").unlink()
        Path(name, "reconciler.yaml").write_text("environments: {prod: {region: us-east-1}}\nstacks: {job: prod}\n")
        Path(name, "job").mkdir()
        Path(name, "job", "stack.yaml").write_text(SMALL.replace("small", name))
        fleet("drift", f"--all={name}/reconciler.yaml", "--sandbox", "-o", f"json={name}.json")
    ran = fleet("report", "merge", "x.json", "y.json", "-o", "json")
    assert [(one["target"], one["file"]) for one in ran.json["targets"]] == [
        ("job@prod", "x/reconciler.yaml"), ("job@prod", "y/reconciler.yaml"),
    ]  # fmt: skip


def test_the_page_of_an_incomplete_merge_says_so(fleet: Run) -> None:
    drift_by_shares(fleet, 2, only=(1,))
    fleet("report", "merge", "today-1.json", "-o", "html=x.html")
    assert "1 share of 2 missing: 2/2" in Path("x.html").read_text(encoding="utf-8")


def test_a_document_says_when_where_and_how_it_ended(fleet: Run) -> None:
    changed(fleet)
    fleet("drift", "--all", "--sandbox", "--shard=1/1", "-o", "json=x.json")
    whole = json.loads(Path("x.json").read_text())
    assert (whole["time"], whole["exit"], whole["shard"]) == ("2026-11-29T05:00:00.000Z", 2, {"index": 1, "of": 1})
    (one,) = [one for one in whole["targets"] if one["target"] == "b@prod"]
    assert {name: one[name] for name in ("file", "stack", "environment", "account", "region", "exit", "time")} == {
        "file": "reconciler.yaml", "stack": "b", "environment": "prod", "account": "123456789012", "region": "us-east-1",
        "exit": 2, "time": "2026-11-29T05:00:00.000Z",
    }  # fmt: skip
    assert (one["result"]["exit"], one["result"]["time"]) == (2, "2026-11-29T05:00:00.000Z")


@pytest.mark.parametrize(
    ("words", "code"),
    [
        (("plan", "b"), 0), (("plan", "b", "--detailed-exitcode"), 2), (("drift", "b"), 2), (("status", "b"), 0),
        (("validate", "b"), 0), (("apply", "b", "--yes"), 0), (("plan", "nowhere"), 64), (("nonsense",), 64),
    ],
)  # fmt: skip
def test_the_document_of_one_stack_has_its_exit_code(fleet: Run, words: tuple[str, ...], code: int) -> None:
    changed(fleet)
    sandbox = () if words[0] in ("validate", "nonsense") else ("--sandbox", "--region", "us-east-1")
    ran = fleet(*words, *sandbox, "-o", "json")
    assert (ran.code, ran.json["exit"], ran.json["time"]) == (code, code, "2026-11-29T05:00:00.000Z")


def damaged() -> Iterator[tuple[tuple[str | int, ...], Json, str]]:
    result = ("targets", 0, "result")
    yield (*result, "changed"), "abc", "$.targets[0].result.changed: it has to be of type array"
    yield (*result, "changed"), [1], "$.targets[0].result.changed[0]: it has to be of type object"
    yield (*result, "summary"), None, "$.targets[0].result.summary: it has to be of type object"
    yield (*result, "document"), "zoo", "$.targets[0].result.document: no command writes such a document"
    yield (*result, "document"), ["drift"], "$.targets[0].result.document: no command writes such a document"
    yield result, "x", "$.targets[0].result: it has to be of type object or null"
    yield ("targets", 0, "seconds"), "x", "$.targets[0].seconds: it has to be of type number"
    yield ("targets", 0, "seconds"), 10**400, "$.targets[0].seconds"
    yield ("targets", 0, "exit"), True, "$.targets[0].exit: it has to be of type integer"
    yield ("targets", 0, "exit"), 77, "$.targets[0].exit: it is none of the values that are known"
    yield ("targets", 0, "came_to"), "fine", "$.targets[0].came_to"
    yield ("targets", 0, "account"), 123456789012, "$.targets[0].account: it has to be of type string or null"
    yield ("targets", 0, "time"), "2026-13-45T99:00:00Z", "$.targets[0].time"
    yield ("targets",), {}, "$.targets: it has to be of type array"
    yield ("targets",), [None], "$.targets[0]: it has to be of type object"
    yield ("exit",), True, "$.exit: it has to be of type integer"
    yield ("time",), "yesterday", "$.time: it is not of the form that it has to have"
    yield ("shard",), {"index": 3, "of": 2}, "$.shard.index: there are not so many shares"
    yield ("shard",), {"index": 0, "of": 2}, "$.shard.index"
    yield ("selection",), {"stacks": "all"}, "$.selection"
    yield ("notes",), [{}], "$.notes[0]"
    yield ("command",), None, "$.command: it has to be of type string"


@pytest.mark.parametrize("command", ["report merge", "comment drift", "notify", "apply --yes --all"])
def test_a_damaged_document_is_refused_at_its_place(
    run: Run, later: Later, monkeypatch: pytest.MonkeyPatch, command: str
) -> None:
    for name, text in {"GITHUB_TOKEN": "x", "GITHUB_REPOSITORY": "a/b", "RECONCILER_WEBHOOK": "http://h"}.items():
        monkeypatch.setenv(name, text)
    Path("reconciler.yaml").write_text("environments: {prod: {region: us-east-1}}\nstacks: {small: prod}\n")
    sound = run("drift", "--all", "--sandbox", "-o", "json").out
    for path, value, said in damaged():
        owner = whole = json.loads(sound)
        for step in path[:-1]:
            owner = owner[step]
        owner[path[-1]] = value
        Path("x.json").write_text(json.dumps(whole))
        ran = run(*command.split(), "x.json")
        assert (ran.code, ran.out) == (64, ""), said
        assert f"it is damaged at {said}" in " ".join(ran.err.split())

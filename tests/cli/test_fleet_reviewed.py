"""Plans of many targets, saved, reviewed and applied: only what is still the plan that was read."""

import json
from pathlib import Path

import pytest

from reconciler.saved_plan.sealing import fingerprint_of
from tests.cli.conftest import SMALL, Run, write
from tests.cli.test_fleet import FLEET

REVIEWED = ("apply", "--all", "plan.json", "--sandbox", "--yes")


@pytest.fixture
def planned(run: Run) -> Run:
    """Run commands where the targets of the environment prod were planned, and the plans were saved."""
    Path("reconciler.yaml").write_text(FLEET, encoding="utf-8")
    saved(run, "--env", "prod")
    return run


def saved(run: Run, *words: str) -> None:
    ran = run("plan", "--all", "--sandbox", *words, "-o", "json")
    Path("plan.json").write_text(ran.out)


def results(run: Run, *words: str) -> dict[str, int]:
    ran = run(*REVIEWED, *words, "-o", "json")
    return {one["target"]: one["exit"] for one in ran.json["targets"]}


def test_what_was_reviewed_is_applied_and_no_other_target(planned: Run) -> None:
    assert results(planned) == {"small@prod/222222222222": 0, "small@prod/333333333333": 0}
    ran = planned("plan", "--all", "--sandbox")
    assert ran.last == "Fleet: 4 deployments: 2 unchanged, 2 with changes."


def test_of_what_was_reviewed_a_part_can_be_applied(run: Run) -> None:
    Path("reconciler.yaml").write_text(FLEET, encoding="utf-8")
    saved(run)
    assert results(run, "risk", "--env", "dev") == {"risk@dev": 0}


def test_a_target_whose_plan_is_another_by_now_is_left_alone_and_the_others_go_on(run: Run) -> None:
    Path("reconciler.yaml").write_text(FLEET, encoding="utf-8")
    saved(run)
    write("small", SMALL.replace("60", "61"))
    ran = run(*REVIEWED)
    assert (ran.code, ran.last) == (6, "Fleet: 4 deployments: 1 done, 3 stale.")
    assert "this is not the plan in plan.json: 1 difference; nothing was changed" in " ".join(ran.err.split())


def test_a_second_time_nothing_is_done_again(planned: Run) -> None:
    planned(*REVIEWED)
    assert set(results(planned).values()) == {6}


def test_a_target_of_which_no_plan_could_be_made_is_told(run: Run) -> None:
    Path("reconciler.yaml").write_text(FLEET, encoding="utf-8")
    write("small", "stack: small\nschedulingPolicies: {fair: {fairsharePolicy: {shareDecaySeconds: x}}}\n")
    saved(run)
    ran = run(*REVIEWED)
    assert (ran.code, ran.last) == (6, "Fleet: 4 deployments: 1 done, 3 stale.")
    assert "plan.json has no plan for small@dev; nothing was changed" in ran.err


def test_values_of_the_target_and_the_command_line_come_with_the_plan(run: Run) -> None:
    Path("reconciler.yaml").write_text(
        "environments: {dev: {account: '111111111111', region: us-east-1, variables: {share: 7}}}\n"
        "stacks: {sized: {environments: dev, variableFiles: more.yaml}}\n"
    )
    Path("more.yaml").write_text("name: fair\n")
    write("sized", "stack: sized\nvariables: {share: {type: integer}, name: {type: string}, team: {type: string}}\n"
          "schedulingPolicies: {p: {fairsharePolicy: {shareDecaySeconds: !var share}, tags: {n: !var name, t: !var team}}}\n")  # fmt: skip
    saved(run, "--var", "team=risk")
    assert results(run) == {"sized@dev": 0}
    assert run("plan", "--all", "--sandbox", "--var", "team=risk").last == "Fleet: 1 deployment: 1 unchanged."


def test_what_no_plan_can_keep_has_to_be_given_again(run: Run) -> None:
    Path("reconciler.yaml").write_text(FLEET, encoding="utf-8")
    write("small", "stack: small\nvariables: {key: {type: string, secret: true}}\n"
          "schedulingPolicies: {p: {fairsharePolicy: {}, tags: {k: !var key}}}\n")  # fmt: skip
    saved(run, "--env", "prod", "--var", "key=hush-hush")
    assert "hush" not in Path("plan.json").read_text()
    assert run(*REVIEWED).code == 64
    assert set(results(run, "--var", "key=hush-hush").values()) == {0}


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (("apply", "plan.json", "--yes"), "plan.json contains the plans of several deployments"),
        (
            ("apply", "--all", "plan.json", "--yes", "--allow-replace"),
            "--allow-replace cannot be used with a saved plan",
        ),
        (("apply", "--all", "drift.json", "--yes"), "drift.json contains results of `drift`, not plans"),
        (("apply", "--all", "changed.json", "--yes"), "changed.json was changed after it was written"),
        (("apply", "--all", "damaged.json", "--yes"), "damaged.json cannot be applied: it is damaged"),
    ],
)
def test_what_cannot_be_applied_is_refused_before_anything_is_done(
    planned: Run, words: tuple[str, ...], told: str
) -> None:
    Path("drift.json").write_text(planned("drift", "--all", "--sandbox", "-o", "json").out)
    document = json.loads(Path("plan.json").read_text())
    Path("damaged.json").write_text(json.dumps({**document, "targets": [{"target": "x"}]}))
    document["targets"][0]["result"]["changes"][0]["action"] = "delete"
    Path("changed.json").write_text(json.dumps(document))
    ran = planned(*words)
    assert (ran.code, ran.out) == (64, "")
    assert ran.err.startswith(f"error: {told}")


def test_a_target_that_is_gone_is_told(planned: Run) -> None:
    Path("reconciler.yaml").write_text(FLEET.replace("333333333333", "444444444444"), encoding="utf-8")
    ran = planned(*REVIEWED)
    assert (ran.code, ran.err.splitlines()[0]) == (
        64, "error: reconciler.yaml has no deployment small@prod/333333333333, but the file of plans does",
    )  # fmt: skip


def test_a_consent_that_was_written_into_the_plans_is_stale_where_fingerprints_are_expected(planned: Run) -> None:
    whole = json.loads(Path("plan.json").read_text(encoding="utf-8"))
    expected = [word for one in whole["targets"] for word in ("--expect", one["result"]["fingerprint"])]
    for one in whole["targets"]:
        one["result"]["inputs"]["allow_destroy"] = ["*"]
    Path("plan.json").write_text(json.dumps(whole), encoding="utf-8")
    assert planned(*REVIEWED, *expected).code == 6
    for one in whole["targets"]:
        one["result"]["fingerprint"] = fingerprint_of(one["result"])
    Path("plan.json").write_text(json.dumps(whole), encoding="utf-8")
    assert set(results(planned, *expected).values()) == {6}

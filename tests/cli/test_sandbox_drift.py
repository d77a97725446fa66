"""`sandbox drift` and `tick`: what happens behind everybody's back, and what the other commands make of it."""

from pathlib import Path

import pytest

from tests.cli.conftest import Run

FILE = ".reconciler/sandbox.json"

pytestmark = pytest.mark.usefixtures("no_endpoint")


def test_what_an_outside_hand_changes_is_drift(run: Run) -> None:
    run("apply", "risk", "--sandbox", "--yes")
    ran = run("sandbox", "drift", "ComputeEnvironment/spot", "maxvCpus=512")
    assert (ran.code, ran.out) == (
        0,
        "ComputeEnvironment/spot changed by UpdateComputeEnvironment (VALID)\n  computeResources.maxvCpus: 16 -> 512\n",
    )
    seen = run("drift", "risk", "--sandbox", "-o", "json")
    changed = seen.json["changed"]
    assert (seen.code, [(one["address"], [f["path"] for f in one["fields"]]) for one in changed]) == (
        2,
        [("ComputeEnvironment/spot", ["computeResources.maxvCpus"])],
    )


def test_a_revision_by_hand_is_drift(run: Run) -> None:
    run("apply", "risk", "--sandbox", "--yes")
    ran = run("sandbox", "drift", "JobDefinition/simulate", "image=busybox:2", "-o", "json")
    assert ran.json == {
        "sandbox": FILE,
        "address": "JobDefinition/simulate",
        "calls": ["RegisterJobDefinition"],
        "status": "ACTIVE",
        "fields": [{"path": "containerProperties.image", "before": "busybox:1", "after": "busybox:2"}],
    }
    assert run("drift", "risk", "--sandbox").code == 2
    assert run("apply", "risk", "--sandbox", "--yes").code == 0


def test_the_only_place_with_resources_is_found(run: Run) -> None:
    run("apply", "small", "--sandbox", "--yes", "--region", "eu-west-1")
    assert run("sandbox", "drift", "SchedulingPolicy/fair", "shareDecaySeconds=90").code == 0
    run("apply", "small", "--sandbox", "--yes", "--region", "us-east-1")
    ran = run("sandbox", "drift", "SchedulingPolicy/fair", "shareDecaySeconds=90")
    assert (ran.code, ran.err.splitlines()[-1]) == (64, "    hint: choose one by --region and --account")
    assert run("sandbox", "drift", "SchedulingPolicy/fair", "shareDecaySeconds=99", "--region", "us-east-1").code == 0


def test_a_served_sandbox_is_changed_over_http(run: Run, port: str, monkeypatch: pytest.MonkeyPatch) -> None:
    run("apply", "small", "--sandbox=served.json", "--yes")
    assert run("sandbox", "drift", "SchedulingPolicy/fair", "shareDecaySeconds=90", "--port", port).code == 0
    monkeypatch.setenv("AWS_ENDPOINT_URL", f"http://127.0.0.1:{port}")
    ran = run("sandbox", "drift", "SchedulingPolicy/fair", "shareDecaySeconds=99", "-o", "json")
    assert (ran.json["sandbox"], ran.json["fields"][0]["before"]) == (f"http://127.0.0.1:{port}", 90)
    assert run("drift", "small", "--sandbox=served.json").code == 2


def test_an_endpoint_elsewhere_is_never_called(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_ENDPOINT_URL", "https://batch.us-east-1.amazonaws.com")
    run("apply", "small", "--sandbox", "--yes")
    assert (
        run("sandbox", "drift", "SchedulingPolicy/fair", "shareDecaySeconds=90", "-o", "json").json["sandbox"] == FILE
    )


def test_nobody_at_the_port_is_wrong_usage(run: Run) -> None:
    ran = run("sandbox", "drift", "SchedulingPolicy/fair", "shareDecaySeconds=90", "--port", "1")
    assert (ran.code, ran.err) == (
        64,
        "error: no sandbox answers at http://127.0.0.1:1\n    hint: start it with `reconciler sandbox serve`\n",
    )


def test_without_a_file_there_is_nothing_to_change(run: Run) -> None:
    ran = run("sandbox", "drift", "JobQueue/pricing", "priority=1")
    assert (ran.code, Path(FILE).exists()) == (64, False)


@pytest.mark.parametrize("words", [("priority",), ("=1",), ("priority=[",), ("priority=!var x",), ()])
def test_members_are_given_as_yaml(run: Run, words: tuple[str, ...]) -> None:
    assert run("sandbox", "drift", "JobQueue/pricing", *words).code == 64


def test_ticks_are_told_to_programs(run: Run) -> None:
    run("sandbox", "tick", "90s")
    assert run("sandbox", "tick", "30", "-o", "json").json == {
        "sandbox": FILE,
        "seconds": 30,
        "ahead": 120,
        "fired": [],
    }


def test_a_served_clock_is_turned_over_http(run: Run, port: str) -> None:
    run("apply", "small", "--sandbox=served.json", "--yes")
    ran = run("sandbox", "tick", "1h", "--port", port)
    assert (ran.code, ran.out) == (
        0,
        f"http://127.0.0.1:{port}: 3600 s have passed; its clock is 3600 s ahead\n",
    )
    assert run("sandbox", "tick", "30", "--file", "served.json", "-o", "json").json["ahead"] == 3630


def test_a_file_that_is_named_is_meant_whatever_the_endpoint(
    run: Run, port: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AWS_ENDPOINT_URL", f"http://127.0.0.1:{port}")
    assert run("sandbox", "tick", "5", "-o", "json").json["sandbox"] == f"http://127.0.0.1:{port}"
    ran = run("sandbox", "tick", "7", "--file", "other.json", "-o", "json")
    assert ran.json == {"sandbox": "other.json", "seconds": 7, "ahead": 7, "fired": []}
    assert run("sandbox", "tick", "7", "--file", "other.json", "--port", port).code == 64
    assert run("sandbox", "tick", "7", "--file", "").code == 64


def test_nobody_at_the_port_cannot_be_turned(run: Run) -> None:
    ran = run("sandbox", "tick", "5", "--port", "1")
    assert (ran.code, ran.err) == (
        64,
        "error: no sandbox answers at http://127.0.0.1:1\n    hint: start it with `reconciler sandbox serve`\n",
    )


def test_a_mistyped_action_is_recognised(run: Run) -> None:
    assert run("sandbox", "tik", "1").err.splitlines()[-1] == "    hint: did you mean tick?"

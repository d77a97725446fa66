"""`sandbox drift`, `break` and `tick`: what goes wrong, on demand, and what the other commands make of it."""

from pathlib import Path

import pytest

from tests.cli.conftest import STACK, Run, write

FILE = ".reconciler/sandbox.json"
EC2 = STACK.replace(
    "type: FARGATE\n", "type: EC2\n      minvCpus: 0\n      instanceTypes: [optimal]\n      instanceRole: workers\n"
).replace("platformCapabilities: [FARGATE]\n    ", "")


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


def test_a_missing_role_ends_in_an_unhealthy_apply_with_its_reason(run: Run) -> None:
    write("risk", EC2)
    assert run("sandbox", "break", "--missing-role", "workers").out == f"{FILE}: broken\n  workers does not exist\n"
    ran = run("apply", "risk", "--sandbox", "--yes", "-o", "json")
    assert (ran.code, "Instance profile workers does not exist" in ran.out) == (8, True)


def test_a_role_is_there_again(run: Run) -> None:
    write("risk", EC2)
    run("sandbox", "break", "--missing-role", "workers")
    assert run("sandbox", "break", "--no-missing-role").out == f"{FILE}: nothing is broken\n"
    assert run("apply", "risk", "--sandbox", "--yes").code == 0


@pytest.mark.parametrize("failure", ["--lose", "--fail", "--throttle"])
def test_calls_that_fail_for_a_while_end_converged(run: Run, failure: str) -> None:
    run("sandbox", "break", failure, "2", "--operation", "[CR]*")
    ran = run("apply", "risk", "--sandbox", "--yes")
    assert (ran.code, "Converged: planning again finds nothing to do." in ran.out) == (0, True)
    assert run("sandbox", "break", "-o", "json").json["failing"] == []
    assert run("plan", "risk", "--sandbox", "--detailed-exitcode").code == 0


def test_what_is_broken_adds_up_until_it_is_repaired(run: Run) -> None:
    run("sandbox", "break", "--throttle", "1", "--settle", "10m")
    ran = run("sandbox", "break", "--lose", "3", "--operation", "Create*")
    told = [f"{FILE}: broken", "  the next call: throttle", "  the next call of Create*: lost answer, 3 times"]
    assert ran.out.splitlines() == [*told, "  every change takes 600 s"]
    assert run("sandbox", "break", "--repair", "-o", "json").json == {
        "file": FILE,
        "missing_roles": [],
        "failing": [],
        "settle": None,
    }


@pytest.mark.parametrize(
    "words", [("--throttle", "0"), ("--operation", "X*"), ("--settle", "long"), ("--trottle", "1")]
)
def test_a_breakage_that_means_nothing_is_wrong_usage(run: Run, words: tuple[str, ...]) -> None:
    assert run("sandbox", "break", *words).code == 64


def test_slow_changes_time_out_and_a_tick_settles_them(run: Run) -> None:
    run("sandbox", "break", "--settle", "1h")
    assert run("apply", "risk", "--sandbox", "--yes", "--timeout", "60s").code == 9
    ran = run("sandbox", "tick", "2h")
    assert ran.out == f"{FILE}: 7200 s have passed; its clock is 7200 s ahead\n"
    run("sandbox", "break", "--repair")
    assert run("apply", "risk", "--sandbox", "--yes").code == 0


def test_ticks_are_told_to_programs(run: Run) -> None:
    run("sandbox", "tick", "90s")
    assert run("sandbox", "tick", "30", "-o", "json").json == {"file": FILE, "seconds": 30, "ahead": 120}


def test_a_mistyped_action_is_recognised(run: Run) -> None:
    assert run("sandbox", "tik", "1").err.splitlines()[-1] == "    hint: did you mean tick?"

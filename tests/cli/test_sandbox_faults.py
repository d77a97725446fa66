"""`sandbox break`: what is broken on purpose, and what the other commands make of it until it is repaired."""

import pytest

from reconciler.sandbox import session
from reconciler.sandbox.core.service import SimulatedCloud
from tests.cli.conftest import STACK, Run, write
from tests.fakes import HERE

pytestmark = pytest.mark.usefixtures("no_endpoint")
FILE = ".reconciler/sandbox.json"
DENIED = "CLIENT_ERROR - Not authorized to perform sts:AssumeRole"
EC2 = STACK.replace(
    "type: FARGATE\n", "type: EC2\n      minvCpus: 0\n      instanceTypes: [optimal]\n      instanceRole: workers\n"
).replace("platformCapabilities: [FARGATE]\n    ", "")


def health(run: Run, status: str = "INVALID") -> list[str]:
    told = run("plan", "risk", "--sandbox", "-o", "json").json["unhealthy"]
    return sorted(f"{one['address']}: {one['reason']}" for one in told if one["status"] == status)


def test_an_environment_is_invalid_until_an_update_repairs_it(run: Run) -> None:
    run("apply", "risk", "--sandbox", "--yes")
    ran = run("sandbox", "break", "ComputeEnvironment/spot", "--invalid", DENIED)
    assert (ran.code, ran.out) == (0, f"{FILE}: simulated failures\n  ComputeEnvironment/spot is INVALID: {DENIED}\n")
    run("sandbox", "tick", "2h")
    assert health(run) == [f"ComputeEnvironment/spot: {DENIED}"]
    assert run("drift", "risk", "--sandbox").code == 2
    assert run("apply", "risk", "--sandbox", "--yes").code == 0
    assert (health(run), run("sandbox", "break").out) == ([], f"{FILE}: no simulated failures\n")


def test_a_repair_makes_it_valid_again(run: Run) -> None:
    run("apply", "risk", "--sandbox", "--yes")
    run("sandbox", "break", "ComputeEnvironment/spot", "--invalid")
    run("sandbox", "break", "JobQueue/pricing", "--invalid", "CLIENT_ERROR - odd")
    assert health(run) == [f"ComputeEnvironment/spot: {DENIED}", "JobQueue/pricing: CLIENT_ERROR - odd"]
    run("sandbox", "break", "JobQueue/pricing", "--repair")
    assert health(run) == [f"ComputeEnvironment/spot: {DENIED}"]
    run("sandbox", "break", "--repair")
    assert (health(run), run("drift", "risk", "--sandbox").code) == ([], 0)


def test_options_may_stand_in_front_of_the_resource(run: Run) -> None:
    run("apply", "risk", "--sandbox", "--yes")
    assert run("sandbox", "break", "--invalid", "CLIENT_ERROR - odd", "ComputeEnvironment/spot").code == 0
    assert health(run) == ["ComputeEnvironment/spot: CLIENT_ERROR - odd"]


def test_a_queue_is_blocked_by_its_environments(run: Run) -> None:
    two = STACK.replace("jobQueues:", "  other:\n    type: MANAGED\n    computeResources: {type: FARGATE, maxvCpus: 4, "
                        "subnets: [subnet-1a1b2c3d], securityGroupIds: [sg-1a1b2c3d]}\njobQueues:")  # fmt: skip
    write("risk", two.replace("computeEnvironmentOrder: [spot]", "computeEnvironmentOrder: [spot, other]"))
    run("apply", "risk", "--sandbox", "--yes")
    ran = run("sandbox", "break", "JobQueue/pricing", "--blocked", "-o", "json")
    arn = "arn:aws:batch:us-east-1:123456789012:compute-environment"
    assert ran.json["invalid"] == [
        {"address": "ComputeEnvironment/other", "arn": f"{arn}/other", "reason": DENIED},
        {"address": "ComputeEnvironment/spot", "arn": f"{arn}/spot", "reason": DENIED},
    ]
    assert health(run) == [f"ComputeEnvironment/other: {DENIED}", f"ComputeEnvironment/spot: {DENIED}"]
    [blocked] = health(run, "BLOCKED")
    assert blocked.startswith("JobQueue/pricing: it has no working compute environment: spot is INVALID")


def test_no_job_of_a_blocked_queue_starts_until_an_environment_is_repaired(run: Run) -> None:
    run("apply", "risk", "--sandbox", "--yes")
    run("sandbox", "break", "JobQueue/pricing", "--blocked")
    run("sandbox", "submit", "pricing", "simulate", "--seconds", "10m")
    run("sandbox", "tick", "1h")
    assert (jobs("RUNNABLE"), jobs("SUCCEEDED")) == (1, 0)
    assert run("apply", "risk", "--sandbox", "--yes").code == 0
    run("sandbox", "tick", "1h")
    assert (jobs("RUNNABLE"), jobs("SUCCEEDED")) == (0, 1)


def jobs(status: str) -> int:
    cloud = SimulatedCloud(session.open_sandbox(FILE), HERE)
    return len(cloud.call("ListJobs", {"jobQueue": "pricing", "jobStatus": status})["jobSummaryList"])


def test_what_is_stuck_in_its_deletion_is_waited_for_in_vain(run: Run) -> None:
    run("apply", "risk", "--sandbox", "--yes")
    ran = run("sandbox", "break", "JobQueue/pricing", "--stuck-deleting")
    assert ran.out == f"{FILE}: simulated failures\n  JobQueue/pricing never finishes its deletion\n"
    assert run("plan", "risk", "--sandbox", "--detailed-exitcode").code == 0
    assert run("destroy", "risk", "--sandbox", "--yes").code == 9
    run("sandbox", "tick", "24h")
    assert "pricing is DELETING" in run("destroy", "risk", "--sandbox", "--yes", "--timeout", "60s").out
    run("sandbox", "break", "--repair")
    assert run("destroy", "risk", "--sandbox", "--yes").code == 0


def test_the_name_of_what_is_deleted_can_be_kept_for_longer(run: Run) -> None:
    assert run("sandbox", "break", "--deleted", "10m").out == (
        f"{FILE}: simulated failures\n  deleted resources are shown as DELETED for 600 s\n"
    )
    run("apply", "risk", "--sandbox", "--yes")
    assert run("destroy", "risk", "--sandbox", "--yes").code == 0
    planned = run("plan", "risk", "--sandbox")
    assert "the old pricing is DELETED, and its name is not free yet" in planned.out
    assert run("apply", "risk", "--sandbox", "--yes").code == 0
    assert run("plan", "risk", "--sandbox", "--detailed-exitcode").code == 0


def test_reads_that_lag_behind_do_not_lead_apply_astray(run: Run) -> None:
    assert run("sandbox", "break", "--lag", "5s").out == f"{FILE}: simulated failures\n  reads lag 5 s behind writes\n"
    assert run("apply", "risk", "--sandbox", "--yes").code == 0
    write("risk", STACK.replace("maxvCpus: 16", "maxvCpus: 32").replace("priority: 10", "priority: 7"))
    ran = run("apply", "risk", "--sandbox", "--yes")
    assert (ran.code, "Converged: planning again finds nothing to do." in ran.out) == (0, True)
    assert run("destroy", "risk", "--sandbox", "--yes").code == 0


def test_a_drift_is_seen_as_late_as_everything(run: Run) -> None:
    run("apply", "risk", "--sandbox", "--yes")
    run("sandbox", "break", "--lag", "1h")
    run("sandbox", "drift", "JobQueue/pricing", "priority=99")
    assert run("drift", "risk", "--sandbox").code == 0
    run("sandbox", "tick", "1h")
    assert run("drift", "risk", "--sandbox").code == 2


def test_an_outside_hand_meets_no_failure_and_uses_none_up(run: Run, port: str) -> None:
    run("apply", "risk", "--sandbox", "--yes")
    run("sandbox", "break", "--throttle", "3")
    run("sandbox", "drift", "JobQueue/pricing", "priority=99")
    ran = run("sandbox", "break", "JobQueue/pricing", "--invalid", "-o", "json")
    assert ran.json["failing"] == [{"failure": "throttle", "operation": "*", "calls": 3}]
    run("apply", "risk", "--sandbox=served.json", "--yes")
    run("sandbox", "break", "--throttle", "3", "--port", port)
    run("sandbox", "drift", "JobQueue/pricing", "priority=99", "--port", port)
    assert run("sandbox", "break", "--port", port, "-o", "json").json["failing"][0]["calls"] == 3


def test_a_served_sandbox_is_broken_over_http(run: Run, port: str) -> None:
    run("apply", "risk", "--sandbox=served.json", "--yes")
    ran = run("sandbox", "break", "ComputeEnvironment/spot", "--invalid", "--settle", "1h", "--lose", "2",
              "--missing-role", "workers", "--lag", "3s", "--port", port, "-o", "json")  # fmt: skip
    told = ran.json
    assert told == run("sandbox", "break", "--file", "served.json", "-o", "json").json | {
        "sandbox": f"http://127.0.0.1:{port}"
    }
    assert (told["invalid"][0]["reason"], told["settle"], told["lag"], told["missing_roles"]) == (
        DENIED,
        3600,
        3,
        ["workers"],
    )
    assert told["failing"] == [{"failure": "lost answer", "operation": "*", "calls": 2}]
    run("sandbox", "break", "--repair", "--port", port)
    assert run("plan", "risk", "--sandbox=served.json", "-o", "json").json["unhealthy"] == []


def test_the_endpoint_of_a_served_sandbox_is_enough(run: Run, port: str, monkeypatch: pytest.MonkeyPatch) -> None:
    run("apply", "risk", "--sandbox=served.json", "--yes")
    monkeypatch.setenv("AWS_ENDPOINT_URL", f"http://127.0.0.1:{port}")
    ran = run("sandbox", "break", "JobQueue/pricing", "--invalid")
    assert ran.out == f"http://127.0.0.1:{port}: simulated failures\n  JobQueue/pricing is INVALID: {DENIED}\n"


def test_a_missing_role_ends_in_an_unhealthy_apply_with_its_reason(run: Run) -> None:
    write("risk", EC2)
    assert (
        run("sandbox", "break", "--missing-role", "workers").out
        == f"{FILE}: simulated failures\n  workers does not exist\n"
    )
    ran = run("apply", "risk", "--sandbox", "--yes", "-o", "json")
    assert (ran.code, "Instance profile workers does not exist" in ran.out) == (8, True)


def test_a_role_is_there_again(run: Run) -> None:
    write("risk", EC2)
    run("sandbox", "break", "--missing-role", "workers")
    assert run("sandbox", "break", "--no-missing-role").out == f"{FILE}: no simulated failures\n"
    assert run("apply", "risk", "--sandbox", "--yes").code == 0


@pytest.mark.parametrize("failure", ["--lose", "--fail", "--fail-late", "--throttle"])
def test_calls_that_fail_for_a_while_end_converged(run: Run, failure: str) -> None:
    run("sandbox", "break", failure, "2", "--operation", "[CR]*")
    ran = run("apply", "risk", "--sandbox", "--yes")
    assert (ran.code, "Converged: planning again finds nothing to do." in ran.out) == (0, True)
    assert run("sandbox", "break", "-o", "json").json["failing"] == []
    assert run("plan", "risk", "--sandbox", "--detailed-exitcode").code == 0


def test_what_is_broken_adds_up_until_it_is_repaired(run: Run) -> None:
    run("sandbox", "break", "--throttle", "1", "--settle", "10m")
    ran = run("sandbox", "break", "--lose", "3", "--operation", "Create*")
    told = [
        f"{FILE}: simulated failures",
        "  the next call: throttle",
        "  the next call of Create*: lost answer, 3 times",
    ]
    assert ran.out.splitlines() == [*told, "  every change takes 600 s"]
    assert run("sandbox", "break", "--repair", "-o", "json").json == {
        "sandbox": FILE,
        "missing_roles": [],
        "failing": [],
        "settle": None,
        "lag": None,
        "trail_delay": None,
        "deleted": None,
        "invalid": [],
        "stuck": [],
    }


@pytest.mark.parametrize(
    ("words", "hint"),
    [
        (("--throttle", "0"), ""),
        (("--operation", "X*"), "give --throttle, --fail, --fail-late or --lose"),
        (("--settle", "long"), ""),
        (("--trottle", "1"), "did you mean --throttle?"),
        (("--repare",), "did you mean --repair?"),
        (("--invalid", "CLIENT_ERROR - no"), "add KIND/NAME before it"),
        (("JobQueue/pricing",), "give --invalid, --stuck-deleting or, for a queue, --blocked"),
        (("JobQueue/pricing", "--blocked", "--stuck-deleting"), "run the command once for each option"),
        (("JobQueue/prising", "--invalid"), "did you mean pricing?"),
        (("ComputeEnvironment/spot", "--blocked"), "select a queue, for example JobQueue/pricing"),
        (("JobDefinition/simulate", "--invalid"), "environments, queues and quota shares have one"),
    ],
)
def test_a_breakage_that_means_nothing_is_wrong_usage(run: Run, words: tuple[str, ...], hint: str) -> None:
    run("apply", "risk", "--sandbox", "--yes")
    ran = run("sandbox", "break", *words)
    assert (ran.code, f"    hint: {hint}" in ran.err) == (64, True)
    assert run("sandbox", "break").out == f"{FILE}: no simulated failures\n"


def test_slow_changes_time_out_and_a_tick_settles_them(run: Run) -> None:
    run("sandbox", "break", "--settle", "1h")
    assert run("apply", "risk", "--sandbox", "--yes", "--timeout", "60s").code == 9
    ran = run("sandbox", "tick", "2h")
    assert ran.out == f"{FILE}: 7200 s have passed; its clock is 7200 s ahead\n"
    run("sandbox", "break", "--repair")
    assert run("apply", "risk", "--sandbox", "--yes").code == 0

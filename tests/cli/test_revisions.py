"""revisions and rollback, and the pruning that apply does, through the command line."""

import io
import json
import sys
from collections.abc import Callable

import pytest

from reconciler.app import usecases
from reconciler.calls import is_read
from reconciler.cli.context import Read, with_former
from reconciler.inspect.history import revisions_of
from reconciler.redact.presented import present_history
from reconciler.redact.secrets import CHANGED, REDACTED, Secrets
from tests.builders import JD, container, stack
from tests.cli.conftest import Once, Ran, Run, write
from tests.cli.test_run import at_a_terminal, batch
from tests.live_jobs import LiveJobs
from tests.world import World

Golden = Callable[[str, str], None]
HERE = "--sandbox"
PASSWORD = "{name: DB_PASSWORD, value: hunter%d}"


def declared(number: int, retain: str = "all") -> str:
    return f"""\
stack: risk
computeEnvironments:
  spot:
    type: MANAGED
    computeResources:
      {{type: EC2, allocationStrategy: BEST_FIT_PROGRESSIVE, minvCpus: 0, maxvCpus: 16, instanceTypes: [m5], instanceRole: ecsInstanceRole, subnets: [subnet-0a1b2c3d], securityGroupIds: [sg-0a1b2c3d]}}
jobQueues:
  q: {{priority: 10, computeEnvironmentOrder: [spot]}}
jobDefinitions:
  simulate:
    type: container
    containerProperties:
      image: busybox:{number}
      resourceRequirements: [{{type: VCPU, value: {number}}}, {{type: MEMORY, value: {number * 2048}}}]
      environment: [{{name: ROUND, value: "{number}"}}, {PASSWORD % number}]
    retryStrategy: {{attempts: {number % 3 + 1}}}
    lifecycle: {{retainRevisions: {retain}}}
"""


@pytest.fixture
def grown(run: Run, once: Once, monkeypatch: pytest.MonkeyPatch) -> Run:
    """Run commands where three revisions of `simulate` were applied, on a page of 80 columns."""
    monkeypatch.setenv("COLUMNS", "80")

    def apply() -> None:
        for number in (1, 2, 3):
            write("risk", declared(number))
            assert run("apply", "risk", HERE, "--yes").code == 0

    once(apply)
    return run


def revisions(status: str = "ACTIVE") -> list[int]:
    found = batch("describe_job_definitions", jobDefinitionName="simulate", status=status)["jobDefinitions"]
    return sorted(one["revision"] for one in found)


def test_the_table_tells_what_each_revision_is_and_changed(grown: Run, jobs: LiveJobs, golden: Golden) -> None:
    jobs.run("simulate:2")
    jobs.run("simulate:2", status="PENDING")
    batch("register_job_definition", jobDefinitionName="simulate", type="container",
          containerProperties={"image": "by-hand", "vcpus": 1, "memory": 128})  # fmt: skip
    ran = grown("revisions", "simulate", "risk", HERE)
    assert (ran.code, ran.err) == (0, "")
    golden("revisions-80.txt", ran.out)


def test_inactive_revisions_and_rollbacks_are_in_the_table(grown: Run, golden: Golden) -> None:
    write("risk", declared(3, "2"))
    grown("apply", "risk", HERE, "--yes")
    assert grown("rollback", "simulate", "risk", HERE, "--to", "1", "--yes").code == 0
    ran = grown("revisions", "JobDefinition/simulate", "risk", HERE, "--inactive", "-v")
    golden("revisions-all-80.txt", ran.out)


def test_a_script_gets_all_that_is_known_in_pages_alone(grown: Run, jobs: LiveJobs, made: list[str]) -> None:
    jobs.run("simulate:3")
    made.clear()
    ran = grown("revisions", "simulate", "risk", HERE, "-o", "json")
    whole = ran.json
    assert (whole["document"], whole["address"], whole["name"], whole["notes"]) == (
        "revisions", "JobDefinition/simulate", "simulate", [])  # fmt: skip
    newest, second, first = whole["revisions"]
    assert (newest["revision"], newest["status"], newest["live_jobs"], newest["is_as_declared"]) == (
        3,
        "ACTIVE",
        1,
        True,
    )
    assert (second["owner"], second["live_jobs"], second["is_as_declared"]) == ("stack risk", 0, False)
    assert second["changed"][0]["path"] == "containerProperties.environment.DB_PASSWORD.value"
    assert (first["changed"], first["applied"]) == ([], "<digest>")
    assert sorted(made) == ["DescribeJobDefinitions"] * 2 + ["DescribeJobQueues"] + ["ListJobs"] * 5


def test_what_may_be_a_secret_is_in_no_history(grown: Run) -> None:
    for words in (
        ("revisions", "simulate", "risk", HERE, "-v", "--trace-calls"),
        ("rollback", "simulate", "risk", HERE, "-vv", "--trace-calls"),
    ):
        for format_ in ("text", "json"):
            ran = grown(*words, "-o", format_)
            assert "hunter" not in ran.out + ran.err


def test_a_secret_of_today_was_one_before_wherever_it_stands() -> None:
    """Nothing but the YAML of today tells that a member is a secret, and today's is not what older revisions have."""
    world = World()
    for secret in ("first-of-all", "second-thought", "third-time"):
        of = stack({(JD, "job"): container(environment=[{"name": "DSN", "value": f"db:{secret}"}])})
        world.apply(of)
    history = usecases.history(of, world.session, "job")
    secrets = with_former(Read(of, (), Secrets(frozenset({"third-time"}))), history).secrets
    shown = present_history(history, revisions_of(history), secrets)
    values = [field.sides for revision in shown.revisions for field in revision.change.fields]
    assert values == [(REDACTED, CHANGED), (REDACTED, CHANGED)]


def test_who_may_not_list_jobs_still_sees_the_revisions(grown: Run, forbid: Callable[[str], None]) -> None:
    forbid("ListJobs")
    ran = grown("revisions", "simulate", "risk", HERE)
    assert (ran.code, "note[REV003]: the number of live jobs of each revision is unknown" in ran.out) == (0, True)
    assert grown("revisions", "simulate", "risk", HERE, "-o", "json").json["revisions"][0]["live_jobs"] is None
    write("risk", declared(4, "1"))
    ran = grown("apply", "risk", HERE, "--yes")
    assert (ran.code, revisions()) == (0, [1, 2, 3, 4])
    assert "warning[REV002]: no job-definition is pruned" in ran.out


def test_a_definition_of_no_stack_is_shown_by_its_name(grown: Run) -> None:
    batch("register_job_definition", jobDefinitionName="nightly", type="container",
          containerProperties={"image": "x", "vcpus": 1, "memory": 128})  # fmt: skip
    ran = grown("revisions", "nightly", "--live", HERE)
    assert (ran.code, ran.last) == (0, "Revisions: 1 active.")
    assert "unowned" in ran.out
    assert grown("revisions", "nightly", "risk", HERE).code == 0
    both = grown("revisions", "nightly", "risk", "--live", HERE)
    assert (both.code, "--live reads no stack, but risk is given" in both.err) == (64, True)


def test_a_yaml_that_says_something_else_is_told(grown: Run) -> None:
    write("risk", declared(4))
    assert "The YAML differs from each of them" in grown("revisions", "simulate", "risk", HERE).out


def test_a_rollback_shows_the_plan_and_tells_what_the_next_one_will_say(grown: Run, golden: Golden) -> None:
    ran = grown("rollback", "simulate", "risk", HERE, "--yes")
    assert ran.code == 0
    golden("rollback-80.txt", ran.out)
    drift = grown("drift", "risk", HERE)
    assert (drift.code, drift.last) == (0, "Drift: 0 changed, 0 undeclared, 0 missing, 0 unhealthy.")
    assert "it was rolled back to revision 2" in " ".join(grown("plan", "risk", HERE).out.split())


def test_a_rollback_is_asked_for(grown: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "stdin", io.StringIO())
    assert grown("rollback", "simulate", "risk", HERE).code == 64
    at_a_terminal(monkeypatch, "n\n")
    assert grown("rollback", "simulate", "risk", HERE).code == 10
    assert revisions() == [1, 2, 3]
    at_a_terminal(monkeypatch, "y\n")
    assert grown("rollback", "simulate", "risk", HERE).code == 0
    assert revisions() == [1, 2, 3, 4]


def test_a_rollback_in_json_is_one_value(grown: Run) -> None:
    ran = grown("rollback", "simulate", "risk", HERE, "--yes", "-o", "json")
    whole = json.loads(ran.out)
    assert (whole["document"], whole["to"], whole["rest"]["is_empty"]) == ("rollback", 2, True)
    assert [change["action"] for change in whole["next"]["changes"]] == ["new revision"]
    again = grown("rollback", "simulate", "risk", HERE, "--to", "2", "--yes", "-o", "json").json
    assert (again["results"], again["next"]) == ([], None)


def test_there_is_nothing_to_roll_back_to_what_stands(grown: Run) -> None:
    ran = grown("rollback", "simulate", "risk", HERE, "--to", "3")
    assert (ran.code, ran.out) == (
        0, "Nothing to roll back. JobDefinition/simulate: revision 3 is the newest.\n")  # fmt: skip
    assert revisions() == [1, 2, 3]


@pytest.mark.parametrize(
    ("words", "code", "message"),
    [
        (
            ("simulate", "risk", "--to", "9"),
            64,
            "error: simulate has no revision 9\n    hint: existing: revisions 1 to 3",
        ),
        (("simulat", "risk"), 64, "error: the job-definition simulat does not exist\n    hint: did you mean simulate?"),
        (("JobQueue/q", "risk"), 64, "error: a job-queue has no revisions"),
        (("simulate", "risk", "small"), 64, "error: only one stack is accepted, not 2: risk small"),
        (("simulate", "risk", "--to", "first"), 64, "error: argument --to: 'first' is not a number of at least 1"),
        (("simulate", "small"), 5, "error: JobDefinition/simulate: simulate belongs to stack risk"),
    ],
)
def test_what_cannot_be_rolled_back_changes_nothing(
    grown: Run, made: list[str], words: tuple[str, ...], code: int, message: str
) -> None:
    made.clear()
    ran: Ran = grown("rollback", *words, HERE, "--yes")
    assert (ran.code, ran.out, message in ran.err) == (code, "", True)
    assert [operation for operation in made if not is_read(operation)] == []


def test_apply_prunes_and_says_so_on_one_page(grown: Run, jobs: LiveJobs, golden: Golden) -> None:
    jobs.run("simulate:1")
    write("risk", declared(4, "2"))
    ran = grown("apply", "risk", HERE, "--yes")
    assert (ran.code, revisions()) == (0, [1, 3, 4])
    golden("pruning-80.txt", ran.out)
    assert grown("plan", "risk", HERE, "--detailed-exitcode").code == 0


def test_jobs_that_run_and_jobs_that_wait_hold_their_revisions_until_they_have_ended(grown: Run) -> None:
    """With the sandbox's own jobs: sixteen vCPUs are room for five that take three."""
    assert grown("sandbox", "submit", "q", "simulate:3", "--count", "8", "--seconds", "10m").code == 0
    assert grown("sandbox", "submit", "q", "simulate:1", "--seconds", "10m").code == 0
    table = grown("revisions", "simulate", "risk", HERE, "-o", "json").json["revisions"]
    assert [(one["revision"], one["live_jobs"]) for one in table] == [(3, 8), (2, 0), (1, 1)]
    write("risk", declared(4, "1"))
    assert grown("apply", "risk", HERE, "--yes").code == 0
    assert revisions() == [1, 3, 4]
    grown("sandbox", "tick", "1h")
    assert grown("apply", "risk", HERE, "--yes").code == 0
    assert revisions() == [4]


def test_a_plan_that_prunes_is_one_for_programs_too(grown: Run) -> None:
    write("risk", declared(3, "1"))
    whole = grown("plan", "risk", HERE, "-o", "json").json
    (change,) = whole["changes"]
    assert (whole["summary"]["prune"], whole["summary"]["destroy"], whole["is_empty"]) == (1, 0, False)
    assert (change["action"], change["sign"], change["reasons"]) == (
        "prune", "-^", ["deregisters revisions 1 and 2", "retainRevisions is 1"])  # fmt: skip
    assert "deregisters revisions 1 and 2; " in grown("plan", "risk", HERE, "-o", "markdown").out
    assert grown("plan", "risk", HERE, "--detailed-exitcode").code == 2


def test_the_current_folder_is_the_stack_that_is_meant(grown: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    sandbox = "--sandbox=../.reconciler/sandbox.json"
    monkeypatch.chdir("risk")
    assert grown("revisions", "simulate", sandbox).last == "Revisions: 3 active."
    assert grown("rollback", "simulate", "--to", "1", sandbox, "--yes").code == 0
    assert grown("render").code == 0


def test_a_rollback_can_be_followed_line_by_line(grown: Run) -> None:
    ran = grown("rollback", "simulate", "risk", HERE, "--yes", "-o", "jsonl")
    events = [json.loads(line) for line in ran.out.splitlines()]
    assert [event["event"] for event in events if event["event"] != "waiting"] == [
        "planned", "started", "step", "step", "finished", "outcome",
    ]  # fmt: skip
    assert (events[-1]["document"], events[-1]["exit"]) == ("rollback", 0)


def test_a_rollback_with_nothing_to_do_is_an_outcome_too(grown: Run) -> None:
    grown("rollback", "simulate", "risk", HERE, "--to", "1", "--yes")
    ran = grown("rollback", "simulate", "risk", HERE, "--to", "1", "--yes", "-o", "jsonl")
    (outcome,) = [json.loads(line) for line in ran.out.splitlines()]
    assert (outcome["event"], outcome["exit"]) == ("outcome", 0)


def test_a_report_of_all_revisions_is_written_anew(grown: Run) -> None:
    words = ("revisions", "simulate", "risk", "--inactive", HERE, "-o", "json=revisions.json")
    assert [grown(*words).code, grown(*words).code] == [0, 0]

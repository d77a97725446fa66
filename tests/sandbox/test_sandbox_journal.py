"""The sandbox's file: shared by processes, kept through crashes, and never somebody else's."""

import json
import multiprocessing
import os
from pathlib import Path

import pytest

from reconciler.problems import Stopped
from reconciler.sandbox.core import store
from reconciler.sandbox.core.clock import TurnableClock
from reconciler.sandbox.core.store import Journal
from reconciler.sandbox.session import open_sandbox
from tests.sandbox.conftest import ec2

SLACK = 50  # lines: a tenth of what a file may have in use


@pytest.fixture(autouse=True)
def small_files(monkeypatch):
    """Let files be rewritten after fewer lines, which take less time to write."""
    monkeypatch.setattr(store, "SLACK", SLACK)


def request(simulator, operation, **members):
    answer = simulator.handle(
        "123456789012", "us-east-1", "POST", f"/v1/{operation.lower()}", json.dumps(members).encode()
    )
    return json.loads(answer.body)


def policies(simulator):
    return len(request(simulator, "ListSchedulingPolicies")["schedulingPolicies"])


def register_many(file: str, count: int) -> list[int]:
    simulator = open_sandbox(file)
    body = {"jobDefinitionName": "a", "type": "container"}
    container = {"image": "busybox", "vcpus": 1, "memory": 128}
    registered = (
        request(simulator, "RegisterJobDefinition", **body, containerProperties=container) for _ in range(count)
    )
    return [each["revision"] for each in registered]


@pytest.fixture(name="file")
def _file(tmp_path):
    return tmp_path / "folder" / "sandbox.json"


def test_what_one_command_made_the_next_one_sees(file):
    clock = TurnableClock()
    first = open_sandbox(str(file), clock=clock)
    resources = {"type": "FARGATE", "maxvCpus": 1, "subnets": ["s"], "securityGroupIds": ["g"]}
    request(first, "CreateComputeEnvironment", computeEnvironmentName="a", type="MANAGED", computeResources=resources)
    clock.turn(60)
    second = open_sandbox(str(file), clock=clock)
    [seen] = request(second, "DescribeComputeEnvironments")["computeEnvironments"]
    assert (seen["computeEnvironmentName"], seen["status"]) == ("a", "VALID")


def test_two_that_are_open_at_once_see_each_others_writes(file):
    first, second = open_sandbox(str(file)), open_sandbox(str(file))
    request(first, "CreateSchedulingPolicy", name="a")
    request(second, "CreateSchedulingPolicy", name="b")
    assert (policies(first), policies(second)) == (2, 2)
    assert "Object already exists" in request(second, "CreateSchedulingPolicy", name="a")["message"]


def test_two_processes_never_give_out_the_same_revision(file):
    context = multiprocessing.get_context("spawn")
    with context.Pool(2) as pool:
        revisions = pool.starmap(register_many, [(str(file), 20)] * 2)
    assert sorted(revision for each in revisions for revision in each) == list(range(1, 41))


def test_missing_roles_are_part_of_the_state(file):
    open_sandbox(str(file)).set_missing_roles(["batch"])
    clock = TurnableClock()
    simulator = open_sandbox(str(file), clock=clock)
    request(simulator, "CreateComputeEnvironment", computeEnvironmentName="a", type="UNMANAGED", serviceRole="batch")
    clock.turn(60)
    assert request(simulator, "DescribeComputeEnvironments")["computeEnvironments"][0]["status"] == "INVALID"


def test_a_write_costs_its_rows_and_a_read_or_a_refusal_nothing(file):
    simulator = open_sandbox(str(file))
    request(simulator, "CreateSchedulingPolicy", name="a")
    size = file.stat().st_size
    request(simulator, "ListSchedulingPolicies")
    request(simulator, "CreateSchedulingPolicy", name="a")
    assert file.stat().st_size == size
    request(simulator, "CreateSchedulingPolicy", name="b")
    assert len(file.read_text().splitlines()) == 5  # a header; for each write its row, and its event


def busy(simulator, clock):
    """Make a queue `main` with room for two jobs."""
    order = [{"order": 1, "computeEnvironment": "a"}]
    container = {"image": "busybox", "vcpus": 1, "memory": 128, "command": ["sleep", "30"]}
    request(simulator, "CreateComputeEnvironment", **ec2("a", maxvCpus=2))
    clock.turn(60)
    request(simulator, "CreateJobQueue", jobQueueName="main", priority=1, computeEnvironmentOrder=order)
    request(simulator, "RegisterJobDefinition", jobDefinitionName="a", type="container", containerProperties=container)
    clock.turn(60)


def submit(simulator, count=1):
    job = {"jobName": "job", "jobQueue": "main", "jobDefinition": "a"}
    return [request(simulator, "SubmitJob", **job)["jobId"] for _ in range(count)]


def statuses(simulator, jobs):
    return [job["status"] for job in request(simulator, "DescribeJobs", jobs=jobs)["jobs"]]


def test_jobs_go_on_in_the_next_command(file):
    clock = TurnableClock()
    first = open_sandbox(str(file), clock=clock)
    busy(first, clock)
    jobs = submit(first, 3)
    clock.turn(2)
    assert statuses(first, jobs) == ["RUNNING", "RUNNING", "RUNNABLE"]
    clock.turn(31)
    second = open_sandbox(str(file), clock=clock)
    assert statuses(second, jobs) == ["SUCCEEDED", "SUCCEEDED", "RUNNING"]
    assert statuses(first, jobs) == ["SUCCEEDED", "SUCCEEDED", "RUNNING"]


def test_no_two_commands_give_a_job_or_an_environment_the_same_identifier(file):
    clock = TurnableClock()
    busy(open_sandbox(str(file), clock=clock), clock)
    jobs = [job for _ in range(3) for job in submit(open_sandbox(str(file), clock=clock), 2)]
    request(open_sandbox(str(file), clock=clock), "CreateComputeEnvironment", **ec2("b"))
    seen = request(open_sandbox(str(file), clock=clock), "DescribeComputeEnvironments")["computeEnvironments"]
    assert (len(set(jobs)), len({environment["uuid"] for environment in seen})) == (6, 2)


def test_looking_at_jobs_costs_nothing_while_none_moves(file):
    clock = TurnableClock()
    simulator = open_sandbox(str(file), clock=clock)
    busy(simulator, clock)
    jobs = submit(simulator, 5)
    clock.turn(2)
    statuses(simulator, jobs)
    size = file.stat().st_size
    for status in ("RUNNABLE", "RUNNING"):
        request(simulator, "ListJobs", jobQueue="main", jobStatus=status)
        clock.turn(5)
    assert (file.stat().st_size, statuses(simulator, jobs)) == (size, ["RUNNING"] * 2 + ["RUNNABLE"] * 3)


def test_what_is_taken_away_is_gone_for_all_and_after_a_restart(file):
    first, second = Journal(file), Journal(file)
    with first.session():
        first.put("scope", "table", "a", 1)
        first.put("scope", "table", "b", 2)
    with second.session():
        second.put("scope", "table", "a", None)
    for journal in (first, second, Journal(file)):
        with journal.session():
            assert journal.rows("scope", "table") == {"b": 2}


def names(folder):
    return sorted(path.name for path in folder.iterdir())


def write(journal, number):
    with journal.session():
        journal.put("scope", "table", "key", number)


def read(journal):
    with journal.session():
        return dict(journal.rows("scope", "table"))


def test_a_file_does_not_grow_while_a_server_writes_the_same_rows(file):
    server, other = Journal(file), Journal(file)
    longest = 0
    for number in range(4 * SLACK):
        write(server, number)
        longest = max(longest, file.stat().st_size)
    assert longest < 2 * SLACK * 40
    assert read(other) == {"key": 4 * SLACK - 1}
    write(other, "new")
    assert read(server) == {"key": "new"}
    assert names(file.parent) == [file.name, f"{file.name}.lock"]
    assert file.stat().st_mode & 0o777 == 0o600


def test_rows_that_count_are_not_rewritten_again_and_again(file, monkeypatch):
    rewritten = []
    monkeypatch.setattr(Journal, "_compact", lambda _journal: rewritten.append(1))
    journal = Journal(file)
    for number in range(3 * SLACK):
        with journal.session():
            journal.put("scope", "table", str(number), number)
    assert rewritten == []


def test_a_process_that_is_killed_while_it_rewrites_leaves_the_state(file):
    journal = Journal(file)
    write(journal, "kept")
    half = file.with_name(f"{file.name}.new")
    half.write_text('{"format": "reconciler sand')
    assert read(Journal(file)) == {"key": "kept"}
    for number in range(SLACK + 10):
        write(journal, number)
    assert not half.exists()
    assert read(Journal(file)) == {"key": SLACK + 9}


def test_where_the_file_cannot_be_rewritten_it_grows(file, monkeypatch):
    def full(*_arguments):
        raise OSError(28, "No space left on device")

    journal = Journal(file)
    monkeypatch.setattr("os.fsync", full)
    for number in range(SLACK + 10):
        write(journal, number)
    assert len(file.read_text().splitlines()) == SLACK + 11
    assert names(file.parent) == [file.name, f"{file.name}.lock"]
    assert read(Journal(file)) == {"key": SLACK + 9}


def test_a_file_that_vanished_starts_afresh(file):
    simulator = open_sandbox(str(file))
    request(simulator, "CreateSchedulingPolicy", name="a")
    file.unlink()
    assert policies(simulator) == 0
    request(simulator, "CreateSchedulingPolicy", name="a")
    assert policies(open_sandbox(str(file))) == 1


def test_a_line_that_a_killed_process_did_not_finish_is_dropped(file):
    simulator = open_sandbox(str(file))
    request(simulator, "CreateSchedulingPolicy", name="a")
    with file.open("a") as log:
        log.write('["123456789012/us-east-1","scheduling-pol')
    other = open_sandbox(str(file))
    assert policies(other) == 1
    request(other, "CreateSchedulingPolicy", name="b")
    assert policies(open_sandbox(str(file))) == 2


@pytest.mark.parametrize("content", ["stack: monte-carlo\n", "{}", '{"format": "reconciler sandbox", "version": 2}\n'])
def test_a_file_that_is_not_ours_is_refused_and_left_alone(tmp_path: Path, content):
    foreign = tmp_path / "stack.yaml"
    foreign.write_text(content)
    with pytest.raises(Stopped, match="is not a file of this sandbox"):
        open_sandbox(str(foreign))
    assert foreign.read_text() == content


def test_a_damaged_file_is_named_with_its_line_and_left_alone(file):
    simulator = open_sandbox(str(file))
    request(simulator, "CreateSchedulingPolicy", name="a")
    with file.open("a") as log:
        log.write("what?\n")
    content = file.read_text()
    with pytest.raises(Stopped, match=r"sandbox\.json:4: the sandbox's file is damaged"):
        open_sandbox(str(file))
    with pytest.raises(Stopped, match="damaged"):
        request(simulator, "ListSchedulingPolicies")
    assert file.read_text() == content


def test_a_folder_is_no_file(tmp_path):
    with pytest.raises(Stopped, match="cannot use"):
        open_sandbox(str(tmp_path))


def test_a_file_that_somebody_else_took_over_is_left_alone(file):
    simulator = open_sandbox(str(file))
    content = "stack: monte-carlo " * 50
    file.write_text(content)
    with pytest.raises(Stopped, match="is not a file of this sandbox"):
        request(simulator, "CreateSchedulingPolicy", name="a")
    assert file.read_text() == content


def test_what_comes_and_goes_leaves_nothing_behind(file):
    clock = TurnableClock()
    simulator = open_sandbox(str(file), clock=clock)
    for number in range(30):
        request(simulator, "CreateSchedulingPolicy", name=f"policy-{number}")
        arn = f"arn:aws:batch:us-east-1:123456789012:scheduling-policy/policy-{number}"
        request(simulator, "DeleteSchedulingPolicy", arn=arn)
        clock.turn(60)
    journal = Journal(file)
    with journal.session():
        assert len(journal.rows("123456789012/us-east-1", "scheduling-policy")) == 1


def test_git_ignores_the_folder_of_its_own_that_it_creates_and_no_other(tmp_path):
    for folder in (tmp_path / ".reconciler", tmp_path / "state"):
        write(Journal(folder / "sandbox.json"), 1)
    assert (tmp_path / ".reconciler" / ".gitignore").read_text() == "*\n"
    assert names(tmp_path / "state") == ["sandbox.json", "sandbox.json.lock"]


def test_what_a_person_made_of_that_folder_stays(tmp_path):
    folder = tmp_path / ".reconciler"
    folder.mkdir()
    write(Journal(folder / "sandbox.json"), 1)
    assert names(folder) == ["sandbox.json", "sandbox.json.lock"]


def test_a_file_that_took_the_place_of_the_one_that_was_read_is_read_as_a_whole(file):
    server = Journal(file)
    write(server, "old")
    file.unlink()
    fresh = Journal(file)
    write(fresh, "new")
    with fresh.session():
        fresh.put("scope", "table", "more", "x" * 1000)
    assert read(server) == {"key": "new", "more": "x" * 1000}


def test_what_a_failed_call_had_written_is_forgotten(file):
    journal = Journal(file)
    write(journal, "kept")

    def fail():
        with journal.session():
            journal.put("scope", "table", "key", "lost")
            raise RuntimeError

    with pytest.raises(RuntimeError):
        fail()
    assert read(journal) == read(Journal(file)) == {"key": "kept"}


def test_what_is_no_regular_file_is_refused_before_anything_is_put_beside_it(tmp_path):
    os.mkfifo(tmp_path / "pipe")
    with pytest.raises(Stopped, match="not a regular file"):
        open_sandbox(str(tmp_path / "pipe"))
    assert names(tmp_path) == ["pipe"]


def test_a_file_behind_a_link_is_the_same_file_and_stays_behind_it(file, tmp_path):
    link = tmp_path / "link.json"
    file.parent.mkdir()
    link.symlink_to(file)
    here, there = Journal(link), Journal(file)
    for number in range(SLACK + 10):
        write(here if number % 2 else there, number)
    assert read(here) == read(there) == {"key": SLACK + 9}
    assert (link.is_symlink(), names(tmp_path)) == (True, ["folder", "link.json"])


def test_links_in_a_circle_lead_to_no_file(tmp_path):
    for name, other in (("a", "b"), ("b", "a")):
        (tmp_path / name).symlink_to(tmp_path / other)
    with pytest.raises(Stopped, match=r"cannot use .*: Too many levels of symbolic links"):
        open_sandbox(str(tmp_path / "a"))

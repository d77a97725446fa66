"""Jobs in the sandbox: they wait in line, run where there is room, and end. Nothing is executed."""

import pytest

ARN = "arn:aws:batch:us-east-1:123456789012"
EXITED = "Essential container in task exited"


@pytest.fixture(name="busy")
def _busy(lab):
    """A queue on an environment with room for four jobs that sleep half a minute."""
    lab.busy(maxvCpus=4)
    return lab


def run(lab, **members):
    """Submit a job to a queue with room, and let it start to run."""
    [job] = lab.submit(**members)
    lab.clock.turn(2)
    return job


def test_a_job_goes_through_its_states_as_time_passes(busy):
    [job] = busy.submit()
    seen = []
    for seconds in (0, 1, 1, 29.5, 1):
        busy.clock.turn(seconds)
        seen += busy.statuses(job)
    assert seen == ["SUBMITTED", "STARTING", "RUNNING", "RUNNING", "SUCCEEDED"]


def test_the_answer_of_a_submission_is_name_identifier_and_arn(busy):
    answer = busy.call("SubmitJob", jobName="frame-1", jobQueue=f"{ARN}:job-queue/main", jobDefinition="render")
    assert answer == {"jobName": "frame-1", "jobId": answer["jobId"], "jobArn": f"{ARN}:job/{answer['jobId']}"}


def test_a_job_is_described_with_what_it_runs_and_how_it_went(busy):
    [job] = busy.submit(tags={"a": "b"}, parameters={"x": "1"})
    created = busy.clock.now() * 1000
    busy.clock.turn(60)
    seen = busy.job(f"{ARN}:job/{job}")
    task = {name: seen["container"][name] for name in ("taskArn", "logStreamName", "containerInstanceArn")}
    cluster = busy.see("spot")["ecsClusterArn"].rpartition("/")[2]
    assert task["containerInstanceArn"].startswith(f"arn:aws:ecs:us-east-1:123456789012:container-instance/{cluster}/")
    assert task["logStreamName"] == f"render/default/{task['taskArn'].rsplit('/', 1)[1]}"
    assert seen == {
        "jobArn": f"{ARN}:job/{job}",
        "jobId": job,
        "jobName": "job",
        "jobQueue": f"{ARN}:job-queue/main",
        "jobDefinition": f"{ARN}:job-definition/render:1",
        "status": "SUCCEEDED",
        "statusReason": EXITED,
        "createdAt": created,
        "startedAt": created + 2000,
        "stoppedAt": created + 32000,
        "attempts": [
            {
                "startedAt": created + 2000,
                "stoppedAt": created + 32000,
                "statusReason": EXITED,
                "container": {**task, "exitCode": 0, "networkInterfaces": []},
            }
        ],
        "dependsOn": [],
        "parameters": {"x": "1"},
        "tags": {"a": "b"},
        "container": {
            **busy.see_definition("render")["containerProperties"],
            **task,
            "exitCode": 0,
            "networkInterfaces": [],
        },
    }


def test_a_job_by_name_runs_the_newest_active_revision_and_keeps_it(busy):
    busy.call("RegisterJobDefinition", **busy.container(command=["sleep", "60"]))
    busy.call("RegisterJobDefinition", **busy.container(command=["sleep", "90"]))
    busy.call("DeregisterJobDefinition", jobDefinition="render:3")
    jobs = (
        busy.submit()
        + busy.submit(jobDefinition="render:1")
        + busy.submit(jobDefinition=f"{ARN}:job-definition/render")
    )
    busy.call("RegisterJobDefinition", **busy.container(command=["sleep", "1"]))
    busy.call("DeregisterJobDefinition", jobDefinition="render:2")
    busy.clock.turn(40)
    assert [busy.job(job)["jobDefinition"].rsplit(":", 1)[1] for job in jobs] == ["2", "1", "2"]
    assert busy.statuses(*jobs) == ["RUNNING", "SUCCEEDED", "RUNNING"]


def test_jobs_run_first_in_first_out_while_there_is_room(busy):
    jobs = busy.submit(10)
    seen = []
    for seconds in (2, 31, 31):
        busy.clock.turn(seconds)
        seen.append("".join(status[0:3] for status in busy.statuses(*jobs)))
    assert seen == ["RUN" * 10, "SUC" * 4 + "RUN" * 6, "SUC" * 8 + "RUN" * 2]
    assert len(busy.listed("RUNNING")) == 2


@pytest.mark.parametrize(
    ("members", "seconds"),
    [
        ({}, 30),
        ({"containerOverrides": {"command": ["sh", "-c", "sleep 2m; echo done"]}}, 120),
        ({"containerOverrides": {"command": ["true"]}}, 60),
        ({"parameters": {"sandboxSeconds": "7.5"}}, 7.5),
        ({"parameters": {"sandboxSeconds": "-1"}}, 30),
    ],
)
def test_a_job_takes_as_long_as_its_parameter_or_its_command_says(busy, members, seconds):
    job = run(busy, **members)
    busy.clock.turn(200)
    seen = busy.job(job)
    assert (seen["stoppedAt"] - seen["startedAt"]) / 1000 == seconds


def test_overrides_and_parameters_make_the_container(lab):
    lab.busy()
    command = ["render", "Ref::scene", "--frame", "Ref::frame"]
    variables = [{"name": "A", "value": "1"}, {"name": "B", "value": "2"}]
    body = lab.container("shot", command=command, environment=variables)
    lab.call("RegisterJobDefinition", **body, parameters={"scene": "one", "frame": "0"})
    sizes = [{"type": "VCPU", "value": "4"}]
    overrides = {"environment": [{"name": "B", "value": "3"}], "resourceRequirements": sizes}
    [job] = lab.submit(jobDefinition="shot", parameters={"frame": "7"}, containerOverrides=overrides)
    container = lab.job(job)["container"]
    assert container["command"] == ["render", "one", "--frame", "7"]
    assert container["environment"] == [{"name": "A", "value": "1"}, {"name": "B", "value": "3"}]
    lab.clock.turn(2)
    assert lab.see("spot")["computeResources"]["desiredvCpus"] == 4


def test_a_job_fails_if_its_command_says_so_as_often_as_it_is_tried(busy):
    command = {"command": ["sh", "-c", "sleep 5; exit 3"]}
    job = run(busy, containerOverrides=command, retryStrategy={"attempts": 3})
    busy.clock.turn(8)
    assert (busy.job(job)["status"], len(busy.job(job)["attempts"])) == ("RUNNING", 1)
    busy.clock.turn(60)
    seen = busy.job(job)
    assert (seen["status"], seen["statusReason"], seen["container"]["exitCode"]) == ("FAILED", EXITED, 3)
    assert [each["container"]["exitCode"] for each in seen["attempts"]] == [3, 3, 3]
    tasks = [each["container"]["taskArn"] for each in seen["attempts"]]
    assert (len(set(tasks)), tasks[-1]) == (3, seen["container"]["taskArn"])


@pytest.mark.parametrize(("code", "attempts"), [("1", 2), ("3", 1), ("30", 1)])
def test_the_first_condition_that_fits_says_whether_a_job_is_tried_again(busy, code, attempts):
    rules = [{"onExitCode": "3*", "action": "EXIT"}, {"onStatusReason": "Essential*", "action": "RETRY"}]
    command = {"command": ["sh", "-c", f"exit {code}"]}
    job = run(busy, containerOverrides=command, retryStrategy={"attempts": 2, "evaluateOnExit": rules})
    busy.clock.turn(200)
    assert len(busy.job(job)["attempts"]) == attempts


def test_a_job_that_takes_too_long_is_stopped_and_not_tried_again(busy):
    timeout = {"attemptDurationSeconds": 60}
    command = {"command": ["sh", "-c", "sleep 100; exit 1"]}
    job = run(busy, containerOverrides=command, timeout=timeout, retryStrategy={"attempts": 3})
    busy.clock.turn(61)
    seen = busy.job(job)
    assert (seen["status"], seen["statusReason"]) == ("FAILED", "Job attempt duration exceeded timeout")
    assert (seen["timeout"], len(seen["attempts"]), seen["container"]["exitCode"]) == (timeout, 1, 137)


def test_a_job_in_line_is_cancelled_and_one_that_runs_goes_on(busy):
    *running, waiting = busy.submit(5)
    busy.clock.turn(2)
    for job in (running[0], waiting, "nobody"):
        assert busy.call("CancelJob", jobId=job, reason="not needed") == {}
    assert busy.statuses(*running) == ["RUNNING"] * 4
    seen = busy.job(waiting)
    assert (seen["status"], seen["statusReason"], seen["isCancelled"]) == ("FAILED", "not needed", True)
    assert "startedAt" not in seen


def test_a_job_is_terminated_wherever_it_is_and_makes_room(busy):
    *running, first, second = busy.submit(6)
    busy.clock.turn(10)
    busy.call("TerminateJobs", jobs=[running[0], first], reason="enough")
    busy.clock.turn(2)
    assert busy.statuses(running[0], first, second) == ["FAILED", "FAILED", "RUNNING"]
    seen = busy.job(running[0])
    assert (seen["statusReason"], seen["isTerminated"]) == ("enough", True)
    assert (seen["stoppedAt"] - seen["startedAt"]) / 1000 == 8
    busy.call("TerminateJob", jobId=running[0], reason="again")
    assert busy.job(running[0])["statusReason"] == "enough"


def test_many_jobs_are_cancelled_by_one_call(busy):
    jobs = busy.submit(50)
    answer = busy.call("CancelJobs", jobs=[*jobs[1:], "nobody"], reason="enough")
    assert answer == {"successful": [*jobs[1:], "nobody"], "errors": []}
    assert len(busy.listed("FAILED")) == 49
    words = "Maximum number of jobs supported is 50"
    assert busy.refused("CancelJobs", jobs=[*jobs, "one more"], reason="enough") == words


def test_a_job_is_pending_until_those_it_depends_on_have_succeeded(busy):
    [first] = busy.submit()
    [second] = busy.submit(dependsOn=[{"jobId": first}])
    [third] = busy.submit()
    busy.clock.turn(2)
    assert busy.statuses(first, second, third) == ["RUNNING", "PENDING", "RUNNING"]
    busy.clock.turn(30)
    assert busy.statuses(first, second) == ["SUCCEEDED", "STARTING"]
    assert busy.job(second)["dependsOn"] == [{"jobId": first}]


def test_a_job_that_is_pending_holds_nobody_up(busy):
    long, *_ = busy.submit(parameters={"sandboxSeconds": "600"}) + busy.submit(3)
    [pending] = busy.submit(dependsOn=[{"jobId": long}])
    [behind] = busy.submit()
    busy.clock.turn(34)
    assert busy.statuses(pending, behind) == ["PENDING", "RUNNING"]


def test_a_job_fails_with_what_it_depends_on(busy):
    [first] = busy.submit(containerOverrides={"command": ["false"]})
    [second] = busy.submit(dependsOn=[{"jobId": first}])
    [third] = busy.submit(dependsOn=[{"jobId": second}])
    busy.clock.turn(100)
    assert busy.statuses(first, second, third) == ["FAILED"] * 3
    assert busy.job(third)["statusReason"] == "Dependent Job failed"


def test_a_job_can_be_tagged_by_its_arn(busy):
    [job] = busy.submit(tags={"a": "1"})
    arn = f"{ARN}:job/{job}"
    busy.call("TagResource", resourceArn=arn, tags={"b": "2"})
    assert busy.call("ListTagsForResource", resourceArn=arn) == {"tags": {"a": "1", "b": "2"}}
    assert busy.job(job)["tags"] == {"a": "1", "b": "2"}


def test_a_job_that_ended_a_week_ago_is_forgotten_when_others_come(busy):
    [old] = busy.submit()
    busy.clock.turn(8 * 86400)
    assert busy.job(old)["status"] == "SUCCEEDED"
    [new] = busy.submit()
    assert (busy.job(old), busy.job(new)["status"]) == (None, "SUBMITTED")
    assert busy.listed("SUCCEEDED") == []


def test_a_job_of_several_containers_asks_for_the_vcpus_of_all(lab):
    lab.busy()
    sized = {
        "image": "busybox",
        "resourceRequirements": [{"type": "VCPU", "value": "2"}, {"type": "MEMORY", "value": "64"}],
    }
    containers = [{"name": name, "essential": True, "command": ["sleep", "10"], **sized} for name in ("a", "b")]
    body = {
        "jobDefinitionName": "team",
        "type": "container",
        "ecsProperties": {"taskProperties": [{"containers": containers}]},
    }
    lab.call("RegisterJobDefinition", **body)
    override = {"taskProperties": [{"containers": [{"name": "b", "command": ["true"]}]}]}
    [job] = lab.submit(jobDefinition="team", ecsPropertiesOverride=override)
    lab.clock.turn(2)
    assert lab.see("spot")["computeResources"]["desiredvCpus"] == 4
    [task] = lab.job(job)["ecsProperties"]["taskProperties"]
    assert [each["command"] for each in task["containers"]] == [["sleep", "10"], ["true"]]
    lab.clock.turn(10)
    assert lab.statuses(job) == ["SUCCEEDED"]


def test_a_job_of_several_nodes_asks_for_the_vcpus_of_all(lab):
    lab.busy()
    small, large = ({"image": "busybox", "vcpus": vcpus, "memory": 128} for vcpus in (1, 8))
    ranges = [{"targetNodes": "0:", "container": small}, {"targetNodes": "1:2", "container": large}]
    properties = {"numNodes": 4, "mainNode": 0, "nodeRangeProperties": ranges}
    lab.call("RegisterJobDefinition", jobDefinitionName="mpi", type="multinode", nodeProperties=properties)
    [job] = lab.submit(jobDefinition="mpi")
    lab.clock.turn(2)
    assert lab.see("spot")["computeResources"]["desiredvCpus"] == 18
    assert lab.job(job)["nodeProperties"]["numNodes"] == 4

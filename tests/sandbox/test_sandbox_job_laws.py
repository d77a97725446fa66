"""Whatever somebody does to a busy sandbox: nothing holds more than it has, the lines keep their order, all ends."""

from hypothesis import given
from hypothesis import strategies as st

from tests.laws import law
from tests.sandbox.conftest import Lab

ENVIRONMENTS, QUEUES, ROOM, SEATS = ("one", "two"), ("low", "high"), 4, 2
STATES = ("SUBMITTED", "PENDING", "RUNNABLE", "STARTING", "RUNNING", "SUCCEEDED", "FAILED")
ENDED = ("SUCCEEDED", "FAILED")

SUBMIT = st.tuples(
    st.just("submit"), st.sampled_from(QUEUES), st.integers(1, ROOM), st.integers(0, 90), st.integers(0, SEATS)
)
DEED = st.one_of(
    SUBMIT,
    st.tuples(st.just("cancel"), st.integers(0, 20)),
    st.tuples(st.just("terminate"), st.integers(0, 20)),
    st.tuples(st.just("switch"), st.sampled_from(ENVIRONMENTS), st.sampled_from(["ENABLED", "DISABLED"])),
    st.tuples(st.just("replace"), st.sampled_from(ENVIRONMENTS), st.booleans()),
    st.tuples(st.just("pass"), st.sampled_from([0.7, 5.0, 61.0, 600.0])),
)


def busy_lab():
    lab = Lab(restless=False)
    for name in ENVIRONMENTS:
        lab.environment(name, **lab.ec2(name, maxvCpus=ROOM))
    lab.queue("low", "one")
    lab.queue("high", "two", "one")
    lab.call("UpdateJobQueue", jobQueue="high", priority=9)
    lab.call("RegisterJobDefinition", **lab.container())
    lab.call("CreateConsumableResource", consumableResourceName="seats", totalQuantity=SEATS)
    lab.settle()
    return lab


def do(lab, jobs, deed):
    kind, *details = deed
    if kind == "submit":
        queue, vcpus, seconds, seats = details
        overrides = {"resourceRequirements": [{"type": "VCPU", "value": str(vcpus)}]}
        taken = [{"consumableResource": "seats", "quantity": seats}] if seats else []
        jobs += lab.submit(
            jobQueue=queue,
            containerOverrides=overrides,
            parameters={"sandboxSeconds": str(seconds)},
            consumableResourcePropertiesOverride={"consumableResourceList": taken},
        )
    elif kind == "pass":
        lab.clock.turn(*details)
    elif kind in ("cancel", "terminate") and jobs:
        lab.call(f"{kind.capitalize()}Job", jobId=jobs[details[0] % len(jobs)], reason="a hand")
    elif kind in ("switch", "replace"):
        name, how = details
        change = {"state": how} if kind == "switch" else {
            "updatePolicy": {"terminateJobsOnUpdate": how}, "computeResources": {"subnets": ["subnet-9"]}}  # fmt: skip
        if lab.see(name)["status"] == "VALID":
            lab.call("UpdateComputeEnvironment", computeEnvironment=name, **change)


def check(lab, jobs, before):
    seen = [lab.job(job) for job in jobs]
    assert all(lab.see(name)["computeResources"]["desiredvCpus"] <= ROOM for name in ENVIRONMENTS)
    assert 0 <= lab.call("DescribeConsumableResource", consumableResource="seats")["availableQuantity"] <= SEATS
    for queue in QUEUES:
        used = lab.call("GetJobQueueSnapshot", jobQueue=queue)["queueUtilization"]["totalCapacityUsage"]
        assert sum(each["quantity"] for each in used) <= ROOM * (2 if queue == "high" else 1)
        mine = [job for job in seen if job["jobQueue"].endswith(queue)]
        starts = [job["startedAt"] for job in mine if "startedAt" in job]
        assert starts == sorted(starts)
        first = next((place for place, job in enumerate(mine) if job["status"] == "RUNNABLE"), len(mine))
        assert not any(job["status"] in ("STARTING", "RUNNING") for job in mine[first:])
    for job, status in zip(seen, before, strict=False):
        assert STATES.index(job["status"]) >= STATES.index(status)
        assert job["status"] == status or status not in ENDED
    return [job["status"] for job in seen]


@law(60)
@given(st.lists(DEED, max_size=25))
def test_nothing_holds_more_than_it_has_lines_keep_their_order_and_all_jobs_end(deeds):
    lab, jobs, statuses = busy_lab(), [], []
    for deed in deeds:
        do(lab, jobs, deed)
        statuses = check(lab, jobs, statuses)
    for name in ENVIRONMENTS:
        lab.clock.turn(7200)
        lab.call("UpdateComputeEnvironment", computeEnvironment=name, state="ENABLED")
    for _ in range(30):
        lab.clock.turn(7200)
        statuses = check(lab, jobs, statuses)
    assert all(status in ENDED for status in statuses)


@law(30)
@given(st.lists(SUBMIT, max_size=12), st.lists(st.sampled_from([0.4, 3.0, 17.0, 50.0]), max_size=12))
def test_it_makes_no_difference_how_often_somebody_looks(submissions, looks):
    histories = []
    for watched in (True, False):
        lab, jobs = busy_lab(), []
        for submission in submissions:
            do(lab, jobs, submission)
        for seconds in looks:
            lab.clock.turn(seconds)
            if watched:
                lab.call("ListJobs", jobQueue="low")
        lab.clock.turn(3600)
        histories.append([(job["status"], job.get("startedAt"), job.get("stoppedAt")) for job in map(lab.job, jobs)])
    assert histories[0] == histories[1]

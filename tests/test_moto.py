"""Plain moto as a second, independent target, for the part of AWS Batch that it supports: it settles at once, pages
nothing, fills in little, and takes a state and a service role only when they are written.
"""

from collections.abc import Iterator

import pytest
from botocore.session import Session

from reconciler.adapters.aws.cloud import AwsCloud
from reconciler.app import usecases
from reconciler.model import Json, Stack
from reconciler.plan import PlanOptions
from reconciler.ports import Cloud
from reconciler.problems import Exit
from reconciler.sandbox.core.service import SimulatedCloud, Simulator
from tests.builders import CE, JD, JQ, SP, container, fair, queue, stack, told
from tests.fakes import HERE, InstantClock, session_of

REGION = "us-east-1"


@pytest.fixture
def session(monkeypatch: pytest.MonkeyPatch) -> Iterator[Session]:
    moto = pytest.importorskip("moto")
    monkeypatch.delenv("AWS_ENDPOINT_URL", raising=False)
    with moto.mock_aws(config={"batch": {"use_docker": False}}):
        session = Session()
        session.set_credentials("key", "secret")
        session.set_config_variable("region", REGION)
        yield session


@pytest.fixture
def resources(session: Session) -> dict[tuple[str, str], dict[str, Json]]:
    ec2, iam = session.create_client("ec2"), session.create_client("iam")
    vpc = ec2.create_vpc(CidrBlock="10.0.0.0/16")["Vpc"]["VpcId"]
    subnet = ec2.create_subnet(VpcId=vpc, CidrBlock="10.0.0.0/24")["Subnet"]["SubnetId"]
    group = ec2.create_security_group(GroupName="g", Description="g", VpcId=vpc)["GroupId"]
    role = iam.create_role(RoleName="batch", AssumeRolePolicyDocument="{}")["Role"]["Arn"]
    fargate = {"type": "FARGATE", "maxvCpus": 4, "subnets": [subnet], "securityGroupIds": [group]}
    return {
        (SP, "fair"): fair(computeReservation=5, shareDistribution=[{"shareIdentifier": "A", "weightFactor": 0.5}]),
        (CE, "spot"): {"type": "MANAGED", "state": "ENABLED", "serviceRole": role, "computeResources": fargate},
        (JQ, "queue"): {**queue("spot"), "state": "ENABLED", "schedulingPolicyArn": "fair"},
        (JD, "job"): container(environment=[{"name": "A", "value": "1"}, {"name": "EMPTY", "value": ""}]),
    }


def test_a_stack_is_created_read_back_changed_and_removed(
    session: Session, resources: dict[tuple[str, str], dict[str, Json]]
) -> None:
    cloud, clock = AwsCloud(session, REGION), InstantClock()

    def apply(mine: Stack, wanted: PlanOptions | None = None) -> usecases.Finish:
        wanted = wanted or PlanOptions()
        return usecases.run(
            usecases.plan(mine, session_of(cloud), wanted),
            mine,
            session_of(cloud, clock),
            options=wanted,
            parallelism=1,
        )

    first = stack(resources, tags={"team": "x"})
    assert apply(first).exit is Exit.DONE
    assert usecases.plan(first, session_of(cloud)).is_empty

    changed = {
        **resources,
        (JD, "job"): container(command=["x"]),
        (JQ, "queue"): {**resources[JQ, "queue"], "priority": 7},
    }
    second = stack(changed, tags={"team": "y"})
    assert len(told(usecases.plan(second, session_of(cloud)))) == 4
    assert apply(second).exit is Exit.DONE
    assert usecases.plan(second, session_of(cloud)).is_empty

    assert apply(second, PlanOptions(destroy=True)).exit is Exit.DONE
    assert usecases.plan(stack({}), session_of(cloud)).is_empty


def shape(value: Json) -> Json:
    """What can be compared of answers that two services gave: the members, and what is in them."""
    if isinstance(value, dict):
        return {member: shape(inner) for member, inner in value.items()}
    return [shape(value[0])] if isinstance(value, list) and value else type(value).__name__


def alike(first: Json, second: Json) -> bool:
    """Whether two shapes say the same of all members that both have. An empty list says nothing."""
    if isinstance(first, dict) and isinstance(second, dict):
        return all(alike(first[member], second[member]) for member in first.keys() & second.keys())
    if isinstance(first, list) and isinstance(second, list):
        return alike(first[0], second[0])
    return bool(first == second) or "list" in (first, second)


def lived_jobs(cloud: Cloud, clock: InstantClock, mine: Stack) -> dict[str, Json]:
    """A short life of two jobs; every answer by its operation."""
    usecases.run(
        usecases.plan(mine, session_of(cloud)), mine, session_of(cloud, clock), options=PlanOptions(), parallelism=1
    )
    job = {"jobName": "job", "jobQueue": "queue", "jobDefinition": "job", "parameters": {"a": "b"}, "tags": {"c": "d"}}
    answers = {"SubmitJob": cloud.call("SubmitJob", {**job, "dependsOn": []})}
    jobs = [answers["SubmitJob"]["jobId"], cloud.call("SubmitJob", job)["jobId"]]
    clock.sleep(3)
    answers["ListJobs"] = cloud.call(
        "ListJobs", {"jobQueue": "queue", "filters": [{"name": "JOB_NAME", "values": ["JOB"]}]}
    )
    answers["CancelJob"] = cloud.call("CancelJob", {"jobId": jobs[0], "reason": "enough"})
    answers["TerminateJob"] = cloud.call("TerminateJob", {"jobId": jobs[1], "reason": "enough"})
    answers["DescribeJobs"] = cloud.call("DescribeJobs", {"jobs": jobs[1:]})
    return answers


def test_answers_about_jobs_are_shaped_like_those_of_the_sandbox(
    session: Session, resources: dict[tuple[str, str], dict[str, Json]]
) -> None:
    plain = {key: {m: v for m, v in body.items() if m != "schedulingPolicyArn"} for key, body in resources.items()}
    plain[JD, "job"] = {**plain[JD, "job"], "platformCapabilities": ["FARGATE"], "containerProperties": {
        "image": "busybox", "executionRoleArn": "arn:aws:iam::123456789012:role/run",
        "resourceRequirements": [{"type": "VCPU", "value": "1"}, {"type": "MEMORY", "value": "2048"}]}}  # fmt: skip
    clock = InstantClock()
    theirs = lived_jobs(AwsCloud(session, REGION), clock, stack(plain))
    ours = lived_jobs(SimulatedCloud(Simulator(clock), HERE), clock, stack(plain))
    for operation, answer in theirs.items():
        mine, other = shape(ours[operation]), shape(answer)
        assert alike(mine, other), (operation, mine, other)
    described = set(ours["DescribeJobs"]["jobs"][0])
    assert set(theirs["DescribeJobs"]["jobs"][0]) - described == set()

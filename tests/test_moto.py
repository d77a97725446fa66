"""Plain moto as a second, independent target, for the part of AWS Batch that it supports: it settles at once, pages
nothing, fills in little, and takes a state and a service role only when they are written.
"""

from collections.abc import Iterator

import pytest
from botocore.session import Session

from reconciler import workflow
from reconciler.aws.cloud import AwsCloud
from reconciler.model import Json, Stack
from reconciler.plan import Wanted
from reconciler.problems import Exit
from tests.builders import CE, JD, JQ, SP, container, fair, queue, stack, told
from tests.fakes import InstantClock

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

    def apply(mine: Stack, wanted: Wanted | None = None) -> workflow.Finish:
        wanted = wanted or Wanted()
        return workflow.run(workflow.plan(mine, cloud, wanted), mine, cloud, clock, wanted=wanted, parallelism=1)

    first = stack(resources, tags={"team": "x"})
    assert apply(first).exit is Exit.DONE
    assert workflow.plan(first, cloud).is_empty

    changed = {
        **resources,
        (JD, "job"): container(command=["x"]),
        (JQ, "queue"): {**resources[JQ, "queue"], "priority": 7},
    }
    second = stack(changed, tags={"team": "y"})
    assert len(told(workflow.plan(second, cloud))) == 4
    assert apply(second).exit is Exit.DONE
    assert workflow.plan(second, cloud).is_empty

    assert apply(second, Wanted(destroy=True)).exit is Exit.DONE
    assert workflow.plan(stack({}), cloud).is_empty

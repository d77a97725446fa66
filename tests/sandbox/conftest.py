"""A small laboratory: a simulator on a clock that only the test turns, with short names for what most tests need."""

import re
from typing import Any

import pytest

from reconciler.model import Identity
from reconciler.problems import CloudError
from reconciler.sandbox.core.clock import Timings, TurnableClock
from reconciler.sandbox.core.faults import FaultRule, Faults
from reconciler.sandbox.core.service import SimulatedCloud, Simulator

ACCOUNT, REGION = "123456789012", "us-east-1"
FRAME = re.compile(r"Error executing request, Exception : (.*), RequestId: [0-9a-f-]{36}", re.DOTALL)
TIMINGS = Timings(deleted=0, create=10, update=10, infrastructure=60, delete=10, relationship_grace=30, autoscale=300)


class Lab:
    def __init__(
        self,
        timings: Timings = TIMINGS,
        rules: tuple[FaultRule, ...] = (),
        store: Any = None,
        seed: int = 7,
        *,
        restless: bool = True,
    ) -> None:
        self.clock = TurnableClock()
        self.simulator = Simulator(
            self.clock, timings=timings, faults=Faults(rules), store=store, seed=seed, restless=restless
        )
        self.cloud = SimulatedCloud(self.simulator, Identity(ACCOUNT, REGION))

    def call(self, operation: str, /, **request: Any) -> Any:
        return self.cloud.call(operation, request)

    def refused(self, operation: str, /, **request: Any) -> str:
        """Make a call that must be refused; return AWS's words without their frame."""
        with pytest.raises(CloudError) as caught:
            self.call(operation, **request)
        assert caught.value.code == "ClientException"
        framed = FRAME.fullmatch(caught.value.message)
        assert framed
        return framed[1]

    def settle(self) -> None:
        self.clock.turn(60)

    def environment(self, name: str, **members: Any) -> Any:
        """Create an environment, let it settle and describe it."""
        self.call("CreateComputeEnvironment", **(ec2(name) | members))
        self.settle()
        return self.see(name)

    def queue(self, name: str, *environments: str, **members: Any) -> Any:
        order = [{"order": place, "computeEnvironment": each} for place, each in enumerate(environments, 1)]
        self.call("CreateJobQueue", jobQueueName=name, priority=1, computeEnvironmentOrder=order, **members)
        self.settle()
        return self.see_queue(name)

    def disable(self, name: str) -> None:
        self.call("UpdateComputeEnvironment", computeEnvironment=name, state="DISABLED")
        self.settle()

    def see(self, name: str) -> Any:
        found = self.call("DescribeComputeEnvironments", computeEnvironments=[name])["computeEnvironments"]
        return found[0] if found else None

    def see_queue(self, name: str) -> Any:
        found = self.call("DescribeJobQueues", jobQueues=[name])["jobQueues"]
        return found[0] if found else None

    def busy(self, **resources: Any) -> None:
        """An environment `spot` and a queue `main` on it, for jobs of `render`, which sleep half a minute."""
        self.environment("spot", **ec2("spot", **resources))
        self.queue("main", "spot")
        self.call("RegisterJobDefinition", **self.container(command=["sleep", "30"]))

    def submit(self, count: int = 1, **members: Any) -> list[str]:
        request = {"jobName": "job", "jobQueue": "main", "jobDefinition": "render", **members}
        return [self.call("SubmitJob", **request)["jobId"] for _ in range(count)]

    def job(self, job: str) -> Any:
        found = self.call("DescribeJobs", jobs=[job])["jobs"]
        return found[0] if found else None

    def statuses(self, *jobs: str) -> list[str]:
        return [self.job(job)["status"] for job in jobs]

    def listed(self, status: str, queue: str = "main") -> list[str]:
        jobs = self.call("ListJobs", jobQueue=queue, jobStatus=status)["jobSummaryList"]
        return [job["jobId"] for job in jobs]

    def see_definition(self, name: str) -> Any:
        """The newest active revision."""
        found = self.call("DescribeJobDefinitions", jobDefinitionName=name, status="ACTIVE")["jobDefinitions"]
        return found[0] if found else None

    @staticmethod
    def ec2(name: str = "spot", **resources: Any) -> dict[str, Any]:
        return ec2(name, **resources)

    @staticmethod
    def fargate(name: str = "serverless", **resources: Any) -> dict[str, Any]:
        body = {"type": "FARGATE", "maxvCpus": 16, "subnets": ["subnet-1"], "securityGroupIds": ["sg-1"]}
        return {"computeEnvironmentName": name, "type": "MANAGED", "computeResources": body | resources}

    @staticmethod
    def container(name: str = "render", **container: Any) -> dict[str, Any]:
        body = {"image": "busybox", "vcpus": 1, "memory": 128}
        return {"jobDefinitionName": name, "type": "container", "containerProperties": body | container}


def ec2(name: str, **resources: Any) -> dict[str, Any]:
    body = {
        "type": "EC2",
        "allocationStrategy": "BEST_FIT_PROGRESSIVE",
        "minvCpus": 0,
        "maxvCpus": 64,
        "instanceTypes": ["m6i", "c6i"],
        "subnets": ["subnet-1", "subnet-2"],
        "securityGroupIds": ["sg-1"],
        "instanceRole": "ecsInstanceRole",
    }
    return {"computeEnvironmentName": name, "type": "MANAGED", "computeResources": body | resources}


@pytest.fixture
def lab() -> Lab:
    return Lab()


@pytest.fixture(name="make_lab")
def _make_lab() -> type[Lab]:
    return Lab

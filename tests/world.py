"""A simulated AWS Batch with its clock, and what a user would do to it."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from reconciler.adapters.aws.cloud import AwsCloud
from reconciler.adapters.eventbridge.cloud import StackCloud
from reconciler.app import usecases
from reconciler.app.request import Session
from reconciler.app.usecases import Finish
from reconciler.calls import RetryingCloud, is_read
from reconciler.model import Json, Plan, Stack
from reconciler.plan import PlanOptions
from reconciler.ports import Cloud
from reconciler.problems import CloudError, Fault
from reconciler.sandbox.core.clock import Timings, TurnableClock
from reconciler.sandbox.core.faults import FaultRule, Faults
from reconciler.sandbox.core.service import SimulatedCloud, Simulator
from reconciler.sandbox.session import sandbox_session
from tests.builders import AS_DECLARED
from tests.fakes import HERE


@dataclass
class World:
    timings: Timings = field(default_factory=Timings)
    rules: tuple[FaultRule, ...] = ()
    seed: int = 0

    def __post_init__(self) -> None:
        self.clock = TurnableClock()
        self.simulator = Simulator(self.clock, faults=Faults(self.rules), timings=self.timings, seed=self.seed)
        self.raw = SimulatedCloud(self.simulator, HERE)
        self.cloud = RetryingCloud(self.raw, self.clock)

    @property
    def session(self) -> Session:
        return Session(self.cloud, self.clock)

    def session_of(self, stack: Stack) -> Session:
        """Return a session that reaches the services beside Batch, too."""
        return Session(StackCloud(self.cloud, self._beside, stack.name), self.clock)

    def _beside(self, service: str) -> Cloud:
        return AwsCloud(sandbox_session(self.simulator, HERE.region, HERE.account), HERE.region, service=service)

    def plan(self, stack: Stack, wanted: PlanOptions = AS_DECLARED) -> Plan:
        return usecases.plan(stack, self.session_of(stack), wanted)

    def apply(self, stack: Stack, wanted: PlanOptions = AS_DECLARED) -> Finish:
        plan = self.plan(stack, wanted)
        return usecases.run(plan, stack, self.session_of(stack), options=wanted, parallelism=4)

    def hand(self, operation: str, /, **request: Json) -> Mapping[str, Json]:
        """An outside hand makes a call, and time goes on until all has settled."""
        try:
            return self.raw.call(operation, request)
        finally:
            self.clock.turn(3600)

    def forbid(self, operation: str, fault: Fault = Fault.DENIED) -> None:
        """Deny an operation from now on, as a policy would; or let it fail otherwise."""
        allowed = self.cloud.call

        def call(asked: str, request: Mapping[str, Json]) -> Mapping[str, Json]:
            if asked == operation:
                raise CloudError(asked, fault, "AccessDeniedException", "no identity-based policy allows it")
            return allowed(asked, request)

        self.cloud.call = call  # type: ignore[method-assign] # the patient cloud stays what it is otherwise

    def strike(self, *rules: FaultRule) -> None:
        self.simulator.faults = Faults(rules)

    @property
    def calls(self) -> list[tuple[str, Json]]:
        return self.simulator.calls

    def writes(self, since: int = 0) -> list[tuple[str, Json]]:
        return [(operation, request) for operation, request in self.calls[since:] if not is_read(operation)]

    def names(self, describe: str, result: str, name: str) -> set[str]:
        try:
            return {item[name] for item in self.raw.call(describe, {})[result]}
        except CloudError:
            return set()


def stranded(cloud: SimulatedCloud) -> list[str]:
    """Return the queues of which no environment is VALID and ENABLED."""
    orders = {"computeEnvironment": "DescribeComputeEnvironments", "serviceEnvironment": "DescribeServiceEnvironments"}
    working = {
        one[f"{member}Arn"]
        for member, operation in orders.items()
        for one in cloud.call(operation, {})[f"{member}s"]
        if one["status"] in ("VALID", "UPDATING") and one["state"] == "ENABLED"
    }
    return [
        one["jobQueueName"]
        for one in cloud.call("DescribeJobQueues", {})["jobQueues"]
        if one["status"] not in ("DELETING", "DELETED")
        and not working & {entry[member] for member in orders for entry in one.get(f"{member}Order", ())}
    ]

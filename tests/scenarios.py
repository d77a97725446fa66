"""Stacks as files, and what is done to them by processes: for tests that kill, interrupt and watch the command line."""

from dataclasses import dataclass
from pathlib import Path

from reconciler.plan import PlanOptions
from tests.builders import AS_DECLARED
from tests.served import Gate
from tests.stacks.read import read

STACK = """\
stack: risk
computeEnvironments:
  spot:
    type: MANAGED
    computeResources:
      {type: EC2, allocationStrategy: %(strategy)s, minvCpus: 0, maxvCpus: %(most)s, instanceTypes: [m5],
       subnets: [subnet-0a1b2c3d], securityGroupIds: [sg-0a1b2c3d], instanceRole: ecsInstanceRole}
    lifecycle: {replace: blue-green}
schedulingPolicies:
  fair: {fairsharePolicy: {shareDecaySeconds: %(decay)s}}
jobQueues:
  pricing: {priority: %(priority)s, computeEnvironmentOrder: [spot], schedulingPolicy: fair}
  reports: {priority: 1, computeEnvironmentOrder: [spot], tags: {team: %(team)s}}
jobDefinitions:
  simulate:
    type: container
    containerProperties:
      image: %(image)s
      resourceRequirements: [{type: VCPU, value: 1}, {type: MEMORY, value: 2048}]
"""
FIRST = {"strategy": "BEST_FIT", "most": 16, "decay": 60, "priority": 10, "team": "risk", "image": "busybox:1"}


@dataclass(frozen=True)
class Scenario:
    command: str = "apply"
    before: str = ""
    after: str = STACK % FIRST
    wanted: PlanOptions = AS_DECLARED

    @property
    def words(self) -> tuple[str, ...]:
        return (self.command, "after", "--yes")


SCENARIOS = {
    "create": Scenario(),
    "update": Scenario(
        before=STACK % FIRST, after=STACK % {**FIRST, "most": 32, "decay": 90, "priority": 20, "team": "ops"}
    ),
    "revision": Scenario(before=STACK % FIRST, after=STACK % {**FIRST, "image": "busybox:2"}),
    "blue-green": Scenario(before=STACK % FIRST, after=STACK % {**FIRST, "strategy": "BEST_FIT_PROGRESSIVE"}),
    "destroy": Scenario("destroy", before=STACK % FIRST, wanted=PlanOptions(destroy=True)),
}


def written(name: str) -> Scenario:
    """Return a scenario whose stacks are in folders of their own."""
    scenario = SCENARIOS[name]
    for folder, text in (("before", scenario.before), ("after", scenario.after)):
        Path(folder).mkdir()
        Path(folder, "stack.yaml").write_text(text, encoding="utf-8")
    return scenario


def world_before(scenario: Scenario, **of_gate: object) -> Gate:
    gate = Gate(**of_gate)
    if scenario.before:
        gate.apply(read(Path("before"))[0])
    return gate

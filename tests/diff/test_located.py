"""A change of an entry of a list is at the line of that entry."""

import textwrap

import pytest

from reconciler.model import dotted
from tests.load.memory import loaded
from tests.world import World

JOB = """\
jobDefinitions:
  a:
    type: container
    containerProperties:
      image: busybox
      command:
        - run
        - fast
      vcpus: 1
      memory: 512
      environment:
        - name: A
          value: one
        - name: B
          value: two
        - {name: C, value: three}
      mountPoints:
        - sourceVolume: tmp
          containerPath: /tmp
      volumes:
        - name: tmp
          host: {sourcePath: /tmp}
    parameters:
      size.max: "4"
    tags:
      team: risk
      cost.center: "7"
"""
QUEUE = """\
computeEnvironments:
  c: &c
    type: MANAGED
    computeResources: &r
      type: EC2
      allocationStrategy: BEST_FIT_PROGRESSIVE
      minvCpus: 0
      maxvCpus: 16
      subnets:
        - subnet-1
        - subnet-2
      securityGroupIds: [sg-1]
      instanceTypes: [m5]
      instanceRole: ecsInstanceRole
  d: {<<: *c}
jobQueues:
  q:
    priority: 1
    computeEnvironmentOrder:
      - {order: 1, computeEnvironment: c}
      - {order: 2, computeEnvironment: d}
"""


def lines(before: str, after: str) -> dict[str, str]:
    """Return the line of `after` at which each changed field is located, by its path."""
    world = World()
    first, second = (loaded(text).stack for text in (before, after))
    assert world.apply(first).exit == 0
    texts = ["stack: s", *textwrap.dedent(after).splitlines()]
    plan = world.plan(second)
    return {
        dotted(field.path): texts[field.where.line - 1].strip() if field.where else ""
        for change in plan.changes
        for field in change.fields
        if not field.is_of_own_tags
    }


@pytest.mark.parametrize(
    ("old", "new", "path", "line"),
    [
        ("value: two", "value: 2", "containerProperties.environment.B.value", 'value: "2"'),
        ("three", "3", "containerProperties.environment.C.value", '- {name: C, value: "3"}'),
        ("name: B", "name: BB", "containerProperties.environment.BB", "- name: BB"),
        ("sourceVolume: tmp", "sourceVolume: tmp2", "containerProperties.mountPoints./tmp.sourceVolume", "- sourceVolume: tmp2"),
        ("{sourcePath: /tmp}", "{sourcePath: /mnt}", "containerProperties.volumes.tmp.host.sourcePath", "host: {sourcePath: /mnt}"),
        ("vcpus: 1", "vcpus: 2", "containerProperties.resourceRequirements.VCPU.value", "vcpus: 2"),
        ('size.max: "4"', 'size.max: "5"', 'parameters["size.max"]', 'size.max: "5"'),
        ('cost.center: "7"', 'cost.center: "8"', 'tags["cost.center"]', 'cost.center: "8"'),
        ("- fast", "- slow", "containerProperties.command", "- slow"),
    ],
)  # fmt: skip
def test_a_changed_entry_of_a_definition_is_at_its_own_line(old: str, new: str, path: str, line: str) -> None:
    assert lines(JOB, JOB.replace(old, new)).get(path, "no such change").replace('"', "") == line.replace('"', "")


def test_a_new_environment_of_a_queue_is_at_its_own_line() -> None:
    after = QUEUE.replace("  d: {<<: *c}", "  d: {<<: *c}\n  e: {<<: *c}").replace(
        "computeEnvironment: d}", "computeEnvironment: e}"
    )
    assert lines(QUEUE, after)["computeEnvironmentOrder"] == "- {order: 2, computeEnvironment: e}"


def test_a_new_entry_of_a_set_is_at_its_own_line_and_one_that_goes_at_the_list() -> None:
    assert lines(QUEUE, QUEUE.replace("- subnet-2", "- subnet-0"))["computeResources.subnets"] == "- subnet-0"
    assert lines(QUEUE, QUEUE.replace("        - subnet-2\n", ""))["computeResources.subnets"] == "subnets:"


def test_an_entry_that_goes_is_at_the_list_that_it_goes_from() -> None:
    after = JOB.replace("        - name: B\n          value: two\n", "")
    assert lines(JOB, after) == {"containerProperties.environment.B": "environment:"}

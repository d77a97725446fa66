"""What is almost the name of something beside it is said offline, with the name that was meant."""

import pytest

from reconciler.adapters.lookup.installed import read_schema
from reconciler.kinds import KINDS
from reconciler.model import Json
from reconciler.validate import validate
from tests.builders import CE, JD, JQ, container, ec2, stack


def told(kind: str, body: Json, code: str, *, beside: Json = None) -> list[str]:
    bodies = {(kind, "x"): body, **({(CE, "ondemand"): beside} if beside else {})}
    _, problems = validate(stack(bodies), read_schema(), KINDS)
    return [one.message for one in problems if one.code == code]


@pytest.mark.parametrize(
    ("name", "is_near"),
    [
        ("ondemnad", True),
        ("arn:aws:batch:us-east-1:123456789012:compute-environment/ondemnad", True),
        ("arn:aws:batch:us-east-1:123456789012:compute-environment/ondemand", False),
        ("arn:aws:batch:us-east-1:123456789012:job-queue/ondemnad", False),
        ("arn:aws:batch:us-east-1:123456789012:compute-environment/spot", False),
    ],
)
def test_a_reference_that_is_almost_a_declared_name_is_told_also_as_an_arn(name: str, is_near: bool) -> None:
    queue = {"priority": 1, "computeEnvironmentOrder": [{"order": 1, "computeEnvironment": name}]}
    found = told(JQ, queue, "JQ011", beside=ec2())
    assert [one.endswith("Did you mean ondemand?") for one in found] == ([True] if is_near else [])


@pytest.mark.parametrize(("word", "is_near"), [("Ref::actoin", True), ("Ref::action", False), ("Ref::bucket", False)])
def test_a_parameter_of_a_command_that_is_almost_a_declared_one_is_told(word: str, is_near: bool) -> None:
    body = {**container(command=["run", word]), "parameters": {"action": "x"}}
    assert len(told(JD, body, "JD162")) == is_near


def test_a_mount_of_almost_a_volume_names_it() -> None:
    volumes = [{"name": "scratch", "host": {"sourcePath": "/x"}}]
    mounts = [{"sourceVolume": "scrach", "containerPath": "/x"}]
    (found,) = told(JD, container(volumes=volumes, mountPoints=mounts), "JD119")
    assert found.endswith("is scrach, which is none of the volumes: did you mean scratch?")

"""Instance types that nobody knows are said offline, with the one that was meant."""

import pytest

from reconciler.adapters.lookup import installed
from reconciler.adapters.lookup.installed import read_schema
from reconciler.kinds import KINDS
from reconciler.placement.catalogue import catalogue
from reconciler.problems import Severity
from reconciler.validate import validate
from tests.builders import CE, ec2, stack


@pytest.mark.parametrize(
    ("name", "meant"),
    [
        ("c5.2xlrage", "c5.2xlarge"),
        ("c5.2xLarge", "c5.2xlarge"),
        ("C5.large", "c5.large"),
        ("c5.xlarge2", "c5.xlarge"),
        ("optimall", "optimal"),
        ("p4de.24xlage", "p4de.24xlarge"),
        ("c5-2xlarge", "c5.2xlarge"),
        ("ml.m5.large", "m5.large"),
        ("nothing", ""),
    ],
)
def test_a_type_that_nobody_knows_is_a_warning_that_names_the_nearest(name: str, meant: str) -> None:
    _, problems = validate(stack({(CE, "a"): ec2(instanceTypes=["m5", name])}), read_schema(), KINDS)
    (problem,) = (one for one in problems if one.code == "CE222")
    asked = f": did you mean {meant}?" if meant else ""
    said = f"computeResources.instanceTypes[1] is {name}, which is not a known instance type{asked}"
    assert problem.message == f"ComputeEnvironment/a: {said}"
    assert problem.severity is Severity.WARNING


def test_what_a_newer_sdk_knows_is_known() -> None:
    def takes(operation: str, path: object) -> bool:
        return operation == "RunInstances" and path in {
            ("InstanceType", "m99.large"),
            ("InstanceType", "c5.9000xlarge"),
        }

    mine = stack({(CE, "a"): ec2(instanceTypes=["m99.large", "m99", "c5.9000xlarge"])})
    assert [one.code for one in validate(mine, read_schema(), KINDS, takes=takes)[1]] == []


def test_the_table_has_what_the_installed_sdk_knows() -> None:
    assert installed.instance_types() >= catalogue().types.keys()
    assert installed.takes("RunInstances", ("InstanceType", "m5.large"))
    assert not installed.takes("RunInstances", ("InstanceType", "m5.lagre"))

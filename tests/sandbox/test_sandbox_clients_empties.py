"""Requests as clients of others send them, with members that are there and empty."""

from collections.abc import Iterator
from typing import Any

import pytest
from botocore.model import StructureShape
from botocore.validate import validate_parameters

from reconciler.model import Json
from reconciler.sandbox.core.model import service_model
from tests.sandbox.conftest import Lab

ORDER = [{"order": 1, "computeEnvironment": "spot"}]
REQUESTS: dict[str, dict[str, Any]] = {
    "SubmitJob": {"jobName": "frame", "jobQueue": "main", "jobDefinition": "render"},
    "RegisterJobDefinition": Lab.container("other"),
    "CreateJobQueue": {"jobQueueName": "other", "priority": 1, "computeEnvironmentOrder": ORDER},
    "CreateComputeEnvironment": Lab.ec2("other"),
    "CreateSchedulingPolicy": {"name": "fair", "fairsharePolicy": {}},
    "CreateConsumableResource": {"consumableResourceName": "token", "totalQuantity": 1},
}
# What is refused is measured; an orchestration is chosen by the member.
REFUSED = {("RegisterJobDefinition", "platformCapabilities"), ("RegisterJobDefinition", "eksProperties")}


def empties(operation: str) -> Iterator[tuple[str, Json]]:
    """Yield every optional list, map and structure that botocore sends empty, with its empty value."""
    shape = service_model().operation_model(operation).input_shape
    assert isinstance(shape, StructureShape)
    for member, inner in shape.members.items():
        empty: Json = [] if inner.type_name == "list" else {}
        is_empty = inner.type_name in ("list", "map", "structure") and member not in REQUESTS[operation]
        if is_empty and not validate_parameters_of(inner, empty) and (operation, member) not in REFUSED:
            yield member, empty


def validate_parameters_of(shape: Any, value: Json) -> bool:
    """Whether botocore refuses the value before it sends anything."""
    try:
        validate_parameters(value, shape)
    except Exception as wrong:  # noqa: BLE001 - botocore has one type of exception for each way to be wrong
        return bool(wrong)
    return False


@pytest.mark.parametrize("operation", REQUESTS)
def test_an_empty_member_is_as_good_as_none(lab: Lab, operation: str) -> None:
    lab.busy()
    sent = dict(empties(operation))
    assert "tags" in sent
    lab.call(operation, **REQUESTS[operation], **sent)


def test_a_job_takes_nothing_from_what_is_sent_empty(lab: Lab) -> None:
    """As Airflow's BatchOperator and Snakemake's executor send it."""
    lab.busy()
    lab.call("RegisterJobDefinition", **(lab.container() | {"retryStrategy": {"attempts": 3}}))
    sent = dict(empties("SubmitJob"))
    [job] = lab.submit(**sent)
    lab.clock.turn(2)
    seen = lab.job(job)
    assert (seen["status"], seen["tags"], seen["retryStrategy"]) == (
        "RUNNING", {}, {"attempts": 3, "evaluateOnExit": []}
    )  # fmt: skip
    assert "arrayProperties" not in seen
    assert seen["dependsOn"] == []


@pytest.mark.parametrize("member", ["tags", "instanceTypes", "ec2Configuration", "scalingPolicy", "launchTemplate"])
def test_what_fargate_does_not_take_may_be_sent_empty(lab: Lab, member: str) -> None:
    empty: Json = [] if member in ("instanceTypes", "ec2Configuration") else {}
    lab.call("CreateComputeEnvironment", **lab.fargate("serverless", **{member: empty}))


@pytest.mark.parametrize("operation", ["CancelJob", "TerminateJob"])
@pytest.mark.parametrize("member", ["jobId", "reason"])
def test_an_empty_text_is_no_job_and_no_reason(lab: Lab, operation: str, member: str) -> None:
    words = lab.refused(operation, **({"jobId": "a", "reason": "b"} | {member: ""}))
    assert words == f"'{member}' is a required field (cannot be an empty string)"

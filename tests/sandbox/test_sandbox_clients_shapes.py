"""What is described and listed of jobs has the members and types of the service's model, whatever form the job has."""

from typing import Any

import pytest

from reconciler.sandbox.core.model import problems_of, service_model
from tests.sandbox.conftest import Lab

NEEDS = [{"type": "VCPU", "value": "1"}, {"type": "MEMORY", "value": "128"}]
CONTAINER = {"image": "busybox", "command": ["sh", "-c", "echo hi; exit 3"], "resourceRequirements": NEEDS}
TASKS = {"taskProperties": [{"containers": [CONTAINER | {"name": "main"}, CONTAINER | {"name": "side"}]}]}
POD = {"image": "busybox", "command": ["false"], "resources": {"limits": {"cpu": "1", "memory": "512Mi"}}}
KUBERNETES = {"eksClusterArn": "arn:aws:eks:us-east-1:123456789012:cluster/a", "kubernetesNamespace": "jobs"}


def nodes(**body: Any) -> dict[str, Any]:
    ranges = [{"targetNodes": "0:", **body}]
    return {"type": "multinode", "nodeProperties": {"numNodes": 2, "mainNode": 0, "nodeRangeProperties": ranges}}


FORMS: dict[str, dict[str, Any]] = {
    "container": {"type": "container", "containerProperties": CONTAINER},
    "tasks": {"type": "container", "ecsProperties": TASKS},
    "pod": {"type": "container", "eksProperties": {"podProperties": {"containers": [POD]}}},
    "nodes": nodes(container=CONTAINER),
    "nodes with tasks": nodes(ecsProperties=TASKS),
}
MOMENTS = (0, 1, 2, 30, 120, 300)  # seconds from the submission: every status is seen


def check(operation: str, answer: Any) -> None:
    problems = problems_of(service_model().operation_model(operation).output_shape, answer, "")
    # The model calls it required, and AWS leaves it out of jobs that have not started.
    assert [problem for problem in problems if not problem.endswith('"startedAt"')] == []


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("size", [None, 2])
def test_a_job_has_the_shape_of_the_model_in_every_status(lab: Lab, form: str, size: int | None) -> None:
    if size and form.startswith("nodes"):
        pytest.skip("an array has no nodes")
    kubernetes = {"eksConfiguration": KUBERNETES} if form == "pod" else {}
    lab.environment("spot", **kubernetes)
    lab.queue("main", "spot")
    lab.call("RegisterJobDefinition", jobDefinitionName="job", retryStrategy={"attempts": 2}, **FORMS[form])
    array = {"arrayProperties": {"size": size}} if size else {}
    [job] = lab.submit(jobDefinition="job", tags={"a": "b"}, **array)
    seen = set()
    for moment in MOMENTS:
        lab.clock.turn(moment)
        answer = lab.call("DescribeJobs", jobs=[job, f"{job}:1", f"{job}#1"])
        check("DescribeJobs", answer)
        seen |= {each["status"] for each in answer["jobs"]}
        for status in ("SUBMITTED", "PENDING", "RUNNABLE", "STARTING", "RUNNING", "FAILED"):
            check("ListJobs", lab.call("ListJobs", jobQueue="main", jobStatus=status))
    assert {"SUBMITTED", "RUNNING", "FAILED"} <= seen


def test_a_pod_shows_its_name_and_exit_codes(lab: Lab) -> None:
    """As clients of jobs on Kubernetes read them (JobDetail, eksAttempts)."""
    lab.environment("spot", eksConfiguration=KUBERNETES)
    lab.queue("main", "spot")
    lab.call("RegisterJobDefinition", jobDefinitionName="job", **FORMS["pod"])
    [job] = lab.submit(jobDefinition="job")
    lab.clock.turn(120)
    seen = lab.job(job)
    [attempt] = seen["eksAttempts"]
    pod = seen["eksProperties"]["podProperties"]
    assert (seen["attempts"], attempt["podName"]) == ([], pod["podName"])
    assert [each["exitCode"] for each in (*attempt["containers"], *pod["containers"])] == [1, 1]

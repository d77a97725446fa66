"""From declared jobs to requests of SubmitJob."""

import pytest

from reconciler.jobs.submission import JobOverrides, check_placement, submission_of, submit
from reconciler.model import Address, Declared, DeclaredJob, Json, Spec, Stack
from reconciler.problems import InvalidStack, Refused, WrongUsage
from tests.fakes import ScriptedCloud

CONTAINER = {"containerProperties": {"image": "a:1"}}


def stack(definition: Spec | None = None, **jobs: Spec) -> Stack:
    bodies = {("JobQueue", "pricing"): {"priority": 1}, ("JobDefinition", "price"): definition or CONTAINER}
    declared = {Address(*key): Declared(Address(*key), body) for key, body in bodies.items()}
    bodies_of_jobs = {
        name: DeclaredJob(Address("Job", name), {"jobQueue": "pricing", "jobDefinition": "price", **body})
        for name, body in jobs.items()
    }
    return Stack("risk", declared, bodies_of_jobs, tags={"team": "risk"}, name_prefix="dev-")


def request(own: Stack, **given: Json) -> Spec:
    return submission_of(own, own.jobs["a"], JobOverrides(**given)).request


def test_names_of_the_stack_become_names_in_aws_and_others_stay() -> None:
    own = stack(a={"tags": {"cost": "low"}}, b={"jobQueue": "theirs", "jobDefinition": "price:3"})
    assert request(own) == {
        "jobName": "dev-a",
        "jobQueue": "dev-pricing",
        "jobDefinition": "dev-price",
        "tags": {"team": "risk", "cost": "low"},
    }
    other = submission_of(own, own.jobs["b"], JobOverrides()).request
    assert (other["jobQueue"], other["jobDefinition"]) == ("theirs", "price:3")


def test_what_a_run_sets_stands_in_place_of_what_is_declared() -> None:
    sizes = {"resourceRequirements": [{"type": "VCPU", "value": "1"}, {"type": "GPU", "value": "1"}]}
    own = stack(a={"parameters": {"x": "1", "y": "1"}, "containerOverrides": {"command": ["run"], **sizes}})
    sent = request(
        own,
        parameters={"x": "2"},
        environment={"LEVEL": "debug"},
        sizes={"VCPU": "4"},
        array_size=3,
        depends_on=("id",),
        share="A",
    )
    assert sent["parameters"] == {"x": "2", "y": "1"}
    assert sent["containerOverrides"] == {
        "command": ["run"],
        "resourceRequirements": [{"type": "GPU", "value": "1"}, {"type": "VCPU", "value": "4"}],
        "environment": [{"name": "LEVEL", "value": "debug"}],
    }
    assert (sent["arrayProperties"], sent["dependsOn"], sent["shareIdentifier"]) == (
        {"size": 3},
        [{"jobId": "id"}],
        "A",
    )


POD = {"eksProperties": {"podProperties": {"containers": [{"name": "main", "image": "a:1"}]}}}
TASK = {"ecsProperties": {"taskProperties": [{"containers": [{"name": "main", "image": "a:1"}]}]}}
NODES = {"nodeProperties": {"numNodes": 2, "nodeRangeProperties": [{"targetNodes": "0:", "container": {}}]}}
SIZE = {"resourceRequirements": [{"type": "MEMORY", "value": "512"}]}


@pytest.mark.parametrize(
    ("definition", "override", "value"),
    [
        (CONTAINER, "containerOverrides", SIZE),
        (TASK, "ecsPropertiesOverride", {"taskProperties": [{"containers": [{"name": "main", **SIZE}]}]}),
        (
            POD,
            "eksPropertiesOverride",
            {
                "podProperties": {
                    "containers": [
                        {"name": "main", "resources": {"limits": {"memory": "512Mi"}, "requests": {"memory": "512Mi"}}}
                    ]
                }
            },
        ),
        (NODES, "nodeOverrides", {"nodePropertyOverrides": [{"targetNodes": "0:", "containerOverrides": SIZE}]}),
    ],
)
def test_sizes_of_the_command_line_fit_every_form_of_definition(definition: Spec, override: str, value: Json) -> None:
    assert request(stack(definition, a={}), sizes={"MEMORY": "512"})[override] == value


def test_sizes_for_one_of_several_containers_are_wrong_usage() -> None:
    several = {"ecsProperties": {"taskProperties": [{"containers": [{"name": "a"}, {"name": "b"}]}]}}
    with pytest.raises(WrongUsage, match="one container"):
        request(stack(several, a={}), sizes={"MEMORY": "512"})


def test_jobs_that_a_job_depends_on_go_first_and_a_circle_is_refused() -> None:
    own = stack(a={"dependsOn": [{"jobId": "b"}, {"jobId": "known"}]}, b={})
    cloud = ScriptedCloud({"SubmitJob": [{"jobId": "1", "jobName": "b"}, {"jobId": "2", "jobName": "a"}]})
    before, meant = submit(cloud, submission_of(own, own.jobs["a"], JobOverrides()))
    assert (before.id, meant.id, meant.queue) == ("1", "2", "dev-pricing")
    assert cloud.calls[1][1]["dependsOn"] == [{"jobId": "1"}, {"jobId": "known"}]
    round_ = stack(a={"dependsOn": [{"jobId": "b"}]}, b={"dependsOn": [{"jobId": "a"}]})
    with pytest.raises(InvalidStack) as refused:
        submission_of(round_, round_.jobs["a"], JobOverrides())
    assert "in a circle: a -> b -> a" in refused.value.problems[0].message


def test_a_job_that_no_environment_of_its_queue_can_hold_is_refused() -> None:
    resources = {"type": "FARGATE", "maxvCpus": 1}
    own = stack({"platformCapabilities": ["FARGATE"], "containerProperties": SIZE}, a={})
    spot = Address("ComputeEnvironment", "spot")
    order = {"computeEnvironmentOrder": [{"order": 1, "computeEnvironment": "spot"}]}
    queue = Address("JobQueue", "pricing")
    declared = {**own.declared, spot: Declared(spot, {"type": "MANAGED", "computeResources": resources})}
    own = Stack("risk", {**declared, queue: Declared(queue, order)}, own.jobs)
    with pytest.raises(Refused, match="can never start in JobQueue/pricing"):
        check_placement(own, submission_of(own, own.jobs["a"], JobOverrides(sizes={"VCPU": "16"})))

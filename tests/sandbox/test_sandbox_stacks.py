"""Stacks of CloudFormation in the served sandbox: their resources of AWS Batch are those that the Batch API shows."""

import copy
import json
from collections.abc import Callable, Iterator

import pytest
from botocore.exceptions import ClientError

from reconciler.kinds import batch_kinds
from reconciler.model import Json
from reconciler.sandbox.core.clock import INSTANT, Timings, TurnableClock
from reconciler.sandbox.core.service import Simulator
from tests.serving import client_of, running

Clients = Callable[[str], Json]
RESOURCES = {"Type": "FARGATE", "MaxvCpus": "16", "Subnets": ["subnet-1"], "SecurityGroupIds": ["sg-1"]}
TEMPLATE: Json = {
    "Parameters": {"Cores": {"Type": "String", "Default": "16"}},
    "Resources": {
        "Queue": {
            "Type": "AWS::Batch::JobQueue",
            "Properties": {
                "JobQueueName": "work",
                "Priority": 1,
                "SchedulingPolicyArn": {"Fn::GetAtt": ["Fair", "Arn"]},
                "ComputeEnvironmentOrder": [{"Order": 1, "ComputeEnvironment": {"Ref": "Environment"}}],
                "Tags": {"Team": "a"},
            },
        },
        "Environment": {
            "Type": "AWS::Batch::ComputeEnvironment",
            "Properties": {"Type": "MANAGED", "ComputeResources": {**RESOURCES, "MaxvCpus": {"Ref": "Cores"}}},
        },
        "Fair": {
            "Type": "AWS::Batch::SchedulingPolicy",
            "Properties": {"Name": "fair", "FairsharePolicy": {"ShareDecaySeconds": 60}},
        },
        "Simulate": {
            "Type": "AWS::Batch::JobDefinition",
            "Properties": {
                "JobDefinitionName": "simulate",
                "Type": "container",
                "ContainerProperties": {
                    "Image": {"Fn::Sub": "${AWS::AccountId}.dkr.ecr.${AWS::Region}.amazonaws.com/simulate:1"},
                    "ResourceRequirements": [{"Type": "VCPU", "Value": 2}, {"Type": "MEMORY", "Value": 4096}],
                    "Environment": [{"Name": "Team", "Value": "a"}],
                },
                "Parameters": {"In": "a"},
            },
        },
        "Licence": {
            "Type": "AWS::Batch::ConsumableResource",
            "Properties": {"ConsumableResourceName": "licence", "ResourceType": "REPLENISHABLE", "TotalQuantity": 5},
        },
    },
    "Outputs": {
        "Queue": {"Value": {"Fn::GetAtt": ["Queue", "JobQueueArn"]}},
        "Definition": {"Value": {"Ref": "Simulate"}},
    },
}


@pytest.fixture(name="client", params=[INSTANT, Timings()], ids=["instant", "with delays"])
def _client(request: pytest.FixtureRequest) -> Iterator[Clients]:
    pytest.importorskip("moto.server")
    with running(Simulator(TurnableClock(), timings=request.param)) as url:
        yield lambda service: client_of(url, service)


def changed(*path: str, to: Json) -> str:
    """The template with another value at a path below its resources."""
    template = copy.deepcopy(TEMPLATE)
    place = template["Resources"]
    for step in path[:-1]:
        place = place[step]
    place[path[-1]] = to
    return json.dumps(template)


def without(*logical: str) -> str:
    left = {name: one for name, one in TEMPLATE["Resources"].items() if name not in logical}
    return json.dumps({"Resources": left, "Parameters": TEMPLATE["Parameters"]})


def refusal(call: Callable[[], object]) -> str:
    with pytest.raises(ClientError) as caught:
        call()
    error = caught.value.response["Error"]
    assert error["Code"] == "ValidationError"
    return str(error["Message"])


def test_a_stack_creates_what_the_batch_api_then_shows(client: Clients) -> None:
    cfn, batch = client("cloudformation"), client("batch")
    cfn.create_stack(StackName="jobs", TemplateBody=json.dumps(TEMPLATE))
    [environment] = batch.describe_compute_environments()["computeEnvironments"]
    [queue] = batch.describe_job_queues()["jobQueues"]
    [definition] = batch.describe_job_definitions(status="ACTIVE")["jobDefinitions"]
    [stack] = cfn.describe_stacks(StackName="jobs")["Stacks"]
    assert environment["computeEnvironmentName"].startswith("jobs-Environment-")
    assert (environment["status"], queue["status"]) == ("VALID", "VALID")
    assert environment["computeResources"]["maxvCpus"] == 16
    assert queue["computeEnvironmentOrder"][0]["computeEnvironment"] == environment["computeEnvironmentArn"]
    assert queue["schedulingPolicyArn"].endswith(":scheduling-policy/fair")
    assert queue["tags"]["Team"] == "a"
    assert definition["containerProperties"]["image"] == "123456789012.dkr.ecr.eu-west-1.amazonaws.com/simulate:1"
    assert definition["containerProperties"]["environment"] == [{"name": "Team", "value": "a"}]
    assert definition["parameters"] == {"In": "a"}
    assert {one["OutputKey"]: one["OutputValue"] for one in stack["Outputs"]} == {
        "Queue": queue["jobQueueArn"],
        "Definition": definition["jobDefinitionArn"],
    }


def test_an_update_of_a_stack_updates_in_place_registers_anew_and_deletes(client: Clients) -> None:
    cfn, batch = client("cloudformation"), client("batch")
    cfn.create_stack(StackName="jobs", TemplateBody=json.dumps(TEMPLATE))
    [before] = batch.describe_compute_environments()["computeEnvironments"]
    template = json.loads(changed("Simulate", "Properties", "Parameters", to={"In": "b"}))
    template["Resources"]["Queue"]["Properties"] |= {"Priority": 7, "Tags": {"Team": "b"}}
    del template["Resources"]["Licence"]
    cores = [{"ParameterKey": "Cores", "ParameterValue": "32"}]
    cfn.update_stack(StackName="jobs", TemplateBody=json.dumps(template), Parameters=cores)
    [after] = batch.describe_compute_environments()["computeEnvironments"]
    [queue] = batch.describe_job_queues()["jobQueues"]
    [definition] = batch.describe_job_definitions(status="ACTIVE")["jobDefinitions"]
    assert after["computeEnvironmentArn"] == before["computeEnvironmentArn"]
    assert after["computeResources"]["maxvCpus"] == 32
    assert (queue["priority"], queue["tags"]["Team"]) == (7, "b")
    assert (definition["revision"], definition["parameters"]) == (2, {"In": "b"})
    assert batch.list_consumable_resources()["consumableResources"] == []


def test_an_update_of_parameters_alone_reaches_what_depends_on_them_through_functions(client: Clients) -> None:
    """Through Fn::Sub and conditions; a definition in which nothing changes gets no revision."""
    cfn, batch = client("cloudformation"), client("batch")
    template = json.loads(changed("Queue", "Properties", "Priority", to={"Fn::If": ["Small", 1, 7]}))
    template["Conditions"] = {"Small": {"Fn::Equals": [{"Ref": "Cores"}, "16"]}}
    template["Resources"]["Fair"]["Properties"]["Tags"] = {"cores": {"Fn::Sub": "${Cores} vCPUs"}}
    cfn.create_stack(StackName="jobs", TemplateBody=json.dumps(template))
    cores = [{"ParameterKey": "Cores", "ParameterValue": "32"}]
    cfn.update_stack(StackName="jobs", UsePreviousTemplate=True, Parameters=cores)
    [queue] = batch.describe_job_queues()["jobQueues"]
    assert queue["priority"] == 7
    assert batch.list_tags_for_resource(resourceArn=queue["schedulingPolicyArn"])["tags"]["cores"] == "32 vCPUs"
    assert len(batch.describe_job_definitions()["jobDefinitions"]) == 1


def test_resources_of_a_stack_carry_the_tags_of_cloudformation_but_for_environments(client: Clients) -> None:
    cfn, batch = client("cloudformation"), client("batch")
    stack = cfn.create_stack(StackName="jobs", TemplateBody=json.dumps(TEMPLATE))["StackId"]
    cfn.update_stack(StackName="jobs", TemplateBody=changed("Simulate", "Properties", "Parameters", to={}))
    [environment] = batch.describe_compute_environments()["computeEnvironments"]
    [queue] = batch.describe_job_queues()["jobQueues"]
    [definition] = batch.describe_job_definitions(status="ACTIVE")["jobDefinitions"]
    tags = {"aws:cloudformation:stack-name": "jobs", "aws:cloudformation:stack-id": stack}
    assert environment["tags"] == {}
    assert queue["tags"] == {"Team": "a", **tags, "aws:cloudformation:logical-id": "Queue"}
    assert definition["tags"] == {**tags, "aws:cloudformation:logical-id": "Simulate"}
    batch.tag_resource(resourceArn=queue["jobQueueArn"], tags={"more": "x"})
    assert batch.list_tags_for_resource(resourceArn=queue["jobQueueArn"])["tags"] == {**queue["tags"], "more": "x"}


def test_change_sets_create_and_update(client: Clients) -> None:
    cfn, batch = client("cloudformation"), client("batch")
    body, other = json.dumps(TEMPLATE), changed("Queue", "Properties", "Priority", to=7)
    priorities = []
    for name, kind, template in (("first", "CREATE", body), ("second", "UPDATE", other)):
        asked = {"StackName": "jobs", "ChangeSetName": name}
        cfn.create_change_set(**asked, ChangeSetType=kind, TemplateBody=template)
        cfn.execute_change_set(**asked)
        priorities += [queue["priority"] for queue in batch.describe_job_queues()["jobQueues"]]
    assert priorities == [1, 7]


def test_a_former_revision_stays_where_the_template_retains_it(client: Clients) -> None:
    cfn, batch = client("cloudformation"), client("batch")
    cfn.create_stack(StackName="jobs", TemplateBody=json.dumps(TEMPLATE))
    retained = changed("Simulate", "Properties", "ResourceRetentionPolicy", to={"SkipDeregisterOnUpdate": True})
    cfn.update_stack(StackName="jobs", TemplateBody=retained)
    found = batch.describe_job_definitions(status="ACTIVE")["jobDefinitions"]
    assert sorted(one["revision"] for one in found) == [1, 2]


def test_a_deleted_stack_leaves_nothing_but_what_it_retains(client: Clients) -> None:
    cfn, batch = client("cloudformation"), client("batch")
    cfn.create_stack(StackName="jobs", TemplateBody=changed("Fair", "DeletionPolicy", to="Retain"))
    cfn.delete_stack(StackName="jobs")
    left = {one["status"] for one in batch.describe_compute_environments()["computeEnvironments"]}
    assert left <= {"DELETED"}
    assert {one["status"] for one in batch.describe_job_queues()["jobQueues"]} <= {"DELETED"}
    assert batch.describe_job_definitions(status="ACTIVE")["jobDefinitions"] == []
    assert len(batch.list_scheduling_policies()["schedulingPolicies"]) == 1


@pytest.mark.parametrize("kind", [kind.name for kind in batch_kinds()])
def test_stacks_read_resources_of_every_kind(client: Clients, kind: str) -> None:
    resource = {"Resources": {"It": {"Type": f"AWS::Batch::{kind}", "Properties": {"Nope": 1}}}}
    told = refusal(lambda: client("cloudformation").create_stack(StackName="s", TemplateBody=json.dumps(resource)))
    assert told.startswith("s-It-")
    assert "It: the resource has no property Nope" in told


@pytest.mark.parametrize(
    ("body", "told"),
    [
        (changed("Queue", "Properties", "Priority", to="high"), "work: It: priority must be a whole number, not high"),
        (changed("Queue", "Properties", "Prioritty", to=1), "work: It: the resource has no property Prioritty"),
        (changed("Queue", "Properties", "ComputeEnvironmentOrder", to=[]), "work: "),
        (
            changed("Simulate", "Properties", "ContainerProperties", "Image", to="{{resolve:ssm:/image}}"),
            "simulate: the sandbox does not resolve dynamic references",
        ),
    ],
)
def test_what_cannot_be_created_is_refused_by_name(client: Clients, body: str, told: str) -> None:
    assert told in refusal(lambda: client("cloudformation").create_stack(StackName="jobs", TemplateBody=body))


def test_what_a_failed_stack_has_created_goes_with_it(client: Clients) -> None:
    cfn, batch = client("cloudformation"), client("batch")
    refusal(lambda: cfn.create_stack(StackName="jobs", TemplateBody=changed("Queue", "Properties", "Priority", to=-1)))
    assert len(batch.describe_compute_environments()["computeEnvironments"]) == 1
    cfn.delete_stack(StackName="jobs")
    assert {one["status"] for one in batch.describe_compute_environments()["computeEnvironments"]} <= {"DELETED"}
    cfn.create_stack(StackName="jobs", TemplateBody=json.dumps(TEMPLATE))


def test_an_environment_that_another_queue_uses_stays(client: Clients) -> None:
    cfn, batch = client("cloudformation"), client("batch")
    cfn.create_stack(StackName="jobs", TemplateBody=without("Queue"))
    [environment] = batch.describe_compute_environments()["computeEnvironments"]
    order = [{"order": 1, "computeEnvironment": environment["computeEnvironmentArn"]}]
    batch.create_job_queue(jobQueueName="mine", priority=1, computeEnvironmentOrder=order)
    assert "found existing JobQueue relationship" in refusal(lambda: cfn.delete_stack(StackName="jobs"))
    assert len(batch.describe_compute_environments()["computeEnvironments"]) == 1


@pytest.mark.parametrize(
    ("path", "to", "told"),
    [
        (("Queue", "Properties", "JobQueueName"), "other", "cannot be changed to other"),
        (("Environment", "Properties", "Type"), "UNMANAGED", "type"),
    ],
)
def test_no_update_replaces_a_resource(client: Clients, path: tuple[str, ...], to: Json, told: str) -> None:
    cfn = client("cloudformation")
    cfn.create_stack(StackName="jobs", TemplateBody=json.dumps(TEMPLATE))
    assert told in refusal(lambda: cfn.update_stack(StackName="jobs", TemplateBody=changed(*path, to=to)))


def test_two_sandboxes_in_one_process_keep_their_stacks_apart() -> None:
    pytest.importorskip("moto.server")
    one, other = (Simulator(TurnableClock(), timings=INSTANT) for _ in range(2))
    with running(one) as url, running(other) as elsewhere:
        client_of(url, "cloudformation").create_stack(StackName="jobs", TemplateBody=without("Queue", "Environment"))
        assert len(client_of(url).describe_job_definitions()["jobDefinitions"]) == 1
        assert client_of(elsewhere).describe_job_definitions()["jobDefinitions"] == []

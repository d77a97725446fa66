"""Terraform's states and plans as a source: attributes become members, and what is not known or not ours is told."""

import json
from collections.abc import Callable

import pytest

from reconciler.importers.minimize import drop_ineffective
from reconciler.importers.model import Imported, ImportedResource
from reconciler.importers.terraform import imported
from reconciler.kinds import KINDS
from reconciler.model import Json
from reconciler.problems import Severity
from reconciler.tfstate import find_value, parse_address, parse_state
from tests.importers.importing import tidied
from tests.tfstate.states import document, instance
from tests.tfstate.states import resource as raw_resource

ARN = "arn:aws:batch:us-east-1:123456789012:"


def resource(type_: str, label: str = "x", **values: Json) -> Json:
    return {
        "address": f"aws_batch_{type_}.{label}", "mode": "managed", "type": f"aws_batch_{type_}", "name": label,
        "values": values, "sensitive_values": {},
    }  # fmt: skip


def state(*resources: Json, **members: Json) -> Json:
    return {
        "format_version": "1.0",
        "terraform_version": "1.11.4",
        "values": {"root_module": {"resources": list(resources)}},
        **members,
    }


def read(document: Json) -> Imported:
    raw = document if isinstance(document, bytes) else json.dumps(document).encode()
    return imported([("state.json", raw)])


def body(*resources: Json) -> Json:
    found = read(state(*resources))
    assert found.problems == ()
    return found.resources[-1].body


def said(document: Json) -> list[str]:
    return [str(problem) for problem in read(document).problems]


def definition(**values: Json) -> Json:
    container = json.dumps({"image": "busybox:1", "command": ["echo", ""]})
    return resource("job_definition", "job", name="job", type="container", container_properties=container, **values)


def kept(*shown: Json, **instance_: Json) -> Json:
    """Return resources in the form in which a state keeps them."""
    return document(*(raw_resource(one["type"], one["name"], instance(one["values"], **instance_)) for one in shown))


SPOT = resource(
    "compute_environment",
    arn=f"{ARN}compute-environment/spot", compute_environment_name="spot", compute_environment_name_prefix="", id="spot",
    status="VALID", status_reason="", ecs_cluster_arn="x", type="MANAGED", state="ENABLED", tags=None,
    tags_all={"team": "risk", "note": ""}, eks_configuration=[],
    update_policy=[{"job_execution_timeout_minutes": 60, "terminate_jobs_on_update": False}],
    compute_resources=[{
        "type": "SPOT", "allocation_strategy": "SPOT_CAPACITY_OPTIMIZED", "bid_percentage": 0, "desired_vcpus": 12,
        "min_vcpus": 0, "max_vcpus": 64, "instance_type": ["m5", "c5"], "subnets": ["subnet-1"], "ec2_key_pair": "",
        "security_group_ids": ["sg-1"], "instance_role": "ecsInstanceRole", "tags": {"on": "instances"},
        "launch_template": [{"launch_template_id": "lt-1", "launch_template_name": "", "version": "3"}],
        "ec2_configuration": [{"image_type": "ECS_AL2023", "image_id_override": ""}]}],
)  # fmt: skip


def planned(*expressions: str, configuration: bool = True) -> ImportedResource:
    blocks = {"compute_resources": [{name: {} for name in expressions}]}
    own = {"address": "aws_batch_compute_environment.x", "expressions": blocks}
    module = {"resources": [own]}
    called = {"module_calls": {"a": {"module": module}}} if configuration else {}
    resource_ = {**SPOT, "address": 'module.a["b"].aws_batch_compute_environment.x[0]'}
    document = {
        "format_version": "1.2",
        "planned_values": {"root_module": {"child_modules": [{"resources": [resource_]}]}},
        "configuration": {"root_module": called},
    }
    (found,) = read(document).resources
    return found


def test_what_a_configuration_says_is_meant_and_what_a_state_has_may_be_computed() -> None:
    images = [{"imageType": "ECS_AL2023"}]
    for found, is_declared in (
        (planned("ec2_configuration"), True),
        (planned(configuration=False), True),
        (planned("type"), False),
        (read(state(SPOT)).resources[0], False),
    ):
        assert found.is_declared is is_declared
        (written,) = tidied(Imported(resources=(found,))).resources
        assert written.body["computeResources"].get("ec2Configuration") == (images if is_declared else None)
    (noted,) = drop_ineffective(Imported(resources=(planned("ec2_configuration", "desired_vcpus"),))).resources
    assert [note.text[:16] for note in noted.notes] == ["no desiredvCpus:"]


def test_attributes_and_blocks_become_members() -> None:
    assert body(SPOT) == {
        "type": "MANAGED",
        "state": "ENABLED",
        "tags": {"team": "risk", "note": ""},
        "updatePolicy": {"jobExecutionTimeoutMinutes": 60, "terminateJobsOnUpdate": False},
        "computeResources": {
            "type": "SPOT", "allocationStrategy": "SPOT_CAPACITY_OPTIMIZED", "minvCpus": 0, "maxvCpus": 64,
            "instanceTypes": ["m5", "c5"], "subnets": ["subnet-1"], "securityGroupIds": ["sg-1"],
            "instanceRole": "ecsInstanceRole", "tags": {"on": "instances"},
            "launchTemplate": {"launchTemplateId": "lt-1", "version": "3"},
            "ec2Configuration": [{"imageType": "ECS_AL2023"}]},
    }  # fmt: skip


def test_fargate_has_no_minimum_though_the_provider_keeps_one() -> None:
    resources = {"type": "FARGATE", "min_vcpus": 0, "max_vcpus": 16, "instance_type": None}
    found = body(
        resource("compute_environment", compute_environment_name="f", type="MANAGED", compute_resources=[resources])
    )
    assert found["computeResources"] == {"type": "FARGATE", "maxvCpus": 16}


def test_the_order_of_a_queue_is_taken_from_either_form() -> None:
    new = body(resource("job_queue", name="q", priority=1, compute_environment_order=[
        {"order": 1, "compute_environment": "a"}], compute_environments=None))  # fmt: skip
    old = body(resource("job_queue", name="q", priority=1, compute_environment_order=[], compute_environments=["a"]))
    assert new == old == {"priority": 1, "computeEnvironmentOrder": [{"order": 1, "computeEnvironment": "a"}]}


def test_limits_of_states_and_shares_are_lists_of_structures() -> None:
    queue = body(resource("job_queue", name="q", priority=1, timeouts=None, job_state_time_limit_action=[
        {"action": "CANCEL", "max_time_seconds": 600, "reason": "x", "state": "RUNNABLE"}]))  # fmt: skip
    assert queue["jobStateTimeLimitActions"] == [
        {"action": "CANCEL", "maxTimeSeconds": 600, "reason": "x", "state": "RUNNABLE"}
    ]
    policy = body(resource("scheduling_policy", name="p", fair_share_policy=[
        {"compute_reservation": 0, "share_decay_seconds": 60, "share_distribution": [
            {"share_identifier": "A", "weight_factor": 0.5}]}]))  # fmt: skip
    assert policy["fairsharePolicy"]["shareDistribution"] == [{"shareIdentifier": "A", "weightFactor": 0.5}]


def test_json_texts_are_read_whatever_the_case_of_their_members() -> None:
    text = json.dumps({"Image": "busybox:1", "Command": ["echo", ""], "LogConfiguration": {
        "LogDriver": "awslogs", "Options": {"awslogs-group": "/X"}}})  # fmt: skip
    found = body(
        resource("job_definition", name="job", type="container", container_properties=text, node_properties="")
    )
    assert found["containerProperties"] == {
        "image": "busybox:1", "command": ["echo", ""],
        "logConfiguration": {"logDriver": "awslogs", "options": {"awslogs-group": "/X"}},
    }  # fmt: skip


def test_what_the_provider_keeps_for_what_nobody_wrote_is_left_out() -> None:
    found = body(definition(scheduling_priority=0, deregister_on_new_revision=True, revision=4, retry_strategy=[
        {"attempts": 0, "evaluate_on_exit": []}], timeout=[], parameters={"empty": ""}))  # fmt: skip
    assert set(found) == {"type", "containerProperties", "parameters"}
    assert found["parameters"] == {"empty": ""}


def test_pods_have_their_blocks() -> None:
    pod = {"pod_properties": [{
        "host_network": True, "dns_policy": "", "metadata": [{"labels": {"a-b": ""}}],
        "image_pull_secret": [{"name": "s"}],
        "volumes": [{"name": "v", "empty_dir": [{"medium": "", "size_limit": "1Gi"}], "host_path": [], "secret": []}],
        "containers": [{"image": "i", "name": "", "env": [{"name": "A", "value": "1"}],
                        "resources": [{"limits": {"cpu": "1"}, "requests": {}}]}]}]}  # fmt: skip
    found = body(resource("job_definition", name="pod", type="container", eks_properties=[pod]))
    assert found["eksProperties"]["podProperties"] == {
        "hostNetwork": True, "metadata": {"labels": {"a-b": ""}}, "imagePullSecrets": [{"name": "s"}],
        "volumes": [{"name": "v", "emptyDir": {"sizeLimit": "1Gi"}}],
        "containers": [{"image": "i", "env": [{"name": "A", "value": "1"}], "resources": {"limits": {"cpu": "1"}}}],
    }  # fmt: skip


def test_resources_of_modules_are_found_and_others_are_counted() -> None:
    other = {"address": "aws_vpc.a", "mode": "managed", "type": "aws_vpc", "name": "a", "values": {}}
    data = {**definition(), "mode": "data"}
    root = {
        "resources": [other, data],
        "child_modules": [{"resources": [other], "child_modules": [{"resources": [definition()]}]}],
    }
    found = read({**state(), "values": {"root_module": root}})
    assert [str(one.address) for one in found.resources] == ["JobDefinition/job"]
    assert [(one.subject, one.reason) for one in found.left_out] == [("2 aws_vpc", "not an AWS Batch resource")]


def test_what_is_about_to_go_is_left_out_and_what_is_tainted_is_noted() -> None:
    found = read(state({**definition(), "deposed_key": "1"}, {**definition(), "tainted": True}))
    assert [one.reason for one in found.left_out] == ["Terraform is going to delete it (deposed)"]
    assert [note.text for note in found.resources[0].notes] == ["Terraform is going to replace it (tainted)"]


def test_a_plan_is_read_as_far_as_it_is_known() -> None:
    changes = [
        {
            "address": "aws_batch_job_definition.job",
            "change": {"after_unknown": {"arn": True, "revision": True, "tags_all": {}}},
        },
        {"address": "aws_batch_job_queue.q", "change": {"after_unknown": {"scheduling_policy_arn": True, "id": True}}},
    ]
    queue = {**resource("job_queue", "q", name="q", priority=1)}
    planned = {"root_module": {"resources": [{**definition(), "address": "aws_batch_job_definition.job"}, queue]}}
    document = {
        "format_version": "1.2",
        "terraform_version": "1",
        "planned_values": planned,
        "resource_changes": changes,
    }
    found = read(document)
    assert [str(one.address) for one in found.resources] == ["JobDefinition/job"]
    assert [problem.message for problem in found.problems] == [
        "aws_batch_job_queue.q: not known until it is applied: scheduling_policy_arn"
    ]


def test_sensitive_members_are_warned_about() -> None:
    marked = {**definition(), "sensitive_values": {"container_properties": True}}
    (problem,) = read(state(marked)).problems
    assert (problem.severity, problem.code) == (Severity.WARNING, "IMP004")


@pytest.mark.parametrize(
    ("document", "expected"),
    [
        (b"", "state.json: error[IMP002]: state.json is empty"),
        (b"{", "state.json:1:2: error[YML010]"),
        ([], "error[IMP002]: state.json is not output of `terraform show -json`"),
        ({"a": 1}, "error[IMP002]: state.json is not output of `terraform show -json`"),
        ({"version": 3, "terraform_version": "0.11", "modules": []}, "error[IMP002]: state.json has version 3; only version 4"),
        ({"version": 3, "deployment": {}}, "error[IMP002]: state.json is the output of `pulumi stack export`"),
        (document(), "error[IMP002]: state.json contains no AWS Batch resources"),
        ({"version": 4, "resources": [{"mode": "managed"}]}, "error[IMP002]: state.json is damaged"),
        ({"format_version": "2.0", "values": {}}, "error[IMP002]: state.json has format version 2.0; only version 1 is supported"),
        (state(), "error[IMP002]: state.json contains no AWS Batch resources"),
        ({"format_version": "1.0"}, "error[IMP002]: state.json contains no AWS Batch resources"),
        ({"format_version": "1.0", "terraform_version": "1"}, "error[IMP002]: state.json contains no AWS Batch resources"),
        (state(resource("job_queue", priority=1)), "error[IMP007]: aws_batch_job_queue.x: not known until it is applied: name"),
        (
            state(resource("job_definition", name="j", container_properties="{")),
            "error[IMP007]: aws_batch_job_definition.x: container_properties is not JSON",
        ),
        ({**state(), "values": {"root_module": {"resources": [1]}}}, "error[IMP002]: state.json is damaged"),
        ({**state(), "values": "x"}, "error[IMP002]: state.json is damaged"),
        (state({**definition(), "values": 1}), "error[IMP002]: state.json is damaged"),
        (state(resource("compute_environment", compute_environment_name="x", compute_resources=1)), "state.json is damaged"),
    ],
)  # fmt: skip
def test_what_cannot_be_imported_is_told(document: Json, expected: str) -> None:
    assert any(expected in problem for problem in said(document)), said(document)


def test_every_kind_has_its_type() -> None:
    names = {kind.noun.replace("-", "_"): kind for kind in KINDS.values()}
    found = read(
        state(
            *(
                resource(noun, noun, name=noun, **({"job_queue": "q"} if kind.parent else {}))
                for noun, kind in names.items()
            )
        )
    )
    assert {one.address.kind for one in found.resources} == set(KINDS)


def test_a_state_is_read_as_it_is_kept_as_what_terraform_shows_of_it_is() -> None:
    shown, raw = read(state(SPOT, definition())), read(kept(SPOT, definition()))
    assert (raw.problems, [one.address for one in raw.resources]) == ((), [one.address for one in shown.resources])
    assert [one.body for one in raw.resources] == [one.body for one in shown.resources]


def test_what_a_state_says_of_an_instance_is_told() -> None:
    deposed = read(kept(definition(), deposed="6a7b8c9d"))
    assert [one.reason for one in deposed.left_out] == ["Terraform is going to delete it (deposed)"]
    (tainted,) = read(kept(definition(), status="tainted")).resources
    assert [note.text for note in tainted.notes] == ["Terraform is going to replace it (tainted)"]
    sensitive = read(kept(definition(), sensitive_attributes=[[{"type": "get_attr", "value": "container_properties"}]]))
    assert [(one.code, one.severity) for one in sensitive.problems] == [("IMP004", Severity.WARNING)]
    assert read(document(raw_resource("aws_batch_job_queue", "q", instance({}), mode="data"))).resources == ()


def test_a_damaged_state_is_no_bug() -> None:
    broken = kept(SPOT)
    broken["resources"][0]["instances"][0]["attributes"]["compute_resources"] = [7]
    assert said(broken) == [line for line in said(broken) if "state.json is damaged" in line]


ROLE_ARN = "arn:aws:iam::123456789012:role/batch"


def around(mode: str, *subnets: str) -> list[Json]:
    """Resources and data sources that the environment `spot` refers to, as a state keeps them."""
    instances = [instance({"id": subnet}, index) for index, subnet in enumerate(subnets)]
    return [
        raw_resource("aws_subnet", "a", *instances, mode=mode),
        raw_resource("aws_iam_role", "batch", instance({"id": "ENABLED", "arn": ROLE_ARN}), module='module.m["k"]'),
        raw_resource("aws_security_group", "old", instance({"id": "sg-0a1b2c3d"}, deposed="1a2b3c4d")),
    ]


ENVIRONMENT = resource(
    "compute_environment", compute_environment_name="spot", type="MANAGED", state="ENABLED", service_role=ROLE_ARN,
    compute_resources=[{"type": "FARGATE", "max_vcpus": 4, "subnets": ["subnet-0a1b2c3d", "subnet-99999999"],
                        "security_group_ids": ["sg-0a1b2c3d"]}],
)  # fmt: skip


def proposed(found: Imported) -> dict[str, str]:
    return {".".join(map(str, note.path)): note.text for note in found.resources[0].notes}


def test_what_the_state_has_of_other_resources_is_proposed_for_look_up() -> None:
    own = raw_resource(ENVIRONMENT["type"], "spot", instance(ENVIRONMENT["values"]))
    found = read(document(*around("managed", "subnet-11111111", "subnet-0a1b2c3d"), own))
    assert proposed(found) == {
        "serviceRole": f'{ROLE_ARN} is !tfstate STATE:module.m["k"].aws_iam_role.batch.arn',
        "computeResources.subnets.0": "subnet-0a1b2c3d is !tfstate STATE:aws_subnet.a[1].id",
    }
    assert "lookups: {tfstate: {STATE: s3://bucket/key}}" in found.notes[0]
    assert found.resources[0].body["computeResources"]["subnets"] == ["subnet-0a1b2c3d", "subnet-99999999"]


def test_a_resource_counts_more_than_a_data_source_and_without_either_nothing_is_proposed() -> None:
    own = raw_resource(ENVIRONMENT["type"], "spot", instance(ENVIRONMENT["values"]))
    both = [*around("data", "subnet-0a1b2c3d")[:1], *around("managed", "subnet-0a1b2c3d")[:1], own]
    assert list(proposed(read(document(*both))).values()) == ["subnet-0a1b2c3d is !tfstate STATE:aws_subnet.a[0].id"]
    data = [*around("data", "subnet-0a1b2c3d")[:1], own]
    (only,) = proposed(read(document(*data))).values()
    assert only.endswith("STATE:data.aws_subnet.a[0].id")
    alone = read(document(own))
    assert (alone.notes, alone.resources[0].notes) == ((), ())


def test_every_proposal_reads_its_value_from_the_state() -> None:
    kept_ = document(
        *around("managed", "subnet-0a1b2c3d"), raw_resource(ENVIRONMENT["type"], "s", instance(ENVIRONMENT["values"]))
    )
    there = parse_state(json.dumps(kept_).encode())
    for text in proposed(read(kept_)).values():
        value, _, address = text.partition(" is !tfstate STATE:")
        assert find_value(there, parse_address(address)) == value


def test_what_terraform_shows_is_proposed_as_well() -> None:
    subnet = {"address": "aws_subnet.a", "mode": "managed", "type": "aws_subnet", "values": {"id": "subnet-0a1b2c3d"}}
    found = read(state(subnet, ENVIRONMENT))
    assert list(proposed(found).values()) == ["subnet-0a1b2c3d is !tfstate STATE:aws_subnet.a.id"]


@pytest.mark.parametrize("form", [state, kept], ids=["shown", "kept"])
def test_the_last_of_what_is_written_twice_counts_as_for_terraform(form: Callable[..., Json]) -> None:
    queue = resource("job_queue", name="q", state="ENABLED", priority=2, compute_environments=[])
    text = json.dumps(form(queue)).replace('"priority": 2', '"priority": 1, "priority": 2')
    found = read(text.encode())
    assert found.resources[0].body["priority"] == 2
    [problem] = found.problems
    assert (problem.code, problem.severity) == ("YML003", Severity.WARNING)
    assert "Terraform and the import use the last one" in problem.hint


def test_so_does_the_last_in_a_text_that_is_json() -> None:
    text = '{"image": "a:1", "image": "a:2", "environment": []}'
    found = read(state(resource("job_definition", "job", name="job", type="container", container_properties=text)))
    assert found.resources[0].body["containerProperties"]["image"] == "a:2"
    [problem] = found.problems
    assert (problem.code, problem.severity) == ("YML003", Severity.WARNING)
    assert problem.where
    assert problem.where.file == "state.json (aws_batch_job_definition.job.container_properties)"

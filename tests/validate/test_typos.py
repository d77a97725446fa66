"""One mistake is told once, with what was meant; and what else is wrong is judged as it was meant."""

import pytest

from reconciler.model import Json
from tests.validate.test_validate import ENOUGH, found, job


@pytest.mark.parametrize(
    ("name", "value", "hint"),
    [
        ("imgae", "x", "did you mean image?"),
        ("Image", "x", "fields are in camelCase, not PascalCase: did you mean image?"),
        ("job_role_arn", "x", "fields are in camelCase, not snake_case: did you mean jobRoleArn?"),
        ("instance-type", "x", "fields are in camelCase, not kebab-case: did you mean instanceType?"),
        ("jobroleARN", "x", "did you mean jobRoleArn?"),
        ("attempts", 2, "attempts belongs in retryStrategy"),
        ("sourcePath", "/x", "sourcePath belongs in containerProperties.volumes[].host"),
        ("preventDestroy", True, "preventDestroy belongs in lifecycle"),
        ("lifecycle", {"adopt": True}, "lifecycle belongs beside containerProperties, one level higher"),
        ("tags", {"a": "b"}, "tags belongs beside containerProperties, one level higher"),
        (
            "platformCapabilitis",
            ["EC2"],
            "did you mean platformCapabilities? It belongs beside containerProperties, one level higher",
        ),
        (
            "secret",
            [],
            "did you mean secrets? Or secret, which belongs in eksProperties.podProperties.volumes[]?",
        ),
    ],
)
def test_an_unknown_member_is_named_with_what_was_meant(name: str, value: Json, hint: str) -> None:
    assert found("JobDefinition", job(**{name: value})) == [
        ("SCH001", f"containerProperties.{name} is not a field", hint)
    ]


def test_of_several_homes_the_one_that_the_body_has_is_named() -> None:
    body = {"type": "container", "ecsProperties": {"taskProperties": [{"containers": [{"image": "x"}]}]}, "user": "x"}
    assert found("JobDefinition", body) == [
        ("SCH001", "user is not a field", "user belongs in ecsProperties.taskProperties[].containers[]")
    ]


def test_a_home_that_takes_the_value_counts_more_than_a_name_that_is_alike() -> None:
    nodes = {"numNodes": 2, "mainNode": 0, "nodeRangeProperties": [{"targetNodes": "0:1", "instanceType": "m5.large"}]}
    assert found("JobDefinition", {"type": "multinode", "nodeProperties": nodes}) == [
        (
            "SCH001",
            "nodeProperties.nodeRangeProperties[0].instanceType is not a field",
            "instanceType belongs in nodeProperties.nodeRangeProperties[].container",
        )
    ]


def test_of_two_names_that_are_alike_the_one_counts_whose_members_are_written() -> None:
    pod = {"containers": [{"image": "busybox:1"}], "hostNetwork": True}
    body = {"type": "container", "eksProperties": {}, "podProperties": pod}
    assert found("JobDefinition", body) == [
        ("SCH001", "podProperties is not a field", "podProperties belongs in eksProperties")
    ]
    nodes = {"numNodes": 2, "mainNode": 0, "nodeRangeProperties": []}
    (first, *_) = found("JobDefinition", {"type": "multinode", "podProperties": nodes})
    assert first[2].startswith("did you mean nodeProperties?")


def test_the_name_stands_above_the_body() -> None:
    assert found("JobDefinition", {**job(), "name": "x"}) == [
        ("SCH001", "name is not a field", "the key above is the name: remove it")
    ]


def test_a_body_of_another_tool_is_one_mistake() -> None:
    body = {"type": "container", "container_properties": {**ENOUGH, "job_role_arn": "x", "log_configuration": {}}}
    assert found("JobDefinition", body) == [
        (
            "SCH001",
            "container_properties and 2 more are not fields",
            "fields are in camelCase, not snake_case: did you mean containerProperties, jobRoleArn, logConfiguration?",
        ),
        (
            "SCH004",
            "container_properties.log_configuration.logDriver is missing",
            "The log driver. On Fargate awslogs, splunk or awsfirelens.",
        ),
    ]


def test_members_that_all_stand_too_high_are_one_mistake_and_their_structure_is_not_missing() -> None:
    sharing = {"jobQueue": "q", "capacityLimits": [], "inSharePreemption": "ENABLED", "strategy": "LEND"}
    assert [(message, hint) for _, message, hint in found("QuotaShare", sharing)] == [
        ("inSharePreemption is not a field", "inSharePreemption belongs in preemptionConfiguration"),
        ("strategy is not a field", "strategy belongs in resourceSharingConfiguration"),
    ]
    assert found("JobDefinition", {"type": "container", **ENOUGH}) == [
        ("SCH001", "image and 2 more are not fields", "image, vcpus, memory belong in containerProperties")
    ]


def test_what_a_misspelt_or_misplaced_member_holds_is_judged() -> None:
    body = {"type": "container", "vcpus": "many", "containerPropertys": {"image": "x", "memory": 4, "command": "run"}}
    assert [(code, message) for code, message, _ in found("JobDefinition", body)] == [
        ("SCH001", "vcpus is not a field"),
        ("SCH001", "containerPropertys is not a field"),
        ("SCH002", 'containerPropertys.command must be a list, but is "run"'),
        ("SCH002", 'vcpus must be a whole number, but is "many"'),
    ]


@pytest.mark.parametrize("key", ["Properties", "properties"])
def test_the_envelope_of_a_template_is_named(key: str) -> None:
    body = {"Type": "AWS::Batch::JobDefinition", "DependsOn": "x", key: {"Type": "Container", "ContainerProperties": 7}}
    assert found("JobDefinition", body) == [
        (
            "SCH001",
            f"{key} is not a field",
            f"in a stack, write the content of {key} directly below the name of the resource",
        ),
        (
            "SCH001",
            f"{key}.Type is not a field",
            "fields are in camelCase, not PascalCase: did you mean type?",
        ),
        (
            "SCH001",
            f"{key}.ContainerProperties is not a field",
            "fields are in camelCase, not PascalCase: did you mean containerProperties?",
        ),
        (
            "SCH002",
            f"{key}.ContainerProperties must be a mapping, but is 7",
            "for example `containerProperties: {image: text, command: [text]}`",
        ),
    ]


@pytest.mark.parametrize(
    ("members", "hint"),
    [
        (
            {"command": [{"Ref": "Command"}]},
            "CloudFormation functions are not supported: write a name, or use !var, !sub or !cfn",
        ),
        ({"environment": '[{"name": "A", "value": "b"}]'}, "write it without quotes"),
        ({"environment": {"A": "b"}}, "for example `environment: [{name: text, value: text}]`"),
        (
            {"linuxParameters": []},
            "for example `linuxParameters: {devices: [{hostPath: text}], initProcessEnabled: true}`",
        ),
        ({"command": ["a", ["b"]]}, "for example `command: [text]`"),
        ({"ulimits": [{"name": "nofile", "softLimit": "x", "hardLimit": 5}]}, "for example `softLimit: 1`"),
        ({"privileged": "yes"}, "for example `privileged: true`"),
        ({"logConfiguration": {"logDriver": ["awslogs"]}}, "for example `logDriver: json-file`"),
    ],
)
def test_a_value_of_another_type_is_answered_with_an_example(members: Json, hint: str) -> None:
    assert [own for _, _, own in found("JobDefinition", job(**members))] == [hint]


def test_a_list_as_another_tool_writes_it_is_one_mistake_and_what_it_holds_is_judged() -> None:
    blocks = {"ulimits": {"name": "nofile", "softLimit": 1, "hardLimit": "x"}, "volumes": {"name": "a"},
              "mountPoints": {"sourceVolume": "a"}}  # fmt: skip
    assert found("JobDefinition", job(**blocks)) == [
        (
            "SCH002",
            "containerProperties.ulimits and 2 more must be lists, but are mappings",
            "write a `- ` before each entry of ulimits, volumes, mountPoints",
        ),
        (
            "SCH002",
            'containerProperties.ulimits.hardLimit must be a whole number, but is "x"',
            "for example `hardLimit: 1`",
        ),
    ]


def test_two_spellings_of_one_member_are_both_told_and_the_right_one_counts() -> None:
    assert [message for _, message, _ in found("JobDefinition", job(Image=7, imagee=8))] == [
        "containerProperties.Image is not a field",
        "containerProperties.imagee is not a field",
    ]


@pytest.mark.parametrize(
    ("member", "entry", "meant"),
    [
        ("secrets", {"name": "A", "value": "arn:a"}, "valueFrom"),
        ("repositoryCredentials", {"credentials": "arn:a"}, "credentialsParameter"),
        ("ulimits", {"name": "nofile", "softLimit": 1, "hard": 2}, "hardLimit"),
    ],
)
def test_a_name_that_a_missing_member_begins_with_stands_for_it(member: str, entry: Json, meant: str) -> None:
    value = entry if member == "repositoryCredentials" else [entry]
    hints = {hint for _, _, hint in found("JobDefinition", job(**{member: value}))}
    assert f"did you mean {meant}?" in hints

"""Compute environments in the sandbox: what time, updates and missing roles do to them."""

import pytest

from reconciler.sandbox.core.clock import Timings

UPDATE = "UpdateComputeEnvironment"
SLR = "arn:aws:iam::123456789012:role/aws-service-role/batch.amazonaws.com/AWSServiceRoleForBatch"
OWN_ROLE = "arn:aws:iam::123456789012:role/batch"


def test_an_environment_is_creating_until_its_time_has_come(lab):
    lab.call("CreateComputeEnvironment", **lab.ec2("spot"))
    assert lab.see("spot")["status"] == "CREATING"
    lab.clock.turn(9.9)
    assert lab.see("spot")["status"] == "CREATING"
    lab.clock.turn(0.2)
    assert (lab.see("spot")["status"], lab.see("spot")["statusReason"]) == ("VALID", "ComputeEnvironment Healthy")


def test_the_answer_of_a_create_is_name_and_arn_only(lab):
    assert lab.call("CreateComputeEnvironment", **lab.ec2("spot")) == {
        "computeEnvironmentName": "spot",
        "computeEnvironmentArn": "arn:aws:batch:us-east-1:123456789012:compute-environment/spot",
    }


def test_an_ec2_environment_is_described_with_what_the_service_fills_in(lab):
    seen = lab.environment("spot", type="managed")
    unique = seen["uuid"]
    seen["computeResources"]["subnets"].sort()
    seen["computeResources"]["instanceTypes"].sort()
    assert seen == {
        "computeEnvironmentName": "spot",
        "computeEnvironmentArn": "arn:aws:batch:us-east-1:123456789012:compute-environment/spot",
        "ecsClusterArn": f"arn:aws:ecs:us-east-1:123456789012:cluster/AWSBatch-spot-{unique}",
        "type": "MANAGED",
        "state": "ENABLED",
        "status": "VALID",
        "statusReason": "ComputeEnvironment Healthy",
        "serviceRole": SLR,
        "tags": {},
        "uuid": unique,
        "containerOrchestrationType": "ECS",
        "computeResources": {
            **lab.ec2()["computeResources"],
            "instanceTypes": ["c6i", "m6i"],
            "desiredvCpus": 0,
            "tags": {},
            "ec2Configuration": [{"imageType": "ECS_AL2023"}],
        },
    }


def test_an_empty_service_role_is_the_service_linked_one(lab):
    assert lab.environment("spot", serviceRole="")["serviceRole"] == SLR
    refused = lab.refused("CreateComputeEnvironment", computeEnvironmentName="own", type="UNMANAGED", serviceRole="")
    assert refused == "serviceRole is required on an unmanaged compute environment."


def test_a_fargate_environment_gets_empty_lists_and_nothing_else(lab):
    seen = lab.environment("serverless", **lab.fargate())
    assert seen["computeResources"] == {
        **lab.fargate()["computeResources"],
        "instanceTypes": [],
        "ec2Configuration": [],
    }


@pytest.mark.parametrize(
    ("types", "image"), [(["g5", "p4d"], "ECS_AL2023_NVIDIA"), (["m6i"], "ECS_AL2023"), (["optimal"], "ECS_AL2023")]
)
def test_the_default_image_follows_the_instance_families(lab, types, image):
    seen = lab.environment("spot", **lab.ec2("spot", instanceTypes=types))
    assert seen["computeResources"]["ec2Configuration"] == [{"imageType": image}]


def test_a_launch_template_gets_overrides_but_no_version(lab):
    seen = lab.environment("spot", **lab.ec2("spot", launchTemplate={"launchTemplateName": "disks"}))
    assert seen["computeResources"]["launchTemplate"] == {"launchTemplateName": "disks", "overrides": []}


def test_an_unmanaged_environment_keeps_its_own_role_and_has_no_resources(lab):
    lab.call("CreateComputeEnvironment", computeEnvironmentName="own", type="UNMANAGED", serviceRole="batch")
    lab.settle()
    assert lab.see("own")["serviceRole"] == OWN_ROLE
    assert lab.see("own")["ecsClusterArn"].endswith(f"cluster/own_Batch_{lab.see('own')['uuid']}")
    assert "computeResources" not in lab.see("own")


def test_sets_are_in_a_new_order_on_each_describe_but_ordered_strategies_keep_their_types(lab):
    types = ["m6i.large", "m5.large", "c6i.large", "c5.large", "r6i.large", "r5.large"]
    lab.environment("set", **lab.ec2("set", instanceTypes=types))
    ordered = lab.ec2("list", instanceTypes=types, allocationStrategy="BEST_FIT_PROGRESSIVE_ORDERED")
    lab.environment("list", **ordered)
    sets = [tuple(lab.see("set")["computeResources"]["instanceTypes"]) for _ in range(10)]
    assert len(set(sets)) > 1
    assert {frozenset(each) for each in sets} == {frozenset(types)}
    assert all(lab.see("list")["computeResources"]["instanceTypes"] == types for _ in range(10))


def test_desired_vcpus_move_by_themselves_and_stay_within_bounds(lab):
    lab.environment("spot", **lab.ec2("spot", minvCpus=8))
    seen = []
    for _ in range(20):
        seen.append(lab.see("spot")["computeResources"]["desiredvCpus"])
        lab.clock.turn(300)
    assert seen[0] == 8
    assert len(set(seen)) > 3
    assert all(8 <= each <= 64 for each in seen)


def test_two_sandboxes_with_one_seed_scale_alike(make_lab):
    def history(lab):
        lab.environment("spot")
        lab.clock.turn(1000)
        return lab.see("spot")["computeResources"]

    assert history(make_lab(seed=3)) == history(make_lab(seed=3))


@pytest.mark.parametrize(
    ("operation", "words"),
    [
        ("UpdateComputeEnvironment", "resource is being modified"),
        ("DeleteComputeEnvironment", "Cannot delete, resource is being modified"),
    ],
)
def test_nothing_may_interfere_with_a_transition(lab, operation, words):
    request = {"computeEnvironment": "spot", **({"state": "DISABLED"} if operation == UPDATE else {})}
    lab.call("CreateComputeEnvironment", **lab.ec2("spot"))
    assert lab.refused(operation, **request).endswith(words)
    lab.settle()
    lab.call(UPDATE, computeEnvironment="spot", state="DISABLED")
    assert lab.refused(operation, **request).endswith(words)
    lab.settle()
    lab.call("DeleteComputeEnvironment", computeEnvironment="spot")
    assert lab.refused(operation, **request).endswith(words)


def test_deletion_takes_time_and_holds_the_name_until_it_is_over(lab):
    lab.environment("spot")
    assert lab.refused("CreateComputeEnvironment", **lab.ec2("spot")) == "Object already exists"
    lab.disable("spot")
    lab.call("DeleteComputeEnvironment", computeEnvironment="spot")
    assert lab.see("spot")["status"] == "DELETING"
    assert lab.refused("CreateComputeEnvironment", **lab.ec2("spot")) == "Object already exists"
    lab.settle()
    assert lab.see("spot") is None
    assert lab.environment("spot")["status"] == "VALID"


def test_a_deleted_environment_may_still_be_shown_for_a_while(make_lab):
    lab = make_lab(timings=Timings(create=1, update=1, delete=1, deleted=100))
    lab.environment("spot")
    lab.disable("spot")
    lab.call("DeleteComputeEnvironment", computeEnvironment="spot")
    lab.clock.turn(50)
    assert lab.see("spot")["status"] == "DELETED"
    lab.clock.turn(100)
    assert lab.see("spot") is None


def test_only_a_disabled_environment_can_be_deleted(lab):
    lab.environment("spot")
    words = "Cannot delete an enabled compute environment, set the state to DISABLED first."
    assert lab.refused("DeleteComputeEnvironment", computeEnvironment="spot") == words


def test_an_update_merges_the_members_that_were_sent(lab):
    before = lab.environment("spot", **lab.ec2("spot", subnets=["subnet-1"], instanceTypes=["m6i"]))
    lab.call(UPDATE, computeEnvironment="spot", computeResources={"maxvCpus": 128})
    lab.settle()
    assert lab.see("spot") == {**before, "computeResources": {**before["computeResources"], "maxvCpus": 128}}


def test_the_update_policy_is_absent_until_set_and_then_complete(lab):
    assert "updatePolicy" not in lab.environment("spot")
    lab.call(UPDATE, computeEnvironment="spot", state="ENABLED", updatePolicy={"jobExecutionTimeoutMinutes": 60})
    assert lab.see("spot")["updatePolicy"] == {"terminateJobsOnUpdate": False, "jobExecutionTimeoutMinutes": 60}


def test_an_infrastructure_update_takes_longer_than_a_scaling_one(lab):
    lab.environment("spot")
    lab.call(UPDATE, computeEnvironment="spot", computeResources={"maxvCpus": 100})
    lab.clock.turn(11)
    assert lab.see("spot")["status"] == "VALID"
    lab.call(UPDATE, computeEnvironment="spot", computeResources={"subnets": ["subnet-3"]})
    lab.clock.turn(11)
    assert lab.see("spot")["status"] == "UPDATING"
    lab.clock.turn(50)
    assert lab.see("spot")["status"] == "VALID"


def test_fargate_takes_new_networks_and_ignores_empty_ones(lab):
    lab.environment("serverless", **lab.fargate())
    sent = {"maxvCpus": 4, "subnets": [], "securityGroupIds": ["sg-2"]}
    lab.call(UPDATE, computeEnvironment="serverless", computeResources=sent)
    seen = lab.see("serverless")["computeResources"]
    assert (seen["maxvCpus"], seen["subnets"], seen["securityGroupIds"]) == (4, ["subnet-1"], ["sg-2"])


def test_the_documented_ways_to_unset_a_member_work(lab):
    members = {
        "ec2KeyPair": "key",
        "imageId": "ami-1",
        "placementGroup": "close",
        "bidPercentage": 50,
        "launchTemplate": {"launchTemplateId": "lt-1"},
        "scalingPolicy": {"minScaleDownDelayMinutes": 30},
        "tags": {"a": "b"},
    }
    lab.environment("spot", **lab.ec2("spot", **members))
    unset = {
        "ec2KeyPair": "",
        "imageId": "",
        "placementGroup": "",
        "bidPercentage": 0,
        "launchTemplate": {"launchTemplateId": ""},
        "scalingPolicy": {"minScaleDownDelayMinutes": 0},
        "tags": {},
    }
    lab.call(UPDATE, computeEnvironment="spot", computeResources=unset)
    seen = lab.see("spot")["computeResources"]
    assert set(members) & set(seen) == {"tags"}
    assert seen["tags"] == {}


def test_raising_the_minimum_raises_what_is_desired(lab):
    lab.environment("spot")
    lab.call(UPDATE, computeEnvironment="spot", computeResources={"minvCpus": 16})
    assert lab.see("spot")["computeResources"]["desiredvCpus"] == 16


def test_a_missing_service_role_makes_it_invalid_until_an_update_repairs_it(lab):
    lab.simulator.set_missing_roles(["batch"])
    seen = lab.environment("spot", serviceRole="batch")
    reason = "CLIENT_ERROR - User: batch.amazonaws.com is not authorized to perform: sts:AssumeRole"
    assert (seen["status"], seen["statusReason"]) == ("INVALID", reason)
    lab.call(UPDATE, computeEnvironment="spot", serviceRole="batch2")
    lab.settle()
    assert (lab.see("spot")["status"], lab.see("spot")["serviceRole"]) == ("VALID", OWN_ROLE + "2")


@pytest.mark.parametrize(
    ("missing", "reason"),
    [
        ("ecsInstanceRole", "CLIENT_ERROR - Instance profile ecsInstanceRole does not exist"),
        ("fleet", "CLIENT_ERROR - Parameter: SpotFleetRequestConfig.IamFleetRole is invalid."),
    ],
)
def test_other_missing_roles_are_named_in_the_status_reason(lab, missing, reason):
    lab.simulator.set_missing_roles([missing])
    seen = lab.environment("spot", **lab.ec2("spot", spotIamFleetRole="arn:aws:iam::123456789012:role/fleet"))
    assert (seen["status"], seen["statusReason"]) == ("INVALID", reason)


def test_the_service_linked_role_by_its_bare_name_is_a_role_that_does_not_exist(lab):
    assert lab.environment("spot", serviceRole="AWSServiceRoleForBatch")["status"] == "INVALID"


def test_an_environment_without_its_role_comes_back_invalid_from_deletion(lab):
    lab.environment("spot", serviceRole="batch")
    lab.disable("spot")
    lab.simulator.set_missing_roles(["arn:aws:iam::123456789012:role/batch"])
    lab.call("DeleteComputeEnvironment", computeEnvironment="spot")
    assert lab.see("spot")["status"] == "DELETING"
    lab.settle()
    assert lab.see("spot")["status"] == "INVALID"
    lab.simulator.set_missing_roles([])
    lab.call("DeleteComputeEnvironment", computeEnvironment="spot")
    lab.settle()
    assert lab.see("spot") is None

"""An outside hand changes what is live by the API's own calls."""

import pytest

from reconciler.model import dotted
from reconciler.problems import CloudError, WrongUsage
from reconciler.sandbox.actor import change_resource, kind_of, member_path


@pytest.fixture
def hand(lab):
    lab.environment("spot", tags={"a": "1"})
    lab.queue("pricing", "spot")
    lab.call("RegisterJobDefinition", **lab.container())
    return lambda wanted, **members: change_resource(lab.cloud, lab.clock, wanted, members)


def test_a_member_is_changed_by_the_update_of_its_kind(hand, lab):
    done = hand("ComputeEnvironment/spot", maxvCpus=512)
    assert (done.calls, done.status) == (("UpdateComputeEnvironment",), "VALID")
    assert [(dotted(one.path), one.before, one.after) for one in done.fields] == [
        ("computeResources.maxvCpus", 64, 512)
    ]
    assert lab.see("spot")["computeResources"]["maxvCpus"] == 512


def test_a_kind_may_be_called_by_its_section_or_noun():
    assert {kind_of(name).name for name in ("jobQueues", "job-queue", "JOBQUEUE")} == {"JobQueue"}


def test_a_definition_gets_a_revision_by_hand_without_tags(hand, lab):
    lab.call("TagResource", resourceArn=lab.see_definition("render")["jobDefinitionArn"], tags={"mine": "yes"})
    assert hand("JobDefinition/render", image="busybox:2").calls == ("RegisterJobDefinition",)
    newest = max(
        lab.call("DescribeJobDefinitions", jobDefinitionName="render")["jobDefinitions"],
        key=lambda one: one["revision"],
    )
    assert (newest["revision"], newest["containerProperties"]["image"], newest.get("tags", {})) == (2, "busybox:2", {})


def test_tags_come_and_go(hand, lab):
    assert hand("ComputeEnvironment/spot", **{"tags.a": None, "tags.b": "2"}).calls == ("TagResource", "UntagResource")
    assert lab.see("spot")["tags"] == {"b": "2"}


def test_what_is_so_already_needs_no_call(hand):
    done = hand("JobQueue/pricing", priority=1)
    assert (done.calls, done.fields) == ((), ())


def test_a_key_of_a_map_can_be_named(hand, lab):
    hand("JobDefinition/render", **{"parameters.frame": "7"})
    assert hand("JobDefinition/render", **{"parameters.scene": "x"}).fields[0].path == ("parameters", "scene")


@pytest.mark.parametrize(
    ("wanted", "member", "message", "hint"),
    [
        ("ComputeEnvironmnt/spot", "a", "ComputeEnvironmnt is not a kind", "did you mean ComputeEnvironment?"),
        ("spot", "a", "'spot' is not KIND/NAME", "for example ComputeEnvironment/spot"),
        (
            "JobQueue/pricin",
            "a",
            "JobQueue/pricin does not exist in us-east-1 of account 123456789012",
            "did you mean pricing?",
        ),
        (
            "QuotaShare/a/b",
            "a",
            "QuotaShare/a/b does not exist in us-east-1 of account 123456789012",
            "the region contains no quotaShares",
        ),
        ("JobQueue/pricing", "prioritty", "JobQueue has no field prioritty", "did you mean priority?"),
        (
            "JobQueue/pricing",
            "tags",
            "tags are changed one at a time",
            "for example tags.team=ops; `tags.team=` removes a tag",
        ),
        (
            "JobQueue/pricing",
            "computeEnvironmentOrder[0].order",
            "computeEnvironmentOrder is a list, and its entries cannot be changed one at a time",
            "set the whole list, for example computeEnvironmentOrder='[…]'",
        ),
        (
            "JobQueue/pricing",
            "computeEnvironmentOrder.*.order",
            "computeEnvironmentOrder is a list, and its entries cannot be changed one at a time",
            "set the whole list, for example computeEnvironmentOrder='[…]'",
        ),
        ("JobQueue/pricing", "zzz", "JobQueue has no field zzz", "see `reconciler explain jobQueues`"),
        (
            "JobQueue/pricing",
            "jobQueueType",
            "AWS Batch cannot change jobQueueType of a job-queue to this value",
            "it is set when the resource is created",
        ),
    ],
)
def test_what_does_not_exist_or_cannot_change_is_told_with_a_way_out(hand, wanted, member, message, hint):
    with pytest.raises(WrongUsage) as caught:
        hand(wanted, **{member: "EKS"})
    assert (caught.value.message, caught.value.hint) == (message, hint)


def test_a_name_that_means_several_members_wants_a_path():
    kind = kind_of("JobDefinition")
    with pytest.raises(WrongUsage, match="volumes is ambiguous") as caught:
        member_path(kind, {}, "volumes")
    alike = "containerProperties.volumes or eksProperties.podProperties.volumes"
    assert (caught.value.message, caught.value.hint) == (f"volumes is ambiguous: {alike}", "use the full path")


def test_of_several_members_the_one_that_is_there_is_meant():
    kind = kind_of("JobDefinition")
    assert member_path(kind, {"containerProperties": {"image": "a"}}, "image") == ("containerProperties", "image")


def test_what_aws_refuses_is_refused_in_its_words(hand):
    with pytest.raises(CloudError, match="must be created and valid"):
        hand("JobQueue/pricing", computeEnvironmentOrder=[{"order": 1, "computeEnvironment": "unknown"}])

"""Quota shares: the part of a SageMaker training queue that a team may use."""

from reconciler.kinds.base import CAPACITY_LIMITS, Field, Form, Kind, Reading, state
from reconciler.kinds.jobs import share_holding
from reconciler.model import Cost, Spec


def _can_have_shares(queue: Spec) -> bool:
    """Only queues for SageMaker training know quota shares (User Guide, 'Create quota management resources')."""
    return bool(queue.get("jobQueueType") == "SAGEMAKER_TRAINING")


KIND = Kind(
    name="QuotaShare",
    section="quotaShares",
    says="The part of a SageMaker training queue that a team may use. Its name is unique within its queue.",
    noun="quota-share",
    name_member="quotaShareName",
    arn_member="quotaShareArn",
    parent="jobQueue",
    parent_noun="job-queue",
    rows=(
        Field(
            name="jobQueue",
            form=Form.REFERENCE,
            refers_to="JobQueue",
            shown_as="jobQueueArn",
            cost=Cost.REPLACE,
            says="Name in the stack, or name or ARN of an existing queue with a quota-share scheduling policy.",
            source="UpdateQuotaShare has no such member",
        ),
        state("DISABLED takes no new jobs; those in the share go on."),
        CAPACITY_LIMITS,
        Field(
            name="resourceSharingConfiguration",
            form=Form.STRUCT,
            cost=Cost.SCALING,
            says="What happens to capacity that lies idle.",
            fields=(
                Field(
                    name="strategy",
                    form=Form.CASELESS,
                    says="RESERVE keeps it, LEND lends it to other shares, LEND_AND_BORROW borrows theirs, too.",
                ),
                Field(
                    name="borrowLimit",
                    default=-1,
                    limits={"minimum": -1},
                    says="How much may be borrowed, in per cent of the share's own limits; -1 is without limit. "
                    "Only with LEND_AND_BORROW.",
                ),
            ),
        ),
        Field(
            name="preemptionConfiguration",
            form=Form.STRUCT,
            cost=Cost.SCALING,
            says="Whether jobs of the share make way for one another.",
            fields=(
                Field(
                    name="inSharePreemption",
                    form=Form.CASELESS,
                    says="ENABLED: a job of a higher priority takes the place of another of the same share. DISABLED.",
                ),
            ),
        ),
    ),
    # A list shows no tags.
    reading=Reading(
        operation="DescribeQuotaShare",
        result="",
        names="quotaShareArn",
        by_arn=True,
        listing="ListQuotaShares",
        listed="quotaShares",
        listed_if=_can_have_shares,
        newer=True,
        scoped=("DescribeQuotaShare", "ListQuotaShares"),
    ),
    create="CreateQuotaShare",
    update="UpdateQuotaShare",
    update_id="quotaShareArn",
    update_id_is_arn=True,
    delete="DeleteQuotaShare",
    delete_id="quotaShareArn",
    delete_id_is_arn=True,
    leaving="AWS Batch ends the jobs in it first (DeleteQuotaShare)",
    loss="takes away a place where jobs wait",
    response_only=("status",),
    settles=True,
    disable_before_delete=True,
    holding=share_holding,  # "All jobs in the share are eventually terminated" (DeleteQuotaShare)
    drain_timeout=86400,
    create_timeout=600,
    update_timeout=600,
    delete_timeout=1800,
    source="https://docs.aws.amazon.com/batch/latest/APIReference/API_CreateQuotaShare.html",
)

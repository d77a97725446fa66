"""Quota shares: the part of a SageMaker training queue that a team may use."""

from reconciler.kinds.base import (
    CAPACITY_LIMITS,
    CreateCall,
    DeleteCall,
    Field,
    Form,
    Jobs,
    Kind,
    Parent,
    ReadCalls,
    UpdateCall,
    state,
)
from reconciler.kinds.jobs import listing_of_share
from reconciler.model import Cost, Spec


def _can_have_shares(queue: Spec) -> bool:
    """Only queues for SageMaker training know quota shares (User Guide, 'Create quota management resources')."""
    return bool(queue.get("jobQueueType") == "SAGEMAKER_TRAINING")


KIND = Kind(
    name="QuotaShare",
    section="quotaShares",
    description="The part of a SageMaker training queue that a team may use. Its name is unique within its queue.",
    noun="quota-share",
    name_member="quotaShareName",
    arn_member="quotaShareArn",
    parent=Parent("jobQueue", "job-queue"),
    main=("jobQueue",),
    rows=(
        Field(
            name="jobQueue",
            form=Form.REFERENCE,
            refers_to="JobQueue",
            response_name="jobQueueArn",
            cost=Cost.REPLACE,
            description="Name in the stack, or name or ARN of an existing queue with a quota-share scheduling policy.",
            source="UpdateQuotaShare has no such field",
        ),
        state("DISABLED accepts no new jobs; jobs in the share continue."),
        CAPACITY_LIMITS,
        Field(
            name="resourceSharingConfiguration",
            form=Form.STRUCT,
            cost=Cost.SCALING,
            description="What happens to capacity that lies idle.",
            fields=(
                Field(
                    name="strategy",
                    form=Form.CASELESS,
                    description="RESERVE keeps it, LEND lends it to other shares, LEND_AND_BORROW also borrows.",
                ),
                Field(
                    name="borrowLimit",
                    default=-1,
                    limits={"minimum": -1},
                    description="How much may be borrowed, in per cent of the share's own limits; -1 is without limit. "
                    "Only with LEND_AND_BORROW.",
                ),
            ),
        ),
        Field(
            name="preemptionConfiguration",
            form=Form.STRUCT,
            cost=Cost.SCALING,
            description="Preemption between jobs of the share.",
            fields=(
                Field(
                    name="inSharePreemption",
                    form=Form.CASELESS,
                    description="ENABLED: a job of a higher priority preempts a different one of the same share. "
                    "DISABLED.",
                ),
            ),
        ),
    ),
    # A list shows no tags.
    read=ReadCalls(
        operation="DescribeQuotaShare",
        result="",
        names="quotaShareArn",
        by_arn=True,
        listing="ListQuotaShares",
        listed="quotaShares",
        listed_if=_can_have_shares,
        newer=True,
        scoped=("DescribeQuotaShare", "ListQuotaShares"),
        response_only=("status",),
    ),
    create=CreateCall(operation="CreateQuotaShare", settles_within=600),
    update=UpdateCall(operation="UpdateQuotaShare", id_member="quotaShareArn", id_is_arn=True, settles_within=600),
    delete=DeleteCall(
        operation="DeleteQuotaShare",
        id_member="quotaShareArn",
        id_is_arn=True,
        gone_within=1800,
        disable_first=True,
        explanation="AWS Batch ends the jobs in it first (DeleteQuotaShare)",
        loss="removes a place where jobs wait",
    ),
    # All jobs of a share are terminated in the end (DeleteQuotaShare).
    jobs=Jobs(listing_of_share, drain_timeout=86400),
    source="https://docs.aws.amazon.com/batch/latest/APIReference/API_CreateQuotaShare.html",
)

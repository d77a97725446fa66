"""Scheduling policies: fair shares for queues."""

from reconciler.kinds.base import CreateCall, DeleteCall, Field, Form, Kind, ReadCalls, ReplacementMethod, UpdateCall
from reconciler.model import Cost

KIND = Kind(
    name="SchedulingPolicy",
    section="schedulingPolicies",
    description="How a queue shares its environments between the users of the queue.",
    noun="scheduling-policy",
    name_member="name",
    arn_member="arn",
    main=("shareDecaySeconds", "computeReservation"),
    rows=(
        Field(
            name="quotaSharePolicy",
            form=Form.STRUCT,
            cost=Cost.SCALING,
            presence=Cost.REPLACE,
            description="Quota shares, for SAGEMAKER_TRAINING queues. A policy has this or fairsharePolicy, for life.",
            source="UpdateSchedulingPolicy: the kind of a policy cannot change",
            fields=(
                Field(
                    name="idleResourceAssignmentStrategy",
                    form=Form.CASELESS,
                    description="The order in which shares borrow idle capacity: only FIFO.",
                ),
            ),
        ),
        Field(
            name="fairsharePolicy",
            form=Form.STRUCT,
            cost=Cost.SCALING,
            unset={},
            description="Fair share. A policy has this or quotaSharePolicy, for life.",
            source="UpdateSchedulingPolicy replaces the whole fairsharePolicy",
            fields=(
                Field(
                    name="shareDecaySeconds",
                    default=0,
                    limits={"minimum": 0, "maximum": 604800},
                    description="Seconds of past use that are considered; 0 means 10 minutes.",
                ),
                Field(
                    name="computeReservation",
                    default=0,
                    limits={"minimum": 0, "maximum": 99},
                    description="Percentage of the vCPUs kept free for shares that are not active yet: "
                    "(computeReservation / 100) to the power of the number of active shares.",
                ),
                Field(
                    name="shareDistribution",
                    form=Form.KEYED,
                    key="shareIdentifier",
                    limits={"maxItems": 500},
                    description="The weights of the shares.",
                    fields=(
                        Field(
                            name="shareIdentifier",
                            example="A",
                            description="Name of the share; a trailing * makes it a prefix.",
                            limits={"pattern": r"^([A-Za-z0-9_-]{1,255}\*?|\*)$"},
                            source="ShareAttributes: 255 characters, and an asterisk may follow",
                        ),
                        Field(
                            name="weightFactor",
                            form=Form.FLOAT32,
                            default=1.0,
                            limits={"minimum": 0.0001, "maximum": 999.9999},
                            description="The lower, the larger the share. The service keeps 32 bits of it.",
                        ),
                    ),
                ),
            ),
        ),
    ),
    read=ReadCalls(
        operation="DescribeSchedulingPolicies",
        result="schedulingPolicies",
        names="arns",
        by_arn=True,
        listing="ListSchedulingPolicies",
    ),
    create=CreateCall(operation="CreateSchedulingPolicy"),
    update=UpdateCall(operation="UpdateSchedulingPolicy", id_member="arn", id_is_arn=True),
    delete=DeleteCall(operation="DeleteSchedulingPolicy", id_member="arn", id_is_arn=True),
    replacement=ReplacementMethod.DELETE_FIRST,
    source="https://docs.aws.amazon.com/batch/latest/APIReference/API_CreateSchedulingPolicy.html",
)

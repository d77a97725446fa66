"""Schedules: when EventBridge Scheduler submits a job of the stack."""

import hashlib
from collections.abc import Iterable
from dataclasses import replace

from reconciler.kinds.base import (
    ENABLED,
    CreateCall,
    DeleteCall,
    Field,
    Form,
    Kind,
    ReadCalls,
    Rights,
    Row,
    Timing,
    Unmanaged,
    UpdateCall,
    is_disabled,
)
from reconciler.kinds.submission import JOB
from reconciler.model import Cost, Identity, Spec

LONGEST_GROUP = 64  # characters of a name: CreateScheduleGroup
HASHED = 8


def group_of(stack: str) -> str:
    """Return the name of the schedule group that a stack has. A long name is cut, and stays its own."""
    name = f"reconciler-{stack}"
    if len(name) <= LONGEST_GROUP:
        return name
    mark = hashlib.sha256(stack.encode()).hexdigest()[:HASHED]
    return f"{name[: LONGEST_GROUP - HASHED - 1]}-{mark}"


def submit_job_target(here: Identity) -> str:
    """Return the universal target that submits a job (Scheduler User Guide, 'Using universal targets')."""
    return f"arn:{here.partition}:scheduler:::aws-sdk:batch:submitJob"


def _timing(body: Spec) -> Timing | None:
    """Return when a schedule fires; None while it is disabled."""
    if is_disabled(body):
        return None
    names = ("scheduleExpression", "scheduleExpressionTimezone", "startDate", "endDate")
    return Timing(*(str(body.get(name) or "") for name in names))


def _without_costs(rows: Iterable[Row]) -> tuple[Row, ...]:
    return tuple(
        replace(row, cost=None, presence=None, fields=_without_costs(row.fields)) if isinstance(row, Field) else row
        for row in rows
    )


NAME = Field(name=JOB.name_member, description="The name of the jobs: by default that of the job, or of the schedule.")
TAGS = Field(name="tags", form=Form.MAP, description="Tags of the jobs.")
INSTANT = r"^[0-9]{4}-(0[1-9]|1[0-2])-(0[1-9]|[12][0-9]|3[01])T([01][0-9]|2[0-3]):[0-5][0-9]:[0-5][0-9]Z$"
KIND = Kind(
    name="Schedule",
    section="schedules",
    service="scheduler",
    description="When a job of the stack is submitted: a schedule of EventBridge Scheduler.",
    noun="schedule",
    name_member="name",
    arn_member="arn",
    scope=lambda stack: f"{group_of(stack)}/",
    is_taggable=False,
    rights=Rights(
        read={
            "schedule-group/{group}": ("ListTagsForResource", "GetScheduleGroup"),
            "*": ("ListSchedules",),
            "schedule/{group}/*": ("GetSchedule",),
        },
        write={
            "schedule-group/{group}": ("CreateScheduleGroup", "DeleteScheduleGroup", "TagResource"),
            "schedule/{group}/*": ("CreateSchedule", "UpdateSchedule", "DeleteSchedule"),
        },
    ),
    main=("scheduleExpression",),
    timing=_timing,
    rows=(
        Field(
            name="scheduleExpression",
            cost=Cost.SCALING,
            example="cron(0 3 * * ? *)",
            limits={"maxLength": 256},
            description="cron(minutes hours day-of-month month day-of-week year), rate(value unit) or "
            "at(yyyy-mm-ddThh:mm:ss). `reconciler explain schedule EXPRESSION` shows when it fires.",
        ),
        Field(
            name="scheduleExpressionTimezone",
            cost=Cost.SCALING,
            default="UTC",
            unset=None,
            example="Europe/Berlin",
            description="The time zone of the expression, by its name in the IANA database.",
        ),
        Field(
            name="job",
            form=Form.STRUCT,
            cost=Cost.SCALING,
            named_in="jobs",
            required=True,
            fields=_without_costs((NAME, *JOB.rows, TAGS)),
            description="The job that is submitted: a name of `jobs:`, or a body of SubmitJob. A definition without a "
            "revision is the newest active one when the schedule fires.",
        ),
        Field(
            name="startDate",
            cost=Cost.SCALING,
            unset=None,
            example="2030-01-01T00:00:00Z",
            limits={"pattern": INSTANT},
            description="In UTC: it does not fire before. A rate counts from there; without it, it fires at once when "
            "it is created.",
        ),
        Field(
            name="endDate",
            cost=Cost.SCALING,
            unset=None,
            example="2031-01-01T00:00:00Z",
            limits={"pattern": INSTANT},
            description="In UTC: it does not fire from then on.",
        ),
        Field(
            name="state",
            form=Form.CASELESS,
            cost=Cost.SCALING,
            default=ENABLED,
            unset=ENABLED,
            description="Whether it fires. A one-time schedule whose time has passed fires at once when it is enabled.",
        ),
        Field(
            name="flexibleTimeWindow",
            form=Form.STRUCT,
            cost=Cost.SCALING,
            unset=None,
            description="A window in which it fires at any time.",
            fields=(
                Field(
                    name="mode",
                    form=Form.CASELESS,
                    default="OFF",
                    description="OFF: on time. FLEXIBLE: within maximumWindowInMinutes.",
                ),
                Field(
                    name="maximumWindowInMinutes",
                    limits={"minimum": 1, "maximum": 1440},
                    description="Minutes, with FLEXIBLE alone.",
                ),
            ),
        ),
        Field(
            name="target",
            form=Form.STRUCT,
            cost=Cost.SCALING,
            description="By which role the job is submitted, and what happens when that fails.",
            fields=(
                Field(
                    name="roleArn",
                    form=Form.ROLE,
                    passed_to="scheduler.amazonaws.com",
                    description="Role that Scheduler assumes: it needs batch:SubmitJob. `iam-policy --for schedules` "
                    "prints its trust and rights.",
                ),
                Field(
                    name="retryPolicy",
                    form=Form.STRUCT,
                    description="How often SubmitJob is tried again when it fails; the job's own attempts are apart.",
                    fields=(
                        Field(
                            name="maximumRetryAttempts",
                            default=185,
                            limits={"minimum": 0, "maximum": 185},
                            description="Retries of SubmitJob.",
                        ),
                        Field(
                            name="maximumEventAgeInSeconds",
                            default=86400,
                            limits={"minimum": 60, "maximum": 86400},
                            description="Seconds for which SubmitJob is tried again.",
                        ),
                    ),
                ),
                Field(
                    name="deadLetterConfig",
                    form=Form.STRUCT,
                    description="Where a submission goes that has failed for good.",
                    fields=(
                        Field(
                            name="arn",
                            example="arn:aws:sqs:us-east-1:123456789012:{name}",
                            description="ARN of an existing queue of SQS.",
                        ),
                    ),
                ),
            ),
        ),
        Field(
            name="actionAfterCompletion",
            form=Form.CASELESS,
            cost=Cost.SCALING,
            default="NONE",
            unset=None,
            description="DELETE: Scheduler deletes the schedule after it has fired for the last time.",
        ),
        Field(
            name="description",
            cost=Cost.METADATA,
            unset=None,
            limits={"maxLength": 300},
            description="A text for people. The tool adds a note of what it has applied.",
        ),
        Field(
            name="kmsKeyArn",
            cost=Cost.SCALING,
            unset=None,
            example="arn:aws:kms:us-east-1:123456789012:key/{name}",
            description="Key by which Scheduler encrypts the schedule.",
        ),
        Unmanaged("groupName", "all schedules of a stack are in one group of its own"),
        Unmanaged("clientToken", "the client's own"),
    ),
    # A list has neither expression nor input.
    read=ReadCalls(
        operation="GetSchedule",
        result="",
        names="name",
        by_arn=True,
        listing="ListSchedules",
        listed="schedules",
        response_only=("creationDate", "lastModificationDate"),
    ),
    create=CreateCall(operation="CreateSchedule"),
    update=UpdateCall(operation="UpdateSchedule", id_member="name"),
    delete=DeleteCall(operation="DeleteSchedule", id_member="name"),
    source="https://docs.aws.amazon.com/scheduler/latest/APIReference/API_CreateSchedule.html",
)

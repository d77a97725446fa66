"""Service environments: what SageMaker training jobs may use."""

from reconciler.kinds.base import (
    CAPACITY_LIMITS,
    CreateCall,
    DeleteCall,
    Field,
    Form,
    Kind,
    ReadCalls,
    UpdateCall,
    state,
)
from reconciler.model import Cost

KIND = Kind(
    name="ServiceEnvironment",
    section="serviceEnvironments",
    description="Where jobs of a different AWS service run: the capacity for SageMaker training.",
    noun="service-environment",
    name_member="serviceEnvironmentName",
    arn_member="serviceEnvironmentArn",
    main=("serviceEnvironmentType", "capacityLimits"),
    rows=(
        Field(
            name="serviceEnvironmentType",
            form=Form.CASELESS,
            cost=Cost.REPLACE,
            description="The service of the jobs; only SAGEMAKER_TRAINING.",
            source="UpdateServiceEnvironment has no such field",
        ),
        state("DISABLED accepts no new jobs."),
        CAPACITY_LIMITS,
    ),
    read=ReadCalls(
        operation="DescribeServiceEnvironments",
        result="serviceEnvironments",
        names="serviceEnvironments",
        newer=True,
        response_only=("status",),
    ),
    create=CreateCall(operation="CreateServiceEnvironment", settles_within=1200, service_linked=True),
    update=UpdateCall(operation="UpdateServiceEnvironment", id_member="serviceEnvironment", settles_within=1200),
    delete=DeleteCall(
        operation="DeleteServiceEnvironment",
        id_member="serviceEnvironment",
        gone_within=1800,
        disable_first=True,
        loss="removes a place where jobs run",
    ),
    default_quota=50,
    source="https://docs.aws.amazon.com/batch/latest/APIReference/API_CreateServiceEnvironment.html",
)

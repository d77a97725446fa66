"""Service environments: what SageMaker training jobs may use."""

from reconciler.kinds.base import CAPACITY_LIMITS, Field, Form, Kind, Reading, state
from reconciler.model import Cost

KIND = Kind(
    name="ServiceEnvironment",
    section="serviceEnvironments",
    says="Where the jobs of another service run: how much SageMaker training may use.",
    noun="service-environment",
    name_member="serviceEnvironmentName",
    arn_member="serviceEnvironmentArn",
    rows=(
        Field(
            name="serviceEnvironmentType",
            form=Form.CASELESS,
            cost=Cost.REPLACE,
            says="The service whose jobs run there; SAGEMAKER_TRAINING is the only one.",
            source="UpdateServiceEnvironment has no such member",
        ),
        state("DISABLED takes no new jobs."),
        CAPACITY_LIMITS,
    ),
    reading=Reading(
        operation="DescribeServiceEnvironments",
        result="serviceEnvironments",
        names="serviceEnvironments",
        newer=True,
    ),
    create="CreateServiceEnvironment",
    update="UpdateServiceEnvironment",
    update_id="serviceEnvironment",
    delete="DeleteServiceEnvironment",
    delete_id="serviceEnvironment",
    loss="takes away a place where jobs run",
    response_only=("status",),
    settles=True,
    service_linked=True,
    disable_before_delete=True,
    create_timeout=1200,
    update_timeout=1200,
    delete_timeout=1800,
    source="https://docs.aws.amazon.com/batch/latest/APIReference/API_CreateServiceEnvironment.html",
)

"""The part of a compute environment that describes ECS managed instances."""

from reconciler.kinds.base import Field, Form
from reconciler.kinds.examples import INSTANCE_TYPE, PROFILE, ROLE, SECURITY_GROUP, SUBNET
from reconciler.model import Cost, Json


def _always(_value: Json) -> bool:
    """What the service shows for members that were left out is not documented: such members are left to it."""
    return True


MANAGED_INSTANCES_TEMPLATE = (
    Field(
        name="ec2InstanceProfileArn",
        example=PROFILE,
        form=Form.PROFILE,
        says="Instance profile of the instances (full ARN).",
    ),
    Field(
        name="networkConfiguration",
        form=Form.STRUCT,
        says="Where the instances run.",
        fields=(
            Field(name="subnets", example=SUBNET, form=Form.SET, says="Subnets of one VPC."),
            Field(
                name="securityGroups", example=SECURITY_GROUP, form=Form.SET, says="Security groups of the same VPC."
            ),
        ),
    ),
    Field(
        name="instanceRequirements",
        form=Form.STRUCT,
        says="Which instances may be chosen.",
        fields=(
            Field(
                name="allowedInstanceTypes",
                example=INSTANCE_TYPE,
                form=Form.SET,
                fills=_always,
                says="Instance types; * is a wildcard.",
            ),
        ),
    ),
    Field(
        name="capacityOptionType",
        says="ON_DEMAND or SPOT.",
        default="ON_DEMAND",
        cost=Cost.REPLACE,
        fills=_always,
        source="UpdateComputeEnvironment has no such member",
    ),
    Field(
        name="storageConfiguration",
        form=Form.STRUCT,
        says="Root volume.",
        fields=(
            Field(
                name="storageSizeGiB",
                example=100,
                fills=_always,
                says="Size of the root volume, GiB.",
                limits={"minimum": 1},
            ),
        ),
    ),
    Field(name="monitoring", example="BASIC", says="Detail of the instances' CloudWatch metrics.", fills=_always),
    Field(
        name="fipsEnabled",
        says="Use FIPS 140 validated endpoints and modules.",
        default=False,
        cost=Cost.REPLACE,
        fills=_always,
        source="UpdateComputeEnvironment has no such member",
    ),
    Field(
        name="capacityReservations",
        form=Form.STRUCT,
        says="Capacity reservations to draw from.",
        fields=(
            Field(
                name="reservationGroupArn",
                example="arn:aws:resource-groups:us-east-1:123456789012:group/{name}",
                fills=_always,
                says="Resource group with the reservations.",
            ),
            Field(
                name="reservationPreference",
                example="RESERVATIONS_FIRST",
                fills=_always,
                says="How reservations are preferred.",
            ),
        ),
    ),
    Field(
        name="instanceMetadataTagsPropagation",
        says="Show instance tags in the instance metadata.",
        fills=_always,
        default=False,
    ),
    Field(
        name="localStorageConfiguration",
        form=Form.STRUCT,
        says="Instance store volumes.",
        fields=(Field(name="useLocalStorage", fills=_always, says="Use the instance's local disks.", default=False),),
    ),
)

MANAGED_INSTANCES = (
    Field(
        name="propagateTags",
        form=Form.CASELESS,
        default="NONE",
        fills=_always,
        says="CAPACITY_PROVIDER copies tags to the instances; NONE does not.",
    ),
    Field(
        name="infrastructureRoleArn",
        example=ROLE,
        form=Form.ROLE,
        passed_to="ecs.amazonaws.com",
        says="Role with which ECS manages the instances (full ARN).",
    ),
    Field(
        name="instanceLaunchTemplate",
        form=Form.STRUCT,
        says="What the instances look like.",
        fields=MANAGED_INSTANCES_TEMPLATE,
    ),
    Field(
        name="infrastructureOptimization",
        form=Form.STRUCT,
        says="How eagerly idle instances go.",
        fields=(
            Field(
                name="scaleInAfter",
                fills=_always,
                says="Seconds an idle instance is kept; -1 keeps it for ever.",
                limits={"minimum": -1, "maximum": 3600},
            ),
        ),
    ),
)

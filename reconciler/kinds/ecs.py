"""The two ECS shapes of a job: one container (containerProperties), or a task of several (ecsProperties)."""

from reconciler.kinds.base import INSTANCE_TYPE, ROLE, Field, Form
from reconciler.kinds.container import (
    COMMAND,
    ENVIRONMENT,
    EXECUTION_ROLE,
    IMAGE,
    LINUX_PARAMETERS,
    LOG_CONFIGURATION,
    MOUNT_POINTS,
    PLATFORM,
    PRIVILEGED,
    READONLY_ROOT,
    REPOSITORY_CREDENTIALS,
    RESOURCE_REQUIREMENTS,
    SECRETS,
    ULIMITS,
    USER,
    VOLUMES,
)

CONTAINER = (
    IMAGE,
    COMMAND,
    Field(
        name="jobRoleArn",
        example=ROLE,
        form=Form.ROLE,
        passed_to="ecs-tasks.amazonaws.com",
        description="Role that the job itself has.",
    ),
    EXECUTION_ROLE,
    Field(
        name="instanceType",
        example=INSTANCE_TYPE,
        description="Instance type of a multinode job; all node ranges need the same.",
    ),
    Field(
        name="vcpus",
        legacy_alias_of=("VCPU", "resourceRequirements"),
        limits={"minimum": 1},
        description="vCPUs, the old way; the same as VCPU in resourceRequirements, and not together with it. Not on "
        "Fargate.",
    ),
    Field(
        name="memory",
        example=2048,
        legacy_alias_of=("MEMORY", "resourceRequirements"),
        limits={"minimum": 4},
        description="Memory in MiB, the old way; the same as MEMORY in resourceRequirements, and not together with it.",
    ),
    RESOURCE_REQUIREMENTS,
    ENVIRONMENT,
    SECRETS,
    VOLUMES,
    MOUNT_POINTS,
    USER,
    PRIVILEGED,
    READONLY_ROOT,
    ULIMITS,
    LINUX_PARAMETERS,
    LOG_CONFIGURATION,
    Field(
        name="fargatePlatformConfiguration",
        form=Form.STRUCT,
        description="Fargate platform; refused elsewhere.",
        fields=(
            Field(
                name="platformVersion",
                default="LATEST",
                description="Fargate platform version; EFS needs 1.4.0 or later.",
            ),
        ),
    ),
    *PLATFORM,
    REPOSITORY_CREDENTIALS,
)

DEPENDENCY = (
    Field(name="containerName", description="The other container, by name."),
    Field(
        name="condition",
        form=Form.CASELESS,
        limits={"enum": ["START", "COMPLETE", "SUCCESS"]},
        description="The condition that must be met. COMPLETE and SUCCESS only for containers that are not essential.",
    ),
)

FIRELENS = (
    Field(name="type", form=Form.CASELESS, description="The log router: fluentd or fluentbit."),
    Field(name="options", form=Form.MAP, description="Options of the router, such as config-file-type."),
)

TASK_CONTAINER = (
    Field(name="name", description="Name of the container, for dependsOn and overrides; unique in the task."),
    Field(name="essential", default=True, description="If it stops, all stop. At least one container must be."),
    IMAGE,
    COMMAND,
    Field(
        name="dependsOn",
        form=Form.KEYED,
        key="containerName",
        fields=DEPENDENCY,
        description="Containers that must start first.",
    ),
    Field(
        name="startTimeout",
        limits={"minimum": 2},
        description="Seconds, 2 or more, on Fargate at most 120, to wait for the containers in dependsOn.",
    ),
    Field(
        name="stopTimeout",
        limits={"minimum": 2},
        description="Seconds, 2 or more, on Fargate at most 120, between asking it to stop and killing it.",
    ),
    RESOURCE_REQUIREMENTS,
    ENVIRONMENT,
    SECRETS,
    MOUNT_POINTS,
    USER,
    PRIVILEGED,
    READONLY_ROOT,
    ULIMITS,
    LINUX_PARAMETERS,
    LOG_CONFIGURATION,
    Field(
        name="firelensConfiguration",
        form=Form.STRUCT,
        fields=FIRELENS,
        description="Makes this container the log router of those with the awsfirelens driver.",
    ),
    REPOSITORY_CREDENTIALS,
)

TASK = (
    EXECUTION_ROLE,
    Field(
        name="taskRoleArn",
        example=ROLE,
        form=Form.ROLE,
        passed_to="ecs-tasks.amazonaws.com",
        description="Role that the job itself has.",
    ),
    Field(
        name="networkMode",
        form=Form.CASELESS,
        default="host",
        limits={"enum": ["host"]},
        description="host, and only for MANAGED_INSTANCES.",
        source="EcsTaskProperties: host when not specified",
    ),
    Field(
        name="ipcMode",
        form=Form.CASELESS,
        limits={"enum": ["host", "task", "none"]},
        description="Sharing of memory segments and semaphores: host, task or none.",
    ),
    Field(
        name="pidMode",
        form=Form.CASELESS,
        limits={"enum": ["host", "task"]},
        description="Sharing of the process namespace: host or task; by default, each container has its own.",
    ),
    VOLUMES,
    Field(
        name="containers",
        form=Form.KEYED,
        key="name",
        fields=TASK_CONTAINER,
        limits={"minItems": 1, "maxItems": 10},
        description="The containers, 1 to 10.",
    ),
    Field(name="platformVersion", default="LATEST", description="Fargate platform version; EFS needs 1.4.0 or later."),
    *PLATFORM,
)

ECS = (
    Field(
        name="taskProperties",
        form=Form.KEYED,  # by position: there is exactly one, and it is compared field by field
        fields=TASK,
        limits={"minItems": 1, "maxItems": 1},
        description="The task; the list has exactly one.",
    ),
)

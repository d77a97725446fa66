"""What is submitted: the body of SubmitJob, and what a job can bring in place of what its definition says."""

from reconciler.kinds.base import INSTANCE_TYPE, CreateCall, Declarable, Field, Form
from reconciler.kinds.container import COMMAND, ENVIRONMENT, RESOURCE_REQUIREMENTS
from reconciler.kinds.eks import ENTRY, METADATA, RESOURCES
from reconciler.model import Cost

CONDITION_LENGTH = 512  # EvaluateOnExit: patterns of at most 512 characters
CONSUMABLES = Field(
    name="consumableResourceProperties",
    form=Form.STRUCT,
    cost=Cost.REVISION,
    description="Licences and other tokens that the job holds while it runs.",
    fields=(
        Field(
            name="consumableResourceList",
            form=Form.KEYED,
            key="consumableResource",
            limits={"maxItems": 5},
            description="At most 5, each resource once.",
            fields=(
                Field(
                    name="consumableResource",
                    form=Form.REFERENCE,
                    refers_to="ConsumableResource",
                    description="Name in the stack, or name or ARN of an existing consumable resource.",
                ),
                Field(name="quantity", description="The quantity that the job requires."),
            ),
        ),
    ),
)

EVALUATION = (
    Field(name="action", form=Form.CASELESS, description="RETRY or EXIT, if all conditions of the entry match."),
    Field(
        name="onStatusReason",
        limits={"maxLength": CONDITION_LENGTH},
        description="Status reason to match; a * at the end matches any rest.",
    ),
    Field(
        name="onReason",
        limits={"maxLength": CONDITION_LENGTH},
        description="Reason of the container's end to match; a * at the end matches any rest.",
    ),
    Field(
        name="onExitCode",
        example="1",
        limits={"maxLength": CONDITION_LENGTH, "pattern": r"^[0-9]*\*?$"},
        description="Exit code to match: digits; a * at the end matches any rest.",
    ),
)

RETRY = (
    Field(
        name="attempts",
        limits={"minimum": 1, "maximum": 10},
        description="The number of attempts, 1 to 10; 1 means no retry. A job that timed out is not retried.",
    ),
    Field(
        name="evaluateOnExit",
        form=Form.ORDERED,
        fields=EVALUATION,
        limits={"maxItems": 5},
        description="When to retry and when not, at most 5; the first match decides, no match retries. It needs "
        "attempts.",
    ),
)

TIMEOUT = Field(
    name="timeout",
    form=Form.STRUCT,
    cost=Cost.REVISION,
    description="When a job that runs too long is terminated; a job can override it.",
    fields=(
        Field(
            name="attemptDurationSeconds",
            example=3600,
            limits={"minimum": 60},
            description="Seconds, 60 or more, from the start of each attempt. Such a job is not retried.",
        ),
    ),
)

OVERRIDES = (
    COMMAND,
    ENVIRONMENT,
    RESOURCE_REQUIREMENTS,
    Field(
        name="vcpus",
        limits={"minimum": 1},
        description="vCPUs in place of vcpus of the definition. It does not change what resourceRequirements of the "
        "definition says. Not on Fargate.",
    ),
    Field(
        name="memory",
        example=2048,
        limits={"minimum": 4},
        description="MiB in place of memory of the definition. It does not change what resourceRequirements of the "
        "definition says. Not on Fargate.",
    ),
    Field(
        name="instanceType",
        example=INSTANCE_TYPE,
        description="Instance type of a multinode job; not for jobs of one node.",
    ),
)
CONTAINER_OVERRIDES = Field(
    name="containerOverrides",
    form=Form.STRUCT,
    fields=OVERRIDES,
    description="What the container gets in place of containerProperties of the definition.",
)

TASK_OVERRIDES = Field(
    name="ecsPropertiesOverride",
    form=Form.STRUCT,
    description="What the containers get in place of ecsProperties of the definition.",
    fields=(
        Field(
            name="taskProperties",
            form=Form.ORDERED,
            limits={"maxItems": 1},
            description="The task; exactly one.",
            fields=(
                Field(
                    name="containers",
                    form=Form.KEYED,
                    key="name",
                    description="The containers that are overridden, by name.",
                    fields=(
                        Field(name="name", description="Name of a container of the definition."),
                        COMMAND,
                        ENVIRONMENT,
                        RESOURCE_REQUIREMENTS,
                    ),
                ),
            ),
        ),
    ),
)

POD_CONTAINER = (
    Field(name="name", description="Name of a container of the definition."),
    Field(name="image", description="Image in place of that of the definition."),
    Field(name="command", form=Form.ORDERED, description="Entry point in place of that of the definition."),
    Field(name="args", form=Form.ORDERED, description="Arguments in place of those of the definition."),
    Field(
        name="env",
        form=Form.KEYED,
        key="name",
        fields=ENTRY,
        description="Environment variables, in addition to those of the definition or in place of them.",
    ),
    Field(name="resources", form=Form.STRUCT, fields=RESOURCES, description="cpu, memory and nvidia.com/gpu."),
)
POD_OVERRIDES = Field(
    name="eksPropertiesOverride",
    form=Form.STRUCT,
    description="What the pod gets in place of eksProperties of the definition.",
    fields=(
        Field(
            name="podProperties",
            form=Form.STRUCT,
            description="The pod.",
            fields=(
                Field(
                    name="containers",
                    form=Form.KEYED,
                    key="name",
                    fields=POD_CONTAINER,
                    description="The containers that are overridden, by name.",
                ),
                Field(
                    name="initContainers",
                    form=Form.KEYED,
                    key="name",
                    fields=POD_CONTAINER,
                    description="The init containers that are overridden, by name.",
                ),
                Field(
                    name="metadata",
                    form=Form.STRUCT,
                    fields=METADATA,
                    description="Labels, annotations and namespace of the pod.",
                ),
            ),
        ),
    ),
)

CONSUMABLES_OVERRIDE = Field(
    name="consumableResourcePropertiesOverride",
    form=Form.STRUCT,
    fields=CONSUMABLES.fields,
    description="Licences and other tokens that the job holds while it runs, in place of those of the definition.",
)

NODE_OVERRIDES = Field(
    name="nodeOverrides",
    form=Form.STRUCT,
    description="What the nodes of a multinode job get in place of nodeProperties of the definition.",
    fields=(
        Field(
            name="numNodes",
            example=2,
            limits={"minimum": 1, "maximum": 1000},
            description="How many nodes the job has. One node range of the definition must have an open end, as in 0:.",
        ),
        Field(
            name="nodePropertyOverrides",
            form=Form.KEYED,
            key="targetNodes",
            description="What is different on which nodes.",
            fields=(
                Field(
                    name="targetNodes",
                    example="0:",
                    form=Form.RANGE,
                    limits={"pattern": "^([0-9]+|[0-9]*:[0-9]*)$"},
                    description="The nodes, by index: 0:3, 4:, :2 or 5.",
                ),
                CONTAINER_OVERRIDES,
                Field(
                    name="instanceTypes",
                    example=INSTANCE_TYPE,
                    form=Form.SET,
                    description="Instance type of these nodes; only with ecsProperties.",
                ),
                TASK_OVERRIDES,
                POD_OVERRIDES,
                CONSUMABLES_OVERRIDE,
            ),
        ),
    ),
)

DEPENDENCY = (
    Field(
        name="jobId",
        example="876da822-4198-45f2-a252-6cea32512ea8",
        description="ID of a job, or the name of a job of the stack, which is then submitted first.",
    ),
    Field(
        name="type",
        form=Form.CASELESS,
        description="SEQUENTIAL: the children of this array run one after the other. N_TO_N: each child waits for the "
        "child with its index.",
    ),
)

JOB = Declarable(
    name="Job",
    section="jobs",
    description="What `submit` sends: a request to run a job definition in a queue. `apply` creates nothing of it.",
    noun="job",
    name_member="jobName",
    rows=(
        Field(
            name="jobQueue",
            form=Form.REFERENCE,
            refers_to="JobQueue",
            description="The queue: its key in the stack, or the name or ARN of an existing one.",
        ),
        Field(
            name="jobDefinition",
            form=Form.REFERENCE,
            refers_to="JobDefinition",
            description="The definition: its key in the stack, or NAME, NAME:REVISION or the ARN of an existing one. "
            "Without a revision, the newest active one runs.",
        ),
        Field(
            name="parameters",
            form=Form.MAP,
            description="Values for Ref::name in the command, in place of those of the definition.",
        ),
        Field(
            name="shareIdentifier",
            limits={"pattern": r"^[A-Za-z0-9]{1,255}\*?$"},
            example="A",
            description="The share that the job is counted for. Required in queues with a fair-share policy, and not "
            "allowed in others.",
        ),
        Field(
            name="schedulingPriorityOverride",
            limits={"minimum": 0, "maximum": 9999},
            description="Higher priorities run first within a share; only in queues with a fair-share policy.",
        ),
        Field(
            name="arrayProperties",
            form=Form.STRUCT,
            description="Makes it an array job.",
            fields=(
                Field(
                    name="size",
                    example=2,
                    limits={"minimum": 2, "maximum": 10000},
                    description="How many children the array has, 2 to 10,000. Each has AWS_BATCH_JOB_ARRAY_INDEX.",
                ),
            ),
        ),
        Field(
            name="dependsOn",
            form=Form.ORDERED,
            fields=DEPENDENCY,
            limits={"maxItems": 20},
            description="What must succeed first, at most 20 jobs.",
        ),
        CONTAINER_OVERRIDES,
        TASK_OVERRIDES,
        POD_OVERRIDES,
        NODE_OVERRIDES,
        CONSUMABLES_OVERRIDE,
        Field(
            name="retryStrategy",
            form=Form.STRUCT,
            fields=RETRY,
            description="What happens when the job fails, in place of what the definition says.",
        ),
        TIMEOUT,
        Field(
            name="propagateTags",
            default=False,
            description="Copy tags to the ECS task, in place of what the definition says. Not on EKS.",
        ),
    ),
    own="smoke",
    create=CreateCall(operation="SubmitJob"),
    source="https://docs.aws.amazon.com/batch/latest/APIReference/API_SubmitJob.html",
)

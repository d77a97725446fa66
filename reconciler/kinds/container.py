"""What single-container and multi-container jobs share: environment, volumes, devices, logs, sizes."""

from reconciler.kinds.base import IMAGE_NAME, ROLE, SECRET_ARN, Field, Form
from reconciler.model import Json, Spec


def is_empty_variable(entry: Json) -> bool:
    """Whether it is a variable that the service drops (hashicorp/terraform-provider-aws issues 19466 and 26960)."""
    return entry.get("value") in (None, "")


def _host_path(device: Spec) -> Json:
    return device.get("hostPath")


def _usual_size(requirement: Spec) -> Json:
    """Sizes that fit together, also on Fargate."""
    return {"VCPU": "1", "MEMORY": "2048", "GPU": "1"}.get(str(requirement.get("type", "")).upper())


ENVIRONMENT_ENTRY = (
    Field(
        name="name",
        description="Name of the variable. Names that begin with AWS_BATCH are reserved for the service.",
        limits={"pattern": "^(?!AWS_BATCH)"},
    ),
    Field(name="value", default="", description="Its value. The service drops variables that are empty."),
)

ENVIRONMENT = Field(
    name="environment",
    form=Form.KEYED,
    key="name",
    fields=ENVIRONMENT_ENTRY,
    drop_if=is_empty_variable,
    description="Environment variables; their order does not matter. For secrets, use secrets.",
    source="hashicorp/terraform-provider-aws issues 19466, 34947",
)

SECRET = (
    Field(name="name", description="Name under which the container, or the log driver, sees the secret."),
    Field(
        name="valueFrom",
        example=SECRET_ARN,
        description="Where the secret is: ARN of a Secrets Manager secret, or ARN or name of a parameter. Never the "
        "secret.",
    ),
)

SECRETS = Field(
    name="secrets",
    form=Form.KEYED,
    key="name",
    fields=SECRET,
    description="Secrets that become environment variables. They need an executionRoleArn.",
)

MOUNT_POINTS = Field(
    name="mountPoints",
    form=Form.KEYED,
    key="containerPath",
    description="Where the volumes appear in the container.",
    fields=(
        Field(name="sourceVolume", description="Name of the volume, one of volumes."),
        Field(name="containerPath", description="Path in the container."),
        Field(name="readOnly", default=False, description="The container cannot write to it."),
    ),
)

ULIMITS = Field(
    name="ulimits",
    form=Form.KEYED,
    key="name",
    description="Limits of the operating system for the container. Not on Fargate.",
    fields=(
        Field(name="name", example="nofile", description="Which limit: nofile, memlock, stack, core, …"),
        Field(name="softLimit", description="The limit to begin with."),
        Field(name="hardLimit", description="The most that a process may raise its limit to."),
    ),
)

RESOURCE_REQUIREMENTS = Field(
    name="resourceRequirements",
    form=Form.KEYED,
    key="type",
    description="vCPUs, MiB of memory and GPUs. Not together with vcpus and memory.",
    fields=(
        Field(name="type", form=Form.CASELESS, description="What: VCPU, MEMORY or GPU; each at most once."),
        Field(
            name="value",
            example=_usual_size,
            form=Form.NUMBER,
            description="How much: vCPUs (fractions on Fargate only), MiB, or GPUs. On Fargate only certain pairs fit.",
        ),
    ),
)

DEVICE = (
    Field(name="hostPath", description="Path of the device on the instance."),
    Field(name="containerPath", assumed=_host_path, description="Path in the container; the hostPath when left out."),
    Field(
        name="permissions",
        form=Form.SET,
        default=["READ", "WRITE", "MKNOD"],
        description="The permissions of the container; by default all three.",
    ),
)

TMPFS = (
    Field(name="containerPath", description="Absolute path in the container."),
    Field(name="size", description="Size, MiB.", limits={"minimum": 1}),
    Field(name="mountOptions", example="ro", form=Form.SET, description="Mount options such as ro, noexec, nosuid."),
)

LINUX_PARAMETERS = Field(
    name="linuxParameters",
    form=Form.STRUCT,
    description="Devices, swap and shared memory. On Fargate only initProcessEnabled.",
    fields=(
        Field(
            name="devices", form=Form.SET, fields=DEVICE, description="Devices of the instance that the container sees."
        ),
        Field(
            name="initProcessEnabled",
            default=False,
            description="Run an init process that forwards signals and reaps dead processes.",
        ),
        Field(name="sharedMemorySize", description="Size of /dev/shm, MiB."),
        Field(name="tmpfs", form=Form.KEYED, key="containerPath", fields=TMPFS, description="File systems in memory."),
        Field(
            name="maxSwap",
            limits={"minimum": 0},
            description="Swap that the container can use, in MiB; 0 is none. It requires swappiness.",
        ),
        Field(
            name="swappiness",
            default=60,
            limits={"minimum": 0, "maximum": 100},
            description="How eagerly memory is swapped, 0 to 100. It requires maxSwap.",
            source="LinuxParameters: without it 60 is used",
        ),
    ),
)

LOG_CONFIGURATION = Field(
    name="logConfiguration",
    form=Form.STRUCT,
    description="Where the output is sent. By default: CloudWatch Logs, group /aws/batch/job.",
    fields=(
        Field(
            name="logDriver",
            form=Form.CASELESS,
            description="The log driver. On Fargate awslogs, splunk or awsfirelens.",
        ),
        Field(name="options", form=Form.MAP, description="Options of the driver, such as awslogs-group."),
        Field(
            name="secretOptions",
            form=Form.KEYED,
            key="name",
            fields=SECRET,
            description="Options of the driver whose values are secrets. They require an executionRoleArn.",
        ),
    ),
)

EFS_VOLUME = (
    Field(name="fileSystemId", example="fs-{number}", description="Id of the EFS file system."),
    Field(
        name="rootDirectory",
        default="/",
        description="Directory that is mounted. With an access point it must be / or left out.",
    ),
    Field(
        name="transitEncryption",
        form=Form.CASELESS,
        default="DISABLED",
        description="Encrypt the traffic to EFS. IAM authorization and access points need ENABLED.",
    ),
    Field(
        name="transitEncryptionPort",
        limits={"minimum": 0, "maximum": 65535},
        description="Port for encrypted traffic; the mount helper chooses one when left out.",
    ),
    Field(
        name="authorizationConfig",
        form=Form.STRUCT,
        description="Access point and IAM authorization.",
        fields=(
            Field(name="accessPointId", example="fsap-{number}", description="Id of the EFS access point."),
            Field(
                name="iam",
                form=Form.CASELESS,
                default="DISABLED",
                description="Mount with the job's role. It needs transitEncryption ENABLED and a job role.",
            ),
        ),
    ),
)

S3FILES_VOLUME = (
    Field(
        name="fileSystemArn",
        example="arn:aws:s3files:us-east-1:123456789012:file-system/fs-{number}",
        description="ARN of the S3 Files file system. The job needs a job role.",
    ),
    Field(name="rootDirectory", description="Directory that is mounted."),
    Field(
        name="transitEncryptionPort", limits={"minimum": 0, "maximum": 65535}, description="Port for encrypted traffic."
    ),
    Field(
        name="accessPointArn",
        example="arn:aws:s3files:us-east-1:123456789012:file-system/fs-{number}/access-point/fsap-{number}",
        description="ARN of the S3 Files access point.",
    ),
)

VOLUMES = Field(
    name="volumes",
    form=Form.KEYED,
    key="name",
    description="Volumes that mountPoints can name. One type a volume.",
    fields=(
        Field(name="name", limits={"maxLength": 255}, description="Name of the volume, for mountPoints."),
        Field(
            name="host",
            form=Form.STRUCT,
            description="A directory of the instance. Not on Fargate.",
            fields=(
                Field(
                    name="sourcePath",
                    description="Path on the instance; left out, Docker chooses one that does not last.",
                ),
            ),
        ),
        Field(name="efsVolumeConfiguration", form=Form.STRUCT, fields=EFS_VOLUME, description="An EFS file system."),
        Field(
            name="s3filesVolumeConfiguration",
            form=Form.STRUCT,
            fields=S3FILES_VOLUME,
            description="An S3 Files file system.",
        ),
    ),
)

REPOSITORY_CREDENTIALS = Field(
    name="repositoryCredentials",
    form=Form.STRUCT,
    description="Access to a private registry other than ECR.",
    fields=(
        Field(
            name="credentialsParameter",
            example=SECRET_ARN,
            description="ARN or name of the Secrets Manager secret with user and password.",
        ),
    ),
)

IMAGE = Field(
    name="image",
    example=IMAGE_NAME,
    limits={"maxLength": 255},
    description="Container image, with tag or digest. It must be built for the processor of the instances.",
)
COMMAND = Field(
    name="command",
    form=Form.ORDERED,
    description="Command and its arguments, one list entry each. Ref::name is replaced with a parameter.",
)
PRIVILEGED = Field(name="privileged", default=False, description="Root access to the instance. Not on Fargate.")
READONLY_ROOT = Field(
    name="readonlyRootFilesystem", default=False, description="The container cannot write to its root file system."
)
USER = Field(name="user", description="User in the container: a name or number, for tasks also with a group.")
EXECUTION_ROLE = Field(
    name="executionRoleArn",
    example=ROLE,
    form=Form.ROLE,
    passed_to="ecs-tasks.amazonaws.com",
    description="Role that pulls the image, writes logs and reads secrets. Required on Fargate and with secrets.",
)

# Members that a job of one container has at its container, and a job of several at its task.
PLATFORM = (
    Field(
        name="networkConfiguration",
        form=Form.STRUCT,
        description="Network of Fargate jobs; refused elsewhere.",
        fields=(
            Field(
                name="assignPublicIp",
                form=Form.CASELESS,
                default="DISABLED",
                description="Assign a public address to the job; required to pull images in a subnet without NAT.",
            ),
        ),
    ),
    Field(
        name="ephemeralStorage",
        form=Form.STRUCT,
        description="Disk of a Fargate job.",
        fields=(
            Field(
                name="sizeInGiB", limits={"minimum": 21, "maximum": 200}, description="GiB, 21 to 200; otherwise 20."
            ),
        ),
    ),
    Field(
        name="runtimePlatform",
        form=Form.STRUCT,
        description="Operating system and processor of Fargate and managed-instances jobs; refused on EC2.",
        fields=(
            Field(
                name="operatingSystemFamily",
                example="LINUX",
                form=Form.CASELESS,
                default="LINUX",
                description="LINUX, or a Windows Server version; Windows only on X86_64 and not on Fargate Spot.",
            ),
            Field(
                name="cpuArchitecture",
                form=Form.CASELESS,
                default="X86_64",
                limits={"enum": ["X86_64", "ARM64"]},
                description="Processor: X86_64 or ARM64.",
            ),
        ),
    ),
    Field(
        name="enableExecuteCommand", default=False, description="Allow a shell in the running containers (ECS Exec)."
    ),
)

"""Rules about what a container is given: image, user, environment, secrets, limits, devices, logs."""

import json
import re
from collections.abc import Callable, Iterator

from reconciler.kinds.tasks import Container, EcsTask, containers, every_container, platform
from reconciler.model import Json, Path, Spec
from reconciler.problems import Severity
from reconciler.rules.base import Example, Findings, Rule, Subject, documented, if_any, inferred, later, measured
from reconciler.rules.shared import forms, looks_unfilled, placeholders
from reconciler.rules.traversal import (
    IMAGE,
    ROLE,
    each_container,
    each_ecs_task,
    each_single,
    ec2,
    job,
    members,
    repeated,
    size,
    task,
)

SECRET = {"name": "TOKEN", "valueFrom": "arn:aws:ssm:us-east-1:123456789012:parameter/token"}
SECRET_STORES = (":secretsmanager:", ":ssm:")
USER = re.compile(r"[a-z0-9_][a-z0-9_-]{0,30}")
ULIMITS = {
    "core", "cpu", "data", "fsize", "locks", "memlock", "msgqueue", "nice", "nofile", "nproc", "rss", "rtprio",
    "rttime", "sigpending", "stack",
}  # fmt: skip
UNIQUE = "The secret name must be unique and not shared with any ... environment variables set on the container"


def _has_image(ecs_task: EcsTask) -> Findings:
    if not ecs_task.body.get("image"):
        yield ecs_task.path, "has no image"


def _image_is_a_reference(subject: Subject) -> Findings:
    for path, body in every_container(subject.body):
        image = str(body.get("image", ""))
        if "://" in image or re.search(r"\s", image):
            yield (*path, "image"), f"is {image!r}; it has neither a scheme such as docker:// nor white space"


def _user_is_known(ecs_task: EcsTask) -> Findings:
    user = str(ecs_task.body.get("user", "root"))
    if not USER.fullmatch(user):
        yield (*ecs_task.path, "user"), f"is {user}; it is one name or number, of lower-case letters, digits, - and _"


def _named(container: Container) -> Findings:
    for path, entry in members(container, "environment"):
        if not entry.get("name"):
            yield path, "has no name"


def _once(name: str) -> Callable[[Container], Findings]:
    def look(container: Container) -> Findings:
        for entry, count in repeated(entry.get("name") for entry in container.body.get(name) or ()):
            yield (*container.path, name), f"has {entry} {count} times"

    return look


def _not_both(container: Container) -> Findings:
    secrets = {entry["name"] for entry in container.body.get("secrets") or ()}
    for path, entry in members(container, "environment") if secrets else ():
        if entry.get("name") in secrets:
            yield (*path, "name"), f"is {entry['name']}, which is also a secret"


def _reads_secrets(container: Container) -> Findings:
    if container.body.get("secrets") and not container.ecs_task.body.get("executionRoleArn"):
        yield (*container.path, "secrets"), "needs an executionRoleArn, which reads them"


def _reads_log_secrets(container: Container) -> Findings:
    log = container.body.get("logConfiguration") or {}
    if log.get("secretOptions") and not container.ecs_task.body.get("executionRoleArn"):
        yield (*container.path, "logConfiguration", "secretOptions"), "needs an executionRoleArn, which reads them"


def _pulls_privately(container: Container) -> Findings:
    if container.body.get("repositoryCredentials") and not container.ecs_task.body.get("executionRoleArn"):
        yield (*container.path, "repositoryCredentials"), "needs an executionRoleArn, which reads them"


def _secrets_are_somewhere(container: Container) -> Findings:
    for path, entry in members(container, "secrets"):
        source = str(entry["valueFrom"])
        if source.startswith("arn:") and not any(store in source for store in SECRET_STORES):
            yield (*path, "valueFrom"), f"is {source}; secrets are in Secrets Manager or Parameter Store"


def _roles_are_roles(ecs_task: EcsTask) -> Findings:
    for name in ("jobRoleArn", "taskRoleArn", "executionRoleArn"):
        role = str(ecs_task.body.get(name, ""))
        if role.startswith("arn:") and ":role/" not in role:
            yield (*ecs_task.path, name), f"is {role}, which is not a role"


def _ulimits_exist(container: Container) -> Findings:
    for path, entry in members(container, "ulimits"):
        if entry["name"] not in ULIMITS:
            yield (*path, "name"), f"is {entry['name']}; it is one of {', '.join(sorted(ULIMITS))}"


def _ulimits_fit(container: Container) -> Findings:
    for path, entry in members(container, "ulimits"):
        soft, hard = entry["softLimit"], entry["hardLimit"]
        if hard != -1 and (soft == -1 or soft > hard):
            yield (*path, "softLimit"), f"is {soft}, above the hardLimit {hard}"


RULES = (
    Rule(
        id="JD030",
        says="A container has an image.",
        check=each_single(_has_image),
        evidence=measured("RegisterJobDefinition", "ECS Container Image must be provided."),
        fails=ec2(image=None),
        passes=ec2(image=IMAGE),
    ),
    Rule(
        id="JD031",
        says="An image is a registry's path with tag or digest, and nothing else.",
        check=_image_is_a_reference,
        hint="write it as for docker pull",
        evidence=later(
            "ECS, CannotPullContainerError", "invalid reference format", "a pod waits with InvalidImageName"
        ),
        severity=Severity.WARNING,
        fails=ec2(image="docker://busybox:1.36"),
        passes=ec2(image="123456789012.dkr.ecr.us-east-1.amazonaws.com/job@sha256:" + "0" * 64),
    ),
    Rule(
        id="JD032",
        says="A user is one name or number.",
        check=each_single(_user_is_known, about="user"),
        hint="with a group, user:group, only in ecsProperties",
        severity=Severity.WARNING,
        evidence=documented("AWS Batch User Guide, 'Job definition parameters'", "^([a-z0-9_][a-z0-9_-]{0,30})$"),
        fails=ec2(user="$(id -u)"),
        passes=ec2(user="1000"),
    ),
    Rule(
        id="JD033",
        says="Every environment variable has a name.",
        check=each_container(_named, about="environment"),
        evidence=measured("RegisterJobDefinition, as deployed by cdk-preflight in September 2026"),
        fails=ec2(environment=[{"value": "production"}]),
        passes=ec2(environment=[{"name": "STAGE", "value": "production"}]),
    ),
    Rule(
        id="JD034",
        says="An environment variable is set once.",
        check=each_container(_once("environment"), about="environment"),
        severity=Severity.WARNING,
        evidence=documented(
            "AWS::Batch::JobDefinition, ContainerProperties.Environment",
            "uniqueItems",
            "by name: of two values one is lost",
        ),
        fails=ec2(environment=[{"name": "STAGE", "value": "production"}, {"name": "STAGE", "value": "test"}]),
        passes=ec2(environment=[{"name": "STAGE", "value": "production"}, {"name": "REGION", "value": "eu"}]),
    ),
    Rule(
        id="JD035",
        says="A secret is set once.",
        check=each_container(_once("secrets"), about="secrets"),
        severity=Severity.WARNING,
        evidence=later(
            "ECS RegisterTaskDefinition",
            "The secret name must be unique and not shared with any ... environment variables set on the container",
        ),
        fails=ec2(secrets=[SECRET, SECRET], executionRoleArn=ROLE),
        passes=ec2(secrets=[SECRET, {**SECRET, "name": "KEY"}], executionRoleArn=ROLE),
    ),
    Rule(
        id="JD036",
        says="No environment variable has the name of a secret.",
        check=each_container(_not_both, about="secrets"),
        severity=Severity.WARNING,
        evidence=later(
            "ECS RegisterTaskDefinition",
            "The secret name must be unique and not shared with any ... environment variables set on the container",
        ),
        fails=ec2(secrets=[SECRET], environment=[{"name": "TOKEN", "value": "x"}], executionRoleArn=ROLE),
        passes=ec2(secrets=[SECRET], environment=[{"name": "STAGE", "value": "x"}], executionRoleArn=ROLE),
    ),
    Rule(
        id="JD037",
        says="Secrets need an execution role.",
        check=each_container(_reads_secrets, about="secrets"),
        hint="set executionRoleArn to a role that can read them",
        evidence=measured(
            "RegisterJobDefinition", "executionRoleArn cannot be empty when using secrets or secretOptions"
        ),
        fails=ec2(secrets=[SECRET]),
        passes=ec2(secrets=[SECRET], executionRoleArn=ROLE),
    ),
    Rule(
        id="JD038",
        says="Secrets of a log driver need an execution role.",
        check=each_container(_reads_log_secrets, about="logConfiguration"),
        hint="set executionRoleArn to a role that can read them",
        evidence=measured(
            "RegisterJobDefinition", "executionRoleArn cannot be empty when using secrets or secretOptions"
        ),
        fails=ec2(logConfiguration={"logDriver": "splunk", "secretOptions": [SECRET]}),
        passes=ec2(logConfiguration={"logDriver": "splunk", "secretOptions": [SECRET]}, executionRoleArn=ROLE),
    ),
    Rule(
        id="JD039",
        says="Credentials of a private registry need an execution role.",
        check=each_container(_pulls_privately, about="repositoryCredentials"),
        severity=Severity.WARNING,
        evidence=later(
            "AWS Batch User Guide, 'Private registry authentication for jobs'",
            note="the role reads the credentials when the job starts",
        ),
        fails=ec2(repositoryCredentials={"credentialsParameter": "registry"}),
        passes=ec2(repositoryCredentials={"credentialsParameter": "registry"}, executionRoleArn=ROLE),
    ),
    Rule(
        id="JD040",
        says="A secret is in Secrets Manager or in Parameter Store.",
        check=each_container(_secrets_are_somewhere, about="secrets"),
        evidence=documented(
            "Secret.valueFrom",
            "The supported values are either the full Amazon Resource Name (ARN) of the Secrets "
            "Manager secret or the full ARN of the parameter",
        ),
        fails=ec2(secrets=[{**SECRET, "valueFrom": "arn:aws:s3:::bucket/token"}], executionRoleArn=ROLE),
        passes=ec2(secrets=[{**SECRET, "valueFrom": "/team/token"}], executionRoleArn=ROLE),
    ),
    Rule(
        id="JD041",
        says="A role's ARN is that of a role, not of an instance profile, user or policy.",
        check=each_ecs_task(_roles_are_roles),
        evidence=documented(
            "ContainerProperties.jobRoleArn",
            "The Amazon Resource Name (ARN) of the IAM role that the container can assume",
            "whether AWS rejects other ARNs is unknown",
        ),
        severity=Severity.WARNING,
        fails=ec2(jobRoleArn="arn:aws:iam::123456789012:instance-profile/job"),
        passes=ec2(jobRoleArn=ROLE),
    ),
    Rule(
        id="JD042",
        says="A ulimit is one that Linux has.",
        check=each_container(_ulimits_exist, about="ulimits"),
        evidence=documented(
            "Ulimit.name", "Valid values are: core | cpu | data", against="the service model leaves the set open"
        ),
        severity=Severity.WARNING,
        fails=ec2(ulimits=[{"name": "files", "softLimit": 1024, "hardLimit": 1024}]),
        passes=ec2(ulimits=[{"name": "nofile", "softLimit": 1024, "hardLimit": 1024}]),
    ),
    Rule(
        id="JD043",
        says="A ulimit is set once.",
        check=each_container(_once("ulimits"), about="ulimits"),
        severity=Severity.WARNING,
        evidence=documented(
            "AWS::Batch::JobDefinition, ContainerProperties.Ulimits",
            "uniqueItems",
            "by name: of two limits one is lost",
        ),
        fails=ec2(ulimits=[{"name": "nofile", "softLimit": soft, "hardLimit": 2048} for soft in (1024, 2048)]),
        passes=ec2(ulimits=[{"name": name, "softLimit": 1024, "hardLimit": 2048} for name in ("nofile", "nproc")]),
    ),
    Rule(
        id="JD044",
        says="A ulimit's soft limit is not above its hard limit; -1 is none.",
        check=each_container(_ulimits_fit, about="ulimits"),
        severity=Severity.WARNING,
        evidence=later(
            "Docker, which starts the container", "ulimit soft limit must be less than or equal to hard limit"
        ),
        fails=ec2(ulimits=[{"name": "nofile", "softLimit": 4096, "hardLimit": 1024}]),
        passes=ec2(ulimits=[{"name": "memlock", "softLimit": 4096, "hardLimit": -1}]),
    ),
    forms("JD046", ec2(jobRoleArn="arn:iam:role/job"), ec2(jobRoleArn="arn:aws:iam::123456789012:role/job")),
    placeholders("JD045", ec2(image="${IMAGE}"), ec2(command=["sh", "-c", "echo ${AWS_BATCH_JOB_ARRAY_INDEX}"])),
)


# Rules about the shape of a job definition: which properties go with which type and platform.

WAYS = ("containerProperties", "ecsProperties", "eksProperties")
COMPACT = json.JSONEncoder(ensure_ascii=False, separators=(",", ":"))
SIZE_LIMIT = 24 * 1024  # the service quota, in bytes
CONTAINER = {"image": IMAGE, "resourceRequirements": size()}
TASKS = {"taskProperties": [{"containers": [{"name": "main", **CONTAINER}]}]}


def _has_properties(subject: Subject) -> Findings:
    if subject.body["type"] == "container" and not any(name in subject.body for name in WAYS):
        yield (), f"has none of {', '.join(WAYS)}"


def _one_way(subject: Subject) -> Findings:
    given = [name for name in WAYS if name in subject.body]
    for other in given[1:]:
        yield (other,), f"cannot be combined with {given[0]}"


def _has_nodes(subject: Subject) -> Findings:
    if subject.body["type"] == "multinode" and "nodeProperties" not in subject.body:
        yield (), "is multinode, but has no nodeProperties"


@if_any("platformCapabilities")
def _tasks_on_managed_instances(subject: Subject) -> Findings:
    if "containerProperties" in subject.body and platform(subject.body) == "MANAGED_INSTANCES":
        yield ("containerProperties",), "is not for MANAGED_INSTANCES, only ecsProperties is"


def _linux_on_managed_instances(ecs_task: EcsTask) -> Findings:
    family = str((ecs_task.body.get("runtimePlatform") or {}).get("operatingSystemFamily", "LINUX"))
    if family.upper().startswith("WINDOWS"):
        path = (*ecs_task.path, "runtimePlatform", "operatingSystemFamily")
        yield path, f"is {family}; on MANAGED_INSTANCES there is only LINUX"


def _small(subject: Subject) -> Findings:
    length = len(COMPACT.encode(subject.body).encode())
    if length > SIZE_LIMIT:
        yield (), f"is {length:,} bytes long, more than 24 KiB ({SIZE_LIMIT:,} bytes)"


def _managed(**members: object) -> Example:
    return Example({**task(**members).body, "platformCapabilities": ["MANAGED_INSTANCES"]})


COMMON_RULES = (
    Rule(
        id="JD001",
        says="A job of type container has containerProperties, ecsProperties or eksProperties.",
        check=_has_properties,
        hint="write containerProperties with at least image and resourceRequirements",
        evidence=measured("RegisterJobDefinition", "ECS Container Image must be provided."),
        fails=job(),
        passes=ec2(),
    ),
    Rule(
        id="JD002",
        says="Only one of containerProperties, ecsProperties and eksProperties is set.",
        check=_one_way,
        hint="keep ecsProperties for several containers, containerProperties for one",
        evidence=measured("RegisterJobDefinition", "Cannot use both ECS containerProperties and ecsProperties"),
        fails=job(containerProperties=CONTAINER, ecsProperties=TASKS),
        passes=job(ecsProperties=TASKS),
    ),
    Rule(
        id="JD003",
        says="A job of type multinode has nodeProperties.",
        check=_has_nodes,
        evidence=measured("RegisterJobDefinition", "Node properties of multinode job is required."),
        fails=job(type="multinode"),
        passes=job(
            type="multinode",
            nodeProperties={
                "numNodes": 2,
                "mainNode": 0,
                "nodeRangeProperties": [{"targetNodes": "0:1", "container": CONTAINER}],
            },
        ),
    ),
    Rule(
        id="JD004",
        says="On managed instances a job has ecsProperties, also for one container.",
        check=_tasks_on_managed_instances,
        hint="move the container to ecsProperties.taskProperties[0].containers",
        evidence=measured("RegisterJobDefinition", "Cannot use ECS containerProperties for MANAGED_INSTANCES"),
        fails=job(platformCapabilities=["MANAGED_INSTANCES"], containerProperties=CONTAINER),
        passes=_managed(),
    ),
    Rule(
        id="JD005",
        says="On managed instances the operating system is Linux.",
        check=each_ecs_task(_linux_on_managed_instances, on="MANAGED_INSTANCES"),
        evidence=documented(
            "EcsTaskProperties.runtimePlatform",
            "For Amazon ECS Managed Instances, the valid value for operatingSystemFamily is LINUX (default).",
        ),
        fails=_managed(runtimePlatform={"operatingSystemFamily": "WINDOWS_SERVER_2022_CORE"}),
        passes=_managed(runtimePlatform={"operatingSystemFamily": "LINUX", "cpuArchitecture": "ARM64"}),
    ),
    Rule(
        id="JD006",
        says="A job definition is at most 24 KiB long.",
        check=_small,
        hint="move long scripts and values to the image or to S3",
        evidence=documented(
            "AWS Batch User Guide, 'Service quotas'",
            "Maximum job definition size (for RegisterJobDefinition API operations) 24 KiB",
        ),
        fails=ec2(command=["x" * SIZE_LIMIT]),
        passes=ec2(command=["x" * 1024]),
    ),
)


# Environment variables of containers and pods whose values are not what they seem.

# Variables without a value. For pods no measurement is known; Terraform's provider treats both in the same way.
DROPS = {"environment": "drops", "env": "may drop"}
FEW = 3  # variables that a message names


@if_any(*DROPS)
def _are_filled(subject: Subject) -> Findings:
    for path, body in every_container(subject.body):
        for member in DROPS:
            variables = body.get(member) or ()
            names = [str(each.get("name")) for each in variables if looks_unfilled(str(each.get("value", "")))]
            more = f" and {len(names) - FEW} more" if len(names) > FEW else ""
            if names:
                message = f"sets {', '.join(names[:FEW])}{more} to a value that looks like a placeholder"
                yield (*path, member), message


@if_any(*DROPS)
def _has_value(subject: Subject) -> Findings:
    for path, container in every_container(subject.body):
        for name, drops in DROPS.items():
            for index, entry in enumerate(container.get(name) or ()):
                if not entry.get("value"):
                    yield (*path, name, index), f"has no value: AWS Batch {drops} {entry.get('name')}"


VARIABLE_RULES = (
    Rule(
        id="JD163",
        says="The value of an environment variable is not a placeholder of a shell or a template.",
        check=_are_filled,
        hint="no shell reads it: !sub fills it in here, `sh -c` in the command when the job starts",
        severity=Severity.NOTE,
        advice=True,
        evidence=inferred("ContainerProperties.environment", "it maps to Docker's Env"),
        fails=ec2(environment=[{"name": "BUCKET", "value": "${BUCKET}"}]),
        passes=ec2(environment=[{"name": "BUCKET", "value": "results"}]),
    ),
    Rule(
        id="JD164",
        says="An environment variable has a value.",
        check=_has_value,
        severity=Severity.NOTE,
        advice=True,
        evidence=measured(
            "terraform-provider-aws, issues 19466 and 26960",
            note="a variable without a value is gone when it is read back",
        ),
        fails=ec2(environment=[{"name": "STAGE", "value": ""}]),
        passes=ec2(environment=[{"name": "STAGE", "value": "test"}]),
    ),
)


# Rules about log drivers, swap and file systems in memory.

# The options of Batch's own page, and the two that ECS has for every driver.
AWSLOGS = {
    "awslogs-group", "awslogs-region", "awslogs-stream-prefix", "awslogs-datetime-format",
    "awslogs-multiline-pattern", "awslogs-create-group", "mode", "max-buffer-size",
}  # fmt: skip
MOUNT_OPTIONS = {
    "defaults", "ro", "rw", "suid", "nosuid", "dev", "nodev", "exec", "noexec", "sync", "async", "dirsync",
    "remount", "mand", "nomand", "atime", "noatime", "diratime", "nodiratime", "bind", "rbind", "unbindable",
    "runbindable", "private", "rprivate", "shared", "rshared", "slave", "rslave", "relatime", "norelatime",
    "strictatime", "nostrictatime", "mode", "uid", "gid", "nr_inodes", "nr_blocks", "mpol",
}  # fmt: skip


def _options(container: Container) -> Spec:
    log = container.body.get("logConfiguration") or {}
    return (log.get("options") or {}) if log.get("logDriver") == "awslogs" else {}


def _tmpfs(container: Container) -> Iterator[tuple[Path, Json]]:
    linux = container.body.get("linuxParameters") or {}
    for index, entry in enumerate(linux.get("tmpfs") or ()):
        yield (*container.path, "linuxParameters", "tmpfs", index), entry


def _known_options(container: Container) -> Findings:
    for option in _options(container):
        if option not in AWSLOGS:
            yield (*container.path, "logConfiguration", "options", option), "is not an option of awslogs"


def _creates_or_not(container: Container) -> Findings:
    if _options(container).get("awslogs-create-group", "true") != "true":
        path = (*container.path, "logConfiguration", "options", "awslogs-create-group")
        yield path, "is not 'true'; remove it if the log group exists"


@if_any("maxSwap")
def _swaps(subject: Subject) -> Findings:
    """On Fargate there is no swap at all, which another rule says."""
    for container in containers(subject.body) if platform(subject.body) != "FARGATE" else ():
        linux = container.body.get("linuxParameters") or {}
        if linux.get("maxSwap") and linux.get("swappiness") is None:  # with 0, the container does not use swap
            yield (*container.path, "linuxParameters", "maxSwap"), "requires swappiness"


def _has_swap(container: Container) -> Findings:
    linux = container.body.get("linuxParameters") or {}
    if linux.get("swappiness") is not None and linux.get("maxSwap") is None:
        yield (*container.path, "linuxParameters", "swappiness"), "has no effect without maxSwap"


def _mounts_as_it_can(container: Container) -> Findings:
    for path, entry in _tmpfs(container):
        for option in entry.get("mountOptions") or ():
            if str(option).partition("=")[0] not in MOUNT_OPTIONS:
                yield (*path, "mountOptions"), f"has {option}, which is not a mount option of tmpfs"


def _awslogs(**options: str) -> Example:
    named = {f"awslogs-{name.replace('_', '-')}": value for name, value in options.items()}
    return ec2(logConfiguration={"logDriver": "awslogs", "options": named})


def _linux(**members: Json) -> Example:
    return ec2(linuxParameters=members)


LINUX_RULES = (
    Rule(
        id="JD050",
        says="The awslogs driver has only the options that its page names.",
        check=each_container(_known_options, about="logConfiguration"),
        hint=f"known are {', '.join(sorted(AWSLOGS))}",
        evidence=measured(
            "RegisterJobDefinition",
            "Log driver awslogs disallows options: ...",
            "the options: https://docs.aws.amazon.com/batch/latest/userguide/using_awslogs.html",
            against="AWS adds options, and its service model leaves the set open",
        ),
        severity=Severity.WARNING,
        fails=_awslogs(group="/jobs", retention="7"),
        passes=_awslogs(group="/jobs", stream_prefix="job", create_group="true"),
    ),
    Rule(
        id="JD051",
        says="awslogs-create-group is true or left out.",
        check=each_container(_creates_or_not, about="logConfiguration"),
        severity=Severity.WARNING,
        evidence=later(
            "ECS RegisterTaskDefinition",
            "Log driver awslogs option 'awslogs-create-group' should only be set to 'true', else omit option.",
        ),
        fails=_awslogs(group="/jobs", create_group="false"),
        passes=_awslogs(group="/jobs"),
    ),
    Rule(
        id="JD052",
        says="maxSwap requires swappiness.",
        check=_swaps,
        hint="60 is what Linux does by itself",
        evidence=measured(
            "RegisterJobDefinition", "When container specified swap memory, swappiness value is required."
        ),
        fails=_linux(maxSwap=1024),
        passes=_linux(maxSwap=1024, swappiness=60),
    ),
    Rule(
        id="JD053",
        says="swappiness has no effect without maxSwap.",
        check=each_container(_has_swap, about="linuxParameters"),
        severity=Severity.NOTE,
        advice=True,
        evidence=documented(
            "LinuxParameters.swappiness", "If a value isn't specified for maxSwap, then this parameter is ignored."
        ),
        fails=_linux(swappiness=10),
        passes=_linux(maxSwap=0, swappiness=10),
    ),
    Rule(
        id="JD054",
        says="A file system in memory has only the mount options that the API names.",
        check=each_container(_mounts_as_it_can, about="linuxParameters"),
        evidence=documented("Tmpfs.mountOptions", "Valid values:", against="the service model leaves the set open"),
        severity=Severity.WARNING,
        fails=_linux(tmpfs=[{"containerPath": "/scratch", "size": 64, "mountOptions": ["readonly"]}]),
        passes=_linux(tmpfs=[{"containerPath": "/scratch", "size": 64, "mountOptions": ["ro", "noexec", "mode=1777"]}]),
    ),
)

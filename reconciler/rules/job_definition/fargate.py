"""Rules about what Fargate needs and what it refuses."""

from collections.abc import Callable, Sequence
from decimal import Decimal
from itertools import pairwise

from reconciler.kinds.tasks import FARGATE_MEMORIES, Container, EcsTask
from reconciler.model import Json, Path, Spec
from reconciler.problems import Severity
from reconciler.rules.base import Evidence, Example, Findings, Rule, documented, measured
from reconciler.rules.job_definition.sizes import number, wanted
from reconciler.rules.traversal import (
    IMAGE,
    ROLE,
    each_container,
    each_ecs_task,
    each_single,
    ec2,
    fargate,
    size,
    task,
    windows,
)

FARGATE = "FARGATE"
LOG_DRIVERS = ("awslogs", "splunk", "awsfirelens")
ELSEWHERE = ("fluentd", "gelf", "journald", "json-file", "logentries", "syslog")  # drivers of instances
EFS_PLATFORM = (1, 4, 0)
PAGE = "https://docs.aws.amazon.com/batch/latest/userguide/fargate-job-definitions.html"


def at(body: Spec, path: Path) -> Json:
    """Return the member at a path of members; None where there is none."""
    value: Json = body
    for step in path:
        value = (value or {}).get(step)
    return value


def refuses(*path: str, where: str) -> Callable[[Container], Findings]:
    """Return a check for a field of containers that a platform refuses. False and empty lists count as absent."""

    def look(container: Container) -> Findings:
        value = at(container.body, path)
        if value is not None and value is not False and value != []:
            yield (*container.path, *path), f"is not for {where}"

    return look


_ulimits = refuses("ulimits", where="Fargate")


def _ulimits_of_task(container: Container) -> Findings:
    if container.ecs_task.has_containers:
        yield from _ulimits(container)


def _fargate_task(**members: Json) -> Example:
    """Return a job on Fargate of one task, whose container has these members."""
    main = {"name": "main", "image": IMAGE, "resourceRequirements": size(), **members}
    body = task(executionRoleArn=ROLE, containers=[main]).body
    return Example({**body, "platformCapabilities": [FARGATE]})


def _has_role(ecs_task: EcsTask) -> Findings:
    if not ecs_task.body.get("executionRoleArn"):
        yield ecs_task.path, "needs an executionRoleArn on Fargate"


def _logs(container: Container) -> Findings:
    driver = at(container.body, ("logConfiguration", "logDriver"))
    if driver in ELSEWHERE:
        path = (*container.path, "logConfiguration", "logDriver")
        yield path, f"is {driver}; on Fargate it is {', '.join(LOG_DRIVERS[:-1])} or {LOG_DRIVERS[-1]}"


def _has_no_host(ecs_task: EcsTask) -> Findings:
    for index, volume in enumerate(ecs_task.body.get("volumes") or ()):
        if at(volume, ("host", "sourcePath")):
            yield (
                (*ecs_task.path, "volumes", index, "host", "sourcePath"),
                "is not supported on Fargate: there is no host",
            )


def _is_new_enough_for_efs(ecs_task: EcsTask) -> Findings:
    path: Path = (
        ("platformVersion",) if ecs_task.has_containers else ("fargatePlatformConfiguration", "platformVersion")
    )
    version = str(at(ecs_task.body, path) or "LATEST")
    has_efs = any(volume.get("efsVolumeConfiguration") for volume in ecs_task.body.get("volumes") or ())
    if has_efs and _is_older(version):
        yield (*ecs_task.path, *path), f"is {version}; EFS needs 1.4.0 or later"


def _is_older(version: str) -> bool:
    parts = version.split(".")
    return all(part.isdecimal() for part in parts) and tuple(map(int, parts)) < EFS_PLATFORM


def _has_no_gpu(container: Container) -> Findings:
    for index, entry in enumerate(container.body.get("resourceRequirements") or ()):
        if entry["type"] == "GPU":
            yield (*container.path, "resourceRequirements", index), "is not for Fargate: it has no GPUs"


def _refused(
    code: str, path: str, value: Json, evidence: Evidence, keeps: Example, severity: Severity = Severity.ERROR
) -> Rule:
    """Return the rule that Fargate refuses a member of containers, shown by this value."""
    first, *members = path.split(".")
    written = {first: {members[0]: value} if members else value}
    return Rule(
        id=code,
        says=f"{path} is not supported for Fargate.",
        check=each_container(refuses(first, *members, where="Fargate"), on=FARGATE),
        hint="remove it, or run the job on EC2",
        severity=severity,
        evidence=evidence,
        fails=fargate(**written),
        passes=keeps,
    )


def _legacy(code: str, member: str, kind: str, value: int) -> Rule:
    others = size(**{"vcpus" if kind == "VCPU" else "memory": None})
    return Rule(
        id=code,
        says=f"Fargate does not support the deprecated {member}, only {kind} in resourceRequirements.",
        check=each_single(
            lambda ecs_task: refuses(member, where="Fargate")(Container(*ecs_task[:2], ecs_task)), on=FARGATE
        ),
        hint=f"write {{type: {kind}, value: {value}}} in resourceRequirements",
        evidence=documented(
            f"ContainerProperties.{member}", "It's not supported for jobs running on Fargate resources."
        ),
        fails=fargate(**{member: value}, resourceRequirements=others),
        passes=fargate(),
    )


DEVICE = {"hostPath": "/dev/fuse"}
EFS = {"fileSystemId": "fs-0a1b2c3d"}
LIMIT = {"name": "nofile", "softLimit": 1024, "hardLimit": 1024}
TMPFS = {"containerPath": "/scratch", "size": 64}

RULES = (
    Rule(
        id="JD060",
        says="On Fargate a job has an execution role.",
        check=each_ecs_task(_has_role, on=FARGATE),
        hint="its role pulls the image and writes the logs: AmazonECSTaskExecutionRolePolicy allows both",
        evidence=documented(
            "ContainerProperties.executionRoleArn",
            "For jobs that run on Fargate resources, you must provide an execution role.",
        ),
        fails=fargate(executionRoleArn=None),
        passes=fargate(),
    ),
    _refused(
        "JD061",
        "privileged",
        value=True,
        evidence=measured(
            "RegisterJobDefinition", "Fargate requires that the 'privileged' setting be 'false' at the container level."
        ),
        keeps=fargate(privileged=False),
    ),
    Rule(
        id="JD062",
        says="ulimits is not supported for Fargate.",
        check=each_single(lambda ecs_task: _ulimits(Container(*ecs_task[:2], ecs_task)), on=FARGATE),
        hint="remove it, or run the job on EC2",
        evidence=measured("RegisterJobDefinition", "ulimits is not applicable for Fargate."),
        fails=fargate(ulimits=[LIMIT]),
        passes=ec2(ulimits=[LIMIT]),
    ),
    Rule(
        id="JD290",
        says="ulimits of a task's container is not supported for Fargate.",
        check=each_container(_ulimits_of_task, on=FARGATE),
        hint="remove it: Fargate sets its own, and overrides nofile",
        evidence=measured(
            "RegisterJobDefinition",
            "ulimits is not applicable for Fargate.",
            "documented for containerProperties",
            against="TaskContainerProperties.ulimits describes nofile on Fargate, and does not forbid it",
        ),
        severity=Severity.WARNING,
        fails=_fargate_task(ulimits=[LIMIT]),
        passes=_fargate_task(),
    ),
    *(
        _refused(
            code,
            f"linuxParameters.{member}",
            value,
            measured("RegisterJobDefinition", f"linuxParameter.{member} is not allowed for Fargate."),
            fargate(linuxParameters={"initProcessEnabled": True}),
        )
        for code, member, value in (
            ("JD063", "devices", [DEVICE]),
            ("JD064", "tmpfs", [TMPFS]),
            ("JD065", "sharedMemorySize", 64),
            ("JD066", "maxSwap", 0),
            ("JD067", "swappiness", 60),
        )
    ),
    _refused(
        "JD068",
        "instanceType",
        "m5.large",
        documented(
            "ContainerProperties.instanceType",
            "This parameter isn't applicable to single-node container jobs or jobs that run on "
            "Fargate resources, and shouldn't be provided.",
            "whether AWS rejects it is unknown",
        ),
        fargate(),
        Severity.WARNING,
    ),
    Rule(
        id="JD069",
        says="On Fargate logs go through awslogs, splunk or awsfirelens.",
        check=each_container(_logs, on=FARGATE),
        evidence=measured("RegisterJobDefinition", "Log driver for Fargate is not valid: ..."),
        fails=fargate(logConfiguration={"logDriver": "json-file"}),
        passes=fargate(logConfiguration={"logDriver": "splunk"}),
    ),
    Rule(
        id="JD070",
        says="On Fargate no volume is a directory of the host.",
        check=each_ecs_task(_has_no_host, on=FARGATE),
        hint="use EFS, or a volume without host for scratch space",
        evidence=measured("RegisterJobDefinition", "host.sourcePath should not be set for volumes in Fargate."),
        fails=fargate(volumes=[{"name": "data", "host": {"sourcePath": "/data"}}]),
        passes=ec2(volumes=[{"name": "data", "host": {"sourcePath": "/data"}}]),
    ),
    Rule(
        id="JD071",
        says="On Fargate EFS needs platform version 1.4.0 or later.",
        check=each_ecs_task(_is_new_enough_for_efs, on=FARGATE),
        hint="remove platformVersion: LATEST is the default",
        evidence=measured(
            "RegisterJobDefinition", "EFS is supported for Fargate platform versions 1.4.0 or later, provided ..."
        ),
        fails=fargate(
            volumes=[{"name": "data", "efsVolumeConfiguration": EFS}],
            fargatePlatformConfiguration={"platformVersion": "1.3.0"},
        ),
        passes=fargate(
            volumes=[{"name": "data", "efsVolumeConfiguration": EFS}],
            fargatePlatformConfiguration={"platformVersion": "1.4.0"},
        ),
    ),
    Rule(
        id="JD072",
        says="Fargate has no GPUs.",
        check=each_container(_has_no_gpu, on=FARGATE),
        hint="run the job on EC2",
        evidence=measured("RegisterJobDefinition", "GPU is not applicable for Fargate."),
        fails=fargate(resourceRequirements=size(GPU=1)),
        passes=ec2(resourceRequirements=size(GPU=1)),
    ),
    _legacy("JD073", "vcpus", "VCPU", 1),
    _legacy("JD074", "memory", "MEMORY", 2048),
)


# Rules about the sizes that Fargate has: certain vCPUs, each with certain memories.

SOURCE = documented(
    "ResourceRequirement.value",
    "must match one of the supported values and the VCPU values must be one of the values "
    "supported for that memory value",
)


def _vcpus(ecs_task: EcsTask) -> Findings:
    path, value = _number(ecs_task, "VCPU")
    known = list(FARGATE_MEMORIES)
    if value is not None and value > 0 and value not in known:
        yield path, f"is {value}; Fargate has {_list(known)}, nearest {_nearest(value, known)}"


def _memory(ecs_task: EcsTask) -> Findings:
    _, vcpus = _number(ecs_task, "VCPU")
    path, value = _number(ecs_task, "MEMORY")
    fitting = FARGATE_MEMORIES.get(vcpus) if vcpus is not None else None
    if value is not None and fitting is not None and value not in fitting:
        near = _nearest(value, fitting)
        yield path, f"is {value}; with {vcpus} vCPU Fargate has {_sizes(fitting)} MiB, nearest {near}"


def _number(ecs_task: EcsTask, kind: str) -> tuple[tuple[str | int, ...], Decimal | None]:
    amount = wanted(ecs_task, kind)
    return (amount[0], number(amount[1])) if amount else ((), None)


def _nearest(value: Decimal, known: Sequence[Json]) -> str:
    for below, above in pairwise(known):
        if below < value < above:
            return f"{below} and {above}"
    return str(known[0] if value < known[0] else known[-1])


def _sizes(known: Sequence[Json]) -> str:
    if isinstance(known, range):
        return f"{known[0]} to {known[-1]} in steps of {known.step}"
    return f"{', '.join(map(str, known[:-1]))} or {known[-1]}"


def _list(known: Sequence[Json]) -> str:
    return f"{', '.join(map(str, known[:-1]))} and {known[-1]} vCPUs"


SIZE_RULES = (
    Rule(
        id="JD080",
        says="On Fargate VCPU is 0.25, 0.5, 1, 2, 4, 8, 16 or 32.",
        check=each_single(_vcpus, on="FARGATE"),
        evidence=SOURCE,
        fails=fargate(resourceRequirements=size(vcpus=3, memory=8192)),
        passes=fargate(resourceRequirements=size(vcpus="0.25", memory=512)),
    ),
    Rule(
        id="JD081",
        says="On Fargate only certain memories go with so many vCPUs.",
        check=each_single(_memory, on="FARGATE"),
        hint="request one of these sizes, or other vCPUs",
        evidence=SOURCE,
        fails=fargate(resourceRequirements=size(vcpus=1, memory=1500)),
        passes=fargate(resourceRequirements=size(vcpus="1.0", memory=3072)),
    ),
)


# Rules about Windows containers on Fargate, and about what only Fargate has.

FAMILY: Path = ("runtimePlatform", "operatingSystemFamily")


def is_windows(ecs_task: EcsTask) -> bool:
    return str(at(ecs_task.body, FAMILY) or "LINUX").upper().startswith("WINDOWS")


def _family_exists(ecs_task: EcsTask) -> Findings:
    family = str(at(ecs_task.body, FAMILY) or "LINUX")
    if family.upper() != "LINUX" and not family.upper().startswith("WINDOWS_SERVER_"):
        yield (*ecs_task.path, *FAMILY), f"is {family}; it is LINUX or a WINDOWS_SERVER_... version"


def _is_x86(ecs_task: EcsTask) -> Findings:
    if is_windows(ecs_task) and at(ecs_task.body, ("runtimePlatform", "cpuArchitecture")) == "ARM64":
        yield (*ecs_task.path, "runtimePlatform", "cpuArchitecture"), "is ARM64; Windows needs X86_64"


def _has_a_vcpu(ecs_task: EcsTask) -> Findings:
    amount = wanted(ecs_task, "VCPU")
    value = number(amount[1]) if amount else None
    if amount and value is not None and 0 < value < 1 and is_windows(ecs_task):
        yield amount[0], f"is {amount[1]}; Windows needs at least 1 vCPU"


def _refused_windows(member: str) -> Callable[[Container], Findings]:
    look_anyway = refuses(member, where="Windows")

    def look(container: Container) -> Findings:
        if is_windows(container.ecs_task):
            yield from look_anyway(container)

    return look


def _has_no_efs(ecs_task: EcsTask) -> Findings:
    for index, volume in enumerate(ecs_task.body.get("volumes") or () if is_windows(ecs_task) else ()):
        if volume.get("efsVolumeConfiguration"):
            yield (*ecs_task.path, "volumes", index, "efsVolumeConfiguration"), "is not for Windows"


def _only_fargate(code: str, member: str, value: Json, evidence: Evidence, severity: Severity = Severity.ERROR) -> Rule:
    look = refuses(member, where="EC2")
    return Rule(
        id=code,
        says=f"{member} is not supported for EC2.",
        check=each_single(
            lambda ecs_task: look(Container(ecs_task.path, ecs_task.body, ecs_task)), about=member, on="EC2"
        ),
        hint="remove it, or write platformCapabilities: [FARGATE]",
        severity=severity,
        evidence=evidence,
        fails=ec2(**{member: value}),
        passes=fargate(**{member: value}),
    )


CANNOT = documented(
    "RuntimePlatform.operatingSystemFamily",
    "The following parameters can't be set for Windows containers: linuxParameters, "
    "privileged, user, ulimits, readonlyRootFilesystem, and efsVolumeConfiguration.",
)

WINDOWS_RULES = (
    Rule(
        id="JD090",
        says="An operating system is Linux or a version of Windows Server.",
        check=each_ecs_task(_family_exists, on=FARGATE),
        evidence=documented(
            "RuntimePlatform.operatingSystemFamily",
            "Valid values are: LINUX (default)",
            against="the service model leaves the set open",
        ),
        severity=Severity.WARNING,
        fails=fargate(runtimePlatform={"operatingSystemFamily": "UBUNTU"}),
        passes=fargate(runtimePlatform={"operatingSystemFamily": "LINUX"}),
    ),
    Rule(
        id="JD091",
        says="Windows runs on X86_64 only.",
        check=each_ecs_task(_is_x86, on=FARGATE),
        evidence=measured("RegisterJobDefinition", "Windows supported only by X86_64 cpuArchitecture"),
        fails=windows(
            runtimePlatform={"operatingSystemFamily": "WINDOWS_SERVER_2022_CORE", "cpuArchitecture": "ARM64"}
        ),
        passes=fargate(runtimePlatform={"operatingSystemFamily": "LINUX", "cpuArchitecture": "ARM64"}),
    ),
    Rule(
        id="JD092",
        says="A Windows container has at least one vCPU.",
        check=each_single(_has_a_vcpu, on=FARGATE),
        evidence=measured("RegisterJobDefinition", "vCPU must be at least 1 for Windows Job definition, got ...."),
        fails=windows(resourceRequirements=size(vcpus="0.5", memory=2048)),
        passes=windows(),
    ),
    *(
        Rule(
            id=code,
            says=f"{member} is not supported for Windows containers.",
            check=each_container(_refused_windows(member), on=FARGATE),
            evidence=CANNOT,
            fails=windows(**{member: value}),
            passes=fargate(**{member: value}),
        )
        for code, member, value in (
            ("JD093", "linuxParameters", {"initProcessEnabled": True}),
            ("JD094", "user", "1000"),
            ("JD095", "readonlyRootFilesystem", True),
        )
    ),
    Rule(
        id="JD096",
        says="Windows containers have no EFS volumes.",
        check=each_ecs_task(_has_no_efs, on=FARGATE),
        evidence=CANNOT,
        fails=windows(volumes=[{"name": "data", "efsVolumeConfiguration": {"fileSystemId": "fs-0a1b2c3d"}}]),
        passes=fargate(volumes=[{"name": "data", "efsVolumeConfiguration": {"fileSystemId": "fs-0a1b2c3d"}}]),
    ),
    _only_fargate(
        "JD100",
        "fargatePlatformConfiguration",
        {"platformVersion": "LATEST"},
        measured("RegisterJobDefinition", "fargatePlatformConfiguration not applicable for EC2."),
    ),
    _only_fargate(
        "JD101",
        "runtimePlatform",
        {"cpuArchitecture": "ARM64"},
        measured("RegisterJobDefinition", "runtimePlatform is not applicable for EC2."),
    ),
    _only_fargate(
        "JD102",
        "networkConfiguration",
        {"assignPublicIp": "ENABLED"},
        measured("RegisterJobDefinition", "networkConfiguration not applicable for EC2."),
    ),
    _only_fargate(
        "JD103",
        "ephemeralStorage",
        {"sizeInGiB": 50},
        documented("EphemeralStorage", "for tasks hosted on Fargate"),
        Severity.WARNING,
    ),
)

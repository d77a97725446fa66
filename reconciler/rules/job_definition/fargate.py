"""Rules about what Fargate needs and what it refuses."""

from collections.abc import Callable

from reconciler.model import Json, Path, Spec
from reconciler.problems import Severity
from reconciler.rules.base import Example, Findings, Rule
from reconciler.rules.containers import Container, TaskPlace, each_container, each_home, each_single
from reconciler.rules.evidence import Evidence, documented, measured
from reconciler.rules.job_definition.examples import IMAGE, ROLE, ec2, fargate, size, task

FARGATE = "FARGATE"
LOG_DRIVERS = ("awslogs", "splunk", "awsfirelens")
ELSEWHERE = ("fluentd", "gelf", "journald", "json-file", "logentries", "syslog")  # drivers of instances
EFS_PLATFORM = (1, 4, 0)
PAGE = "https://docs.aws.amazon.com/batch/latest/userguide/fargate-job-definitions.html"


def at(body: Spec, path: Path) -> Json:
    """Return the member at a path of members; None where there is none."""
    found: Json = body
    for step in path:
        found = (found or {}).get(step)
    return found


def refuses(*path: str, where: str) -> Callable[[Container], Findings]:
    """Make a look at a container's member that a platform refuses. False and empty lists are as good as absent."""

    def look(container: Container) -> Findings:
        value = at(container.body, path)
        if value is not None and value is not False and value != []:
            yield (*container.path, *path), f"is not for {where}"

    return look


_ulimits = refuses("ulimits", where="Fargate")


def _ulimits_of_task(container: Container) -> Findings:
    if container.home.is_task:
        yield from _ulimits(container)


def _fargate_task(**members: Json) -> Example:
    """Return a job on Fargate of one task, whose container has these members."""
    main = {"name": "main", "image": IMAGE, "resourceRequirements": size(), **members}
    body = task(executionRoleArn=ROLE, containers=[main]).body
    return Example({**body, "platformCapabilities": [FARGATE]})


def _has_role(home: TaskPlace) -> Findings:
    if not home.body.get("executionRoleArn"):
        yield home.path, "needs an executionRoleArn on Fargate"


def _logs(container: Container) -> Findings:
    driver = at(container.body, ("logConfiguration", "logDriver"))
    if driver in ELSEWHERE:
        path = (*container.path, "logConfiguration", "logDriver")
        yield path, f"is {driver}; on Fargate it is {', '.join(LOG_DRIVERS[:-1])} or {LOG_DRIVERS[-1]}"


def _has_no_host(home: TaskPlace) -> Findings:
    for index, volume in enumerate(home.body.get("volumes") or ()):
        if at(volume, ("host", "sourcePath")):
            yield (*home.path, "volumes", index, "host", "sourcePath"), "is not for Fargate: there is no host"


def _is_new_enough_for_efs(home: TaskPlace) -> Findings:
    path: Path = ("platformVersion",) if home.is_task else ("fargatePlatformConfiguration", "platformVersion")
    version = str(at(home.body, path) or "LATEST")
    has_efs = any(volume.get("efsVolumeConfiguration") for volume in home.body.get("volumes") or ())
    if has_efs and _is_older(version):
        yield (*home.path, *path), f"is {version}; EFS needs 1.4.0 or later"


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
    first, *rest = path.split(".")
    written = {first: {rest[0]: value} if rest else value}
    return Rule(
        id=code,
        says=f"{path} is not for Fargate.",
        check=each_container(refuses(first, *rest, where="Fargate"), on=FARGATE),
        hint="remove it, or run the job on EC2",
        severity=severity,
        evidence=evidence,
        fails=fargate(**written),
        passes=keeps,
    )


def _legacy(code: str, member: str, kind: str, value: int) -> Rule:
    rest = size(**{"vcpus" if kind == "VCPU" else "memory": None})
    return Rule(
        id=code,
        says=f"On Fargate the deprecated {member} is not known, only {kind} in resourceRequirements.",
        check=each_single(lambda home: refuses(member, where="Fargate")(Container(*home[:2], home)), on=FARGATE),
        hint=f"write {{type: {kind}, value: {value}}} in resourceRequirements",
        evidence=documented(
            f"ContainerProperties.{member}", "It's not supported for jobs running on Fargate resources."
        ),
        fails=fargate(**{member: value}, resourceRequirements=rest),
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
        check=each_home(_has_role, on=FARGATE),
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
        says="ulimits is not for Fargate.",
        check=each_single(lambda home: _ulimits(Container(*home[:2], home)), on=FARGATE),
        hint="remove it, or run the job on EC2",
        evidence=measured("RegisterJobDefinition", "ulimits is not applicable for Fargate."),
        fails=fargate(ulimits=[LIMIT]),
        passes=ec2(ulimits=[LIMIT]),
    ),
    Rule(
        id="JD290",
        says="ulimits of a task's container is not for Fargate.",
        check=each_container(_ulimits_of_task, on=FARGATE),
        hint="remove it: Fargate sets its own, and overrides nofile",
        evidence=measured(
            "RegisterJobDefinition",
            "ulimits is not applicable for Fargate.",
            "said of containerProperties",
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
            "whether AWS refuses it is not known",
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
        check=each_home(_has_no_host, on=FARGATE),
        hint="use EFS, or a volume without host for scratch space",
        evidence=measured("RegisterJobDefinition", "host.sourcePath should not be set for volumes in Fargate."),
        fails=fargate(volumes=[{"name": "data", "host": {"sourcePath": "/data"}}]),
        passes=ec2(volumes=[{"name": "data", "host": {"sourcePath": "/data"}}]),
    ),
    Rule(
        id="JD071",
        says="On Fargate EFS needs platform version 1.4.0 or later.",
        check=each_home(_is_new_enough_for_efs, on=FARGATE),
        hint="leave platformVersion out: LATEST is the default",
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

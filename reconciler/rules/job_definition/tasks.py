"""Rules about the containers of a task: their names, who waits for whom, who passes logs on."""

from collections import Counter
from collections.abc import Callable, Iterator, Mapping

from reconciler.kinds.tasks import EcsTask, ecs_tasks, platform
from reconciler.model import Json, Path, Spec
from reconciler.problems import Severity
from reconciler.rules.base import Check, Evidence, Example, Findings, Rule, Subject, documented, if_any, later, measured
from reconciler.rules.shared import did_you_mean
from reconciler.rules.traversal import IMAGE, ROLE, each_ecs_task, size, task

ROUTED = "awsfirelens"


def each_task(look: Callable[[EcsTask], Findings], *, on: str = "") -> Check:
    """Return a check of every task, if the job runs `on` that platform (empty: on any)."""

    def look_at_task(ecs_task: EcsTask) -> Findings:
        if ecs_task.has_containers:
            yield from look(ecs_task)

    return if_any("ecsProperties")(each_ecs_task(look_at_task, on=on))


def inside(task: EcsTask) -> Iterator[tuple[Path, Spec]]:
    """Yield the containers of a task with their paths."""
    for index, container in enumerate(task.body["containers"]):
        yield (*task.path, "containers", index), container


def container(name: str | None, **members: Json) -> Spec:
    """Return a container of a task, for examples; one without a name if that is None."""
    named = {} if name is None else {"name": name}
    return {**named, "image": IMAGE, "resourceRequirements": size(), **members}


def _dependencies(task: EcsTask) -> Iterator[tuple[Path, Spec, Spec]]:
    """Yield every dependency of a task of several containers: its path, the container that waits, the entry."""
    if len(task.body["containers"]) > 1:
        for path, waiting in inside(task):
            for index, entry in enumerate(waiting.get("dependsOn") or ()):
                yield (*path, "dependsOn", index), waiting, entry


def _distinct_names(task: EcsTask) -> Findings:
    for name, count in Counter(each.get("name") for _, each in inside(task)).items():
        if count > 1 and name is not None:
            yield (*task.path, "containers"), f"has {count} containers of the name {name}"


def _an_essential_one(task: EcsTask) -> Findings:
    if not any(each.get("essential", True) for _, each in inside(task)):
        yield (*task.path, "containers"), "has no essential container"


def _nobody_to_wait_for(task: EcsTask) -> Findings:
    if len(task.body["containers"]) == 1:
        for path, only in inside(task):
            if only.get("dependsOn"):
                yield (*path, "dependsOn"), "is for tasks of several containers"


def _known_targets(task: EcsTask) -> Findings:
    known = {each.get("name") for _, each in inside(task)}
    for path, _, entry in _dependencies(task):
        target = entry.get("containerName")
        if target is None:
            yield path, "does not refer to a container"
        elif target not in known:
            near = did_you_mean(str(target), map(str, known))
            yield (*path, "containerName"), f"is {target}, which is not a container of the task{near}"


def _not_itself(task: EcsTask) -> Findings:
    for path, waiting, entry in _dependencies(task):
        if entry.get("containerName") is not None and entry["containerName"] == waiting.get("name"):
            yield (*path, "containerName"), "is the container itself"


def _no_circle(task: EcsTask) -> Findings:
    waits: dict[str, set[str]] = {}
    for _, waiting, entry in _dependencies(task):
        if entry.get("containerName") != waiting.get("name"):
            waits.setdefault(str(waiting.get("name")), set()).add(str(entry.get("containerName")))
    circle = _circle(waits)
    if circle:
        yield (*task.path, "containers"), f"has containers that wait for each other: {', '.join(sorted(circle))}"


def _circle(waits: Mapping[str, set[str]]) -> set[str]:
    """Return the containers that wait for each other in a circle, and those between such circles."""
    left = set(waits)
    while free := {name for name in left if not waits[name] & left or not any(name in waits[other] for other in left)}:
        left -= free
    return left


def _end_of_helpers_only(task: EcsTask) -> Findings:
    essential = {each.get("name") for _, each in inside(task) if each.get("essential", True)}
    for path, _, entry in _dependencies(task):
        condition, target = entry.get("condition"), entry.get("containerName")
        if condition in ("COMPLETE", "SUCCESS") and target in essential:
            yield (*path, "condition"), f"is {condition}, but {target} is essential: when it ends, the job ends"


def _routes(task: EcsTask) -> bool:
    return any("firelensConfiguration" in each for _, each in inside(task))


def _routed(task: EcsTask) -> list[Path]:
    return [path for path, each in inside(task) if (each.get("logConfiguration") or {}).get("logDriver") == ROUTED]


def _something_to_route(task: EcsTask) -> Findings:
    if _routes(task) and not _routed(task):
        yield (*task.path, "containers"), f"has a log router, but no container with the log driver {ROUTED}"


def _a_router(task: EcsTask) -> Findings:
    for path in _routed(task) if not _routes(task) else ():
        yield (*path, "logConfiguration", "logDriver"), f"is {ROUTED}, but no container has a firelensConfiguration"


def _names(task: EcsTask) -> Findings:
    if len(task.body["containers"]) > 1:
        for path, each in inside(task):
            if not each.get("name"):
                yield path, "has no name"


def _task(*containers: Spec) -> Example:
    return task(containers=list(containers))


def _waits(target: str, condition: str = "START") -> Json:
    return [{"containerName": target, "condition": condition}]


A, B = container("a"), container("b")
HELPER = container("b", essential=False)
ROUTER = container("router", firelensConfiguration={"type": "fluentbit"})
ROUTED_A = container("a", logConfiguration={"logDriver": ROUTED})

RULES = (
    Rule(
        id="JD260",
        says="Containers of a task have different names.",
        check=each_task(_distinct_names),
        evidence=measured("RegisterJobDefinition", "Container names must be unique"),
        fails=_task(A, A),
        passes=_task(A, B),
    ),
    Rule(
        id="JD261",
        says="A task has an essential container.",
        check=each_task(_an_essential_one),
        hint="remove `essential: false` from the container that ends the job",
        evidence=measured("RegisterJobDefinition", "At least one container must be set as essential"),
        fails=_task(HELPER),
        passes=_task(A, HELPER),
    ),
    Rule(
        id="JD262",
        says="A task's only container has no dependencies.",
        check=each_task(_nobody_to_wait_for),
        hint="remove dependsOn",
        evidence=measured("RegisterJobDefinition", "Container dependency can not be used in a single-container job."),
        fails=_task(container("a", dependsOn=_waits("b"))),
        passes=_task(container("a", dependsOn=[])),
    ),
    Rule(
        id="JD263",
        says="Containers wait for containers of the same task.",
        check=each_task(_known_targets),
        evidence=measured("RegisterJobDefinition", "containerName ... must reference a defined container."),
        fails=_task(container("a", dependsOn=_waits("c")), B),
        passes=_task(container("a", dependsOn=_waits("b")), B),
    ),
    Rule(
        id="JD264",
        says="No container waits for itself.",
        check=each_task(_not_itself),
        evidence=documented(
            "TaskContainerDependency.condition",
            "It validates that a dependent container is started before permitting other containers to start.",
            "a container that waits for itself never starts",
        ),
        severity=Severity.WARNING,
        fails=_task(container("a", dependsOn=_waits("a")), B),
        passes=_task(container("a", dependsOn=_waits("b")), B),
    ),
    Rule(
        id="JD265",
        says="No containers wait for each other.",
        check=each_task(_no_circle),
        evidence=documented(
            "TaskContainerDependency.condition",
            "It validates that a dependent container is started before permitting other containers to start.",
            "containers that wait for each other never start",
        ),
        severity=Severity.WARNING,
        fails=_task(container("a", dependsOn=_waits("b")), container("b", dependsOn=_waits("a"))),
        passes=_task(container("a", dependsOn=_waits("b")), container("c", dependsOn=_waits("a")), B),
    ),
    Rule(
        id="JD266",
        says="No container waits for the end of an essential container.",
        check=each_task(_end_of_helpers_only),
        hint="make that container `essential: false`, or wait for its START",
        evidence=measured(
            "RegisterJobDefinition",
            "The container target of a dependency can not have condition ... if the target is essential",
        ),
        fails=_task(container("a", dependsOn=_waits("b", "SUCCESS")), B),
        passes=_task(container("a", dependsOn=_waits("b", "SUCCESS")), HELPER),
    ),
    Rule(
        id="JD267",
        says="A log router has logs to route.",
        check=each_task(_something_to_route),
        hint=f"set logConfiguration: {{logDriver: {ROUTED}}} on the containers that use it",
        evidence=measured(
            "RegisterJobDefinition",
            "When a firelensConfiguration object is specified, at least one container has to be "
            "configured with the awsfirelens log driver",
        ),
        fails=_task(A, ROUTER),
        passes=_task(ROUTED_A, ROUTER),
    ),
    Rule(
        id="JD268",
        says="Logs for a log router have one.",
        check=each_task(_a_router),
        hint="add a container with firelensConfiguration",
        evidence=later(
            "ECS RegisterTaskDefinition",
            "When awsfirelens log driver is specified in log configuration, a firelens configuration "
            "object must be configured in one of the containers.",
        ),
        severity=Severity.WARNING,
        fails=_task(ROUTED_A, B),
        passes=_task(ROUTED_A, ROUTER),
    ),
    Rule(
        id="JD269",
        says="Each of several containers has a name.",
        check=each_task(_names),
        hint="dependsOn and the overrides of a job find a container by its name",
        evidence=documented(
            "TaskContainerProperties.name",
            "The name can be used as a unique identifier to target your dependsOn and Overrides objects.",
        ),
        severity=Severity.NOTE,
        advice=True,
        fails=_task(A, container(None)),
        passes=_task(A, B),
    ),
)


# Rules about which members of a task go with which platform.

EC2, FARGATE, MANAGED = "EC2", "FARGATE", "MANAGED_INSTANCES"
LONGEST_TIMEOUT = 120  # seconds, on Fargate
ROOT = ("root", "0")


def _only(member: str, *platforms: str) -> Check:
    @if_any("ecsProperties")
    def check(subject: Subject) -> Findings:
        actual = platform(subject.body)
        for ecs_task in subject.cached(ecs_tasks) if actual not in platforms else ():
            if ecs_task.has_containers and member in ecs_task.body:
                yield (*ecs_task.path, member), f"is not for {actual}"

    return check


def _own_processes(ecs_task: EcsTask) -> Findings:
    if ecs_task.body.get("pidMode") == "host":
        yield (*ecs_task.path, "pidMode"), "is host; on Fargate it is task"


def _short(member: str) -> Callable[[EcsTask], Findings]:
    def look(ecs_task: EcsTask) -> Findings:
        for path, each in inside(ecs_task):
            seconds = each.get(member, 0)
            if seconds > LONGEST_TIMEOUT:
                yield (*path, member), f"is {seconds} seconds; on Fargate it is at most {LONGEST_TIMEOUT}"

    return look


def _not_root(ecs_task: EcsTask) -> Findings:
    for path, each in inside(ecs_task):
        user, _, _ = str(each.get("user", "")).partition(":")
        if user in ROOT:
            yield (*path, "user"), f"is {user}, with the instance's network: root can control the instance"


def _platform_task(where: str, **members: Json) -> Example:
    role = {"executionRoleArn": ROLE} if where == FARGATE else {}
    return Example({**task(**role, **members).body, "platformCapabilities": [where]})


def _placed(
    code: str,
    member: str,
    value: Json,
    platforms: tuple[str, ...],
    evidence: Evidence,
    severity: Severity = Severity.ERROR,
) -> Rule:
    """Return the rule that a member of tasks is for these platforms only."""
    elsewhere = next(each for each in (EC2, FARGATE, MANAGED) if each not in platforms)
    return Rule(
        id=code,
        says=f"{member} of a task is only supported on {' and '.join(platforms)}.",
        check=_only(member, *platforms),
        hint="remove it",
        severity=severity,
        evidence=evidence,
        fails=_platform_task(elsewhere, **{member: value}),
        passes=_platform_task(platforms[0], **{member: value}),
    )


def _timeout(code: str, member: str) -> Rule:
    return Rule(
        id=code,
        says=f"{member} is at most {LONGEST_TIMEOUT} seconds on Fargate.",
        check=each_task(_short(member), on=FARGATE),
        evidence=documented(f"TaskContainerProperties.{member}", "the maximum value for Fargate is 120 seconds"),
        fails=_platform_task(FARGATE, containers=[container("main", **{member: 121})]),
        passes=_platform_task(FARGATE, containers=[container("main", **{member: 120})]),
    )


PLATFORM_RULES = (
    _placed(
        "JD280",
        "ipcMode",
        "task",
        (EC2, MANAGED),
        documented(
            "EcsTaskProperties.ipcMode", "This parameter is not supported for jobs that run on Fargate resources."
        ),
    ),
    Rule(
        id="JD281",
        says="On Fargate the containers of a task do not see the host's processes.",
        check=each_task(_own_processes, on=FARGATE),
        hint="write task, or nothing: then each container sees its own",
        evidence=later("ECS RegisterTaskDefinition", note="on Fargate the only pidMode is task"),
        severity=Severity.WARNING,
        fails=_platform_task(FARGATE, pidMode="host"),
        passes=_platform_task(FARGATE, pidMode="task"),
    ),
    _timeout("JD282", "startTimeout"),
    _timeout("JD283", "stopTimeout"),
    _placed(
        "JD284",
        "platformVersion",
        "1.4.0",
        (FARGATE,),
        documented(
            "EcsTaskProperties.platformVersion",
            "A platform version is specified only for jobs that are running on Fargate resources.",
            "whether AWS rejects it elsewhere is unknown",
        ),
        Severity.WARNING,
    ),
    _placed(
        "JD285",
        "networkMode",
        "host",
        (MANAGED,),
        documented(
            "EcsTaskProperties.networkMode",
            "It cannot be specified for Fargate or Amazon EC2 platform job definitions.",
        ),
    ),
    _placed(
        "JD286",
        "networkConfiguration",
        {"assignPublicIp": "ENABLED"},
        (FARGATE,),
        documented(
            "EcsTaskProperties.networkConfiguration",
            "Jobs that are running on Amazon EC2 resources or Amazon ECS Managed Instances must not "
            "specify this parameter.",
        ),
    ),
    _placed(
        "JD287",
        "runtimePlatform",
        {"cpuArchitecture": "ARM64"},
        (FARGATE, MANAGED),
        measured("RegisterJobDefinition", "runtimePlatform is not applicable for EC2."),
    ),
    _placed(
        "JD289",
        "ephemeralStorage",
        {"sizeInGiB": 50},
        (FARGATE,),
        documented("EphemeralStorage", "for tasks hosted on Fargate"),
        Severity.WARNING,
    ),
    Rule(
        id="JD288",
        says="On managed instances a container does not run as root.",
        check=each_task(_not_root, on=MANAGED),
        hint="choose a different user: such tasks use the network of the instance",
        evidence=documented("EcsTaskProperties.networkMode", "do not run containers using the root user (UID 0)"),
        severity=Severity.NOTE,
        advice=True,
        fails=_platform_task(MANAGED, containers=[container("main", user="0")]),
        passes=_platform_task(MANAGED, containers=[container("main", user="1000")]),
    ),
)

"""Rules about which members of a task go with which platform."""

from collections.abc import Callable

from reconciler.model import Json
from reconciler.problems import Severity
from reconciler.rules.base import Example, Findings, Rule, Subject
from reconciler.rules.containers import TaskPlace, homes, platform
from reconciler.rules.evidence import Evidence, documented, later, measured
from reconciler.rules.job_definition.examples import ROLE, task
from reconciler.rules.job_definition.tasks import container, each_task, inside

EC2, FARGATE, MANAGED = "EC2", "FARGATE", "MANAGED_INSTANCES"
LONGEST_TIMEOUT = 120  # seconds, on Fargate
ROOT = ("root", "0")


def _only(member: str, *platforms: str) -> Callable[[Subject], Findings]:
    def check(subject: Subject) -> Findings:
        found = platform(subject.body)
        for home in subject.seen(homes) if found not in platforms else ():
            if home.is_task and member in home.body:
                yield (*home.path, member), f"is not for {found}"

    return check


def _own_processes(home: TaskPlace) -> Findings:
    if home.body.get("pidMode") == "host":
        yield (*home.path, "pidMode"), "is host; on Fargate it is task"


def _short(member: str) -> Callable[[TaskPlace], Findings]:
    def look(home: TaskPlace) -> Findings:
        for path, each in inside(home):
            seconds = each.get(member, 0)
            if seconds > LONGEST_TIMEOUT:
                yield (*path, member), f"is {seconds} seconds; on Fargate it is at most {LONGEST_TIMEOUT}"

    return look


def _not_root(home: TaskPlace) -> Findings:
    for path, each in inside(home):
        user, _, _ = str(each.get("user", "")).partition(":")
        if user in ROOT:
            yield (*path, "user"), f"is {user}, with the instance's network: root has all of the instance"


def _task(where: str, **members: Json) -> Example:
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
        says=f"{member} of a task is for {' and '.join(platforms)} only.",
        check=_only(member, *platforms),
        hint="remove it",
        severity=severity,
        evidence=evidence,
        fails=_task(elsewhere, **{member: value}),
        passes=_task(platforms[0], **{member: value}),
    )


def _timeout(code: str, member: str) -> Rule:
    return Rule(
        id=code,
        says=f"{member} is at most {LONGEST_TIMEOUT} seconds on Fargate.",
        check=each_task(_short(member), on=FARGATE),
        evidence=documented(f"TaskContainerProperties.{member}", "the maximum value for Fargate is 120 seconds"),
        fails=_task(FARGATE, containers=[container("main", **{member: 121})]),
        passes=_task(FARGATE, containers=[container("main", **{member: 120})]),
    )


RULES = (
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
        fails=_task(FARGATE, pidMode="host"),
        passes=_task(FARGATE, pidMode="task"),
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
            "whether AWS refuses it elsewhere is not known",
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
        hint="choose another user: tasks there have the instance's network",
        evidence=documented("EcsTaskProperties.networkMode", "do not run containers using the root user (UID 0)"),
        severity=Severity.NOTE,
        advice=True,
        fails=_task(MANAGED, containers=[container("main", user="0")]),
        passes=_task(MANAGED, containers=[container("main", user="1000")]),
    ),
)

"""Rules about log drivers, swap and file systems in memory."""

from collections.abc import Iterator

from reconciler.model import Json, Path, Spec
from reconciler.problems import Severity
from reconciler.rules.base import Example, Findings, Rule, Subject
from reconciler.rules.containers import Container, containers, each_container, platform
from reconciler.rules.evidence import documented, later, measured
from reconciler.rules.job_definition.examples import ec2

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
        yield path, "is not 'true'; leave it out where the group exists"


def _swaps(subject: Subject) -> Findings:
    """On Fargate there is no swap at all, which another rule says."""
    for container in containers(subject.body) if platform(subject.body) != "FARGATE" else ():
        linux = container.body.get("linuxParameters") or {}
        if linux.get("maxSwap") and linux.get("swappiness") is None:  # with 0, the container does not use swap
            yield (*container.path, "linuxParameters", "maxSwap"), "needs swappiness beside it"


def _has_swap(container: Container) -> Findings:
    linux = container.body.get("linuxParameters") or {}
    if linux.get("swappiness") is not None and linux.get("maxSwap") is None:
        yield (*container.path, "linuxParameters", "swappiness"), "has no effect without maxSwap"


def _mounts_as_it_can(container: Container) -> Findings:
    for path, entry in _tmpfs(container):
        for option in entry.get("mountOptions") or ():
            if str(option).partition("=")[0] not in MOUNT_OPTIONS:
                yield (*path, "mountOptions"), f"has {option}, which is no mount option of tmpfs"


def _awslogs(**options: str) -> Example:
    named = {f"awslogs-{name.replace('_', '-')}": value for name, value in options.items()}
    return ec2(logConfiguration={"logDriver": "awslogs", "options": named})


def _linux(**members: Json) -> Example:
    return ec2(linuxParameters=members)


RULES = (
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
        says="maxSwap comes with swappiness.",
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
        says="swappiness comes with maxSwap; alone it has no effect.",
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

"""Rules about Windows containers on Fargate, and about what only Fargate has."""

from collections.abc import Callable

from reconciler.model import Json, Path
from reconciler.problems import Severity
from reconciler.rules.base import Findings, Rule
from reconciler.rules.containers import Container, TaskPlace, each_container, each_home, each_single
from reconciler.rules.evidence import Evidence, documented, measured
from reconciler.rules.job_definition.examples import ec2, fargate, size, windows
from reconciler.rules.job_definition.fargate import FARGATE, at, refuses
from reconciler.rules.job_definition.sizes import number, wanted

FAMILY: Path = ("runtimePlatform", "operatingSystemFamily")


def is_windows(home: TaskPlace) -> bool:
    return str(at(home.body, FAMILY) or "LINUX").upper().startswith("WINDOWS")


def _family_exists(home: TaskPlace) -> Findings:
    family = str(at(home.body, FAMILY) or "LINUX")
    if family.upper() != "LINUX" and not family.upper().startswith("WINDOWS_SERVER_"):
        yield (*home.path, *FAMILY), f"is {family}; it is LINUX or a WINDOWS_SERVER_... version"


def _is_x86(home: TaskPlace) -> Findings:
    if is_windows(home) and at(home.body, ("runtimePlatform", "cpuArchitecture")) == "ARM64":
        yield (*home.path, "runtimePlatform", "cpuArchitecture"), "is ARM64; Windows needs X86_64"


def _has_a_vcpu(home: TaskPlace) -> Findings:
    found = wanted(home, "VCPU")
    value = number(found[1]) if found else None
    if found and value is not None and 0 < value < 1 and is_windows(home):
        yield found[0], f"is {found[1]}; Windows needs at least 1 vCPU"


def _refused(member: str) -> Callable[[Container], Findings]:
    look_anyway = refuses(member, where="Windows")

    def look(container: Container) -> Findings:
        if is_windows(container.home):
            yield from look_anyway(container)

    return look


def _has_no_efs(home: TaskPlace) -> Findings:
    for index, volume in enumerate(home.body.get("volumes") or () if is_windows(home) else ()):
        if volume.get("efsVolumeConfiguration"):
            yield (*home.path, "volumes", index, "efsVolumeConfiguration"), "is not for Windows"


def _only_fargate(code: str, member: str, value: Json, evidence: Evidence, severity: Severity = Severity.ERROR) -> Rule:
    look = refuses(member, where="EC2")
    return Rule(
        id=code,
        says=f"{member} is not for EC2.",
        check=each_single(lambda home: look(Container(home.path, home.body, home)), about=member, on="EC2"),
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

RULES = (
    Rule(
        id="JD090",
        says="An operating system is Linux or a version of Windows Server.",
        check=each_home(_family_exists, on=FARGATE),
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
        check=each_home(_is_x86, on=FARGATE),
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
            says=f"{member} is not for Windows containers.",
            check=each_container(_refused(member), on=FARGATE),
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
        check=each_home(_has_no_efs, on=FARGATE),
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

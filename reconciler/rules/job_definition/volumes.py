"""Rules about volumes and where containers mount them."""

import re
from collections.abc import Callable, Iterator

from reconciler.kinds.tasks import Container, EcsTask, containers_of
from reconciler.model import Json, Path, Spec
from reconciler.problems import Severity
from reconciler.rules.base import Example, Findings, Rule, documented, later, measured
from reconciler.rules.shared import did_you_mean
from reconciler.rules.traversal import ROLE, each_container, each_ecs_task, ec2, members, repeated

TYPES = ("host", "efsVolumeConfiguration", "s3filesVolumeConfiguration")
EFS = "efsVolumeConfiguration"
FILE_SYSTEM = "fs-0a1b2c3d4e5f60718"


def _volumes(ecs_task: EcsTask) -> Iterator[tuple[Path, Json]]:
    for index, volume in enumerate(ecs_task.body.get("volumes") or ()):
        yield (*ecs_task.path, "volumes", index), volume


def _efs(ecs_task: EcsTask) -> Iterator[tuple[Path, Json, Json]]:
    for path, volume in _volumes(ecs_task):
        efs = volume.get(EFS)
        if efs:
            yield (*path, EFS), efs, efs.get("authorizationConfig") or {}


def _role(ecs_task: EcsTask) -> Json:
    return ecs_task.body.get("taskRoleArn" if ecs_task.has_containers else "jobRoleArn")


def _one_type(ecs_task: EcsTask) -> Findings:
    for path, volume in _volumes(ecs_task):
        given = [name for name in TYPES if volume.get(name) is not None]
        if len(given) > 1:
            yield path, f"has {' and '.join(given)}; a volume has one type"


def _encrypts_for(member: str, wants: Callable[[Json], bool]) -> Callable[[EcsTask], Findings]:
    def look(ecs_task: EcsTask) -> Findings:
        for path, efs, authorization in _efs(ecs_task):
            if wants(authorization.get(member)) and efs.get("transitEncryption") != "ENABLED":
                yield (*path, "authorizationConfig", member), "needs transitEncryption: ENABLED"

    return look


def _access_point_is_root(ecs_task: EcsTask) -> Findings:
    for path, efs, authorization in _efs(ecs_task):
        if authorization.get("accessPointId") and efs.get("rootDirectory", "/") != "/":
            yield (*path, "rootDirectory"), f"is {efs['rootDirectory']}; with an access point it is / or left out"


def _iam_has_role(ecs_task: EcsTask) -> Findings:
    for path, _, authorization in _efs(ecs_task):
        if authorization.get("iam") == "ENABLED" and not _role(ecs_task):
            yield (*path, "authorizationConfig", "iam"), "is ENABLED, but the job has no role"


def _file_system_exists(ecs_task: EcsTask) -> Findings:
    for path, efs, _ in _efs(ecs_task):
        if not str(efs["fileSystemId"]).startswith("fs-"):
            yield (*path, "fileSystemId"), f"is {efs['fileSystemId']}; it begins with fs-"


def _port_is_used(ecs_task: EcsTask) -> Findings:
    for path, efs, _ in _efs(ecs_task):
        if efs.get("transitEncryptionPort") is not None and efs.get("transitEncryption") != "ENABLED":
            yield (*path, "transitEncryptionPort"), "has no effect without transitEncryption: ENABLED"


def _s3_has_role(ecs_task: EcsTask) -> Findings:
    for path, volume in _volumes(ecs_task):
        if volume.get("s3filesVolumeConfiguration") and not _role(ecs_task):
            yield (*path, "s3filesVolumeConfiguration"), "needs a job role (jobRoleArn, in a task taskRoleArn)"


def _named_well(ecs_task: EcsTask) -> Findings:
    for path, volume in _volumes(ecs_task):
        name = str(volume.get("name", ""))
        if name and not re.fullmatch(r"[A-Za-z0-9_-]+", name):
            yield (*path, "name"), f"is {name}; it has letters, digits, - and _"


def _named_at_all(ecs_task: EcsTask) -> Findings:
    for path, volume in _volumes(ecs_task):
        if not volume.get("name"):
            yield (*path, "name"), "is missing; a mount point cannot refer to it"


def _mounts_volumes(container: Container) -> Findings:
    names = {volume.get("name") for volume in container.ecs_task.body.get("volumes") or ()}
    for path, mount in members(container, "mountPoints"):
        source = mount.get("sourceVolume")
        if source is not None and source not in names:
            near = did_you_mean(str(source), map(str, names))
            yield (*path, "sourceVolume"), f"is {source}, which is none of the volumes{near}"


def _mounts_somewhere(container: Container) -> Findings:
    for path, mount in members(container, "mountPoints"):
        for name in ("sourceVolume", "containerPath"):
            if not mount.get(name):
                yield path, f"has no {name}"


def _names_once(ecs_task: EcsTask) -> Findings:
    for name, count in repeated(volume.get("name") for volume in ecs_task.body.get("volumes") or ()):
        yield (*ecs_task.path, "volumes"), f"has {name} {count} times"


def _paths_once(container: Container) -> Findings:
    for path, count in repeated(mount.get("containerPath") for mount in container.body.get("mountPoints") or ()):
        yield (*container.path, "mountPoints"), f"has {path} {count} times"


def _all_mounted(ecs_task: EcsTask) -> Findings:
    mounts = (mount for each in containers_of(ecs_task) for mount in each.body.get("mountPoints") or ())
    mounted = {mount.get("sourceVolume") for mount in mounts}
    for path, volume in _volumes(ecs_task):
        if volume.get("name") and volume["name"] not in mounted:
            yield path, f"is {volume['name']}, which no container mounts"


def _mounting(volume: Spec, mounts: list[Spec] | None = None, **members: Json) -> Example:
    """Return a job with a volume named data, and mount points, by default one."""
    default = [{"sourceVolume": "data", "containerPath": "/data"}]
    return ec2(volumes=[{"name": "data", **volume}], mountPoints=mounts or default, **members)


def _with_efs(authorization: Spec | None = None, role: str | None = ROLE, **members: Json) -> Example:
    more = {"authorizationConfig": authorization} if authorization else {}
    return _mounting({EFS: {"fileSystemId": FILE_SYSTEM, **members, **more}}, jobRoleArn=role)


HOST = {"host": {"sourcePath": "/data"}}
S3 = {"s3filesVolumeConfiguration": {"fileSystemArn": "arn:aws:s3files:us-east-1:123456789012:file-system/fs-1"}}
POINT = {"accessPointId": "fsap-0a1b2c3d4e5f60718"}

RULES = (
    Rule(
        id="JD110",
        says="A volume is of one type: a directory of the host, EFS or S3 Files.",
        check=each_ecs_task(_one_type, about="volumes"),
        evidence=measured(
            "RegisterJobDefinition",
            "When the volume parameter is specified, only one volume configuration type should be used.",
        ),
        fails=_mounting({**HOST, EFS: {"fileSystemId": FILE_SYSTEM}}),
        passes=_mounting(HOST),
    ),
    Rule(
        id="JD111",
        says="EFS with IAM authorization encrypts the traffic.",
        check=each_ecs_task(_encrypts_for("iam", lambda iam: bool(iam == "ENABLED")), about="volumes"),
        evidence=measured("RegisterJobDefinition", "EFS IAM authorization requires TransitEncryption to be enabled."),
        fails=_with_efs({"iam": "ENABLED"}),
        passes=_with_efs({"iam": "ENABLED"}, transitEncryption="ENABLED"),
    ),
    Rule(
        id="JD112",
        says="EFS with an access point encrypts the traffic.",
        check=each_ecs_task(_encrypts_for("accessPointId", bool), about="volumes"),
        evidence=documented(
            "EFSAuthorizationConfig.accessPointId",
            "If an access point is used, transit encryption must be enabled in the EFSVolumeConfiguration.",
        ),
        fails=_with_efs(POINT),
        passes=_with_efs(POINT, transitEncryption="ENABLED"),
    ),
    Rule(
        id="JD113",
        says="EFS with an access point has no other root directory than /.",
        check=each_ecs_task(_access_point_is_root, about="volumes"),
        hint="the access point brings its directory along",
        evidence=documented(
            "EFSVolumeConfiguration.rootDirectory", "the root directory parameter must either be omitted or set to /"
        ),
        fails=_with_efs(POINT, transitEncryption="ENABLED", rootDirectory="/team"),
        passes=_with_efs(POINT, transitEncryption="ENABLED", rootDirectory="/"),
    ),
    Rule(
        id="JD114",
        says="EFS with IAM authorization needs a job role.",
        check=each_ecs_task(_iam_has_role, about="volumes"),
        evidence=documented(
            "EFSAuthorizationConfig.iam",
            "EFS IAM authorization requires that TransitEncryption be ENABLED and that a JobRoleArn is specified.",
        ),
        fails=_with_efs({"iam": "ENABLED"}, role=None, transitEncryption="ENABLED"),
        passes=_with_efs({"iam": "ENABLED"}, transitEncryption="ENABLED"),
    ),
    Rule(
        id="JD115",
        says="An EFS file system is named by its id, which begins with fs-.",
        check=each_ecs_task(_file_system_exists, about="volumes"),
        evidence=measured(
            "RegisterJobDefinition, as deployed by cdk-preflight in September 2026",
            note="EFSVolumeConfiguration.fileSystemId is 'The Amazon EFS file system ID to use.'",
        ),
        fails=_mounting({EFS: {"fileSystemId": "shared-data"}}),
        passes=_mounting({EFS: {"fileSystemId": FILE_SYSTEM}}),
    ),
    Rule(
        id="JD116",
        says="A port for encrypted traffic requires encryption.",
        check=each_ecs_task(_port_is_used, about="volumes"),
        severity=Severity.NOTE,
        advice=True,
        evidence=documented("EFSVolumeConfiguration.transitEncryptionPort", "to use when sending encrypted data"),
        fails=_with_efs(transitEncryptionPort=2999),
        passes=_with_efs(transitEncryptionPort=2999, transitEncryption="ENABLED"),
    ),
    Rule(
        id="JD117",
        says="S3 Files needs a job role.",
        check=each_ecs_task(_s3_has_role, about="volumes"),
        evidence=measured(
            "RegisterJobDefinition", "A jobRoleArn/taskRoleArn is required when using s3filesVolumeConfiguration."
        ),
        fails=_mounting(S3),
        passes=_mounting(S3, jobRoleArn=ROLE),
    ),
    Rule(
        id="JD118",
        says="A volume has a name of letters, digits, - and _.",
        check=each_ecs_task(_named_well, about="volumes"),
        evidence=documented(
            "Volume.name", "It can contain uppercase and lowercase letters, numbers, hyphens (-), and underscores (_)."
        ),
        fails=ec2(volumes=[{**HOST, "name": "my data"}]),
        passes=_mounting(HOST),
    ),
    Rule(
        id="JD124",
        says="A volume has a name.",
        check=each_ecs_task(_named_at_all, about="volumes"),
        evidence=documented(
            "Volume.name", "This name is referenced in the sourceVolume parameter of container definition mountPoints."
        ),
        severity=Severity.WARNING,
        fails=ec2(volumes=[HOST]),
        passes=_mounting(HOST),
    ),
    Rule(
        id="JD119",
        says="A mount point refers to one of the volumes.",
        check=each_container(_mounts_volumes, about="mountPoints"),
        evidence=later("ECS RegisterTaskDefinition", "Unknown volume"),
        severity=Severity.WARNING,
        fails=_mounting(HOST, mounts=[{"sourceVolume": "date", "containerPath": "/data"}]),
        passes=_mounting(HOST),
    ),
    Rule(
        id="JD120",
        says="A mount point sets a volume and a path.",
        check=each_container(_mounts_somewhere, about="mountPoints"),
        severity=Severity.WARNING,
        evidence=later(
            "Docker, which starts the container",
            note="a mount without a volume or a path mounts nothing (MountPoint.sourceVolume, containerPath)",
        ),
        fails=_mounting(HOST, mounts=[{"sourceVolume": "data"}]),
        passes=_mounting(HOST),
    ),
    Rule(
        id="JD121",
        says="Every volume has a name of its own.",
        check=each_ecs_task(_names_once, about="volumes"),
        severity=Severity.WARNING,
        evidence=documented(
            "Volume.name",
            "This name is referenced in the sourceVolume parameter of container definition mountPoints.",
            "mount points find one of two",
        ),
        fails=ec2(volumes=[{"name": "data", **HOST}, {"name": "data"}]),
        passes=ec2(volumes=[{"name": "data", **HOST}, {"name": "scratch"}]),
    ),
    Rule(
        id="JD122",
        says="In a container only one volume is mounted at a path.",
        check=each_container(_paths_once, about="mountPoints"),
        severity=Severity.WARNING,
        evidence=later("Docker, which starts the container", "Duplicate mount point"),
        fails=_mounting(HOST, mounts=[{"sourceVolume": "data", "containerPath": "/data"}] * 2),
        passes=_mounting(HOST, mounts=[{"sourceVolume": "data", "containerPath": path} for path in ("/a", "/b")]),
    ),
    Rule(
        id="JD123",
        says="Every volume is mounted by a container.",
        check=each_ecs_task(_all_mounted, about="volumes"),
        severity=Severity.NOTE,
        advice=True,
        hint="add a mount point, or remove the volume",
        evidence=documented(
            "Volume.name", "referenced in the sourceVolume parameter of container definition mountPoints"
        ),
        fails=ec2(volumes=[{"name": "data", **HOST}]),
        passes=_mounting(HOST),
    ),
)

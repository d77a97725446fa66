"""EFS file systems: whether they exist, and can be mounted where the jobs run."""

from collections.abc import Iterator, Mapping, Sequence
from ipaddress import ip_network

from reconciler.model import Json, Path
from reconciler.verify.asking import Inquiry, of_one
from reconciler.verify.base import (
    NOT_JUDGED,
    Ask,
    Judgements,
    LiveCheck,
    Reference,
    Verified,
    fail,
    of_reply,
    unknown,
    warn,
)
from reconciler.verify.network import GROUP, GROUPS, SUBNET, SUBNETS, environments_of, has_port

FILE_SYSTEM = Inquiry(
    noun="file system",
    service="efs",
    operation="DescribeFileSystems",
    request=lambda keys: {"FileSystemId": keys[0][0]},
    read=of_one("FileSystems"),
)
ACCESS_POINT = Inquiry(
    noun="access point",
    service="efs",
    operation="DescribeAccessPoints",
    request=lambda keys: {"AccessPointId": keys[0][0]},
    read=of_one("AccessPoints"),
)
MOUNT_TARGETS = Inquiry(
    noun="mount targets",
    service="efs",
    operation="DescribeMountTargets",
    request=lambda keys: {"FileSystemId": keys[0][0]},
    read=lambda response, keys: {keys[0]: response.get("MountTargets") or []},
)
MOUNT_TARGET_GROUPS = Inquiry(
    noun="security groups of a mount target",
    service="efs",
    operation="DescribeMountTargetSecurityGroups",
    request=lambda keys: {"MountTargetId": keys[0][0]},
    read=lambda response, keys: {keys[0]: response.get("SecurityGroups") or []},
)
NFS = 2049
AVAILABLE = "available"


def _file_system(reference: Reference, ask: Ask) -> Judgements:
    path, id_ = (*reference.path, "fileSystemId"), reference.value.get("fileSystemId") or ""
    reply = ask(FILE_SYSTEM, id_)
    if not reply.is_found:
        yield from of_reply(path, reply, f"file system {id_}", "correct its id: file systems are regional")
        return
    state = str(reply.value.get("LifeCycleState") or AVAILABLE)
    if state in ("creating", "deleting", "deleted", "error"):
        yield fail(path, f"file system {id_} is {state}, not available", "use one that is")
    yield from _access_point(reference, ask)


def _access_point(reference: Reference, ask: Ask) -> Judgements:
    point = _point(reference)
    if not point:
        return
    path, id_ = (*reference.path, "authorizationConfig", "accessPointId"), reference.value.get("fileSystemId")
    reply = ask(ACCESS_POINT, point)
    if not reply.is_found:
        yield from of_reply(path, reply, f"access point {point}", "correct its id: access points are regional")
    elif (actual := reply.value.get("FileSystemId")) != id_:
        yield fail(
            path,
            f"access point {point} is one of file system {actual}, not of {id_}",
            f"write {actual}, or a point of {id_}",
        )


def _point(reference: Reference) -> Json:
    return (reference.value.get("authorizationConfig") or {}).get("accessPointId")


def _mount_targets(reference: Reference, ask: Ask) -> Judgements:
    """Judge whether a job can reach the file system in any environment that it may run in, and in every zone."""
    path, id_ = (*reference.path, "fileSystemId"), reference.value.get("fileSystemId") or ""
    targets, environments = ask(MOUNT_TARGETS, id_), environments_of(reference.of)
    if targets.absent or not environments:
        yield NOT_JUDGED
        return
    if targets.unknown:
        yield unknown(path, f"mount targets of {id_}: {targets.unknown}", targets.hint)
        return
    subnets = [reply for each in environments for reply in ask.all(SUBNET, _keys(each, SUBNETS))]
    if not all(reply.is_found for reply in subnets):
        yield NOT_JUDGED
        return
    open_ = [each for each in targets.value if each.get("LifeCycleState", AVAILABLE) == AVAILABLE]
    served = {str(each.get("AvailabilityZoneName")) for each in open_}
    zones = {str(reply.value.get("AvailabilityZone")) for reply in subnets}
    hint = f"aws efs create-mount-target --file-system-id {id_} --subnet-id SUBNET, in each zone of the environments"
    if zones and not zones & served:
        where = ", ".join(sorted(served)) or "no zone"
        yield fail(path, f"file system {id_} has mount targets in {where}, and jobs run in {_listed(zones)}", hint)
        return
    if zones - served:
        yield warn(
            path, f"file system {id_} has no mount target in {_listed(zones - served)}, where jobs may run", hint
        )
    yield from _reachable(path, id_, open_, [reply.value for reply in subnets], environments, ask)


def _reachable(
    path: Path,
    id_: str,
    targets: Sequence[Mapping[str, Json]],
    subnets: Sequence[Mapping[str, Json]],
    environments: Sequence[Verified],
    ask: Ask,
) -> Judgements:
    """Judge whether the security groups of the mount targets let NFS in from those of the environments."""
    own = {group for each in environments for (group,) in _keys(each, GROUPS)}
    guards = ask.all(MOUNT_TARGET_GROUPS, [(str(each.get("MountTargetId")),) for each in targets])
    if unseen := next((reply for reply in guards if not reply.is_found), None):
        yield unknown(path, f"security groups of the mount targets: {unseen.unknown or unseen.absent}", unseen.hint)
        return
    names = list(dict.fromkeys(group for reply in guards for group in reply.value))
    groups = ask.all(GROUP, [(each,) for each in names])
    has_groups = all(any(True for _ in _keys(each, GROUPS)) for each in environments)
    if not has_groups or not all(reply.is_found for reply in groups):
        return  # a launch template may have the groups of an environment
    rules = [rule for reply in groups for rule in reply.value.get("IpPermissions") or () if has_port(rule, NFS)]
    if not any(_lets_in(rule, own, subnets) for rule in rules):
        message = f"no security group of the mount targets of {id_} lets in TCP 2049 from {_listed(own)}"
        yield fail(path, message, f"add a rule to {', '.join(names)}: TCP 2049 from {_listed(own)}")


def _lets_in(rule: Mapping[str, Json], groups: set[str], subnets: Sequence[Mapping[str, Json]]) -> bool:
    if rule.get("PrefixListIds") or rule.get("Ipv6Ranges"):  # which addresses that means is not known here
        return True
    if any(pair.get("GroupId") in groups for pair in rule.get("UserIdGroupPairs") or ()):
        return True
    ranges = [
        ip_network(str(each["CidrIp"]), strict=False) for each in rule.get("IpRanges") or () if each.get("CidrIp")
    ]
    blocks = [ip_network(str(each["CidrBlock"]), strict=False) for each in subnets if each.get("CidrBlock")]
    return any(one.overlaps(other) for one in ranges for other in blocks) or bool(ranges and not blocks)


def _keys(environment: Verified, ends: Sequence[str]) -> Iterator[tuple[str]]:
    yield from ((each,) for end in ends for _, listed in environment.fields(end) for each in listed)


def _listed(names: set[str]) -> str:
    return ", ".join(sorted(names))


STORAGE = (
    LiveCheck(
        id="file-system",
        kind="JobDefinition",
        fields=("efsVolumeConfiguration",),
        holds="the file system and its access point exist",
        asks=(FILE_SYSTEM, ACCESS_POINT),
        judge=_file_system,
        asks_if={ACCESS_POINT: lambda reference: bool(_point(reference))},
        fails="the file system or the access point does not exist, or the point is one of a different file system",
    ),
    LiveCheck(
        id="mount-targets",
        kind="JobDefinition",
        fields=("efsVolumeConfiguration",),
        holds="can be mounted where the jobs run",
        asks=(MOUNT_TARGETS, MOUNT_TARGET_GROUPS, SUBNET, GROUP),
        judge=_mount_targets,
        fails="no mount target in any zone of the environments that the jobs run in, or TCP 2049 is closed to them",
        warns="no mount target in some of the zones",
    ),
)

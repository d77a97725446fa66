"""Ids, ARNs and regions that no resource in reach of the stack can have: of another form, or of another place.

Ids of EC2: a prefix that tells the kind, a hyphen, and 8 or 17 hexadecimal digits
(https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/resource-ids.html); people shorten them in tests. ARNs:
https://docs.aws.amazon.com/IAM/latest/UserGuide/reference-arns.html. Names of IAM:
https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_iam-quotas.html
"""

import difflib
import re
from collections.abc import Iterator, Mapping

from reconciler.model import PARTITIONS, Json, Path, partition_of
from reconciler.problems import Severity
from reconciler.rules.base import Example, Findings, Rule, Subject, later
from reconciler.rules.shared import READ_LATER, looks_unfilled

# Members by the beginning of the ids in them, and what the ids are of.
_IDS: Mapping[str, tuple[str, str]] = {
    "subnets": ("subnet", "a subnet"),
    "securityGroups": ("sg", "a security group"),
    "securityGroupIds": ("sg", "a security group"),
    "launchTemplateId": ("lt", "a launch template"),
    "imageId": ("ami", "an image"),
    "imageIdOverride": ("ami", "an image"),
    "accessPointId": ("fsap", "an access point"),
}
# Members that take the ARN of something of IAM, or its name, perhaps with a path.
_ROLES = frozenset(
    {"executionRoleArn", "jobRoleArn", "taskRoleArn", "serviceRole", "instanceRole", "spotIamFleetRole"}
    | {"ec2InstanceProfileArn", "infrastructureRoleArn"}
)
_ARN = re.compile(r"arn:(?P<partition>aws[a-z-]*):[a-z0-9-]+:(?P<region>[a-z0-9-]*):([0-9]{12}|aws)?:\S+")
_PARTITIONS = frozenset({"aws", *(partition for _, partition in PARTITIONS)})
# Digits of an id of which one was lost or doubled. Those that are much shorter are made up, in tests and documents.
_MISCOUNTED = re.compile(r".+-([0-9a-f]{7}|[0-9a-f]{9,16}|[0-9a-f]{18,})")
ALIKE = 0.7
_REGION = "awslogs-region"  # the option of a log driver that names a region
# The operation of EC2 that takes the names of regions, its member, and one that every SDK knows.
_OPERATION, _MEMBER, _OLDEST = "DescribeRegions", "RegionNames", "us-east-1"
_WORD = re.compile(r"[A-Za-z][A-Za-z0-9]*")  # stands in for an id that another tool fills in: no typing error looks so
_IAM_NAME = re.compile(r"[\w+=,.@/-]+", re.ASCII)


def forms(id_: str, fails: Example, passes: Example) -> Rule:
    """Return the rule that ids and ARNs in the bodies of a kind look like those that AWS makes."""
    return Rule(
        id=id_,
        says="Ids of subnets, security groups, launch templates, images and access points, and ARNs, have AWS's form. "
        "An ARN has a partition and region in which it can be.",
        check=_formed,
        hint="copy it from AWS; what names nothing makes the environment INVALID, or the job fail",
        severity=Severity.WARNING,
        evidence=later(
            "EC2 User Guide, 'Resource IDs'",
            note="a prefix, a hyphen and 8 or 17 hexadecimal digits; of ARNs and their partitions, the IAM User Guide. "
            "Other texts name nothing",
        ),
        fails=fails,
        passes=passes,
    )


def _formed(subject: Subject) -> Findings:
    for path, name, text in _named((), "", subject.body):
        if not looks_unfilled(text) and (message := _wrong(name, text) or _elsewhere(name, text, subject)):
            yield path, message


def _wrong(name: str, text: str) -> str:
    if name in _IDS:
        prefix, of = _IDS[name]
        is_id = re.fullmatch(f"{prefix}-[0-9a-f]+", text) or (_WORD.fullmatch(text) and not text.startswith(prefix))
        if is_id and _MISCOUNTED.fullmatch(text):
            return f"is {text}; behind {prefix}- an id has 17 digits, or 8, and this one {len(text) - len(prefix) - 1}"
        return "" if is_id else f"is {text}, but the id of {of} reads like {prefix}-0a1b2c3d4e5f60718"
    if text.lower().startswith("arn:"):
        return (
            "" if _ARN.fullmatch(text) else f"is {text}, which is not an ARN: arn:aws:SERVICE:REGION:ACCOUNT:RESOURCE"
        )
    if name in _ROLES and not _IAM_NAME.fullmatch(text):
        return f"is {text}, which is neither an ARN nor a name in IAM"
    return ""


def _elsewhere(name: str, text: str, subject: Subject) -> str:
    """Return what is wrong with the place that a text names: one where the stack cannot be, or none that is known."""
    found = _ARN.fullmatch(text)
    partition, region = found.group("partition", "region") if found else ("", text if name == _REGION else "")
    if partition and partition not in _PARTITIONS:
        return f"is {text}, and {partition} is no known partition{_meant(partition, sorted(_PARTITIONS))}"
    if partition and subject.region and partition != partition_of(subject.region):
        own = partition_of(subject.region)
        return f"is {text}, in the partition {partition}; that of the stack's region, {subject.region}, is {own}"
    if region and not _is_region(region, subject):
        near = _meant(region, [subject.region] if subject.region else [])
        return f"is {text}, and {region} is no region that the installed AWS SDK knows{near}"
    return ""


def _is_region(name: str, subject: Subject) -> bool:
    """Whether the installed SDK knows a region; one that knows none at all says nothing."""
    knows = [subject.takes(_OPERATION, (_MEMBER, 0, region)) for region in (_OLDEST, name)]
    return knows[1] or not knows[0]


def _meant(word: str, known: list[str]) -> str:
    near = difflib.get_close_matches(word, known, n=1, cutoff=ALIKE)
    return f": did you mean {near[0]}?" if near else ""


def _named(path: Path, name: str, value: Json) -> Iterator[tuple[Path, str, str]]:
    """Yield every text with the member that it is in."""
    if isinstance(value, str):
        yield path, name, value
    elif isinstance(value, Mapping):
        for key, inner in value.items():
            if key not in READ_LATER and key != "tags":
                yield from _named((*path, key), key, inner)
            elif key == "options" and isinstance(inner, Mapping) and isinstance(region := inner.get(_REGION), str):
                yield (*path, key, _REGION), _REGION, region
    elif isinstance(value, list):
        for index, inner in enumerate(value):
            yield from _named((*path, index), name, inner)

"""Ids and ARNs that have another form than every one that AWS makes: nothing can have them.

Ids of EC2: a prefix that tells the kind, a hyphen, and 8 or 17 hexadecimal digits
(https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/resource-ids.html); people shorten them in tests. ARNs:
https://docs.aws.amazon.com/IAM/latest/UserGuide/reference-arns.html. Names of IAM:
https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_iam-quotas.html
"""

import re
from collections.abc import Iterator, Mapping

from reconciler.model import Json, Path
from reconciler.problems import Severity
from reconciler.rules.base import Example, Findings, Rule, Subject
from reconciler.rules.evidence import later
from reconciler.rules.placeholders import READ_LATER, looks_unfilled

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
_ARN = re.compile(r"arn:aws[a-z-]*:[a-z0-9-]+:[a-z0-9-]*:([0-9]{12}|aws)?:\S+")
_WORD = re.compile(r"[A-Za-z][A-Za-z0-9]*")  # stands in for an id that another tool fills in: no typing error looks so
_IAM_NAME = re.compile(r"[\w+=,.@/-]+", re.ASCII)


def forms(id_: str, fails: Example, passes: Example) -> Rule:
    """Return the rule that ids and ARNs in the bodies of a kind look like those that AWS makes."""
    return Rule(
        id=id_,
        says="Ids of subnets, security groups, launch templates, images and access points, and ARNs, have AWS's form.",
        check=_formed,
        hint="copy it from AWS; what names nothing makes the environment INVALID, or the job fail",
        severity=Severity.WARNING,
        evidence=later(
            "EC2 User Guide, 'Resource IDs'",
            note="a prefix, a hyphen and hexadecimal digits; of ARNs, the IAM User Guide. Other texts name nothing",
        ),
        fails=fails,
        passes=passes,
    )


def _formed(subject: Subject) -> Findings:
    for path, name, text in _named((), "", subject.body):
        if not looks_unfilled(text) and (message := _wrong(name, text)):
            yield path, message


def _wrong(name: str, text: str) -> str:
    if name in _IDS:
        prefix, of = _IDS[name]
        is_id = re.fullmatch(f"{prefix}-[0-9a-f]+", text) or (_WORD.fullmatch(text) and not text.startswith(prefix))
        return "" if is_id else f"is {text}, but the id of {of} reads like {prefix}-0a1b2c3d4e5f60718"
    if text.lower().startswith("arn:"):
        return (
            "" if _ARN.fullmatch(text) else f"is {text}, which is not an ARN: arn:aws:SERVICE:REGION:ACCOUNT:RESOURCE"
        )
    if name in _ROLES and not _IAM_NAME.fullmatch(text):
        return f"is {text}, which is neither an ARN nor a name in IAM"
    return ""


def _named(path: Path, name: str, value: Json) -> Iterator[tuple[Path, str, str]]:
    """Yield every text with the member that it is in."""
    if isinstance(value, str):
        yield path, name, value
    elif isinstance(value, Mapping):
        for key, inner in value.items():
            if key not in READ_LATER and key != "tags":
                yield from _named((*path, key), key, inner)
    elif isinstance(value, list):
        for index, inner in enumerate(value):
            yield from _named((*path, index), name, inner)

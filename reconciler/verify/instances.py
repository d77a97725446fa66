"""What instances are made of: launch templates, AMIs, instance types, key pairs and placement groups."""

import base64
import binascii
from collections.abc import Iterable, Iterator, Mapping, Sequence
from email import message_from_bytes
from email.message import Message
from fnmatch import fnmatchcase
from typing import NamedTuple

from reconciler.model import Json, Path
from reconciler.placement.catalogue import BUNDLES, InstanceType, expand
from reconciler.verify.asking import FILTER_VALUES, Inquiry, Key, by, everything, filtered, of_one
from reconciler.verify.base import (
    NOT_JUDGED,
    Ask,
    Judgements,
    LiveCheck,
    Reference,
    Verified,
    fail,
    note,
    of_reply,
    unknown,
    warn,
)
from reconciler.verify.network import SUBNET, found_subnets


def _template_request(keys: Sequence[Key]) -> Mapping[str, Json]:
    ((member, template, version),) = keys
    return {member: template, "Versions": [version]}


TEMPLATE = Inquiry(
    noun="launch template",
    service="ec2",
    operation="DescribeLaunchTemplateVersions",
    request=_template_request,
    read=of_one("LaunchTemplateVersions"),
)
IMAGE = Inquiry(
    noun="AMI",
    service="ec2",
    operation="DescribeImages",
    request=filtered("image-id", IncludeDeprecated=True),
    read=by("Images", "ImageId"),
    together=everything,
    most=FILTER_VALUES,
    listed="Images",
)
KEY_PAIR = Inquiry(
    noun="key pair",
    service="ec2",
    operation="DescribeKeyPairs",
    request=filtered("key-name"),
    read=by("KeyPairs", "KeyName"),
    together=everything,
    most=FILTER_VALUES,
)
PLACEMENT_GROUP = Inquiry(
    noun="placement group",
    service="ec2",
    operation="DescribePlacementGroups",
    request=filtered("group-name"),
    read=by("PlacementGroups", "GroupName"),
    together=everything,
    most=FILTER_VALUES,
)


def _zones_of(response: Mapping[str, Json], keys: Sequence[Key]) -> Mapping[Key, Json]:
    """Return for each key, a pattern with the types that are known to match it, the zones that offer any of them."""
    offered = [
        (str(each.get("InstanceType")), str(each.get("Location")))
        for each in response.get("InstanceTypeOfferings") or ()
    ]
    zones = {key: sorted({zone for name, zone in offered if fnmatchcase(name, key[0])}) for key in keys}
    return {key: found for key, found in zones.items() if found}


OFFERING = Inquiry(
    noun="instance type",
    service="ec2",
    operation="DescribeInstanceTypeOfferings",
    request=filtered("instance-type", LocationType="availability-zone"),
    read=_zones_of,
    together=everything,
    most=5,  # families, of up to 40 types
    listed="InstanceTypeOfferings",
)

# Launch templates.

DEFAULT = "$Default"
# What AWS Batch takes from elsewhere, and ignores in a template (User Guide, 'Use Amazon EC2 launch templates').
IGNORED = {
    "InstanceType": "instanceTypes of the environment counts",
    "InstanceRequirements": "instanceTypes of the environment counts",
    "IamInstanceProfile": "instanceRole of the environment counts",
    "InstanceMarketOptions": "the type of the environment, EC2 or SPOT, counts",
    "DisableApiTermination": "AWS Batch terminates instances itself",
}
GZIP = b"\x1f\x8b"  # begins what cloud-init unpacks; whether AWS Batch does is not documented
MIME_HINT = "wrap it in a MIME multi-part archive, as in 'Amazon EC2 user data in launch templates' of the User Guide"


def template_key(template: Mapping[str, Json]) -> tuple[str, str, str]:
    member = "LaunchTemplateId" if template.get("launchTemplateId") else "LaunchTemplateName"
    name = template.get("launchTemplateId") or template.get("launchTemplateName") or ""
    return member, name, template.get("version") or DEFAULT


def _template(reference: Reference, ask: Ask) -> Judgements:
    path, key = reference.path, template_key(reference.value)
    _, name, version = key
    reply = ask(TEMPLATE, *key)
    shown = f"launch template {name}, version {version}"
    if not reply.is_found:
        where = reference.of.identity
        hint = f"correct its id, name or version: AWS has no such one in account {where.account}, {where.region}"
        yield from of_reply(path, reply, shown, hint)
        return
    number, data = reply.value.get("VersionNumber"), reply.value.get("LaunchTemplateData") or {}
    if version.startswith("$"):
        message = f"{version} of launch template {name} is version {number}; instances keep the version of their start"
        yield note(path, message, "an infrastructure update takes the version of its time")
    yield from _user_data(path, shown, data, is_eks=bool(reference.of.body.get("eksConfiguration")))
    for member, instead in IGNORED.items():
        if data.get(member):
            yield warn(path, f"{shown} sets {member}, which AWS Batch ignores: {instead}")
    interfaces = data.get("NetworkInterfaces") or ()
    if any(each.get("SubnetId") for each in interfaces):
        yield warn(path, f"{shown} sets a subnet, which AWS Batch ignores: subnets of the environment count")
    resources = reference.of.body.get("computeResources") or {}
    has_groups = data.get("SecurityGroupIds") or any(each.get("Groups") for each in interfaces)
    if has_groups and resources.get("securityGroupIds"):
        yield warn(path, f"{shown} has security groups, and so has the environment", "keep them in one place")


def _user_data(path: Path, shown: str, data: Mapping[str, Json], *, is_eks: bool) -> Judgements:
    """AWS Batch merges its own user data into that of the template, for which it must be a MIME multi-part archive."""
    encoded = data.get("UserData")
    if not encoded:
        return
    try:
        content = base64.b64decode(str(encoded), validate=False)
    except (binascii.Error, ValueError):
        yield fail(path, f"the user data of {shown} is not base64", MIME_HINT)
        return
    if content.startswith(GZIP):
        yield unknown(path, f"the user data of {shown} is compressed", "store it uncompressed")
        return
    message = message_from_bytes(content)
    if not message.is_multipart():
        wrong = f"the user data of {shown} is not a MIME multi-part archive"
        yield (warn if is_eks else fail)(path, wrong, MIME_HINT)
        return
    parts = message.get_payload()
    untyped = [
        number
        for number, part in enumerate(parts if isinstance(parts, list) else (), 1)
        if isinstance(part, Message) and "Content-Type" not in part
    ]
    for number in untyped:
        hint = 'begin it with Content-Type: text/x-shellscript; charset="us-ascii", or the type that it has'
        yield warn(path, f"part {number} of the user data of {shown} has no Content-Type", hint)


# AMIs.


class _Booted(NamedTuple):
    """An AMI that instances of some types boot, and the field that leads to it."""

    path: Path
    id: str
    types: tuple[InstanceType, ...]


ON_INSTANCES = ("EC2", "SPOT")


def _image(reference: Reference, ask: Ask) -> Judgements:
    booted = list(_booted(reference, ask))
    if not booted:
        yield NOT_JUDGED
    replies = ask.all(IMAGE, [(each.id,) for each in booted])
    for each, reply in zip(booted, replies, strict=True):
        shown = f"AMI {each.id}"
        if not reply.is_found:
            where = reference.of.identity
            hint = f"correct it, or share it with account {where.account}; AMIs are regional ({where.region})"
            yield from of_reply(each.path, reply, shown, hint)
            continue
        state = str(reply.value.get("State") or "available")
        if state != "available":
            yield fail(each.path, f"{shown} is {state}, not available", "use an image that is")
        yield from _architecture(each, str(reply.value.get("Architecture", "")))
        deprecated = reply.value.get("DeprecationTime")
        if deprecated:
            yield note(each.path, f"{shown} is deprecated from {deprecated}", "build a newer image")


def _has_image(reference: Reference) -> bool:
    """Whether an environment names an AMI, or a launch template that may."""
    resources = reference.value
    named = (resources.get("imageId"), resources.get("launchTemplate"), resources.get("ec2Configuration"))
    return str(resources.get("type", "")).upper() in ON_INSTANCES and any(named)


def _architecture(booted: _Booted, architecture: str) -> Judgements:
    known = [each for each in booted.types if each.architectures]
    unfit = [each.name for each in known if architecture not in each.architectures]
    if not architecture or not unfit:
        return
    if len(unfit) == len(known) == len(booted.types):
        needed = ", ".join(sorted({one for each in known for one in each.architectures}))
        message = f"AMI {booted.id} is for {architecture}, and all instance types are for {needed}"
        yield fail(booted.path, message, "use an AMI for the processor of the instances, or other instanceTypes")
    elif len(known) == len(booted.types):
        shown = ", ".join(unfit[:3]) + (f" and {len(unfit) - 3} more" if len(unfit) > 3 else "")  # noqa: PLR2004
        yield warn(booted.path, f"AMI {booted.id} is for {architecture}, which {shown} cannot boot")


def _booted(reference: Reference, ask: Ask) -> Iterator[_Booted]:
    """Yield the AMIs of an environment. imageIdOverride counts before imageId, and that before those of templates."""
    resources, path = reference.value, reference.path
    types = _types(resources.get("instanceTypes") or (), reference.of)
    overrides = [
        ((*path, "ec2Configuration", index, "imageIdOverride"), each["imageIdOverride"])
        for index, each in enumerate(resources.get("ec2Configuration") or ())
        if each.get("imageIdOverride")
    ]
    yield from (_Booted(at, id_, types) for at, id_ in overrides)
    if resources.get("imageId"):
        yield _Booted((*path, "imageId"), resources["imageId"], types)
    if overrides or resources.get("imageId"):
        return
    template = resources.get("launchTemplate") or {}
    templates = [((*path, "launchTemplate"), template, types)]
    templates += [
        (
            (*path, "launchTemplate", "overrides", index),
            each,
            _types(each.get("targetInstanceTypes") or (), reference.of),
        )
        for index, each in enumerate(template.get("overrides") or ())
    ]
    keyed = [(at, template_key(each), chosen) for at, each, chosen in templates]
    named = [(at, key, chosen) for at, key, chosen in keyed if key[1]]
    replies = ask.all(TEMPLATE, [key for _, key, _ in named])
    for (at, _, chosen), reply in zip(named, replies, strict=True):
        image = (reply.value.get("LaunchTemplateData") or {}).get("ImageId") if reply.is_found else ""
        if image and not str(image).startswith("resolve:"):  # a parameter of SSM, which EC2 resolves
            yield _Booted(at, str(image), chosen)


def _types(words: Iterable[Json], of: Verified) -> tuple[InstanceType, ...]:
    """Return the types that words stand for; none if any is not known, as nothing can be said of all then."""
    candidates = expand(map(str, words), of.catalogue)
    return () if candidates.unknown else tuple(candidates)


# Instance types.

WORDS = ("computeResources.instanceTypes", "instanceRequirements.allowedInstanceTypes")


def _offered(reference: Reference, ask: Ask) -> Judgements:
    words = [(index, each) for index, each in enumerate(reference.value) if each not in BUNDLES]
    replies = ask.all(OFFERING, [_offering_key(each, reference.of) for _, each in words])
    subnets = found_subnets(reference.of, ask)
    zones = sorted({str(each.get("AvailabilityZone")) for each in subnets or ()})
    region = reference.of.identity.region
    for (index, word), reply in zip(words, replies, strict=True):
        path = (*reference.path, index)
        if reply.absent:
            yield fail(path, f"{word} is not offered in {region}", "remove it, or correct its name")
        elif reply.unknown:
            yield unknown(path, f"{word}: {reply.unknown}", reply.hint)
        elif zones and not set(zones) & set(reply.value):
            offered = ", ".join(reply.value)
            message = f"{word} is not offered in the zones of the subnets ({', '.join(zones)}), but in {offered}"
            yield fail(path, message, "add a subnet in one of those zones, or remove the type")


def _offering_key(word: str, of: Verified) -> Key:
    """Return a word as a pattern, with the types that the table knows of a family: both are filters of EC2."""
    family = of.catalogue.families.get(word)
    return (f"{word}.*", *(each.name for each in family)) if family else (word,)


# Key pairs and placement groups.


def _key_pair(reference: Reference, ask: Ask) -> Judgements:
    reply = ask(KEY_PAIR, reference.value)
    hint = f"aws ec2 create-key-pair --key-name {reference.value}"
    yield from of_reply(reference.path, reply, f"key pair {reference.value}", hint)


def _placement_group(reference: Reference, ask: Ask) -> Judgements:
    name = reference.value
    reply = ask(PLACEMENT_GROUP, name)
    if not reply.is_found:
        hint = f"aws ec2 create-placement-group --group-name {name} --strategy cluster"
        yield from of_reply(reference.path, reply, f"placement group {name}", hint)
        return
    state = str(reply.value.get("State") or "available")
    if state != "available":
        yield fail(reference.path, f"placement group {name} is {state}, not available", "create it again")
    subnets = found_subnets(reference.of, ask)
    zones = sorted({str(each.get("AvailabilityZone")) for each in subnets or ()})
    if reply.value.get("Strategy") == "cluster" and len(zones) > 1:
        message = (
            f"placement group {name} is a cluster, which is in one zone, and the subnets are in {', '.join(zones)}"
        )
        yield warn(reference.path, message, "use subnets of one zone")


INSTANCES = (
    LiveCheck(
        id="launch-template",
        kind="ComputeEnvironment",
        fields=("launchTemplate", "launchTemplate.overrides"),
        holds="exists in this version, and its user data is a MIME multi-part archive",
        asks=(TEMPLATE,),
        judge=_template,
        applies=lambda reference: bool(template_key(reference.value)[1]),
        fails="the template or its version does not exist; its user data is not a MIME multi-part archive",
        warns="it sets fields that AWS Batch ignores; security groups both in it and in the environment",
    ),
    LiveCheck(
        id="ami",
        kind="ComputeEnvironment",
        fields=("computeResources",),
        holds="the images exist, are available, and fit the instance types",
        asks=(IMAGE, TEMPLATE),
        judge=_image,
        applies=_has_image,
        asks_if={TEMPLATE: lambda reference: bool(reference.value.get("launchTemplate"))},
        fails="the image does not exist, is not shared, not available, or for a processor that no instance type has",
        warns="some instance types have a different processor",
    ),
    LiveCheck(
        id="instance-types",
        kind="ComputeEnvironment",
        fields=WORDS,
        holds="are offered in the zones of the subnets",
        asks=(OFFERING, SUBNET),
        judge=_offered,
        fails="a type or family is not offered in the region, or in none of the zones of the subnets",
    ),
    LiveCheck(
        id="key-pair",
        kind="ComputeEnvironment",
        fields=("computeResources.ec2KeyPair",),
        holds="exists",
        asks=(KEY_PAIR,),
        judge=_key_pair,
        fails="the key pair does not exist in the region",
    ),
    LiveCheck(
        id="placement-group",
        kind="ComputeEnvironment",
        fields=("computeResources.placementGroup",),
        holds="exists",
        asks=(PLACEMENT_GROUP, SUBNET),
        judge=_placement_group,
        fails="the placement group does not exist in the region, or is not available",
        warns="a cluster group, and subnets in several zones",
    ),
)

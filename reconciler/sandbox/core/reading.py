"""What every Describe and List has in common: by name or by page, at most 100, in no promised order."""

import base64
import binascii
import json
import re
from bisect import bisect_right
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

from reconciler.model import Json
from reconciler.sandbox.core.model import Refusal, refuse_if
from reconciler.sandbox.core.state import AccountState, Record

PAGE = 100
SortKey = tuple[str | int, ...]

# Lists whose order the service does not promise to keep.
UNORDERED = (
    "allowedInstanceTypes", "capacityLimits", "computeEnvironmentOrder", "containers", "dependsOn", "devices",
    "ec2Configuration", "env", "environment", "instanceTypes", "jobStateTimeLimitActions", "mountPoints", "overrides",
    "resourceRequirements", "secretOptions", "secrets", "securityGroupIds", "securityGroups", "shareDistribution",
    "subnets", "targetInstanceTypes", "tmpfs", "ulimits", "volumeMounts", "volumes",
)  # fmt: skip
# The one that was seen in another order (hashicorp/terraform-provider-aws issue 34947); Terraform's provider relies on
# the order of others, resourceRequirements among them.
SEEN_UNORDERED = ("environment",)
ORDERED_STRATEGIES = ("BEST_FIT_PROGRESSIVE_ORDERED", "SPOT_CAPACITY_OPTIMIZED_PRIORITIZED")


def name_key(record: Record) -> SortKey:
    return (record.name,)


def named(world: AccountState, noun: str, identifiers: Sequence[str]) -> list[Record]:
    """Return those that exist; unknown ones are left out without a word."""
    refuse_if(len(identifiers) > PAGE, f"At most {PAGE} names or ARNs can be described at once")
    keys = dict.fromkeys(world.key(noun, identifier) for identifier in identifiers)
    found = (world.see(noun, key) for key in keys)
    return [record for record in found if record]


def named_or_paged(
    world: AccountState, noun: str, request: Mapping[str, Json], member: str, label: str
) -> tuple[list[Record], dict[str, str]]:
    """Return the records that a Describe asks for, and the token of the next page."""
    if request.get(member):
        # Seen in k1LoW/awspec issue 563.
        refuse_if("maxResults" in request, f"{label} and MaxResults cannot both be set")
        return named(world, noun, request[member]), {}
    return paged(world.see_every(noun), request, name_key)


def paged(
    records: Iterable[Record], request: Mapping[str, Json], key: Callable[[Record], SortKey]
) -> tuple[list[Record], dict[str, str]]:
    size = request.get("maxResults", PAGE)
    refuse_if(not 1 <= size <= PAGE, f"maxResults must be between 1 and {PAGE}")
    ordered = sorted(records, key=key)
    start = bisect_right(ordered, _position(request["nextToken"]), key=key) if request.get("nextToken") else 0
    page = ordered[start : start + size]
    more = len(ordered) > start + size
    return page, {"nextToken": _token(key(page[-1]))} if more else {}


def shuffled(value: Json, world: AccountState) -> Json:
    """Return a copy in which every list whose order is not kept is in a new one."""
    if isinstance(value, dict):
        return {member: _shuffled_member(value, member, inner, world) for member, inner in value.items()}
    return [shuffled(inner, world) for inner in value] if isinstance(value, list) else value


def _shuffled_member(owner: Mapping[str, Json], member: str, inner: Json, world: AccountState) -> Json:
    inner = shuffled(inner, world)
    keeps = member == "instanceTypes" and owner.get("allocationStrategy") in ORDERED_STRATEGIES
    unnamed = member == "containers" and not all("name" in each for each in inner)
    if isinstance(inner, list) and member in world.unordered and not keeps and not unnamed:
        world.random.shuffle(inner)
    return inner


def _token(key: SortKey) -> str:
    return base64.urlsafe_b64encode(json.dumps(key).encode()).decode()


def _position(token: str) -> Any:
    try:
        return tuple(json.loads(base64.urlsafe_b64decode(token)))
    except (ValueError, TypeError, binascii.Error) as wrong:
        raise Refusal("Invalid nextToken") from wrong


# Names and tags: the rules that all kinds share.

NAME = re.compile(r"[a-zA-Z0-9_-]{1,128}")
MAX_TAGS = 50


def refuse_bad_name(name: str, kind: str) -> None:
    refuse_if(not NAME.fullmatch(name), f"{kind} name should match a valid pattern.")


def refuse_bad_tags(tags: Mapping[str, str]) -> None:
    """The model has checked the sizes of keys and values (AWS Batch User Guide, 'Tag restrictions')."""
    refuse_if(len(tags) > MAX_TAGS, f"A resource can have at most {MAX_TAGS} tags")
    reserved = [key for key in tags if key.lower().startswith("aws:")]
    refuse_if(reserved, f"Tag keys cannot begin with aws: {', '.join(reserved)}")

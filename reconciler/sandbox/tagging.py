"""The Resource Groups Tagging API over both, the simulated Batch and what moto holds: who has which tags."""

import json
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from itertools import accumulate

from reconciler.model import Json
from reconciler.sandbox.answers import Response
from reconciler.sandbox.wire import Request

Tagged = tuple[str, Mapping[str, str]]  # an ARN and its tags
Find = Callable[[Mapping[str, Json]], Sequence[Tagged]]  # with the filters of GetResources, in the order of ARNs
Answer = Callable[[Request], Response]

OK = 200
TARGET = "ResourceGroupsTaggingAPI_20170126.GetResources"
FILTERS = ("TagFilters", "ResourceTypeFilters", "ResourceARNList")
# What a list of ARNs cannot be combined with, and the limits of a page (GetResources).
BESIDE_ARNS = ("TagFilters", "ResourceTypeFilters", "ResourcesPerPage", "TagsPerPage", "PaginationToken")
LIMITS = {"ResourcesPerPage": (1, 100), "TagsPerPage": (100, 500)}
PAGE = 50  # resources, if nobody says how many


class InvalidParameter(Exception):  # noqa: N818 - names what happened
    """InvalidParameterException, with this message."""


def answer(request: Request, batch: Iterable[Tagged], moto: Answer | None) -> Response:
    """Answer a request; `batch` are the tagged resources of Batch, `moto` answers for all others if any can be there.

    A resource whose last tag went is not found any more; AWS goes on telling it. To write tags is left to moto, which
    refuses it for the ARNs of Batch, one by one: that this API can is not confirmed.
    """

    def find(filters: Mapping[str, Json]) -> Sequence[Tagged]:
        ours = (one for one in batch if _fits(*one, filters))
        return sorted((*ours, *(_others(request, filters, moto) if moto else ())), key=lambda one: one[0])

    handler = HANDLERS[request.operation]
    try:
        return request.answer(handler(request.data(), find))
    except (InvalidParameter, ValueError) as wrong:
        return request.error(400, "InvalidParameterException", str(wrong))


def _resources(data: Mapping[str, Json], find: Find) -> Json:
    _check(data)
    found = find({member: data[member] for member in FILTERS if data.get(member)})
    rest = [(arn, tags) for arn, tags in found if arn > data.get("PaginationToken", "")]
    shown = rest[: _fitting(rest, data)]
    told = [
        {"ResourceARN": arn, "Tags": [{"Key": key, "Value": value} for key, value in tags.items()]}
        for arn, tags in shown
    ]
    return {"ResourceTagMappingList": told, "PaginationToken": shown[-1][0] if len(shown) < len(rest) else ""}


def _keys(_data: Mapping[str, Json], find: Find) -> Json:
    return {"TagKeys": sorted({key for _, tags in find({}) for key in tags}), "PaginationToken": ""}


def _values(data: Mapping[str, Json], find: Find) -> Json:
    key = data.get("Key", "")
    if not key:
        raise InvalidParameter("Key is required")
    return {"TagValues": sorted({tags[key] for _, tags in find({}) if key in tags}), "PaginationToken": ""}


HANDLERS: Mapping[str, Callable[[Mapping[str, Json], Find], Json]] = {
    "GetResources": _resources,
    "GetTagKeys": _keys,
    "GetTagValues": _values,
}


def _check(data: Mapping[str, Json]) -> None:
    beside = [member for member in BESIDE_ARNS if data.get(member)] if data.get("ResourceARNList") else []
    if beside:
        raise InvalidParameter(f"ResourceARNList cannot be combined with {', '.join(beside)}")
    for member, (least, most) in LIMITS.items():
        if not least <= data.get(member, least) <= most:
            raise InvalidParameter(f"{member} must be between {least} and {most}")


def _fitting(found: Sequence[Tagged], data: Mapping[str, Json]) -> int:
    """Return how many resources a page has; one without tags counts as one tag (GetResources)."""
    most: int = data.get("ResourcesPerPage", len(found) if data.get("ResourceARNList") else PAGE)
    if "TagsPerPage" not in data:
        return most
    budget: int = data["TagsPerPage"]
    totals = accumulate(max(1, len(tags)) for _, tags in found)
    return min(most, sum(total <= budget for total in totals))


def _fits(arn: str, tags: Mapping[str, str], filters: Mapping[str, Json]) -> bool:
    arns, types = filters.get("ResourceARNList"), filters.get("ResourceTypeFilters")
    chosen = (not arns or arn in arns) and (not types or any(_is_of(arn, each) for each in types))
    return chosen and all(_has(tags, each) for each in filters.get("TagFilters", ()))


def _is_of(arn: str, wanted: str) -> bool:
    """Types are spelled as in ARNs: `batch`, `batch:job-queue` (GetResources)."""
    _, _, service, _, _, path = arn.split(":", 5)
    name, _, noun = wanted.partition(":")
    return name == service and (not noun or noun in path.split("/")[::2])


def _has(tags: Mapping[str, str], wanted: Mapping[str, Json]) -> bool:
    return wanted["Key"] in tags and (not wanted.get("Values") or tags[wanted["Key"]] in wanted["Values"])


def _others(request: Request, filters: Mapping[str, Json], moto: Answer) -> Iterator[Tagged]:
    token: str | None = ""
    while token is not None:
        page = moto(request.asking(TARGET, {**filters, "PaginationToken": token} if token else filters))
        if page.status != OK:
            raise InvalidParameter(page.body.decode(errors="replace"))
        found = json.loads(page.body)
        for one in found["ResourceTagMappingList"]:
            yield one["ResourceARN"], {tag["Key"]: tag["Value"] for tag in one["Tags"]}
        token = found.get("PaginationToken") or None

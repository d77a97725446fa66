"""What is live: every resource of some kinds, or one, in as few calls as the API allows."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

from reconciler.kinds.base import Kind
from reconciler.model import Address, Identity, Json, Live
from reconciler.ownership import OWNER
from reconciler.ports import Cloud

PAGE = 100  # the most that one page holds, and the most names that one describe takes
GONE = ("DELETED", "INACTIVE")


def read_all(cloud: Cloud, kinds: Iterable[Kind]) -> tuple[Live, ...]:
    """Read all resources of these kinds, the kinds side by side. Revisions: the newest active one stands for all."""
    wanted = tuple(kinds)
    with ThreadPoolExecutor(max_workers=max(1, len(wanted))) as pool:
        found = pool.map(lambda kind: tuple(_live(kind, list(_list(cloud, kind)))), wanted)
        return tuple(live for lives in found for live in lives)


def read_one(cloud: Cloud, kind: Kind, identity: Identity, name: str) -> Live | None:
    """Read one resource by its physical name; None if there is none."""
    reading = kind.reading
    if reading.one_filter:
        items = list(_pages(cloud, reading.operation, reading.result, {**reading.filters, reading.one_filter: name}))
    else:
        key = kind.arn(identity, name) if reading.by_arn else name
        items = list(cloud.call(reading.operation, {reading.names: [key]})[reading.result])
    return next(_live(kind, [item for item in items if item[kind.name_member] == name]), None)


def _list(cloud: Cloud, kind: Kind) -> Iterator[Mapping[str, Json]]:
    reading = kind.reading
    if not reading.listing:
        yield from _pages(cloud, reading.operation, reading.result, reading.filters)
        return
    arns = [item["arn"] for item in _pages(cloud, reading.listing, reading.result, {})]
    for start in range(0, len(arns), PAGE):
        yield from cloud.call(reading.operation, {reading.names: arns[start : start + PAGE]})[reading.result]


def _pages(cloud: Cloud, operation: str, result: str, filters: Mapping[str, Json]) -> Iterator[Mapping[str, Json]]:
    token: Mapping[str, Json] = {}
    while True:
        page = cloud.call(operation, {**filters, "maxResults": PAGE, **token})
        yield from page.get(result, ())
        if not page.get("nextToken"):
            return
        token = {"nextToken": page["nextToken"]}


def _live(kind: Kind, items: Sequence[Mapping[str, Json]]) -> Iterator[Live]:
    present = [item for item in items if item.get("status") not in GONE]
    if not kind.revisions:
        yield from (_one(kind, item) for item in present)
        return
    by_name: dict[str, list[Mapping[str, Json]]] = {}
    for item in present:
        by_name.setdefault(item[kind.name_member], []).append(item)
    yield from (_newest(kind, items) for items in by_name.values())


def _newest(kind: Kind, items: list[Mapping[str, Json]]) -> Live:
    items.sort(key=lambda item: int(item["revision"]))
    owned: Mapping[str, str] = next((item["tags"] for item in reversed(items) if OWNER in item.get("tags", {})), {})
    newest = _one(kind, items[-1])
    revisions = tuple(int(item["revision"]) for item in items)
    return replace(newest, revisions=revisions, claim={} if OWNER in newest.tags else owned)


def _one(kind: Kind, item: Mapping[str, Json]) -> Live:
    apart = {kind.name_member, kind.arn_member, "tags", *kind.response_only}
    return Live(
        address=Address(kind.name, item[kind.name_member]),
        spec={name: value for name, value in item.items() if name not in apart},
        arn=item[kind.arn_member],
        tags=item.get("tags", {}),
        status=item.get("status", ""),
        reason=item.get("statusReason", ""),
    )

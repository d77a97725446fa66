"""What is live: every resource of some kinds, or one, in as few calls as the API allows."""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace

from reconciler.calls import Item, pages, side_by_side
from reconciler.kinds.base import Kind, RevisionUsers
from reconciler.live.ownership import OWNER, owner_of
from reconciler.model import Address, Identity, Json, Live, own_name
from reconciler.ports import Cloud
from reconciler.problems import CloudError, Fault

PAGE = 100  # the most that one page holds, and the most names that one describe takes
HANDFUL = 8  # calls side by side where each is about one resource
DELETED = (
    "DELETED"  # not live any more, but its name is taken until no description has it (CloudFormation roadmap 2463)
)
GONE = (DELETED, "INACTIVE")
NOT_THERE = ("does not exist", "not found")  # the API's messages for what it does not know


@dataclass(frozen=True, slots=True)
class ReadResult:
    """What is live; and of the newer kinds those that could not be read, with the reason, by the kind's name.

    `taken` are resources that are DELETED and still described: nothing else can have their names yet.
    """

    live: tuple[Live, ...]
    unread: Mapping[str, CloudError] = field(default_factory=dict)
    taken: tuple[Live, ...] = ()


Outcome = ReadResult | CloudError


def read_all(cloud: Cloud, kinds: Iterable[Kind]) -> ReadResult:
    """Read all resources of these kinds, the kinds side by side. Revisions: the newest active one stands for all.

    Those that are parts of others are read last, for what was read of the others.
    """
    asked = tuple(kinds)
    results = _read_side_by_side(cloud, [(kind, ()) for kind in asked if not kind.parent])
    results |= _read_side_by_side(cloud, [(kind, _parents(kind, results)) for kind in asked if kind.parent])
    read = [result for result in results.values() if not isinstance(result, CloudError)]
    return ReadResult(
        live=tuple(live for result in read for live in result.live),
        unread={name: result for name, result in results.items() if isinstance(result, CloudError)},
        taken=tuple(live for result in read for live in result.taken),
    )


def read_one(cloud: Cloud, kind: Kind, identity: Identity, name: str) -> Live | None:
    """Read one resource by its physical name; None if there is none."""
    return read_some(cloud, kind, identity, (name,)).get(name)


def read_holder(cloud: Cloud, kind: Kind, identity: Identity, name: str) -> Live | None:
    """Read what holds a physical name, be it DELETED; None if the name is free."""
    return next(
        (_live_of(kind, item) for item in _describe_named(cloud, kind, identity, (name,)) if _name(kind, item) == name),
        None,
    )


def read_some(cloud: Cloud, kind: Kind, identity: Identity, names: Sequence[str]) -> dict[str, Live]:
    """Read the resources of these physical names, by up to 100 a call; those that do not exist are left out."""
    wanted = set(names)
    items = [item for item in _describe_named(cloud, kind, identity, names) if _name(kind, item) in wanted]
    return {live.address.name: live for live in live_from(kind, items)}


def live_from(kind: Kind, items: Sequence[Item]) -> Iterator[Live]:
    """Yield the live resources that descriptions tell of; of a name's revisions, the newest stands for all."""
    present = [item for item in items if item.get("status") not in GONE]
    if not kind.revisions:
        yield from (_live_of(kind, item) for item in present)
        return
    by_name: dict[str, list[Item]] = {}
    for item in present:
        by_name.setdefault(item[kind.name_member], []).append(item)
    yield from (_newest(kind, items) for items in by_name.values())


def active_revisions(cloud: Cloud, kind: Kind, name: str) -> Iterator[tuple[int, Live]]:
    """Return every active revision of one name with its number."""
    revisions = _revisions(cloud, kind, name, kind.read.filters)
    return ((number, live) for number, live in revisions if live.status not in GONE)


def all_revisions(cloud: Cloud, kind: Kind, name: str) -> Iterator[tuple[int, Live]]:
    """Return every revision of one name that AWS still has, with its number: inactive ones are kept for 180 days."""
    return _revisions(cloud, kind, name, {})


def read_uses(cloud: Cloud, using: RevisionUsers, live: Iterable[Live]) -> Mapping[str, int]:
    """Count the users of each revision, by `name:revision`; those that do not tell what they use under "".

    `live` has the resources for which is listed.
    """
    of = [resource for resource in live if resource.address.kind == using.of and using.of_if(resource.spec)]
    requests = [{using.of_member: resource.arn, **filter_} for resource in of for filter_ in using.filters]
    return sum(side_by_side(lambda request: _count_users(cloud, using, request), requests, HANDFUL), Counter[str]())


def _revisions(cloud: Cloud, kind: Kind, name: str, filters: Mapping[str, Json]) -> Iterator[tuple[int, Live]]:
    reading = kind.read
    for item in _paged(cloud, reading.operation, reading.result, {**filters, reading.one_filter: name}):
        if _name(kind, item) == name:
            yield int(item["revision"]), _live_of(kind, item)


def _read_side_by_side(cloud: Cloud, asked: Sequence[tuple[Kind, Sequence[Live]]]) -> dict[str, Outcome]:
    outcomes = side_by_side(lambda pair: _read(cloud, *pair), asked, len(asked))
    return {kind.name: outcome for (kind, _), outcome in zip(asked, outcomes, strict=True)}


def _read(cloud: Cloud, kind: Kind, parents: Sequence[Live]) -> Outcome:
    try:
        items = list(_list(cloud, kind, parents))
    except CloudError as error:
        if kind.read.newer and error.fault in (Fault.DENIED, Fault.REFUSED):
            return error
        raise
    deleted = tuple(_live_of(kind, item) for item in items if item.get("status") == DELETED)
    return ReadResult(tuple(live_from(kind, items)), taken=deleted)


def _parents(kind: Kind, results: Mapping[str, Outcome]) -> Sequence[Live]:
    row = kind.parent_row
    known = results.get(row.refers_to) if row else None
    may_have = kind.read.listed_if
    return (
        [parent for parent in known.live if may_have is None or may_have(parent.spec)]
        if isinstance(known, ReadResult)
        else []
    )


def _list(cloud: Cloud, kind: Kind, parents: Sequence[Live]) -> Iterator[Item]:
    reading = kind.read
    if not reading.listing:
        yield from _paged(cloud, reading.operation, reading.result, reading.filters)
        return
    of = [{kind.parent.member: parent.arn} for parent in parents] if kind.parent else [{}]
    arns = [
        arn for listed in side_by_side(lambda within: _list_arns(cloud, kind, within), of, HANDFUL) for arn in listed
    ]
    if not reading.result:
        for items in side_by_side(lambda arn: _describe(cloud, kind, arn), arns, HANDFUL):
            yield from items
        return
    for start in range(0, len(arns), PAGE):
        yield from cloud.call(reading.operation, {reading.names: arns[start : start + PAGE]})[reading.result]


def _describe_named(cloud: Cloud, kind: Kind, identity: Identity, names: Sequence[str]) -> Iterator[Item]:
    """Yield the descriptions of some names, and of others where that takes fewer calls."""
    reading = kind.read
    if not reading.result:
        # What a description of the unknown answers is documented nowhere: a list shows what exists.
        parents = {name.rpartition("/")[0] for name in names}
        within = [{kind.parent.member: name} if kind.parent else {} for name in parents]
        known = {arn for parent in within for arn in _list_arns(cloud, kind, parent)}
        arns = [kind.arn(identity, name) for name in names]
        yield from (item for arn in arns if arn in known for item in _describe(cloud, kind, arn))
    elif not reading.one_filter:
        ids = [kind.arn(identity, name) if reading.by_arn else name for name in names]
        for start in range(0, len(ids), PAGE):
            yield from cloud.call(reading.operation, {reading.names: ids[start : start + PAGE]})[reading.result]
    elif len(names) <= HANDFUL:
        for name in names:
            only = {**reading.filters, reading.one_filter: name}
            yield from _paged(cloud, reading.operation, reading.result, only)
    else:
        yield from _paged(cloud, reading.operation, reading.result, reading.filters)


def _list_arns(cloud: Cloud, kind: Kind, of: Mapping[str, str]) -> list[str]:
    """Return the ARNs that a listing has; none of something that has gone in the meantime."""
    reading = kind.read
    try:
        items = list(_paged(cloud, reading.listing, reading.listed or reading.result, of))
    except CloudError as error:
        if of and is_gone(error):
            return []
        raise
    return [item[kind.arn_member] for item in items]


def _count_users(cloud: Cloud, using: RevisionUsers, request: Mapping[str, Json]) -> Counter[str]:
    """Count what the users in one listing use; there are none where the resource has gone in the meantime."""
    try:
        users = _paged(cloud, using.operation, using.result, request)
        return Counter(own_name(user.get(using.member, "")) for user in users)
    except CloudError as error:
        if is_gone(error):
            return Counter()
        raise


def _describe(cloud: Cloud, kind: Kind, arn: str) -> list[Item]:
    """Return the description of one resource; none if it has gone since it was listed."""
    try:
        return [cloud.call(kind.read.operation, {kind.read.names: arn})]
    except CloudError as error:
        if is_gone(error):
            return []
        raise


def _paged(cloud: Cloud, operation: str, result: str, filters: Mapping[str, Json]) -> Iterator[Item]:
    return pages(cloud, operation, {"maxResults": PAGE, **filters}, result)


def is_gone(error: CloudError) -> bool:
    return error.fault is Fault.REFUSED and any(text in error.message for text in NOT_THERE)


def _newest(kind: Kind, items: list[Item]) -> Live:
    items.sort(key=lambda item: int(item["revision"]))
    owned = {int(item["revision"]): item["tags"] for item in items if OWNER in item.get("tags", {})}
    return replace(
        _live_of(kind, items[-1]),
        revisions=tuple(int(item["revision"]) for item in items),
        owned=owned,
        unowned=tuple(int(item["revision"]) for item in items if owner_of(item.get("tags", {})) is None),
    )


def _live_of(kind: Kind, item: Item) -> Live:
    apart = {kind.name_member, kind.arn_member, "tags", *kind.read.response_only}
    ours = {row.response_name: row.name for row in kind.fields if row.response_name}
    return Live(
        address=Address(kind.name, _name(kind, item)),
        spec={ours.get(name, name): value for name, value in item.items() if name not in apart},
        arn=item[kind.arn_member],
        tags=item.get("tags", {}),
        status=item.get("status", ""),
        reason=item.get("statusReason", ""),
        observed={name: item[name] for name in kind.read.response_only if name in item},
    )


def _name(kind: Kind, item: Item) -> str:
    row = kind.parent_row
    return kind.name_within(item[row.response_name or row.name] if row else "", item[kind.name_member])

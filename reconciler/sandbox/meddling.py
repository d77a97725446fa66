"""An outside hand: it changes what is live by the API's own calls, and knows nothing of stacks."""

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

from reconciler.apply.wait import Unsettled, wait
from reconciler.diff import Difference, Left, difference, sides_of
from reconciler.kinds import KINDS, kind_named
from reconciler.kinds.base import Field, Form, Kind
from reconciler.load.findings import did_you_mean, listed
from reconciler.model import Address, Call, Cost, Desired, FieldChange, Identity, Json, Live, Spec, Step, Until, Wait
from reconciler.ownership import logical_name, own_name, own_tags, users_tags
from reconciler.ports import Clock, Cloud
from reconciler.problems import WrongUsage
from reconciler.read import read_all, read_one
from reconciler.sandbox.relationships import environments_of
from reconciler.sendable import sendable
from reconciler.steps import tag_steps, update_steps

TAGS = "tags."
ENTRY = re.compile(r"\.?\[|\.(?:\*|[0-9]+)(?:\.|$)")  # where a path goes on into an entry of a list
LONGEST = 20.0  # seconds to wait for it to settle: who made the sandbox slow can turn its clock


@dataclass(frozen=True, slots=True, kw_only=True)
class Meddled:
    """What was changed, by which calls, and the status that the resource has since."""

    address: Address
    fields: tuple[FieldChange, ...]
    calls: tuple[str, ...]
    status: str


def meddle(cloud: Cloud, clock: Clock, wanted: str, members: Mapping[str, Json]) -> Meddled:
    """Change members of `KIND/NAME`; a null takes a member or a tag away. Raises `WrongUsage` and `CloudError`."""
    kind, live = found(cloud, wanted)
    spec: Spec = live.spec
    for member, value in members.items():
        if not member.startswith(TAGS):
            spec = _with(spec, member_path(kind, live.spec, member).split("."), value)
    labels = {member.removeprefix(TAGS): value for member, value in members.items() if member.startswith(TAGS)}
    change = _difference(kind, live, spec, labels, cloud.identity())
    steps = _steps(kind, live, change)
    for step in steps:
        _do(step, kind, live, cloud, clock)
    after = read_one(cloud, kind, cloud.identity(), live.address.name)
    calls = tuple(step.operation for step in steps if isinstance(step, Call))
    return Meddled(address=live.address, fields=change.fields, calls=calls, status=after.status if after else "")


def found(cloud: Cloud, wanted: str) -> tuple[Kind, Live]:
    """Return what `KIND/NAME` is called, by its physical or its logical name. Raises `WrongUsage`."""
    noun, slash, name = wanted.partition("/")
    if not slash or not name:
        raise WrongUsage(f"{wanted!r} is not KIND/NAME", hint="as in ComputeEnvironment/spot")
    kind = kind_of(noun)
    known = [live for live in read_all(cloud, KINDS.values()).live if live.address.kind == kind.name]
    alike = [live for live in known if live.address.name == name] or [
        live for live in known if logical_name(live) == name
    ]
    if len(alike) == 1:
        return kind, alike[0]
    here = cloud.identity()
    if alike:
        hint = f"give its physical name: {listed(live.address.name for live in alike)}"
        raise WrongUsage(f"several {kind.section} are called {name}", hint=hint)
    names = [live.address.name for live in known]
    there = f"there are {listed(names, 'and')}" if names else f"there are no {kind.section} at all"
    hint = did_you_mean(name, names, there)
    raise WrongUsage(f"there is no {kind.name}/{name} in {here.region} of account {here.account}", hint=hint)


def environments_behind(live: Live) -> tuple[str, ...]:
    """Return the ARNs of the environments that a queue's jobs run on. Raises `WrongUsage` if it is no queue."""
    arns = tuple(sorted(environments_of(live.spec)))
    if not arns:
        raise WrongUsage(f"{live.address} has no environments", hint="only a queue has, as in JobQueue/pricing")
    return arns


def address_of(arn: str) -> Address:
    path = arn.split(":", 5)[-1].split("/")  # nouns and names by turns; parts follow what they are part of
    return Address(kind_of(path[-2]).name, "/".join(path[1::2]))


def member_path(kind: Kind, live: Spec, member: str) -> str:
    """Return the whole path of a member that is given by its path or by its last name."""
    known = tuple(_paths(kind.fields))
    if f"{member}." == TAGS:
        raise WrongUsage("tags are changed one by one", hint="as in tags.team=ops; `tags.team=` takes one off")
    parent, _, last = member.rpartition(".")
    if member in known or (parent in known and _is_map(kind, parent)):
        return member
    alike = [path for path in known if path.rpartition(".")[2] == last and not parent]
    there = [path for path in alike if _has(live, path.split("."))] or alike
    if len(there) == 1:
        return there[0]
    if there:
        raise WrongUsage(f"{member} may be {listed(there)}", hint="give the whole path")
    whole = ENTRY.split(member)[0]
    if whole != member and whole in known:
        hint = f"give the whole list, as in {whole}='[…]'"
        raise WrongUsage(f"{whole} is a list, and its entries are not changed one by one", hint=hint)
    hint = did_you_mean(member, (*known, *(path.rpartition(".")[2] for path in known)), f"see `{_explain(kind)}`")
    raise WrongUsage(f"{kind.name} has no member {member}", hint=hint)


def kind_of(name: str) -> Kind:
    kind = kind_named(name)
    if kind is None:
        hint = did_you_mean(name, KINDS, f"there are {listed(KINDS, 'and')}")
        raise WrongUsage(f"there is no kind {name}", hint=hint)
    return kind


def _difference(kind: Kind, live: Live, spec: Spec, labels: Mapping[str, Json], here: Identity) -> Difference:
    """Compare as if somebody had declared it so; the tags of ours stay what they are unless they are named."""
    tags = {key: value for key, value in {**live.tags, **labels}.items() if value is not None}
    name = live.address.name
    desired = Desired(address=live.address, name=name, arn=live.arn, spec=spec, tags=users_tags(tags), live=live)
    return difference(kind, desired, live, sides_of(kind, desired, live, here, {}), Left(), own_tags(tags))


def _steps(kind: Kind, live: Live, found: Difference) -> tuple[Step, ...]:
    members = [change for change in found.fields if not change.path.startswith(TAGS)]
    for change in members:
        if change.cost in (Cost.REPLACE, Cost.IMPOSSIBLE):
            hint = change.why or "it is what it was created with"
            raise WrongUsage(f"nobody can change {change.path} of a {kind.noun} to that", hint=hint)
    if not kind.revisions:
        return update_steps(kind, live, found) if not found.is_empty else ()
    request = {kind.name_member: own_name(live.address.name), **sendable(kind.rows, found.desired)}
    registering = (Call(kind.create, request, f"register {live.address.name} by hand"),) if members else ()
    return (*tag_steps(live.arn, found.tag, found.untag), *registering)


def _do(step: Step, kind: Kind, live: Live, cloud: Cloud, clock: Clock) -> None:
    if isinstance(step, Call):
        cloud.call(step.operation, step.request)
        return
    patience = Wait(Until.SETTLED, LONGEST, step.says)
    try:
        wait(patience, kind, live.address.name, cloud, clock, lambda _status: None)
    except Unsettled:
        return  # the status tells; where a call follows, AWS refuses it in its own words


def _paths(fields: Iterable[Field], within: str = "") -> Iterator[str]:
    """Yield the members that can be named alone; those of lists cannot."""
    for row in fields:
        path = f"{within}{row.name}"
        yield path
        if row.form is Form.STRUCT:
            yield from _paths(row.members, f"{path}.")


def _is_map(kind: Kind, path: str) -> bool:
    return kind.rows_on(path.split("."))[-1].form is Form.MAP


def _has(body: Json, path: list[str]) -> bool:
    if not path:
        return True
    return isinstance(body, Mapping) and path[0] in body and _has(body[path[0]], path[1:])


def _with(body: Json, path: list[str], value: Json) -> dict[str, Json]:
    first, *rest = path
    before = dict(body or {})
    if rest:
        return {**before, first: _with(before.get(first), rest, value)}
    before.pop(first, None)
    return before if value is None else {**before, first: value}


def _explain(kind: Kind) -> str:
    return f"reconciler explain {kind.section}"

"""From logical names to one account and region: physical names, ARNs for references, merged tags, live matches."""

import difflib
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from fnmatch import fnmatchcase

from reconciler.kinds import KINDS, SECTIONS
from reconciler.kinds.base import Field, Form, Kind, Row, Rows
from reconciler.live.ownership import is_ours, logical_name
from reconciler.model import Address, Declared, Desired, Identity, Ignore, Json, Live, Path, Stack, target_of
from reconciler.placeholders import Unknown
from reconciler.problems import Problem

REVISION = re.compile(r"(.*?[^:0-9][^:]*)(:[0-9]+)")  # what is named with a revision: `simulate:3`


def without_revision(arn: str) -> str:
    """Return the ARN that all revisions of a definition have in common."""
    parts = REVISION.fullmatch(arn)
    return parts[1] if parts and ":job-definition/" in arn else arn


@dataclass(frozen=True, slots=True)
class LiveIndex:
    """What is live, found by logical address (ours alone), by physical address, and by ARN.

    While one resource replaces another, two are ours under one address: `ours` has the one that stands, `owned` all.
    `successor_names` are the physical names of those that are to be created in the place of the one that stands.
    """

    ours: Mapping[Address, Live]
    named: Mapping[Address, Live]
    arns: Mapping[str, Live]
    owned: tuple[Live, ...] = ()
    successor_names: Mapping[Address, str] = field(default_factory=dict)

    def all_of(self, address: Address) -> tuple[Live, ...]:
        """Return all that are ours under an address."""
        same = (resource for resource in self.owned if resource.address.kind == address.kind)
        return tuple(resource for resource in same if logical_name(resource) == address.name)


def index_live(live: Iterable[Live], stack: Stack) -> LiveIndex:
    everything = tuple(live)
    owned = tuple(resource for resource in everything if is_ours(resource, stack.name, stack.name_prefix))
    return LiveIndex(
        ours={Address(resource.address.kind, logical_name(resource)): resource for resource in owned},
        owned=owned,
        named={resource.address: resource for resource in everything},
        arns={resource.arn: resource for resource in everything},
    )


def resolve(stack: Stack, identity: Identity, index: LiveIndex) -> tuple[tuple[Desired, ...], tuple[Problem, ...]]:
    """Return every declared resource with its place in the index, and the names and references that do not work out."""
    resolver = _Resolver(stack, identity, index)
    desired = tuple(resolver.desired(declared) for declared in stack.declared.values())
    return desired, (*resolver.problems, *_contested(desired))


def references(rows: Iterable[Row], body: Json, path: Path = ()) -> Iterator[tuple[Path, Field, str]]:
    """Yield every reference to another Batch resource in a body, with its place and its row.

    A name that nobody has looked up is one; what is in a structure or list that nobody has looked up is not known.
    """
    if isinstance(body, Unknown):
        return
    for row in Rows.of(rows).references:
        value, here = body.get(row.name), (*path, row.name)
        if value is None:
            continue
        if row.form is Form.REFERENCE and row.refers_to in KINDS:
            yield here, row, value
        elif row.form is Form.SET and row.refers_to in KINDS:
            yield from (((*here, index), row, entry) for index, entry in enumerate(value))
        elif row.form is Form.STRUCT:
            yield from references(row.fields, value, here) if isinstance(value, Mapping) else ()
        elif row.fields and not isinstance(value, Unknown):
            for index, entry in enumerate(value):
                yield from references(row.fields, entry, (*here, index))


@dataclass(frozen=True, slots=True)
class StackReferences:
    """What each declared resource of a stack refers to. A target need not be declared."""

    stack: str
    edges: Mapping[Address, tuple[Address, ...]]


def references_of(stack: Stack) -> StackReferences:
    bodies = {each.address: each.spec for each in stack.bodies}
    edges = {
        address: tuple(
            sorted({target_of(row.refers_to, to) for _, row, to in references(SECTIONS[address.kind].rows, spec)})
        )
        for address, spec in bodies.items()
    }
    return StackReferences(stack.name, edges)


def referred_arns(live: Live) -> frozenset[str]:
    """Return the ARNs of what a live resource refers to."""
    return frozenset(arn for _, _, arn in references(KINDS[live.address.kind].rows, live.spec))


def live_match(stack: Stack, declared: Declared, index: LiveIndex) -> Live | None:
    """Find the live resource of a declaration: by our tags, by a former name, else by physical name."""
    kind = declared.address.kind
    former = declared.lifecycle.renamed_from
    if declared.address in index.successor_names:
        return None
    return (
        index.ours.get(declared.address)
        or (index.ours.get(Address(kind, former)) if former else None)
        or index.named.get(Address(kind, physical_name(stack, declared, index)))
    )


def physical_name(stack: Stack, declared: Declared, index: LiveIndex) -> str:
    """Return the name that a declaration has when it is created anew; `parent/name` where it is part of another."""
    kind = KINDS[declared.address.kind]
    if declared.address in index.successor_names:
        return index.successor_names[declared.address]
    own = (kind.scope(stack.name) if kind.scope else "") + stack.name_prefix + declared.address.name
    row = kind.parent_row
    if row is None:
        return own
    named = str(declared.spec.get(row.name, ""))
    parent = stack.declared.get(Address(row.refers_to, named))
    if parent is None:
        return kind.name_within(named, own)
    live = live_match(stack, parent, index)
    return kind.name_within(live.address.name if live else physical_name(stack, parent, index), own)


def used_kinds(stack: Stack) -> frozenset[str]:
    """Return the kinds that the stack declares or refers to."""
    referred = {
        row.refers_to
        for declared in stack.declared.values()
        for _, row, _ in references(KINDS[declared.address.kind].rows, declared.spec)
    }
    return frozenset({address.kind for address in stack.declared} | referred)


def ignored_members(ignore: Iterable[Ignore], address: Address) -> dict[str, str]:
    """Return the members of a resource that the stack leaves alone, each with the reason."""
    return {
        member: f"{entry.reason} (until {entry.expires})" if entry.expires else entry.reason
        for entry in ignore
        if fnmatchcase(str(address), entry.resources)
        for member in entry.members
    }


@dataclass(slots=True)
class _Resolver:
    stack: Stack
    identity: Identity
    index: LiveIndex
    problems: list[Problem] = field(default_factory=list)
    by_physical_name: dict[str, dict[str, Address]] = field(
        default_factory=dict
    )  # and by ARN; of each kind, when asked

    def desired(self, declared: Declared) -> Desired:
        kind = KINDS[declared.address.kind]
        live = live_match(self.stack, declared, self.index)
        name = live.address.name if live else physical_name(self.stack, declared, self.index)
        needs: dict[Address, None] = {}
        spec = dict(declared.spec)
        for path, row, value in references(kind.rows, declared.spec):
            arn, need = self.target(declared, path, row, value)
            spec = with_value(spec, path, arn)
            if need:
                needs[need] = None
        own_tags = spec.pop("tags", {})
        tags = {**self.stack.tags, **own_tags} if kind.is_taggable else {}
        return Desired(
            address=declared.address,
            name=name,
            arn=live.arn if live else "" if kind.revisions else kind.arn(self.identity, name),
            spec=spec,
            tags=tags,
            lifecycle=declared.lifecycle,
            needs=tuple(needs),
            ignored=ignored_members(self.stack.ignore, declared.address),
            live=live,
            places=declared.places,
        )

    def target(self, declared: Declared, path: Path, row: Field, value: str) -> tuple[str, Address | None]:
        """Return the ARN that a reference means, and the stack's resource behind it, if there is one."""
        kind = KINDS[row.refers_to]
        if kind.revisions:
            return self.target_of_revision(declared, path, kind, value)
        if (address := Address(kind.name, value)) in self.stack.declared:
            return self.arn_of(kind, address), address
        if value.startswith("arn:"):
            return self.existing(declared, path, kind, value, self.index.arns.get(value))
        return self.existing(declared, path, kind, value, self.index.named.get(address))

    def target_of_revision(self, declared: Declared, path: Path, kind: Kind, value: str) -> tuple[str, Address | None]:
        """Return an ARN with the revision that is named, if one is: without, it means the newest of its time."""
        parts = REVISION.fullmatch(value)
        name, revision = (parts[1], parts[2]) if parts else (value, "")
        address = Address(kind.name, name)
        if address in self.stack.declared:
            return f"{without_revision(self.arn_of(kind, address))}{revision}", address
        known = (live for live in self.index.named.values() if without_revision(live.arn) == name)
        live = next(known, None) if name.startswith("arn:") else self.index.named.get(address)
        arn, need = self.existing(declared, path, kind, name, live)
        return f"{without_revision(arn)}{revision}", need

    def existing(
        self, declared: Declared, path: Path, kind: Kind, value: str, live: Live | None
    ) -> tuple[str, Address | None]:
        if live is None and (address := self.declared_as(kind).get(value)):
            return self.arn_of(kind, address), address
        if live is None:
            self.problems.append(self.nothing(declared, path, kind, value))
            return value, None
        logical = Address(kind.name, logical_name(live))
        is_declared = logical in self.stack.declared and self.arn_of(kind, logical) == live.arn
        return live.arn, logical if is_declared else None

    def declared_as(self, kind: Kind) -> dict[str, Address]:
        """Return what the stack declares of a kind by the names and ARNs that it has in AWS, or is going to have."""
        if kind.name not in self.by_physical_name:
            ours = [address for address in self.stack.declared if address.kind == kind.name]
            named = {physical_name(self.stack, self.stack.declared[address], self.index): address for address in ours}
            arns = {kind.arn(self.identity, name): address for name, address in named.items()}
            self.by_physical_name[kind.name] = {**named, **arns}
        return self.by_physical_name[kind.name]

    def nothing(self, declared: Declared, path: Path, kind: Kind, value: str) -> Problem:
        known = {address.name for address in (*self.stack.declared, *self.index.named) if address.kind == kind.name}
        near = difflib.get_close_matches(value, known, n=1)
        hint = f"did you mean {near[0]}?" if near else f"declare it under {kind.section}, or use an existing one"
        message = f"{declared.address}: the {kind.noun} {value} exists neither in this stack nor in the account"
        return Problem("REF001", message, declared.places.find(path), hint)

    def arn_of(self, kind: Kind, address: Address) -> str:
        declared = self.stack.declared[address]
        live = live_match(self.stack, declared, self.index)
        return live.arn if live else kind.arn(self.identity, physical_name(self.stack, declared, self.index))


def _contested(desired: Iterable[Desired]) -> Iterator[Problem]:
    """A live resource is one of the declared at most. A former name leads two to it, or one that another still has."""
    claimed: dict[str, list[tuple[Desired, Live]]] = {}
    for resource in desired:
        if resource.live:
            claimed.setdefault(resource.live.arn, []).append((resource, resource.live))
    for (first, live), *others in claimed.values():
        claimants = [first, *(other for other, _ in others)]
        owner = next((resource for resource in claimants if resource.address.name == logical_name(live)), first)
        for resource in claimants:
            if resource is not owner:
                message = f"{resource.address}: {live.address.name} is already {owner.address} of this stack"
                hint = f"rename {resource.address.name}, or remove {owner.address.name}"
                yield Problem("REF002", message, resource.places.find(()), hint)


def with_value(body: Json, path: Path, value: Json) -> Json:
    """Return a copy of a body with a value at a path, all of which exists."""
    step, *deeper = path
    inner = with_value(body[step], tuple(deeper), value) if deeper else value
    if isinstance(step, int):
        return [inner if index == step else item for index, item in enumerate(body)]
    return {**body, step: inner}

"""Resources: defaults merged below, shorts written out, lifecycle taken apart, names checked."""

import re
from collections.abc import Callable, Iterable, Iterator
from collections.abc import Mapping as MappingABC
from dataclasses import dataclass, replace

from reconciler.kinds import KINDS, SECTIONS
from reconciler.kinds.base import Declarable, Field, Form, Kind, ReplacementMethod
from reconciler.kinds.submission import JOB
from reconciler.load.expand import Expander
from reconciler.load.sections import Gathered, RequestFile
from reconciler.model import Address, Declared, DeclaredJob, Json, Lifecycle, Spec
from reconciler.placeholders import Secret, Unknown, holds_secret, holds_unknown
from reconciler.problems import Problem, Severity
from reconciler.syntax.diagnostics import Findings, did_you_mean, listed, mapping_of, refuse_secret, text_from
from reconciler.syntax.nodes import (
    Broken,
    BrokenValue,
    MappingNode,
    Node,
    NodePlaces,
    Scalar,
    SequenceNode,
    SourceMark,
    is_null,
    text_of,
    value_of,
    value_with_gaps,
    where_of,
)

# The short spellings that rows of a kind's table allow, written out.

PAIR = 2  # a ranked structure that a name alone can stand for has its rank and one more member


def written_out(of: Declarable, body: MappingNode, findings: Findings) -> MappingNode:
    """Return a body in the API's own members. Only members of the body itself have shorts."""
    keys = body.keys
    rows = [row for row in of.fields if row.short in keys or (row.name in keys and _is_pair(row))]
    if not rows:
        return body
    writer = _Writer(findings)
    entries = dict(body.entries)
    for row in rows:
        if row.short in entries:
            writer.rename(row, entries)
        if _is_pair(row) and row.name in entries:
            mark, node = entries[row.name]
            entries[row.name] = (mark, writer.ranked(row, node))
    return MappingNode(entries, body.mark)


def _is_pair(row: Field) -> bool:
    return row.form is Form.RANKED and len(row.fields) == PAIR


@dataclass(frozen=True, slots=True)
class _Writer:
    findings: Findings

    def rename(self, row: Field, entries: dict[str, tuple[SourceMark, Node]]) -> None:
        mark, node = entries.pop(row.short)
        if row.name in entries:
            message = f"{row.short} is short for {row.name}, which is also set at {where_of(entries[row.name][0])}"
            self.findings.add("STK010", message, mark, "remove one of them")
        else:
            entries[row.name] = (mark, node)

    def ranked(self, row: Field, node: Node) -> Node:
        if not isinstance(node, SequenceNode) or not any(isinstance(item, Scalar) for item in node.items):
            return node
        other = next(field.name for field in row.fields if field.name != row.key)
        if not all(isinstance(item, Scalar) for item in node.items):
            odd = next(item for item in node.items if isinstance(item, Scalar))
            message = f"{row.name} mixes names with mappings"
            self.findings.add("STK010", message, odd.mark, f"write only names, or {{{row.key}, {other}}} for each")
            return node
        return SequenceNode(
            tuple(_pair(row.key, rank, other, item) for rank, item in enumerate(node.items, 1)), node.mark
        )


def _pair(key: str, rank: int, other: str, item: Node) -> MappingNode:
    return MappingNode({key: (item.mark, Scalar(rank, item.mark)), other: (item.mark, item)}, item.mark)


# Defaults below a resource: mappings merge, everything else is replaced, null takes a default away.


def merged(over: MappingNode, under: MappingNode) -> MappingNode:
    """Return `over` with what only `under` has. Every value keeps the place where it is written."""
    entries = {
        key: (mark, _merged(node, under.entries[key][1]) if key in under.entries else node)
        for key, (mark, node) in over.entries.items()
        if not (is_null(node) and key in under.entries)
    }
    added = {key: entry for key, entry in under.entries.items() if key not in over.entries and not is_null(entry[1])}
    return MappingNode({**entries, **added}, over.mark)


def _merged(over: Node, under: Node) -> Node:
    return merged(over, under) if isinstance(over, MappingNode) and isinstance(under, MappingNode) else over


# How a resource is to be treated: the `lifecycle` beside its body.

ALL = "all"
ORDINARY = Lifecycle()
BLUE_GREEN, REFUSE = "blue-green", "refuse"


@dataclass(frozen=True, slots=True)
class _LifecycleField:
    name: str  # in the model
    takes: str
    fits: Callable[[Json], bool]
    convert: Callable[[Json], Json] = lambda value: value
    of_if: Callable[[Kind, Json], bool] = lambda _kind, _value: True  # whether a value has an effect on a kind
    beside: str = ""  # the member without which it has none


def _one_of(*words: str) -> Callable[[Json], bool]:
    return lambda value: isinstance(value, str) and value.lower() in words


def _is_bool(value: Json) -> bool:
    return isinstance(value, bool)


def _are_texts(value: Json) -> bool:
    return isinstance(value, list) and all(isinstance(item, str) for item in value)


def _is_count(value: Json) -> bool:
    return value == ALL or (isinstance(value, int) and not isinstance(value, bool) and value >= 1)


def _has_succession(kind: Kind, value: Json) -> bool:
    return kind.replacement is not None and (value == REFUSE or kind.replacement is ReplacementMethod.BLUE_GREEN)


MEMBERS: MappingABC[str, _LifecycleField] = {
    "preventDestroy": _LifecycleField("prevent_destroy", "true or false", _is_bool),
    "ignoreChanges": _LifecycleField(
        "ignore_changes", "a list of fields, such as [computeResources.maxvCpus]", _are_texts, tuple
    ),
    "replace": _LifecycleField(
        "replace", "blue-green or refuse", _one_of(BLUE_GREEN, REFUSE), str.lower, of_if=_has_succession
    ),
    "retainRevisions": _LifecycleField(
        "retain_revisions",
        "a number from 1, or all",
        _is_count,
        lambda value: None if value == ALL else int(value),
        of_if=lambda kind, _value: kind.revisions is not None,
    ),
    "unownedRevisions": _LifecycleField(
        "unowned_revisions",
        "keep or prune",
        _one_of("keep", "prune"),
        str.lower,
        of_if=lambda kind, _value: kind.revisions is not None,
        beside="retainRevisions",
    ),
    "onRemove": _LifecycleField("on_remove", "delete or orphan", _one_of("delete", "orphan"), str.lower),
    "renamedFrom": _LifecycleField(
        "renamed_from", "the former name", lambda value: isinstance(value, str) and value != ""
    ),
    "adopt": _LifecycleField("adopt", "true or false", _is_bool),
    "runsOn": _LifecycleField(
        "runs_on",
        "a list of job queues, such as [pricing]",
        _are_texts,
        tuple,
        of_if=lambda kind, _value: kind.revisions is not None,  # jobs are submitted from what has revisions
    ),
}


def lifecycle_of(kind: Kind, node: Node, findings: Findings) -> Lifecycle:
    section = mapping_of(node, "lifecycle", findings)
    given: dict[str, Json] = {}
    for key, (mark, inner) in section.entries.items() if section else ():
        if key not in MEMBERS:
            hint = did_you_mean(key, MEMBERS, f"its fields are {listed(MEMBERS, 'and')}")
            findings.add("LIF001", f"{key} is not a field of lifecycle", mark, hint)
        elif not is_null(inner):
            given |= _read(kind, key, inner, findings)
    lifecycle = Lifecycle(**given)
    for key, (mark, _) in section.entries.items() if section else ():
        member = MEMBERS.get(key)
        other = MEMBERS[member.beside] if member and member.beside else None
        is_set = member is not None and getattr(lifecycle, member.name) != getattr(ORDINARY, member.name)
        if member and other and is_set and getattr(lifecycle, other.name) is None:
            message = f"lifecycle.{key} has no effect without {member.beside}"
            findings.add("LIF003", message, mark, f"set {member.beside} to {other.takes}", Severity.WARNING)
    return lifecycle


def spelled(lifecycle: Lifecycle) -> dict[str, Json]:
    """Return what a lifecycle says beyond the ordinary, as users write it."""
    members = {key: getattr(lifecycle, member.name) for key, member in MEMBERS.items()}
    unusual = {key: value for key, value in members.items() if value != getattr(ORDINARY, MEMBERS[key].name)}
    return {key: list(value) if isinstance(value, tuple) else value for key, value in unusual.items()}


def _read(kind: Kind, key: str, node: Node, findings: Findings) -> dict[str, Json]:
    member = MEMBERS[key]
    try:
        value = value_of(node)
    except BrokenValue:
        return {}
    if holds_unknown(value):
        return {}
    if holds_secret(value):
        refuse_secret(f"lifecycle.{key}", node.mark, findings)
        return {}
    if not member.fits(value):
        findings.add("LIF002", f"lifecycle.{key} must be {member.takes}", node.mark)
        return {}
    if not member.of_if(kind, member.convert(value)):
        message = f"lifecycle.{key}: {value} has no effect on a {kind.noun}"
        findings.add("LIF003", message, node.mark, "remove it", Severity.WARNING)
    return {member.name: member.convert(value)}


GAP = Unknown("<cannot be read>")
NAME_HINT = "1 to 128 letters, digits, hyphens and underscores are allowed"
# CreateComputeEnvironment: "It can be up to 128 characters long. It can contain uppercase and lowercase letters,
# numbers, hyphens (-), and underscores (_)." The other kinds say the same of their names.
NAME = re.compile(r"[A-Za-z0-9_-]{1,128}")


@dataclass(frozen=True, slots=True)
class WrittenBody:
    """A body as it is written: its name, the place of the name."""

    of: Declarable
    name: str
    mark: SourceMark
    node: MappingNode

    @property
    def address(self) -> Address:
        return Address(self.of.name, self.name)


@dataclass(frozen=True, slots=True)
class ReadBody:
    """A body with its values, and the node of our own member beside its fields."""

    spec: Json
    own: Node | None
    places: NodePlaces


def declared_resources(reader: "BodyReader", prefix: str) -> dict[Address, Declared]:
    """Return the resources in file order. What could not be read is left out: no later stage complains again."""
    declared: dict[Address, Declared] = {}
    for address, written in by_address(reader.written(), reader.findings):
        reader.check_name(written, prefix)
        body = reader.body(written)
        lifecycle = lifecycle_of(reader.kinds[address.kind], body.own, reader.findings) if body.own else Lifecycle()
        declared[address] = Declared(address, body.spec, lifecycle, body.places)
    return declared


def by_address(written: Iterable[WrittenBody], findings: Findings) -> Iterator[tuple[Address, WrittenBody]]:
    """Yield bodies in file order; of two with one address the first."""
    seen: dict[Address, SourceMark] = {}
    for body in sorted(written, key=lambda body: where_of(body.mark)):
        if body.address in seen:
            message = f"{body.address} is declared twice; first at {where_of(seen[body.address])}"
            findings.add("STK006", message, body.mark, "remove or rename one of them")
            continue
        seen[body.address] = body.mark
        yield body.address, body


def _is_described(kind: Kind, node: Node) -> bool:
    """Whether a section is a list of resources with their ARNs, as only AWS writes it."""
    items = node.items if isinstance(node, SequenceNode) else ()
    return any(isinstance(item, MappingNode) and kind.arn_member in item.keys for item in items)


@dataclass(frozen=True, slots=True)
class BodyReader:
    """Reads the sections of a stack. `defaults` are by what they are for, over all files."""

    gathered: Gathered
    kinds: MappingABC[str, Kind]
    expander: Expander
    defaults: MappingABC[str, MappingNode]

    @classmethod
    def of(cls, gathered: Gathered, kinds: MappingABC[str, Kind], expander: Expander) -> "BodyReader":
        of_sections = {**{kind.section: kind for kind in kinds.values()}, JOB.section: JOB}
        return cls(gathered, kinds, expander, _DefaultsReader(gathered, of_sections, expander).read())

    @property
    def findings(self) -> Findings:
        return self.expander.findings

    def written(self) -> Iterator[WrittenBody]:
        for kind in self.kinds.values():
            for entry in self.gathered.entries(kind.section):
                node = entry.expanded(self.expander)
                if _is_described(kind, node):
                    message = f"this is output of `aws batch {kind.read.command}`, not a section of a stack"
                    hint = f"use `reconciler import --json {node.mark.name} --to DIR` to create a stack from it"
                    self.findings.add("STK005", message, node.mark, hint)
                    continue
                yield from self.of_section(kind, node)
        for bare in self.gathered.bare:
            yield from self.bare(bare)

    def of_section(self, of: Declarable, node: Node) -> Iterator[WrittenBody]:
        section = mapping_of(node, of.section, self.findings)
        misplaced = self.misplaced(of, section) if section else ()
        for name, (mark, inner) in section.entries.items() if section else ():
            body = None if name in misplaced else mapping_of(inner, f"{of.name}/{name}", self.findings)
            if body:
                yield WrittenBody(of, name, mark, body)

    def misplaced(self, of: Declarable, section: MappingNode) -> tuple[str, ...]:
        """Return what stands where names of resources belong and is none, after saying so."""
        nameless = _nameless(of, section)
        noun = of.noun.replace("-", " ")
        if nameless:
            message = f"{listed(nameless, 'and')} found where {of.section} requires names: the {noun} has no name"
            hint = f"add the name of the {noun} above, and indent its fields"
            self.findings.add("STK005", message, next(iter(nameless.values())), hint)
        sections = [name for name in section.entries if name in {other.section for other in self.kinds.values()}]
        for name in sections:
            message, hint = f"{name} is inside {of.section}", f"indent it like {of.section}"
            self.findings.add("STK005", message, section.entries[name][0], hint)
        return (*nameless, *sections)

    def bare(self, bare: RequestFile) -> Iterator[WrittenBody]:
        mark, node = bare.body.entries[bare.kind.name_member]
        name = text_from(node, mark, bare.kind.name_member, self.findings)
        if name is not None:
            yield WrittenBody(bare.kind, name, node.mark, bare.body)

    def check_name(self, written: WrittenBody, prefix: str) -> None:
        prefix = prefix if NAME.fullmatch(f"{prefix}x") else ""  # a prefix that AWS never takes is told where it stands
        physical = prefix + written.name
        if NAME.fullmatch(physical):
            return
        behind = f" (with namePrefix: {physical})" if prefix else ""
        message = f"AWS rejects the {written.of.noun} name {written.name}{behind}"
        hint = "keys are not substituted: use namePrefix to prefix every name" if "${" in written.name else ""
        self.findings.add("STK007", message, written.mark, hint or NAME_HINT)

    def body(self, written: WrittenBody) -> ReadBody:
        """Return a body with its values: shorts written out, defaults merged below it, our own member taken apart."""
        of, node = written.of, written_out(written.of, written.node, self.findings)
        self.check_inner_name(written)
        if defaults := self.defaults.get(of.name):
            node = merged(node, defaults)
        own = None
        if of.own in node.keys or of.name_member in node.keys:
            entries = dict(node.entries)
            entries.pop(of.name_member, None)
            _, own = entries.pop(of.own, (None, None))
            node = MappingNode(entries, node.mark)
        try:
            spec = value_of(node)
        except BrokenValue:
            spec = value_with_gaps(node, GAP)
        return ReadBody(spec, own, NodePlaces(written.mark, node.literal or node))

    def check_inner_name(self, written: WrittenBody) -> None:
        member = written.of.name_member
        if member not in written.node.keys:
            return
        _, node = written.node.entries[member]
        if isinstance(node, Scalar) and isinstance(node.value, Secret):
            refuse_secret(member, node.mark, self.findings)
        elif (
            isinstance(node, Scalar)
            and node.value is not None
            and not holds_unknown(node.value)
            and text_of(node.value) != written.name
        ):
            message = f"{member} is {text_of(node.value)}, but the resource is named {written.name}"
            self.findings.add("STK009", message, node.mark, f"remove {member}: the key is the name")


@dataclass(frozen=True, slots=True)
class _DefaultsReader:
    gathered: Gathered
    sections: MappingABC[str, Declarable]
    expander: Expander

    def read(self) -> dict[str, MappingNode]:
        """Return what `defaults` says for each section, over all files."""
        result: dict[str, MappingNode] = {}
        for entry in self.gathered.entries("defaults"):
            sections = mapping_of(entry.expanded(self.expander), "defaults", self.expander.findings)
            for section, (mark, node) in sections.entries.items() if sections else ():
                if section not in self.sections:
                    hint = did_you_mean(section, self.sections, f"the sections are {listed(self.sections, 'and')}")
                    self.expander.findings.add("STK002", f"defaults has no section {section}", mark, hint)
                elif body := mapping_of(node, f"defaults.{section}", self.expander.findings):
                    of = self.sections[section]
                    body = written_out(of, body, self.expander.findings)
                    self.agree(result.get(of.name), body, f"defaults.{section}")
                    result[of.name] = merged(result[of.name], body) if of.name in result else body
        return result

    def agree(self, first: MappingNode | None, second: MappingNode, what: str) -> None:
        """Complain about members that two files give different defaults."""
        for key, (mark, node) in second.entries.items():
            if first is None or key not in first.entries:
                continue
            other = first.entries[key]
            if isinstance(node, MappingNode) and isinstance(other[1], MappingNode):
                self.agree(other[1], node, f"{what}.{key}")
            else:
                message = f"{what}.{key} is set twice; first at {where_of(other[0])}"
                self.expander.findings.add("STK004", message, mark, "remove one of them")


def _nameless(of: Declarable, section: MappingNode) -> dict[str, SourceMark]:
    """Return the members of a body that stand in a section where names of resources belong."""
    members = {of.name_member, *(row.name for row in of.rows), "tags", of.own}

    def is_body(node: Node) -> bool:
        return is_null(node) or (isinstance(node, MappingNode) and (not node.keys or not members.isdisjoint(node.keys)))

    return {
        name: mark
        for name, (mark, node) in section.entries.items()
        if name in members and not isinstance(node, Broken) and not is_body(node)
    }


# What resources say with a name, or by saying nothing, written out once all of the stack is known: a name stands for
# the job that the stack declares under it; a list of references that is absent, for all there are.

UNKNOWN_NAME = "STK020"


def with_named_bodies(
    declared: MappingABC[Address, Declared], jobs: MappingABC[str, DeclaredJob], findings: Findings
) -> dict[Address, Declared]:
    """Return the resources with what their names and absent lists stand for."""
    out = {}
    for address, resource in declared.items():
        spec = dict(resource.spec)
        for row in KINDS[address.kind].fields:
            if row.named_in:
                spec |= _named(row, resource, jobs, findings)
            elif row.means_all and not spec.get(row.name):
                spec |= _all(row, declared)
        out[address] = replace(resource, spec=spec) if spec != resource.spec else resource
    return out


def _named(row: Field, resource: Declared, jobs: MappingABC[str, DeclaredJob], findings: Findings) -> dict[str, Json]:
    value = resource.spec.get(row.name)
    if isinstance(value, MappingABC):
        return {row.name: _body(row, resource.address.name, value)}
    if not isinstance(value, str) or isinstance(value, Unknown):
        return {}
    if value in jobs:
        return {row.name: _body(row, value, jobs[value].spec)}
    hint = did_you_mean(value, jobs, f"declare it under `{row.named_in}:`")
    message = f"{resource.address}: {row.name} is {value}, but the stack declares no such job"
    findings.found[Problem(UNKNOWN_NAME, message, resource.places.find((row.name,)), hint)] = None
    return {row.name: GAP}


def _body(row: Field, name: str, spec: Spec) -> dict[str, Json]:
    of = next(each for each in SECTIONS.values() if each.section == row.named_in)
    return {of.name_member: name, **spec}


def _all(row: Field, declared: Iterable[Address]) -> dict[str, Json]:
    names = [address.name for address in declared if address.kind == row.refers_to]
    return {row.name: names} if names else {}

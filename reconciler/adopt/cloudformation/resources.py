"""The resources of AWS Batch in a template, one by one: what they are called, and what they declare."""

from collections.abc import Iterable, Iterator
from collections.abc import Mapping as MappingABC
from dataclasses import dataclass, field

from reconciler.adopt.cloudformation.conditions import verdict
from reconciler.adopt.cloudformation.fit import Fitter
from reconciler.adopt.cloudformation.functions import FUNCTIONS
from reconciler.adopt.cloudformation.resolve import Resolver
from reconciler.adopt.cloudformation.template import OURS, Resource, spelled, text
from reconciler.adopt.cloudformation.troubles import NotKnown, Wrong
from reconciler.adopt.cloudformation.words import because, told
from reconciler.adopt.cloudformation.world import World
from reconciler.adopt.found import Found, LeftOut, Note, Tagged
from reconciler.kinds import KINDS
from reconciler.kinds.base import Kind
from reconciler.load.findings import did_you_mean, listed
from reconciler.load.nodes import Mapping, Mark, Node, where_of
from reconciler.load.resources import NAME, NAME_HINT
from reconciler.model import Address, Identity, Json, Path

HERE = Identity("${account}", "${region}", "${partition}")
UNNAMED = "Unnamed in the template, and called by its logical id here."
RETENTION = "ResourceRetentionPolicy"
# Properties that CloudFormation has and the API has not: what a plan asks for each time, or a lifecycle says.
# https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/AWS_Batch.html
ITS_OWN = ("ReplaceComputeEnvironment", RETENTION)


@dataclass(slots=True)
class Reader:
    """Reads the resources of AWS Batch. `names` are their physical names, by logical id."""

    world: World
    model: MappingABC[str, Json]
    names: dict[str, str] = field(default_factory=dict)
    named: dict[str, str] = field(default_factory=dict)  # notes of names, by logical id
    existing: dict[str, str] = field(default_factory=dict)  # why a resource is there, where a condition might say no
    broken: set[str] = field(default_factory=set)
    left_out: list[LeftOut] = field(default_factory=list)

    def read(self) -> list[Found]:
        present = [resource for resource in self.world.template.batch if self.is_known(resource)]
        present = [resource for resource in present if self.exists(resource)]
        for resource in present:
            self.name(resource)
        found = [self.found(resource) for resource in present]
        return [one for one in found if one is not None]

    def is_known(self, resource: Resource) -> bool:
        if resource.type.removeprefix(OURS) in KINDS:
            return True
        types = [f"{OURS}{name}" for name in KINDS]
        hint = did_you_mean(resource.type, types, f"the types are {listed(types, 'and')}")
        self.world.findings.add("CFN009", f"{resource.logical}: {resource.type} is no type", resource.mark, hint)
        return False

    def exists(self, resource: Resource) -> bool:
        """Whether the condition of a resource holds; if that cannot be told, it is a problem."""
        condition = resource.attribute("Condition")
        if not condition:
            return True
        try:
            holds, assumed = verdict(self.resolver(resource, assumes=True), condition, resource.mark)
        except Wrong as wrong:
            wrong.tell(self.world.findings)
            self.world.absent[resource.logical] = f"whether {condition} holds is not known"
            return False
        why = because(condition, assumed, holds=holds) if assumed else f"{condition} is false"
        if not holds:
            self.world.absent[resource.logical] = why
            self.left_out.append(LeftOut(f"{resource.logical} ({resource.type})", why, where_of(resource.mark)))
        elif assumed:
            self.existing[resource.logical] = f"Exists because {why}."
        return holds

    def name(self, resource: Resource) -> None:
        kind = kind_of(resource)
        name, note = self.physical(resource, kind)
        self.names[resource.logical] = name
        self.world.arns[resource.logical] = kind.arn(HERE, name)
        if note:
            self.named[resource.logical] = note

    def physical(self, resource: Resource, kind: Kind) -> tuple[str, str]:
        """Return what a resource is called, and what a reader should know of that."""
        live = self.world.given.live
        if live and (id_ := live.resources.get(resource.logical)):
            return id_.rpartition("/")[2].partition(":")[0], ""
        node = _property(resource, kind.name_member)
        if node is None:
            return resource.logical, UNNAMED
        resolver = self.resolver(resource, assumes=True)
        try:
            found = resolver.resolved(node)
            if found is None:
                return resource.logical, UNNAMED
            value, assumed = resolver.settled(node)
        except NotKnown as unknown:
            return resource.logical, f"Named {spelled(node)} in the template: --parameter {unknown}=VALUE would tell."
        except Wrong as wrong:
            wrong.tell(self.world.findings)
            self.broken.add(resource.logical)
            return resource.logical, ""
        return str(value), f"Named {spelled(node)} in the template; {told(assumed)}." if assumed else ""

    def found(self, resource: Resource) -> Found | None:
        """Return a resource; None after telling what is wrong with it."""
        kind, name = kind_of(resource), self.names[resource.logical]
        if not resource.has_properties:
            hint = "write its properties below it, as in `Priority: 1`"
            self.world.findings.add("CFN009", f"{resource.logical}: Properties is no mapping", resource.mark, hint)
            return None
        fitter = Fitter(self.model, self.resolver(resource), self.names)
        body = fitter.body(kind, Mapping(_without(resource, kind), resource.properties.mark))
        if not NAME.fullmatch(name):
            self.world.findings.add("CFN008", f"AWS refuses {name} as a name", resource.mark, NAME_HINT)
            self.broken.add(resource.logical)
        if fitter.is_broken or resource.logical in self.broken:
            return None
        row = kind.field(kind.parent)
        parent = body.get(row.name, "") if row else ""
        physical = kind.name_within(parent.text if isinstance(parent, Tagged) else str(parent), name)
        notes = [*(Note((), text) for text in self.about(resource)), *_once(fitter.notes)]
        retains = resource.attribute("DeletionPolicy").startswith("Retain")
        return Found(
            Address(kind.name, physical),
            body,
            notes=tuple(notes),
            where=where_of(resource.mark),
            lifecycle={"onRemove": "orphan"} if retains else {},
        )

    def about(self, resource: Resource) -> list[str]:
        """Return what a reader should know of a resource as a whole."""
        said = [self.named.get(resource.logical, ""), self.existing.get(resource.logical, "")]
        if resource.attribute("UpdateReplacePolicy").startswith("Retain"):
            said.append("Its UpdateReplacePolicy is Retain: a replacement leaves the old one there.")
        if _deregisters(resource):
            said.append("Deregister former revisions, as the template does, by `lifecycle: {retainRevisions: 1}`.")
        return [one for one in said if one]

    def resolver(self, resource: Resource, *, assumes: bool = False) -> Resolver:
        return Resolver(self.world, resource.logical, FUNCTIONS, assumes)


def kind_of(resource: Resource) -> Kind:
    return KINDS[resource.type.removeprefix(OURS)]


def _once(notes: Iterable[Note]) -> Iterator[Note]:
    """Say what is said of several members where they have it in common."""
    places: dict[str, list[Path]] = {}
    for note in notes:
        places.setdefault(note.text, []).append(note.path)
    for text_, paths in places.items():
        names = list(dict.fromkeys(str(path[-1]) for path in paths if path and isinstance(path[-1], str)))
        if len(paths) == 1 or len(names) == 1:
            yield Note(paths[0], text_)
        else:
            yield Note(_common(paths), f"{text_}; that decides {listed(names, 'and')}" if names else text_)


def _common(paths: list[Path]) -> Path:
    """Return what paths to members have in common."""
    first, *others = paths
    length = min(len(path) for path in paths) - 1
    while length > 0 and any(path[:length] != first[:length] for path in others):
        length -= 1
    return first[: max(length, 0)]


def _without(resource: Resource, kind: Kind) -> dict[str, tuple[Mark, Node]]:
    """Return the properties that become members."""
    name = _property_name(kind.name_member)
    return {key: entry for key, entry in resource.properties.entries.items() if key not in (name, *ITS_OWN)}


def _property(resource: Resource, member: str) -> Node | None:
    _, node = resource.properties.entries.get(_property_name(member), (None, None))
    return node


def _property_name(member: str) -> str:
    return f"{member[:1].upper()}{member[1:]}"


def _deregisters(resource: Resource) -> bool:
    """Whether a template says that an update deregisters the former revision, which it does by default, too."""
    _, policy = resource.properties.entries.get(RETENTION, (None, None))
    entries = policy.entries if isinstance(policy, Mapping) else {}
    return text(entries["SkipDeregisterOnUpdate"][1]) == "false" if "SkipDeregisterOnUpdate" in entries else False

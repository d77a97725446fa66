"""The resources of AWS Batch in a template, one by one: what they are called, and what they declare."""

from collections.abc import Iterable, Iterator
from collections.abc import Mapping as MappingABC
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, field, replace

from reconciler.adopt.cloudformation.conditions import verdict
from reconciler.adopt.cloudformation.fit import Fitter
from reconciler.adopt.cloudformation.functions import FUNCTIONS
from reconciler.adopt.cloudformation.naming import Hole, Naming, Pieces, filled, holes, naming, pieces_of, written
from reconciler.adopt.cloudformation.parameters import PSEUDO
from reconciler.adopt.cloudformation.resolve import Resolver
from reconciler.adopt.cloudformation.template import OURS, Resource, spelled, text
from reconciler.adopt.cloudformation.texts import HOLE, IN_BRACES, with_values
from reconciler.adopt.cloudformation.troubles import NotKnown, TemplateError
from reconciler.adopt.cloudformation.words import because, capitalized, told
from reconciler.adopt.cloudformation.world import TemplateContext
from reconciler.adopt.found import ImportedResource, LeftOut, Note, TaggedValue, with_each
from reconciler.kinds import KINDS
from reconciler.kinds.base import Kind
from reconciler.load.findings import did_you_mean, listed
from reconciler.load.nodes import MappingNode, Node, SourceMark, where_of
from reconciler.load.resources import NAME, NAME_HINT
from reconciler.load.scalars import text_of
from reconciler.model import Address, Identity, Json, Path

HERE = Identity("${account}", "${region}", "${partition}")
PLACE = {"region": "AWS::Region", "account": "AWS::AccountId", "partition": "AWS::Partition"}
UNNAMED = "Unnamed in the template, and called by its logical id here."
RETENTION = "ResourceRetentionPolicy"
# Properties that CloudFormation has and the API has not: what a plan asks for each time, or a lifecycle says.
# https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/AWS_Batch.html
ITS_OWN = ("ReplaceComputeEnvironment", RETENTION)


@dataclass(frozen=True, slots=True)
class WrittenName:
    """A name in a template: its pieces, none where they are not known; what it depends on; and why it is not known."""

    pieces: Pieces
    node: Node | None = None
    assumed: MappingABC[str, str] = field(default_factory=dict)
    unknown: str = ""


@dataclass(slots=True)
class Reader:
    """Reads the resources of AWS Batch. By logical id, `names` are their physical names, `written` the template's."""

    world: TemplateContext
    model: MappingABC[str, Json]
    names: dict[str, str] = field(default_factory=dict)
    written: dict[str, WrittenName] = field(default_factory=dict)
    naming: Naming = field(default_factory=Naming)
    existing: dict[str, str] = field(default_factory=dict)  # why a resource is there, where a condition might say no
    broken: set[str] = field(default_factory=set)
    left_out: list[LeftOut] = field(default_factory=list)

    def read(self) -> list[ImportedResource]:
        present = [resource for resource in self.world.template.batch if self.is_known(resource)]
        present = [resource for resource in present if self.exists(resource)]
        self.name(present)
        found = [self.found(resource) for resource in present]
        return [one for one in found if one is not None]

    def settled(self, founds: Iterable[ImportedResource]) -> tuple[list[ImportedResource], Json]:
        """Return resources in which the parameters that something depends on have their values, and the name prefix."""
        values = self.world.variables.values(self.world.decided)
        prefix = with_values(TaggedValue("!sub", written(self.naming.prefix)), values)
        before = "" if isinstance(prefix, TaggedValue) else str(prefix)
        out = []
        for one in founds:
            body = with_each(one.body, lambda tagged: with_values(tagged, values))
            key = f"{before}{self.naming.keys.get(one.logical, one.logical)}"
            note = self.about_name(one.logical)
            notes = (*([Note((), note)] if note else []), *one.notes)
            out.append(replace(one, body=body, logical=key if isinstance(prefix, TaggedValue) else "", notes=notes))
        return out, prefix if isinstance(prefix, TaggedValue) else ""

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
        except TemplateError as wrong:
            wrong.tell(self.world.findings)
            self.world.absent[resource.logical] = f"whether {condition} holds is not known"
            return False
        why = because(condition, assumed, holds=holds) if assumed else f"{condition} is false"
        if not holds:
            self.world.absent[resource.logical] = why
            self.left_out.append(LeftOut(f"{resource.logical} ({resource.type})", why, where_of(resource.mark)))
        elif assumed:
            self.existing[resource.logical] = f"Exists because {why}."
        self.world.decide(assumed, condition)
        return holds

    def name(self, resources: Iterable[Resource]) -> None:
        """Give each resource its name: what is left of the template's behind what all of them begin with."""
        of = {resource.logical: resource for resource in resources}
        self.written = {logical: self.name_of(resource) for logical, resource in of.items()}
        pieces = {logical: one.pieces for logical, one in self.written.items() if one.pieces}
        parameters = self.world.variables.parameters.values()
        values = {one.variable: text_of(one.usual) for one in parameters if one.is_shown}
        self.naming = naming(pieces, values)
        for logical, one in self.written.items():
            self.decide(one.pieces or (), self.naming.fixed, logical)
        for logical, missing in self.naming.unknown.items():
            (wanted,) = [one.name for one in parameters if one.variable == missing[0]]
            message = f"the name of {logical} depends on {wanted}, which has no value here"
            hint = f"give it one: --parameter {wanted}=VALUE"
            self.world.findings.add("CFN006", message, of[logical].mark, hint)
            self.broken.add(logical)
        for logical, resource in of.items():
            whole = (*self.naming.prefix, *self.naming.keys.get(logical, logical))
            self.names[logical] = written(filled(whole, values))
            self.world.arns[logical] = kind_of(resource).arn(HERE, written(whole))

    def decide(self, pieces: Pieces, variables: AbstractSet[str], logical: str) -> None:
        """Note which of these variables stand in a name with their values."""
        of_name = variables & set(holes(pieces))
        names = [one.name for one in self.world.variables.parameters.values() if one.variable in of_name]
        self.world.decide(names, f"the name of {logical}")

    def name_of(self, resource: Resource) -> WrittenName:
        """Return how a resource is named, where that can be said."""
        live = self.world.given.live
        id_ = live.resources.get(resource.logical, "") if live else ""
        physical = id_.rpartition("/")[2].partition(":")[0]
        node = _property(resource, kind_of(resource).name_member)
        if node is None:
            return WrittenName(tuple(physical))
        resolver = self.resolver(resource, assumes=True)
        try:
            if resolver.resolved(node) is None:
                return WrittenName(tuple(physical))
            value, assumed = resolver.settled(node)
        except NotKnown as unknown:
            return self.substituted(resource, WrittenName((), node, unknown=str(unknown)), physical)
        except TemplateError as wrong:
            wrong.tell(self.world.findings)
            self.broken.add(resource.logical)
            return WrittenName((), node)
        name = str(value)
        if IN_BRACES.search(name):
            message, hint = f"AWS refuses {name} as a name", "write it by Fn::Sub (!Sub), which fills it in"
            self.world.findings.add("CFN008", message, node.mark, hint)
            self.broken.add(resource.logical)
        return self.substituted(resource, WrittenName(tuple(name), node, assumed), "" if physical == name else physical)

    def substituted(self, resource: Resource, name: WrittenName, physical: str) -> WrittenName:
        """Return a name with parameters in it. One that is known to be another, and what else is in one, fixes them."""
        try:
            value = self.resolver(resource).single(name.node) if name.node else ""
        except (NotKnown, TemplateError):
            return replace(name, pieces=tuple(physical)) if physical else name
        text_ = written((Hole(value.text),)) if isinstance(value, TaggedValue) and value.tag == "!var" else value
        text_ = text_.text if isinstance(text_, TaggedValue) else text_of(text_)
        here = {short: self.world.pseudo.get(long, "") for short, long in PLACE.items()}
        known = {**{short: found for short, found in here.items() if found}, "stack": self.world.given.called}
        pieces = filled(pieces_of(text_), known)
        own = {one.variable for one in self.world.variables.parameters.values() if not one.secret}
        if not physical and own.issuperset(holes(pieces)):
            return replace(name, pieces=pieces)
        self.decide(pieces, own, resource.logical)
        if physical:
            return WrittenName(tuple(physical))
        # What the name is cannot be said without a value of a parameter: it depends on it, wherever that stands in it.
        wanted = self.world.variables.parameters.get(name.unknown)
        return replace(name, pieces=(Hole(wanted.variable),)) if wanted and not wanted.is_hidden else name

    def found(self, resource: Resource) -> ImportedResource | None:
        """Return a resource; None after telling what is wrong with it."""
        kind, name = kind_of(resource), self.names[resource.logical]
        if not resource.has_properties:
            hint = "write its properties below it, as in `Priority: 1`"
            self.world.findings.add("CFN009", f"{resource.logical}: Properties is no mapping", resource.mark, hint)
            return None
        fitter = Fitter(self.model, self.resolver(resource), self.names)
        body = fitter.body(kind, MappingNode(_without(resource, kind), resource.properties.mark))
        if not NAME.fullmatch(HOLE.sub("x", name)):
            self.world.findings.add("CFN008", f"AWS refuses {name} as a name", resource.mark, NAME_HINT)
            self.broken.add(resource.logical)
        if fitter.is_broken or resource.logical in self.broken:
            return None
        row = kind.field(kind.parent)
        parent = body.get(row.name, "") if row else ""
        physical = kind.name_within(parent.text if isinstance(parent, TaggedValue) else str(parent), name)
        notes = [*(Note((), text) for text in self.about(resource)), *_once(fitter.notes)]
        retains = resource.attribute("DeletionPolicy").startswith("Retain")
        return ImportedResource(
            Address(kind.name, physical),
            body,
            logical=resource.logical,
            notes=tuple(notes),
            where=where_of(resource.mark),
            lifecycle={"onRemove": "orphan"} if retains else {},
            is_declared=True,
        )

    def about_name(self, logical: str) -> str:
        """Return what a reader should know of what a resource is called."""
        name = self.written[logical]
        if name.node is None:
            return "" if name.pieces else UNNAMED
        parameters = self.world.variables.parameters
        unvalued = [one.name for one in parameters.values() if one.variable in holes(name.pieces) and not one.is_shown]
        if not name.pieces or (unvalued and self.naming.is_anew):
            unknown = unvalued[0] if unvalued else name.unknown
            is_given = unvalued or unknown in PSEUDO or (unknown in parameters and not parameters[unknown].is_hidden)
            way = (
                f"--parameter {unknown}=VALUE would tell" if is_given else "--stack-name reads it where it is deployed"
            )
            return f"Named {spelled(name.node)} in the template: {way}."
        followed = set(holes(self.naming.prefix))
        assumed = {
            one: value
            for one, value in name.assumed.items()
            if one in self.world.decided or one not in parameters or parameters[one].variable not in followed
        }
        return f"Named {spelled(name.node)} in the template; {told(assumed)}." if assumed else ""

    def about(self, resource: Resource) -> list[str]:
        """Return what a reader should know of a resource as a whole."""
        said = [self.existing.get(resource.logical, "")]
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


def _without(resource: Resource, kind: Kind) -> dict[str, tuple[SourceMark, Node]]:
    """Return the properties that become members."""
    name = capitalized(kind.name_member)
    return {key: entry for key, entry in resource.properties.entries.items() if key not in (name, *ITS_OWN)}


def _property(resource: Resource, member: str) -> Node | None:
    _, node = resource.properties.entries.get(capitalized(member), (None, None))
    return node


def _deregisters(resource: Resource) -> bool:
    """Whether a template says that an update deregisters the former revision, which it does by default, too."""
    _, policy = resource.properties.entries.get(RETENTION, (None, None))
    entries = policy.entries if isinstance(policy, MappingNode) else {}
    return text(entries["SkipDeregisterOnUpdate"][1]) == "false" if "SkipDeregisterOnUpdate" in entries else False

"""The resources of AWS Batch in a template, one by one: what they are called, and what they declare."""

import re
from collections.abc import Iterable, Iterator
from collections.abc import Mapping as MappingABC
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, field, replace

from reconciler.importers.cloudformation.context import (
    PSEUDO,
    Naming,
    NotKnown,
    ParameterPart,
    Pieces,
    TemplateContext,
    TemplateError,
    TemplateReference,
    filled,
    holes,
    naming,
    pieces_of,
    written,
)
from reconciler.importers.cloudformation.evaluate import PROCESSED, Resolver, because, capitalized, told
from reconciler.importers.cloudformation.external import HOLE, IN_BRACES, with_values
from reconciler.importers.cloudformation.functions import FUNCTIONS, verdict
from reconciler.importers.cloudformation.template import OURS, Resource, spelled, text
from reconciler.importers.model import ImportedResource, LeftOut, Note, TaggedValue, with_each
from reconciler.kinds import KINDS
from reconciler.kinds.base import Field, Form, Kind, Row, Rows
from reconciler.load.resources import NAME, NAME_HINT
from reconciler.model import Address, Identity, Json, Path, dotted
from reconciler.syntax.diagnostics import did_you_mean, listed
from reconciler.syntax.nodes import (
    Broken,
    BrokenValue,
    MappingNode,
    Node,
    Scalar,
    SequenceNode,
    SourceMark,
    plain_value,
    text_of,
    where_of,
)

# From a template's properties to the API's create request: members by name, values in the API's types.
#
# Properties are called as members of the API are, with a capital first; some differ in case alone (`S3FilesVolume...`).
# Compared member by member with the resource types' schemas (cloudformation describe-type) and the API's service model.

WHOLE = ("integer", "long")
FRACTIONS = ("float", "double")


@dataclass(slots=True)
class PropertyConverter:
    """Fits the properties of one resource. `model` is the service model of the API; `names` are physical ones."""

    model: MappingABC[str, Json]
    resolver: Resolver
    names: MappingABC[str, str]
    notes: list[Note] = field(default_factory=list)
    is_broken: bool = False

    def body(self, kind: Kind, properties: MappingNode) -> dict[str, Json]:
        """Return the body of a resource, in the order of its properties. `is_broken` if there are problems in it."""
        create = self._input(kind.create.operation)
        update = self._input(kind.update.operation) if kind.update else ""
        node = self.resolver.mapping(properties)
        self.note(node, ())
        body: dict[str, Json] = self.structure(node, create, update, kind.rows, ())
        return body

    def value(self, node: Node, shape: str, update: str, rows: tuple[Row, ...], path: Path) -> Json:
        """Return a value as its shape wants it. `update` is what an update request calls that shape, if it can."""
        if path:
            self.note(node, path)
        if isinstance(node, Broken):
            raise BrokenValue
        model = self.model["shapes"][shape]
        match model["type"]:
            case "structure":
                return self.structure(node, shape, update, rows, path)
            case "list":
                inner = self.model["shapes"][update]["member"]["shape"] if update else ""
                return self.items(node, model["member"]["shape"], inner, rows, path)
            case "map":
                return self.map(node, model["value"]["shape"], path)
            case kind:
                return self.scalar(node, kind, self.sample_of(shape), path)

    def structure(self, node: Node, shape: str, update: str, rows: Iterable[Row], path: Path) -> Json:
        if not isinstance(node, MappingNode):
            raise self.unfit(node, "a mapping", path)
        known = Rows.of(rows).by_name
        members = self._members(update) | self._members(shape)
        later = self._members(update)
        out = {}
        for key, (mark, inner) in node.entries.items():
            name = _member(key, members)
            if name is None:
                self.unknown(key, mark, members, path)
                continue
            row = known.get(name)
            try:
                out[name] = self.member(inner, members[name], later.get(name, ""), row, (*path, name))
            except BrokenValue:
                self.is_broken = True
        return out

    def member(self, node: Node, shape: str, update: str, row: Row | None, path: Path) -> Json:
        """Return a member; a reference to a resource of the template is its name."""
        if isinstance(row, Field) and row.form is Form.REFERENCE and _is_target(node):
            self.note(node, path)
            return self.names[node.value.logical] if isinstance(node, Scalar) else None
        value = self.value(node, shape, update, row.fields if isinstance(row, Field) else (), path)
        pattern = row.limits.get("pattern") if isinstance(row, Field) else None
        return (
            replace(value, like=_fitting(value.like, pattern)) if pattern and isinstance(value, TaggedValue) else value
        )

    def items(self, node: Node, shape: str, update: str, rows: tuple[Row, ...], path: Path) -> Json:
        """A list that is substituted stands for all of it, also where the template has it as the only item."""
        items = node.items if isinstance(node, SequenceNode) else (node,)
        if len(items) == 1 and (whole := self.whole(items[0], is_only=items[0] is node)):
            sample = self.sample_of(shape)
            return replace(whole, like=None if sample is None else [sample])
        found = []
        for index, item in enumerate(items):
            try:
                found.append(self.value(item, shape, update, rows, (*path, index)))
            except BrokenValue:
                self.is_broken = True
        return found

    def whole(self, node: Node, *, is_only: bool) -> TaggedValue | None:
        """Return what stands for a whole list: a variable of that type, or what SSM keeps as one."""
        value = node.value if isinstance(node, Scalar) else None
        if not isinstance(value, TaggedValue) or value.tag not in ("!var", "!ssm"):
            return None
        is_list = is_only if value.tag == "!ssm" else self.is_list(value.text, as_list=is_only)
        return value if is_list else None

    def is_list(self, name: str, *, as_list: bool) -> bool:
        return self.resolver.world.variables.is_list(name, as_list=as_list)

    def map(self, node: Node, shape: str, path: Path) -> Json:
        """A map's keys are the user's, and stay as they are."""
        if not isinstance(node, MappingNode):
            raise self.unfit(node, "a mapping", path)
        out = {}
        for key, (_, inner) in node.entries.items():
            try:
                out[key] = self.value(inner, shape, "", (), (*path, key))
            except BrokenValue:
                self.is_broken = True
        return out

    def scalar(self, node: Node, type_: str, sample: Json, path: Path) -> Json:
        if not isinstance(node, Scalar) or node.value is None:
            raise self.unfit(node, "a single value", path)
        value = node.value
        if isinstance(value, TemplateReference):
            return TaggedValue("!sub", self.resolver.world.arns[value.logical], sample)
        if isinstance(value, TaggedValue):
            if value.tag == "!var":
                self.resolver.world.variables.want(value.text, type_)
            usual = self.usual(value, type_)
            return replace(value, like=sample if usual is None else usual)
        fitting = _typed(value, type_)
        if fitting is None:
            raise self.unfit(node, WANTED[type_], path)
        return fitting

    def usual(self, value: TaggedValue, type_: str) -> Json:
        """Return what a parameter usually is; None if that is not known."""
        usual = self.resolver.world.variables.usual(value.text) if value.tag == "!var" else None
        return _typed(usual, type_) if usual is not None else None

    def sample_of(self, shape: str) -> Json:
        """Return a single value that a shape allows; None if it allows none."""
        model = self.model["shapes"][shape]
        return model["enum"][0] if "enum" in model else SAMPLES.get(model["type"])

    def note(self, node: Node, path: Path) -> None:
        self.notes += [Note(path, text) for text in self.resolver.notes.get(node, ())]

    def unfit(self, node: Node, wanted: str, path: Path) -> BrokenValue:
        shown = text_of(node.value) if isinstance(node, Scalar) and node.value is not None else _form(node)
        message = f"{self.resolver.logical}: {dotted(path)} must be {wanted}, not {shown}"
        self.resolver.world.findings.add("CFN008", message, node.mark, "CloudFormation would also reject it")
        return BrokenValue()

    def unknown(self, key: str, mark: SourceMark, members: MappingABC[str, str], path: Path) -> None:
        self.is_broken = True
        if key.startswith("Fn::"):
            self.resolver.world.findings.add("CFN003", f"{key} is not supported here", mark, PROCESSED)
            return
        owner = dotted(path) or "the resource"
        properties = [capitalized(name) for name in members]
        hint = did_you_mean(key, properties, "if it is new, upgrade the AWS SDK: pip install --upgrade boto3")
        self.resolver.world.findings.add(
            "CFN007", f"{self.resolver.logical}: {owner} has no property {key}", mark, hint
        )

    def _input(self, operation: str) -> str:
        shape: str = self.model["operations"][operation]["input"]["shape"] if operation else ""
        return shape

    def _members(self, shape: str) -> dict[str, str]:
        if not shape:
            return {}
        return {name: member["shape"] for name, member in self.model["shapes"][shape].get("members", {}).items()}


SAMPLES: MappingABC[str, Json] = {"string": "text", **dict.fromkeys((*WHOLE, *FRACTIONS), 1), "boolean": True}
NUMERALS = ("1",)  # samples of texts that are numbers: versions
WANTED = {"string": "a string", **dict.fromkeys(WHOLE, "a whole number"), **dict.fromkeys(FRACTIONS, "a number"),
          "boolean": "true or false"}  # fmt: skip


def _member(key: str, members: Iterable[str]) -> str | None:
    name = f"{key[:1].lower()}{key[1:]}"
    return name if name in members else next((one for one in members if one.lower() == key.lower()), None)


def _fitting(sample: Json, pattern: str) -> Json:
    return next((one for one in (sample, *NUMERALS) if re.search(pattern, str(one))), sample)


def _is_target(node: Node) -> bool:
    return isinstance(node, Scalar) and isinstance(node.value, TemplateReference)


def _typed(value: Json, type_: str) -> Json:
    """Return a value in the API's type: templates may write any of them as a text. None if it does not fit."""
    if type_ == "string":
        return text_of(value)
    plain = plain_value(value.strip()) if isinstance(value, str) else value
    if type_ == "boolean":
        return plain if isinstance(plain, bool) else None
    if isinstance(plain, bool) or not isinstance(plain, int | float):
        return None
    if type_ in WHOLE:
        return int(plain) if float(plain).is_integer() else None
    return plain


def _form(node: Node) -> str:
    if isinstance(node, SequenceNode):
        return "a list"
    return "a mapping" if isinstance(node, MappingNode) else "nothing"


HERE = Identity("${account}", "${region}", "${partition}")
PLACE = {"region": "AWS::Region", "account": "AWS::AccountId", "partition": "AWS::Partition"}
UNNAMED = "Unnamed in the template: its logical ID is used as its name here."
RETENTION = "ResourceRetentionPolicy"
# Properties that CloudFormation has and the API has not: what a plan asks for each time, or a lifecycle says.
# https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/AWS_Batch.html
ITS_OWN = ("ReplaceComputeEnvironment", RETENTION)


@dataclass(frozen=True, slots=True)
class TemplateName:
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
    written: dict[str, TemplateName] = field(default_factory=dict)
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
        hint = did_you_mean(resource.type, types, f"valid types are {listed(types, 'and')}")
        self.world.findings.add(
            "CFN009", f"{resource.logical}: {resource.type} is not a resource type", resource.mark, hint
        )
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
            self.world.absent[resource.logical] = f"the result of its condition {condition} is unknown"
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
            message = f"the name of {logical} depends on {wanted}, which has no value"
            hint = f"set it: --parameter {wanted}=VALUE"
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

    def name_of(self, resource: Resource) -> TemplateName:
        """Return how a resource is named, where that can be said."""
        live = self.world.given.live
        id_ = live.resources.get(resource.logical, "") if live else ""
        physical = id_.rpartition("/")[2].partition(":")[0]
        node = _property(resource, kind_of(resource).name_member)
        if node is None:
            return TemplateName(tuple(physical))
        resolver = self.resolver(resource, assumes=True)
        try:
            if resolver.resolved(node) is None:
                return TemplateName(tuple(physical))
            value, assumed = resolver.settled(node)
        except NotKnown as unknown:
            return self.substituted(resource, TemplateName((), node, unknown=str(unknown)), physical)
        except TemplateError as wrong:
            wrong.tell(self.world.findings)
            self.broken.add(resource.logical)
            return TemplateName((), node)
        name = str(value)
        if IN_BRACES.search(name):
            message, hint = f"AWS rejects the name {name}", "use Fn::Sub (!Sub) to substitute its variables"
            self.world.findings.add("CFN008", message, node.mark, hint)
            self.broken.add(resource.logical)
        return self.substituted(
            resource, TemplateName(tuple(name), node, assumed), "" if physical == name else physical
        )

    def substituted(self, resource: Resource, name: TemplateName, physical: str) -> TemplateName:
        """Return a name with parameters in it. One that is known to be another, and what else is in one, fixes them."""
        try:
            value = self.resolver(resource).single(name.node) if name.node else ""
        except (NotKnown, TemplateError):
            return replace(name, pieces=tuple(physical)) if physical else name
        text_ = (
            written((ParameterPart(value.text),)) if isinstance(value, TaggedValue) and value.tag == "!var" else value
        )
        text_ = text_.text if isinstance(text_, TaggedValue) else text_of(text_)
        here = {short: self.world.pseudo.get(long, "") for short, long in PLACE.items()}
        known = {**{short: found for short, found in here.items() if found}, "stack": self.world.given.called}
        pieces = filled(pieces_of(text_), known)
        own = {one.variable for one in self.world.variables.parameters.values() if not one.secret}
        if not physical and own.issuperset(holes(pieces)):
            return replace(name, pieces=pieces)
        self.decide(pieces, own, resource.logical)
        if physical:
            return TemplateName(tuple(physical))
        # What the name is cannot be said without a value of a parameter: it depends on it, wherever that stands in it.
        wanted = self.world.variables.parameters.get(name.unknown)
        return replace(name, pieces=(ParameterPart(wanted.variable),)) if wanted and not wanted.is_hidden else name

    def found(self, resource: Resource) -> ImportedResource | None:
        """Return a resource; None after telling what is wrong with it."""
        kind, name = kind_of(resource), self.names[resource.logical]
        if not resource.has_properties:
            hint = "write properties below it, for example `Priority: 1`"
            self.world.findings.add("CFN009", f"{resource.logical}: Properties is not a mapping", resource.mark, hint)
            return None
        fitter = PropertyConverter(self.model, self.resolver(resource), self.names)
        body = fitter.body(kind, MappingNode(_without(resource, kind), resource.properties.mark))
        if not NAME.fullmatch(HOLE.sub("x", name)):
            self.world.findings.add("CFN008", f"AWS rejects the name {name}", resource.mark, NAME_HINT)
            self.broken.add(resource.logical)
        if fitter.is_broken or resource.logical in self.broken:
            return None
        row = kind.parent_row
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
            way = f"set --parameter {unknown}=VALUE" if is_given else "use --stack-name to read the deployed name"
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
            said.append("Its UpdateReplacePolicy is Retain: a replacement keeps the old resource.")
        if _deregisters(resource):
            said.append("The template deregisters former revisions: `lifecycle: {retainRevisions: 1}` does the same.")
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
            yield Note(_common(paths), f"{text_}; this determines {listed(names, 'and')}" if names else text_)


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

"""The resources of AWS Batch in a template, one by one: what they are called, and what they declare."""

import re
from collections.abc import Iterable, Iterator
from collections.abc import Mapping as MappingABC
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, field, replace

from reconciler.importers.cloudformation.context import (
    PSEUDO,
    Naming,
    NotEvaluated,
    ParameterPart,
    Pieces,
    TemplateContext,
    TemplateError,
    TemplateReference,
    choose_names,
    fill_name,
    parse_name,
    sub_text,
    variables_of_name,
)
from reconciler.importers.cloudformation.evaluate import (
    PROCESSED,
    Resolver,
    assumed_text,
    condition_text,
    property_name,
)
from reconciler.importers.cloudformation.external import HOLE, IN_BRACES, substitute_values
from reconciler.importers.cloudformation.functions import FUNCTIONS, evaluate_condition
from reconciler.importers.cloudformation.template import OURS, Resource, expression_text, text
from reconciler.importers.model import ImportedResource, LeftOut, Note, TaggedValue, replace_tagged
from reconciler.kinds import KINDS, batch_kinds
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

INTEGERS = ("integer", "long")
FLOATS = ("float", "double")


@dataclass(slots=True)
class PropertyConverter:
    """Fits the properties of one resource. `model` is the service model of the API; `names` are physical ones."""

    model: MappingABC[str, Json]
    resolver: Resolver
    names: MappingABC[str, str]
    notes: list[Note] = field(default_factory=list)
    is_broken: bool = False

    def convert_body(self, kind: Kind, properties: MappingNode) -> dict[str, Json]:
        """Return the body of a resource, in the order of its properties. `is_broken` if there are problems in it."""
        create = self._input(kind.create.operation)
        update = self._input(kind.update.operation) if kind.update else ""
        node = self.resolver.resolve_mapping(properties)
        self.add_notes(node, ())
        body: dict[str, Json] = self.convert_structure(node, create, update, kind.rows, ())
        return body

    def convert_value(self, node: Node, shape: str, update: str, rows: tuple[Row, ...], path: Path) -> Json:
        """Return a value as its shape wants it. `update` is what an update request calls that shape, if it can."""
        if path:
            self.add_notes(node, path)
        if isinstance(node, Broken):
            raise BrokenValue
        model = self.model["shapes"][shape]
        match model["type"]:
            case "structure":
                return self.convert_structure(node, shape, update, rows, path)
            case "list":
                inner = self.model["shapes"][update]["member"]["shape"] if update else ""
                return self.convert_list(node, model["member"]["shape"], inner, rows, path)
            case "map":
                return self.convert_map(node, model["value"]["shape"], path)
            case kind:
                return self.convert_scalar(node, kind, self.sample_of(shape), path)

    def convert_structure(self, node: Node, shape: str, update: str, rows: Iterable[Row], path: Path) -> Json:
        if not isinstance(node, MappingNode):
            raise self.report_unfit(node, "a mapping", path)
        rows_by_name = Rows.of(rows).by_name
        members = self._members(update) | self._members(shape)
        update_members = self._members(update)
        out = {}
        for key, (mark, inner) in node.entries.items():
            name = _member(key, members)
            if name is None:
                self.report_unknown(key, mark, members, path)
                continue
            row = rows_by_name.get(name)
            try:
                out[name] = self.convert_member(inner, members[name], update_members.get(name, ""), row, (*path, name))
            except BrokenValue:
                self.is_broken = True
        return out

    def convert_member(self, node: Node, shape: str, update: str, row: Row | None, path: Path) -> Json:
        """Return a member; a reference to a resource of the template is its name."""
        if isinstance(row, Field) and row.form is Form.REFERENCE and _is_target(node):
            self.add_notes(node, path)
            return self.names[node.value.logical] if isinstance(node, Scalar) else None
        value = self.convert_value(node, shape, update, row.fields if isinstance(row, Field) else (), path)
        pattern = row.limits.get("pattern") if isinstance(row, Field) else None
        return (
            replace(value, like=_matching_sample(value.like, pattern))
            if pattern and isinstance(value, TaggedValue)
            else value
        )

    def convert_list(self, node: Node, shape: str, update: str, rows: tuple[Row, ...], path: Path) -> Json:
        """A list that is substituted stands for all of it, also where the template has it as the only item."""
        items = node.items if isinstance(node, SequenceNode) else (node,)
        if len(items) == 1 and (placeholder := self.list_placeholder(items[0], is_only=items[0] is node)):
            sample = self.sample_of(shape)
            return replace(placeholder, like=None if sample is None else [sample])
        out = []
        for index, item in enumerate(items):
            try:
                out.append(self.convert_value(item, shape, update, rows, (*path, index)))
            except BrokenValue:
                self.is_broken = True
        return out

    def list_placeholder(self, node: Node, *, is_only: bool) -> TaggedValue | None:
        """Return what stands for a whole list: a variable of that type, or what SSM keeps as one."""
        value = node.value if isinstance(node, Scalar) else None
        if not isinstance(value, TaggedValue) or value.tag not in ("!var", "!ssm"):
            return None
        is_list = is_only if value.tag == "!ssm" else self.is_list(value.text, as_list=is_only)
        return value if is_list else None

    def is_list(self, name: str, *, as_list: bool) -> bool:
        return self.resolver.context.variables.is_list(name, as_list=as_list)

    def convert_map(self, node: Node, shape: str, path: Path) -> Json:
        """A map's keys are the user's, and stay as they are."""
        if not isinstance(node, MappingNode):
            raise self.report_unfit(node, "a mapping", path)
        out = {}
        for key, (_, inner) in node.entries.items():
            try:
                out[key] = self.convert_value(inner, shape, "", (), (*path, key))
            except BrokenValue:
                self.is_broken = True
        return out

    def convert_scalar(self, node: Node, type_: str, sample: Json, path: Path) -> Json:
        if not isinstance(node, Scalar) or node.value is None:
            raise self.report_unfit(node, "a single value", path)
        value = node.value
        if isinstance(value, TemplateReference):
            return TaggedValue("!sub", self.resolver.context.arns[value.logical], sample)
        if isinstance(value, TaggedValue):
            if value.tag == "!var":
                self.resolver.context.variables.require_type(value.text, type_)
            default = self.default_of(value, type_)
            return replace(value, like=sample if default is None else default)
        fitting = _as_type(value, type_)
        if fitting is None:
            raise self.report_unfit(node, TYPE_DESCRIPTIONS[type_], path)
        return fitting

    def default_of(self, value: TaggedValue, type_: str) -> Json:
        """Return what a parameter usually is; None if that is not known."""
        default = self.resolver.context.variables.default_of(value.text) if value.tag == "!var" else None
        return _as_type(default, type_) if default is not None else None

    def sample_of(self, shape: str) -> Json:
        """Return a single value that a shape allows; None if it allows none."""
        model = self.model["shapes"][shape]
        return model["enum"][0] if "enum" in model else SAMPLES.get(model["type"])

    def add_notes(self, node: Node, path: Path) -> None:
        self.notes += [Note(path, text) for text in self.resolver.notes.get(node, ())]

    def report_unfit(self, node: Node, expected: str, path: Path) -> BrokenValue:
        shown = text_of(node.value) if isinstance(node, Scalar) and node.value is not None else _describe_form(node)
        message = f"{self.resolver.logical}: {dotted(path)} must be {expected}, not {shown}"
        self.resolver.context.findings.add("CFN008", message, node.mark, "CloudFormation would also reject it")
        return BrokenValue()

    def report_unknown(self, key: str, mark: SourceMark, members: MappingABC[str, str], path: Path) -> None:
        self.is_broken = True
        if key.startswith("Fn::"):
            self.resolver.context.findings.add("CFN003", f"{key} is not supported here", mark, PROCESSED)
            return
        owner = dotted(path) or "the resource"
        properties = [property_name(name) for name in members]
        hint = did_you_mean(key, properties, "if it is new, upgrade the AWS SDK: pip install --upgrade boto3")
        self.resolver.context.findings.add(
            "CFN007", f"{self.resolver.logical}: {owner} has no property {key}", mark, hint
        )

    def _input(self, operation: str) -> str:
        shape: str = self.model["operations"][operation]["input"]["shape"] if operation else ""
        return shape

    def _members(self, shape: str) -> dict[str, str]:
        if not shape:
            return {}
        return {name: member["shape"] for name, member in self.model["shapes"][shape].get("members", {}).items()}


SAMPLES: MappingABC[str, Json] = {"string": "text", **dict.fromkeys((*INTEGERS, *FLOATS), 1), "boolean": True}
NUMERALS = ("1",)  # samples of texts that are numbers: versions
TYPE_DESCRIPTIONS = {
    "string": "a string",
    **dict.fromkeys(INTEGERS, "a whole number"),
    **dict.fromkeys(FLOATS, "a number"),
    "boolean": "true or false",
}


def _member(key: str, members: Iterable[str]) -> str | None:
    name = f"{key[:1].lower()}{key[1:]}"
    return name if name in members else next((member for member in members if member.lower() == key.lower()), None)


def _matching_sample(sample: Json, pattern: str) -> Json:
    return next((candidate for candidate in (sample, *NUMERALS) if re.search(pattern, str(candidate))), sample)


def _is_target(node: Node) -> bool:
    return isinstance(node, Scalar) and isinstance(node.value, TemplateReference)


def _as_type(value: Json, type_: str) -> Json:
    """Return a value in the API's type: templates may write any of them as a text. None if it does not fit."""
    if type_ == "string":
        return text_of(value)
    plain = plain_value(value.strip()) if isinstance(value, str) else value
    if type_ == "boolean":
        return plain if isinstance(plain, bool) else None
    if isinstance(plain, bool) or not isinstance(plain, int | float):
        return None
    if type_ in INTEGERS:
        return int(plain) if float(plain).is_integer() else None
    return plain


def _describe_form(node: Node) -> str:
    if isinstance(node, SequenceNode):
        return "a list"
    return "a mapping" if isinstance(node, MappingNode) else "nothing"


PLACEHOLDER_IDENTITY = Identity("${account}", "${region}", "${partition}")
PSEUDO_OF_PLACE = {"region": "AWS::Region", "account": "AWS::AccountId", "partition": "AWS::Partition"}
UNNAMED = "Unnamed in the template: its logical ID is used as its name here."
RETENTION = "ResourceRetentionPolicy"
# Properties that CloudFormation has and the API has not: what a plan asks for each time, or a lifecycle says.
# https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/AWS_Batch.html
CLOUDFORMATION_ONLY = ("ReplaceComputeEnvironment", RETENTION)


@dataclass(frozen=True, slots=True)
class TemplateName:
    """A name in a template: its pieces, none where they are not known; what it depends on; and why it is not known."""

    pieces: Pieces
    node: Node | None = None
    assumed: MappingABC[str, str] = field(default_factory=dict)
    missing: str = ""


@dataclass(slots=True)
class Reader:
    """Reads the resources of AWS Batch. By logical id, `names` are physical, `template_names` those of the template."""

    context: TemplateContext
    model: MappingABC[str, Json]
    names: dict[str, str] = field(default_factory=dict)
    template_names: dict[str, TemplateName] = field(default_factory=dict)
    naming: Naming = field(default_factory=Naming)
    existence_notes: dict[str, str] = field(default_factory=dict)  # why a conditional resource exists
    broken: set[str] = field(default_factory=set)
    left_out: list[LeftOut] = field(default_factory=list)

    def read(self) -> list[ImportedResource]:
        present = [resource for resource in self.context.template.batch if self.is_known(resource)]
        present = [resource for resource in present if self.exists(resource)]
        self.name_resources(present)
        resources = map(self.read_resource, present)
        return [resource for resource in resources if resource is not None]

    def with_names(self, resources: Iterable[ImportedResource]) -> tuple[list[ImportedResource], Json]:
        """Return resources in which the parameters that something depends on have their values, and the name prefix."""
        values = self.context.variables.defaults_of(self.context.fixed_by)
        prefix = substitute_values(TaggedValue("!sub", sub_text(self.naming.prefix)), values)
        prefix_text = "" if isinstance(prefix, TaggedValue) else str(prefix)
        out = []
        for resource in resources:
            body = replace_tagged(resource.body, lambda tagged: substitute_values(tagged, values))
            key = f"{prefix_text}{self.naming.keys.get(resource.logical, resource.logical)}"
            note = self.name_note(resource.logical)
            notes = (*([Note((), note)] if note else []), *resource.notes)
            out.append(
                replace(resource, body=body, logical=key if isinstance(prefix, TaggedValue) else "", notes=notes)
            )
        return out, prefix if isinstance(prefix, TaggedValue) else ""

    def is_known(self, resource: Resource) -> bool:
        if resource.type.removeprefix(OURS) in {kind.name for kind in batch_kinds()}:
            return True
        types = [f"{OURS}{name}" for name in (kind.name for kind in batch_kinds())]
        hint = did_you_mean(resource.type, types, f"valid types are {listed(types, 'and')}")
        self.context.findings.add(
            "CFN009", f"{resource.logical}: {resource.type} is not a resource type", resource.mark, hint
        )
        return False

    def exists(self, resource: Resource) -> bool:
        """Whether the condition of a resource holds; if that is unknown, a problem is reported."""
        condition = resource.attribute("Condition")
        if not condition:
            return True
        try:
            is_true, assumed = evaluate_condition(self.new_resolver(resource, assumes=True), condition, resource.mark)
        except TemplateError as wrong:
            wrong.report(self.context.findings)
            self.context.omitted[resource.logical] = f"the result of its condition {condition} is unknown"
            return False
        reason = condition_text(condition, assumed, is_true=is_true) if assumed else f"{condition} is false"
        if not is_true:
            self.context.omitted[resource.logical] = reason
            self.left_out.append(LeftOut(f"{resource.logical} ({resource.type})", reason, where_of(resource.mark)))
        elif assumed:
            self.existence_notes[resource.logical] = f"Exists because {reason}."
        self.context.fix(assumed, condition)
        return is_true

    def name_resources(self, resources: Iterable[Resource]) -> None:
        """Give each resource its name: what is left of the template's behind what all of them begin with."""
        by_logical = {resource.logical: resource for resource in resources}
        self.template_names = {logical: self.template_name(resource) for logical, resource in by_logical.items()}
        pieces = {logical: entry.pieces for logical, entry in self.template_names.items() if entry.pieces}
        parameters = self.context.variables.parameters.values()
        values = {each.variable: text_of(each.default) for each in parameters if each.is_shown}
        self.naming = choose_names(pieces, values)
        for logical, entry in self.template_names.items():
            self.fix_in_name(entry.pieces or (), self.naming.fixed, logical)
        for logical, missing in self.naming.unknown.items():
            (parameter,) = [each.name for each in parameters if each.variable == missing[0]]
            message = f"the name of {logical} depends on {parameter}, which has no value"
            hint = f"set it: --parameter {parameter}=VALUE"
            self.context.findings.add("CFN006", message, by_logical[logical].mark, hint)
            self.broken.add(logical)
        for logical, resource in by_logical.items():
            full_name = (*self.naming.prefix, *self.naming.keys.get(logical, logical))
            self.names[logical] = sub_text(fill_name(full_name, values))
            self.context.arns[logical] = kind_of(resource).arn(PLACEHOLDER_IDENTITY, sub_text(full_name))

    def fix_in_name(self, pieces: Pieces, variables: AbstractSet[str], logical: str) -> None:
        """Note which of these variables stand in a name with their values."""
        fixed = variables & set(variables_of_name(pieces))
        names = [
            parameter.name for parameter in self.context.variables.parameters.values() if parameter.variable in fixed
        ]
        self.context.fix(names, f"the name of {logical}")

    def template_name(self, resource: Resource) -> TemplateName:
        """Return how a resource is named, where that can be said."""
        live = self.context.inputs.live
        id_ = live.resources.get(resource.logical, "") if live else ""
        physical = id_.rpartition("/")[2].partition(":")[0]
        node = _property(resource, kind_of(resource).name_member)
        if node is None:
            return TemplateName(tuple(physical))
        resolver = self.new_resolver(resource, assumes=True)
        try:
            if resolver.resolve(node) is None:
                return TemplateName(tuple(physical))
            value, assumed = resolver.resolve_with_defaults(node)
        except NotEvaluated as unknown:
            return self.substitute_name(resource, TemplateName((), node, missing=str(unknown)), physical)
        except TemplateError as wrong:
            wrong.report(self.context.findings)
            self.broken.add(resource.logical)
            return TemplateName((), node)
        name = str(value)
        if IN_BRACES.search(name):
            message, hint = f"AWS rejects the name {name}", "use Fn::Sub (!Sub) to substitute its variables"
            self.context.findings.add("CFN008", message, node.mark, hint)
            self.broken.add(resource.logical)
        return self.substitute_name(
            resource, TemplateName(tuple(name), node, assumed), "" if physical == name else physical
        )

    def substitute_name(self, resource: Resource, name: TemplateName, physical: str) -> TemplateName:
        """Return a name with parameters as variables, unless a deployed name differs or other variables are in it."""
        try:
            value = self.new_resolver(resource).resolve_single(name.node) if name.node else ""
        except (NotEvaluated, TemplateError):
            return replace(name, pieces=tuple(physical)) if physical else name
        text_ = (
            sub_text((ParameterPart(value.text),)) if isinstance(value, TaggedValue) and value.tag == "!var" else value
        )
        text_ = text_.text if isinstance(text_, TaggedValue) else text_of(text_)
        pseudo = {short: self.context.pseudo.get(long, "") for short, long in PSEUDO_OF_PLACE.items()}
        values = {
            **{short: text for short, text in pseudo.items() if text},
            "stack": self.context.inputs.stack_name,
        }
        pieces = fill_name(parse_name(text_), values)
        own_variables = {
            parameter.variable for parameter in self.context.variables.parameters.values() if not parameter.secret
        }
        if not physical and own_variables.issuperset(variables_of_name(pieces)):
            return replace(name, pieces=pieces)
        self.fix_in_name(pieces, own_variables, resource.logical)
        if physical:
            return TemplateName(tuple(physical))
        # What the name is cannot be said without a value of a parameter: it depends on it, wherever that stands in it.
        parameter = self.context.variables.parameters.get(name.missing)
        return (
            replace(name, pieces=(ParameterPart(parameter.variable),))
            if parameter and not parameter.is_hidden
            else name
        )

    def read_resource(self, resource: Resource) -> ImportedResource | None:
        """Return a resource; None if problems were reported."""
        kind, name = kind_of(resource), self.names[resource.logical]
        if not resource.has_properties:
            hint = "write properties below it, for example `Priority: 1`"
            self.context.findings.add("CFN009", f"{resource.logical}: Properties is not a mapping", resource.mark, hint)
            return None
        converter = PropertyConverter(self.model, self.new_resolver(resource), self.names)
        body = converter.convert_body(kind, MappingNode(_member_properties(resource, kind), resource.properties.mark))
        if not NAME.fullmatch(HOLE.sub("x", name)):
            self.context.findings.add("CFN008", f"AWS rejects the name {name}", resource.mark, NAME_HINT)
            self.broken.add(resource.logical)
        if converter.is_broken or resource.logical in self.broken:
            return None
        row = kind.parent_row
        parent = body.get(row.name, "") if row else ""
        physical = kind.name_within(parent.text if isinstance(parent, TaggedValue) else str(parent), name)
        notes = [*(Note((), text) for text in self.resource_notes(resource)), *_without_repeated_notes(converter.notes)]
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

    def name_note(self, logical: str) -> str:
        """Return what a reader should know of what a resource is called."""
        name = self.template_names[logical]
        if name.node is None:
            return "" if name.pieces else UNNAMED
        parameters = self.context.variables.parameters
        unvalued = [
            parameter.name
            for parameter in parameters.values()
            if parameter.variable in variables_of_name(name.pieces) and not parameter.is_shown
        ]
        if not name.pieces or (unvalued and self.naming.is_renamed):
            missing = unvalued[0] if unvalued else name.missing
            can_be_set = unvalued or missing in PSEUDO or (missing in parameters and not parameters[missing].is_hidden)
            way = f"set --parameter {missing}=VALUE" if can_be_set else "use --stack-name to read the deployed name"
            return f"Named {expression_text(name.node)} in the template: {way}."
        followed = set(variables_of_name(self.naming.prefix))
        assumed = {
            parameter: value
            for parameter, value in name.assumed.items()
            if parameter in self.context.fixed_by
            or parameter not in parameters
            or parameters[parameter].variable not in followed
        }
        return f"Named {expression_text(name.node)} in the template; {assumed_text(assumed)}." if assumed else ""

    def resource_notes(self, resource: Resource) -> list[str]:
        """Return what a reader should know of a resource as a whole."""
        notes = [self.existence_notes.get(resource.logical, "")]
        if resource.attribute("UpdateReplacePolicy").startswith("Retain"):
            notes.append("Its UpdateReplacePolicy is Retain: a replacement keeps the old resource.")
        if _deregisters_former(resource):
            notes.append("The template deregisters former revisions: `lifecycle: {retainRevisions: 1}` does the same.")
        return [note for note in notes if note]

    def new_resolver(self, resource: Resource, *, assumes: bool = False) -> Resolver:
        return Resolver(self.context, resource.logical, FUNCTIONS, assumes)


def kind_of(resource: Resource) -> Kind:
    return KINDS[resource.type.removeprefix(OURS)]


def _without_repeated_notes(notes: Iterable[Note]) -> Iterator[Note]:
    """Yield a note that several fields have once, at their common parent."""
    places: dict[str, list[Path]] = {}
    for note in notes:
        places.setdefault(note.text, []).append(note.path)
    for text_, paths in places.items():
        names = list(dict.fromkeys(str(path[-1]) for path in paths if path and isinstance(path[-1], str)))
        if len(paths) == 1 or len(names) == 1:
            yield Note(paths[0], text_)
        else:
            yield Note(_common_path(paths), f"{text_}; this determines {listed(names, 'and')}" if names else text_)


def _common_path(paths: list[Path]) -> Path:
    """Return what paths to members have in common."""
    first, *other_paths = paths
    length = min(len(path) for path in paths) - 1
    while length > 0 and any(path[:length] != first[:length] for path in other_paths):
        length -= 1
    return first[: max(length, 0)]


def _member_properties(resource: Resource, kind: Kind) -> dict[str, tuple[SourceMark, Node]]:
    """Return the properties that become members."""
    name = property_name(kind.name_member)
    return {key: entry for key, entry in resource.properties.entries.items() if key not in (name, *CLOUDFORMATION_ONLY)}


def _property(resource: Resource, member: str) -> Node | None:
    _, node = resource.properties.entries.get(property_name(member), (None, None))
    return node


def _deregisters_former(resource: Resource) -> bool:
    """Whether a template says that an update deregisters the former revision, which it does by default, too."""
    _, policy = resource.properties.entries.get(RETENTION, (None, None))
    entries = policy.entries if isinstance(policy, MappingNode) else {}
    return text(entries["SkipDeregisterOnUpdate"][1]) == "false" if "SkipDeregisterOnUpdate" in entries else False

"""From a template's properties to the API's create request: members by name, values in the API's types.

Properties are called as members of the API are, with a capital first; some differ in case alone (`S3FilesVolume...`).
Compared member by member with the resource types' schemas (cloudformation describe-type) and the API's service model.
"""

import re
from collections.abc import Iterable
from collections.abc import Mapping as MappingABC
from dataclasses import dataclass, field, replace

from reconciler.adopt.cloudformation.resolve import PROCESSED, Resolver
from reconciler.adopt.cloudformation.words import capitalized
from reconciler.adopt.cloudformation.world import TemplateReference
from reconciler.adopt.found import Note, TaggedValue
from reconciler.kinds.base import Field, Form, Kind, Row, Rows
from reconciler.load.findings import did_you_mean
from reconciler.load.nodes import Broken, BrokenValue, MappingNode, Node, Scalar, SequenceNode, SourceMark
from reconciler.load.scalars import plain_value, text_of
from reconciler.model import Json, Path, dotted

WHOLE = ("integer", "long")
FRACTIONS = ("float", "double")


@dataclass(slots=True)
class Fitter:
    """Fits the properties of one resource. `model` is the service model of the API; `names` are physical ones."""

    model: MappingABC[str, Json]
    resolver: Resolver
    names: MappingABC[str, str]
    notes: list[Note] = field(default_factory=list)
    is_broken: bool = False

    def body(self, kind: Kind, properties: MappingNode) -> dict[str, Json]:
        """Return the body of a resource, in the order of its properties. `is_broken` if there are problems in it."""
        create, update = (self._input(operation) for operation in (kind.create, kind.update))
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
        self.resolver.world.findings.add("CFN008", message, node.mark, "CloudFormation would refuse it, too")
        return BrokenValue()

    def unknown(self, key: str, mark: SourceMark, members: MappingABC[str, str], path: Path) -> None:
        self.is_broken = True
        if key.startswith("Fn::"):
            self.resolver.world.findings.add("CFN003", f"{key} cannot be followed here", mark, PROCESSED)
            return
        owner = dotted(path) or "the resource"
        properties = [capitalized(name) for name in members]
        hint = did_you_mean(key, properties, "if it is new, a newer AWS SDK knows it: pip install --upgrade boto3")
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
WANTED = {"string": "a text", **dict.fromkeys(WHOLE, "a whole number"), **dict.fromkeys(FRACTIONS, "a number"),
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

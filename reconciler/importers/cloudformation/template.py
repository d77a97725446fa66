"""A template as it was written, with the place of every value."""

import re
from bisect import bisect_right
from collections.abc import Iterator
from collections.abc import Mapping as MappingABC
from dataclasses import dataclass, field, replace
from typing import NamedTuple

from reconciler.importers.writer import is_plain, quoted
from reconciler.load.expand import Expander, LookupRunner
from reconciler.load.files import (
    YAML_FILES,
    EmbeddedLanguage,
    Library,
    decoded,
    spoken_in,
    spoken_in_name,
    spoken_in_text,
)
from reconciler.model import Json, StatePlace
from reconciler.problems import Severity
from reconciler.syntax.diagnostics import Findings, did_you_mean
from reconciler.syntax.nodes import (
    Broken,
    MappingNode,
    NamedPlace,
    Node,
    Scalar,
    SequenceNode,
    SourceMark,
    plain_value,
    text_of,
    where_of,
)
from reconciler.syntax.parse import Dialect, Document, compose, compose_json

# The YAML of CloudFormation: short tags are functions, and some more words are booleans.
#
# https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/intrinsic-function-reference.html

CONDITION_FUNCTIONS = ("Fn::And", "Fn::Equals", "Fn::Not", "Fn::Or")
FUNCTIONS = ("Ref", "Condition", *CONDITION_FUNCTIONS, "Fn::Base64", "Fn::Cidr", "Fn::FindInMap", "Fn::GetAtt",
             "Fn::GetAZs", "Fn::If", "Fn::ImportValue", "Fn::Join", "Fn::Select", "Fn::Split", "Fn::Sub",
             "Fn::Transform", "Fn::Length", "Fn::ToJsonString")  # fmt: skip
TAGS = {f"!{name.removeprefix('Fn::')}": name for name in FUNCTIONS}
# YAML 1.1, https://yaml.org/type/bool.html, without the single letters: templates are read by its rules.
WORDS = {
    **dict.fromkeys(("yes", "Yes", "YES", "on", "On", "ON"), True),
    **dict.fromkeys(("no", "No", "NO", "off", "Off", "OFF"), False),
}


# https://github.com/aws-cloudformation/cloudformation-language-discussion/discussions/96
LAST_WINS = "CloudFormation and the import use the last one"


def _plain(text: str) -> Json:
    return WORDS[text] if text in WORDS else plain_value(text)


def _tagged(tag: str, node: Node, findings: Findings) -> Node:
    """Return a short form in the long one: `!Ref x` is `{Ref: x}`."""
    if tag not in TAGS:
        hint = did_you_mean(tag, TAGS, "only CloudFormation functions can be used as tags")
        findings.add("YML005", f"{tag} is not a CloudFormation tag", node.mark, hint)
        return Broken(node.mark)
    name = TAGS[tag]
    argument = _attribute(node) if name == "Fn::GetAtt" and isinstance(node, Scalar) else node
    return MappingNode({name: (node.mark, argument)}, node.mark)


def _attribute(node: Scalar) -> Node:
    logical, _, attribute = str(node.value).partition(".")
    return SequenceNode((Scalar(logical, node.mark), Scalar(attribute, node.mark)), node.mark)


CLOUDFORMATION = Dialect(_plain, _tagged, LAST_WINS)


Entries = MappingABC[str, tuple[SourceMark, Node]]
OURS = "AWS::Batch::"
LOOP = "Fn::ForEach"
IN_LOOP = re.compile(r"[$&]\{[^}]*\}")
CONDITION = "Condition"
# Sections in which a problem may be one of the import. Of the resources, it depends on each.
READ = {"Parameters": True, "Mappings": True, "Conditions": True}
HINT = "pass a template with Resources; for a CDK app, `cdk synth` writes it to cdk.out/*.template.json"
SERVERLESS = "it is a Serverless Framework configuration: `serverless package` writes a template to .serverless/*.json"
OTHER_FILES = {  # what else may be mistaken for one, by a key at its top
    "terraform_version": "it is a Terraform state",
    "resource_changes": "it is a Terraform plan",
    "stack": "it is already a reconciler stack",
    "artifacts": "it is a CDK manifest",
    "StackResources": "it is the output of `describe-stack-resources`",
    "Stacks": "it is the output of `describe-stacks`",
    "service": SERVERLESS,
}


@dataclass(frozen=True, slots=True)
class Resource:
    """One entry of Resources. `attributes` are what stands beside its type, such as its properties and conditions."""

    logical: str
    type: str
    mark: SourceMark
    attributes: Entries

    @property
    def properties(self) -> MappingNode:
        _, node = self.attributes.get("Properties", (None, None))
        return node if isinstance(node, MappingNode) else MappingNode({}, self.mark)

    @property
    def has_properties(self) -> bool:
        """Whether properties can be read; none at all are some."""
        return isinstance(self.attributes.get("Properties", (None, self.properties))[1], MappingNode)

    @property
    def is_batch(self) -> bool:
        return self.type.startswith(OURS)

    def attribute(self, name: str) -> str:
        """Return a policy or the name of a condition; empty where there is none."""
        return text(self.attributes[name][1]) if name in self.attributes else ""


@dataclass(frozen=True, slots=True)
class Template:
    mark: SourceMark
    resources: MappingABC[str, Resource]
    sections: MappingABC[str, Entries] = field(default_factory=dict)
    transforms: tuple[Scalar, ...] = ()
    loops: tuple[SourceMark, ...] = ()  # Fn::ForEach around resources of AWS Batch
    looped: tuple[re.Pattern[str], ...] = ()  # logical ids of all that a Fn::ForEach makes

    def section(self, name: str) -> Entries:
        return self.sections.get(name, {})

    def is_looped(self, logical: str) -> bool:
        """Whether a loop may make a resource of this logical id."""
        return any(pattern.fullmatch(logical) for pattern in self.looped)

    @property
    def batch(self) -> tuple[Resource, ...]:
        return tuple(resource for resource in self.resources.values() if resource.is_batch)


class FunctionCall(NamedTuple):
    """A function and what it is given."""

    function: str
    argument: Node
    mark: SourceMark


NONE = (None, None)
UNREADABLE = ("YML002", "YML005", "YML006", "YML010")


def read_template(name: str, raw: bytes, findings: Findings) -> Template | None:
    """Return a template; None if the file is not one, which is reported."""
    root = _root(name, raw, findings)
    template = _template(root, findings) if isinstance(root, MappingNode) else None
    if isinstance(root, MappingNode) and template and template.batch:
        _downgrade_problems(root, template, findings)
    if not isinstance(root, MappingNode | Broken) and not findings.found:
        message = f"{name} is {'empty' if root is None else 'not a mapping'}: it is not a CloudFormation template"
        findings.add("CFN001", message, root.mark if root else None, HINT)
    return template


def call_of(node: Node, *, in_condition: bool = False) -> FunctionCall | None:
    """Return the function that a mapping stands for, if it does. `Condition` is one in conditions only."""
    if not isinstance(node, MappingNode) or len(node.entries) != 1:
        return None
    (name, (_, argument)) = next(iter(node.entries.items()))
    is_function = name.startswith("Fn:") or name == "Ref" or (name == CONDITION and in_condition)
    return FunctionCall(name, argument, node.mark) if is_function else None


def reference(node: Node) -> tuple[str, str] | None:
    """Return the resource and attribute that a `Ref` (no attribute) or `Fn::GetAtt` names; None for all else."""
    call = call_of(node)
    if call is None:
        return None
    if call.function == "Ref" and isinstance(call.argument, Scalar):
        return text(call.argument), ""
    if call.function == "Fn::GetAtt":
        steps = call.argument.items if isinstance(call.argument, SequenceNode) else [call.argument]
        logical, _, attribute = ".".join(text(step) for step in steps).partition(".")
        return logical, attribute
    return None


def text(node: Node) -> str:
    """Return a scalar as it was written; empty for what is none."""
    return text_of(node.value) if isinstance(node, Scalar) and node.value is not None else ""


def expression_text(node: Node) -> str:
    """Write a value in one line, functions in their short form: `!Select [0, !Ref Subnets]`."""
    call = call_of(node, in_condition=True)
    match node:
        case _ if call and call.function == "Fn::GetAtt":
            return f"!GetAtt {'.'.join(reference(node) or ())}"
        case _ if call and call.function in FUNCTIONS:
            return f"!{call.function.removeprefix('Fn::')} {expression_text(call.argument)}"
        case SequenceNode(items):
            return f"[{', '.join(map(expression_text, items))}]"
        case MappingNode(entries):
            return f"{{{', '.join(f'{key}: {expression_text(inner)}' for key, (_, inner) in entries.items())}}}"
        case _:
            text_ = text(node)
            return text_ if is_plain(text_) or text_.isdecimal() else quoted(text_)


def _root(name: str, raw: bytes, findings: Findings) -> Node | None:
    content = decoded(name, raw, findings)
    if content is None:
        return Broken(NamedPlace(name))
    document = _parsed(name, content, findings)
    if spoken := _not_rendered(name, content, document, findings):
        findings.found.clear()  # what the file says is not known before
        findings.add("YML013", spoken.message, spoken.mark, spoken.language.way_out)
        return Broken(spoken.mark)
    root = document.root
    if root is not None and not document.is_literal:
        library = Library(_NoFiles(), findings, size=document.size)
        root = Expander(library, LookupRunner(_NoFiles(), findings), findings).expand(root)
    return _body(name, root, findings) if isinstance(root, MappingNode) else root


def _not_rendered(name: str, content: str, document: Document, findings: Findings) -> EmbeddedLanguage | None:
    """Return where a template contains a different language; if it is readable, only in resources of AWS Batch."""
    if any(problem.code in UNREADABLE for problem in findings.found):
        return spoken_in_text(name, content, findings.found)
    _, resources = (
        document.root.entries.get("Resources", (None, None)) if isinstance(document.root, MappingNode) else NONE
    )
    parameters = section_of(document.root, "Parameters")
    for _, node in resources.entries.values() if isinstance(resources, MappingNode) else ():
        type_ = node.entries.get("Type", NONE)[1] if isinstance(node, MappingNode) else None
        if type_ is None or not text(type_).startswith(OURS):
            continue
        if spoken := spoken_in(node, content):
            return spoken
        if (spoken := _language_in_name(node)) and spoken.text.strip("${}") not in parameters:
            return spoken
    return None


def _language_in_name(resource: Node) -> EmbeddedLanguage | None:
    """Return what a shell should have filled in where a resource has its name, in which AWS takes no such text."""
    properties = section_of(resource, "Properties")
    names = (node for key, (_, node) in properties.items() if key.endswith("Name") and isinstance(node, Scalar))
    return next(filter(None, map(spoken_in_name, names)), None)


def section_of(node: Node | None, name: str) -> Entries:
    """Return the entries of a mapping in a mapping; none where there is none."""
    _, inner = node.entries.get(name, NONE) if isinstance(node, MappingNode) else NONE
    return inner.entries if isinstance(inner, MappingNode) else {}


def _parsed(name: str, content: str, findings: Findings) -> Document:
    if content.lstrip().startswith("{") and not name.endswith(YAML_FILES):
        return compose_json(name, content, findings, last_wins=LAST_WINS)
    return compose(name, content, findings, CLOUDFORMATION)


def _body(name: str, root: MappingNode, findings: Findings) -> Node | None:
    """Return the template in what `aws cloudformation get-template` prints, where it is that."""
    _, body = root.entries.get("TemplateBody", (None, None))
    if isinstance(body, Scalar):
        return _parsed(f"{name} (TemplateBody)", text(body), findings).root
    return body or root


def _template(root: MappingNode, findings: Findings) -> Template | None:
    _, resources = root.entries.get("Resources", (None, None))
    if not isinstance(resources, MappingNode):
        explanation = next((OTHER_FILES[key] for key in root.entries if key in OTHER_FILES), "it has no Resources")
        findings.add("CFN001", f"not a CloudFormation template: {explanation}", root.mark, HINT)
        return None
    in_loops = [node for key, (_, node) in resources.entries.items() if key.startswith(LOOP)]
    sections = {key: node.entries for key, (_, node) in root.entries.items() if isinstance(node, MappingNode)}
    return Template(
        mark=root.mark,
        resources={resource.logical: resource for resource in _resources(resources, findings)},
        sections=sections,
        transforms=tuple(_scalars(root.entries.get("Transform", (None, None))[1])),
        loops=tuple(node.mark for node in in_loops if _has_batch(node)),
        looped=tuple(pattern for node in in_loops for pattern in _ids(node)),
    )


def _resources(section: MappingNode, findings: Findings) -> Iterator[Resource]:
    for logical, (mark, node) in section.entries.items():
        if logical.startswith("Fn::") or isinstance(node, Broken):
            continue
        attributes = node.entries if isinstance(node, MappingNode) else {}
        kind = text(attributes["Type"][1]) if "Type" in attributes else ""
        if not kind:
            message = f"{logical} is not a resource: it has no Type"
            hint = "add a Type, for example AWS::Batch::JobQueue"
            findings.add("CFN009", message, mark, hint, Severity.WARNING)
        else:
            yield Resource(logical, kind, mark, attributes)


def _ids(loop: Node) -> Iterator[re.Pattern[str]]:
    """Yield what the logical ids look like that a loop makes: `Subnet${Zone}`, or `Subnet&{Zone}` without its symbols.

    https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/intrinsic-function-reference-foreach.html
    """
    made = loop.items[-1] if isinstance(loop, SequenceNode) and loop.items else None
    for key, (_, node) in made.entries.items() if isinstance(made, MappingNode) else ():
        if key.startswith(LOOP):
            yield from _ids(node)
        else:
            yield re.compile(".*".join(map(re.escape, IN_LOOP.split(key))))


def _downgrade_problems(root: MappingNode, template: Template, findings: Findings) -> None:
    """Let problems of what is not imported be warnings; a key that is written twice there is none."""
    resources = root.entries["Resources"][1]
    parts = [(mark, READ.get(section, False)) for section, (mark, _) in root.entries.items()]
    if isinstance(resources, MappingNode):
        known_resources = template.resources
        parts += [
            (mark, name in known_resources and known_resources[name].is_batch)
            for name, (mark, _) in resources.entries.items()
        ]
    ordered = sorted((where_of(mark), is_read) for mark, is_read in parts)
    starts = [where for where, _ in ordered]
    for problem in list(findings.found):
        where = problem.where
        index = bisect_right(starts, where) - 1 if where else -1
        if where is None or index < 0 or ordered[index][1] or where.file != starts[index].file:
            continue
        del findings.found[problem]
        if problem.code != "YML003":
            findings.found[replace(problem, severity=Severity.WARNING)] = None


def _scalars(node: Node | None) -> Iterator[Scalar]:
    match node:
        case SequenceNode(items):
            for item in items:
                yield from _scalars(item)
        case MappingNode(entries):
            yield from _scalars(entries.get("Name", (None, None))[1])
        case Scalar():
            yield node


def _has_batch(node: Node) -> bool:
    match node:
        case SequenceNode(items):
            return any(map(_has_batch, items))
        case MappingNode(entries):
            return any(_has_batch(inner) for _, inner in entries.values())
        case _:
            return text(node).startswith(OURS)


class _NoFiles:
    """A template is one file: it includes none, and looks nothing up while it is read."""

    root = ""

    def names(self) -> tuple[str, ...]:
        return ()

    def read(self, name: str) -> bytes:
        raise FileNotFoundError(name)

    def find(self, tag: str, argument: str) -> None:  # noqa: ARG002 - the protocol's signature
        return None

    def find_in_state(self, argument: str, place: StatePlace) -> None:  # noqa: ARG002 - the protocol's signature
        return None

"""Values from outside of AWS Batch: other resources of a template, and exports of other stacks."""

import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from collections.abc import Mapping as MappingABC

from reconciler.importers.cloudformation.context import STACK_ARN, NotEvaluated, TemplateContext
from reconciler.importers.cloudformation.template import LOOP, Resource, Template, call_of, expression_text, reference
from reconciler.importers.model import TaggedValue
from reconciler.load.expand import IN_TEXT
from reconciler.model import Json
from reconciler.syntax.nodes import MappingNode, Node, SequenceNode, text_of

# What `Ref` and `Fn::GetAtt` give of resources that AWS Batch does not have but names: roles, subnets, templates.
#
# The "Return values" of each type in https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/.

# What a Ref gives is the physical id, which a property may say.
NAMES: Mapping[str, str] = {
    "AWS::IAM::Role": "RoleName",
    "AWS::IAM::InstanceProfile": "InstanceProfileName",
    "AWS::ECR::Repository": "RepositoryName",
    "AWS::EKS::Cluster": "Name",
    "AWS::Logs::LogGroup": "LogGroupName",
    "AWS::S3::Bucket": "BucketName",
    "AWS::SSM::Parameter": "Name",
}
# Attributes by type: `{id}` is the physical id, `{path}` the Path of what IAM has, and the rest is text for `!sub`.
ATTRIBUTES: Mapping[tuple[str, str], str] = {
    ("AWS::IAM::Role", "Arn"): "arn:${partition}:iam::${account}:role{path}{id}",
    ("AWS::IAM::InstanceProfile", "Arn"): "arn:${partition}:iam::${account}:instance-profile{path}{id}",
    ("AWS::EC2::SecurityGroup", "GroupId"): "{id}",
    ("AWS::EC2::SecurityGroup", "Id"): "{id}",
    ("AWS::EC2::Subnet", "SubnetId"): "{id}",
    ("AWS::EC2::VPC", "VpcId"): "{id}",
    ("AWS::EC2::LaunchTemplate", "LaunchTemplateId"): "{id}",
    ("AWS::EC2::PlacementGroup", "GroupName"): "{id}",
    ("AWS::ECR::Repository", "Arn"): "arn:${partition}:ecr:${region}:${account}:repository/{id}",
    ("AWS::ECR::Repository", "RepositoryUri"): "${account}.dkr.ecr.${region}.amazonaws.com/{id}",
    ("AWS::EFS::FileSystem", "FileSystemId"): "{id}",
    ("AWS::EFS::FileSystem", "Arn"): "arn:${partition}:elasticfilesystem:${region}:${account}:file-system/{id}",
    ("AWS::EFS::AccessPoint", "AccessPointId"): "{id}",
    ("AWS::EKS::Cluster", "Arn"): "arn:${partition}:eks:${region}:${account}:cluster/{id}",
    ("AWS::Logs::LogGroup", "Arn"): "arn:${partition}:logs:${region}:${account}:log-group:{id}:*",
    ("AWS::S3::Bucket", "Arn"): "arn:${partition}:s3:::{id}",
    ("AWS::SecretsManager::Secret", "Id"): "{id}",
}
# The number that a deployment finds, so that a deployment rolls a new version out. To AWS Batch, neither `$Latest`
# nor `$Default` means the same, since a newer version then waits until instances are replaced for another reason.
VERSIONS = tuple(("AWS::EC2::LaunchTemplate", name) for name in ("LatestVersionNumber", "DefaultVersionNumber"))
NESTED = "AWS::CloudFormation::Stack"
OUTPUTS = "Outputs."  # in front of the attributes of a nested stack
CUSTOM = ("Custom::", "AWS::CloudFormation::CustomResource")


# Texts that are put together of what is known and what a stack substitutes: `!sub` of our language.

HOLE = re.compile(r"\$\{(?!!)[^}]*\}")
ESCAPED = re.compile(r"\$\{!([^}]*)\}")
IN_BRACES = re.compile(r"\$\{([^}]*)\}")
REFERENCE = "{{resolve"
DYNAMIC = f"{REFERENCE}:"
# https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/dynamic-references.html
STORED = re.compile(r"\{\{resolve:(?:ssm|ssm-secure):([^:{}]+(?::\d+)?)\}\}")
SECRET = re.compile(
    r"\{\{resolve:secretsmanager:(arn:[^:{}]+:secretsmanager:[^:{}]*:[^:{}]*:secret:[^:{}]+|[^:{}]+)"
    r"(?::SecretString)?(?::([^:{}]*))?(?::AWSCURRENT)?:*\}\}"
)


def is_secret(text: str) -> bool:
    """Whether a text has a dynamic reference to something secret; unless it is one to a plain parameter, it has."""
    return text.count(REFERENCE) > text.count(f"{REFERENCE}:ssm:")


def split_sub(text: str) -> Iterator[tuple[bool, str]]:
    """Yield the parts of a text of `Fn::Sub`: whether it is a name in braces, and what it is."""
    at = 0
    for match in IN_TEXT.finditer(text):
        yield False, text[at : match.start()]
        yield (False, f"${{{match[2]}}}") if match[1] else (True, match[2].strip())
        at = match.end()
    yield False, text[at:]


def join_texts(parts: Iterable[Json]) -> Json:
    """Return a text of scalars and `Tagged`; a `Tagged` one if any is substituted."""
    texts = [part if isinstance(part, TaggedValue) else text_of(part) for part in parts]
    texts = [part for part in texts if part != ""]
    if len(texts) == 1:
        return texts[0]
    if not any(isinstance(part, TaggedValue) for part in texts):
        return "".join(map(str, texts))
    return TaggedValue("!sub", "".join(map(_in_sub, texts)))


def split_text(value: Json, delimiter: str) -> list[Json] | None:
    """Return the parts of a text; None if a substituted value may contain the delimiter."""
    if isinstance(value, TaggedValue):
        placeholders = HOLE.findall(value.text)
        is_certain = value.tag == "!sub" and all(hole in CERTAIN and delimiter not in hole for hole in placeholders)
        return [_plain(part) for part in value.text.split(delimiter)] if is_certain else None
    return list(text_of(value).split(delimiter))


def lookup_of(text: str) -> TaggedValue | None:
    """Return a dynamic reference to SSM or Secrets Manager as the look-up that does the same."""
    if match := STORED.fullmatch(text):
        return TaggedValue("!ssm", match[1])
    if match := SECRET.fullmatch(text):
        return TaggedValue("!secret", f"{match[1]}#{match[2]}" if match[2] else match[1])
    return None


def substitute_values(tagged: TaggedValue, values: MappingABC[str, Json]) -> Json:
    """Return what a value becomes where variables have these values for good."""
    if tagged.tag == "!var":
        return values.get(tagged.text, tagged)
    if tagged.tag != "!sub":
        return tagged

    def value(match: re.Match[str]) -> str:
        is_known = not match[1] and match[2].strip() in values
        return str(_in_sub(text_of(values[match[2].strip()]))) if is_known else match[0]

    return _plain(IN_TEXT.sub(value, tagged.text))


CERTAIN = ("${account}", "${region}", "${partition}")  # they have neither colons nor slashes


def _in_sub(part: Json) -> str:
    if not isinstance(part, TaggedValue):
        return IN_BRACES.sub(r"${!\1}", str(part))
    return f"${{{part.text}}}" if part.tag == "!var" else part.text


def _plain(part: str) -> Json:
    return TaggedValue("!sub", part) if HOLE.search(part) else ESCAPED.sub(r"${\1}", part)


def is_arn(attribute: str) -> bool:
    """Whether an attribute of a resource of AWS Batch is its ARN, which a `Ref` gives, too."""
    return attribute == "" or attribute.endswith("Arn")


def attribute(
    context: TemplateContext, resource: Resource, name: str, resolve_name: Callable[[Node], Json]
) -> tuple[Json, str]:
    """Return an attribute (empty: what a `Ref` gives), and what a reader should know of it. Raises `NotEvaluated`."""
    live = context.inputs.live
    if live and (number := live.versions.get((resource.logical, name))):
        return number, f"{describe_attribute(resource, name)}, which CloudFormation reads again at each deployment"
    if live and (output := _output(context.template, resource.logical, name)):
        return TaggedValue("!cfn", f"{live.name}.{output}"), ""
    physical = live.resources.get(resource.logical) if live else None
    if physical and resource.type == NESTED and name.startswith(OUTPUTS) and (match := STACK_ARN.fullmatch(physical)):
        return TaggedValue("!cfn", f"{match[4]}.{name.removeprefix(OUTPUTS)}"), ""
    form = ATTRIBUTES.get((resource.type, name)) if name else "{id}"
    if form is None:
        raise NotEvaluated(describe_attribute(resource, name))
    return _fill_form(form, _id(resource, physical, resolve_name), _path(resource, resolve_name), resource, name)


def external_source(template: Template, node: Node) -> tuple[str, str] | None:
    """Return a name for a variable that stands for a value, and its source: the first thing from elsewhere in it.

    None if everything in it is the template's own.
    """
    target = reference(node)
    call = call_of(node)
    if target:
        return _source_of_reference(template, *target)
    if call and call.function == "Fn::ImportValue":
        export = re.sub(r"!Sub|\$|\"", "", expression_text(call.argument))
        return export, f"export {expression_text(call.argument)} of a different stack"
    inner = node.items if isinstance(node, SequenceNode) else ()
    if isinstance(node, MappingNode):
        inner = tuple(value for _, value in node.entries.values())
    return next((source for source in (external_source(template, value) for value in inner) if source), None)


def _source_of_reference(template: Template, logical: str, name: str) -> tuple[str, str] | None:
    resource = template.resources.get(logical)
    if resource:
        return f"{logical}{name.removeprefix(OUTPUTS).replace('.', '')}", describe_attribute(resource, name)
    if logical in template.section("Parameters"):
        return None
    description = f"{name} of {logical}" if name else logical
    description = f"{description}, created by {LOOP} in the template" if template.is_looped(logical) else description
    return f"{logical.removeprefix('AWS::')}{name.replace('.', '')}", description


def describe_attribute(resource: Resource, name: str) -> str:
    kind = "custom resource" if resource.type.startswith(CUSTOM) else resource.type
    return f"{f'{name} of ' if name else ''}{kind} {resource.logical} of the template"


def last_word(path: str) -> str:
    """Return what may be the name of a look-up: the last word of its path."""
    return re.split(r"[/:#.]", path.rstrip("/"))[-1]


def _output(template: Template, logical: str, name: str) -> str:
    """Return an output of the template that has exactly this value; empty if there is none."""
    for output, (_, node) in template.section("Outputs").items():
        _, value = node.entries.get("Value", (None, None)) if isinstance(node, MappingNode) else (None, None)
        is_unconditional = isinstance(node, MappingNode) and "Condition" not in node.entries
        if value is not None and is_unconditional and reference(value) == (logical, name):
            return output
    return ""


def _id(resource: Resource, physical: str | None, resolve_name: Callable[[Node], Json]) -> Json:
    if physical:
        return physical
    _, node = resource.properties.entries.get(NAMES.get(resource.type, ""), (None, None))
    return resolve_name(node) if node is not None else None


def _path(resource: Resource, resolve_name: Callable[[Node], Json]) -> Json:
    _, node = resource.properties.entries.get("Path", (None, None))
    return resolve_name(node) if node is not None else "/"


def _fill_form(form: str, id_: Json, path: Json, resource: Resource, name: str) -> tuple[Json, str]:
    if id_ in (None, ""):
        raise NotEvaluated(describe_attribute(resource, name))
    if form == "{id}":
        return id_, f"{resource.type} {resource.logical} of the template"
    values = {"{id}": id_, "{path}": path}
    return join_texts(values.get(piece) or _text(piece) for piece in re.split(r"(\{id\}|\{path\})", form)), ""


def _text(form: str) -> Json:
    return TaggedValue("!sub", form) if any(is_name for is_name, _ in split_sub(form)) else form

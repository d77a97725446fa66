"""What a template takes from elsewhere: from its resources that AWS Batch does not have, and from other stacks."""

import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from collections.abc import Mapping as MappingABC

from reconciler.importers.cloudformation.context import STACK_ARN, NotKnown, TemplateContext
from reconciler.importers.cloudformation.template import LOOP, Resource, Template, call_of, reference, spelled
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


def pieces(text: str) -> Iterator[tuple[bool, str]]:
    """Yield the parts of a text of `Fn::Sub`: whether it is a name in braces, and what it is."""
    at = 0
    for found in IN_TEXT.finditer(text):
        yield False, text[at : found.start()]
        yield (False, f"${{{found[2]}}}") if found[1] else (True, found[2].strip())
        at = found.end()
    yield False, text[at:]


def joined(parts: Iterable[Json]) -> Json:
    """Return a text of scalars and `Tagged`; a `Tagged` one if any is substituted."""
    known = [part if isinstance(part, TaggedValue) else text_of(part) for part in parts]
    known = [part for part in known if part != ""]
    if len(known) == 1:
        return known[0]
    if not any(isinstance(part, TaggedValue) for part in known):
        return "".join(map(str, known))
    return TaggedValue("!sub", "".join(map(_in_sub, known)))


def split(value: Json, delimiter: str) -> list[Json] | None:
    """Return the parts of a text; None if it cannot be told where what is substituted would be parted."""
    if isinstance(value, TaggedValue):
        holes = HOLE.findall(value.text)
        is_sure = value.tag == "!sub" and all(hole in CERTAIN and delimiter not in hole for hole in holes)
        return [_plain(part) for part in value.text.split(delimiter)] if is_sure else None
    return list(text_of(value).split(delimiter))


def dynamic(text: str) -> TaggedValue | None:
    """Return a dynamic reference to SSM or Secrets Manager as the look-up that does the same."""
    if found := STORED.fullmatch(text):
        return TaggedValue("!ssm", found[1])
    if found := SECRET.fullmatch(text):
        return TaggedValue("!secret", f"{found[1]}#{found[2]}" if found[2] else found[1])
    return None


def with_values(tagged: TaggedValue, values: MappingABC[str, Json]) -> Json:
    """Return what a value becomes where variables have these values for good."""
    if tagged.tag == "!var":
        return values.get(tagged.text, tagged)
    if tagged.tag != "!sub":
        return tagged

    def value(found: re.Match[str]) -> str:
        is_known = not found[1] and found[2].strip() in values
        return str(_in_sub(text_of(values[found[2].strip()]))) if is_known else found[0]

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


def attribute(world: TemplateContext, resource: Resource, name: str, known: Callable[[Node], Json]) -> tuple[Json, str]:
    """Return an attribute (empty: what a `Ref` gives), and what a reader should know of it. Raises `NotKnown`."""
    live = world.given.live
    if live and (number := live.versions.get((resource.logical, name))):
        return number, f"{meaning(resource, name)}, which CloudFormation reads again at each deployment"
    if live and (output := _output(world.template, resource.logical, name)):
        return TaggedValue("!cfn", f"{live.name}.{output}"), ""
    physical = live.resources.get(resource.logical) if live else None
    if physical and resource.type == NESTED and name.startswith(OUTPUTS) and (found := STACK_ARN.fullmatch(physical)):
        return TaggedValue("!cfn", f"{found[4]}.{name.removeprefix(OUTPUTS)}"), ""
    form = ATTRIBUTES.get((resource.type, name)) if name else "{id}"
    if form is None:
        raise NotKnown(meaning(resource, name))
    return _formed(form, _id(resource, physical, known), _path(resource, known), resource, name)


def named(template: Template, node: Node) -> tuple[str, str] | None:
    """Return a name for a variable that stands for a value, and its source: the first thing from elsewhere in it.

    None if everything in it is the template's own.
    """
    found = reference(node)
    call = call_of(node)
    if found:
        return _of_reference(template, *found)
    if call and call.function == "Fn::ImportValue":
        export = re.sub(r"!Sub|\$|\"", "", spelled(call.argument))
        return export, f"export {spelled(call.argument)} of a different stack"
    inner = node.items if isinstance(node, SequenceNode) else ()
    if isinstance(node, MappingNode):
        inner = tuple(value for _, value in node.entries.values())
    return next((one for one in (named(template, value) for value in inner) if one), None)


def _of_reference(template: Template, logical: str, name: str) -> tuple[str, str] | None:
    resource = template.resources.get(logical)
    if resource:
        return f"{logical}{name.removeprefix(OUTPUTS).replace('.', '')}", meaning(resource, name)
    if logical in template.section("Parameters"):
        return None
    of = f"{name} of {logical}" if name else logical
    of = f"{of}, created by {LOOP} in the template" if template.is_looped(logical) else of
    return f"{logical.removeprefix('AWS::')}{name.replace('.', '')}", of


def meaning(resource: Resource, name: str) -> str:
    kind = "custom resource" if resource.type.startswith(CUSTOM) else resource.type
    return f"{f'{name} of ' if name else ''}{kind} {resource.logical} of the template"


def last(path: str) -> str:
    """Return what may be the name of a look-up: the last word of its path."""
    return re.split(r"[/:#.]", path.rstrip("/"))[-1]


def _output(template: Template, logical: str, name: str) -> str:
    """Return an output of the template that has exactly this value; empty if there is none."""
    for output, (_, node) in template.section("Outputs").items():
        _, value = node.entries.get("Value", (None, None)) if isinstance(node, MappingNode) else (None, None)
        is_there = isinstance(node, MappingNode) and "Condition" not in node.entries
        if value is not None and is_there and reference(value) == (logical, name):
            return output
    return ""


def _id(resource: Resource, physical: str | None, known: Callable[[Node], Json]) -> Json:
    if physical:
        return physical
    _, node = resource.properties.entries.get(NAMES.get(resource.type, ""), (None, None))
    return known(node) if node is not None else None


def _path(resource: Resource, known: Callable[[Node], Json]) -> Json:
    _, node = resource.properties.entries.get("Path", (None, None))
    return known(node) if node is not None else "/"


def _formed(form: str, id_: Json, path: Json, resource: Resource, name: str) -> tuple[Json, str]:
    if id_ in (None, ""):
        raise NotKnown(meaning(resource, name))
    if form == "{id}":
        return id_, f"{resource.type} {resource.logical} of the template"
    values = {"{id}": id_, "{path}": path}
    return joined(values.get(piece) or _text(piece) for piece in re.split(r"(\{id\}|\{path\})", form)), ""


def _text(form: str) -> Json:
    return TaggedValue("!sub", form) if any(is_name for is_name, _ in pieces(form)) else form

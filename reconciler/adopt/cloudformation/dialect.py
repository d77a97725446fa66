"""The YAML of CloudFormation: short tags are functions, and some more words are booleans.

https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/intrinsic-function-reference.html
"""

from reconciler.load.compose import Dialect
from reconciler.load.findings import Findings, did_you_mean
from reconciler.load.nodes import Broken, MappingNode, Node, Scalar, SequenceNode
from reconciler.load.scalars import plain_value
from reconciler.model import Json

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
LAST_WINS = "CloudFormation uses the last one, and so does the import"


def _plain(text: str) -> Json:
    return WORDS[text] if text in WORDS else plain_value(text)


def _tagged(tag: str, node: Node, findings: Findings) -> Node:
    """Return a short form in the long one: `!Ref x` is `{Ref: x}`."""
    if tag not in TAGS:
        hint = did_you_mean(tag, TAGS, "templates have the functions of CloudFormation as tags, no others")
        findings.add("YML005", f"{tag} is not a tag of CloudFormation", node.mark, hint)
        return Broken(node.mark)
    name = TAGS[tag]
    argument = _attribute(node) if name == "Fn::GetAtt" and isinstance(node, Scalar) else node
    return MappingNode({name: (node.mark, argument)}, node.mark)


def _attribute(node: Scalar) -> Node:
    logical, _, attribute = str(node.value).partition(".")
    return SequenceNode((Scalar(logical, node.mark), Scalar(attribute, node.mark)), node.mark)


CLOUDFORMATION = Dialect(_plain, _tagged, LAST_WINS)

"""Files that another program still has to fill in: which language they hold, and what renders it.

Only forms that no text of a stack can have count as one: shell in a command may well have `${NAME}` and braces.
"""

import re
from collections.abc import Iterable, Sequence
from typing import NamedTuple

from reconciler.problems import Problem
from reconciler.syntax.nodes import MappingNode, NamedPlace, Node, Scalar, SourceMark
from reconciler.syntax.nodes import SequenceNode as List

# What a shell, Docker or the program itself reads, in the spelling of the API and of CloudFormation, in small letters.
READ_LATER = {"command", "args", "environment", "env", "parameters", "options", "annotations", "userdata"}


class OtherLanguage(NamedTuple):
    """`form` is what only this language writes; its length is bounded, so that a hostile line takes linear time.

    `way_out` says what renders it.
    """

    name: str
    form: re.Pattern[str]
    way_out: str


class EmbeddedLanguage(NamedTuple):
    """Where a text holds another language, and how that is written there."""

    language: OtherLanguage
    mark: SourceMark
    text: str

    @property
    def message(self) -> str:
        return f"{self.text} is {self.language.name}: the file is not rendered"


RENDER_JINJA = "render it first, for example with `sceptre generate STACK`, Ansible's template module or `jinja2 FILE`"
LANGUAGES: Sequence[OtherLanguage] = (
    OtherLanguage(
        "Sceptre's Jinja",
        re.compile(
            r"\{\{[^}\n]{0,80}\b(?:sceptre_user_data|stack_group_config|command_path)\b[^}\n]{0,80}\}\}"
            r"|!(?:stack_output(?:_external)?|stack_attr|rcmd|file_contents|environment_variable|no_value)\b"
        ),
        "render it with `sceptre generate STACK`, and pipe the output to `import --cloudformation -`",
    ),
    OtherLanguage(
        "a Serverless Framework variable",
        re.compile(
            r"\$\{(?:self|opt|sls|file|param|custom|cf|aws|env|ssm|s3|strToBool)(?:\([^)\n]{0,80}\))?:[^}\n]{0,80}\}"
            r"|#\{AWS::\w+\}"
        ),
        "render it with `serverless package`, and pass .serverless/*.json to `import --cloudformation`",
    ),
    OtherLanguage(
        "a Terraform template",
        re.compile(
            r"%\{~?\s*(?:if|for|else|endif|endfor)\b[^}\n]{0,80}\}"
            r"|\$\{(?:var|local|data|module|each|path|aws_\w+)\.[^}\n]{0,80}\}"
        ),
        "render it with `terraform show -json`, and pipe the output to `import --terraform -`",
    ),
    OtherLanguage(
        "an AWS CDK token",
        re.compile(r"\$\{Token\[[^\]\n]{0,80}\]\}"),
        "render it with `cdk synth`, and pipe the output to `import --cloudformation -`",
    ),
    OtherLanguage(
        "Helm or a different Go template",
        re.compile(
            r"\{\{-?\s*(?:\.|\$|(?:if|else|range|include|template|toYaml|with|end|define|block)\b)[^}\n]{0,80}\}\}"
        ),
        "render it first, for example with `helm template`",
    ),
    OtherLanguage(
        "Jinja",
        re.compile(r"\{%[-+]?\s*\w[^%\n]{0,80}%\}|(?<!\$)\{#[^\n]{0,80}#\}"),
        RENDER_JINJA,
    ),
)
# In a file that cannot be read without it, this is a template, too. CloudFormation has {{resolve:…}}.
BRACES = OtherLanguage(
    "Jinja or a similar language",
    re.compile(r"(?<!\$)\{\{(?!resolve:)[^{}\n]{0,80}\}\}"),
    RENDER_JINJA,
)
# In a request for the AWS CLI nothing is substituted.
SHELL = OtherLanguage(
    "a shell variable",
    re.compile(r"\$\{[A-Za-z_]\w*\}|\$[A-Z_][A-Z0-9_]+\b"),
    "substitute it first, for example with `envsubst <FILE >NEW`, or write YAML and use `!sub`",
)
# https://docs.github.com/en/actions/concepts/workflows-and-actions/expressions, and scripts of many projects
DOLLAR_BRACES = OtherLanguage(
    "a template variable",
    re.compile(r"\$\{\{[^{}\n]{0,80}\}\}"),
    "substitute it first with the script or workflow that defines it, or write YAML and use `!sub`",
)
MAY_BE_ONE = re.compile(r"\{%|\{\{|\{#|#\{|%\{|\$\{|!(?:stack|rcmd|file|env|no_)")


def spoken_in_text(
    name: str, text: str, problems: Iterable[Problem], *, is_json: bool = False
) -> EmbeddedLanguage | None:
    """Return the place of another language that keeps a file from being read; `name` is what messages call it.

    It is where one of the problems is: a program in a command may well be in that language, and beside the point.
    """
    near = {problem.where.line + step for problem in problems if problem.where for step in (-1, 0, 1)}
    lines = [(number, line) for number, line in enumerate(text.split("\n")) if number + 1 in near]
    for language in (*LANGUAGES, BRACES, *((SHELL,) if is_json else ())):
        for number, line in lines:
            if match := language.form.search(line):
                return EmbeddedLanguage(language, NamedPlace(name, number, match.start()), " ".join(match[0].split()))
    return None


def spoken_in(root: Node | None, text: str) -> EmbeddedLanguage | None:
    """Return the first text of a file that is for another language; `text` is all that the file says."""
    if root is None or not MAY_BE_ONE.search(text):
        return None
    return _first(root, LANGUAGES)


def spoken_in_name(node: Node) -> EmbeddedLanguage | None:
    """Return what another program should have filled in where a name stands, in which AWS takes no such text."""
    return _first(node, (*LANGUAGES, BRACES, DOLLAR_BRACES, SHELL))


def _first(node: Node, languages: Sequence[OtherLanguage]) -> EmbeddedLanguage | None:
    suspects: list[tuple[str, SourceMark]] = []
    _collect(node, suspects)
    for text, mark in suspects:
        for language in languages:
            if match := language.form.search(text):
                return EmbeddedLanguage(language, mark, " ".join(match[0].split()))
    return None


def _collect(node: Node, suspects: list[tuple[str, SourceMark]]) -> None:
    """Collect the texts that may be in another language, in their order: this sees every value of a stack.

    What an alias stands for is looked at where it is written, and tags are our own language.
    """
    if isinstance(node, Scalar):
        if isinstance(node.value, str) and _has_sign(node.value):
            suspects.append((node.value, node.mark))
    elif isinstance(node, MappingNode):
        for key, (mark, inner) in node.entries.items():
            if _has_sign(key):
                suspects.append((key, mark))
            if key.lower() not in READ_LATER:
                _collect(inner, suspects)
    elif isinstance(node, List):
        for item in node.items:
            _collect(item, suspects)


def _has_sign(text: str) -> bool:
    """Whether a text has one of the signs of which each language needs one."""
    return "{" in text or "$" in text or "!" in text

"""The files of a stack, each read and parsed once, and who includes whom."""

import json
import posixpath
import re
from collections.abc import Callable, Collection, Iterable, Sequence
from collections.abc import Mapping as MappingABC
from dataclasses import dataclass, field
from typing import NamedTuple

from reconciler.model import Json
from reconciler.ports import Files, HiddenFile, OutsideStack
from reconciler.problems import Problem
from reconciler.syntax.diagnostics import Findings, did_you_mean
from reconciler.syntax.nodes import (
    DEEPEST,
    Broken,
    MappingNode,
    NamedPlace,
    Node,
    Scalar,
    SequenceNode,
    SourceMark,
    TaggedNode,
)
from reconciler.syntax.parse import Document, compose, compose_json

# Files that another program still has to fill in: which language they hold, and what renders it.
#
# Only forms that no text of a stack can have count as one: shell in a command may well have `${NAME}` and braces.

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
    return _first_text_in(root, LANGUAGES)


def spoken_in_name(node: Node) -> EmbeddedLanguage | None:
    """Return what another program should have filled in where a name stands, in which AWS takes no such text."""
    return _first_text_in(node, (*LANGUAGES, BRACES, DOLLAR_BRACES, SHELL))


def _first_text_in(node: Node, languages: Sequence[OtherLanguage]) -> EmbeddedLanguage | None:
    suspects: list[tuple[str, SourceMark]] = []
    _collect_suspects(node, suspects)
    for text, mark in suspects:
        for language in languages:
            if match := language.form.search(text):
                return EmbeddedLanguage(language, mark, " ".join(match[0].split()))
    return None


def _collect_suspects(node: Node, suspects: list[tuple[str, SourceMark]]) -> None:
    """Collect the texts that may be in another language, in their order: this sees every value of a stack.

    What an alias stands for is looked at where it is written, and tags are our own language.
    """
    if isinstance(node, MappingNode | SequenceNode) and node.literal and not _has_signs(node.literal.value):
        return
    if isinstance(node, Scalar):
        if isinstance(node.value, str) and _has_sign(node.value):
            suspects.append((node.value, node.mark))
    elif isinstance(node, MappingNode):
        for key, (mark, inner) in node.entries.items():
            if _has_sign(key):
                suspects.append((key, mark))
            if key.lower() not in READ_LATER:
                _collect_suspects(inner, suspects)
    elif isinstance(node, SequenceNode):
        for item in node.items:
            _collect_suspects(item, suspects)


def _has_signs(value: Json) -> bool:
    """Whether any text of a plain mapping or list, or any key in it, has a sign of another language."""
    containers = [value]
    for container in containers:
        values = container
        if type(container) is dict:
            values = [inner for key, inner in container.items() if key.lower() not in READ_LATER]
            if _has_sign("".join(container)):
                return True
        if _has_sign("".join([inner for inner in values if type(inner) is str])):
            return True
        containers += [inner for inner in values if type(inner) is dict or type(inner) is list]
    return False


def _has_sign(text: str) -> bool:
    """Whether a text has one of the signs of which each language needs one."""
    return "{" in text or "$" in text or "!" in text


YAML_FILES = (".yaml", ".yml")
JSON_FILES = (".json",)
SANDBOX = b'{"format": "reconciler sandbox"'  # so begins the file of a sandbox
# So begin all documents that we write as JSON; with several stacks there is a list of them.
DOCUMENT = re.compile(rb'[\s\[]*\{\s*"format_version":\s*"[^"]*",\s*"tool":\s*\{\s*"name":\s*"reconciler"')
# So begins each line of -o jsonl.
EVENT = re.compile(rb'\{"time": "[^"]*", (?:"target": "[^"]*", )?"event":')
KIND_OF_DOCUMENT = re.compile(rb'"document":\s*"(\w+)"')
SMALL = 2**16  # bytes of a file that is kept, so that it is read once
HEAD = 500  # bytes in which they say so
LINE_BREAK = re.compile(r"\r\n?")  # YAML 1.2, production b-break: read as a line feed
NOT_TEXT_HINT = "save it as UTF-8 text, or move it out of the stack's folder"
UNREADABLE_HINT = "make it readable, or move it out of the folder"


Choose = Callable[[MappingABC[str, Document]], Collection[str]]


@dataclass(slots=True)
class Library:
    """`incomplete`: some file could not be understood, so what seems to be missing may be in there.

    `doubts` has what was found in files of which it is not known yet that they belong to the stack, and `texts` what
    those files say. `spoken` has what such files still have of other languages. `skim` says of the value of a JSON file
    why it cannot be part of the stack: other tools keep large ones.
    `size` is the number of values that are written in all files of the stack; `is_too_much`: they have grown beyond
    measure.
    """

    files: Files
    findings: Findings
    incomplete: bool = False
    size: int = 0
    is_too_much: bool = False
    documents: dict[str, Document] = field(default_factory=dict)
    counted: set[str] = field(default_factory=set)
    included: set[str] = field(default_factory=set)
    followed: set[str] = field(default_factory=set)
    circular: set[TaggedNode] = field(default_factory=set)
    doubts: dict[str, Findings] = field(default_factory=dict)
    texts: dict[str, str] = field(default_factory=dict)
    spoken: dict[str, EmbeddedLanguage] = field(default_factory=dict)
    skim: Callable[[Json], str] | None = None
    skimmed: dict[str, bytes] = field(default_factory=dict)

    def parts(self, choose: Choose | None = None) -> tuple[tuple[str, Document], ...]:
        """Return the files that make up the stack: those that are chosen, and that no other one includes."""
        for name in self.files.names():
            self._load(name, NamedPlace(self.shown(name)))
        chosen = list(self.documents if choose is None else choose(dict(self.documents)))
        for name in chosen:
            if self.document(name, NamedPlace(self.shown(name))) and name not in self.followed:
                self._follow(name, ())
        return tuple((name, self.documents[name]) for name in chosen if name not in self.included)

    def shown(self, name: str) -> str:
        return self._prefix + name

    def name_of(self, mark: SourceMark) -> str:
        """Return the name of the file that a place is in."""
        return mark.name.removeprefix(self._prefix)

    def target_of(self, include: TaggedNode) -> str:
        """Return the name of the file that an include means: relative to the file in which it is written."""
        here = self.name_of(include.mark)
        return posixpath.normpath(posixpath.join(posixpath.dirname(here), include.text.strip()))

    def content_of(self, include: TaggedNode) -> Node:
        document = self.documents.get(self.target_of(include))
        if document is None or include in self.circular:
            return Broken(include.mark)
        return Scalar(None, include.mark) if document.root is None else document.root

    def document(self, name: str, blame: SourceMark) -> Document | None:
        """Return a file of the stack, and report what is wrong with it; at `blame`, if it cannot be read."""
        document = self._load(name, blame)
        if document and document.beside:  # it is included all the same
            raw = self.skimmed.pop(name, None) or self._read(name, blame) or b""
            self.documents[name] = document = parse(self.shown(name), raw, self.findings)
        if document and (spoken := self.spoken.pop(name, None)):
            document = self.documents[name] = Document(self.not_rendered(spoken), size=document.size)
            self.doubts.pop(name, None)
        if doubts := self.doubts.pop(name, None):
            self.findings.found.update(doubts.found)
        if document and name not in self.counted:
            self.counted.add(name)
            self.size += document.size
        self.incomplete = self.incomplete or document is None or document.is_broken
        return document

    def _load(self, name: str, blame: SourceMark) -> Document | None:
        if name not in self.documents and (raw := self._read(name, blame)) is not None:
            findings = Findings()
            beside = own_document(raw) or self._why_beside(name, raw)
            if beside and len(raw) <= SMALL:
                self.skimmed[name] = raw
            self.documents[name] = Document(None, beside=beside) if beside else parse(self.shown(name), raw, findings)
            if findings.found:
                self.doubts[name], self.texts[name] = findings, raw.decode("utf-8-sig", errors="replace")
            if not beside and (spoken := self._spoken(name, raw)):
                self.spoken[name] = spoken
        return self.documents.get(name)

    def not_rendered(self, spoken: EmbeddedLanguage) -> Broken:
        """Report that a file holds another language: what it says, and what is missing, cannot be told before."""
        self.incomplete = True
        self.findings.add("YML013", spoken.message, spoken.mark, spoken.language.way_out)
        return Broken(spoken.mark)

    def _spoken(self, name: str, raw: bytes) -> EmbeddedLanguage | None:
        if name in self.texts:
            problems = self.doubts[name].found
            return spoken_in_text(self.shown(name), self.texts[name], problems, is_json=name.endswith(JSON_FILES))
        if not name.endswith((*YAML_FILES, *JSON_FILES)):
            return None
        return spoken_in(self.documents[name].root, raw.decode("utf-8-sig", errors="replace"))

    def _why_beside(self, name: str, raw: bytes) -> str:
        if self.skim is None or not name.endswith(JSON_FILES):
            return ""
        try:
            return self.skim(json.loads(raw))
        except (ValueError, RecursionError):
            return ""

    @property
    def _prefix(self) -> str:
        root = self.files.root.rstrip("/")
        return "" if root in ("", ".") and not self.files.root.startswith("/") else f"{root}/"

    def _follow(self, name: str, chain: tuple[str, ...]) -> None:
        chain = (*chain, name)
        self.followed.add(name)
        for include in self.documents[name].includes:
            target = self.target_of(include)
            self.included.add(target)
            if target in chain:
                self._circle(include, (*chain[chain.index(target) :], target))
            elif len(chain) > DEEPEST:
                self.findings.add(
                    "YML009", f"more than {DEEPEST} files include each other", include.mark, "include fewer levels"
                )
            elif (
                self._may_read(target, include) and self.document(target, include.mark) and target not in self.followed
            ):
                self._follow(target, chain)

    def _circle(self, include: TaggedNode, circle: tuple[str, ...]) -> None:
        self.circular.add(include)
        self.incomplete = True
        message = f"these files include each other in a circle: {' -> '.join(circle)}"
        self.findings.add("INC003", message, include.mark, "remove one of the includes")

    def _may_read(self, target: str, include: TaggedNode) -> bool:
        if target.startswith(("/", "../")) or target == "..":
            self._outside(include.text, include.mark)
            return False
        if any(part.startswith(".") and part != "." for part in target.split("/")):
            self._hidden(include.text, include.mark)
            return False
        return bool(include.text.strip())

    def _outside(self, path: str, mark: SourceMark) -> None:
        hint = "a stack can only read files in its own folder: move or copy the file"
        self.findings.add("INC001", f"{path} is outside the stack's folder", mark, hint)
        self.incomplete = True

    def _hidden(self, path: str, mark: SourceMark) -> None:
        hint = "files and folders whose names begin with a dot are not read: rename it"
        self.findings.add("INC004", f"{path} is a hidden file", mark, hint)
        self.incomplete = True

    def _read(self, name: str, blame: SourceMark) -> bytes | None:
        """Return a file's content. One that cannot be read may be the stack's: it makes what is known incomplete."""
        try:
            return self.files.read(name)
        except HiddenFile:
            self._hidden(name, blame)
        except OutsideStack:
            self._outside(name, blame)
        except FileNotFoundError:
            self._no_such_file(name, blame)
        except OSError as error:
            self.findings.add(
                "YML012", f"{self.shown(name)} cannot be read: {error.strerror or error}", blame, UNREADABLE_HINT
            )
        self.incomplete = True
        return None

    def _no_such_file(self, name: str, blame: SourceMark) -> None:
        known = self.files.names()
        if name in known:
            self.findings.add("YML012", f"{self.shown(name)} is a broken link", blame, UNREADABLE_HINT)
            return
        hint = did_you_mean(name, known, "the path is relative to the file that includes it")
        self.findings.add("INC002", f"the file {self.shown(name)} does not exist", blame, hint)


def parse(shown: str, raw: bytes, findings: Findings, *, is_yaml: bool = False) -> Document:
    """Parse a file by what its name says it is; what is neither YAML nor JSON is one text, unless it `is_yaml`."""
    text = decoded(shown, raw, findings)
    if text is None:
        return Document(Broken(NamedPlace(shown)))
    if shown.endswith(JSON_FILES):
        return compose_json(shown, text, findings)
    if is_yaml or shown.endswith(YAML_FILES):
        return compose(shown, text, findings)
    # A script that was checked out on Windows is the same script, as it is inside YAML, which knows one line break.
    # Editors end a file with a line break that is not meant: an image name in a file of its own has none.
    return Document(Scalar(LINE_BREAK.sub("\n", text).removesuffix("\n"), NamedPlace(shown, 0, 0)))


def own_document(raw: bytes) -> str:
    """Return which of the documents that we write this is; nothing if it is none."""
    if raw.startswith(SANDBOX):
        return "it is a sandbox state"
    if EVENT.match(raw, 0, HEAD):
        return "it contains reconciler events"
    if not DOCUMENT.match(raw, 0, HEAD):
        return ""
    kind = KIND_OF_DOCUMENT.search(raw, 0, HEAD)
    return f"it is a reconciler document ({kind[1].decode() if kind else 'report'})"


def decoded(shown: str, raw: bytes, findings: Findings) -> str | None:
    """Return a file's text, or None after saying why it is none."""
    try:
        text = raw.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = raw.count(b"\n", 0, error.start)
        findings.add(
            "YML001",
            f"this is not UTF-8 text (byte {raw[error.start]:#04x})",
            NamedPlace(shown, line, 0),
            NOT_TEXT_HINT,
        )
        return None
    if "\0" in text:
        findings.add("YML001", "this is a binary file", NamedPlace(shown), NOT_TEXT_HINT)
        return None
    return text

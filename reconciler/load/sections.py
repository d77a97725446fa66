"""Several files to one stack: which belong to it, which are a resource each, and what a top-level key says in all."""

import json
import posixpath
import re
from collections.abc import Callable, Collection, Iterator
from collections.abc import Mapping as MappingABC
from dataclasses import dataclass, field
from difflib import SequenceMatcher, get_close_matches
from functools import cache
from itertools import islice
from typing import NamedTuple

from reconciler.kinds import KINDS
from reconciler.kinds.base import Declarable, Kind
from reconciler.kinds.submission import JOB
from reconciler.load.expand import Expander
from reconciler.load.files import JSON_FILES, Library, spoken_in_name
from reconciler.model import Address, Json
from reconciler.problems import Problem, Severity, Where
from reconciler.syntax.diagnostics import Findings, did_you_mean, listed
from reconciler.syntax.nodes import (
    AliasNode,
    Broken,
    MappingNode,
    NamedPlace,
    Node,
    Scalar,
    SequenceNode,
    SourceMark,
    TaggedNode,
    is_null,
    text_of,
    where_of,
)
from reconciler.syntax.parse import Document, compose_json

# Which files of a folder make its stack: not those of other tools, not those of other stacks in its subfolders.
#
# Files of other tools are package.json, docker-compose.yml, a saved plan.
#
# Top-level keys that a stack does not have, and what their writer may have meant.

TWIN = 0.9  # so near to a key of stacks that this is what was meant, although it is the name of a member
# Keys that only files of other tools have at the top.
TOOLS: MappingABC[str, str] = {
    "Resources": "CloudFormation",
    "AWSTemplateFormatVersion": "CloudFormation",
    "resource": "Terraform",
    "resources": "Pulumi or the Serverless Framework",
    "apiVersion": "Kubernetes",
    "openapi": "OpenAPI",
    "swagger": "OpenAPI",
    "services": "Docker Compose",
    "jobName": "SubmitJob",
}


class UnknownKey(NamedTuple):
    key: str
    message: str
    hint: str


def unknown_keys(
    keys: MappingABC[str, SourceMark], known: tuple[str, ...], kinds: MappingABC[str, Kind]
) -> Iterator[UnknownKey]:
    """Yield what to say of keys that are none of the known ones. Keys of one mistake are told together."""
    if tool := next((key for key in keys if key in TOOLS), ""):
        hint = f"use sections such as {next(iter(kinds.values())).section}, with bodies in the form of the AWS API"
        yield UnknownKey(tool, f"{tool} is a key of {TOOLS[tool]}: this is not a stack", hint)
        return
    kind = max(kinds.values(), key=lambda kind: len(keys.keys() & members_of(kind)))
    members = [key for key in keys if key in members_of(kind) and not get_close_matches(key, known, cutoff=TWIN)]
    if members:
        yield _of_a_body(members, kind)
    for key in (key for key in keys if key not in members):
        hint = did_you_mean(
            key, known, f"the keys of a stack are {listed(known, 'and')}; keys that begin with x- are ignored"
        )
        yield UnknownKey(key, f"the top-level key {key} is unknown", hint)


def _of_a_body(members: list[str], kind: Kind) -> UnknownKey:
    what = kind.noun.replace("-", " ")
    hint = f"write the fields of a {what} below {kind.section} and a name"
    if kind.name_member in members:
        hint = f"only JSON files can contain a single AWS CLI request; in YAML, use {kind.section}"
    are = "are fields" if len(members) > 1 else "is a field"
    return UnknownKey(members[0], f"{listed(members, 'and')} {are} of a {what}, not of a stack", hint)


def members_of(kind: Declarable) -> set[str]:
    """Return the members at the top of the request that creates a resource of the kind."""
    return {kind.name_member, *(row.name for row in kind.rows)}


# Files in the folder of a stack that are no part of it.
#
# A file is part of the stack if something at its top is of the keywords, or nearly so: a misspelt section is reported,
# not overlooked. Skipping a file that was meant would plan its resources for deletion, so a file that cannot be parsed
# counts as part of the stack, unless it clearly belongs to another tool.

SETTINGS = (
    "stack",
    "account",
    "region",
    "namePrefix",
    "tags",
    "variables",
    "defaults",
    "rules",
    "ignore",
    "lock",
    "lookups",
    "requiredVersion",
    JOB.section,
)
CERTAIN = ("stack", "namePrefix")  # settings whose names no other format has
IGNORED_PREFIX = "x-"
SCHEMA = "$schema"  # editors look for it in JSON files
TERRAFORM = ".tf.json"
NEAR = 0.85  # how alike two words are if one is probably a slip for the other
LONGER = 2  # by how many letters they differ in length at most: `definitions` is no slip for `jobDefinitions`
SEARCHED = 100  # entries below an unknown key that are looked at
OF_VARIABLE = ("type", "default", "example", "enum", "pattern", "description", "secret")
DEPTH = 3  # levels that show what a file is: a section, names in it, members of a body
NOWHERE = NamedPlace("")
# A top-level key in block style, where the file as a whole cannot be parsed.
YAML_KEY = re.compile(r"""^["']?([A-Za-z$][\w.$-]*)["']?[ \t]*:(?=\s|$)""", re.MULTILINE)
# JSON as editors and compilers write it, with comments and trailing commas: tsconfig.json.
COMMENTED = re.compile(r'("(?:[^"\\]|\\.)*")|//[^\n]*|/\*.*?\*/|,(?=\s*[}\]])', re.DOTALL)

Words = tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Keywords:
    """The words by which a file shows that it belongs to a stack. `slips` remembers what was looked up."""

    sections: Words
    members: MappingABC[str, Words]  # of the request that creates a resource, by kind
    names: MappingABC[str, str]  # the member among them that names the resource
    slips: dict[Words, dict[str, str]] = field(default_factory=dict)

    @classmethod
    def of(cls, kinds: MappingABC[str, Kind]) -> "Keywords":
        members = {name: tuple(sorted({*members_of(kind), "tags"})) for name, kind in kinds.items()}
        return cls(
            tuple(kind.section for kind in kinds.values()),
            members,
            {name: kind.name_member for name, kind in kinds.items()},
        )

    @property
    def keys(self) -> Words:
        return (*SETTINGS, *self.sections)

    def is_known(self, key: str) -> bool:
        return key in self.keys or is_neutral(key)

    def meant(self, key: str, words: Words) -> str:
        """Return the word that a key is, or is a slip for, whatever its case and dashes; else nothing."""
        if key in words:
            return key
        said, plain = _plain(key), _plain_words(words)
        if said not in self.slips.setdefault(words, {}):
            near = [word for word in plain if abs(len(word) - len(said)) <= LONGER]
            word = said if said in plain else next(iter(get_close_matches(said, near, n=1, cutoff=NEAR)), "")
            self.slips[words][said] = plain.get(word, "")
        return self.slips[words][said]

    def requested(self, keys: Collection[str]) -> str:
        """Return the kind of which the keys are members of a request, some of them misspelt; else nothing.

        Not all are: who misspells every word writes another language.
        """
        said = {_plain(key) for key in keys}
        likely: dict[str, int] = {}
        for kind, members in self.members.items():
            if len(keys) > 2 * len(members) or said.isdisjoint(_plain_words(members)):
                continue
            words = {self.meant(key, members) for key in keys} - {""}
            name = self.names[kind]
            if _is_body(words, words, of=len(keys)) and (len(words) > 1 or (name in words and is_compound(name))):
                likely[kind] = len(words)
        return max(likely, key=likely.__getitem__, default="")


def is_compound(word: str) -> bool:
    """Whether a name is several words, as `containerProperties`. Every format has a `type` and a `name`."""
    return word != word.lower()


def names_in(root: Node | None) -> Iterator[tuple[str, SourceMark]]:
    """Yield the keys at the top of a file and one level below, where the names of resources would be."""
    items = root.items[:SEARCHED] if isinstance(root, SequenceNode) else (root,)
    for item in items:
        for key, (mark, inner) in item.entries.items() if isinstance(item, MappingNode) else ():
            yield key, mark
            if isinstance(inner, MappingNode):
                yield from ((name, at) for name, (at, _) in islice(inner.entries.items(), SEARCHED))


def is_neutral(key: str) -> bool:
    return key == SCHEMA or key.startswith(IGNORED_PREFIX)


def keys_of(root: MappingNode) -> list[str]:
    """Return the keys at the top of a file, also those that anchors bring, without those that mean nothing to us."""
    below = (node.target for node in root.merges if isinstance(node, AliasNode))
    merged = [key for node in below if isinstance(node, MappingNode) for key in node.entries]
    return [key for key in (*root.entries, *merged) if not is_neutral(key)]


@dataclass(frozen=True, slots=True)
class Recognizer:
    """Finds out why a file is not part of the stack; an empty reason: it is, or may be."""

    keywords: Keywords

    def reason(self, name: str, document: Document, text: str) -> str:
        """`text` is what the file says, where something in it cannot be understood."""
        if document.beside:
            return document.beside
        if name.endswith(TERRAFORM):
            return "it belongs to Terraform"
        is_json = name.endswith(JSON_FILES)
        if is_json and document.is_broken:
            return self.of_json(name, text)
        if is_json or not text:
            return self.of_node(document.root, is_json=is_json)
        return self.of_yaml(text, document.root)

    def of_value(self, value: Json) -> str:
        """Judge a value of JSON by what is at its top, however much is below."""
        return self.of_node(_top(value), is_json=True)

    def of_node(self, root: Node | None, *, is_json: bool = False) -> str:
        match root:
            case MappingNode() if is_json and _are_outputs(root):
                return "it contains Terraform outputs"
            case MappingNode():
                is_ours = self.is_ours(root) and not (is_json and self.has_strange_settings_alone(root))
                return "" if is_ours else _foreign(keys_of(root))
            case SequenceNode(items):
                bodies = [item for item in items if isinstance(item, MappingNode)]
                are_ours = any(self.keywords.requested(keys_of(item)) or self.is_section(item) for item in bodies)
                return "" if are_ours else "it is a list"
            case Scalar(str(value)):
                words = re.findall(r"\w+", value)
                return "" if any(word in self.keywords.sections for word in words) else "it is a single value"
            case Scalar(value) if value is not None:
                return "it is a single value"
        return ""

    def of_yaml(self, text: str, root: Node | None) -> str:
        """Judge by the lines that begin with a key: there may be several documents, or none that can be parsed."""
        keys = YAML_KEY.findall(text)
        if any(self.keywords.meant(key, (*CERTAIN, *self.keywords.sections)) for key in keys):
            return ""
        if root is not None and not isinstance(root, Broken):
            return self.of_node(root)
        return _foreign(keys) if any(key in TOOLS for key in keys) else ""

    def of_json(self, name: str, text: str) -> str:
        """Judge what would be JSON without its comments, and the first of several values."""
        for plain in (_uncommented(text), _first_value(text)):
            document = compose_json(name, plain, Findings())
            if document.root is not None and not document.is_broken:
                return self.of_node(document.root, is_json=True)
        return ""

    def is_ours(self, root: MappingNode) -> bool:
        keys = keys_of(root)
        if self.is_certain(root) or set(keys) <= set(SETTINGS):
            return True
        if any(isinstance(node, TaggedNode) for node in root.merges) or self.keywords.requested(keys):
            return True
        entries = {key: node.target if isinstance(node, AliasNode) else node for key, (_, node) in root.entries.items()}
        if any(self.is_slip_for_section(key, node) or self.is_section(node) for key, node in entries.items()):
            return True
        if self.is_section(root):  # the line with the section's key is gone
            return True
        return not any(key in TOOLS for key in keys) and any(self.is_setting(*entry) for entry in entries.items())

    def has_strange_settings_alone(self, root: MappingNode) -> bool:
        """Whether all its keys are settings that other formats have, too, and no value has the form of ours."""
        keys = keys_of(root)
        entries = {key: node for key, (_, node) in root.entries.items()}
        return bool(keys) and set(keys) <= set(FORMS) and not any(self.is_setting(*entry) for entry in entries.items())

    def is_certain(self, root: Node | None) -> bool:
        """Whether it has a key that only a stack has."""
        keys = keys_of(root) if isinstance(root, MappingNode) else ()
        return any(key in CERTAIN or key in self.keywords.sections for key in keys)

    def is_slip_for_section(self, key: str, node: Node) -> bool:
        word = self.keywords.meant(key, (*CERTAIN, *self.keywords.sections))
        return bool(word) and isinstance(node, Scalar | TaggedNode if word in CERTAIN else MappingNode | TaggedNode)

    def is_section(self, node: Node) -> bool:
        """Whether it holds bodies of resources below their names, under whatever key."""
        if not isinstance(node, MappingNode):
            return False
        bodies = (inner for _, inner in islice(node.entries.values(), SEARCHED) if isinstance(inner, MappingNode))
        return any(
            _is_body(set(body.entries), set(members)) for body in bodies for members in self.keywords.members.values()
        )

    def is_setting(self, key: str, node: Node) -> bool:
        """Whether a key that is in other formats, too, has a value as our settings have."""
        form = FORMS.get(self.keywords.meant(key, tuple(FORMS)))
        return form is not None and (isinstance(node, TaggedNode) or form(node, self.keywords))


def _are_outputs(root: MappingNode) -> bool:
    """Whether it is what `terraform output -json` prints, whatever the outputs are called."""
    values = [node for _, node in root.entries.values()]
    forms = (set(node.entries) if isinstance(node, MappingNode) else set[str]() for node in values)
    return bool(values) and all({"value", "type"} <= form <= {"value", "type", "sensitive"} for form in forms)


def _is_body(keys: set[str], members: set[str], of: int = 0) -> bool:
    known = keys & members
    return 2 * len(known) >= (of or len(keys)) and any(is_compound(key) for key in known)


def _top(value: Json, depth: int = DEPTH) -> Node:
    """Return the outer levels of a plain value as a node, below the first one with few of the entries."""
    if isinstance(value, dict):
        entries = islice(value.items(), None if depth == DEPTH else SEARCHED * bool(depth))
        return MappingNode({key: (NOWHERE, _top(inner, depth - 1)) for key, inner in entries}, NOWHERE)
    if isinstance(value, list):
        return SequenceNode(tuple(_top(item, depth - 1) for item in value[: SEARCHED * bool(depth)]), NOWHERE)
    return Scalar(value, NOWHERE)


def _foreign(keys: Collection[str]) -> str:
    tool = next((key for key in keys if key in TOOLS), "")
    return f"{tool} is a key of {TOOLS[tool]}" if tool else "it has no top-level key of a stack"


def _plain(word: str) -> str:
    return word.replace("-", "").replace("_", "").replace(" ", "").lower()


@cache
def _plain_words(words: Words) -> MappingABC[str, str]:
    return {_plain(word): word for word in words}


def _uncommented(text: str) -> str:
    for _ in range(2):  # a comment may stand between a comma and its bracket
        text = COMMENTED.sub(lambda match: match[1] or "", text)
    return text


def _first_value(text: str) -> str:
    start = text.lstrip()
    try:
        return start[: json.JSONDecoder().raw_decode(start)[1]]
    except (ValueError, RecursionError):
        return ""


def _has(*keys: str) -> Callable[[Node, Keywords], bool]:
    return lambda node, _keywords: isinstance(node, MappingNode) and any(key in node.entries for key in keys)


def _are_tags(node: Node, _keywords: Keywords) -> bool:
    values = [value for _, value in node.entries.values()] if isinstance(node, MappingNode) else []
    return bool(values) and all(isinstance(value, Scalar | TaggedNode) and not is_null(value) for value in values)


def _are_variables(node: Node, _keywords: Keywords) -> bool:
    bodies = [inner for _, inner in node.entries.values()] if isinstance(node, MappingNode) else []
    return any(
        isinstance(body, MappingNode) and bool(body.entries) and set(body.entries) <= set(OF_VARIABLE)
        for body in bodies
    )


def _are_defaults(node: Node, keywords: Keywords) -> bool:
    return isinstance(node, MappingNode) and any(keywords.meant(key, keywords.sections) for key in node.entries)


def _are_jobs(node: Node, _keywords: Keywords) -> bool:
    """Workflows of GitHub and pipelines of others have jobs, too, which name no queue and no definition."""
    bodies = [inner for _, inner in node.entries.values()] if isinstance(node, MappingNode) else []
    return any(isinstance(body, MappingNode) and not JOB_FIELDS.isdisjoint(body.entries) for body in bodies)


def _are_ignored(node: Node, keywords: Keywords) -> bool:
    items = node.items if isinstance(node, SequenceNode) else ()
    return any(_has("resources", "members")(item, keywords) for item in items)


JOB_FIELDS = frozenset({"jobQueue", "jobDefinition"})
# Settings whose names other formats have, too, by the form of their values. A region or an account is the same in all.
FORMS: MappingABC[str, Callable[[Node, Keywords], bool]] = {
    "tags": _are_tags,
    "variables": _are_variables,
    "defaults": _are_defaults,
    "rules": _has("disable"),
    "ignore": _are_ignored,
    "lock": _has("s3", "dynamodb"),
    "lookups": _has("tfstate"),
    JOB.section: _are_jobs,
}


FLEET = "reconciler.yaml"
DEPLOYMENTS = "it is a deployment file"
OF_FLEET = ("environments", "stacks")


@dataclass(frozen=True, slots=True)
class Label:
    """How a file names its stack: the name as it is written, variables and all."""

    text: str
    mark: SourceMark


@dataclass(slots=True)
class StackFiles:
    """`beside` are the files that are no part of the stack, each with the reason; `below` the subfolders that are other
    stacks; `elsewhere` the resources that those declare. `mentioned` are the outer keys of files that are left out.
    `several` are the folders of stacks if there is more than one, and none that the others could be beside. `fleet` is
    the file of deployments in a folder that is no stack.
    """

    names: tuple[str, ...] = ()
    of_stacks: tuple[str, ...] = ()  # those of all stacks in the folder
    beside: dict[str, str] = field(default_factory=dict)
    below: dict[str, Label] = field(default_factory=dict)
    elsewhere: dict[Address, Where] = field(default_factory=dict)
    mentioned: dict[str, Where] = field(default_factory=dict)
    several: dict[str, Label] = field(default_factory=dict)
    home: Label | None = None
    fleet: str = ""


def choice_of(
    documents: MappingABC[str, Document],
    texts: MappingABC[str, str],
    kinds: MappingABC[str, Kind],
    named: Collection[str] = (),
) -> StackFiles:
    """Choose among all files of a folder. `texts` are those in which something cannot be understood.

    A file that an option names is left out, unless it certainly belongs to the stack: that is a mistake to report.
    """
    recognizer = Recognizer(Keywords.of(kinds))
    choice = StackFiles()
    ours = {}
    for name, document in documents.items():
        if name in named and not recognizer.is_certain(document.root):
            choice.beside[name] = "it is passed by an option"
            continue
        reason = _fleet(name, document) or recognizer.reason(name, document, texts.get(name, ""))
        if reason:
            choice.beside[name] = reason
        else:
            ours[name] = document
    choice.of_stacks = tuple(ours)
    labels = _labels(ours)
    home = labels.get("", {})
    choice.home = next(iter(home.values()), None)
    names = {text for there in labels.values() for text in there}
    fleets = [name for name, reason in choice.beside.items() if reason == DEPLOYMENTS and "/" not in name]
    if fleets and not home:
        choice.fleet = FLEET if FLEET in fleets else fleets[0]
    elif home:
        choice.below = {
            folder: next(iter(there.values()))
            for folder, there in labels.items()
            if folder and not there.keys() & home.keys() and not _is_below(folder, choice.below)
        }
    elif len(names) > 1:
        choice.several = {folder: next(iter(there.values())) for folder, there in labels.items()}
    if choice.fleet or choice.several:
        return choice
    others = {name: document for name, document in ours.items() if _is_below(posixpath.dirname(name), choice.below)}
    choice.elsewhere = {address: where for document in others.values() for address, where in _declared(document, kinds)}
    own = {name: document for name, document in ours.items() if name not in others}
    variables = {name for document in own.values() for name in _variables(document)}
    for name, document in own.items():
        if _are_values(document, variables, recognizer.keywords):
            choice.beside[name] = "it contains variable values: pass it with --var-file"
    choice.names = tuple(name for name in own if name not in choice.beside)
    left_out = (documents[name] for name in choice.beside if name not in named)
    choice.mentioned = {key: where_of(mark) for document in left_out for key, mark in names_in(document.root)}
    return choice


def declares(name: str, document: Document, text: str, kinds: MappingABC[str, Kind] = KINDS) -> bool:
    """Whether a file has something of a stack in it, or of deployments. `text` is that of a file that is broken."""
    keywords = Keywords.of(kinds)
    if document.is_broken:
        return any(word in text for word in ("stack", *keywords.sections))
    if not isinstance(document.root, MappingNode) or not keys_of(document.root):
        return False
    return bool(_fleet(name, document)) or not Recognizer(keywords).reason(name, document, "")


def bare_kind(root: MappingNode, kinds: MappingABC[str, Kind]) -> Kind | None:
    """Return the kind of resource that a request creates.

    The member with its name tells; since that is plain `name` for some, it needs a member beside it.
    """
    return next(
        (
            kind
            for kind in kinds.values()
            if kind.name_member in root.entries and any(row.name in root.entries for row in kind.rows)
        ),
        None,
    )


def _fleet(name: str, document: Document) -> str:
    """Return that a file is one of deployments, if it is: by its name, or by both of its sections."""
    keys = document.root.entries if isinstance(document.root, MappingNode) else {}
    if posixpath.basename(name) == FLEET and any(key in keys for key in (*OF_FLEET, "exclude")):
        return DEPLOYMENTS
    return DEPLOYMENTS if all(key in keys for key in OF_FLEET) else ""


def _labels(documents: MappingABC[str, Document]) -> dict[str, dict[str, Label]]:
    """Return by folder how its own files name their stack, the outermost folders first."""
    labels: dict[str, dict[str, Label]] = {}
    for name in sorted(documents, key=lambda name: (name.count("/"), name)):
        root = documents[name].root
        if isinstance(root, MappingNode) and "stack" in root.entries:
            mark, node = root.entries["stack"]
            if text := _written(node):
                labels.setdefault(posixpath.dirname(name), {}).setdefault(text, Label(text, mark))
    return labels


def _written(node: Node) -> str:
    node = node.target if isinstance(node, AliasNode) else node
    match node:
        case Scalar(value) if value is not None:
            return text_of(value)
        case TaggedNode(tag, text):
            return f"{tag} {text}"
    return ""


def _is_below(folder: str, folders: MappingABC[str, Label]) -> bool:
    return any(folder == outer or folder.startswith(f"{outer}/") for outer in folders)


def _declared(document: Document, kinds: MappingABC[str, Kind]) -> Iterator[tuple[Address, Where]]:
    root = document.root
    if not isinstance(root, MappingNode):
        return
    for kind in kinds.values():
        _, section = root.entries.get(kind.section, (None, None))
        section = section.target if isinstance(section, AliasNode) else section
        for name, (mark, _) in section.entries.items() if isinstance(section, MappingNode) else ():
            yield Address(kind.name, name), where_of(mark)
    if requested := bare_kind(root, kinds):
        mark, node = root.entries[requested.name_member]
        yield Address(requested.name, _written(node)), where_of(mark)


def _variables(document: Document) -> Iterator[str]:
    root = document.root
    section = root.entries["variables"][1] if isinstance(root, MappingNode) and "variables" in root.entries else None
    yield from section.entries if isinstance(section, MappingNode) else ()


def _are_values(document: Document, variables: set[str], keywords: Keywords) -> bool:
    """Whether a file can only be one for --var-file: all its keys are variables, and not all are words of ours."""
    if not isinstance(document.root, MappingNode) or document.root.merges:
        return False
    keys = set(document.root.entries)
    return bool(keys) and keys <= variables and not keys <= set(keywords.keys) and keys.isdisjoint(keywords.sections)


__all__ = ["IGNORED_PREFIX", "SCHEMA", "SETTINGS", "Gathered", "RequestFile", "SectionEntry", "gather"]


@dataclass(frozen=True, slots=True)
class SectionEntry:
    """The value of a top-level key in one file. `is_literal`: there is nothing to expand in it."""

    mark: SourceMark
    node: Node
    is_literal: bool

    def expanded(self, expander: Expander) -> Node:
        return self.node if self.is_literal else expander.expand(self.node)


@dataclass(frozen=True, slots=True)
class RequestFile:
    """A resource in a file of its own, as `aws batch … --cli-input-json` takes it."""

    kind: Kind
    body: MappingNode


@dataclass(frozen=True, slots=True)
class Gathered:
    keys: MappingABC[str, list[SectionEntry]] = field(default_factory=dict)
    bare: list[RequestFile] = field(default_factory=list)
    choice: StackFiles = field(default_factory=StackFiles)
    notes: tuple[Problem, ...] = ()  # what is in the folder and is not part of the stack

    def entries(self, key: str) -> list[SectionEntry]:
        return self.keys.get(key, [])


def gather(expander: Expander, kinds: MappingABC[str, Kind], named: Collection[str] = ()) -> Gathered:
    """`named` are files that an option names, as --var-file does: they are no part of the stack."""
    library, findings = expander.library, expander.findings
    choice = StackFiles()

    def choose(documents: MappingABC[str, Document]) -> tuple[str, ...]:
        nonlocal choice
        choice = choice_of(documents, library.texts, kinds, named)
        return choice.names

    library.skim = Recognizer(Keywords.of(kinds)).of_value
    parts = library.parts(choose)
    collector = _Collector(kinds, Keywords.of(kinds), expander, findings, {}, [])
    for name, document in parts:
        collector.add(library.shown(name), document)
    if not library.incomplete and all(document.root is None for _, document in parts):
        _nothing(library, choice, findings, any_file=bool(parts))
    return Gathered(collector.keys, collector.bare, choice, tuple(_notes(library, choice)))


def _notes(library: Library, choice: StackFiles) -> Iterator[Problem]:
    """Yield what is left out. A subfolder that is called nearly as the stack may have been meant: that is a warning."""
    for name, reason in choice.beside.items():
        if name in library.included:
            continue
        where = where_of(NamedPlace(library.shown(name)))
        yield Problem("STK015", f"not part of the stack: {reason}", where, severity=Severity.NOTE)
    for folder, label in choice.below.items():
        home = choice.home.text if choice.home else ""
        is_near = SequenceMatcher(None, home, label.text).ratio() >= NEAR
        severity = Severity.WARNING if is_near else Severity.NOTE
        message = f"{library.shown(folder)}/ is a different stack ({label.text}), and not part of {home}"
        hint = f"if it is part of {home}, remove or correct this line" if is_near else "plan its folder separately"
        yield Problem("STK016", message, where_of(label.mark), hint, severity)


def _nothing(library: Library, choice: StackFiles, findings: Findings, *, any_file: bool) -> None:
    root = library.files.root
    hint = "pass the folder of a stack; `reconciler init` creates one"
    if choice.fleet:
        file = library.shown(choice.fleet)
        here = "this folder" if file == choice.fleet else root
        option = "--all" if file == FLEET else f"--all={file}"
        message = f"{here} contains {choice.fleet} (a deployment file)"
        findings.add("STK017", message, NamedPlace(file), f"use {option}, or pass a stack")
    elif choice.several:
        folders = listed((f"{folder}/ ({label.text})" for folder, label in choice.several.items()), "and")
        findings.add("STK016", f"this folder contains several stacks: {folders}", NamedPlace(root), "pass one of them")
    elif choice.beside and not any_file:
        (name, reason), *others = choice.beside.items()
        more = f" (and {len(others)} more files)" if len(others) > 1 else " (and 1 more file)" if others else ""
        findings.add("STK001", f"{library.shown(name)} is not part of a stack: {reason}{more}", NamedPlace(root), hint)
    else:
        message = f"every file in {root} is empty" if any_file else f"{root} contains no .yaml, .yml or .json file"
        findings.add("STK001", message, NamedPlace(root), hint)


@dataclass(frozen=True, slots=True)
class _Collector:
    kinds: MappingABC[str, Kind]
    keywords: Keywords
    expander: Expander
    findings: Findings
    keys: dict[str, list[SectionEntry]]
    bare: list[RequestFile]

    def add(self, shown: str, document: Document) -> None:
        root = document.root
        is_json = shown.endswith(JSON_FILES)
        if root is None or isinstance(root, Broken):
            return
        if not isinstance(root, MappingNode):
            self.not_a_stack(root.mark, is_json=is_json)
        elif is_json and (kind := bare_kind(root, self.kinds)):
            if spoken := spoken_in_name(root.entries[kind.name_member][1]):
                self.expander.library.not_rendered(spoken)
            else:
                self.bare.append(RequestFile(kind, root))
        elif is_json and not any(self.keywords.is_known(key) for key in root.entries if key != "tags"):
            self.nearly_json(root, document)
        else:
            self.add_keys(root, document)

    def add_keys(self, root: MappingNode, document: Document) -> None:
        entries = self.expander.entries(root) or {}
        unknown = {key: mark for key, (mark, _) in entries.items() if not self.keywords.is_known(key)}
        for stranger in unknown_keys(unknown, self.keywords.keys, self.kinds):
            self.findings.add("STK002", stranger.message, unknown[stranger.key], stranger.hint)
        for key, (mark, node) in entries.items():
            if key not in unknown and not is_null(node):
                self.keys.setdefault(key, []).append(SectionEntry(mark, node, document.is_literal))

    def nearly_json(self, root: MappingNode, document: Document) -> None:
        """Report what keeps this JSON from being a request as the AWS CLI takes it, or a part of the stack."""
        kind = self.kinds.get(self.keywords.requested(keys_of(root)))
        if kind is None:
            self.add_keys(root, document)
            return
        members = self.keywords.members[kind.name]
        slips = {key: word for key in root.entries if (word := self.keywords.meant(key, members)) and word != key}
        what = "is its only field" if kind.name_member in root.entries else "is missing"
        message = f"this is not a complete {kind.create.operation} request: {kind.name_member} {what}"
        hint = f"write {kind.name_member} and the other fields of the request, as for --cli-input-json"
        if slips and all(word == f"{key[:1].lower()}{key[1:]}" for key, word in slips.items()):
            key, word = next(iter(slips.items()))
            hint = f"fields begin with a lowercase letter: {word}, not {key}"
        elif slips:
            hint = f"did you mean {listed((f'{word} for {key}' for key, word in slips.items()), 'and')}?"
        self.findings.add("STK008", message, root.mark, hint)

    def not_a_stack(self, mark: SourceMark, *, is_json: bool) -> None:
        if not is_json:
            message = "a stack file must be a mapping with keys such as stack and jobDefinitions"
            self.findings.add("STK005", message, mark, "write `key: value`")
            return
        hint = "write each request to its own file, as for --cli-input-json"
        self.findings.add("STK008", "a JSON file of a stack must be one request, or a part of a stack", mark, hint)

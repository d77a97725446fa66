"""YAML text to nodes. The scanning is libyaml's; what the events mean is decided here, strictly by YAML 1.2."""

import io
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

import yaml
from yaml.events import (
    AliasEvent,
    CollectionStartEvent,
    DocumentStartEvent,
    Event,
    MappingEndEvent,
    MappingStartEvent,
    ScalarEvent,
    SequenceEndEvent,
)

from reconciler.load.findings import Findings, did_you_mean, listed
from reconciler.load.nodes import (
    DEEPEST,
    LARGEST,
    AliasNode,
    Broken,
    MappingNode,
    Node,
    Scalar,
    SequenceNode,
    SourceMark,
    Spot,
    TaggedNode,
    TooMuch,
    too_deep,
    too_large,
    where_of,
)
from reconciler.load.scalars import plain_value
from reconciler.load.wording import complaint
from reconciler.model import Json
from reconciler.problems import Severity

# libyaml 0.2 or later: older ones, such as the one in ruamel.yaml.clib, refuse `[Ref::input]`. Where PyYAML is built
# without it, its own scanner gives the same events, more slowly.
LOADER = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
TAGS = ("!var", "!env", "!sub", "!include", "!ssm", "!cfn", "!secret", "!tfstate")
CLOUDFORMATION = ("!Ref", "!GetAtt", "!If", "!Join", "!Select", "!Split", "!FindInMap", "!ImportValue", "!Base64",
                  "!Cidr", "!GetAZs", "!Condition", "!Equals", "!And", "!Or", "!Not", "!Transform")  # fmt: skip
OF_CLOUDFORMATION = (
    "it is CloudFormation's: here, a resource is named by its name, and values come from !var, !sub or !cfn"
)
STANDARD = "tag:yaml.org,2002:"  # what `!!` stands for
TEXT_TAGS = ("!", f"{STANDARD}str")
PLAIN_TAGS = tuple(f"{STANDARD}{name}" for name in ("int", "float", "bool", "null"))
COLLECTION_TAGS = (None, f"{STANDARD}map", f"{STANDARD}seq")
MERGE = "<<"
# Noticed on a later line than the one to look at.
NOTICED_LATE = ("unexpected end of stream", "could not find expected ':'")
# YAML 1.2, production c-printable, turned round; surrogates cannot come out of UTF-8.
UNPRINTABLE = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x84\x86-\x9f\ufffe\uffff]")


@dataclass(frozen=True, slots=True)
class Document:
    """One parsed file, with the number of values in it. `is_literal` says that nothing in it needs expanding.

    `dollars` are the plain texts with a `${` in them, in which nothing is substituted. `beside` says why the file
    cannot be part of a stack, if that was clear before it was parsed; it has no root then.
    """

    root: Node | None  # None: the file is empty
    includes: tuple[TaggedNode, ...] = ()
    is_literal: bool = True
    beside: str = ""
    size: int = 0
    dollars: tuple[Scalar, ...] = ()

    @property
    def is_broken(self) -> bool:
        return isinstance(self.root, Broken)


@dataclass(frozen=True, slots=True)
class Dialect:
    """How YAML of another language is read: what its plain scalars mean, and what it makes of a value behind a tag.

    `tagged` tells the findings of a tag that it does not know, and returns a `Broken`. With a `last_wins`, a key that
    is written twice has its last value, and a warning says so with these words.
    """

    plain: Callable[[str], Json]
    tagged: Callable[[str, Node, Findings], Node]
    last_wins: str = ""


def compose(name: str, text: str, findings: Findings, dialect: Dialect | None = None) -> Document:
    """Parse one file; `name` is what messages call it. Without a dialect it is our own language."""
    stream = _Stream(text)
    stream.name = name
    composer = _Composer(yaml.parse(stream, Loader=LOADER), findings, dialect)
    try:
        root = composer.document()
    except yaml.MarkedYAMLError as error:
        root = _broken(error, text, findings)
    except yaml.YAMLError:
        root = _unprintable(name, text, findings)
    except TooMuch as error:
        root = too_much(error, findings)
    return Document(
        root,
        tuple(composer.includes),
        is_literal=composer.is_literal,
        size=composer.size,
        dollars=tuple(composer.dollars),
    )


class _Stream(io.StringIO):
    name: str  # libyaml's marks take it from here


def _mark(event: Event) -> SourceMark:
    mark: SourceMark | None = event.start_mark
    assert mark is not None  # only events that a program makes up have none
    return mark


def _broken(error: yaml.MarkedYAMLError, text: str, findings: Findings) -> Broken:
    problem, opened = error.problem or "", error.context_mark
    mark: SourceMark | None = error.problem_mark
    assert mark is not None  # the scanner and the parser always say where
    said = complaint(problem, _character(text, mark), f"{opened.line + 1}:{opened.column + 1}" if opened else "")
    if opened and any(late in problem for late in NOTICED_LATE):
        mark = opened
    findings.add("YML002", said.message, mark, said.hint)
    return Broken(mark)


def _character(text: str, mark: SourceMark) -> str:
    lines = text.split("\n")
    return lines[mark.line][mark.column : mark.column + 1] if mark.line < len(lines) else ""


def too_much(error: TooMuch, findings: Findings) -> Broken:
    findings.add("YML009", str(error), error.mark, error.hint)
    return Broken(error.mark)


def _unprintable(name: str, text: str, findings: Findings) -> Broken:
    """Say where the character is that YAML forbids: what is left for libyaml to refuse without a place."""
    found = UNPRINTABLE.search(text)
    before = text[: found.start()] if found else ""
    mark = Spot(name, before.count("\n"), len(before) - before.rfind("\n") - 1)
    shown = f"the control character U+{ord(found[0]):04X}" if found else "a character that YAML forbids"
    findings.add(
        "YML002", f"there is {shown} in the text", mark, "remove it, or write it as an escape in double quotes"
    )
    return Broken(mark)


@dataclass(slots=True)
class _Composer:
    events: Iterator[Event]
    findings: Findings
    dialect: Dialect | None = None
    includes: list[TaggedNode] = field(default_factory=list)
    dollars: list[Scalar] = field(default_factory=list)
    is_literal: bool = True
    anchors: dict[str, Node] = field(default_factory=dict)
    open_anchors: set[str] = field(default_factory=set)
    depth: int = 0
    size: int = 0

    def document(self) -> Node | None:
        next(self.events)  # the start of the stream
        if not isinstance(next(self.events), DocumentStartEvent):
            return None
        root = self.node(next(self.events))
        next(self.events)  # the end of the document
        after = next(self.events)
        if isinstance(after, DocumentStartEvent):
            hint = "give every document a file of its own"
            self.findings.add("YML004", "a second YAML document begins here", _mark(after), hint)
        return None if isinstance(root, Scalar) and root.value is None else root

    def node(self, event: Event) -> Node:
        self.size += 1
        if self.size > LARGEST:
            raise too_large(_mark(event))
        if isinstance(event, ScalarEvent):
            node = self.scalar(event)
        elif isinstance(event, AliasEvent):
            return self.alias(event)
        else:
            assert isinstance(event, CollectionStartEvent)
            return self.collection(event)
        if event.anchor is not None:
            self.anchors[event.anchor] = node
        return node

    def scalar(self, event: ScalarEvent) -> Node:
        tag = event.tag
        if tag is None:
            plain = self.dialect.plain if self.dialect else plain_value
            scalar = Scalar(plain(event.value) if event.implicit[0] else event.value, _mark(event))
            if "${" in event.value:
                self.dollars.append(scalar)
            return scalar
        if tag in TEXT_TAGS:
            return Scalar(event.value, _mark(event))
        if tag in PLAIN_TAGS:
            return Scalar(plain_value(event.value), _mark(event))
        if self.dialect:
            return self.dialect.tagged(tag, Scalar(event.value, _mark(event)), self.findings)
        return self.tagged(tag, event) if tag in TAGS else self.unknown_tag(tag, _mark(event))

    def tagged(self, tag: str, event: ScalarEvent) -> TaggedNode:
        self.is_literal = False
        tagged = TaggedNode(tag, event.value, _mark(event))
        if tagged.tag == "!include":
            self.includes.append(tagged)
        return tagged

    def unknown_tag(self, tag: str, mark: SourceMark) -> Broken:
        shown = tag.replace(STANDARD, "!!")
        known = f"the tags are {listed(TAGS, 'and')}"
        hint = OF_CLOUDFORMATION if tag in CLOUDFORMATION else did_you_mean(shown, TAGS, known)
        self.findings.add("YML005", f"{shown} is not a tag of this language", mark, hint)
        return Broken(mark)

    def alias(self, event: AliasEvent) -> Node:
        self.is_literal = False
        if event.anchor in self.anchors:
            return AliasNode(self.anchors[event.anchor], _mark(event))
        if event.anchor in self.open_anchors:
            message, hint = f"*{event.anchor} stands inside its own anchor", "it would contain itself without end"
        else:
            known = [f"*{name}" for name in self.anchors]
            message = f"*{event.anchor} has no anchor &{event.anchor} above it in this file"
            hint = did_you_mean(f"*{event.anchor}", known, "quote a text that begins with *")
        self.findings.add("YML007", message, _mark(event), hint)
        return Broken(_mark(event))

    def collection(self, event: CollectionStartEvent) -> Node:
        if self.depth == DEEPEST:
            raise too_deep(_mark(event))
        self.depth += 1
        if event.anchor is not None:
            self.open_anchors.add(event.anchor)
        node: Node = self.mapping(event) if isinstance(event, MappingStartEvent) else self.sequence(event)
        self.depth -= 1
        if event.tag not in COLLECTION_TAGS:
            tagged = self.dialect.tagged(event.tag, node, self.findings) if self.dialect else None
            node = tagged or self.misplaced_tag(event.tag, _mark(event))
        if event.anchor is not None:
            self.open_anchors.discard(event.anchor)
            self.anchors[event.anchor] = node
        return node

    def misplaced_tag(self, tag: str, mark: SourceMark) -> Broken:
        if tag not in TAGS:
            return self.unknown_tag(tag, mark)
        self.findings.add("YML011", f"{tag} takes a text, not a list or mapping", mark, f"write `{tag} text`")
        return Broken(mark)

    def sequence(self, start: CollectionStartEvent) -> SequenceNode:
        items = []
        while not isinstance(event := next(self.events), SequenceEndEvent):
            items.append(self.node(event))
        return SequenceNode(tuple(items), _mark(start))

    def mapping(self, start: CollectionStartEvent) -> MappingNode:
        entries: dict[str, tuple[SourceMark, Node]] = {}
        merges: tuple[Node, ...] = ()
        while not isinstance(event := next(self.events), MappingEndEvent):
            key, is_plain = self.key(event), isinstance(event, ScalarEvent) and event.implicit[0]
            node = self.node(next(self.events))
            if key is None:
                continue
            if key == MERGE and is_plain:
                self.is_literal = False
                merges = (*merges, *(node.items if isinstance(node, SequenceNode) else (node,)))
            elif key in entries:
                self.duplicate(key, entries[key][0], _mark(event))
                if self.dialect and self.dialect.last_wins:
                    entries[key] = (_mark(event), node)
            else:
                entries[key] = (_mark(event), node)
        return MappingNode(entries, _mark(start), merges)

    def key(self, event: Event) -> str | None:
        if isinstance(event, ScalarEvent) and event.tag in (None, *TEXT_TAGS):
            if event.anchor is not None:
                self.anchors[event.anchor] = Scalar(event.value, _mark(event))
            return str(event.value)
        if isinstance(event, ScalarEvent):
            self.bad_key(f"{event.tag} cannot make a key: only values are substituted", _mark(event), "")
        else:
            self.node(event)
            self.bad_key("a key must be a plain text", _mark(event), "quote a value that begins with {, [ or *")
        return None

    def bad_key(self, message: str, mark: SourceMark, hint: str) -> None:
        self.findings.add("YML006", message, mark, hint or "write the key out")

    def duplicate(self, key: str, first: SourceMark, second: SourceMark) -> None:
        message = f"{key} is written twice in one mapping; first at {where_of(first)}"
        if self.dialect and self.dialect.last_wins:
            self.findings.add("YML003", message, second, self.dialect.last_wins, Severity.WARNING)
        else:
            self.findings.add("YML003", message, second, "keep one of the two")

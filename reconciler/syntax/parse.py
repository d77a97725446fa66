"""YAML text to nodes. The scanning is libyaml's; what the events mean is decided here, strictly by YAML 1.2."""

import io
import json
import re
import sys
from array import array
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple

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

from reconciler.model import Json
from reconciler.problems import Severity
from reconciler.syntax.diagnostics import Findings, did_you_mean, listed
from reconciler.syntax.nodes import (
    DEEPEST,
    LARGEST,
    NODES,
    AliasNode,
    Broken,
    Literal,
    MappingNode,
    Mark,
    NamedPlace,
    Node,
    Scalar,
    SequenceNode,
    SourceMap,
    SourceMark,
    TaggedNode,
    TooLarge,
    plain_value,
    too_deep,
    too_large,
    where_of,
    written_node,
)

# The parser's complaints in our words: what is wrong, and what to do about it.


class YamlMessage(NamedTuple):
    message: str
    hint: str


QUOTE = "put the string in quotes"
INDENT = "give the keys of a mapping the same indentation"
TAB = YamlMessage("YAML cannot be indented with tabs", "indent with spaces")
NOT_A_START = "found character that cannot start any token"

# Parts of libyaml's messages (its scanner.c and parser.c), what they mean, and what helps.
KNOWN = (
    ("tab character", *TAB),
    ("mapping values are not allowed", "a `:` is where no key is allowed", f"{QUOTE}, or check the indentation"),
    ("block sequence entries are not", "a `- ` is where no list can begin", "begin the list on the next line"),
    ("expected ',' or ']'", "the list in brackets{} is not continued or closed here", "check its commas and its `]`"),
    ("expected ',' or '}'", "the mapping in braces{} is not continued or closed here", "check its commas and its `}`"),
    ("expected '-' indicator", "a list continues with something other than a `- ` item", INDENT),
    ("did not find expected key", "this does not continue the mapping above it", f"{INDENT}; check for a stray quote"),
    ("could not find expected ':'", "a key has no `:`", "write `key: value`, with a space"),
    ("unexpected end of stream", "a quote is not closed", "close it; inside single quotes, double a quote: ''"),
    ("unknown escape character", "a backslash in double quotes is not followed by a known escape", "use single quotes"),
    (
        "invalid Unicode character escape",
        "an escape is not a valid character",
        "write the character itself, or \\U and eight digits",
    ),
    ("maximum nesting depth", "this is nested deeper than any file of a stack", "AWS Batch requests are less deep"),
    ("undefined tag handle", "a tag uses an undeclared handle", "tags have one `!`"),
)


def complaint(problem: str, character: str, opened: str) -> YamlMessage:
    """Reword what libyaml says about a character; `opened` is where it began what it could not end."""
    if problem == NOT_A_START:
        return TAB if character == "\t" else YamlMessage(f"a value cannot begin with {character}", QUOTE)
    since = f" that opens at {opened}" if opened else ""
    known = (YamlMessage(message.format(since), hint) for part, message, hint in KNOWN if part in problem)
    return next(known, YamlMessage(problem, "check the lines around it"))


# libyaml 0.2 or later: older ones, such as the one in ruamel.yaml.clib, refuse `[Ref::input]`. Where PyYAML is built
# without it, its own scanner gives the same events, more slowly.
LOADER = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
TAGS = ("!var", "!env", "!sub", "!include", "!ssm", "!cfn", "!secret", "!tfstate")
CLOUDFORMATION = ("!Ref", "!GetAtt", "!If", "!Join", "!Select", "!Split", "!FindInMap", "!ImportValue", "!Base64",
                  "!Cidr", "!GetAZs", "!Condition", "!Equals", "!And", "!Or", "!Not", "!Transform")  # fmt: skip
OF_CLOUDFORMATION = "it is a CloudFormation tag: refer to a resource by its name, and use !var, !sub or !cfn for values"
STANDARD = "tag:yaml.org,2002:"  # what `!!` stands for
TEXT_TAGS = ("!", f"{STANDARD}str")
PLAIN_TAGS = tuple(f"{STANDARD}{name}" for name in ("int", "float", "bool", "null"))
COLLECTION_TAGS = (f"{STANDARD}map", f"{STANDARD}seq")
MERGE = "<<"
UNREAD = object()  # stands for what a scalar means, before it was found out
# Noticed on a later line than the one to look at.
NOTICED_LATE = ("unexpected end of stream", "could not find expected ':'")
# Line breaks as libyaml counts lines.
BREAK = re.compile("\r\n?|[\n\x85\u2028\u2029]")
BYTE_ORDER_MARK = "\ufeff"  # libyaml does not count one at the beginning
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
    loader = LOADER(stream)
    source = SourceMap(name, _starts_of_lines(text.removeprefix(BYTE_ORDER_MARK), BREAK))
    composer = _Composer(loader.get_event, source, findings, dialect)
    try:
        root = composer.document()
    except yaml.MarkedYAMLError as error:
        root = _broken(error, text, findings)
    except yaml.YAMLError:
        root = _unprintable(name, text, findings)
    except TooLarge as error:
        root = too_much(error, findings)
    finally:
        loader.dispose()
    return Document(
        root,
        tuple(composer.includes),
        is_literal=composer.is_literal,
        size=composer.size,
        dollars=tuple(composer.dollars),
    )


class _Stream(io.StringIO):
    name: str  # libyaml's marks take it from here


def _starts_of_lines(text: str, line_break: re.Pattern[str]) -> Sequence[int]:
    return array("L", (0, *(match.end() for match in line_break.finditer(text))))


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


def too_much(error: TooLarge, findings: Findings) -> Broken:
    findings.add("YML009", str(error), error.mark, error.hint)
    return Broken(error.mark)


def _unprintable(name: str, text: str, findings: Findings) -> Broken:
    """Say where the character is that YAML forbids: what is left for libyaml to refuse without a place."""
    match = UNPRINTABLE.search(text)
    before = text[: match.start()] if match else ""
    mark = NamedPlace(name, before.count("\n"), len(before) - before.rfind("\n") - 1)
    shown = f"the control character U+{ord(match[0]):04X}" if match else "a character that YAML forbids"
    findings.add("YML002", f"the text contains {shown}", mark, "remove it, or write it as an escape in double quotes")
    return Broken(mark)


@dataclass(slots=True)
class _Composer:
    next: Callable[[], Any]  # the next event
    source: SourceMap
    findings: Findings
    dialect: Dialect | None = None
    # Most texts and plain scalars are written many times.
    texts: dict[str, str] = field(default_factory=dict)
    scalars: dict[str, Json] = field(default_factory=dict)
    includes: list[TaggedNode] = field(default_factory=list)
    dollars: list[Scalar] = field(default_factory=list)
    is_literal: bool = True
    anchors: dict[str, Node] = field(default_factory=dict)
    open_anchors: set[str] = field(default_factory=set)
    depth: int = 0
    size: int = 0
    place: Callable[[int], None] = field(init=False)

    def __post_init__(self) -> None:
        self.place = self.source.places.append

    def document(self) -> Node | None:
        self.next()  # the start of the stream
        if not isinstance(self.next(), DocumentStartEvent):
            return None
        first = self.next()
        root = written_node(self.source, 0, self.value(first, first.start_mark.index))
        self.next()  # the end of the document
        after = self.next()
        if isinstance(after, DocumentStartEvent):
            hint = "move each document to its own file"
            self.findings.add("YML004", "a second YAML document begins here", self.mark(after), hint)
        return None if isinstance(root, Scalar) and root.value is None else root

    def mark(self, event: Event) -> Mark:
        assert event.start_mark is not None  # only events that a program makes up have none
        return Mark(self.source, event.start_mark.index)

    # What follows runs for each value of a stack. Usual ones, scalars without tag and anchor, take few steps.

    def value(self, event: Event, offset: int) -> Json:
        """Read a value and what is in it: a plain one, or a node if it has an anchor or something is left to expand."""
        self.size += 1
        if self.size > LARGEST:
            raise too_large(Mark(self.source, offset))
        if type(event) is ScalarEvent and event.tag is None and event.anchor is None:
            self.place(offset)
            text = event.value
            if "${" in text:
                self.dollars.append(Scalar(text, self.mark(event)))
            if not event.implicit[0]:
                return self.texts.setdefault(text, text)
            value = self.scalars.get(text, UNREAD)
            return self.plain(text) if value is UNREAD else value
        index = len(self.source.places)
        self.place(offset)
        if isinstance(event, CollectionStartEvent):
            return self.collection(event, index)
        if isinstance(event, AliasEvent):
            return self.alias(event)
        assert isinstance(event, ScalarEvent)
        value = self.scalar(event)
        if event.anchor is not None:
            self.anchors[event.anchor] = value = written_node(self.source, index, value)
        return value

    def sequence(self, index: int) -> list[Json] | SequenceNode:
        items = []
        while type(event := self.next()) is not SequenceEndEvent:
            items.append(self.value(event, event.start_mark.index))
        return _sequence(self.source, index, items)

    def mapping(self, index: int) -> dict[str, Json] | MappingNode:
        plain: dict[str, Json] = {}
        entries: Entries | None = None  # of a mapping whose entries are others than those that are written
        merges: tuple[Node, ...] = ()
        while type(event := self.next()) is not MappingEndEvent:
            key = self.key(event, event.start_mark.index)
            at, inner = len(self.source.places), self.next()
            value = self.value(inner, inner.start_mark.index)
            if entries is None and key is not None and key not in plain and key != MERGE:
                plain[key] = value
                continue
            if entries is None:
                entries = Literal(self.source, index, plain).entries()
            node = written_node(self.source, at, value)
            if key == MERGE and event.implicit[0]:
                self.is_literal = False
                merges = (*merges, *(node.items if isinstance(node, SequenceNode) else (node,)))
            elif key in entries:
                self.duplicate(key, entries[key][0], self.mark(event))
                if self.dialect and self.dialect.last_wins:
                    entries[key] = (self.mark(event), node)
            elif key is not None:
                entries[key] = (self.mark(event), node)
        if entries is None:
            return _mapping(self.source, index, plain)
        return MappingNode(entries, self.source.mark(index), merges)

    def key(self, event: Event, offset: int) -> str | None:
        if type(event) is ScalarEvent and event.tag is None and event.anchor is None:
            self.place(offset)
            return sys.intern(event.value)
        if not isinstance(event, ScalarEvent):
            self.value(event, offset)
            self.bad_key("a key must be a plain string", self.mark(event), "quote a value that begins with {, [ or *")
            return None
        self.place(offset)
        if event.tag is not None and event.tag not in TEXT_TAGS:
            self.bad_key(f"{event.tag} cannot be a key: only values are substituted", self.mark(event), "")
            return None
        if event.anchor is not None:
            self.anchors[event.anchor] = Scalar(event.value, self.mark(event))
        return sys.intern(event.value)

    def plain(self, text: str) -> Json:
        value = self.dialect.plain(text) if self.dialect else plain_value(text)
        self.scalars[text] = value
        return value

    def scalar(self, event: ScalarEvent) -> Json:
        """Read a scalar with a tag or an anchor."""
        tag, text = event.tag, event.value
        if tag is None:
            if "${" in text:
                self.dollars.append(Scalar(text, self.mark(event)))
            return self.plain(text) if event.implicit[0] else text
        if tag in TEXT_TAGS:
            return text
        if tag in PLAIN_TAGS:
            return plain_value(text)
        if self.dialect:
            return self.dialect.tagged(tag, Scalar(text, self.mark(event)), self.findings)
        return self.tagged(tag, event) if tag in TAGS else self.unknown_tag(tag, self.mark(event))

    def tagged(self, tag: str, event: ScalarEvent) -> TaggedNode:
        self.is_literal = False
        tagged = TaggedNode(tag, event.value, self.mark(event))
        if tagged.tag == "!include":
            self.includes.append(tagged)
        return tagged

    def unknown_tag(self, tag: str, mark: SourceMark) -> Broken:
        shown = tag.replace(STANDARD, "!!")
        known = f"valid tags are {listed(TAGS, 'and')}"
        hint = OF_CLOUDFORMATION if tag in CLOUDFORMATION else did_you_mean(shown, TAGS, known)
        self.findings.add("YML005", f"{shown} is not a supported tag", mark, hint)
        return Broken(mark)

    def alias(self, event: AliasEvent) -> Node:
        self.is_literal = False
        if event.anchor in self.anchors:
            return AliasNode(self.anchors[event.anchor], self.mark(event))
        if event.anchor in self.open_anchors:
            message, hint = f"*{event.anchor} is inside its own anchor", "it would contain itself endlessly"
        else:
            known = [f"*{name}" for name in self.anchors]
            message = f"*{event.anchor} has no anchor &{event.anchor} above it in this file"
            hint = did_you_mean(f"*{event.anchor}", known, "quote a string that begins with *")
        self.findings.add("YML007", message, self.mark(event), hint)
        return Broken(self.mark(event))

    def collection(self, event: CollectionStartEvent, index: int) -> Json:
        if self.depth == DEEPEST:
            raise too_deep(self.mark(event))
        self.depth += 1
        if event.anchor is not None:
            self.open_anchors.add(event.anchor)
        value: Json = self.mapping(index) if isinstance(event, MappingStartEvent) else self.sequence(index)
        self.source.close(index)
        self.depth -= 1
        if event.tag is not None and event.tag not in COLLECTION_TAGS:
            value = self.tagged_collection(event.tag, written_node(self.source, index, value))
        if event.anchor is not None:
            self.open_anchors.discard(event.anchor)
            self.anchors[event.anchor] = value = written_node(self.source, index, value)
        return value

    def tagged_collection(self, tag: str, node: Node) -> Node:
        if self.dialect:
            return self.dialect.tagged(tag, node, self.findings)
        if tag not in TAGS:
            return self.unknown_tag(tag, node.mark)
        self.findings.add("YML011", f"{tag} requires a string, not a list or mapping", node.mark, f"write `{tag} text`")
        return Broken(node.mark)

    def bad_key(self, message: str, mark: SourceMark, hint: str) -> None:
        self.findings.add("YML006", message, mark, hint or "write the key without a tag")

    def duplicate(self, key: str, first: SourceMark, second: SourceMark) -> None:
        message = f"{key} is written twice in one mapping; first at {where_of(first)}"
        if self.dialect and self.dialect.last_wins:
            self.findings.add("YML003", message, second, self.dialect.last_wins, Severity.WARNING)
        else:
            self.findings.add("YML003", message, second, "remove one of them")


# What was read of a mapping or list: a plain one, or a node where something in it is no plain value.

Entries = dict[str, tuple[SourceMark, Node]]


def _mapping(source: SourceMap, index: int, value: dict[str, Json]) -> dict[str, Json] | MappingNode:
    if NODES.isdisjoint(map(type, value.values())):
        return value
    return MappingNode(Literal(source, index, value).entries(), source.mark(index))


def _sequence(source: SourceMap, index: int, value: list[Json]) -> list[Json] | SequenceNode:
    if NODES.isdisjoint(map(type, value)):
        return value
    return SequenceNode(Literal(source, index, value).items(), source.mark(index))


# JSON text to nodes. YAML parsers stumble over tabs and some escapes of JSON, so it is read as what it is.

HALF = re.compile("[\ud800-\udfff]")  # JSON can escape half of a pair; UTF-8 cannot hold it
REPLACEMENT = "\ufffd"
LINE_FEED = re.compile("\n")
# In well-formed JSON these are all the tokens there are.
TOKEN = re.compile(r'"(?:[^"\\]|\\.)*"|[{}\[\]]|[^\s,:"{}\[\]]+')


def compose_json(name: str, text: str, findings: Findings, *, last_wins: str = "") -> Document:
    """Parse one JSON file as strictly as the AWS CLI does, and more so: duplicate keys are problems.

    With a `last_wins`, such a key has its last value, and a warning says so with these words.
    """
    if not text.strip():
        return Document(None)
    if broken := _syntax(name, text, findings):
        return Document(broken)
    source = SourceMap(name, _starts_of_lines(text, LINE_FEED))
    reader = _JsonNodeReader(source, TOKEN.finditer(text), findings, last_wins)
    try:
        root = reader.document()
        return Document(root, size=reader.size)
    except TooLarge as error:
        return Document(too_much(error, findings))


def whole_json(text: str) -> Json:
    """Return what a JSON document holds that a program wrote.

    Raises `ValueError` for what is no JSON, nests too deeply, or holds half of a character.
    """
    try:
        value = json.loads(text, parse_constant=_no_constant)
        is_text = not HALF.search(json.dumps(value, ensure_ascii=False))
    except RecursionError as error:
        raise ValueError(f"it is nested deeper than {DEEPEST} levels") from error
    if not is_text:
        raise ValueError("it contains half of a surrogate pair")
    return value


def _syntax(name: str, text: str, findings: Findings) -> Broken | None:
    try:
        json.loads(text, parse_constant=_no_constant, parse_int=str, parse_float=str)
    except json.JSONDecodeError as error:
        mark, message = NamedPlace(name, error.lineno - 1, error.colno - 1), error.msg
    except _NoConstantError as error:
        mark, message = NamedPlace(name), f"it has no {error}"
    except RecursionError:
        mark, message = NamedPlace(name), f"it is nested deeper than {DEEPEST} levels"
    else:
        return None
    said = message[:1].lower() + message[1:]
    findings.add("YML010", f"this is not JSON: {said}", mark, "check commas, brackets and double quotes")
    return Broken(mark)


class _NoConstantError(ValueError):
    """NaN or Infinity, which Python would read."""


def _no_constant(word: str) -> None:
    raise _NoConstantError(word)


@dataclass(slots=True)
class _JsonNodeReader:
    source: SourceMap
    tokens: Iterator[re.Match[str]]
    findings: Findings
    last_wins: str = ""
    depth: int = 0
    size: int = 0

    def document(self) -> Node:
        return written_node(self.source, 0, self.value(next(self.tokens)))

    def value(self, token: re.Match[str]) -> Json:
        """Read a value, and what is in it. It is plain, or a node that has or holds keys that are written twice."""
        self.size += 1
        if self.size > LARGEST:
            raise too_large(self.mark(token))
        index = len(self.source.places)
        self.source.places.append(token.start())
        text = token[0]
        if text in "{[":
            return self.collection(text, index)
        return self.text(token) if text[0] == '"' else plain_value(text)

    def text(self, token: re.Match[str]) -> str:
        text: str = json.loads(token[0])
        if match := HALF.search(text):
            message = f"\\u{ord(match[0]):04x} is half of a surrogate pair"
            self.findings.add("YML010", message, self.mark(token), "write both halves, or the character")
            return HALF.sub(REPLACEMENT, text)
        return text

    def collection(self, opening: str, index: int) -> Json:
        if self.depth == DEEPEST:
            raise too_deep(self.source.mark(index))
        self.depth += 1
        value = self.mapping(index) if opening == "{" else self.sequence(index)
        self.source.close(index)
        self.depth -= 1
        return value

    def sequence(self, index: int) -> list[Json] | SequenceNode:
        items = []
        while (token := next(self.tokens))[0] != "]":
            items.append(self.value(token))
        return _sequence(self.source, index, items)

    def mapping(self, index: int) -> dict[str, Json] | MappingNode:
        plain: dict[str, Json] = {}
        entries: Entries | None = None  # of an object with a key that is written twice
        while (token := next(self.tokens))[0] != "}":
            key, here, at = sys.intern(self.text(token)), self.mark(token), len(self.source.places) + 1
            self.source.places.append(token.start())
            value = self.value(next(self.tokens))
            if entries is None and key not in plain:
                plain[key] = value
                continue
            if entries is None:
                entries = Literal(self.source, index, plain).entries()
            if key in entries:
                message = f"{key} is written twice in one object; first at {where_of(entries[key][0])}"
                severity = Severity.WARNING if self.last_wins else Severity.ERROR
                self.findings.add("YML003", message, here, self.last_wins or "remove one of them", severity)
            if self.last_wins or key not in entries:
                entries[key] = (here, written_node(self.source, at, value))
        return _mapping(self.source, index, plain) if entries is None else MappingNode(entries, self.source.mark(index))

    def mark(self, token: re.Match[str]) -> Mark:
        return Mark(self.source, token.start())

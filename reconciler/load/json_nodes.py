"""JSON text to nodes. YAML parsers stumble over tabs and some escapes of JSON, so it is read as what it is."""

import json
import re
from bisect import bisect_right
from collections.abc import Iterator
from dataclasses import dataclass

from reconciler.load.compose import Document, too_much
from reconciler.load.findings import Findings
from reconciler.load.nodes import (
    DEEPEST,
    LARGEST,
    Broken,
    MappingNode,
    Node,
    Scalar,
    SequenceNode,
    SourceMark,
    Spot,
    TooMuch,
    too_deep,
    too_large,
    where_of,
)
from reconciler.load.scalars import plain_value
from reconciler.model import Json
from reconciler.problems import Severity

HALF = re.compile("[\ud800-\udfff]")  # JSON can escape half of a pair; UTF-8 cannot hold it
REPLACEMENT = "\ufffd"
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
    lines = [0, *(match.end() for match in re.finditer("\n", text))]
    reader = _JsonNodeReader(name, TOKEN.finditer(text), lines, findings, last_wins)
    try:
        root = reader.document()
        return Document(root, size=reader.size)
    except TooMuch as error:
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
        raise ValueError("it holds half of a character")
    return value


def _syntax(name: str, text: str, findings: Findings) -> Broken | None:
    try:
        json.loads(text, parse_constant=_no_constant, parse_int=str, parse_float=str)
    except json.JSONDecodeError as error:
        mark, message = Spot(name, error.lineno - 1, error.colno - 1), error.msg
    except _NoConstantError as error:
        mark, message = Spot(name), f"it has no {error}"
    except RecursionError:
        mark, message = Spot(name), f"it is nested deeper than {DEEPEST} levels"
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
    name: str
    tokens: Iterator[re.Match[str]]
    lines: list[int]
    findings: Findings
    last_wins: str = ""
    depth: int = 0
    size: int = 0

    def document(self) -> Node:
        return self.node(next(self.tokens))

    def node(self, token: re.Match[str]) -> Node:
        text = token[0]
        self.size += 1
        if self.size > LARGEST:
            raise too_large(self.mark(token))
        if text in "{[":
            return self.collection(text, self.mark(token))
        return Scalar(self.text(token) if text[0] == '"' else plain_value(text), self.mark(token))

    def text(self, token: re.Match[str]) -> str:
        text: str = json.loads(token[0])
        if found := HALF.search(text):
            message = f"\\u{ord(found[0]):04x} is half of a character"
            self.findings.add("YML010", message, self.mark(token), "write both halves, or the character itself")
            return HALF.sub(REPLACEMENT, text)
        return text

    def collection(self, opening: str, mark: SourceMark) -> Node:
        if self.depth == DEEPEST:
            raise too_deep(mark)
        self.depth += 1
        node = self.mapping(mark) if opening == "{" else self.sequence(mark)
        self.depth -= 1
        return node

    def sequence(self, mark: SourceMark) -> SequenceNode:
        items = []
        while (token := next(self.tokens))[0] != "]":
            items.append(self.node(token))
        return SequenceNode(tuple(items), mark)

    def mapping(self, mark: SourceMark) -> MappingNode:
        entries: dict[str, tuple[SourceMark, Node]] = {}
        while (token := next(self.tokens))[0] != "}":
            key, here, node = self.text(token), self.mark(token), self.node(next(self.tokens))
            if key in entries:
                message = f"{key} is written twice in one object; first at {where_of(entries[key][0])}"
                severity = Severity.WARNING if self.last_wins else Severity.ERROR
                self.findings.add("YML003", message, here, self.last_wins or "keep one of the two", severity)
            if self.last_wins or key not in entries:
                entries[key] = (here, node)
        return MappingNode(entries, mark)

    def mark(self, token: re.Match[str]) -> SourceMark:
        line = bisect_right(self.lines, token.start()) - 1
        return Spot(self.name, line, token.start() - self.lines[line])

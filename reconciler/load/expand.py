"""From what is written to what is meant: aliases followed, merge keys merged, tagged scalars substituted."""

import re
from collections.abc import Mapping as MappingABC
from dataclasses import dataclass, field

from reconciler.load.findings import Findings, did_you_mean
from reconciler.load.library import Library
from reconciler.load.lookups import Finder
from reconciler.load.nodes import (
    DEEPEST,
    AliasNode,
    Broken,
    MappingNode,
    Node,
    Scalar,
    SequenceNode,
    SourceMark,
    TaggedNode,
    most_of,
    node_of,
    size_of,
)
from reconciler.load.scalars import text_of
from reconciler.looked_up import FINDABLE, ExampleText, Secret, Unknown, holds_unknown
from reconciler.model import Json

Entries = MappingABC[str, tuple[SourceMark, Node]]

IN_TEXT = re.compile(r"\$\{(!?)([^}]*)\}")  # `${!x}` stays `${x}`, as in CloudFormation's Fn::Sub
UNCLOSED = re.compile(r"\$\{(?!!)")
TEXT_OF_ONE = 64  # characters that count as one value more where texts grow
PLACE = ("account", "region", "partition")
CONTEXT = (*PLACE, "stack")  # names that every stack can use


@dataclass(frozen=True, slots=True)
class Scope:
    """What can be substituted. `unset` are declared without a value; `broken` have one that was reported; of `secret`
    ones no output shows the value.
    """

    values: MappingABC[str, Json] = field(default_factory=dict)
    secret: frozenset[str] = frozenset()
    unset: frozenset[str] = frozenset()
    broken: frozenset[str] = frozenset()


@dataclass(slots=True)
class Expander:
    """`scope` is None where variables do not exist yet: inside their own declarations.

    `composed` are the texts that hold a secret too short to be found in them again.
    `used` are the names whose values were substituted, wherever that was written.
    """

    library: Library
    finder: Finder
    findings: Findings
    scope: Scope | None = None
    merged: dict[MappingNode, Entries | None] = field(default_factory=dict)
    composed: set[str] = field(default_factory=set)
    used: set[str] = field(default_factory=set)  # one set for all that come of this one by `replace`
    size: int = 0
    depth: int = 0

    def expand(self, node: Node) -> Node:
        """Return the node with nothing left to expand, save `Broken` ones for what has been reported."""
        if isinstance(node, Scalar | Broken):
            return node
        if self._is_too_much(node.mark):
            return Broken(node.mark)
        self.depth += 1
        expanded = self._inner(node)
        self.depth -= 1
        return expanded

    def entries(self, mapping: MappingNode) -> Entries | None:
        """Return a mapping's own entries and, below them, those of its merge keys; none of them expanded."""
        if not mapping.merges:
            return mapping.entries
        if mapping not in self.merged:  # each is merged once: merges of merges would multiply
            self.merged[mapping] = None if self._is_too_much(mapping.mark) else self._merge(mapping)
        return self.merged[mapping]

    def _merge(self, mapping: MappingNode) -> Entries | None:
        self.depth += 1
        result = dict(mapping.entries)
        below = [self._merged(node, node.mark) for node in mapping.merges]
        self.depth -= 1
        for entries in below:
            if entries is None:
                return None
            self.size += len(entries)
            if self._is_too_much(mapping.mark):
                return None
            result |= {key: entry for key, entry in entries.items() if key not in result}
        return result

    def _inner(self, node: SequenceNode | MappingNode | AliasNode | TaggedNode) -> Node:
        match node:
            case SequenceNode(items, mark):
                self.size += len(items)
                return SequenceNode(tuple(self.expand(item) for item in items), mark)
            case MappingNode():
                return self._mapping(node)
            case AliasNode(target, mark):
                expanded = self.expand(target)
                return Scalar(expanded.value, mark) if isinstance(expanded, Scalar) else expanded
            case TaggedNode():
                return self._substitute(node)

    def _mapping(self, mapping: MappingNode) -> Node:
        entries = self.entries(mapping)
        if entries is None:
            return Broken(mapping.mark)
        self.size += len(entries)
        return MappingNode({key: (mark, self.expand(node)) for key, (mark, node) in entries.items()}, mapping.mark)

    def _merged(self, node: Node, blame: SourceMark) -> Entries | None:
        match node:
            case MappingNode():
                return self.entries(node)
            case AliasNode(target):
                return self._merged(target, blame)
            case TaggedNode("!include"):
                return self._merged(self.library.content_of(node), blame)
            case TaggedNode():
                return self._merged(self._substitute(node), blame)
            case Scalar() | SequenceNode():
                hint = "a merge key takes *anchor, a list of them, or a mapping"
                self.findings.add("YML008", "<< does not name a mapping", blame, hint)
        return None

    def _is_too_much(self, mark: SourceMark) -> bool:
        if self.depth == DEEPEST:
            self.findings.add("YML009", f"this is nested deeper than {DEEPEST} levels", mark, "include fewer levels")
            return True
        most = most_of(self.library.size)
        if self.size <= most:
            self.size += 1
            return False
        if not self.library.is_too_much:
            message = f"aliases, includes and variables make more than {most:,} values of this stack"
            self.findings.add("YML009", message, mark, "anchors that contain aliases of anchors multiply")
        self.library.is_too_much = self.library.incomplete = True
        return True

    def _substitute(self, tagged: TaggedNode) -> Node:
        name = tagged.text.strip()
        if not name and tagged.tag != "!sub":
            self.findings.add("VAR014", f"{tagged.tag} names nothing", tagged.mark, f"write `{tagged.tag} name`")
            return Broken(tagged.mark)
        match tagged.tag:
            case "!include":
                return self.expand(self.library.content_of(tagged))
            case "!var":
                return self._variable(name, tagged)
            case "!sub":
                return self._text(tagged)
            case _:
                return self.finder.node(name, tagged)

    def _variable(self, name: str, tagged: TaggedNode) -> Node:
        if self.scope and name in self.scope.values:
            self.used.add(name)
            value = self.scope.values[name]
            self.size += size_of(value)
            return Broken(tagged.mark) if self._is_too_much(tagged.mark) else node_of(value, tagged.mark)
        self._missing(name, tagged)
        return Broken(tagged.mark)

    def _text(self, tagged: TaggedNode) -> Node:
        end = tagged.text.rfind("}") + 1
        closed, rest = tagged.text[:end], tagged.text[end:]
        pieces = [self._piece(match, tagged) for match in IN_TEXT.finditer(closed)]
        is_open = UNCLOSED.search(rest) is not None
        if is_open:
            hint = "write ${name}, or ${!text} to keep it"
            self.findings.add("VAR019", f"{tagged.tag}: ${{ is never closed", tagged.mark, hint)
        if None in pieces or is_open:
            return Broken(tagged.mark)
        self.size += sum(len(piece) for piece in pieces if piece) // TEXT_OF_ONE
        if self._is_too_much(tagged.mark):
            return Broken(tagged.mark)
        filled = iter(pieces)
        text = IN_TEXT.sub(lambda _match: next(filled) or "", closed) + rest
        if holds_unknown(pieces):
            return Scalar(Unknown(text), tagged.mark)
        secrets = [piece for piece in pieces if isinstance(piece, Secret) and piece]
        if any(len(piece) < FINDABLE for piece in secrets):
            self.composed.add(text)
        is_example = any(isinstance(piece, ExampleText) for piece in pieces)
        return Scalar(Secret(text) if secrets else ExampleText(text) if is_example else text, tagged.mark)

    def _piece(self, match: re.Match[str], tagged: TaggedNode) -> str | None:
        name = match[2].strip()
        if match[1]:
            return f"${{{match[2]}}}"
        if not self.scope or name not in self.scope.values:
            self._missing(name, tagged)
            return None
        self.used.add(name)
        value = self.scope.values[name]
        if not isinstance(value, dict | list):
            is_secret = name in self.scope.secret and value is not None and not isinstance(value, bool)
            return Secret(text_of(value)) if is_secret else text_of(value)
        message = f"{name} is a {'list' if isinstance(value, list) else 'map'} and cannot become part of a text"
        self.findings.add("VAR009", message, tagged.mark, f"write `!var {name}` to use it as it is")
        return None

    def _missing(self, name: str, tagged: TaggedNode) -> None:
        if self.scope is None:
            hint = "a variable cannot depend on another; !env and !include work here"
            self.findings.add("VAR008", f"{tagged.tag} cannot be used inside variables", tagged.mark, hint)
        elif name in CONTEXT:
            message = f"{name} is not known yet where the stack itself is described"
            self.findings.add("VAR001", message, tagged.mark, "write it out, or use a variable")
        elif name in self.scope.unset:
            hint = f"give it with --var {name}=VALUE or --var-file, or declare a default"
            self.findings.add("VAR002", f"the variable {name} has no value", tagged.mark, hint)
        elif name not in self.scope.broken and not self.library.incomplete:
            self.findings.add("VAR001", f"there is no variable {name}", tagged.mark, self._hint(name, tagged))

    def _hint(self, name: str, tagged: TaggedNode) -> str:
        known = (*(self.scope or Scope()).values, *(self.scope or Scope()).unset)
        keep = f", or write ${{!{name}}} to keep the text" if tagged.tag == "!sub" else ""
        return did_you_mean(name, known, f"declare it under variables{keep}")

"""From what is written to what is meant: aliases followed, merge keys merged, tagged scalars substituted."""

import json
import re
from collections.abc import Mapping as MappingABC
from dataclasses import dataclass, field

from reconciler.load.files import Library
from reconciler.model import Json, StatePlace
from reconciler.placeholders import FINDABLE, ExampleText, Secret, Unknown, holds_unknown, secrets_in
from reconciler.ports import Lookups, Missing, Reserved, Unsupported
from reconciler.problems import CloudError, Fault
from reconciler.syntax.diagnostics import Findings, did_you_mean
from reconciler.syntax.nodes import (
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
    plain_value,
    size_of,
    text_of,
)
from reconciler.syntax.parse import HALF

# Tagged scalars whose value is outside the files, and everything that can go wrong on the way to it.

STATE = "!tfstate"
ENVIRONMENT = "env"
FORMS: MappingABC[str, tuple[re.Pattern[str], str]] = {
    "!ssm": (re.compile(r"\S+"), "!ssm /path/of/parameter"),
    "!cfn": (re.compile(r"[^\s.]+\.[A-Za-z0-9]+"), "!cfn stack.Output"),  # neither half can have a dot
    "!secret": (re.compile(r"[^\s#]+(#.+)?"), "!secret name or !secret name#key"),
    "!tfstate": (re.compile(r"[^\s:]+:.+", re.DOTALL), "!tfstate state:outputs.name or !tfstate state:aws_subnet.a.id"),
}
TYPED = ("!env", "!tfstate")  # whose values are of the type that they are to have


@dataclass(slots=True)
class StatePlaces:
    """The places of states by name. `waiting` are those that depend on variables, until these are known; `broken` those
    of which it was reported what is wrong. `is_whole`: every name is known, if only that.
    """

    known: dict[str, StatePlace] = field(default_factory=dict)
    marks: dict[str, SourceMark] = field(default_factory=dict)
    waiting: set[str] = field(default_factory=set)
    broken: set[str] = field(default_factory=set)
    is_whole: bool = False

    @property
    def names(self) -> tuple[str, ...]:
        return (*self.known, *self.waiting, *self.broken)


@dataclass(frozen=True, slots=True)
class LookupRunner:
    """Looks every value up once, however often it is used. `values` has the results, by tag and argument.

    `states` are those that the stack names; None where the stack to does not exist name any.
    """

    lookups: Lookups
    findings: Findings
    states: StatePlaces | None = None
    values: dict[tuple[str, str], Json] = field(default_factory=dict)

    @property
    def secrets(self) -> frozenset[str]:
        return frozenset(text for value in self.values.values() for text in secrets_in(value))

    @property
    def made(self) -> tuple[tuple[str, str], ...]:
        """Tags and arguments of the look-ups, in their order, without those in the environment."""
        return tuple(key for key in self.values if key[0] != ENVIRONMENT)

    @property
    def has_unknown(self) -> bool:
        return any(isinstance(value, Unknown) for value in self.values.values())

    def node(self, name: str, tagged: TaggedNode) -> Node:
        value = self._value(name, tagged)
        return Broken(tagged.mark) if value is None else node_of(_typed(tagged.tag, value), tagged.mark)

    def _value(self, name: str, tagged: TaggedNode) -> Json:
        """Return a value, or None after saying why there is none."""
        if not self._is_formed(name, tagged):
            return None
        place = self._place(name, tagged) if tagged.tag == STATE and self.states else None
        if tagged.tag == STATE and self.states and place is None:
            return None
        try:
            value = self._found(tagged.tag.removeprefix("!"), name, place)
        except Unsupported as error:
            self.findings.add("VAR011", str(error), tagged.mark, error.hint)
        except Reserved as error:
            self.findings.add("VAR021", f"{tagged.tag} {name}: {error}", tagged.mark, error.hint)
        except Missing as error:
            self.findings.add("VAR016", f"{tagged.tag} {name}: {error}", tagged.mark, error.hint)
        except CloudError as error:
            self._refused(name, tagged, error)
        else:
            if value is None:
                hint = "set it, or use a stack variable with a default"
                self.findings.add("VAR010", f"{tagged.tag} {name}: it is not set", tagged.mark, hint)
            return value
        return None

    def _is_formed(self, name: str, tagged: TaggedNode) -> bool:
        form, example = FORMS.get(tagged.tag, (None, ""))
        wrong = "" if form is None or form.fullmatch(name) else "the name is missing or malformed"
        if tagged.tag == STATE and not wrong:
            from reconciler.tfstate import NotAnAddress, parse_address  # noqa: PLC0415 - few stacks look into states

            try:
                parse_address(name.partition(":")[2])
            except NotAnAddress as error:
                wrong = str(error)
        if wrong:
            self.findings.add("VAR015", f"{tagged.tag} {name}: {wrong}", tagged.mark, f"write `{example}`")
        return not wrong

    def _place(self, name: str, tagged: TaggedNode) -> StatePlace | None:
        """Return where the state of a look-up is, or None after saying why that is not known."""
        states, state = self.states or StatePlaces(), name.partition(":")[0]
        if place := states.known.get(state):
            return place
        if state in states.waiting or (not states.is_whole and state not in states.broken):
            message = (
                f"{tagged.tag} {name}: the location of the state {state} depends on variables that are not known yet"
            )
            hint = "write the location without variables, or use the lookup where the value is needed"
            self.findings.add("VAR008", message, tagged.mark, hint)
        elif state not in states.broken:
            hint = did_you_mean(state, states.names, "declare it: `lookups: {tfstate: {NAME: s3://bucket/key}}`")
            self.findings.add("VAR023", f"{tagged.tag} {name}: the state {state} is not declared", tagged.mark, hint)
        return None

    def _refused(self, name: str, tagged: TaggedNode, error: CloudError) -> None:
        """What may go better next time is no problem of the files."""
        if error.fault not in (Fault.DENIED, Fault.REFUSED):
            raise error
        code = "VAR017" if error.fault is Fault.DENIED else "VAR016"
        self.findings.add(code, f"{tagged.tag} {name}: {error.reason}", tagged.mark, error.hint)

    def _found(self, tag: str, name: str, place: StatePlace | None) -> Json:
        if (tag, name) not in self.values:
            value = self.lookups.find_in_state(name, place) if place else self.lookups.find(tag, name)
            if HALF.search(json.dumps(value, ensure_ascii=False)):
                raise Missing("the value contains half of a surrogate pair", "set it to UTF-8 text")
            self.values[tag, name] = value
        return self.values[tag, name]


def _typed(tag: str, value: Json) -> Json:
    """Parameters and outputs are texts to AWS; one that reads like a number or a boolean can stand where one belongs.

    As if it were written here, it still is the same text where a text belongs. A secret stays a text: as one it is
    found again wherever it would be shown. A state says itself what a value is.
    """
    if tag in TYPED or type(value) is not str:
        return value
    plain = plain_value(value)
    is_same = isinstance(plain, int | float) and (not isinstance(plain, bool) or value in ("true", "false"))
    return plain if is_same else value


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
    finder: LookupRunner
    findings: Findings
    scope: Scope | None = None
    merged: dict[MappingNode, Entries | None] = field(default_factory=dict)
    composed: set[str] = field(default_factory=set)
    used: set[str] = field(default_factory=set)  # one set for all that come of this one by `replace`
    size: int = 0
    depth: int = 0

    def expand(self, node: Node) -> Node:
        """Return the node with nothing left to expand, save `Broken` ones for what has been reported."""
        if isinstance(node, Scalar | Broken) or self._is_literal(node):
            return node
        if self._is_too_much(node.mark):
            return Broken(node.mark)
        self.depth += 1
        expanded = self._inner(node)
        self.depth -= 1
        return expanded

    def _is_literal(self, node: Node) -> bool:
        """Whether a node has nothing to expand, and is not too much. It counts as if it had been expanded."""
        if not isinstance(node, MappingNode | SequenceNode) or node.literal is None:
            return False
        depth, size = _extent(node.literal.value)
        if self.depth + depth > DEEPEST or self.size + size > most_of(self.library.size):
            return False
        self.size += size
        return True

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
                hint = "use *anchor, a list of anchors, or a mapping"
                self.findings.add("YML008", "<< does not refer to a mapping", blame, hint)
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
            message = f"aliases, includes and variables expand to more than {most:,} values"
            self.findings.add("YML009", message, mark, "anchors that contain aliases of other anchors multiply")
        self.library.is_too_much = self.library.incomplete = True
        return True

    def _substitute(self, tagged: TaggedNode) -> Node:
        name = tagged.text.strip()
        if not name and tagged.tag != "!sub":
            self.findings.add("VAR014", f"{tagged.tag} has no name", tagged.mark, f"write `{tagged.tag} name`")
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
        closed, tail = tagged.text[:end], tagged.text[end:]
        pieces = [self._piece(match, tagged) for match in IN_TEXT.finditer(closed)]
        is_open = UNCLOSED.search(tail) is not None
        if is_open:
            hint = "write ${name}, or ${!text} to keep it"
            self.findings.add("VAR019", f"{tagged.tag}: ${{ is never closed", tagged.mark, hint)
        if None in pieces or is_open:
            return Broken(tagged.mark)
        self.size += sum(len(piece) for piece in pieces if piece) // TEXT_OF_ONE
        if self._is_too_much(tagged.mark):
            return Broken(tagged.mark)
        filled = iter(pieces)
        text = IN_TEXT.sub(lambda _match: next(filled) or "", closed) + tail
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
        message = f"{name} is a {'list' if isinstance(value, list) else 'map'} and cannot be part of a string"
        self.findings.add("VAR009", message, tagged.mark, f"use `!var {name}` as the whole value")
        return None

    def _missing(self, name: str, tagged: TaggedNode) -> None:
        if self.scope is None:
            hint = "variables cannot depend on each other; use !env or !include"
            self.findings.add("VAR008", f"{tagged.tag} cannot be used inside variables", tagged.mark, hint)
        elif name in CONTEXT:
            message = f"{name} is not known yet in the settings of the stack"
            self.findings.add("VAR001", message, tagged.mark, "write the value, or use a variable")
        elif name in self.scope.unset:
            hint = f"set it with --var {name}=VALUE or --var-file, or declare a default"
            self.findings.add("VAR002", f"the variable {name} has no value", tagged.mark, hint)
        elif name not in self.scope.broken and not self.library.incomplete:
            self.findings.add("VAR001", f"the variable {name} is not declared", tagged.mark, self._hint(name, tagged))

    def _hint(self, name: str, tagged: TaggedNode) -> str:
        known = (*(self.scope or Scope()).values, *(self.scope or Scope()).unset)
        keep = f", or write ${{!{name}}} to keep the text" if tagged.tag == "!sub" else ""
        return did_you_mean(name, known, f"declare it under variables{keep}")


def _extent(value: Json) -> tuple[int, int]:
    """Return how deep a plain mapping or list is, and its size as the expansion of its nodes counts it."""
    deepest, size = 0, 1 + len(value)
    for inner in value.values() if isinstance(value, dict) else value:
        if isinstance(inner, dict | list):
            depth, more = _extent(inner)
            deepest, size = max(deepest, depth), size + more
    return deepest + 1, size

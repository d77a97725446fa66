"""Formatting texts, and telling what a text means without asking the formatter."""

import textwrap

from reconciler.adapters.lookup.installed import read_schema
from reconciler.fmt import Formatted, Language, format_file
from reconciler.kinds import SECTIONS
from reconciler.model import Json
from reconciler.ports import takes_nothing
from reconciler.syntax.diagnostics import Findings
from reconciler.syntax.nodes import AliasNode, MappingNode, Node, Scalar, SequenceNode, TaggedNode, text_of
from reconciler.syntax.parse import compose

LANGUAGE = Language(read_schema(), SECTIONS, takes_nothing)


def done(text: str | bytes, language: Language = LANGUAGE) -> Formatted:
    """Format a file as it is."""
    return format_file("stack.yaml", text if isinstance(text, bytes) else text.encode(), language)


def fmt(text: str) -> str:
    """Return an indented text of a test in canonical style; nothing may be wrong with it."""
    result = done(textwrap.dedent(text).lstrip("\n"))
    assert [str(problem) for problem in result.problems] == []
    return result.after.decode()


def lines(text: str) -> str:
    return textwrap.dedent(text).lstrip("\n")


def words(text: str) -> list[str]:
    """Return what is spelled in another way, with line and column as editors count them."""
    return [f"{one.place[0] + 1}:{one.place[1] + 1} {one.before} {one.after}" for one in done(lines(text)).respelled]


def problems(text: str) -> list[str]:
    result = done(lines(text))
    assert result.after == lines(text).encode() or not result.problems
    return [str(problem) for problem in result.problems]


def meaning(text: str) -> Json:
    """Return what the loader reads: values by type and text, tags, what aliases stand for, merges. No order of keys."""
    findings = Findings()
    root = compose("f.yaml", text, findings).root
    assert not findings.found
    return _plain(root) if root else None


def is_sound(text: str) -> bool:
    findings = Findings()
    compose("f.yaml", text, findings)
    return not findings.found


def _plain(node: Node) -> Json:
    match node:
        case Scalar(value):
            return (type(value).__name__, text_of(value))
        case TaggedNode(tag, text):
            return (tag, text)
        case AliasNode(target):
            return ("alias", _plain(target))
        case SequenceNode(items):
            return [_plain(item) for item in items]
        case MappingNode(entries, _, merges):
            return {key: _plain(inner) for key, (_, inner) in entries.items()}, [_plain(one) for one in merges]
        case _:
            raise AssertionError(node)

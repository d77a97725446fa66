"""Files of a stack in one canonical style: a text in, a text out that means the same.

`parse` reads a text with its comments, `normalize` orders and spells its fields, and `printer` writes it. Then the
meanings of both texts are compared.

Always: values are copied as their authors wrote them, and comments move with what they describe, which a library that
dumps values again cannot promise once entries change their places. A text that would change its meaning stays as it
is. Not here: reading and writing files, and JSON.
"""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field

from reconciler.fmt.normalize import Language, Respelling, normalize
from reconciler.fmt.parse import Place, Tree, TreeCollection, Unpreservable, comments_of, read_tree
from reconciler.fmt.printer import print_tree
from reconciler.load.files import decoded
from reconciler.problems import Problem, Where
from reconciler.syntax.diagnostics import Findings
from reconciler.syntax.nodes import AliasNode, MappingNode, Node, Scalar, SequenceNode, SourceMark, TaggedNode, text_of
from reconciler.syntax.parse import Document, compose

# Every problem that only formatting can find. Codes are stable; messages are not.

CODES: Mapping[str, str] = {
    "FMT001": "a file contains syntax that cannot be formatted",
    "FMT002": "formatting would change the meaning of a file: this is a bug in reconciler",
    "FMT003": "a file cannot be written",
}


__all__ = ["Formatted", "Language", "Respelling", "formatted"]


@dataclass(frozen=True, slots=True)
class Formatted:
    """A file in canonical style; as it was, if there are problems."""

    name: str
    before: bytes
    after: bytes
    respelled: tuple[Respelling, ...] = ()
    problems: tuple[Problem, ...] = ()

    @property
    def is_changed(self) -> bool:
        return self.before != self.after


def format_file(name: str, raw: bytes, language: Language) -> Formatted:
    """Format a YAML file; `name` is what messages call it."""
    findings = Findings()
    text = decoded(name, raw, findings)
    document = Document(None) if text is None else compose(name, text, findings)
    if text is None or findings.found:
        return Formatted(name, raw, raw, problems=findings.in_file_order())
    try:
        tree = read_tree(text.replace("\r\n", "\n").replace("\r", "\n"))
    except Unpreservable as odd:
        return Formatted(name, raw, raw, problems=(_problem("FMT001", odd.message, name, odd.place, odd.hint),))
    if tree.root and not isinstance(tree.root.node, TreeCollection):
        return Formatted(name, raw, raw)  # a single value: the file is no part of a stack
    tidy = normalize(name, tree, language)
    if tidy.problems:
        return Formatted(name, raw, raw, problems=tidy.problems)
    after = print_tree(tidy.tree)
    if not _is_proven(document, tree, tidy.respelled, after):
        message = "formatting would change the meaning of this file: this is a bug in reconciler"
        hint = "the file was not changed; please report the bug"
        return Formatted(name, raw, raw, problems=(_problem("FMT002", message, name, (-1, -1), hint),))
    return Formatted(name, raw, after.encode(), tidy.respelled)


def _is_proven(document: Document, tree: Tree, respelled: tuple[Respelling, ...], after: str) -> bool:
    """Read the result as the loader does: it must mean the same, and say the same in its comments."""
    findings = Findings()
    again = compose("", after, findings)
    words = {word.place: word.after for word in respelled}
    if findings.found or not means_the_same(document.root, again.root, words):
        return False
    try:
        return Counter(comments_of(tree)) == Counter(comments_of(read_tree(after)))
    except Unpreservable:
        return False


def _problem(code: str, message: str, name: str, place: tuple[int, int], hint: str) -> Problem:
    return Problem(code, message, Where(name, place[0] + 1, place[1] + 1), hint)


# The proof of a formatted file: it means the same as before, except for words whose spelling was changed.


def means_the_same(before: Node | None, after: Node | None, respelled: Mapping[Place, str]) -> bool:
    """Whether the loader reads the same values, tags, aliases and merges from both, in whatever order of keys.

    `respelled` are the words of `before` that are expected to be others, by place.
    """
    if before is None or after is None:
        return before is after
    return _Comparison(respelled).are_equal(before, after)


@dataclass(frozen=True, slots=True)
class _Comparison:
    respelled: Mapping[Place, str]
    pairs: dict[Node, Node] = field(default_factory=dict)

    def are_equal(self, before: Node, after: Node) -> bool:
        self.pairs[before] = after
        match before, after:
            case Scalar(), Scalar():
                return self.are_equal_scalars(before, after)
            case TaggedNode(), TaggedNode():
                return (before.tag, before.text) == (after.tag, after.text)
            case AliasNode(), AliasNode():
                return self.are_equal_targets(before.target, after.target)
            case SequenceNode(), SequenceNode():
                return self.are_all_equal(before.items, after.items)
            case MappingNode(), MappingNode():
                return self.are_equal_mappings(before, after) and self.are_all_equal(before.merges, after.merges)
            case _:
                return False

    def are_equal_scalars(self, before: Scalar, after: Scalar) -> bool:
        expected = self.respelled.get(_place(before.mark))
        if expected is not None:
            return bool(after.value == expected)
        return type(before.value) is type(after.value) and text_of(before.value) == text_of(after.value)

    def are_equal_targets(self, before: Node, after: Node) -> bool:
        """What an alias stands for has been compared at its anchor, unless that is at a key."""
        return self.pairs[before] is after if before in self.pairs else self.are_equal(before, after)

    def are_equal_mappings(self, before: MappingNode, after: MappingNode) -> bool:
        expected = {self.respelled.get(_place(mark), key): node for key, (mark, node) in before.entries.items()}
        return expected.keys() == after.entries.keys() and all(
            self.are_equal(node, after.entries[key][1]) for key, node in expected.items()
        )

    def are_all_equal(self, all_before: tuple[Node, ...], all_after: tuple[Node, ...]) -> bool:
        return len(all_before) == len(all_after) and all(map(self.are_equal, all_before, all_after))


def _place(mark: SourceMark) -> Place:
    return mark.line, mark.column

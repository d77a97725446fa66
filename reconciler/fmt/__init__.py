"""Files of a stack in one canonical style: a text in, a text out that means the same.

`parse` reads a text with its comments, `normalize` orders and spells its fields, `printer` writes it, and `verify`
compares what both texts mean.

Always: values are copied as their authors wrote them, and comments move with what they describe, which a library that
dumps values again cannot promise once entries change their places. A text that would change its meaning stays as it
is. Not here: reading and writing files, and JSON.
"""

from collections import Counter
from dataclasses import dataclass

from reconciler.fmt.normalize import Language, Respelling, tidied
from reconciler.fmt.parse import Tree, TreeCollection, Unpreservable, comments_of, read_tree
from reconciler.fmt.printer import printed
from reconciler.fmt.verify import means_the_same
from reconciler.load.files import decoded
from reconciler.problems import Problem, Where
from reconciler.syntax.diagnostics import Findings
from reconciler.syntax.parse import Document, compose

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


def formatted(name: str, raw: bytes, language: Language) -> Formatted:
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
    tidy = tidied(name, tree, language)
    if tidy.problems:
        return Formatted(name, raw, raw, problems=tidy.problems)
    after = printed(tidy.tree)
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

"""What was found wrong so far, and how it is put in order for the reader."""

import difflib
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from functools import lru_cache

from reconciler.placeholders import Secret
from reconciler.problems import Problem, Severity, Where
from reconciler.syntax.codes import CODES, ONCE
from reconciler.syntax.nodes import Broken, MappingNode, Node, Scalar, SequenceNode, SourceMark, is_null, where_of
from reconciler.syntax.scalars import text_of

NO_FILE = Where("")
LONGEST_WORD = 200  # no name is longer, and looking for what is alike takes the square of that


@dataclass(frozen=True, slots=True)
class Findings:
    """A sink. The same finding at the same place counts once, however often an alias leads there.

    `codes` are those that there can be.
    """

    found: dict[Problem, None] = field(default_factory=dict)
    codes: Mapping[str, str] = field(default_factory=lambda: CODES, repr=False)

    def add(
        self, code: str, message: str, mark: SourceMark | None, hint: str = "", severity: Severity = Severity.ERROR
    ) -> None:
        if code not in self.codes:
            raise KeyError(code)
        self.found[Problem(code, message, where_of(mark) if mark else None, hint, severity)] = None

    def withdraw(self, mark: SourceMark) -> None:
        """Forget what was found at a place."""
        for problem in [problem for problem in self.found if problem.where == where_of(mark)]:
            del self.found[problem]

    def in_file_order(self) -> tuple[Problem, ...]:
        """Return what was found. What one cause has in many places is told at the first, with the number of others."""
        ordered = sorted(self.found, key=lambda problem: problem.where or NO_FILE)
        times = Counter(problem.message for problem in ordered if problem.code in ONCE)
        told: dict[Problem | str, Problem] = {}
        for problem in ordered:
            told.setdefault(problem.message if problem.code in ONCE else problem, problem)
        return tuple(_with_others(one, times[one.message] - 1) for one in told.values())


def _with_others(problem: Problem, others: int) -> Problem:
    if others < 1:
        return problem
    places = "in one more place" if others == 1 else f"in {others} more places"
    return replace(problem, message=f"{problem.message}, here and {places}")


def did_you_mean(word: str, known: Iterable[str], otherwise: str) -> str:
    near = _nearest(word, tuple(known)) if len(word) <= LONGEST_WORD else ""
    return f"did you mean {near}?" if near else otherwise


@lru_cache
def _nearest(word: str, known: tuple[str, ...]) -> str:
    """One mistake is often made in many places, and looking for what was meant takes time."""
    return next(iter(difflib.get_close_matches(word, known, n=1)), "")


def listed(words: Iterable[str], last: str = "or") -> str:
    """Join words as prose does: `a, b or c`."""
    *head, tail = words
    return f"{', '.join(head)} {last} {tail}" if head else tail


# Asking a node for the shape that we need, and saying so if it has another.

SHOWN = 60  # characters of a text that a hint repeats


def mapping_of(node: Node, what: str, findings: Findings) -> MappingNode | None:
    """Return a mapping; an empty one for null, which is what a key without a value means."""
    if isinstance(node, MappingNode):
        return node
    if is_null(node):
        return MappingNode({}, node.mark)
    _complain(
        node, node.mark, f"{what} must be a mapping", "write its members below it, as in `  member: value`", findings
    )
    return None


def text_from(
    node: Node, mark: SourceMark, what: str, findings: Findings, *, may_be_secret: bool = False
) -> str | None:
    """Return a scalar as it was written; numbers may stand for texts.

    Names, places and reasons are in every output. A secret among them is refused, unless it `may_be_secret`.
    """
    if isinstance(node, Scalar) and node.value is not None:
        text = text_of(node.value)
        if not isinstance(text, Secret) or may_be_secret:
            return text
        refuse_secret(what, node.mark, findings)
        return None
    _complain(
        node,
        mark if is_null(node) else node.mark,
        f"{what} must be a text",
        "write one value on the same line",
        findings,
    )
    return None


def forgotten_sub(text: str) -> str:
    """Return what to write where `${name}` stands in a plain text, in which nothing is substituted; else nothing."""
    if "${" not in text:
        return ""
    shown = f' "{text}"' if len(text) <= SHOWN and "\n" not in text else " in front of the text"
    return f"write !sub{shown}: only tagged texts are substituted"


def refuse_secret(what: str, mark: SourceMark, findings: Findings) -> None:
    hint = "use a secret only as a value in the body of a resource; a variable with `secret: false` is none"
    findings.add("VAR022", f"{what} is a secret, but every output shows it", mark, hint)


def _complain(node: Node, mark: SourceMark, message: str, hint: str, findings: Findings) -> None:
    if not isinstance(node, Broken):
        findings.add("STK005", f"{message}, not {_name_of(node)}", mark, hint)


def _name_of(node: Node) -> str:
    if isinstance(node, SequenceNode):
        return "a list"
    if isinstance(node, MappingNode):
        return "a mapping"
    return "nothing" if is_null(node) else "a single value"

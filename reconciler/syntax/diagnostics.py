"""The problems of a stack so far, their codes, and the order in which they are reported."""

import difflib
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from functools import lru_cache

from reconciler.placeholders import Secret
from reconciler.problems import Problem, Severity, Where
from reconciler.syntax.nodes import Broken, MappingNode, Node, Scalar, SequenceNode, SourceMark, is_null, where_of
from reconciler.syntax.scalars import text_of

# Every problem that reading a stack can find. Codes are stable; messages are not.

CODES: Mapping[str, str] = {
    "YML001": "a file is not UTF-8 text",
    "YML002": "a file is not well-formed YAML",
    "YML003": "a key is written twice in one mapping",
    "YML004": "a file holds several YAML documents",
    "YML005": "a tag is not known",
    "YML006": "a key is not a plain text",
    "YML007": "an alias has no anchor, or stands inside its own anchor",
    "YML008": "a merge key does not name mappings",
    "YML009": "a file nests too deeply, or grows too large through aliases and includes",
    "YML010": "a file is not well-formed JSON",
    "YML011": "a mapping or list carries a tag",
    "YML012": "a file cannot be read",
    "YML013": "a file holds another language, and is not rendered yet",
    "VAR001": "a variable is used that nobody declares",
    "VAR002": "a variable is used that has no value",
    "VAR003": "a value does not have the type of its variable",
    "VAR004": "a value is not among those that its variable allows",
    "VAR005": "a value does not match the pattern of its variable",
    "VAR006": "a variable is declared in a way that cannot be understood",
    "VAR007": "a value is given for a variable that nobody declares",
    "VAR008": "a tag stands where nothing is substituted",
    "VAR009": "a list or mapping is to become part of a text",
    "VAR010": "an environment variable is not set",
    "VAR011": "a look-up is not supported",
    "VAR012": "a variable is declared twice",
    "VAR013": "a file with values of variables is not a mapping",
    "VAR014": "a tag has no argument",
    "VAR015": "a look-up is not written in the form that it has",
    "VAR016": "a look-up finds nothing: no such parameter, stack, output, secret or key",
    "VAR017": "a look-up is denied: credentials or a permission are missing",
    "VAR018": "what must be known before AWS can be asked depends on a look-up in AWS",
    "VAR019": "a `${` in a text is never closed",
    "VAR020": "examples stand for variables that are given no value; a secret without one is unknown",
    "VAR021": "an environment variable that belongs to AWS or to the CI is read",
    "VAR022": "a secret is used where every output shows it",
    "VAR023": "a look-up names a state that the stack does not declare",
    "INC001": "an include leaves the stack's folder",
    "INC002": "an included file does not exist",
    "INC003": "files include each other in a circle",
    "INC004": "a file is hidden: its name, or that of a folder on the way to it, begins with a dot",
    "STK001": "a folder holds no file of a stack",
    "STK002": "a top-level key is not known",
    "STK003": "no file names the stack",
    "STK004": "a setting is given twice, differently",
    "STK005": "a value has the wrong shape",
    "STK006": "a resource is declared twice",
    "STK007": "AWS refuses the name of a resource",
    "STK008": "a JSON file is nearly a request, but not quite",
    "STK009": "the name inside a resource is not the name it has in the stack",
    "STK010": "a member is written in its long and in its short form",
    "STK011": "a setting of the stack has a value that cannot be right",
    "STK012": "something is disabled that is no rule",
    "STK013": "a rule is disabled without a reason",
    "STK014": "a member of rules is not known",
    "STK015": "a file in the folder is not part of the stack",
    "STK016": "a subfolder holds a different stack",
    "STK017": "a folder holds a file of deployments, and no stack",
    "STK018": "a region is not known to the installed AWS SDK",
    "IGN001": "a member of an entry of ignore is not known",
    "IGN002": "a member of an entry of ignore has a value that cannot be right",
    "IGN003": "an entry of ignore lacks what it needs",
    "FLT001": "a file of targets names no stacks or no environments",
    "FLT002": "a member of a file of targets is not known",
    "FLT003": "a member of a file of targets has a value that cannot be right",
    "FLT004": "a stack goes to no environment, or to one that nobody declares",
    "FLT005": "a file of targets names a stack that does not exist",
    "FLT006": "two targets have one stack's name in one place",
    "FLT007": "a path leads out of the folder of the file of targets, or to a hidden file",
    "FLT008": "a signal came before some targets were done",
    "LCK001": "a lock is in no place that is known, or in two",
    "LCK002": "the place of a lock has a name that cannot be right",
    "LKP001": "a member of lookups is not known",
    "LKP002": "the place of a state is written in a way that cannot be right",
    "LIF001": "a member of lifecycle is not known",
    "LIF002": "a member of lifecycle has a value that cannot be right",
    "LIF003": "a member of lifecycle has no effect",
    "LIF004": "lifecycle.ignoreChanges names a member that does not exist",
}
ONCE = frozenset({"VAR002"})  # told at the first place alone, with the number of others


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

"""The problems of a stack so far, their codes, and the order in which they are reported."""

import difflib
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from functools import lru_cache

from reconciler.placeholders import Secret
from reconciler.problems import Problem, Severity, Where
from reconciler.syntax.nodes import (
    Broken,
    MappingNode,
    Node,
    Scalar,
    SequenceNode,
    SourceMark,
    is_null,
    text_of,
    where_of,
)

# Every problem that reading a stack can find. Codes are stable; messages are not.

CODES: Mapping[str, str] = {
    "YML001": "a file is not UTF-8 text",
    "YML002": "a file is not well-formed YAML",
    "YML003": "a key is written twice in one mapping",
    "YML004": "a file contains several YAML documents",
    "YML005": "a tag is unknown",
    "YML006": "a key is not a plain string",
    "YML007": "an alias has no anchor, or is inside its own anchor",
    "YML008": "a merge key does not refer to mappings",
    "YML009": "a file nests too deeply, or grows too large through aliases and includes",
    "YML010": "a file is not well-formed JSON",
    "YML011": "a mapping or list carries a tag",
    "YML012": "a file cannot be read",
    "YML013": "a file contains a template language and is not rendered",
    "VAR001": "a variable is used that is not declared",
    "VAR002": "a variable without a value is used",
    "VAR003": "a value does not have the type of its variable",
    "VAR004": "a value is not allowed by its variable",
    "VAR005": "a value does not match the pattern of its variable",
    "VAR006": "a variable declaration is malformed",
    "VAR007": "a value is set for a variable that is not declared",
    "VAR008": "a tag is used where nothing is substituted",
    "VAR009": "a list or mapping is used as part of a string",
    "VAR010": "an environment variable is not set",
    "VAR011": "a lookup is not supported",
    "VAR012": "a variable is declared twice",
    "VAR013": "a file with values of variables is not a mapping",
    "VAR014": "a tag has no argument",
    "VAR015": "a lookup is malformed",
    "VAR016": "a lookup finds no such parameter, stack, output, secret or key",
    "VAR017": "a lookup is denied: credentials or a permission are missing",
    "VAR018": "a setting that is required before lookups depends on a lookup in AWS",
    "VAR019": "a `${` in a string is not closed",
    "VAR020": "examples are used for variables without a value; a secret without an example is unknown",
    "VAR021": "an environment variable that is reserved for AWS or CI credentials is read",
    "VAR022": "a secret is used where every output shows it",
    "VAR023": "a lookup uses a state that the stack does not declare",
    "INC001": "an include leaves the stack's folder",
    "INC002": "an included file does not exist",
    "INC003": "files include each other in a circle",
    "INC004": "a file is hidden: its name, or that of a folder on the way to it, begins with a dot",
    "STK001": "a folder contains no stack files",
    "STK002": "a top-level key is unknown",
    "STK003": "no file sets the name of the stack",
    "STK004": "a setting has two different values",
    "STK005": "a value has the wrong shape",
    "STK006": "a resource is declared twice",
    "STK007": "AWS rejects the name of a resource",
    "STK008": "a JSON file is not a complete request",
    "STK009": "the name inside a resource differs from its name in the stack",
    "STK010": "a field is set in its long and in its short form",
    "STK011": "a setting of the stack has an invalid value",
    "STK012": "a disabled rule does not exist",
    "STK013": "a rule is disabled without a reason",
    "STK014": "a field of rules is unknown",
    "STK015": "a file in the folder is not part of the stack",
    "STK016": "a subfolder contains a different stack",
    "STK017": "a folder contains a deployment file and no stack",
    "STK020": "a resource names a job that the stack does not declare",
    "STK018": "the installed AWS SDK does not know a region",
    "VER001": "the files require a different version of reconciler",
    "VER002": "requiredVersion is not a range of versions",
    "IGN001": "a field of an ignore entry is unknown",
    "IGN002": "a field of an ignore entry has an invalid value",
    "IGN003": "an ignore entry has no required field",
    "FLT001": "a deployment file defines no stacks or no environments",
    "FLT002": "a field of a deployment file is unknown",
    "FLT003": "a field of a deployment file has an invalid value",
    "FLT004": "a stack has no environments, or one that is not defined",
    "FLT005": "a deployment file lists a stack that does not exist",
    "FLT006": "two deployments have the same stack name in the same account and region",
    "FLT007": "a path is outside the folder of the deployment file, or hidden",
    "FLT008": "a signal stopped the run before some deployments were done",
    "LCK001": "a lock has an unknown location, or two",
    "LCK002": "the location of a lock is not valid",
    "LKP001": "a field of lookups is unknown",
    "LKP002": "the location of a state is not valid",
    "STK019": "jobs depend on each other in a circle",
    "SMK001": "a field of smoke is unknown",
    "SMK002": "a value of smoke has the wrong form",
    "SMK003": "smoke.after matches no resource of the stack",
    "LIF001": "a field of lifecycle is unknown",
    "LIF002": "a field of lifecycle has an invalid value",
    "LIF003": "a field of lifecycle has no effect",
    "LIF004": "lifecycle.ignoreChanges lists a field that does not exist",
}
ONCE = frozenset({"VAR002"})  # reported at the first place, with the number of others


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
        """Return what was found. A cause with many places is reported at the first, with their number."""
        ordered = sorted(self.found, key=lambda problem: problem.where or NO_FILE)
        times = Counter(problem.message for problem in ordered if problem.code in ONCE)
        shown: dict[Problem | str, Problem] = {}
        for problem in ordered:
            shown.setdefault(problem.message if problem.code in ONCE else problem, problem)
        return tuple(_with_others(problem, times[problem.message] - 1) for problem in shown.values())


def _with_others(problem: Problem, others: int) -> Problem:
    if others < 1:
        return problem
    places = "in 1 more place" if others == 1 else f"in {others} more places"
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
        node,
        node.mark,
        f"{what} must be a mapping",
        "write its fields below it, for example `  field: value`",
        findings,
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
        f"{what} must be a string",
        "write one value on the same line",
        findings,
    )
    return None


def forgotten_sub(text: str) -> str:
    """Return what to write where `${name}` stands in a plain text, in which nothing is substituted; else nothing."""
    if "${" not in text:
        return ""
    shown = f' "{text}"' if len(text) <= SHOWN and "\n" not in text else " before the string"
    return f"write !sub{shown}: only tagged strings are substituted"


def refuse_secret(what: str, mark: SourceMark, findings: Findings) -> None:
    hint = "use secrets only as values in resource bodies, or set `secret: false` on the variable"
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

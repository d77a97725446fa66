"""The values of variables: from --var, else from files of --var-file (the last one wins), by default, or by example."""

from collections.abc import Iterable
from collections.abc import Mapping as MappingABC
from collections.abc import Sequence as SequenceABC
from dataclasses import dataclass, field
from typing import NamedTuple

from reconciler.load.compose import compose
from reconciler.load.expand import Expander, Scope
from reconciler.load.findings import Findings, did_you_mean, listed
from reconciler.load.library import parse
from reconciler.load.nodes import BrokenValue, MappingNode, SourceMark, is_null, value_of
from reconciler.load.scalars import plain_value, text_of
from reconciler.load.variables import NAME, Variable, converted
from reconciler.looked_up import Secret, Unknown, as_example, as_secret, holds_unknown
from reconciler.model import Json
from reconciler.problems import Severity

EXAMPLES: MappingABC[str, str] = {
    "boolean": "true", "integer": "8", "number": "0.5", "list": "[a, b]", "map": "{key: value}", "string": "text",
}  # fmt: skip


class GivenValue(NamedTuple):
    """A value, and where it was written; without a place it came from the command line."""

    value: Json
    mark: SourceMark | None


@dataclass(frozen=True, slots=True)
class FromOutside:
    """What is given from outside of the stack's files, the last one first to count: values that are `offered` to
    whoever declares such a variable, those that are `meant` for this stack, the files of --var-file, already read, and
    the texts of --var. `examples`: what has no value is its example, and a secret without one is unknown, or with
    `samples` (in the sandbox, which needs values) anything of its type. `named` are files in the stack's folder that
    options name, as --var-file does: they are no part of the stack. `partitions` are the regions that the SDK knows, by
    the pattern that all regions of their partition have.
    """

    variables: MappingABC[str, str] = field(default_factory=dict)
    files: SequenceABC[tuple[str, bytes]] = ()
    meant: MappingABC[str, GivenValue] = field(default_factory=dict)
    offered: MappingABC[str, GivenValue] = field(default_factory=dict)
    examples: bool = False
    samples: bool = False
    named: frozenset[str] = frozenset()
    partitions: MappingABC[str, SequenceABC[str]] = field(default_factory=dict)


def scope_of(variables: MappingABC[str, Variable], outside: FromOutside, expander: Expander) -> Scope:
    filler = _Filler(variables, expander, expander.findings)
    given = {name: value for name, value in outside.offered.items() if name in variables}
    given |= {name: value for name, value in outside.meant.items() if filler.is_declared(name, value.mark)}
    given |= filler.from_files(outside.files) | filler.from_texts(outside.variables)
    values, unset, broken = {}, set(), set()
    by_example, unknown = list[Variable](), list[Variable]()
    for name, variable in variables.items():
        chosen = given.get(name, GivenValue(variable.default, variable.default_mark))
        example = None if variable.is_broken else filler.example(variable)
        if variable.is_broken or name in filler.broken:
            broken.add(name)
        elif chosen.value is not None:
            value = filler.fitting(variable, chosen)
            if value is None:
                broken.add(name)
            else:
                values[name] = value
        elif outside.examples and example is not None:
            values[name] = as_example(example) if outside.samples else example
            by_example.append(variable)
        elif outside.examples and variable.hides("text"):
            values[name] = variable.sample() if outside.samples else Unknown.of("var", name)
            unknown.append(variable)
        elif variable.default_mark:
            broken.add(name)
            continue
        else:
            unset.add(name)
        if variable.default is None and variable.default_mark:  # there is another value: it does not matter any more
            filler.findings.withdraw(variable.default_mark)
    filler.tell_of(by_example, "examples stand in")
    filler.tell_of(unknown, "any text stands in" if outside.samples else "secrets are unknown here")
    # What stands in for an unknown secret, or repeats a variable's name as an example, is in no need of being hidden.
    harmless = {one.name for one in unknown} | {one.name for one in by_example if values[one.name] == one.name}
    secret = frozenset(name for name in values.keys() - harmless if variables[name].hides(values[name]))
    return Scope(
        {name: as_secret(value) if name in secret else value for name, value in values.items()},
        secret,
        frozenset(unset),
        frozenset(broken),
    )


@dataclass(frozen=True, slots=True)
class _Filler:
    variables: MappingABC[str, Variable]
    expander: Expander
    findings: Findings
    broken: set[str] = field(default_factory=set)

    def from_files(self, files: Iterable[tuple[str, bytes]]) -> dict[str, GivenValue]:
        given: dict[str, GivenValue] = {}
        for name, raw in files:
            given |= self.from_file(name, raw)
        return given

    def from_file(self, name: str, raw: bytes) -> dict[str, GivenValue]:
        document = parse(name, raw, self.findings, is_yaml=True)
        self.expander.library.size += document.size
        for include in document.includes:
            hint = "write the values out"
            self.findings.add("VAR008", "!include cannot be used in a file of values", include.mark, hint)
        if document.is_broken or document.includes:
            self.broken.update(self.variables)  # it may have had a value for any of them
        if document.root is None or document.is_broken or document.includes:
            return {}
        root = self.expander.expand(document.root)
        if not isinstance(root, MappingNode):
            self.findings.add("VAR013", "a file of values is a mapping", root.mark, "write `variable: value`")
            return {}
        given: dict[str, GivenValue] = {}
        for key, (mark, node) in root.entries.items():
            if self.is_declared(key, mark):
                try:
                    given |= {} if is_null(node) else {key: GivenValue(value_of(node), node.mark)}
                except BrokenValue:
                    self.broken.add(key)
        return given

    def from_texts(self, texts: MappingABC[str, str]) -> dict[str, GivenValue]:
        return {
            name: GivenValue(self.from_text(self.variables[name], text), None)
            for name, text in texts.items()
            if self.is_declared(name, None)
        }

    def from_text(self, variable: Variable, text: str) -> Json:
        """Read a text of the command line as its variable's type wants it; what does not fit is refused later."""
        if variable.type == "string":
            return text
        if variable.type not in ("list", "map"):
            value = plain_value(text)
            return text if value is None else value
        document = compose("", text, Findings())  # whatever is wrong with it, what matters is that it does not fit
        try:
            return value_of(document.root) if document.root else text
        except BrokenValue:
            return text

    def is_declared(self, name: str, mark: SourceMark | None) -> bool:
        if name in self.variables or self.expander.library.incomplete:
            return name in self.variables
        hint = did_you_mean(name, self.variables, "declare it under variables")
        # What is no name may be a line of any file: not even that is shown of what is no file of values.
        shown = name if mark is None or NAME.fullmatch(name) else "with this name"
        self.findings.add("VAR007", f"{_source(shown, mark)}there is no variable {shown}", mark, hint)
        return False

    def example(self, variable: Variable) -> Json:
        """Return the example of a variable, which has to be right whether or not it is used."""
        if variable.example is None:
            return None
        return self.fitting(variable, GivenValue(variable.example, variable.example_mark))

    def tell_of(self, without_value: SequenceABC[Variable], instead: str) -> None:
        if without_value:
            names = listed((variable.name for variable in without_value), "and")
            message = f"no value is given for {names}: {instead}"
            self.findings.add("VAR020", message, without_value[0].mark, "for AWS give values", Severity.NOTE)

    def fitting(self, variable: Variable, given: GivenValue) -> Json:
        """Return the value in its variable's type, or None after saying why it cannot be taken."""
        is_secret = variable.hides(given.value)
        shown = "the secret" if is_secret else _shown(given.value)
        if holds_unknown((given.value, *variable.enum)):
            return given.value
        start = f"{_source(variable.name, given.mark)}{shown}"
        try:
            value = converted(variable, given.value)
        except TypeError:
            message = f"{start} is not of the type {variable.type} that the variable {variable.name} has"
            self.findings.add("VAR003", message, given.mark, f"write it like {EXAMPLES[variable.type]}")
            return None
        if variable.enum and value not in variable.enum and text_of(value) not in map(text_of, variable.enum):
            hint = "" if is_secret else f"it can be {listed(map(_shown, variable.enum))}"
            self.findings.add(
                "VAR004", f"{start} is not a value that the variable {variable.name} allows", given.mark, hint
            )
            return None
        if variable.pattern and not variable.pattern.is_in(text_of(value)):
            message = f"{start} does not match the pattern of the variable {variable.name}"
            self.findings.add("VAR005", message, given.mark, f"the pattern is {variable.pattern.text}")
            return None
        return value


def _source(name: str, mark: SourceMark | None) -> str:
    return "" if mark else f"--var {name}: "


def _shown(value: Json) -> str:
    if isinstance(value, Secret):
        return "a secret"
    if isinstance(value, list | dict):
        return "a list" if isinstance(value, list) else "a map"
    return text_of(value) or "an empty text"

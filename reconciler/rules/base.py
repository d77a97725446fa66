"""The columns of the tables of rules: a rule, its evidence, its examples, and the subject that it checks."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import TypeVar

from reconciler.model import Address, Json, Path, Spec
from reconciler.placeholders import DependsOnUnknown
from reconciler.ports import Takes, takes_nothing
from reconciler.problems import Severity


class Basis(StrEnum):
    """How certain it is that AWS refuses what breaks a rule."""

    MEASURED = "measured"
    DOCUMENTED = "documented"
    LATER = "later"
    INFERRED = "inferred"

    @property
    def says(self) -> str:
        return _SAYS[self]


_SAYS = {
    Basis.MEASURED: "AWS was seen to refuse it",
    Basis.DOCUMENTED: "documented by AWS",
    Basis.LATER: "AWS Batch accepts it; it fails when it is used, so that the job never starts",
    Basis.INFERRED: "inferred from known behaviour; not documented by AWS",
}


@dataclass(frozen=True, slots=True)
class Evidence:
    """The source of a rule. `where` is an operation, a page, or a shape or `Shape.member` of the Batch API.

    `quote` is the text found there, with an ellipsis for parts that differ. `note` connects it to the rule, and
    `against` is evidence that AWS does not refuse it. Errors need `is_refusal`.
    """

    basis: Basis
    where: str
    quote: str = ""
    note: str = ""
    against: str = ""

    @property
    def text(self) -> str:
        quoted = f"{self.where}: '{self.quote}'" if self.quote else self.where
        return f"{quoted}; {self.note}" if self.note else quoted

    @property
    def is_refusal(self) -> bool:
        """Whether an error may rest on it: a measurement or a quote, without evidence against it."""
        is_said = self.basis is Basis.MEASURED or (self.basis is Basis.DOCUMENTED and bool(self.quote))
        return is_said and not self.against


def measured(where: str, quote: str = "", note: str = "", against: str = "") -> Evidence:
    """Return evidence of a refusal that was seen."""
    return Evidence(Basis.MEASURED, where, quote, note, against)


def documented(where: str, quote: str, note: str = "", against: str = "") -> Evidence:
    """Return evidence in AWS's own words."""
    return Evidence(Basis.DOCUMENTED, where, quote, note, against)


def later(where: str, quote: str = "", note: str = "") -> Evidence:
    """Return evidence that a service which AWS Batch uses refuses it, when a job starts or an environment scales."""
    return Evidence(Basis.LATER, where, quote, note)


def inferred(where: str, note: str = "") -> Evidence:
    """Return the facts that advice follows from."""
    return Evidence(Basis.INFERRED, where, note=note)


Made = TypeVar("Made")
Findings = Iterator[tuple[Path, str]]  # where in the body, and what is wrong there, as the end of a sentence


def if_known(findings: Findings) -> Findings:
    """Yield what is found, up to where it depends on a value that is not known."""
    try:
        yield from findings
    except DependsOnUnknown:
        return


@dataclass(frozen=True, slots=True)
class Subject:
    """What a rule checks: one body that fits the schema, and all bodies of the stack by address.

    Values that are not known are `Withheld`: what a rule finds without using one holds whatever the value is. `region`
    is empty if the stack does not name one. `takes` is what the installed AWS SDK knows. `with_known_values` are
    subjects of the same stack with a known value in place of each value that the schema does not know: one for each
    known value.
    """

    address: Address
    body: Spec
    stack: Mapping[Address, Spec] = field(default_factory=dict)
    region: str = ""
    takes: Takes = takes_nothing
    runs_on: tuple[str, ...] = ()  # the queues that its lifecycle names
    has_unknown: bool = False  # whether any value of the stack is withheld
    with_known_values: tuple["Subject", ...] = ()
    _shared: dict[Callable[["Subject"], Json], Json] = field(default_factory=dict, repr=False, compare=False)
    _cached: dict[Callable[[Spec], Json], Json] = field(default_factory=dict, init=False, repr=False, compare=False)

    def of_resource(self, address: Address, body: Spec, runs_on: tuple[str, ...] = ()) -> "Subject":
        """Return the subject of another resource of the same stack, which shares what `shared` has computed."""
        return Subject(
            address,
            body,
            self.stack,
            self.region,
            self.takes,
            runs_on,
            self.has_unknown,
            self.with_known_values,
            self._shared,
        )

    def with_other_values(self) -> Iterator["Subject"]:
        """Yield the same resource in the stacks of `with_known_values`."""
        for other in self.with_known_values:
            body = other.stack.get(self.address)
            yield other.of_resource(self.address, self.body if body is None else body, self.runs_on)

    def shared(self, make: Callable[["Subject"], Made]) -> Made:
        """Return `make` of the whole stack, computed once for all its resources. Raises `DependsOnUnknown`."""
        if make not in self._shared:
            try:
                self._shared[make] = make(self)
            except DependsOnUnknown:
                self._shared[make] = DependsOnUnknown
        if self._shared[make] is DependsOnUnknown:
            raise DependsOnUnknown
        made: Made = self._shared[make]
        return made

    def cached(self, look: Callable[[Spec], Made]) -> Made:
        """Return `look` of the body, computed once for all rules."""
        if look not in self._cached:
            self._cached[look] = look(self.body)
        made: Made = self._cached[look]
        return made

    def referred(self, kind: str, name: Json) -> Spec | None:
        """Return the body that a reference leads to; None if the stack has none, or one that is no mapping."""
        body = self.stack.get(Address(kind, str(name)))
        return body if isinstance(body, Mapping) else None

    def every(self, kind: str) -> Iterator[tuple[str, Spec]]:
        """Yield the resources of a kind by name; one that is no mapping has an empty body."""
        yield from self.shared(_by_kind).get(kind, ())


def _by_kind(subject: Subject) -> Mapping[str, list[tuple[str, Spec]]]:
    resources: dict[str, list[tuple[str, Spec]]] = {}
    for address, body in subject.stack.items():
        resources.setdefault(address.kind, []).append((address.name, body if isinstance(body, Mapping) else {}))
    return resources


Check = Callable[[Subject], Findings]


@dataclass(frozen=True, slots=True)
class FieldCheck:
    """A check that finds nothing in a body that has none of some fields, wherever they may be in it.

    Such a body need not be checked at all: of the many rules of a kind, few are about the fields that a body has.
    """

    fields: frozenset[str]
    check: Check

    def __call__(self, subject: Subject) -> Findings:
        return self.check(subject)


def if_any(*fields: str) -> Callable[[Check], FieldCheck]:
    """Return a decorator of checks that are about these fields."""
    return lambda check: FieldCheck(frozenset(fields), check)


@dataclass(frozen=True, slots=True)
class Example:
    """A body that shows a rule, with the resources it refers to, the region of its stack, and the queues it runs on."""

    body: Spec
    others: Mapping[tuple[str, str], Spec] = field(default_factory=dict)
    region: str = ""
    runs_on: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Rule:
    """A row of a kind's rules. `id` is stable: users disable rules by it. `says` is the rule in one sentence.

    Each finding of `check` reads as `ADDRESS: PATH MESSAGE`. Advice is shown only with `--strict`.
    `fails` breaks this rule and no other, and `passes` keeps it: both are its tests.
    """

    id: str
    says: str
    check: Check
    fails: Example
    passes: Example
    evidence: Evidence
    hint: str = ""
    severity: Severity = Severity.ERROR
    advice: bool = False

    @property
    def fields(self) -> frozenset[str]:
        """The fields of which a body must have one for the rule to find anything; empty if there are no such fields."""
        return self.check.fields if isinstance(self.check, FieldCheck) else frozenset()

    @property
    def source(self) -> str:
        """Where the fact comes from, in one line: an API operation with its message, or a page with its words."""
        return self.evidence.text

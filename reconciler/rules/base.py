"""What a rule is: something that AWS refuses, or that a careful person would not do, although the schema allows it."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from enum import StrEnum
from typing import TypeVar

from reconciler.model import Address, Json, Path, Spec
from reconciler.ports import Takes, takes_nothing
from reconciler.problems import Severity

# On what grounds a rule stands: who said it, in which words, and what speaks against it.
#
# An error needs a refusal that was seen, or AWS's own words (`Evidence.is_refusal`).


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
    Basis.DOCUMENTED: "AWS's documentation says so",
    Basis.LATER: "AWS Batch accepts it; it fails when it is used, so that the job never starts",
    Basis.INFERRED: "follows from what is known; AWS does not say it",
}


@dataclass(frozen=True, slots=True)
class Evidence:
    """Grounds of a rule. `where` is an operation that answered, a page, or a shape or `Shape.member` of the Batch API.

    `quote` are the words found there; an ellipsis stands for what differs. `note` says what ties them to the rule, and
    `against` what makes a refusal doubtful.
    """

    basis: Basis
    where: str
    quote: str = ""
    note: str = ""
    against: str = ""

    @property
    def text(self) -> str:
        words = f"{self.where}: '{self.quote}'" if self.quote else self.where
        return f"{words}; {self.note}" if self.note else words

    @property
    def is_refusal(self) -> bool:
        """Whether an error may rest on it: a measurement or a quote, with nothing known against it."""
        is_said = self.basis is Basis.MEASURED or (self.basis is Basis.DOCUMENTED and bool(self.quote))
        return is_said and not self.against


def measured(where: str, quote: str = "", note: str = "", against: str = "") -> Evidence:
    """Return evidence of a refusal that somebody saw."""
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


@dataclass(frozen=True, slots=True)
class Subject:
    """What a rule sees: one body that the schema has passed, and all bodies of the stack by address.

    None stands for a body in which something is unknown. `region` is empty where the stack leaves it open. `takes` is
    what the installed AWS SDK knows. `in_known_words` sees the stack as it would be with a known value in place of one
    that the schema does not know, such as one that only the SDK knows: once for each known value.
    """

    address: Address
    body: Spec
    stack: Mapping[Address, Spec | None] = field(default_factory=dict)
    region: str = ""
    takes: Takes = takes_nothing
    in_known_words: tuple["Subject", ...] = ()
    _made: dict[Callable[["Subject"], Json], Json] = field(default_factory=dict, repr=False, compare=False)
    _seen: dict[Callable[[Spec], Json], Json] = field(default_factory=dict, init=False, repr=False, compare=False)

    def beside(self, address: Address, body: Spec) -> "Subject":
        """Return another resource of the same stack, which shares what was made of it."""
        return replace(self, address=address, body=body)

    def otherwise(self) -> Iterator["Subject"]:
        """Yield the same resource in the stack as it would be in known words."""
        for other in self.in_known_words:
            body = other.stack.get(self.address)
            yield other.beside(self.address, self.body if body is None else body)

    def once(self, make: Callable[["Subject"], Made]) -> Made:
        """Return what `make` makes of the stack as a whole; it is made for the first resource that needs it."""
        if make not in self._made:
            self._made[make] = make(self)
        made: Made = self._made[make]
        return made

    def seen(self, look: Callable[[Spec], Made]) -> Made:
        """Return what `look` sees in the body; many rules look at the same, and the first of them makes it out."""
        if look not in self._seen:
            self._seen[look] = look(self.body)
        made: Made = self._seen[look]
        return made

    def referred(self, kind: str, name: Json) -> Spec | None:
        """Return the body that a reference leads to; None if the stack has none, or none that can be looked at."""
        body = self.stack.get(Address(kind, str(name)))
        return body if isinstance(body, Mapping) else None

    def every(self, kind: str) -> Iterator[tuple[str, Spec]]:
        """Yield the resources of a kind by name; what is unknown, or no mapping, has an empty body."""
        yield from self.once(_by_kind).get(kind, ())


def _by_kind(subject: Subject) -> Mapping[str, list[tuple[str, Spec]]]:
    found: dict[str, list[tuple[str, Spec]]] = {}
    for address, body in subject.stack.items():
        found.setdefault(address.kind, []).append((address.name, body if isinstance(body, Mapping) else {}))
    return found


@dataclass(frozen=True, slots=True)
class Example:
    """A body that shows a rule, with the resources that it refers to, and the region that its stack names."""

    body: Spec
    others: Mapping[tuple[str, str], Spec] = field(default_factory=dict)
    region: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Rule:
    """A row of a kind's rules. `id` is stable: users disable rules by it. `says` is the rule in one sentence.

    Each finding of `check` reads as `ADDRESS: PATH MESSAGE`. Advice is told only when it is asked for.
    `fails` breaks this rule and no other; `passes` keeps it: both are its tests.
    """

    id: str
    says: str
    check: Callable[[Subject], Findings]
    fails: Example
    passes: Example
    evidence: Evidence
    hint: str = ""
    severity: Severity = Severity.ERROR
    advice: bool = False

    @property
    def source(self) -> str:
        """Where the fact comes from, in one line: an API operation with its message, or a page with its words."""
        return self.evidence.text

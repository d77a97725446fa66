"""What a rule is: something that AWS refuses, or that a careful person would not do, although the schema allows it."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field

from reconciler.model import Address, Json, Path, Spec
from reconciler.problems import Severity

Findings = Iterator[tuple[Path, str]]  # where in the body, and what is wrong there, as the end of a sentence


@dataclass(frozen=True, slots=True)
class Subject:
    """What a rule sees: one body that the schema has passed, and all bodies of the stack by address."""

    address: Address
    body: Spec
    stack: Mapping[Address, Spec] = field(default_factory=dict)

    def referred(self, kind: str, name: Json) -> Spec | None:
        """Return the body that a reference leads to; None if the stack does not declare it."""
        return self.stack.get(Address(kind, str(name)))


@dataclass(frozen=True, slots=True)
class Example:
    """A body that shows a rule, with the resources that it refers to."""

    body: Spec
    others: Mapping[tuple[str, str], Spec] = field(default_factory=dict)


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
    source: str  # where the fact comes from: an API operation, a page, AWS's own message
    hint: str = ""
    severity: Severity = Severity.ERROR
    advice: bool = False

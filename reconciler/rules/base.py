"""What a rule is: something that AWS refuses, or that a careful person would not do, although the schema allows it."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field

from reconciler.model import Address, Json, Path, Spec
from reconciler.problems import Severity

Findings = Iterator[tuple[Path, str]]  # where in the body, and what is wrong there, as the end of a sentence


@dataclass(frozen=True, slots=True)
class Subject:
    """What a rule sees: one body that the schema has passed, and all bodies of the stack by address.

    None stands for a body in which something is unknown. `region` is empty where the stack leaves it open.
    """

    address: Address
    body: Spec
    stack: Mapping[Address, Spec | None] = field(default_factory=dict)
    region: str = ""

    def referred(self, kind: str, name: Json) -> Spec | None:
        """Return the body that a reference leads to; None if the stack has none, or none that can be looked at."""
        body = self.stack.get(Address(kind, str(name)))
        return body if isinstance(body, Mapping) else None

    def every(self, kind: str) -> Iterator[tuple[str, Spec]]:
        """Yield the resources of a kind by name; what is unknown, or no mapping, has an empty body."""
        for address, body in self.stack.items():
            if address.kind == kind:
                yield address.name, body if isinstance(body, Mapping) else {}


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
    source: str  # where the fact comes from: an API operation, a page, AWS's own message
    hint: str = ""
    severity: Severity = Severity.ERROR
    advice: bool = False

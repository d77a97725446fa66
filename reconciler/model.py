"""The nouns: addresses, declared and live resources, changes, steps, plans. Frozen, and frozen all the way."""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import Enum, StrEnum
from typing import Any, Literal, Protocol

from reconciler.problems import Problem, Where

Json = Any  # what a JSON or YAML document may hold; the one place where Any has a name
Path = tuple[str | int, ...]  # members and list indices, from the body of a resource inwards
Spec = Mapping[str, Json]  # a resource's body in the API's own spelling


@dataclass(frozen=True, slots=True, order=True)
class Address:
    """How users name a resource: `ComputeEnvironment/spot`. The name is the logical one, the key in the YAML."""

    kind: str
    name: str

    def __str__(self) -> str:
        return f"{self.kind}/{self.name}"


@dataclass(frozen=True, slots=True)
class Identity:
    """Where we are: account id, region and partition (`aws`, `aws-cn`, `aws-us-gov`)."""

    account: str
    region: str
    partition: str = "aws"


class Places(Protocol):
    """Finds where a member was written; computed when a message needs it, not before."""

    def find(self, path: Path) -> Where:
        """Return the place of `path`, or of its nearest written ancestor."""


@dataclass(frozen=True, slots=True)
class Nowhere:
    """Places for resources that no file describes (tests, imports)."""

    file: str = "<memory>"

    def find(self, path: Path) -> Where:  # noqa: ARG002 - the protocol's signature
        return Where(self.file)


@dataclass(frozen=True, slots=True, kw_only=True)
class Lifecycle:
    """How we treat a resource, beside its body."""

    prevent_destroy: bool = False
    ignore_changes: tuple[str, ...] = ()
    replace: Literal["blue-green", "refuse"] = "refuse"
    retain_revisions: int | None = None  # None keeps all
    on_remove: Literal["delete", "orphan"] = "delete"
    renamed_from: str | None = None
    adopt: bool = False


@dataclass(frozen=True, slots=True)
class Declared:
    """A resource as the user wrote it: variables substituted, defaults merged, shorts expanded.

    `spec` is the API's create request without the name member; references still hold logical names.
    """

    address: Address
    spec: Spec
    lifecycle: Lifecycle = Lifecycle()
    places: Places = field(default=Nowhere(), compare=False, repr=False)


@dataclass(frozen=True, slots=True)
class Stack:
    """One owner's resources, as read from the files.

    `disabled` are rules by id, each with the user's reason; `silenced` is what they would have said.
    """

    name: str
    declared: Mapping[Address, Declared]
    tags: Mapping[str, str] = field(default_factory=dict)
    name_prefix: str = ""
    account: str | None = None
    region: str | None = None
    warnings: tuple[Problem, ...] = ()
    disabled: Mapping[str, str] = field(default_factory=dict)
    silenced: tuple[Problem, ...] = ()


@dataclass(frozen=True, slots=True)
class Live:
    """A resource as AWS describes it. `name` in the address is the physical name, `parent/name` for parts of others.

    `spec` has neither tags nor the members that only a response has; `revisions` are the active ones, ascending.
    `claim` are the tags of the newest revision that has an owner, where the newest of all has none.
    """

    address: Address
    spec: Spec
    arn: str
    tags: Mapping[str, str] = field(default_factory=dict)
    status: str = ""
    reason: str = ""
    revisions: tuple[int, ...] = ()
    claim: Mapping[str, str] = field(default_factory=dict)

    @property
    def claims(self) -> Mapping[str, str]:
        """The tags that tell the owner: a revision registered by hand has none, an older one may still have them."""
        return self.claim or self.tags


@dataclass(frozen=True, slots=True, kw_only=True)
class Desired:
    """A declared resource in one account and region: physical name, references as ARNs, tags merged.

    `arn` is empty where it cannot be built from the name (job definitions). `needs` are the resources of the stack
    that it refers to.
    """

    address: Address
    name: str
    arn: str
    spec: Spec
    tags: Mapping[str, str]
    lifecycle: Lifecycle = Lifecycle()
    needs: tuple[Address, ...] = ()
    live: Live | None = None
    places: Places = field(default=Nowhere(), compare=False, repr=False)


class Action(Enum):
    """What happens to a resource; the value is the sign that people read."""

    CREATE = "+"
    UPDATE = "~"
    REVISION = "^"
    REPLACE = "-/+"
    BLUE_GREEN = "+/-"
    DELETE = "-"
    ADOPT = ">"
    FORGET = "."
    WAIT = "="


class Cost(StrEnum):
    """What a change costs, cheapest first."""

    METADATA = "metadata"
    SCALING = "scaling"
    REVISION = "revision"
    INFRASTRUCTURE = "infrastructure"
    REPLACE = "replace"
    IMPOSSIBLE = "impossible"

    @property
    def says(self) -> str:
        return _COSTS[self]


_COSTS = {
    Cost.METADATA: "free",
    Cost.SCALING: "in place, nothing is replaced",
    Cost.REVISION: "running jobs keep theirs",
    Cost.INFRASTRUCTURE: "instances are replaced, jobs follow updatePolicy",
    Cost.REPLACE: "cannot be changed in place",
    Cost.IMPOSSIBLE: "the API can neither change nor unset it",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class FieldChange:
    """One member that differs. `before` and `after` are canonical values; None is absence.

    `path` is dotted; entries of keyed lists are named by their key.
    """

    path: str
    before: Json
    after: Json
    cost: Cost
    why: str = ""  # the rule behind a cost that surprises, with its source
    drift: bool = False  # somebody else changed it: our declaration is the one last applied
    undeclared: bool = False  # live, but not written in the YAML
    sensitive: bool = False
    where: Where | None = None


class Until(StrEnum):
    """What a wait waits for."""

    SETTLED = "settled"  # VALID or INVALID: no transition under way
    VALID = "VALID"
    GONE = "gone"


class Repeat(StrEnum):
    """What may be done when the answer to a call is lost."""

    SAFE = "safe"  # the same call again changes nothing more
    LOOK_FIRST = "look first"  # a second call would double or collide: read, and go on if it is there
    GONE_IS_DONE = "gone is done"  # "does not exist" means that it is done


@dataclass(frozen=True, slots=True)
class Call:
    """One complete request.

    `after_revision` is the newest revision before a registration: only a newer one can be its result.
    """

    operation: str
    request: Mapping[str, Json]
    says: str
    repeat: Repeat = Repeat.SAFE
    after_revision: int = 0


@dataclass(frozen=True, slots=True)
class Wait:
    """Wait for the resource of the change it belongs to; `timeout` in seconds."""

    until: Until
    timeout: float
    says: str


Step = Call | Wait


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """What happens to one resource: a small program of complete requests and waits.

    `after` are the changes that must be done first. A change with `refusals` is shown, never run.
    """

    action: Action
    address: Address
    name: str  # physical
    arn: str = ""
    fields: tuple[FieldChange, ...] = ()
    steps: tuple[Step, ...] = ()
    reasons: tuple[str, ...] = ()
    after: tuple[Address, ...] = ()
    refusals: tuple[Problem, ...] = ()
    where: Where | None = None

    @property
    def cost(self) -> Cost | None:
        """The dearest of the members' costs; None when no member changes (create, delete)."""
        return max((f.cost for f in self.fields), key=list(Cost).index, default=None)

    @property
    def drift(self) -> bool:
        return any(change.drift for change in self.fields)


@dataclass(frozen=True, slots=True)
class Unhealthy:
    """A live resource of the stack that does not work, whatever its members say."""

    address: Address
    status: str
    reason: str


@dataclass(frozen=True, slots=True)
class Plan:
    """What, in which order, and why. `changes` come in an order that respects `after`."""

    stack: str
    identity: Identity
    changes: tuple[Change, ...] = ()
    unchanged: int = 0
    unhealthy: tuple[Unhealthy, ...] = ()
    notes: tuple[Problem, ...] = ()

    @property
    def is_empty(self) -> bool:
        """Nothing to change. Waiting for a transition that is under way changes nothing."""
        return all(change.action is Action.WAIT for change in self.changes)

    @property
    def refusals(self) -> tuple[Problem, ...]:
        return tuple(problem for change in self.changes for problem in change.refusals)

    @property
    def counts(self) -> Mapping[Action, int]:
        return Counter(change.action for change in self.changes)

"""What is to happen: changes of members and resources, the steps that make them, and the plan of them all."""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import Enum, StrEnum

from reconciler.model.resources import Address, Identity, Json, Live
from reconciler.problems import Problem, Where

OWN_TAGS = "tags.reconciler:"  # where the path of a tag of ours begins
STATUS = "status"  # the path of what is INVALID and is to become VALID


class Action(Enum):
    """What happens to a resource; the value is the sign that people read."""

    CREATE = "+"
    UPDATE = "~"
    REVISION = "^"
    REPLACE = "-/+"
    BLUE_GREEN = "+/-"
    DELETE = "-"
    RETIRE = "(-)"  # the old one of a replacement
    ADOPT = ">"
    FORGET = "."
    REPAIR = "!"  # nothing differs, but it is INVALID: an update validates it again
    PRUNE = "-^"
    WAIT = "="

    @property
    def leaves(self) -> bool:
        """Whether the resource is gone afterwards."""
        return self in (Action.DELETE, Action.RETIRE)


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
    Cost.INFRASTRUCTURE: "instances are replaced",
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
    noted: bool = False  # left to the service: applying takes note of the live value, and leaves it
    where: Where | None = None

    @property
    def is_of_tags(self) -> bool:
        """Whether it is of a tag, and not of the body."""
        return self.path.startswith("tags.")


@dataclass(frozen=True, slots=True)
class Ignored:
    """A member that is no change although the two sides differ in it, and why. Values are as in `FieldChange`."""

    path: str
    before: Json
    after: Json
    why: str


class Until(StrEnum):
    """What a wait waits for."""

    SETTLED = "settled"  # VALID or INVALID: no transition under way
    VALID = "VALID"
    IDLE = "idle"  # nothing runs on it any more
    EMPTY = "empty"  # no job is in it any more
    GONE = "gone"  # AWS does not show it any more; what it shows as DELETED for a minute is as good as gone
    FREE = "free"  # nothing of the name is shown any more, not even as DELETED: it can be used again
    SEEN = "seen"  # a revision newer than the one before


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
    """Wait for the resource of the change it belongs to; `timeout` in seconds, `after_revision` as that of a call."""

    until: Until
    timeout: float
    says: str
    after_revision: int = 0
    queues: tuple[str, ...] = ()  # IDLE: the ARNs of those whose jobs may run on it


Step = Call | Wait


@dataclass(frozen=True, slots=True)
class Interrupts:
    """The jobs that an update may end, by the name of the queue in which they run: no more than these.

    `at_once`: it waits for none of them. `unknown` says why they are not known.
    """

    at_once: bool
    jobs: Mapping[str, int] = field(default_factory=dict)
    unknown: str = ""

    @property
    def at_most(self) -> int:
        return sum(self.jobs.values())


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """What happens to one resource: a small program of complete requests and waits.

    `after` are the changes that must be done first. A change with `refusals` is shown, never run. `undo` takes back
    what was made where it turns out INVALID. `seen` is the live resource that the plan was made for.
    """

    action: Action
    address: Address
    name: str  # physical
    arn: str = ""
    fields: tuple[FieldChange, ...] = ()
    steps: tuple[Step, ...] = ()
    undo: tuple[Step, ...] = ()
    reasons: tuple[str, ...] = ()
    losses: tuple[str, ...] = ()  # those of the reasons that say what is lost for good: reports let them stand out
    after: tuple[Address, ...] = ()
    refusals: tuple[Problem, ...] = ()
    where: Where | None = None
    interrupts: Interrupts | None = None
    seen: Live | None = field(default=None, compare=False, repr=False)

    @property
    def cost(self) -> Cost | None:
        """The dearest of the fields' costs; None where no field changes: all of them come (create) or go (delete)."""
        if self.action in (Action.CREATE, Action.DELETE):
            return None
        return max((f.cost for f in self.fields), key=list(Cost).index, default=None)

    @property
    def drift(self) -> bool:
        return any(change.drift for change in self.fields)

    @property
    def is_record(self) -> bool:
        """Whether it changes nothing in the resource, but whose it is and what we know of it: tags of ours."""
        ours = all(change.noted or change.path.startswith(OWN_TAGS) for change in self.fields)
        return self.action is Action.WAIT or (self.action in (Action.ADOPT, Action.UPDATE) and ours)

    @property
    def is_note(self) -> bool:
        """Whether it changes nothing but our record of what is left to the service."""
        return bool(self.fields) and all(change.noted for change in self.fields)


@dataclass(frozen=True, slots=True)
class Unhealthy:
    """A live resource of the stack that does not work, whatever its members say. `reason` is the service's own word."""

    address: Address
    status: str
    reason: str
    cause: str = ""
    remedy: str = ""
    name: str = ""  # physical


@dataclass(frozen=True, slots=True)
class Plan:
    """What, in which order, and why. `changes` come in an order that respects `after`.

    `owned` is how many live resources the stack has, whatever is to become of them. `refused` says why all of it may
    not run; what is wrong with one change is among the refusals of that. `known` are the addresses of everything that
    the stack declares or owns, also of what is not planned.
    """

    stack: str
    identity: Identity
    changes: tuple[Change, ...] = ()
    owned: int = 0
    unchanged: int = 0
    unhealthy: tuple[Unhealthy, ...] = ()
    notes: tuple[Problem, ...] = ()
    ignored: Mapping[Address, tuple[Ignored, ...]] = field(default_factory=dict)
    refused: tuple[Problem, ...] = ()
    known: tuple[Address, ...] = ()

    @property
    def is_empty(self) -> bool:
        """Nothing to change. Waiting for a transition that is under way changes nothing."""
        return all(change.action is Action.WAIT for change in self.changes)

    @property
    def refusals(self) -> tuple[Problem, ...]:
        """Every reason why the plan may not run, each once."""
        of_changes = (problem for change in self.changes for problem in change.refusals)
        return tuple(dict.fromkeys((*of_changes, *self.refused)))

    @property
    def refused_count(self) -> int:
        """How many changes are refused, each for one reason or more; a refusal of the whole plan counts as one."""
        return sum(1 for change in self.changes if change.refusals) + len(self.refused)

    @property
    def counts(self) -> Mapping[Action, int]:
        return Counter(change.action for change in self.changes)

"""What is to happen: changes of members and resources, the steps that make them, and the plan of them all."""

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from enum import Enum, StrEnum

from reconciler.model.resources import Address, Identity, Json, Live, Path
from reconciler.problems import Problem, Where

TAGS = "tags"  # the field of all kinds that is no part of the body
OURS = "reconciler:"  # how tags of ours begin
STATUS: Path = ("status",)  # of what is INVALID and is to become VALID


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
    """One field that differs, for people to read.

    `diff` makes it. Requests read of it which fields to send, and never what: values come from `Difference.spec`.
    """

    # Where it is in the canonical body. Requests find by it what an update has to send, the record of an apply what it
    # has noted. It begins with `tags` or `status` for what is in no body. Only reports and messages write it as text.
    path: Path
    # The live and the desired value, in canonical form: sorted, without defaults, references as ARNs. None is absence.
    # They may be secret, and are for reports, which get them through `redact`. No request may be made of them.
    before: Json
    after: Json
    # What the change costs, from the row of the field and the live body. It decides whether the resource is updated,
    # replaced or refused, and what reports call the change. For REPLACE and IMPOSSIBLE there is no request.
    cost: Cost
    # The rule behind a cost that surprises, with its source. Prose: for reports and for hints at a refusal of AWS.
    why: str = ""
    # Changed outside this stack: our declaration is the one last applied. For reports and `drift`; what is done about
    # a change must not depend on it.
    drift: bool = False
    # Live, but not written in the YAML. For reports, likewise.
    undeclared: bool = False
    # Left to the service: applying records the live value in a tag, and sends nothing of it. Requests pass it over, and
    # a change with no other fields is no change of the resource (`Change.is_note`).
    noted: bool = False
    # The line of the YAML to open: of the field or of the entry of a list, else of what encloses it. For reports; no
    # fingerprint has it.
    where: Where | None = None

    @property
    def is_of_tags(self) -> bool:
        """Whether it is of a tag, and not of the body."""
        return self.path[0] == TAGS

    @property
    def is_of_own_tags(self) -> bool:
        """Whether it is of a tag that says whose the resource is, and what we know of it."""
        return self.is_of_tags and str(self.path[-1]).startswith(OURS)


def dearest(fields: Iterable[FieldChange]) -> Cost | None:
    """Return the highest of the costs; None of no changes."""
    return max((change.cost for change in fields), key=list(Cost).index, default=None)


@dataclass(frozen=True, slots=True)
class Ignored:
    """A field that is no change although the two sides differ in it. Only reports read it."""

    path: Path  # as in `FieldChange`
    before: Json  # the live value, as it was described or in canonical form; may be secret
    after: Json  # the declared value
    why: str  # the user's reason, or ours


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
    """One complete request: `apply` sends it as it is, and the fingerprint of a plan covers it."""

    operation: str  # as botocore names it: UpdateJobQueue
    # Everything that is sent, secrets included. Only `apply` reads the values; reports get them through `redact`. It
    # holds nothing that is known only while the plan runs: such a call would not be the one that was reviewed.
    request: Mapping[str, Json]
    says: str  # in words, for progress and reports; holds names, and no values
    repeat: Repeat = Repeat.SAFE  # for `apply`, where the answer is lost or the call refused for a while
    # The newest revision before a registration: only a newer one can be its result. 0 for all other calls.
    after_revision: int = 0


@dataclass(frozen=True, slots=True)
class Wait:
    """Wait for the resource of the change that it belongs to. It changes nothing, and no fingerprint has it."""

    until: Until
    timeout: float  # seconds, already no longer than --timeout; 0 looks once. When they are over, the change has failed
    says: str  # in words, for progress and reports
    after_revision: int = 0  # SEEN: as that of the call before
    queues: tuple[str, ...] = ()  # IDLE: the ARNs of those whose jobs may run on it


Step = Call | Wait


@dataclass(frozen=True, slots=True)
class Interrupts:
    """The jobs that an update may end, counted when the plan was made. Guards and reports read it; `apply` does not."""

    at_once: bool  # the update waits for none of them; False: for as long as its policy says
    jobs: Mapping[str, int] = field(default_factory=dict)  # by the name of their queue: no more than these
    unknown: str = ""  # why they are not known, in words; then `jobs` means nothing

    @property
    def at_most(self) -> int:
        return sum(self.jobs.values())


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """What happens to one resource, why, and the program that does it. `plan.build` makes it, and nothing edits it."""

    # What the change is, in one sign. Reports, guards and the order depend on it. `apply` does what the steps say, and
    # asks the action only how to read what it meets: what leaves may be gone already.
    action: Action
    # The resource in the YAML, by its logical name. An address may stand twice in a plan: an old one leaves, its
    # namesake comes.
    address: Address
    name: str  # physical: what `apply` waits for and looks at
    # Of the live resource, or of the one that is created; empty where it is known only afterwards (job definitions).
    # It tells apart what has one address; requests have their own.
    arn: str = ""
    # What differs, for people. Of a creation or a deletion, everything that comes or goes, with the cost METADATA.
    fields: tuple[FieldChange, ...] = ()
    # What is done, complete and in sequence. Empty where the change is refused or under way already. Only `apply`,
    # saved plans and reports read it; nothing is decided by looking at steps, other than whether there are calls.
    steps: tuple[Step, ...] = ()
    # What takes a new resource back if it turns out INVALID. Only `apply` runs it, and it is not in reports.
    undo: tuple[Step, ...] = ()
    reasons: tuple[str, ...] = ()  # why, and with which consequences, in words. For reports; nothing depends on them
    losses: tuple[str, ...] = ()  # those of the reasons that say what is lost for good: reports let them stand out
    # The changes that must be done first. One that is not in the plan is none to wait for; see `order.waits` for what
    # an address means that stands twice. If one of them fails, this change is not started.
    after: tuple[Address, ...] = ()
    # Why it must not run. One refusal in a plan is enough for `apply` to run none of it. Found anew for each plan, and
    # no part of a fingerprint: a consent may come later.
    refusals: tuple[Problem, ...] = ()
    where: Where | None = None  # the line of the YAML that declares the resource. For reports
    interrupts: Interrupts | None = None  # None: it ends no jobs
    # The jobs in what is deleted, by status, counted when the plan was made. None: none were counted, or their number
    # is unknown. For reports: what becomes of them, `reasons`, `refusals` and the steps say.
    jobs: Mapping[str, int] | None = None
    # The live resource that the plan was made for: `apply` looks whether it is still so before the first write. No part
    # of equality, reports or saved plans: it has everything that AWS describes, secrets too.
    seen: Live | None = field(default=None, compare=False, repr=False)

    @property
    def cost(self) -> Cost | None:
        """The dearest of the fields' costs; None where no field changes: all of them come (create) or go (delete)."""
        return None if self.action in (Action.CREATE, Action.DELETE) else dearest(self.fields)

    @property
    def drift(self) -> bool:
        return any(change.drift for change in self.fields)

    @property
    def is_record(self) -> bool:
        """Whether it changes nothing in the resource, but whose it is and what we know of it: tags of ours."""
        ours = all(change.noted or change.is_of_own_tags for change in self.fields)
        return self.action is Action.WAIT or (self.action in (Action.ADOPT, Action.UPDATE) and ours)

    @property
    def is_note(self) -> bool:
        """Whether it changes nothing but our record of what is left to the service."""
        return bool(self.fields) and all(change.noted for change in self.fields)


@dataclass(frozen=True, slots=True)
class Unhealthy:
    """A live resource of the stack that does not work, whatever its fields say.

    For reports and exit codes: `apply` ends with 8 if it leaves one. What can be done about it is a `Change` of its
    own, where the plan can do something.
    """

    address: Address
    status: str  # the service's, or BLOCKED where nothing is left that a queue works with
    reason: str  # the service's own words, or ours for what it says nothing of
    cause: str = ""  # what the reason is known to mean; empty: unknown
    remedy: str = ""  # what people can do
    name: str = ""  # physical: while one replaces another, two have one address


@dataclass(frozen=True, slots=True, kw_only=True)
class Vcpus:
    """The vCPUs that environments keep running, and those that they may grow to."""

    at_least: int = 0
    at_most: int = 0
    extra_instances: int = 0  # by so many in all, of whatever size, they may exceed `at_most`
    unknown: int = 0  # environments of which nothing is known, and which the others do not count

    def __add__(self, other: "Vcpus") -> "Vcpus":
        return Vcpus(
            at_least=self.at_least + other.at_least,
            at_most=self.at_most + other.at_most,
            extra_instances=self.extra_instances + other.extra_instances,
            unknown=self.unknown + other.unknown,
        )


@dataclass(frozen=True, slots=True)
class CapacityChange:
    """The capacity of one sort, such as Fargate Spot, that the stack's environments have before and after a plan."""

    sort: str
    before: Vcpus
    after: Vcpus

    @property
    def is_change(self) -> bool:
        return self.before != self.after


@dataclass(frozen=True, slots=True)
class PlannedCapacity:
    """The capacity of a stack before and after a plan, by sorts: those that there is none of are left out."""

    sorts: tuple[CapacityChange, ...] = ()

    @property
    def before(self) -> Vcpus:
        return sum((each.before for each in self.sorts), Vcpus())

    @property
    def after(self) -> Vcpus:
        return sum((each.after for each in self.sorts), Vcpus())

    @property
    def is_change(self) -> bool:
        return any(each.is_change for each in self.sorts)


@dataclass(frozen=True, slots=True)
class Plan:
    """What is to happen to the resources of a stack, in which order, and why.

    `plan.build` makes it from what is declared, live and allowed, and equal input makes an equal plan. Reports show it,
    `apply` runs it, a saved plan is its document: nobody edits it. Whoever runs only a part of it says why.
    """

    stack: str  # the owner, as in the tags; physical names have the name prefix already
    identity: Identity  # where it was made, and the only place where it may run
    # In an order that respects `after`: reports keep it, `apply` runs side by side what the order allows. Those of the
    # targets alone, with what they wait for.
    changes: tuple[Change, ...] = ()
    unchanged: int = 0  # how many declared resources are as declared. For reports
    unhealthy: tuple[Unhealthy, ...] = ()  # of the whole stack, targets or not. No request is made for them
    # What the user should know and nothing depends on: of the stack's files, of kinds that could not be read, of
    # targets that match nothing. For reports.
    notes: tuple[Problem, ...] = ()
    # What was compared and is no change, by its resource. For `-v` and reports; no fingerprint has it.
    ignored: Mapping[Address, tuple[Ignored, ...]] = field(default_factory=dict)
    # The vCPUs of the stack's environments as they are, and as the changes leave them. For reports; no fingerprint has
    # them.
    capacity: PlannedCapacity = PlannedCapacity()
    refused: tuple[Problem, ...] = ()  # why the plan as a whole must not run; what is wrong with a change, that has
    # Everything that the stack declares or owns, planned or not: against it, patterns of the command line are checked.
    known: tuple[Address, ...] = ()
    # Whether `refusals` have the consents that are missing. A plan that is only looked at lacks them, and is not run.
    is_guarded: bool = False

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

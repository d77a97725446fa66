"""The columns of the tables: what a row says about a field, and what a kind says about its calls and its life."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from enum import Enum, StrEnum
from functools import cached_property

from reconciler.model import Cost, Identity, Json, Spec, Vcpus, own_name

BATCH = "batch"  # the service of most kinds


@dataclass(frozen=True, slots=True)
class Usage:
    """How full a resource is. Paths into its description; what it lacks is not known."""

    used: tuple[str, ...]
    most: tuple[str, ...]
    unit: str  # in words, behind the two numbers


@dataclass(frozen=True, slots=True, kw_only=True)
class ReadCalls:
    """How live resources are listed, and what descriptions have beside the fields. One page holds at most 100."""

    operation: str  # the describe call
    result: str  # its list; empty: it describes one resource at a time, and is itself the description
    names: str  # the member that restricts it to some names or ARNs, or names the one
    by_arn: bool = False  # `names` wants ARNs
    filters: Mapping[str, Json] = field(default_factory=dict)  # when listing all
    listing: str = ""  # a separate call that lists ARNs, where describe cannot list
    listed: str = ""  # its list, where that is not `result`
    listed_if: Callable[[Spec], bool] | None = None  # whether a parent can have any: for the others nothing is listed
    one_filter: str = (
        ""  # the member that restricts a listing to one name, where `names` cannot be combined with filters
    )
    newer: bool = False  # older roles may not read it, and not every endpoint has it
    # Operations that IAM can restrict to ARNs (Service Authorization Reference); the others are for all or none.
    scoped: tuple[str, ...] = ()
    response_only: tuple[str, ...] = ()  # members of a description that no request has
    created_at: str = ""  # the one that says when it was created, in milliseconds since 1970; empty: there is none
    usage: Usage | None = None

    @property
    def command(self) -> str:
        """The subcommand of `aws batch` that describes: `describe-job-queues`."""
        dashed = "".join(f"-{letter.lower()}" if letter.isupper() else letter for letter in self.operation)
        return dashed.removeprefix("-")


@dataclass(frozen=True, slots=True, kw_only=True)
class CreateCall:
    """The operation that creates a resource, or registers a revision of it."""

    operation: str
    settles_within: float | None = None  # seconds from CREATING to VALID or INVALID; None: it has no such statuses
    service_linked: bool = False  # the first one of an account may need a service-linked role, which is created, too


@dataclass(frozen=True, slots=True, kw_only=True)
class TargetedCall:
    """An operation on one existing resource."""

    operation: str
    id_member: str  # of the request: it names the resource
    id_is_arn: bool = False

    def target(self, name: str, arn: str) -> dict[str, Json]:
        """Return the member of the request that names the resource."""
        return {self.id_member: arn if self.id_is_arn else name}


@dataclass(frozen=True, slots=True)
class InstanceReplacement:
    """What an update means that replaces instances. Both read the body that is updated."""

    job_timeout: Callable[[Spec], float]  # seconds that running jobs may keep the old instances; 0: they end at once
    job_terms: Callable[[Spec], str]  # the same in words


@dataclass(frozen=True, slots=True, kw_only=True)
class UpdateCall(TargetedCall):
    """The operation that changes a resource in place."""

    settles_within: float | None = None  # seconds from UPDATING to VALID or INVALID; None: it has no such statuses
    not_state: tuple[str, ...] = ()  # other members of the request that are no field
    refers_to: tuple[str, ...] = ()  # fields whose resources IAM checks in an update, too
    any_of: tuple[str, ...] = ()  # a request must have one of these fields; the first is added if none is
    instances: InstanceReplacement | None = None  # None: no update replaces any


@dataclass(frozen=True, slots=True, kw_only=True)
class DeleteCall(TargetedCall):
    """The operation that deletes a resource, or deregisters a revision of it."""

    gone_within: float | None = None  # seconds that it may be DELETING; None: it has no such status
    disable_first: bool = False  # it must be DISABLED
    after_jobs: bool = False  # jobs that wait may need it: it is deleted after what holds them
    explanation: str = ""  # what AWS does while it is DELETING, and what keeps it there
    loss: str = ""  # what the deletion means for jobs, as the end of a sentence; empty: nothing


@dataclass(frozen=True, slots=True, kw_only=True)
class RevisionUsers:
    """How to list what uses the revisions of a kind right now: for each resource of another kind."""

    operation: str
    result: str
    member: str  # of a listed user: the ARN of what it uses, revision included
    noun: str  # of a user, in prose
    of: str  # the kind for whose resources is listed
    of_member: str  # the member of the request that names one
    of_if: Callable[[Spec], bool]  # whether one can have any: for the others nothing is listed
    filters: tuple[Mapping[str, Json], ...]  # a listing each


@dataclass(frozen=True, slots=True)
class Revisions:
    """Each change is a new revision: the kind has no update, and the older ones stay until they are deregistered."""

    users: RevisionUsers | None = None


class Form(StrEnum):
    """How two values of a field are compared. Missing, null, "", [] and {} are equal in all forms."""

    VALUE = "value"
    CASELESS = "caseless"  # MANAGED == managed
    NUMBER = "number"  # "1.0" == "1" == 1
    FLOAT32 = "float32"  # the service keeps 32 bits
    RANGE = "range"  # of indexes: ":3" == "0:3"; an open end is not the last index of now
    ROLE = "role"  # a role's name, path and name, or ARN; a bare name leaves the path open
    PROFILE = "profile"  # an instance profile's name or ARN, likewise
    REFERENCE = "reference"  # a Batch resource's name or ARN
    ORDERED = "ordered"  # a list whose order matters
    SET = "set"  # a list whose order does not
    KEYED = "keyed"  # a list of structures with a key field
    RANKED = "ranked"  # a list of structures whose one member gives only the sequence
    MAP = "map"  # free keys
    STRUCT = "struct"  # members with rows of their own


class Created(Enum):
    """Whether a field belongs in the create request."""

    SENT = "sent"
    LATER = "later"  # only an update can set it: create, wait, update


class ReplacementMethod(StrEnum):
    """How a resource that cannot be changed in place is replaced."""

    BLUE_GREEN = "blue-green"  # a second one under another name takes over, then the old one is deleted
    DELETE_FIRST = "delete-first"  # the old one is deleted first, since only one can have the name that others know


class _Missing(Enum):
    MISSING = "missing"


MISSING = _Missing.MISSING


@dataclass(frozen=True, slots=True, kw_only=True)
class Field:
    """A row of a kind's table: what a field means, how it is compared and sent, and what changing it costs."""

    name: str
    description: str = ""  # what it is, its units, and what surprises
    form: Form = Form.VALUE
    key: str = ""  # Form.KEYED, Form.RANKED: the field that is the key (empty: the position) or the rank of an entry
    fields: tuple["Field | Unmanaged", ...] = ()
    cost: Cost | None = None  # what changing it costs; None: as the enclosing member
    presence: Cost | None = None  # what adding or removing it costs, if different
    default: Json = None  # the service's default: an absent value equals it
    assumed: Callable[[Spec], Json] | None = None  # the same, if it depends on the siblings
    is_service_default: Callable[[Json], bool] | None = None  # whether the service may have chosen a live value
    service_default: Callable[[Spec], Json] | None = (
        None  # the value that it chooses for a new one, from the canonical body
    )
    write_only: bool = False  # descriptions may lack it: it counts as unchanged then
    unset: Json | Callable[[Json], Json] = MISSING  # what an update sends to unset it; may depend on the live value
    created: Created = Created.SENT
    update_as: Callable[[Json], Mapping[str, Json]] | None = None  # what an update sends instead of the field
    runtime_if: Callable[[Spec], bool] | None = None  # the service changes it: only a new declared value is sent
    merges: bool = False  # STRUCT: an update sends only the fields in it that change
    only_if: Callable[[Spec], bool] | None = (
        None  # the siblings with which it is sent and compared; with others it is not
    )
    trigger_for: tuple[str, ...] = ()  # it is a trigger and no state: sent as true if one of these siblings changes
    ordered_if: Callable[[Spec], bool] | None = None  # SET: whether the siblings make order count
    legacy_alias_of: tuple[str, str] | None = None  # a legacy size: (resource type, sibling list) of its twin
    drop_if: Callable[[Json], bool] | None = None  # KEYED: whether the service drops an entry
    refers_to: str = ""  # Form.REFERENCE: the kind; Form.SET: the kind of each entry
    needs_one: bool = False  # a list of references: the resource works if one of them does
    short: str = ""  # a second name of the field, which users may write
    response_name: str = ""  # its name in descriptions, if different
    named_in: str = ""  # Form.STRUCT: the section of which a name stands for the structure
    means_all: bool = False  # Form.SET of references: absent, it means all that the stack declares
    required: bool = False  # although the service model says it is optional
    passed_to: str = ""  # ROLE: the service to which it is passed, if documented
    limits: Mapping[str, Json] = field(default_factory=dict)  # JSON Schema words that the service model lacks
    # A value that fits where neither type nor limits lead to one, or several; of a list, one entry. It may depend on
    # the siblings. In a text, `{name}` is the name of what it is for, and `{number}` keeps ids apart.
    example: Json | Callable[[Spec], Json] = None
    source: str = ""  # where the fact comes from: an API operation or a page

    def __post_init__(self) -> None:
        object.__setattr__(self, "fields", Rows.of(self.fields))

    @property
    def members(self) -> tuple["Field", ...]:
        """The managed rows of `fields`."""
        return Rows.of(self.fields).fields

    def examples_beside(self, body: Spec) -> tuple[Json, ...]:
        """Return values that fit beside the siblings in `body`, the likeliest first."""
        example = self.example(body) if callable(self.example) else self.example
        values = example if isinstance(example, tuple) else (example,)
        return tuple(value for value in values if value is not None)

    @property
    def is_plain(self) -> bool:
        has_more = (self.only_if, self.trigger_for, self.legacy_alias_of, self.assumed, self.is_service_default)
        return self.form is Form.VALUE and self.default is None and not any(has_more)

    def counts_in(self, body: Spec) -> bool:
        """Whether the field is part of the state that `body` describes."""
        return not self.trigger_for and (self.only_if is None or self.only_if(body))


@dataclass(frozen=True, slots=True)
class Unmanaged:
    """A field that is accepted and neither sent nor compared, with the reason."""

    name: str
    reason: str


Row = Field | Unmanaged


class Rows(tuple[Row, ...]):  # noqa: SLOT001 - views are kept in its __dict__
    """The rows of one structure, with views of them. Each view is computed once, since bodies are many."""

    @classmethod
    def of(cls, rows: Iterable[Row]) -> "Rows":
        return rows if isinstance(rows, cls) else cls(rows)

    @cached_property
    def by_name(self) -> Mapping[str, Row]:
        return {row.name: row for row in self}

    @cached_property
    def fields(self) -> tuple[Field, ...]:
        """The managed rows."""
        return tuple(row for row in self if isinstance(row, Field))

    @cached_property
    def plain(self) -> frozenset[str]:
        """The fields whose value is canonical as it is."""
        return frozenset(row.name for row in self.fields if row.is_plain)

    @cached_property
    def compared(self) -> Mapping[str, Field]:
        """The managed rows by their names, without legacy sizes, which count as their twins."""
        return {row.name: row for row in self.fields if not row.legacy_alias_of}

    @cached_property
    def formed_alone(self) -> frozenset[str]:
        """The managed fields whose canonical form depends on their value alone, not on their siblings."""
        homes = {home for _, (_, home) in self.legacy_aliases}
        depends = (row.name for row in self.fields if row.assumed or row.ordered_if or row.name in self.conditional)
        return frozenset(self.compared).difference(homes, depends)

    @cached_property
    def conditional(self) -> frozenset[str]:
        """The members that count beside some siblings only, or never as state."""
        return frozenset(row.name for row in self.fields if row.only_if or row.trigger_for)

    @cached_property
    def partly_compared(self) -> tuple[Row, ...]:
        """The rows of what may not count, or has something in it that may not."""
        return tuple(
            row
            for row in self
            if isinstance(row, Unmanaged) or row.name in self.conditional or Rows.of(row.fields).partly_compared
        )

    @cached_property
    def legacy_aliases(self) -> tuple[tuple[Field, tuple[str, str]], ...]:
        """The legacy sizes, each with what it is an alias of."""
        return tuple((row, row.legacy_alias_of) for row in self.fields if row.legacy_alias_of)

    @cached_property
    def references(self) -> tuple[Field, ...]:
        """The rows that are references to other resources, or contain some."""
        return tuple(row for row in self.fields if row.refers_to or Rows.of(row.fields).references)

    @cached_property
    def service_defaults(self) -> tuple[tuple[tuple[str, ...], Field], ...]:
        """The rows, with their paths, for which the service chooses a value in a new resource, also in structures."""
        inner = (row for row in self.fields if row.form is Form.STRUCT and not row.service_default)
        own = tuple(((row.name,), row) for row in self.fields if row.service_default)
        return own + tuple(
            ((row.name, *path), chosen) for row in inner for path, chosen in Rows.of(row.fields).service_defaults
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class JobListing:
    """How to list the jobs that are in a resource, and would be lost with it."""

    operation: str
    result: str
    status_member: str  # of the request
    live: tuple[str, ...]  # statuses, in the order in which a job has them
    running: tuple[str, ...]
    waiting: str = "RUNNABLE"  # nothing is left to wait for but a place
    of_member: str = "jobQueue"  # of the request: what they are in
    place: Callable[[str], Mapping[str, Json]] | None = None  # from its ARN all that names it, where that is more
    parts_of: str = ""  # the member of the request that lists the parts of one
    page: int = 100  # the most that one page holds

    def within(self, arn: str) -> Mapping[str, Json]:
        """Return the members of a request that name what the jobs are in."""
        return self.place(arn) if self.place else {self.of_member: arn}


@dataclass(frozen=True, slots=True)
class Jobs:
    """Jobs are in a resource of the kind, and are lost with it."""

    listing: Callable[[Spec], JobListing]  # by the body: what it may hold
    drain_timeout: float  # seconds in which they may end by themselves


@dataclass(frozen=True, slots=True, kw_only=True)
class Idle:
    """When nothing runs any more on a resource that is replaced, so that it can be deleted."""

    is_idle: Callable[[Spec], bool | None]  # None: its description does not say
    jobs: JobListing  # what may run on it, while it is in what holds that
    timeout: float
    disable_with: Callable[[Spec], Mapping[str, Json]]  # what else ends its costs when it is disabled


@dataclass(frozen=True, slots=True)
class Parent:
    """What a resource is part of; its physical name is then `parent/name`."""

    member: str  # the field that refers to it
    noun: str  # in ARNs


@dataclass(frozen=True, slots=True, kw_only=True)
class Declarable:
    """What a section of a stack declares by name: bodies of one request.

    Loading, checking, formatting and explaining need no more than this. `Kind` is what also lives in AWS.
    """

    name: str  # as in addresses: ComputeEnvironment
    section: str  # as in YAML: computeEnvironments
    description: str
    noun: str  # in ARNs and prose: compute-environment
    name_member: str
    main: tuple[str, ...] = ()  # the fields by which people know a resource: names at any depth, or paths from there
    rows: tuple[Row, ...]
    own: str = "lifecycle"  # the member beside the fields that is ours, and is never sent
    create: CreateCall
    update: UpdateCall | None = None
    cost_of_change: Callable[["ChangedField"], tuple[Cost, str]] | None = None  # where a row cannot know it
    default_quota: int | None = None  # in an account and region, unless raised (User Guide, 'AWS Batch service quotas')
    capacity: Callable[[Spec], tuple[str, Vcpus]] | None = None  # the sort of capacity of a body, and how much of it
    source: str = ""

    def __post_init__(self) -> None:
        object.__setattr__(self, "rows", Rows.of(self.rows))

    @property
    def fields(self) -> tuple[Field, ...]:
        return Rows.of(self.rows).fields

    @property
    def response_only(self) -> tuple[str, ...]:
        """Members of a description that no request has."""
        return ()

    @property
    def body_operations(self) -> tuple[str, ...]:
        """The operations whose requests carry fields."""
        return (self.create.operation, *((self.update.operation,) if self.update else ()))

    def rows_on(self, path: Sequence[str]) -> list[Field]:
        """Return the rows along a canonical path, outermost first. Keys of KEYED lists are steps without a row."""
        rows: list[Field] = []
        at_key = False
        for step in path:
            if at_key:
                at_key = False
                continue
            row = next((field for field in (rows[-1].members if rows else self.fields) if field.name == step), None)
            if row is None:
                break
            rows.append(row)
            at_key = row.form is Form.KEYED
        return rows

    def field(self, name: str) -> Field | None:
        return next((row for row in self.fields if row.name == name), None)


@dataclass(frozen=True, slots=True)
class Timing:
    """When a resource acts by itself: an expression of EventBridge Scheduler, and the dates between which it holds."""

    expression: str
    zone: str = ""
    start: str = ""  # in ISO 8601; empty: none
    end: str = ""


@dataclass(frozen=True, slots=True)
class Rights:
    """What IAM has to allow for a kind of another service: actions, by what they are on.

    A resource is written as the end of an ARN; `{group}` is where the names of the stack's own begin.
    """

    read: Mapping[str, tuple[str, ...]]
    write: Mapping[str, tuple[str, ...]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Kind(Declarable):
    """One kind of resource: what stages need to know about it. None of them names a kind.

    A group that is None is something that the kind does not have or cannot do.
    """

    arn_member: str
    service: str = BATCH  # as botocore names it; others are asked only for stacks that have, or had, such resources
    scope: Callable[[str], str] | None = None  # from a stack's name: what its physical names have to begin with
    is_taggable: bool = True  # whether it has tags of users
    timing: Callable[[Spec], Timing | None] | None = None  # from its body when it acts by itself, where it does
    rights: Rights | None = None  # of another service; those of Batch follow from the calls
    parent: Parent | None = None
    read: ReadCalls
    delete: DeleteCall
    revisions: Revisions | None = None
    jobs: Jobs | None = None
    replacement: ReplacementMethod | None = None
    idle: Idle | None = None

    @property
    def response_only(self) -> tuple[str, ...]:
        return (*self.read.response_only, self.arn_member)

    @property
    def settles(self) -> bool:
        """Whether it has the statuses CREATING, UPDATING, DELETING, VALID and INVALID."""
        return self.create.settles_within is not None

    @property
    def revision_users(self) -> RevisionUsers | None:
        """How to list what uses its revisions; None where nothing does, as far as AWS shows."""
        return self.revisions.users if self.revisions else None

    @property
    def parent_row(self) -> Field | None:
        """The field that refers to what it is part of."""
        return self.field(self.parent.member) if self.parent else None

    def arn(self, identity: Identity, name: str) -> str:
        """Return the ARN that a resource of this name has (job definitions: without the revision)."""
        parent, slash, own = name.rpartition("/")
        within = f"{self.parent.noun}/{parent}/" if self.parent and slash else ""
        path = f"{within}{self.noun}/{own if within else name}"
        return f"arn:{identity.partition}:{self.service}:{identity.region}:{identity.account}:{path}"

    def name_within(self, parent: str, own: str) -> str:
        """Return the physical name of a resource called `own`; `parent` is the name or ARN of what it is part of."""
        return f"{own_name(parent)}/{own}" if self.parent else own


@dataclass(frozen=True, slots=True)
class ChangedField:
    """The argument of `Kind.cost_of_change`: one changed field between two canonical bodies, and the cost in its row.

    `bodies` are the bodies, by ARN, of what the resource may refer to: as wanted, else as live.
    """

    path: tuple[str, ...]
    live: Spec
    desired: Spec
    cost: Cost
    bodies: Mapping[str, Spec]


# Values that fit members which several kinds have: the forms of ids and ARNs.

ROLE = "arn:aws:iam::123456789012:role/{name}"
PROFILE = "arn:aws:iam::123456789012:instance-profile/{name}"
SECRET_ARN = "arn:aws:secretsmanager:us-east-1:123456789012:secret:{name}"  # noqa: S105 - a name, no secret
IMAGE_NAME = "public.ecr.aws/docker/library/busybox:1.36"
AMI = "ami-{number}"
SUBNET = "subnet-{number}"
SECURITY_GROUP = "sg-{number}"
LAUNCH_TEMPLATE_ID = "lt-{number}"
INSTANCE_TYPE = "m5.large"


# ENABLED or DISABLED: the switch that several kinds have.

MEMBER = "state"
ENABLED, DISABLED = "ENABLED", "DISABLED"


def state(description: str, source: str = "") -> Field:
    """Return the row of the switch. What is created is ENABLED; only an update disables it."""
    return Field(
        name=MEMBER,
        form=Form.CASELESS,
        cost=Cost.SCALING,
        default=ENABLED,
        created=Created.LATER,
        unset=ENABLED,
        description=description,
        source=source,
    )


def is_disabled(body: Spec) -> bool:
    return str(body.get(MEMBER) or ENABLED).upper() == DISABLED


# Capacity limits of SageMaker training: what service environments have, and what their quota shares get of it.

CAPACITY_LIMITS = Field(
    name="capacityLimits",
    form=Form.KEYED,
    key="capacityUnit",
    cost=Cost.SCALING,
    limits={"maxItems": 5},
    description="How much of what, at most 5 units, each once. An update replaces the whole list.",
    fields=(
        Field(
            name="capacityUnit",
            example=("NUM_INSTANCES", "ml.m5.large"),
            description="An instance type such as ml.m5.large, which quota shares need; or NUM_INSTANCES, all types "
            "together. The two are not mixed.",
        ),
        Field(name="maxCapacity", limits={"minimum": 1}, description="How many, at least 1."),
    ),
)

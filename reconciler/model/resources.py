"""What people declare and what AWS describes: addresses, bodies, stacks, live and desired resources."""

import json
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Literal, Protocol

from reconciler.problems import Problem, Where

Json = Any  # what a JSON or YAML document may hold; the one place where Any has a name
# From the body of a resource inwards: fields, keys of mappings, entries of lists. An entry is its key, if its list has
# keys (an environment variable is its name), else its position.
Path = tuple[str | int, ...]
Spec = Mapping[str, Json]  # a resource's body in the API's own spelling
_PLAIN = re.compile(r"[^.\[\]]+")  # what needs no quotes in the text of a path


def dotted(path: Path) -> str:
    """Write a path as users do: `containerProperties.environment[0].name`.

    A name that has a dot or a bracket of its own is quoted, as in jq: `tags["cost.center"]`. So no two paths
    have one text.
    """
    return "".join(map(_dotted_step, path)).removeprefix(".")


def _dotted_step(step: str | int) -> str:
    if isinstance(step, int):
        return f"[{step}]"
    return f".{step}" if _PLAIN.fullmatch(step) else f"[{json.dumps(step, ensure_ascii=False)}]"


def member_at(body: Json, path: Iterable[str]) -> Json:
    """Return the member at a path inside of structures; None where anything on the way is missing."""
    for step in path:
        body = body.get(step) if isinstance(body, Mapping) else None
    return body


@dataclass(frozen=True, slots=True, order=True)
class Address:
    """How users name a resource: `ComputeEnvironment/spot`. The name is the logical one, the key in the YAML."""

    kind: str
    name: str

    def __str__(self) -> str:
        return f"{self.kind}/{self.name}"


# As botocore's endpoints.json has them; all other regions are in `aws`.
PARTITIONS = (
    ("cn-", "aws-cn"),
    ("us-gov-", "aws-us-gov"),
    ("us-iso-", "aws-iso"),
    ("us-isob-", "aws-iso-b"),
    ("eu-isoe-", "aws-iso-e"),
    ("us-isof-", "aws-iso-f"),
    ("eusc-", "aws-eusc"),
)


def partition_of(region: str) -> str:
    """Return the partition of a region, the second part of every ARN there: `aws`, `aws-cn`, `aws-us-gov`, …"""
    return next((partition for start, partition in PARTITIONS if region.startswith(start)), "aws")


@dataclass(frozen=True, slots=True)
class Identity:
    """Where we are: account id, region and partition, which is the region's."""

    account: str
    region: str
    partition: str = ""

    def __post_init__(self) -> None:
        if not self.partition:
            object.__setattr__(self, "partition", partition_of(self.region))


class Places(Protocol):
    """Finds where a member was written; computed when a message needs it, not before."""

    def find(self, path: Path, *, at_key: bool = False) -> Where:
        """Return the place of `path`, or of its nearest written ancestor; `at_key`: of its name, not of its value."""


@dataclass(frozen=True, slots=True)
class Nowhere:
    """Places for resources that no file describes (tests, imports)."""

    file: str = "<memory>"

    def find(self, path: Path, *, at_key: bool = False) -> Where:  # noqa: ARG002 - the protocol's signature
        return Where(self.file)


@dataclass(frozen=True, slots=True, kw_only=True)
class Lifecycle:
    """How we treat a resource, beside its body."""

    prevent_destroy: bool = False
    ignore_changes: tuple[str, ...] = ()
    replace: Literal["blue-green", "refuse"] | None = None  # None: only with the consent of whoever applies
    retain_revisions: int | None = None  # None keeps all
    unowned_revisions: Literal["keep", "prune"] = "keep"  # whether retain_revisions counts those without an owner
    on_remove: Literal["delete", "orphan"] = "delete"
    renamed_from: str | None = None
    adopt: bool = False
    asks: frozenset[str] = frozenset()  # not of users: the services beside Batch that the stack has resources in
    runs_on: tuple[str, ...] = ()  # names of the queues that the jobs of a definition are submitted to


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
class Smoke:
    """When a job is run as a test of the stack, beside its body.

    `after` are globs over addresses; empty: all that the job refers to, and what that refers to. `within` is in
    seconds: how long the job may take in all.
    """

    after: tuple[str, ...] = ()
    within: float = 1200.0


@dataclass(frozen=True, slots=True)
class DeclaredJob:
    """A job as the user wrote it: a request that `submit` sends, and that nothing else creates.

    `spec` is SubmitJob's request without the name; references still hold logical names.
    """

    address: Address  # Job/nightly
    spec: Spec
    smoke: Smoke | None = None
    places: Places = field(default=Nowhere(), compare=False, repr=False)


@dataclass(frozen=True, slots=True)
class Ignore:
    """Members of some resources that the user leaves alone, and why. `resources` is a glob over addresses.

    `expires` is the last day on which it holds, as 2027-03-31; empty for ever.
    """

    resources: str
    members: tuple[str, ...]
    reason: str
    expires: str = ""
    where: Where | None = None


@dataclass(frozen=True, slots=True)
class Lock:
    """Where a stack is locked while it is applied: in S3 a `bucket/prefix`, in DynamoDB a table."""

    service: str  # as botocore calls it
    place: str


@dataclass(frozen=True, slots=True)
class StatePlace:
    """Where a state of Terraform is: s3://bucket/key, a URL of HTTP, or a file.

    The path of a file leads from `folder`, the stack's. `region` and `role_arn` are those of S3; empty for the run's.
    """

    url: str
    region: str = ""
    role_arn: str = ""
    folder: str = ""

    @property
    def scheme(self) -> str:
        """`s3`, `https` or `http`; empty for a file."""
        return self.url.partition("://")[0] if "://" in self.url else ""

    @property
    def bucket(self) -> str:
        return self.url.removeprefix("s3://").partition("/")[0]

    @property
    def key(self) -> str:
        return self.url.removeprefix("s3://").partition("/")[2]


@dataclass(frozen=True, slots=True)
class Stack:
    """One owner's resources, as read from the files.

    `jobs` are what can be submitted, by name. `disabled` are rules by id, each with the user's reason; `silenced` is
    what they would have said. `ignore` has what has not expired. `stand_ins` are the names (`account`, `region`) for
    which texts of the stack have a stand-in, since it was read without its place: such a stack can be checked and
    shown, and never meets a cloud.
    `elsewhere` are the resources that other stacks in subfolders of this one declare; `mentioned` are the outer keys of
    files in the folder that are no part of the stack. `states` are those that look-ups may read, by name.
    """

    name: str
    declared: Mapping[Address, Declared]
    jobs: Mapping[str, DeclaredJob] = field(default_factory=dict)
    tags: Mapping[str, str] = field(default_factory=dict)
    name_prefix: str = ""
    account: str | None = None
    region: str | None = None
    warnings: tuple[Problem, ...] = ()
    disabled: Mapping[str, str] = field(default_factory=dict)
    silenced: tuple[Problem, ...] = ()
    ignore: tuple[Ignore, ...] = ()
    lock: Lock | None = None
    states: Mapping[str, StatePlace] = field(default_factory=dict)
    stand_ins: frozenset[str] = frozenset()
    elsewhere: Mapping[Address, Where] = field(default_factory=dict)
    mentioned: Mapping[str, Where] = field(default_factory=dict)

    @property
    def bodies(self) -> "tuple[Declared | DeclaredJob, ...]":
        """All that has an address and a body: resources and jobs."""
        return (*self.declared.values(), *self.jobs.values())

    def with_bodies(self, bodies: "Iterable[Declared | DeclaredJob]", tags: Mapping[str, str]) -> "Stack":
        """Return the same stack with other values in its bodies and tags."""
        every = tuple(bodies)
        return replace(
            self,
            declared={each.address: each for each in every if isinstance(each, Declared)},
            jobs={each.address.name: each for each in every if isinstance(each, DeclaredJob)},
            tags=tags,
        )


@dataclass(frozen=True, slots=True)
class Live:
    """A resource as AWS describes it. `name` in the address is the physical name, `parent/name` for parts of others.

    `spec` has neither tags nor the members that only a response has, which are `observed`; `revisions` are the active
    ones, ascending.
    `owned` are the tags of those that have an owner; `unowned` are those that no tag says an owner of.
    """

    address: Address
    spec: Spec
    arn: str
    tags: Mapping[str, str] = field(default_factory=dict)
    status: str = ""
    reason: str = ""
    revisions: tuple[int, ...] = ()
    owned: Mapping[int, Mapping[str, str]] = field(default_factory=dict)
    unowned: tuple[int, ...] = ()
    observed: Spec = field(default_factory=dict)

    @property
    def claims(self) -> Mapping[str, str]:
        """The tags that tell the owner: a revision registered by hand has none, an older one may still have them."""
        return self.owned[max(self.owned)] if self.owned else self.tags


@dataclass(frozen=True, slots=True, kw_only=True)
class Desired:
    """A declared resource in one account and region: physical name, references as ARNs, tags merged.

    `arn` is empty where it cannot be built from the name (job definitions). `needs` are the resources of the stack
    that it refers to. `ignored` are the members that the stack's `ignore` leaves alone, each with the reason.
    """

    address: Address
    name: str
    arn: str
    spec: Spec
    tags: Mapping[str, str]
    lifecycle: Lifecycle = Lifecycle()
    needs: tuple[Address, ...] = ()
    ignored: Mapping[str, str] = field(default_factory=dict)
    live: Live | None = None
    places: Places = field(default=Nowhere(), compare=False, repr=False)


def own_name(physical: str) -> str:
    """Return what a resource is called: its physical name, or the last part of it where it is part of another."""
    return physical.rpartition("/")[2]


def target_of(kind: str, value: str) -> Address:
    """Return the address that a reference means: it is a name or an ARN, of a definition perhaps with a revision."""
    name, _, _ = (own_name(value) if value.startswith("arn:") else value).partition(":")
    return Address(kind, name)

"""The types that a command line ends in; `PlanOptions` of `plan` is one more. A `Session` is the way to the world.

`cli.options` makes them once, and nothing edits them: `dataclasses.replace` makes the request for one stack or one
deployment from what all stacks of a run have in common.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, NamedTuple

from reconciler.ports import UNOBSERVED, Clock, Cloud, Locks, Lookups, Observer, ReadOnlyServices, no_services

if TYPE_CHECKING:  # every command loads this module, and few load those
    from reconciler.fleet import FleetTarget, Shard
    from reconciler.load.variables import GivenValue
    from reconciler.model import Identity, Lock

HERE = "."


class AddressGlob(NamedTuple):
    """A glob over KIND/NAME, and its option on the command line."""

    option: str
    glob: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """Where a stack is live. The stack or the AWS configuration decides what is None here."""

    account: str | None = None  # 12 digits; a run in a different account is refused
    region: str | None = None
    profile: str | None = None  # of the AWS configuration files
    role_arn: str | None = None  # assumed before the first call
    sandbox: str | None = None  # file of the simulated AWS, which replaces the real one
    has_lookups: bool = True  # if not, a look-up is an error


@dataclass(frozen=True, slots=True, kw_only=True)
class StackRequest:
    """One stack: its files, the values that they get from outside, and its place."""

    path: str = HERE  # of a folder or a file
    place: Place = Place()
    variables: Mapping[str, str] = field(default_factory=dict)
    variable_files: tuple[str, ...] = ()  # the last file that has a value wins
    offered: "Mapping[str, GivenValue]" = field(default_factory=dict)  # for variables that the stack may declare
    allow_env: tuple[str, ...] = ()  # globs over variables of AWS or of the CI that !env may read
    deployment: "FleetTarget | None" = None  # place and variable files above include its own
    has_examples: bool = False  # a variable without a value has its example
    has_notes: bool = False  # files of the folder that are not part of the stack are reported
    can_deploy: bool = False  # the command has --all
    tolerates: frozenset[str] = frozenset()  # codes of problems that the command judges itself
    named_files: tuple[str, ...] = ()  # files of other options: they are not part of the stack
    patterns: tuple[AddressGlob, ...] = ()  # each must match a resource in the plan of this stack
    # Look-ups by account and region. All stacks of a run share them, so each value is looked up once.
    looked_up: "dict[Identity, Lookups | None]" = field(default_factory=dict, compare=False, repr=False)

    @property
    def meant(self) -> "Mapping[str, GivenValue]":
        """Values of variables that the stack must declare."""
        return self.deployment.variables if self.deployment else {}


@dataclass(frozen=True, slots=True, kw_only=True)
class FleetRequest:
    """The stacks of a command: those that it names, or deployments from a file."""

    command: str
    stack: StackRequest  # what all of them have in common
    paths: tuple[str, ...] = (HERE,)
    file: str | None = None  # of deployments
    environments: tuple[str, ...] = ()  # globs
    changed_since: str | None = None  # a revision of git
    shard: "Shard | None" = None
    concurrency: int = 1  # deployments at a time
    only: tuple[str, ...] | None = None  # names of deployments: those of a saved plan
    is_live: bool = False  # the command calls AWS, where two stacks can be the same one

    @property
    def stacks(self) -> tuple[StackRequest, ...]:
        return tuple(replace(self.stack, path=path) for path in self.paths)


@dataclass(frozen=True, slots=True, kw_only=True)
class RunOptions:
    """How a plan is run."""

    command: str
    is_agreed: bool = False  # --yes
    timeout: float | None = None  # seconds: the longest that one wait may take
    lock_timeout: float | None = None  # seconds to wait for the lock of the stack; None: do not wait
    parallelism: int = 8  # changes at a time
    smoke: str | None = None  # which smoke tests run after it: changed, all; None: none
    verifies: bool = False  # --verify: nothing is written if what the stack refers to does not exist


class OutputTarget(NamedTuple):
    """One output: its format and its file; an empty name is stdout."""

    format: str
    file: str


@dataclass(frozen=True, slots=True, kw_only=True)
class OutputOptions:
    """Which formats are written, where to, and in how much detail."""

    targets: tuple[OutputTarget, ...] = ()  # none: text to stdout
    has_color: bool = True
    verbose: int = 0
    traces_calls: bool = False  # each call to AWS is logged on stderr
    logs_json: bool = False  # stderr has one JSON object a line


@dataclass(frozen=True, slots=True)
class Session:
    """The connection of a stack to the world, opened once for a run.

    The clock fits the cloud; look-ups, locks and services are of its place, and the observer is notified of phases and
    calls.
    """

    cloud: Cloud
    clock: Clock
    lookups: Lookups | None = None  # None: nothing can be looked up
    observer: Observer = UNOBSERVED
    locks: Locks | None = None  # None: nothing is locked
    locks_at: "Callable[[Lock], Locks] | None" = None  # None: nothing can be locked here
    job_clock: Clock | None = None  # of jobs: the time of day; in the sandbox, waiting turns its clock
    services: ReadOnlyServices = no_services  # the other services of AWS, which can only be read
    describes_types: bool = False  # whether EC2 knows more of instance types than our table: a sandbox does not

    def with_lock(self, lock: "Lock | None") -> "Session":
        """Return the session with the locks of a place, which is known after the stack has been read."""
        return replace(self, locks=self.locks_at(lock)) if lock and self.locks_at else self

"""What a command is asked for, by its types.

They are made of the command line once, at the door, and not edited after that: `dataclasses.replace` makes the request
of one stack, or of one deployment, of what all of a run have in common. The other half of a request is `PlanOptions`.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:  # what only says how a value is typed is not loaded by every command
    from reconciler.fleet import FleetTarget, Shard
    from reconciler.load.variables import GivenValue
    from reconciler.model import Identity
    from reconciler.ports import Lookups

HERE = "."


class AddressGlob(NamedTuple):
    """A glob over KIND/NAME, and the option that it was given with."""

    option: str
    glob: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """Where a stack is live. What is None, the stack or the AWS configuration decides."""

    account: str | None = None  # 12 digits; a run anywhere else is refused
    region: str | None = None
    profile: str | None = None  # of the AWS configuration files
    role_arn: str | None = None  # is assumed first
    sandbox: str | None = None  # the file of the simulated AWS that takes the place of the real one
    has_lookups: bool = True  # otherwise a look-up is an error


@dataclass(frozen=True, slots=True, kw_only=True)
class StackRequest:
    """One stack: its files, what they get from outside, and its place."""

    path: str = HERE  # of its folder or file
    place: Place = Place()
    variables: Mapping[str, str] = field(default_factory=dict)
    variable_files: tuple[str, ...] = ()  # the last one counts
    offered: "Mapping[str, GivenValue]" = field(default_factory=dict)  # for whichever variables the stack declares
    allow_env: tuple[str, ...] = ()  # globs: what !env may read although it belongs to AWS or to the CI
    deployment: "FleetTarget | None" = None  # whose variables, place and consents are in here
    has_examples: bool = False  # examples stand for variables without a value
    has_notes: bool = False  # also tell what in the folder is not part of the stack
    can_deploy: bool = False  # whether the command accepts a file of deployments in place of a stack
    named_files: tuple[str, ...] = ()  # that other options name: they are no part of the stack
    patterns: tuple[AddressGlob, ...] = ()  # each must match something in the plan of this stack
    # What one stack of a run has looked up in an account and region serves the others.
    looked_up: "dict[Identity, Lookups]" = field(default_factory=dict, compare=False, repr=False)

    @property
    def meant(self) -> "Mapping[str, GivenValue]":
        """Values of variables that the stack has to declare."""
        return self.deployment.variables if self.deployment else {}


@dataclass(frozen=True, slots=True, kw_only=True)
class FleetRequest:
    """The stacks of a command: those that it names, or, with a file of deployments, the deployments that it chooses."""

    command: str
    stack: StackRequest  # what all of them have in common
    paths: tuple[str, ...] = (HERE,)
    file: str | None = None  # of deployments
    environments: tuple[str, ...] = ()  # globs
    changed_since: str | None = None  # a revision of git
    shard: "Shard | None" = None
    concurrency: int = 1  # deployments at a time
    only: tuple[str, ...] | None = None  # deployments by their names: those of a saved plan
    is_live: bool = False  # whether AWS is asked: then two stacks can be one and the same there

    @property
    def stacks(self) -> tuple[StackRequest, ...]:
        return tuple(replace(self.stack, path=path) for path in self.paths)


@dataclass(frozen=True, slots=True, kw_only=True)
class RunOptions:
    """How a plan is run."""

    command: str
    is_agreed: bool = False  # nobody is asked
    timeout: float | None = None  # seconds that one wait may take at most
    lock_timeout: float | None = None  # seconds to wait for the stack's lock
    parallelism: int = 8  # changes at a time


class OutputTarget(NamedTuple):
    """One product: its format, and the file that it goes to (empty: stdout)."""

    format: str
    file: str


@dataclass(frozen=True, slots=True, kw_only=True)
class OutputOptions:
    """What is written, and where to."""

    targets: tuple[OutputTarget, ...] = ()  # none: text to stdout
    has_color: bool = True
    verbose: int = 0
    logs_json: bool = False  # a JSON object a line on stderr

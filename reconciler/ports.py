"""What the core asks of the world. The command line brings the adapters; tests bring fakes."""

from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from typing import Protocol

from reconciler.model import Identity, Json, StatePlace


class Cloud(Protocol):
    """AWS, or something that behaves like it. Safe to share between threads."""

    def identity(self) -> Identity:
        """Return account, region and partition of the caller. Raises `CloudError`."""

    def call(self, operation: str, request: Mapping[str, Json]) -> Mapping[str, Json]:
        """Make one call of the Batch API (`DescribeJobQueues`), without a retry of its own. Raises `CloudError`.

        The response is plain JSON data, as botocore parses it, without `ResponseMetadata`.
        """


class ReadOnlyServices(Protocol):
    """The services of AWS around Batch, by the names of botocore (`iam`, `ec2`, `service-quotas`), to look and no more.

    Each is a `Cloud` that refuses every operation but those that read, and those whose answers are secrets.
    """

    def __call__(self, name: str, region: str = "") -> Cloud:
        """Return a service in a region; by default in that of the session."""


def no_services(name: str, region: str = "") -> Cloud:  # noqa: ARG001 - as the protocol has it
    """Stand for a session without services beside Batch."""
    raise AssertionError(f"this session reaches no service but Batch: {name}")


# Whether the request of an operation can have a member, as the AWS SDK that is installed knows it: it may be newer than
# this program. Entries of lists and maps are steps of the path; the last one may be a value of an enumeration.
Takes = Callable[[str, Sequence[str | int]], bool]


def takes_everything(_operation: str, _path: Sequence[str | int]) -> bool:
    """Nobody knows better: what a description has, a request may have, too."""
    return True


def takes_nothing(_operation: str, _path: Sequence[str | int]) -> bool:
    """Nobody knows more than our tables."""
    return False


class Clock(Protocol):
    def now(self) -> float:
        """Seconds since any fixed moment; never goes back."""

    def sleep(self, seconds: float) -> None: ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Called:
    """One request to AWS and what became of it: of what it said and what was answered, nothing."""

    service: str  # as the AWS SDKs name it: Batch, Secrets Manager
    operation: str
    region: str
    started: float  # seconds since 1970
    seconds: float
    status: int = 0  # of HTTP; 0: no answer came
    error: str = ""  # a code, such as TooManyRequestsException
    request_id: str = ""
    attempt: int = 1
    account: str = ""  # as far as it is known by then


class Observer(Protocol):
    """Who is told what a run of a stack does. Calls may be told from any thread."""

    def phase(self, name: str) -> AbstractContextManager[None]:
        """What happens within the block is part of it; phases may be within others."""

    def called(self, call: Called) -> None: ...


class Unobserved:
    def phase(self, _name: str) -> AbstractContextManager[None]:
        return nullcontext()

    def called(self, call: Called) -> None: ...


UNOBSERVED = Unobserved()


@dataclass(frozen=True, slots=True)
class Holder:
    """Who holds a lock. `id` tells two holders apart that are alike in all else."""

    stack: str
    who: str  # user@host
    pid: int
    command: str
    since: str  # 2027-03-31T08:15:00+00:00
    id: str


UNREADABLE = "unreadable"  # who holds a lock whose content is damaged
UNSEEN = Holder("", "", 0, "", "", "")  # a write met a lock, and the read after it met none: it comes or goes just now


class Locks(Protocol):
    """Locks of stacks, by name: kept where every run can see them. All methods raise `CloudError`."""

    def take(self, name: str, holder: Holder) -> Holder | None:
        """Take a lock, unless it is held. Returns who holds it instead, `UNSEEN` if that is not seen; None if we do."""

    def holder(self, name: str) -> Holder | None:
        """Return who holds a lock, or None. A lock whose content is damaged has a holder, too."""

    def release(self, name: str, holder: Holder) -> bool:
        """Remove a lock, if this one holds it. Returns whether it did."""


class Files(Protocol):
    """The files of one stack. Names are relative to the stack's folder, with `/`."""

    @property
    def root(self) -> str:
        """The folder as the user wrote it; messages put it in front of names."""

    def names(self) -> tuple[str, ...]:
        """Return the `.yaml`, `.yml` and `.json` files of the stack, sorted; hidden files and folders left out."""

    def read(self, name: str) -> bytes:
        """Return a file's content. Raises `OutsideStack` for a path that leaves the folder, or is hidden; `OSError`."""


class Lookups(Protocol):
    """Values from outside the files, for tagged scalars such as `!env`."""

    def find(self, tag: str, argument: str) -> str | list[str] | None:
        """Return the value, or None if there is none: a `Secret` for what must stay one, an `Unknown` offline.

        Raises `Missing`, `Reserved`, `Unsupported` for a tag that it does not know, and `CloudError`.
        """

    def find_in_state(self, argument: str, place: StatePlace) -> Json:
        """Return the value of `state:address` in the state at a place, in its type; an `Unknown` offline.

        What is sensitive in it is a `Secret`. Raises `Missing`, `Unsupported` and `CloudError`.
        """


class OutsideStack(Exception):  # noqa: N818 - names what happened
    """A path leaves the stack's folder."""


class HiddenFile(OutsideStack):
    """A path leads, maybe through links, to a file whose name, or whose folder's, begins with a dot."""


class Unsupported(Exception):  # noqa: N818
    """This source of look-ups does not exist here."""

    def __init__(self, message: str, hint: str = "use a variable") -> None:
        super().__init__(message)
        self.hint = hint


class Reserved(Exception):  # noqa: N818
    """The value is not for stacks to read; the hint says how to allow it."""

    def __init__(self, message: str, hint: str) -> None:
        super().__init__(message)
        self.hint = hint


class Missing(Exception):  # noqa: N818
    """There is no such value; the message and the hint say what is missing."""

    def __init__(self, message: str, hint: str) -> None:
        super().__init__(message)
        self.hint = hint

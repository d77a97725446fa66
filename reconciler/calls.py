"""Calls of an API: repeated when they fail for a moment, read page by page, and made side by side."""

import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from concurrent.futures import wait as wait_for
from contextlib import contextmanager, nullcontext
from contextvars import ContextVar
from threading import BoundedSemaphore, Lock
from typing import TypeVar

from reconciler.model import Identity, Json
from reconciler.ports import Clock, Cloud
from reconciler.problems import CloudError, Fault

WRITES_AT_ONCE = 5  # AWS publishes no rate for the control plane; throttling was seen on tight loops
TRIES = {Fault.THROTTLED: 10, Fault.UNKNOWN: 6, Fault.UNREACHABLE: 3}
LONGEST_PAUSE = 20.0  # seconds
IDENTITY = "GetCallerIdentity"
READS = ("Describe", "Get", "List", "BatchGet", "Simulate", "Lookup", "Head")  # the verbs of operations that only read
_READ = re.compile(f"({'|'.join(READS)})(?![a-z])")
# Reads whose answers are secrets or content: what asks whether something exists never needs them.
SECRET_ANSWERS = frozenset(
    ("GetSecretValue", "BatchGetSecretValue", "GetRandomPassword", "GetPasswordData", "GetObject",
     "GetAuthorizationToken", "GetSessionToken", "GetFederationToken", "GetServiceBearerToken")
)  # fmt: skip
DECRYPTION = "WithDecryption"  # of requests to SSM: with it, the answer has the values of secure parameters
Given = TypeVar("Given")
Result = TypeVar("Result")
# What a thread is calling, and at which attempt: the adapter that sends the request does not know.
_TRYING: ContextVar[tuple[str, int]] = ContextVar("trying", default=("", 1))


class RetryingCloud:
    """Wraps a cloud. Throttled calls are repeated always, calls of unknown outcome only if they read.

    `is_idempotent`: its writes may be made twice, too, and are repeated as reads are.
    """

    def __init__(self, cloud: Cloud, clock: Clock, *, is_idempotent: bool = False) -> None:
        self._cloud = cloud
        self._clock = clock
        self._is_idempotent = is_idempotent
        self._writes = BoundedSemaphore(WRITES_AT_ONCE)

    def identity(self) -> Identity:
        return self._patiently(IDENTITY, self._cloud.identity)

    def call(self, operation: str, request: Mapping[str, Json]) -> Mapping[str, Json]:
        def once() -> Mapping[str, Json]:
            with nullcontext() if is_read(operation) else self._writes:
                return self._cloud.call(operation, request)

        return self._patiently(operation, once)

    def _patiently(self, operation: str, once: Callable[[], Result]) -> Result:
        tries = 1
        while True:
            outer = _TRYING.set((operation, tries))
            try:
                return once()
            except CloudError as error:
                repeatable = error.fault is not Fault.UNKNOWN or self._is_idempotent or is_read(operation)
                if not repeatable or tries >= TRIES.get(error.fault, 1):
                    raise
            finally:
                _TRYING.reset(outer)
            self._clock.sleep(back_off(tries, salt=self._clock.now()))
            tries += 1


def attempt_at(operation: str) -> int:
    """Return which attempt at a call this thread is making. Other calls may be made for it, as for credentials."""
    called, attempt = _TRYING.get()
    return attempt if called == operation else 1


def is_read(operation: str) -> bool:
    """Whether an operation of AWS, of whatever service, changes nothing."""
    return _READ.match(operation) is not None


class ReadOnlyCloud:
    """Wraps a cloud. An operation that may write, or whose answer is a secret, is a mistake in this program."""

    def __init__(self, cloud: Cloud) -> None:
        self._cloud = cloud

    def identity(self) -> Identity:
        return self._cloud.identity()

    def call(self, operation: str, request: Mapping[str, Json]) -> Mapping[str, Json]:
        """Make a call that reads. Raises `AssertionError` for any other, before anything is sent."""
        if not is_read(operation):
            raise AssertionError(f"{operation} may write: only operations that {', '.join(READS)} are called here")
        if operation in SECRET_ANSWERS or request.get(DECRYPTION):
            raise AssertionError(f"{operation} reads secrets or content: only what exists is asked for here")
        return self._cloud.call(operation, request)


def back_off(tries: int, salt: float) -> float:
    """Seconds to wait after the n-th try: doubling from half a second, spread by half so that callers part ways.

    `salt` is any number that differs between callers; the clock's reading does.
    """
    spread = 0.75 + (hash(salt) % 1000) / 2000
    return float(min(LONGEST_PAUSE, 0.5 * 2 ** (tries - 1)) * spread)


class Pace:
    """So many calls a second at most, by all threads that share it."""

    def __init__(self, per_second: float) -> None:
        self._interval = 1 / per_second
        self._lock = Lock()
        self._next = float("-inf")

    def wait(self, clock: Clock) -> None:
        """Return when it is time for the next call. The clocks of all callers show the same time."""
        with self._lock:
            now = clock.now()
            start = max(now, self._next)
            self._next = start + self._interval
        if start > now:
            clock.sleep(start - now)


class Paces:
    """A pace for each account and region: those of a run over many deployments, several of which may be in one."""

    def __init__(self, per_second: float) -> None:
        self._per_second = per_second
        self._lock = Lock()
        self._paces: dict[tuple[str, str], Pace] = {}

    def at(self, identity: Identity) -> Pace:
        with self._lock:
            return self._paces.setdefault((identity.account, identity.region), Pace(self._per_second))


# Lists in pages, read to their end. A list without end is an error.

BATCH = ("nextToken", "nextToken")
CLOUDFORMATION = ("NextToken", "NextToken")
EC2 = CLOUDFORMATION
S3 = ("ContinuationToken", "NextContinuationToken")
Item = Mapping[str, Json]
# Pages in a row that bring nothing new. A filtered page may be empty, with more behind it: with 100 entries a page,
# this passes over 50,000 of them.
BARREN = 500
NAMING = ("Arn", "Id", "Name", "Key")  # how the members end that say which entry it is, in all lists that are read


def pages(
    cloud: Cloud,
    operation: str,
    request: Mapping[str, Json],
    result: str,
    marks: tuple[str, str] = BATCH,
) -> Iterator[Item]:
    """Yield the entries of all pages. `marks` are the members that ask for the next page, and that name it.

    Raises `CloudError`, also where a token comes twice, or page after page brings nothing.
    """
    asked: dict[str, Json] = {}
    seen: set[str] = set()
    known: set[tuple[Json, ...]] = set()
    barren = 0
    while True:
        page = cloud.call(operation, {**request, **asked})
        items = page.get(result) or ()
        yield from items
        new = {_name_of(item) for item in items} - known
        known |= new
        following = page.get(marks[1])
        if not following:
            return
        barren = 0 if new else barren + 1
        if following in seen or barren == BARREN:
            why = "the same page is offered again" if following in seen else f"{BARREN} pages in a row brought nothing"
            hint = "is that AWS? Check AWS_ENDPOINT_URL and the proxy"
            raise CloudError(operation, Fault.UNKNOWN, "EndlessPages", f"the list has no end: {why}", hint=hint)
        seen.add(following)
        asked = {marks[0]: following}


def _name_of(item: Item) -> tuple[Json, ...]:
    """Return what tells an entry from all others, whatever else of it changes while the pages are read."""
    return tuple(value for member, value in sorted(item.items()) if member.endswith(NAMING) and isinstance(value, str))


# Concurrent work, in threads that can be interrupted while the caller waits for them.

SIGNAL_SLICE = 0.1  # seconds: Python handles a signal only when its main thread wakes up


@contextmanager
def pool(workers: int) -> Iterator[ThreadPoolExecutor]:
    """Yield a pool whose work is waited for at the end of the block, but not after an exception.

    A call that hangs would hold back a Ctrl-C for as long as it hangs.
    """
    threads = ThreadPoolExecutor(max_workers=max(1, workers))
    try:
        yield threads
    except BaseException:
        threads.shutdown(wait=False, cancel_futures=True)
        raise
    threads.shutdown()


def side_by_side(work: Callable[[Given], Result], given: Iterable[Given], workers: int) -> list[Result]:
    """Return the results in the order of what is given. Raises what the first failure raises."""
    with pool(workers) as threads:
        futures = [threads.submit(work, argument) for argument in given]
        return [result_of(future) for future in futures]


def result_of(future: "Future[Result]") -> Result:
    while not future.done():
        wait_for([future], timeout=SIGNAL_SLICE)
    return future.result()

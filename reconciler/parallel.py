"""Work side by side, in threads that hold nobody who is interrupted while waiting for them."""

from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from concurrent.futures import wait as wait_for
from contextlib import contextmanager
from typing import TypeVar

SLICE = 0.1  # seconds: Python handles a signal only when its main thread wakes up
Given = TypeVar("Given")
Result = TypeVar("Result")


@contextmanager
def pool(workers: int) -> Iterator[ThreadPoolExecutor]:
    """Yield a pool whose work is waited for at the end of the block, but not after an exception.

    A call that hangs would hold back a Ctrl-C for as long as it hangs.
    """
    made = ThreadPoolExecutor(max_workers=max(1, workers))
    try:
        yield made
    except BaseException:
        made.shutdown(wait=False, cancel_futures=True)
        raise
    made.shutdown()


def side_by_side(work: Callable[[Given], Result], given: Iterable[Given], workers: int) -> list[Result]:
    """Return the results in the order of what is given. Raises what the first failure raises."""
    with pool(workers) as made:
        futures = [made.submit(work, one) for one in given]
        return [result_of(future) for future in futures]


def result_of(future: "Future[Result]") -> Result:
    while not future.done():
        wait_for([future], timeout=SLICE)
    return future.result()

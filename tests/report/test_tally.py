"""What a run has cost, in one line."""

from threading import Thread

import pytest

from reconciler.ports import Called
from reconciler.report.progress import Tally, summary, summary_json


def called(**more: object) -> Called:
    known = {"service": "Batch", "operation": "ListJobs", "region": "us-east-1", "started": 0.0, "seconds": 0.0}
    return Called(**{**known, **more})


def test_the_line_counts_calls_retries_and_throttles_and_the_time_of_each_phase() -> None:
    tally = Tally()
    tally.called(called(status=429, error="TooManyRequestsException"), "")
    tally.called(called(status=200, attempt=2), "")
    for phase, seconds in (("load", 0.01), ("read", 0.6), ("plan", 0.02), ("read", 0.3), ("apply", 0.25)):
        tally.spent(phase, seconds)
    assert summary(tally, 1.37) == "2 API calls in 1.4 s (read 0.9 s, apply 0.2 s), 1 retry, 1 throttled"
    assert summary_json(tally, 1.37) == {
        "event": "summary",
        "api_calls": 2,
        "retries": 1,
        "throttled": 1,
        "seconds": 1.37,
        "phases": {"load": 0.01, "read": 0.9, "plan": 0.02, "apply": 0.25},
    }


def test_a_run_without_trouble_names_none() -> None:
    tally = Tally()
    tally.called(called(status=200), "")
    assert summary(tally, 0.04) == "1 API call in 0.0 s"


@pytest.mark.parametrize(
    ("status", "error", "throttled"),
    [(429, "TooManyRequestsException", 1), (400, "ThrottlingException", 1), (500, "ServerException", 0), (200, "", 0)],
)
def test_a_throttle_is_told_by_its_status_or_its_code(status: int, error: str, throttled: int) -> None:
    tally = Tally()
    tally.called(called(status=status, error=error), "")
    assert tally.throttled == throttled


def test_the_time_of_targets_side_by_side_is_their_sum_and_said_to_be() -> None:
    tally = Tally()
    for target in ("a", "b", "a"):
        tally.called(called(status=200), target)
        tally.spent("read", 1.0)
    assert summary(tally, 1.2) == "3 API calls in 1.2 s (in 2 deployments side by side: read 3.0 s)"


def test_no_call_is_lost_between_threads() -> None:
    tally = Tally()
    threads = [Thread(target=lambda: [tally.called(called(attempt=2), "") for _ in range(500)]) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert (tally.calls, tally.retries) == (4000, 4000)

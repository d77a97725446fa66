"""ListJobs and its like: the newest first, by status or by one filter, in pages."""

import base64
import binascii
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from itertools import islice
from typing import Any

from reconciler.model import Json, Spec
from reconciler.sandbox.answers import Refusal, refuse_if
from reconciler.sandbox.records import Record
from reconciler.sandbox.world import AccountState

PAGE = 100
LONG_PAGE = 1000  # where no filter is used (ListJobs, maxResults)
Status = Callable[[Record], str]


def in_queue(
    world: AccountState, noun: str, queue: str, request: Spec, status: Status, shares: Sequence[str]
) -> Iterator[Record]:
    """Yield the jobs of a queue that a request chooses, the newest first, after the page before.

    A filter makes the status meaningless, but for one by `shares`; without either, jobs that run are meant (ListJobs).
    """
    filters: Sequence[Spec] = request.get("filters", ())
    refuse_if(len(filters) > 1, "Only one filter can be used at a time.")
    wanted = request.get("jobStatus", None if filters else "RUNNING")
    any_status = wanted is None or any(each.get("name") not in shares for each in filters)
    chosen = chosen_by(filters, status)
    for record in newest_first(world, noun, request):
        if record.body["jobQueue"] == queue and chosen(record) and (any_status or status(record) == wanted):
            yield record


def newest_first(world: AccountState, noun: str, request: Spec) -> Iterator[Record]:
    """Yield the jobs after the page before. A table keeps the order in which its rows came."""
    rows = reversed(list(world.rows(noun).values()))
    return (Record.of(row) for row in _after(rows, request, lambda row: str(row["arn"])))


def oldest_first(jobs: Iterable[Record], request: Spec) -> Iterator[Record]:
    """Yield the jobs after the page before, of those that come in order."""
    return _after(jobs, request, lambda job: job.arn)


def page_of(jobs: Iterator[Record], request: Spec, most: int) -> tuple[list[Record], dict[str, str]]:
    """Return the page that is asked for, of jobs that begin with it, and the token of the next one."""
    size = request.get("maxResults", most)
    refuse_if(not 1 <= size <= most, f"maxResults must be between 1 and {most}")
    page = list(islice(jobs, size))
    more = next(jobs, None) is not None
    return page, {"nextToken": base64.urlsafe_b64encode(page[-1].arn.encode()).decode()} if more else {}


def chosen_by(filters: Sequence[Spec], status: Status) -> Callable[[Record], bool]:
    """Return whether a job passes all filters; each passes what one of its values fits."""
    tests = [
        (_test(each["name"], status), each["values"]) for each in filters if each.get("name") and each.get("values")
    ]
    return lambda job: all(any(test(job, value) for value in values) for test, values in tests)


def _test(name: str, status: Status) -> Callable[[Record, str], bool]:
    tests: Mapping[str, Callable[[Record, str], bool]] = {
        "JOB_NAME": lambda job, value: _alike(job.name.lower(), value.lower()),
        "JOB_DEFINITION": _of_definition,
        "BEFORE_CREATED_AT": lambda job, value: job.body["createdAt"] < _moment(value),
        "AFTER_CREATED_AT": lambda job, value: job.body["createdAt"] > _moment(value),
        "SHARE_IDENTIFIER": lambda job, value: job.body.get("shareIdentifier") == value,
        "QUOTA_SHARE_NAME": lambda job, value: job.body.get("quotaShareName") == value,
        "JOB_STATUS": lambda job, value: status(job) == value,
    }
    if name not in tests:
        raise Refusal(f"Unknown filter {name}, valid filters: {', '.join(tests)}")
    return tests[name]


def _alike(text: str, wanted: str) -> bool:
    return text.startswith(wanted[:-1]) if wanted.endswith("*") else text == wanted


def _of_definition(job: Record, value: str) -> bool:
    """By ARN the one revision, by name all of them."""
    revision: str = job.body.get("jobDefinition", "")
    return revision == value or _alike(revision.rsplit("/", 1)[-1].partition(":")[0], value)


def _moment(value: str) -> Json:
    refuse_if(not value.isdecimal(), f"{value} is not a number of milliseconds")
    return int(value)


def _after(listed: Iterable[Any], request: Spec, arn_of: Callable[[Any], str]) -> Iterator[Any]:
    """Skip what came before, up to the job that the token names; it need not fit the request any more."""
    rest = iter(listed)
    if request.get("nextToken"):
        last = _named(request["nextToken"])
        refuse_if(not any(arn_of(each) == last for each in rest), "Invalid nextToken")
    return rest


def _named(token: str) -> str:
    try:
        return base64.urlsafe_b64decode(token).decode()
    except (ValueError, binascii.Error) as wrong:
        raise Refusal("Invalid nextToken") from wrong

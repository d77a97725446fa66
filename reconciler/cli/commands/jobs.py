"""`reconciler jobs`."""

from argparse import ArgumentParser, Namespace
from collections.abc import Iterator, Sequence
from itertools import islice
from typing import TYPE_CHECKING

from reconciler.app.request import Session
from reconciler.cli.context import Read, stack_or_region
from reconciler.cli.jobs import job_clock
from reconciler.cli.options import add_cloud, add_one_stack, add_output, add_variables, parse_duration, stack_of
from reconciler.cli.output import Output
from reconciler.problems import Exit

if TYPE_CHECKING:
    from reconciler.jobs.states import JobState

EXAMPLES = """\
  reconciler jobs stacks/prod                      jobs in the queues of the stack, those that run first
  reconciler jobs stacks/prod --status FAILED --since 1d
  reconciler jobs --queue pricing -o json          without a stack: all queues of the region, or those that are named
  reconciler jobs --children "$array"              the children of an array, or the nodes of a job of several

AWS Batch keeps jobs for at least 7 days after their end. Rows are printed page by page, as they come.
"""
STATUSES = ("SUBMITTED", "PENDING", "RUNNABLE", "STARTING", "RUNNING", "SUCCEEDED", "FAILED")
ROWS = 200  # that are printed together


def add(parser: ArgumentParser) -> None:
    add_one_stack(parser)
    parser.add_argument("--queue", action="append", default=[], metavar="NAME", help="only this queue; repeatable")
    parser.add_argument(
        "--status",
        action="append",
        default=[],
        type=str.upper,
        choices=STATUSES,
        help="only jobs with this status; repeatable",
    )
    parser.add_argument("--since", metavar="TIME", type=parse_age, help="only jobs of this age, such as 90m, 12h or 2d")
    parser.add_argument("--children", metavar="ID", help="the children of this array, or the nodes of this job")
    add_variables(parser)
    add_cloud(parser)
    add_output(parser)


def parse_age(text: str) -> float:
    days = text.removesuffix("d")
    return float(days) * 86400 if days != text and days.isdecimal() else parse_duration(text)


def run(args: Namespace, out: Output) -> int:
    from reconciler.jobs.listing import STATUSES as BY_URGENCY
    from reconciler.jobs.listing import summary_of
    from reconciler.report.jobs import jobs_heading, jobs_json, jobs_line, jobs_page
    from reconciler.report.text.page import Page

    read, session = stack_or_region(stack_of(args), out.watch)
    now = job_clock(session).now()
    since = 0.0 if args.since is None else (now - args.since) * 1000
    statuses = [status for status in BY_URGENCY if not args.status or status in args.status]
    found = (
        _children(session, args.children, statuses)
        if args.children
        else _of_queues(read, session, args.queue, statuses, since)
    )
    listed: list[JobState] = []
    while page := tuple(islice(found, ROWS)):
        if not listed:
            out.publish_page(jobs_heading)
        listed += page
        out.publish_page(lambda width, page=page: jobs_page(page, now, width))  # type: ignore[misc]  # bound now
    summary = summary_of(listed)

    def last(width: int) -> Page:
        page = Page(width)
        page.whole((jobs_line(summary), "bold"))
        return page

    out.publish(last, lambda: jobs_json(listed, summary))
    return Exit.DONE


def _children(session: Session, id_: str, statuses: Sequence[str]) -> "Iterator[JobState]":
    from reconciler.jobs.listing import list_children
    from reconciler.jobs.waiting import known_jobs

    (parent,) = known_jobs(session.cloud, [id_]).values()
    return list_children(session.cloud, parent, statuses)


def _of_queues(
    read: Read, session: Session, named: Sequence[str], statuses: Sequence[str], since: float
) -> "Iterator[JobState]":
    from reconciler.jobs.listing import list_jobs, queue_names

    prefix = read.stack.name_prefix
    own = {address.name: f"{prefix}{address.name}" for address in read.stack.declared if address.kind == "JobQueue"}
    if named:
        queues = [own.get(name, name) for name in named]
    else:
        queues = list(own.values()) if read.stack.name else queue_names(session.cloud)
    yield from list_jobs(session.cloud, queues, statuses, since)

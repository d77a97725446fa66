"""`reconciler wait`."""

from argparse import ArgumentParser, Namespace
from typing import TYPE_CHECKING

from reconciler.cli.context import stack_or_region
from reconciler.cli.jobs import JobTeller, add_stack_option, add_timeout
from reconciler.cli.options import add_cloud, add_output, add_variables, stack_of
from reconciler.cli.output import Output

if TYPE_CHECKING:
    from reconciler.jobs.waiting import WaitedJobs
    from reconciler.report.text.page import Page

EXAMPLES = """\
  reconciler wait 876da822-4198-45f2-a252-6cea32512ea8
  reconciler wait "$first" "$second" --timeout 2h -o json
  reconciler wait "$id" --for RUNNING

Exit code 0: all have succeeded; 8: one has failed; 9: not all have ended in time. stderr shows each change of status,
and after a minute why a job does not start. Jobs are described 100 at a time. Ctrl-C ends the wait; the jobs go on.
"""
STATUSES = ("PENDING", "RUNNABLE", "STARTING", "RUNNING")


def add(parser: ArgumentParser) -> None:
    parser.add_argument("ids", nargs="+", metavar="ID", help="id or ARN of a job; ID:0 is a child of an array")
    parser.add_argument(
        "--for",
        dest="until",
        default="",
        type=str.upper,
        choices=STATUSES,
        help="wait only until they have this status",
    )
    add_timeout(parser)
    add_stack_option(parser)
    add_variables(parser)
    add_cloud(parser)
    add_output(parser)


def run(args: Namespace, out: Output) -> int:
    from reconciler.jobs.waiting import known_jobs
    from reconciler.report.jobs import remedy, waited_json

    read, session = stack_or_region(stack_of(args), out.watch)
    known_jobs(session.cloud, args.ids)
    teller = JobTeller(read, session, out)
    waited = teller.wait(args.ids, timeout=args.timeout, until=args.until)
    for hint in dict.fromkeys(filter(None, map(remedy, waited.states))):
        teller.notice(f"hint: {hint}")
    out.publish(
        lambda width: _page(waited, width),
        lambda: waited_json(waited.states, waited.exit, is_timed_out=waited.is_timed_out),
    )
    return waited.exit


def _page(waited: "WaitedJobs", width: int) -> "Page":
    from reconciler.report.text.page import Page

    page = Page(width)
    for state in waited.states:
        code = "" if state.exit_code is None else f"  exit {state.exit_code}"
        page.whole(f"{state.id}  {state.status}{code}")
    return page

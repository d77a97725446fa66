"""`reconciler cancel`."""

from argparse import ArgumentParser, Namespace
from typing import TYPE_CHECKING

from reconciler.cli.context import stack_or_region
from reconciler.cli.jobs import JobTeller, add_stack_option, check_own_place
from reconciler.cli.options import add_cloud, add_output, add_variables, stack_of
from reconciler.cli.output import Output
from reconciler.problems import Exit

if TYPE_CHECKING:
    from reconciler.jobs.listing import EndedJob
    from reconciler.report.text.page import Page

EXAMPLES = """\
  reconciler cancel 876da822-4198-45f2-a252-6cea32512ea8
  reconciler cancel "$first" "$second" --reason "wrong input" --wait

What has not started is cancelled (CancelJob), what runs is terminated (TerminateJob), and what has ended stays as it
is. An array is ended with all its children.
"""


def add(parser: ArgumentParser) -> None:
    parser.add_argument("ids", nargs="+", metavar="ID", help="id or ARN of a job; ID:0 is a child of an array")
    parser.add_argument(
        "--reason", default="cancelled by reconciler", metavar="TEXT", help="shown as the status reason"
    )
    parser.add_argument("--wait", action="store_true", help="wait until they have ended")
    add_stack_option(parser)
    add_variables(parser)
    add_cloud(parser)
    add_output(parser)


def run(args: Namespace, out: Output) -> int:
    from reconciler.jobs.listing import HAD_ENDED, end_jobs
    from reconciler.jobs.waiting import known_jobs
    from reconciler.report.jobs import ended_json

    request = stack_of(args)
    read, session = stack_or_region(request, out.watch)
    check_own_place(request, read, session)
    states = known_jobs(session.cloud, args.ids)
    out.begin_changes()
    with read.secrets.kept():
        ended = list(end_jobs(session.cloud, states, args.reason))
    if args.wait:
        ids = [each.state.id for each in ended if each.done != HAD_ENDED]
        JobTeller(read, session, out).wait(ids)
    out.publish(lambda width: _page(ended, width), lambda: ended_json(ended))
    return Exit.DONE


def _page(ended: "list[EndedJob]", width: int) -> "Page":
    from reconciler.report.text.page import Page

    page = Page(width)
    for each in ended:
        page.whole(f"{each.state.id}  {each.done}")
    return page

"""`reconciler sandbox submit`: jobs for the queues of the sandbox."""

from argparse import ArgumentParser, Namespace
from typing import TYPE_CHECKING

from reconciler.cli.commands.sandbox.place import add_place, hand, reaching, sandbox_place_of
from reconciler.cli.options import add_output, parse_count, parse_duration
from reconciler.cli.output import Output
from reconciler.problems import Exit

if TYPE_CHECKING:
    from reconciler.model import Json
    from reconciler.report.text.page import Page
    from reconciler.sandbox.actor import Submitted

EXAMPLES = """\
examples:
  reconciler sandbox submit pricing simulate
  reconciler sandbox submit pricing simulate --count 500 --seconds 10m      the queue is busy, and drains
  reconciler sandbox submit pricing simulate:2 --share A                    fair shares want an identifier
  reconciler sandbox submit training --count 4 --share vision               a queue for SageMaker training
  reconciler sandbox submit pricing simulate --port 5055

Jobs run where a VALID, ENABLED environment of the queue has room for their vCPUs, first in, first out. Nothing is
executed: a job takes as long as --seconds or a `sleep N` in its command says, otherwise a minute, and fails if its
command says `exit N` with another number than 0. Parameters without a default (Ref::name) get their own name as their
value. `sandbox tick` passes the time; `aws batch list-jobs` shows the jobs.
"""


def add(parser: ArgumentParser) -> None:
    parser.add_argument("queue", metavar="QUEUE", help="the job queue, by its name in AWS or in its stack")
    parser.add_argument(
        "definition", nargs="?", metavar="DEFINITION", help="the job definition, or a revision of it: simulate:2"
    )
    parser.add_argument("--count", type=parse_count, default=1, metavar="N", help="how many jobs (default: 1)")
    parser.add_argument(
        "--seconds", type=parse_duration, metavar="SECONDS", help="how long each runs: 60, 90s, 30m, 2h"
    )
    parser.add_argument("--share", default="", metavar="NAME", help="share identifier, or quota share of the queue")
    add_place(parser)
    add_output(parser)


def run(args: Namespace, out: Output) -> int:
    from reconciler.sandbox import actor

    there = hand(sandbox_place_of(args))
    with reaching(there):
        done = actor.submit(
            there.cloud, args.queue, args.definition, count=args.count, seconds=args.seconds, share=args.share
        )
    out.publish(lambda width: _page(done, width), lambda: _json(done, there.where))
    return Exit.DONE


def _page(done: "Submitted", width: int) -> "Page":
    from reconciler.report.text.page import Page

    jobs = "1 job" if len(done.jobs) == 1 else f"{len(done.jobs)} jobs"
    of = f" of {done.definition}" if done.definition else ""
    long = "" if done.seconds is None else f", {done.seconds:g} s{'' if len(done.jobs) == 1 else ' each'}"
    page = Page(width)
    page.line((f"JobQueue/{done.queue}", "bold"), f": {jobs}{of} submitted{long}")
    return page


def _json(done: "Submitted", where: str) -> "Json":
    return {
        "sandbox": where,
        "queue": done.queue,
        "definition": done.definition or None,
        "seconds": done.seconds,
        "jobs": list(done.jobs),
    }

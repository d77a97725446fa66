"""`reconciler logs`."""

from argparse import ArgumentParser, Namespace
from typing import TYPE_CHECKING

from reconciler.cli.context import stack_or_region
from reconciler.cli.jobs import JobTeller, add_stack_option, going_on
from reconciler.cli.options import add_cloud, add_output, add_variables, parse_count, stack_of
from reconciler.cli.output import Output
from reconciler.problems import Exit, Stopped, WrongUsage

if TYPE_CHECKING:
    from reconciler.jobs.logs import LogReader
    from reconciler.jobs.states import JobState

EXAMPLES = """\
  reconciler logs 876da822-4198-45f2-a252-6cea32512ea8
  reconciler logs "$id" -f                      follow until the job has ended
  reconciler logs "$array:7" --attempt 2        a child of an array
  reconciler logs "$multinode#1"                a node; without one, the main node
  reconciler logs "$id" --tail 20 -o json

Lines are printed as the job wrote them, but such that no terminal and no CI runner obeys them. Which stream is shown,
is on stderr.
"""


def add(parser: ArgumentParser) -> None:
    parser.add_argument("id", metavar="ID", help="id or ARN of a job; ID:0 is a child of an array, ID#0 a node")
    parser.add_argument("-f", "--follow", action="store_true", help="go on until the job has ended")
    parser.add_argument("--attempt", type=parse_count, metavar="N", help="only this attempt (default: all)")
    parser.add_argument("--tail", type=parse_count, metavar="N", help="only the last N lines")
    add_stack_option(parser)
    add_variables(parser)
    add_cloud(parser)
    add_output(parser)


def run(args: Namespace, out: Output) -> int:
    from reconciler.jobs.waiting import known_jobs
    from reconciler.report.jobs import logs_json

    if args.follow and args.tail:
        raise WrongUsage("-f prints all lines as they come", hint="drop --tail")
    read, session = stack_or_region(stack_of(args), out.watch)
    (state,) = known_jobs(session.cloud, [args.id]).values()
    _check_has_logs(state)
    teller = JobTeller(read, session, out, logs_to_stdout=True, shows_logs=not args.tail)
    reader = teller.reader(args.attempt)
    if args.follow and not state.has_ended:
        waited = teller.wait([args.id], reader=reader)
        state = waited.states[0]
    else:
        with going_on([args.id]):
            reader.read(state)
    if args.tail:
        teller.print_last(args.tail)
    if not teller.logged and not reader.seen:
        raise _nothing(state, reader, args.attempt)
    lines = teller.logged[-args.tail :] if args.tail else teller.logged
    out.add_document(lambda: logs_json(state, lines))
    return Exit.DONE


def _check_has_logs(state: "JobState") -> None:
    if state.array_size is not None:
        raise WrongUsage(
            f"{state.id} is an array: its children have the logs",
            hint=f"`reconciler logs {state.id}:0` shows those of the first of {state.array_size}",
        )
    if state.pods and not state.logs:
        raise Stopped(
            f"{state.id} ran on Amazon EKS, where the cluster keeps the logs of pods",
            hint=f"`kubectl logs {state.pods[-1]} --all-containers` in the namespace of the job",
        )


def _nothing(state: "JobState", reader: "LogReader", attempt: int | None) -> Stopped:
    """Return why there is nothing to show."""
    if attempt is not None and state.logs and attempt > max(place.attempt for place in state.logs):
        return Stopped(f"{state.id} has no attempt {attempt}", hint=f"it has had {max(state.attempts, 1)}")
    why = f": {state.cause}" if state.cause else ""
    if not state.has_ended:
        hint = f"`reconciler logs {state.id} -f` waits for them"
        return Stopped(f"{state.id} is {state.status} and has logged nothing yet{why}", hint=hint)
    places = reader.places(state)
    if not places:
        return Stopped(
            f"{state.id} has {state.status} without a log stream{why}", hint="it never ran, or logs elsewhere"
        )
    message = f"the log stream {places[-1].stream} does not exist in {places[-1].group}{why}"
    return Stopped(
        message, hint="logs may have expired; the instance role needs logs:CreateLogStream and logs:PutLogEvents"
    )

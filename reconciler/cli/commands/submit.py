"""`reconciler submit`."""

from argparse import ArgumentParser, Namespace
from dataclasses import replace
from typing import TYPE_CHECKING

from reconciler.app.request import HERE, StackRequest
from reconciler.cli.context import Read, live_stack, stack_or_region
from reconciler.cli.jobs import JobTeller, add_timeout, check_own_place
from reconciler.cli.options import (
    add_cloud,
    add_one_stack,
    add_output,
    add_variables,
    parse_count,
    parse_pair,
    stack_of,
)
from reconciler.cli.output import Output
from reconciler.problems import CloudError, Exit, Fault, Stopped, WrongUsage

if TYPE_CHECKING:
    from reconciler.jobs.states import JobState
    from reconciler.jobs.submission import JobOverrides, Submission, SubmittedJob
    from reconciler.model import DeclaredJob
    from reconciler.report.text.page import Page

EXAMPLES = """\
  reconciler submit nightly stacks/prod                      a job of the stack, by its name below `jobs:`
  reconciler submit nightly stacks/prod --wait --logs        exit 0 if it succeeds, 8 if it fails
  reconciler submit nightly stacks/prod --parameter date=2027-03-31 --env LEVEL=debug --memory 4096
  reconciler submit --job-definition simulate --queue pricing stacks/prod --array 100
  id=$(reconciler submit nightly stacks/prod) && reconciler logs "$id" -f
  reconciler submit nightly --sandbox --wait                 in the sandbox, waiting takes no time

stdout is the id alone; all else is on stderr. A job that can never start in its queue is refused (exit 5).
"""
NEVER_STARTS = frozenset({"JD702", "SJ701"})  # errors of `validate`; here, of the job that is meant


def add(parser: ArgumentParser) -> None:
    parser.add_argument("name", nargs="?", metavar="NAME", help="a job of the stack, by its name below `jobs:`")
    add_one_stack(parser)
    parser.add_argument("--job-definition", metavar="NAME", help="instead of NAME: a definition of the stack or in AWS")
    parser.add_argument("--queue", metavar="NAME", help="the queue; of a job of the stack, instead of its own")
    run_ = parser.add_argument_group("this run")
    run_.add_argument(
        "--parameter",
        action="append",
        default=[],
        metavar="NAME=VALUE",
        type=parse_pair,
        help="a parameter; repeatable",
    )
    run_.add_argument(
        "--env",
        dest="variables",
        action="append",
        default=[],
        metavar="NAME=VALUE",
        type=parse_pair,
        help="a variable; repeatable",
    )
    run_.add_argument("--vcpus", metavar="N", help="vCPUs of the container")
    run_.add_argument("--memory", metavar="MIB", type=parse_count, help="memory of the container, MiB")
    run_.add_argument("--gpus", metavar="N", type=parse_count, help="GPUs of the container")
    run_.add_argument("--array", metavar="N", type=parse_count, help="run an array of N jobs, 2 to 10,000")
    run_.add_argument("--share", metavar="NAME", help="share identifier, in queues with a fair-share policy")
    run_.add_argument(
        "--depends-on", action="append", default=[], metavar="ID", help="a job that must succeed first; repeatable"
    )
    run_.add_argument("--wait", action="store_true", help="wait until the job has ended; exit 8 if it failed")
    run_.add_argument("--logs", action="store_true", help="wait, and show what the job logs")
    add_timeout(run_)
    add_variables(parser)
    add_cloud(parser)
    add_output(parser)


def run(args: Namespace, out: Output) -> int:
    from reconciler.jobs.submission import check_placement, submission_of, submit

    request, name = replace(request_of(args), tolerates=NEVER_STARTS), "" if args.job_definition else args.name
    read, session = live_stack(request, out.watch) if name else stack_or_region(request, out.watch)
    check_own_place(request, read, session)
    job = _job(read, name, args.job_definition, args.queue)
    submission = submission_of(read.stack, job, overrides_of(args))
    teller = JobTeller(read, session, out)
    with read.secrets.kept():
        check_placement(read.stack, submission)
        out.begin_changes()
        try:
            *before, sent = submit(session.cloud, submission)
        except CloudError as error:
            raise _explained(error, submission) from error
    for each in before:
        teller.notice(f"submitted {each.name} ({each.id}), on which {sent.name} depends")
    teller.notice(f"submitted {sent.name} to {sent.queue} ({sent.definition})")
    out.publish_page(lambda width: _id_page(sent.id, width))
    is_waiting, state, code = args.wait or args.logs, None, int(Exit.DONE)
    try:
        if is_waiting:
            state, code = _wait(teller, sent.id, args.timeout, has_logs=args.logs)
    except Stopped as stopped:
        out.report_stopped(stopped, job_id=sent.id)
        return stopped.exit
    _publish(out, sent, before, state, code)
    return code


def _wait(teller: JobTeller, id_: str, timeout: float | None, *, has_logs: bool) -> "tuple[JobState | None, int]":
    from reconciler.report.jobs import remedy

    waited = teller.wait([id_], timeout=timeout, reader=teller.reader() if has_logs else None)
    state = next(iter(waited.states), None)
    if state and (hint := remedy(state)):
        teller.notice(f"hint: {hint}")
    if waited.is_timed_out:
        teller.notice(f"{id_} has not ended in time, and goes on: `reconciler cancel {id_}` ends it")
    return state, int(waited.exit)


def _publish(
    out: Output, job: "SubmittedJob", before: "list[SubmittedJob]", state: "JobState | None", code: int
) -> None:
    from reconciler.report.jobs import submitted_json

    out.add_document(lambda: submitted_json(job, before, state, code))


def _id_page(id_: str, width: int) -> "Page":
    from reconciler.report.text.page import Page

    page = Page(width)
    page.whole(id_)
    return page


def request_of(args: Namespace) -> StackRequest:
    """Return the stack, which is the only word beside --job-definition."""
    request = stack_of(args)
    if args.job_definition and not args.queue:
        raise WrongUsage("--job-definition requires --queue", hint="or declare the job under `jobs:`, and name it")
    if not args.job_definition and not args.name:
        raise WrongUsage("no job is named", hint="name one under `jobs:`, or use --job-definition and --queue")
    if not args.job_definition:
        return request
    if args.name and request.path != HERE:
        raise WrongUsage(f"both {args.name} and --job-definition say what to run", hint="drop one of them")
    return replace(request, path=args.name or request.path)


def _job(read: Read, name: str, definition: str, queue: str | None) -> "DeclaredJob":
    """Return what is to run: a job of the stack, perhaps in a different queue, or a definition in a queue."""
    from reconciler.jobs.submission import declared_job, job_from_words

    if not name:
        return job_from_words(definition, queue or "")
    job = declared_job(read.stack, name)
    return replace(job, spec={**job.spec, "jobQueue": queue}) if queue else job


def overrides_of(args: Namespace) -> "JobOverrides":
    from reconciler.jobs.submission import GPU, MEMORY, VCPU, JobOverrides

    sizes = {VCPU: args.vcpus, MEMORY: args.memory, GPU: args.gpus}
    return JobOverrides(
        parameters=dict(args.parameter),
        environment=dict(args.variables),
        sizes={kind: str(amount) for kind, amount in sizes.items() if amount is not None},
        array_size=args.array,
        depends_on=tuple(args.depends_on),
        share=args.share,
    )


def _explained(error: CloudError, submission: "Submission") -> CloudError:
    """Return the error with what to do about it, where its text shows that."""
    text = error.message.lower()
    hint = error.hint
    if error.fault is Fault.UNKNOWN:
        return replace(error, hint="the job may have been submitted: `reconciler jobs` shows it; then submit it again")
    if error.fault is not Fault.REFUSED:
        return error
    if "disabled" in text:
        hint = f"`reconciler doctor` shows why; `state: ENABLED` lets {submission.request['jobQueue']} take jobs again"
    elif "not found" in text or "does not exist" in text:
        hint = "`reconciler apply` creates what the stack declares; `reconciler status` shows what is live"
    elif "share" in text:
        hint = "--share names the share of a job in a queue with a fair-share policy; other queues take none"
    return replace(error, hint=hint)

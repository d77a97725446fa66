"""`reconciler apply`."""

from argparse import ArgumentParser, Namespace
from functools import partial

from reconciler.cli.context import each, wanted_of
from reconciler.cli.fleet import add_fleet, check_apart, each_place
from reconciler.cli.options import (
    OF_OUTCOMES,
    add_cloud,
    add_consents,
    add_jobs,
    add_output,
    add_running,
    add_stacks,
    add_targets,
    add_variables,
    fingerprint,
)
from reconciler.cli.output import Output
from reconciler.cli.patterns import check_all
from reconciler.cli.run import run_stack
from reconciler.cli.saved_plans import Job, Reviewed, jobs_of, reviewed_targets
from reconciler.problems import WrongUsage

EXAMPLES = """\
  reconciler apply stacks/prod
  reconciler apply stacks/prod --yes --timeout 45m     in CI
  reconciler apply stacks/prod --yes -o jsonl          a line an event, for programs that follow
  reconciler apply stacks/prod --yes --log-format json     stderr as JSON, for what keeps logs
  reconciler apply stacks/prod --allow-destroy=JobQueue/old --max-destroy 2
  reconciler apply plan.json --yes                     only if it is still the plan that was reviewed
  reconciler apply stacks/prod --expect 2c9972fbbe9b71eb
  reconciler apply --sandbox                           in a simulated AWS
  reconciler apply --all --target-env dev --yes        the targets of reconciler.yaml
  reconciler apply --all plan.json --yes               those of `plan --all -o json=plan.json`, as reviewed
"""


def add(parser: ArgumentParser) -> None:
    add_stacks(parser, "STACK|PLAN", "folder or file of a stack, or a plan that `plan -o json=FILE` has saved")
    parser.add_argument(
        "--expect",
        action="append",
        default=[],
        metavar="FINGERPRINT",
        type=fingerprint,
        help="go on only if this is the plan; one for each stack",
    )
    add_fleet(parser)
    add_targets(parser)
    add_consents(parser)
    add_jobs(parser)
    add_running(parser)
    add_variables(parser)
    add_cloud(parser)
    add_output(parser, OF_OUTCOMES)


def run(args: Namespace, out: Output) -> int:
    if args.all is not None:
        if not args.yes:  # one question for many plans would be answered without reading them
            hint = "read `reconciler plan --all` first; or apply the stacks one by one, which asks for each"
            raise WrongUsage("`apply --all` does not prompt: pass --yes. Nothing was changed.", hint=hint)
        reviewed = reviewed_targets(args)
        args.only = reviewed.plans if reviewed else None
        for sandbox in reviewed.sandboxes if reviewed else ():
            out.check_stays_here(sandbox)
        return each_place(args, out, partial(_apply, reviewed))
    check_apart(args)
    jobs = jobs_of(args)
    for job in jobs:
        out.check_stays_here(job.args.sandbox)
    check_all(args, [(job.path, job.args) for job in jobs], out)
    if len(jobs) > 1:
        out.expect_several()
    return each(jobs, out, lambda job: run_stack(job, out), go_on=False)


def _apply(reviewed: Reviewed | None, path: str, args: Namespace, out: Output) -> int:
    if reviewed:
        return run_stack(reviewed.job(path, args), out)
    return run_stack(Job(path, args, wanted_of(args), tuple(args.expect)), out)

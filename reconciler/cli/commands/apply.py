"""`reconciler apply`."""

from argparse import ArgumentParser, Namespace
from dataclasses import replace
from functools import partial

from reconciler.app.request import RunOptions, StackRequest
from reconciler.cli.context import check_patterns, run_each
from reconciler.cli.fleet import check_duplicates, run_fleet, with_consents
from reconciler.cli.options import (
    OF_OUTCOMES,
    add_cloud,
    add_consents,
    add_fleet,
    add_jobs,
    add_output,
    add_running,
    add_stacks,
    add_targets,
    add_variables,
    fleet_of,
    parse_fingerprint,
    plan_options_of,
    run_options_of,
)
from reconciler.cli.output import Output
from reconciler.cli.run import run_stack
from reconciler.cli.saved_plans import Job, Reviewed, jobs_of, reviewed_deployments
from reconciler.cli.smoke import ALL, CHANGED
from reconciler.problems import WrongUsage

EXAMPLES = """\
  reconciler apply stacks/prod
  reconciler apply stacks/prod --yes --timeout 45m     in CI
  reconciler apply stacks/prod --yes --verify          only if what it refers to exists
  reconciler apply stacks/prod --yes -o jsonl          one JSON object for each event
  reconciler apply stacks/prod --yes --log-format json     stderr as JSON, for log collectors
  reconciler apply stacks/prod --allow-destroy=JobQueue/old --max-destroy 2
  reconciler apply plan.json --yes                     only if it is still the reviewed plan
  reconciler apply stacks/prod --expect 2c9972fbbe9b71eb
  reconciler apply stacks/prod --yes --smoke           then run the smoke tests of what was changed
  reconciler apply --sandbox                           on a simulated AWS
  reconciler apply --all --env dev --yes               the deployments of reconciler.yaml
  reconciler apply --all plan.json --yes               the reviewed plans of `plan --all -o json=plan.json`
"""


def add(parser: ArgumentParser) -> None:
    add_stacks(parser, "STACK|PLAN", "folder or file of a stack, or a plan that `plan -o json=FILE` has saved")
    parser.add_argument(
        "--expect",
        action="append",
        default=[],
        metavar="FINGERPRINT",
        type=parse_fingerprint,
        help="apply only if the plan has this fingerprint; one for each stack",
    )
    parser.add_argument(
        "--verify",
        action="store_true",
        help="verify first, as the command does: if anything fails, exit 5 and change nothing",
    )
    parser.add_argument(
        "--smoke",
        choices=(CHANGED, ALL),
        metavar="[=all]",
        help="afterwards run the jobs with `smoke` that follow what was changed, or all of them; exit 8 if one fails",
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
    fleet, wanted, options, expected = fleet_of(args), plan_options_of(args), run_options_of(args), tuple(args.expect)
    if fleet.file is not None:
        if not options.is_agreed:  # one question for many plans would be answered without reading them
            hint = "read `reconciler plan --all` first; or apply the stacks one by one, which asks for each"
            raise WrongUsage("`apply --all` does not prompt: pass --yes. Nothing was changed.", hint=hint)
        fleet, reviewed = reviewed_deployments(fleet, wanted, expected)
        for sandbox in reviewed.sandboxes if reviewed else ():
            out.check_stays_local(sandbox)
        return run_fleet(fleet, out, partial(_apply, Job(fleet.stack, wanted, expected), options, reviewed))
    check_duplicates(fleet)
    jobs = jobs_of(fleet.stacks, wanted, expected)
    for job in jobs:
        out.check_stays_local(job.request.place.sandbox)
    checked = check_patterns(fleet.stack.patterns, [job.request for job in jobs], out)
    if len(jobs) > 1:
        out.expect_several()
    jobs = [replace(job, request=request) for job, request in zip(jobs, checked, strict=True)]
    return run_each(jobs, out, lambda job: run_stack(job, options, out), keeps_going=False)


def _apply(job: Job, options: RunOptions, reviewed: Reviewed | None, request: StackRequest, out: Output) -> int:
    wanted = with_consents(job.wanted, request.deployment.consents) if request.deployment else job.wanted
    own = replace(job, request=request, wanted=wanted)
    return run_stack(reviewed.job(own) if reviewed else own, options, out)

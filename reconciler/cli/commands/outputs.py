"""`reconciler outputs`."""

from argparse import ArgumentParser, Namespace

from reconciler.app.request import StackRequest
from reconciler.cli.context import live_stack, run_each, with_installed_sdk
from reconciler.cli.options import (
    EVERYWHERE,
    OF_SHELLS,
    add_cloud,
    add_output,
    add_stacks,
    add_variables,
    stacks_of,
)
from reconciler.cli.output import Output
from reconciler.problems import Exit, Stopped

EXAMPLES = """\
  reconciler outputs stacks/rendering
  reconciler outputs stacks/rendering -o json
  reconciler outputs stacks/rendering -o dotenv=rendering.env
  eval "$(reconciler outputs stacks/rendering -o export)" && aws batch submit-job --job-name frames \\
      --job-queue "$JOB_QUEUE_RENDERING_QUEUE_ARN" --job-definition "$JOB_DEFINITION_RENDERING_JOB_DEFINITION_ARN"

variables:
  KIND_NAME_ARN and KIND_NAME_NAME of each resource, as in JOB_QUEUE_RENDERING_QUEUE_ARN. The ARN of a job definition
  is that of its newest revision, ..._REVISION is the number, and ..._ARN_LATEST the ARN without it, which always
  means the newest.

exit codes:
  0 all declared resources are live   8 some are missing: they are listed on stderr, the others are printed
"""


def add(parser: ArgumentParser) -> None:
    add_stacks(parser)
    add_variables(parser)
    add_cloud(parser)
    add_output(parser, (*EVERYWHERE, *OF_SHELLS))


def run(args: Namespace, out: Output) -> int:
    return run_each(stacks_of(args), out, lambda request: _outputs(request, out))


def _outputs(request: StackRequest, out: Output) -> int:
    from reconciler.app import usecases
    from reconciler.plan import PlanOptions
    from reconciler.redact.presented import present_status
    from reconciler.report.outputs import clashing, live_outputs, missing, outputs_json, outputs_page
    from reconciler.report.results import StackOutputs

    read, session = live_stack(request, out.watch)
    with read.secrets.kept():
        live_status = usecases.status(read.stack, session, with_installed_sdk(PlanOptions()), jobs=False)
    status = present_status(live_status, read.secrets)
    given = live_outputs(status)
    if any(out.has_format(format_) for format_ in OF_SHELLS):
        _check(clashing(given))
    out.publish(
        lambda width: outputs_page(status.stack, given, width), lambda: outputs_json(status, given), StackOutputs(given)
    )
    absent = missing(status)
    if absent:
        said = Stopped(f"not live, or not this stack's: {', '.join(absent)}", hint=f"reconciler apply {request.path}")
        out.report_problem(said)
    return Exit.UNHEALTHY if absent else Exit.DONE


def _check(variables: tuple[str, ...]) -> None:
    if variables:
        hint = "rename one of them, or read -o json, which distinguishes them"
        raise Stopped(f"several resources map to {variables[0]}", hint=hint)

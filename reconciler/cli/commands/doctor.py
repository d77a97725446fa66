"""`reconciler doctor`."""

from argparse import ArgumentParser, Namespace

from reconciler.app.request import StackRequest
from reconciler.cli.context import live_stack, run_each, with_installed_sdk
from reconciler.cli.options import add_cloud, add_output, add_stacks, add_variables, stacks_of, words_of
from reconciler.cli.output import Output
from reconciler.problems import Exit

EXAMPLES = """\
  reconciler doctor stacks/prod
  reconciler doctor stacks/* -o json
  reconciler status stacks/prod || reconciler doctor stacks/prod

It changes nothing. Neither do the commands under `run`, except `reconciler apply`, which prompts first.
"""


def add(parser: ArgumentParser) -> None:
    add_stacks(parser)
    add_variables(parser)
    add_cloud(parser)
    add_output(parser)


def run(args: Namespace, out: Output) -> int:
    return run_each(stacks_of(args), out, lambda request: _doctor(request, out))


def _doctor(request: StackRequest, out: Output) -> int:
    from reconciler.app import usecases
    from reconciler.plan import PlanOptions
    from reconciler.redact.presented import present_examination
    from reconciler.report.json import doctor_json
    from reconciler.report.text.inspect import doctor_page

    read, session = live_stack(request, out.watch)
    with read.secrets.kept():
        examined = usecases.doctor(read.stack, session, words_of(request), with_installed_sdk(PlanOptions()))
    shown = present_examination(examined, read.secrets)
    out.publish(lambda width: doctor_page(shown, width), lambda: doctor_json(shown))
    return Exit.UNHEALTHY if examined.diagnoses else Exit.DONE

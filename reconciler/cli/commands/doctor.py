"""`reconciler doctor`."""

from argparse import ArgumentParser, Namespace

from reconciler.cli.context import each_stack, informed, live_stack
from reconciler.cli.options import add_cloud, add_output, add_stacks, add_variables, again
from reconciler.cli.output import Output
from reconciler.problems import Exit

EXAMPLES = """\
  reconciler doctor stacks/prod
  reconciler doctor stacks/* -o json
  reconciler status stacks/prod || reconciler doctor stacks/prod

It changes nothing. The commands under `run` change nothing either, but `reconciler apply`, which asks first.
"""


def add(parser: ArgumentParser) -> None:
    add_stacks(parser)
    add_variables(parser)
    add_cloud(parser)
    add_output(parser)


def run(args: Namespace, out: Output) -> int:
    return each_stack(args, out, lambda path: _doctor(path, args, out))


def _doctor(path: str, args: Namespace, out: Output) -> int:
    from reconciler.app import usecases
    from reconciler.plan import PlanOptions
    from reconciler.redact.presented import present_examination
    from reconciler.report.json import doctor_json
    from reconciler.report.text.status import doctor_page

    read, sky = live_stack(path, args)
    with read.secrets.kept():
        examined = usecases.doctor(read.stack, sky.cloud, again(path, args), informed(PlanOptions()), args.observer)
    shown = present_examination(examined, read.secrets)
    out.publish(lambda width: doctor_page(shown, width), lambda: doctor_json(shown))
    return Exit.UNHEALTHY if examined.diagnoses else Exit.DONE

"""`reconciler sandbox`: a module for each action, like one for each command."""

from argparse import ArgumentParser, Namespace, RawDescriptionHelpFormatter

from reconciler.cli.commands.sandbox import break_, drift, reset, serve, submit, tick
from reconciler.cli.output import Output

EXAMPLES = """\
  reconciler sandbox serve --port 5055
  AWS_ENDPOINT_URL=http://127.0.0.1:5055 aws batch describe-job-queues
  reconciler sandbox drift ComputeEnvironment/spot maxvCpus=512
  reconciler sandbox submit pricing simulate --count 20 --seconds 10m
  reconciler sandbox break ComputeEnvironment/spot --invalid
  reconciler sandbox tick 30m
  reconciler sandbox reset

The state is kept in a file, .reconciler/sandbox.json unless --file names a different one: the one that `--sandbox`
uses. `reconciler sandbox ACTION --help` has examples of each action.
"""
# What each does.
ACTIONS = {
    "serve": (serve, "serve the sandbox over HTTP, on this machine only"),
    "drift": (drift, "change a live resource outside its stack, as if by hand"),
    "submit": (submit, "submit jobs to a queue"),
    "break": (break_, "simulate failures of resources, roles and calls"),
    "tick": (tick, "advance the sandbox's clock"),
    "reset": (reset, "delete every resource of the sandbox"),
}


def add(parser: ArgumentParser) -> None:
    actions = parser.add_subparsers(metavar="ACTION", title="actions", required=True)
    for name, (module, says) in ACTIONS.items():
        action = actions.add_parser(name, help=says, description=f"{says[0].upper()}{says[1:]}.", allow_abbrev=False)
        action.formatter_class = RawDescriptionHelpFormatter
        action.epilog = module.EXAMPLES
        module.add(action)
        action.set_defaults(action=module.run, parser=action)


def run(args: Namespace, out: Output) -> int:
    return int(args.action(args, out))

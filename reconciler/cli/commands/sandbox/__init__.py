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

It is kept in a file between commands, .reconciler/sandbox.json unless --file names another; it is the one that
`--sandbox` uses. `reconciler sandbox ACTION --help` has examples of each action.
"""
# What each does.
ACTIONS = {
    "serve": (serve, "offer the sandbox over HTTP, on this machine only"),
    "drift": (drift, "change a live resource as somebody else would, behind the stack's back"),
    "submit": (submit, "submit jobs: a queue gets busy, and drains"),
    "break": (break_, "break something on purpose: resources, roles, calls, answers, patience"),
    "tick": (tick, "turn the sandbox's clock forward"),
    "reset": (reset, "forget every resource of the sandbox"),
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

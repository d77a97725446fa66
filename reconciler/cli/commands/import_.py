"""`reconciler import`."""

from argparse import ArgumentParser, Namespace

from reconciler.cli.importing import imported_to
from reconciler.cli.options import add_cloud, add_output, add_variables
from reconciler.cli.output import Output
from reconciler.cli.sources import SOURCES, chosen

HELP = "write what exists as a stack: from JSON files"
EXAMPLES = """\
  reconciler import --json queues.json definitions.json --to stacks/prod --stack prod
  aws batch describe-job-queues | reconciler import --json - --to stacks/prod
  reconciler import --json definition.json --to -        to stdout

exit codes:
  0 written   3 something cannot be imported, or is not valid   64 wrong usage, also files that exist
"""
GROUPS = ("kind", "queue", "none")


def add(parser: ArgumentParser) -> None:
    group = parser.add_argument_group("sources, of which one is given")
    for source in SOURCES:
        source.add(group)
    parser.add_argument("--to", required=True, metavar="DIR", help="folder of the new stack; - is stdout")
    parser.add_argument("--stack", metavar="NAME", help="what the stack is called (default: as the folder)")
    parser.add_argument("--group-by", choices=GROUPS, default="kind", help="a file for each of them (default: kind)")
    parser.add_argument("--force", action="store_true", help="overwrite files that exist")
    parser.add_argument(
        "--keep-going", action="store_true", help="write what could be imported, also where something could not"
    )
    add_variables(parser)
    add_cloud(parser)
    add_output(parser)


def run(args: Namespace, out: Output) -> int:
    source = chosen(args)
    return imported_to(args, source.read(args), out)

"""`reconciler compare`."""

from argparse import ArgumentParser, Namespace
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from reconciler.cli.context import valid_stack
from reconciler.cli.fleet import DeploymentFile, read_deployment_file
from reconciler.cli.options import FILE, add_output, add_variables, fleet_of
from reconciler.cli.output import Output
from reconciler.model import Identity
from reconciler.problems import Exit, WrongUsage

if TYPE_CHECKING:
    from reconciler.fleet import FleetTarget
    from reconciler.report.text.drift import Compared

EXAMPLES = """\
  reconciler compare dev prod
  reconciler compare dev prod --detailed-exitcode
  reconciler compare stacks/pricing@dev stacks/pricing@prod/222222222222/eu-west-1
  reconciler compare dev prod --file infrastructure/reconciler.yaml -o json

It reads only files, and needs no credentials. Values looked up in AWS are unknown, and count as equal. The account and
region of a deployment are shown as ${account} and ${region}: they are not a difference.
"""


def add(parser: ArgumentParser) -> None:
    parser.add_argument("first", metavar="FIRST", help="an environment, or the name of a deployment")
    parser.add_argument("second", metavar="SECOND", help="likewise; + marks what only this one has")
    parser.add_argument(
        "--file", dest="all", metavar="FILE", default=FILE, help=f"the file of deployments (default: {FILE})"
    )
    parser.add_argument("--detailed-exitcode", action="store_true", help="exit 2 if they differ")
    add_variables(parser)
    add_output(parser)


def run(args: Namespace, out: Output) -> int:
    from reconciler.report.text.drift import compare_json, compare_page

    compared = list(_compared(read_deployment_file(fleet_of(args)), args.first, args.second))
    out.publish(lambda width: compare_page(compared, width), lambda: compare_json(compared))
    return Exit.CHANGES if args.detailed_exitcode and any(stack.changes for stack in compared) else Exit.DONE


def _compared(deployment_file: DeploymentFile, first_name: str, second_name: str) -> Iterator["Compared"]:
    from reconciler.fleet.target import compare_stacks
    from reconciler.kinds import KINDS
    from reconciler.redact.presented import present_changes
    from reconciler.report.text.drift import Compared

    for sides in _pairs(deployment_file.deployments, first_name, second_name, str(deployment_file.fleet.file)):
        first, second = (valid_stack(deployment_file.request(side), _place(side)) for side in sides)
        changes = compare_stacks(sides, (first.stack, second.stack), KINDS)
        shown = present_changes(changes, first.secrets.and_those(second.secrets))
        yield Compared((sides[0].name, sides[1].name), shown)


def _place(deployment: "FleetTarget") -> Identity | None:
    return Identity(deployment.account, deployment.region) if deployment.account and deployment.region else None


def _pairs(
    deployments: Sequence["FleetTarget"], first: str, second: str, file: str
) -> list[tuple["FleetTarget", "FleetTarget"]]:
    """Return the stacks that both sides have, of several deployments of a stack the first."""
    ours, theirs = (_side(deployments, name, file) for name in (first, second))
    pairs = [(deployment, theirs[stack]) for stack, deployment in ours.items() if stack in theirs]
    if not pairs and len(ours) == len(theirs) == 1:  # two deployments by their names may be of two stacks
        pairs = [(deployment, other) for deployment in ours.values() for other in theirs.values()]
    if not pairs:
        raise WrongUsage(
            f"no stack goes to both {first} and {second}", hint="name two deployments to compare two stacks"
        )
    return pairs


def _side(deployments: Sequence["FleetTarget"], name: str, file: str) -> dict[str, "FleetTarget"]:
    side = [deployment for deployment in deployments if name in (deployment.environment, deployment.name)]
    if not side:
        known = ", ".join(dict.fromkeys(deployment.environment for deployment in deployments))
        raise WrongUsage(f"{file} has neither an environment nor a deployment {name}", hint=f"it has {known}")
    return {deployment.stack: deployment for deployment in reversed(side)}

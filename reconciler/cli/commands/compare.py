"""`reconciler compare`."""

from argparse import ArgumentParser, Namespace
from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING

from reconciler.cli.context import valid_stack
from reconciler.cli.fleet import DeploymentFile, read_deployment_file
from reconciler.cli.options import FILE, add_output, add_variables, fleet_of
from reconciler.cli.output import Output
from reconciler.model import Identity
from reconciler.problems import Exit, WrongUsage

if TYPE_CHECKING:
    from reconciler.fleet import FleetTarget
    from reconciler.report.text.compare import Compared

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
    from reconciler.report.text.compare import compare_json, compare_page

    compared = list(_compared(read_deployment_file(fleet_of(args)), args.first, args.second))
    out.publish(lambda width: compare_page(compared, width), lambda: compare_json(compared))
    return Exit.CHANGES if args.detailed_exitcode and any(stack.is_different for stack in compared) else Exit.DONE


def _compared(deployment_file: DeploymentFile, first_name: str, second_name: str) -> Iterator["Compared"]:
    from reconciler.fleet.target import compare_stacks
    from reconciler.kinds import KINDS
    from reconciler.redact.presented import present_changes
    from reconciler.report.text.compare import Compared

    all_deployments, file = deployment_file.deployments, str(deployment_file.fleet.file)
    ours, theirs = (_side(all_deployments, name, file) for name in (first_name, second_name))
    for one, others in _pairs(ours, theirs, first_name, second_name):
        if one is None or not others:
            names = (one.name if one else "", others[0].name if others else "")
            yield Compared(names, only_in=first_name if one else second_name)
            continue
        sides = (one, others[0])
        first, second = (valid_stack(deployment_file.request(side), _place(side)) for side in sides)
        changes = compare_stacks(sides, (first.stack, second.stack), KINDS)
        shown = present_changes(changes, first.secrets.and_those(second.secrets))
        yield Compared((one.name, others[0].name), shown, tuple(other.name for other in others[1:]))


def _place(deployment: "FleetTarget") -> Identity | None:
    return Identity(deployment.account, deployment.region) if deployment.account and deployment.region else None


Side = Mapping[str, Sequence["FleetTarget"]]  # the deployments of each stack


def _pairs(
    ours: Side, theirs: Side, first: str, second: str
) -> list[tuple["FleetTarget | None", Sequence["FleetTarget"]]]:
    """Return for each stack the first deployment of one side and those of the other; nothing where a side has none."""
    if not ours.keys() & theirs.keys():
        if len(ours) == len(theirs) == 1:  # two deployments by their names may be of two stacks
            return [(ours[one][0], theirs[other]) for one in ours for other in theirs]
        raise WrongUsage(
            f"no stack goes to both {first} and {second}", hint="name two deployments to compare two stacks"
        )
    one_sided = ((None, deployments) for stack, deployments in theirs.items() if stack not in ours)
    return [*((deployments[0], theirs.get(stack, ())) for stack, deployments in ours.items()), *one_sided]


def _side(deployments: Sequence["FleetTarget"], name: str, file: str) -> Side:
    side: dict[str, list[FleetTarget]] = {}
    for deployment in deployments:
        if name in (deployment.environment, deployment.name):
            side.setdefault(deployment.stack, []).append(deployment)
    if not side:
        known = ", ".join(dict.fromkeys(deployment.environment for deployment in deployments))
        raise WrongUsage(f"{file} has neither an environment nor a deployment {name}", hint=f"it has {known}")
    return side

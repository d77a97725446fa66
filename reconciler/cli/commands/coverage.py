"""`reconciler coverage`."""

from argparse import ArgumentParser, Namespace

from reconciler.cli.options import add_cloud, add_names, add_output, stack_of
from reconciler.cli.output import Output
from reconciler.problems import Exit

EXAMPLES = """\
  reconciler coverage
  reconciler coverage -v                       list each resource
  reconciler coverage --region eu-west-1 -o json
  reconciler coverage --name '!metaflow_*' --name '!nf-*'     without the resources of workflow engines

owners:
  a stack of reconciler, a CloudFormation stack, a tool that a tag names (such as ManagedBy=terraform), or none.
  `reconciler import --live` writes unowned resources as YAML.
"""


def add(parser: ArgumentParser) -> None:
    add_names(parser)
    add_cloud(parser)
    add_output(parser)


def run(args: Namespace, out: Output) -> int:
    from reconciler.app import usecases
    from reconciler.cli.clients import session_for
    from reconciler.cli.fleet import excluded_names
    from reconciler.importers.live import NameChoice, coverage, unread_kinds
    from reconciler.model import Stack
    from reconciler.redact.presented import present_problems
    from reconciler.report.text.imports import coverage_json, coverage_page

    request = stack_of(args)
    session = session_for(Stack("", {}), request.place, out.watch)
    region = usecases.region(session)
    covered = coverage(region.live, NameChoice.of(args.name, excluded_names(request)))
    unread = present_problems(unread_kinds(region.unread))
    out.publish(
        lambda width: coverage_page(covered, region.identity, unread, width, out.verbose),
        lambda: coverage_json(covered, region.identity, unread),
    )
    return Exit.DONE

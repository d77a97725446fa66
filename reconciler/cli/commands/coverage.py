"""`reconciler coverage`."""

from argparse import ArgumentParser, Namespace

from reconciler.cli.options import add_cloud, add_names, add_output, stack_of
from reconciler.cli.output import Output
from reconciler.problems import Exit

EXAMPLES = """\
  reconciler coverage
  reconciler coverage -v                       list each resource
  reconciler coverage --who                    also who created unowned resources
  reconciler coverage --region eu-west-1 -o json
  reconciler coverage --name '!metaflow_*' --name '!nf-*'     without the resources of workflow engines

owners:
  a stack of reconciler, a CloudFormation stack, a tool that a tag names (such as ManagedBy=terraform), or none.
  `reconciler import --live` writes unowned resources as YAML.
"""


def add(parser: ArgumentParser) -> None:
    add_names(parser)
    parser.add_argument(
        "--who",
        action="store_true",
        help="show who created unowned resources, from CloudTrail (requires cloudtrail:LookupEvents)",
    )
    add_cloud(parser)
    add_output(parser)


def run(args: Namespace, out: Output) -> int:
    from reconciler.adapters.machine import utc_now
    from reconciler.app import usecases
    from reconciler.calls import Paces
    from reconciler.cli.clients import session_for
    from reconciler.cli.fleet import excluded_names
    from reconciler.importers.live import NameChoice, coverage, unowned, unread_kinds
    from reconciler.inspect.who import PER_SECOND, creation_questions
    from reconciler.model import Stack
    from reconciler.redact.presented import present_authors, present_problems
    from reconciler.report.text.imports import coverage_json, coverage_page

    request = stack_of(args)
    session = session_for(Stack("", {}), request.place, out.watch)
    region = usecases.region(session)
    covered = coverage(region.live, NameChoice.of(args.name, excluded_names(request)))
    unread = present_problems(unread_kinds(region.unread))
    authors = None
    if args.who:
        questions = tuple(creation_questions(unowned(covered, region.live)))
        authors = present_authors(usecases.find_authors(session, questions, Paces(PER_SECOND), utc_now().timestamp()))
    out.publish(
        lambda width: coverage_page(covered, region.identity, unread, width, out.verbose, authors),
        lambda: coverage_json(covered, region.identity, unread, authors),
    )
    return Exit.DONE

"""`reconciler import`."""

from argparse import ArgumentParser, ArgumentTypeError, Namespace, _ArgumentGroup
from functools import partial

from reconciler.cli.import_run import SOURCES, ImportRequest, ImportSource, choose_source, import_stack, stack_name
from reconciler.cli.options import (
    add_cloud,
    add_names,
    add_output,
    add_variables,
    parse_file_name,
    parse_pair,
    stack_of,
)
from reconciler.cli.output import Output

EXAMPLES = """\
  reconciler import --live --to stacks/prod
  reconciler import --live --name 'risk-*' --tag team=risk --to stacks/risk --group-by queue
  reconciler import --live --name '!metaflow_*' --to stacks/prod     without the resources of a workflow engine
  reconciler import --live --kind JobDefinition --to -      to stdout
  reconciler import --json queues.json definitions.json --to stacks/prod --stack prod
  reconciler import --terraform terraform.tfstate --to stacks/prod
  terraform show -json | reconciler import --terraform - --to stacks/prod
  aws batch describe-job-queues | reconciler import --json - --to stacks/prod
  reconciler import --cloudformation template.yaml --to stacks/prod
  reconciler import --cloudformation cdk.out/Batch.template.json --stack-name Batch --to stacks/prod
  cdk synth Batch | reconciler import --cloudformation - --parameter Stage=prod --to stacks/prod

what it does:
  The YAML reads as if written by hand: no defaults, no values filled in by AWS, references by name, and common fields
  once, under defaults. With --live, the result is planned: the plan must contain only adoptions. Nothing in AWS is
  changed; `reconciler adopt` takes ownership of the resources.

exit codes:
  0 written, and the plan contains only adoptions   2 written, but the plan would change more
  3 something cannot be imported, or is not valid   64 usage error, or a file exists already
"""
GROUPS = ("kind", "queue", "none")


def add(parser: ArgumentParser) -> None:
    sources = parser.add_argument_group("sources (one is required)")
    for source in SOURCES:
        _add_source(sources, source)
    only = parser.add_argument_group("what to import")
    add_names(only)
    only.add_argument("--kind", action="append", default=[], metavar="KIND", type=_parse_kind, help="repeatable")
    only.add_argument(
        "--tag", action="append", default=[], metavar="KEY[=GLOB]", type=_parse_tag, help="repeatable: all"
    )
    only.add_argument(
        "--with-owned", action="store_true", help="also resources that other stacks and CloudFormation own"
    )
    only.add_argument(
        "--released",
        action="append",
        default=[],
        metavar="STACK",
        help="also resources of this CloudFormation stack, for `adopt --released`; repeatable",
    )
    template = parser.add_argument_group("of a CloudFormation template")
    template.add_argument(
        "--parameter",
        action="append",
        default=[],
        metavar="NAME=VALUE",
        type=parse_pair,
        help="value of a parameter, which then becomes no variable; also of AWS::Region and the like; repeatable",
    )
    template.add_argument(
        "--stack-name", metavar="NAME", help="the deployed stack, from which names, ids and parameters are read"
    )
    stack = parser.add_argument_group("the stack")
    stack.add_argument(
        "--to", required=True, metavar="DIR", type=parse_file_name, help="the stack's folder; - is stdout"
    )
    stack.add_argument("--stack", metavar="NAME", help="the stack's name (default: the folder's)")
    stack.add_argument(
        "--name-prefix",
        default="",
        metavar="PREFIX",
        help="the stack's namePrefix: only names with it, and without it in the YAML (default: that of the "
        "resources it owns)",
    )
    stack.add_argument("--group-by", choices=GROUPS, default="kind", help="write a file for each (default: kind)")
    stack.add_argument("--with-account", action="store_true", help="also write the account, as a guard")
    stack.add_argument("--force", action="store_true", help="overwrite files that exist")
    stack.add_argument("--keep-going", action="store_true", help="if something cannot be imported, write the rest")
    stack.add_argument("--prove", action="store_true", help="plan the result, as --live always does")
    add_variables(parser)
    add_cloud(parser)
    add_output(parser)


def run(args: Namespace, out: Output) -> int:
    own = {
        "with_owned": args.with_owned,
        "name_prefix": args.name_prefix,
        "parameter": args.parameter,
        "stack_name": args.stack_name,
    }
    source = choose_source([name for name, _ in args.sources], own)
    request = ImportRequest(
        source=source,
        files=tuple(file for _, file in args.sources if file),
        stack=stack_of(args),
        name=args.stack or stack_name(args.to),
        to=args.to,
        names=tuple(args.name),
        kinds=tuple(args.kind),
        tags=dict(args.tag),
        with_owned=args.with_owned,
        released=tuple(args.released),
        name_prefix=args.name_prefix,
        parameters=dict(args.parameter),
        deployed_as=args.stack_name,
        group_by=args.group_by,
        with_account=args.with_account,
        is_forced=args.force,
        keeps_going=args.keep_going,
        proves=args.prove,
    )
    return import_stack(request, out)


def _add_source(group: _ArgumentGroup, source: ImportSource) -> None:
    """Add the option of a source: each use of it adds its name and a file, if any, to `sources`."""
    add = partial(group.add_argument, f"--{source.name}", dest="sources", default=[], help=source.description)
    if source.files:
        nargs = "+" if source.files == "FILE..." else 1
        add(action="extend", nargs=nargs, metavar="FILE", type=lambda text: (source.name, parse_file_name(text)))
    else:
        add(action="append_const", const=(source.name, ""))


def _parse_kind(word: str) -> str:
    from reconciler.kinds import KINDS, kind_named

    kind = kind_named(word)
    if kind is None:
        raise ArgumentTypeError(f"there is no kind {word}; there are {', '.join(KINDS)}")
    return kind.name


def _parse_tag(text: str) -> tuple[str, str]:
    key, equals, glob = text.partition("=")
    if not key:
        raise ArgumentTypeError(f"{text!r} is not KEY or KEY=VALUE")
    return key, glob if equals else "*"

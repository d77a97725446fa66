"""`reconciler schema`."""

import json
from argparse import ArgumentParser, Namespace

from reconciler.cli.options import add_output
from reconciler.cli.output import Output
from reconciler.problems import Exit, WrongUsage

EXAMPLES = """\
  reconciler schema > stack.schema.json
  reconciler schema JobDefinition
  reconciler schema fleet > fleet.schema.json     of reconciler.yaml
  reconciler schema plan                          of `plan -o json`; likewise drift, apply, status, validation
  reconciler schema error                         of the document of a stack that fails
  reconciler schema fleet-report                  of `--all -o json` and `report merge`
"""
OF_JOBS = ("submission", "wait", "job-list", "logs", "cancellation")
DOCUMENTS = ("plan", "drift", "apply", "status", "validation", "verify", "placement", *OF_JOBS, "error", "fleet-report")
OTHERS = ("fleet", *DOCUMENTS)


def add(parser: ArgumentParser) -> None:
    parser.add_argument(
        "kind",
        nargs="?",
        metavar="KIND",
        help=f"JobDefinition, jobDefinitions or job-definition; or {', '.join(OTHERS)}",
    )
    add_output(parser)


def run(args: Namespace, out: Output) -> int:
    from reconciler.adapters.lookup.installed import schema_text

    text = schema_text(_name(args.kind) if args.kind else "stack")
    out.publish_text(text, lambda: json.loads(text), is_data=True)
    return Exit.DONE


def _name(kind: str) -> str:
    from reconciler.kinds import SECTIONS

    for known in SECTIONS.values():
        if kind.lower() in (known.name.lower(), known.section.lower(), known.noun):
            return known.noun
    if kind.lower() in OTHERS:
        return kind.lower()
    raise WrongUsage(f"there is no kind {kind}", hint=f"there are {', '.join((*SECTIONS, *OTHERS))}")

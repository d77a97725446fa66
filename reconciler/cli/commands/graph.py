"""`reconciler graph`."""

from argparse import ArgumentParser, Namespace

from reconciler.cli.context import shown_stack
from reconciler.cli.options import EVERYWHERE, add_ignored_sandbox, add_one_stack, add_output, add_variables, stack_of
from reconciler.cli.output import Output
from reconciler.problems import Exit

EXAMPLES = """\
  reconciler graph stacks/prod
  reconciler graph stacks/prod -o mermaid=graph.mmd
"""


def add(parser: ArgumentParser) -> None:
    add_one_stack(parser)
    add_variables(parser)
    add_ignored_sandbox(parser)
    add_output(parser, (*EVERYWHERE, "mermaid"))


def run(args: Namespace, out: Output) -> int:
    from reconciler.live.resolve import references_of
    from reconciler.redact.presented import present_references
    from reconciler.report.graph import graph_json, graph_text
    from reconciler.report.json import frame
    from reconciler.report.results import Graphed

    read = shown_stack(stack_of(args), out)
    graph = present_references(references_of(read.stack), read.secrets)
    out.publish_text(graph_text(graph), lambda: {**frame("graph"), **graph_json(graph)})
    out.add_item(Graphed(graph))
    return Exit.DONE

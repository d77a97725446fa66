"""`reconciler validate`."""

from argparse import ArgumentParser, Namespace
from collections import Counter

from reconciler.cli.options import add_output, add_stacks, add_variables
from reconciler.cli.output import Output
from reconciler.cli.stacks import each_stack, read_stack
from reconciler.model import Stack
from reconciler.problems import Exit, Problem, Severity

HELP = "check stacks offline: every problem at once"
EXAMPLES = """\
  reconciler validate stacks/*
  reconciler validate stacks/prod --var image=repo/app:1 -o json
"""


def add(parser: ArgumentParser) -> None:
    add_stacks(parser)
    add_variables(parser)
    add_output(parser)


def run(args: Namespace, out: Output) -> int:
    return each_stack(args, out, lambda path: _validate(path, args, out))


def _validate(path: str, args: Namespace, out: Output) -> int:
    read = read_stack(path, args)
    _publish(path, read.stack if read.is_valid else None, read.problems, out)
    return Exit.DONE if read.is_valid else Exit.INVALID


def _publish(path: str, stack: Stack | None, problems: tuple[Problem, ...], out: Output) -> None:
    from reconciler.report.documents import problems_json
    from reconciler.report.page import Page
    from reconciler.report.problems_text import problems_page

    errors = sum(problem.severity is Severity.ERROR for problem in problems)

    def page(width: int) -> Page:
        lines = problems_page(problems, width)
        if stack is None:
            lines.line((f"{path}: {errors} problem{'' if errors == 1 else 's'}", "bold red"))
        else:
            lines.line(f"{path}: ", ("valid", "bold green"), f", {contents(stack)}")
        return lines

    facts = {"path": path, "stack": stack.name if stack else None, "valid": stack is not None}
    out.publish(page, lambda: problems_json(problems, document="validation", **facts))


def contents(stack: Stack) -> str:
    """Say what a stack holds: `1 compute environment, 2 job queues`."""
    from reconciler.kinds import KINDS

    counts = Counter(address.kind for address in stack.declared)
    told = [_counted(counts[kind.name], kind.noun.replace("-", " ")) for kind in KINDS.values() if counts[kind.name]]
    return ", ".join(told) or "nothing declared"


def _counted(count: int, noun: str) -> str:
    if count == 1:
        return f"1 {noun}"
    return f"{count} {noun.removesuffix('y')}ies" if noun.endswith("y") else f"{count} {noun}s"

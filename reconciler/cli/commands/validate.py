"""`reconciler validate`."""

from argparse import ArgumentParser, Namespace
from collections import Counter
from collections.abc import Iterable
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING

from reconciler.app.request import StackRequest
from reconciler.cli.context import read_stack
from reconciler.cli.fleet import run_fleet
from reconciler.cli.options import (
    OF_FINDINGS,
    add_fleet,
    add_ignored_sandbox,
    add_output,
    add_stacks,
    add_variables,
    fleet_of,
)
from reconciler.cli.output import Output
from reconciler.model import Address, Stack
from reconciler.problems import Exit, Severity

if TYPE_CHECKING:
    from reconciler.report.results import Silenced, Validation
    from reconciler.report.text.page import Page

EXAMPLES = """\
  reconciler validate stacks/*
  reconciler validate stacks/prod --var image=repo/app:1 -o json
  reconciler validate stacks/* -o text -o github           in a step of GitHub Actions
  reconciler validate stacks/* -o sarif=reconciler.sarif   text, and a file for code scanning
  reconciler validate stacks/* --strict -o junit=report.xml
  reconciler validate stacks/* --fail-on warning           in CI, if warnings count, too
  reconciler validate --all                                the deployments of reconciler.yaml

formats:
  text for people, json for scripts, github for annotations in GitHub Actions,
  sarif for code scanning, junit for Jenkins, GitLab and others

exit codes:
  0 valid, also with warnings and notes   3 errors in a stack, or what --fail-on names   64 usage error

values from AWS:
  !ssm, !cfn, !secret and !tfstate are not looked up here: their values are unknown, and
  are accepted everywhere. plan, apply, drift and destroy look them up, and check again.
  Variables without a value are checked with their example, if they have one.
"""


def add(parser: ArgumentParser) -> None:
    add_stacks(parser)
    add_fleet(parser)
    parser.add_argument(
        "--strict",
        action="store_true",
        help="also report advice: what AWS accepts, but may surprise you (--fail-on decides the exit code)",
    )
    parser.add_argument(
        "--fail-on",
        choices=[str(severity) for severity in Severity],
        default=str(Severity.ERROR),
        help="exit 3 for this severity and above (default: error); disabled rules do not count",
    )
    add_variables(parser)
    add_ignored_sandbox(parser)
    add_output(parser, OF_FINDINGS)


def run(args: Namespace, out: Output) -> int:
    fleet = fleet_of(args)
    fleet = replace(fleet, stack=replace(fleet.stack, has_examples=True))
    return run_fleet(fleet, out, partial(_validate, is_strict=args.strict, fail_on=Severity(args.fail_on)))


def _validate(request: StackRequest, out: Output, *, is_strict: bool, fail_on: Severity) -> int:
    from reconciler.redact.presented import present_problems
    from reconciler.report.json import validation_json
    from reconciler.report.results import Validation

    read = read_stack(request, strict=is_strict)
    stack = read.stack
    problems = present_problems(read.problems)
    validation = Validation(
        request.path,
        stack.name,
        tuple(each.address for each in stack.bodies),
        problems,
        _silenced(stack),
    )
    failing = _failing(validation, fail_on)
    out.publish(
        lambda width: _page(validation, width, out.verbose, failing), lambda: validation_json(validation), validation
    )
    return Exit.INVALID if failing else Exit.DONE


def _silenced(stack: Stack) -> "tuple[Silenced, ...]":
    from reconciler.redact.presented import present_text
    from reconciler.report.results import Silenced

    counts = Counter(problem.code for problem in stack.silenced)
    return tuple(Silenced(rule, present_text(reason), counts[rule]) for rule, reason in sorted(stack.disabled.items()))


def _failing(validation: "Validation", threshold: Severity) -> int:
    """Count the problems that are as bad as that, or worse."""
    gravest_first = list(Severity)
    failing = gravest_first[: gravest_first.index(threshold) + 1]
    return sum(problem.severity in failing for problem in validation.problems)


def _page(validation: "Validation", width: int, verbose: int, failing: int) -> "Page":
    from reconciler.report.text.page import problems_page
    from reconciler.report.text.values import number_of

    page = problems_page(validation.problems, width)
    for silenced in validation.silenced if verbose else ():
        findings = number_of(silenced.findings, "finding")
        page.line((f"silenced[{silenced.rule}]", "dim"), f": {findings}, because: {silenced.reason}")
    if validation.is_valid and failing:
        page.line((f"{validation.path}: no errors, but {number_of(failing, 'problem')} for --fail-on", "bold red"))
    elif validation.is_valid:
        page.line(f"{validation.path}: ", ("valid", "bold green"), f", {describe_contents(validation.addresses)}")
    else:
        page.line((f"{validation.path}: {number_of(validation.errors, 'problem')}", "bold red"))
    return page


def describe_contents(addresses: Iterable[Address]) -> str:
    """Say what a stack holds: `1 compute environment, 2 job queues`."""
    from reconciler.kinds import SECTIONS
    from reconciler.report.text.values import plural

    counts = Counter(address.kind for address in addresses)
    parts = [plural(counts[kind.name], kind.noun) for kind in SECTIONS.values() if counts[kind.name]]
    return ", ".join(parts) or "nothing declared"

"""A step of GitHub Actions: what it is told by way of files, and where its repository is."""

import os
from collections.abc import Sequence
from typing import TYPE_CHECKING

from reconciler.cli.lines import OF_STEP, write_to

if TYPE_CHECKING:
    from reconciler.report.fleet import Targets
    from reconciler.report.items import Item


def tell_step(items: "Sequence[Item]", code: int, targets: "Targets | None" = None) -> None:
    """Give a job its outputs and its summary, where it says to which files; of many targets, what became of each."""
    from reconciler.report.github_outputs import github_outputs, output_lines
    from reconciler.report.markdown import markdown_report, targets_report

    outputs = github_outputs(items, code)
    report = targets_report(targets) if targets else markdown_report(items)
    texts = (output_lines(outputs), report) if outputs else ()
    for variable, text in zip(OF_STEP, texts, strict=False):
        if os.environ.get(variable):
            write_to(os.environ[variable], "a", text)


def repository() -> str:
    """Return the folder that other programs tell paths from: a job says so itself."""
    return os.path.realpath(os.environ.get("GITHUB_WORKSPACE") or ".")

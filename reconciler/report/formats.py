"""The formats that other programs read, each made of everything that a command has come to."""

from collections.abc import Callable, Mapping, Sequence

from reconciler.report.github import github_commands
from reconciler.report.junit import junit_xml
from reconciler.report.markdown import markdown_report
from reconciler.report.results import Item
from reconciler.report.sarif import sarif_log

# `root` is the folder that paths are told from: that of the repository.
RENDERERS: Mapping[str, Callable[[Sequence[Item], str], str]] = {
    "github": github_commands,
    "junit": junit_xml,
    "markdown": lambda items, _root: markdown_report(items),
    "sarif": sarif_log,
}

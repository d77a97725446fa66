"""Problems for people and for editors: one line with place and code, the way out below it."""

from collections.abc import Iterable

from reconciler.problems import Declined, Problem, Severity, Stopped
from reconciler.report.page import Page
from reconciler.report.redaction import redacted_text

STYLES = {Severity.ERROR: "bold red", Severity.WARNING: "bold yellow", Severity.NOTE: "bold cyan"}


def problems_page(problems: Iterable[Problem], width: int) -> Page:
    page = Page(width)
    for problem in problems:
        write_problem(page, problem)
    return page


def write_problem(page: Page, problem: Problem, indent: int = 0, word: str = "") -> None:
    """`word` stands for the severity where that says less (`refused`)."""
    place = f"{problem.where}: " if problem.where and problem.where.file != "<memory>" else ""
    label = (f"{word or problem.severity}[{problem.code}]", STYLES[problem.severity])
    message = f": {redacted_text(problem.message)}"
    if indent:
        page.line(label, message, indent=indent)
    else:
        page.whole((place, "dim"), label, message)  # editors and scripts read it: one line, however long
    if problem.hint:
        page.line(("hint: ", "dim"), redacted_text(problem.hint), indent=indent + 4, hang=6)
    if problem.way_out:
        page.line((problem.way_out, "dim"), indent=indent + 4, hang=6)


def stopped_page(stopped: Stopped, width: int, told: tuple[Problem, ...] = ()) -> Page:
    """Every problem that has not been told, and then what stopped the command."""
    page = problems_page([problem for problem in stopped.problems if problem not in told], width)
    label = () if isinstance(stopped, Declined) else (("error", "bold red"), ": ")  # a no is not an error
    page.line(*label, redacted_text(stopped.message))
    if stopped.hint:
        page.line(("hint: ", "dim"), redacted_text(stopped.hint), indent=4, hang=6)
    return page

"""What became of a plan, for people: one line a change, what is left, and the line that scripts look for."""

from reconciler.apply import State
from reconciler.redact.presented import PresentedFinish, PresentedPlan, PresentedResult
from reconciler.report.text.page import Page
from reconciler.report.text.values import duration, number_of, outcome_line

STYLES = {
    State.DONE: "green",
    State.FAILED: "bold red",
    State.UNHEALTHY: "bold red",
    State.TIMED_OUT: "bold red",
    State.SKIPPED: "yellow",
    State.INTERRUPTED: "yellow",
    State.NOT_STARTED: "yellow",
}
UNFOLDED = 100_000  # wider than any line
COLUMN = max(len(state) for state in State) + 2


def finish_page(finish: PresentedFinish, width: int) -> Page:
    page = Page(width)
    for result in finish.results:
        write_result(page, result)
    page.blank()
    _write_end(page, finish)
    page.blank()
    page.whole((outcome_line(finish.counts), "bold"))
    return page


def proof_lines(finish: PresentedFinish) -> list[str]:
    """Return what planning again has found, as lines of any length."""
    page = Page(UNFOLDED)
    _write_end(page, finish)
    return page.plain.splitlines()


def write_result(page: Page, result: PresentedResult) -> None:
    took = f"  {duration(result.seconds)}" if result.seconds >= 1 else ""
    page.line(
        (f"{result.state:<{COLUMN}}", STYLES[result.state]),
        f"{result.change.action.value:<3} {result.change.address}",
        (took, "dim"),
        hang=COLUMN,
    )
    if result.message:
        page.line(result.message, indent=COLUMN + 4, hang=2)
    if result.hint:
        page.line(("hint: ", "dim"), result.hint, indent=COLUMN + 4, hang=6)


def write_changes(page: Page, plan: PresentedPlan) -> None:
    """Tell what a plan is about, a line a change."""
    for change in plan.changes:
        paths = "" if change.action.leaves else ", ".join(field.path for field in change.fields)
        about = paths or "; ".join(change.reasons)
        page.line(f"{change.action.value:<3} {change.address}", f": {about}" if about else "", indent=4)


def _write_end(page: Page, finish: PresentedFinish) -> None:
    _write_proof(page, finish)
    write_interruption(page, finish)


def write_interruption(page: Page, finish: PresentedFinish) -> None:
    if not finish.is_interrupted:
        return
    is_done = finish.rest is not None and finish.rest.is_empty  # what was cut short had come about all the same
    page.line("Interrupted." if is_done else f"Interrupted. {finish.way_on}")


def _write_proof(page: Page, finish: PresentedFinish) -> None:
    rest = finish.rest
    if rest is None:
        page.line(("Not proven:", "bold yellow"), f" planning again failed. {finish.doubt}")
        return
    if rest.is_empty and not rest.unhealthy:
        page.line(("Converged:", "bold green"), " planning again finds nothing to do.")
        return
    if not rest.is_empty:
        left = number_of(len(rest.changes), "change")
        page.line(("Not converged:", "bold yellow"), f" planning again finds {left}.")
        write_changes(page, rest)
    for one in rest.unhealthy:
        page.line(("!", "bold red"), f"   {one.address} is {one.status}: {one.reason}", indent=4)

"""Jobs as text and JSON: one that was submitted or waited for, those of queues, and what they log."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence

from reconciler.jobs.listing import EndedJob
from reconciler.jobs.logs import LogLine
from reconciler.jobs.smoke import SmokeOutcome, SmokeResult
from reconciler.jobs.states import FAILED, SUCCEEDED, JobState
from reconciler.jobs.submission import SubmittedJob
from reconciler.model import Json
from reconciler.report.json import frame
from reconciler.report.text.page import Page
from reconciler.report.text.values import duration, iso, number_of

STYLES = {SUCCEEDED: "green", FAILED: "bold red", "RUNNING": "bold"}
OUT_OF_MEMORY = "OutOfMemory"
KILLED = 137  # SIGKILL
ID, STATUS, AGE, QUEUE, NAME = 36, 9, 10, 16, 20  # widths of columns


def job_line(state: JobState) -> str:
    """Return what has become of a job in one line: its status, its exit code, and why."""
    code = "" if state.exit_code is None else f", exit code {state.exit_code}"
    cause = f": {state.cause}" if state.cause and state.status != SUCCEEDED else ""
    return f"{label(state)}: {state.status}{code}{cause}"


def label(state: JobState) -> str:
    return f"{state.name} ({state.id})"


def remedy(state: JobState) -> str:
    """Return what to do about a job that has failed, where its ending shows that."""
    if state.exit_code == KILLED or OUT_OF_MEMORY in state.cause:
        return "it was killed, which happens at the memory limit: raise MEMORY"
    if state.exit_code is None and state.status == FAILED and not state.children:
        return "its container never ran; `reconciler doctor` and `reconciler verify` show what its queue lacks"
    return ""


def state_json(state: JobState) -> dict[str, Json]:
    return {
        "job_id": state.id,
        "job_name": state.name,
        "job_queue": state.queue,
        "job_definition": state.definition or None,
        "status": state.status,
        "status_reason": state.reason or None,
        "exit_code": state.exit_code,
        "container_reason": state.container_reason or None,
        "created_at": _instant(state.created),
        "started_at": _instant(state.started),
        "stopped_at": _instant(state.stopped),
        "attempts": state.attempts,
        "array_size": state.array_size,
        "children": dict(state.children),
        "nodes": state.nodes,
        "log_streams": [
            {"group": log.group, "stream": log.stream, "attempt": log.attempt, "container": log.container or None}
            for log in state.logs
        ],
    }


def _instant(milliseconds: int | None) -> str | None:
    return None if milliseconds is None else iso(milliseconds)


def submitted_json(
    job: SubmittedJob, before: Sequence[SubmittedJob], state: JobState | None, exit_: int
) -> dict[str, Json]:
    """`state` is that after a wait, if there was one."""
    return {
        **frame("submission"),
        "job_id": job.id,
        "job_arn": job.arn or None,
        "job_name": job.name,
        "job_queue": job.queue,
        "job_definition": job.definition,
        "submitted_before": [{"job_id": each.id, "job_name": each.name} for each in before],
        "job": state_json(state) if state else None,
        "status": state.status if state else "SUBMITTED",
        "exit": exit_,
    }


def waited_json(states: Iterable[JobState], exit_: int, *, is_timed_out: bool) -> dict[str, Json]:
    jobs = [state_json(state) for state in states]
    return {**frame("wait"), "jobs": jobs, "timed_out": is_timed_out, "exit": exit_}


def jobs_json(states: Iterable[JobState], summary: Mapping[str, int]) -> dict[str, Json]:
    return {**frame("job-list"), "jobs": [state_json(state) for state in states], "summary": dict(summary)}


def ended_json(jobs: Iterable[EndedJob]) -> dict[str, Json]:
    ended = [{"job_id": each.state.id, "job_name": each.state.name, "done": each.done} for each in jobs]
    return {**frame("cancellation"), "jobs": ended}


def logs_json(state: JobState, lines: Sequence[LogLine]) -> dict[str, Json]:
    by_stream: dict[tuple[str, str, int, str], list[Json]] = {}
    for line in lines:
        place = (line.place.group, line.place.stream, line.place.attempt, line.place.container)
        by_stream.setdefault(place, []).append({"timestamp": iso(line.at), "message": line.text})
    streams = [
        {"group": group, "stream": stream, "attempt": attempt, "container": container or None, "events": events}
        for (group, stream, attempt, container), events in by_stream.items()
    ]
    return {**frame("logs"), "job_id": state.id, "status": state.status, "streams": streams}


# The table of jobs, row by row as pages come: the widths are fixed, and only the reason is of any length.


def jobs_heading(width: int) -> Page:
    page = Page(width)
    page.line((_row("ID", "STATUS", "AGE", "QUEUE", "NAME", "REASON"), "dim"))
    return page


def jobs_page(states: Iterable[JobState], now: float, width: int) -> Page:
    page = Page(width)
    for state in states:
        age = "" if state.created is None else duration(max(0.0, now - state.created / 1000))
        code = "" if state.exit_code is None else f"exit {state.exit_code}"
        size = "" if state.array_size is None else f"array of {state.array_size}"
        said = "; ".join(text for text in (size, code, state.cause if state.status != SUCCEEDED else "") if text)
        style = STYLES.get(state.status, "")
        page.line((_row(state.id, state.status, age, state.queue, state.name, said), style), indent=0, hang=ID + 2)
    return page


def _row(id_: str, status: str, age: str, queue: str, name: str, reason: str) -> str:
    return f"{id_:<{ID}}  {status:<{STATUS}}  {age:<{AGE}}  {queue:<{QUEUE}}  {name:<{NAME}}  {reason}"


def jobs_line(summary: Mapping[str, int]) -> str:
    """Return the last line of a list."""
    of_each = ", ".join(f"{count} {status}" for status, count in summary.items())
    total = number_of(sum(summary.values()), "job")
    return f"{total}: {of_each}." if of_each else "No jobs."


SMOKE_STYLES = {SmokeOutcome.SUCCEEDED: "green"}


def smoke_page(results: Sequence[SmokeResult], path: str, width: int) -> Page:
    """Return what became of smoke tests, with the last lines of those that failed, and the way back."""
    page = Page(width)
    page.blank()
    for result in results:
        code = "" if result.state is None or result.state.exit_code is None else f", exit code {result.state.exit_code}"
        id_ = f" ({result.state.id})" if result.state else ""
        style = SMOKE_STYLES.get(result.outcome, "bold red")
        page.line((f"smoke test {result.name}{id_}: {result.outcome}{code}", style))
        if result.reason and result.outcome is not SmokeOutcome.SUCCEEDED:
            page.line(result.reason, indent=4)
        for line in result.lines:
            page.line(f"| {line}", indent=4)
        if result.rollback:
            way = f"`reconciler rollback {result.rollback} {path}` goes back to the last revision"
            page.line(("hint: ", "dim"), way, indent=4)
    counts = Counter(result.outcome for result in results)
    page.whole((f"Smoke: {', '.join(f'{counts[each]} {each}' for each in SmokeOutcome if counts[each])}.", "bold"))
    return page


def smoke_json(results: Sequence[SmokeResult]) -> list[Json]:
    return [
        {
            "job": result.name,
            "outcome": str(result.outcome),
            "reason": result.reason or None,
            "job_id": result.state.id if result.state else None,
            "status": result.state.status if result.state else None,
            "exit_code": result.state.exit_code if result.state else None,
            "last_lines": list(result.lines),
        }
        for result in results
    ]

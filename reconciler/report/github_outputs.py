"""What later steps of a job of GitHub Actions can ask of a run, and its summary.

https://docs.github.com/en/actions/reference/workflows-and-actions/workflow-commands#setting-an-output-parameter
"""

import hashlib
from collections.abc import Sequence

from reconciler.apply import State
from reconciler.model import Plan
from reconciler.printable import harmless_text, one_line
from reconciler.problems import Stopped
from reconciler.report.drift import Drift
from reconciler.report.fingerprint import SHORT
from reconciler.report.items import ApplyResult, Item, Planned
from reconciler.report.words import DESTRUCTIVE, outcome_line, plan_line


def github_outputs(items: Sequence[Item], code: int) -> dict[str, str]:
    """Return outputs by name; `true` and `false` are what expressions of GitHub compare with. Empty for findings."""
    told = [item for item in items if isinstance(item, Planned | Drift | ApplyResult)]
    stopped = [item for item in items if isinstance(item, Stopped)]
    if not told and not stopped:
        return {}
    prints = [item.fingerprint[:SHORT] for item in told if isinstance(item, Planned)]
    return {
        "has_changes": _truth(any(map(_has_changes, told))),
        "has_destructive": _truth(any(_is_destructive(_plan(item)) for item in told)),
        "exit_code": str(int(code)),
        "fingerprint": " ".join(prints),
        # Later steps print it.
        "summary": "\n".join(map(_harmless, (*map(_summary, told), *(f"error: {one.message}" for one in stopped)))),
    }


def output_lines(outputs: dict[str, str]) -> str:
    """Return the lines of GITHUB_OUTPUT; no value can end its own place, since the word that ends it is not in it."""
    return "".join(f"{name}<<{_end(value)}\n{value}\n{_end(value)}\n" for name, value in outputs.items())


def _end(value: str) -> str:
    return f"end-{hashlib.sha256(value.encode()).hexdigest()[:16]}"


def _plan(item: Planned | Drift | ApplyResult) -> Plan:
    return item.plan


def _has_changes(item: Planned | Drift | ApplyResult) -> bool:
    match item:
        case Planned(plan):
            return bool(plan.changes)
        case Drift():
            return not item.is_none
        case ApplyResult(finish=finish):
            return bool(finish and finish.outcome.counts.get(State.DONE))


def _is_destructive(plan: Plan) -> bool:
    """Whether something goes or is replaced, or jobs may end with their instances."""
    ends = (bool(change.interrupts and change.interrupts.at_most) for change in plan.changes)
    return any(change.action in DESTRUCTIVE for change in plan.changes) or any(ends)


def _summary(item: Planned | Drift | ApplyResult) -> str:
    match item:
        case Planned(plan):
            line = plan_line(plan)
        case Drift():
            line = item.line
        case ApplyResult(plan, finish):
            line = outcome_line(finish.outcome.counts) if finish else plan_line(plan)
    return f"{_plan(item).stack}: {line}"


def _harmless(line: str) -> str:
    return harmless_text(one_line(line))


def _truth(value: object) -> str:
    return "true" if value else "false"

"""Plans, drift, outcomes and problems as JSON. Within `format_version` 1, members are only added."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import asdict
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from reconciler import __version__
from reconciler.model import Interrupts, Json, PlannedCapacity, Vcpus, Wait
from reconciler.problems import Where
from reconciler.redact.presented import (
    PresentedCall,
    PresentedChange,
    PresentedDiagnosis,
    PresentedEvent,
    PresentedExamination,
    PresentedFailure,
    PresentedField,
    PresentedFinish,
    PresentedHistory,
    PresentedPlan,
    PresentedProblem,
    PresentedResource,
    PresentedResult,
    PresentedRevision,
    PresentedRollback,
    PresentedStatus,
    PresentedStep,
    PresentedStopped,
    PresentedUnhealthy,
)
from reconciler.report.results import Drift
from reconciler.report.summary import ACTIONS, count_changes
from reconciler.report.text.values import iso

if TYPE_CHECKING:  # each is the result of a few commands, which have loaded it
    from reconciler.fmt import Formatted, Respelling
    from reconciler.report.results import Formatting, Validation

FORMAT = "1.0"
FLEET = "fleet"  # the document of a run over many deployments
SHOWN_DIGITS = 16  # of a fingerprint, and the fewest that name a plan
# A moment that exists, in ISO 8601, but for the 31st of some months.
TIME = (
    r"^[0-9]{4}-(0[1-9]|1[0-2])-(0[1-9]|[12][0-9]|3[01])"
    r"T([01][0-9]|2[0-3]):[0-5][0-9]:[0-5][0-9](\.[0-9]{3}|\.[0-9]{6})?Z$"
)


def plan_json(plan: PresentedPlan, changes: Sequence[Json] | None = None) -> dict[str, Json]:
    """`refusals` are all the reasons why apply would refuse the plan; those of a change are there as well.

    `changes` are the plan's, where they have been made already.
    """
    return {
        **frame("plan"),
        "stack": plan.stack,
        "account": plan.identity.account,
        "region": plan.identity.region,
        "is_empty": plan.is_empty,
        "summary": count_changes(plan),
        "capacity": _capacity(plan.capacity),
        "refusals": [problem_json(refusal) for refusal in plan.refusals],
        "changes": [change_json(change) for change in plan.changes] if changes is None else changes,
        "unhealthy": [_unhealthy(unhealthy) for unhealthy in plan.unhealthy],
        "notes": [problem_json(note) for note in plan.notes],
        "ignored": _ignored(plan),
    }


def _capacity(capacity: PlannedCapacity) -> dict[str, Json]:
    return {
        "before": _vcpus(capacity.before),
        "after": _vcpus(capacity.after),
        "sorts": [
            {"sort": each.sort, "before": _vcpus(each.before), "after": _vcpus(each.after)} for each in capacity.sorts
        ],
    }


def _vcpus(vcpus: Vcpus) -> dict[str, Json]:
    return asdict(vcpus)


def drift_json(drift: Drift) -> dict[str, Json]:
    from reconciler.report.who import authors_json  # noqa: PLC0415 - only drift has authors

    return {
        **frame("drift"),
        "stack": drift.plan.stack,
        "account": drift.plan.identity.account,
        "region": drift.plan.identity.region,
        "summary": {**drift.counts, "pending": len(drift.pending)},
        "changed": [change_json(change) for change in drift.changed],
        "undeclared": [change_json(change) for change in drift.undeclared],
        "missing": [change_json(change) for change in drift.missing],
        "foreign": [change_json(change) for change in drift.foreign],
        "pending": [change_json(change) for change in drift.pending],
        "unhealthy": [_unhealthy(unhealthy) for unhealthy in drift.plan.unhealthy],
        "who": authors_json(drift.authors),
        "notes": [problem_json(note) for note in drift.plan.notes],
        "ignored": _ignored(drift.plan),
    }


def finish_json(plan: PresentedPlan, finish: PresentedFinish | None, smoke: Sequence[Json] = ()) -> dict[str, Json]:
    """The plan, what became of it, what is left, and the smoke tests. Without a finish nothing had to be done."""
    results = finish.results if finish else ()
    remaining = finish.rest if finish else plan
    return {
        **plan_json(plan),
        "document": "apply",
        "interrupted": finish.is_interrupted if finish else False,
        "results": [_result(result) for result in results],
        "outcome": {str(state): count for state, count in finish.counts.items()} if finish else {},
        "rest": plan_json(remaining) if remaining else None,
        "doubt": finish.doubt if finish else "",
        "smoke": list(smoke),
    }


def history_json(history: PresentedHistory) -> dict[str, Json]:
    return {
        **frame("revisions"),
        "stack": history.stack or None,
        "account": history.identity.account,
        "region": history.identity.region,
        "address": str(history.address),
        "name": history.name,
        "is_declared": history.is_declared,
        "revisions": [_entry(entry) for entry in history.revisions],
        "notes": [problem_json(note) for note in history.notes],
    }


def rollback_json(
    back: PresentedRollback, plan: PresentedPlan, finish: PresentedFinish | None, next_: PresentedPlan | None
) -> dict[str, Json]:
    """`next_` is what the next plan of the stack will say of the definition."""
    return {
        **finish_json(plan, finish),
        "document": "rollback",
        "address": str(back.history.address),
        "to": back.to,
        "next": plan_json(next_) if next_ else None,
    }


def event_json(stack: str, event: PresentedEvent) -> dict[str, Json]:
    """Something that happens while a plan runs; `event` is started, step, waiting, retrying or finished."""
    return {
        "event": event.stage,
        "stack": stack,
        "address": str(event.change.address),
        "name": event.change.name,
        "action": ACTIONS[event.change.action],
        "detail": event.detail,
        "seconds": round(event.seconds, 1),
        "result": _result(event.result) if event.result else None,
    }


def validation_json(validation: "Validation") -> dict[str, Json]:
    return problems_json(
        validation.problems,
        document="validation",
        path=validation.path,
        stack=validation.stack if validation.is_valid else None,
        valid=validation.is_valid,
        silenced=[asdict(silenced) for silenced in validation.silenced],
    )


def formatting_json(formatting: "Formatting", texts: "Callable[[Formatted], Mapping[str, str]]") -> dict[str, Json]:
    """`texts` are what to show of each file beside what is known of it."""
    files = [
        {
            "file": file.name,
            "changed": file.is_changed,
            "words": [_word(file, word) for word in file.respelled],
            **texts(file),
        }
        for file in formatting.files
    ]
    return problems_json(
        formatting.problems,
        document="formatting",
        path=formatting.path,
        written=formatting.is_done,
        changed=len(formatting.changed),
        files=files,
    )


def problems_json(problems: Iterable[PresentedProblem], **more: Json) -> dict[str, Json]:
    return {**frame("problems"), **more, "problems": [problem_json(problem) for problem in problems]}


def stopped_json(stopped: PresentedStopped) -> dict[str, Json]:
    error = {
        "kind": stopped.kind,
        "exit": int(stopped.exit),
        "message": stopped.message,
        "hint": stopped.hint,
    }
    return problems_json(stopped.problems, document="error", exit=int(stopped.exit), error=error)


def complaint_json(stopped: PresentedStopped, already_shown: Iterable[PresentedProblem] = ()) -> dict[str, Json]:
    """What stopped a command, as one line of a log; problems that are `already_shown` are not repeated."""
    problems = [problem_json(problem) for problem in stopped.problems if problem not in already_shown]
    return {"event": "error", **stopped_json(stopped)["error"], "problems": problems}


def failed_json(failure: PresentedFailure) -> dict[str, Json]:
    error = {
        "kind": "CloudError",
        "exit": int(failure.exit),
        "operation": failure.operation,
        "code": failure.code,
        "message": failure.message,
        "hint": failure.hint,
        "request_id": failure.request_id or None,
    }
    return problems_json((), document="error", exit=int(failure.exit), error=error)


def problem_json(problem: PresentedProblem) -> dict[str, Json]:
    return {
        "code": problem.code,
        "severity": str(problem.severity),
        "message": problem.message,
        "hint": problem.help,
        **place_json(problem.where),
    }


def _word(file: "Formatted", word: "Respelling") -> dict[str, Json]:
    line, column = word.place
    return {"before": word.before, "after": word.after, **place_json(Where(file.name, line + 1, column + 1))}


def place_json(where: Where | None) -> Mapping[str, Json]:
    if where is None:
        return {"file": None, "line": None, "column": None}
    return {"file": where.file, "line": where.line or None, "column": where.column or None}


def frame(document: str) -> dict[str, Json]:
    return {"format_version": FORMAT, "tool": {"name": "reconciler", "version": __version__}, "document": document}


def stamped(document: Mapping[str, Json], time: datetime) -> dict[str, Json]:
    """Return a document of ours with the time at which it was made, and room for the exit code, behind its frame."""
    head = {name: document[name] for name in frame("")}
    return {**head, "time": instant(time), "exit": None, **document}


def instant(time: datetime) -> str:
    """Return a moment of UTC in ISO 8601: 2026-11-25T12:00:00.000Z."""
    return time.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def change_json(change: PresentedChange) -> dict[str, Json]:
    return {
        "address": str(change.address),
        "kind": change.address.kind,
        "name": change.name,
        "arn": change.arn,
        "action": ACTIONS[change.action],
        "sign": change.action.value,
        "class": None if change.cost is None else str(change.cost),
        "reasons": list(change.reasons),
        "losses": list(change.losses),
        "interrupts": _interrupts(change.interrupts),
        "after": [str(address) for address in change.after],
        "drift": change.drift,
        "fields": [_field(field) for field in change.fields],
        "steps": [_step(step) for step in change.steps],
        "refusals": [problem_json(refusal) for refusal in change.refusals],
        **place_json(change.where),
    }


def _interrupts(interrupts: Interrupts | None) -> Json:
    """`at_most` is null where it is not known; `queues` has the running jobs by queue."""
    if interrupts is None:
        return None
    at_most = None if interrupts.unknown else interrupts.at_most
    return {"at_once": interrupts.at_once, "at_most": at_most, "queues": dict(interrupts.jobs)}


def _entry(entry: PresentedRevision) -> dict[str, Json]:
    return {
        "revision": entry.number,
        "status": entry.status,
        "arn": entry.arn,
        "owner": entry.owner,
        "applied": entry.applied or None,
        "live_jobs": entry.users,
        "is_as_declared": entry.is_declared,
        "changed": [_field(field) for field in entry.change.fields],
    }


def _field(field: PresentedField) -> dict[str, Json]:
    sides = field.sides
    return {
        "path": field.path,
        "before": sides.before,
        "after": sides.after,
        "class": str(field.cost),
        "why": field.why,
        "drift": field.drift,
        "undeclared": field.undeclared,
        "noted": field.noted,
        "sensitive": sides.is_redacted,
        **place_json(field.where),
    }


def _step(step: PresentedStep) -> dict[str, Json]:
    match step:
        case PresentedCall():
            return {"operation": step.operation, "request": step.request, "says": step.says}
        case Wait():
            return {"wait": str(step.until), "timeout": step.timeout, "says": step.says}


def _result(result: PresentedResult) -> dict[str, Json]:
    return {
        "address": str(result.change.address),
        "action": ACTIONS[result.change.action],
        "state": str(result.state),
        "message": result.message,
        "hint": result.hint,
        "seconds": round(result.seconds, 1),
    }


def _unhealthy(unhealthy: PresentedUnhealthy) -> dict[str, Json]:
    return {
        "address": str(unhealthy.address),
        "name": unhealthy.name,
        "status": unhealthy.status,
        "reason": unhealthy.reason,
        "cause": unhealthy.cause,
        "remedy": unhealthy.remedy,
    }


def _ignored(plan: PresentedPlan) -> list[Json]:
    """The members that differ and are no change, each with the reason."""
    return [
        {"address": str(address), "path": field.path, "before": before, "after": after, "why": field.why}
        for address, fields in plan.ignored.items()
        for field in fields
        for before, after in (field.sides,)
    ]


# Status and diagnoses as JSON. Within `format_version` 1, members are only added; `problems` are notes.


def status_json(status: PresentedStatus) -> dict[str, Json]:
    return {
        **problems_json(status.notes, document="status", **_stack(status)),
        "summary": dict(status.counts),
        "resources": [_resource(resource) for resource in status.resources],
    }


def doctor_json(examined: PresentedExamination) -> dict[str, Json]:
    return {
        **problems_json(examined.notes, document="doctor", **_stack(examined.status)),
        "summary": {"complaints": len(examined.diagnoses), "healthy": examined.status.counts["healthy"]},
        "diagnoses": [_diagnosis(diagnosis) for diagnosis in examined.diagnoses],
    }


def _stack(status: PresentedStatus) -> dict[str, Json]:
    here = status.identity
    return {"stack": status.stack, "account": here.account, "region": here.region, "is_healthy": status.is_healthy}


def _resource(resource: PresentedResource) -> dict[str, Json]:
    used, most = resource.load
    created, revisions = resource.created_at, resource.revisions
    return {
        "address": str(resource.address),
        "kind": resource.address.kind,
        "name": resource.name,
        "arn": resource.arn,
        "health": resource.health,
        "is_healthy": resource.is_healthy,
        "sync": str(resource.sync),
        "is_declared": resource.is_declared,
        "status": resource.status,
        "reason": resource.reason,
        "about": resource.about,
        "jobs": None if resource.jobs is None else dict(resource.jobs),
        "created_at": None if created is None else iso(created),
        "used": used,
        "most": most,
        "revision": revisions[-1] if revisions else None,
        "active_revisions": len(revisions) if revisions else None,
        **place_json(resource.where),
    }


def _diagnosis(diagnosis: PresentedDiagnosis) -> dict[str, Json]:
    return {
        "address": str(diagnosis.address),
        "kind": diagnosis.address.kind,
        "name": diagnosis.name,
        "status": diagnosis.status,
        "reason": diagnosis.reason,
        "cause": diagnosis.cause,
        "remedy": diagnosis.remedy,
        "members": [
            {"member": pointer.member, "is_declared": pointer.is_declared, **place_json(pointer.where)}
            for pointer in diagnosis.members
        ],
        "notes": list(diagnosis.notes),
        "apply": diagnosis.repair,
        "commands": list(diagnosis.commands),
        **place_json(diagnosis.where),
    }

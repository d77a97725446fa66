"""Status and diagnoses as JSON. Within `format_version` 1, members are only added; `problems` are notes."""

from reconciler.model import Json
from reconciler.plan.diagnosis import Diagnosis, Examined
from reconciler.plan.standing import ResourceStatus, StackStatus
from reconciler.report.documents import place_json, problems_json
from reconciler.report.redaction import redacted_text
from reconciler.report.words import iso


def status_json(found: StackStatus) -> dict[str, Json]:
    return {
        **problems_json(found.notes, document="status", **_stack(found)),
        "summary": dict(found.counts),
        "resources": [_standing(one) for one in found.each],
    }


def doctor_json(examined: Examined) -> dict[str, Json]:
    return {
        **problems_json(examined.notes, document="doctor", **_stack(examined.found)),
        "summary": {"complaints": len(examined.diagnoses), "healthy": examined.found.counts["healthy"]},
        "diagnoses": [_diagnosis(one) for one in examined.diagnoses],
    }


def _stack(found: StackStatus) -> dict[str, Json]:
    here = found.identity
    return {"stack": found.stack, "account": here.account, "region": here.region, "is_healthy": found.is_healthy}


def _standing(one: ResourceStatus) -> dict[str, Json]:
    live = one.live
    used, most = one.load
    return {
        "address": str(one.address),
        "kind": one.address.kind,
        "name": one.name,
        "arn": live.arn if live else None,
        "health": one.health,
        "is_healthy": one.is_healthy,
        "sync": str(one.sync),
        "is_declared": one.desired is not None,
        "status": live.status or None if live else None,
        "reason": redacted_text(live.reason) if live else "",
        "about": one.about,
        "jobs": dict(one.jobs) if isinstance(one.jobs, dict) else None,
        "created_at": iso(one.created_at) if one.created_at is not None else None,
        "used": used,
        "most": most,
        "revision": live.revisions[-1] if live and live.revisions else None,
        "active_revisions": len(live.revisions) if live and live.revisions else None,
        **place_json(one.desired.places.find(()) if one.desired else None),
    }


def _diagnosis(one: Diagnosis) -> dict[str, Json]:
    return {
        "address": str(one.address),
        "kind": one.address.kind,
        "name": one.name,
        "status": one.status,
        "reason": redacted_text(one.reason),
        "cause": one.cause,
        "remedy": one.remedy,
        "members": [
            {"member": pointer.member, "is_declared": pointer.is_declared, **place_json(pointer.where)}
            for pointer in one.members
        ],
        "notes": list(one.notes),
        "apply": one.cure,
        "commands": list(one.commands),
        **place_json(one.where),
    }

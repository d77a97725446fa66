"""The transitions of resources that have a status: create, update and delete take time, and nothing may interfere."""

from dataclasses import replace

from reconciler.sandbox.answers import Refusal, refuse_if
from reconciler.sandbox.records import GONE, Record
from reconciler.sandbox.world import World


def settled(world: World, noun: str, identifier: str, refusal: str = "") -> Record:
    """Return the resource, or refuse because a transition is under way."""
    record = world.get(noun, identifier)
    if record.is_moving:
        raise Refusal(refusal or f"{record.arn} resource is being modified")
    return record


def created(world: World, record: Record, *, healthy: str, illness: str = "") -> Record:
    return _becoming(record, "CREATING", world.now + world.timings.create, healthy, illness)


def updated(world: World, record: Record, *, seconds: float, healthy: str, illness: str = "") -> Record:
    return _becoming(record, "UPDATING", world.now + seconds, healthy, illness)


def deleted(world: World, record: Record, *, illness: str = "") -> Record:
    """Start the deletion. With an illness it fails: the resource comes back as INVALID."""
    until = world.now + world.timings.delete
    if illness:
        return _becoming(record, "DELETING", until, "", illness)
    return replace(record, status="DELETING", reason="", until=until, then=GONE, then_reason="")


def refuse_deletion_unless_disabled(record: Record, kind: str) -> None:
    # The exact words are AWS's sample documentation's; the state is what a caller can rely on.
    refuse_if(
        record.body.get("state") != "DISABLED", f"Cannot delete an enabled {kind}, set the state to DISABLED first."
    )


def _becoming(record: Record, status: str, until: float, healthy: str, illness: str) -> Record:
    then = "INVALID" if illness else "VALID"
    return replace(record, status=status, reason="", until=until, then=then, then_reason=illness or healthy)

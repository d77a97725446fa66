"""The transitions of resources that have a status: create, update and delete take time, and nothing may interfere."""

from dataclasses import replace

from reconciler.sandbox.answers import Refusal, refuse_if
from reconciler.sandbox.breakage import breakage_of
from reconciler.sandbox.records import GONE, Record
from reconciler.sandbox.world import AccountState


def settled(world: AccountState, noun: str, identifier: str, refusal: str = "") -> Record:
    """Return the resource, or refuse because a transition is under way."""
    record = world.get(noun, identifier)
    if record.is_moving:
        raise Refusal(refusal or f"{record.arn} resource is being modified")
    return record


def created(world: AccountState, record: Record, *, healthy: str, illness: str = "") -> Record:
    return _becoming(record, "CREATING", world.now + world.timings.create, healthy, illness)


def updated(world: AccountState, record: Record, *, seconds: float, healthy: str, illness: str = "") -> Record:
    return _becoming(record, "UPDATING", world.now + seconds, healthy, illness)


def deleted(world: AccountState, record: Record, *, illness: str = "") -> Record:
    """Start the deletion. With an illness it fails: the resource comes back as INVALID."""
    if illness:
        return _becoming(record, "DELETING", world.now + world.timings.delete, "", illness)
    return leaving(world, replace(record, status="DELETING", reason="", then_reason=""))


def leaving(world: AccountState, record: Record) -> Record:
    """Return it on its way out; what was made to be stuck never gets there."""
    stuck = record.arn in breakage_of(world.store).stuck
    return replace(record, until=max(record.until, world.now + world.timings.delete), then="" if stuck else GONE)


def refuse_deletion_unless_disabled(record: Record, kind: str) -> None:
    # The exact words are AWS's sample documentation's; the state is what a caller can rely on.
    refuse_if(
        record.body.get("state") != "DISABLED", f"Cannot delete an enabled {kind}, set the state to DISABLED first."
    )


def _becoming(record: Record, status: str, until: float, healthy: str, illness: str) -> Record:
    then = "INVALID" if illness else "VALID"
    return replace(record, status=status, reason="", until=until, then=then, then_reason=illness or healthy)

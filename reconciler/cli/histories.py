"""What revisions and rollback share: a definition's history, and the secrets that may be in it."""

from dataclasses import replace
from typing import TYPE_CHECKING

from reconciler.cli.stacks import Read

if TYPE_CHECKING:
    from reconciler.plan.history import History, Revision


def with_former(read: Read, history: "History") -> Read:
    """Return what was read with more secrets: what older revisions have where the YAML has one today."""
    from reconciler.diff import canonical

    if not read.secrets.texts or history.desired is None:
        return read
    rows, identity = history.kind.rows, history.identity
    declared = canonical(rows, history.desired.spec, identity)
    former = (canonical(rows, live.spec, identity) for live in history.revisions.values())
    return replace(read, secrets=read.secrets.and_former(declared, former))


def masked_entries(read: Read, history: "History") -> "tuple[Revision, ...]":
    """Return what is known of each revision, without secrets."""
    from reconciler.plan.history import as_plan, entries

    found = entries(history)
    shown = with_former(read, history).secrets.plan(as_plan(history, (entry.change for entry in found)))
    return tuple(replace(entry, change=change) for entry, change in zip(found, shown.changes, strict=True))

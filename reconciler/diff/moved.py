"""What became different about a live resource between two looks, whoever did it; not what AWS moves by itself."""

from collections.abc import Iterator

from reconciler.diff.canonical import canonical
from reconciler.diff.changes import field_changes
from reconciler.diff.seen import without_filled
from reconciler.kinds.base import Kind
from reconciler.model import Identity, Live


def moved(kind: Kind, before: Live, after: Live, identity: Identity) -> tuple[str, ...]:
    """Return what moved, by the paths that users know: `priority`, `tags.team`, `revision 4`."""
    revisions = tuple(f"revision {number}" for number in after.revisions if number not in before.revisions)
    return revisions or (*_members(kind, before, after, identity), *_tags(before, after))


def _members(kind: Kind, before: Live, after: Live, identity: Identity) -> Iterator[str]:
    was, now = (canonical(kind.rows, live.spec, identity) for live in (before, after))
    by_itself = {row.name for row in kind.fields if row.runtime_if and row.runtime_if(after.spec)}
    for change in field_changes(kind, without_filled(kind.rows, now, was), was, now, {}):
        if change.path.partition(".")[0] not in by_itself:
            yield change.path


def _tags(before: Live, after: Live) -> Iterator[str]:
    for key in sorted({*before.tags, *after.tags}):
        if before.tags.get(key) != after.tags.get(key) and not key.startswith("aws:"):
            yield f"tags.{key}"

"""A body as people would write it: without what the service assumes, is never told, or, in what is live, fills in."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from reconciler.adopt.found import TaggedValue, holds_tagged, without_tagged
from reconciler.diff import canonical_member, compact, is_absent
from reconciler.kinds.base import Field, Form, Kind, Row, Rows, Unmanaged
from reconciler.model import Identity, Json, Spec


def bare(kind: Kind, body: Spec, identity: Identity, *, is_declared: bool = False) -> Spec:
    """Return a create request's body without each field that means the same when it is left out.

    What the service fills in is nobody's wish in what is live. Of what `is_declared` it is one, whatever its value.
    """
    barer = _Barer(identity, is_known=not holds_tagged(body))
    return barer.members(kind.rows, body, may_be_filled=not is_declared)


@dataclass(frozen=True, slots=True)
class _Barer:
    """`is_known`: nothing in the body stands for something else."""

    identity: Identity
    is_known: bool

    def members(self, rows: Iterable[Row], body: Spec, *, may_be_filled: bool, key: str = "") -> dict[str, Json]:
        """`key` is the member that tells entries of a list apart: it stays, whatever it is."""
        known = Rows.of(rows).by_name
        siblings = body if self.is_known else without_tagged(body)
        out = {}
        for name, value in body.items():
            row = known.get(name)
            if row is None or name == key or isinstance(value, TaggedValue):
                kept = compact(value)
            elif isinstance(row, Field) and row.folds:
                kept = None if self.is_folded(row.folds, known, siblings) else value
            else:
                kept = self.member(row, value, siblings, may_be_filled=may_be_filled)
            if not is_absent(kept):
                out[name] = kept
        return out

    def member(self, row: Row, value: Json, siblings: Spec, *, may_be_filled: bool) -> Json:
        """Return what is worth writing of a member; None if nothing is. The service fills no entries of lists in."""
        if isinstance(row, Field) and row.rides_with:  # no state: a wish, which only a declaration has
            return value or None
        if isinstance(row, Unmanaged) or not row.counts_in(siblings):
            return None
        is_told_inside = row.fields and row.default is None and not row.assumed and not row.fills
        # Of what stands for something else it is not known what its absence would mean.
        if is_told_inside or (not self.is_known and holds_tagged(value)):
            return self.inside(row, value, may_be_filled=may_be_filled)
        plain = canonical_member(row, value, siblings, self.identity)
        if is_absent(plain) or (may_be_filled and row.fills and row.fills(plain)):
            return None
        return plain if row.form is Form.FLOAT32 else self.inside(row, value, may_be_filled=may_be_filled)

    def is_folded(self, folds: tuple[str, str], known: Mapping[str, Row], body: Spec) -> bool:
        """Whether a legacy size stands in its modern form, too, which then counts."""
        resource, home = folds
        row = known.get(home)
        sizes = canonical_member(row, body.get(home), body, self.identity) if isinstance(row, Field) else None
        return resource in (sizes or ())

    def inside(self, row: Field, value: Json, *, may_be_filled: bool) -> Json:
        if not row.fields:
            return value
        if is_absent(value):
            return None
        if row.form is Form.STRUCT:
            return self.members(row.fields, value, may_be_filled=may_be_filled)
        filled = may_be_filled and row.form is Form.KEYED
        return [
            self.members(row.fields, entry, may_be_filled=filled, key=row.key) if isinstance(entry, Mapping) else entry
            for entry in value
            if not (row.drop_if and isinstance(entry, Mapping) and row.drop_if(entry))
        ]

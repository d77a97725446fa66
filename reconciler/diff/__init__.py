"""What differs, for one resource."""

from reconciler.diff.canonical import canonical, is_absent, without_filled
from reconciler.diff.changes import at, field_changes, sent_unit
from reconciler.diff.digest import digest_of
from reconciler.diff.resource import Difference, applied_of, declared_digest, difference

__all__ = [
    "Difference",
    "applied_of",
    "at",
    "canonical",
    "declared_digest",
    "difference",
    "digest_of",
    "field_changes",
    "is_absent",
    "sent_unit",
    "without_filled",
]

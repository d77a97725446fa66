"""What differs, for one resource."""

from reconciler.diff.canonical import canonical, without_filled
from reconciler.diff.changes import at, field_changes, sent_unit
from reconciler.diff.digest import digest_of
from reconciler.diff.resource import Difference, declared_digest, difference

__all__ = [
    "Difference",
    "at",
    "canonical",
    "declared_digest",
    "difference",
    "digest_of",
    "field_changes",
    "sent_unit",
    "without_filled",
]

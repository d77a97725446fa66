"""What differs, for one resource."""

from reconciler.diff.canonical import canonical, canonical_member, compact, is_absent
from reconciler.diff.changes import at, field_changes, sent_unit, with_newer_updates
from reconciler.diff.chosen import choices, with_proper_choices
from reconciler.diff.digest import digest_of
from reconciler.diff.moved import moved
from reconciler.diff.resource import (
    Difference,
    Left,
    applied_of,
    applied_to,
    difference,
    left_to_service,
    replacement,
    with_choices,
)
from reconciler.diff.seen import settings_of, without_filled
from reconciler.diff.sides import body_left_alone, declared_digest, is_left_alone, sides_of, unmatched, why_ignored

__all__ = [
    "Difference",
    "Left",
    "applied_of",
    "applied_to",
    "at",
    "body_left_alone",
    "canonical",
    "canonical_member",
    "choices",
    "compact",
    "declared_digest",
    "difference",
    "digest_of",
    "field_changes",
    "is_absent",
    "is_left_alone",
    "left_to_service",
    "moved",
    "replacement",
    "sent_unit",
    "settings_of",
    "sides_of",
    "unmatched",
    "why_ignored",
    "with_choices",
    "with_newer_updates",
    "with_proper_choices",
    "without_filled",
]

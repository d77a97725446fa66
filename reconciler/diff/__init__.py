"""What differs: a declared resource and a live one in, `Difference` out.

`compare` is the door; `compare_replacement` compares with a resource that is to be made anew, the others compare two
bodies. Two spellings of one meaning are equal: `canonical` brings bodies into one form, and what the service fills in,
what users ignore and what the record of the last apply has noted is no change. Nothing is decided here, and no
call is made: which change a difference leads to is up to `plan`. What is ignored is in `ignore`, the canonical form in
`canonical`: others use these two modules, and nothing else in here but through the door.
"""

from reconciler.diff.compare import (
    Context,
    Difference,
    compare,
    compare_bodies,
    compare_declared,
    compare_live,
    compare_replacement,
    concurrent_changes,
)
from reconciler.diff.live_view import comparable_body, settings_of
from reconciler.diff.record import first_record

__all__ = [
    "Context",
    "Difference",
    "comparable_body",
    "compare",
    "compare_bodies",
    "compare_declared",
    "compare_live",
    "compare_replacement",
    "concurrent_changes",
    "first_record",
    "settings_of",
]

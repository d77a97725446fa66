"""What may be written: JSON Schemas from the kind tables and the service model, and the words to explain a member."""

from reconciler.schema.explain import Explained, explain, explain_own, member_at, nearest, own_names
from reconciler.schema.language import rendered, schemas, untagged

__all__ = [
    "Explained",
    "explain",
    "explain_own",
    "member_at",
    "nearest",
    "own_names",
    "rendered",
    "schemas",
    "untagged",
]

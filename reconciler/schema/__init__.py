"""The tables of kinds and AWS's service model → JSON Schemas of stacks and bodies, and explanations of fields.

What always holds: derived, never edited: a field is in the schema because the service model has it, and the table adds
what the model lacks; editors and `validate` read the same schema. Not here: reading the files of schemas (`adapters`),
and validating a body (`validate`).
"""

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

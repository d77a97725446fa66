"""Every problem that an import can have beside those of the stack that it makes. Codes are stable; messages are not."""

from collections.abc import Mapping

CODES: Mapping[str, str] = {
    "IMP001": "a file to import from is empty",
    "IMP002": "a file to import from says nothing of AWS Batch that can be imported",
    "IMP003": "a resource to import has no name that AWS takes",
    "IMP004": "a value that was imported looks like a secret",
}

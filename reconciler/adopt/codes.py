"""Every problem that an import can have beside those of the stack that it makes. Codes are stable; messages are not."""

from collections.abc import Mapping

CODES: Mapping[str, str] = {
    "IMP001": "a file to import from is empty",
    "IMP002": "a file to import from says nothing of AWS Batch that can be imported",
    "IMP003": "a resource to import has no name that AWS takes",
    "IMP004": "a value that was imported looks like a secret",
    "IMP005": "a file that an import has not written is in the stack's folder",
    "IMP006": "a kind could not be read, and is not counted",
    "IMP007": "a resource to import is not known in full",
}

"""Every problem that the documents of several runs can have together. Codes are stable; messages are not."""

from collections.abc import Mapping

CODES: Mapping[str, str] = {
    "MRG001": "a document is left out of a merge, since a newer one stands for it",
    "MRG002": "shares of a run are missing in a merge",
    "MRG003": "a document is left out of a merge, since it is of a former run, and no newer one has what is in it",
}

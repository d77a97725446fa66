"""Every problem that only formatting can find. Codes are stable; messages are not."""

from collections.abc import Mapping

CODES: Mapping[str, str] = {
    "FMT001": "a file says something in a way that cannot be formatted",
    "FMT002": "formatting would change what a file means: a bug of reconciler",
    "FMT003": "a file cannot be written",
}

"""A short fingerprint of JSON data."""

import hashlib
import json

from reconciler.model import Json


def digest_of(value: Json) -> str:
    """Return 20 hexadecimal digits that depend on the data alone, not on the order of its keys."""
    text = json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=True, default=str)
    return hashlib.sha256(text.encode()).hexdigest()[:20]

"""Lengths of time as users write them: `90s`, `20m`, `2h`, or a number of seconds."""

import re

UNITS = {"": 1, "s": 1, "m": 60, "h": 3600}
FORM = re.compile(r"([0-9]{1,9})([smh]?)")  # a thousand million seconds are enough


def seconds_of(text: str) -> float | None:
    """Return the seconds; None if the text is no length of time."""
    parts = FORM.fullmatch(text)
    return float(int(parts[1]) * UNITS[parts[2]]) if parts else None

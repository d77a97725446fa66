"""Regions that the installed AWS SDK does not know: misspelt, or newer than the SDK."""

import difflib
import re
from collections.abc import Mapping, Sequence

from reconciler.problems import Problem, Severity, Where

REGION = re.compile(r"[a-z]{2,}(-[a-z]+)+-[0-9]+")
ALIKE = 0.85  # of us-est-1, us-east-1 and us-west-1 are as near


def unknown_region(region: str, partitions: Mapping[str, Sequence[str]], where: Where | None) -> Problem | None:
    """Return what is wrong with a region; a warning where it has the form of a partition's, as a newer one has.

    `partitions` are the known regions, by the pattern that all regions of their partition have.
    """
    known = [name for names in partitions.values() for name in names]
    if not known or region in known:
        return None
    near = difflib.get_close_matches(region, known, n=2, cutoff=ALIKE)
    hint = f"did you mean {' or '.join(sorted(near))}?" if near else "check its spelling"
    is_formed = any(re.match(pattern, region) for pattern in partitions)
    severity = Severity.WARNING if is_formed else Severity.ERROR
    return Problem("STK018", f"region is {region}, which the installed AWS SDK does not know", where, hint, severity)

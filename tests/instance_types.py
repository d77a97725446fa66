"""Writes the table of instance types that rules know: `python -m tests.instance_types --update`, from the installed SDK."""

import sys
from collections.abc import Iterable
from pathlib import Path

from reconciler.adapters.lookup.installed import instance_types

FILE = Path(__file__).parent.parent / "reconciler" / "rules" / "compute_environment" / "known_types.py"
HEAD = '''"""The instance types of EC2 by family, as the AWS SDK knew them; written by `python -m tests.instance_types --update`.

Newer ones are asked of the SDK that is installed.
"""

from collections.abc import Mapping

# fmt: off
SIZES: Mapping[str, str] = {
'''


def table(types: Iterable[str]) -> str:
    """Return the module that lists the types."""
    sizes: dict[str, list[str]] = {}
    for name in sorted(types):
        family, _, size = name.partition(".")
        sizes.setdefault(family, []).append(size)
    rows = (f'    "{family}": "{" ".join(sizes[family])}",\n' for family in sorted(sizes))
    return HEAD + "".join(_wrapped(row) for row in rows) + "}\n# fmt: on\n"


def _wrapped(row: str) -> str:
    """Break a long row between sizes."""
    lines = [row]
    while len(lines[-1]) > 118:
        cut = lines[-1].rfind(" ", 0, 110) + 1
        lines[-1:] = [f'{lines[-1][:cut]}"\n', f'        "{lines[-1][cut:]}']
    return "".join(lines)


if __name__ == "__main__" and "--update" in sys.argv:
    FILE.write_text(table(instance_types()), encoding="utf-8")

"""What every format for other programs needs: files as the repository knows them."""

import os
from pathlib import PurePath

from reconciler.problems import Where

NO_FILE = ("", "<memory>")


def in_repository(where: Where | None, root: str) -> str:
    """Return the file as a path below `root`, with slashes; outside of it, as it was given. Empty if there is none."""
    if where is None or where.file in NO_FILE:
        return ""
    # Links in it stay what users wrote.
    path = PurePath(os.path.relpath(os.path.abspath(where.file), root))  # noqa: PTH100
    return where.file if path.parts[:1] == (os.pardir,) else path.as_posix()

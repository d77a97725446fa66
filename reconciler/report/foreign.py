"""What every format for other programs minds: characters that nobody sees, and files as the repository knows them."""

import os
from pathlib import PurePath

from reconciler.problems import Where

NO_FILE = ("", "<memory>")


def visible(text: str) -> str:
    """Return the text with what cannot be printed as an escape: it may neither be lost nor steer a reader."""
    return "".join(char if char == "\n" or char.isprintable() else _escape(char) for char in text)


def in_repository(where: Where | None, root: str) -> str:
    """Return the file as a path below `root`, with slashes; outside of it, as it was given. Empty if there is none."""
    if where is None or where.file in NO_FILE:
        return ""
    # Links in it stay what users wrote.
    path = PurePath(os.path.relpath(os.path.abspath(where.file), root))  # noqa: PTH100
    return where.file if path.parts[:1] == (os.pardir,) else path.as_posix()


def _escape(char: str) -> str:
    return char.encode("unicode_escape").decode("ascii")

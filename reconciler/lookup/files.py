"""The files of a stack on disk: a folder, or one file."""

import os
from collections.abc import Iterator
from pathlib import Path

from reconciler.ports import OutsideStack
from reconciler.problems import InvalidStack, Problem, Where, WrongUsage

SUFFIXES = (".yaml", ".yml", ".json")


class DiskFiles:
    """Reads nothing outside the folder, whatever `..`, absolute paths or links say; enters no linked folder."""

    def __init__(self, path: str) -> None:
        """Take a folder or a file as the user wrote it. Raises `WrongUsage` if it is neither."""
        chosen = Path(path)
        if not chosen.exists():
            raise WrongUsage(f"there is no file or folder {path}", hint="name the folder of a stack, or its one file")
        if chosen.is_file() and chosen.suffix not in SUFFIXES:
            raise WrongUsage(f"{path} is no stack", hint=f"the files of a stack end in {', '.join(SUFFIXES)}")
        self._only = chosen.name if chosen.is_file() else None
        self._folder = chosen.parent if self._only else chosen
        self.root = str(self._folder)

    def names(self) -> tuple[str, ...]:
        """Return the files of the stack, sorted; hidden files and folders left out."""
        return (self._only,) if self._only else tuple(sorted(self._walk()))

    def read(self, name: str) -> bytes:
        """Return a file's content. Raises `OutsideStack`, `FileNotFoundError`, `OSError`."""
        try:
            path = Path(os.path.realpath(self._folder / name))
        except ValueError as error:  # a null byte
            raise FileNotFoundError(name) from error
        if not path.is_relative_to(os.path.realpath(self._folder)):
            raise OutsideStack(name)
        return path.read_bytes()

    def _walk(self) -> Iterator[str]:
        for folder, below, names in os.walk(self._folder, onerror=refuse):
            below[:] = [name for name in below if not name.startswith(".")]
            for name in names:
                if name.endswith(SUFFIXES) and not name.startswith("."):
                    yield (Path(folder) / name).relative_to(self._folder).as_posix()


def refuse(error: OSError) -> None:
    """Stop at a folder that we cannot list: a resource that is overlooked looks like one that is no longer wanted."""
    message = f"the folder cannot be read: {error.strerror}"
    raise InvalidStack((Problem("YML012", message, Where(str(error.filename)), "allow reading it"),)) from error

"""This machine: files on disk, where paths lead, and the clock."""

import errno
import os
import shutil
import stat
import tempfile
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import BinaryIO

from reconciler.ports import HiddenFile, OutsideStack
from reconciler.problems import InvalidStack, Problem, Where, WrongUsage

# Where paths lead: a link may lead out of a folder that it is in, and a repository may hold any link.

GIT = ".git"
LINKS = 40  # as many links in a row as Linux follows


def is_inside(path: Path, folder: Path) -> bool:
    """Whether a path is in a folder, or is the folder, after all links are followed."""
    return Path(os.path.realpath(path)).is_relative_to(os.path.realpath(folder))


def is_hidden(relative: Path) -> bool:
    """Whether a name in a path begins with a dot: `.git/config`, `.env`.

    Kubernetes mounts the files of a ConfigMap as links through `..data`: names that begin with two dots are no secret.
    """
    return any(part.startswith(".") and not part.startswith("..") for part in relative.parts)


def leaves_repository(path: Path) -> bool:
    """Whether links lead from inside a git repository to the outside of it. What is in no repository leaves none."""
    there = Path(os.path.abspath(path))  # noqa: PTH100 - no link must be followed here
    if os.path.realpath(there) == str(there):
        return False
    root = next((folder for folder in there.parents if (folder / GIT).exists()), None)
    return root is not None and not is_inside(there, root)


def names_of(root: Path, path: str) -> Iterator[str]:
    """Yield the names under which git may list what a path leads to, from the folder `root`.

    These are the path itself, each link on the way to its end, and the end. Those outside of the folder are left out.
    """
    base = Path(os.path.realpath(root))
    todo, followed = [base / path], 0
    while todo:
        current = Path(os.path.normpath(todo.pop()))
        if current.is_relative_to(base):
            yield current.relative_to(base).as_posix()
        link = next((part for part in (*reversed(current.parents), current) if part.is_symlink()), None)
        if link is None or followed == LINKS:
            continue
        followed += 1
        if link.is_relative_to(base):
            yield link.relative_to(base).as_posix()
        todo.append(link.parent / link.readlink() / current.relative_to(link))


SUFFIXES = (".yaml", ".yml", ".json")
ANYBODY_WRITES = stat.S_IWUSR | stat.S_IWGRP | stat.S_IWOTH
# Far more than a file of thousands of resources has. What is larger is no file of a stack, and may be without end.
LARGEST = 16 * 2**20
NAME_HINT = "pass the folder of a stack, or its only file"


@contextmanager
def replacing(path: Path) -> Iterator[BinaryIO]:
    """Yield a file that takes the place of an existing one at the end, with its mode; not if the block raises.

    A file that is mounted by itself cannot be replaced: its content is overwritten then.
    """
    descriptor, fresh = tempfile.mkstemp(prefix=f".{path.name}.", dir=path.parent)
    try:
        with os.fdopen(descriptor, "wb") as file:
            yield file
        Path(fresh).chmod(stat.S_IMODE(path.stat().st_mode))
        try:
            Path(fresh).replace(path)
        except OSError as error:
            if error.errno != errno.EBUSY:
                raise
            shutil.copyfile(fresh, path)
    finally:
        Path(fresh).unlink(missing_ok=True)


class DiskFiles:
    """Touches nothing outside the folder, whatever `..`, absolute paths or links say; enters no linked folder."""

    def __init__(self, path: str) -> None:
        """Take a folder or a file as the user wrote it. Raises `WrongUsage` if it is neither."""
        chosen = Path(path)
        is_file = _is_file(chosen)
        if is_file and chosen.suffix not in SUFFIXES:
            raise WrongUsage(f"{path} is not a stack", hint=f"stack files end in {', '.join(SUFFIXES)}")
        if leaves_repository(chosen):
            raise WrongUsage(
                f"{path} is a symbolic link that leaves the repository",
                hint="pass the folder or file that it points to",
            )
        self._only = chosen.name if is_file else None
        self._folder = chosen.parent if self._only else chosen
        self.root = str(self._folder)
        self._real = os.path.realpath(self._folder)

    @property
    def is_one_file(self) -> bool:
        """Whether the path names a file, which then is the stack, and not a folder."""
        return self._only is not None

    def names(self) -> tuple[str, ...]:
        """Return the files of the stack, sorted; hidden files and folders left out."""
        return (self._only,) if self._only else tuple(sorted(self._walk()))

    def read(self, name: str) -> bytes:
        """Return a file's content. Raises `OutsideStack`, `FileNotFoundError`, `OSError`."""
        path = self._inside(name)
        mode = path.stat().st_mode
        if not (stat.S_ISREG(mode) or stat.S_ISDIR(mode)):  # a pipe would keep us waiting for its writer
            raise OSError(errno.EINVAL, "not a regular file")
        return read_whole(path)

    def replace(self, name: str, content: bytes) -> None:
        """Give a file another content, at once or not at all; its mode stays, and a link to it stays a link.

        Raises `OutsideStack`, and `OSError`, also for a file that nobody may write.
        """
        path = self._inside(name)
        mode = stat.S_IMODE(path.stat().st_mode)
        if not mode & ANYBODY_WRITES:
            raise PermissionError(errno.EACCES, "the file is read-only")
        with replacing(path) as file:
            file.write(content)

    def own_names(self) -> tuple[str, ...]:
        """Return the files of the stack, each once: a name that is a link to another of them is left out."""
        by_path: dict[str, str] = {}
        for name in sorted(self.names(), key=lambda name: (self._folder / name).is_symlink()):
            by_path.setdefault(os.path.realpath(self._folder / name), name)
        return tuple(sorted(by_path.values()))

    def _inside(self, name: str) -> Path:
        try:
            path = Path(os.path.realpath(self._folder / name))
        except ValueError as error:  # a null byte
            raise FileNotFoundError(name) from error
        if not path.is_relative_to(self._real):
            raise OutsideStack(name)
        if is_hidden(path.relative_to(self._real)):
            raise HiddenFile(name)
        return path

    def _walk(self) -> Iterator[str]:
        for folder, below, names in os.walk(self._folder, onerror=refuse):
            below[:] = [name for name in below if not name.startswith(".")]
            for name in names:
                if name.endswith(SUFFIXES) and not name.startswith("."):
                    yield (Path(folder) / name).relative_to(self._folder).as_posix()


def write_below(folder: Path, texts: Mapping[str, str]) -> None:
    """Write files into a folder. Raises `WrongUsage` before the first one if a link leads out of it, and `OSError`."""
    for name in texts:
        if leaves_repository(folder / name) or not is_inside(folder / name, folder):
            raise WrongUsage(
                f"{folder / name} is behind a symbolic link that leaves {folder}. Nothing was written",
                hint="remove the link",
            )
    for name, text in texts.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(text, encoding="utf-8")


def read_whole(path: Path, largest: int | None = None) -> bytes:
    """Return the content of a file. Raises `OSError`, also for one that is too large, or has no end."""
    largest = LARGEST if largest is None else largest
    with path.open("rb") as file:
        content = file.read(largest + 1)
    if len(content) > largest:
        raise OSError(errno.EFBIG, f"the file is larger than {largest // 2**20} MiB")
    return content


def _is_file(path: Path) -> bool:
    """Whether it is a file; otherwise it is a folder. Raises `WrongUsage` if it is neither."""
    try:
        mode = path.stat().st_mode
    except (FileNotFoundError, NotADirectoryError):
        raise WrongUsage(f"{path} does not exist", hint=NAME_HINT) from None
    except OSError as error:
        raise WrongUsage(f"cannot read {path}: {error.strerror}", hint=NAME_HINT) from error
    if not (stat.S_ISREG(mode) or stat.S_ISDIR(mode)):
        raise WrongUsage(f"{path} is neither a file nor a folder", hint=NAME_HINT)
    return stat.S_ISREG(mode)


def refuse(error: OSError) -> None:
    """Stop at a folder that we cannot list: a resource that is overlooked looks like one that is no longer wanted."""
    message = f"the folder cannot be read: {error.strerror}"
    raise InvalidStack((Problem("YML012", message, Where(str(error.filename)), "grant read permission"),)) from error


class WallClock:
    """The `Clock` port."""

    def now(self) -> float:
        return time.monotonic()

    def sleep(self, seconds: float) -> None:
        time.sleep(seconds)


class TimeOfDay(WallClock):
    """Seconds since 1970, in which AWS tells when something happened."""

    def now(self) -> float:
        return time.time()


def utc_now() -> datetime:
    return datetime.now(UTC)

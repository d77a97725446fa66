"""Where paths lead: a link may lead out of a folder that it is in, and a repository may hold any link."""

import os
from collections.abc import Iterator
from pathlib import Path

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

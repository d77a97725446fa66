"""Some of the targets: by environment, by stack, by what has changed, or a share of them all."""

import posixpath
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase
from hashlib import sha256

from reconciler.fleet.target import FleetTarget


@dataclass(frozen=True, slots=True)
class Shard:
    """One of so many shares, counted from 1."""

    number: int
    of: int

    def has(self, target: FleetTarget) -> bool:
        """Whether a target falls into this share: always into the same one, whatever other targets there are."""
        text = "\0".join(target.identity)
        return int.from_bytes(sha256(text.encode(errors="surrogatepass")).digest()[:8]) % self.of == self.number - 1


def chosen(
    targets: Iterable[FleetTarget],
    *,
    environments: Sequence[str] = (),
    stacks: Sequence[str] = (),
    shard: Shard | None = None,
) -> tuple[FleetTarget, ...]:
    """Return the targets that fit all that is asked for, in the order of the file; `environments` may be globs."""
    return tuple(
        target
        for target in targets
        if (not environments or any(fnmatchcase(target.environment, each) for each in environments))
        and (not stacks or target.stack in stacks)
        and (shard is None or shard.has(target))
    )


def alone(path: str) -> Iterable[str]:
    """A path that no link leads to has one name."""
    return (posixpath.normpath(path),)


def differing(
    targets: Iterable[FleetTarget],
    before: Iterable[FleetTarget],
    changed: Iterable[str],
    names: Callable[[str], Iterable[str]] = alone,
) -> tuple[FleetTarget, ...]:
    """Return the targets that are not as `before`, or of which a file is among those `changed`.

    A file of a stack is one in its folder; files that it includes are in there, too. `names` gives all names under
    which what a path leads to may be among the changed files: links on the way have names of their own.
    """
    old, files = {target.identity: target.meaning for target in before}, tuple(changed)
    return tuple(
        target for target in targets if old.get(target.identity) != target.meaning or _is_any_of(target, files, names)
    )


def _is_any_of(target: FleetTarget, files: Iterable[str], names: Callable[[str], Iterable[str]]) -> bool:
    ours = {name for path in (target.stack, *target.variable_files) for name in names(path)}
    return any(_is_of(name, file) for file in files for name in ours)


def _is_of(name: str, file: str) -> bool:
    """A changed file that is a folder on the way is a link that leads elsewhere now, or a submodule."""
    return name in (".", file) or file.startswith(f"{name}/") or name.startswith(f"{file}/")

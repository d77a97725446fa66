"""Some of the targets: by environment, by stack, by what has changed, or a share of them all."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase
from hashlib import sha256

from reconciler.fleet.target import Target


@dataclass(frozen=True, slots=True)
class Shard:
    """One of so many shares, counted from 1."""

    number: int
    of: int

    def has(self, name: str) -> bool:
        """Whether a name falls into this share: always into the same one, whatever other names there are."""
        return int.from_bytes(sha256(name.encode()).digest()[:8]) % self.of == self.number - 1


def chosen(
    targets: Iterable[Target],
    *,
    environments: Sequence[str] = (),
    stacks: Sequence[str] = (),
    shard: Shard | None = None,
) -> tuple[Target, ...]:
    """Return the targets that fit all that is asked for, in the order of the file; `environments` may be globs."""
    return tuple(
        target
        for target in targets
        if (not environments or any(fnmatchcase(target.environment, each) for each in environments))
        and (not stacks or target.stack in stacks)
        and (shard is None or shard.has(target.name))
    )


def differing(targets: Iterable[Target], before: Iterable[Target], changed: Iterable[str]) -> tuple[Target, ...]:
    """Return the targets that are not as `before`, or of which a file is among those `changed`.

    A file of a stack is one in its folder; files that it includes are in there, too.
    """
    old, files = {target.name: target.meaning for target in before}, tuple(changed)
    return tuple(
        target
        for target in targets
        if old.get(target.name) != target.meaning or any(_is_of(target, file) for file in files)
    )


def _is_of(target: Target, file: str) -> bool:
    return file in (target.stack, *target.variable_files) or file.startswith(f"{target.stack.rstrip('/')}/")

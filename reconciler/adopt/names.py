"""Which resources are meant, by their names: globs of which one must match, and globs that leave out."""

from collections.abc import Iterable
from dataclasses import dataclass
from fnmatch import fnmatchcase

from reconciler.ownership import own_name

NOT = "!"  # in front of a glob that leaves out


@dataclass(frozen=True, slots=True)
class NameChoice:
    """Without a glob in `only`, every name is meant that none of `without` matches."""

    only: tuple[str, ...] = ()
    without: tuple[str, ...] = ()

    @classmethod
    def of(cls, globs: Iterable[str], excluded: Iterable[str] = ()) -> "NameChoice":
        """`globs` are those of `--name`; `excluded` are globs that leave out without saying so."""
        given = tuple(globs)
        without = (glob.removeprefix(NOT) for glob in given if glob.startswith(NOT))
        return cls(tuple(glob for glob in given if not glob.startswith(NOT)), (*without, *excluded))

    def is_chosen(self, name: str) -> bool:
        return not self.only or any(_matches(name, glob) for glob in self.only)

    def excluding(self, name: str) -> str:
        """Return the glob that leaves a name out; nothing if none does."""
        return next((glob for glob in self.without if _matches(name, glob)), "")


EVERY_NAME = NameChoice()


def _matches(name: str, glob: str) -> bool:
    return any(fnmatchcase(one, glob) for one in (name, own_name(name)))

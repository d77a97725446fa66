"""A region as a source: what is live there, as far as it was asked for and nobody else owns it."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from fnmatch import fnmatchcase

from reconciler.importers.model import Imported, ImportedResource, LeftOut, found_live
from reconciler.importers.names import NameChoice
from reconciler.kinds import KINDS
from reconciler.live.ownership import is_ours, logical_name, owner_of, prefixes_of, released
from reconciler.model import Address, Json, Live, own_name
from reconciler.ports import Takes
from reconciler.problems import CloudError

LEAVING = ("DELETING", "DELETED")


@dataclass(frozen=True, slots=True, kw_only=True)
class ImportFilter:
    """What is to be imported, and for which stack, if it is a region. Empty names, kinds and tags leave nothing out.

    `names` are globs, of which one must match, or with a `!` in front none; nor may one of `excluded`.
    `tags` must all be there, with a value that the glob matches. Without a
    `prefix`, it is the one that the stack's resources have, if all of them have the same.
    """

    stack: str = ""
    prefix: str = ""
    names: tuple[str, ...] = ()
    excluded: tuple[str, ...] = ()
    kinds: tuple[str, ...] = ()
    tags: Mapping[str, str] | None = None
    with_owned: bool = False
    released: tuple[str, ...] = ()  # CloudFormation stacks that let go of what they own

    @property
    def choice(self) -> NameChoice:
        return NameChoice.of(self.names, self.excluded)

    def fits(self, address: Address, tags: Mapping[str, Json]) -> bool:
        return (
            (not self.kinds or address.kind in self.kinds)
            and self.choice.is_chosen(address.name)
            and all(key in tags and fnmatchcase(str(tags[key]), glob) for key, glob in (self.tags or {}).items())
        )


def imported(live: Iterable[Live], unread: Mapping[str, CloudError], asked: ImportFilter, takes: Takes) -> Imported:
    """Return what is live. `unread` are kinds that could not be read, with the reason."""
    there = tuple(live)
    prefix = asked.prefix or _prefix(there, asked.stack)
    found: list[ImportedResource] = []
    left_out = [
        LeftOut(KINDS[name].section, f"cannot be read ({error})")
        for name, error in unread.items()
        if not asked.kinds or name in asked.kinds
    ]
    for one in (one for one in there if asked.fits(one.address, one.tags)):
        reason = _reason(one, asked, prefix)
        if reason:
            left_out.append(LeftOut(str(one.address), reason))
        else:
            found.append(_found(one, asked, prefix, takes))
    return Imported(found=tuple(found), left_out=tuple(left_out), name_prefix=prefix)


def _prefix(live: Iterable[Live], stack: str) -> str:
    """Return the name prefix of all that a stack owns; none if it has several, each of which is an owner of its own."""
    prefixes = prefixes_of(live, stack)
    return next(iter(prefixes)) if len(prefixes) == 1 else ""


def _reason(live: Live, asked: ImportFilter, prefix: str) -> str:
    """Return why a resource is not imported; nothing if it is."""
    if live.status in LEAVING:
        return f"it is {live.status}"
    if glob := asked.choice.excluding(live.address.name):
        return f"its name is excluded ({glob})"
    owner = owner_of(live.claims)
    if is_ours(live, asked.stack, prefix):
        return ""
    if not own_name(live.address.name).startswith(prefix):
        return f"its name does not begin with the prefix {prefix}"
    if owner is None or asked.with_owned or released(live.claims, asked.released):
        return ""
    return f"it belongs to {owner}; use --with-owned to import it anyway"


def _found(live: Live, asked: ImportFilter, prefix: str, takes: Takes) -> ImportedResource:
    """What this very stack owns keeps the name that it has there."""
    found = found_live(live, takes)
    is_own = is_ours(live, asked.stack, prefix)
    logical = logical_name(live) if is_own else own_name(live.address.name).removeprefix(prefix) if prefix else ""
    return ImportedResource(found.address, found.body, logical=logical)

"""Which member each key of a structure is meant to be, and whose body it is in."""

from collections.abc import Mapping
from dataclasses import dataclass

from reconciler.fmt.shapes import Shapes, Site, members_of
from reconciler.fmt.spelling import mistyped, spelled
from reconciler.fmt.tree import TreeCollection, TreeEntry
from reconciler.kinds.base import Kind
from reconciler.load.gather import IGNORED_PREFIX, SCHEMA
from reconciler.load.resources import LIFECYCLE
from reconciler.model import Path
from reconciler.ports import Takes


@dataclass(frozen=True, slots=True)
class Body:
    """A resource, or the defaults of its kind, and a path inside of it."""

    kind: Kind
    owner: str
    inside: Path


@dataclass(frozen=True, slots=True)
class Names:
    shapes: Shapes
    sections: Mapping[str, Kind]
    takes: Takes

    def meant(self, entry: TreeEntry, collection: TreeCollection, site: Site) -> str:
        """Return the name of the member that an entry of a structure is: its own, or nothing where there is a doubt."""
        members, name = members_of(site.shape), entry.name
        if not members or name in members or entry.is_merge:
            return name
        if (not site.path and is_free(name)) or self._is_newer(site.path, name):
            return name
        own = spelled(name, members) or mistyped(name, members)
        is_certain = own and own not in collection.keys and self.shapes.allows(members[own], entry.node)
        return own if is_certain else ""

    def inside(self, site: Site, collection: TreeCollection, index: int) -> Site:
        """Return the site of an entry's value. What is merged has the site of the mapping."""
        entry = collection.entries[index]
        if entry.is_merge:
            return site
        if entry.key is None:
            return Site(self.shapes.of_item(site.shape, entry.node), (*site.path, index))
        return self.of_member(site, entry, self.meant(entry, collection, site))

    def of_member(self, site: Site, entry: TreeEntry, meant: str) -> Site:
        """Return the site of a member's value; `meant` is the name of the member."""
        name = meant or entry.name
        return Site(self.shapes.of_member(site.shape, name, entry.node), (*site.path, name))

    def body(self, path: Path) -> Body | None:
        """Return the body into which a path leads."""
        match path:
            case (str(section), name, *inside) if section in self.sections and inside[:1] != [LIFECYCLE]:
                kind = self.sections[section]
                return Body(kind, f"{kind.name}/{name}", tuple(inside))
            case ("defaults", str(section), *inside) if section in self.sections and inside[:1] != [LIFECYCLE]:
                return Body(self.sections[section], f"defaults.{section}", tuple(inside))
            case _:
                return None

    def _is_newer(self, path: Path, name: str) -> bool:
        """Whether a member is in no table of ours, but is one all the same."""
        body = self.body(path)
        operations = (body.kind.create, body.kind.update) if body else ()
        return any(self.takes(operation, (*body.inside, name)) for operation in operations if body and operation)


def is_free(key: str) -> bool:
    """Whether a key at the top of a file is the author's own."""
    return key == SCHEMA or key.startswith(IGNORED_PREFIX)

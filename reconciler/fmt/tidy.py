"""Words that can mean one thing only get their spelling, and members their order."""

from collections.abc import Collection as AnyOf
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from operator import is_

from reconciler.fmt.anchors import anchored_sites
from reconciler.fmt.names import Names, is_free
from reconciler.fmt.order import Rank, in_order
from reconciler.fmt.shapes import NOTHING, NOWHERE, Shapes, Site, members_of
from reconciler.fmt.spelling import nearest, own_case, spelled
from reconciler.fmt.tree import AliasLeaf, Leaf, Node, Place, Tree, TreeCollection, TreeEntry, anchor_of
from reconciler.kinds.base import Kind
from reconciler.load.gather import SCHEMA
from reconciler.model import Json
from reconciler.ports import Takes
from reconciler.problems import Problem, Where

BEHIND = 1000.0  # further back than any member


@dataclass(frozen=True, slots=True)
class Respelled:
    """A word that was written in another way."""

    place: Place
    before: str
    after: str


@dataclass(frozen=True, slots=True)
class Tidied:
    tree: Tree
    respelled: tuple[Respelled, ...]
    problems: tuple[Problem, ...]


@dataclass(frozen=True, slots=True)
class Language:
    """What may be written: the schema of stacks, its kinds, and what the installed SDK takes beyond that."""

    schema: Json
    kinds: Mapping[str, Kind]
    takes: Takes

    @property
    def names(self) -> Names:
        return Names(Shapes(self.schema), {kind.section: kind for kind in self.kinds.values()}, self.takes)


def tidied(name: str, tree: Tree, language: Language) -> Tidied:
    """Return a file's tree in order, and what is spelled in another way now.

    A word that resembles a member, but not without a doubt, is a problem. A file that is no part of a stack, but
    included in one, keeps its words and its order.
    """
    if tree.root is None:
        return Tidied(tree, (), ())
    names, node = language.names, tree.root.node
    site = Site(language.schema) if _is_part(node, names) else NOWHERE
    tidier = _Tidier(name, names, anchored_sites(node, site, names))
    tidy = replace(tree, root=replace(tree.root, node=tidier.node(node, site)))
    respelled = sorted(tidier.respelled, key=lambda word: word.place)
    return Tidied(tidy, tuple(respelled), tuple(tidier.problems))


@dataclass(frozen=True, slots=True)
class _Tidier:
    name: str
    names: Names
    anchored: Mapping[Place, Site]
    respelled: list[Respelled] = field(default_factory=list)
    problems: list[Problem] = field(default_factory=list)

    def node(self, node: Node, site: Site) -> Node:
        if anchor_of(node):
            site = self.anchored[node.place]
        match node:
            case AliasLeaf():
                return node
            case Leaf():
                return self.leaf(node, site.shape)
            case TreeCollection():
                return self.collection(node, site)

    def leaf(self, leaf: Leaf, shape: Json) -> Leaf:
        own = own_case(leaf.value, shape)
        if own == leaf.value or leaf.value not in leaf.text or any(prop.startswith("!") for prop in leaf.props):
            return leaf
        self.respelled.append(Respelled(leaf.place, leaf.value, own))
        return replace(leaf, text=leaf.text.replace(leaf.value, own), value=own)

    def collection(self, collection: TreeCollection, site: Site) -> TreeCollection:
        members = members_of(site.shape)
        entries = tuple(self.entry(entry, index, collection, site) for index, entry in enumerate(collection.entries))
        if members:
            rank = _rank(self.names.shapes.places(members), () if site.path else self.names.sections)
            entries = in_order(entries, rank, has_anchors=bool(self.anchored))
        is_same = all(map(is_, entries, collection.entries))
        return collection if is_same else replace(collection, entries=entries)

    def entry(self, entry: TreeEntry, index: int, collection: TreeCollection, site: Site) -> TreeEntry:
        if entry.key and members_of(site.shape) and not entry.is_merge:
            meant = self.names.meant(entry, collection, site)
            node = self.node(entry.node, self.names.of_member(site, entry, meant))
            key = self.key(entry, site, meant)
        else:
            node, key = self.node(entry.node, self.names.inside(site, collection, index)), entry.key
        is_same = node is entry.node and key is entry.key
        return entry if is_same else replace(entry, key=key, node=node)

    def key(self, entry: TreeEntry, site: Site, own: str) -> Leaf | None:
        """Return the key of an entry of a structure, as the member is spelled that it means: as its `own` name."""
        key = entry.key
        if not own:
            self.doubt(entry, site)
        if key is None or own not in members_of(site.shape) or own == key.text:
            return key
        if own != key.value:
            self.respelled.append(Respelled(key.place, key.value, own))
        return replace(key, text=own, value=own, style="")

    def doubt(self, entry: TreeEntry, site: Site) -> None:
        """Complain as `validate` does about a name that resembles that of a member."""
        near, body = nearest(entry.name, members_of(site.shape)), self.names.body(site.path)
        if not near or (site.path and not body):
            return
        code, message = "STK002", f"the top-level key {entry.name} is not known"
        if body:
            steps = (f"[{step}]" if isinstance(step, int) else f".{step}" for step in (*body.inside, entry.name))
            code, message = "SCH001", f"{body.owner}: {''.join(steps).removeprefix('.')} is not a member"
        line, column = entry.place
        where = Where(self.name, line + 1, column + 1)
        self.problems.append(Problem(code, message, where, f"did you mean {near}?"))


def _rank(places: Mapping[str, float], sections: AnyOf[str]) -> Rank:
    """What is merged comes first, then the members, then what we do not know; x- comes before the first section."""
    before_sections = min((places[section] for section in sections), default=BEHIND) - 0.5

    def rank(entry: TreeEntry) -> float:
        if entry.is_merge or (sections and entry.name == SCHEMA):
            return -1
        return places.get(entry.name, before_sections if sections and is_free(entry.name) else BEHIND)

    return rank


def _is_part(root: Node, names: Names) -> bool:
    """Whether a file is a part of a stack, and not included in one: told by its keys alone, wherever it is."""
    if not isinstance(root, TreeCollection) or not root.is_mapping:
        return False
    known = members_of(names.shapes.whole)
    keys = {spelled(key, known) or key for key in root.keys}
    is_ours = bool(keys & {"stack", *names.sections}) or all(key in known or is_free(key) for key in keys)
    return is_ours and not any(_is_default(entry, names) for entry in root.entries)


def _is_default(entry: TreeEntry, names: Names) -> bool:
    """Whether what is under a section is a body, as in an included file of `defaults`, and not bodies by name."""
    kind = names.sections.get(entry.name)
    if kind is None or not isinstance(entry.node, TreeCollection) or not entry.node.entries:
        return False
    body = members_of(names.shapes.whole["$defs"].get(kind.name, NOTHING))
    return all(name in body for name in entry.node.keys)

"""Canonical spelling of unambiguous words, and canonical order of fields."""

import difflib
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from collections.abc import Collection as AnyOf
from dataclasses import dataclass, field, replace
from itertools import pairwise
from operator import is_

from reconciler.fmt.parse import BLANK, AliasLeaf, Leaf, Node, Place, Tree, TreeCollection, TreeEntry, anchor_of
from reconciler.fmt.printer import without_blank
from reconciler.kinds.base import Declarable
from reconciler.load.sections import IGNORED_PREFIX, SCHEMA
from reconciler.model import Json, Path
from reconciler.ports import Takes
from reconciler.problems import Problem, Where
from reconciler.validate.typos import normalized

# Which field, or which value of an enumeration, a word means; only if that is unambiguous.

SHORTEST = 4  # normalized; one letter makes a different word of a shorter one
ALIKE = 0.7  # how near a suggestion must be


def same_spelling(word: str, choices: Collection[str]) -> str:
    """Return the choice that has the same normalized, in whatever case and with whatever between them; or nothing."""
    matches = [choice for choice in choices if normalized(choice) == normalized(word)]
    return matches[0] if len(matches) == 1 else ""


def one_slip_away(word: str, choices: Collection[str]) -> str:
    """Return the only choice that is one slip of a finger away, or nothing."""
    matches = [
        choice
        for choice in choices
        if len(normalized(choice)) >= SHORTEST and is_one_slip(normalized(word), normalized(choice))
    ]
    return matches[0] if len(matches) == 1 else ""


def is_one_slip(word: str, other: str) -> bool:
    """Whether one letter is missing, added or different, or two neighbours are swapped.

    Different digits are never a typo.
    """
    while word and other and word[0] == other[0]:
        word, other = word[1:], other[1:]
    while word and other and word[-1] == other[-1]:
        word, other = word[:-1], other[:-1]
    if any(character.isdigit() for character in word + other):
        return False
    is_swapped = len(word) == 2 and word == other[::-1]  # noqa: PLR2004 - two neighbours
    return is_swapped or max(len(word), len(other)) <= 1


def api_case(value: str, shape: Mapping[str, Json]) -> str:
    """Return the API's own spelling of an enumeration's value, which stands first in the schema; else the value."""
    return next((str(choice) for choice in shape.get("enum", ()) if str(choice).lower() == value.lower()), value)


def nearest(word: str, choices: Collection[str]) -> str:
    """Return the choice that a word resembles most, or nothing if it resembles none."""
    by_normalized = {normalized(choice): choice for choice in choices}
    matches = difflib.get_close_matches(normalized(word), by_normalized, n=1, cutoff=ALIKE)
    return by_normalized[matches[0]] if matches else ""


# What the schema of a stack says of each value of a file: its members in their order, its spellings.

LOCAL = "#/"
NOTHING: Json = {}  # the schema of a value about which nothing is known
NO_MEMBERS: Mapping[str, Json] = {}


@dataclass(frozen=True, slots=True)
class SchemaPlace:
    """Where a value is used: what may stand there, and the path to it from the top of the stack."""

    shape: Json
    path: Path = ()


NOWHERE = SchemaPlace(NOTHING)


@dataclass(frozen=True, slots=True)
class Shapes:
    """A shape is a part of `whole`, a JSON Schema, without a reference or a choice at its top."""

    schema: Json
    _placed: dict[int, dict[str, float]] = field(default_factory=dict, repr=False, compare=False)
    _chosen: dict[int, tuple[Json, ...]] = field(default_factory=dict, repr=False, compare=False)  # by a part's id

    def of(self, schema: Json, node: Node) -> Json:
        """Return the shape of a node: of several that are allowed, the first that it can be."""
        return next((choice for choice in self._choices(schema) if may_be(choice, node)), NOTHING)

    def of_item(self, shape: Json, node: Node) -> Json:
        return self.of(shape.get("items", NOTHING), node)

    def of_member(self, shape: Json, name: str, node: Node) -> Json:
        free = shape.get("additionalProperties")
        otherwise = free if isinstance(free, dict) else NOTHING
        return self.of(members_of(shape).get(name, otherwise), node)

    def places(self, members: Mapping[str, Json]) -> Mapping[str, float]:
        """Return the place of each member of a structure in the order in which they are written."""
        if id(members) not in self._placed:
            self._placed[id(members)] = {name: place for place, name in enumerate(members)}
        return self._placed[id(members)]

    def allows(self, schema: Json, node: Node) -> bool:
        """Whether a value can be what the schema asks for, by its outer form."""
        return any(may_be(choice, node) for choice in self._choices(schema))

    def _choices(self, schema: Json) -> tuple[Json, ...]:
        if id(schema) not in self._chosen:
            self._chosen[id(schema)] = tuple(self._followed(schema))
        return self._chosen[id(schema)]

    def _followed(self, schema: Json) -> Iterator[Json]:
        resolved = self._resolved(schema)
        if "anyOf" not in resolved:
            yield resolved
        for choice in resolved.get("anyOf", ()):
            yield from self._followed(choice)

    def _resolved(self, schema: Json) -> Json:
        while "$ref" in schema:
            target = self.schema
            for step in schema["$ref"].removeprefix(LOCAL).split("/"):
                target = target[step]
            schema = target
        return schema


def members_of(shape: Json) -> Mapping[str, Json]:
    """Return the members of a structure by name, in the order in which they are written; none of a free mapping."""
    members: Mapping[str, Json] = shape.get("properties", NO_MEMBERS)
    return members


def may_be(shape: Json, node: Node) -> bool:
    """An alias, and a scalar that stands for something else, may be anything."""
    is_tagged = isinstance(node, Leaf) and any(prop.startswith("!") for prop in node.props)
    if isinstance(node, AliasLeaf) or is_tagged or "type" not in shape:
        return True
    if isinstance(node, TreeCollection):
        return bool(shape["type"] == ("object" if node.is_mapping else "array"))
    return shape["type"] not in ("object", "array")


def are_alike(left: Json, right: Json) -> bool:
    """Whether two shapes spell and order what is in them alike. They may differ in what they require."""
    return all(
        list(left.get(word, ())) == list(right.get(word, ())) for word in ("type", "properties", "enum", "items")
    )


# Which field each key of a structure means, and which body it is in.


@dataclass(frozen=True, slots=True)
class Body:
    """A resource, or the defaults of its kind, and a path inside of it."""

    kind: Declarable
    owner: str
    inside: Path


@dataclass(frozen=True, slots=True)
class NameIndex:
    shapes: Shapes
    sections: Mapping[str, Declarable]
    takes: Takes

    def intended_name(self, entry: TreeEntry, collection: TreeCollection, site: SchemaPlace) -> str:
        """Return the name of the field that an entry means; empty if that is ambiguous."""
        members, name = members_of(site.shape), entry.name
        if not members or name in members or entry.is_merge:
            return name
        if (not site.path and is_free(name)) or self._is_newer(site.path, name):
            return name
        candidate = same_spelling(name, members) or one_slip_away(name, members)
        is_certain = (
            candidate and candidate not in collection.keys and self.shapes.allows(members[candidate], entry.node)
        )
        return candidate if is_certain else ""

    def place_of_entry(self, site: SchemaPlace, collection: TreeCollection, index: int) -> SchemaPlace:
        """Return the site of an entry's value. What is merged has the site of the mapping."""
        entry = collection.entries[index]
        if entry.is_merge:
            return site
        if entry.key is None:
            return SchemaPlace(self.shapes.of_item(site.shape, entry.node), (*site.path, index))
        return self.place_of_member(site, entry, self.intended_name(entry, collection, site))

    def place_of_member(self, site: SchemaPlace, entry: TreeEntry, member_name: str) -> SchemaPlace:
        """Return the site of a member's value; `meant` is the name of the member."""
        name = member_name or entry.name
        return SchemaPlace(self.shapes.of_member(site.shape, name, entry.node), (*site.path, name))

    def body_at(self, path: Path) -> Body | None:
        """Return the body into which a path leads."""
        match path:
            case ("defaults", str(section), *inside):
                owner = f"defaults.{section}"
            case (str(section), name, *inside):
                owner = f"{self.sections[section].name}/{name}" if section in self.sections else ""
            case _:
                return None
        kind = self.sections.get(section)
        return Body(kind, owner, tuple(inside)) if kind and inside[:1] != [kind.own] else None

    def _is_newer(self, path: Path, name: str) -> bool:
        """Whether a member is in no table of ours, but is one all the same."""
        body = self.body_at(path)
        operations = body.kind.body_operations if body else ()
        return any(self.takes(operation, (*body.inside, name)) for operation in operations if body)


def is_free(key: str) -> bool:
    """Whether a key at the top of a file is the author's own."""
    return key == SCHEMA or key.startswith(IGNORED_PREFIX)


# The entries of a mapping in their canonical order, as far as anchors and aliases let them move.

Rank = Callable[[TreeEntry], float]


def sort_entries(entries: Sequence[TreeEntry], rank: Rank, *, has_anchors: bool) -> tuple[TreeEntry, ...]:
    """Return entries by rank; those of equal rank stay in their order.

    An alias means the last anchor of its name above it: two entries that use one name, of which one defines it, keep
    their order. `has_anchors`: there are such names in the file.
    """
    if all(rank(former) <= rank(later) for former, later in pairwise(entries)):
        return tuple(entries)
    if not has_anchors:
        return _with_first_blank_moved(entries, sorted(entries, key=rank))
    names = [_anchor_names(entry) for entry in entries]
    remaining = list(range(len(entries)))
    ordered: list[int] = []
    while remaining:
        movable = [i for i in remaining if not any(j < i and names[i].must_stay_before(names[j]) for j in remaining)]
        ordered.append(min(movable, key=lambda i: rank(entries[i])))
        remaining.remove(ordered[-1])
    return _with_first_blank_moved(entries, [entries[i] for i in ordered])


@dataclass(frozen=True, slots=True)
class _Names:
    """The anchors that an entry defines, and the aliases that it uses."""

    defined: frozenset[str]
    used: frozenset[str]

    def must_stay_before(self, other: "_Names") -> bool:
        return bool(self.defined & (other.defined | other.used) or self.used & other.defined)


def _anchor_names(entry: TreeEntry) -> _Names:
    nodes = list(_nodes_of_entry(entry))
    defined = frozenset(name for node in nodes if (name := anchor_of(node)))
    return _Names(defined, frozenset(node.name for node in nodes if isinstance(node, AliasLeaf)))


def _nodes_of_entry(entry: TreeEntry) -> Iterator[Node]:
    yield from (entry.key,) if entry.key else ()
    yield entry.node
    if isinstance(entry.node, TreeCollection):
        for inner in entry.node.entries:
            yield from _nodes_of_entry(inner)


def _with_first_blank_moved(before: Sequence[TreeEntry], after: Sequence[TreeEntry]) -> tuple[TreeEntry, ...]:
    """No blank line is above the first entry: the one that the new first had goes to the one that was the first."""
    first, former = after[0], before[0]
    if first is former or first.above[:1] != (BLANK,):
        return tuple(after)
    parted = replace(former, above=(BLANK, *without_blank(former.above)))
    others = (parted if entry is former else entry for entry in after[1:])
    return (replace(first, above=without_blank(first.above)), *others)


# What anchored values are: the shapes of the places that use them.


def anchored_sites(root: Node, site: SchemaPlace, names: NameIndex) -> Mapping[Place, SchemaPlace]:
    """Return where each anchored value is used first, by its place; `NOWHERE` if its uses ask for different things.

    A value under a key that begins with x- is what it is used for.
    """
    anchored = {node.place: node for node in _nodes_below(root) if anchor_of(node)}
    if not anchored:
        return {}
    walk = _Walk(names, anchored)
    walk.visit(root, site)
    return {place: _common_place(walk.places.get(place, [])) for place in anchored}


@dataclass(frozen=True, slots=True)
class _Walk:
    names: NameIndex
    anchored: Mapping[Place, Node]
    places: dict[Place, list[SchemaPlace]] = field(default_factory=dict)

    def visit(self, node: Node, site: SchemaPlace) -> None:
        """Go through a value, and through what its aliases stand for."""
        if isinstance(node, AliasLeaf):
            if node.target in self.anchored:  # and not a key, which is a text
                self.visit(self.anchored[node.target], site)
        elif site.shape is not NOTHING and self.remember(node, site) and isinstance(node, TreeCollection):
            for index, entry in enumerate(node.entries):
                self.visit(entry.node, self.names.place_of_entry(site, node, index))

    def remember(self, node: Node, site: SchemaPlace) -> bool:
        """Remember the site of an anchored value; not new is one of a shape that has been seen there."""
        if not anchor_of(node):
            return True
        places = self.places.setdefault(node.place, [])
        if any(place.shape is site.shape for place in places):
            return False
        places.append(site)
        return True


def _common_place(places: list[SchemaPlace]) -> SchemaPlace:
    return places[0] if places and all(are_alike(places[0].shape, place.shape) for place in places) else NOWHERE


def _nodes_below(node: Node) -> Iterator[Node]:
    waiting = [node]
    while waiting:
        current = waiting.pop()
        yield current
        if isinstance(current, TreeCollection):
            waiting += [entry.node for entry in reversed(current.entries)]


LAST_RANK = 1000.0  # further back than any member


@dataclass(frozen=True, slots=True)
class Respelling:
    """A word whose spelling was changed."""

    place: Place
    before: str
    after: str


@dataclass(frozen=True, slots=True)
class NormalizedTree:
    tree: Tree
    respelled: tuple[Respelling, ...]
    problems: tuple[Problem, ...]


@dataclass(frozen=True, slots=True)
class Language:
    """What may be written: the schema of stacks, its kinds, and what the installed SDK takes beyond that."""

    schema: Json
    kinds: Mapping[str, Declarable]
    takes: Takes

    @property
    def names(self) -> NameIndex:
        return NameIndex(Shapes(self.schema), {kind.section: kind for kind in self.kinds.values()}, self.takes)


def normalize(name: str, tree: Tree, language: Language) -> NormalizedTree:
    """Return the tree of a file in canonical order, and the words whose spelling changed.

    A word that resembles a field, but not unambiguously, is a problem. A file that is included in a stack keeps its
    words and its order.
    """
    if tree.root is None:
        return NormalizedTree(tree, (), ())
    names, node = language.names, tree.root.node
    site = SchemaPlace(language.schema) if _is_part(node, names) else NOWHERE
    normalizer = _Normalizer(name, names, anchored_sites(node, site, names))
    normalized_tree = replace(tree, root=replace(tree.root, node=normalizer.normalize_node(node, site)))
    respelled = sorted(normalizer.respelled, key=lambda word: word.place)
    return NormalizedTree(normalized_tree, tuple(respelled), tuple(normalizer.problems))


@dataclass(frozen=True, slots=True)
class _Normalizer:
    name: str
    names: NameIndex
    anchored: Mapping[Place, SchemaPlace]
    respelled: list[Respelling] = field(default_factory=list)
    problems: list[Problem] = field(default_factory=list)

    def normalize_node(self, node: Node, site: SchemaPlace) -> Node:
        if anchor_of(node):
            site = self.anchored[node.place]
        match node:
            case AliasLeaf():
                return node
            case Leaf():
                return self.normalize_leaf(node, site.shape)
            case TreeCollection():
                return self.normalize_collection(node, site)

    def normalize_leaf(self, leaf: Leaf, shape: Json) -> Leaf:
        spelling = api_case(leaf.value, shape)
        if spelling == leaf.value or leaf.value not in leaf.text or any(prop.startswith("!") for prop in leaf.props):
            return leaf
        self.respelled.append(Respelling(leaf.place, leaf.value, spelling))
        return replace(leaf, text=leaf.text.replace(leaf.value, spelling), value=spelling)

    def normalize_collection(self, collection: TreeCollection, site: SchemaPlace) -> TreeCollection:
        members = members_of(site.shape)
        entries = tuple(
            self.normalize_entry(entry, index, collection, site) for index, entry in enumerate(collection.entries)
        )
        if members:
            rank = _rank(self.names.shapes.places(members), () if site.path else self.names.sections)
            entries = sort_entries(entries, rank, has_anchors=bool(self.anchored))
        is_unchanged = all(map(is_, entries, collection.entries))
        return collection if is_unchanged else replace(collection, entries=entries)

    def normalize_entry(self, entry: TreeEntry, index: int, collection: TreeCollection, site: SchemaPlace) -> TreeEntry:
        if entry.key and members_of(site.shape) and not entry.is_merge:
            member_name = self.names.intended_name(entry, collection, site)
            node = self.normalize_node(entry.node, self.names.place_of_member(site, entry, member_name))
            key = self.normalize_key(entry, site, member_name)
        else:
            node, key = self.normalize_node(entry.node, self.names.place_of_entry(site, collection, index)), entry.key
        is_unchanged = node is entry.node and key is entry.key
        return entry if is_unchanged else replace(entry, key=key, node=node)

    def normalize_key(self, entry: TreeEntry, site: SchemaPlace, member_name: str) -> Leaf | None:
        """Return the key of an entry of a structure, as the member is spelled that it means: as its `own` name."""
        key = entry.key
        if not member_name:
            self.report_unknown(entry, site)
        if key is None or member_name not in members_of(site.shape) or member_name == key.text:
            return key
        if member_name != key.value:
            self.respelled.append(Respelling(key.place, key.value, member_name))
        return replace(key, text=member_name, value=member_name, style="")

    def report_unknown(self, entry: TreeEntry, site: SchemaPlace) -> None:
        """Report a name that resembles that of a field, as `validate` does."""
        suggestion, body = nearest(entry.name, members_of(site.shape)), self.names.body_at(site.path)
        if not suggestion or (site.path and not body):
            return
        code, message = "STK002", f"the top-level key {entry.name} is unknown"
        if body:
            steps = (f"[{step}]" if isinstance(step, int) else f".{step}" for step in (*body.inside, entry.name))
            code, message = "SCH001", f"{body.owner}: {''.join(steps).removeprefix('.')} is not a field"
        line, column = entry.place
        where = Where(self.name, line + 1, column + 1)
        self.problems.append(Problem(code, message, where, f"did you mean {suggestion}?"))


def _rank(places: Mapping[str, float], sections: AnyOf[str]) -> Rank:
    """Merges come first, then fields, then unknown keys; x- keys come before the first section."""
    before_sections = min((places[section] for section in sections), default=LAST_RANK) - 0.5

    def rank(entry: TreeEntry) -> float:
        if entry.is_merge or (sections and entry.name == SCHEMA):
            return -1
        return places.get(entry.name, before_sections if sections and is_free(entry.name) else LAST_RANK)

    return rank


def _is_part(root: Node, names: NameIndex) -> bool:
    """Whether a file is a part of a stack, and not included in one, which its keys show."""
    if not isinstance(root, TreeCollection) or not root.is_mapping:
        return False
    members = members_of(names.shapes.schema)
    keys = {same_spelling(key, members) or key for key in root.keys}
    is_stack = bool(keys & {"stack", *names.sections}) or all(key in members or is_free(key) for key in keys)
    return is_stack and not any(_is_default(entry, names) for entry in root.entries)


def _is_default(entry: TreeEntry, names: NameIndex) -> bool:
    """Whether what is under a section is a body, as in an included file of `defaults`, and not bodies by name."""
    kind = names.sections.get(entry.name)
    if kind is None or not isinstance(entry.node, TreeCollection) or not entry.node.entries:
        return False
    body = members_of(names.shapes.schema["$defs"].get(kind.name, NOTHING))
    return all(name in body for name in entry.node.keys)

"""What the schema of a stack says of each value of a file: its members in their order, its spellings."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from reconciler.fmt.tree import AliasLeaf, Leaf, Node, TreeCollection
from reconciler.model import Json, Path

LOCAL = "#/"
NOTHING: Json = {}  # the schema of a value about which nothing is known
NO_MEMBERS: Mapping[str, Json] = {}


@dataclass(frozen=True, slots=True)
class Site:
    """Where a value is used: what may stand there, and the path to it from the top of the stack."""

    shape: Json
    path: Path = ()


NOWHERE = Site(NOTHING)


@dataclass(frozen=True, slots=True)
class Shapes:
    """A shape is a part of `whole`, a JSON Schema, without a reference or a choice at its top."""

    whole: Json
    _placed: dict[int, dict[str, float]] = field(default_factory=dict, repr=False, compare=False)
    _chosen: dict[int, tuple[Json, ...]] = field(default_factory=dict, repr=False, compare=False)  # by a part's id

    def of(self, schema: Json, node: Node) -> Json:
        """Return the shape of a node: of several that are allowed, the first that it can be."""
        return next((one for one in self._choices(schema) if may_be(one, node)), NOTHING)

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
        return any(may_be(one, node) for one in self._choices(schema))

    def _choices(self, schema: Json) -> tuple[Json, ...]:
        if id(schema) not in self._chosen:
            self._chosen[id(schema)] = tuple(self._followed(schema))
        return self._chosen[id(schema)]

    def _followed(self, schema: Json) -> Iterator[Json]:
        resolved = self._resolved(schema)
        if "anyOf" not in resolved:
            yield resolved
        for one in resolved.get("anyOf", ()):
            yield from self._followed(one)

    def _resolved(self, schema: Json) -> Json:
        while "$ref" in schema:
            target = self.whole
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


def agree(one: Json, other: Json) -> bool:
    """Whether two shapes spell and order what is in them alike. They may differ in what they require."""
    return all(list(one.get(word, ())) == list(other.get(word, ())) for word in ("type", "properties", "enum", "items"))

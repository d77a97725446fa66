"""The law of formatting: a file means the same as before, save for the words that were spelled in another way."""

from collections.abc import Mapping
from collections.abc import Mapping as MappingABC
from dataclasses import dataclass, field

from reconciler.fmt.parse import Place
from reconciler.syntax.nodes import AliasNode, MappingNode, Node, Scalar, SequenceNode, SourceMark, TaggedNode
from reconciler.syntax.scalars import text_of


def means_the_same(before: Node | None, after: Node | None, respelled: MappingABC[Place, str]) -> bool:
    """Whether the loader reads the same values, tags, aliases and merges from both, in whatever order of keys.

    `respelled` are the words of `before` that are expected to be others, by place.
    """
    if before is None or after is None:
        return before is after
    return _Comparison(respelled).same(before, after)


@dataclass(frozen=True, slots=True)
class _Comparison:
    respelled: MappingABC[Place, str]
    pairs: dict[Node, Node] = field(default_factory=dict)

    def same(self, one: Node, other: Node) -> bool:
        self.pairs[one] = other
        match one, other:
            case Scalar(), Scalar():
                return self.scalar(one, other)
            case TaggedNode(), TaggedNode():
                return (one.tag, one.text) == (other.tag, other.text)
            case AliasNode(), AliasNode():
                return self.target(one.target, other.target)
            case SequenceNode(), SequenceNode():
                return self.all_same(one.items, other.items)
            case MappingNode(), MappingNode():
                return self.mapping(one, other) and self.all_same(one.merges, other.merges)
            case _:
                return False

    def scalar(self, one: Scalar, other: Scalar) -> bool:
        expected = self.respelled.get(_place(one.mark))
        if expected is not None:
            return bool(other.value == expected)
        return type(one.value) is type(other.value) and text_of(one.value) == text_of(other.value)

    def target(self, one: Node, other: Node) -> bool:
        """What an alias stands for has been compared at its anchor, unless that is at a key."""
        return self.pairs[one] is other if one in self.pairs else self.same(one, other)

    def mapping(self, one: MappingNode, other: MappingNode) -> bool:
        expected = {self.respelled.get(_place(mark), key): node for key, (mark, node) in one.entries.items()}
        return expected.keys() == other.entries.keys() and all(
            self.same(node, other.entries[key][1]) for key, node in expected.items()
        )

    def all_same(self, ones: tuple[Node, ...], others: tuple[Node, ...]) -> bool:
        return len(ones) == len(others) and all(map(self.same, ones, others))


def _place(mark: SourceMark) -> Place:
    return mark.line, mark.column


# Every problem that only formatting can find. Codes are stable; messages are not.

CODES: Mapping[str, str] = {
    "FMT001": "a file contains syntax that cannot be formatted",
    "FMT002": "formatting would change the meaning of a file: this is a bug in reconciler",
    "FMT003": "a file cannot be written",
}

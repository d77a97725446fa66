"""Plain values of a file, their places, and the nodes that are made of them."""

import pytest
import yaml

from reconciler.model import Json, Path
from reconciler.syntax.diagnostics import Findings
from reconciler.syntax.nodes import (
    AliasNode,
    MappingNode,
    Mark,
    Node,
    NodePlaces,
    Scalar,
    SequenceNode,
    SourceMap,
    value_of,
)
from reconciler.syntax.parse import compose, compose_json

TEXTS = (
    "a: 1\nb: [x, {c: d, e: [f, g]}, y]\nh:\n  - i: j\n    k: l\n  -\n  - m\n",
    "a: {b: {}, c: [], d: [[], [[1]], {}]}\ne: f\n",
    "\ufeffa: 1\r\nb:\r\n- c\r\n- d: e\r\n",
    "a: 1\rb:\r- c\r- d: e\r",
    'a: "é\\n€ \U0001f600": b\nb: {"ü": 1, c: "\U0001f600", d: 2}\n'.replace('": b', '"'),
    "a: x\x85b: y\u2028c: z\u2029d: [1,\x852]\n",
    "# note\n---\na: |\n  text\n\n  more\nb: >-\n  folded\n  text\nc: 'it''s\n  two'\nd: plain\n  on two\n",
    "a: &one {b: 1, c: [2]}\nd: *one\ne: {<<: *one, f: !var g, h: [i, !sub j, {k: l}]}\nm: {n: [o]}\n",
    "a: 1\n? b\n: c\nd: [? e : f, g]\n",
)


@pytest.mark.parametrize("text", TEXTS)
def test_each_key_and_value_is_where_libyaml_sees_it(text: str) -> None:
    findings = Findings()
    root = compose("x.yaml", text, findings).root
    assert isinstance(root, MappingNode)
    assert isinstance(root.mark, Mark)
    source = root.mark.source
    ours = [source.mark(index) for index in range(len(source.places))]
    events = yaml.parse(text.removeprefix("\ufeff"), Loader=yaml.CSafeLoader)
    marks = [event.start_mark for event in events if isinstance(event, yaml.NodeEvent)]
    assert (len(ours) > 5, [*findings.found]) == (True, [])
    assert [(mark.line, mark.column) for mark in ours] == [(mark.line, mark.column) for mark in marks]


def test_a_value_of_json_is_where_it_is_written() -> None:
    text = '{"a": {"b": [1, {"c": "\\u00e9"}, []]},\n\t"d": null, "e": [[2],\n3]}'
    root = compose_json("x.json", text, Findings()).root
    assert isinstance(root, MappingNode)
    assert root.literal is not None
    assert value_of(root) == {"a": {"b": [1, {"c": "é"}, []]}, "d": None, "e": [[2], 3]}
    places = NodePlaces(root.mark, root.literal)
    assert [places.find(path).column for path in (("a",), ("a", "b", 1, "c"), ("e", 0, 0))] == [2, 23, 20]
    assert (places.find(("e", 1)).line, places.find(("e", 1)).column) == (3, 1)


@pytest.mark.parametrize("at_key", [True, False])
@pytest.mark.parametrize("text", TEXTS[:-2])
def test_a_path_leads_to_the_same_place_with_and_without_nodes(text: str, at_key: bool) -> None:
    root = compose("x.yaml", text, Findings()).root
    assert isinstance(root, MappingNode)
    assert root.literal is not None
    plain, nodes = NodePlaces(root.mark, root.literal), NodePlaces(root.mark, explicit(root))
    paths = [*paths_of(root.literal.value, ())]
    strays = [(*path, step) for path in paths for step in ("no", 9, -1)]
    assert len(paths) > 2
    for path in (*paths, *strays):
        assert plain.find(path, at_key=at_key) == nodes.find(path, at_key=at_key), path


def test_finding_many_places_in_a_large_mapping_takes_linear_work(monkeypatch: pytest.MonkeyPatch) -> None:
    root = compose("x.yaml", "".join(f"k{n}: [{n}]\n" for n in range(1000)), Findings()).root
    assert isinstance(root, MappingNode)
    assert root.literal is not None
    places, steps, after = NodePlaces(root.mark, root.literal), [0], SourceMap.after
    monkeypatch.setattr(SourceMap, "after", lambda *args: (steps.append(1), after(*args))[1])
    assert [places.find((f"k{n}", 0)).line for n in range(1000)] == list(range(1, 1001))
    assert sum(steps) < 5000


def test_only_what_has_something_to_expand_is_no_plain_value() -> None:
    root = compose(
        "x.yaml", "a: {b: [1, {c: 2}]}\nd: {e: !var f, g: [3]}\nh: {i: 1, i: 2}\nj: [&k {l: 4}, *k]\n", Findings()
    ).root
    assert isinstance(root, MappingNode)
    nodes = {key: node for key, (_, node) in root.entries.items() if isinstance(node, MappingNode | SequenceNode)}
    literals = {key: node.literal.value if node.literal else None for key, node in nodes.items()}
    assert (root.literal, literals) == (None, {"a": {"b": [1, {"c": 2}]}, "d": None, "h": None, "j": None})
    item, alias = items_of(root.entries["j"][1])
    assert isinstance(alias, AliasNode)
    assert (value_of(item), item is alias.target) == ({"l": 4}, True)


def items_of(node: Node) -> tuple[Node, ...]:
    assert isinstance(node, SequenceNode)
    return node.items


def explicit(node: Node) -> Node:
    """Return a node of nodes alone."""
    if isinstance(node, MappingNode):
        return MappingNode({key: (mark, explicit(inner)) for key, (mark, inner) in node.entries.items()}, node.mark)
    if isinstance(node, SequenceNode):
        return SequenceNode(tuple(map(explicit, node.items)), node.mark)
    assert isinstance(node, Scalar)
    return node


def paths_of(value: Json, path: Path) -> list[Path]:
    inner = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    return [path, *(deeper for step, each in inner for deeper in paths_of(each, (*path, step)))]

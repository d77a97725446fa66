"""What waits for what, as a drawing: from left to right, each behind all that it waits for."""

from collections.abc import Mapping, Sequence

from reconciler.report.html.tags import Markup, joined, tag

MOST = 60  # boxes: more of them nobody reads
WIDE, HIGH, GAP_X, GAP_Y = 290, 44, 60, 12
LONGEST = 36  # characters of a name in a box


def drawing(nodes: Mapping[str, Sequence[str]], signs: Mapping[str, str]) -> Markup:
    """Draw nodes with what each waits for; `signs` stand in front of their names. Empty where nothing waits."""
    shown = dict(list(nodes.items())[:MOST])
    edges = [(one, need) for one, needs in shown.items() for need in needs if need in shown and need != one]
    if not edges:
        return Markup("")
    depth = _depths(shown)
    columns: dict[int, list[str]] = {}
    for name in shown:
        columns.setdefault(depth[name], []).append(name)
    at = {
        name: (column * (WIDE + GAP_X), row * (HIGH + GAP_Y))
        for column, names in columns.items()
        for row, name in enumerate(names)
    }
    width = max(x for x, _ in at.values()) + WIDE
    height = max(y for _, y in at.values()) + HIGH
    more = len(nodes) - len(shown)
    picture = tag(
        "svg",
        [_edge(at[need], at[one]) for one, need in edges],
        [_box(at[name], name, signs.get(name, "")) for name in shown],
        viewBox=f"-1 -1 {width + 2} {height + 2}",
        width=str(width + 2),
        height=str(height + 2),
        role="img",
        aria_label="what waits for what",
    )
    return joined(
        tag("div", picture, class_="drawing"),
        tag("p", f"and {more} more", class_="dim") if more else "",
    )


def _depths(nodes: Mapping[str, Sequence[str]]) -> dict[str, int]:
    """Return how far from the left each stands. A circle, which no plan has, ends where it began."""
    found: dict[str, int] = {}

    def depth(name: str, above: tuple[str, ...]) -> int:
        if name not in found:
            needs = [need for need in nodes[name] if need in nodes and need not in (*above, name)]
            found[name] = max((depth(need, (*above, name)) + 1 for need in needs), default=0)
        return found[name]

    return {name: depth(name, ()) for name in nodes}


def _edge(start: tuple[int, int], end: tuple[int, int]) -> Markup:
    x1, y1, x2, y2 = start[0] + WIDE, start[1] + HIGH // 2, end[0], end[1] + HIGH // 2
    middle = (x1 + x2) // 2
    return tag("path", d=f"M{x1} {y1}C{middle} {y1} {middle} {y2} {x2} {y2}")


def _box(at: tuple[int, int], name: str, sign: str) -> Markup:
    kind, _, own = name.rpartition("/")
    told = own if len(own) <= LONGEST else f"{own[: LONGEST - 1]}…"
    left = str(at[0] + 8)
    return tag(
        "g",
        tag("title", name),
        tag("rect", x=str(at[0]), y=str(at[1]), width=str(WIDE), height=str(HIGH), rx="5"),
        tag("text", f"{sign} {kind}".strip(), x=left, y=str(at[1] + 17), class_="of"),
        tag("text", told, x=left, y=str(at[1] + 34)),
    )

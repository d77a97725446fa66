"""A report as one HTML page: documents as `-o json` writes them in, a page for reviewers and archives out.

The page needs no other file and no network, and is complete without its script. Everything that is put into it is
escaped, unless it was made here: no value can break out of its place. What a document contains is up to `report.json`.
"""

import base64
import hashlib
import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from html import escape

from reconciler.apply import State
from reconciler.model import (
    Action,
    Address,
    CapacityChange,
    Cost,
    Json,
    PlannedCapacity,
    Vcpus,
    partition_of,
)
from reconciler.problems import Exit, Where
from reconciler.redact.presented import with_names
from reconciler.report.summary import (
    ACTIONS,
    DRIFT_HEADINGS,
    PLAN_HEADINGS,
    ChangeFacts,
    ChangeHarm,
    DriftTier,
    Entry,
    FieldFacts,
    SummaryRow,
    capacity_line,
    drift_entries,
    drift_rows,
    entries_of,
    jobs_at_most,
    rows_of,
)
from reconciler.report.text.values import block, change_in_line, diff_lines, duration, place
from reconciler.report.who import authors_in

# HTML in which no value can break out of its place: whatever is put into it is escaped, unless it was made here.

VOID = ("meta", "input", "br", "wbr")
_FOLDS = re.compile(r"(?<!&)([./,:_=-]+|(?<=[a-z0-9])(?=[A-Z]))(?=\w)")
DRAWN = ("path", "rect", "line")  # of SVG, where an element without a slash or an end has all that follows inside of it


class Markup(str):
    """HTML that is safe already."""

    __slots__ = ()


Part = str | Iterable[str]


def tag(name: str, /, *parts: Part, **attributes: str | bool) -> Markup:
    """Return an element. In names of attributes `_` is `-`, and one at the end is dropped; False leaves one out."""
    written = "".join(_attribute(key, value) for key, value in attributes.items() if value is not False)
    if name in VOID:
        return Markup(f"<{name}{written}>")
    if name in DRAWN:
        return Markup(f"<{name}{written}/>")
    return Markup(f"<{name}{written}>{joined(*parts)}</{name}>")


def breakable(text: str) -> Markup:
    """Return a text that a browser may fold behind a dot, a slash or the like, and not in a word."""
    return Markup(_FOLDS.sub(r"\1<wbr>", escape(text)))


def joined(*parts: Part) -> Markup:
    return Markup("".join(_safe(text) for part in parts for text in ((part,) if isinstance(part, str) else part)))


def raw(name: str, text: str) -> Markup:
    """Return an element whose text is our own: a style, or a script."""
    return Markup(f"<{name}>{text}</{name}>")


def _safe(text: str) -> str:
    return text if isinstance(text, Markup) else escape(text)


def _attribute(key: str, value: object) -> str:
    name = key.rstrip("_").replace("_", "-")
    return f" {name}" if value is True else f' {name}="{escape(str(value))}"'


# What waits for what, as a drawing: from left to right, each behind all that it waits for.

MOST = 60  # boxes: a drawing of more is unreadable
WIDE, HIGH, GAP_X, GAP_Y = 290, 44, 60, 12
LONGEST = 36  # characters of a name in a box, or of one that is not folded in a table


def drawing(nodes: Mapping[str, Sequence[str]], signs: Mapping[str, str]) -> Markup:
    """Draw nodes with what each waits for; `signs` stand in front of their names. Empty where nothing waits."""
    shown = dict(list(nodes.items())[:MOST])
    edges = [(name, need) for name, needs in shown.items() for need in needs if need in shown and need != name]
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
        [_edge(at[need], at[name]) for name, need in edges],
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
    """Return the column of each node, from the left. A cycle, which no plan contains, ends where it began."""
    depths: dict[str, int] = {}

    def depth(name: str, above: tuple[str, ...]) -> int:
        if name not in depths:
            needs = [need for need in nodes[name] if need in nodes and need not in (*above, name)]
            depths[name] = max((depth(need, (*above, name)) + 1 for need in needs), default=0)
        return depths[name]

    return {name: depth(name, ()) for name in nodes}


def _edge(start: tuple[int, int], end: tuple[int, int]) -> Markup:
    x1, y1, x2, y2 = start[0] + WIDE, start[1] + HIGH // 2, end[0], end[1] + HIGH // 2
    middle = (x1 + x2) // 2
    return tag("path", d=f"M{x1} {y1}C{middle} {y1} {middle} {y2} {x2} {y2}")


def _box(at: tuple[int, int], name: str, sign: str) -> Markup:
    kind, _, own = name.rpartition("/")
    shown = own if len(own) <= LONGEST else f"{own[: LONGEST - 1]}…"
    left = str(at[0] + 8)
    return tag(
        "g",
        tag("title", name),
        tag("rect", x=str(at[0]), y=str(at[1]), width=str(WIDE), height=str(HIGH), rx="5"),
        tag("text", f"{sign} {kind}".strip(), x=left, y=str(at[1] + 17), class_="of"),
        tag("text", shown, x=left, y=str(at[1] + 34)),
    )


# The style and the script of a page: all that it needs is in it, and nothing is fetched.

STYLE = """
:root{color-scheme:light dark;--bg:#fff;--fg:#1b1f24;--dim:#5b6470;--line:#d5dae1;--card:#f6f8fa;--add:#116329;
--change:#8a5a00;--gone:#b3261e;--other:#0550ae;--mark:#fff3c4}
@media (prefers-color-scheme:dark){:root{--bg:#0f141a;--fg:#e6eaf0;--dim:#98a2b0;--line:#2b333d;--card:#161c24;
--add:#56d364;--change:#e3b341;--gone:#ff7b72;--other:#79c0ff;--mark:#3d3200}}
*{box-sizing:border-box}
body{margin:0 auto;max-width:75rem;padding:1.25rem;background:var(--bg);color:var(--fg);
font:15px/1.5 system-ui,-apple-system,"Segoe UI",Roboto,sans-serif}
h1{font-size:1.5rem;margin:0 0 .25rem}h2{font-size:1.15rem;margin:2rem 0 .25rem}h3{font-size:1rem;margin:1.5rem 0 .5rem}
p{margin:.25rem 0}.dim{color:var(--dim)}code,.mono{font:13px/1.45 ui-monospace,SFMono-Regular,Menlo,Consolas,monospace;
overflow-wrap:break-word}
a{color:var(--other)}
.chips{display:flex;flex-wrap:wrap;gap:.4rem;margin:.6rem 0}
.chip{border:1px solid var(--line);border-radius:1rem;padding:.1rem .7rem;font-size:.85rem;white-space:nowrap}
.chip b{font-variant-numeric:tabular-nums}
.tools{display:flex;flex-wrap:wrap;gap:.6rem;align-items:center;position:sticky;top:0;background:var(--bg);
padding:.6rem 0;border-bottom:1px solid var(--line);z-index:1}
.tools input[type=search]{flex:1 1 14rem;padding:.4rem .6rem;border:1px solid var(--line);border-radius:.4rem;
background:var(--card);color:inherit;font:inherit}
.tools label{font-size:.85rem;display:flex;gap:.25rem;align-items:center}
details{border:1px solid var(--line);border-radius:.5rem;margin:.5rem 0;background:var(--card)}
summary{cursor:pointer;padding:.5rem .75rem;overflow-wrap:break-word}
summary:focus-visible{outline:2px solid var(--other)}
details>div{padding:0 .75rem .75rem;overflow-x:auto}
.sign{display:inline-block;min-width:2.2em;font-weight:700;font-family:ui-monospace,monospace}
.add{color:var(--add)}.change{color:var(--change)}.gone{color:var(--gone)}.other{color:var(--other)}
.refused{border-left:3px solid var(--gone);padding:.2rem .6rem;margin:.4rem 0;background:var(--mark)}
table{border-collapse:collapse;width:100%;font-size:.9rem}th,td{text-align:left;vertical-align:top;
padding:.3rem .5rem;border-top:1px solid var(--line)}th{font-weight:600;color:var(--dim);border-top:0}
td pre{margin:0;white-space:pre-wrap;overflow-wrap:break-word;font:13px/1.45 ui-monospace,monospace}
.wide{overflow-x:auto}table.members td:first-child{min-width:12rem}
table.members td:nth-child(n+2) pre{min-width:8rem}
.drawing{overflow-x:auto}svg{display:block}svg text{font:12px ui-monospace,monospace;fill:var(--fg)}
svg text.of{fill:var(--dim);font-size:11px}
svg rect{fill:var(--card);stroke:var(--line)}svg path{fill:none;stroke:var(--dim);stroke-width:1.2}
.empty{padding:2rem;text-align:center;color:var(--dim)}
[hidden]{display:none!important}
@media (min-width:60rem){table.summary td:not(.text){white-space:nowrap}}
@media (max-width:40rem){body{padding:.75rem}table.members thead,table.summary thead{display:none}
table.members tr,table.summary tr{display:block;border-top:1px solid var(--line);padding:.3rem 0}
table.members td,table.summary td{display:block;border:0;padding:.1rem 0}table.summary td:empty{display:none}
table.summary td:nth-child(-n+2){display:inline-block;margin-right:.5rem}table.members td:first-child{min-width:0}}
@media print{.tools{display:none}details{break-inside:avoid}}
"""
SCRIPT = """
const find=document.getElementById('find'),boxes=[...document.querySelectorAll('.tools input[type=checkbox]')];
function show(){const words=find.value.toLowerCase().split(/\\s+/).filter(Boolean);
const off=new Set(boxes.filter(b=>!b.checked).map(b=>b.value));
for(const part of document.querySelectorAll('[data-kind]')){const text=part.textContent.toLowerCase();
part.hidden=off.has(part.dataset.kind)||!words.every(w=>text.includes(w));}}
find.addEventListener('input',show);boxes.forEach(b=>b.addEventListener('change',show));
document.querySelector('.tools').hidden=false;
"""


# By the words of documents: how they look, and in which order they are read; what destroys comes first.
LOOKS: Mapping[str, str] = {
    **dict.fromkeys(("delete", "replace", "blue-green", "retire", "repair"), "gone"),
    **dict.fromkeys(("missing", "unhealthy", "foreign"), "gone"),
    **dict.fromkeys(("update", "new revision", "changed", "undeclared"), "change"),
    "pending": "dim",
    "create": "add",
}
TEXT = 2  # the column of a table that is folded
TIERS = ("changed", "undeclared", "missing", "foreign", "pending")
ACTIONS_BY_WORD = {word: action for action, word in ACTIONS.items()}
LINES = {"+": "add", "-": "gone", "~": "change"}


def html_page(documents: Sequence[Json]) -> str:
    """Return a page of all documents, as `-o json` writes them: those of stacks, or one of many deployments."""
    fleets = [document for document in documents if _kind(document) == "fleet"]
    body = joined(
        [_fleet(document) for document in fleets]
        if fleets
        else [_section(document, _title(document), _body(document)) for document in documents],
        tag("p", "Nothing to show.", class_="empty") if not documents else "",
    )
    kinds = Counter(kind for document in documents for kind in _kinds(document))
    head = joined(
        tag("meta", charset="utf-8"),
        tag("meta", http_equiv="Content-Security-Policy", content=_security()),
        tag("meta", name="viewport", content="width=device-width,initial-scale=1"),
        tag("meta", name="robots", content="noindex"),
        tag("title", f"reconciler: {_headline(documents)}"),
        raw("style", STYLE),
    )
    page = tag(
        "html",
        tag("head", head),
        tag("body", tag("h1", _headline(documents)), _tools(kinds), body, raw("script", SCRIPT)),
        lang="en",
    )
    return f"<!doctype html>\n{page}\n"


def _security() -> str:
    """Allow our own style and script, by their digests, and nothing else."""
    style, script = (base64.b64encode(hashlib.sha256(text.encode()).digest()).decode() for text in (STYLE, SCRIPT))
    ours = f"style-src 'sha256-{style}'; script-src 'sha256-{script}'"
    return f"default-src 'none'; {ours}; base-uri 'none'; form-action 'none'"


def _headline(documents: Sequence[Json]) -> str:
    commands = dict.fromkeys(str(document.get("command", _kind(document))) for document in documents)
    counted = sum(len(document["targets"]) if _kind(document) == "fleet" else 1 for document in documents)
    noun = "deployment" if any(_kind(document) == "fleet" for document in documents) else "stack"
    return f"{(', '.join(commands) or 'report').capitalize()} of {counted} {noun}{'' if counted == 1 else 's'}"


def _tools(kinds: Counter[str]) -> Markup:
    """The filter is shown by the script: without one, the page is whole."""
    boxes = [
        tag("label", tag("input", type="checkbox", value=kind, checked=True), f"{kind} ({count})")
        for kind, count in kinds.items()
    ]
    search = tag(
        "input", id="find", type="search", placeholder="Filter by resource, field or value", aria_label="filter"
    )
    return tag("div", search, boxes, class_="tools", hidden=True)


def _fleet(document: Json) -> Markup:
    summary = {word: count for word, count in document["summary"].items() if count and word != "targets"}
    rows = [
        (
            "",
            [
                _name_of(deployment, f"#t{index}" if _is_news(deployment) else ""),
                tag("span", str(deployment["came_to"]), class_=_look_of(deployment)),
                breakable(str(deployment["told"])),
                Markup(f"{deployment['seconds']:.1f} s"),
            ],
        )
        for index, deployment in enumerate(document["targets"])
    ]
    notes = [_problem(note) for note in document.get("notes", ())]
    table = _grid(("deployment", "result", "summary", "took"), rows)
    return joined(_chips(summary), notes, table, _deployment_sections(document["targets"]))


def _name_of(deployment: Json, link: str) -> Markup:
    name = _folded_if_long(str(deployment["target"]))
    return tag("a", name, href=link) if link else name


def _deployment_sections(deployments: Sequence[Json]) -> Iterator[Markup]:
    """Yield a section for each deployment, and a single one for those that read the same wherever they are."""
    equal: dict[Markup, list[tuple[int, Json]]] = {}
    for index, deployment in enumerate(deployments):
        if _is_news(deployment):
            equal.setdefault(_body(deployment["result"]), []).append((index, deployment))
    for body, each in equal.items():
        index, first = each[0]
        if len(each) == 1:
            yield _section(first["result"], first["target"], body, anchor=f"t{index}")
        else:
            items = [
                tag(
                    "li",
                    tag("b", breakable(deployment["target"])),
                    " ",
                    _location(deployment["result"]),
                    id=f"t{index}",
                )
                for index, deployment in each
            ]
            heading = tag("h2", breakable(first["target"]), f" and {len(each) - 1} more")
            yield tag("section", heading, tag("p", f"The same in {len(each)} deployments:"), tag("ul", items), body)


def _is_news(entry: Json) -> bool:
    result = entry["result"]
    return isinstance(result, Mapping) and (entry["exit"] != 0 or any(_kinds(result)))


def _look_of(entry: Json) -> str:
    if entry["exit"] not in (Exit.DONE, Exit.CHANGES):
        return "gone"
    return "change" if entry["exit"] == Exit.CHANGES or entry["came_to"] == "with changes" else "add"


def _section(document: Json, title: str, body: Markup, anchor: str = "") -> Markup:
    return tag("section", tag("h2", breakable(title)), tag("p", _location(document)), body, id=anchor or False)


def _location(document: Json) -> Markup:
    """Return where a stack is, with what names its plan; nothing for an error."""
    if "account" not in document:
        return Markup("")
    named = f", fingerprint {document['fingerprint'][:16]}" if document.get("fingerprint") else ""
    text = f"account {document['account']}, region {document.get('region', '')}{named}"
    return tag("span", text, class_="dim")


def _body(document: Json) -> Markup:
    """Return what a document says, apart from where its stack is."""
    if "error" in document and "changes" not in document:
        return _stopped(document)
    changes = list(_entries(document))
    counts = {word: count for word, count in document.get("summary", {}).items() if count}
    region = str(document.get("region"))
    prefix = f"arn:{partition_of(region)}:batch:{region}:{document.get('account')}:"
    table, entries = _read_plan(document, prefix) if "changes" in document else _read_drift(document, prefix)
    of_changes = [refusal for _, change in changes for refusal in change.get("refusals", ())]
    nodes = {change["address"]: change.get("after") or () for change in document.get("changes", ())}
    needed = {need for needs in nodes.values() for need in needs}
    drawn = {name: needs for name, needs in nodes.items() if needs or name in needed}
    picture = drawing(drawn, {change["address"]: change.get("sign", "") for _, change in changes})
    return joined(
        _chips({state: count for state, count in document.get("outcome", {}).items() if count}),
        _results(document.get("results", ())),
        _chips(counts),
        _capacity(document.get("capacity")),
        [_problem(refusal) for refusal in document.get("refusals", ()) if refusal not in of_changes],
        table,
        [_entry(entry, kind) for kind, entry in entries],
        [_unhealthy(resource) for resource in document.get("unhealthy", ())],
        [tag("p", tag("b", "Changed by: "), breakable(line)) for line in authors_in(document)],
        [_problem(note) for note in document.get("notes", ())],
        tag("p", "No changes.", class_="dim") if not changes and not document.get("unhealthy") else "",
        joined(tag("h3", "Order"), picture) if picture else "",
    )


def _capacity(capacity: Json) -> Markup:
    """Return the line on the capacity; older documents have none."""
    if not isinstance(capacity, Mapping):
        return Markup("")
    sorts = (CapacityChange(each["sort"], _vcpus(each["before"]), _vcpus(each["after"])) for each in capacity["sorts"])
    line = capacity_line(PlannedCapacity(tuple(sorts)))
    return tag("p", line) if line else Markup("")


def _vcpus(vcpus: Json) -> Vcpus:
    return Vcpus(**{name: vcpus[name] for name in ("at_least", "at_most", "extra_instances", "unknown")})


def _stopped(document: Json) -> Markup:
    error = document["error"] if isinstance(document["error"], Mapping) else {"message": str(document["error"])}
    message = tag("p", tag("b", "Stopped: "), str(error.get("message", "")), class_="refused")
    return joined(message, [_problem(problem) for problem in document.get("problems", error.get("problems", ()))])


def _table(headings: Sequence[str], rows: Sequence[SummaryRow]) -> Markup:
    """Return the table: a row for each entry, as in text. A small screen has its columns below each other."""
    return _grid(headings, [(_kind_of_row(row), _cells(row)) for row in rows])


def _cells(row: SummaryRow) -> list[Markup]:
    source = place(row.where)
    return [
        tag("span", row.sign, class_=f"sign {LOOKS.get(row.sign) or _look_of_harm(row.harm)}"),
        tag("b", _folded_if_long(row.resource)),
        tag("code", breakable(row.what)) if row.what else Markup(""),
        tag("span", row.outcome, class_=_look_of_harm(row.harm)) if row.outcome else Markup(""),
        tag("span", row.jobs, class_="gone") if row.jobs else Markup(""),
        tag("code", _folded_if_long(source), class_="dim") if source else Markup(""),
    ]


def _kind_of_row(row: SummaryRow) -> str:
    """Return the word by which a row is filtered: as that of its box."""
    return row.sign if row.sign in tuple(DriftTier) else ACTIONS[Action(row.sign)]


def _grid(headings: Sequence[str], rows: Sequence[tuple[str, Sequence[Markup]]]) -> Markup:
    """Return a table without its empty columns; each row has the word by which it is filtered, and its cells."""
    filled = [index for index in range(len(headings)) if any(cells[index] for _, cells in rows)]
    if not filled:
        return Markup("")
    heads = tag("thead", tag("tr", [tag("th", headings[index]) for index in filled]))
    body = [
        tag(
            "tr",
            [tag("td", cells[index], class_="text" if index == TEXT else False) for index in filled],
            data_kind=kind or False,
        )
        for kind, cells in rows
    ]
    return tag("div", tag("table", heads, tag("tbody", body), class_="summary"), class_="wide")


def _folded_if_long(text: str) -> Markup:
    return breakable(text) if len(text) > LONGEST else Markup(escape(text))


def _results(results: Sequence[Json]) -> Markup:
    """Return the table of what became of each change."""
    rows = [
        (
            str(result["action"]),
            [
                tag("span", str(result["state"]), class_="add" if result["state"] == State.DONE else "gone"),
                tag("b", _folded_if_long(str(result["address"]))),
                breakable("; ".join(filter(None, (str(result["message"]), str(result["hint"]))))),
                Markup(duration(result["seconds"]) if result["seconds"] >= 1 else ""),
            ],
        )
        for result in results
    ]
    return _grid(("result", "resource", "message", "took"), rows)


def _look_of_harm(harm: ChangeHarm) -> str:
    return (
        "gone" if harm <= ChangeHarm.JOBS else {ChangeHarm.REVISION: "change", ChangeHarm.NEW: "add"}.get(harm, "dim")
    )


Entries = Sequence[tuple[str, Entry[Json]]]  # each with the word by which it is filtered


def _read_plan(document: Json, prefix: str) -> tuple[Markup, Entries]:
    """Return the table and the entries. What a later version writes and we do not know is shown as it is."""
    changes = list(_entries(document))
    words = {id(change): word for word, change in changes}
    entries = entries_of([change for _, change in changes], lambda change: _facts(change, prefix))
    return _table(PLAN_HEADINGS, rows_of(entries)), [(words[id(entry.numbered[0][1])], entry) for entry in entries]


def _read_drift(document: Json, prefix: str) -> tuple[Markup, Entries]:
    """Return the table, and the entries of which it does not say everything."""
    tiers: dict[DriftTier, Sequence[Json]] = {
        tier: document.get(tier, ()) for tier in DriftTier if tier is not DriftTier.UNHEALTHY
    }
    entries = drift_entries(tiers, lambda change: _facts(change, prefix))
    unhealthy = [
        (
            str(resource["address"]),
            ": ".join(filter(None, (str(resource["status"]), str(resource.get("reason") or "")))),
        )
        for resource in document.get("unhealthy", ())
    ]
    detailed = [(tier, entry) for tier, entry in entries if entry.fields or entry.is_group or entry.first.refusals]
    return _table(DRIFT_HEADINGS, drift_rows(entries, unhealthy)), detailed


def _facts(change: Json, prefix: str) -> ChangeFacts:
    kind, _, name = str(change["address"]).partition("/")
    cost, interrupts = str(change.get("class")), change.get("interrupts")
    address = str(change["address"])
    return ChangeFacts(
        action=ACTIONS_BY_WORD.get(str(change.get("action")), Action.WAIT),
        address=Address(kind, name),
        cost=Cost(cost) if cost in tuple(Cost) else None,
        read_fields=lambda: (_field_facts(field, prefix) for field in change.get("fields", ())),
        reasons=tuple(map(str, change.get("reasons", ()))),
        losses=tuple(map(str, change.get("losses", ()))),
        refusals=tuple(str(refusal["message"]).removeprefix(f"{address}: ") for refusal in change.get("refusals", ())),
        jobs=jobs_at_most(interrupts["at_most"]) if interrupts else "",
        where=_where(change),
    )


def _field_facts(field: Json, prefix: str) -> FieldFacts:
    cost = str(field.get("class"))
    return FieldFacts(
        path=str(field["path"]),
        before=with_names(field["before"], prefix),
        after=with_names(field["after"], prefix),
        cost=Cost(cost) if cost in tuple(Cost) else Cost.METADATA,
        marks=next(((word,) for word in ("undeclared", "drift") if field.get(word)), ()),
        why=str(field.get("why") or ""),
        where=_where(field),
        is_redacted=bool(field.get("sensitive")),
    )


def _where(entry: Json) -> Where | None:
    return Where(entry["file"], entry["line"]) if entry.get("file") and entry.get("line") else None


def _entry(entry: Entry[Json], kind: str) -> Markup:
    """Return a box for a change, or for several equal ones with their names."""
    change, first = entry.numbered[0][1], entry.first
    look = _look_of_harm(first.harm) if kind in ACTIONS_BY_WORD else LOOKS.get(kind, "other")
    reasons = [reason for reason in first.reasons if reason not in first.losses]
    about = "; ".join(filter(None, (first.outcome if first.outcome != kind else "", *reasons)))
    where = "" if entry.is_group else place(first.where)
    summary = tag(
        "summary",
        tag("span", first.action.value if entry.is_group else change.get("sign", ""), class_=f"sign {look}"),
        tag("b", breakable(entry.resources)),
        f" {kind}",
        tag("span", f" · {about}" if about else "", class_="dim"),
        tag("span", f" · {'; '.join(first.losses)}" if first.losses else "", class_="gone"),
        tag("span", " · ", breakable(where), class_="dim mono") if where else "",
    )
    fields = entry.fields
    rows = [_field(field) for field in fields]
    sides = ("declared", "live") if kind in TIERS else ("before", "after")
    heads = tag("thead", tag("tr", [tag("th", word) for word in ("field", *sides, "")]))
    table = tag("table", heads, tag("tbody", rows), class_="members") if rows else ""
    refusals = [_problem(refusal) for refusal in change.get("refusals", ())] if first.refusals else []
    names = [tag("p", tag("b", f"{count}: "), breakable(", ".join(each))) for count, each in entry.names.items()]
    return tag(
        "details",
        summary,
        tag("div", refusals, table, names if entry.is_group else ()),
        open=look == "gone" or bool(refusals),
        data_kind=kind,
    )


def _field(field: FieldFacts) -> Markup:
    why = "; ".join(filter(None, (*field.marks, field.why)))
    path = tag("td", tag("code", breakable(field.path)))
    if field.before is None or field.after is None or change_in_line(field.before, field.after) is not None:
        sides = [tag("td", _value(field.before), class_="gone"), tag("td", _value(field.after), class_="add")]
    else:
        sides = [tag("td", _difference(field), colspan="2")]
    return tag("tr", path, sides, tag("td", why, class_="dim"))


def _difference(field: FieldFacts) -> Markup:
    lines = [
        tag("span", breakable(f"{sign} {'  ' * depth}{text}\n"), class_=LINES.get(sign, "dim"))
        for sign, text, depth in diff_lines(field.before, field.after)
    ]
    return tag("pre", lines)


def _value(value: Json) -> Markup:
    return tag("pre", breakable("\n".join(block(value)))) if value is not None else Markup("")


def _unhealthy(resource: Json) -> Markup:
    known = [word for word in ("reason", "cause", "remedy") if resource.get(word)]
    lines = [tag("p", tag("b", f"{word}: "), str(resource[word])) for word in known]
    address, status = tag("b", resource["address"]), f" is {resource['status']}"
    summary = tag("summary", tag("span", "!", class_="sign gone"), address, status)
    return tag("details", summary, tag("div", lines), open=True, data_kind="unhealthy")


def _problem(problem: Json) -> Markup:
    where = f"{problem['file']}:{problem['line']}: " if problem.get("file") and problem.get("line") else ""
    hint = tag("p", f"hint: {problem['hint']}", class_="dim") if problem.get("hint") else ""
    return tag(
        "div",
        tag("p", tag("b", f"{problem.get('code', '')} "), f"{where}{problem.get('message', '')}"),
        hint,
        class_="refused",
    )


def _chips(counts: Mapping[str, int]) -> Markup:
    return tag(
        "div",
        [
            tag("span", tag("b", str(count)), f" {word.replace('_', ' ')}", class_="chip")
            for word, count in counts.items()
        ],
        class_="chips",
    )


def _entries(document: Json) -> Iterator[tuple[str, Json]]:
    """Yield each change with the word for it: of a plan its action, of a drift its tier; what destroys comes first."""
    changes = [(str(change["action"]), change) for change in document.get("changes", ())]
    changes += [(tier, change) for tier in TIERS for change in document.get(tier, ())]
    order = {"gone": 0, "change": 1, "add": 2, "other": 3, "dim": 3}
    yield from sorted(changes, key=lambda pair: order[LOOKS.get(pair[0], "other")])


def _kinds(document: Json) -> list[str]:
    if _kind(document) == "fleet":
        return [
            kind
            for deployment in document["targets"]
            if isinstance(deployment["result"], Mapping)
            for kind in _kinds(deployment["result"])
        ]
    return [*(kind for kind, _ in _entries(document)), *("unhealthy" for _ in document.get("unhealthy", ()))]


def _kind(document: Json) -> str:
    return str(document.get("document", ""))


def _title(document: Json) -> str:
    return str(document.get("stack") or _kind(document) or "error")

"""One page that needs nothing but itself, made of the documents that `-o json` gives, for reviewers and archives."""

import base64
import hashlib
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence

from reconciler.model import Json, partition_of
from reconciler.problems import Exit
from reconciler.report.html.drawing import drawing
from reconciler.report.html.looks import SCRIPT, STYLE
from reconciler.report.html.tags import Markup, joined, raw, tag
from reconciler.report.values import block

WIDTH = 80
# By the words of documents: how they look, and in which order they are read; what destroys comes first.
LOOKS: Mapping[str, str] = {
    **dict.fromkeys(("delete", "replace", "blue-green", "retire", "repair"), "gone"),
    **dict.fromkeys(("missing", "unhealthy", "foreign"), "gone"),
    **dict.fromkeys(("update", "new revision", "changed", "undeclared"), "change"),
    "create": "add",
}
TIERS = ("changed", "undeclared", "missing", "foreign", "pending")
NOTHING = "no changes"


def html_page(documents: Sequence[Json]) -> str:
    """Return a page of all documents, which are as `-o json` gives them: those of stacks, or one of many targets."""
    targets = [one for one in documents if _kind(one) == "fleet"]
    body = joined(
        [_fleet(one) for one in targets] if targets else [_section(one, _title(one)) for one in documents],
        tag("p", "Nothing to show.", class_="empty") if not documents else "",
    )
    kinds = Counter(kind for one in documents for kind in _kinds(one))
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
    commands = dict.fromkeys(str(one.get("command", _kind(one))) for one in documents)
    counted = sum(len(one["targets"]) if _kind(one) == "fleet" else 1 for one in documents)
    noun = "target" if any(_kind(one) == "fleet" for one in documents) else "stack"
    return f"{(', '.join(commands) or 'report').capitalize()} of {counted} {noun}{'' if counted == 1 else 's'}"


def _tools(kinds: Counter[str]) -> Markup:
    """The filter is shown by the script: without one, the page is whole."""
    boxes = [
        tag("label", tag("input", type="checkbox", value=kind, checked=True), f"{kind} ({count})")
        for kind, count in kinds.items()
    ]
    search = tag(
        "input", id="find", type="search", placeholder="Filter by resource, member or value", aria_label="filter"
    )
    return tag("div", search, boxes, class_="tools", hidden=True)


def _fleet(document: Json) -> Markup:
    summary = {word: count for word, count in document["summary"].items() if count and word != "targets"}
    rows = [
        tag(
            "tr",
            tag("td", tag("a", one["target"], href=f"#t{index}") if _is_news(one) else one["target"]),
            tag("td", tag("span", one["came_to"], class_=_look_of(one))),
            tag("td", one["told"]),
            tag("td", f"{one['seconds']:.1f} s"),
        )
        for index, one in enumerate(document["targets"])
    ]
    heads = tag("thead", tag("tr", [tag("th", word) for word in ("target", "result", "", "took")]))
    sections = [
        _section(one["result"], one["target"], anchor=f"t{index}")
        for index, one in enumerate(document["targets"])
        if _is_news(one)
    ]
    notes = [_problem(note) for note in document.get("notes", ())]
    return joined(_chips(summary), notes, tag("table", heads, tag("tbody", rows)), sections)


def _is_news(entry: Json) -> bool:
    result = entry["result"]
    return isinstance(result, Mapping) and (entry["exit"] != 0 or any(_kinds(result)))


def _look_of(entry: Json) -> str:
    if entry["exit"] not in (Exit.DONE, Exit.CHANGES):
        return "gone"
    return "change" if entry["exit"] == Exit.CHANGES or entry["came_to"] == "with changes" else "add"


def _section(document: Json, title: str, anchor: str = "") -> Markup:
    if "error" in document and "changes" not in document:
        return _stopped(document, title, anchor)
    changes = list(_entries(document))
    place = f"account {document.get('account', '')}, region {document.get('region', '')}"
    named = f", fingerprint {document['fingerprint'][:16]}" if document.get("fingerprint") else ""
    counts = {word: count for word, count in document.get("summary", {}).items() if count}
    region = str(document.get("region"))
    short = f"arn:{partition_of(region)}:batch:{region}:{document.get('account')}:"
    told = [refusal for _, change in changes for refusal in change.get("refusals", ())]
    nodes = {change["address"]: change.get("after") or () for _, change in changes}
    picture = drawing(nodes, {change["address"]: change.get("sign", "") for _, change in changes})
    return tag(
        "section",
        tag("h2", title),
        tag("p", f"{place}{named}", class_="dim"),
        _chips(counts),
        [_problem(one) for one in document.get("refusals", ()) if one not in told],
        [_change(kind, change, short) for kind, change in changes],
        [_unhealthy(one) for one in document.get("unhealthy", ())],
        [_problem(one) for one in document.get("notes", ())],
        tag("p", "No changes.", class_="dim") if not changes and not document.get("unhealthy") else "",
        joined(tag("h3", "Order"), picture) if picture else "",
        id=anchor or False,
    )


def _stopped(document: Json, title: str, anchor: str) -> Markup:
    error = document["error"] if isinstance(document["error"], Mapping) else {"message": str(document["error"])}
    told = tag("p", tag("b", "Stopped: "), str(error.get("message", "")), class_="refused")
    problems = [_problem(one) for one in document.get("problems", error.get("problems", ()))]
    return tag("section", tag("h2", title), told, problems, id=anchor or False)


def _change(kind: str, change: Json, short: str) -> Markup:
    look = LOOKS.get(kind, "other")
    cost = str(change.get("class") or "")
    losses = change.get("losses", ())
    told = [reason for reason in change.get("reasons", ()) if reason not in losses]
    about = "; ".join(filter(None, (cost if cost != kind else "", *told)))
    where = f"{change['file']}:{change['line']}" if change.get("file") and change.get("line") else ""
    summary = tag(
        "summary",
        tag("span", change.get("sign", ""), class_=f"sign {look}"),
        tag("b", change["address"]),
        f" {kind}",
        tag("span", f" · {about}" if about else "", class_="dim"),
        tag("span", f" · {'; '.join(losses)}" if losses else "", class_="gone"),
        tag("span", f" · {where}" if where else "", class_="dim mono"),
    )
    rows = [_member(one, short) for one in change.get("fields", ())]
    heads = tag("thead", tag("tr", [tag("th", word) for word in ("member", "before", "after", "")]))
    table = tag("table", heads, tag("tbody", rows), class_="members") if rows else ""
    refusals = [_problem(one) for one in change.get("refusals", ())]
    return tag("details", summary, tag("div", refusals, table), open=look == "gone" or bool(refusals), data_kind=kind)


def _member(field: Json, short: str) -> Markup:
    marks = [word for word in ("drift", "undeclared") if field.get(word)]
    why = "; ".join(filter(None, (*marks, field.get("why", ""))))
    return tag(
        "tr",
        tag("td", tag("code", field["path"])),
        tag("td", _value(field["before"], short), class_="gone"),
        tag("td", _value(field["after"], short), class_="add"),
        tag("td", why, class_="dim"),
    )


def _value(value: Json, short: str) -> Markup:
    return tag("pre", "\n".join(block(value, WIDTH)).replace(short, "")) if value is not None else Markup("")


def _unhealthy(one: Json) -> Markup:
    told = [tag("p", tag("b", f"{word}: "), str(one[word])) for word in ("reason", "cause", "remedy") if one.get(word)]
    summary = tag("summary", tag("span", "!", class_="sign gone"), tag("b", one["address"]), f" is {one['status']}")
    return tag("details", summary, tag("div", told), open=True, data_kind="unhealthy")


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
    found = [(str(one["action"]), one) for one in document.get("changes", ())]
    found += [(tier, one) for tier in TIERS for one in document.get(tier, ())]
    order = {"gone": 0, "change": 1, "add": 2, "other": 3}
    yield from sorted(found, key=lambda one: order[LOOKS.get(one[0], "other")])


def _kinds(document: Json) -> list[str]:
    if _kind(document) == "fleet":
        return [
            kind for one in document["targets"] if isinstance(one["result"], Mapping) for kind in _kinds(one["result"])
        ]
    return [*(kind for kind, _ in _entries(document)), *("unhealthy" for _ in document.get("unhealthy", ()))]


def _kind(document: Json) -> str:
    return str(document.get("document", ""))


def _title(document: Json) -> str:
    return str(document.get("stack") or _kind(document) or "error")

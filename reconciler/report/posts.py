"""What is posted where people talk: one comment for a plan, one issue for the drift of a target, and who is told."""

import hashlib
import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from reconciler.model import Json
from reconciler.problems import Exit
from reconciler.report.fleet import Outcome
from reconciler.report.markdown_text import code, details, prose
from reconciler.report.values import inline
from reconciler.report.words import number_of

TIERS = ("changed", "undeclared", "missing", "foreign", "unhealthy")
TOLD = ("changed", "undeclared")  # member by member; of the others, all of them would be told
MARK = "<!-- reconciler:"


@dataclass(frozen=True, slots=True)
class Issue:
    """What an issue about a target should be. `digest` is of what drifted: while it is the same, nothing is news."""

    target: str
    title: str
    body: str
    digest: str
    is_open: bool


def marked(key: str, body: str, digest: str = "") -> str:
    """Return a text that can be found again: it begins with a mark that nobody sees."""
    return f"{mark(key)}{f' {digest}' if digest else ''} -->\n{body}"


def mark(key: str) -> str:
    """Return how a text of ours with that key begins. A key cannot end the comment that it stands in."""
    return f"{MARK} {json.dumps(key).replace('--', '-' + chr(92) + 'u002d')}"


def digest_in(body: str) -> str:
    first = body.partition("\n")[0].removesuffix(" -->")
    return first.rpartition(" ")[2]


def is_known(outcome: Outcome) -> bool:
    """Whether it is known if a target has drifted: a check that failed tells nothing."""
    return outcome.exit in (Exit.DONE, Exit.CHANGES)


def check_sound(outcomes: Sequence[Outcome]) -> None:
    """Raise `ValueError` for a document that is not as `drift` writes it: nothing is posted of half of one."""
    try:
        for one in outcomes:
            if is_known(one):
                drift_issue(one)
    except (AttributeError, KeyError, TypeError) as error:
        raise ValueError("it is damaged") from error


def drift_digest(outcome: Outcome) -> str:
    """Return what tells one drift of a target from another; empty without drift."""
    found = {tier: _essence(outcome.result.get(tier, ())) for tier in TIERS}
    if not any(found.values()):
        return ""
    return hashlib.sha256(json.dumps(found, sort_keys=True).encode()).hexdigest()[:16]


def drift_issue(outcome: Outcome) -> Issue:
    digest = drift_digest(outcome)
    title = f"Drift in {outcome.target}"
    return Issue(outcome.target, title, "".join(_body(outcome)), digest, is_open=bool(digest))


def message(outcomes: Sequence[Outcome]) -> str:
    """Return some lines for a chat or a mail about targets that have drifted."""
    lines = [f"AWS Batch: drift in {number_of(len(outcomes), 'target')}"]
    for one in outcomes:
        names = [str(entry["address"]) for tier in TIERS for entry in one.result.get(tier, ())]
        lines.append(f"- {one.target}: {one.told} {', '.join(names)}")
    return "\n".join(lines)


def _essence(entries: Json) -> list[Json]:
    return [
        [
            entry["address"],
            entry.get("status"),
            [[one["path"], one["before"], one["after"]] for one in entry.get("fields", ())],
        ]
        for entry in entries
    ]


def _body(outcome: Outcome) -> Iterator[str]:
    result = outcome.result
    where = f"account {code(str(result.get('account')))}, region {code(str(result.get('region')))}"
    yield f"What is live differs from what was applied: {prose(outcome.told)}\n\n"
    yield f"Stack {code(str(result.get('stack')))}, {where}.\n\n"
    for tier in TIERS:
        for entry in result.get(tier, ()):
            said = ": ".join(str(entry[name]) for name in ("status", "reason") if entry.get(name))
            summary = f"{tier}: {code(str(entry['address']))} {prose(said)}"
            fields = entry.get("fields", ()) if tier in TOLD else ()
            lines = [line for one in fields for line in _lines(one)]
            yield details(summary, lines) if lines else f"- {summary}\n\n"
    yield "This issue is closed when the drift is gone: apply the stack, or write what is live into its YAML.\n"


def _lines(field: Mapping[str, Json]) -> Iterator[str]:
    """What is live is `before`, since a plan leads from there to what is declared."""
    yield f"  {field['path']}"
    if field["after"] is not None:
        yield f"- declared  {inline(field['after'])}"
    if field["before"] is not None:
        yield f"+ live      {inline(field['before'])}"

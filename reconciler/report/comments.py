"""What is posted where people talk: a comment for a plan, an issue for drift of a deployment, messages about it."""

import hashlib
import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, fields

from reconciler.model import Json
from reconciler.problems import Exit
from reconciler.report.fleet import Deployment, DeploymentOutcome
from reconciler.report.markdown import code, details, prose
from reconciler.report.text.values import inline, number_of
from reconciler.report.who import authors_in

TIERS = ("changed", "undeclared", "missing", "foreign", "unhealthy")
WITH_FIELDS = ("changed", "undeclared")  # tiers whose fields are listed; of the others, every field would be
MARK = "<!-- reconciler:"


@dataclass(frozen=True, slots=True)
class Issue:
    """What an issue about a target should be. `digest` is of what drifted: while it is the same, nothing is news."""

    outcome: DeploymentOutcome
    title: str
    text: str
    digest: str

    @property
    def target(self) -> str:
        return self.outcome.target

    @property
    def is_open(self) -> bool:
        return bool(self.digest)

    @property
    def body(self) -> str:
        """The text with the marker that identifies the issue."""
        return marked(asdict(self.outcome.deployment), self.text, self.digest)


@dataclass(frozen=True, slots=True)
class IssueMark:
    """What an issue says of itself: whose drift it is about, and the digest of that.

    Issues of before this had an identity have a `name` alone.
    """

    deployment: Deployment | None
    name: str
    digest: str

    def is_exactly_of(self, outcome: DeploymentOutcome) -> bool:
        return self.deployment == outcome.deployment

    def is_of(self, outcome: DeploymentOutcome) -> bool:
        if self.deployment is None:
            return self.name == outcome.target
        return self.deployment.is_same(outcome.deployment)


def marked(key: Json, body: str, digest: str = "") -> str:
    """Return a text that begins with a hidden marker, which identifies it."""
    return f"{mark(key)}{f' {digest}' if digest else ''} -->\n{body}"


def mark(key: Json) -> str:
    """Return how a text of ours with that key begins. A key cannot end the comment that it is in."""
    return f"{MARK} {json.dumps(key).replace('--', '-' + chr(92) + 'u002d')}"


def issue_mark(body: str) -> IssueMark | None:
    """Return the mark of an issue; None where there is none that can be read."""
    first = body.partition("\n")[0]
    if not first.startswith(f"{MARK} "):
        return None
    try:
        key, end = json.JSONDecoder().raw_decode(first, len(MARK) + 1)
    except (ValueError, RecursionError):
        return None
    digest = first[end:].removesuffix("-->").strip()
    if isinstance(key, str):
        return IssueMark(None, key, digest)
    if not isinstance(key, dict) or key.keys() != {column.name for column in fields(Deployment)}:
        return None
    if not all(value is None or isinstance(value, str) for value in key.values()):
        return None
    known = Deployment(**key)
    return IssueMark(known, _name(known), digest)


def claims(outcomes: Sequence[DeploymentOutcome], marks: Sequence[IssueMark]) -> tuple[list[list[int]], list[int]]:
    """Return for each outcome the numbers of the marks that are of it, the surest first; and those of none."""
    numbers: list[list[int]] = [[] for _ in outcomes]
    free = dict(enumerate(marks))
    for is_of in (IssueMark.is_exactly_of, IssueMark.is_of):
        for number, mark_ in list(free.items()):
            owner = next((index for index, outcome in enumerate(outcomes) if is_of(mark_, outcome)), None)
            if owner is not None:
                numbers[owner].append(number)
                del free[number]
    return numbers, list(free)


def _name(known: Deployment) -> str:
    environment = f"@{known.environment}" if known.environment else ""
    return "/".join([f"{known.stack}{environment}", *filter(None, (known.account, known.region))])


def is_known(outcome: DeploymentOutcome) -> bool:
    """Whether the drift of the deployment is known: it is not if the check failed."""
    return outcome.exit in (Exit.DONE, Exit.CHANGES)


def drift_digest(outcome: DeploymentOutcome) -> str:
    """Return a digest that differs between different drifts of a deployment; empty without drift."""
    drift = {tier: _essence(outcome.result.get(tier, ())) for tier in TIERS}
    if not any(drift.values()):
        return ""
    return hashlib.sha256(json.dumps(drift, sort_keys=True).encode()).hexdigest()[:16]


def drift_issue(outcome: DeploymentOutcome) -> Issue:
    digest = drift_digest(outcome)
    title = f"Drift in {outcome.target}"
    return Issue(outcome, title, "".join(_body(outcome)), digest)


def message(outcomes: Sequence[DeploymentOutcome]) -> str:
    """Return some lines for a chat or a mail about targets that have drifted."""
    lines = [f"AWS Batch: drift in {number_of(len(outcomes), 'deployment')}"]
    for outcome in outcomes:
        names = [str(entry["address"]) for tier in TIERS for entry in outcome.result.get(tier, ())]
        lines.append(f"- {outcome.target}: {outcome.told} {', '.join(names)}")
        lines += [f"  changed by: {line}" for line in authors_in(outcome.result)]
    return "\n".join(lines)


def _essence(entries: Json) -> list[Json]:
    return [
        [
            entry["address"],
            entry.get("status"),
            [[field["path"], field["before"], field["after"]] for field in entry.get("fields", ())],
        ]
        for entry in entries
    ]


def _body(outcome: DeploymentOutcome) -> Iterator[str]:
    result = outcome.result
    where = f"account {code(str(result.get('account')))}, region {code(str(result.get('region')))}"
    yield f"Live resources differ from what was applied: {prose(outcome.told)}\n\n"
    yield f"Stack {code(str(result.get('stack')))}, {where}.\n\n"
    for tier in TIERS:
        for entry in result.get(tier, ()):
            status = ": ".join(str(entry[name]) for name in ("status", "reason") if entry.get(name))
            summary = f"{tier}: {code(str(entry['address']))} {prose(status)}"
            fields = entry.get("fields", ()) if tier in WITH_FIELDS else ()
            lines = [line for field in fields for line in _lines(field)]
            yield details(summary, lines) if lines else f"- {summary}\n\n"
    authors = [f"- {prose(line)}\n" for line in authors_in(result)]
    yield from ("Changed by:\n\n", *authors, "\n") if authors else ()
    yield "This issue is closed when the drift is gone. Apply the stack, or write the live values into its YAML.\n"


def _lines(field: Mapping[str, Json]) -> Iterator[str]:
    """What is live is `before`, since a plan leads from there to what is declared."""
    yield f"  {field['path']}"
    if field["after"] is not None:
        yield f"- declared  {inline(field['after'])}"
    if field["before"] is not None:
        yield f"+ live      {inline(field['before'])}"

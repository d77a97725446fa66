"""What a plan comes to, as data that every report shares: entries of equal changes, the rows of a table, the last line.

`facts_of` reads a presented change, `facts_of_document` one of a JSON document. Nothing here knows a width or a color.
"""

import hashlib
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from enum import IntEnum, StrEnum
from typing import Generic, TypeVar

from reconciler.apply import State
from reconciler.kinds import KINDS
from reconciler.model import TAGS, Action, Address, Cost, Json, PlannedCapacity, Vcpus
from reconciler.model.changes import OURS
from reconciler.problems import Where
from reconciler.redact.presented import PresentedChange, PresentedField, PresentedPlan, json_sides
from reconciler.report.text.values import inline, is_reordered, number_of, plural

C = TypeVar("C")

ACTIONS: Mapping[Action, str] = {
    Action.CREATE: "create",
    Action.UPDATE: "update",
    Action.REVISION: "new revision",
    Action.REPLACE: "replace",
    Action.BLUE_GREEN: "blue-green",
    Action.DELETE: "delete",
    Action.RETIRE: "retire",
    Action.ADOPT: "adopt",
    Action.FORGET: "forget",
    Action.REPAIR: "repair",
    Action.PRUNE: "prune",
    Action.WAIT: "wait",
}
# What is deleted or replaced: what a reviewer has to see first.
DESTRUCTIVE = (Action.DELETE, Action.REPLACE, Action.BLUE_GREEN, Action.RETIRE)


class ChangeHarm(IntEnum):
    """What a change does to what runs, the worst first: the order of tables, and the reason for colors."""

    REFUSED = 0
    DESTROYED = 1
    INSTANCES = 2
    JOBS = 3
    REVISION = 4
    FREE = 5
    NEW = 6


_OUTCOMES: Mapping[Action, str] = {
    Action.CREATE: "new",
    Action.REPLACE: "replaced",
    Action.BLUE_GREEN: "replaced, blue-green",
    Action.DELETE: "deleted",
    Action.RETIRE: "deleted",
    Action.ADOPT: "adopted",
    Action.FORGET: "released",
    Action.REPAIR: "validated again",
    Action.PRUNE: "deregistered",
    Action.WAIT: "waits",
}
_COSTS: Mapping[Cost, str] = {
    Cost.METADATA: "free",
    Cost.SCALING: "in place",
    Cost.REVISION: "new revision",
    Cost.INFRASTRUCTURE: "instances replaced",
    Cost.REPLACE: "replaced",
    Cost.IMPOSSIBLE: "not possible",
}
_NOTICEABLE = (Action.REVISION, Action.REPAIR, Action.PRUNE, Action.FORGET)
_WHOLE = (Action.CREATE, Action.DELETE)  # their fields say what is added or deleted: each stands for itself
_IN_PLACE = (Action.UPDATE, Action.REVISION, Action.REPAIR)
_DEAREST = tuple(Cost)
# How many of them changes in place are: the cost, and the words for one and for several.
_COST_COUNTS: tuple[tuple[Cost | None, str, str], ...] = (
    (Cost.IMPOSSIBLE, "not possible", "not possible"),
    (Cost.REPLACE, "replacement", "replacements"),
    (Cost.INFRASTRUCTURE, "replaces instances", "replace instances"),
    (None, "repair", "repairs"),
    (Cost.REVISION, "revision", "revisions"),
    (Cost.SCALING, "in place", "in place"),
    (Cost.METADATA, "free", "free"),
)
_WRAPPERS = ("computeResources.", "containerProperties.", "nodeProperties.", "eksProperties.", "ecsProperties.")

DRIFT, UNDECLARED = "drift", "undeclared"  # marks of a field
SHORT = 48  # characters of a value that is worth a place in a table
NAMED = 3  # fields that a row names
MANY = 3  # equal changes that are one entry, and resources that share the change of a tag
ROWS = 60  # of a table; above, counts stand in for the mildest changes
FEW = 5  # resources to destroy that the last line names


@dataclass(frozen=True, slots=True)
class FieldFacts:
    """A field that differs. `marks` are what is remarkable about it, beside its cost."""

    path: str
    before: Json
    after: Json
    cost: Cost
    marks: tuple[str, ...] = ()
    why: str = ""
    where: Where | None = None
    is_redacted: bool = False

    @property
    def sign(self) -> str:
        return "+" if self.before is None else "-" if self.after is None else "~"

    @property
    def is_of_tags(self) -> bool:
        return self.path.startswith((f"{TAGS}.", f"{TAGS}["))

    @property
    def is_of_own_tags(self) -> bool:
        return self.path.startswith((f"{TAGS}.{OURS}", f'{TAGS}["{OURS}'))

    @property
    def key(self) -> str:
        """The same for fields that read the same, and short: a plan may have thousands."""
        content = repr((self.path, self.before, self.after, self.cost, self.marks, self.why))
        return hashlib.blake2b(content.encode("utf-8", "surrogatepass"), digest_size=16).hexdigest()


@dataclass(frozen=True, slots=True, kw_only=True)
class ChangeFacts:
    """What a summary says about a change. `read_fields` reads its fields, which nothing keeps."""

    action: Action
    address: Address
    cost: Cost | None
    read_fields: Callable[[], Iterator[FieldFacts]]
    reasons: tuple[str, ...] = ()
    losses: tuple[str, ...] = ()
    refusals: tuple[str, ...] = ()  # without the address
    jobs: str = ""
    where: Where | None = None

    @property
    def harm(self) -> ChangeHarm:
        if self.refusals:
            return ChangeHarm.REFUSED
        if self.action in DESTRUCTIVE:
            return ChangeHarm.DESTROYED
        if self.cost is Cost.INFRASTRUCTURE:
            return ChangeHarm.INSTANCES
        if self.losses or self.jobs:
            return ChangeHarm.JOBS
        if self.action in _NOTICEABLE or self.cost is Cost.REVISION:
            return ChangeHarm.REVISION
        return ChangeHarm.NEW if self.action is Action.CREATE else ChangeHarm.FREE

    @property
    def outcome(self) -> str:
        """What the change costs, in at most three words."""
        if self.refusals:
            return "refused"
        outcome = _OUTCOMES.get(self.action, "")
        cost = _COSTS[self.cost] if self.cost and self.cost is not Cost.METADATA else ""
        if self.action is Action.ADOPT and cost:
            return f"{outcome}, {cost}"
        return outcome or cost or _COSTS[Cost.METADATA]


def facts_of(change: PresentedChange) -> ChangeFacts:
    return ChangeFacts(
        action=change.action,
        address=change.address,
        cost=change.cost,
        read_fields=lambda: map(field_facts, change.fields),
        reasons=change.reasons,
        losses=change.losses,
        refusals=tuple(refusal.message.removeprefix(f"{change.address}: ") for refusal in change.refusals),
        jobs=_jobs_of(change),
        where=change.where,
    )


def field_facts(field: PresentedField) -> FieldFacts:
    sides = field.sides
    mark = UNDECLARED if field.undeclared else DRIFT if field.drift else ""
    return FieldFacts(
        path=field.path,
        before=sides.before,
        after=sides.after,
        cost=field.cost,
        marks=(mark,) if mark else (),
        why=field.why,
        where=field.where,
        is_redacted=sides.is_redacted,
    )


def _jobs_of(change: PresentedChange) -> str:
    """Say which jobs are affected: those in what is deleted, or those that an update may end."""
    if change.jobs:
        return ", ".join(f"{count} {status}" for status, count in reversed(tuple(change.jobs.items())))
    if change.interrupts is None:
        return ""
    return jobs_at_most(None if change.interrupts.unknown else change.interrupts.at_most)


def jobs_at_most(count: int | None) -> str:
    """Say how many running jobs an update may end; None is unknown."""
    return "unknown" if count is None else f"up to {count} running" if count else ""


@dataclass(frozen=True, slots=True)
class Entry(Generic[C]):
    """One change, several equal ones, or the changes of tags that several resources share.

    `numbered` are the changes with their numbers in the order of execution, `facts` theirs. Of the fields of the first,
    `only` are the keys of those that the entry is about, and `elsewhere` those that entries of shared tags are about.
    """

    numbered: tuple[tuple[int, C], ...]
    facts: tuple[ChangeFacts, ...]
    only: frozenset[str] = frozenset()
    elsewhere: frozenset[str] = frozenset()

    @property
    def first(self) -> ChangeFacts:
        return self.facts[0]

    @property
    def harm(self) -> ChangeHarm:
        return self.first.harm

    @property
    def is_group(self) -> bool:
        return len(self.facts) > 1

    @property
    def fields(self) -> list[FieldFacts]:
        fields = self.first.read_fields()
        if self.only:
            fields = (field for field in fields if field.key in self.only)
        elif self.elsewhere:
            fields = (field for field in fields if field.key not in self.elsewhere)
        if not self.is_group:
            return list(fields)
        return [replace(field, where=None) for field in fields if not field.is_of_own_tags]

    @property
    def resources(self) -> str:
        """The address of a single resource, or the number of several: `20 job definitions`, `60 resources`."""
        if not self.is_group:
            return str(self.first.address)
        kinds = {facts.address.kind for facts in self.facts}
        return plural(len(self.facts), _noun(kinds.pop()) if len(kinds) == 1 else "resource")

    @property
    def names(self) -> dict[str, list[str]]:
        """The names of the resources by their kinds: `20 job definitions`."""
        names: dict[str, list[str]] = {}
        for facts in self.facts:
            names.setdefault(facts.address.kind, []).append(facts.address.name)
        return {plural(len(of_kind), _noun(kind)): of_kind for kind, of_kind in names.items()}


def _noun(kind: str) -> str:
    """A document may have a kind of a later version."""
    return KINDS[kind].noun if kind in KINDS else kind


def entries_of(changes: Sequence[C], read: Callable[[C], ChangeFacts]) -> list[Entry[C]]:
    """Return the entries of a plan, the most harmful first; of equal harm, in the order of execution."""
    facts = [read(change) for change in changes]
    shared = _shared_tags(facts)
    elsewhere = frozenset(key for keys in shared.values() for key in keys)

    def entry(indexes: Sequence[int], **more: frozenset[str]) -> Entry[C]:
        numbered = tuple((index + 1, changes[index]) for index in indexes)
        return Entry(numbered, tuple(facts[index] for index in indexes), **more)

    entries = [_about_tags(entry(indexes, only=keys)) for indexes, keys in shared.items()]
    equal: dict[str, list[int]] = {}
    for index, of_change in enumerate(facts):
        likeness = _likeness(of_change, elsewhere)
        if likeness is not None:
            equal.setdefault(likeness or str(index), []).append(index)
    for indexes in equal.values():
        together = [indexes] if len(indexes) >= MANY else [[index] for index in indexes]
        entries += [entry(each, elsewhere=elsewhere) for each in together]
    return sorted(entries, key=lambda each: (each.harm, each.numbered[0][0]))


def single_entries(changes: Sequence[C], read: Callable[[C], ChangeFacts]) -> list[Entry[C]]:
    """Return an entry for each change, the most harmful first."""
    entries = [Entry(((number, change),), (read(change),)) for number, change in enumerate(changes, 1)]
    return sorted(entries, key=lambda each: each.harm)


def _about_tags(entry: Entry[C]) -> Entry[C]:
    """Return an entry of changes that says of each no more than that its tags change."""
    facts = tuple(
        replace(each, action=Action.UPDATE, cost=Cost.METADATA, reasons=(), losses=(), jobs="") for each in entry.facts
    )
    return replace(entry, facts=facts)


def _shared_tags(facts: Sequence[ChangeFacts]) -> dict[tuple[int, ...], frozenset[str]]:
    """Return the keys of the tags that several resources change in the same way, by the indexes of these."""
    by_key: dict[str, list[int]] = {}
    for index, of_change in enumerate(facts):
        if of_change.action not in _WHOLE and not of_change.refusals:
            for field in of_change.read_fields():
                if field.is_of_tags and not field.is_of_own_tags:
                    by_key.setdefault(field.key, []).append(index)
    shared: dict[tuple[int, ...], set[str]] = {}
    for key, indexes in by_key.items():
        if len(indexes) >= MANY:
            shared.setdefault(tuple(indexes), set()).add(key)
    return {indexes: frozenset(keys) for indexes, keys in shared.items()}


def _likeness(facts: ChangeFacts, elsewhere: frozenset[str]) -> str | None:
    """Return what equal changes have in common; empty if it stands for itself, None if there is no more to say."""
    if facts.harm <= ChangeHarm.JOBS:
        return ""
    keys = [field.key for field in facts.read_fields() if not field.is_of_own_tags]
    if facts.action in _WHOLE and (keys or not facts.reasons):
        return ""
    own = [key for key in keys if key not in elsewhere]
    if keys and not own and facts.action is Action.UPDATE:
        return None
    return repr((facts.action, facts.address.kind, facts.cost, facts.reasons, own))


def likeness_of(plan: PresentedPlan) -> str:
    """Return what is equal for plans that read the same, wherever their resources are; empty of one without changes."""
    plan = plan.in_short
    if not plan.changes:
        return ""
    changes = [
        (change.action, str(change.address), change.name, change.reasons, change.refusals, facts_of(change).jobs,
         [field_facts(field).key for field in change.fields])
        for change in plan.changes
    ]  # fmt: skip
    unhealthy = [(str(each.address), each.status, each.reason) for each in plan.unhealthy]
    content = repr((changes, unhealthy, plan.notes, plan.refused, plan.unchanged, capacity_line(plan.capacity)))
    return hashlib.blake2b(content.encode("utf-8", "surrogatepass"), digest_size=16).hexdigest()


# The table: a row for each entry; in a plan with very many, counts stand in for the mildest.


PLAN_HEADINGS = ("", "resource", "change", "cost", "jobs", "place")


@dataclass(frozen=True, slots=True, kw_only=True)
class SummaryRow:
    """A row of the table. `is_complete`: it says everything about the fields."""

    sign: str
    resource: str
    what: str
    outcome: str
    jobs: str = ""
    where: Where | None = None
    harm: ChangeHarm
    is_complete: bool = False


def rows_of(entries: Sequence[Entry[C]]) -> list[SummaryRow]:
    """Return the rows of a table, about `ROWS` at most."""
    classes: dict[tuple[ChangeHarm, Action, str, str], list[Entry[C]]] = {}
    for entry in entries:
        first = entry.first
        classes.setdefault((first.harm, first.action, first.address.kind, first.outcome), []).append(entry)
    too_many, counted = len(entries) - ROWS, set()
    for key, of_class in sorted(classes.items(), key=lambda item: (-item[0][0], -len(item[1]))):
        if too_many > 0 and len(of_class) >= MANY:
            counted.add(key)
            too_many -= len(of_class) - 1
    rows: list[SummaryRow] = []
    for key, of_class in classes.items():
        rows += [_row_of_count(of_class)] if key in counted else map(row_of, of_class)
    return rows


def _row_of_count(entries: Sequence[Entry[C]]) -> SummaryRow:
    first = entries[0].first
    count = sum(len(entry.facts) for entry in entries)
    return SummaryRow(
        sign=first.action.value,
        resource=plural(count, _noun(first.address.kind)),
        what="",
        outcome=first.outcome,
        harm=first.harm,
    )


def row_of(entry: Entry[C]) -> SummaryRow:
    first, fields = entry.first, [field for field in entry.fields if not field.is_of_own_tags]
    if first.action in _WHOLE:
        what, is_complete = describe_body(first.address.kind, fields), False
    else:
        what, is_complete = describe_fields(fields)
        is_complete &= not (fields and first.reasons) and (first.harm is not ChangeHarm.REVISION or len(fields) <= 1)
    wheres = set() if entry.is_group else {field.where for field in fields}
    return SummaryRow(
        sign=first.action.value,
        resource=entry.resources,
        what=what or "; ".join(first.reasons or first.refusals),
        outcome=first.outcome,
        jobs=first.jobs,
        where=None if entry.is_group else wheres.pop() if len(wheres) == 1 else first.where,
        harm=first.harm,
        is_complete=is_complete,
    )


def describe_fields(fields: Sequence[FieldFacts]) -> tuple[str, bool]:
    """Return what changes in a few words, the dearest first, and whether that is everything."""
    dearest_first = sorted(fields, key=lambda field: -_DEAREST.index(field.cost))
    named = [(_briefly(field), field) for field in dearest_first[:NAMED]]
    more = [f"{len(fields) - NAMED} more"] if len(fields) > NAMED else []
    is_complete = not more and all(is_whole and not field.why for (_, is_whole), field in named)
    return ", ".join([*(text for (text, _), _ in named), *more]), is_complete


def _briefly(field: FieldFacts) -> tuple[str, bool]:
    """Return a field and its change if that is short, and whether it is."""
    name = _short_path(field.path)
    marks = f" ({', '.join(field.marks)})" if field.marks else ""
    before, after = (None if side is None else inline(side) for side in _ends(field.before, field.after))
    if json_sides(field.before, field.after) is not None:
        return f"{name} (JSON){marks}", False
    if field.is_redacted:
        return f"{name} (redacted){marks}", True
    if len(before or "") > SHORT or len(after or "") > SHORT:
        return f"{name}{' reordered' if is_reordered(field.before, field.after) else ''}{marks}", False
    if before is None:
        return f"{name} set to {after}{marks}", True
    return f"{name} {before} removed{marks}" if after is None else f"{name} {before} -> {after}{marks}", True


def _ends(before: Json, after: Json) -> tuple[Json, Json]:
    """Return two long texts without the beginning that they share, as images have it: `…:1.4.2` and `…:1.5.0`."""
    if not isinstance(before, str) or not isinstance(after, str) or max(len(before), len(after)) <= SHORT:
        return before, after
    pairs = enumerate(zip(before, after, strict=False))
    common = next((index for index, (old, new) in pairs if old != new), min(len(before), len(after)))
    cut = max(before.rfind(mark, 0, common) for mark in "/:@")
    return (f"…{before[cut:]}", f"…{after[cut:]}") if cut > 0 else (before, after)


def _short_path(path: str) -> str:
    """Return a path without the structure that everything of its kind is in, and without the name of a value."""
    return path.partition(".")[2].removesuffix(".value") if path.startswith(_WRAPPERS) else path


def describe_body(kind: str, fields: Iterable[FieldFacts]) -> str:
    """Return the fields by which people know a resource that comes or goes: `image quant:1.4.2`."""
    body = {field.path: field.before if field.after is None else field.after for field in fields}
    values = ((path, _find(path, body)) for path in (KINDS[kind].main if kind in KINDS else ()))
    texts = ((path.rpartition(".")[2], inline(value)) for path, value in values if value is not None)
    return ", ".join(f"{name} {text}" for name, text in texts if len(text) <= SHORT)


def _find(path: str, value: Json) -> Json:
    """Return the outermost field of this name; in a path with dots, what follows leads on from there."""
    name, _, below = path.partition(".")
    if not isinstance(value, Mapping):
        return None
    if name in value:
        return _find(below, value[name]) if below else value[name]
    return next((field for inner in value.values() if (field := _find(path, inner)) is not None), None)


# Drift in the terms of a plan: a field leads from the declared to the live value; the outcome is that of `apply`.


class DriftTier(StrEnum):
    """A kind of drift, the most urgent first: the order of reports."""

    UNHEALTHY = "unhealthy"
    MISSING = "missing"
    CHANGED = "changed"
    UNDECLARED = "undeclared"
    FOREIGN = "foreign"
    PENDING = "pending"


DRIFT_HEADINGS = ("drift", "resource", "declared -> live", "apply", "jobs", "place")
_WITH_FIELDS = (DriftTier.CHANGED, DriftTier.UNDECLARED)
_WITHOUT_FIELDS: Mapping[DriftTier, str] = {
    DriftTier.MISSING: "never applied, or deleted outside this stack",
    DriftTier.PENDING: "not applied yet",
}


def drift_entries(
    tiers: Mapping[DriftTier, Sequence[C]], read: Callable[[C], ChangeFacts]
) -> list[tuple[DriftTier, Entry[C]]]:
    """Return the entries of drift, the most urgent tier first, with fields that lead from declared to live."""

    def entries(tier: DriftTier) -> list[Entry[C]]:
        return entries_of(tiers.get(tier, ()), lambda change: _facts_in_drift(read(change), tier))

    return [(tier, entry) for tier in DriftTier for entry in entries(tier)]


def drift_rows(entries: Iterable[tuple[DriftTier, Entry[C]]], unhealthy: Iterable[tuple[str, str]]) -> list[SummaryRow]:
    """Return the rows of a table, each with its tier as the sign. `unhealthy` are addresses, each with its status."""
    of_tier: dict[DriftTier, list[Entry[C]]] = {}
    for tier, entry in entries:
        of_tier.setdefault(tier, []).append(entry)
    sick = [
        SummaryRow(sign=DriftTier.UNHEALTHY, resource=address, what=status, outcome="", harm=ChangeHarm.DESTROYED)
        for address, status in unhealthy
    ]
    return [*sick, *(replace(row, sign=tier) for tier, each in of_tier.items() for row in rows_of(each))]


def _facts_in_drift(facts: ChangeFacts, tier: DriftTier) -> ChangeFacts:
    if tier in _WITH_FIELDS:
        return replace(facts, read_fields=lambda: _drifted_fields(facts, tier), reasons=())
    reason = _WITHOUT_FIELDS.get(tier)
    return replace(facts, read_fields=lambda: iter(()), reasons=(reason,) if reason else ())


def _drifted_fields(facts: ChangeFacts, tier: DriftTier) -> Iterator[FieldFacts]:
    """Yield the fields with the marks that the tier does not imply."""
    implied = (DRIFT, UNDECLARED) if tier is DriftTier.UNDECLARED else (DRIFT,)
    for field in facts.read_fields():
        if DRIFT in field.marks or UNDECLARED in field.marks:
            marks = tuple(mark for mark in field.marks if mark not in implied)
            where = field.where or facts.where
            yield replace(field, before=field.after, after=field.before, marks=marks, where=where)


# The lines that scripts look for.

_COUNTED = (
    ("add", (Action.CREATE,)),
    ("change", (Action.UPDATE, Action.REVISION, Action.REPAIR)),
    ("replace", (Action.REPLACE, Action.BLUE_GREEN)),
    ("destroy", (Action.DELETE,)),
    ("adopt", (Action.ADOPT,)),
    ("forget", (Action.FORGET,)),
    ("prune", (Action.PRUNE,)),
)
_ALWAYS = 4  # of these, the first four are named even when they are 0: scripts look for them


def count_changes(plan: PresentedPlan) -> dict[str, int]:
    """Count the plan's changes by what they come to."""
    counts = {word: sum(plan.counts.get(action, 0) for action in actions) for word, actions in _COUNTED}
    return {**counts, "refused": plan.refused_count, "unchanged": plan.unchanged}


def plan_line(plan: PresentedPlan) -> str:
    """Return the last line of a plan: one that is empty says so."""
    if not plan.changes and not plan.refused_count:
        return f"No changes. {as_declared(plan)}"
    names = [str(change.address) for change in plan.changes if change.action is Action.DELETE]
    more = f" and {len(names) - FEW} more" if len(names) > FEW else ""
    destroyed = f": {', '.join(names[:FEW])}{more}" if names else ""
    return f"Plan: {plan_counts(plan, destroyed)}"


def plan_counts(plan: PresentedPlan, destroyed: str = "") -> str:
    """Count the changes, and what those in place cost. What is rare is appended, so that the beginning is the same."""
    counts = count_changes(plan)
    costs = _costs_of(plan.changes)
    parts = [f"{counts[word]} to {word}" for word, _ in _COUNTED[:_ALWAYS]]
    parts[1] += f" ({costs})" if costs else ""
    rare = [f" {counts[word]} to {word}." for word, _ in _COUNTED[_ALWAYS:] if counts[word]]
    refused = f" {counts['refused']} refused." if counts["refused"] else ""
    return f"{', '.join(parts)}{destroyed}.{''.join(rare)}{refused}"


def _costs_of(changes: Iterable[PresentedChange]) -> str:
    """Count changes in place by what they cost, the dearest first."""
    counts = Counter(
        None if change.action is Action.REPAIR else change.cost or Cost.METADATA
        for change in changes
        if change.action in _IN_PLACE
    )
    words = [(counts[cost], word if counts[cost] == 1 else words) for cost, word, words in _COST_COUNTS]
    return ", ".join(f"{count} {word}" for count, word in words if count)


def capacity_line(capacity: PlannedCapacity) -> str:
    """Return what a plan makes of the vCPUs of the stack's environments; empty if it does not change them.

    `Capacity: at least 0, at most 512 vCPUs (was 256): EC2 Spot 256 (+1 instance), Fargate 256 (was 0).`
    """
    if not capacity.is_change:
        return ""
    before, after = capacity.before, capacity.after
    counted = [each for each in capacity.sorts if _is_counted(each.before) or _is_counted(each.after)]
    sorts = ", ".join(f"{each.sort} {_range(each.after)}{_remarks(each.before, each.after)}" for each in counted)
    unknown = ", ".join(f"{each.after.unknown} {each.sort}" for each in capacity.sorts if each.after.unknown)
    return "".join(
        (
            f"Capacity: at least {after.at_least}{_was(before.at_least, after.at_least)}, ",
            f"at most {after.at_most} vCPUs{_was(before.at_most, after.at_most)}",
            f": {sorts}" if sorts else "",
            f"; unknown: {unknown}" if unknown else "",
            ".",
        )
    )


def capacity_in_short(capacity: PlannedCapacity) -> str:
    """Return the same in a few words: `At most 512 vCPUs (was 256).`"""
    before, after = capacity.before, capacity.after
    if before.at_most != after.at_most:
        return f"At most {after.at_most} vCPUs{_was(before.at_most, after.at_most)}."
    return f"At least {after.at_least} vCPUs{_was(before.at_least, after.at_least)}." if capacity.is_change else ""


def _was(before: Json, after: Json) -> str:
    return f" (was {before})" if before != after else ""


def _range(vcpus: Vcpus) -> str:
    return f"{vcpus.at_least} to {vcpus.at_most}" if vcpus.at_least else str(vcpus.at_most)


def _is_counted(vcpus: Vcpus) -> bool:
    return bool(vcpus.at_least or vcpus.at_most)


def _remarks(before: Vcpus, after: Vcpus) -> str:
    was = f"was {_range(before)}" if _range(before) != _range(after) else ""
    extra = f"+{number_of(after.extra_instances, 'instance')}" if after.extra_instances else ""
    remarks = ", ".join(filter(None, (was, extra)))
    return f" ({remarks})" if remarks else ""


def as_declared(plan: PresentedPlan) -> str:
    return f"{number_of(plan.unchanged, 'resource')} {'is' if plan.unchanged == 1 else 'are'} as declared."


def outcome_line(counts: Mapping[State, int]) -> str:
    always = (State.DONE, State.FAILED, State.SKIPPED, State.NOT_STARTED)
    main = ", ".join(f"{counts.get(state, 0)} {state}" for state in always)
    rare = [
        f" {counts[state]} {state}."
        for state in (State.UNHEALTHY, State.TIMED_OUT, State.INTERRUPTED)
        if counts.get(state)
    ]
    return f"Apply: {main}.{''.join(rare)}"

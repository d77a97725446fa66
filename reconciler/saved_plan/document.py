"""A plan as a document that is kept: what was reviewed, what planning again needs, and how two plans differ."""

import json
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field

from reconciler import __version__
from reconciler.model import Action, Json, Plan
from reconciler.plan import AS_DECLARED, Limit, PlanOptions
from reconciler.problems import Exit, Problem, Stale, Where, WrongUsage
from reconciler.redact.presented import PresentedPlan
from reconciler.report.json import FLEET, FORMAT, change_json, frame, plan_json
from reconciler.report.summary import ACTIONS
from reconciler.report.text.values import inline, list_changes
from reconciler.saved_plan.sealing import Seal, essence, fingerprint_of

AGAIN = "plan again with -o json=FILE"
PLANNED = (Exit.DONE, Exit.CHANGES, Exit.REFUSED)  # what a plan that was made ends with
BEGINNING = '{"format_version"'  # how every document of ours begins, but for blanks


@dataclass(frozen=True, slots=True, kw_only=True)
class Inputs:
    """What a plan was made of, beside the files: the names of what no file may hold are `withheld`."""

    path: str
    variables: Mapping[str, str] = field(default_factory=dict)
    withheld: tuple[str, ...] = ()
    variable_files: tuple[str, ...] = ()
    sandbox: str | None = None
    wanted: PlanOptions = AS_DECLARED


@dataclass(frozen=True, slots=True)
class SealedChanges:
    """The changes of a plan's document, each made when it is read: of a large plan, nothing keeps them all."""

    plan: Plan
    shown: PresentedPlan
    seal: Seal

    def __iter__(self) -> Iterator[Json]:
        for change, raw in zip(self.shown.changes, self.plan.changes, strict=True):
            yield self.seal.change(change_json(change), raw)

    @property
    def key(self) -> str:
        """The name of the key of their marks; empty if there is none, or no mark."""
        has_marks = self.seal.key and any(
            sealed != change_json(change) for sealed, change in zip(self, self.shown.changes, strict=True)
        )
        return self.seal.name if has_marks else ""


def sealed_part(plan: Plan, shown: PresentedPlan, inputs: Inputs, seal: Seal) -> dict[str, Json]:
    """Return the part of a plan's document that its fingerprint covers; `shown` is the same plan without secrets."""
    return {
        "stack": shown.stack,
        "account": shown.identity.account,
        "region": shown.identity.region,
        "changes": SealedChanges(plan, shown, seal),
        "inputs": _inputs_json(inputs),
    }


def saved_json(shown: PresentedPlan, sealed: Mapping[str, Json]) -> dict[str, Json]:
    """Return the document of a plan around its sealed part."""
    made = sealed["changes"]
    changes = list(made)
    covered = {**sealed, "changes": changes}
    head = {**frame("plan"), "fingerprint": fingerprint_of(covered)}
    return {**head, **plan_json(shown, changes), "key": made.key, **covered}


def read_saved(text: str, name: str, *, is_expected: bool = False) -> list[Json] | None:
    """Return the documents of the plans in a file; None if it is none of ours, but maybe a stack.

    Raises `WrongUsage` for what is no plan any more, and for what has never been one; `Stale` for one that was changed,
    where it `is_expected` to have a fingerprint.
    """
    try:
        document = json.loads(text)
    except (ValueError, RecursionError) as error:
        start = "".join(text[:100].split()).removeprefix("[")
        if start and not start.startswith(BEGINNING):
            return None
        damage = f"cut off or damaged: {error}" if start else "empty"
        raise WrongUsage(f"{name} is {damage}", hint=AGAIN) from error
    documents = document if isinstance(document, list) else [document]
    if not any(isinstance(document, dict) and "format_version" in document for document in documents):
        return None
    for document in documents:
        _check(document, name, is_expected=is_expected)
    return documents


def read_saved_fleet(text: str, name: str, *, is_expected: bool = False) -> dict[str, Json | None] | None:
    """Return the documents of the plans of many targets by the names of these, None for one that has no plan.

    None instead of them all: it is none of ours. Raises `WrongUsage` and `Stale` as `read_saved` does.
    """
    try:
        document = json.loads(text)
    except (ValueError, RecursionError):
        return None
    if not isinstance(document, dict) or document.get("document") != FLEET:
        return None
    from reconciler.report.documents import Unreadable, read_fleet_document  # noqa: PLC0415 - loads slowly, and few need it

    try:
        fleet = read_fleet_document(document)
    except Unreadable as error:
        raise WrongUsage(f"{name} cannot be applied: {error}", hint=AGAIN) from error
    if fleet.command != "plan":
        raise WrongUsage(f"{name} contains results of `{fleet.command}`, not plans", hint=AGAIN)
    plans = {outcome.target: outcome.result if outcome.exit in PLANNED else None for outcome in fleet.outcomes}
    for document in filter(None, plans.values()):
        _check(document, name, is_expected=is_expected)
    return plans


def inputs_of(document: Mapping[str, Json]) -> Inputs:
    inputs = document["inputs"]
    limit = inputs["max_destroy"]
    return Inputs(
        path=inputs["path"],
        variables=inputs["variables"],
        withheld=tuple(inputs["withheld"]),
        variable_files=tuple(inputs["variable_files"]),
        sandbox=inputs["sandbox"],
        wanted=PlanOptions(
            adopt=inputs["adopt"],
            targets=tuple(inputs["targets"]),
            allow_destroy=tuple(inputs["allow_destroy"]),
            allow_replace=inputs["allow_replace"],
            max_destroy=Limit.of(limit) if limit else None,
            max_interrupted=inputs["max_interrupted"],
            drain=inputs["drain"],
            cancel_jobs=inputs["cancel_jobs"],
            allow_unplaceable=inputs.get("allow_unplaceable", False),  # not in the first plans
        ),
    )


def _inputs_json(inputs: Inputs) -> dict[str, Json]:
    wanted = inputs.wanted
    return {
        "path": inputs.path,
        "variables": dict(inputs.variables),
        "withheld": list(inputs.withheld),
        "variable_files": list(inputs.variable_files),
        "sandbox": inputs.sandbox,
        "targets": list(wanted.targets),
        "adopt": wanted.adopt,
        "allow_destroy": list(wanted.allow_destroy),
        "allow_replace": wanted.allow_replace,
        "max_destroy": str(wanted.max_destroy) if wanted.max_destroy else None,
        "max_interrupted": wanted.max_interrupted,
        "drain": wanted.drain,
        "cancel_jobs": wanted.cancel_jobs,
        "allow_unplaceable": wanted.allow_unplaceable,
    }


def _check(document: Json, name: str, *, is_expected: bool) -> None:
    """What a file says of itself first: a document of another format may have any shape."""
    about = document if isinstance(document, dict) else {}
    tool = about.get("tool")
    maker = tool if isinstance(tool, dict) else {}
    version = str(about.get("format_version", ""))
    if maker.get("name") != "reconciler":
        raise WrongUsage(f"{name} is not a reconciler plan", hint=AGAIN)
    if version.partition(".")[0] != FORMAT.partition(".")[0]:
        made = f"{name} has format {version}, written by reconciler {maker.get('version')}"
        raise WrongUsage(
            f"{made}; this version ({__version__}) reads format {FORMAT}", hint="use the version that wrote the plan"
        )
    if about.get("document") == FLEET:
        raise WrongUsage(f"{name} contains the plans of several deployments", hint=f"apply them with --all {name}")
    if about.get("document") != "plan":
        what = about.get("error", {}).get("message") if isinstance(about.get("error"), dict) else None
        said = f"an error: {what}" if what else f"a document of kind {about.get('document')}"
        raise WrongUsage(f"{name} contains no plan, but {said}", hint=AGAIN)
    _check_content(about, name, str(maker.get("version")), is_expected=is_expected)


def _check_content(document: Mapping[str, Json], name: str, version: str, *, is_expected: bool) -> None:
    from jsonschema import Draft202012Validator  # noqa: PLC0415 - takes long to load, and most commands read no plan

    from reconciler.report.schemas import SAVED  # noqa: PLC0415 - likewise

    wrong = next(Draft202012Validator(SAVED).iter_errors(document), None)
    if wrong is not None:
        raise WrongUsage(f"{name} is damaged at {wrong.json_path}", hint=AGAIN)
    if document["fingerprint"] != fingerprint_of(document):
        if is_expected:
            message = f"{name} is not the expected plan: it was changed after it was written"
            raise Stale(f"{message}; nothing was changed", hint=AGAIN)
        by = "" if version == __version__ else f" (or reconciler {version}, which wrote it, computes it differently)"
        raise WrongUsage(f"{name} was changed after it was written: its fingerprint does not match{by}", hint=AGAIN)


# How a plan differs from the one that was reviewed: which change is new, gone or another, and in which member.

NEW, GONE, OTHER = "STL001", "STL002", "STL003"
LEAVING = tuple(word for action, word in ACTIONS.items() if action.leaves or action is Action.FORGET)
FEW = 3  # fields that are named of a change which only one of the plans has

Change = Mapping[str, Json]


@dataclass(frozen=True, slots=True)
class _ComparedField:
    before: Json
    after: Json
    cost: str

    def __str__(self) -> str:
        after = "absent" if self.after is None else inline(self.after)
        return after if self.before is None else f"{inline(self.before)} -> {after}"


def differences(reviewed: Mapping[str, Json], now: Mapping[str, Json]) -> tuple[Problem, ...]:
    """Return the differences between the documents of two plans, in the order of the plan of now."""
    old, new = _by_resource(reviewed), _by_resource(now)
    places = {change["address"]: _where(change) for change in now["changes"]}
    arns = re.compile(rf"arn:[a-z-]+:batch:{now['region']}:{now['account']}:")
    return tuple(
        Problem(code, f"{address}: {arns.sub('', text)}", places.get(address))
        for (address, _), code, text in (*_of_now(old, new), *_of_then(old, new))
    )


Key = tuple[str, str]  # address, and the physical name of what leaves: one may leave while its namesake comes
Changes = Mapping[Key, Change]


def _by_resource(document: Mapping[str, Json]) -> dict[Key, Change]:
    return {
        (change["address"], change["name"] if change["action"] in LEAVING else ""): change
        for change in essence(document)
    }


def _where(change: Change) -> Where | None:
    return Where(change["file"], change["line"] or 0, change["column"] or 0) if change["file"] else None


def _of_now(old: Changes, new: Changes) -> Iterator[tuple[Key, str, str]]:
    for key, change in new.items():
        if key not in old:
            yield key, NEW, f"{change['action']} was not planned{_briefly(change)}"
        elif change != old[key]:
            yield from ((key, OTHER, text) for text in _differences_of(old[key], change))


def _of_then(old: Changes, new: Changes) -> Iterator[tuple[Key, str, str]]:
    for key, change in old.items():
        if key not in new:
            yield key, GONE, f"{change['action']} was planned, but is no longer needed{_briefly(change)}"


def _briefly(change: Change) -> str:
    """What a resource is created with is too much to be listed here."""
    members = _members(change) if change["action"] != ACTIONS[Action.CREATE] else {}
    members_shown = [f"{path} {member}" for path, member in members.items()][:FEW]
    more = [f"{len(members) - FEW} more"] if len(members) > FEW else []
    return f" ({', '.join((*members_shown, *more))})" if members_shown else ""


def _differences_of(then: Change, now: Change) -> Iterator[str]:
    """Requests follow from the fields: they are listed where nothing else shows what is different."""
    texts = [*_facts(then, now), *_differing(_members(then), _members(now), "no change")]
    texts = texts or list(_differing(_requests(then), _requests(now), "absent"))
    yield from texts or ["the same requests in a different order"]


def _facts(then: Change, now: Change) -> Iterator[str]:
    for fact in ("action", "name"):
        if then[fact] != now[fact]:
            yield f"{fact}: planned {then[fact]}, now {now[fact]}"


def _differing(then: Mapping[str, _ComparedField], now: Mapping[str, _ComparedField], none: str) -> Iterator[str]:
    for path in {**then, **now}:
        old, new = then.get(path), now.get(path)
        if old == new:
            continue
        if old is None or new is None:
            was, is_ = (none if side is None else str(side) for side in (old, new))
        else:
            was, is_ = _apart(old, new)
        yield f"{path}: planned {was}, now {is_}"


def _apart(old: _ComparedField, new: _ComparedField) -> tuple[str, str]:
    """Return how two fields differ, and nothing beyond that."""
    if (old.before, old.after) == (new.before, new.after):
        return f"{old} ({old.cost})", f"{new} ({new.cost})"
    if old.before == new.before and isinstance(old.after, list) and isinstance(new.after, list):
        changes = list(list_changes(old.after, new.after))
        return _entries("-", changes), _entries("+", changes)
    return str(old), str(new)


def _entries(sign: str, changes: Iterable[tuple[str, str]]) -> str:
    entries = ", ".join(text for own_sign, text in changes if own_sign == sign)
    return f"with {entries}" if entries else "without"


def _members(change: Change) -> dict[str, _ComparedField]:
    return {
        path: member
        for name, (before, after, cost) in change["members"].items()
        for path, member in _leaves(name, before, after, cost)
    }


def _requests(change: Change) -> dict[str, _ComparedField]:
    seen: dict[str, int] = {}
    requests: dict[str, _ComparedField] = {}
    for operation, request in change["requests"]:
        seen[operation] = seen.get(operation, 0) + 1
        number = f" {seen[operation]}" if seen[operation] > 1 else ""
        requests |= dict(_leaves(f"{operation}{number}", None, request, ""))
    return requests


def _leaves(path: str, before: Json, after: Json, cost: str) -> Iterator[tuple[str, _ComparedField]]:
    """Yield the members below a path that have no members of their own, on either side."""
    structures = [side for side in (before, after) if side is not None]
    if not structures or not all(isinstance(side, Mapping) and side for side in structures):
        yield path, _ComparedField(before, after, cost)
        return
    old, new = before or {}, after or {}
    for key in {**old, **new}:
        yield from _leaves(f"{path}.{key}", old.get(key), new.get(key), cost)

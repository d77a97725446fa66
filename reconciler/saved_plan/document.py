"""A plan as a document that is kept: what was reviewed, and all that it takes to plan it again."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field

from reconciler import __version__
from reconciler.model import Json, Plan
from reconciler.plan import AS_DECLARED, Limit, PlanOptions
from reconciler.problems import Exit, Stale, WrongUsage
from reconciler.redact.presented import PresentedPlan
from reconciler.report.fleet import FLEET
from reconciler.report.json import FORMAT, change_json, frame, plan_json
from reconciler.report.schemas import SAVED
from reconciler.saved_plan.sealing import Seal, fingerprint_of

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


def sealed_json(plan: Plan, shown: PresentedPlan, inputs: Inputs, seal: Seal) -> dict[str, Json]:
    """Return what the fingerprint of a plan covers, and it; `shown` is the same plan without secrets.

    It is the part of the document that every run needs, also where nobody asked for the whole.
    """
    told = [change_json(change) for change in shown.changes]
    changes = seal.changes(told, plan)
    covered = {
        "stack": shown.stack,
        "account": shown.identity.account,
        "region": shown.identity.region,
        "changes": changes,
        "key": seal.name if changes != told else "",
        "inputs": _inputs_json(inputs),
    }
    return {"fingerprint": fingerprint_of(covered), **covered}


def saved_json(shown: PresentedPlan, sealed: Mapping[str, Json]) -> dict[str, Json]:
    """Return the document of a plan around its sealed part."""
    document = plan_json(shown, sealed["changes"])
    return {**frame("plan"), "fingerprint": sealed["fingerprint"], **document, **sealed}


def read_saved(text: str, name: str, *, is_expected: bool = False) -> list[Json] | None:
    """Return the documents of the plans in a file; None if it is none of ours, but maybe a stack.

    Raises `WrongUsage` for what is no plan any more, and for what has never been one; `Stale` for one that was changed,
    where it `is_expected` to have a fingerprint.
    """
    try:
        found = json.loads(text)
    except (ValueError, RecursionError) as error:
        start = "".join(text[:100].split()).removeprefix("[")
        if start and not start.startswith(BEGINNING):
            return None
        what = f"cut off or damaged: {error}" if start else "empty"
        raise WrongUsage(f"{name} is {what}", hint=AGAIN) from error
    documents = found if isinstance(found, list) else [found]
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
        found = json.loads(text)
    except (ValueError, RecursionError):
        return None
    if not isinstance(found, dict) or found.get("document") != FLEET:
        return None
    from reconciler.report.documents import Unreadable, read_fleet_document  # noqa: PLC0415 - loads slowly, and few need it

    try:
        fleet = read_fleet_document(found)
    except Unreadable as error:
        raise WrongUsage(f"{name} cannot be applied: {error}", hint=AGAIN) from error
    if fleet.command != "plan":
        raise WrongUsage(f"{name} holds no plans, but what `{fleet.command}` came to", hint=AGAIN)
    plans = {one.target: one.result if one.exit in PLANNED else None for one in fleet.outcomes}
    for document in filter(None, plans.values()):
        _check(document, name, is_expected=is_expected)
    return plans


def inputs_of(document: Mapping[str, Json]) -> Inputs:
    given = document["inputs"]
    limit = given["max_destroy"]
    return Inputs(
        path=given["path"],
        variables=given["variables"],
        withheld=tuple(given["withheld"]),
        variable_files=tuple(given["variable_files"]),
        sandbox=given["sandbox"],
        wanted=PlanOptions(
            adopt=given["adopt"],
            targets=tuple(given["targets"]),
            allow_destroy=tuple(given["allow_destroy"]),
            allow_replace=given["allow_replace"],
            max_destroy=Limit.of(limit) if limit else None,
            max_interrupted=given["max_interrupted"],
            drain=given["drain"],
            cancel_jobs=given["cancel_jobs"],
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
    }


def _check(document: Json, name: str, *, is_expected: bool) -> None:
    """What a file says of itself first: a document of another format may have any shape."""
    about = document if isinstance(document, dict) else {}
    tool = about.get("tool")
    maker = tool if isinstance(tool, dict) else {}
    version = str(about.get("format_version", ""))
    if maker.get("name") != "reconciler":
        raise WrongUsage(f"{name} is no plan of reconciler", hint=AGAIN)
    if version.partition(".")[0] != FORMAT.partition(".")[0]:
        made = f"{name} has the format {version}, of reconciler {maker.get('version')}"
        raise WrongUsage(f"{made}; this is {__version__}, and reads {FORMAT}", hint="use the version that planned")
    if about.get("document") == FLEET:
        raise WrongUsage(f"{name} holds the plans of many targets", hint=f"apply them by --all {name}")
    if about.get("document") != "plan":
        what = about.get("error", {}).get("message") if isinstance(about.get("error"), dict) else None
        said = f"an error instead: {what}" if what else f"a document of the kind {about.get('document')}"
        raise WrongUsage(f"{name} holds no plan, but {said}", hint=AGAIN)
    _check_content(about, name, str(maker.get("version")), is_expected=is_expected)


def _check_content(document: Mapping[str, Json], name: str, version: str, *, is_expected: bool) -> None:
    from jsonschema import Draft202012Validator  # noqa: PLC0415 - takes long to load, and most commands read no plan

    wrong = next(Draft202012Validator(SAVED).iter_errors(document), None)
    if wrong is not None:
        raise WrongUsage(f"{name} is damaged at {wrong.json_path}", hint=AGAIN)
    if document["fingerprint"] != fingerprint_of(document):
        if is_expected:
            message = f"{name} is not the plan that is expected: it was changed after it was written"
            raise Stale(f"{message}; nothing was changed", hint=AGAIN)
        by = "" if version == __version__ else f" (or reconciler {version}, which made it, counts otherwise)"
        raise WrongUsage(f"{name} was changed after it was written: its fingerprint is another{by}", hint=AGAIN)

"""What makes a plan the plan that it is: where it runs, what it changes, and the requests that change it.

Not places in files, prose and waits; not the order of a list where the order says nothing; and not what is refused,
which the one who applies is told then.
"""

import hashlib
import json
from collections.abc import Iterable, Mapping

from reconciler.kinds import KINDS
from reconciler.kinds.base import Field, Form, Row
from reconciler.model import Action, Json
from reconciler.ownership import APPLIED, DIGEST
from reconciler.report.words import ACTIONS

SHORT = 16  # digits that are shown, and the fewest that name a plan
PLACE = ("stack", "account", "region")
PASSING = (ACTIONS[Action.WAIT], ACTIONS[Action.PRUNE])
RECORD = {APPLIED: DIGEST}
UNORDERED = (Form.SET, Form.KEYED, Form.RANKED)  # RANKED: its entries have their numbers with them


def fingerprint_of(document: Mapping[str, Json]) -> str:
    """Return the fingerprint of a plan's document, of 64 hexadecimal digits: the same everywhere and every time."""
    changes = sorted(_text(change) for change in essence(document))
    return hashlib.sha256(_text([*(document[name] for name in PLACE), changes]).encode()).hexdigest()


def essence(document: Mapping[str, Json]) -> list[dict[str, Json]]:
    """Return what matters of each change of a plan's document."""
    return [_essence(change) for change in document["changes"] if _matters(change)]


def _matters(change: Mapping[str, Json]) -> bool:
    """To wait changes nothing, and to take note of what is left to the service nothing but our own record.

    Which revisions are pruned depends on what jobs use at the moment, and a pruned one can be registered again.
    """
    is_noted = bool(change["fields"]) and all(field.get("noted") for field in change["fields"])
    requests = [step["request"] for step in change["steps"] if "operation" in step]
    is_note = is_noted and all(request.get("tags") == RECORD for request in requests)
    return change["action"] not in PASSING and not is_note


def _essence(change: Mapping[str, Json]) -> dict[str, Json]:
    kind = KINDS.get(change["kind"])
    rows = kind.rows if kind else ()
    return {
        "address": change["address"],
        "name": change["name"],
        "action": change["action"],
        "members": {field["path"]: _member(rows, field) for field in change["fields"] if not field.get("noted")},
        "requests": [
            [step["operation"], _settled(rows, step["request"])] for step in change["steps"] if "operation" in step
        ],
    }


def _member(rows: Iterable[Row], field: Mapping[str, Json]) -> list[Json]:
    before, after = (_settled(rows, {field["path"]: field[side]})[field["path"]] for side in ("before", "after"))
    return [before, after, field["class"]]


def _settled(rows: Iterable[Row], body: Mapping[str, Json]) -> dict[str, Json]:
    """Return a body with the lists sorted whose order says nothing."""
    known = {row.name: row for row in rows if isinstance(row, Field)}
    return {name: _value(known[name], value, body) if name in known else value for name, value in body.items()}


def _value(row: Field, value: Json, siblings: Mapping[str, Json]) -> Json:
    if isinstance(value, Mapping):
        return _settled(row.fields, value) if row.form is Form.STRUCT else value
    if not isinstance(value, list | tuple):
        return value
    entries = [_settled(row.fields, entry) if isinstance(entry, Mapping) else entry for entry in value]
    if row.form not in UNORDERED or (row.ordered_if is not None and row.ordered_if(siblings)):
        return entries
    named = {str(entry[row.key]): entry for entry in entries if isinstance(entry, Mapping) and row.key in entry}
    return named if len(named) == len(entries) else sorted(entries, key=_text)


def _text(value: Json) -> str:
    return json.dumps(value, sort_keys=True, separators=(",", ":"), default=str)

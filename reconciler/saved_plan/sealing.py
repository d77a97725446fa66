"""Marks on hidden values in a plan that is kept: another value is noticed, and no value can be found by trying.

A digest that anybody can make lets a reader try values until one fits, and of a short password there are not many; so
whatever notices every change gives the value away. With a key that readers of the plan do not have, a mark is a keyed
digest and notices all. Without one it has eight bits: 255 of 256 changes are noticed, and of each value no more than
these bits become known, whatever is tried.
"""

import hashlib
import hmac
import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

from reconciler.kinds import KINDS
from reconciler.kinds.base import Field, Form, Row
from reconciler.live.ownership import APPLIED, DIGEST
from reconciler.model import Action, Call, Change, Json
from reconciler.redact.secrets import CHANGED, REDACTED
from reconciler.report.summary import ACTIONS

BITS_4 = 2  # hexadecimal digits of a mark that anybody can make
KEYED = 16  # and of one that only the key makes
EVERYBODY = b"reconciler"
OF_KEY = b"the key itself"


@dataclass(frozen=True, slots=True)
class Seal:
    """Makes marks. `key` is what readers of the plan do not know; empty: there is none."""

    key: bytes = b""

    @property
    def name(self) -> str:
        """Tells one key from another; without a key empty."""
        return _digest(self.key, OF_KEY)[:8] if self.key else ""

    def mark(self, value: Json) -> str:
        text = value if isinstance(value, str) else json.dumps(value, default=str)
        return _digest(self.key or EVERYBODY, text.encode())[: KEYED if self.key else BITS_4]

    def change(self, shown: Json, raw: Change) -> Json:
        """Return a change of a plan's document, `shown` without secrets, with marks where they were.

        Marks are on what is sent and what is to be; what a hidden field was before does not matter.
        """
        fields = zip(shown["fields"], raw.fields, strict=True)
        steps = zip(shown["steps"], raw.steps, strict=True)
        return {
            **shown,
            "fields": [{**field, "after": self._value(field["after"], one.after)} for field, one in fields],
            "steps": [
                {**step, "request": self._value(step["request"], one.request)} if isinstance(one, Call) else step
                for step, one in steps
            ],
        }

    def _value(self, shown: Json, raw: Json) -> Json:
        """Hiding keeps the shape of a value: what is hidden are its leaves."""
        if isinstance(shown, Mapping):
            return {key: self._value(inner, raw[key]) for key, inner in shown.items()}
        if isinstance(shown, list | tuple):
            return [self._value(inner, one) for inner, one in zip(shown, raw, strict=True)]
        return f"{shown[:-1]} {self.mark(raw)}>" if shown in (REDACTED, CHANGED) else shown


def _digest(key: bytes, text: bytes) -> str:
    return hmac.new(key, text, "sha256").hexdigest()


# What makes a plan the plan that it is: where it runs, what it changes, the requests that change it, and its inputs.
#
# Inputs are the variables, targets and consents that it was made with: they decide what else may be done, and a plan
# that is refused must not become one that is not. Those that say nothing do not count, nor does where the stack and the
# sandbox are kept: a plan has the same fingerprint on every machine.
#
# Not places in files, prose and waits; not the order of a list where the order says nothing; and not what is refused,
# which is found anew when the plan is applied.

PLACE = ("stack", "account", "region")
CONSENTS = (  # `apply` may be given these
    "allow_destroy", "max_destroy", "max_interrupted", "drain", "cancel_jobs", "allow_unplaceable",
)  # fmt: skip
INPUTS = ("variables", "withheld", "variable_files", "targets", "adopt", "allow_replace", *CONSENTS)
PASSING = (ACTIONS[Action.WAIT], ACTIONS[Action.PRUNE])
RECORD = {APPLIED: DIGEST}
COMPACT = json.JSONEncoder(sort_keys=True, separators=(",", ":"), default=str)
UNORDERED = (Form.SET, Form.KEYED, Form.RANKED)  # RANKED: its entries have their numbers with them


def fingerprint_of(document: Mapping[str, Json]) -> str:
    """Return the fingerprint of a plan's document, of 64 hexadecimal digits: the same everywhere and every time."""
    changes = sorted(_text(change) for change in essence(document))
    inputs_given = document.get("inputs", {})
    inputs = {name: inputs_given[name] for name in INPUTS if _is_said(inputs_given.get(name))}
    content = [*(document[name] for name in PLACE), changes, *([inputs] if inputs else [])]
    digest = hashlib.sha256()
    for piece in COMPACT.iterencode(content):  # the text of a large plan is never whole
        digest.update(piece.encode())
    return digest.hexdigest()


def without_consents(document: Mapping[str, Json]) -> dict[str, Json]:
    """Return the document of the same plan as if only `apply` were given its consents."""
    inputs = {name: value for name, value in document["inputs"].items() if name not in CONSENTS}
    return {**document, "inputs": inputs}


def essence(document: Mapping[str, Json]) -> Iterator[dict[str, Json]]:
    """Yield what matters of each change of a plan's document."""
    return (_essence(change) for change in document["changes"] if _matters(change))


def _is_said(value: Json) -> bool:
    """Zero is said: `--max-interrupted 0` allows less than nothing at all does."""
    return value is not None and value is not False and value not in ([], {})


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
        "members": {field["path"]: _member(rows, field) for field in _fields(change) if not field.get("noted")},
        "requests": [
            [step["operation"], _settled(rows, step["request"])] for step in change["steps"] if "operation" in step
        ],
    }


def _fields(change: Mapping[str, Json]) -> Iterable[Mapping[str, Json]]:
    """What is deleted is deleted whatever it has: its fields are for readers."""
    return () if change["action"] == ACTIONS[Action.DELETE] else change["fields"]


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
    return COMPACT.encode(value)

"""The JSON Schema of a saved plan, as far as it is read again; there may be more."""

from collections.abc import Mapping

from reconciler.model import Json

TEXT: Json = {"type": "string"}
TRUTH: Json = {"type": "boolean"}
TEXTS: Json = {"type": "array", "items": TEXT}
TEXT_OR_NULL: Json = {"type": ["string", "null"]}


def _object(**members: Json) -> Json:
    return {"type": "object", "required": list(members), "properties": members}


def _list(item: Json) -> Json:
    return {"type": "array", "items": item}


STEP: Json = {"type": "object", "if": {"required": ["operation"]}, "then": _object(operation=TEXT, request=_object())}
CHANGE = _object(
    address=TEXT,
    kind=TEXT,
    name=TEXT,
    action=TEXT,
    fields=_list({**_object(path=TEXT, **{"class": TEXT}), "required": ["path", "before", "after", "class"]}),
    steps=_list(STEP),
)
INPUTS = _object(
    path=TEXT,
    variables={"type": "object", "additionalProperties": TEXT},
    withheld=TEXTS,
    variable_files=TEXTS,
    sandbox=TEXT_OR_NULL,
    targets=TEXTS,
    adopt=TRUTH,
    allow_destroy=TEXTS,
    allow_replace=TRUTH,
    drain=TRUTH,
    cancel_jobs=TRUTH,
    max_interrupted={"type": ["integer", "null"], "minimum": 0},
    max_destroy={"type": ["string", "null"], "pattern": "^([0-9]{1,9}|(100|[0-9]{1,2})%)\\Z"},
)
SAVED: Mapping[str, Json] = _object(
    tool=_object(version=TEXT),
    stack=TEXT,
    account=TEXT,
    region=TEXT,
    fingerprint={"type": "string", "pattern": "^[0-9a-f]{64}$"},
    key=TEXT,
    changes=_list(CHANGE),
    inputs=INPUTS,
)

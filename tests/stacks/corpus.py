"""Real definitions in all the forms that people write, brought to the API's members; what their tools compute is filled in.

The corpus is no part of the repository: it is looked for in `shared/corpus`, beside or above the checkout.
"""

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from reconciler.adapters.lookup.installed import read_schema
from reconciler.kinds import KINDS
from reconciler.kinds.base import Kind
from reconciler.model import Json
from tests.builders import CE, JD, JQ, SP

KINDS_OF_FILES = {"jobdef": JD, "ce": CE, "queue": JQ, "policy": SP}
ABSENT = {"Ref": "AWS::NoValue"}
CLUSTER = "arn:aws:eks:us-east-1:123456789012:cluster/research"
# What Terraform, Python, shells and templates compute: ${…}, ${{…}}, <py:…>.
HOLE = re.compile(r"\$\{\{.*?\}\}|^\$\{[^{]*[({].*\}$|\$\{.*?\}|<py:.*>|\bSHVAR\b|\bTPL\b")
DEFS = read_schema()["$defs"]


@dataclass(frozen=True)
class Entry:
    """One line of the corpus: where it comes from, in which form, and what it says."""

    kind: Kind
    form: str
    source: str
    definition: Json


def entries() -> list[Entry]:
    folder = corpus()
    return list(_entries(folder)) if folder else []


def corpus() -> Path | None:
    above = (parent / "shared" / "corpus" for parent in Path(__file__).parents)
    return next((each for each in above if each.is_dir()), None)


def request_of(entry: Entry) -> Json:
    """Return the request that the entry's tool would send; None if a whole structure of it is computed elsewhere."""
    try:
        return _filled(entry.definition, DEFS[entry.kind.create.operation])
    except _IncompleteError:
        return None


class _IncompleteError(Exception):
    """A structure stands nowhere: a program makes it."""


def _entries(folder: Path) -> Iterator[Entry]:
    for name, kind in KINDS_OF_FILES.items():
        for line in (folder / f"{name}.jsonl").read_text(encoding="utf-8").splitlines():
            one = json.loads(line)
            yield Entry(KINDS[kind], one["form"], one["source"], one["definition"])


def _filled(value: Json, schema: Json) -> Json:
    if "$ref" in schema:
        schema = DEFS[schema["$ref"].removeprefix("#/$defs/")]
    if _is_hole(value):
        return _made_up(value, schema)
    match value:
        case dict() if "properties" in schema:
            return _structure(value, schema)
        case dict():
            return {key: _filled(inner, {"type": "string"}) for key, inner in value.items()}
        case list():
            return [_filled(item, schema.get("items", {})) for item in map(_chosen, value) if item != ABSENT]
    return value


def _structure(value: Json, schema: Json) -> Json:
    """Return the members that the API knows, whatever case they begin with; tools have more of their own."""
    if "__unparsed__" in value:
        raise _IncompleteError
    own = {name.lower(): name for name in schema["properties"]}
    known = {own[name.lower()]: _chosen(inner) for name, inner in value.items() if name.lower() in own}
    return {
        name: _sized(name, inner, value) or _filled(inner, schema["properties"][name])
        for name, inner in known.items()
        if inner is not None and inner != ABSENT
    }


def _chosen(value: Json) -> Json:
    """Of what depends on a condition, take what holds where the condition does."""
    return value["Fn::If"][1] if isinstance(value, dict) and "Fn::If" in value else value


def _sized(name: str, inner: Json, structure: Json) -> Json:
    """What is computed of a resource requirement is a number, although its type is a text."""
    return "4" if name == "value" and "type" in structure and _is_hole(inner) else None


def _is_hole(value: Json) -> bool:
    if isinstance(value, dict):
        return set(value) == {"Ref"} or bool(value and all(key.startswith("Fn::") for key in value))
    return isinstance(value, str) and HOLE.search(value) is not None


def _made_up(value: Json, schema: Json) -> Json:
    if "properties" in schema:
        raise _IncompleteError
    if known := schema.get("enum") or schema.get("examples"):
        return known[0]
    match schema["type"]:
        case "array":
            return [_filled(value, schema["items"])]
        case "object":
            return {}
        case "boolean":
            return True
        case "integer" | "number":
            return max(schema.get("minimum", 1), 1)
    return _text(value, schema)


def _text(value: Json, schema: Json) -> str:
    """Return a text that tells two computed ones apart."""
    if "EKS cluster" in schema.get("description", ""):
        return CLUSTER
    text = HOLE.sub(_letters, value) if isinstance(value, str) else _letters(json.dumps(value))
    return text if re.search(schema.get("pattern", ""), text) else "1"


def _letters(hole: re.Match[str] | str) -> str:
    return "x" + re.sub(r"[^a-z0-9]", "", (hole if isinstance(hole, str) else hole[0]).lower())[:60]

"""Documents of ours that come back: they are what their published schemas say, or it is said where they are not."""

from collections.abc import Mapping
from functools import cache

from jsonschema import Draft202012Validator
from jsonschema.exceptions import ValidationError

from reconciler.model import Json
from reconciler.problems import Exit
from reconciler.report.fleet import Fleet, fleet_of, fleet_of_one
from reconciler.report.json import FLEET, FORMAT
from reconciler.report.schemas import DOCUMENTS
from reconciler.syntax.parse import whole_json

MAJOR = FORMAT.partition(".")[0]
KNOWN = (Exit.DONE, Exit.CHANGES)  # of a check: it has a result
NO_JSON = "it is not JSON"


class Unreadable(ValueError):  # noqa: N818 - names what is wrong
    """A document cannot be read. The text begins with "it"."""


def parsed(content: bytes) -> Json:
    """Return the JSON of a file. Raises `Unreadable`."""
    try:
        return whole_json(content.decode("utf-8-sig"))
    except ValueError as error:
        why = str(error)  # of JSON of which something cannot be used, `whole_json` says what
        raise Unreadable(why if why.startswith("it ") else NO_JSON) from error


def read_fleet_document(document: Json) -> Fleet:
    """Return what a document of many deployments says. Raises `Unreadable`."""
    if not isinstance(document, Mapping) or document.get("document") != FLEET:
        raise Unreadable("it contains no deployments")
    check(document)
    shard = document["shard"]
    if shard and shard["index"] > shard["of"]:
        raise Unreadable("it is damaged at $.shard.index: there are not so many shares")
    for index, entry in enumerate(document["targets"]):
        if entry["result"] is not None:
            check(entry["result"], f"$.targets[{index}].result")
    return fleet_of(document)


def read_drift(document: Json) -> Fleet:
    """Return what a document of `drift` says, of many deployments or of one stack. Raises `Unreadable`."""
    if isinstance(document, Mapping) and document.get("document") == "drift":
        check(document)
        return fleet_of_one(document)
    fleet = read_fleet_document(document)
    if fleet.command != "drift":
        raise Unreadable(f"it contains results of `{fleet.command}`")
    for index, one in enumerate(fleet.outcomes):
        if one.exit in KNOWN and (one.result is None or one.result["document"] != "drift"):
            raise Unreadable(
                f"it is damaged at $.targets[{index}].result: a finished check must contain a drift document"
            )
    return fleet


def check(document: Mapping[str, Json], path: str = "$") -> None:
    """Raise `Unreadable` unless a document is as the schema of its kind says."""
    version = document.get("format_version", FORMAT)
    if str(version).partition(".")[0] != MAJOR:
        raise Unreadable(f"its format is {version}; only {MAJOR} is supported")
    kind = document.get("document")
    if not isinstance(kind, str) or kind not in DOCUMENTS:
        raise Unreadable(f"it is damaged at {path}.document: no command writes such a document")
    wrong = next(_validator(kind).iter_errors(document), None)
    if wrong is not None:
        raise Unreadable(f"it is damaged at {path}{wrong.json_path[1:]}: {_reason(wrong)}")


@cache
def _validator(kind: str) -> Draft202012Validator:
    return Draft202012Validator(DOCUMENTS[kind])


def _reason(wrong: ValidationError) -> str:
    """Say what is wrong without the value, which may be long or secret."""
    match wrong.validator:
        case "type":
            types: Json = wrong.validator_value
            return f"it has to be of type {types if isinstance(types, str) else ' or '.join(types)}"
        case "required":
            return wrong.message
        case "enum" | "const":
            return "it is none of the values that are known"
        case _:
            return "it is not of the form that it has to have"

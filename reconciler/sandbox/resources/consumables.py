"""Consumable resources: create, read, list, update, delete. They have no status: what is asked is done."""

from collections.abc import Mapping
from dataclasses import replace

from reconciler.model import Json
from reconciler.sandbox.core.model import refuse_if
from reconciler.sandbox.core.state import (
    AccountState,
    Record,
    name_key,
    page_of_records,
    refuse_bad_name,
    refuse_bad_tags,
)
from reconciler.sandbox.jobs.timeline import QUANTITY, used_amounts

NOUN = "consumable-resource"
TYPES = ("REPLENISHABLE", "NON_REPLENISHABLE")
TOKENS = ".update-tokens"  # clientToken, the request and when it was made
REMEMBERED = 8 * 3600.0  # seconds (UpdateConsumableResource, clientToken)


def create(account_state: AccountState, request: Mapping[str, Json]) -> Json:
    name = request["consumableResourceName"]
    refuse_bad_name(name, "Consumable resource")
    refuse_bad_tags(request.get("tags", {}))
    kind = request.get("resourceType", TYPES[0])
    refuse_if(kind not in TYPES, f"resourceType should be one of {', '.join(TYPES)}.")
    _refuse_negative(request.get("totalQuantity", 0))
    refuse_if(account_state.is_taken(NOUN, name), "Object already exists")
    body = {
        "totalQuantity": request.get("totalQuantity", 0),
        "resourceType": kind,
        "createdAt": int(account_state.now * 1000),
    }
    record = Record(name=name, arn=account_state.arn(NOUN, name), body=body, tags=request.get("tags", {}))
    account_state.put(NOUN, record)
    return _identity(record)


def describe(account_state: AccountState, request: Mapping[str, Json]) -> Json:
    record = account_state.see(NOUN, request["consumableResource"])
    refuse_if(record is None, f"{request['consumableResource']} does not exist")
    return _shown(account_state, record) if record else {}


def list_all(account_state: AccountState, request: Mapping[str, Json]) -> Json:
    patterns = [value for each in request.get("filters", ()) for value in each.get("values", ())]
    matching = (record for record in account_state.see_every(NOUN) if not patterns or _matches(record.name, patterns))
    records, token = page_of_records(matching, request, name_key)
    return {"consumableResources": [_summary(account_state, each) for each in records], **token}


def update(account_state: AccountState, request: Mapping[str, Json]) -> Json:
    record = account_state.get(NOUN, request["consumableResource"])
    if not _is_repeated(account_state, request):
        total = _total(record.body["totalQuantity"], request)
        _refuse_negative(total)
        record = replace(record, body={**record.body, "totalQuantity": total})
        account_state.put(NOUN, record)
    return {**_identity(record), "totalQuantity": record.body["totalQuantity"]}


def delete(account_state: AccountState, request: Mapping[str, Json]) -> Json:
    account_state.remove(NOUN, account_state.get(NOUN, request["consumableResource"]))
    return {}


OPERATIONS = {
    "CreateConsumableResource": create,
    "DescribeConsumableResource": describe,
    "ListConsumableResources": list_all,
    "UpdateConsumableResource": update,
    "DeleteConsumableResource": delete,
}


def _total(before: int, request: Mapping[str, Json]) -> int:
    quantity, operation = request.get("quantity", 0), request.get("operation", "SET")
    _refuse_negative(quantity)
    refuse_if(operation not in ("SET", "ADD", "REMOVE"), "operation should be one of SET, ADD, REMOVE.")
    return int({"SET": quantity, "ADD": before + quantity, "REMOVE": before - quantity}[operation])


def _is_repeated(account_state: AccountState, request: Mapping[str, Json]) -> bool:
    token = request.get("clientToken")
    if token is None:
        return False
    made = account_state.fact(TOKENS, token)
    if made and made["request"] == dict(request) and account_state.now < made["at"] + REMEMBERED:
        return True
    account_state.note(TOKENS, token, {"request": dict(request), "at": account_state.now})
    return False


def _matches(name: str, patterns: list[str]) -> bool:
    """Without regard to case; a trailing asterisk matches any rest (ListConsumableResources)."""
    own = name.lower()
    return any(own.startswith(v[:-1].lower()) if v.endswith("*") else own == v.lower() for v in patterns)


def _refuse_negative(quantity: int) -> None:
    refuse_if(quantity < 0, "The quantity of a consumable resource must be non-negative.")


def _summary(account_state: AccountState, record: Record) -> dict[str, Json]:
    members = {member: record.body[member] for member in ("totalQuantity", "resourceType")}
    return {**_identity(record), **members, "inUseQuantity": int(used_amounts(account_state, record.arn)[QUANTITY])}


def _shown(account_state: AccountState, record: Record) -> dict[str, Json]:
    """What is used up is gone from the total of what is NON_REPLENISHABLE (User Guide, 'Resource-aware scheduling')."""
    summary = _summary(account_state, record)
    used = summary["inUseQuantity"] if record.body["resourceType"] == "REPLENISHABLE" else 0
    available = record.body["totalQuantity"] - used
    return {**summary, "availableQuantity": available, "createdAt": record.body["createdAt"], "tags": record.tags}


def _identity(record: Record) -> dict[str, Json]:
    return {"consumableResourceName": record.name, "consumableResourceArn": record.arn}

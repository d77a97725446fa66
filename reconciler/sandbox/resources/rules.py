"""EventBridge: rules of event patterns and their targets; and what they would send of jobs that fail.

Requests and answers are spelled as the service does: PascalCase. Nothing is delivered.
"""

import json
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace

from reconciler.model import Json
from reconciler.sandbox.core.state import AccountState, Record, page_of_records
from reconciler.sandbox.resources.schedules import NOT_FOUND, ServiceRefusal

RULE = "rule"
SERVICE = "events"
INVALID_PATTERN, IN_USE = "InvalidEventPatternException", "ValidationException"
LONGEST_PATTERN = 2048
MOST_TARGETS = 5


def put_rule(account_state: AccountState, request: Mapping[str, Json]) -> Json:
    name = request["Name"]
    pattern = request.get("EventPattern", "")
    _check_pattern(pattern)
    arn = account_state.arn(RULE, name, SERVICE)
    record = account_state.find(RULE, arn)
    body = {member: request[member] for member in ("EventPattern", "Description") if request.get(member)}
    body["State"] = request.get("State", "ENABLED")
    if record is None:
        tags = {tag["Key"]: tag["Value"] for tag in request.get("Tags", ())}
        record = Record(name=name, arn=arn, body={}, tags=tags, hidden={"targets": {}})
    account_state.put(RULE, replace(record, body=body))
    return {"RuleArn": arn}


def describe(account_state: AccountState, request: Mapping[str, Json]) -> Json:
    record = _rule(account_state, request["Name"])
    return {"Name": record.name, "Arn": record.arn, "EventBusName": "default", **record.body}


def list_rules(account_state: AccountState, request: Mapping[str, Json]) -> Json:
    prefix = request.get("NamePrefix", "")
    records = [record for record in account_state.see_every(RULE) if record.name.startswith(prefix)]
    asked = {"maxResults": request.get("Limit", 100), "nextToken": request.get("NextToken")}
    page, token = page_of_records(records, asked, lambda record: (record.name,))
    shown = [{"Name": each.name, "Arn": each.arn, "EventBusName": "default", **each.body} for each in page]
    return {"Rules": shown, **({"NextToken": token["nextToken"]} if token else {})}


def delete_rule(account_state: AccountState, request: Mapping[str, Json]) -> Json:
    """A rule that does not exist is as good as deleted (DeleteRule)."""
    record = account_state.find(RULE, account_state.arn(RULE, request["Name"], SERVICE))
    if record is None:
        return {}
    if record.hidden["targets"]:
        raise ServiceRefusal(IN_USE, "Rule can't be deleted since it has targets.")
    account_state.remove(RULE, record)
    return {}


def put_targets(account_state: AccountState, request: Mapping[str, Json]) -> Json:
    record = _rule(account_state, request["Rule"])
    targets = {**record.hidden["targets"], **{target["Id"]: target for target in request["Targets"]}}
    if len(targets) > MOST_TARGETS:
        raise ServiceRefusal("LimitExceededException", f"A rule can have at most {MOST_TARGETS} targets.")
    account_state.put(RULE, replace(record, hidden={"targets": targets}))
    return {"FailedEntryCount": 0, "FailedEntries": []}


def remove_targets(account_state: AccountState, request: Mapping[str, Json]) -> Json:
    record = _rule(account_state, request["Rule"])
    kept = {id_: target for id_, target in record.hidden["targets"].items() if id_ not in request["Ids"]}
    account_state.put(RULE, replace(record, hidden={"targets": kept}))
    return {"FailedEntryCount": 0, "FailedEntries": []}


def list_targets(account_state: AccountState, request: Mapping[str, Json]) -> Json:
    return {"Targets": list(_rule(account_state, request["Rule"]).hidden["targets"].values())}


def list_tags(account_state: AccountState, request: Mapping[str, Json]) -> Json:
    record = _tagged(account_state, request["ResourceARN"])
    return {"Tags": [{"Key": key, "Value": value} for key, value in sorted(record.tags.items())]}


def tag(account_state: AccountState, request: Mapping[str, Json]) -> Json:
    record = _tagged(account_state, request["ResourceARN"])
    more = {each["Key"]: each["Value"] for each in request["Tags"]}
    account_state.put(RULE, replace(record, tags={**record.tags, **more}))
    return {}


def untag(account_state: AccountState, request: Mapping[str, Json]) -> Json:
    record = _tagged(account_state, request["ResourceARN"])
    kept = {key: value for key, value in record.tags.items() if key not in request["TagKeys"]}
    account_state.put(RULE, replace(record, tags=kept))
    return {}


OPERATIONS: Mapping[str, Callable[[AccountState, Mapping[str, Json]], Json]] = {
    "PutRule": put_rule,
    "DescribeRule": describe,
    "ListRules": list_rules,
    "DeleteRule": delete_rule,
    "PutTargets": put_targets,
    "RemoveTargets": remove_targets,
    "ListTargetsByRule": list_targets,
    "ListTagsForResource": list_tags,
    "TagResource": tag,
    "UntagResource": untag,
}


def _rule(account_state: AccountState, name: str) -> Record:
    record = account_state.find(RULE, account_state.arn(RULE, name, SERVICE))
    if record is None:
        raise ServiceRefusal(NOT_FOUND, f"Rule {name} does not exist on EventBus default.")
    return record


def _tagged(account_state: AccountState, arn: str) -> Record:
    record = account_state.find(RULE, arn)
    if record is None:
        raise ServiceRefusal(NOT_FOUND, f"Rule {arn.rpartition('/')[2]} does not exist on EventBus default.")
    return record


def _check_pattern(pattern: str) -> None:
    if len(pattern) > LONGEST_PATTERN:
        raise ServiceRefusal(INVALID_PATTERN, f"Event pattern is not valid. Reason: it has {len(pattern)} characters")
    try:
        document = json.loads(pattern)
    except ValueError as wrong:
        raise ServiceRefusal(INVALID_PATTERN, f"Event pattern is not valid. Reason: {wrong}") from wrong
    if not isinstance(document, dict) or not document:
        raise ServiceRefusal(INVALID_PATTERN, "Event pattern is not valid. Reason: Filter is not an object")


# What a rule does with an event: whether it matches, and the text that its target would get.


def sent(account_state: AccountState, event: Mapping[str, Json]) -> Iterator[dict[str, Json]]:
    """Yield what enabled rules would send of an event: rule, target and text."""
    for record in account_state.every(RULE):
        if record.body["State"] != "ENABLED" or not matches(json.loads(record.body["EventPattern"]), event):
            continue
        for target in record.hidden["targets"].values():
            yield {"rule": record.name, "target": target["Arn"], "text": transformed(target, event)}


def matches(pattern: Mapping[str, Json], event: Json) -> bool:
    """Whether an event has what a pattern asks for ("Amazon EventBridge event patterns")."""
    for name, wanted in pattern.items():
        if name == "$or":
            if not any(matches(branch, event) for branch in wanted):
                return False
            continue
        value = event.get(name) if isinstance(event, Mapping) else None
        if isinstance(wanted, Mapping):
            if not matches(wanted, value):
                return False
        elif not any(_fits(each, value) for each in wanted):
            return False
    return True


def _fits(wanted: Json, value: Json) -> bool:
    if isinstance(wanted, Mapping):
        return wanted == {"exists": value is not None}
    return bool(wanted == value)


def transformed(target: Mapping[str, Json], event: Mapping[str, Json]) -> str:
    """Return the text of a target's input transformer; where a path leads nowhere, nothing stands."""
    transformer = target.get("InputTransformer")
    if transformer is None:
        return json.dumps(event)
    values = {name: _at(path, event) for name, path in transformer["InputPathsMap"].items()}
    return re.sub(r"<([\w-]+)>", lambda found: values.get(found[1], found[0]), transformer["InputTemplate"])


def _at(path: str, event: Json) -> str:
    for step in path.removeprefix("$.").split("."):
        event = event.get(step) if isinstance(event, Mapping) else None
    return "" if event is None else str(event)

"""EventBridge Scheduler: groups and schedules, as CreateSchedule and its neighbours see them; and what they fire.

Requests and answers are spelled as the service does: PascalCase.
"""

import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from datetime import UTC, datetime
from itertools import islice
from operator import itemgetter

from reconciler.model import Json, partition_of
from reconciler.sandbox.core.model import Refusal, refuse_bad_request, submitted_request
from reconciler.sandbox.core.state import AccountState, Record, page_of_records
from reconciler.sandbox.jobs.operations import submit
from reconciler.schedule.expressions import InvalidExpressionError, Rate, parse_expression
from reconciler.schedule.firings import ActivePeriod, find_zone, firings

SCHEDULE, GROUP = "schedule", "schedule-group"
SERVICE = "scheduler"
DEFAULT = "default"  # the group that every account has
ENABLED = "ENABLED"
RETRIES, AGE = 185, 86400  # of a schedule that says nothing (RetryPolicy)
CONFLICT, NOT_FOUND, INVALID = "ConflictException", "ResourceNotFoundException", "ValidationException"
STATUS = {CONFLICT: 409, NOT_FOUND: 404, INVALID: 400}
FIRED = ".fired"  # what schedules have submitted, by number


class ServiceRefusal(Refusal):
    """A refusal of a service beside Batch: with a code of its own."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code = code
        self.status = STATUS.get(code, 400)


def create_group(account_state: AccountState, request: Mapping[str, Json]) -> Json:
    name = request["Name"]
    arn = account_state.arn(GROUP, name, SERVICE)
    if name == DEFAULT or account_state.find(GROUP, arn):
        raise ServiceRefusal(CONFLICT, f"Schedule group {name} already exists.")
    tags = {tag["Key"]: tag["Value"] for tag in request.get("Tags", ())}
    account_state.put(GROUP, Record(name=name, arn=arn, body={}, tags=tags))
    return {"ScheduleGroupArn": arn}


def get_group(account_state: AccountState, request: Mapping[str, Json]) -> Json:
    record = _group(account_state, request["Name"])
    return {"Arn": record.arn, "Name": record.name, "State": "ACTIVE"}


def list_groups(account_state: AccountState, request: Mapping[str, Json]) -> Json:
    prefix = request.get("NamePrefix", "")
    records = [record for record in account_state.see_every(GROUP) if record.name.startswith(prefix)]
    page, token = _page(records, request)
    return {"ScheduleGroups": [{"Arn": each.arn, "Name": each.name, "State": "ACTIVE"} for each in page], **token}


def delete_group(account_state: AccountState, request: Mapping[str, Json]) -> Json:
    """Delete a group with its schedules. AWS takes a while; nothing can be seen of it here."""
    record = _group(account_state, request["Name"])
    for schedule in list(_in_group(account_state, record.name)):
        account_state.remove(SCHEDULE, schedule)
    account_state.remove(GROUP, record)
    return {}


def list_tags(account_state: AccountState, request: Mapping[str, Json]) -> Json:
    record = _tagged(account_state, request["ResourceArn"])
    return {"Tags": [{"Key": key, "Value": value} for key, value in sorted(record.tags.items())]}


def tag(account_state: AccountState, request: Mapping[str, Json]) -> Json:
    record = _tagged(account_state, request["ResourceArn"])
    more = {each["Key"]: each["Value"] for each in request["Tags"]}
    account_state.put(GROUP, replace(record, tags={**record.tags, **more}))
    return {}


def untag(account_state: AccountState, request: Mapping[str, Json]) -> Json:
    record = _tagged(account_state, request["ResourceArn"])
    kept = {key: value for key, value in record.tags.items() if key not in request["TagKeys"]}
    account_state.put(GROUP, replace(record, tags=kept))
    return {}


def create(account_state: AccountState, request: Mapping[str, Json]) -> Json:
    group, name = request.get("GroupName", DEFAULT), request["Name"]
    if group != DEFAULT:
        _group(account_state, group)
    arn = account_state.arn(SCHEDULE, f"{group}/{name}", SERVICE)
    if account_state.find(SCHEDULE, arn):
        raise ServiceRefusal(CONFLICT, f"Schedule {name} already exists.")
    record = Record(name=name, arn=arn, body=_body(request, group), hidden={"created": account_state.now})
    account_state.put(SCHEDULE, _timed(record, account_state.now))
    return {"ScheduleArn": arn}


def update(account_state: AccountState, request: Mapping[str, Json]) -> Json:
    """Replace everything: what is not given has its default again (UpdateSchedule)."""
    record = _schedule(account_state, request)
    body = _body(request, request.get("GroupName", DEFAULT))
    hidden = {**record.hidden, "changed": account_state.now}
    account_state.put(SCHEDULE, _timed(replace(record, body=body, hidden=hidden), account_state.now))
    return {"ScheduleArn": record.arn}


def get(account_state: AccountState, request: Mapping[str, Json]) -> Json:
    record = _schedule(account_state, request)
    created = record.hidden["created"]
    dates = {"CreationDate": created, "LastModificationDate": record.hidden.get("changed", created)}
    return {"Arn": record.arn, "Name": record.name, **record.body, **dates}


def list_all(account_state: AccountState, request: Mapping[str, Json]) -> Json:
    group = request.get("GroupName")
    if group and group != DEFAULT:
        _group(account_state, group)
    prefix = request.get("NamePrefix", "")
    records = [
        record
        for record in account_state.see_every(SCHEDULE)
        if group in (None, record.body["GroupName"]) and record.name.startswith(prefix)
    ]
    page, token = _page(records, request)
    shown = [
        {
            "Arn": each.arn,
            "Name": each.name,
            "GroupName": each.body["GroupName"],
            "State": each.body["State"],
            "Target": {"Arn": each.body["Target"]["Arn"]},
        }
        for each in page
    ]
    return {"Schedules": shown, **token}


def delete(account_state: AccountState, request: Mapping[str, Json]) -> Json:
    account_state.remove(SCHEDULE, _schedule(account_state, request))
    return {}


OPERATIONS: Mapping[str, Callable[[AccountState, Mapping[str, Json]], Json]] = {
    "CreateScheduleGroup": create_group,
    "GetScheduleGroup": get_group,
    "ListScheduleGroups": list_groups,
    "DeleteScheduleGroup": delete_group,
    "ListTagsForResource": list_tags,
    "TagResource": tag,
    "UntagResource": untag,
    "CreateSchedule": create,
    "UpdateSchedule": update,
    "GetSchedule": get,
    "ListSchedules": list_all,
    "DeleteSchedule": delete,
}


def _group(account_state: AccountState, name: str) -> Record:
    record = account_state.find(GROUP, account_state.arn(GROUP, name, SERVICE))
    if record is None:
        raise ServiceRefusal(NOT_FOUND, f"Schedule group {name} does not exist.")
    return record


def _tagged(account_state: AccountState, arn: str) -> Record:
    record = account_state.find(GROUP, arn)
    if record is None:
        raise ServiceRefusal(NOT_FOUND, f"Schedule group {arn.rpartition('/')[2]} does not exist.")
    return record


def _schedule(account_state: AccountState, request: Mapping[str, Json]) -> Record:
    group, name = request.get("GroupName", DEFAULT), request["Name"]
    record = account_state.find(SCHEDULE, account_state.arn(SCHEDULE, f"{group}/{name}", SERVICE))
    if record is None:
        raise ServiceRefusal(NOT_FOUND, f"Schedule {name} does not exist.")
    return record


def _in_group(account_state: AccountState, group: str) -> Iterator[Record]:
    return (record for record in account_state.every(SCHEDULE) if record.body["GroupName"] == group)


def _page(records: list[Record], request: Mapping[str, Json]) -> tuple[list[Record], dict[str, str]]:
    asked = {"maxResults": request.get("MaxResults", 100), "nextToken": request.get("NextToken")}
    page, token = page_of_records(records, asked, lambda record: (record.arn,))
    return page, {"NextToken": token["nextToken"]} if token else {}


def _body(request: Mapping[str, Json], group: str) -> dict[str, Json]:
    """Return a body as GetSchedule shows it, with what the service fills in. Its input is not looked at."""
    expression, zone = request["ScheduleExpression"], request.get("ScheduleExpressionTimezone", "UTC")
    try:
        parse_expression(expression)
    except InvalidExpressionError as wrong:
        raise ServiceRefusal(INVALID, f"Invalid Schedule Expression {expression}.") from wrong
    try:
        find_zone(zone)
    except InvalidExpressionError as wrong:
        raise ServiceRefusal(INVALID, f"Invalid ScheduleExpressionTimezone {zone}.") from wrong
    window = request["FlexibleTimeWindow"]
    if (window["Mode"] == "FLEXIBLE") != ("MaximumWindowInMinutes" in window):
        raise ServiceRefusal(INVALID, "MaximumWindowInMinutes goes with the mode FLEXIBLE, and only with it.")
    start, end = request.get("StartDate"), request.get("EndDate")
    if start is not None and end is not None and end <= start:
        raise ServiceRefusal(INVALID, "The EndDate you specify must come after the StartDate.")
    target = request["Target"]
    policy = {"MaximumEventAgeInSeconds": AGE, "MaximumRetryAttempts": RETRIES, **target.get("RetryPolicy", {})}
    left_out = ("Name", "GroupName", "ClientToken")
    return {
        "GroupName": group,
        "ScheduleExpressionTimezone": zone,
        "State": ENABLED,
        "ActionAfterCompletion": "NONE",
        **{member: value for member, value in request.items() if member not in left_out},
        "Target": {**target, "RetryPolicy": policy},
    }


# Firing: what is due by the turn of the clock.


def next_due(account_state: AccountState) -> float | None:
    """Return when a schedule is due next, up to now; None if none is."""
    due = [record.hidden["due"] for record in account_state.every(SCHEDULE) if record.hidden.get("due") is not None]
    return min((moment for moment in due if moment <= account_state.now), default=None)


def fire(account_state: AccountState) -> None:
    """Submit what is due at this moment, and note it."""
    for record in list(account_state.every(SCHEDULE)):
        due = record.hidden.get("due")
        if due is None or due > account_state.now:
            continue
        account_state.note(FIRED, str(len(account_state.rows(FIRED))), _invoke(account_state, record, due))
        following = _timed(record, due, again=True)
        if following.hidden["due"] is None and record.body["ActionAfterCompletion"] == "DELETE":
            account_state.remove(SCHEDULE, record)
        else:
            account_state.put(SCHEDULE, following)


def fired_since(account_state: AccountState, since: float) -> list[Json]:
    """Return what schedules have submitted after a moment, or why they could not."""
    rows = (row for row in account_state.rows(FIRED).values() if row["at"] > since)
    return sorted(rows, key=itemgetter("at"))


def _invoke(account_state: AccountState, record: Record, due: float) -> dict[str, Json]:
    noted = {"at": due, "schedule": record.name, "group": record.body["GroupName"]}
    target = record.body["Target"]
    if target["Arn"] != f"arn:{partition_of(account_state.region)}:scheduler:::aws-sdk:batch:submitJob":
        return {**noted, "error": f"the sandbox does not invoke {target['Arn']}"}
    try:
        request = submitted_request(json.loads(target.get("Input", "{}")))
        refuse_bad_request("SubmitJob", request)
        return {**noted, "job": submit(account_state, request)["jobId"], "name": request["jobName"]}
    except (Refusal, ValueError) as wrong:
        return {**noted, "error": str(wrong)}


def _timed(record: Record, after: float, *, again: bool = False) -> Record:
    """Return a schedule with the moment when it is due next; None if never again, or not while it is disabled.

    `again`: it has fired at `after`. A rate without a start date counts from its creation, where it fires at once.
    """
    expression = parse_expression(record.body["ScheduleExpression"])
    start, end = record.body.get("StartDate"), record.body.get("EndDate")
    created = record.hidden["created"]
    if isinstance(expression, Rate) and start is None and (again or record.hidden.get("changed")):
        start = created
    period = ActivePeriod(*(None if each is None else datetime.fromtimestamp(each, UTC) for each in (start, end)))
    zone = find_zone(record.body["ScheduleExpressionTimezone"])
    coming = firings(expression, zone, datetime.fromtimestamp(after, UTC), period)
    due = next((instant.timestamp() for instant in islice(coming, 1)), None)
    return replace(record, hidden={**record.hidden, "due": due if record.body["State"] == ENABLED else None})

"""Schedules of EventBridge Scheduler: one group a stack, and in it what Batch keeps in tags.

Scheduler gives tags to groups alone (TagResource: the ARN of a schedule group). So the group has the owner, and the
description of a schedule ends in the other tags that are ours.
"""

import re
from collections.abc import Callable, Mapping
from datetime import UTC, datetime

from reconciler.adapters.eventbridge.spelling import job_input, job_of, spelling_of
from reconciler.kinds.schedule import group_of, submit_job_target
from reconciler.live.ownership import OWNER, PREFIX
from reconciler.model import Identity, Json
from reconciler.ports import Cloud
from reconciler.problems import CloudError, Fault

SERVICE = "scheduler"
PAGE = 100
RECORD = re.compile(r"(?:^| )\[((?:reconciler:[a-z]+=[^\]\s]*)(?: reconciler:[a-z]+=[^\]\s]*)*)\]$")
DATES = ("startDate", "endDate")
NOT_SENT = ("arn", "creationDate", "lastModificationDate")  # members of a description that no request has
GONE = "ResourceNotFoundException"
TAKEN = "ConflictException"


class Schedules:
    """The schedules of one stack. Each method is an operation in the manner of Batch."""

    def __init__(self, scheduler: Cloud, identity: Callable[[], Identity], stack: str) -> None:
        self._scheduler = scheduler
        self._identity = identity
        self._stack = stack
        self._group = group_of(stack)
        self._has_group = False  # as far as is known

    def list_schedules(self, request: Mapping[str, Json]) -> Mapping[str, Json]:
        """List the schedules of the stack's group. Where there is no group, that is one call."""
        if "nextToken" not in request and not self._is_there():
            return {"schedules": []}
        return self._call("ListSchedules", {**request, "groupName": self._group})

    def get_schedule(self, request: Mapping[str, Json]) -> Mapping[str, Json]:
        return self._described(self._get(request["name"]))

    def create_schedule(self, request: Mapping[str, Json]) -> Mapping[str, Json]:
        """Create a schedule, and before the first one the group."""
        if not self._has_group:
            try:
                owner = [{"key": OWNER, "value": self._stack}]
                self._call("CreateScheduleGroup", {"name": self._group, "tags": owner})
            except CloudError as error:
                if error.code != TAKEN:  # another change of the run has created it
                    raise
            self._has_group = True
        return self._call("CreateSchedule", self._sent(request, request["tags"]))

    def update_schedule(self, request: Mapping[str, Json]) -> Mapping[str, Json]:
        """Send the whole schedule with what changes: what UpdateSchedule is not given, it sets to the default."""
        current = self._described(self._get(request["name"]))
        return self._call("UpdateSchedule", self._sent({**current, **request}, current["tags"]))

    def delete_schedule(self, request: Mapping[str, Json]) -> Mapping[str, Json]:
        """Delete a schedule, and after the last one the group."""
        name = _own_name(request["name"])
        self._call("DeleteSchedule", {"groupName": self._group, "name": name})
        try:
            if not self._call("ListSchedules", {"groupName": self._group, "maxResults": 1})["schedules"]:
                self._has_group = False
                self._call("DeleteScheduleGroup", {"name": self._group})
        except CloudError as error:
            if error.code not in (GONE, TAKEN):  # another change of the run has deleted it, or does so now
                raise
        return {}

    def tag(self, request: Mapping[str, Json]) -> Mapping[str, Json]:
        return self._retag(request["resourceArn"], lambda tags: {**tags, **request["tags"]})

    def untag(self, request: Mapping[str, Json]) -> Mapping[str, Json]:
        gone = set(request["tagKeys"])
        return self._retag(request["resourceArn"], lambda tags: {k: tags[k] for k in tags if k not in gone})

    def _retag(self, arn: str, change: Callable[[Mapping[str, str]], Mapping[str, str]]) -> Mapping[str, Json]:
        current = self._described(self._get(arn))
        return self._call("UpdateSchedule", self._sent(current, change(current["tags"])))

    def _is_there(self) -> bool:
        """Whether the stack's group exists. Raises `CloudError` for one of the same name that is not the stack's."""
        try:
            answer = self._call("ListTagsForResource", {"resourceArn": self._arn()})
            if not answer.get("tags"):
                self._call("GetScheduleGroup", {"name": self._group})  # some that are not AWS answer for any ARN
        except CloudError as error:
            if error.code == GONE:
                self._has_group = False
                return False
            raise
        owner = {tag["key"]: tag["value"] for tag in answer.get("tags", ())}.get(OWNER)
        if owner != self._stack:
            whose = f"of stack {owner}" if owner else f"without the tag {OWNER}"
            message = f"the schedule group {self._group} is {whose}"
            hint = f"tag it with {OWNER}={self._stack}, or rename the stack"
            raise CloudError("ListSchedules", Fault.REFUSED, "ForeignGroup", message, hint=hint)
        self._has_group = True
        return True

    def _arn(self) -> str:
        here = self._identity()
        return f"arn:{here.partition}:{SERVICE}:{here.region}:{here.account}:schedule-group/{self._group}"

    def _get(self, name: str) -> Mapping[str, Json]:
        return self._call("GetSchedule", {"groupName": self._group, "name": _own_name(name)})

    def _call(self, operation: str, request: Mapping[str, Json]) -> Mapping[str, Json]:
        spelling = spelling_of(SERVICE)
        answer = self._scheduler.call(operation, spelling.request(operation, request))
        return spelling.answer(operation, answer)

    def _described(self, schedule: Mapping[str, Json]) -> dict[str, Json]:
        """Return a description in the manner of Batch: with the job that its target submits, and with tags."""
        body = {**schedule, "name": f"{self._group}/{schedule['name']}"}
        body |= {date: _instant(body[date]) for date in DATES if date in body}
        body["description"], body["tags"] = self._apart(body.get("description", ""))
        target = dict(body.get("target", {}))
        job = job_of(target.get("input", "")) if target.get("arn") == self._target() else None
        if job is not None:
            body["job"] = job
            del target["arn"], target["input"]
        body["target"] = target
        return body

    def _sent(self, body: Mapping[str, Json], tags: Mapping[str, str]) -> dict[str, Json]:
        """Return a body as CreateSchedule and UpdateSchedule take it."""
        out = {name: value for name, value in body.items() if name not in (*NOT_SENT, "job", "tags")}
        out |= {"groupName": self._group, "name": _own_name(body["name"])}
        out["description"] = self._together(body.get("description") or "", tags)
        out["flexibleTimeWindow"] = {"mode": "OFF", **(body.get("flexibleTimeWindow") or {})}
        target = dict(body.get("target") or {})
        if "roleArn" in target:
            target["roleArn"] = self._role(target["roleArn"])
        if body.get("job") is not None:
            target |= {"arn": self._target(), "input": job_input(body["job"])}
        return {**out, "target": target}

    def _role(self, role: str) -> str:
        here = self._identity()
        return role if role.startswith("arn:") else f"arn:{here.partition}:iam::{here.account}:role/{role}"

    def _target(self) -> str:
        return submit_job_target(self._identity())

    def _apart(self, description: str) -> tuple[str, dict[str, str]]:
        """Return what users wrote, and the tags. A schedule without a record has no owner, although its group has."""
        found = RECORD.search(description)
        if found is None:
            return description, {}
        pairs = (part.partition("=") for part in found[1].split(" "))
        return description[: found.start()], {OWNER: self._stack, **{key: value for key, _, value in pairs}}

    def _together(self, description: str, tags: Mapping[str, str]) -> str:
        ours = sorted((key, value) for key, value in tags.items() if key.startswith(PREFIX) and key != OWNER)
        record = f"[{' '.join(f'{key}={value}' for key, value in ours)}]" if ours else ""
        return " ".join(filter(None, (description, record)))


def _own_name(name: str) -> str:
    return name.rpartition("/")[2]


def _instant(value: Json) -> str:
    """Return a date as users write it."""
    return f"{value.astimezone(UTC):%Y-%m-%dT%H:%M:%SZ}" if isinstance(value, datetime) else str(value)

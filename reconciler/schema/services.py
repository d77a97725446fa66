"""The service models of all kinds as one, in one spelling: that of Batch.

Models of botocore in, a model out, from which schemas, `explain` and tests read shapes as they do those of Batch. Names
of shapes of other services begin with the service; names of fields are in camelCase.
"""

from collections.abc import Mapping

from reconciler.kinds import KINDS
from reconciler.kinds.base import BATCH, Kind
from reconciler.model import Json

Model = Mapping[str, Json]
SERVICES_BESIDE = ("scheduler",)  # those whose bodies are the API's own
TARGET = ("roleArn", "retryPolicy", "deadLetterConfig")  # what of a target is not the job's
JOB = "ScheduledJob"  # the body of SubmitJob, whose name has a default


def joined_model(batch: Model, others: Mapping[str, Model]) -> Model:
    """Return the model of Batch with what kinds of other services need of theirs; `others` are by service."""
    shapes: dict[str, Json] = dict(batch["shapes"])
    operations: dict[str, Json] = dict(batch["operations"])
    if not shapes:  # there is no SDK
        return batch
    for kind in KINDS.values():
        model = others.get(kind.service)
        if kind.service != BATCH and model:
            operations |= {name: _operation(kind, model, name, shapes) for name in _operations(kind)}
    _add_job(shapes, operations)
    _add_notice(shapes, operations)
    return {**batch, "shapes": shapes, "operations": operations}


def _operations(kind: Kind) -> list[str]:
    update = (kind.update.operation,) if kind.update else ()
    names = (kind.create.operation, *update, kind.delete.operation, kind.read.operation, kind.read.listing)
    return [name for name in dict.fromkeys(names) if name]


def _operation(kind: Kind, model: Model, name: str, shapes: dict[str, Json]) -> Json:
    found = model["operations"][name]
    sides = {side: found[side]["shape"] for side in ("input", "output") if side in found}
    return {
        "name": name,
        **{side: {"shape": _copied(kind.service, model, shape, shapes)} for side, shape in sides.items()},
    }


def _copied(service: str, model: Model, name: str, shapes: dict[str, Json]) -> str:
    """Copy a shape, and what it consists of; return its name."""
    new = f"{service.capitalize()}{name}"
    if new in shapes:
        return new
    shape = dict(model["shapes"][name])
    shapes[new] = shape
    if "members" in shape:
        shape["members"] = {
            _small(member): {**inner, "shape": _copied(service, model, inner["shape"], shapes)}
            for member, inner in shape["members"].items()
        }
        shape["required"] = [_small(member) for member in shape.get("required", ())]
    for part in ("member", "key", "value"):
        if part in shape:
            shape[part] = {"shape": _copied(service, model, shape[part]["shape"], shapes)}
    if shape["type"] == "timestamp":
        shape["type"] = "string"  # as users write it, in ISO 8601
    if name == "RoleArn":
        shape.pop("pattern", None)  # a bare name is completed
    return new


def _add_job(shapes: dict[str, Json], operations: Mapping[str, Json]) -> None:
    """Schedules have a job in place of the input of their target; what the tool fills in is not required."""
    submitted = shapes["SubmitJobRequest"]
    shapes[JOB] = {**submitted, "required": [name for name in submitted["required"] if name != "jobName"]}
    for name, side in (("CreateSchedule", "input"), ("UpdateSchedule", "input"), ("GetSchedule", "output")):
        if name in operations:
            shape = shapes[operations[name][side]["shape"]]
            shape["members"] = {**shape["members"], "job": {"shape": JOB}}
            shape["required"] = [each for each in shape["required"] if each != "flexibleTimeWindow"]
    target = shapes["SchedulerTarget"]
    target["members"] = {name: inner for name, inner in target["members"].items() if name in TARGET}
    for shape in ("SchedulerFlexibleTimeWindow", "SchedulerTarget"):
        if shape in shapes:
            shapes[shape]["required"] = [each for each in shapes[shape]["required"] if each == "roleArn"]


def _add_notice(shapes: dict[str, Json], operations: dict[str, Json]) -> None:
    """Notices are a body of their own, of which the rule and its target are made."""
    text, texts = {"shape": "String"}, {"shape": "StringList"}
    members = {
        "name": text,
        "topic": text,
        "on": texts,
        "queues": texts,
        "state": {"shape": "NoticeState"},
        "tags": {"shape": "TagrisTagsMap"},
    }
    shapes["NoticeState"] = {"type": "string", "enum": ["ENABLED", "DISABLED"]}
    shapes["Notice"] = _structure(members, "name", "topic")
    shapes["NoticeName"] = _structure({"name": text}, "name")
    shapes["NoticeNames"] = _structure({"names": texts, "maxResults": {"shape": "Integer"}, "nextToken": text})
    shapes["NoticeDescription"] = _structure({**members, "arn": text})
    shapes["NoticeList"] = {"type": "list", "member": {"shape": "NoticeDescription"}}
    shapes["NoticePage"] = _structure({"rules": {"shape": "NoticeList"}, "nextToken": text})
    shapes["NoticeArn"] = _structure({"arn": text})
    operations["PutRule"] = {"name": "PutRule", "input": {"shape": "Notice"}, "output": {"shape": "NoticeArn"}}
    operations["DeleteRule"] = {"name": "DeleteRule", "input": {"shape": "NoticeName"}}
    operations["ListRules"] = {
        "name": "ListRules",
        "input": {"shape": "NoticeNames"},
        "output": {"shape": "NoticePage"},
    }


def _structure(members: Mapping[str, Json], *required: str) -> dict[str, Json]:
    return {"type": "structure", "members": dict(members), "required": list(required)}


def _small(name: str) -> str:
    return name[:1].lower() + name[1:]

"""What a queue looks like at a glance: who is at its front, and how much its jobs take up; and who needs a resource."""

from collections import Counter
from collections.abc import Mapping
from itertools import islice

from reconciler.model import Json, Spec
from reconciler.sandbox.jobs.capacity import INSTANCES, VCPU
from reconciler.sandbox.jobs.courses import JOB, line_of
from reconciler.sandbox.jobs.holdings import taken
from reconciler.sandbox.jobs.lists import PAGE, chosen_by, newest_first, page_of
from reconciler.sandbox.jobs.rules import TRAINING, known_queue
from reconciler.sandbox.jobs.scheduler import needs_met
from reconciler.sandbox.jobs.standings import standing_of
from reconciler.sandbox.jobs.views import progress
from reconciler.sandbox.records import Record
from reconciler.sandbox.world import AccountState

UNITS = {"EKS": "cpu"}  # the unit by the type of the queue (QueueSnapshotCapacityUsage)


def snapshot(world: AccountState, request: Mapping[str, Json]) -> Json:
    queue = known_queue(world, request["jobQueue"])
    kind = queue.body["jobQueueType"]
    noun = "service-job" if kind == TRAINING else JOB
    front = (
        {"jobArn": world.arn(noun, job), "earliestTimeAtPosition": int(row["runnable"] * 1000)}
        for job, row in line_of(world, queue.arn).items()
        if row["runnable"] <= world.now and needs_met(world, row)
    )
    now = int(world.now * 1000)
    usage = _usage(taken(world, queue.arn), UNITS.get(kind, "VCPU"))
    return {
        "frontOfQueue": {"jobs": list(islice(front, PAGE)), "lastUpdatedAt": now},
        "queueUtilization": {"totalCapacityUsage": usage, "lastUpdatedAt": now},
    }


def list_by_consumable(world: AccountState, request: Mapping[str, Json]) -> Json:
    resource = world.get("consumable-resource", request["consumableResource"])
    chosen = chosen_by(request.get("filters", ()), lambda record: standing_of(world, record).status)
    jobs = (each for each in newest_first(world, JOB, request) if resource.arn in each.hidden["takes"] and chosen(each))
    page, token = page_of(jobs, request, PAGE)
    return {"jobs": [_user(world, record, resource) for record in page], **token}


OPERATIONS = {"GetJobQueueSnapshot": snapshot, "ListJobsByConsumableResource": list_by_consumable}


def _usage(used: Counter[str], unit: str) -> list[Json]:
    """Return what is taken up; instances are told by their type alone."""
    return [
        {"capacityUnit": unit if each == VCPU else each, "quantity": float(quantity)}
        for each, quantity in sorted(used.items())
        if each != INSTANCES and quantity
    ]


def _user(world: AccountState, record: Record, resource: Record) -> dict[str, Json]:
    """The quantity and the time are those of the resource (ListJobsByConsumableResourceSummary)."""
    shown: Spec = progress(world, standing_of(world, record))
    takes = [{"consumableResource": arn, "quantity": each} for arn, each in record.hidden["takes"].items()]
    share = {"shareIdentifier": record.body["shareIdentifier"]} if "shareIdentifier" in record.body else {}
    return {
        "jobArn": record.arn,
        "jobQueueArn": record.body["jobQueue"],
        "jobName": record.name,
        "jobDefinitionArn": record.body["jobDefinition"],
        "jobStatus": shown["status"],
        **share,
        **{member: shown[member] for member in ("statusReason", "startedAt") if member in shown},
        "quantity": resource.body["totalQuantity"],
        "createdAt": resource.body["createdAt"],
        "consumableResourceProperties": {"consumableResourceList": takes},
    }

"""What AWS refuses about the service environment of a queue (cdk-preflight, rules pf-batch-jq-service-env-*)."""

from collections.abc import Sequence

from reconciler.model import Json
from reconciler.sandbox.answers import Refusal, refuse_if
from reconciler.sandbox.capacity_rules import INSTANCES
from reconciler.sandbox.records import Record
from reconciler.sandbox.relationships import queues_with
from reconciler.sandbox.world import AccountState


def attached_services(world: AccountState, order: Sequence[Json], queue: str) -> list[Json]:
    """Return the order with ARNs for names. Raises `Refusal`."""
    refuse_if(len(order) > 1, "Only 1 service environment is allowed in job queue request.")
    environments = [_environment(world, entry["serviceEnvironment"]) for entry in order]
    for environment in environments:
        _refuse_second_queue(world, environment, queue)
    pairs = zip(order, environments, strict=True)
    return [{"order": entry["order"], "serviceEnvironment": environment.arn} for entry, environment in pairs]


def _environment(world: AccountState, identifier: str) -> Record:
    found = world.find("service-environment", identifier)
    if found is None or found.status != "VALID":
        raise Refusal("Service environments must be created and valid before attaching them to a job queue.")
    return found


def _refuse_second_queue(world: AccountState, environment: Record, queue: str) -> None:
    """One that counts instance types is for quota management, and belongs to one queue ('Service quotas')."""
    counts_types = all(limit["capacityUnit"] != INSTANCES for limit in environment.body["capacityLimits"])
    others = [arn for arn in queues_with(world, environment.arn) if arn != queue]
    refuse_if(counts_types and others, "A quota management service environment can have one job queue only.")

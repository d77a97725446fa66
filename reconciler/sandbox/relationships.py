"""Which environments queues use; and that the service goes on believing it for a while after a queue has let go."""

from collections.abc import Iterable, Iterator

from reconciler.model import Spec
from reconciler.sandbox.answers import refuse_if
from reconciler.sandbox.world import AccountState

RELEASED = ".released-environments"  # ARN of an environment, when it stops counting as used
ORDERS = (("computeEnvironmentOrder", "computeEnvironment"), ("serviceEnvironmentOrder", "serviceEnvironment"))


def environments_of(queue: Spec) -> set[str]:
    return {entry[member] for order, member in ORDERS for entry in queue.get(order, ())}


def queues_with(world: AccountState, environment: str) -> Iterator[str]:
    """Yield the ARNs of the queues that use an environment."""
    return (queue.arn for queue in world.every("job-queue") if environment in environments_of(queue.body))


def release(world: AccountState, environments: Iterable[str], at: float) -> None:
    """Note that a queue lets go of environments: for a while the service does not believe it.

    Source: hashicorp/terraform-provider-aws issue 46925.
    """
    for arn in sorted(environments):
        latest = max(world.fact(RELEASED, arn, 0.0), at + world.timings.relationship_grace)
        world.note(RELEASED, arn, latest)


def refuse_used(world: AccountState, environment: str) -> None:
    used = any(queues_with(world, environment)) or world.now < world.fact(RELEASED, environment, 0.0)
    refuse_if(used, "Cannot delete, found existing JobQueue relationship")

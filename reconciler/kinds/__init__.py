"""Everything that is known about AWS Batch, one table a kind. A new kind is one file and one name here."""

from collections.abc import Mapping

from reconciler.kinds import (
    compute_environment,
    consumable_resource,
    job_definition,
    job_queue,
    quota_share,
    scheduling_policy,
    service_environment,
)
from reconciler.kinds.base import Kind

# In the order in which people think of them: what others need comes first.
KINDS: Mapping[str, Kind] = {
    kind.name: kind
    for kind in (
        scheduling_policy.KIND,
        consumable_resource.KIND,
        compute_environment.KIND,
        service_environment.KIND,
        job_queue.KIND,
        quota_share.KIND,
        job_definition.KIND,
    )
}


def kind_named(word: str) -> Kind | None:
    """Return the kind that is called so: by its name, its section or its noun, in any case."""
    wanted = word.lower()
    return next(
        (kind for kind in KINDS.values() if wanted in (kind.name.lower(), kind.section.lower(), kind.noun)), None
    )

"""The facts about AWS Batch, one table a kind: fields, calls, replacement, jobs.

A new kind is one file and one name here. What always holds: a table is data, with pure functions where a fact depends
on a body; no stage names a kind; kinds do not import each other; each fact that is not in AWS's service model has its
source. Not here: what AWS refuses (`rules`), and what is derived from the tables (`schema`, and the stages).
"""

from collections.abc import Mapping

from reconciler.kinds import (
    compute_environment,
    consumable_resource,
    job_definition,
    job_queue,
    notice,
    quota_share,
    schedule,
    scheduling_policy,
    service_environment,
)
from reconciler.kinds.base import BATCH, Declarable, Kind
from reconciler.kinds.submission import JOB

# The order of sections and reports: what others refer to comes first.
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
        schedule.KIND,
        notice.KIND,
    )
}
# What a stack can declare: resources, and jobs, which nothing but `submit` creates.
SECTIONS: Mapping[str, Declarable] = {**KINDS, JOB.name: JOB}


def kind_named(name: str) -> Kind | None:
    """Return the kind with this name, section or noun, in any case."""
    found = section_named(name)
    return KINDS.get(found.name) if found else None


def section_named(name: str) -> Declarable | None:
    """Return what a stack can declare with this name, section or noun, in any case."""
    wanted = name.lower()
    every = {**SECTIONS, **KINDS}
    return next(
        (each for each in every.values() if wanted in (each.name.lower(), each.section.lower(), each.noun)), None
    )


def batch_kinds() -> tuple[Kind, ...]:
    """Return the kinds that AWS Batch itself has."""
    return tuple(kind for kind in KINDS.values() if kind.service == BATCH)

"""Capacity limits of service environments and of quota shares, and what they count."""

import re
from collections import Counter
from collections.abc import Iterator, Mapping

from reconciler.model import Json, Path, Spec
from reconciler.rules.base import Findings, Subject

LIMITS = "capacityLimits"
INSTANCES = "NUM_INSTANCES"
_TYPE = re.compile(r"ml\.[a-z0-9-]+\.[a-z0-9-]+")


def is_type(unit: str) -> bool:
    """Whether a unit reads like an instance type of SageMaker: ml.m5.large."""
    return _TYPE.fullmatch(unit) is not None


def limits(body: Spec) -> Iterator[tuple[Path, Spec]]:
    """Yield the capacity limits of a body with their paths; those only that look like some."""
    listed = body.get(LIMITS)
    for index, limit in enumerate(listed if isinstance(listed, list) else ()):
        if isinstance(limit, Mapping):
            yield (LIMITS, index), limit


def most(body: Spec) -> dict[str, int]:
    """Return the limit of each unit."""
    return {
        str(limit["capacityUnit"]): limit["maxCapacity"]
        for _, limit in limits(body)
        if "capacityUnit" in limit and isinstance(limit.get("maxCapacity"), int)
    }


def some_limit(subject: Subject) -> Findings:
    if not subject.body[LIMITS]:
        yield (LIMITS,), "is empty; there is at least one limit"


def each_unit_once(subject: Subject) -> Findings:
    units = Counter(limit["capacityUnit"] for _, limit in limits(subject.body) if "capacityUnit" in limit)
    for unit, count in units.items():
        if count > 1:
            yield (LIMITS,), f"has {count} limits for {unit}"


def limit(unit: str, capacity: int = 8) -> Json:
    """Write a capacity limit, for examples."""
    return {"capacityUnit": unit, "maxCapacity": capacity}

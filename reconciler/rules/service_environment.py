"""Rules of service environments."""

from reconciler.model import Json
from reconciler.problems import Severity
from reconciler.rules.base import Example, Findings, Rule, Subject, documented, inferred, measured
from reconciler.rules.shared import (
    INSTANCES,
    LIMITS,
    disabled,
    each_unit_once,
    is_type,
    limit,
    limits,
    quota,
    some_limit,
)

TYPE = "ml.g6.xlarge"


def service(*capacity: Json, **members: Json) -> Example:
    """Write a service environment with these limits; without any it may have eight instances."""
    body = {"serviceEnvironmentType": "SAGEMAKER_TRAINING", LIMITS: list(capacity) or [limit(INSTANCES)]}
    return Example({**body, **members})


def _complete(subject: Subject) -> Findings:
    for path, each in limits(subject.body):
        missing = [name for name in ("capacityUnit", "maxCapacity") if name not in each]
        if missing:
            yield path, f"has no {' and no '.join(missing)}"


def _known_units(subject: Subject) -> Findings:
    for path, each in limits(subject.body):
        unit = str(each.get("capacityUnit", INSTANCES))
        if unit != INSTANCES and not is_type(unit):
            yield (*path, "capacityUnit"), f"is {unit}; it is {INSTANCES} or an instance type such as {TYPE}"


def _one_measure(subject: Subject) -> Findings:
    units = [str(each["capacityUnit"]) for _, each in limits(subject.body) if "capacityUnit" in each]
    types = [unit for unit in units if is_type(unit)]
    if types and INSTANCES in units:
        yield (LIMITS,), f"mixes {INSTANCES} with the instance type {types[0]}"


RULES = (
    Rule(
        id="SE001",
        says="A service environment has a capacity limit.",
        check=some_limit,
        hint=f"capacityLimits: [{{capacityUnit: {INSTANCES}, maxCapacity: 8}}]",
        evidence=measured("CreateServiceEnvironment", "Capacitylimits are required."),
        fails=service(capacityLimits=[]),
        passes=service(),
    ),
    Rule(
        id="SE002",
        says="A capacity limit sets a unit and a maximum.",
        check=_complete,
        evidence=measured(
            "CreateServiceEnvironment", "... is unknown capacity unit", "and 'Max capacity must be more than 0.'"
        ),
        fails=service({"capacityUnit": INSTANCES}),
        passes=service(),
    ),
    Rule(
        id="SE003",
        says=f"Capacity is counted in {INSTANCES} or in an instance type of SageMaker.",
        check=_known_units,
        hint="types of SageMaker begin with ml.",
        evidence=measured("CreateServiceEnvironment", "... is unknown capacity unit"),
        fails=service(limit("g6.xlarge")),
        passes=service(limit(TYPE)),
    ),
    Rule(
        id="SE004",
        says=f"A service environment has limits in {INSTANCES} or instance types, not both.",
        check=_one_measure,
        hint=f"quota shares need instance types; otherwise {INSTANCES} is for all types together",
        evidence=measured(
            "CreateServiceEnvironment", "Capacity units must specify either number of instances OR instance type"
        ),
        fails=service(limit(INSTANCES), limit(TYPE)),
        passes=service(limit(TYPE), limit("ml.g6.12xlarge")),
    ),
    Rule(
        id="SE005",
        says="A unit of capacity has one limit.",
        check=each_unit_once,
        severity=Severity.WARNING,
        evidence=documented("CapacityLimit.maxCapacity", "the maximum quantity of a particular resource type"),
        fails=service(limit(TYPE), limit(TYPE, 4)),
        passes=service(limit(TYPE), limit("ml.g6.12xlarge")),
    ),
    disabled(
        "SE901",
        "A DISABLED service environment starts no jobs.",
        "no service job starts here",
        inferred("CreateServiceEnvironmentRequest.state"),
        service(),
    ),
    quota("SE902", "ServiceEnvironment", "service environments", 50, service().body),
)

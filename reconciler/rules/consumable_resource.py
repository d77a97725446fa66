"""Rules of consumable resources. What job definitions take of them is looked at there."""

from collections.abc import Iterator, Mapping

from reconciler.model import Json
from reconciler.problems import Severity
from reconciler.rules.base import Example, Findings, Rule, Subject, documented, inferred
from reconciler.rules.traversal import ec2

DEFINITION = "JobDefinition"


def _some_of_it(subject: Subject) -> Findings:
    if subject.body.get("totalQuantity") == 0:
        yield ("totalQuantity",), "is 0: a job that requires it waits indefinitely"


def _is_taken(subject: Subject) -> Findings:
    definitions = [body for _, body in subject.every(DEFINITION)]
    if definitions and all(definitions) and not any(subject.address.name in _taken(body) for body in definitions):
        yield (), "is not used by any job definition of the stack"


def _taken(body: Json) -> Iterator[str]:
    """Yield what is named as a consumable resource, however deep."""
    if isinstance(body, Mapping):
        if "consumableResource" in body:
            yield str(body["consumableResource"])
        for inner in body.values():
            yield from _taken(inner)
    elif isinstance(body, list):
        for inner in body:
            yield from _taken(inner)


def _taking(name: str) -> Example:
    taken = {"consumableResourceList": [{"consumableResource": name, "quantity": 1}]}
    job = {**ec2().body, "consumableResourceProperties": taken}
    return Example({"totalQuantity": 2}, {(DEFINITION, "job"): job})


def _a_quantity(subject: Subject) -> Findings:
    if subject.body.get("totalQuantity") is None:
        yield ("totalQuantity",), "is missing, and the default of AWS is not documented"


RULES = (
    Rule(
        id="CR001",
        says="A consumable resource sets totalQuantity.",
        check=_a_quantity,
        severity=Severity.WARNING,
        evidence=documented(
            "AWS::Batch::ConsumableResource, TotalQuantity",
            "Required: Yes",
            against="CreateConsumableResource requires the name alone",
        ),
        fails=Example({"resourceType": "REPLENISHABLE"}),
        passes=Example({"totalQuantity": 1}),
    ),
    Rule(
        id="CR901",
        says="There is some of a consumable resource.",
        check=_some_of_it,
        hint="with 0, such jobs are held back; increase the quantity to let them start",
        severity=Severity.WARNING,
        advice=True,
        evidence=inferred(
            "AWS Batch User Guide, 'Specify the resources needed to run a job'",
            "the job waits in RUNNABLE until all are available",
        ),
        fails=Example({"totalQuantity": 0}),
        passes=Example({"totalQuantity": 1}),
    ),
    Rule(
        id="CR902",
        says="A consumable resource is used by a job definition.",
        check=_is_taken,
        hint="a job may also bring its own consumableResourcePropertiesOverride",
        severity=Severity.NOTE,
        advice=True,
        evidence=inferred("AWS Batch User Guide, 'Specify the resources needed to run a job'"),
        fails=_taking("license"),
        passes=_taking("example"),
    ),
)

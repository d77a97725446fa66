"""Rules about the consumable resources that a job, or a range of its nodes, holds while it runs."""

from collections import Counter
from collections.abc import Iterator

from reconciler.model import Json, Path, Spec
from reconciler.problems import Severity
from reconciler.rules.base import Example, Findings, Rule, Subject, documented, later, measured
from reconciler.rules.job_definition.examples import ec2
from reconciler.rules.job_definition.nodes import spans
from reconciler.rules.shared import arn, astray, near_names

PROPERTIES = "consumableResourceProperties"
LIST = "consumableResourceList"


def _lists(body: Spec) -> Iterator[tuple[Path, list[Spec]]]:
    """Yield the list of the job, and those of its ranges of nodes."""
    places: list[tuple[Path, Spec]] = [((), body)]
    if "nodeProperties" in body:
        places += [(span.path, span.body) for span in spans(body)]
    for path, each in places:
        if PROPERTIES in each:
            yield (*path, PROPERTIES, LIST), each[PROPERTIES].get(LIST) or []


def _each_once(subject: Subject) -> Findings:
    for path, entries in _lists(subject.body):
        for name, count in Counter(entry.get("consumableResource") for entry in entries).items():
            if count > 1 and name is not None:
                yield path, f"has {name} {count} times"


def _complete(subject: Subject) -> Findings:
    for path, entries in _lists(subject.body):
        for index, entry in enumerate(entries):
            missing = [name for name in ("consumableResource", "quantity") if name not in entry]
            if missing:
                yield (*path, index), f"has no {' and no '.join(missing)}"


def _some_of_it(subject: Subject) -> Findings:
    for path, entries in _lists(subject.body):
        for index, entry in enumerate(entries):
            if entry.get("quantity", 1) < 1:
                yield (*path, index, "quantity"), f"is {entry['quantity']}, so the job requires none of it"


def _enough_of_it(subject: Subject) -> Findings:
    for path, entries in _lists(subject.body):
        for index, entry in enumerate(entries):
            resource = subject.referred("ConsumableResource", entry.get("consumableResource")) or {}
            wanted, there = entry.get("quantity", 0), resource.get("totalQuantity")
            if there is not None and wanted > there:
                yield (
                    (*path, index, "quantity"),
                    f"is {wanted}, but totalQuantity is {there}: the job waits indefinitely",
                )


def _is_a_resource(subject: Subject) -> Findings:
    for path, entries in _lists(subject.body):
        for index, entry in enumerate(entries):
            if wrong := astray(subject, str(entry.get("consumableResource", "")), "consumable-resource"):
                yield (*path, index, "consumableResource"), wrong


def _holding(*entries: Spec, there: Json = 2) -> Example:
    body = {**ec2().body, PROPERTIES: {LIST: list(entries)}}
    return Example(body, {("ConsumableResource", "licence"): {"totalQuantity": there}})


def _take(name: str, quantity: Json = 1) -> Spec:
    return {"consumableResource": name, "quantity": quantity}


RULES = (
    Rule(
        id="JD340",
        says="A consumable resource is in the list once.",
        check=_each_once,
        hint="add the quantities up",
        evidence=measured(
            "RegisterJobDefinition", "Cannot have duplicate consumableResource in consumableResourceProperties"
        ),
        fails=_holding(_take("licence"), _take("licence", 2)),
        passes=_holding(_take("licence"), _take("connection")),
    ),
    Rule(
        id="JD341",
        says="An entry sets a consumable resource and a quantity.",
        check=_complete,
        evidence=documented(
            "AWS::Batch::JobDefinition, ConsumableResourceRequirement", "Required: Yes", "of both fields"
        ),
        severity=Severity.WARNING,  # by CloudFormation; the API's model requires neither
        fails=_holding({"consumableResource": "licence"}),
        passes=_holding(_take("licence")),
    ),
    Rule(
        id="JD342",
        says="A job requires at least one unit of a consumable resource.",
        check=_some_of_it,
        evidence=documented(
            "ConsumableResourceRequirement.quantity", "The quantity of the consumable resource that is needed."
        ),
        severity=Severity.WARNING,
        fails=_holding(_take("licence", 0)),
        passes=_holding(_take("licence", 1)),
    ),
    Rule(
        id="JD343",
        says="A job does not require more of a consumable resource than its totalQuantity.",
        check=_enough_of_it,
        evidence=later(
            "AWS Batch User Guide, 'Specify the resources needed to run a job'",
            note="the job waits in RUNNABLE until all are available",
        ),
        severity=Severity.WARNING,
        fails=_holding(_take("licence", 3)),
        passes=_holding(_take("licence", 3), there=3),
    ),
    Rule(
        id="JD344",
        says="A consumable resource is a name, or the ARN of one in the stack's region.",
        check=_is_a_resource,
        evidence=later(
            "SubmitJob",
            note="the definition is registered; ConsumableResourceRequirement.consumableResource is 'The "
            "name or ARN of the consumable resource.'",
        ),
        severity=Severity.WARNING,
        fails=_holding(_take(arn("job-queue/licence"))),
        passes=_holding(_take(arn("consumable-resource/licence"))),
    ),
    near_names(
        "JD345",
        fails=Example(_holding(_take("lisence")).body, {("ConsumableResource", "licence"): {"totalQuantity": 2}}),
        passes=Example(_holding(_take("pool-2")).body, {("ConsumableResource", "pool-1"): {"totalQuantity": 2}}),
    ),
)

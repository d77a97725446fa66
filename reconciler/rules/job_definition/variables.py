"""Environment variables of containers and pods whose values are not what they seem."""

from reconciler.problems import Severity
from reconciler.rules.base import Findings, Rule, Subject
from reconciler.rules.evidence import inferred, measured
from reconciler.rules.job_definition.examples import ec2
from reconciler.rules.placeholders import looks_unfilled
from reconciler.rules.pods import every_container

# What becomes of variables without a value. Of pods nobody has seen it; Terraform's provider counts on it for both.
DROPS = {"environment": "drops", "env": "may drop"}
FEW = 3  # variables that a message names


def _are_filled(subject: Subject) -> Findings:
    for path, body in every_container(subject.body):
        for member in DROPS:
            variables = body.get(member) or ()
            names = [str(each.get("name")) for each in variables if looks_unfilled(str(each.get("value", "")))]
            more = f" and {len(names) - FEW} more" if len(names) > FEW else ""
            if names:
                told = f"gives {', '.join(names[:FEW])}{more} what looks like a placeholder"
                yield (*path, member), told


def _has_value(subject: Subject) -> Findings:
    for path, container in every_container(subject.body):
        for name, drops in DROPS.items():
            for index, entry in enumerate(container.get(name) or ()):
                if not entry.get("value"):
                    yield (*path, name, index), f"has no value: AWS Batch {drops} {entry.get('name')}"


RULES = (
    Rule(
        id="JD163",
        says="The value of an environment variable is no placeholder of a shell or a template.",
        check=_are_filled,
        hint="no shell reads it: !sub fills it in here, `sh -c` in the command when the job starts",
        severity=Severity.NOTE,
        advice=True,
        evidence=inferred("ContainerProperties.environment", "it maps to Docker's Env"),
        fails=ec2(environment=[{"name": "BUCKET", "value": "${BUCKET}"}]),
        passes=ec2(environment=[{"name": "BUCKET", "value": "results"}]),
    ),
    Rule(
        id="JD164",
        says="An environment variable has a value.",
        check=_has_value,
        severity=Severity.NOTE,
        advice=True,
        evidence=measured(
            "terraform-provider-aws, issues 19466 and 26960",
            note="a variable without a value is gone when it is read back",
        ),
        fails=ec2(environment=[{"name": "STAGE", "value": ""}]),
        passes=ec2(environment=[{"name": "STAGE", "value": "test"}]),
    ),
)

"""What AWS takes, but a careful person would not write."""

import re

from reconciler.model import Json
from reconciler.problems import Severity
from reconciler.rules.base import Example, Findings, Rule, Subject
from reconciler.rules.containers import Container, each_container, members
from reconciler.rules.evidence import documented, inferred
from reconciler.rules.job_definition.examples import IMAGE, ec2, size
from reconciler.rules.job_definition.starts import survives_spot
from reconciler.rules.placeholders import looks_unfilled

SECRET_NAME = re.compile(r"password|passwd|secret|token|api_?key|private_?key|access_?key|credential", re.IGNORECASE)
# A name that ends so leads to a secret, and is none.
REFERENCE = re.compile(r"_(arn|name|id|path|file|dir|url|uri|parameter|ttl|region|bucket|table)s?$", re.IGNORECASE)
ACCESS_KEY = re.compile(r"\b(?:AKIA|ASIA)[0-9A-Z]{16}\b")
CPU_SHARES = {"256", "512", "1024", "2048"}


def _has_timeout(subject: Subject) -> Findings:
    if not (subject.body.get("timeout") or {}).get("attemptDurationSeconds"):
        yield (), "has no timeout: a job that hangs runs, and costs, for ever"


def _has_retries(subject: Subject) -> Findings:
    if not any(survives_spot(subject)) and not (subject.body.get("retryStrategy") or {}).get("attempts"):
        yield (), "has no retryStrategy: a job that fails once has failed"


def _image_is_pinned(container: Container) -> Findings:
    image = str(container.body.get("image", ""))
    tag = image.rpartition("/")[2].partition(":")[2]
    if image and "@" not in image and tag in ("", "latest") and not looks_unfilled(image):
        yield (*container.path, "image"), f"is {image}, which is another image after the next push"


def _keeps_secrets(container: Container) -> Findings:
    for path, entry in members(container, "environment"):
        if is_secret(str(entry.get("name", "")), str(entry.get("value", ""))):
            yield (*path, "value"), f"looks like a secret ({entry['name']}), which everybody who sees jobs can read"


def is_secret(name: str, value: str) -> bool:
    """Tell by the name; ARNs, paths and plain numbers (MAX_TOKENS) are no secrets."""
    is_harmless = not value or value.isdecimal() or value.startswith(("arn:", "/"))
    return bool(SECRET_NAME.search(name)) and not REFERENCE.search(name) and not is_harmless


def _keeps_access_keys(container: Container) -> Findings:
    for path, entry in members(container, "environment"):
        if ACCESS_KEY.search(str(entry.get("value", ""))):
            yield (*path, "value"), "has an AWS access key"
    for path, word in members(container, "command"):
        if ACCESS_KEY.search(str(word)):
            yield path, "has an AWS access key"


def _vcpus_are_no_shares(container: Container) -> Findings:
    if str(container.body.get("vcpus")) in CPU_SHARES:
        yield (*container.path, "vcpus"), f"is {container.body['vcpus']}: these are vCPUs, not CPU shares"
    for path, entry in members(container, "resourceRequirements"):
        if entry["type"] == "VCPU" and str(entry["value"]) in CPU_SHARES:
            yield (*path, "value"), f"is {entry['value']}: these are vCPUs, not CPU shares"


def _is_modern(container: Container) -> Findings:
    for member, kind in (("vcpus", "VCPU"), ("memory", "MEMORY")):
        if container.body.get(member) is not None:
            yield (*container.path, member), f"is deprecated, {kind} in resourceRequirements takes its place"


def _is_modest(container: Container) -> Findings:
    if container.body.get("privileged"):
        yield (*container.path, "privileged"), "gives the container root's power over the instance"


def _is_split(container: Container) -> Findings:
    command: Json = container.body.get("command") or []
    if len(command) == 1 and " " in str(command[0]).strip():
        yield (*container.path, "command"), f"is the one word {command[0]!r}: no shell splits it"


def _with(example: Example, **members: object) -> Example:
    return Example({**example.body, **members})


RULES = (
    Rule(
        id="JD150",
        says="A job ends after some time.",
        check=_has_timeout,
        hint="timeout: {attemptDurationSeconds: 3600}",
        severity=Severity.NOTE,
        advice=True,
        evidence=inferred("https://docs.aws.amazon.com/batch/latest/userguide/job_timeouts.html"),
        fails=ec2(),
        passes=_with(ec2(), timeout={"attemptDurationSeconds": 3600}),
    ),
    Rule(
        id="JD151",
        says="A job that fails is tried again.",
        check=_has_retries,
        hint="retryStrategy: {attempts: 3}",
        severity=Severity.NOTE,
        advice=True,
        evidence=documented(
            "https://docs.aws.amazon.com/batch/latest/userguide/job_retries.html", "each job is given one attempt"
        ),
        fails=ec2(),
        passes=_with(ec2(), retryStrategy={"attempts": 3}),
    ),
    Rule(
        id="JD152",
        says="An image has a tag other than latest, or a digest.",
        check=each_container(_image_is_pinned),
        hint="name the version: the same revision should always run the same program",
        severity=Severity.WARNING,
        advice=True,
        evidence=inferred(
            "https://docs.aws.amazon.com/AmazonECS/latest/developerguide/container-considerations.html", "tags"
        ),
        fails=ec2(image="public.ecr.aws/docker/library/busybox"),
        passes=ec2(image=IMAGE),
    ),
    Rule(
        id="JD153",
        says="A secret is not in the environment, but in secrets.",
        check=each_container(_keeps_secrets, about="environment"),
        hint="put it into Secrets Manager, and name it in secrets: {name, valueFrom}",
        severity=Severity.WARNING,
        advice=True,
        evidence=documented(
            "ContainerProperties.environment",
            "We don't recommend using plaintext environment variables for sensitive information",
        ),
        fails=ec2(environment=[{"name": "DB_PASSWORD", "value": "hunter2"}]),
        passes=ec2(environment=[{"name": "DB_PASSWORD_PARAMETER", "value": "db-password"}]),
    ),
    Rule(
        id="JD154",
        says="No AWS access key is in a job definition.",
        check=each_container(_keeps_access_keys),
        hint="give the job a role: jobRoleArn",
        severity=Severity.WARNING,
        advice=True,
        evidence=inferred(
            "https://docs.aws.amazon.com/IAM/latest/UserGuide/best-practices.html", "use temporary credentials"
        ),
        fails=ec2(environment=[{"name": "KEY", "value": "AKIAIOSFODNN7EXAMPLE"}]),
        passes=ec2(environment=[{"name": "KEY", "value": "AKIA"}]),
    ),
    Rule(
        id="JD155",
        says="VCPU counts vCPUs; 256, 512, 1024 and 2048 look like CPU shares.",
        check=each_container(_vcpus_are_no_shares),
        hint="1024 CPU shares are 1 vCPU",
        severity=Severity.WARNING,
        advice=True,
        evidence=documented("ResourceRequirement.value", "Each vCPU is equivalent to 1,024 CPU shares."),
        fails=ec2(resourceRequirements=size(vcpus=256)),
        passes=ec2(resourceRequirements=size(vcpus=2)),
    ),
    Rule(
        id="JD156",
        says="vCPUs and memory are in resourceRequirements.",
        check=each_container(_is_modern),
        severity=Severity.NOTE,
        advice=True,
        evidence=documented("ContainerProperties.vcpus", "This parameter is deprecated, use resourceRequirements"),
        fails=ec2(vcpus=1, resourceRequirements=size(vcpus=None)),
        passes=ec2(),
    ),
    Rule(
        id="JD157",
        says="A container is not privileged.",
        check=each_container(_is_modest, about="privileged"),
        hint="often linuxParameters.devices is enough",
        severity=Severity.WARNING,
        advice=True,
        evidence=documented("ContainerProperties.privileged", "elevated permissions on the host container instance"),
        fails=ec2(privileged=True),
        passes=ec2(privileged=False),
    ),
    Rule(
        id="JD158",
        says="A command has one entry a word.",
        check=each_container(_is_split, about="command"),
        hint="write [python, main.py], or [sh, -c, 'python main.py']",
        severity=Severity.NOTE,
        advice=True,
        evidence=inferred("ContainerProperties.command", "it maps to Docker's Cmd"),
        fails=ec2(command=["python main.py"]),
        passes=ec2(command=["sh", "-c", "python main.py"]),
    ),
)

"""Rules about what a container is given: image, user, environment, secrets, limits, devices, logs."""

import re
from collections.abc import Callable

from reconciler.problems import Severity
from reconciler.rules.base import Findings, Rule, Subject
from reconciler.rules.containers import Container, TaskPlace, each_container, each_home, each_single, members, repeated
from reconciler.rules.evidence import documented, later, measured
from reconciler.rules.forms import forms
from reconciler.rules.job_definition.examples import IMAGE, ROLE, ec2
from reconciler.rules.placeholders import placeholders
from reconciler.rules.pods import every_container

SECRET = {"name": "TOKEN", "valueFrom": "arn:aws:ssm:us-east-1:123456789012:parameter/token"}
SECRET_STORES = (":secretsmanager:", ":ssm:")
USER = re.compile(r"[a-z0-9_][a-z0-9_-]{0,30}")
ULIMITS = {
    "core", "cpu", "data", "fsize", "locks", "memlock", "msgqueue", "nice", "nofile", "nproc", "rss", "rtprio",
    "rttime", "sigpending", "stack",
}  # fmt: skip
UNIQUE = "The secret name must be unique and not shared with any ... environment variables set on the container"


def _has_image(home: TaskPlace) -> Findings:
    if not home.body.get("image"):
        yield home.path, "has no image"


def _image_is_a_reference(subject: Subject) -> Findings:
    for path, body in every_container(subject.body):
        image = str(body.get("image", ""))
        if "://" in image or re.search(r"\s", image):
            yield (*path, "image"), f"is {image!r}; it has neither a scheme such as docker:// nor white space"


def _user_is_known(home: TaskPlace) -> Findings:
    user = str(home.body.get("user", "root"))
    if not USER.fullmatch(user):
        yield (*home.path, "user"), f"is {user}; it is one name or number, of lower-case letters, digits, - and _"


def _named(container: Container) -> Findings:
    for path, entry in members(container, "environment"):
        if not entry.get("name"):
            yield path, "has no name"


def _once(name: str) -> Callable[[Container], Findings]:
    def look(container: Container) -> Findings:
        for entry, count in repeated(entry.get("name") for entry in container.body.get(name) or ()):
            yield (*container.path, name), f"has {entry} {count} times"

    return look


def _not_both(container: Container) -> Findings:
    secrets = {entry["name"] for entry in container.body.get("secrets") or ()}
    for path, entry in members(container, "environment") if secrets else ():
        if entry.get("name") in secrets:
            yield (*path, "name"), f"is {entry['name']}, which is a secret too"


def _reads_secrets(container: Container) -> Findings:
    if container.body.get("secrets") and not container.home.body.get("executionRoleArn"):
        yield (*container.path, "secrets"), "needs an executionRoleArn, which reads them"


def _reads_log_secrets(container: Container) -> Findings:
    log = container.body.get("logConfiguration") or {}
    if log.get("secretOptions") and not container.home.body.get("executionRoleArn"):
        yield (*container.path, "logConfiguration", "secretOptions"), "needs an executionRoleArn, which reads them"


def _pulls_privately(container: Container) -> Findings:
    if container.body.get("repositoryCredentials") and not container.home.body.get("executionRoleArn"):
        yield (*container.path, "repositoryCredentials"), "needs an executionRoleArn, which reads them"


def _secrets_are_somewhere(container: Container) -> Findings:
    for path, entry in members(container, "secrets"):
        source = str(entry["valueFrom"])
        if source.startswith("arn:") and not any(store in source for store in SECRET_STORES):
            yield (*path, "valueFrom"), f"is {source}; secrets are in Secrets Manager or Parameter Store"


def _roles_are_roles(home: TaskPlace) -> Findings:
    for name in ("jobRoleArn", "taskRoleArn", "executionRoleArn"):
        role = str(home.body.get(name, ""))
        if role.startswith("arn:") and ":role/" not in role:
            yield (*home.path, name), f"is {role}, which is not a role"


def _ulimits_exist(container: Container) -> Findings:
    for path, entry in members(container, "ulimits"):
        if entry["name"] not in ULIMITS:
            yield (*path, "name"), f"is {entry['name']}; it is one of {', '.join(sorted(ULIMITS))}"


def _ulimits_fit(container: Container) -> Findings:
    for path, entry in members(container, "ulimits"):
        soft, hard = entry["softLimit"], entry["hardLimit"]
        if hard != -1 and (soft == -1 or soft > hard):
            yield (*path, "softLimit"), f"is {soft}, above the hardLimit {hard}"


RULES = (
    Rule(
        id="JD030",
        says="A container has an image.",
        check=each_single(_has_image),
        evidence=measured("RegisterJobDefinition", "ECS Container Image must be provided."),
        fails=ec2(image=None),
        passes=ec2(image=IMAGE),
    ),
    Rule(
        id="JD031",
        says="An image is a registry's path with tag or digest, and nothing else.",
        check=_image_is_a_reference,
        hint="write it as for docker pull",
        evidence=later(
            "ECS, CannotPullContainerError", "invalid reference format", "a pod waits with InvalidImageName"
        ),
        severity=Severity.WARNING,
        fails=ec2(image="docker://busybox:1.36"),
        passes=ec2(image="123456789012.dkr.ecr.us-east-1.amazonaws.com/job@sha256:" + "0" * 64),
    ),
    Rule(
        id="JD032",
        says="A user is one name or number.",
        check=each_single(_user_is_known, about="user"),
        hint="with a group, user:group, only in ecsProperties",
        severity=Severity.WARNING,
        evidence=documented("AWS Batch User Guide, 'Job definition parameters'", "^([a-z0-9_][a-z0-9_-]{0,30})$"),
        fails=ec2(user="$(id -u)"),
        passes=ec2(user="1000"),
    ),
    Rule(
        id="JD033",
        says="Every environment variable has a name.",
        check=each_container(_named, about="environment"),
        evidence=measured("RegisterJobDefinition, as deployed by cdk-preflight in September 2026"),
        fails=ec2(environment=[{"value": "production"}]),
        passes=ec2(environment=[{"name": "STAGE", "value": "production"}]),
    ),
    Rule(
        id="JD034",
        says="An environment variable is given once.",
        check=each_container(_once("environment"), about="environment"),
        severity=Severity.WARNING,
        evidence=documented(
            "AWS::Batch::JobDefinition, ContainerProperties.Environment",
            "uniqueItems",
            "by name: of two values one is lost",
        ),
        fails=ec2(environment=[{"name": "STAGE", "value": "production"}, {"name": "STAGE", "value": "test"}]),
        passes=ec2(environment=[{"name": "STAGE", "value": "production"}, {"name": "REGION", "value": "eu"}]),
    ),
    Rule(
        id="JD035",
        says="A secret is given once.",
        check=each_container(_once("secrets"), about="secrets"),
        severity=Severity.WARNING,
        evidence=later(
            "ECS RegisterTaskDefinition",
            "The secret name must be unique and not shared with any ... environment variables set on the container",
        ),
        fails=ec2(secrets=[SECRET, SECRET], executionRoleArn=ROLE),
        passes=ec2(secrets=[SECRET, {**SECRET, "name": "KEY"}], executionRoleArn=ROLE),
    ),
    Rule(
        id="JD036",
        says="No environment variable has the name of a secret.",
        check=each_container(_not_both, about="secrets"),
        severity=Severity.WARNING,
        evidence=later(
            "ECS RegisterTaskDefinition",
            "The secret name must be unique and not shared with any ... environment variables set on the container",
        ),
        fails=ec2(secrets=[SECRET], environment=[{"name": "TOKEN", "value": "x"}], executionRoleArn=ROLE),
        passes=ec2(secrets=[SECRET], environment=[{"name": "STAGE", "value": "x"}], executionRoleArn=ROLE),
    ),
    Rule(
        id="JD037",
        says="Secrets need an execution role.",
        check=each_container(_reads_secrets, about="secrets"),
        hint="give executionRoleArn a role that may read them",
        evidence=measured(
            "RegisterJobDefinition", "executionRoleArn cannot be empty when using secrets or secretOptions"
        ),
        fails=ec2(secrets=[SECRET]),
        passes=ec2(secrets=[SECRET], executionRoleArn=ROLE),
    ),
    Rule(
        id="JD038",
        says="Secrets of a log driver need an execution role.",
        check=each_container(_reads_log_secrets, about="logConfiguration"),
        hint="give executionRoleArn a role that may read them",
        evidence=measured(
            "RegisterJobDefinition", "executionRoleArn cannot be empty when using secrets or secretOptions"
        ),
        fails=ec2(logConfiguration={"logDriver": "splunk", "secretOptions": [SECRET]}),
        passes=ec2(logConfiguration={"logDriver": "splunk", "secretOptions": [SECRET]}, executionRoleArn=ROLE),
    ),
    Rule(
        id="JD039",
        says="Credentials of a private registry need an execution role.",
        check=each_container(_pulls_privately, about="repositoryCredentials"),
        severity=Severity.WARNING,
        evidence=later(
            "AWS Batch User Guide, 'Private registry authentication for jobs'",
            note="the role reads the credentials when the job starts",
        ),
        fails=ec2(repositoryCredentials={"credentialsParameter": "registry"}),
        passes=ec2(repositoryCredentials={"credentialsParameter": "registry"}, executionRoleArn=ROLE),
    ),
    Rule(
        id="JD040",
        says="A secret is in Secrets Manager or in Parameter Store.",
        check=each_container(_secrets_are_somewhere, about="secrets"),
        evidence=documented(
            "Secret.valueFrom",
            "The supported values are either the full Amazon Resource Name (ARN) of the Secrets "
            "Manager secret or the full ARN of the parameter",
        ),
        fails=ec2(secrets=[{**SECRET, "valueFrom": "arn:aws:s3:::bucket/token"}], executionRoleArn=ROLE),
        passes=ec2(secrets=[{**SECRET, "valueFrom": "/team/token"}], executionRoleArn=ROLE),
    ),
    Rule(
        id="JD041",
        says="A role's ARN is that of a role, not of an instance profile, user or policy.",
        check=each_home(_roles_are_roles),
        evidence=documented(
            "ContainerProperties.jobRoleArn",
            "The Amazon Resource Name (ARN) of the IAM role that the container can assume",
            "whether an ARN of something else is refused is not known",
        ),
        severity=Severity.WARNING,
        fails=ec2(jobRoleArn="arn:aws:iam::123456789012:instance-profile/job"),
        passes=ec2(jobRoleArn=ROLE),
    ),
    Rule(
        id="JD042",
        says="A ulimit is one that Linux has.",
        check=each_container(_ulimits_exist, about="ulimits"),
        evidence=documented(
            "Ulimit.name", "Valid values are: core | cpu | data", against="the service model leaves the set open"
        ),
        severity=Severity.WARNING,
        fails=ec2(ulimits=[{"name": "files", "softLimit": 1024, "hardLimit": 1024}]),
        passes=ec2(ulimits=[{"name": "nofile", "softLimit": 1024, "hardLimit": 1024}]),
    ),
    Rule(
        id="JD043",
        says="A ulimit is given once.",
        check=each_container(_once("ulimits"), about="ulimits"),
        severity=Severity.WARNING,
        evidence=documented(
            "AWS::Batch::JobDefinition, ContainerProperties.Ulimits",
            "uniqueItems",
            "by name: of two limits one is lost",
        ),
        fails=ec2(ulimits=[{"name": "nofile", "softLimit": soft, "hardLimit": 2048} for soft in (1024, 2048)]),
        passes=ec2(ulimits=[{"name": name, "softLimit": 1024, "hardLimit": 2048} for name in ("nofile", "nproc")]),
    ),
    Rule(
        id="JD044",
        says="A ulimit's soft limit is not above its hard limit; -1 is none.",
        check=each_container(_ulimits_fit, about="ulimits"),
        severity=Severity.WARNING,
        evidence=later(
            "Docker, which starts the container", "ulimit soft limit must be less than or equal to hard limit"
        ),
        fails=ec2(ulimits=[{"name": "nofile", "softLimit": 4096, "hardLimit": 1024}]),
        passes=ec2(ulimits=[{"name": "memlock", "softLimit": 4096, "hardLimit": -1}]),
    ),
    forms("JD046", ec2(jobRoleArn="arn:iam:role/job"), ec2(jobRoleArn="arn:aws:iam::123456789012:role/job")),
    placeholders("JD045", ec2(image="${IMAGE}"), ec2(command=["sh", "-c", "echo ${AWS_BATCH_JOB_ARRAY_INDEX}"])),
)

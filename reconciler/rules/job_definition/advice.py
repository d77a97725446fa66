"""What AWS takes, but a careful person would not write."""

import re
from collections.abc import Iterator

from reconciler.kinds.tasks import Container, Pod, PodContainer, every_container
from reconciler.model import Json, Path
from reconciler.problems import Severity
from reconciler.rules.base import Example, Findings, Rule, Subject, documented, if_any, inferred, later
from reconciler.rules.job_definition.placement import survives_spot
from reconciler.rules.job_definition.pods import amounts, pod, pod_container
from reconciler.rules.shared import did_you_mean, looks_unfilled
from reconciler.rules.traversal import IMAGE, each_container, each_pod, each_pod_container, ec2, members, size

SECRET_NAME = re.compile(r"password|passwd|secret|token|api_?key|private_?key|access_?key|credential", re.IGNORECASE)
# A name that ends so leads to a secret, and is none.
REFERENCE = re.compile(r"_(arn|name|id|path|file|dir|url|uri|parameter|ttl|region|bucket|table)s?$", re.IGNORECASE)
ACCESS_KEY = re.compile(r"\b(?:AKIA|ASIA)[0-9A-Z]{16}\b")
CPU_SHARES = {"256", "512", "1024", "2048"}


def _has_timeout(subject: Subject) -> Findings:
    if not (subject.body.get("timeout") or {}).get("attemptDurationSeconds"):
        yield (), "has no timeout: a job that hangs runs, and bills, indefinitely"


def _has_retries(subject: Subject) -> Findings:
    if not any(survives_spot(subject)) and not (subject.body.get("retryStrategy") or {}).get("attempts"):
        yield (), "has no retryStrategy: a job that fails once has failed"


def _image_is_pinned(container: Container) -> Findings:
    image = str(container.body.get("image", ""))
    tag = image.rpartition("/")[2].partition(":")[2]
    if image and "@" not in image and tag in ("", "latest") and not looks_unfilled(image):
        yield (*container.path, "image"), f"is {image}, a tag that changes with the next push"


def _keeps_secrets(container: Container) -> Findings:
    for path, entry in members(container, "environment"):
        if is_secret(str(entry.get("name", "")), str(entry.get("value", ""))):
            yield (*path, "value"), f"looks like a secret ({entry['name']}), readable with permission to describe jobs"


def is_secret(name: str, value: str) -> bool:
    """Tell by the name; ARNs, paths and plain numbers (MAX_TOKENS) are no secrets."""
    is_harmless = not value or value.isdecimal() or value.startswith(("arn:", "/"))
    return bool(SECRET_NAME.search(name)) and not REFERENCE.search(name) and not is_harmless


def _keeps_access_keys(container: Container) -> Findings:
    for path, entry in members(container, "environment"):
        if ACCESS_KEY.search(str(entry.get("value", ""))):
            yield (*path, "value"), "has an AWS access key"
    for path, argument in members(container, "command"):
        if ACCESS_KEY.search(str(argument)):
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
            yield (*container.path, member), f"is deprecated: use {kind} in resourceRequirements"


def _is_modest(container: Container) -> Findings:
    if container.body.get("privileged"):
        yield (*container.path, "privileged"), "gives the container root access to the instance"


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
            "https://docs.aws.amazon.com/batch/latest/userguide/job_retries.html", "each job gets one attempt"
        ),
        fails=ec2(),
        passes=_with(ec2(), retryStrategy={"attempts": 3}),
    ),
    Rule(
        id="JD152",
        says="An image has a tag other than latest, or a digest.",
        check=each_container(_image_is_pinned),
        hint="use a version: a revision should always run the same program",
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
        hint="move it to Secrets Manager, and refer to it in secrets: {name, valueFrom}",
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
        hint="set jobRoleArn",
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
        says="VCPU is a number of vCPUs; 256, 512, 1024 and 2048 look like CPU shares.",
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


# Parameters of a job definition, and their uses (`Ref::name`) in commands.

PREFIX = "Ref::"
COMMANDS = ("command", "args")
_NAME = re.compile(r"Ref::([\w-]+)")
PAGE = "https://docs.aws.amazon.com/batch/latest/userguide/job_definition_parameters.html"


@if_any(*COMMANDS)
def _all_have_values(subject: Subject) -> Findings:
    given = frozenset(subject.body.get("parameters") or ())
    for path, argument in _arguments(subject):
        for name in _NAME.findall(argument):
            if not _is_given(name, argument, given):
                yield path, f"has {PREFIX}{name}, which has no parameter: each job must bring a value"


@if_any("parameters")
def _almost_have_values(subject: Subject) -> Findings:
    given = frozenset(subject.body.get("parameters") or ())
    for path, argument in _arguments(subject):
        for name in _NAME.findall(argument):
            if not _is_given(name, argument, given) and (near := did_you_mean(name, given)):
                yield path, f"has {PREFIX}{name}, which is not a parameter here{near}"


def _arguments(subject: Subject) -> Iterator[tuple[Path, str]]:
    """Yield every word of a command that refers to a parameter, of pods too."""
    for path, body in every_container(subject.body):
        for member in COMMANDS:
            for index, argument in enumerate(body.get(member) or ()):
                if PREFIX in argument:
                    yield (*path, member, index), argument


def _is_given(name: str, argument: str, given: frozenset[str]) -> bool:
    """Inside a text, the end of a name is not certain: Ref::file.gz may be the parameter `file`."""
    return name in given or (argument != PREFIX + name and any(f"{PREFIX}{each}" in argument for each in given))


@if_any("parameters")
def _all_are_used(subject: Subject) -> Findings:
    names = subject.body.get("parameters") or ()
    body = {member: value for member, value in subject.body.items() if member != "parameters"} if names else {}
    text = repr(body)
    for name in names:
        if not re.search(rf"{PREFIX}{re.escape(name)}(?![\w-])", text):
            yield ("parameters", name), f"is not used: no command has {PREFIX}{name}"


def _job(*command: str, **parameters: Json) -> Example:
    return Example({**ec2(command=[*command]).body, "parameters": parameters})


PARAMETER_RULES = (
    Rule(
        id="JD160",
        says="Every Ref::name in a command has a parameter.",
        check=_all_have_values,
        hint="add it to parameters, unless every job that is submitted has it",
        severity=Severity.NOTE,
        advice=True,
        evidence=inferred(PAGE, "parameters"),
        fails=_job("echo", "Ref::echoParam", echo_param="hello"),
        passes=_job("echo", "Ref::message", message="hello"),
    ),
    Rule(
        id="JD162",
        says="No Ref::name in a command is almost the name of a parameter.",
        check=_almost_have_values,
        hint="a job that brings no such parameter gets the text itself",
        severity=Severity.WARNING,
        evidence=later(PAGE, note="placeholders without a parameter reach the program unchanged"),
        fails=_job("echo", "Ref::mesage", message="hello"),
        passes=_job("echo", "Ref::message", "Ref::recipient", message="hello"),
    ),
    Rule(
        id="JD161",
        says="Every parameter is used by a command.",
        check=_all_are_used,
        severity=Severity.NOTE,
        advice=True,
        evidence=inferred(PAGE, "parameters"),
        fails=_job("echo", message="hello"),
        passes=_job("echo", "Ref::message", message="hello"),
    ),
)


# What is taken on EKS, but a careful person would not write.


def _names_of_host_network(pod: Pod) -> Findings:
    if pod.body.get("dnsPolicy") == "ClusterFirst" and pod.body.get("hostNetwork", True):
        yield (*pod.path, "dnsPolicy"), "is ClusterFirst, which on the host's network means Default"


def _limited(container: PodContainer) -> Findings:
    resources = container.body.get("resources") or {}
    missing = [name for name in ("cpu", "memory") if name not in (resources.get("limits") or {})]
    if missing and resources.get("requests"):
        yield (*container.path, "resources"), f"has no limit of {' and '.join(missing)}"


def _fixed_image(container: PodContainer) -> Findings:
    image = str(container.body["image"])
    _, _, last = image.rpartition("/")
    if "@" not in image and (":" not in last or last.endswith(":latest")):
        yield (*container.path, "image"), f"is {image}, a tag that can change at any time"


def _pulls(container: PodContainer) -> Findings:
    if container.body.get("imagePullPolicy") == "Never":
        yield (*container.path, "imagePullPolicy"), "is Never, but nodes that Batch adds have only what their AMI has"


def _not_privileged(container: PodContainer) -> Findings:
    if (container.body.get("securityContext") or {}).get("privileged"):
        yield (*container.path, "securityContext", "privileged"), "gives the container root access to the node"


def _pod_keeps_secrets(container: PodContainer) -> Findings:
    for index, entry in enumerate(container.body.get("env") or ()):
        if is_secret(str(entry["name"]), str(entry.get("value", ""))):
            path = (*container.path, "env", index, "value")
            yield path, f"looks like a secret ({entry['name']}), readable with permission to describe jobs"


def _pod_keeps_access_keys(container: PodContainer) -> Findings:
    for index, entry in enumerate(container.body.get("env") or ()):
        if ACCESS_KEY.search(str(entry.get("value", ""))):
            yield (*container.path, "env", index, "value"), "has an AWS access key"
    for member in COMMANDS:
        for index, argument in enumerate(container.body.get(member) or ()):
            if ACCESS_KEY.search(str(argument)):
                yield (*container.path, member, index), "has an AWS access key"


LIMITLESS = {"limits": amounts(cpu="1"), "requests": amounts(memory="2048Mi")}

POD_RULES = (
    Rule(
        id="JD245",
        says="On the host's network, names of the cluster need dnsPolicy ClusterFirstWithHostNet.",
        check=each_pod(_names_of_host_network),
        hint="write ClusterFirstWithHostNet, or hostNetwork: false",
        evidence=inferred(
            "https://kubernetes.io/docs/concepts/services-networking/dns-pod-service/", "pod's DNS policy"
        ),
        severity=Severity.WARNING,
        advice=True,
        fails=pod(dnsPolicy="ClusterFirst"),
        passes=pod(dnsPolicy="ClusterFirst", hostNetwork=False),
    ),
    Rule(
        id="JD246",
        says="A container of a pod has limits of cpu and memory.",
        check=each_pod_container(_limited),
        hint="set limits: without requests, they are also the requests",
        evidence=inferred(
            "https://kubernetes.io/docs/concepts/configuration/manage-resources-containers/", "requests and limits"
        ),
        severity=Severity.NOTE,
        advice=True,
        fails=pod(pod_container(resources=LIMITLESS)),
        passes=pod(),
    ),
    Rule(
        id="JD247",
        says="A container of a pod runs an image that does not change.",
        check=each_pod_container(_fixed_image),
        hint="use a tag that is never moved, or a digest",
        evidence=inferred(
            "https://kubernetes.io/docs/concepts/containers/images/", "avoid the tag :latest in production"
        ),
        severity=Severity.WARNING,
        advice=True,
        fails=pod(pod_container(image="localhost:5000/solver")),
        passes=pod(pod_container(image="localhost:5000/solver:1.4")),
    ),
    Rule(
        id="JD248",
        says="New nodes pull images.",
        check=each_pod_container(_pulls),
        hint="write IfNotPresent, unless your AMI has the image",
        evidence=inferred(
            "https://kubernetes.io/docs/concepts/containers/images/", "imagePullPolicy Never fetches no image"
        ),
        severity=Severity.NOTE,
        advice=True,
        fails=pod(pod_container(imagePullPolicy="Never")),
        passes=pod(pod_container(imagePullPolicy="IfNotPresent")),
    ),
    Rule(
        id="JD249",
        says="A container of a pod is not privileged.",
        check=each_pod_container(_not_privileged),
        hint="add the capabilities that it needs, with securityContext.capabilities",
        evidence=documented("EksContainerSecurityContext.privileged", "similar to the root user permissions"),
        severity=Severity.NOTE,
        advice=True,
        fails=pod(pod_container(securityContext={"privileged": True})),
        passes=pod(pod_container(securityContext={"privileged": False})),
    ),
    Rule(
        id="JD250",
        says="A secret is not in the environment of a pod's container.",
        check=each_pod_container(_pod_keeps_secrets),
        hint="mount a Kubernetes secret: volumes: [{name: keys, secret: {secretName: keys}}]",
        evidence=inferred("EksVolume.secret", "a volume from a Kubernetes secret"),
        severity=Severity.WARNING,
        advice=True,
        fails=pod(pod_container(env=[{"name": "DB_PASSWORD", "value": "swordfish"}])),
        passes=pod(pod_container(env=[{"name": "DB_PASSWORD_FILE", "value": "/keys/password"}])),
    ),
    Rule(
        id="JD251",
        says="No AWS access key is in a pod.",
        check=each_pod_container(_pod_keeps_access_keys),
        hint="set serviceAccountName to a service account with an IAM role",
        evidence=inferred(
            "https://docs.aws.amazon.com/IAM/latest/UserGuide/best-practices.html", "use temporary credentials"
        ),
        severity=Severity.WARNING,
        advice=True,
        fails=pod(pod_container(env=[{"name": "KEY", "value": "AKIAIOSFODNN7EXAMPLE"}])),
        passes=pod(pod_container(env=[{"name": "KEY", "value": "AKIA"}])),
    ),
)

"""Rules about the shape of a job definition: which properties go with which type and platform."""

import json

from reconciler.rules.base import Example, Findings, Rule, Subject
from reconciler.rules.containers import TaskPlace, each_home, platform
from reconciler.rules.evidence import documented, measured
from reconciler.rules.job_definition.examples import IMAGE, ec2, job, size, task

WAYS = ("containerProperties", "ecsProperties", "eksProperties")
COMPACT = json.JSONEncoder(ensure_ascii=False, separators=(",", ":"))
SIZE_LIMIT = 24 * 1024  # the service quota, in bytes
CONTAINER = {"image": IMAGE, "resourceRequirements": size()}
TASKS = {"taskProperties": [{"containers": [{"name": "main", **CONTAINER}]}]}


def _has_properties(subject: Subject) -> Findings:
    if subject.body["type"] == "container" and not any(name in subject.body for name in WAYS):
        yield (), f"has none of {', '.join(WAYS)}"


def _one_way(subject: Subject) -> Findings:
    given = [name for name in WAYS if name in subject.body]
    for other in given[1:]:
        yield (other,), f"cannot be beside {given[0]}"


def _has_nodes(subject: Subject) -> Findings:
    if subject.body["type"] == "multinode" and "nodeProperties" not in subject.body:
        yield (), "is multinode, but has no nodeProperties"


def _tasks_on_managed_instances(subject: Subject) -> Findings:
    if "containerProperties" in subject.body and platform(subject.body) == "MANAGED_INSTANCES":
        yield ("containerProperties",), "is not for MANAGED_INSTANCES, only ecsProperties is"


def _linux_on_managed_instances(home: TaskPlace) -> Findings:
    family = str((home.body.get("runtimePlatform") or {}).get("operatingSystemFamily", "LINUX"))
    if family.upper().startswith("WINDOWS"):
        path = (*home.path, "runtimePlatform", "operatingSystemFamily")
        yield path, f"is {family}; on MANAGED_INSTANCES there is only LINUX"


def _small(subject: Subject) -> Findings:
    length = len(COMPACT.encode(subject.body).encode())
    if length > SIZE_LIMIT:
        yield (), f"is {length:,} bytes long, more than 24 KiB ({SIZE_LIMIT:,} bytes)"


def _managed(**members: object) -> Example:
    return Example({**task(**members).body, "platformCapabilities": ["MANAGED_INSTANCES"]})


RULES = (
    Rule(
        id="JD001",
        says="A job of type container has containerProperties, ecsProperties or eksProperties.",
        check=_has_properties,
        hint="write containerProperties with at least image and resourceRequirements",
        evidence=measured("RegisterJobDefinition", "ECS Container Image must be provided."),
        fails=job(),
        passes=ec2(),
    ),
    Rule(
        id="JD002",
        says="Only one of containerProperties, ecsProperties and eksProperties is given.",
        check=_one_way,
        hint="keep ecsProperties for several containers, containerProperties for one",
        evidence=measured("RegisterJobDefinition", "Cannot use both ECS containerProperties and ecsProperties"),
        fails=job(containerProperties=CONTAINER, ecsProperties=TASKS),
        passes=job(ecsProperties=TASKS),
    ),
    Rule(
        id="JD003",
        says="A job of type multinode has nodeProperties.",
        check=_has_nodes,
        evidence=measured("RegisterJobDefinition", "Node properties of multinode job is required."),
        fails=job(type="multinode"),
        passes=job(
            type="multinode",
            nodeProperties={
                "numNodes": 2,
                "mainNode": 0,
                "nodeRangeProperties": [{"targetNodes": "0:1", "container": CONTAINER}],
            },
        ),
    ),
    Rule(
        id="JD004",
        says="On managed instances a job has ecsProperties, also for one container.",
        check=_tasks_on_managed_instances,
        hint="move the container to ecsProperties.taskProperties[0].containers",
        evidence=measured("RegisterJobDefinition", "Cannot use ECS containerProperties for MANAGED_INSTANCES"),
        fails=job(platformCapabilities=["MANAGED_INSTANCES"], containerProperties=CONTAINER),
        passes=_managed(),
    ),
    Rule(
        id="JD005",
        says="On managed instances the operating system is Linux.",
        check=each_home(_linux_on_managed_instances, on="MANAGED_INSTANCES"),
        evidence=documented(
            "EcsTaskProperties.runtimePlatform",
            "For Amazon ECS Managed Instances, the valid value for operatingSystemFamily is LINUX (default).",
        ),
        fails=_managed(runtimePlatform={"operatingSystemFamily": "WINDOWS_SERVER_2022_CORE"}),
        passes=_managed(runtimePlatform={"operatingSystemFamily": "LINUX", "cpuArchitecture": "ARM64"}),
    ),
    Rule(
        id="JD006",
        says="A job definition is at most 24 KiB long.",
        check=_small,
        hint="move long scripts and values to the image or to S3",
        evidence=documented(
            "AWS Batch User Guide, 'Service quotas'",
            "Maximum job definition size (for RegisterJobDefinition API operations) 24 KiB",
        ),
        fails=ec2(command=["x" * SIZE_LIMIT]),
        passes=ec2(command=["x" * 1024]),
    ),
)

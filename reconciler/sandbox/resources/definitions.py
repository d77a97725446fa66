"""Job definitions: register, read, deregister. Every register makes a revision; nothing ever changes one."""

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from decimal import Decimal, InvalidOperation

from reconciler.model import Json, Spec
from reconciler.sandbox.core.model import Refusal, refuse_if
from reconciler.sandbox.core.state import (
    GONE,
    AccountState,
    Record,
    SortKey,
    page_of_records,
    records_named,
    refuse_bad_name,
    refuse_bad_tags,
    shuffle_lists,
)
from reconciler.sandbox.resources.defaults import definition_body

# What AWS refuses about a job definition as a whole, in its own words where they are known.
#
# Messages were measured by badmintoncryer/cdk-preflight (rules pf-batch-jd-*).

# What AWS refuses about containerProperties (cdk-preflight, rules pf-batch-jd-*).

USER = re.compile(r"[a-z0-9_][a-z0-9_-]{0,30}")
FARGATE_LOG_DRIVERS = ("awslogs", "splunk", "awsfirelens")
LEGACY = {"vcpus": "VCPU", "memory": "MEMORY"}
# vCPUs, then MiB: first, last, step (ResourceRequirement).
FARGATE_MEMORY: Mapping[float, tuple[int, ...]] = {
    0.25: (512, 1024, 2048),
    0.5: tuple(range(1024, 4097, 1024)),
    1: tuple(range(2048, 8193, 1024)),
    2: tuple(range(4096, 16385, 1024)),
    4: tuple(range(8192, 30721, 1024)),
    8: tuple(range(16384, 61441, 4096)),
    16: tuple(range(32768, 122881, 8192)),
    32: (61440, 122880, 249856),
}


def refuse_bad_container(container: Spec, platform: str) -> None:
    refuse_bad_image(container)
    sizes = _sizes(container)
    if platform == "FARGATE":
        _check_fargate(container, sizes)
    else:
        _check_ec2(container, sizes)
    refuse_bad_common(container, execution_role=container.get("executionRoleArn", ""))
    refuse_bad_volumes(container.get("volumes", ()), task_role=container.get("jobRoleArn", ""))
    user = container.get("user")
    refuse_if(user and not USER.fullmatch(user), "User name should match a valid pattern.")


def refuse_bad_image(container: Spec) -> None:
    refuse_if(not container.get("image"), "ECS Container Image must be provided.")
    refuse_if(len(container["image"]) > 255, "Container image cannot exceed 255 characters.")  # noqa: PLR2004


def refuse_bad_common(container: Spec, execution_role: str) -> None:
    """Check what containers of a definition and of a task have in common."""
    names = [each.get("name", "") for each in container.get("environment", ())]
    refuse_if(not all(names), "Environment variable name is required.")
    refuse_if(any(name.startswith("AWS_BATCH") for name in names), "Environment names cannot begin with AWS_BATCH.")
    secret = container.get("secrets") or container.get("logConfiguration", {}).get("secretOptions")
    refuse_if(secret and not execution_role, "executionRoleArn cannot be empty when using secrets or secretOptions")
    _check_swap(container.get("linuxParameters", {}))


def refuse_bad_volumes(volumes: Sequence[Spec], task_role: str) -> None:
    for volume in volumes:
        types = [member for member in volume if member != "name"]
        refuse_if(
            len(types) > 1,
            "When the volume parameter is specified, only one volume configuration type should be used.",
        )
        _check_efs(volume.get("efsVolumeConfiguration", {}))
        refuse_if(
            "s3filesVolumeConfiguration" in volume and not task_role,
            "A jobRoleArn/taskRoleArn is required when using s3filesVolumeConfiguration.",
        )


def refuse_on_fargate(container: Spec) -> None:
    """Check what no container on Fargate may have."""
    refuse_if(
        container.get("privileged"),
        "Fargate requires that the 'privileged' setting be 'false' at the container level.",
    )
    for member in ("devices", "tmpfs", "sharedMemorySize", "maxSwap", "swappiness"):
        refuse_if(
            member in container.get("linuxParameters", {}), f"linuxParameter.{member} is not allowed for Fargate."
        )
    gpus = [each for each in container.get("resourceRequirements", ()) if each["type"] == "GPU"]
    refuse_if(gpus, "GPU is not applicable for Fargate.")
    driver = container.get("logConfiguration", {}).get("logDriver", "awslogs")
    refuse_if(driver not in FARGATE_LOG_DRIVERS, f"Log driver for Fargate is not valid: {driver}")


def refuse_bad_storage(owner: Spec) -> None:
    size = owner.get("ephemeralStorage", {}).get("sizeInGiB", 21)
    refuse_if(
        not 21 <= size <= 200,  # noqa: PLR2004
        "Ephemeral storage for Fargate tasks can be only between range 21 GiB to 200 GiB",
    )
    sources = [volume for volume in owner.get("volumes", ()) if volume.get("host", {}).get("sourcePath")]
    refuse_if(sources, "host.sourcePath should not be set for volumes in Fargate.")


def refuse_bad_runtime(runtime: Spec, vcpus: float) -> None:
    if not runtime.get("operatingSystemFamily", "LINUX").startswith("WINDOWS"):
        return
    refuse_if(runtime.get("cpuArchitecture", "X86_64") != "X86_64", "Windows supported only by X86_64 cpuArchitecture")
    refuse_if(vcpus < 1, f"vCPU must be at least 1 for Windows Job definition, got {vcpus}.")


def _sizes(container: Spec) -> dict[str, str]:
    """Return what VCPU, MEMORY and GPU are, in either spelling."""
    required = container.get("resourceRequirements", ())
    sizes = {each["type"]: each["value"] for each in required}
    refuse_if(len(sizes) != len(required), "Cannot provide duplicates in resourceRequirements.")
    for member, kind in LEGACY.items():
        if member in container:
            refuse_if(
                kind in sizes, f"Cannot use both ECS containerProperties {member} and resourceRequirement {kind}."
            )
            sizes[kind] = str(container[member])
    refuse_if("VCPU" not in sizes, "vCPU is required.")
    refuse_if("MEMORY" not in sizes, "Memory is required.")
    return sizes


def _check_ec2(container: Spec, sizes: Mapping[str, str]) -> None:
    for member in ("fargatePlatformConfiguration", "runtimePlatform", "networkConfiguration"):
        # The word "is" stands in one of the three messages only.
        verb = "is not" if member == "runtimePlatform" else "not"
        refuse_if(member in container, f"{member} {verb} applicable for EC2.")
    vcpus, memory = sizes["VCPU"], sizes["MEMORY"]
    refuse_if(not vcpus.lstrip("-").isdigit(), f"Value {vcpus} for type VCPU in resourceRequirement is not valid.")
    refuse_if(int(vcpus) < 1, f"vCPU must be at least 1, got {vcpus}.")
    refuse_if(not memory.lstrip("-").isdigit(), f"Value {memory} for type MEMORY in resourceRequirement is not valid.")
    refuse_if(int(memory) < 4, f"Memory must be at least 4 Mib, got {memory} Mib.")  # noqa: PLR2004


def _check_fargate(container: Spec, sizes: Mapping[str, str]) -> None:
    refuse_if(not container.get("executionRoleArn"), "executionRoleArn is required for Fargate.")
    refuse_if("instanceType" in container, "instanceType is not applicable for Fargate.")
    refuse_on_fargate(container)
    refuse_if(container.get("ulimits"), "ulimits is not applicable for Fargate.")
    refuse_bad_storage(container)
    vcpus = refuse_bad_fargate_size(sizes)
    refuse_bad_runtime(container.get("runtimePlatform", {}), vcpus)
    version = container.get("fargatePlatformConfiguration", {}).get("platformVersion", "LATEST")
    efs = any("efsVolumeConfiguration" in volume for volume in container.get("volumes", ()))
    refuse_if(
        efs and version in ("1.0.0", "1.1.0", "1.2.0", "1.3.0"),
        f"EFS is supported for Fargate platform versions 1.4.0 or later, provided {version}",
    )


def refuse_bad_fargate_size(sizes: Mapping[str, str]) -> float:
    """Return the vCPUs."""
    vcpus, memory = _number("VCPU", sizes["VCPU"]), _number("MEMORY", sizes["MEMORY"])
    refuse_if(
        memory not in FARGATE_MEMORY.get(vcpus, ()),
        f"Fargate does not support {sizes['VCPU']} vCPU with {sizes['MEMORY']} MiB.",
    )
    return vcpus


def _number(kind: str, value: str) -> float:
    try:
        return float(value)
    except ValueError as wrong:
        raise Refusal(f"Value {value} for type {kind} in resourceRequirement is not valid.") from wrong


def _check_efs(efs: Spec) -> None:
    encrypted = efs.get("transitEncryption") == "ENABLED"
    access: Mapping[str, Json] = efs.get("authorizationConfig", {})
    refuse_if(
        access.get("iam") == "ENABLED" and not encrypted,
        "EFS IAM authorization requires TransitEncryption to be enabled.",
    )
    refuse_if(
        access.get("accessPointId") and not encrypted, "EFS access points require TransitEncryption to be enabled."
    )
    refuse_if(
        access.get("accessPointId") and efs.get("rootDirectory", "/") != "/",
        "The EFS root directory must be omitted or / with an access point.",
    )


def _check_swap(linux: Spec) -> None:
    swap, swappiness = linux.get("maxSwap"), linux.get("swappiness")
    refuse_if(
        swap is not None and swappiness is None,
        "When container specified swap memory, swappiness value is required.",
    )
    refuse_if(
        swappiness is not None and not 0 <= swappiness <= 100,  # noqa: PLR2004
        f"Invalid swappiness: {swappiness}, must be between 0 and 100.",
    )
    refuse_if(swap is not None and swap < 0, f"Invalid swap memory size: {swap}, must be non-negative.")


# What AWS refuses about eksProperties (cdk-preflight, rules pf-batch-jd-eks-*).

MAX_CONTAINERS = 10
DNS_POLICIES = ("Default", "ClusterFirst", "ClusterFirstWithHostNet")
RESOURCES = ("cpu", "memory", "nvidia.com/gpu")
MEMORY = re.compile(r"\d+Mi")


def refuse_bad_pod(pod: Spec) -> None:
    containers, starters = pod.get("containers", ()), pod.get("initContainers", ())
    refuse_if(not containers, "Containers must be provided for Batch on EKS jobs.")
    refuse_if(max(len(containers), len(starters)) > MAX_CONTAINERS, "Number of containers must be between 1 and 10")
    names = [each["name"] for each in (*containers, *starters) if "name" in each]
    refuse_if(len(names) != len(set(names)), "Container names must be unique.")
    refuse_if(pod.get("dnsPolicy", "Default") not in DNS_POLICIES, "Unsupported DNS policy value.")
    volumes = _check_volumes(pod.get("volumes", ()))
    _check_namespace(pod.get("metadata", {}).get("namespace"))
    for container in (*containers, *starters):
        _check_resources(container.get("resources", {}))
        mounted = {mount.get("name") for mount in container.get("volumeMounts", ())}
        refuse_if(mounted - volumes, f"Volume mounts must name a declared volume: {_list(mounted - volumes)}")


def _check_volumes(volumes: Sequence[Spec]) -> set[str]:
    for volume in volumes:
        refuse_if(
            volume.get("emptyDir", {}).get("medium", "") not in ("", "Memory"),
            "Invalid Volume mount. Allowed values - Memory or null.",
        )
    return {volume["name"] for volume in volumes}


def _check_namespace(namespace: str | None) -> None:
    refuse_if(namespace == "default", "kubernetesNamespace cannot be the default Kubernetes namespace.")
    refuse_if(
        (namespace or "").startswith("kube-"), "kubernetesNamespace cannot be a reserved Kubernetes system namespace."
    )


def _check_resources(resources: Spec) -> None:
    limits, requests = resources.get("limits", {}), resources.get("requests", {})
    for kind, value in (*limits.items(), *requests.items()):
        refuse_if(kind not in RESOURCES, f"{kind} is not a supported type for resources.")
        _check_value(kind, value)
    if "cpu" in limits and "cpu" in requests:
        refuse_if(
            Decimal(requests["cpu"]) > Decimal(limits["cpu"]),
            "cpu request must be <= to cpu limit if both are provided.",
        )
    refuse_if(
        "memory" in limits and "memory" in requests and limits["memory"] != requests["memory"],
        "memory request must be equal to memory limit if both are provided.",
    )


def _check_value(kind: str, value: str) -> None:
    if kind == "cpu":
        refuse_if(
            not _is_quarter(value),
            f"Value {value} for type cpu in resources is not valid. Provide a valid number and unit.",
        )
    elif kind == "memory":
        refuse_if(not MEMORY.fullmatch(value), f"Value {value} for type memory is not valid.")
    else:
        refuse_if(not value.isdigit(), f"Value {value} for type nvidia.com/gpu in resources is not valid.")


def _is_quarter(value: str) -> bool:
    try:
        return Decimal(value) > 0 and Decimal(value) % Decimal("0.25") == 0
    except InvalidOperation:
        return False


def _list(names: set[str | None]) -> str:
    return ", ".join(sorted(str(name) for name in names))


# What AWS refuses about ecsProperties: tasks of several containers (cdk-preflight, rules pf-batch-jd-ecs-*).

MAX_TASK_CONTAINERS = 10
CONDITIONS = ("START", "COMPLETE", "SUCCESS")
IPC_MODES = ("host", "task", "none")
PID_MODES = ("host", "task")


def refuse_bad_tasks(properties: Spec, platform: str) -> None:
    tasks = properties["taskProperties"]
    refuse_if(len(tasks) != 1, "Exactly one taskProperties element must be provided.")
    task = tasks[0]
    containers: Sequence[Spec] = task["containers"]
    refuse_if(not 1 <= len(containers) <= MAX_TASK_CONTAINERS, "Number of containers must be between 1 and 10")
    _check_names(containers)
    _check_modes(task)
    _check_dependencies(containers)
    _check_firelens(containers)
    refuse_bad_volumes(task.get("volumes", ()), task_role=task.get("taskRoleArn", ""))
    for container in containers:
        refuse_bad_image(container)
        refuse_bad_common(container, execution_role=task.get("executionRoleArn", ""))
    if platform == "FARGATE":
        _check_fargate_task(task)


def _check_names(containers: Sequence[Spec]) -> None:
    names = [each.get("name", "") for each in containers]
    refuse_if(len(names) != len(set(names)), "Container names must be unique.")
    refuse_if(
        not any(each.get("essential", True) for each in containers), "At least one container must be set as essential"
    )


def _check_modes(task: Spec) -> None:
    ipc, pid = task.get("ipcMode"), task.get("pidMode")
    refuse_if(ipc and ipc not in IPC_MODES, f"ipcMode {ipc} is not valid. Valid values are: [host, task, none]")
    refuse_if(pid and pid not in PID_MODES, f"Capability {pid} is not valid. Valid capabilities: [host, task]")


def _check_dependencies(containers: Sequence[Spec]) -> None:
    by_name = {each.get("name", ""): each for each in containers}
    for dependency in (dependency for each in containers for dependency in each.get("dependsOn", ())):
        target, condition = dependency.get("containerName", ""), dependency.get("condition", "")
        refuse_if(len(containers) == 1, "Container dependency can not be used in a single-container job.")
        refuse_if(
            condition not in CONDITIONS,
            f"TaskContainer dependency {condition} is not valid. Valid values are: [START, COMPLETE, SUCCESS]",
        )
        refuse_if(target not in by_name, f"containerName {target} must reference a defined container.")
        refuse_if(
            condition != "START" and by_name[target].get("essential", True),
            f"An essential container cannot be the target of a {condition} dependency.",
        )


def _check_firelens(containers: Sequence[Spec]) -> None:
    drivers = [each.get("logConfiguration", {}).get("logDriver") for each in containers]
    refuse_if(
        any("firelensConfiguration" in each for each in containers) and "awsfirelens" not in drivers,
        "When a firelensConfiguration object is specified, at least one container has to be configured with the "
        "awsfirelens log driver",
    )


def _check_fargate_task(task: Spec) -> None:
    refuse_if(not task.get("executionRoleArn"), "executionRoleArn is required for Fargate.")
    refuse_bad_storage(task)
    for container in task["containers"]:
        refuse_on_fargate(container)


MAX_RANGES = 5
MAX_NODES = 1000
MAX_PRIORITY = 9999
MAX_CONSUMABLES = 5
MIN_TIMEOUT = 60
MAX_ATTEMPTS = 10
EXIT_CODE = re.compile(r"\d*\*?")
BODIES = ("containerProperties", "ecsProperties", "eksProperties")


def refuse_bad_definition(request: Spec) -> None:
    platform = _platform(request)
    if request["type"].lower() == "multinode":
        _check_multinode(request, platform)
    else:
        _check_single(request, platform)
    refuse_bad_retry(request.get("retryStrategy", {}))
    refuse_bad_consumables(request.get("consumableResourceProperties", {}))
    refuse_if(
        not 0 <= request.get("schedulingPriority", 0) <= MAX_PRIORITY, "Scheduling priority must be between 0 and 9999."
    )
    refuse_bad_timeout(request.get("timeout", {}))


def refuse_bad_retry(retry: Spec) -> None:
    rules: Sequence[Spec] = retry.get("evaluateOnExit", ())
    attempts = retry.get("attempts")
    refuse_if(rules and attempts is None, "RetryAttempts must be provided with retry strategy.")
    refuse_if(attempts is not None and not 1 <= attempts <= MAX_ATTEMPTS, "Retry attempts must be between 1 and 10.")
    refuse_if(len(rules) > 5, "EvaluateOnExit can have at most 5 conditions.")  # noqa: PLR2004
    for rule in rules:
        patterns = list(_patterns(rule))
        refuse_if(not patterns, "EvaluateOnExit should contain at least one of onExitCode, onReason or onStatusReason")
        refuse_if(
            any(len(pattern) > 512 for pattern in patterns),  # noqa: PLR2004
            "Evaluate on exit condition cannot exceed 512 characters.",
        )
        refuse_if(
            not EXIT_CODE.fullmatch(rule.get("onExitCode", "")),
            f"onExitCode {rule.get('onExitCode')} contains restricted characters.",
        )


def refuse_bad_timeout(timeout: Spec) -> None:
    refuse_if(
        timeout.get("attemptDurationSeconds", MIN_TIMEOUT) < MIN_TIMEOUT,
        "Timeout attemptDurationSeconds must be at least 60 seconds.",
    )


def refuse_bad_consumables(properties: Spec) -> None:
    listed: Sequence[Json] = properties.get("consumableResourceList", ())
    refuse_if(len(listed) > MAX_CONSUMABLES, "Each ConsumableResourceProperty can have at most 5 consumableResources")
    names = [each.get("consumableResource") for each in listed]
    refuse_if(len(names) != len(set(names)), "Cannot have duplicate consumableResource in consumableResourceProperties")


def targets(target: str, nodes: int) -> range:
    """Return the nodes that a range stands for."""
    first, colon, last = target.partition(":")
    digits = all(part.isdigit() for part in (first, last) if part)
    refuse_if(not digits or not target, "targetNodes should contain only digits.")
    begin = int(first or 0)
    end = int(last or nodes - 1) if colon else begin
    refuse_if(end >= nodes, "targetNodes is out of range, must be less than numNodes.")
    return range(begin, end + 1)


def _platform(request: Spec) -> str:
    capabilities = request.get("platformCapabilities", ["EC2"])
    refuse_if(len(capabilities) != 1, "Exactly 1 capability must be provided.")
    return str(capabilities[0])


def _check_single(request: Spec, platform: str) -> None:
    bodies = [body for body in BODIES if body in request]
    refuse_if("nodeProperties" in request, "Node properties are only for multinode jobs.")
    refuse_if(not bodies, "ECS Container Image must be provided.")
    refuse_if(len(bodies) > 1, f"Cannot use both {_said(bodies[0])} and {bodies[-1]}")
    if "containerProperties" in request:
        refuse_if(platform == "MANAGED_INSTANCES", "Cannot use ECS containerProperties for MANAGED_INSTANCES")
        refuse_bad_container(request["containerProperties"], platform)
    elif "ecsProperties" in request:
        refuse_bad_tasks(request["ecsProperties"], platform)
    else:
        _check_kubernetes(request)


def _said(body: str) -> str:
    return "ECS containerProperties" if body == "containerProperties" else body


def _check_kubernetes(request: Spec) -> None:
    # False is taken: Terraform's provider sends it with every definition.
    for member in ("platformCapabilities", "propagateTags"):
        refuse_if(request.get(member), f"{member} is not applicable for Batch on EKS jobs.")
    refuse_bad_pod(request["eksProperties"].get("podProperties", {}))


def _check_multinode(request: Spec, platform: str) -> None:
    refuse_if("nodeProperties" not in request, "Node properties of multinode job is required.")
    refuse_if(any(body in request for body in BODIES), "Container properties are not for multinode jobs.")
    refuse_if(platform == "MANAGED_INSTANCES", "MANAGED_INSTANCES does not support MNP jobs")
    refuse_if(platform == "FARGATE", "Multinode jobs are not supported on Fargate.")
    nodes = request["nodeProperties"]
    ranges = nodes["nodeRangeProperties"]
    refuse_if(not 1 <= nodes["numNodes"] <= MAX_NODES, "Number of nodes must be between 1 and 1000.")
    refuse_if(
        not 0 <= nodes["mainNode"] < nodes["numNodes"], "Main node index is out of range, must be less than numNodes."
    )
    refuse_if(len(ranges) > MAX_RANGES, "Maximum allowed size of node range properties is 5")
    covered = {node for each in ranges for node in targets(each["targetNodes"], nodes["numNodes"])}
    refuse_if(covered != set(range(nodes["numNodes"])), "Node ranges must cover all nodes.")
    for each in ranges:
        _check_range(each)


def _check_range(each: Spec) -> None:
    refuse_if("container" in each and "ecsProperties" in each,
              "NodeRangeProperties can not use both ecsProperties and container fields")  # fmt: skip
    refuse_if(
        each.get("instanceTypes") and "ecsProperties" not in each,
        "Using instanceTypes with nodeRangeProperty is only allowed for ecsProperties jobs.",
    )
    if "ecsProperties" in each:
        refuse_bad_tasks(each["ecsProperties"], "EC2")
    elif "eksProperties" in each:
        refuse_bad_pod(each["eksProperties"].get("podProperties", {}))
    else:
        refuse_if("container" not in each, f"Must specify container for node range {each['targetNodes']}")
        refuse_bad_container(each["container"], "EC2")


def _patterns(rule: Spec) -> Iterator[str]:
    for member in ("onExitCode", "onReason", "onStatusReason"):
        if member in rule:
            yield rule[member]


NOUN = "job-definition"
REVISIONS = ".last-revisions"
KEPT = 180 * 86400.0  # seconds that an inactive revision can be described (DeregisterJobDefinition)
MAX_SIZE = 24 * 1024  # AWS Batch User Guide, 'Service quotas'


def register(account_state: AccountState, request: Mapping[str, Json]) -> Json:
    name = request["jobDefinitionName"]
    refuse_bad_name(name, "Job Definition")
    refuse_bad_tags(request.get("tags", {}))
    refuse_if(len(json.dumps(request)) > MAX_SIZE, "Job definition is larger than 24 KiB.")
    refuse_bad_definition(request)
    # The counter outlives the revisions (hashicorp/terraform-provider-aws issue 29819).
    revision = account_state.fact(REVISIONS, name, 0) + 1
    account_state.note(REVISIONS, name, revision)
    record = Record(
        name=name,
        arn=account_state.arn(NOUN, f"{name}:{revision}"),
        body={"revision": revision, **definition_body(request)},
        tags=request.get("tags", {}),
        status="ACTIVE",
    )
    account_state.put(NOUN, record)
    return _identity(record)


def describe(account_state: AccountState, request: Mapping[str, Json]) -> Json:
    if request.get("jobDefinitions"):
        refuse_if("maxResults" in request, "JobDefinitions and MaxResults cannot both be set")
        other_items = [member for member in ("jobDefinitionName", "status", "nextToken") if member in request]
        refuse_if(other_items, f"jobDefinitions cannot be combined with {', '.join(other_items)}")
        records = records_named(account_state, NOUN, request["jobDefinitions"])
        token: dict[str, str] = {}
    else:
        records, token = page_of_records(_matching(account_state, request), request, _newest_first)
    return {"jobDefinitions": [_shown(account_state, record) for record in records], **token}


def deregister(account_state: AccountState, request: Mapping[str, Json]) -> Json:
    identifier = request["jobDefinition"]
    # pulumi/pulumi-aws issue 3887
    refuse_if(not identifier, "Job definition name is required.")
    record = account_state.find(NOUN, identifier)
    if record is None:
        raise Refusal(f"Job definition {identifier} does not exist")
    if record.status == "ACTIVE":
        account_state.put(NOUN, replace(record, status="INACTIVE", until=account_state.now + KEPT, then=GONE))
    return {}


def newest_active(account_state: AccountState, identifier: str) -> Record | None:
    """Return the revision that is named, by name or ARN, if it is ACTIVE; without a number the newest that is."""
    key = account_state.key(NOUN, identifier)
    keys = (
        [key] if ":" in key else (f"{key}:{number}" for number in range(account_state.fact(REVISIONS, key, 0), 0, -1))
    )
    revisions = (account_state.find(NOUN, key) for key in keys)
    return next((found for found in revisions if found and found.status == "ACTIVE"), None)


OPERATIONS = {
    "RegisterJobDefinition": register,
    "DescribeJobDefinitions": describe,
    "DeregisterJobDefinition": deregister,
}


def _matching(account_state: AccountState, request: Mapping[str, Json]) -> Iterator[Record]:
    name, status = request.get("jobDefinitionName"), request.get("status")
    for record in account_state.see_every(NOUN):
        if name in (None, record.name) and status in (None, record.status):
            yield record


def _newest_first(record: Record) -> SortKey:
    return (record.name, -record.body["revision"])


def _shown(account_state: AccountState, record: Record) -> dict[str, Json]:
    body = shuffle_lists(dict(record.body), account_state)
    return {**_identity(record), "status": record.status, "tags": record.tags, **body}


def _identity(record: Record) -> dict[str, Json]:
    return {
        "jobDefinitionName": record.name,
        "jobDefinitionArn": record.arn,
        "revision": record.body["revision"],
    }

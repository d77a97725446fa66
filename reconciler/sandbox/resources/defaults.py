"""What the service fills in by itself and shows in Describe.

Sources: transcripts of `aws batch describe-*` (2025, 2026), the acceptance tests of hashicorp/terraform-provider-aws
and the live corpus of go-to-k/cdk-real-drift.
"""

from collections.abc import Iterable, Mapping
from typing import Any

from reconciler.kinds.compute_resources import default_image_type
from reconciler.model import Json, Spec
from reconciler.sandbox.core.iam import is_service_linked, role_arn, service_linked_role
from reconciler.sandbox.core.state import AccountState

EMPTY_LISTS = ("command", "volumes", "environment", "mountPoints", "ulimits", "resourceRequirements", "secrets")
TASK_CONTAINER_LISTS = ("command", "dependsOn", "environment", "mountPoints", "secrets", "ulimits")
EKS_CONTAINER_LISTS = ("args", "command", "env", "volumeMounts")
KUBERNETES = "1.33"  # the version of every cluster here
POD_LISTS = ("imagePullSecrets", "initContainers", "volumes")


def environment_body(account_state: AccountState, request: Spec) -> dict[str, Json]:
    orchestration = "EKS" if "eksConfiguration" in request else "ECS"
    role = (
        role_arn(account_state, request["serviceRole"])
        if "serviceRole" in request
        else service_linked_role(account_state)
    )
    unique = account_state.next_id("compute-environment")
    body = {member: value for member, value in request.items() if member not in ("computeEnvironmentName", "tags")}
    body |= {"type": request["type"].upper(), "state": "ENABLED", "serviceRole": role, "uuid": unique}
    body |= {"containerOrchestrationType": orchestration}
    if orchestration == "ECS":
        body["ecsClusterArn"] = account_state.arn(
            "cluster", _cluster(request["computeEnvironmentName"], role, unique), "ecs"
        )
    if "computeResources" in request:
        body["computeResources"] = _resources(request["computeResources"], orchestration)
    return body


def default_images(instance_types: Iterable[str], orchestration: str) -> list[Json]:
    return [_versioned({"imageType": default_image_type(instance_types, orchestration)})]


def _versioned(image: Spec) -> dict[str, Json]:
    """On EKS the image is one for the cluster's version (AWS Batch User Guide, 'Default AMI selection')."""
    is_chosen = image["imageType"].startswith("EKS") and "imageIdOverride" not in image
    return {**({"imageKubernetesVersion": KUBERNETES} if is_chosen else {}), **image}


def observed_body(body: Spec, *, scaled: bool) -> dict[str, Json]:
    """Return an environment's body with what Describe alone shows: the state of images and of the access entry.

    `scaled`: instances have run there.
    """
    out = dict(body)
    if "accessEntry" in body.get("eksConfiguration", {}):
        entry = body["eksConfiguration"]["accessEntry"]
        status = "ACTIVE" if entry["desiredState"] == "ENABLED" else "INACTIVE"
        out["eksConfiguration"] = {**body["eksConfiguration"], "accessEntry": {**entry, "status": status}}
    resources = body.get("computeResources", {})
    if scaled and "ec2Configuration" in resources and not {"imageId", "launchTemplate"} & resources.keys():
        images = [_with_status(image) for image in resources["ec2Configuration"]]
        out["computeResources"] = {**resources, "ec2Configuration": images}
    return out


def template_body(template: Spec) -> dict[str, Json]:
    return {"overrides": [], **template}


def definition_body(request: Spec) -> dict[str, Json]:
    """Return a definition as Describe shows it: empties filled in, actions in lower case, empty variables gone."""
    fargate = request.get("platformCapabilities") == ["FARGATE"]
    body = {member: value for member, value in request.items() if member not in ("jobDefinitionName", "tags")}
    body |= {"type": request["type"].lower(), "parameters": request.get("parameters", {})}
    body["containerOrchestrationType"] = "EKS" if _is_eks(request) else "ECS"
    if "containerProperties" in body:
        body["containerProperties"] = _container(body["containerProperties"], fargate=fargate)
    if "ecsProperties" in body:
        body["ecsProperties"] = _tasks(body["ecsProperties"], fargate=fargate)
    if "eksProperties" in body:
        body["eksProperties"] = _pod(body["eksProperties"])
    if "nodeProperties" in body:
        ranges = [_node_range(each) for each in body["nodeProperties"]["nodeRangeProperties"]]
        body["nodeProperties"] = {**body["nodeProperties"], "nodeRangeProperties": ranges}
    if "retryStrategy" in body:
        body["retryStrategy"] = _retry(body["retryStrategy"])
    if body.get("timeout") == {}:
        del body["timeout"]
    return body


def _with_status(image: Spec) -> Spec:
    """Only of images that the service chose itself, and only once instances have run with them (Ec2Configuration)."""
    return image if "imageIdOverride" in image else {**image, "batchImageStatus": "LATEST"}


def _cluster(name: str, role: str, unique: str) -> str:
    return f"AWSBatch-{name}-{unique}" if is_service_linked(role) else f"{name}_Batch_{unique}"


def _resources(sent: Spec, orchestration: str) -> dict[str, Json]:
    if sent["type"] in ("FARGATE", "FARGATE_SPOT"):
        return {**sent, "instanceTypes": [], "ec2Configuration": []}
    if sent["type"] not in ("EC2", "SPOT"):
        return dict(sent)
    filled = {"tags": {}, "desiredvCpus": sent["minvCpus"], **sent}
    images = sent.get("ec2Configuration") or default_images(sent["instanceTypes"], orchestration)
    filled["ec2Configuration"] = [_versioned(image) for image in images]
    if "launchTemplate" in sent:
        filled["launchTemplate"] = template_body(sent["launchTemplate"])
    return filled


def _container(sent: Spec, *, fargate: bool) -> dict[str, Json]:
    filled = _common({**{member: [] for member in EMPTY_LISTS}, **sent})
    if fargate:
        filled["fargatePlatformConfiguration"] = {
            "platformVersion": "LATEST", **sent.get("fargatePlatformConfiguration", {})
        }  # fmt: skip
    if "runtimePlatform" in sent:
        linux = {"operatingSystemFamily": "LINUX", "cpuArchitecture": "X86_64"}
        filled["runtimePlatform"] = {**linux, **sent["runtimePlatform"]}
    return filled


def _tasks(sent: Spec, *, fargate: bool) -> dict[str, Json]:
    platform = {"platformVersion": "LATEST"} if fargate else {}
    return {
        "taskProperties": [
            {"volumes": [], **platform, **task, "containers": [_task_container(each) for each in task["containers"]]}
            for task in sent["taskProperties"]
        ]
    }


def _task_container(sent: Spec) -> dict[str, Json]:
    return _common({"essential": True, **{member: [] for member in TASK_CONTAINER_LISTS}, **sent})


def _common(container: dict[str, Json]) -> dict[str, Json]:
    """What happens to every ECS container, in a definition of its own or in a task."""
    # Variables with an empty value are dropped (hashicorp/terraform-provider-aws issues 19466 and 26960).
    kept = [each for each in container["environment"] if each.get("value") != ""]
    filled = {**container, "environment": kept}
    if "logConfiguration" in container:
        filled["logConfiguration"] = {"options": {}, "secretOptions": [], **container["logConfiguration"]}
    if "linuxParameters" in container:
        filled["linuxParameters"] = _linux(container["linuxParameters"])
    return filled


def _linux(sent: Spec) -> dict[str, Json]:
    devices = [{"permissions": [], **device} for device in sent.get("devices", ())]
    tmpfs = [{"mountOptions": [], **each} for each in sent.get("tmpfs", ())]
    return {**sent, "devices": devices, "tmpfs": tmpfs}


def _node_range(sent: Spec) -> dict[str, Json]:
    filled: dict[str, Any] = {"instanceTypes": [], **sent}
    if "container" in sent:
        filled["container"] = _container(sent["container"], fargate=False)
    if "ecsProperties" in sent:
        filled["ecsProperties"] = _tasks(sent["ecsProperties"], fargate=False)
    if "eksProperties" in sent:
        filled["eksProperties"] = _pod(sent["eksProperties"])
    return filled


def _pod(sent: Spec) -> dict[str, Json]:
    pod = {**{member: [] for member in POD_LISTS}, **sent.get("podProperties", {})}
    for member in ("containers", "initContainers"):
        pod[member] = [{**{m: [] for m in EKS_CONTAINER_LISTS}, **each} for each in pod.get(member, ())]
    return {"podProperties": pod}


def _retry(sent: Spec) -> dict[str, Json]:
    rules = [{**rule, "action": rule["action"].lower()} for rule in sent.get("evaluateOnExit", ())]
    return {**sent, "evaluateOnExit": rules}


def _is_eks(request: Mapping[str, Json]) -> bool:
    ranges = request.get("nodeProperties", {}).get("nodeRangeProperties", ())
    return "eksProperties" in request or any("eksProperties" in each for each in ranges)

"""What AWS refuses about eksProperties (cdk-preflight, rules pf-batch-jd-eks-*)."""

import re
from collections.abc import Sequence
from decimal import Decimal, InvalidOperation

from reconciler.model import Spec
from reconciler.sandbox.answers import refuse_if

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

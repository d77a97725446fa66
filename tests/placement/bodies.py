"""Bodies of environments and job definitions as users write them, for placement."""

from reconciler.model import Json, Spec
from reconciler.placement.catalogue import Catalogue, catalogue
from reconciler.placement.needs import job_need
from reconciler.placement.offers import offer_of
from reconciler.placement.verdicts import Verdict, judge


def environment(*types: str, kind: str = "EC2", most: Json = 256, **fields: Json) -> Spec:
    """Return a managed environment of these instance types."""
    resources = {"type": kind, "maxvCpus": most, "allocationStrategy": "BEST_FIT_PROGRESSIVE", **fields}
    if types:
        resources["instanceTypes"] = list(types)
    return {"type": "MANAGED", "computeResources": resources}


def on_eks(*types: str) -> Spec:
    return {**environment(*types), "eksConfiguration": {"kubernetesNamespace": "batch"}}


def managed_instances(*types: str, most: int = 256) -> Spec:
    requirements = {"instanceRequirements": {"allowedInstanceTypes": list(types)}} if types else {}
    provider = {"managedInstancesProvider": {"instanceLaunchTemplate": requirements}}
    return environment(kind="ECS_MANAGED_INSTANCES", most=most, **provider)


def container(vcpus: Json = 1, memory: Json = 1024, gpus: Json = 0, **fields: Json) -> Spec:
    """Return a container that requests these amounts."""
    amounts = {"VCPU": vcpus, "MEMORY": memory, "GPU": gpus}
    requirements = [{"type": kind, "value": str(amount)} for kind, amount in amounts.items() if amount]
    return {"image": "a:1", "resourceRequirements": requirements, **fields}


def job(vcpus: Json = 1, memory: Json = 1024, gpus: Json = 0, *, on: str = "EC2", **fields: Json) -> Spec:
    """Return a definition of one container."""
    body = {"type": "container", "containerProperties": container(vcpus, memory, gpus, **fields)}
    return body if on == "EC2" else {**body, "platformCapabilities": [on]}


def multinode(*ranges: tuple[str, Spec], nodes: int) -> Spec:
    listed = [{"targetNodes": of, **({"container": each} if "image" in each else each)} for of, each in ranges]
    return {"type": "multinode", "nodeProperties": {"numNodes": nodes, "mainNode": 0, "nodeRangeProperties": listed}}


def pod(*containers: Spec, first: tuple[Spec, ...] = ()) -> Spec:
    """Return a definition of one pod; `first` are the limits of its init containers."""

    def listed(limits: tuple[Spec, ...]) -> list[Spec]:
        return [{"image": "a", "resources": {"limits": each}} for each in limits]

    properties = {"containers": listed(containers), "initContainers": listed(first)}
    return {"type": "container", "eksProperties": {"podProperties": properties}}


def verdict(definition: Spec, of: Spec, known: Catalogue | None = None) -> Verdict:
    """Return whether jobs of a definition can start in an environment."""
    types = known or catalogue()
    return judge(job_need(definition), offer_of("here", of, types), types)

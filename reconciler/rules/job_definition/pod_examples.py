"""Jobs of pods that nothing is wrong with, to be varied by the examples of rules."""

from reconciler.model import Json, Spec
from reconciler.rules.base import Example
from reconciler.rules.job_definition.examples import IMAGE, job


def one(**members: Json) -> Spec:
    """Return a container of a pod that has these members."""
    return {"name": "main", "image": IMAGE, "resources": resources(), **members}


def resources(cpu: Json = "1", memory: Json = "2048Mi", **more: Json) -> Spec:
    """Return limits; what is None is left out."""
    return {"limits": amounts(cpu=cpu, memory=memory, **more)}


def amounts(**given: Json) -> Spec:
    """Return amounts by resource, `gpu` by its long name; what is None is left out."""
    named = {"nvidia.com/gpu" if name == "gpu" else name: value for name, value in given.items()}
    return {name: value for name, value in named.items() if value is not None}


def pod(*containers: Spec, **members: Json) -> Example:
    """Return a job of one pod with these containers, and with these members of the pod."""
    return job(eksProperties={"podProperties": {"containers": list(containers) or [one()], **members}})


def wanting(limits: Spec, requests: Spec | None = None) -> Example:
    """Return a job of one pod whose container has these limits and requests."""
    return pod(one(resources={"limits": limits} if requests is None else {"limits": limits, "requests": requests}))

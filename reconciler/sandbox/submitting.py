"""Somebody submits jobs: a queue gets busy, and drains."""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from reconciler.model import Json, Live, Spec
from reconciler.ports import Cloud
from reconciler.problems import WrongUsage
from reconciler.sandbox.jobs.bodies import REFERENCE
from reconciler.sandbox.jobs.capacity import INSTANCES
from reconciler.sandbox.jobs.demands import SECONDS
from reconciler.sandbox.jobs.rules import TRAINING
from reconciler.sandbox.meddling import found

INSTANCE = "ml.m5.large"  # where an environment counts instances, and any type does


@dataclass(frozen=True, slots=True, kw_only=True)
class Submitted:
    """The jobs that were submitted. `definition`: the revision that they run; empty for training jobs."""

    queue: str
    definition: str
    seconds: float | None
    jobs: tuple[str, ...]


def submit(
    cloud: Cloud, queue: str, definition: str | None, *, count: int = 1, seconds: float | None = None, share: str = ""
) -> Submitted:
    """Submit jobs to a queue. Raises `WrongUsage`, and `CloudError` for what AWS refuses.

    `share` is the share identifier that a queue with fair shares wants, or the quota share of one with quotas.
    """
    _, live = found(cloud, _address("JobQueue", queue))
    if live.spec.get("jobQueueType") == TRAINING:
        jobs = tuple(_training_jobs(cloud, live, count, seconds, share))
        return Submitted(queue=live.address.name, definition="", seconds=seconds, jobs=jobs)
    if definition is None:
        raise WrongUsage(f"{live.address} wants a job definition", hint="name one after the queue")
    revision = _revision(cloud, definition)
    jobs = tuple(_container_jobs(cloud, live, revision, count, seconds, share))
    name = revision["jobDefinitionArn"].rsplit("/", 1)[1]
    return Submitted(queue=live.address.name, definition=name, seconds=seconds, jobs=jobs)


def _container_jobs(
    cloud: Cloud, queue: Live, revision: Spec, count: int, seconds: float | None, share: str
) -> Iterator[str]:
    definition = revision["jobDefinitionArn"]
    parameters = {name: name for name in _references(revision) if name not in revision.get("parameters", {})}
    if seconds is not None:
        parameters[SECONDS] = f"{seconds:g}"
    more: dict[str, Json] = {"parameters": parameters} if parameters else {}
    if share:
        more["shareIdentifier"] = share
    for number in range(1, count + 1):
        request = {"jobName": f"sandbox-{number}", "jobQueue": queue.arn, "jobDefinition": definition, **more}
        yield cloud.call("SubmitJob", request)["jobId"]


def _training_jobs(cloud: Cloud, queue: Live, count: int, seconds: float | None, share: str) -> Iterator[str]:
    payload: dict[str, Json] = {"ResourceConfig": {"InstanceType": _instance(cloud, queue), "InstanceCount": 1}}
    if seconds is not None:
        payload["Environment"] = {SECONDS: f"{seconds:g}"}
    more = {"quotaShareName": share} if share else {}
    for number in range(1, count + 1):
        request = {
            "jobName": f"sandbox-{number}",
            "jobQueue": queue.arn,
            "serviceJobType": TRAINING,
            "serviceRequestPayload": json.dumps({"TrainingJobName": f"sandbox-{number}", **payload}),
            **more,
        }
        yield cloud.call("SubmitServiceJob", request)["jobId"]


def _instance(cloud: Cloud, queue: Live) -> str:
    """Return an instance type that the queue's environment has."""
    name = queue.spec["serviceEnvironmentOrder"][0]["serviceEnvironment"]
    described = cloud.call("DescribeServiceEnvironments", {"serviceEnvironments": [name]})["serviceEnvironments"]
    units = sorted(limit["capacityUnit"] for environment in described for limit in environment["capacityLimits"])
    return next((str(unit) for unit in units if unit != INSTANCES), INSTANCE)


def _revision(cloud: Cloud, text: str) -> Spec:
    """Return a revision that is named as it is, or the newest active one of the definition that is called so."""
    named = text if ":" in text else found(cloud, _address("JobDefinition", text))[1].arn
    described: list[Spec] = cloud.call("DescribeJobDefinitions", {"jobDefinitions": [named]})["jobDefinitions"]
    if not described:
        raise WrongUsage(f"there is no revision {text}", hint="without a number the newest active one runs")
    return described[0]


def _references(body: Json) -> Iterator[str]:
    """Yield the parameters that a body refers to: who submits must give those that have no default."""
    if isinstance(body, Mapping):
        yield from (name for value in body.values() for name in _references(value))
    elif isinstance(body, list):
        yield from (name for value in body for name in _references(value))
    elif isinstance(body, str) and (reference := REFERENCE.fullmatch(body)):
        yield reference[1]


def _address(kind: str, text: str) -> str:
    return text if "/" in text and not text.startswith("arn:") else f"{kind}/{text.rsplit('/', 1)[-1]}"

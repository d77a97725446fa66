"""A sandbox with many jobs: how long submitting, listing and draining them takes."""

import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

from reconciler.sandbox.core.clock import TurnableClock
from reconciler.sandbox.core.service import SimulatedCloud
from reconciler.sandbox.session import open_sandbox
from tests.builders import container, ec2
from tests.fakes import HERE


def busy_sandbox(count: int) -> Iterator[tuple[str, Callable[[], int]]]:
    """Yield what is done, and the work itself, which returns how many calls it made."""
    with tempfile.TemporaryDirectory() as folder:
        file, clock = str(Path(folder, "sandbox.json")), TurnableClock()
        cloud = SimulatedCloud(open_sandbox(file, clock=clock), HERE)
        _prepare(cloud, clock)
        yield f"submit {count} jobs", lambda: _submit(cloud, count)
        clock.turn(2)
        yield f"list {count} jobs by 100", lambda: _list(cloud, "RUNNABLE")
        yield "list those that run", lambda: _list(cloud, "RUNNING")
        clock.turn(count)
        yield f"drain {count} jobs", lambda: _look(cloud)
        yield f"list {count} jobs that ended by 100", lambda: _list(cloud, "SUCCEEDED")
        yield f"open a file with {count} jobs", lambda: _open(file, clock)
        yield "describe the environment", lambda: _look(cloud)


def _prepare(cloud: SimulatedCloud, clock: TurnableClock) -> None:
    order = [{"order": 1, "computeEnvironment": "env"}]
    cloud.call("CreateComputeEnvironment", {"computeEnvironmentName": "env", **ec2()})
    clock.turn(60)
    cloud.call("CreateJobQueue", {"jobQueueName": "q", "priority": 1, "computeEnvironmentOrder": order})
    cloud.call("RegisterJobDefinition", {"jobDefinitionName": "job", **container(command=["sleep", "10"])})
    clock.turn(60)


def _submit(cloud: SimulatedCloud, count: int) -> int:
    for number in range(count):
        cloud.call("SubmitJob", {"jobName": f"job-{number}", "jobQueue": "q", "jobDefinition": "job"})
    return count


def _list(cloud: SimulatedCloud, status: str) -> int:
    calls, token = 0, {}
    while not calls or token:
        page = cloud.call("ListJobs", {"jobQueue": "q", "jobStatus": status, "maxResults": 100, **token})
        calls, token = calls + 1, {"nextToken": page["nextToken"]} if "nextToken" in page else {}
    return calls


def _look(cloud: SimulatedCloud) -> int:
    cloud.call("DescribeComputeEnvironments", {})
    return 1


def _open(file: str, clock: TurnableClock) -> int:
    open_sandbox(file, clock=clock)
    return 0

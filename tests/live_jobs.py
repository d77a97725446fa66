"""Live jobs, of which the simulator tells when it is asked to list them."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from reconciler.model import Json
from reconciler.sandbox.core.state import AccountState

ARN = "arn:aws:batch:us-east-1:123456789012:job-definition"


@dataclass
class LiveJobs:
    """`jobs` are queue, status and definition, `name:revision`. Stands for the operation ListJobs."""

    jobs: list[tuple[str, str, str]] = field(default_factory=list)
    page: int = 1000

    def __call__(self, world: AccountState, request: Mapping[str, Json]) -> Json:
        queue = world.get("job-queue", request["jobQueue"]).name
        status = request.get("jobStatus", "RUNNING")
        found = [definition for of, in_, definition in self.jobs if (of, in_) == (queue, status)]
        start, size = int(request.get("nextToken", 0)), min(self.page, request.get("maxResults", self.page))
        more = {"nextToken": str(start + size)} if len(found) > start + size else {}
        return {"jobSummaryList": [_summary(one) for one in found[start : start + size]], **more}

    def run(self, definition: str, *, queue: str = "q", status: str = "RUNNING") -> None:
        self.jobs.append((queue, status, definition))

    def end(self) -> None:
        self.jobs.clear()


def _summary(definition: str) -> Json:
    return {"jobId": "1", "jobName": "job", **({"jobDefinition": f"{ARN}/{definition}"} if definition else {})}

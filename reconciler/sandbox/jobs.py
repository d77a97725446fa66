"""Jobs are not simulated: none can be submitted, so there are none to list."""

from collections.abc import Mapping

from reconciler.model import Json
from reconciler.sandbox.world import World


def list_jobs(_world: World, _request: Mapping[str, Json]) -> Json:
    return {"jobSummaryList": []}


def describe_jobs(_world: World, _request: Mapping[str, Json]) -> Json:
    return {"jobs": []}


OPERATIONS = {"ListJobs": list_jobs, "DescribeJobs": describe_jobs}

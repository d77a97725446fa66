"""What Batch makes in other services, shown where moto keeps such things: clusters in ECS, the logs of jobs."""

import importlib
import re
from collections.abc import Iterable
from typing import Any

from reconciler.sandbox.jobs.tasks import LogStream

# What Batch calls the clusters of its environments: no other cluster has such a name.
OWN_CLUSTER = re.compile(r"(AWSBatch-.+-|.+_Batch_)[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")


class Mirror:
    """Remembers what of the logs it has written: a group that a client deletes does not come back."""

    def __init__(self) -> None:
        self._written: dict[tuple[str, str, str, str], int] = {}

    def show_clusters(self, account: str, region: str, arns: Iterable[str]) -> None:
        """Let exactly these clusters of Batch exist, all ACTIVE."""
        backend = _backend("ecs", account, region)
        living = {arn.rpartition("/")[2] for arn in arns}
        for gone in [name for name in backend.clusters if OWN_CLUSTER.fullmatch(name) and name not in living]:
            del backend.clusters[gone]
        for name in living - backend.clusters.keys():
            backend.create_cluster(name)

    def show_logs(self, account: str, region: str, streams: Iterable[LogStream]) -> None:
        """Write what jobs have logged since the last time; their groups and streams appear with them."""
        backend = _backend("logs", account, region)
        for stream in streams:
            key = (account, region, stream.group, stream.name)
            if key not in self._written:
                _ensure(backend, stream)
            fresh = stream.events[self._written.get(key, 0) :]
            if fresh and stream.group in backend.groups and stream.name in backend.groups[stream.group].streams:
                # Not through PutLogEvents, which refuses times that a turned clock has.
                log = backend.groups[stream.group].streams[stream.name]
                known = {(event.timestamp, event.message) for event in log.events}
                lines = [{"timestamp": at, "message": line} for at, line in fresh if (at, line) not in known]
                log.put_log_events(lines)
            self._written[key] = len(stream.events)


def _ensure(backend: Any, stream: LogStream) -> None:
    if stream.group not in backend.groups:
        backend.create_log_group(stream.group, {})
    if stream.name not in backend.groups[stream.group].streams:
        backend.create_log_stream(stream.group, stream.name)


def _backend(service: str, account: str, region: str) -> Any:
    return importlib.import_module("moto.backends").get_backend(service)[account][region]

"""The sandbox's server in this process, so that calls can be counted exactly."""

import json
import threading
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from reconciler.sandbox.core.clock import SandboxClock, Timings
from reconciler.sandbox.core.service import ACCOUNT, Simulator
from reconciler.sandbox.server.http import sandbox_server

REGION = "us-east-1"


@dataclass(frozen=True)
class Server:
    simulator: Simulator
    url: str

    @property
    def environment(self) -> dict[str, str]:
        return {
            "AWS_ENDPOINT_URL": self.url,
            "AWS_ACCESS_KEY_ID": "bench",
            "AWS_SECRET_ACCESS_KEY": "bench",
            "AWS_REGION": REGION,
            "AWS_DEFAULT_REGION": REGION,  # the one that botocore itself reads
        }

    def count(self) -> int:
        """Calls of the Batch API so far; the one to STS is not among them."""
        return len(self.simulator.calls)

    def copy_to(self, places: Iterable[tuple[str, str]]) -> None:
        """Let what is here be in other accounts and regions, too: to create it there would take hours."""
        store = self.simulator._store
        scope = f"{ACCOUNT}/{REGION}"
        tables = {name: json.dumps(rows) for name, rows in store._tables[scope].items()}
        for account, region in places:
            moved = {
                name: text.replace(f":{REGION}:{ACCOUNT}:", f":{region}:{account}:") for name, text in tables.items()
            }
            store._tables[f"{account}/{region}"] = {name: json.loads(text) for name, text in moved.items()}

    def register_older(self, times: int) -> None:
        """Register every active definition again, so that each has `times` more active revisions."""
        newest = list(self._definitions())
        for _ in range(times):
            for item in newest:
                self._call("RegisterJobDefinition", item)

    def register_copies(self, count: int) -> None:
        """Register definitions under so many more names, each as one that is there."""
        known = list(self._definitions())
        for number in range(count):
            self._call(
                "RegisterJobDefinition", {**known[number % len(known)], "jobDefinitionName": f"copy-{number:05}"}
            )

    def _definitions(self) -> Iterator[dict[str, object]]:
        token: dict[str, object] = {}
        while True:
            page = self._call("DescribeJobDefinitions", {"status": "ACTIVE", **token})
            for item in page["jobDefinitions"]:
                yield {key: value for key, value in item.items() if key not in RESPONSE_ONLY}
            if "nextToken" not in page:
                return
            token = {"nextToken": page["nextToken"]}

    def _call(self, operation: str, request: dict[str, object]) -> dict[str, list[dict[str, object]]]:
        path = f"/v1/{operation.lower()}"
        answer = self.simulator.handle(ACCOUNT, REGION, "POST", path, json.dumps(request).encode())
        return json.loads(answer.body)


RESPONSE_ONLY = ("jobDefinitionArn", "revision", "status", "containerOrchestrationType")


@contextmanager
def serving(latency: float, settle: float = 1.0) -> Iterator[Server]:
    timings = Timings(create=settle, update=settle, delete=settle)
    simulator = Simulator(SandboxClock(), timings=timings)
    server = sandbox_server(simulator, 0, latency=latency)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)
    thread.start()
    try:
        yield Server(simulator, f"http://127.0.0.1:{server.server_port}")
    finally:
        server.shutdown()
        server.server_close()

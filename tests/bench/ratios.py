"""What a run costs beside something else, so that a slow or busy machine gives the same figures as a fast one."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import partial

from tests.bench.processes import Cost, applied, run, with_bytecode, written
from tests.bench.server import Server, serving
from tests.bench.worlds import only_definitions

SIZES = (1_000, 5_000, 10_000, 20_000)
# The least that can be done: the pages that a plan reads, and nothing made of them.
BARE = """
import boto3

def read(client, operation, result, **filters):
    token = {}
    while True:
        page = getattr(client, operation)(maxResults=100, **filters, **token)
        assert result in page
        if "nextToken" not in page:
            return
        token = {"nextToken": page["nextToken"]}

boto3.client("sts").get_caller_identity()
batch = boto3.client("batch")
read(batch, "describe_compute_environments", "computeEnvironments")
read(batch, "describe_job_queues", "jobQueues")
read(batch, "describe_service_environments", "serviceEnvironments")
read(batch, "list_scheduling_policies", "schedulingPolicies")
read(batch, "list_consumable_resources", "consumableResources")
read(batch, "describe_job_definitions", "jobDefinitions", status="ACTIVE")
"""


@dataclass(frozen=True)
class Ratio:
    what: str
    value: float
    goal: str


def ratios(runs: int, _sizes: Sequence[int] = SIZES) -> Iterator[Ratio]:
    """Compare the processor time of plans with that of boto3 alone, both in turn, and the least of each."""
    with with_bytecode():
        for count, goal in ((1_000, 2.2), (10, 1.8)):
            with written(only_definitions(count)) as folder, serving(0) as server:
                applied(server, folder)
                value = _beside_boto3(server, folder, runs)
            yield Ratio(f"empty plan of {count} definitions / boto3 reading the same pages", value, f"<= {goal}")
        with written(only_definitions(5_000)) as folder, serving(0) as server:
            memory = run(["plan", folder], server).memory
        yield Ratio("MiB of a plan of 5000 new definitions", memory, "< 200")


def growth(runs: int, sizes: Sequence[int] = SIZES) -> Iterator[Ratio]:
    """Compare the processor time for each definition with that in the smallest stack."""
    first: dict[str, float] = {}
    with with_bytecode():
        for count in sizes:
            for what, cost in _costs(count, runs):
                each = cost.processor / count
                of_smallest = each / first.setdefault(what, each)
                yield Ratio(
                    f"{what}, {count} definitions: {each * 1000:.2f} ms each, beside {sizes[0]}", of_smallest, "<= 1"
                )


def _costs(count: int, runs: int) -> Iterator[tuple[str, Cost]]:
    with written(only_definitions(count)) as folder, serving(0) as server:
        yield "validate", _least(runs, ["validate", folder], None)
        yield "apply", run(["apply", folder, "--yes"], server)
        yield "plan", _least(runs, ["plan", folder], server)


def _least(runs: int, argv: list[str], server: Server | None) -> Cost:
    return min((run(argv, server) for _ in range(runs)), key=lambda cost: cost.processor)


def _beside_boto3(server: Server, folder: str, runs: int) -> float:
    bare, ours = partial(run, [], server, ("-c", BARE)), partial(run, ["plan", folder], server)
    bare(), ours()  # with nothing compiled yet
    both = [(bare().processor, ours().processor) for _ in range(runs)]
    return min(cost for _, cost in both) / min(cost for cost, _ in both)

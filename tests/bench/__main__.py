"""Print the figures of the budgets: wall time, peak memory, API calls, against the sandbox's server with a set latency.

python tests/bench                  everything but what takes minutes
python tests/bench plan --latency 0.05 --runs 5
python tests/bench ratios           processor time of plans beside that of boto3 alone
python tests/bench growth           time for each definition, from 1,000 to 20,000 of them: some 20 minutes
python tests/bench growth --sizes 200 800 --runs 1
"""

import argparse
import os
import resource
import statistics
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from tests.bench.jobs import busy_sandbox
from tests.bench.processes import Cost, applied, run, written
from tests.bench.ratios import SIZES, Ratio, growth, ratios
from tests.bench.server import Server, serving
from tests.bench.worlds import accounts, environments_and_queues, many_sizes, one_queue, only_definitions
from tests.bench.worlds import fleet as fleet_of


@dataclass(frozen=True)
class Figure:
    what: str
    seconds: float
    memory: float  # MiB, peak of the process
    calls: int | None
    budget: str


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("only", nargs="*", help=f"some of: {', '.join((*BENCHES, *RATIOS))}")
    parser.add_argument("--latency", type=float, default=0.05, help="seconds that the server adds to each call")
    parser.add_argument("--runs", type=int, default=3)
    parser.add_argument("--sizes", type=int, nargs="+", default=SIZES, help="numbers of definitions, of growth")
    args = parser.parse_args()
    print(f"latency {args.latency * 1000:.0f} ms a call, median of {args.runs} runs, {os.cpu_count()} cores")
    print(f"{'what':58} {'seconds':>8} {'MiB':>6} {'calls':>6}  budget")
    for name, bench in BENCHES.items():
        if name in args.only or not (args.only or name in ON_DEMAND):
            for figure in bench(args.latency, args.runs):
                calls = "" if figure.calls is None else str(figure.calls)
                print(
                    f"{figure.what:58} {figure.seconds:8.2f} {figure.memory:6.0f} {calls:>6}  {figure.budget}",
                    flush=True,
                )
    for name, compare in RATIOS.items():
        if name in args.only or not (args.only or name in ON_DEMAND):
            for ratio in compare(args.runs, args.sizes):
                print(f"{ratio.what:83} {ratio.value:8.2f}  {ratio.goal}", flush=True)


def start_up(_latency: float, runs: int) -> Iterator[Figure]:
    yield measured("--help", ["--help"], runs, "0.15 s")
    yield measured("--version", ["--version"], runs, "0.15 s")


def fmt(_latency: float, runs: int) -> Iterator[Figure]:
    with written(only_definitions(500)) as folder:
        yield measured("fmt, 500 job definitions, all out of order", ["fmt", folder], runs, "3 s")


def validate(_latency: float, runs: int) -> Iterator[Figure]:
    for count, budget in ((500, "1.5 s"), (10_000, "15 s, 500 MiB")):
        with written(only_definitions(count)) as folder:
            yield measured(f"validate, {count} job definitions", ["validate", folder], runs, budget)


def placement(_latency: float, runs: int) -> Iterator[Figure]:
    with written(many_sizes(50, 500)) as folder:
        what = "placement, 500 definitions on each of 50 queues"
        yield measured(what, ["placement", folder, "-v"], runs, "2 s, 200 MiB")


def plan(latency: float, runs: int) -> Iterator[Figure]:
    for count, older, budget in ((1000, 0, "18 calls, 3 s + network, 200 MiB"), (1000, 2, "38 calls")):
        with written(only_definitions(count)) as folder, serving(latency) as server:
            applied(server, folder, older)
            revisions = f", {older} older revisions each" if older else ""
            yield measured(
                f"plan, nothing to change, {count} definitions{revisions}", ["plan", folder], runs, budget, server
            )
    with written(environments_and_queues(50, 500)) as folder, serving(latency) as server:
        applied(server, folder)
        what = "plan, 50 environments, 50 queues, 500 definitions"
        yield measured(what, ["plan", folder], runs, "25 calls", server)


def import_(latency: float, runs: int) -> Iterator[Figure]:
    with written(environments_and_queues(50, 100)) as folder, serving(latency) as server, written({}) as to:
        applied(server, folder)
        server.register_copies(4900)
        words = ["import", "--live", "--stack", "bench", "--to", to, "--force"]
        what = "import, 50 environments, 50 queues, 5000 definitions"
        yield measured(what, words, runs, "60 calls, 10 s + network", server)


def apply(latency: float, _runs: int) -> Iterator[Figure]:
    with written(only_definitions(200)) as folder, serving(latency) as server:
        yield measured("apply, 200 new job definitions", ["apply", folder, "--yes"], 1, "10 s", server)
    settle = 10.0
    with written(one_queue()) as folder, serving(latency, settle=settle) as server:
        what = f"apply, one queue on one environment ({2 * settle:.0f} s to settle)"
        yield measured(what, ["apply", folder, "--yes"], 1, f"{3 * settle:.0f} s", server)
    yield replacement(latency, settle)


def replacement(latency: float, settle: float) -> Figure:
    """What has to settle: the new environment, the queue, the old one's state, and its deletion."""
    settles = 4 * settle
    what = f"apply, another environment in the place of one ({settles:.0f} s to settle)"
    before, after = (one_queue(spotIamFleetRole=f"arn:aws:iam::123456789012:role/fleet-{n}") for n in "12")
    with serving(latency, settle=settle) as server:
        with written(before) as folder:
            run(["apply", folder, "--yes"], server)
        with written(after) as folder:
            return measured(what, ["apply", folder, "--allow-replace", "--yes"], 1, f"{1.5 * settles:.0f} s", server)


def fleet(latency: float, runs: int) -> Iterator[Figure]:
    regions = ("us-east-1", "us-west-2", "eu-west-1", "eu-central-1", "ap-south-1")
    with written(fleet_of(20, regions)) as folder, serving(latency) as server:
        file = f"--all={folder}/reconciler.yaml"
        run(["apply", file, "--yes"], server)
        yield measured("plan, 100 targets of 20 resources", ["plan", file], runs, "20 s, 300 MiB", server)


def shards(latency: float, _runs: int) -> Iterator[Figure]:
    """Drift of 1,000 targets with 100 resources each: of each number of shares the first, on a machine of its own."""
    regions = ("us-east-1", "us-west-2", "eu-west-1", "eu-central-1", "ap-south-1")
    with written(fleet_of(200, regions, 10, 80)) as folder, serving(latency) as server:
        run(["apply", f"{folder}/stack", "--yes"], server)
        server.copy_to((account, region) for account in accounts(200) for region in regions)
        for of in (8, 4, 2, 1):
            argv = ["drift", f"--all={folder}/reconciler.yaml", "--exit-zero", f"--shard=1/{of}"]
            yield measured(f"drift, 1,000 targets of 100 resources, share 1 of {of}", argv, 1, "practical", server)


def jobs(_latency: float, _runs: int) -> Iterator[Figure]:
    """The sandbox alone, in this process, in a file: no latency, and the memory of the benchmark itself."""
    for what, work in busy_sandbox(10_000):
        start = time.perf_counter()
        calls = work()
        seconds = time.perf_counter() - start
        memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
        yield Figure(what, seconds, memory, calls, "practical")


ON_DEMAND = ("shards", "growth")  # minutes: only when it is asked for by name
BENCHES: dict[str, Callable[[float, int], Iterator[Figure]]] = {
    "start-up": start_up, "fmt": fmt, "validate": validate, "placement": placement, "plan": plan, "import": import_, "apply": apply,
    "fleet": fleet, "shards": shards, "jobs": jobs}  # fmt: skip
RATIOS: dict[str, Callable[[int, Sequence[int]], Iterator[Ratio]]] = {"ratios": ratios, "growth": growth}


def measured(what: str, argv: list[str], runs: int, budget: str, server: Server | None = None) -> Figure:
    results: list[Cost] = []
    calls = None
    for _ in range(runs):
        before = server.count() if server else 0
        results.append(run(argv, server))
        calls = server.count() - before if server else None
    seconds = statistics.median(cost.seconds for cost in results)
    return Figure(what, seconds, max(cost.memory for cost in results), calls, budget)


if __name__ == "__main__":
    main()

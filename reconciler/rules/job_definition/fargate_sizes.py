"""Rules about the sizes that Fargate has: certain vCPUs, each with certain memories."""

from collections.abc import Sequence
from decimal import Decimal
from itertools import pairwise

from reconciler.model import Json
from reconciler.rules.base import Findings, Rule
from reconciler.rules.containers import TaskPlace, each_single
from reconciler.rules.evidence import documented
from reconciler.rules.job_definition.examples import fargate, size
from reconciler.rules.job_definition.sizes import number, wanted

# MiB by vCPUs, as API_ResourceRequirement lists them.
MEMORIES: dict[Decimal, Sequence[int]] = {
    Decimal("0.25"): (512, 1024, 2048),
    Decimal("0.5"): range(1024, 4096 + 1, 1024),
    Decimal(1): range(2048, 8192 + 1, 1024),
    Decimal(2): range(4096, 16384 + 1, 1024),
    Decimal(4): range(8192, 30720 + 1, 1024),
    Decimal(8): range(16384, 61440 + 1, 4096),
    Decimal(16): range(32768, 122880 + 1, 8192),
    Decimal(32): (61440, 122880, 249856),
}
SOURCE = documented(
    "ResourceRequirement.value",
    "must match one of the supported values and the VCPU values must be one of the values "
    "supported for that memory value",
)


def _vcpus(home: TaskPlace) -> Findings:
    path, value = _number(home, "VCPU")
    if value is not None and value > 0 and value not in MEMORIES:
        yield path, f"is {value}; Fargate has {_list(list(MEMORIES))}, nearest {_nearest(value, list(MEMORIES))}"


def _memory(home: TaskPlace) -> Findings:
    _, vcpus = _number(home, "VCPU")
    path, value = _number(home, "MEMORY")
    fitting = MEMORIES.get(vcpus) if vcpus is not None else None
    if value is not None and fitting is not None and value not in fitting:
        near = _nearest(value, fitting)
        yield path, f"is {value}; with {vcpus} vCPU Fargate has {_sizes(fitting)} MiB, nearest {near}"


def _number(home: TaskPlace, kind: str) -> tuple[tuple[str | int, ...], Decimal | None]:
    found = wanted(home, kind)
    return (found[0], number(found[1])) if found else ((), None)


def _nearest(value: Decimal, known: Sequence[Json]) -> str:
    for below, above in pairwise(known):
        if below < value < above:
            return f"{below} and {above}"
    return str(known[0] if value < known[0] else known[-1])


def _sizes(known: Sequence[Json]) -> str:
    if isinstance(known, range):
        return f"{known[0]} to {known[-1]} in steps of {known.step}"
    return f"{', '.join(map(str, known[:-1]))} or {known[-1]}"


def _list(known: Sequence[Json]) -> str:
    return f"{', '.join(map(str, known[:-1]))} and {known[-1]} vCPUs"


RULES = (
    Rule(
        id="JD080",
        says="On Fargate VCPU is 0.25, 0.5, 1, 2, 4, 8, 16 or 32.",
        check=each_single(_vcpus, on="FARGATE"),
        evidence=SOURCE,
        fails=fargate(resourceRequirements=size(vcpus=3, memory=8192)),
        passes=fargate(resourceRequirements=size(vcpus="0.25", memory=512)),
    ),
    Rule(
        id="JD081",
        says="On Fargate only certain memories go with so many vCPUs.",
        check=each_single(_memory, on="FARGATE"),
        hint="request one of these sizes, or other vCPUs",
        evidence=SOURCE,
        fails=fargate(resourceRequirements=size(vcpus=1, memory=1500)),
        passes=fargate(resourceRequirements=size(vcpus="1.0", memory=3072)),
    ),
)

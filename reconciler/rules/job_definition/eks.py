"""Rules about what containers of pods ask for: cpu, memory and GPUs."""

import re
from collections.abc import Callable, Iterator
from decimal import Decimal

from reconciler.model import Path
from reconciler.problems import Severity
from reconciler.rules.base import Findings, Rule
from reconciler.rules.evidence import documented, measured
from reconciler.rules.job_definition.pod_examples import amounts, one, pod, resources, wanting
from reconciler.rules.pods import PodContainer, each_pod_container

GPU = "nvidia.com/gpu"
KNOWN = ("cpu", "memory", GPU)
SIDES = ("limits", "requests")
STEP = Decimal("0.25")
LEAST_MEMORY = 4  # MiB
NUMBER = re.compile(r"[0-9]+(\.[0-9]+)?")
WHOLE = re.compile(r"[0-9]+")
MEBIBYTES = re.compile(r"([0-9]+)Mi")


def _asked(container: PodContainer) -> Iterator[tuple[Path, str, str]]:
    """Yield the path, the resource and the amount of all that a container asks for."""
    given = container.body.get("resources") or {}
    for side in SIDES:
        for name, value in (given.get(side) or {}).items():
            yield (*container.path, "resources", side, name), name, value


def _amounts(container: PodContainer, name: str) -> Iterator[tuple[Path, str]]:
    return ((path, value) for path, asked, value in _asked(container) if asked == name)


def _known_resources(container: PodContainer) -> Findings:
    for path, name, _ in _asked(container):
        if name not in KNOWN:
            yield path, f"is no resource that Batch knows; these are {', '.join(KNOWN)}"


def _is_first(container: PodContainer) -> bool:
    """Whether it is an init container, which runs before the others."""
    return "initContainers" in container.path


def _cpu_and_memory(container: PodContainer) -> Findings:
    if not _is_first(container):
        yield from _missing(container)


def _cpu_and_memory_at_first(container: PodContainer) -> Findings:
    if _is_first(container):
        yield from _missing(container)


def _missing(container: PodContainer) -> Findings:
    asked = {name for _, name, _ in _asked(container)}
    missing = [name for name in ("cpu", "memory") if name not in asked]
    if missing:
        yield (*container.path, "resources"), f"does not say how much {' and '.join(missing)} it needs"


def _cpu_in_quarters(container: PodContainer) -> Findings:
    for path, value in _amounts(container, "cpu"):
        if not NUMBER.fullmatch(value) or Decimal(value) % STEP:
            yield path, f"is {value}; cpu is a number in steps of {STEP}, without a unit"


def _memory_in_mebibytes(container: PodContainer) -> Findings:
    for path, value in _amounts(container, "memory"):
        if not MEBIBYTES.fullmatch(value) and not WHOLE.fullmatch(value):
            yield path, f"is {value}; memory is a whole number of Mi"


def _memory_with_unit(container: PodContainer) -> Findings:
    for path, value in _amounts(container, "memory"):
        if WHOLE.fullmatch(value):
            yield path, f"is {value} without a unit; memory is a whole number of Mi"


def _enough_memory(container: PodContainer) -> Findings:
    for path, value in _amounts(container, "memory"):
        found = MEBIBYTES.fullmatch(value)
        if found and int(found[1]) < LEAST_MEMORY:
            yield path, f"is {value}; a container needs at least {LEAST_MEMORY}Mi"


def _whole_gpus(container: PodContainer) -> Findings:
    for path, value in _amounts(container, GPU):
        if not WHOLE.fullmatch(value):
            yield path, f"is {value}; GPUs are a whole number"


def _both(container: PodContainer, name: str, form: re.Pattern[str]) -> tuple[Decimal, Decimal] | None:
    """Return the limit and the request of a resource; None unless both are there and of that form."""
    read = [value.removesuffix("Mi") for _, value in _amounts(container, name) if form.fullmatch(value)]
    return (Decimal(read[0]), Decimal(read[1])) if len(read) == len(SIDES) else None


def _request_within_limit(container: PodContainer) -> Findings:
    both = _both(container, "cpu", NUMBER)
    if both and both[1] > both[0]:
        path = (*container.path, "resources", "requests", "cpu")
        yield path, f"is {both[1]}, more than the limit of {both[0]}"


def _request_is_limit(name: str, form: re.Pattern[str], unit: str = "") -> Callable[[PodContainer], Findings]:
    def look(container: PodContainer) -> Findings:
        both = _both(container, name, form)
        if both and both[1] != both[0]:
            path = (*container.path, "resources", "requests", name)
            yield path, f"is {both[1]}{unit}, but the limit is {both[0]}{unit}; they have to be equal"

    return look


RULES = (
    Rule(
        id="JD200",
        says="A container of a pod asks for cpu, memory and nvidia.com/gpu only.",
        check=each_pod_container(_known_resources),
        evidence=measured(
            "RegisterJobDefinition",
            "... is not a supported type for resources.",
            against="the service model leaves the set open",
        ),
        severity=Severity.WARNING,
        fails=wanting({**amounts(cpu="1", memory="512Mi"), "ephemeral-storage": "1Gi"}),
        passes=wanting(amounts(cpu="1", memory="512Mi", gpu="1")),
    ),
    Rule(
        id="JD201",
        says="A container of a pod says how much cpu and memory it needs.",
        check=each_pod_container(_cpu_and_memory),
        hint='add resources: {limits: {cpu: "1", memory: 2048Mi}}',
        evidence=measured("RegisterJobDefinition", "cpu and memory resources must be provided."),
        fails=pod(one(resources=resources(memory=None))),
        passes=wanting(amounts(cpu="1"), amounts(memory="512Mi")),
    ),
    Rule(
        id="JD215",
        says="An init container of a pod says how much cpu and memory it needs.",
        check=each_pod_container(_cpu_and_memory_at_first),
        hint='add resources: {limits: {cpu: "1", memory: 2048Mi}}',
        evidence=measured(
            "RegisterJobDefinition",
            "cpu and memory resources must be provided.",
            against="it was not seen for init containers",
        ),
        severity=Severity.WARNING,
        fails=pod(initContainers=[one(name="fetch", resources=resources(memory=None))]),
        passes=pod(initContainers=[one(name="fetch")]),
    ),
    Rule(
        id="JD202",
        says="cpu of a pod's container is a multiple of 0.25, without a unit.",
        check=each_pod_container(_cpu_in_quarters),
        hint="write 500m as 0.5",
        evidence=measured(
            "RegisterJobDefinition",
            "Value ... for type cpu in resources is not valid. Provide a valid number and unit.",
        ),
        fails=wanting(amounts(cpu="500m", memory="512Mi")),
        passes=wanting(amounts(cpu="1.75", memory="512Mi")),
    ),
    Rule(
        id="JD203",
        says="A pod's container requests at most as much cpu as its limit.",
        check=each_pod_container(_request_within_limit),
        evidence=measured("RegisterJobDefinition", "cpu request must be <= to cpu limit if both are provided."),
        fails=wanting(amounts(cpu="1", memory="512Mi"), amounts(cpu="2")),
        passes=wanting(amounts(cpu="2", memory="512Mi"), amounts(cpu="0.5")),
    ),
    Rule(
        id="JD204",
        says="Memory of a pod's container is in whole Mi.",
        check=each_pod_container(_memory_in_mebibytes),
        hint="write 2Gi as 2048Mi",
        evidence=measured("RegisterJobDefinition", "Value 2Gi for type memory is not valid."),
        fails=wanting(amounts(cpu="1", memory="2Gi")),
        passes=wanting(amounts(cpu="1", memory="2048Mi")),
    ),
    Rule(
        id="JD205",
        says="Memory of a pod's container has the unit Mi.",
        check=each_pod_container(_memory_with_unit),
        hint="write 2048Mi; to Kubernetes a bare number is bytes",
        evidence=documented("EksContainerResourceRequirements.limits", 'using whole integers, with a "Mi" suffix'),
        severity=Severity.WARNING,  # what the service makes of a bare number has not been seen
        fails=wanting(amounts(cpu="1", memory="2048")),
        passes=wanting(amounts(cpu="1", memory="2048Mi")),
    ),
    Rule(
        id="JD206",
        says="A pod's container requests as much memory as its limit.",
        check=each_pod_container(_request_is_limit("memory", MEBIBYTES, "Mi")),
        hint="give memory in limits only",
        evidence=measured(
            "RegisterJobDefinition", "memory request must be equal to memory limit if both are provided."
        ),
        fails=wanting(amounts(cpu="1", memory="1024Mi"), amounts(memory="512Mi")),
        passes=wanting(amounts(cpu="1", memory="1024Mi"), amounts(memory="1024Mi")),
    ),
    Rule(
        id="JD207",
        says="A pod's container has at least 4Mi of memory.",
        check=each_pod_container(_enough_memory),
        evidence=documented(
            "EksContainerResourceRequirements.limits", "You must specify at least 4 MiB of memory for a job."
        ),
        fails=wanting(amounts(cpu="1", memory="2Mi")),
        passes=wanting(amounts(cpu="1", memory="4Mi")),
    ),
    Rule(
        id="JD208",
        says="A pod's container asks for whole GPUs.",
        check=each_pod_container(_whole_gpus),
        evidence=measured(
            "RegisterJobDefinition",
            "Value 0.5 for type nvidia.com/gpu in resources is not valid. Provide a valid number as input.",
        ),
        fails=wanting(amounts(cpu="1", memory="512Mi", gpu="0.5")),
        passes=wanting(amounts(cpu="1", memory="512Mi", gpu="2")),
    ),
    Rule(
        id="JD209",
        says="A pod's container requests as many GPUs as its limit.",
        check=each_pod_container(_request_is_limit(GPU, WHOLE)),
        hint="give nvidia.com/gpu in limits only",
        evidence=measured("RegisterJobDefinition", "gpu request must be equal to gpu limit if both are provided."),
        fails=wanting(amounts(cpu="1", memory="512Mi", gpu="2"), amounts(gpu="1")),
        passes=wanting(amounts(cpu="1", memory="512Mi", gpu="2"), amounts(gpu="2")),
    ),
)

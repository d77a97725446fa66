"""What a job of a definition needs at once on one instance, task or node, and on all its nodes together.

Values that are not known are `Withheld`: what depends on them is None, or makes a need doubtful.
"""

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from decimal import Decimal, InvalidOperation
from functools import cached_property
from typing import ParamSpec, TypeVar

from reconciler.kinds.tasks import LISTS, EcsTask, Pod, containers_of, containers_of_pod, ecs_tasks, platform, pods
from reconciler.model import Json, Path, Spec
from reconciler.placeholders import DependsOnUnknown
from reconciler.placement.catalogue import ARM, X86

EC2, FARGATE, MANAGED_INSTANCES, EKS = "EC2", "FARGATE", "MANAGED_INSTANCES", "EKS"
# The jobQueueType of the queues that accept each platform.
QUEUE_TYPES = {EC2: "ECS", FARGATE: "ECS_FARGATE", MANAGED_INSTANCES: "ECS_MANAGED_INSTANCES", EKS: "EKS"}

_EFA_DEVICE = "/dev/infiniband/uverbs"
_LEGACY = {"VCPU": "vcpus", "MEMORY": "memory"}
_MIB = 2**20
_Amounts = tuple[Decimal | None, Decimal | None, Decimal | None]  # CPU, bytes and GPUs
# Suffixes of Kubernetes quantities.
_QUANTITIES = {
    "Ki": Decimal(2**10), "Mi": Decimal(2**20), "Gi": Decimal(2**30), "Ti": Decimal(2**40),
    "k": Decimal(10**3), "M": Decimal(10**6), "G": Decimal(10**9), "T": Decimal(10**12), "m": Decimal("0.001"),
}  # fmt: skip
_GPU = "nvidia.com/gpu"
MAX_NODES = 1000  # of a multi-node job ('Compute environment considerations' of multi-node jobs, AWS Batch User Guide)


@dataclass(frozen=True, slots=True)
class NodeNeed:
    """What has to be on one instance at the same time. None is an amount that is not known. Memory is in MiB."""

    path: Path
    nodes: int = 1
    vcpus: Decimal | None = None
    memory: Decimal | None = None
    gpus: Decimal | None = Decimal(0)
    instance_type: str | None = ""  # that nodes of a multi-node job are bound to; empty: none

    @property
    def is_known(self) -> bool:
        return None not in (self.vcpus, self.memory, self.gpus, self.instance_type)


@dataclass(frozen=True)
class JobNeed:
    """What one job of a definition needs. `groups` are its nodes; a job that is no multi-node job has one.

    None is what is not known. Then a job is taken to need the least, and no verdict is better than `unknown`.
    """

    platform: str  # empty: not known
    groups: tuple[NodeNeed, ...]
    is_multinode: bool = False
    architecture: str | None = ""  # empty: not said by the definition
    is_windows: bool | None = False
    uses_efa: bool | None = False
    consumables: Mapping[str, int | None] | None = field(default_factory=dict)

    @cached_property
    def is_known(self) -> bool:
        said = (self.architecture, self.is_windows, self.uses_efa)
        return None not in said and bool(self.groups) and all(group.is_known for group in self.groups)

    @cached_property
    def vcpus(self) -> Decimal | None:
        """Return the vCPUs of all nodes together; None if any is not known."""
        return total(group.vcpus and group.vcpus * group.nodes for group in self.groups)

    @cached_property
    def nodes(self) -> int:
        return sum(group.nodes for group in self.groups)


def total(amounts: Iterable[Decimal | None]) -> Decimal | None:
    """Return the sum; None if any amount is not known."""
    known = list(amounts)
    return None if None in known else sum((each for each in known if each is not None), Decimal(0))


def number(value: Json) -> Decimal | None:
    """Return a value as a number; None if it is no number."""
    try:
        parsed = Decimal(str(value))
    except InvalidOperation:
        return None
    return parsed if parsed.is_finite() else None


T = TypeVar("T")
P = ParamSpec("P")


def _if_known(look: Callable[P, T], *at: P.args, **more: P.kwargs) -> T | None:
    """Return what is found; None if it depends on a value that is not known."""
    try:
        return look(*at, **more)
    except DependsOnUnknown:
        return None


def job_need(body: Spec) -> JobNeed:
    """Return what a job of a definition needs. The body fits the schema, or it is AWS's own."""
    return _if_known(_job_need, body) or JobNeed("", ())


def _job_need(body: Spec) -> JobNeed:
    tasks, all_pods = ecs_tasks(body), pods(body)
    groups = [*(_of_task(each) for each in tasks), *(_of_pod(each) for each in all_pods)]
    is_multinode = "nodeProperties" in body
    return JobNeed(
        platform=EKS if all_pods else platform(body),
        groups=tuple(_on_nodes(groups, body["nodeProperties"] or {}) if is_multinode else groups),
        is_multinode=is_multinode,
        architecture=_if_known(_architecture, tasks),
        is_windows=_if_known(lambda: any(map(_is_for_windows, tasks))),
        uses_efa=_if_known(lambda: any(map(_has_efa, tasks))),
        consumables=_if_known(_consumables, body),
    )


def _of_task(task: EcsTask) -> NodeNeed:
    containers = _if_known(containers_of, task)
    if containers is None:
        return NodeNeed(task.path, gpus=None)
    vcpus, memory, gpus = (
        total(_if_known(_requested, each.body, kind) for each in containers) for kind in ("VCPU", "MEMORY", "GPU")
    )
    return NodeNeed(task.path, vcpus=vcpus, memory=memory, gpus=gpus)


def _requested(container: Spec, kind: str) -> Decimal | None:
    """Return an amount of resourceRequirements, or of the fields that did the same before; no GPU is none."""
    for entry in container.get("resourceRequirements") or ():
        if entry.get("type") == kind:
            return number(entry.get("value"))
    legacy = container.get(_LEGACY.get(kind, ""))
    if legacy is not None:
        return number(legacy)
    return Decimal(0) if kind == "GPU" else None


def _of_pod(pod: Pod) -> NodeNeed:
    return _if_known(_sum_of_pod, pod) or NodeNeed(pod.path, gpus=None)


def _sum_of_pod(pod: Pod) -> NodeNeed:
    """All containers run together, and each init container runs before them, alone."""
    running: list[_Amounts] = []
    first: list[_Amounts] = []
    for each in containers_of_pod(pod):
        (first if LISTS[1] in each.path else running).append(_of_pod_container(each.body))
    sums = [total(column) for column in zip(*running, strict=True)] or [None, None, None]
    cpu, memory, gpus = (_most([amount, *(each[index] for each in first)]) for index, amount in enumerate(sums))
    return NodeNeed(pod.path, vcpus=cpu, memory=memory and memory / _MIB, gpus=gpus)


def _most(amounts: list[Decimal | None]) -> Decimal | None:
    known = [each for each in amounts if each is not None]
    return max(known) if len(known) == len(amounts) else None


def _of_pod_container(container: Spec) -> _Amounts:
    """Return CPU, bytes and GPUs. A request that is missing is its limit; a CPU or memory without either is unknown."""
    amounts = _if_known(_amounts_of, container)
    if amounts is None:
        return None, None, None

    def of(name: str, least: Json = None) -> Decimal | None:
        return _if_known(quantity, amounts.get(name, least))

    return of("cpu"), of("memory"), of(_GPU, 0)


def _amounts_of(container: Spec) -> Spec:
    resources = container.get("resources") or {}
    return {**(resources.get("limits") or {}), **(resources.get("requests") or {})}


def quantity(value: Json) -> Decimal | None:
    """Return a quantity of Kubernetes (`500m`, `2048Mi`, `1.5`) as a number; None if it is none."""
    text = str(value)
    suffix = next((suffix for suffix in _QUANTITIES if text.endswith(suffix)), "")
    amount = number(text.removesuffix(suffix))
    return None if amount is None else amount * _QUANTITIES.get(suffix, Decimal(1))


def _on_nodes(groups: list[NodeNeed], nodes: Spec) -> Iterator[NodeNeed]:
    """Yield each range with the nodes that it has."""
    count = nodes.get("numNodes")
    ranges = nodes.get("nodeRangeProperties") or ()
    if not isinstance(count, int) or count > MAX_NODES:
        yield from (replace(group, vcpus=None) for group in groups)
        return
    sizes = Counter(_owners(ranges, count).values())
    is_whole = sizes.total() == count  # else some nodes are in no range
    for group in groups:
        if group.path[0] != "nodeProperties":  # a body that has both is refused, but not here
            yield group
            continue
        index = int(group.path[2])
        known = group if is_whole else replace(group, vcpus=None)
        if sizes[index]:
            yield replace(known, nodes=sizes[index], instance_type=_if_known(_instance_type, ranges[index]))


def _owners(ranges: Iterable[Spec], count: int) -> dict[int, int]:
    """Return the range of each node. Of nested ranges the inner one has the node (NodeRangeProperty.targetNodes)."""
    nodes = [target_nodes(str(each.get("targetNodes", "")), count) for each in ranges]
    owners: dict[int, int] = {}
    for index in sorted(range(len(nodes)), key=lambda index: -len(nodes[index])):
        owners |= dict.fromkeys(nodes[index], index)
    return owners


def _instance_type(nodes: Spec) -> str:
    """Return the type that a range is bound to: its own, or that of its container."""
    types = nodes.get("instanceTypes") or ((nodes.get("container") or {}).get("instanceType") or "",)
    return str(types[0])


def target_nodes(text: str, count: int) -> range:
    """Return the nodes of a range: `2`, `0:3`, `:3` up from the first node, `2:` down to the last."""
    first, colon, last = text.partition(":")
    if not text or any(end and not end.isdecimal() for end in (first, last)):
        return range(count)
    begin = int(first or 0)
    end = int(last or count - 1) if colon else begin
    return range(begin, min(end, count - 1) + 1)


def _runtime(task: EcsTask, name: str) -> str:
    """Return a field of runtimePlatform in upper case; empty if it is not there."""
    return str((task.body.get("runtimePlatform") or {}).get(name) or "").upper()


def _architecture(tasks: Iterable[EcsTask]) -> str:
    name = next(filter(None, (_runtime(task, "cpuArchitecture") for task in tasks)), "")
    return name and (ARM if name == "ARM64" else X86)


def _is_for_windows(task: EcsTask) -> bool:
    return _runtime(task, "operatingSystemFamily").startswith("WINDOWS")


def _has_efa(task: EcsTask) -> bool:
    devices = (
        device
        for each in containers_of(task)
        for device in (each.body.get("linuxParameters") or {}).get("devices") or ()
    )
    return any(str(device.get("hostPath", "")).startswith(_EFA_DEVICE) for device in devices)


def _consumables(body: Spec) -> dict[str, int | None]:
    listed = (body.get("consumableResourceProperties") or {}).get("consumableResourceList") or ()
    return {str(each.get("consumableResource", "")): _whole(each.get("quantity")) for each in listed}


def _whole(value: Json) -> int | None:
    return value if isinstance(value, int) else None


# A need as JSON, for what keeps jobs in a file.


def need_to_json(need: JobNeed) -> dict[str, Json]:
    """Return a need as JSON, without consumable resources and places in the body."""
    groups = [
        [group.nodes, *(_json_of(amount) for amount in (group.vcpus, group.memory, group.gpus)), group.instance_type]
        for group in need.groups
    ]
    said = {"platform": need.platform, "groups": groups, "is_multinode": need.is_multinode}
    more = {"architecture": need.architecture, "is_windows": need.is_windows, "uses_efa": need.uses_efa}
    return {**said, **{name: value for name, value in more.items() if value}}


def need_from_json(row: Mapping[str, Json]) -> JobNeed:
    """Return the need that `need_to_json` has made a row of."""
    groups = tuple(
        NodeNeed((), nodes, number(vcpus), number(memory), number(gpus), instance_type)
        for nodes, vcpus, memory, gpus, instance_type in row["groups"]
    )
    return JobNeed(**{**row, "groups": groups})


def _json_of(amount: Decimal | None) -> str | None:
    return None if amount is None else str(amount)

"""What a compute environment can hold: the types that it may launch, and how many vCPUs all its jobs may have."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from decimal import ROUND_FLOOR, Decimal
from functools import lru_cache, partial
from typing import NamedTuple

from reconciler.model import Json, Spec
from reconciler.placeholders import DependsOnUnknown, Withheld
from reconciler.placement.catalogue import NO_CANDIDATES, Candidates, Catalogue, InstanceType, expand, size_of
from reconciler.placement.needs import EC2, EKS, FARGATE, MANAGED_INSTANCES

_PLATFORMS = {
    "EC2": EC2, "SPOT": EC2, "FARGATE": FARGATE, "FARGATE_SPOT": FARGATE, "ECS_MANAGED_INSTANCES": MANAGED_INSTANCES,
}  # fmt: skip
UNMANAGED = "UNMANAGED"
CPU_UNIT = 10_000  # a vCPU: kubelet reserves quarters of a hundredth
ANY = "*"  # managed instances without a list may be of every type
LOOKED_UP, OLDER = "a type that is looked up", "an older type"

# Of the memory of a type, the kernel takes its part before the agent registers what is left. The part is known as a
# band only: the images of AWS Batch reserve 32 MiB ('Compute resource memory management' in the User Guide), and no
# published figure is below 94.7 % of what the type has. Torchx multiplies by .947, Karpenter by .925.
RESERVED = 32  # MiB
KERNEL = 1  # MiB that it takes at least, whatever the image
SURE = Decimal("0.925")

# EKS nodes: what kubelet reserves ('Memory and vCPU considerations for AWS Batch on Amazon EKS').
_CPU_RESERVED = ((1, Decimal("0.06")), (1, Decimal("0.01")), (2, Decimal("0.005")))
_CPU_RESERVED_BEYOND = Decimal("0.0025")
_PER_POD, _PER_NODE, _EVICTION = 11, 255, 100  # MiB
# What AWS Batch leaves for daemon sets where no node runs yet.
_DAEMON_CPU, _DAEMON_MEMORY = Decimal("0.5"), 500


@dataclass(frozen=True, slots=True)
class Capacity:
    """What jobs can have of one instance. Memory is in MiB."""

    vcpus: Decimal
    memory: Decimal


class Size(NamedTuple):
    """An instance type as jobs see it: what they surely have of it, and at most. In whole numbers that compare fast."""

    sure_vcpus: int  # in 1/CPU_UNIT
    sure_memory: int  # MiB
    vcpus: int
    memory: int
    type: InstanceType


@dataclass(frozen=True, slots=True)
class Offer:
    """An environment as jobs see it. `why_unknown` says why nothing can be said about it; empty where it can."""

    name: str
    platform: str = ""
    type: str = ""  # EC2, SPOT, FARGATE, FARGATE_SPOT, ECS_MANAGED_INSTANCES, UNMANAGED
    max_vcpus: int | None = None  # None: not known
    sizes: tuple[Size, ...] = ()  # of types of which each may be launched, the smallest first
    bundles: tuple[tuple[tuple[Size, ...], ...], ...] = ()  # of each, one of its sets is used
    unknown: tuple[str, ...] = ()  # types and words of which nothing is known
    words: tuple[str, ...] = ()  # of which all these are expanded
    is_enabled: bool = True
    is_invalid: bool = False
    waits_for_best: bool = False  # BEST_FIT on On-Demand, which never exceeds maxvCpus
    why_unknown: str = ""

    @property
    def every_size(self) -> Iterator[Size]:
        """Every size that may be launched, also of the sets of bundles."""
        yield from self.sizes
        for sets in self.bundles:
            for sizes in sets:
                yield from sizes


def offer_of(name: str, body: Spec, catalogue: Catalogue) -> Offer:
    """Return what an environment offers. The body is a declared or a live one; values of a wrong type are unknown."""
    try:
        return _offer_of(name, body, catalogue)
    except DependsOnUnknown:
        return Offer(name, why_unknown=f"{name} has values that are not known")


def _offer_of(name: str, body: Spec, catalogue: Catalogue) -> Offer:
    resources = _mapping(body.get("computeResources"))
    kind = str(resources.get("type", "")).upper()
    is_enabled = str(body.get("state", "ENABLED")).upper() != "DISABLED"
    is_invalid = body.get("status") == "INVALID"
    if str(body.get("type", "")).upper() == UNMANAGED:
        why = f"{name} is unmanaged: its owner chooses the instances"
        return Offer(name, EC2, UNMANAGED, is_enabled=is_enabled, is_invalid=is_invalid, why_unknown=why)
    if kind not in _PLATFORMS:
        why = f"{name} has no computeResources.type that is known"
        return Offer(name, is_enabled=is_enabled, is_invalid=is_invalid, why_unknown=why)
    most = resources.get("maxvCpus")
    platform = EKS if body.get("eksConfiguration") else _PLATFORMS[kind]
    words = _words(resources, kind) if platform != FARGATE else []
    candidates = _any_type(catalogue) if words == [ANY] else expand(words, catalogue) if words else NO_CANDIDATES
    sizing = partial(sizes_of, platform=platform, has_own_image=_has_own_image(resources))
    return Offer(
        name,
        platform,
        kind,
        most if isinstance(most, int) else None,
        sizing(candidates.types),
        tuple(tuple(sizing(types) for types in sets) for sets in candidates.bundles),
        candidates.unknown,
        tuple(words),
        is_enabled,
        is_invalid,
        waits_for_best=kind == "EC2" and _may_be_best_fit(resources.get("allocationStrategy")),
    )


def _any_type(catalogue: Catalogue) -> Candidates:
    """Return the types that managed instances surely have; whether older ones are among them is not documented."""
    return Candidates(tuple(size.type for size in current_sizes(MANAGED_INSTANCES, catalogue)), unknown=(OLDER,))


def _may_be_best_fit(strategy: Json) -> bool:
    return isinstance(strategy, Withheld) or str(strategy or "BEST_FIT").upper() == "BEST_FIT"


def _words(resources: Spec, kind: str) -> list[str]:
    """Return what names the types that may be launched. Those of a launch template are ignored by AWS Batch."""
    if _PLATFORMS[kind] == MANAGED_INSTANCES:
        provider = _mapping(resources.get("managedInstancesProvider"))
        requirements = _mapping(_mapping(provider.get("instanceLaunchTemplate")).get("instanceRequirements"))
        return _words_in(requirements.get("allowedInstanceTypes")) or [ANY]
    return _words_in(resources.get("instanceTypes"))


def _has_own_image(resources: Spec) -> bool:
    """Whether the image, or user data, may reserve less for the system than the images of AWS do."""
    try:
        configurations = resources.get("ec2Configuration") or ()
        listed = configurations if isinstance(configurations, list | tuple) else ()
        overrides = any(_mapping(each).get("imageIdOverride") for each in listed)
        return bool(resources.get("launchTemplate") or resources.get("imageId") or overrides)
    except DependsOnUnknown:
        return True


def _words_in(value: Json) -> list[str]:
    """Return the words of a list of types; those that are looked up are words of which nothing is known."""
    words = [value] if isinstance(value, Withheld) else value if isinstance(value, list | tuple) else []
    return [LOOKED_UP if isinstance(each, Withheld) else str(each) for each in words]


def _mapping(value: Json) -> Spec:
    """Return a value that is to be a mapping; an empty one for a value of a wrong type."""
    if isinstance(value, Withheld):
        raise DependsOnUnknown
    return value if isinstance(value, Mapping) else {}


def sizes_of(types: Iterable[InstanceType], platform: str, *, has_own_image: bool = False) -> tuple[Size, ...]:
    """Return what jobs have of known types, the smallest type first."""
    return tuple(_size(each, platform, has_own_image) for each in sorted(types, key=size_of))


@lru_cache(maxsize=64)
def sizes_of_family(family: str, platform: str, catalogue: Catalogue) -> tuple[Size, ...]:
    return sizes_of((each for each in catalogue.families[family] if each.vcpus is not None), platform)


@lru_cache(maxsize=4)
def current_sizes(platform: str, catalogue: Catalogue) -> tuple[Size, ...]:
    """Return the types of the present generations, the smallest first."""
    types = (each for each in catalogue.types.values() if not each.previous and each.pods is not None)
    return sizes_of(types, platform)


def _size(each: InstanceType, platform: str, has_own_image: bool) -> Size:  # noqa: FBT001
    least, most = capacities(each, platform, has_own_image=has_own_image)
    sure_vcpus, vcpus = int(least.vcpus * CPU_UNIT), int(most.vcpus * CPU_UNIT)
    return Size(sure_vcpus, int(least.memory), vcpus, int(most.memory), each)


def capacities(each: InstanceType, platform: str, *, has_own_image: bool = False) -> tuple[Capacity, Capacity]:
    """Return the capacity that an instance of a known type has for certain, and the one that it cannot exceed."""
    vcpus, memory = Decimal(each.vcpus or 0), Decimal(each.memory or 0)
    sure = (memory * SURE).to_integral_value(ROUND_FLOOR)
    if platform == EKS:
        least, most = _of_node(each, sure), _of_node(each, memory)
        memory_for_sure = least.memory - _DAEMON_MEMORY if each.pods is not None else Decimal(0)
        least = Capacity(least.vcpus - _DAEMON_CPU, memory_for_sure)
    else:
        least, most = Capacity(vcpus, sure - RESERVED), Capacity(vcpus, memory - RESERVED)
    return least, Capacity(vcpus, memory - KERNEL) if has_own_image else most


def _of_node(each: InstanceType, memory: Decimal) -> Capacity:
    """Return what pods can have of an EKS node with so much memory; how much is reserved grows with its pods."""
    vcpus = Decimal(each.vcpus or 0) - cpu_reserved(each.vcpus or 0)
    return Capacity(vcpus, memory - memory_reserved(each.pods or 0))


def cpu_reserved(vcpus: int) -> Decimal:
    """Return the vCPUs of an EKS node that pods cannot have: .07 of 2, .31 of 96."""
    reserved = Decimal(0)
    for count, share in _CPU_RESERVED:
        reserved += share * min(count, vcpus)
        vcpus -= min(count, vcpus)
    return reserved + _CPU_RESERVED_BEYOND * vcpus


def memory_reserved(pods: int) -> int:
    """Return the MiB of an EKS node that pods cannot have."""
    return _PER_POD * pods + _PER_NODE + _EVICTION

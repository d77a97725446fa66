"""Whether a job can ever start: in one environment, in a queue, and in any of several queues."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from decimal import Decimal
from enum import StrEnum
from functools import cache
from math import ceil
from typing import NamedTuple

from reconciler.placement.catalogue import ARM, X86, Catalogue, InstanceType, size_of
from reconciler.placement.needs import EC2, EKS, FARGATE, MANAGED_INSTANCES, JobNeed
from reconciler.placement.offers import Offer, capacities

RUNS_ON = {EC2: "EC2", FARGATE: "Fargate", MANAGED_INSTANCES: "ECS managed instances", EKS: "Amazon EKS"}
CPU_UNIT = 10_000  # a vCPU: kubelet reserves quarters of a hundredth
LISTED = 3  # names in a message


class Feasibility(StrEnum):
    """Sorted from the best to the worst of what a queue may have."""

    FITS = "fits"  # a type surely holds the job
    TIGHT = "tight"  # a type may hold it: how much memory jobs can have of it is known as a band only
    UNKNOWN = "unknown"
    NEVER = "never"  # no type that may be launched can hold it


BEST_FIRST = tuple(Feasibility)

# What AWS Batch reports of the job at the head of a blocked queue ('Jobs stuck in a RUNNABLE status', User Guide).
MAX_RESOURCE = "MISCONFIGURATION:COMPUTE_ENVIRONMENT_MAX_RESOURCE"
REQUIREMENT = "MISCONFIGURATION:JOB_RESOURCE_REQUIREMENT"


@dataclass(frozen=True, slots=True)
class Verdict:
    """Whether a job can start in an environment.

    `detail` is why, as the end of a sentence about the job; `hint` is what to change. `instance_type` is a type that
    holds the job, or the nearest one for `never`. `code` is the status reason that AWS shows; empty if none is
    documented.
    """

    outcome: Feasibility
    detail: str = ""
    code: str = ""
    instance_type: str = ""
    hint: str = ""
    environment: str = ""

    @property
    def reason(self) -> str:
        """Return the detail with AWS's status reason, and what to change."""
        code = f" ({self.code})" if self.code else ""
        change = f". {self.hint[0].upper()}{self.hint[1:]}" if self.hint else ""
        return f"{self.detail}{code}{change}"


def judge(need: JobNeed, offer: Offer, catalogue: Catalogue) -> Verdict:
    """Return whether a job can ever start in an environment. The catalogue names the types that hints suggest."""
    return replace(_judge(need, offer, catalogue), environment=offer.name)


def best(verdicts: Iterable[Verdict]) -> Verdict | None:
    """Return the best verdict, of several equal ones the first; None if there is none."""
    return min(verdicts, key=lambda each: BEST_FIRST.index(each.outcome), default=None)


def _judge(need: JobNeed, offer: Offer, catalogue: Catalogue) -> Verdict:
    if offer.platform and need.platform != offer.platform:
        return Verdict(
            Feasibility.NEVER, f"runs on {RUNS_ON[need.platform]}, but {offer.name} is for {RUNS_ON[offer.platform]}"
        )
    if offer.why_unknown:
        return Verdict(Feasibility.UNKNOWN, offer.why_unknown)
    return (
        _unsupported(need, offer)
        or _beyond_max_vcpus(need, offer)
        or (_on_fargate(need, offer) if offer.platform == FARGATE else _on_instances(need, offer, catalogue))
    )


def _unsupported(need: JobNeed, offer: Offer) -> Verdict | None:
    if need.is_multinode and offer.type != "EC2":
        where = f"but {offer.name} is {offer.type}"
        return Verdict(Feasibility.NEVER, f"is multi-node, which needs On-Demand EC2 instances, {where}")
    if need.is_windows and offer.type == "FARGATE_SPOT":
        return Verdict(Feasibility.NEVER, f"is for Windows, and {offer.name} is Fargate Spot, which has no Windows")
    return None


def _beyond_max_vcpus(need: JobNeed, offer: Offer) -> Verdict | None:
    """MaxvCpus counts a job's own vCPUs here: what an instance has beyond them may exceed it."""
    if need.vcpus is None or offer.max_vcpus is None or need.vcpus <= offer.max_vcpus:
        return None
    together = f" on its {need.nodes} nodes together" if need.is_multinode else ""
    return Verdict(
        Feasibility.NEVER,
        f"needs {_text(need.vcpus)} vCPUs{together}, but maxvCpus of {offer.name} is {offer.max_vcpus}",
        MAX_RESOURCE,
        hint=f"raise computeResources.maxvCpus to {_text(need.vcpus)} or more, or request fewer vCPUs",
    )


def _on_fargate(need: JobNeed, offer: Offer) -> Verdict:
    if need.architecture == ARM and offer.type == "FARGATE_SPOT":
        return Verdict(Feasibility.UNKNOWN, "is for ARM64, and whether Fargate Spot runs that is not known")
    return _known(need, offer) or Verdict(
        Feasibility.FITS, f"needs {_text(need.vcpus)} of {offer.max_vcpus} vCPUs of {offer.name}"
    )


def _known(need: JobNeed, offer: Offer) -> Verdict | None:
    """Return the verdict of a job that would fit if what is not known did."""
    if not all(group.is_known for group in need.groups) or not need.groups:
        return Verdict(Feasibility.UNKNOWN, "has a size that is not known")
    if offer.max_vcpus is None:
        return Verdict(Feasibility.UNKNOWN, f"maxvCpus of {offer.name} is not known")
    return None


class Asked(NamedTuple):
    """What one instance has to hold, in whole numbers that compare fast; what is not known is 0."""

    vcpus: int  # in 1/10,000
    memory: int  # MiB
    gpus: int
    efa: bool
    architecture: str  # empty: any
    instance_type: str  # empty: any


def _asked(need: JobNeed) -> Asked:
    """Return what one instance has to hold: nodes of a multi-node job share one type, so each counts with its most."""
    groups = need.groups
    return Asked(
        vcpus=max((ceil((group.vcpus or 0) * CPU_UNIT) for group in groups), default=0),
        memory=max((ceil(group.memory or 0) for group in groups), default=0),
        gpus=max((ceil(group.gpus or 0) for group in groups), default=0),
        efa=need.uses_efa,
        architecture=(need.architecture or X86) if need.platform == MANAGED_INSTANCES else "",
        instance_type=next((group.instance_type for group in groups if group.instance_type), ""),
    )


@cache
def _bounds_of(each: InstanceType, platform: str, has_own_image: bool) -> tuple[int, int, int, int]:  # noqa: FBT001
    least, most = capacities(each, platform, has_own_image=has_own_image)
    return int(least.vcpus * CPU_UNIT), int(least.memory), int(most.vcpus * CPU_UNIT), int(most.memory)


def _bounds(each: InstanceType, offer: Offer) -> tuple[int, int, int, int]:
    """Return the vCPUs (1/10,000) and MiB that jobs surely have of a type, and those that they have at most."""
    return _bounds_of(each, offer.platform, offer.has_own_image)


def _on_type(asked: Asked, each: InstanceType, offer: Offer) -> Feasibility:
    """Return whether an instance of a type holds a job, or a node of one."""
    if each.vcpus is None or each.memory is None:
        return Feasibility.UNKNOWN
    sure_vcpus, sure_memory, vcpus, memory = _bounds(each, offer)
    if (
        asked.vcpus > vcpus
        or asked.memory > memory
        or asked.gpus > (asked.gpus if each.gpus is None else each.gpus)
        or (asked.efa and not each.efa)
        or (asked.architecture and asked.architecture not in each.architectures)
        or (asked.instance_type and asked.instance_type != each.name)
    ):
        return Feasibility.NEVER
    # GPUs that are parts of one, or not of NVIDIA; and on ARM they need an image of the user's own ('Run GPU jobs').
    if asked.gpus and (each.gpus is None or ARM in each.architectures):
        return Feasibility.UNKNOWN
    return Feasibility.FITS if asked.vcpus <= sure_vcpus and asked.memory <= sure_memory else Feasibility.TIGHT


def _on_instances(need: JobNeed, offer: Offer, catalogue: Catalogue) -> Verdict:
    asked = _asked(need)
    candidates = offer.candidates
    if witness := _witness(asked, offer, lambda each: _is_within(need, offer, each)):
        return _known(need, offer) or Verdict(
            Feasibility.FITS, _headroom(asked, witness, offer), instance_type=witness.name
        )
    outcomes = [(each, _on_type(asked, each, offer)) for each in candidates]
    holding = sorted(
        (each for each, outcome in outcomes if outcome in (Feasibility.FITS, Feasibility.TIGHT)), key=size_of
    )
    if holding:
        return _known(need, offer) or _tight(need, asked, offer, holding[0])
    unknown = [*candidates.unknown, *(each.name for each, outcome in outcomes if outcome is Feasibility.UNKNOWN)]
    if unknown:
        return Verdict(Feasibility.UNKNOWN, f"what {_listed(unknown)} can hold is not known")
    if not outcomes:
        return Verdict(Feasibility.UNKNOWN, f"{offer.name} names no instance types")
    return _too_large(asked, offer, [each for each, _ in outcomes], catalogue)


def _witness(asked: Asked, offer: Offer, is_within: Callable[[InstanceType], bool]) -> InstanceType | None:
    """Return the smallest type that surely holds a job: of those that may be launched, or of every set of a bundle."""

    def smallest(types: Sequence[InstanceType]) -> InstanceType | None:
        fitting = (each for each in types if _on_type(asked, each, offer) is Feasibility.FITS and is_within(each))
        return next(iter(sorted(fitting, key=size_of)), None)

    if found := smallest(offer.candidates.types):
        return found
    of_each = [smallest(types) for types in offer.candidates.alternatives]
    return of_each[0] if of_each and None not in of_each else None


def _is_within(need: JobNeed, offer: Offer, each: InstanceType) -> bool:
    """Whether maxvCpus allows for instances of a type: of BEST_FIT on On-Demand, and all nodes of a multi-node job.

    Other strategies may exceed maxvCpus by one instance (ComputeResource.maxvCpus).
    """
    if offer.max_vcpus is None or not (offer.waits_for_best or need.is_multinode):
        return True
    return need.nodes * (each.vcpus or 0) <= offer.max_vcpus


def _tight(need: JobNeed, asked: Asked, offer: Offer, each: InstanceType) -> Verdict:
    sure_vcpus, sure_memory, vcpus, memory = _bounds(each, offer)
    if asked.memory > sure_memory:
        band = f"of {each.name} jobs can have between {sure_memory:,} and {memory:,} MiB"
        detail, hint = f"needs {asked.memory:,} MiB, and {band}", f"request at most {sure_memory:,} MiB to be sure"
    elif asked.vcpus > sure_vcpus:
        detail = (
            f"needs {_cpu(asked.vcpus)} vCPUs, and of {each.name} pods can have {_cpu(sure_vcpus)} to {_cpu(vcpus)}"
        )
        hint = f"request at most {_cpu(sure_vcpus)} vCPUs to be sure"
    elif not _is_within(need, offer, each):
        instances = f"{need.nodes} instances" if need.is_multinode else "the instance"
        detail = (
            f"fits {each.name}, but maxvCpus of {offer.name} is {offer.max_vcpus}, less than {instances} of it have"
        )
        hint = f"raise computeResources.maxvCpus to {need.nodes * (each.vcpus or 0)}"
    else:
        detail = f"fits {each.name}, but {offer.name} may also launch sets of families that are too small"
        hint = "name the instance families"
    return Verdict(Feasibility.TIGHT, detail, instance_type=each.name, hint=hint)


def _too_large(asked: Asked, offer: Offer, types: Sequence[InstanceType], catalogue: Catalogue) -> Verdict:
    nearest = max(types, key=lambda each: (_share(asked, each, offer), *(-amount for amount in size_of(each)[:4])))
    _, _, vcpus, memory = _bounds(nearest, offer)
    lacks = [
        text
        for is_lacking, text in (
            (asked.instance_type and nearest.name != asked.instance_type, f"a {asked.instance_type}"),
            (asked.gpus > (nearest.gpus or 0), f"{asked.gpus} GPUs" if asked.gpus > 1 else "a GPU"),
            (asked.vcpus > vcpus, f"{_cpu(asked.vcpus)} vCPUs"),
            (asked.memory > memory, f"{asked.memory:,} MiB"),
            (asked.efa and not nearest.efa, "an Elastic Fabric Adapter"),
            (asked.architecture and asked.architecture not in nearest.architectures, asked.architecture),
        )
        if is_lacking
    ]
    has = f"{_cpu(vcpus)} vCPUs, {memory:,} MiB and {nearest.gpus or 'no'} GPUs for jobs"
    larger = _larger(asked, offer, types, catalogue)
    add = f"add a type that holds it, such as {larger.name}, or " if larger else ""
    return Verdict(
        Feasibility.NEVER,
        f"needs {' and '.join(lacks)}, which no instance type of {offer.name} has; "
        f"the nearest, {nearest.name}, has {has}",
        REQUIREMENT,
        nearest.name,
        f"{add}request less",
    )


def _share(asked: Asked, each: InstanceType, offer: Offer) -> float:
    """Return how much of what a job asks for a type has, by what it lacks most."""
    _, _, vcpus, memory = _bounds(each, offer)
    pairs = ((vcpus, asked.vcpus), (memory, asked.memory), (each.gpus or 0, asked.gpus))
    return min((min(1.0, has / wanted) for has, wanted in pairs if wanted), default=1.0)


def _larger(asked: Asked, offer: Offer, types: Sequence[InstanceType], catalogue: Catalogue) -> InstanceType | None:
    """Return the smallest type that surely holds a job: of the same families, or of any with their architecture."""
    architectures = {name for each in types for name in each.architectures}
    same = [each for family in dict.fromkeys(each.family for each in types) for each in catalogue.families[family]]
    current = [
        each
        for each in catalogue.types.values()
        if not each.previous and each.pods is not None and architectures & set(each.architectures)
    ]
    for group in (same, current):
        fitting = [each for each in group if _on_type(asked, each, offer) is Feasibility.FITS]
        if fitting:
            return min(fitting, key=size_of)
    return None


def _headroom(asked: Asked, each: InstanceType, offer: Offer) -> str:
    sure_vcpus, sure_memory, _, _ = _bounds(each, offer)
    gpus = f", {asked.gpus} of {each.gpus} GPUs" if asked.gpus else ""
    return (
        f"fits {each.name}: {_cpu(asked.vcpus)} of {_cpu(sure_vcpus)} vCPUs, "
        f"{asked.memory:,} of at least {sure_memory:,} MiB{gpus}"
    )


def _listed(names: Sequence[str]) -> str:
    shown = ", ".join(names[:LISTED])
    return f"{shown} and {len(names) - LISTED} more" if len(names) > LISTED else shown


def _cpu(amount: int) -> str:
    return _text(Decimal(amount) / CPU_UNIT)


def _text(amount: Decimal | None) -> str:
    return "?" if amount is None else f"{amount.normalize():f}"

"""Whether a job can ever start: in one environment, in a queue, and in any of several queues."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from decimal import Decimal
from enum import StrEnum
from functools import cache, lru_cache
from math import ceil, inf
from typing import NamedTuple

from reconciler.kinds.tasks import FARGATE_MEMORIES
from reconciler.placement.catalogue import ARM, X86, Catalogue, InstanceType, is_named, size_of
from reconciler.placement.needs import EC2, EKS, FARGATE, MANAGED_INSTANCES, JobNeed
from reconciler.placement.offers import CPU_UNIT, UNMANAGED, Offer, Size, current_sizes, sizes_of_family

RUNS_ON = {EC2: "EC2", FARGATE: "Fargate", MANAGED_INSTANCES: "ECS managed instances", EKS: "Amazon EKS"}
LISTED = 3  # names in a message


class Feasibility(StrEnum):
    """Sorted from the best to the worst of what a queue may have."""

    FITS = "fits"  # a type surely holds the job
    TIGHT = "tight"  # a type may hold it: how much memory jobs can have of it is known as a band only
    UNKNOWN = "unknown"
    NEVER = "never"  # no type that may be launched can hold it


BEST_FIRST = tuple(Feasibility)
_RANKS = {outcome: rank for rank, outcome in enumerate(BEST_FIRST)}

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
    may_wait: bool = False  # although it fits: AWS documents that a job with GPUs may, beside types without

    @property
    def reason(self) -> str:
        """Return the detail with AWS's status reason, and what to change."""
        code = f" ({self.code})" if self.code else ""
        change = f". {self.hint[0].upper()}{self.hint[1:]}" if self.hint else ""
        return f"{self.detail}{code}{change}"


def judge(need: JobNeed, offer: Offer, catalogue: Catalogue) -> Verdict:
    """Return whether a job can ever start in an environment. The catalogue names the types that hints suggest."""
    return judge_asked(need, asked_of(need), offer, catalogue)


def judge_asked(need: JobNeed, asked: "Asked", offer: Offer, catalogue: Catalogue) -> Verdict:
    """Return the same for what is `asked_of` one instance, which is so for all environments."""
    found = _judge(need, asked, offer, catalogue)
    # `dataclasses.replace` costs as much as a judgement: a stack may have 25,000 of them.
    return Verdict(found.outcome, found.detail, found.code, found.instance_type, found.hint, offer.name, found.may_wait)


def best(verdicts: Iterable[Verdict]) -> Verdict | None:
    """Return the best verdict, of several equal ones the first; None if there is none."""
    return min(verdicts, key=lambda each: _RANKS[each.outcome], default=None)


def _judge(need: JobNeed, asked: "Asked", offer: Offer, catalogue: Catalogue) -> Verdict:
    if not need.platform:
        return Verdict(Feasibility.UNKNOWN, "has values that are not known")
    if need.platform not in RUNS_ON:
        return Verdict(Feasibility.UNKNOWN, f"has platformCapabilities that are not known: {need.platform}")
    if offer.platform and need.platform != offer.platform:
        return Verdict(
            Feasibility.NEVER, f"runs on {RUNS_ON[need.platform]}, but {offer.name} is for {RUNS_ON[offer.platform]}"
        )
    if why := _unsupported(need, offer):
        return Verdict(Feasibility.NEVER, why)
    if offer.why_unknown:
        return Verdict(Feasibility.UNKNOWN, offer.why_unknown)
    return _beyond_max_vcpus(need, offer) or (
        _on_fargate(need, offer) if offer.platform == FARGATE else _on_instances(need, asked, offer, catalogue)
    )


def _unsupported(need: JobNeed, offer: Offer) -> str:
    """Return why a kind of environment has no such jobs, whatever their size; empty if it may have them.

    'Compute environment considerations' of multi-node jobs, 'Run GPU jobs' and 'Managed compute environments' (AWS
    Batch User Guide); ResourceRequirement.type; Device. Windows is for Fargate alone.
    """
    if need.is_multinode and offer.type not in ("EC2", ""):
        return f"is multi-node, which needs On-Demand EC2 instances, but {offer.name} is {offer.type}"
    if need.is_windows and offer.type not in ("FARGATE", UNMANAGED, ""):
        return f"is for Windows, which needs Fargate On-Demand, but {offer.name} is {offer.type}"
    if offer.platform == FARGATE and any(group.gpus for group in need.groups):
        return f"needs a GPU, but {offer.name} is {offer.type}, which has none"
    if offer.platform == FARGATE and need.uses_efa:
        return f"needs an Elastic Fabric Adapter, but {offer.name} is {offer.type}, which has none"
    return ""


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
    if unknown := _unknown(need, offer):
        return unknown
    if other := next((group for group in need.groups if not _is_fargate_size(group.vcpus, group.memory)), None):
        size = f"{_text(other.vcpus)} vCPUs with {_text(other.memory)} MiB"
        return Verdict(Feasibility.UNKNOWN, f"needs {size}, which is not a known size of Fargate")
    return Verdict(Feasibility.FITS, f"needs {_text(need.vcpus)} of {offer.max_vcpus} vCPUs of {offer.name}")


def _is_fargate_size(vcpus: Decimal | None, memory: Decimal | None) -> bool:
    return memory is not None and vcpus is not None and memory in FARGATE_MEMORIES.get(vcpus, ())


def _unknown(need: JobNeed, offer: Offer) -> Verdict | None:
    """Return the verdict of a job that would fit if what is not known did."""
    if not need.is_known:
        is_size = not need.groups or not all(group.is_known for group in need.groups)
        return Verdict(Feasibility.UNKNOWN, f"has a {'size' if is_size else 'value'} that is not known")
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
    instance_types: tuple[str, ...]  # words that all have to stand for the type; none: any


def asked_of(need: JobNeed) -> Asked:
    """Return what one instance has to hold: nodes of a multi-node job share one type, so each counts with its most."""
    groups = need.groups
    return Asked(
        vcpus=max((ceil((group.vcpus or 0) * CPU_UNIT) for group in groups), default=0),
        memory=max((ceil(group.memory or 0) for group in groups), default=0),
        gpus=max((ceil(group.gpus or 0) for group in groups), default=0),
        efa=bool(need.uses_efa),
        architecture=_architecture(need),
        instance_types=tuple(dict.fromkeys(group.instance_type for group in groups if group.instance_type)),
    )


def _architecture(need: JobNeed) -> str:
    """Return what the definition says of managed instances; elsewhere the image decides, of which nothing is known."""
    if need.platform != MANAGED_INSTANCES or need.architecture is None:
        return ""
    return need.architecture or X86


def _on_size(asked: Asked, size: Size) -> Feasibility:
    """Return whether an instance of a type holds a job, or a node of one."""
    each = size.type
    if (
        asked.vcpus > size.vcpus
        or asked.memory > size.memory
        or (asked.gpus and each.gpus is not None and asked.gpus > each.gpus)
        or (asked.efa and not each.efa)
        or (asked.architecture and asked.architecture not in each.architectures)
        or not all(is_named(each, word) for word in asked.instance_types)
    ):
        return Feasibility.NEVER
    if asked.gpus and not _has_sure_gpus(each):
        return Feasibility.UNKNOWN
    is_sure = asked.vcpus <= size.sure_vcpus and asked.memory <= size.sure_memory
    return Feasibility.FITS if is_sure else Feasibility.TIGHT


# The families that 'Run GPU jobs' (AWS Batch User Guide) requires of an environment that runs GPU jobs.
_GPU_FAMILIES = ("p3", "p4", "p5", "p6", "g3", "g4", "g5", "g6", "gr6")


def _has_sure_gpus(each: InstanceType) -> bool:
    """Whether AWS Batch surely schedules jobs on the GPUs that a type has.

    It may not if they are parts of one, or not of NVIDIA; on ARM they need an image of the user's own.
    """
    return each.gpus is not None and ARM not in each.architectures and each.family.startswith(_GPU_FAMILIES)


def _on_instances(need: JobNeed, asked: Asked, offer: Offer, catalogue: Catalogue) -> Verdict:
    if witness := _witness(asked, offer, _vcpus_within(need, offer)):
        mixture = _mixture(asked, offer)
        detail = _headroom(asked, witness) + mixture
        fits = Verdict(Feasibility.FITS, detail, instance_type=witness.type.name, may_wait=bool(mixture))
        return _unknown(need, offer) or fits
    sizes = list(offer.every_size)
    outcomes = [(size, _on_size(asked, size)) for size in sizes]
    holding = [size for size, outcome in outcomes if outcome in (Feasibility.FITS, Feasibility.TIGHT)]
    if holding:
        return _unknown(need, offer) or _tight(need, asked, offer, min(holding, key=lambda size: size_of(size.type)))
    unknown = [
        *offer.unknown,
        *(size.type.name for size, outcome in outcomes if outcome is Feasibility.UNKNOWN),
        *_newer_types(asked, sizes, catalogue),
    ]
    if unknown:
        return Verdict(Feasibility.UNKNOWN, f"what {_listed(unknown)} can hold is not known")
    if not outcomes:
        return Verdict(Feasibility.UNKNOWN, f"{offer.name} names no instance types")
    return _too_large(asked, offer, sizes, catalogue)


def _mixture(asked: Asked, offer: Offer) -> str:
    """Return a note on an environment that should not run jobs with GPUs beside others ('Run GPU jobs')."""
    if not asked.gpus or offer.platform == MANAGED_INSTANCES:  # of which ECS chooses one for each job
        return ""
    other = next((size.type for size in offer.every_size if not _has_sure_gpus(size.type)), None)
    return f"; a GPU job may wait all the same, since {offer.name} also launches {other.family}" if other else ""


def _newer_types(asked: Asked, sizes: Iterable[Size], catalogue: Catalogue) -> list[str]:
    """Return the types that a job is bound to, and that the table lacks, of families that may be launched."""
    lacking = [word for word in asked.instance_types if "." in word and word not in catalogue.types]
    families = {size.type.family for size in sizes} if lacking else set()
    return [word for word in lacking if word.partition(".")[0] in families]


def _witness(asked: Asked, offer: Offer, most: float) -> Size | None:
    """Return the smallest type that surely holds a job: of those that may be launched, or of every set of a bundle.

    `most` is how many vCPUs its instance may have.
    """
    if found := _first_fit(asked, offer.sizes, most):
        return found
    for sets in offer.bundles:
        of_each = [_first_fit(asked, sizes, most) for sizes in sets]
        if of_each and None not in of_each:
            return of_each[0]
    return None


def _vcpus_within(need: JobNeed, offer: Offer) -> float:
    """Return how many vCPUs an instance may have, by maxvCpus: of BEST_FIT on On-Demand, and of multi-node jobs.

    Other strategies may exceed maxvCpus by one instance (ComputeResource.maxvCpus).
    """
    if offer.max_vcpus is None or not (offer.waits_for_best or need.is_multinode):
        return inf
    return offer.max_vcpus / max(need.nodes, 1)


def _tight(need: JobNeed, asked: Asked, offer: Offer, size: Size) -> Verdict:
    name, vcpus_of_all = size.type.name, need.nodes * (size.type.vcpus or 0)
    if asked.memory > size.sure_memory:
        band = f"of {name} jobs can have between {size.sure_memory:,} and {size.memory:,} MiB"
        detail, hint = f"needs {asked.memory:,} MiB, and {band}", f"request at most {size.sure_memory:,} MiB to be sure"
    elif asked.vcpus > size.sure_vcpus:
        band = f"{_cpu(size.sure_vcpus)} to {_cpu(size.vcpus)}"
        detail = f"needs {_cpu(asked.vcpus)} vCPUs, and of {name} pods can have {band}"
        hint = f"request at most {_cpu(size.sure_vcpus)} vCPUs to be sure"
    elif (size.type.vcpus or 0) > _vcpus_within(need, offer):
        on = f"on {need.nodes} instances, which have" if need.is_multinode else "which has"
        detail = f"fits {name} {on} {vcpus_of_all} vCPUs, but maxvCpus of {offer.name} is {offer.max_vcpus}"
        hint = f"raise computeResources.maxvCpus to {vcpus_of_all}"
    else:
        detail = f"fits {name}, but {offer.name} may also launch sets of families that are too small"
        hint = "name the instance families"
    mixture = _mixture(asked, offer)
    return Verdict(Feasibility.TIGHT, detail + mixture, instance_type=name, hint=hint, may_wait=bool(mixture))


def _too_large(asked: Asked, offer: Offer, sizes: Sequence[Size], catalogue: Catalogue) -> Verdict:
    nearest = max(sizes, key=lambda size: (*_shares(asked, size), *(-amount for amount in size_of(size.type)[:4])))
    name, gpus = nearest.type.name, nearest.type.gpus
    others = [word for word in asked.instance_types if not is_named(nearest.type, word)]
    lacks = [
        text
        for is_lacking, text in (
            (bool(others), f"the instance type {' and '.join(others)}"),
            (asked.gpus > (gpus or 0), f"{asked.gpus} GPUs" if asked.gpus > 1 else "a GPU"),
            (asked.vcpus > nearest.vcpus, f"{_cpu(asked.vcpus)} vCPUs"),
            (asked.memory > nearest.memory, f"{asked.memory:,} MiB"),
            (asked.efa and not nearest.type.efa, "an Elastic Fabric Adapter"),
            (asked.architecture and asked.architecture not in nearest.type.architectures, asked.architecture),
        )
        if is_lacking
    ]
    has = (
        f"{_cpu(nearest.vcpus)} vCPUs, {nearest.memory:,} MiB and {gpus or 'no'} GPU{'' if gpus == 1 else 's'} for jobs"
    )
    larger = _larger(asked, offer, sizes, catalogue)
    add = f"add a type that holds it, such as {larger}, or " if larger else ""
    return Verdict(
        Feasibility.NEVER,
        f"needs {' and '.join(lacks)}, which no instance type of {offer.name} has; the nearest, {name}, has {has}",
        REQUIREMENT if _lacks_amounts(asked, sizes) else "",
        name,
        f"{add}request less",
    )


def _lacks_amounts(asked: Asked, sizes: Iterable[Size]) -> bool:
    """Whether no type has the vCPUs, memory and GPUs, of which alone AWS Batch says that they are lacking."""
    amounts = asked._replace(efa=False, architecture="", instance_types=())
    named = [size for size in sizes if all(is_named(size.type, word) for word in asked.instance_types)]
    return bool(named) and all(_on_size(amounts, size) is Feasibility.NEVER for size in named)


def _shares(asked: Asked, size: Size) -> list[float]:
    """Return how much a type has of each amount that a job asks for, the least first."""
    pairs = ((size.vcpus, asked.vcpus), (size.memory, asked.memory), (size.type.gpus or 0, asked.gpus))
    return sorted(min(1.0, has / wanted) if wanted else 1.0 for has, wanted in pairs)


def _larger(asked: Asked, offer: Offer, sizes: Sequence[Size], catalogue: Catalogue) -> str:
    """Return the smallest type that surely holds a job: of the same families, or of any with their architecture."""
    families = dict.fromkeys(size.type.family for size in sizes)
    architectures = {name for size in sizes for name in size.type.architectures}
    for family in families:
        if size := _first_fit(asked, sizes_of_family(family, offer.platform, catalogue)):
            return size.type.name
    return _current_fit(asked, frozenset(architectures), offer.platform, catalogue)


@lru_cache(maxsize=1024)  # many environments lack the same thing
def _current_fit(asked: Asked, architectures: frozenset[str], platform: str, catalogue: Catalogue) -> str:
    """Return the smallest type of the present generations with an architecture that surely holds a job."""
    sizes = current_sizes(platform, catalogue)
    larger = _first_fit(asked, (size for size in sizes if not architectures.isdisjoint(size.type.architectures)))
    return larger.type.name if larger else ""


def _first_fit(asked: Asked, sizes: Iterable[Size], most: float = inf) -> Size | None:
    """Return the first type that surely holds a job. `most` is how many vCPUs its instance may have."""
    return next(
        (
            size
            for size in sizes
            if asked.memory <= size.sure_memory  # decides most of them, without a call
            and _on_size(asked, size) is Feasibility.FITS
            and (size.type.vcpus or 0) <= most
        ),
        None,
    )


def _headroom(asked: Asked, size: Size) -> str:
    gpus = f", {asked.gpus} of {size.type.gpus} GPUs" if asked.gpus else ""
    return (
        f"fits {size.type.name}: {_cpu(asked.vcpus)} of {_cpu(size.sure_vcpus)} vCPUs, "
        f"{asked.memory:,} of at least {size.sure_memory:,} MiB{gpus}"
    )


def _listed(names: Sequence[str]) -> str:
    shown = ", ".join(names[:LISTED])
    return f"{shown} and {len(names) - LISTED} more" if len(names) > LISTED else shown


@cache
def _cpu(amount: int) -> str:
    return _text(Decimal(amount) / CPU_UNIT)


def _text(amount: Decimal | None) -> str:
    return "?" if amount is None else f"{amount.normalize():f}"

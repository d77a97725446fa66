"""EC2's instance types: a table that ships with the program, and the words that stand for many of them."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from fnmatch import fnmatchcase
from functools import cache, cached_property
from pkgutil import get_data
from typing import Self

from reconciler.model import Spec

FILE = "instance_types.tsv"  # beside this module
COLUMNS = ("type", "vcpus", "memory_mib", "gpus", "architectures", "pods", "flags")
_EFA, _PREVIOUS = "efa", "previous"
_UNKNOWN = "?"

X86, ARM = "x86_64", "arm64"


@dataclass(frozen=True, slots=True)
class InstanceType:
    """A row. None is unknown: such a type proves nothing, neither that a job starts nor that it never does.

    `gpus` counts whole GPUs of NVIDIA, the only ones that AWS Batch schedules ('Run GPU jobs' in its User Guide).
    `pods` is the most that an EKS node of this type runs.
    """

    name: str
    vcpus: int | None = None
    memory: int | None = None  # MiB that the type has; what jobs can use of it is less
    gpus: int | None = None
    architectures: tuple[str, ...] = ()
    pods: int | None = None
    efa: bool = False
    previous: bool = False  # of a former generation

    @property
    def family(self) -> str:
        return self.name.partition(".")[0]

    @property
    def row(self) -> str:
        """Return the line of the table."""
        amounts = (self.vcpus, self.memory, self.gpus)
        flags = [flag for flag, is_set in ((_EFA, self.efa), (_PREVIOUS, self.previous)) if is_set]
        cells = (
            self.name,
            *(_UNKNOWN if amount is None else str(amount) for amount in amounts),
            ",".join(self.architectures) or _UNKNOWN,
            _UNKNOWN if self.pods is None else str(self.pods),
            ",".join(flags),
        )
        return "\t".join(cells)

    @classmethod
    def of(cls, row: str) -> Self:
        """Return what a line of the table says."""
        name, vcpus, memory, gpus, architectures, pods, flags = row.split("\t")
        return cls(
            name,
            _amount(vcpus),
            _amount(memory),
            _amount(gpus),
            () if architectures == _UNKNOWN else tuple(architectures.split(",")),
            _amount(pods),
            efa=_EFA in flags,
            previous=_PREVIOUS in flags,
        )


def _amount(cell: str) -> int | None:
    return None if cell == _UNKNOWN else int(cell)


@dataclass(frozen=True, eq=False)  # one is as good as another only if it is the same
class Catalogue:
    """Instance types by name, and since when and from where they are known."""

    date: str  # YYYY-MM-DD
    source: str
    types: Mapping[str, InstanceType]

    @cached_property
    def families(self) -> Mapping[str, list[InstanceType]]:
        """Return the types by family, the smallest first."""
        families: dict[str, list[InstanceType]] = {}
        for each in sorted(self.types.values(), key=size_of):
            families.setdefault(each.family, []).append(each)
        return families

    def with_types(self, more: Iterable[InstanceType]) -> "Catalogue":
        """Return the table with types that AWS has described since."""
        return Catalogue(self.date, self.source, {**self.types, **{each.name: each for each in more}})


# Accelerators that the page 'Run GPU jobs' lists, and then excludes: its note says that only NVIDIA is supported.
_OTHER_ACCELERATORS = ("NeuronInfo", "InferenceAcceleratorInfo")


def described(facts: Spec) -> InstanceType:
    """Return the row of a type as DescribeInstanceTypes describes it; what is not said is unknown."""
    network = facts.get("NetworkInfo") or {}
    return InstanceType(
        facts["InstanceType"],
        vcpus=(facts.get("VCpuInfo") or {}).get("DefaultVCpus"),
        memory=(facts.get("MemoryInfo") or {}).get("SizeInMiB"),
        gpus=_gpus(facts),
        architectures=tuple((facts.get("ProcessorInfo") or {}).get("SupportedArchitectures") or ()),
        pods=_pods(network),
        efa=bool(network.get("EfaSupported")),
        previous=facts.get("CurrentGeneration") is False,
    )


def _gpus(facts: Spec) -> int | None:
    """Return the number of NVIDIA GPUs; None for parts of GPUs and for other accelerators."""
    gpus = (facts.get("GpuInfo") or {}).get("Gpus") or ()
    if any(facts.get(key) for key in _OTHER_ACCELERATORS) or not all(gpu.get("Count") for gpu in gpus):
        return None
    return sum(int(gpu["Count"]) for gpu in gpus if gpu.get("Manufacturer") == "NVIDIA")


def _pods(network: Spec) -> int | None:
    """As many as addresses, of which each interface needs one itself, and two pods use the host's network."""
    cards, card, addresses = (
        network.get(name) for name in ("NetworkCards", "DefaultNetworkCardIndex", "Ipv4AddressesPerInterface")
    )
    if not cards or card is None or addresses is None:
        return None
    return int(cards[card]["MaximumNetworkInterfaces"]) * (int(addresses) - 1) + 2


def size_of(each: InstanceType) -> tuple[int, int, int, bool, str]:
    """Return the key by which types are sorted from small to large; those without GPUs and of this generation first."""
    return (each.gpus or 0, each.vcpus or 0, each.memory or 0, each.previous, each.name)


def read(text: str) -> Catalogue:
    """Return the table that a file contains."""
    lines = text.splitlines()
    head = dict(line.removeprefix("# ").split(": ", 1) for line in lines if line.startswith("# "))
    rows = (line for line in lines if line and not line.startswith("#"))
    next(rows)  # the names of the columns
    return Catalogue(head["date"], head["source"], {each.name: each for each in map(InstanceType.of, rows)})


@cache
def catalogue() -> Catalogue:
    """Return the table that ships with this version."""
    return read((get_data(__package__, FILE) or b"").decode())


# What instanceTypes may name instead of types: bundles of families, families, and patterns.

_X86_FAMILIES = ("m6i", "c6i", "r6i", "c7i")
# The sets of families that a bundle may stand for. `optimal` meant older ones before 1 November 2025, by region, and
# environments that are DISABLED or INVALID keep them; default_x86_64 is semantically equivalent to it today
# (ComputeResource.instanceTypes; 'Instance type compute table' and 'Troubleshooting optimal' in the User Guide).
_OPTIMAL = (_X86_FAMILIES, ("m4", "c4", "r4"), ("m5", "c5", "r5"))
BUNDLES: Mapping[str, tuple[tuple[str, ...], ...]] = {
    "optimal": _OPTIMAL,
    "default_x86_64": _OPTIMAL,
    "default_arm64": (("m6g", "c6g", "r6g", "c7g"),),
}
BUNDLE_ARCHITECTURES = {"optimal": X86, "default_x86_64": X86, "default_arm64": ARM}
WILDCARD = "*"


def patterns_of(words: Iterable[str]) -> list[str]:
    """Return the names of types, with `*`, that words of instanceTypes stand for: a family is all of its sizes."""
    families = (family for word in words for families in BUNDLES.get(word, ((word,),)) for family in families)
    return list(dict.fromkeys(each if "." in each or WILDCARD in each else f"{each}.{WILDCARD}" for each in families))


@dataclass(frozen=True, slots=True)
class Candidates:
    """The types that an environment may launch.

    A job fits the environment if it fits any of `types`, which may all be launched, or a type of every set of any of
    the `bundles`: of the sets of a bundle, one is used. `unknown` are words and types of which nothing is known.
    """

    types: tuple[InstanceType, ...] = ()
    bundles: tuple[tuple[tuple[InstanceType, ...], ...], ...] = ()
    unknown: tuple[str, ...] = ()

    def __iter__(self) -> Iterator[InstanceType]:
        """Iterate over every type that may be launched."""
        yield from self.types
        for sets in self.bundles:
            for families in sets:
                yield from families


NO_CANDIDATES = Candidates()


def expand(words: Iterable[str], of: Catalogue) -> Candidates:
    """Return the types that instanceTypes stands for: types, families, bundles and patterns with `*`."""
    types: dict[str, InstanceType] = {}
    bundles: list[tuple[tuple[InstanceType, ...], ...]] = []
    unknown: list[str] = []
    for word in words:
        if word in BUNDLES:
            bundles.append(
                tuple(
                    tuple(each for family in families for each in of.families.get(family, ()))
                    for families in BUNDLES[word]
                )
            )
            continue
        matching = _matching(word, of)
        types |= {each.name: each for each in matching if each.vcpus is not None}
        unknown += [each.name for each in matching if each.vcpus is None] if matching else [word]
    return Candidates(tuple(sorted(types.values(), key=size_of)), tuple(bundles), tuple(dict.fromkeys(unknown)))


def is_named(each: InstanceType, word: str) -> bool:
    """Whether a word of instanceTypes stands for a type, maybe among others."""
    return word in (each.name, each.family) or any(each.family in families for families in BUNDLES.get(word, ()))


def _matching(word: str, of: Catalogue) -> list[InstanceType]:
    if word in of.types:
        return [of.types[word]]
    if WILDCARD in word:
        return [each for name, each in of.types.items() if fnmatchcase(name, word)]
    return list(of.families.get(word, ()))

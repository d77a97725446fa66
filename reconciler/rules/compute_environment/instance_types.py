"""What the name of an EC2 instance type tells: its family and, where that is certain, its architecture."""

import re
from collections.abc import Iterable

X86 = "x86_64"
ARM = "arm64"
# What Batch chooses from for each word (ComputeResource, instanceTypes).
BUNDLES = {"optimal": X86, "default_x86_64": X86, "default_arm64": ARM}
# Graviton families have a g right after their generation: m6g, c7gn, im4gn, x2gd. The first one is a1.
_ARM = re.compile(r"a1|[a-z]+\d+g[a-z]*")
_X86 = re.compile(r"([cdfghimprtxz]|dl|gr|hpc|inf|trn|u|vt)\d+[a-fh-z]?[a-z]*(-flex)?")


def family(instance_type: str) -> str:
    return instance_type.partition(".")[0]


def architecture(instance_type: str) -> str | None:
    """Return the architecture of a type, a family or a bundle; None if its name does not tell."""
    name = family(instance_type)
    if name in BUNDLES:
        return BUNDLES[name]
    if _ARM.fullmatch(name):
        return ARM
    return X86 if _X86.fullmatch(name) else None


def architectures(instance_types: Iterable[str]) -> dict[str, str]:
    """Return the architectures that are certain, each with the first type that has it."""
    found: dict[str, str] = {}
    for instance_type in instance_types:
        if name := architecture(instance_type):
            found.setdefault(name, instance_type)
    return found


def covers(one: str, other: str) -> bool:
    """Whether a type or family is another, or is its family: m5 covers m5.large."""
    return one in (other, family(other))

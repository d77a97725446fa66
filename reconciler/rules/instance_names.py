"""Names of EC2 instance types: what they say of the family and architecture, and which are not known.

`c5.2xlrage` is a typing error, and no environment ever starts it.
"""

import difflib
import re
from collections.abc import Iterable, Iterator, Mapping

from reconciler.model import Json, Path
from reconciler.placement.catalogue import ARM, BUNDLE_ARCHITECTURES, WILDCARD, X86, catalogue
from reconciler.ports import Takes
from reconciler.problems import Severity
from reconciler.rules.base import Example, Findings, Rule, Subject, if_any, measured
from reconciler.rules.shared import looks_unfilled

# The family of an EC2 instance type and, if that is certain, its architecture, from its name.

# Graviton families have a g right after their generation: m6g, c7gn, im4gn, x2gd. The first one is a1.
_ARM = re.compile(r"a1|[a-z]+\d+g[a-z]*")
_X86 = re.compile(r"([cdfghimprtxz]|dl|gr|hpc|inf|trn|u|vt)\d+[a-fh-z]?[a-z]*(-flex)?")


def family(instance_type: str) -> str:
    return instance_type.partition(".")[0]


def architecture(instance_type: str) -> str | None:
    """Return the architecture of a type, a family or a bundle; None if that does not follow from the name."""
    name = family(instance_type)
    if name in BUNDLE_ARCHITECTURES:
        return BUNDLE_ARCHITECTURES[name]
    if _ARM.fullmatch(name):
        return ARM
    return X86 if _X86.fullmatch(name) else None


def architectures(instance_types: Iterable[str]) -> dict[str, str]:
    """Return the architectures that are certain, each with the first type that has it."""
    first_types: dict[str, str] = {}
    for instance_type in instance_types:
        if name := architecture(instance_type):
            first_types.setdefault(name, instance_type)
    return first_types


def covers(name: str, other: str) -> bool:
    """Whether a type or family is another, or is its family: m5 covers m5.large."""
    return name in (other, family(other))


MEMBERS = frozenset({"instanceTypes", "instanceType", "allowedInstanceTypes", "targetInstanceTypes"})
ALIKE = 0.6
_WRITTEN_OTHERWISE = re.compile(r"^([a-z]+[0-9][a-z]*)[-_ ](?=[0-9a-z])")  # c5-2xlarge, c5_large
# The operation of EC2 that takes instance types, and its member.
OPERATION, MEMBER = "RunInstances", "InstanceType"


def known_instance_types(id_: str, fails: Example, passes: Example) -> Rule:
    """Return the rule that the instance types in the bodies of a kind exist, as far as that is known."""
    return Rule(
        id=id_,
        says="Instance types and families are those of EC2, as this version and the installed AWS SDK know them.",
        check=_known,
        hint="newer values are sent as written; a newer AWS SDK may know them",
        severity=Severity.WARNING,
        evidence=measured(
            "CreateComputeEnvironment",
            "Instance type can only be one of [m6g.xlarge, optimal, m5n, …]",
            against="AWS adds instance types, and its service model leaves the set open",
        ),
        fails=fails,
        passes=passes,
    )


@if_any(*MEMBERS)
def _known(subject: Subject) -> Findings:
    for path, name in _named((), subject.body):
        if not _is_known(name, subject.takes):
            near = _nearest(name)
            yield path, f"is {name}, which is not a known instance type{f': did you mean {near}?' if near else ''}"


def _is_known(name: str, takes: Takes) -> bool:
    if name in BUNDLE_ARCHITECTURES or WILDCARD in name or looks_unfilled(name):
        return True
    types, families = catalogue().types, catalogue().families
    if name in types or name in families:
        return True
    of, _, size = name.partition(".")
    sizes = (size,) if size else sorted({each.partition(".")[2] for each in types})
    return any(takes(OPERATION, (MEMBER, f"{of}.{each}")) for each in sizes)


def _nearest(name: str) -> str:
    """Return what a name is nearest to: a size of its family, or the family of its size, or a bundle."""
    families = catalogue().families
    of, dot, size = _WRITTEN_OTHERWISE.sub(r"\1.", name.lower().strip().removeprefix("ml.")).partition(".")
    if of not in families:
        words = [*families, *(BUNDLE_ARCHITECTURES if not dot else ())]
        of = next(iter(difflib.get_close_matches(of, words, n=1, cutoff=ALIKE)), "")
    if not of or not dot:
        return of
    sizes = [each.name.partition(".")[2] for each in families[of]]
    near = difflib.get_close_matches(size, sizes, n=1, cutoff=ALIKE)
    return f"{of}.{near[0]}" if near else ""


def _named(path: Path, value: Json) -> Iterator[tuple[Path, str]]:
    """Yield every instance type that is named, however deep."""
    for name, inner in value.items() if isinstance(value, (dict, Mapping)) else enumerate(value):
        if isinstance(inner, str | int | None):
            if name in MEMBERS and isinstance(inner, str):
                yield (*path, name), inner
        elif name in MEMBERS and isinstance(inner, list):
            yield from (((*path, name, index), str(one)) for index, one in enumerate(inner))
        elif isinstance(inner, (dict, list, Mapping)):
            yield from _named((*path, name), inner)

"""Instance types that nobody knows: `c5.2xlrage` is a typing error, and no environment ever starts it."""

import difflib
import re
from collections.abc import Iterator, Mapping

from reconciler.model import Json, Path
from reconciler.ports import Takes
from reconciler.problems import Severity
from reconciler.rules.base import Example, Findings, Rule, Subject, measured
from reconciler.rules.compute_environment.instance_types import BUNDLES
from reconciler.rules.compute_environment.known_types import SIZES
from reconciler.rules.shared import looks_unfilled

MEMBERS = frozenset({"instanceTypes", "instanceType", "allowedInstanceTypes", "targetInstanceTypes"})
WILDCARD = "*"
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
        hint="what AWS has since is sent as it is written; a newer AWS SDK knows it",
        severity=Severity.WARNING,
        evidence=measured(
            "CreateComputeEnvironment",
            "Instance type can only be one of [m6g.xlarge, optimal, m5n, …]",
            against="AWS adds instance types, and its service model leaves the set open",
        ),
        fails=fails,
        passes=passes,
    )


def _known(subject: Subject) -> Findings:
    for path, name in _named((), subject.body):
        if not _is_known(name, subject.takes):
            near = _nearest(name)
            yield path, f"is {name}, which is no known instance type{f': did you mean {near}?' if near else ''}"


def _is_known(name: str, takes: Takes) -> bool:
    if name in BUNDLES or WILDCARD in name or looks_unfilled(name):
        return True
    of, _, size = name.partition(".")
    if of in SIZES and (not size or size in SIZES[of].split()):
        return True
    sizes = (size,) if size else sorted({each for sizes in SIZES.values() for each in sizes.split()})
    return any(takes(OPERATION, (MEMBER, f"{of}.{each}")) for each in sizes)


def _nearest(name: str) -> str:
    """Return what a name is nearest to: a size of its family, or the family of its size, or a bundle."""
    of, dot, size = _WRITTEN_OTHERWISE.sub(r"\1.", name.lower().strip().removeprefix("ml.")).partition(".")
    if of not in SIZES:
        near = difflib.get_close_matches(of, [*SIZES, *(BUNDLES if not dot else ())], n=1, cutoff=ALIKE)
        of = next(iter(near), "")
    if not of or not dot:
        return of
    sizes = difflib.get_close_matches(size, SIZES[of].split(), n=1, cutoff=ALIKE)
    return f"{of}.{sizes[0]}" if sizes else ""


def _named(path: Path, value: Json) -> Iterator[tuple[Path, str]]:
    """Yield every instance type that is named, however deep."""
    if isinstance(value, Mapping):
        for name, inner in value.items():
            if name in MEMBERS and isinstance(inner, str | list):
                yield from _texts((*path, name), inner)
            elif isinstance(inner, Mapping | list):
                yield from _named((*path, name), inner)
    elif isinstance(value, list):
        for index, inner in enumerate(value):
            yield from _named((*path, index), inner)


def _texts(path: Path, value: Json) -> Iterator[tuple[Path, str]]:
    if isinstance(value, str):
        yield path, value
    for index, inner in enumerate(value if isinstance(value, list) else ()):
        yield (*path, index), str(inner)

"""References by ARN: what is wrong with one is seen before anybody asks AWS."""

import re

from reconciler.rules.base import Subject

_REGION = re.compile(r"arn:[^:]+:batch:([^:]+):")


def is_other(name: str, noun: str) -> bool:
    """Whether a reference is the ARN of something other than a `noun`; a name may be anybody's."""
    return name.startswith("arn:") and f":{noun}/" not in name


def region_of(name: str) -> str:
    """Return the region of an ARN of Batch; empty for names."""
    found = _REGION.match(name)
    return found[1] if found else ""


def astray(subject: Subject, name: str, noun: str) -> str:
    """Say why an ARN cannot lead to a `noun` that the stack may use; empty if it can, or is a name."""
    if is_other(name, noun):
        return f"is {name}, which is not the ARN of a {noun}"
    region = region_of(name)
    if region and subject.region and region != subject.region:
        return f"is {name}; the stack is in {subject.region}"
    return ""


def arn(path: str, region: str = "us-east-1") -> str:
    """Write an ARN, for examples."""
    return f"arn:aws:batch:{region}:123456789012:{path}"

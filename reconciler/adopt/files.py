"""Which file each resource goes to, and a stack's files in memory."""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum

from reconciler.adopt.found import ImportedResource, without_tagged
from reconciler.adopt.logical import key_of
from reconciler.kinds import KINDS
from reconciler.kinds.base import Kind
from reconciler.model import Address
from reconciler.resolve import references

MAIN = "stack.yaml"
SUFFIX = ".yaml"
ODD = re.compile(r"[^A-Za-z0-9_-]+")
QUEUES = "queues"  # a folder: a queue may be called as any other file


class GroupBy(StrEnum):
    KIND = "kind"
    QUEUE = "queue"
    NONE = "none"


def file_names(
    founds: Iterable[ImportedResource], odd: Iterable[ImportedResource], group_by: GroupBy
) -> Mapping[Address, str]:
    """Return the file of each resource, by its address in the YAML. What the odd ones refer to is not known."""
    if group_by is GroupBy.QUEUE and odd:
        return {**file_names(founds, (), GroupBy.QUEUE), **file_names(odd, (), GroupBy.KIND)}
    everything = (*founds, *odd)
    match group_by:
        case GroupBy.NONE:
            return {key_of(found): MAIN for found in everything}
        case GroupBy.KIND:
            return {key_of(found): _of_kind(found) for found in everything}
        case GroupBy.QUEUE:
            homes = _homes(everything)
            return {key_of(found): homes.get(key_of(found)) or _of_kind(found) for found in everything}


@dataclass(frozen=True, slots=True)
class WrittenStack:
    """The files of a stack that no disk has yet, by name. `root` is where they are to be."""

    texts: Mapping[str, str]
    root: str

    def names(self) -> tuple[str, ...]:
        return tuple(sorted(self.texts))

    def read(self, name: str) -> bytes:
        if name not in self.texts:
            raise FileNotFoundError(name)
        return self.texts[name].encode()


def _of_kind(found: ImportedResource) -> str:
    """Return the section in the spelling of files: `job-definitions.yaml`."""
    section = KINDS[found.address.kind].section
    return "".join(f"-{letter.lower()}" if letter.isupper() else letter for letter in section) + SUFFIX


def _of_queue(found: ImportedResource) -> str:
    """A name that AWS would not take leads nowhere else, either."""
    return f"{QUEUES}/{ODD.sub('-', key_of(found).name)}{SUFFIX}"


def _homes(founds: Iterable[ImportedResource]) -> Mapping[Address, str]:
    """Return the file of each queue, of its parts, and of what it alone refers to."""
    users: dict[Address, set[Address]] = {}
    for found in founds:
        for target in _targets(found):
            users.setdefault(target, set()).add(key_of(found))
    homes = {key_of(found): _of_queue(found) for found in founds if _is_queue(_kind(found))}
    for found in founds:
        if _kind(found).parent:
            homes[key_of(found)] = next((homes[one] for one in _targets(found) if one in homes), "")
    for found in founds:
        key = key_of(found)
        around = {homes.get(user, "") for user in users.get(key, ())}
        if key not in homes and len(around) == 1:
            homes[key] = around.pop()
    return homes


def _targets(found: ImportedResource) -> list[Address]:
    return [
        Address(row.refers_to, str(value))
        for _, row, value in references(_kind(found).rows, without_tagged(found.body))
    ]


def _kind(found: ImportedResource) -> Kind:
    return KINDS[found.address.kind]


def _is_queue(kind: Kind) -> bool:
    return kind.holding is not None and not kind.parent

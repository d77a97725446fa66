"""What resources are called where parameters build their names: what all names begin with becomes the stack's prefix.

A name is a sequence of single characters and parameters. A parameter is followed by every name, as part of the prefix,
or its value stands in every name.
"""

from collections.abc import Collection, Iterator
from collections.abc import Mapping as MappingABC
from dataclasses import dataclass, field
from itertools import takewhile
from typing import NamedTuple

from reconciler.load.expand import IN_TEXT

SEPARATORS = "-_"


class Hole(NamedTuple):
    """A parameter in a name, by the name of its variable."""

    variable: str


Pieces = tuple[str | Hole, ...]


@dataclass(frozen=True, slots=True)
class Naming:
    """`keys` are what follows the prefix, by logical id. `fixed` are variables whose values stand in the names.

    `unknown` are the names that no prefix can say: by logical id, the variables that have no value. With `is_anew`, no
    name is that of the template.
    """

    prefix: Pieces = ()
    keys: MappingABC[str, str] = field(default_factory=dict)
    fixed: frozenset[str] = frozenset()
    unknown: MappingABC[str, tuple[str, ...]] = field(default_factory=dict)
    is_anew: bool = False


def pieces_of(text: str) -> Pieces:
    """Return a text of `!sub` as a name."""
    out: list[str | Hole] = []
    at = 0
    for found in IN_TEXT.finditer(text):
        out += [*text[at : found.start()], *(f"${{{found[2]}}}" if found[1] else [Hole(found[2].strip())])]
        at = found.end()
    return (*out, *text[at:])


def written(pieces: Pieces) -> str:
    """Return a name as a text of `!sub`."""
    return "".join(f"${{{one.variable}}}" if isinstance(one, Hole) else one for one in pieces)


def filled(pieces: Pieces, values: MappingABC[str, str]) -> Pieces:
    """Return a name with values in place of the variables that have one."""
    return tuple(inner for one in pieces for inner in _filled(one, values))


def holes(pieces: Pieces) -> Iterator[str]:
    for one in pieces:
        if isinstance(one, Hole):
            yield one.variable


def naming(names: MappingABC[str, Pieces], values: MappingABC[str, str]) -> Naming:
    """Return what resources are called. `names` are those that are written, `values` are what variables usually are."""
    fixed: set[str] = set()
    while True:
        current = {logical: filled(name, {one: values[one] for one in fixed}) for logical, name in names.items()}
        prefix = _shared(tuple(current.values()))
        behind = {logical: set(holes(name[len(prefix) :])) for logical, name in current.items()}
        valued = {one for variables in behind.values() for one in variables if one in values}
        if not valued:
            break
        fixed |= valued
    if not any(behind.values()):
        keys = {logical: written(name[len(prefix) :]) for logical, name in current.items()}
        return Naming(prefix, keys, frozenset(fixed))
    return _without_names(current, values, fixed, {logical: one for logical, one in behind.items() if one})


def _without_names(
    names: MappingABC[str, Pieces],
    values: MappingABC[str, str],
    fixed: Collection[str],
    missing: MappingABC[str, Collection[str]],
) -> Naming:
    """Return what resources are called where a variable without a value is behind the prefix.

    If that holds for all of them, no name is known, and the variables come first instead: each value has resources of
    its own, as in CloudFormation. A name that is known has to stay.
    """
    unvalued = {logical: [one for one in holes(name) if one not in values] for logical, name in names.items()}
    if not all(unvalued.values()):
        return Naming(
            keys={logical: written(filled(name, values)) for logical, name in names.items() if logical not in missing},
            fixed=frozenset({*fixed, *(one for name in names.values() for one in holes(name) if one in values)}),
            unknown={logical: tuple(sorted(one)) for logical, one in missing.items()},
        )
    first = dict.fromkeys(one for variables in unvalued.values() for one in variables)
    prefix = tuple(inner for one in first for inner in (Hole(one), SEPARATORS[0]))
    others = (one for name in names.values() for one in holes(name) if one in values)
    return Naming(prefix, {logical: logical for logical in names}, frozenset({*fixed, *others}), is_anew=True)


def _shared(names: Collection[Pieces]) -> Pieces:
    """Return what all names begin with, up to a parameter and the separators behind it; each has something left."""
    alike = takewhile(lambda pieces: len(set(pieces)) == 1, zip(*names, strict=False))
    common: Pieces = tuple(pieces[0] for pieces in alike)
    for index in reversed(range(len(common))):
        if isinstance(common[index], Hole):
            end = index + 1
            while end < len(common) and common[end] in (*SEPARATORS,) and all(len(name) > end + 1 for name in names):
                end += 1
            if all(len(name) > end for name in names):
                return common[:end]
    return ()


def _filled(piece: str | Hole, values: MappingABC[str, str]) -> Pieces:
    if isinstance(piece, Hole):
        return tuple(values[piece.variable]) if piece.variable in values else (piece,)
    return (piece,)

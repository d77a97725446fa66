"""Resources under the names that the YAML has: references by key, and in the short forms that people write."""

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from fnmatch import fnmatchcase

from reconciler.importers.model import ImportedResource, TaggedValue
from reconciler.kinds import KINDS
from reconciler.kinds.base import Field, Form, Kind, Row
from reconciler.load.resources import PAIR
from reconciler.model import Address, Json, Spec, own_name

ARN = re.compile(r"arn:[^:]+:batch:[^:]*:[^:]*:(?:[a-z-]+/([^/]+)/)?[a-z-]+/([^/:]+)(?::\d+)?")


def key_of(found: ImportedResource) -> Address:
    """Return the address of a resource in the YAML."""
    return Address(found.address.kind, found.logical or own_name(found.address.name))


def by_name(
    founds: Iterable[ImportedResource], everything: Iterable[ImportedResource], name_prefix: Json = ""
) -> Iterator[ImportedResource]:
    """Yield resources that refer to one another by their keys. What refers to others is left as it is.

    With a `name_prefix` that is substituted, references may be names that are built of the same variables.
    """
    addresses = {found.address: key_of(found) for found in everything}
    prefixed = {Address(one.kind, f"{_spelled(name_prefix)}{one.name}"): one for one in addresses.values()}
    keys = {address: one.name for address, one in {**prefixed, **addresses}.items()}
    for found in founds:
        kind = KINDS[found.address.kind]
        body = _Referrer(keys).members(kind.rows, found.body)
        yield replace(found, body=body)


def shortened(kind: Kind, body: Spec) -> dict[str, Json]:
    """Return a body in the shorts that members of it have, where they say the same."""
    rows = {row.name: row for row in kind.fields}
    return dict(_short(rows.get(name), name, value) for name, value in body.items())


@dataclass(frozen=True, slots=True)
class _Referrer:
    keys: Mapping[Address, str]

    def members(self, rows: Iterable[Row], body: Json) -> Json:
        if not isinstance(body, Mapping):
            return body
        known = {row.name: row for row in rows if isinstance(row, Field)}
        return {name: self.member(known.get(name), value) for name, value in body.items()}

    def member(self, row: Field | None, value: Json) -> Json:
        if row is None:
            return value
        if row.form is Form.REFERENCE and isinstance(value, str | TaggedValue):
            return self.keys.get(Address(row.refers_to, named_by(_spelled(value))), value)
        if not row.fields:
            return value
        if isinstance(value, list | tuple):
            return [self.members(row.fields, entry) for entry in value]
        return self.members(row.fields, value)


def _spelled(value: Json) -> str:
    """Return a text as `!sub` spells it."""
    if not isinstance(value, TaggedValue):
        return str(value)
    return f"${{{value.text}}}" if value.tag == "!var" else value.text


def named_by(reference: str) -> str:
    """Return the physical name in a reference, which may be one or an ARN."""
    found = ARN.fullmatch(reference)
    if not found:
        return reference
    return f"{found[1]}/{found[2]}" if found[1] else found[2]


def _short(row: Field | None, name: str, value: Json) -> tuple[str, Json]:
    if row is None:
        return name, value
    if row.form is Form.RANKED and len(row.fields) == PAIR and isinstance(value, list | tuple):
        return name, _without_ranks(row, value)
    return (row.short if row.short and isinstance(value, str) else name), value


def _without_ranks(row: Field, entries: Iterable[Json]) -> Json:
    """Return a list in its sequence, by names alone, if the ranks say no more than that."""
    ranked = list(entries)
    other = next(field.name for field in row.members if field.name != row.key)
    ranks = [entry.get(row.key, 0) for entry in ranked if isinstance(entry, Mapping)]
    is_plain = all(isinstance(entry, Mapping) and set(entry) <= {row.key, other} and other in entry for entry in ranked)
    if not is_plain or len(set(ranks)) < len(ranked):
        return ranked
    return [entry[other] for entry in sorted(ranked, key=lambda entry: entry.get(row.key, 0))]


# Which resources are meant, by their names: globs of which one must match, and globs that leave out.

NOT = "!"  # in front of a glob that leaves out


@dataclass(frozen=True, slots=True)
class NameChoice:
    """Without a glob in `only`, every name is meant that none of `without` matches."""

    only: tuple[str, ...] = ()
    without: tuple[str, ...] = ()

    @classmethod
    def of(cls, globs: Iterable[str], excluded: Iterable[str] = ()) -> "NameChoice":
        """`globs` are those of `--name`; `excluded` are globs that leave out without saying so."""
        given = tuple(globs)
        without = (glob.removeprefix(NOT) for glob in given if glob.startswith(NOT))
        return cls(tuple(glob for glob in given if not glob.startswith(NOT)), (*without, *excluded))

    def is_chosen(self, name: str) -> bool:
        return not self.only or any(_matches(name, glob) for glob in self.only)

    def excluding(self, name: str) -> str:
        """Return the glob that leaves a name out; nothing if none does."""
        return next((glob for glob in self.without if _matches(name, glob)), "")


EVERY_NAME = NameChoice()


def _matches(name: str, glob: str) -> bool:
    return any(fnmatchcase(one, glob) for one in (name, own_name(name)))

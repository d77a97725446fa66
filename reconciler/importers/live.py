"""A region as a source: its live resources, which of them an import selects, and who owns each of them."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from fnmatch import fnmatchcase

from reconciler.importers.model import Imported, ImportedResource, LeftOut, import_live
from reconciler.kinds import KINDS
from reconciler.live.ownership import (
    CLOUDFORMATION,
    OWNER,
    is_ours,
    logical_name,
    owner_of,
    prefixes_of,
    released,
    tool_tag_of,
)
from reconciler.model import Address, Json, Live, own_name
from reconciler.ports import Takes
from reconciler.problems import CloudError, Problem, Severity

# The choice of resources by name: globs of which one must match, and globs that exclude.

NOT = "!"  # in front of a glob that leaves out


@dataclass(frozen=True, slots=True)
class NameChoice:
    """Without a glob in `only`, every name is chosen that no glob in `without` matches."""

    only: tuple[str, ...] = ()
    without: tuple[str, ...] = ()

    @classmethod
    def of(cls, globs: Iterable[str], excluded: Iterable[str] = ()) -> "NameChoice":
        """`globs` are those of `--name`; `excluded` are globs that leave out without saying so."""
        patterns = tuple(globs)
        without = (glob.removeprefix(NOT) for glob in patterns if glob.startswith(NOT))
        return cls(tuple(glob for glob in patterns if not glob.startswith(NOT)), (*without, *excluded))

    def is_chosen(self, name: str) -> bool:
        return not self.only or any(_matches(name, glob) for glob in self.only)

    def excluding(self, name: str) -> str:
        """Return the glob that leaves a name out; nothing if none does."""
        return next((glob for glob in self.without if _matches(name, glob)), "")


EVERY_NAME = NameChoice()


def _matches(name: str, glob: str) -> bool:
    return any(fnmatchcase(candidate, glob) for candidate in (name, own_name(name)))


LEAVING = ("DELETING", "DELETED")


@dataclass(frozen=True, slots=True, kw_only=True)
class ImportFilter:
    """Which resources are imported, and for which stack. Empty names, kinds and tags select everything.

    `names` are globs, of which one must match, and none that begins with `!`; nor may one of `excluded`. All `tags`
    must exist, with values that match their globs. Without a `prefix`, the prefix of the stack's resources is used, if
    it is the same for all of them.
    """

    stack: str = ""
    prefix: str = ""
    names: tuple[str, ...] = ()
    excluded: tuple[str, ...] = ()
    kinds: tuple[str, ...] = ()
    tags: Mapping[str, str] | None = None
    with_owned: bool = False
    released: tuple[str, ...] = ()  # CloudFormation stacks that let go of what they own

    @property
    def choice(self) -> NameChoice:
        return NameChoice.of(self.names, self.excluded)

    def selects(self, address: Address, tags: Mapping[str, Json]) -> bool:
        return (
            (not self.kinds or address.kind in self.kinds)
            and self.choice.is_chosen(address.name)
            and all(key in tags and fnmatchcase(str(tags[key]), glob) for key, glob in (self.tags or {}).items())
        )


def imported(live: Iterable[Live], unread: Mapping[str, CloudError], selection: ImportFilter, takes: Takes) -> Imported:
    """Return what is live. `unread` are kinds that could not be read, with the reason."""
    resources = tuple(live)
    prefix = selection.prefix or _common_prefix(resources, selection.stack)
    chosen: list[ImportedResource] = []
    left_out = [
        LeftOut(KINDS[name].section, f"cannot be read ({error})")
        for name, error in unread.items()
        if not selection.kinds or name in selection.kinds
    ]
    for resource in (resource for resource in resources if selection.selects(resource.address, resource.tags)):
        reason = _omission_reason(resource, selection, prefix)
        if reason:
            left_out.append(LeftOut(str(resource.address), reason))
        else:
            chosen.append(_import_one(resource, selection, prefix, takes))
    return Imported(resources=tuple(chosen), left_out=tuple(left_out), name_prefix=prefix)


def _common_prefix(live: Iterable[Live], stack: str) -> str:
    """Return the name prefix of all that a stack owns; none if it has several, each of which is an owner of its own."""
    prefixes = prefixes_of(live, stack)
    return next(iter(prefixes)) if len(prefixes) == 1 else ""


def _omission_reason(live: Live, selection: ImportFilter, prefix: str) -> str:
    """Return why a resource is not imported; nothing if it is."""
    if live.status in LEAVING:
        return f"it is {live.status}"
    if glob := selection.choice.excluding(live.address.name):
        return f"its name is excluded ({glob})"
    owner = owner_of(live.claims)
    if is_ours(live, selection.stack, prefix):
        return ""
    if not own_name(live.address.name).startswith(prefix):
        return f"its name does not begin with the prefix {prefix}"
    if owner is None or selection.with_owned or released(live.claims, selection.released):
        return ""
    return f"it belongs to {owner}; use --with-owned to import it anyway"


def _import_one(live: Live, selection: ImportFilter, prefix: str, takes: Takes) -> ImportedResource:
    """A resource that the stack already owns keeps its logical name."""
    resource = import_live(live, takes)
    is_own = is_ours(live, selection.stack, prefix)
    logical = logical_name(live) if is_own else own_name(live.address.name).removeprefix(prefix) if prefix else ""
    return ImportedResource(resource.address, resource.body, logical=logical)


# Coverage: how much of a region is described by stacks, and which tools manage the rest.


class Owner(StrEnum):
    """Owners of resources, in the order in which they are reported."""

    STACK = "stack"
    CLOUDFORMATION = "CloudFormation stack"
    MARK = "tag"  # a tag that users set: no proof
    NOBODY = "unowned"


@dataclass(frozen=True, slots=True)
class OwnerShare:
    """The resources of one owner, by kind and name. `name` is that of the stack, or of the tool and its tag.

    `resources` are physical addresses with their ARNs.
    """

    owner: Owner
    name: str
    resources: tuple[tuple[Address, str], ...]

    def __str__(self) -> str:
        return {Owner.MARK: self.name, Owner.NOBODY: str(self.owner)}.get(self.owner, f"{self.owner} {self.name}")


@dataclass(frozen=True, slots=True)
class Coverage:
    """`excluded`: how many resources were excluded by name; they do not count."""

    shares: tuple[OwnerShare, ...]
    excluded: int = 0

    @property
    def total(self) -> int:
        return sum(len(share.resources) for share in self.shares)

    @property
    def covered(self) -> int:
        return sum(len(share.resources) for share in self.shares if share.owner is Owner.STACK)

    @property
    def percent(self) -> int:
        """Rounded down: 100 means all. An empty region is covered."""
        return self.covered * 100 // self.total if self.total else 100


def unread_kinds(unread: Mapping[str, CloudError]) -> tuple[Problem, ...]:
    """Return a warning of each kind that could not be read, by its name."""
    return tuple(
        Problem("IMP006", f"{KINDS[name].section} could not be read ({error})", severity=Severity.WARNING)
        for name, error in unread.items()
    )


def coverage(live: Iterable[Live], names: NameChoice = EVERY_NAME) -> Coverage:
    kinds, owners = list(KINDS), list(Owner)
    chosen = [resource for resource in live if names.is_chosen(resource.address.name)]
    counted = [resource for resource in chosen if not names.excluding(resource.address.name)]
    ordered = sorted(counted, key=lambda resource: (kinds.index(resource.address.kind), resource.address.name))
    shares: dict[tuple[Owner, str], list[tuple[Address, str]]] = {}
    for resource in ordered:
        shares.setdefault(_owner(resource), []).append((resource.address, resource.arn))
    ranked = sorted(shares, key=lambda key: (owners.index(key[0]), key[1]))
    result = tuple(OwnerShare(owner, name, tuple(shares[owner, name])) for owner, name in ranked)
    return Coverage(result, excluded=len(chosen) - len(counted))


def unowned(covered: Coverage, live: Iterable[Live]) -> tuple[Live, ...]:
    """Return those of `live` that count and have no owner."""
    arns = {arn for share in covered.shares if share.owner is Owner.NOBODY for _, arn in share.resources}
    return tuple(resource for resource in live if resource.arn in arns)


def _owner(live: Live) -> tuple[Owner, str]:
    if OWNER in live.claims:
        return Owner.STACK, live.claims[OWNER]
    if CLOUDFORMATION in live.claims:
        return Owner.CLOUDFORMATION, live.claims[CLOUDFORMATION]
    mark = tool_tag_of(live.claims)
    return (Owner.MARK, str(mark)) if mark else (Owner.NOBODY, "")

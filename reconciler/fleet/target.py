"""A target: one stack in one account and region."""

import posixpath
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from hashlib import sha256

from reconciler.diff import compare_declared
from reconciler.kinds.base import Kind
from reconciler.load.resources import spelled
from reconciler.load.variables import GivenValue
from reconciler.model import Action, Address, Change, Cost, Declared, FieldChange, Identity, Json, Spec, Stack


@dataclass(frozen=True, slots=True, kw_only=True)
class Consents:
    """What may happen in a target without anybody being asked each time: it was reviewed with the file."""

    adopt: bool = False
    allow_replace: bool = False
    allow_destroy: tuple[str, ...] = ()  # globs over addresses
    max_destroy: str = ""  # a number, or a percentage
    max_interrupted: int | None = None  # running jobs


@dataclass(frozen=True, slots=True, kw_only=True)
class FleetTarget:
    """`stack` is a path from the folder of the file. What is empty, the stack or the AWS configuration decides.

    `variables` are meant for this stack, which has to declare them; `offered` for whichever stack declares them.
    """

    name: str  # `stacks/pricing@prod`, and the account and region where the environment has several
    stack: str
    environment: str
    account: str = ""
    region: str = ""
    role_arn: str = ""
    profile: str = ""
    variables: Mapping[str, GivenValue] = field(default_factory=dict)
    offered: Mapping[str, GivenValue] = field(default_factory=dict)
    variable_files: tuple[str, ...] = ()
    consents: Consents = Consents()

    @property
    def identity(self) -> tuple[str, str, str, str]:
        """What it is, whatever its name: that gets longer when its environment gets another region or account."""
        return self.stack, self.account, self.region, self.environment

    @property
    def meaning(self) -> tuple[object, ...]:
        """All that decides about the target beyond its identity, without the places at which it was written."""
        values = [
            sorted((name, repr(given.value)) for name, given in one.items()) for one in (self.variables, self.offered)
        ]
        return (
            self.role_arn,
            self.profile,
            values,
            self.variable_files,
            self.consents,
        )


# Some of the targets: by environment, by stack, by what has changed, or a share of them all.


@dataclass(frozen=True, slots=True)
class Shard:
    """One of so many shares, counted from 1."""

    number: int
    of: int

    def has(self, target: FleetTarget) -> bool:
        """Whether a target falls into this share: always into the same one, whatever other targets there are."""
        text = "\0".join(target.identity)
        return int.from_bytes(sha256(text.encode(errors="surrogatepass")).digest()[:8]) % self.of == self.number - 1


def choose_targets(
    targets: Iterable[FleetTarget],
    *,
    environments: Sequence[str] = (),
    stacks: Sequence[str] = (),
    shard: Shard | None = None,
) -> tuple[FleetTarget, ...]:
    """Return the targets that fit all that is asked for, in the order of the file; `environments` may be globs."""
    return tuple(
        target
        for target in targets
        if (not environments or any(fnmatchcase(target.environment, each) for each in environments))
        and (not stacks or target.stack in stacks)
        and (shard is None or shard.has(target))
    )


def alone(path: str) -> Iterable[str]:
    """A path that no link leads to has one name."""
    return (posixpath.normpath(path),)


def changed_targets(
    targets: Iterable[FleetTarget],
    before: Iterable[FleetTarget],
    changed: Iterable[str],
    names: Callable[[str], Iterable[str]] = alone,
) -> tuple[FleetTarget, ...]:
    """Return the targets that are not as `before`, or of which a file is among those `changed`.

    A file of a stack is one in its folder; files that it includes are in there, too. `names` gives all names under
    which what a path leads to may be among the changed files: links on the way have names of their own.
    """
    old, files = {target.identity: target.meaning for target in before}, tuple(changed)
    return tuple(
        target for target in targets if old.get(target.identity) != target.meaning or _is_any_of(target, files, names)
    )


def _is_any_of(target: FleetTarget, files: Iterable[str], names: Callable[[str], Iterable[str]]) -> bool:
    ours = {name for path in (target.stack, *target.variable_files) for name in names(path)}
    return any(_is_of(name, file) for file in files for name in ours)


def _is_of(name: str, file: str) -> bool:
    """A changed file that is a folder on the way is a link that leads elsewhere now, or a submodule."""
    return name in (".", file) or file.startswith(f"{name}/") or name.startswith(f"{file}/")


# Targets that would own the same resources: the name of one stack, twice in one place.


@dataclass(frozen=True, slots=True)
class Claim:
    """The name by which a target owns its resources, and their region; an empty text is not known beforehand."""

    stack: str
    name_prefix: str = ""
    region: str = ""


def duplicate_targets(
    targets: Iterable[FleetTarget], requested: Iterable[FleetTarget], claim: Callable[[FleetTarget], Claim]
) -> Mapping[str, tuple[str, Claim]]:
    """Return the requested targets that claim the same as a different target: its name, and the claim.

    `claim` reads files, and is called only for targets that share an account.
    """
    found: dict[tuple[str, Claim], list[str]] = {}
    wanted = {target.name for target in requested}
    for account, together in _by_account(targets).items():
        if len(together) > 1 and any(target.name in wanted for target in together):
            for target in _close(together):
                found.setdefault((account, claim(target)), []).append(target.name)
    return {
        name: (next(other for other in names if other != name), claimed)
        for (_, claimed), names in found.items()
        for name in names
        if claimed.stack and len(names) > 1 and name in wanted
    }


def _by_account(targets: Iterable[FleetTarget]) -> Mapping[str, list[FleetTarget]]:
    """Group targets by their account; by what leads to it where nobody says which it is."""
    groups: dict[str, list[FleetTarget]] = {}
    for target in targets:
        groups.setdefault(target.account or f"{target.role_arn} {target.profile}", []).append(target)
    return groups


def _close(targets: Sequence[FleetTarget]) -> list[FleetTarget]:
    """Return those that may be in one region with another: of some only their stacks say which it is."""
    regions = [target.region for target in targets]
    return [target for target in targets if "" in regions or regions.count(target.region) > 1]


# What differs between two targets of one stack: one plan, from the first to the second, in which nothing is live.

BESIDE = ("tags", "lifecycle")
ANYWHERE = Identity("000000000000", "us-east-1")  # both are shown as if they were in one place


def compare_stacks(
    sides: tuple[FleetTarget, FleetTarget], stacks: tuple[Stack, Stack], kinds: Mapping[str, Kind]
) -> tuple[Change, ...]:
    """Return what differs between two stacks that were read, resource by resource, in the order of kinds and names.

    Account and region of a target are no difference: a text that has them is shown with `${account}` and `${region}`.
    """
    first, second = (_placeless_bodies(stack, target) for stack, target in zip(stacks, sides, strict=True))
    order = {name: number for number, name in enumerate(kinds)}
    addresses = sorted({*first, *second}, key=lambda address: (order[address.kind], address.name))
    changes = (
        _stack_change(kinds[address.kind], address, first.get(address), second.get(address)) for address in addresses
    )
    return tuple(change for change in changes if change is not None)


def _placeless_bodies(stack: Stack, target: FleetTarget) -> dict[Address, Spec]:
    return {address: _placeless(_body(stack, declared), target) for address, declared in stack.declared.items()}


def _body(stack: Stack, declared: Declared) -> Spec:
    """Return a body with what the API has beside it: tags, those of the stack too, and how it is treated."""
    tags = {**stack.tags, **declared.spec.get("tags", {})}
    return {**declared.spec, "tags": tags, "lifecycle": spelled(declared.lifecycle)}


def _placeless(value: Json, target: FleetTarget) -> Json:
    if isinstance(value, Mapping):
        return {key: _placeless(inner, target) for key, inner in value.items()}
    if isinstance(value, list | tuple):
        return [_placeless(inner, target) for inner in value]
    if not isinstance(value, str):
        return value
    for name, text in (("account", target.account), ("region", target.region)):
        value = value.replace(text, f"${{{name}}}") if text else value
    return value


def _stack_change(kind: Kind, address: Address, first: Spec | None, second: Spec | None) -> Change | None:
    fields = tuple(_changed_fields(kind, first or {}, second or {}))
    action = Action.CREATE if first is None else Action.DELETE if second is None else Action.UPDATE
    is_one = action is Action.UPDATE and not fields
    return None if is_one else Change(action=action, address=address, name=address.name, fields=fields)


def _changed_fields(kind: Kind, first: Spec, second: Spec) -> Iterator[FieldChange]:
    before, after = ({name: value for name, value in side.items() if name not in BESIDE} for side in (first, second))
    yield from compare_declared(kind, before, after, ANYWHERE)
    for part in BESIDE:
        ours, theirs = first.get(part, {}), second.get(part, {})
        for key in sorted({*ours, *theirs}):
            if ours.get(key) != theirs.get(key):
                yield FieldChange(path=(part, key), before=ours.get(key), after=theirs.get(key), cost=Cost.METADATA)

"""The revisions of one definition that AWS still has: whose each is, what it changed, and which one the YAML means."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from reconciler.diff import canonical, field_changes, sides_of, without_filled
from reconciler.kinds import KINDS, kind_named
from reconciler.kinds.base import Kind
from reconciler.load.findings import did_you_mean, listed
from reconciler.model import Action, Address, Change, Desired, FieldChange, Identity, Live, Plan, Stack
from reconciler.ownership import OWNER, AppliedRecord, is_ours, logical_name, owner_of
from reconciler.plan.pruning import Uses, unknown
from reconciler.problems import CloudError, Problem, Severity, WrongUsage
from reconciler.resolve import LiveIndex, live_match, physical_name, resolve, world_of

ACTIVE = "ACTIVE"
FEW = 8  # names that a hint lists


@dataclass(frozen=True, slots=True, kw_only=True)
class History:
    """`revisions` are those that were asked for, by number, the newest first; `name` is the physical one."""

    stack: str
    identity: Identity
    kind: Kind
    address: Address
    name: str
    desired: Desired | None  # what the YAML says, if it declares it
    revisions: Mapping[int, Live]
    uses: Uses | None = None  # None: nobody asked

    @property
    def current(self) -> int | None:
        """The newest active one, which jobs that name none run."""
        return next((number for number, live in self.revisions.items() if live.status == ACTIVE), None)

    @property
    def claims(self) -> Mapping[str, str]:
        """The tags that tell the owner: of active revisions if one has any, else of inactive ones."""
        owned = [live for live in self.revisions.values() if OWNER in live.tags]
        ranked = sorted(owned, key=lambda live: live.status != ACTIVE)
        return ranked[0].tags if ranked else self.newest.tags

    @property
    def newest(self) -> Live:
        return self.revisions[self.current or next(iter(self.revisions))]

    @property
    def notes(self) -> tuple[Problem, ...]:
        using, uses = self.kind.using, self.uses
        why, hint = unknown(using, uses) if using and uses is not None else ("", "")
        message = f"how many {using.noun if using else 'user'}s a revision has is not known ({why})"
        return (Problem("REV003", message, hint=hint, severity=Severity.NOTE),) if why else ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Revision:
    """One revision. `change` is what it changed against the next older one in the same history."""

    number: int
    live: Live
    owner: str | None
    applied: AppliedRecord
    users: int | None  # None: nobody knows
    is_declared: bool
    change: Change


def revised(wanted: str) -> tuple[Kind, str]:
    """Return the kind and the name in `KIND/NAME`; a bare name is of the kind that has revisions."""
    noun, _, name = wanted.rpartition("/")
    with_revisions = [kind for kind in KINDS.values() if kind.revisions]
    kind = kind_named(noun) if noun else with_revisions[0]
    if kind is None:
        hint = did_you_mean(noun, KINDS, f"there are {listed(KINDS, 'and')}")
        raise WrongUsage(f"there is no kind {noun}", hint=hint)
    if not kind.revisions:
        only = listed([one.section for one in with_revisions], "and")
        raise WrongUsage(f"a {kind.noun} has no revisions", hint=f"only {only} have")
    return kind, name


def history_of(stack: Stack, identity: Identity, kind: Kind, wanted: str, live: Iterable[Live]) -> History:
    """Find a definition by its logical name, else by its physical one; its revisions are still to be read."""
    world = world_of(live, stack)
    address, name = _named(stack, world, Address(kind.name, wanted))
    desired, _ = resolve(stack, identity, world)  # what was not read stays a name, which compares all the same
    declared = next((one for one in desired if one.address == address), None)
    return History(
        stack=stack.name, identity=identity, kind=kind, address=address, name=name, desired=declared, revisions={}
    )


def _named(stack: Stack, world: LiveIndex, wanted: Address) -> tuple[Address, str]:
    declared = stack.declared.get(wanted)
    if declared:
        live = live_match(stack, declared, world)
        return wanted, live.address.name if live else physical_name(stack, declared, world)
    known = world.ours.get(wanted) or world.named.get(wanted)
    if known is None:
        return wanted, wanted.name
    ours = is_ours(known, stack.name, stack.name_prefix)
    return Address(wanted.kind, logical_name(known) if ours else known.address.name), known.address.name


def nothing_known(history: History, stack: Stack, live: Iterable[Live]) -> WrongUsage:
    """What to say of a definition without any revision."""
    if history.desired:
        return WrongUsage(f"{history.address} has no revision yet", hint="`reconciler apply` registers the first")
    kind = history.kind
    known = {one.name for one in (*stack.declared, *(one.address for one in live)) if one.kind == kind.name}
    few = sorted(known)[:FEW]
    more = [f"{len(known) - FEW} more"] if len(known) > FEW else []
    otherwise = f"there are {listed([*few, *more], 'and')}" if known else f"there are no {kind.section} at all"
    return WrongUsage(f"there is no {kind.noun} {history.name}", hint=did_you_mean(history.name, known, otherwise))


def entries(history: History) -> tuple[Revision, ...]:
    """Return every revision with what is known of it, the newest first."""
    numbers = list(history.revisions)
    return tuple(
        _entry(history, number, history.revisions[older] if older else None)
        for number, older in zip(numbers, [*numbers[1:], 0], strict=True)
    )


def differences(history: History, older: Live, newer: Live) -> tuple[FieldChange, ...]:
    """Compare two revisions by what they mean; what the service filled into one of them alone is no difference."""
    before, after = (canonical(history.kind.rows, live.spec, history.identity) for live in (older, newer))
    after = without_filled(history.kind.rows, after, before)
    return field_changes(history.kind, without_filled(history.kind.rows, before, after), after, before, {})


def as_plan(history: History, changes: Iterable[Change]) -> Plan:
    """Return changes of the definition as a plan, which is what reports know how to show."""
    return Plan(history.stack, history.identity, tuple(changes))


def _entry(history: History, number: int, older: Live | None) -> Revision:
    live = history.revisions[number]
    fields = differences(history, older, live) if older else ()
    return Revision(
        number=number,
        live=live,
        owner=owner_of(live.tags),
        applied=AppliedRecord.of(live.tags),
        users=_users(history, number),
        is_declared=_is_declared(history, live),
        change=Change(action=Action.REVISION, address=history.address, name=history.name, arn=live.arn, fields=fields),
    )


def _users(history: History, number: int) -> int | None:
    uses = history.uses
    if uses is None or isinstance(uses, CloudError) or history.notes:
        return None
    return uses.get(f"{history.name}:{number}", 0)


def _is_declared(history: History, live: Live) -> bool:
    """Whether it means what the YAML says; tags aside, which change without a revision."""
    if history.desired is None:
        return False
    return not sides_of(history.kind, history.desired, live, history.identity, {}).fields

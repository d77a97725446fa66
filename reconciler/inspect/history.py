"""The revisions of one definition that AWS still has: whose each is, what it changed, and which one the YAML means."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace

from reconciler.diff import Context, compare, compare_live
from reconciler.kinds import KINDS, kind_named
from reconciler.kinds.base import Kind
from reconciler.live.facts import Counts
from reconciler.live.ownership import (
    ORPHAN,
    OWNER,
    PROTECT,
    ROLLBACK,
    AppliedRecord,
    is_ours,
    logical_name,
    owner_of,
    owns,
    users_tags,
)
from reconciler.live.resolve import LiveIndex, index_live, live_match, physical_name, resolve
from reconciler.model import Action, Address, Change, Desired, FieldChange, Identity, Live, Plan, Stack
from reconciler.plan.pruning import revisions, unknown_uses
from reconciler.plan.requests import all_tags, as_request, limited, revision_steps
from reconciler.ports import Takes, takes_nothing
from reconciler.problems import CloudError, Problem, Refused, Severity, WrongUsage
from reconciler.syntax.diagnostics import did_you_mean, listed

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
    uses: Counts | None = None  # None: not asked for

    @property
    def current(self) -> int | None:
        """The newest active one, which jobs that name none run."""
        return next((number for number, live in self.revisions.items() if live.status == ACTIVE), None)

    @property
    def claims(self) -> Mapping[str, str]:
        """The tags that name the owner: of active revisions if one has any, else of inactive ones."""
        owned = [live for live in self.revisions.values() if OWNER in live.tags]
        ranked = sorted(owned, key=lambda live: live.status != ACTIVE)
        return ranked[0].tags if ranked else self.newest.tags

    @property
    def newest(self) -> Live:
        return self.revisions[self.current or next(iter(self.revisions))]

    @property
    def notes(self) -> tuple[Problem, ...]:
        using, uses = self.kind.revision_users, self.uses
        why, hint = unknown_uses(using, uses) if using and uses is not None else ("", "")
        message = f"the number of {using.noun if using else 'user'}s of each revision is unknown ({why})"
        return (Problem("REV003", message, hint=hint, severity=Severity.NOTE),) if why else ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Revision:
    """One revision. `change` is what it changed against the next older one in the same history."""

    number: int
    live: Live
    owner: str | None
    applied: AppliedRecord
    users: int | None  # None: unknown
    is_declared: bool
    change: Change


def parse_definition_name(text: str) -> tuple[Kind, str]:
    """Return the kind and the name in `KIND/NAME`; a bare name is of the kind that has revisions."""
    noun, _, name = text.rpartition("/")
    with_revisions = [kind for kind in KINDS.values() if kind.revisions]
    kind = kind_named(noun) if noun else with_revisions[0]
    if kind is None:
        hint = did_you_mean(noun, KINDS, f"the kinds are {listed(KINDS, 'and')}")
        raise WrongUsage(f"{noun} is not a kind", hint=hint)
    if not kind.revisions:
        only = listed([revised.section for revised in with_revisions], "and")
        raise WrongUsage(f"a {kind.noun} has no revisions", hint=f"only {only} have revisions")
    return kind, name


def history_of(stack: Stack, identity: Identity, kind: Kind, name: str, live: Iterable[Live]) -> History:
    """Find a definition by its logical name, else by its physical one; its revisions are still to be read."""
    index = index_live(live, stack)
    address, physical = _find_names(stack, index, Address(kind.name, name))
    desired, _ = resolve(stack, identity, index)  # what was not read stays a name, which compares all the same
    declared = next((resource for resource in desired if resource.address == address), None)
    return History(
        stack=stack.name, identity=identity, kind=kind, address=address, name=physical, desired=declared, revisions={}
    )


def _find_names(stack: Stack, index: LiveIndex, address: Address) -> tuple[Address, str]:
    declared = stack.declared.get(address)
    if declared:
        live = live_match(stack, declared, index)
        return address, live.address.name if live else physical_name(stack, declared, index)
    known = index.ours.get(address) or index.named.get(address)
    if known is None:
        return address, address.name
    ours = is_ours(known, stack.name, stack.name_prefix)
    return Address(address.kind, logical_name(known) if ours else known.address.name), known.address.name


def unknown_definition(history: History, stack: Stack, live: Iterable[Live]) -> WrongUsage:
    """What to say of a definition without any revision."""
    if history.desired:
        return WrongUsage(
            f"{history.address} has no revision yet", hint="`reconciler apply` registers the first revision"
        )
    kind = history.kind
    addresses = (*stack.declared, *(resource.address for resource in live))
    known = {address.name for address in addresses if address.kind == kind.name}
    few = sorted(known)[:FEW]
    more = [f"{len(known) - FEW} more"] if len(known) > FEW else []
    otherwise = f"existing: {listed([*few, *more], 'and')}" if known else f"there are no {kind.section}"
    return WrongUsage(
        f"the {kind.noun} {history.name} does not exist", hint=did_you_mean(history.name, known, otherwise)
    )


def revisions_of(history: History) -> tuple[Revision, ...]:
    """Return every revision with what is known of it, the newest first."""
    numbers = list(history.revisions)
    return tuple(
        _entry(history, number, history.revisions[older] if older else None)
        for number, older in zip(numbers, [*numbers[1:], 0], strict=True)
    )


def plan_of(history: History, changes: Iterable[Change]) -> Plan:
    """Return changes of the definition as a plan, which is what reports know how to show."""
    return Plan(history.stack, history.identity, tuple(changes))


def _entry(history: History, number: int, older: Live | None) -> Revision:
    live = history.revisions[number]
    fields = compare_live(history.kind, older, live, history.identity) if older else ()
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
    difference = compare(history.kind, history.desired, live, Context(identity=history.identity))
    return all(change.is_of_tags for change in difference.fields)


# Register what an older revision says once more: the way back, as a plan.


@dataclass(frozen=True, slots=True)
class Rollback:
    """The plan of a rollback, and the revision that it leads back to."""

    history: History
    to: int
    plan: Plan  # empty if the newest revision says the same


def plan_rollback(
    stack: Stack,
    history: History,
    to: int | None,
    takes: Takes = takes_nothing,
    longest_wait: float | None = None,
) -> Rollback:
    """Plan to register revision `to` again: by default the last one that says something else.

    By default nothing is to do where a rollback made the newest revision: its command, run again after it was cut
    short, finishes its work and does not go back once more.

    `takes` says which fields requests can contain beside those of our tables. No wait is longer than `longest_wait`, in
    seconds.

    Raises `Refused` for what is not the stack's, and where there is no way back, and `WrongUsage` for a revision that
    AWS does not have.
    """
    _check_owner(stack, history)
    made = history.current is not None and AppliedRecord.of(history.newest.tags).rolled_back_to
    if made and to is None:
        return Rollback(history, int(made), plan_of(history, ()))
    number = _last_other(stack, history) if to is None else to
    source = history.revisions.get(number)
    if source is None:
        hint = f"existing: {revisions(history.revisions)}"
        raise WrongUsage(
            f"{history.name} has no revision {number}", hint=f"{hint}; AWS keeps inactive revisions for 180 days"
        )
    if not _is_free(stack, history, source):
        raise Refused(
            f"{history.address}: revision {number} belongs to {owner_of(source.tags)}",
            hint="choose a different revision",
        )
    fields = compare_live(history.kind, history.newest, source, history.identity)
    is_so = history.current is not None and not fields
    changes = () if is_so else (_change(stack, history, number, fields, takes, longest_wait),)
    return Rollback(history, number, plan_of(history, changes))


def _change(
    stack: Stack,
    history: History,
    number: int,
    fields: tuple[FieldChange, ...],
    takes: Takes,
    longest_wait: float | None,
) -> Change:
    """The tags are those of the old revision, but for ours: they name the owner, and the rollback in place of a digest.

    The digest of the YAML would claim that the YAML was applied. That of the old declaration may be the same one: what
    `ignoreChanges` left alone is in the body, not in the digest. The next plan would call the difference drift.
    """
    kind, source = history.kind, history.revisions[number]
    live = replace(history.newest, revisions=tuple(sorted(history.revisions)))
    record = AppliedRecord(f"{ROLLBACK}{number}", AppliedRecord.of(history.claims).flags & {ORPHAN, PROTECT})
    desired = Desired(
        address=history.address,
        name=history.name,
        arn="",
        spec=as_request(kind, source.spec, takes),
        tags=users_tags(source.tags),
        live=live,
    )
    tags = all_tags(stack.name, stack.name_prefix, desired, record)
    return Change(
        action=Action.REVISION,
        address=history.address,
        name=history.name,
        arn=history.newest.arn,
        fields=fields,
        steps=limited(revision_steps(kind, desired, live, tags, record), longest_wait),
        reasons=(f"registers revision {number} again",),
    )


def _check_owner(stack: Stack, history: History) -> None:
    claims = history.claims
    if owns(claims, history.name, stack.name, stack.name_prefix):
        return
    owner = owner_of(claims)
    if owner is None:
        message = f"{history.address}: {history.name} is not owned by a stack"
        raise Refused(message, hint="adopt it first with `reconciler apply --adopt`")
    whose = f"{owner}, under a different name prefix" if owner == f"stack {stack.name}" else owner
    raise Refused(f"{history.address}: {history.name} belongs to {whose}", hint="roll it back where it is declared")


def _last_other(stack: Stack, history: History) -> int:
    newest, current = history.newest, history.current
    if current is None:
        return next(iter(history.revisions))
    for number, live in history.revisions.items():
        if (
            number < current
            and _is_free(stack, history, live)
            and compare_live(history.kind, newest, live, history.identity)
        ):
            return number
    raise Refused(
        f"{history.address}: no revision before {current} is different",
        hint="choose a revision with --to",
    )


def _is_free(stack: Stack, history: History, live: Live) -> bool:
    """Whether a revision may be copied: this stack owns it, or no stack does."""
    return owner_of(live.tags) is None or owns(live.tags, history.name, stack.name, stack.name_prefix)

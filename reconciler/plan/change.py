"""The change of one resource: what kind of change it is, what it touches, and the program that makes it."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from reconciler.diff import (
    Difference,
    applied_of,
    applied_to,
    choices,
    declared_digest,
    difference,
    is_left_alone,
    left_to_service,
    replacement,
    settings_of,
    sides_of,
    why_ignored,
    with_choices,
    with_newer_updates,
    with_proper_choices,
)
from reconciler.kinds import KINDS
from reconciler.kinds.ailments import Cure, ailment_of
from reconciler.kinds.base import Kind, Succession
from reconciler.kinds.state import ENABLED, MEMBER
from reconciler.model import (
    Action,
    Address,
    Change,
    Cost,
    Desired,
    FieldChange,
    Identity,
    Ignored,
    Interrupts,
    Live,
    Spec,
    Stack,
)
from reconciler.ownership import (
    ORPHAN,
    PROTECT,
    AppliedRecord,
    as_kept,
    flags_of,
    is_ours,
    logical_name,
    owner_of,
    ownership_tags,
    released,
    users_tags,
)
from reconciler.plan.pruning import deregisters, without_others
from reconciler.plan.refusals import foreign, not_in_place, protected, unowned
from reconciler.plan.wanted import AS_DECLARED, PlanOptions
from reconciler.problems import Problem
from reconciler.resolve import ignored_members
from reconciler.sendable import sendable, taken
from reconciler.steps import (
    all_tags,
    create_steps,
    delete_steps,
    forget_steps,
    name_first,
    revision_steps,
    settle_first,
    update_steps,
)

STATUS, INVALID = "status", "INVALID"
DELETING = "DELETING"
GOES_FIRST = "the old one has to go first: there can be only one of that name"


@dataclass(frozen=True, slots=True)
class Replacement:
    """A resource that is to be created in the place of `old`, since no update brings that to what is declared."""

    name: str
    old: Live
    fields: tuple[FieldChange, ...]  # those that no update can change
    how: Succession


@dataclass(frozen=True, slots=True)
class Planner:
    stack: Stack
    identity: Identity
    bodies: Mapping[str, Spec]  # by ARN: as wanted, else as live
    wanted: PlanOptions = AS_DECLARED
    taken: Mapping[Address, Live] = field(default_factory=dict)  # what is DELETED and still shown, by physical name
    successors: Mapping[str, str] = field(default_factory=dict)  # by the ARN of what is replaced that of what stands
    ignored: dict[Address, tuple[Ignored, ...]] = field(default_factory=dict)  # grows with each change
    sent: dict[Address, Spec] = field(default_factory=dict)  # likewise: the body, with live values of what is ignored
    compared_to: dict[Address, Live] = field(default_factory=dict)  # likewise: what each resource is, or replaces

    @property
    def owner(self) -> tuple[str, str]:
        """Stack and name prefix: what makes a resource ours."""
        return self.stack.name, self.stack.name_prefix

    def change(self, desired: Desired) -> Change | None:
        kind = KINDS[desired.address.kind]
        live = desired.live
        leaving = live if live and live.status == DELETING else self.taken.get(Address(kind.name, desired.name))
        if live is None or leaving is live:
            kept = self.kept_of_leaving(kind, desired, leaving) if leaving else desired
            return self.creation(kind, kept, applied_of(kind, desired, self.identity), leaving)
        found, applied = self.compared(kind, desired, live)
        self.remember(desired, live, found)
        if not is_ours(live, *self.owner):
            return self.adoption(kind, desired, live, found, applied)
        if found.is_empty:
            return _waiting(kind, desired, live)
        return self.update(kind, desired, live, found, applied)

    def remember(self, desired: Desired, live: Live, found: Difference) -> None:
        """Keep what is told of the comparison beside its change."""
        self.compared_to[desired.address] = live
        self.sent[desired.address] = found.desired
        if found.ignored:
            self.ignored[desired.address] = found.ignored

    def compared(self, kind: Kind, desired: Desired, live: Live) -> tuple[Difference, AppliedRecord]:
        """Return what differs, and the record that the resource carries once it is as declared."""
        is_made = desired.address in self.wanted.made
        chosen = choices(kind, desired, live, self.identity)
        declared = declared_digest(kind, desired, self.identity)
        restores = is_ours(live, *self.owner) and not is_made
        if restores:
            desired = with_proper_choices(desired, chosen)
        sides = sides_of(kind, desired, live, self.identity, self.bodies, self.successors)
        sides = replace(sides, fields=tuple(with_newer_updates(kind, sides.fields, self.wanted.takes)))
        left = left_to_service(kind, desired, sides, live, self.wanted.takes, is_made=is_made)
        left = with_choices(left, chosen, is_made=is_made, restores=restores)
        applied = applied_to(kind, desired, declared, left)
        tags = ownership_tags(*self.owner, desired.address.name, live.address.name, applied)
        found = difference(kind, desired, live, sides, left, tags)
        sick = (_illness(live),) if kind.settles and live.status == INVALID else ()
        return replace(found, fields=(*found.fields, *sick)), applied

    def not_in_place(self, desired: Desired, live: Live) -> tuple[FieldChange, ...]:
        """Return the members that no update can bring to what is declared."""
        found, _ = self.compared(KINDS[desired.address.kind], desired, live)
        return tuple(change for change in found.fields if _needs_more_than_update(change))

    def creation(self, kind: Kind, desired: Desired, applied: AppliedRecord, leaving: Live | None = None) -> Change:
        """`leaving` has the name until AWS does not show it any more."""
        tags = all_tags(*self.owner, desired, applied)
        before = name_first(kind, desired.name) if leaving else ()
        return Change(
            action=Action.CREATE,
            address=desired.address,
            name=desired.name,
            arn=desired.arn,
            fields=_created_fields(kind, desired),
            steps=(*before, *create_steps(kind, desired, tags, applied, keeps=bool(why_ignored(desired)))),
            reasons=(f"the old {desired.name} is {leaving.status}, and its name not free yet",) if leaving else (),
            where=desired.places.find(()),
        )

    def update(self, kind: Kind, desired: Desired, live: Live, found: Difference, applied: AppliedRecord) -> Change:
        stuck = [change for change in found.fields if _needs_more_than_update(change)]
        refusals = tuple(not_in_place(desired, stuck, is_ours=is_ours(live, *self.owner)))
        if refusals:
            return self.shown(Action.REPLACE, desired, live, found.fields, refusals=refusals)
        if kind.revisions and any(_is_of_body(change) for change in found.fields):
            wanted = replace(
                desired, spec=found.desired, tags=found.tags
            )  # a revision has no tags but those it is given
            tags = all_tags(*self.owner, wanted, applied)
            register = revision_steps(kind, wanted, live, tags, applied)
            return replace(
                self.shown(Action.REVISION, desired, live, found.fields), steps=register, reasons=_rolled_back(live)
            )
        steps = update_steps(kind, live, found)
        action = Action.REPAIR if all(change.path == STATUS for change in found.fields) else Action.UPDATE
        change = replace(self.shown(action, desired, live, found.fields), steps=steps)
        if change.cost is not Cost.INFRASTRUCTURE or kind.update_terms is None:
            return change
        # The policy that comes with an update holds for it already (UpdateComputeEnvironment).
        spec = {**live.spec, **found.desired}
        at_once = kind.update_patience is not None and not kind.update_patience(spec)
        terms = (kind.update_terms(spec),)
        return replace(change, reasons=terms, losses=terms if at_once else (), interrupts=Interrupts(at_once))

    def adoption(self, kind: Kind, desired: Desired, live: Live, found: Difference, applied: AppliedRecord) -> Change:
        owner = owner_of(live.claims)
        freed = released(live.claims, self.wanted.released)
        if (owner is None or freed) and (self.wanted.adopt or desired.lifecycle.adopt):
            change = self.update(kind, desired, live, found, applied)
            action = Action.ADOPT if change.action is Action.UPDATE else change.action
            why = f"{owner} has let go of it" if owner else "nobody owns it"
            return replace(change, action=action, reasons=(f"{why}; this stack takes it over",))
        problem = foreign(desired, live, owner) if owner else unowned(desired, live)
        return self.shown(Action.ADOPT, desired, live, found.fields, refusals=(problem,))

    def shown(
        self,
        action: Action,
        desired: Desired,
        live: Live,
        fields: tuple[FieldChange, ...],
        refusals: tuple[Problem, ...] = (),
    ) -> Change:
        return Change(
            action=action,
            address=desired.address,
            name=live.address.name,
            arn=live.arn,
            fields=fields,
            refusals=refusals,
            where=desired.places.find(()),
            seen=live,
        )

    @property
    def why_it_goes(self) -> str:
        if self.wanted.forget:
            return "the stack lets go of it; it stays as it is"
        return "the stack is being destroyed" if self.wanted.destroy else "owned by this stack and no longer declared"

    def kept(self, kind: Kind, desired: Desired, old: Live) -> tuple[Desired, Difference]:
        """Return what to create in the place of `old`, with the live values of what is ignored; and what differs."""
        found = replacement(kind, desired, old, self.identity, self.bodies, self.wanted.takes, self.successors)
        self.remember(desired, old, found)
        body = taken(kind, found.desired, self.wanted.takes)
        return replace(desired, spec=body, tags=found.tags), found

    def kept_of_leaving(self, kind: Kind, desired: Desired, live: Live) -> Desired:
        """Return what to create once `live`, which is being deleted, is gone: a replacement may have been interrupted.

        It is disabled since it is being deleted: which state it had before is known where its record keeps it.
        """
        if not is_ours(live, *self.owner):
            return desired
        spec = {**live.spec, MEMBER: desired.spec.get(MEMBER)} if kind.disable_before_delete else live.spec
        kept, _ = self.kept(kind, desired, replace(live, spec=spec))
        return kept

    def succession(self, desired: Desired, heir: Replacement) -> Change:
        """Return the creation of an heir. It is taken back if it turns out INVALID: nothing has moved to it by then.

        Every field that the heir has otherwise is a change of the replacement, whether or not it needs one.
        """
        kind = KINDS[desired.address.kind]
        kept, found = self.kept(kind, desired, heir.old)
        leaving = self.taken.get(Address(kind.name, desired.name))
        change = self.creation(kind, kept, applied_of(kind, desired, self.identity), leaving)
        forced = {field.path: field for field in heir.fields}
        differing = {field.path: field for field in found.fields}
        fields = tuple({**forced, **differing}.values())  # those that force it come first
        if heir.how is Succession.ANEW:
            steps = (*name_first(kind, change.name), *change.steps)
            return replace(change, action=Action.REPLACE, fields=fields, steps=steps, reasons=(GOES_FIRST,))
        made = Live(Address(kind.name, change.name), {}, change.arn, status="INVALID")
        reasons = (f"{change.name} takes over from {heir.old.address.name}",)
        undo = delete_steps(kind, made)
        return replace(change, action=Action.BLUE_GREEN, fields=fields, undo=undo, reasons=reasons)

    def retirement(self, live: Live, stands: str, *, idle: bool) -> Change:
        """Return the removal of a resource in whose place another stands, or will stand."""
        kind = KINDS[live.address.kind]
        change = replace(self.removal(live, idle=idle), fields=())  # what comes in its place shows what changes
        if change.refusals:
            return replace(change, action=Action.RETIRE)
        reason = "makes room for its successor" if stands == live.address.name else f"{stands} stands in its place"
        keeping = self.state_kept(kind, live) if stands == live.address.name else None
        steps = delete_steps(kind, live, idle=idle, keeping=keeping)
        return replace(change, action=Action.RETIRE, steps=steps, reasons=(reason,))

    def removal(self, live: Live, *, idle: bool) -> Change:
        """`idle`: jobs of queues that stay may run on it."""
        kind = KINDS[live.address.kind]
        address = Address(kind.name, logical_name(live))
        declared = self.stack.declared.get(address)
        flags = AppliedRecord.of(live.claims).flags | (flags_of(declared.lifecycle) if declared else frozenset())
        change = Change(
            action=Action.FORGET if ORPHAN in flags or self.wanted.forget else Action.DELETE,
            address=address,
            name=live.address.name,
            arn=live.arn,
            reasons=(self.why_it_goes,),
            where=declared.places.find(()) if declared else None,
            seen=live,
        )
        if change.action is Action.DELETE:
            change = replace(change, fields=_deleted_fields(kind, live, self.identity))
        if change.action is Action.FORGET:
            orphaned = () if self.wanted.forget else ("onRemove: orphan leaves it in place",)
            return replace(change, steps=forget_steps(live, *self.owner), reasons=(*change.reasons, *orphaned))
        if kind.revisions:
            live = without_others(self.stack, live)
            change = replace(change, reasons=(*change.reasons, deregisters(live.revisions, live)))
        if PROTECT in flags:
            return replace(change, refusals=(protected(address, change),))
        return replace(change, steps=delete_steps(kind, live, idle=idle, keeping=self.state_kept(kind, live)))

    def state_kept(self, kind: Kind, live: Live) -> AppliedRecord | None:
        """Return the record that keeps the state of what is disabled to be deleted, where the declaration ignores it.

        None where the record keeps it already, and where nobody asks for it.
        """
        address = Address(kind.name, logical_name(live))
        declared = self.stack.declared.get(address)
        if declared is None or not kind.disable_before_delete:
            return None
        paths = (*declared.lifecycle.ignore_changes, *ignored_members(self.stack.ignore, address))
        if not is_left_alone(kind, paths, MEMBER, declared.spec, live.spec):
            return None
        applied = AppliedRecord.of(live.claims)
        keeping = applied.keeping({MEMBER: as_kept(live).get(MEMBER) or ENABLED})
        return None if keeping == applied else keeping


def _illness(live: Live) -> FieldChange:
    """What is INVALID is to become VALID. An update validates again, but there are ailments that it cannot cure."""
    ailment = ailment_of(live.reason)
    cost = Cost.REPLACE if ailment.cure is Cure.REPLACE else Cost.SCALING
    return FieldChange(path=STATUS, before=INVALID, after="VALID", cost=cost, why=ailment.cause or live.reason)


def _rolled_back(live: Live) -> tuple[str, ...]:
    """What stands was chosen by somebody: whoever rolls it forward should know."""
    number = AppliedRecord.of(live.claims).rolled_back_to
    return (f"it was rolled back to revision {number}",) if number else ()


def _waiting(kind: Kind, desired: Desired, live: Live) -> Change | None:
    """Nothing differs; but whoever needs a resource in transition has to wait for it."""
    steps = settle_first(kind, live)
    if not steps:
        return None
    return Change(
        action=Action.WAIT,
        address=desired.address,
        name=desired.name,
        arn=live.arn,
        steps=steps,
        reasons=(f"it is {live.status}",),
        where=desired.places.find(()),
    )


def _created_fields(kind: Kind, desired: Desired) -> tuple[FieldChange, ...]:
    spec = sendable(kind.rows, desired.spec)
    tags = [(f"tags.{key}", value) for key, value in sorted(desired.tags.items())]
    return tuple(
        FieldChange(path=path, before=None, after=value, cost=Cost.METADATA, where=desired.places.find((path,)))
        for path, value in (*spec.items(), *tags)
    )


def _deleted_fields(kind: Kind, live: Live, identity: Identity) -> tuple[FieldChange, ...]:
    """Return what goes with a resource: what it was declared with, as far as that shows, in the order of its table."""
    body = settings_of(kind, live, identity)
    known = [row.name for row in kind.fields]
    names = sorted(body, key=lambda name: known.index(name) if name in known else len(known))
    tags = [(f"tags.{key}", value) for key, value in sorted(users_tags(live.tags).items())]
    return tuple(
        FieldChange(path=path, before=value, after=None, cost=Cost.METADATA)
        for path, value in (*((name, body[name]) for name in names), *tags)
    )


def _is_of_body(change: FieldChange) -> bool:
    return not change.noted and not change.path.startswith("tags.")


def _needs_more_than_update(change: FieldChange) -> bool:
    return change.cost in (Cost.REPLACE, Cost.IMPOSSIBLE)

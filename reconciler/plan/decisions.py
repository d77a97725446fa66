"""What is to happen to each resource, and why: one `Decision` a resource, without the requests that do it.

A declared resource and what is live → its difference → what is done about that. No decision depends on another one, and
none on what AWS still has to be asked: order, jobs and consents come later.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace

from reconciler.diff import Context, Difference, compare, compare_replacement, first_record, settings_of
from reconciler.diff.ignore import is_ignored
from reconciler.kinds import KINDS
from reconciler.kinds.base import ENABLED, MEMBER, Kind, ReplacementMethod
from reconciler.live.ownership import (
    ORPHAN,
    PROTECT,
    AppliedRecord,
    flags_of,
    is_ours,
    logical_name,
    owner_of,
    released,
    users_tags,
    with_kept_fields,
)
from reconciler.live.resolve import ignored_members
from reconciler.model import (
    STATUS,
    TAGS,
    Action,
    Address,
    Cost,
    Desired,
    FieldChange,
    Ignored,
    Interrupts,
    Live,
    Spec,
    Stack,
    dearest,
)
from reconciler.plan.guards import foreign, not_in_place, protected, unowned
from reconciler.plan.options import AS_DECLARED, PlanOptions
from reconciler.plan.pruning import deregisters, surplus, without_others
from reconciler.plan.requests import request_body, settle_first, taken
from reconciler.problems import Problem, Where

DELETING = "DELETING"
NAMED = 3  # paths that a hint names
GOES_FIRST = "the old one is deleted first: the name must be unique"

# What is done, by what it takes to write the requests for it.


@dataclass(frozen=True, slots=True, kw_only=True)
class Creation:
    """`desired` has what is sent: with the live values of what is ignored."""

    desired: Desired
    record: AppliedRecord
    waits_for_name: bool = False  # something that leaves still has it


@dataclass(frozen=True, slots=True, kw_only=True)
class Registration:
    """The next revision of what is live. `desired` as in `Creation`."""

    desired: Desired
    live: Live
    record: AppliedRecord


@dataclass(frozen=True, slots=True, kw_only=True)
class Update:
    live: Live
    difference: Difference


@dataclass(frozen=True, slots=True, kw_only=True)
class Deletion:
    live: Live
    is_idle_awaited: bool  # jobs of queues that stay may run on it
    kept: AppliedRecord | None = None  # the record of what it is before it is disabled; None: nobody needs it


@dataclass(frozen=True, slots=True, kw_only=True)
class Release:
    """Take our tags off."""

    live: Live


@dataclass(frozen=True, slots=True, kw_only=True)
class Pruning:
    live: Live
    revisions: tuple[int, ...]
    limit: str  # which revisions stay, in words


@dataclass(frozen=True, slots=True, kw_only=True)
class Settling:
    """A transition under way is waited for."""

    live: Live


Work = Creation | Registration | Update | Deletion | Release | Pruning | Settling


@dataclass(frozen=True, slots=True, kw_only=True)
class Decision:
    """What is to happen to one resource. The fields are those of the `Change` that is made of it."""

    action: Action
    address: Address
    name: str  # physical
    work: Work | None = None  # None: it is only shown, since it is refused or already under way
    arn: str = ""
    fields: tuple[FieldChange, ...] = ()
    reasons: tuple[str, ...] = ()
    losses: tuple[str, ...] = ()
    refusals: tuple[Problem, ...] = ()
    interrupts: Interrupts | None = None  # without the jobs
    where: Where | None = None
    seen: Live | None = None


@dataclass(frozen=True, slots=True)
class Replacement:
    """A resource that is to be created in the place of `old`, since no update brings that to what is declared."""

    name: str
    old: Live
    fields: tuple[FieldChange, ...]  # those that no update can change
    how: ReplacementMethod


@dataclass(frozen=True, slots=True, kw_only=True)
class Comparison:
    """A declared resource, and what it was compared with; nothing if there is nothing of it yet."""

    desired: Desired
    live: Live | None = None  # what it is, or what it replaces
    difference: Difference | None = None
    replacement: Replacement | None = None
    leaving: Live | None = None  # has the name until AWS does not show it any more

    @property
    def ignored(self) -> tuple[Ignored, ...]:
        return self.difference.ignored if self.difference else ()

    @property
    def sent(self) -> Spec:
        """The body that is sent: of what is ignored, the live value."""
        return self.difference.spec if self.difference else self.desired.spec


@dataclass(frozen=True, slots=True)
class LikelyRename:
    """What is created while a resource with such a body goes: most likely that was renamed.

    `different` are the paths in which the two differ; only reports read them.
    """

    address: Address
    different: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class ResourcePlanner:
    """Compares and decides for one resource at a time. `taken`: what is DELETED and still shown, by physical name."""

    stack: Stack
    context: Context
    options: PlanOptions = AS_DECLARED
    taken: Mapping[Address, Live] = field(default_factory=dict)

    @property
    def owner(self) -> tuple[str, str]:
        """Stack and name prefix: what makes a resource ours."""
        return self.stack.name, self.stack.name_prefix

    def compare(self, desired: Desired, replacement: Replacement | None = None) -> Comparison:
        """Compare a declared resource with what is live, or with what it is to replace."""
        kind, live = KINDS[desired.address.kind], desired.live
        leaving = self.taken.get(Address(kind.name, desired.name))
        if replacement:
            difference = compare_replacement(kind, desired, replacement.old, self.context)
            return Comparison(
                desired=desired, live=replacement.old, difference=difference, replacement=replacement, leaving=leaving
            )
        if live and live.status == DELETING:
            leaving = live
        elif live:
            difference = compare(kind, desired, live, self.context)
            return Comparison(desired=desired, live=live, difference=difference)
        if leaving is None or not is_ours(leaving, *self.owner):
            return Comparison(desired=desired, leaving=leaving)
        # A replacement may have been interrupted. It is disabled since it is being deleted: which state it had before
        # is known where its record keeps it.
        spec = {**leaving.spec, MEMBER: desired.spec.get(MEMBER)} if kind.delete.disable_first else leaving.spec
        old = replace(leaving, spec=spec)
        difference = compare_replacement(kind, desired, old, self.context)
        return Comparison(desired=desired, live=old, difference=difference, leaving=leaving)

    def stuck_fields(self, desired: Desired, live: Live) -> tuple[FieldChange, ...]:
        """Return the fields that no update can bring to what is declared."""
        return _stuck(compare(KINDS[desired.address.kind], desired, live, self.context).fields)

    def decide(self, comparison: Comparison) -> Decision | None:
        """Return what is to happen to a declared resource; None if nothing is."""
        live, difference = comparison.live, comparison.difference
        if comparison.replacement:
            return self._replacement(comparison, comparison.replacement)
        if live is None or difference is None or comparison.leaving:
            return self._creation(comparison)
        if not is_ours(live, *self.owner):
            return self._adoption(comparison.desired, live, difference)
        if difference.is_empty:
            return _settling(comparison.desired, live)
        return self._update(comparison.desired, live, difference)

    def remove(self, live: Live, *, is_idle_awaited: bool, renamed: LikelyRename | None = None) -> Decision:
        """Decide about a resource that is ours and not declared. `renamed` is what it may be called now."""
        kind = KINDS[live.address.kind]
        address = Address(kind.name, logical_name(live))
        declared = self.stack.declared.get(address)
        flags = self._lifecycle_flags(live)
        decision = Decision(
            action=Action.DELETE,
            address=address,
            name=live.address.name,
            arn=live.arn,
            reasons=(self._why_it_goes,),
            where=declared.places.find(()) if declared else None,
            seen=live,
        )
        if ORPHAN in flags or self.options.forget:
            orphaned = () if self.options.forget else ("onRemove: orphan keeps the resource",)
            reasons = (*decision.reasons, *orphaned)
            return replace(decision, action=Action.FORGET, work=Release(live=live), reasons=reasons)
        fields = _deleted_fields(kind, live, self.context)
        own = without_others(self.stack, live) if kind.revisions else live
        counted = (deregisters(own.revisions, own),) if kind.revisions else ()
        hints = (_hint_at_former_name(address, renamed),) if renamed else ()
        decision = replace(decision, fields=fields, reasons=(*decision.reasons, *counted, *hints))
        if PROTECT in flags:
            return replace(decision, refusals=(protected(address, live.address.name, decision.where),))
        work = Deletion(live=own, is_idle_awaited=is_idle_awaited, kept=self._kept_state(kind, live))
        return replace(decision, work=work)

    def retire(self, live: Live, successor: str, *, is_idle_awaited: bool) -> Decision:
        """Decide about a resource in whose place another stands, or will stand, of that physical name."""
        decision = self.remove(live, is_idle_awaited=is_idle_awaited)
        decision = replace(decision, fields=())  # what comes in its place shows what changes
        if PROTECT in self._lifecycle_flags(live):
            # Also where onRemove: orphan would only release it: what is replaced is deleted.
            refused = protected(decision.address, live.address.name, decision.where)
            return replace(decision, action=Action.RETIRE, work=None, refusals=(refused,))
        makes_room = successor == live.address.name
        kept = self._kept_state(KINDS[live.address.kind], live) if makes_room else None
        return replace(
            decision,
            action=Action.RETIRE,
            work=Deletion(live=live, is_idle_awaited=is_idle_awaited, kept=kept),
            reasons=("replaced by a new one of the same name" if makes_room else f"replaced by {successor}",),
        )

    def _lifecycle_flags(self, live: Live) -> frozenset[str]:
        """Return how a resource was to be treated when it was last applied, and how it is to be treated now."""
        declared = self.stack.declared.get(Address(live.address.kind, logical_name(live)))
        return AppliedRecord.of(live.claims).flags | (flags_of(declared.lifecycle) if declared else frozenset())

    def prune(self, desired: Desired, decision: Decision | None) -> Decision | None:
        """Return the removal of the revisions that are too many once `decision`, of the same resource, is done."""
        live, limit = desired.live, desired.lifecycle.retain_revisions
        if not KINDS[desired.address.kind].revisions or limit is None or live is None or not is_ours(live, *self.owner):
            return None
        is_superseded = decision is not None and decision.action is Action.REVISION
        with_unowned = desired.lifecycle.unowned_revisions == "prune"
        going = surplus(self.stack, live, limit, is_superseded=is_superseded, with_unowned=with_unowned)
        if not going:
            return None
        over = f"retainRevisions is {limit}{', also for revisions without an owner' if with_unowned else ''}"
        return Decision(
            action=Action.PRUNE,
            address=desired.address,
            name=live.address.name,
            work=Pruning(live=live, revisions=tuple(going), limit=over),
            arn=live.arn,
            where=desired.places.find(()),
        )

    def _replacement(self, comparison: Comparison, replacement: Replacement) -> Decision:
        """Every field that the successor has otherwise is a change of the replacement, whether or not it needs one."""
        created = self._creation(comparison)
        forced = {field.path: field for field in replacement.fields}
        differing = {field.path: field for field in comparison.difference.fields} if comparison.difference else {}
        fields = tuple({**forced, **differing}.values())  # those that force it come first
        if replacement.how is ReplacementMethod.DELETE_FIRST:
            work = self._creating(comparison, waits_for_name=True)
            return replace(created, action=Action.REPLACE, work=work, fields=fields, reasons=(GOES_FIRST,))
        reasons = (f"{created.name} replaces {replacement.old.address.name}",)
        return replace(created, action=Action.BLUE_GREEN, fields=fields, reasons=reasons)

    def _creation(self, comparison: Comparison) -> Decision:
        """What `leaving` has the name of waits until AWS does not show that any more."""
        desired, leaving = comparison.desired, comparison.leaving
        work = self._creating(comparison, waits_for_name=leaving is not None)
        return Decision(
            action=Action.CREATE,
            address=desired.address,
            name=desired.name,
            work=work,
            arn=desired.arn,
            fields=_created_fields(KINDS[desired.address.kind], work.desired),
            reasons=(f"the old {desired.name} is {leaving.status}, and its name is not free yet",) if leaving else (),
            where=desired.places.find(()),
        )

    def _creating(self, comparison: Comparison, *, waits_for_name: bool) -> Creation:
        desired, difference = comparison.desired, comparison.difference
        kind = KINDS[desired.address.kind]
        if difference is None:
            record = first_record(kind, desired, self.context.identity)
            return Creation(desired=desired, record=record, waits_for_name=waits_for_name)
        body = taken(kind, difference.spec, self.context.takes)
        sent = replace(desired, spec=body, tags=difference.tags)
        return Creation(desired=sent, record=difference.record, waits_for_name=waits_for_name)

    def _adoption(self, desired: Desired, live: Live, difference: Difference) -> Decision:
        owner = owner_of(live.claims)
        is_free = owner is None or released(live.claims, self.options.released)
        if is_free and (self.options.adopt or desired.lifecycle.adopt):
            decision = self._update(desired, live, difference)
            action = Action.ADOPT if decision.action is Action.UPDATE else decision.action
            why = f"released by {owner}" if owner else "not owned by a stack"
            return replace(decision, action=action, reasons=(f"{why}; adopted by this stack",))
        problem = foreign(desired, live, owner) if owner else unowned(desired, live)
        return replace(_shown(Action.ADOPT, desired, live, difference), refusals=(problem,))

    def _update(self, desired: Desired, live: Live, difference: Difference) -> Decision:
        kind = KINDS[desired.address.kind]
        refusals = tuple(not_in_place(desired, _stuck(difference.fields), is_ours=is_ours(live, *self.owner)))
        if refusals:
            return replace(_shown(Action.REPLACE, desired, live, difference), refusals=refusals)
        if kind.revisions and any(_is_of_body(change) for change in difference.fields):
            # A revision has no tags but those that it is given.
            sent = replace(desired, spec=difference.spec, tags=difference.tags)
            return replace(
                _shown(Action.REVISION, desired, live, difference),
                work=Registration(desired=sent, live=live, record=difference.record),
                reasons=_rolled_back(live),
            )
        is_repair = all(change.path == STATUS for change in difference.fields)
        decision = replace(
            _shown(Action.REPAIR if is_repair else Action.UPDATE, desired, live, difference),
            work=Update(live=live, difference=difference),
        )
        instances = kind.update.instances if kind.update else None
        if instances is None or dearest(difference.fields) is not Cost.INFRASTRUCTURE:
            return decision
        # The policy that comes with an update holds for it already (UpdateComputeEnvironment).
        spec = {**live.spec, **difference.spec}
        at_once = not instances.job_timeout(spec)
        terms = (instances.job_terms(spec),)
        return replace(decision, reasons=terms, losses=terms if at_once else (), interrupts=Interrupts(at_once))

    @property
    def _why_it_goes(self) -> str:
        if self.options.forget:
            return "released from this stack; the resource is not changed"
        return "the stack is destroyed" if self.options.destroy else "no longer declared in this stack"

    def _kept_state(self, kind: Kind, live: Live) -> AppliedRecord | None:
        """Return the record that keeps the state of what is disabled to be deleted, where the declaration ignores it.

        None where the record keeps it already, and where nobody asks for it.
        """
        address = Address(kind.name, logical_name(live))
        declared = self.stack.declared.get(address)
        if declared is None or not kind.delete.disable_first:
            return None
        paths = (*declared.lifecycle.ignore_changes, *ignored_members(self.stack.ignore, address))
        if not is_ignored(kind, paths, (MEMBER,), declared.spec, live.spec):
            return None
        record = AppliedRecord.of(live.claims)
        keeping = record.keeping({MEMBER: with_kept_fields(live).get(MEMBER) or ENABLED})
        return None if keeping == record else keeping


def _shown(action: Action, desired: Desired, live: Live, difference: Difference) -> Decision:
    return Decision(
        action=action,
        address=desired.address,
        name=live.address.name,
        arn=live.arn,
        fields=difference.fields,
        where=desired.places.find(()),
        seen=live,
    )


def _settling(desired: Desired, live: Live) -> Decision | None:
    """Nothing differs; but whoever needs a resource in transition has to wait for it."""
    if not settle_first(KINDS[desired.address.kind], live):
        return None
    return Decision(
        action=Action.WAIT,
        address=desired.address,
        name=desired.name,
        work=Settling(live=live),
        arn=live.arn,
        reasons=(f"it is {live.status}",),
        where=desired.places.find(()),
    )


def _stuck(fields: Iterable[FieldChange]) -> tuple[FieldChange, ...]:
    return tuple(change for change in fields if change.cost in (Cost.REPLACE, Cost.IMPOSSIBLE))


def _is_of_body(change: FieldChange) -> bool:
    return not change.noted and not change.is_of_tags


def _rolled_back(live: Live) -> tuple[str, ...]:
    """What stands was chosen by somebody: whoever rolls it forward should know."""
    number = AppliedRecord.of(live.claims).rolled_back_to
    return (f"it was rolled back to revision {number}",) if number else ()


def _created_fields(kind: Kind, desired: Desired) -> tuple[FieldChange, ...]:
    spec = request_body(kind.rows, desired.spec)
    fields = [((name,), value) for name, value in spec.items()]
    tags = [((TAGS, key), value) for key, value in sorted(desired.tags.items())]
    return tuple(
        FieldChange(path=path, before=None, after=value, cost=Cost.METADATA, where=desired.places.find(path))
        for path, value in (*fields, *tags)
    )


def _deleted_fields(kind: Kind, live: Live, context: Context) -> tuple[FieldChange, ...]:
    """Return what goes with a resource: what it was declared with, as far as that shows, in the order of its table."""
    body = settings_of(kind, live, context.identity)
    known = [row.name for row in kind.fields]
    names = sorted(body, key=lambda name: known.index(name) if name in known else len(known))
    fields = [((name,), body[name]) for name in names]
    tags = [((TAGS, key), value) for key, value in sorted(users_tags(live.tags).items())]
    return tuple(
        FieldChange(path=path, before=value, after=None, cost=Cost.METADATA) for path, value in (*fields, *tags)
    )


def _hint_at_former_name(address: Address, renamed: LikelyRename) -> str:
    former = f"lifecycle: {{renamedFrom: {address.name}}}"
    if not renamed.different:
        return f"{renamed.address}, which is created, is equal: add `{former}` there to keep this resource"
    named, more = renamed.different[:NAMED], len(renamed.different) - NAMED
    paths = ", ".join(named) + (f" and {more} more" if more > 0 else "")
    likely = f"{renamed.address}, which is created, differs only in {paths}"
    return f"{likely}: if it is the same resource, add `{former}` there to keep it"

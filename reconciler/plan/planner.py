"""The change of one resource: what kind of change it is, what it touches, and the program that makes it."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace

from reconciler.diff import Context, Difference, body_digest, compare, compare_replacement, first_record, settings_of
from reconciler.diff.ignore import ignore_reasons, is_ignored
from reconciler.kinds import KINDS
from reconciler.kinds.base import ENABLED, MEMBER, Kind, ReplacementMethod
from reconciler.live.ownership import (
    CLOUDFORMATION,
    ORPHAN,
    OWNER,
    PROTECT,
    AppliedRecord,
    as_kept,
    flags_of,
    is_ours,
    logical_name,
    mark_of,
    owner_of,
    released,
    users_tags,
)
from reconciler.live.resolve import ignored_members, used_kinds
from reconciler.model import (
    OWN_TAGS,
    STATUS,
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
from reconciler.plan.options import AS_DECLARED, PlanOptions
from reconciler.plan.pruning import deregisters, without_others
from reconciler.plan.requests import (
    all_tags,
    create_steps,
    delete_steps,
    forget_steps,
    name_first,
    revision_steps,
    sendable,
    settle_first,
    taken,
    update_steps,
)
from reconciler.problems import CloudError, Problem, Severity
from reconciler.syntax.diagnostics import listed

# Why a change is shown but not run: the rule, and the way out.


def not_in_place(desired: Desired, changes: Iterable[FieldChange], *, is_ours: bool) -> Iterator[Problem]:
    """Yield a problem for each reason, with the fields that share it.

    `is_ours`: the stack owns what is live. What it only takes over is never replaced, whatever the consents.
    """
    alike: dict[tuple[str, Cost], list[FieldChange]] = {}
    for change in changes:
        alike.setdefault((change.why, change.cost), []).append(change)
    for (why, cost), fields in alike.items():
        paths = listed((field.path for field in fields), "and")
        message = f"{desired.address}: {paths} cannot be changed in place{f': {why}' if why else ''}"
        yield Problem("PLAN001", message, fields[0].where, _way_out(desired, paths, cost, is_ours=is_ours))


def _way_out(desired: Desired, paths: str, cost: Cost, *, is_ours: bool) -> str:
    how, refuses = KINDS[desired.address.kind].replacement, desired.lifecycle.replace == "refuse"
    if how and refuses:
        return "lifecycle.replace: refuse forbids to replace it"
    if how and not is_ours:
        return f"adopt it first with the {paths} that is live; what a stack owns can be replaced"
    match how:
        case ReplacementMethod.BLUE_GREEN:
            return (
                "to build a new one beside it, move the queues over and retire the old one, run with --allow-replace "
                "or write `lifecycle: {replace: blue-green}` beside it"
            )
        case ReplacementMethod.DELETE_FIRST:
            return (
                f"to delete it and create it again, run with --allow-replace; or declare it anew under another name, "
                f"move what uses {desired.address.name} there, and drop the old one"
            )
        case None if cost is Cost.REPLACE:
            return (
                f"declare it anew under another name, move what uses {desired.address.name} there, and drop the old "
                "one; one apply then creates, moves and deletes in that order"
            )
        case _:
            return ""


def unowned(desired: Desired, live: Live) -> Problem:
    return Problem(
        "PLAN002",
        f"{desired.address}: {live.address.name} exists already and no stack owns it",
        desired.places.find(()),
        "to take it over, or back from who took its tags off, run with --adopt or write `lifecycle: {adopt: true}`",
    )


def more_than_tags(changes: Iterable[Change]) -> Iterator[tuple[Change, Problem]]:
    """Yield what keeps an adoption from being no more than that. What is refused has been told."""
    for change in changes:
        if not change.is_record and not change.refusals:
            message = f"{change.address}: {change.name} {_would(change)}"
            hint = "write in the YAML what is live, as `import --live` does; or give --and-change to change it as well"
            yield change, Problem("PLAN011", message, change.where, hint)


def _would(change: Change) -> str:
    match change.action:
        case Action.CREATE:
            return "does not exist, and would be created"
        case Action.DELETE | Action.RETIRE:
            return "would be deleted"
        case Action.PRUNE:
            return "would lose revisions"
        case _:
            paths = [one.path for one in change.fields if not one.noted and not one.path.startswith(OWN_TAGS)]
            return f"would be changed: {', '.join(paths) or change.action.value}"


def foreign(desired: Desired, live: Live, owner: str) -> Problem:
    return Problem(
        "PLAN003",
        f"{desired.address}: {live.address.name} belongs to {owner}",
        desired.places.find(()),
        _let_go(live),
    )


def _let_go(live: Live) -> str:
    stack = live.claims.get(CLOUDFORMATION)
    if OWNER in live.claims or stack is None:
        return "give it another name here, or have its owner let go of it first: `reconciler forget`"
    return (
        f"give it another name here, or have {stack} retain it and drop it (DeletionPolicy: Retain); if that is done, "
        f"`reconciler adopt --released {stack}`"
    )


def protected(address: Address, change: Change) -> Problem:
    return Problem(
        "PLAN004",
        f"{address}: preventDestroy forbids deleting {change.name}",
        change.where,
        "declare it as it is, with `lifecycle: {preventDestroy: false}`, and apply that first",
    )


def still_used(change: Change, user: Live) -> Problem:
    return Problem(
        "PLAN005",
        f"{change.address}: {change.name} cannot be deleted, {user.address} uses it",
        change.where,
        f"take it out of {user.address.name} first" + ("" if OWNER in user.claims else ", which no stack owns"),
    )


DELETING = "DELETING"
GOES_FIRST = "the old one has to go first: there can be only one of that name"


@dataclass(frozen=True, slots=True)
class Replacement:
    """A resource that is to be created in the place of `old`, since no update brings that to what is declared."""

    name: str
    old: Live
    fields: tuple[FieldChange, ...]  # those that no update can change
    how: ReplacementMethod


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

    @property
    def context(self) -> Context:
        return Context(
            identity=self.identity,
            owner=self.owner,
            bodies=self.bodies,
            successors=self.successors,
            made=self.wanted.made,
            takes=self.wanted.takes,
        )

    def change(self, desired: Desired) -> Change | None:
        kind = KINDS[desired.address.kind]
        live = desired.live
        leaving = live if live and live.status == DELETING else self.taken.get(Address(kind.name, desired.name))
        if live is None or leaving is live:
            kept = self.kept_of_leaving(kind, desired, leaving) if leaving else desired
            return self.creation(kind, kept, first_record(kind, desired, self.identity), leaving)
        difference = compare(kind, desired, live, self.context)
        self.remember(desired, live, difference)
        if not is_ours(live, *self.owner):
            return self.adoption(kind, desired, live, difference)
        if difference.is_empty:
            return _waiting(kind, desired, live)
        return self.update(kind, desired, live, difference)

    def remember(self, desired: Desired, live: Live, difference: Difference) -> None:
        """Keep what is told of the comparison beside its change."""
        self.compared_to[desired.address] = live
        self.sent[desired.address] = difference.spec
        if difference.ignored:
            self.ignored[desired.address] = difference.ignored

    def not_in_place(self, desired: Desired, live: Live) -> tuple[FieldChange, ...]:
        """Return the members that no update can bring to what is declared."""
        difference = compare(KINDS[desired.address.kind], desired, live, self.context)
        return tuple(change for change in difference.fields if _needs_more_than_update(change))

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
            steps=(*before, *create_steps(kind, desired, tags, applied, keeps=bool(ignore_reasons(desired)))),
            reasons=(f"the old {desired.name} is {leaving.status}, and its name not free yet",) if leaving else (),
            where=desired.places.find(()),
        )

    def update(self, kind: Kind, desired: Desired, live: Live, difference: Difference) -> Change:
        stuck = [change for change in difference.fields if _needs_more_than_update(change)]
        refusals = tuple(not_in_place(desired, stuck, is_ours=is_ours(live, *self.owner)))
        if refusals:
            return self.shown(Action.REPLACE, desired, live, difference.fields, refusals=refusals)
        if kind.revisions and any(_is_of_body(change) for change in difference.fields):
            wanted = replace(
                desired, spec=difference.spec, tags=difference.tags
            )  # a revision has no tags but those it is given
            tags = all_tags(*self.owner, wanted, difference.record)
            register = revision_steps(kind, wanted, live, tags, difference.record)
            return replace(
                self.shown(Action.REVISION, desired, live, difference.fields),
                steps=register,
                reasons=_rolled_back(live),
            )
        steps = update_steps(kind, live, difference)
        action = Action.REPAIR if all(change.path == STATUS for change in difference.fields) else Action.UPDATE
        change = replace(self.shown(action, desired, live, difference.fields), steps=steps)
        instances = kind.update.instances if kind.update else None
        if change.cost is not Cost.INFRASTRUCTURE or instances is None:
            return change
        # The policy that comes with an update holds for it already (UpdateComputeEnvironment).
        spec = {**live.spec, **difference.spec}
        at_once = not instances.job_timeout(spec)
        terms = (instances.job_terms(spec),)
        return replace(change, reasons=terms, losses=terms if at_once else (), interrupts=Interrupts(at_once))

    def adoption(self, kind: Kind, desired: Desired, live: Live, difference: Difference) -> Change:
        owner = owner_of(live.claims)
        freed = released(live.claims, self.wanted.released)
        if (owner is None or freed) and (self.wanted.adopt or desired.lifecycle.adopt):
            change = self.update(kind, desired, live, difference)
            action = Action.ADOPT if change.action is Action.UPDATE else change.action
            why = f"{owner} has let go of it" if owner else "nobody owns it"
            return replace(change, action=action, reasons=(f"{why}; this stack takes it over",))
        problem = foreign(desired, live, owner) if owner else unowned(desired, live)
        return self.shown(Action.ADOPT, desired, live, difference.fields, refusals=(problem,))

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
        difference = compare_replacement(kind, desired, old, self.context)
        self.remember(desired, old, difference)
        body = taken(kind, difference.spec, self.wanted.takes)
        return replace(desired, spec=body, tags=difference.tags), difference

    def kept_of_leaving(self, kind: Kind, desired: Desired, live: Live) -> Desired:
        """Return what to create once `live`, which is being deleted, is gone: a replacement may have been interrupted.

        It is disabled since it is being deleted: which state it had before is known where its record keeps it.
        """
        if not is_ours(live, *self.owner):
            return desired
        spec = {**live.spec, MEMBER: desired.spec.get(MEMBER)} if kind.delete.disable_first else live.spec
        kept, _ = self.kept(kind, desired, replace(live, spec=spec))
        return kept

    def succession(self, desired: Desired, heir: Replacement) -> Change:
        """Return the creation of an heir. It is taken back if it turns out INVALID: nothing has moved to it by then.

        Every field that the heir has otherwise is a change of the replacement, whether or not it needs one.
        """
        kind = KINDS[desired.address.kind]
        kept, difference = self.kept(kind, desired, heir.old)
        leaving = self.taken.get(Address(kind.name, desired.name))
        change = self.creation(kind, kept, difference.record, leaving)
        forced = {field.path: field for field in heir.fields}
        differing = {field.path: field for field in difference.fields}
        fields = tuple({**forced, **differing}.values())  # those that force it come first
        if heir.how is ReplacementMethod.DELETE_FIRST:
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
        if declared is None or not kind.delete.disable_first:
            return None
        paths = (*declared.lifecycle.ignore_changes, *ignored_members(self.stack.ignore, address))
        if not is_ignored(kind, paths, MEMBER, declared.spec, live.spec):
            return None
        applied = AppliedRecord.of(live.claims)
        keeping = applied.keeping({MEMBER: as_kept(live).get(MEMBER) or ENABLED})
        return None if keeping == applied else keeping


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
    return not change.noted and not change.is_of_tags


def _needs_more_than_update(change: FieldChange) -> bool:
    return change.cost in (Cost.REPLACE, Cost.IMPOSSIBLE)


# Kinds that could not be read: fatal for who uses them, worth a note for everybody else.


def check_unread(stack: Stack, unread: Mapping[str, CloudError]) -> None:
    """Raise the reason why a kind that the stack declares or refers to could not be read."""
    for name in sorted(used_kinds(stack) & unread.keys()):
        raise unread[name]


def unread_notes(stack: Stack, unread: Mapping[str, CloudError]) -> Iterator[Problem]:
    for name, error in unread.items():
        reading = KINDS[name].read
        calls = " and ".join(f"batch:{call}" for call in (reading.listing, reading.operation) if call)
        yield Problem(
            "PLAN008",
            f"{KINDS[name].section} could not be read, and the stack declares none; "
            f"any that stack {stack.name} still owns stay ({error})",
            hint=f"allow {calls}",
            severity=Severity.NOTE,
        )


# What is adopted although a tag on it says that another tool manages it: a warning, since the tag may be old.

HINT = "two tools would undo each other's changes: take it out of the other one's state, and the tag out of the YAML"


def marked(changes: Iterable[Change]) -> Iterator[Problem]:
    for change in changes:
        mark = mark_of(change.seen.tags) if change.seen and change.action is Action.ADOPT else None
        if mark:
            message = f"{change.address}: the tag {mark.key}={mark.value} says that {mark.tool} manages {change.name}"
            yield Problem("PLAN012", message, change.where, HINT, Severity.WARNING)


# A resource that goes while its equal comes under another name: most likely it was renamed.


def with_former_names(
    removals: Iterable[Change], changes: Iterable[Change], desired: Iterable[Desired], identity: Identity
) -> Iterator[Change]:
    """Yield the removals, each that has an equal among what is created with a hint at `lifecycle.renamedFrom`."""
    going = list(removals)
    kinds = {change.address.kind for change in going if change.action is Action.DELETE}
    created = {c.address for c in changes if c.action is Action.CREATE and c.address.kind in kinds}
    coming = {_digest(one.address, one.spec, identity): one.address for one in desired if one.address in created}
    for change in going:
        is_deleted = coming and change.seen and change.action is Action.DELETE
        equal = coming.get(_digest(change.address, change.seen.spec, identity)) if is_deleted and change.seen else None
        yield replace(change, reasons=(*change.reasons, _hint(change, equal))) if equal else change


def _digest(address: Address, body: Spec, identity: Identity) -> str:
    return body_digest(KINDS[address.kind], body, identity)


def _hint(change: Change, equal: Address) -> str:
    former = f"lifecycle: {{renamedFrom: {change.address.name}}}"
    return f"{equal}, which is created, is equal: `{former}` there keeps this one instead"

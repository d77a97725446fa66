"""A plan is decided, what it has to know is asked, and then it is built: once, with everything in it.

`decide` compares every resource and puts the decisions in order; `Decisions.questions` is what AWS has to answer before
they become changes; `build` writes the requests, and refuses what has no consent. Pure: no clock, no network.
"""

from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from difflib import SequenceMatcher
from typing import assert_never

from reconciler.diff import Context, comparable_body, first_record
from reconciler.diff.canonical import digest_of
from reconciler.diff.ignore import ignore_reasons
from reconciler.kinds import KINDS
from reconciler.kinds.base import ReplacementMethod
from reconciler.kinds.reasons import INVALID
from reconciler.live.beside import with_record
from reconciler.live.facts import UNASKED, Answers, LiveRegion, Questions
from reconciler.live.ownership import is_ours, logical_name, owner_of
from reconciler.live.resolve import (
    LiveIndex,
    index_live,
    references,
    referred_arns,
    resolve,
    used_kinds,
    without_revision,
)
from reconciler.model import (
    Action,
    Address,
    Call,
    CapacityChange,
    Change,
    Desired,
    FieldChange,
    Identity,
    Json,
    Live,
    Path,
    Plan,
    PlannedCapacity,
    Spec,
    Stack,
    Step,
    Vcpus,
    dotted,
)
from reconciler.plan.decisions import (
    DELETING,
    Comparison,
    Creation,
    Decision,
    Deletion,
    LikelyRename,
    Pruning,
    Registration,
    Release,
    Replacement,
    ResourcePlanner,
    Settling,
    Update,
)
from reconciler.plan.guards import Reason, missing_consents
from reconciler.plan.jobs import JobFate, describe_interrupted, fate_of_jobs, holders, interrupted_jobs, sources
from reconciler.plan.notes import (
    misfits,
    passing_notes,
    prefix_notes,
    tool_notes,
    unhealthy,
    unmatched_notes,
    unread_notes,
)
from reconciler.plan.options import AS_DECLARED, PlanOptions
from reconciler.plan.order import PlacedDecision, in_order, place, targeted, unmatched_target_notes, users_of
from reconciler.plan.placement import lost_placements, not_described, types_in_doubt
from reconciler.plan.pruning import deregisters, in_use, kept_note, unknown_note
from reconciler.plan.requests import (
    all_tags,
    create_steps,
    delete_steps,
    forget_steps,
    limited,
    name_first,
    prune_steps,
    revision_steps,
    settle_first,
    update_steps,
)
from reconciler.problems import CloudError, InvalidStack, Problem


@dataclass(frozen=True, slots=True, kw_only=True)
class Decisions:
    """What is to happen to the resources of a stack, in an order that respects what each goes after."""

    stack: Stack
    identity: Identity
    options: PlanOptions
    index: LiveIndex
    unread: Mapping[str, CloudError]
    comparisons: tuple[Comparison, ...]  # one for each resource that the stack declares
    placed: tuple[PlacedDecision, ...]  # those of the targets
    unchanged: int
    known: tuple[Address, ...]

    @property
    def questions(self) -> Questions:
        """Return what AWS has to be asked before the changes can be written."""
        decisions = [placed.decision for placed in self.placed]
        pruned = sorted({decision.address.kind for decision in decisions if isinstance(decision.work, Pruning)})
        return Questions(
            uses=tuple(KINDS[name] for name in pruned if KINDS[name].revision_users),
            running=tuple(sources(decisions, self.index.named.values())),
            held=tuple(holders(decisions)),
            instance_types=self._types_in_doubt,
        )

    @property
    def _types_in_doubt(self) -> tuple[str, ...]:
        if not is_placement_guarded(self.options):
            return ()
        return types_in_doubt(self.comparisons, {placed.address for placed in self.placed}, self.index.arns)


def decide(stack: Stack, region: LiveRegion, options: PlanOptions = AS_DECLARED) -> Decisions:
    """Compare a stack with what is live, and decide what is to happen to each resource.

    Raises `InvalidStack` for references that lead nowhere, and `CloudError` if the stack needs a kind that could not be
    read.
    """
    check_unread(stack, region.unread)
    stack = with_record(stack, region.live)
    index = index_live(region.live, stack)
    desired, problems = ((), ()) if options.destroy or options.forget else resolve(stack, region.identity, index)
    if problems:
        raise InvalidStack(problems)
    planner = _planner(stack, region, index, desired, options)
    replacements = Replacements()
    while more := find_replacements(planner, desired, index, is_allowed=options.allow_replace):
        # Whoever uses what is replaced may have to be replaced with it.
        replacements = replacements.and_then(more)
        index = replacements.applied_to(index)
        desired, _ = resolve(stack, region.identity, index)
        planner = _planner(stack, region, index, desired, options)
    comparisons = [planner.compare(resource, replacements.successors.get(resource.address)) for resource in desired]
    decisions = [decision for comparison in comparisons if (decision := planner.decide(comparison))]
    by_address = {decision.address: decision for decision in decisions}
    prunings = [pruned for resource in desired if (pruned := planner.prune(resource, by_address.get(resource.address)))]
    removals = list(_removals(planner, index, desired, decisions))
    refusals = misfits(stack, comparisons, decisions)
    sent = tuple(_as_sent(comparisons))
    ordered = in_order(tuple(place((*decisions, *removals, *prunings), sent, index, refusals)))
    owned = _known(stack, index, region.taken, options)
    return Decisions(
        stack=stack,
        identity=region.identity,
        options=options,
        index=index,
        unread=region.unread,
        comparisons=tuple(comparisons),
        placed=targeted(ordered, options.targets),
        unchanged=len(desired) - len(decisions),
        known=tuple(dict.fromkeys((*stack.declared, *owned, *(placed.address for placed in ordered)))),
    )


def build(decisions: Decisions, answers: Answers = UNASKED) -> Plan:
    """Write the changes, with everything in them: requests, waits with their queues and time-outs, and refusals."""
    stack, options = decisions.stack, decisions.options
    desired = [comparison.desired for comparison in decisions.comparisons]
    pruned = [_left_to_prune(placed.decision, answers) for placed in decisions.placed]
    changes = tuple(
        _change(placed, revisions, decisions, answers)
        for placed, revisions in zip(decisions.placed, pruned, strict=True)
        if placed.action is not Action.PRUNE or revisions
    )
    ignored = {
        comparison.desired.address: comparison.ignored for comparison in decisions.comparisons if comparison.ignored
    }
    missing = _missing_consents(decisions, changes, answers) if options.guards else ()
    of_changes, of_plan = dict[int, list[Problem]](), list[Problem]()
    for change, problem in missing:
        (of_plan if change is None else of_changes.setdefault(id(change), [])).append(problem)
    return Plan(
        stack=stack.name,
        identity=decisions.identity,
        changes=tuple(_with_refusals(change, of_changes.get(id(change), ())) for change in changes),
        unchanged=decisions.unchanged,
        unhealthy=tuple(unhealthy(decisions.comparisons, decisions.index)),
        notes=(
            *stack.warnings,
            *prefix_notes(stack, decisions.index),
            *unmatched_notes(stack, decisions.comparisons),
            *passing_notes(desired, ignored, changes),
            *unread_notes(stack, decisions.unread),
            *tool_notes(changes),
            *unmatched_target_notes(options.targets, decisions.known),
            *_pruning_notes(decisions, answers),
            *([not_described(answers.instance_types)] if isinstance(answers.instance_types, CloudError) else ()),
        ),
        ignored=ignored,
        capacity=planned_capacity(decisions.comparisons, decisions.index.owned, changes),
        refused=tuple(dict.fromkeys(of_plan)),
        known=decisions.known,
        is_guarded=options.guards,
    )


# From a stack to decisions.


def check_unread(stack: Stack, unread: Mapping[str, CloudError]) -> None:
    """Raise the reason why a kind that the stack declares or refers to could not be read."""
    for name in sorted(used_kinds(stack) & unread.keys()):
        raise unread[name]


def _planner(
    stack: Stack, region: LiveRegion, index: LiveIndex, desired: Sequence[Desired], options: PlanOptions
) -> ResourcePlanner:
    bodies = {arn: resource.spec for arn, resource in index.arns.items()} | {
        resource.arn: resource.spec for resource in desired if resource.arn
    }
    standing = {resource.address: resource.arn for resource in desired if KINDS[resource.address.kind].replacement}
    owned = (
        (resource.arn, standing.get(Address(resource.address.kind, logical_name(resource)))) for resource in index.owned
    )
    context = Context(
        identity=region.identity,
        owner=(stack.name, stack.name_prefix),
        bodies=bodies,
        successors={old: new for old, new in owned if new and new != old},
        made=options.made,
        takes=options.takes,
    )
    return ResourcePlanner(stack, context, options, {resource.address: resource for resource in region.taken})


def _removals(
    planner: ResourcePlanner, index: LiveIndex, desired: Sequence[Desired], decisions: Iterable[Decision]
) -> Iterator[Decision]:
    """Yield what leaves because nobody declares it any more, or because another stands in its place."""
    staying = {resource.live.arn for resource in desired if resource.live}
    going = [live for live in index.owned if live.arn not in staying]
    users, leaving = users_of(index), {live.arn for live in going}
    successors = {resource.address: resource.name for resource in desired}
    renames = _likely_renames(planner, going, desired, decisions)
    for live in going:
        using = users.get(without_revision(live.arn), ())
        # Once everything that used it has left, nothing can run on it any more.
        is_idle_awaited = not using or any(user.arn not in leaving for user in using)
        successor = successors.get(Address(live.address.kind, logical_name(live)))
        if successor is not None:
            yield planner.retire(live, successor, is_idle_awaited=is_idle_awaited)
        else:
            yield planner.remove(live, is_idle_awaited=is_idle_awaited, renamed=renames.get(live.arn))


ALIKE = 0.7  # of names: simulate and simulator are, other and third are not
MOST_PAIRS = 400  # of resources that go and come: of more, none is looked at for being nearly equal


def _likely_renames(
    planner: ResourcePlanner, going: Iterable[Live], desired: Iterable[Desired], decisions: Iterable[Decision]
) -> Mapping[str, LikelyRename]:
    """Return what is created with the body of something that goes, by the ARN of that.

    A nearly equal body counts if the names are alike too, and there is no other candidate on either side.
    """
    gone = list(going)
    kinds = {live.address.kind for live in gone}
    created = {
        decision.address
        for decision in decisions
        if decision.action is Action.CREATE and decision.address.kind in kinds
    }
    coming = [(resource.address, _comparable(planner, resource.address, resource.spec)) for resource in desired
              if resource.address in created]  # fmt: skip
    leaving = [(live, _comparable(planner, live.address, live.spec)) for live in gone if coming]
    by_digest = {digest_of([address.kind, body]): address for address, body in coming}
    digests = {live.arn: digest_of([live.address.kind, body]) for live, body in leaving}
    equal = {arn: LikelyRename(by_digest[digest]) for arn, digest in digests.items() if digest in by_digest}
    taken = {rename.address for rename in equal.values()}
    near = [
        (live.arn, LikelyRename(address, different))
        for live, body in leaving
        if live.arn not in equal and len(leaving) * len(coming) <= MOST_PAIRS
        for address, other in coming
        if address.kind == live.address.kind and address not in taken
        if _are_names_alike(logical_name(live), address.name) and (different := _near(body, other))
    ]
    arns, addresses = Counter(arn for arn, _ in near), Counter(rename.address for _, rename in near)
    return {**equal, **{arn: each for arn, each in near if arns[arn] == addresses[each.address] == 1}}


def _comparable(planner: ResourcePlanner, address: Address, spec: Spec) -> Spec:
    return comparable_body(KINDS[address.kind], spec, planner.context.identity)


def _are_names_alike(name: str, other: str) -> bool:
    return name in other or other in name or SequenceMatcher(None, name, other).ratio() >= ALIKE


def _near(body: Spec, other: Spec) -> tuple[str, ...]:
    """Return the paths in which two bodies differ if these are at most a third; otherwise none."""
    ours, theirs = dict(_leaves(body)), dict(_leaves(other))
    paths = ours.keys() | theirs.keys()
    different = sorted(dotted(path) for path in paths if ours.get(path) != theirs.get(path))
    return tuple(different) if len(different) * 3 <= len(paths) else ()


def _leaves(value: Json, at: Path = ()) -> Iterator[tuple[Path, Json]]:
    """Yield the values of a body that are no mapping of further ones, with their paths."""
    if isinstance(value, Mapping) and value:
        for name, inner in value.items():
            yield from _leaves(inner, (*at, name))
    else:
        yield at, value


def _as_sent(comparisons: Iterable[Comparison]) -> Iterator[Desired]:
    """Yield what is desired with the bodies that are sent: of an ignored reference, the live one is needed."""
    compared = list(comparisons)
    addresses = {
        comparison.desired.arn: comparison.desired.address for comparison in compared if comparison.desired.arn
    }
    for comparison in compared:
        desired = comparison.desired
        body = comparison.sent
        if body is desired.spec:
            yield desired
            continue
        referred = (addresses.get(arn) for _, _, arn in references(KINDS[desired.address.kind].rows, body))
        others = (address for address in referred if address and address != desired.address)
        yield replace(desired, spec=body, needs=tuple(dict.fromkeys((*desired.needs, *others))))


def _known(stack: Stack, index: LiveIndex, taken: Iterable[Live], options: PlanOptions) -> Iterator[Address]:
    """Yield what the stack owns, and what a run that was cut short may have deleted, or let go of."""
    let_go = (
        (resource for resource in index.named.values() if owner_of(resource.claims) is None) if options.forget else ()
    )
    for resource in (*index.owned, *taken, *let_go):
        name = logical_name(resource)
        yield Address(
            resource.address.kind,
            name if is_ours(resource, stack.name, stack.name_prefix) else name.removeprefix(stack.name_prefix),
        )


# From decisions to changes.


def is_placement_guarded(options: PlanOptions) -> bool:
    return options.guards and not (options.allow_unplaceable or options.destroy or options.forget)


def _missing_consents(decisions: Decisions, changes: Sequence[Change], answers: Answers) -> Iterator[Reason]:
    options = decisions.options
    yield from missing_consents(decisions.stack, changes, len(decisions.index.owned), options)
    if is_placement_guarded(options):
        yield from lost_placements(decisions.comparisons, changes, decisions.index.arns, answers.instance_types)


def _change(placed: PlacedDecision, revisions: tuple[int, ...], decisions: Decisions, answers: Answers) -> Change:
    """Write the change of a decision. `revisions` are those that it prunes."""
    decision, work = placed.decision, placed.decision.work
    reasons, losses, refusals = decision.reasons, decision.losses, (*decision.refusals, *placed.refusals)
    interrupts, jobs, fate = decision.interrupts, None, None
    if isinstance(work, Pruning):
        reasons = (deregisters(revisions, work.live), work.limit)
    if interrupts and answers.running is not None:
        interrupts = interrupted_jobs(interrupts, decision.arn, decisions.index.named.values(), answers.running)
        reasons = (*reasons, describe_interrupted(interrupts))
    if isinstance(work, Deletion) and answers.held is not None and work.live.arn in answers.held:
        held = answers.held[work.live.arn]
        jobs = None if isinstance(held, CloudError) else held
        fate = fate_of_jobs(decision, held, decisions.options)
        reasons, losses = (*reasons, *fate.reasons), (*losses, *fate.losses)
        refusals = (*refusals, *fate.refusals)
    return Change(
        action=decision.action,
        address=decision.address,
        name=decision.name,
        arn=decision.arn,
        fields=decision.fields,
        steps=limited(_steps(placed, decisions.stack, revisions, fate), decisions.options.longest_wait),
        undo=_undo(decision),
        reasons=reasons,
        losses=losses,
        after=placed.after,
        refusals=refusals,
        where=decision.where,
        interrupts=interrupts,
        jobs=jobs,
        seen=decision.seen,
    )


def _steps(placed: PlacedDecision, stack: Stack, revisions: tuple[int, ...], fate: JobFate | None) -> tuple[Step, ...]:
    """Return the requests and waits that do the work. `fate` is that of the jobs in what is deleted."""
    work, kind = placed.decision.work, KINDS[placed.address.kind]
    match work:
        case None:
            return ()
        case Creation(desired=desired, record=record, waits_for_name=waits):
            tags = all_tags(stack.name, stack.name_prefix, desired, record)
            naming = name_first(kind, desired.name) if waits else ()
            return (*naming, *create_steps(kind, desired, tags, record, keeps=bool(ignore_reasons(desired))))
        case Registration(desired=desired, live=live, record=record):
            tags = all_tags(stack.name, stack.name_prefix, desired, record)
            return revision_steps(kind, desired, live, tags, record)
        case Update(live=live, difference=difference):
            return update_steps(kind, live, difference)
        case Deletion(live=live, is_idle_awaited=is_idle_awaited, kept=kept):
            return delete_steps(
                kind,
                live,
                is_idle_awaited=is_idle_awaited,
                queues=placed.queues,
                kept=kept,
                patience=fate.patience if fate else None,
            )
        case Release(live=live):
            return forget_steps(live, stack.name, stack.name_prefix)
        case Pruning(live=live):
            return prune_steps(kind, live, revisions)
        case Settling(live=live):
            return settle_first(kind, live)
    assert_never(work)


def _undo(decision: Decision) -> tuple[Step, ...]:
    """Return how a successor is taken back if it turns out INVALID: nothing has moved to it by then."""
    if decision.action is not Action.BLUE_GREEN:
        return ()
    kind = KINDS[decision.address.kind]
    successor = Live(Address(kind.name, decision.name), {}, decision.arn, status=INVALID)
    return delete_steps(kind, successor)


def _with_refusals(change: Change, missing: Sequence[Problem]) -> Change:
    return replace(change, refusals=tuple(dict.fromkeys((*change.refusals, *missing)))) if missing else change


def _left_to_prune(decision: Decision, answers: Answers) -> tuple[int, ...]:
    """Return the revisions that a decision prunes: none that is in use, and none where that is not known."""
    work, kind = decision.work, KINDS[decision.address.kind]
    if not isinstance(work, Pruning):
        return ()
    if kind.revision_users is None or answers.uses is None:
        return work.revisions
    uses = answers.uses[kind.name]
    if any(unknown_note(kind, kind.revision_users, uses)):
        return ()
    used = in_use(work.live, work.revisions, uses)
    return tuple(number for number in work.revisions if number not in used)


def _pruning_notes(decisions: Decisions, answers: Answers) -> Iterator[Problem]:
    """Yield which revisions stay, and why."""
    for name, uses in (answers.uses or {}).items():
        kind = KINDS[name]
        unknown = tuple(unknown_note(kind, kind.revision_users, uses)) if kind.revision_users else ()
        yield from unknown
        for decision in (placed.decision for placed in decisions.placed if placed.address.kind == name and not unknown):
            used = (
                in_use(decision.work.live, decision.work.revisions, uses) if isinstance(decision.work, Pruning) else {}
            )
            if used and kind.revision_users:
                yield kept_note(decision.address, used, kind.revision_users, decision.where)


# Which resources cannot be changed in place and get a successor; and which of two stands while one replaces the other.
#
# Nothing is remembered between runs: the name of a successor follows from the declaration, and a successor that an
# interrupted run has left behind is found by its tags.

LONGEST_NAME = 128  # characters of a name
MARK_LENGTH = 6  # hexadecimal digits that tell a successor from its predecessor


@dataclass(frozen=True, slots=True)
class Replacements:
    """By address: which live resource stands where several are ours, and what is created in the place of it."""

    standing: Mapping[Address, Live] = field(default_factory=dict)
    successors: Mapping[Address, Replacement] = field(default_factory=dict)

    def __bool__(self) -> bool:
        return bool(self.standing or self.successors)

    def and_then(self, more: "Replacements") -> "Replacements":
        return Replacements({**self.standing, **more.standing}, {**self.successors, **more.successors})

    def applied_to(self, index: LiveIndex) -> LiveIndex:
        """Return the index in which the standing are found, and declarations have the names of successors."""
        names = {address: successor.name for address, successor in self.successors.items()}
        return replace(index, ours={**index.ours, **self.standing}, successor_names=names)


def find_replacements(
    planner: ResourcePlanner, desired: Iterable[Desired], index: LiveIndex, *, is_allowed: bool
) -> Replacements:
    """Decide for every declared resource that may be replaced. `is_allowed`: whoever applies has consented."""
    used = {arn for live in index.named.values() for arn in referred_arns(live)}
    standing: dict[Address, Live] = {}
    successors: dict[Address, Replacement] = {}
    for resource in desired:
        how = KINDS[resource.address.kind].replacement
        if how is None or resource.live is None or not is_ours(resource.live, *planner.owner):
            continue
        candidates = [
            _Candidate(live, planner.stuck_fields(resource, live))
            for live in index.all_of(resource.address) or (resource.live,)
        ]
        best = min(candidates, key=lambda candidate: candidate.rank(used))
        if best.live is not resource.live:
            standing[resource.address] = best.live
        if best.fields and _may_be_replaced(resource, how, is_allowed=is_allowed):
            is_beside = how is ReplacementMethod.BLUE_GREEN
            name = _successor_name(planner, resource, index) if is_beside else best.live.address.name
            successors[resource.address] = Replacement(name, best.live, best.fields, how)
    return Replacements(standing, successors)


@dataclass(frozen=True, slots=True)
class _Candidate:
    """One of those that are ours under one address; `fields` are those that cannot be changed in it."""

    live: Live
    fields: tuple[FieldChange, ...]

    def rank(self, used: Collection[str]) -> tuple[bool, bool, bool, str]:
        """The one stands that works and can become what is declared; of several the one that queues use already."""
        works = self.live.status not in (INVALID, DELETING)
        return (not works or bool(self.fields), not works, self.live.arn not in used, self.live.address.name)


def _may_be_replaced(desired: Desired, how: ReplacementMethod, *, is_allowed: bool) -> bool:
    choice = desired.lifecycle.replace
    if choice is None or (choice == "blue-green" and how is not ReplacementMethod.BLUE_GREEN):
        return is_allowed
    return choice == "blue-green"


def _successor_name(planner: ResourcePlanner, desired: Desired, index: LiveIndex) -> str:
    """Return a name that follows from the declaration, so that an interrupted run finds its own again; and is free."""
    base = (planner.stack.name_prefix + desired.address.name)[: LONGEST_NAME - MARK_LENGTH - 1]
    digest = first_record(KINDS[desired.address.kind], desired, planner.context.identity).digest
    tried = 0
    while True:
        name = f"{base}-{digest_of([digest, tried])[:MARK_LENGTH]}"
        if Address(desired.address.kind, name) not in index.named:
            return name
        tried += 1


# The vCPUs of a stack's environments as they are, and as its plan leaves them.

Bodies = Mapping[str, tuple[Address, Spec]]  # of what exists, by ARN


def planned_capacity(
    comparisons: Sequence[Comparison], owned: Iterable[Live], changes: Iterable[Change]
) -> PlannedCapacity:
    """Return the capacity before and after `changes`: what these leave out, by a target or a refusal, stays as it is.

    An adoption and a release change nothing: the environment exists before and afterwards.
    """
    changed = [change for change in changes if any(isinstance(step, Call) for step in change.steps)]
    compared = [comparison for comparison in comparisons if KINDS[comparison.desired.address.kind].capacity]
    adopted = {change.arn for change in changed if change.action is Action.ADOPT}
    taken_in = (comparison.live for comparison in compared if comparison.live and comparison.live.arn in adopted)
    before = {
        live.arn: (live.address, live.spec)
        for live in (*owned, *taken_in)
        if KINDS[live.address.kind].capacity and live.status != DELETING
    }
    gone = {change.arn for change in changed if change.action.leaves}
    after = {arn: body for arn, body in before.items() if arn not in gone}
    sent = {change.arn for change in changed if not change.action.leaves and change.action is not Action.FORGET}
    for comparison in compared:
        if comparison.desired.arn in sent:
            after[comparison.desired.arn] = (comparison.desired.address, comparison.sent)
    sums = _by_sort(before), _by_sort(after)
    sorts = dict.fromkeys((*sums[0], *sums[1]))
    return PlannedCapacity(tuple(CapacityChange(sort, *(sum_.get(sort, Vcpus()) for sum_ in sums)) for sort in sorts))


def _by_sort(bodies: Bodies) -> dict[str, Vcpus]:
    sums: dict[str, Vcpus] = {}
    for address, body in bodies.values():
        capacity = KINDS[address.kind].capacity
        if capacity:
            sort, vcpus = capacity(body)
            sums[sort] = sums.get(sort, Vcpus()) + vcpus
    return sums

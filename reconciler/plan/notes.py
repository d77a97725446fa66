"""What a plan reports beside its changes: ignored values, unhealthy resources, and what it leaves unchanged.

A path that ignores nothing is a warning; an ignored live value that breaks a rule is refused.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from fnmatch import fnmatchcase

from reconciler.diff.canonical import compact
from reconciler.diff.ignore import ignore_reasons, unmatched_paths, with_ignored
from reconciler.kinds import KINDS
from reconciler.kinds.base import DISABLED, MEMBER, is_disabled
from reconciler.kinds.reasons import INVALID, invalid_reason_of
from reconciler.live.ownership import other_prefixes, tool_tag_of
from reconciler.live.resolve import LiveIndex, references
from reconciler.model import (
    Action,
    Address,
    Change,
    Declared,
    Desired,
    Ignored,
    Live,
    Spec,
    Stack,
    Unhealthy,
    dotted,
    own_name,
)
from reconciler.plan.decisions import DELETING, Comparison, Decision
from reconciler.problems import CloudError, Problem, Severity
from reconciler.rules import Subject, problems_of

UNMATCHED_HINT = "correct the path, or remove it"
PASSING_HINT = "save the output of `plan -v`, which shows them, or declare them during this change"
SENDING = (Action.CREATE, Action.UPDATE, Action.REVISION, Action.REPLACE, Action.BLUE_GREEN, Action.ADOPT)


def unmatched_notes(stack: Stack, comparisons: Iterable[Comparison]) -> Iterator[Problem]:
    """Yield a warning for each ignored path that matches nothing, declared or live."""
    compared = [(comparison.desired, comparison.live) for comparison in comparisons if comparison.live]
    idle = {
        resource.address: unmatched_paths(KINDS[resource.address.kind], resource, live) for resource, live in compared
    }
    for resource, _ in compared:
        for path in resource.lifecycle.ignore_changes:
            if path in idle[resource.address]:
                message = f"{resource.address}: lifecycle.ignoreChanges: {path} matches nothing, declared or live"
                yield Problem("IGN007", message, resource.places.find(()), UNMATCHED_HINT, Severity.WARNING)
    for entry in stack.ignore:
        matching = [address for address in idle if fnmatchcase(str(address), entry.resources)]
        for path in entry.members if matching else ():
            if all(path in idle[address] for address in matching):
                message = f"ignore: {entry.resources}: {path} matches nothing, declared or live"
                yield Problem("IGN007", message, entry.where, UNMATCHED_HINT, Severity.WARNING)


def passing_notes(
    desired: Iterable[Desired], ignored: Mapping[Address, tuple[Ignored, ...]], changes: Iterable[Change]
) -> Iterator[Problem]:
    """Yield a warning for each live value that is ignored and that nothing on AWS holds for a while.

    That is so where the old resource has to go first: between its deletion and the creation, only the run knows it.
    """
    by_address = {resource.address: resource for resource in desired}
    for change in changes:
        if change.action is Action.REPLACE and not change.refusals:
            reasons = ignore_reasons(by_address[change.address]).values()
            paths = ", ".join(dotted(field.path) for field in ignored.get(change.address, ()) if field.why in reasons)
            if paths:
                message = (
                    f"{change.address}: if the run stops after the deletion, ignored live values are lost: {paths}"
                )
                yield Problem("IGN009", message, change.where, PASSING_HINT, Severity.WARNING)


def misfits(
    stack: Stack, comparisons: Iterable[Comparison], decisions: Iterable[Decision]
) -> dict[Address, tuple[Problem, ...]]:
    """Return what is refused since a live value that is ignored breaks a rule beside what is declared."""
    compared = list(comparisons)
    ignoring = [comparison.desired for comparison in compared if comparison.live and ignore_reasons(comparison.desired)]
    bodies = _Bodies(
        stack,
        tuple(ignoring),
        {comparison.desired.address: comparison.live for comparison in compared if comparison.live},
    )
    different = bodies.different
    if not different:
        return {}
    needing = {
        comparison.desired.address
        for comparison in compared
        if not different.isdisjoint((comparison.desired.address, *comparison.desired.needs))
    }
    sent = (decision for decision in decisions if decision.address in needing and _is_sent(decision))
    return {decision.address: tuple(_misfits(bodies, decision.address)) for decision in sent}


@dataclass(frozen=True, slots=True)
class _Bodies:
    """The bodies of a stack as they are declared, and as they are sent: with the live values of what is ignored."""

    stack: Stack
    ignoring: tuple[Desired, ...]
    live: Mapping[Address, Live]
    _subjects: dict[str | None, Subject] = field(default_factory=dict)  # what rules make of a stack is made once

    @property
    def different(self) -> set[Address]:
        """Return the resources of which something else is sent than is declared."""
        sent = self.subject("").stack
        return {
            resource.address
            for resource in self.ignoring
            if sent[resource.address] != self.stack.declared[resource.address].spec
        }

    def subject(self, but_for: str | None) -> Subject:
        """Return what rules see of the stack as it is sent, as if the path `but_for` were not ignored; None: all."""
        if but_for not in self._subjects:
            bodies = {address: resource.spec for address, resource in self.stack.declared.items()}
            for resource in self.ignoring if but_for is not None else ():
                kind, declared = KINDS[resource.address.kind], self.stack.declared[resource.address].spec
                paths = (path for path in ignore_reasons(resource) if path != but_for)
                live = self.live[resource.address]
                shown = compact(live.spec)  # AWS shows empty lists for what was never sent
                bodies[resource.address] = with_ignored(kind, declared, shown, paths)
            self._subjects[but_for] = Subject(Address("", ""), {}, bodies, self.stack.region or "")
        return self._subjects[but_for]

    def problems(self, declared: Declared, but_for: str | None) -> list[Problem]:
        """Return the errors of a resource by the rules, likewise."""
        return self.problems_of(declared, self.subject(but_for).stack[declared.address], but_for)

    def problems_of(self, declared: Declared, body: Spec, but_for: str | None = None) -> list[Problem]:
        """Return the errors of a body of a resource, among the others as they are sent."""
        sent = replace(declared, spec=body)
        subject = self.subject(but_for).of_resource(declared.address, body)
        try:
            problems = list(problems_of(sent, subject, strict=False))
        except (LookupError, TypeError, AttributeError):  # its schema refuses it, as validate says: no rule reads it
            return []
        return [
            problem
            for problem in problems
            if problem.severity is Severity.ERROR and problem.code not in self.stack.disabled
        ]


def _misfits(bodies: _Bodies, address: Address) -> Iterator[Problem]:
    declared, live = bodies.stack.declared[address], bodies.live.get(address)
    known = {(problem.code, problem.message) for problem in bodies.problems(declared, None)}
    accepted = _codes(bodies.problems_of(declared, compact(live.spec))) if live else set()  # by AWS, as it is
    news = [problem for problem in bodies.problems(declared, "") if (problem.code, problem.message) not in known]
    misfits = [problem for problem in news if problem.code not in accepted]
    paths = dict.fromkeys(path for resource in bodies.ignoring for path in ignore_reasons(resource)) if misfits else {}
    for misfit in misfits:
        to_blame = [path for path in paths if misfit.code not in _codes(bodies.problems(declared, path))]
        named = ", ".join(to_blame or paths)
        message = f"{misfit.message} (ignored, and kept at its live value: {named})"
        hint = f"declare values that match the live value, or do not ignore {named}; the rule is {misfit.code}"
        yield Problem("IGN008", message, misfit.where, hint)


def _codes(problems: Iterable[Problem]) -> set[str]:
    return {problem.code for problem in problems}


def _is_sent(decision: Decision) -> bool:
    is_of_body = any(not field.noted and not field.is_of_tags for field in decision.fields)
    return decision.action in SENDING and is_of_body and not decision.refusals


# Live resources that do not work: INVALID, disabled outside this stack, or with no working compute environment.

BLOCKED = "BLOCKED"
ENABLES = "apply to enable it, or declare state: DISABLED"
UNBLOCKS = "repair one of them, or declare a different one"
BY_SOMEBODY = "disabled outside this stack: it accepts no new jobs"


def unhealthy(comparisons: Iterable[Comparison], index: LiveIndex) -> Iterator[Unhealthy]:
    """Yield what is wrong with the live resources of a stack; of each the first thing."""
    declared = {comparison.desired.live.arn: comparison for comparison in comparisons if comparison.desired.live}
    for comparison in declared.values():
        address, live = comparison.desired.address, comparison.desired.live
        if live is None:
            continue
        if live.status == INVALID:
            known = invalid_reason_of(live.reason)
            yield Unhealthy(address, INVALID, live.reason, known.cause, known.remedy, live.address.name)
        elif _is_disabled_by_somebody(comparison):
            yield Unhealthy(address, DISABLED, BY_SOMEBODY, remedy=ENABLES, name=live.address.name)
        elif not is_disabled(live.spec) and (why := "; ".join(_blocked(address, live, declared, index))):
            reason = f"it has no working compute environment: {why}"
            yield Unhealthy(address, BLOCKED, reason, remedy=UNBLOCKS, name=live.address.name)


def _is_disabled_by_somebody(comparison: Comparison) -> bool:
    fields = comparison.difference.fields if comparison.difference else ()
    return any(field.path == (MEMBER,) and field.drift and field.before == DISABLED for field in fields)


def _blocked(address: Address, live: Live, declared: Mapping[str, Comparison], index: LiveIndex) -> Iterator[str]:
    """Yield the reasons if none of those works of which the resource needs one.

    Those that the stack itself disables are not asked for a reason: where there are no others, it is as declared.
    """
    for row in KINDS[address.kind].fields:
        if not row.needs_one:
            continue
        named = [index.arns[arn] for _, _, arn in references((row,), live.spec) if arn in index.arns]
        if named and not any(_works(resource) for resource in named):
            yield from (_reason(resource) for resource in named if not _is_meant(resource, declared))


def _works(live: Live) -> bool:
    return live.status not in (INVALID, DELETING) and not is_disabled(live.spec)


def _is_meant(live: Live, declared: Mapping[str, Comparison]) -> bool:
    return live.arn in declared and is_disabled(declared[live.arn].desired.spec)


def _reason(live: Live) -> str:
    status = DISABLED if is_disabled(live.spec) and live.status != INVALID else live.status
    reason = f" ({live.reason})" if status == INVALID and live.reason else ""
    return f"{own_name(live.address.name)} is {status}{reason}"


# What is not changed, and what a different tool seems to manage.


def prefix_notes(stack: Stack, index: LiveIndex) -> Iterator[Problem]:
    for prefix, count in other_prefixes(index.named.values(), stack.name, stack.name_prefix).items():
        yield Problem(
            "PLAN006",
            f"not changed: {count} of stack {stack.name} under the name prefix {prefix!r}",
            severity=Severity.NOTE,
        )


def unread_notes(stack: Stack, unread: Mapping[str, CloudError]) -> Iterator[Problem]:
    for name, error in unread.items():
        reading = KINDS[name].read
        calls = " and ".join(f"batch:{call}" for call in (reading.listing, reading.operation) if call)
        yield Problem(
            "PLAN008",
            f"{KINDS[name].section} cannot be read. The stack declares none; "
            f"resources that stack {stack.name} still owns are kept ({error})",
            hint=f"grant {calls}",
            severity=Severity.NOTE,
        )


TWO_TOOLS = (
    "two tools would undo each other's changes: remove it from the state of the other tool, and the tag from the YAML"
)


def tool_notes(changes: Iterable[Change]) -> Iterator[Problem]:
    """Yield a warning for each adoption of what a tag says a different tool manages: the tag may be old."""
    for change in changes:
        mark = tool_tag_of(change.seen.tags) if change.seen and change.action is Action.ADOPT else None
        if mark:
            message = f"{change.address}: {mark.tool} seems to manage {change.name}, by its tag {mark.key}={mark.value}"
            yield Problem("PLAN012", message, change.where, TWO_TOOLS, Severity.WARNING)

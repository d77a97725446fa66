"""What is ignored, in a plan: a path that matches nothing is reported, a live value that does not fit is refused."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from fnmatch import fnmatchcase

from reconciler.diff.canonical import compact
from reconciler.diff.ignore import ignore_reasons, unmatched_paths, with_ignored
from reconciler.kinds import KINDS
from reconciler.model import Action, Address, Change, Declared, Desired, Ignored, Live, Spec, Stack, dotted
from reconciler.plan.decisions import Comparison, Decision
from reconciler.problems import Problem, Severity
from reconciler.rules import Subject, problems_of

HINT = "correct the path, or remove it"
KEEP = "keep the output of `plan -v`, which shows them; or declare them for the time of this change"
SENDING = (Action.CREATE, Action.UPDATE, Action.REVISION, Action.REPLACE, Action.BLUE_GREEN, Action.ADOPT)


def unmatched_notes(stack: Stack, comparisons: Iterable[Comparison]) -> Iterator[Problem]:
    """Yield a warning for each ignored path that matches nothing, declared or live."""
    compared = [(one.desired, one.live) for one in comparisons if one.live]
    idle = {one.address: unmatched_paths(KINDS[one.address.kind], one, live) for one, live in compared}
    for one, _ in compared:
        for path in one.lifecycle.ignore_changes:
            if path in idle[one.address]:
                message = f"{one.address}: lifecycle.ignoreChanges: {path} matches nothing, declared or live"
                yield Problem("IGN007", message, one.places.find(()), HINT, Severity.WARNING)
    for entry in stack.ignore:
        matching = [address for address in idle if fnmatchcase(str(address), entry.resources)]
        for path in entry.members if matching else ():
            if all(path in idle[address] for address in matching):
                message = f"ignore: {entry.resources}: {path} matches nothing, declared or live"
                yield Problem("IGN007", message, entry.where, HINT, Severity.WARNING)


def passing_notes(
    desired: Iterable[Desired], ignored: Mapping[Address, tuple[Ignored, ...]], changes: Iterable[Change]
) -> Iterator[Problem]:
    """Yield a warning for each live value that is ignored and that nothing on AWS holds for a while.

    That is so where the old resource has to go first: between its deletion and the creation, only the run knows it.
    """
    by_address = {one.address: one for one in desired}
    for change in changes:
        if change.action is Action.REPLACE and not change.refusals:
            reasons = ignore_reasons(by_address[change.address]).values()
            paths = ", ".join(dotted(one.path) for one in ignored.get(change.address, ()) if one.why in reasons)
            if paths:
                message = (
                    f"{change.address}: if this run is killed after the deletion, ignored live values are lost: {paths}"
                )
                yield Problem("IGN009", message, change.where, KEEP, Severity.WARNING)


def misfits(
    stack: Stack, comparisons: Iterable[Comparison], decisions: Iterable[Decision]
) -> dict[Address, tuple[Problem, ...]]:
    """Return what is refused since a live value that is ignored breaks a rule beside what is declared."""
    compared = list(comparisons)
    ignoring = [one.desired for one in compared if one.live and ignore_reasons(one.desired)]
    bodies = _Bodies(stack, tuple(ignoring), {one.desired.address: one.live for one in compared if one.live})
    different = bodies.different
    if not different:
        return {}
    needing = {
        one.desired.address for one in compared if not different.isdisjoint((one.desired.address, *one.desired.needs))
    }
    sent = (one for one in decisions if one.address in needing and _is_sent(one))
    return {one.address: tuple(_misfits(bodies, one.address)) for one in sent}


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
        return {one.address for one in self.ignoring if sent[one.address] != self.stack.declared[one.address].spec}

    def subject(self, but_for: str | None) -> Subject:
        """Return what rules see of the stack as it is sent, as if the path `but_for` were not ignored; None: all."""
        if but_for not in self._subjects:
            bodies: dict[Address, Spec | None] = {address: one.spec for address, one in self.stack.declared.items()}
            for one in self.ignoring if but_for is not None else ():
                kind, declared = KINDS[one.address.kind], self.stack.declared[one.address].spec
                paths = (path for path in ignore_reasons(one) if path != but_for)
                live = self.live[one.address]
                shown = compact(live.spec)  # AWS shows empty lists for what was never sent
                bodies[one.address] = with_ignored(kind, declared, shown, paths)
            self._subjects[but_for] = Subject(Address("", ""), {}, bodies, self.stack.region or "")
        return self._subjects[but_for]

    def problems(self, declared: Declared, but_for: str | None) -> list[Problem]:
        """Return the errors of a resource by the rules, likewise."""
        return self.problems_of(declared, self.subject(but_for).stack[declared.address] or {}, but_for)

    def problems_of(self, declared: Declared, body: Spec, but_for: str | None = None) -> list[Problem]:
        """Return the errors of a body of a resource, among the others as they are sent."""
        subject = self.subject(but_for)
        try:
            found = list(
                problems_of(replace(declared, spec=body), subject.of_resource(declared.address, body), strict=False)
            )
        except (
            LookupError,
            TypeError,
            AttributeError,
        ):  # its schema refuses it, and validate says so: no rule reads it
            return []
        return [one for one in found if one.severity is Severity.ERROR and one.code not in self.stack.disabled]


def _misfits(bodies: _Bodies, address: Address) -> Iterator[Problem]:
    declared = bodies.stack.declared[address]
    known = {(one.code, one.message) for one in bodies.problems(declared, None)}
    live = bodies.live.get(address)
    taken = (
        {one.code for one in bodies.problems_of(declared, compact(live.spec))} if live else set()
    )  # by AWS, as it is
    found = [
        one for one in bodies.problems(declared, "") if (one.code, one.message) not in known and one.code not in taken
    ]
    paths = dict.fromkeys(path for one in bodies.ignoring for path in ignore_reasons(one)) if found else {}
    for problem in found:
        to_blame = [path for path in paths if problem.code not in {one.code for one in bodies.problems(declared, path)}]
        named = ", ".join(to_blame or paths)
        message = f"{problem.message} (ignored, and kept as it is live: {named})"
        hint = f"declare what fits the live value, or do not ignore {named}; the rule is {problem.code}"
        yield Problem("IGN008", message, problem.where, hint)


def _is_sent(decision: Decision) -> bool:
    is_of_body = any(not field.noted and not field.is_of_tags for field in decision.fields)
    return decision.action in SENDING and is_of_body and not decision.refusals

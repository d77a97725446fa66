"""`lifecycle.retainRevisions`: of a stack's own revisions the newest few stay active, and those that are in use."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from itertools import groupby

from reconciler.kinds.base import Kind, RevisionUsers
from reconciler.live.facts import UNTOLD, Counts
from reconciler.live.ownership import owns
from reconciler.model import Address, Live, Stack, own_name
from reconciler.problems import CloudError, Fault, Problem, Severity, Where
from reconciler.syntax.diagnostics import listed


def surplus(stack: Stack, live: Live, retained: int, *, is_superseded: bool, with_unowned: bool) -> Sequence[int]:
    """Return what is beyond the newest `retained` of ours. The newest of all is ours by then, whoever registered it.

    `with_unowned`: revisions without an owner, as from before an adoption, count and go like ours.
    """
    newest = max(live.revisions)
    ours = {number for number, tags in live.owned.items() if _is_own(stack, live, tags)}
    own = ours | set(live.unowned) if with_unowned else ours
    older = sorted(number for number in own if is_superseded or number != newest)
    return older[: max(0, len(older) + 1 - retained)]


def _is_own(stack: Stack, live: Live, tags: Mapping[str, str]) -> bool:
    return owns(tags, live.address.name, stack.name, stack.name_prefix)


def without_others(stack: Stack, live: Live) -> Live:
    """Return what is live without the revisions that another owner's tags are on."""
    others = {number for number, tags in live.owned.items() if not _is_own(stack, live, tags)}
    return replace(live, revisions=tuple(number for number in live.revisions if number not in others))


def unknown_uses(using: RevisionUsers, uses: Counts) -> tuple[str, str]:
    """Return why nobody knows what is in use, and the way out; nothing if it is known."""
    if isinstance(uses, CloudError):
        return str(uses), f"grant batch:{using.operation}" if uses.fault is Fault.DENIED else ""
    if uses.get(UNTOLD):
        return f"{using.operation} does not return the {using.member} of {_users(uses[UNTOLD], using)}", ""
    return "", ""


def deregisters(numbers: Iterable[int], live: Live) -> str:
    """Say which revisions go, and whose they are: callers outside this stack may use those without an owner."""
    going = sorted(numbers)
    unowned = sorted(set(going) & set(live.unowned))
    if not unowned:
        return f"deregisters {revisions(going)}"
    first = min(live.owned, default=0)
    groups = {
        "registered before the adoption": [number for number in unowned if number < first],
        "registered outside this stack": [number for number in unowned if number > first],
    }
    whose = ", ".join(f"{_numbered(numbers)} {how}" for how, numbers in groups.items() if numbers)
    have = "has" if len(unowned) == 1 else "have"
    return f"deregisters {revisions(going)}, of which {len(unowned)} {have} no owner: {whose}"


def revisions(numbers: Iterable[int]) -> str:
    """Name revisions as people do: `revision 3`, `revisions 1 to 4, 6 and 8`."""
    ordered = sorted(numbers)
    return f"revision{'s' if len(ordered) > 1 else ''} {_numbered(ordered)}"


def _numbered(ordered: Iterable[int]) -> str:
    words = list[str]()
    for _, group in groupby(enumerate(ordered), lambda numbered: numbered[1] - numbered[0]):
        run = [str(number) for _, number in group]
        words += [f"{run[0]} to {run[-1]}"] if len(run) > 2 else run  # noqa: PLR2004 - two are told numbered by numbered
    return listed(words, "and")


def in_use(live: Live, numbers: Iterable[int], uses: Counts) -> dict[int, int]:
    """Return which of these revisions are in use, and by how many."""
    if isinstance(uses, CloudError):
        return {}
    name = own_name(live.address.name)
    return {number: uses[f"{name}:{number}"] for number in numbers if uses.get(f"{name}:{number}")}


def kept_note(address: Address, used: Mapping[int, int], using: RevisionUsers, where: Where | None) -> Problem:
    """Say which revisions stay, since they are in use."""
    verb = "is" if len(used) == 1 else "are"
    by = _users(sum(used.values()), using)
    message = f"{address}: {revisions(used)} {verb} not pruned: in use by {by}"
    hint = "a later plan prunes revisions that are no longer in use"
    return Problem("REV001", message, where, hint, Severity.NOTE)


def unknown_note(kind: Kind, using: RevisionUsers, uses: Counts) -> Iterator[Problem]:
    """Yield why nothing is pruned, where it is not known what is in use."""
    why, hint = unknown_uses(using, uses)
    if why:
        message = f"no {kind.noun} is pruned: the revisions that {using.noun}s use are unknown ({why})"
        yield Problem("REV002", message, hint=hint, severity=Severity.WARNING)


def _users(count: int, using: RevisionUsers) -> str:
    return f"{count} {using.noun}{'' if count == 1 else 's'}"

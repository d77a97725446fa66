"""Commands that a person can copy to see more, or to have a stack repaired; none that takes anything away."""

import re
import shlex
from collections.abc import Iterable, Iterator, Sequence

from reconciler.kinds import KINDS
from reconciler.kinds.ailments import LOOKS, Look
from reconciler.kinds.reading import Reading
from reconciler.model import Action, Identity, Json, member_at
from reconciler.ownership import own_name
from reconciler.plan.standing import ResourceStatus, StackStatus

Words = Sequence[str]  # of a command line: a stack, and the options that lead to the same place
REPAIRS = (Action.REPAIR, Action.UPDATE, Action.CREATE, Action.REVISION)


def commands(found: StackStatus, one: ResourceStatus, members: Iterable[str], again: Words) -> tuple[str, ...]:
    """Return them for one resource. `members` of it are worth a look; `again` leads to the stack."""
    return tuple(_line(words) for words in (*_looks(found.identity, one, members), *_own(one, again)))


def _looks(identity: Identity, one: ResourceStatus, members: Iterable[str]) -> Iterator[tuple[str, ...]]:
    if one.live is None:
        return
    here = ("--region", identity.region)
    for member in members:
        for place, look in LOOKS.items():
            if place == member or place.startswith(f"{member}."):
                yield from _look(look, member_at(one.live.spec, place.split(".")), here)
    kind = KINDS[one.address.kind]
    yield (*_described(kind.reading, one.live.arn if kind.reading.by_arn else one.name), *here)
    if kind.holding:
        holding = kind.holding(one.live.spec)
        words = ("aws", "batch", _dashed(holding.operation))
        yield (*words, f"--{_dashed(holding.of_member)}", one.name, "--job-status", holding.waiting, *here)


def _look(look: Look, value: Json, here: tuple[str, ...]) -> Iterator[tuple[str, ...]]:
    names = [own_name(name) for name in ([value] if isinstance(value, str) else value or ())]
    if names:
        yield ("aws", *look.command.split(), look.option, *names, *(here if look.regional else ()))


def _described(reading: Reading, name: str) -> tuple[str, ...]:
    return ("aws", "batch", _dashed(reading.operation), f"--{_dashed(reading.names)}", name)


def _own(one: ResourceStatus, again: Words) -> Iterator[tuple[str, ...]]:
    repairs = any(change.action in REPAIRS and not change.refusals for change in one.changes)
    if one.changes:
        yield ("reconciler", "apply" if repairs else "plan", *again, "--target", str(one.address))


def _line(words: Iterable[str]) -> str:
    return " ".join(shlex.quote(word) for word in words)


def _dashed(word: str) -> str:
    """Spell a word of the API as the AWS CLI does."""
    return re.sub(r"(?<=[a-z])(?=[A-Z])", "-", word).lower()

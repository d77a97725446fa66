"""What a name was meant to be that its structure does not have: another spelling, a typo, a member of another one."""

import re
from collections.abc import Mapping
from difflib import get_close_matches
from functools import lru_cache
from itertools import chain
from typing import NamedTuple

from reconciler.kinds.base import Kind
from reconciler.model import Json, Path
from reconciler.validate.vocabulary import EACH, MemberPlace, Vocabulary, inside, letters, spelled

STYLES: Mapping[str, re.Pattern[str]] = {
    "PascalCase": re.compile(r"[A-Z][A-Za-z0-9]*[a-z][A-Za-z0-9]*"),
    "snake_case": re.compile(r"[A-Za-z0-9]+(_[A-Za-z0-9]+)+"),
    "kebab-case": re.compile(r"[A-Za-z0-9]+(-[A-Za-z0-9]+)+"),
}
# How near a member must be; so near that it counts although another structure has the very name; so near as to be
# looked for in other structures.
ALIKE, TWIN, ELSEWHERE = 0.7, 0.85, 0.85


class StrayField(NamedTuple):
    """A name that the structure at `path` does not have, and what is written under it."""

    name: str
    value: Json
    path: Path

    @property
    def here(self) -> Path:
        return tuple(EACH if isinstance(step, int) else step for step in self.path)


class TypoHabit(NamedTuple):
    """One mistake that many members can share: what is said before and after those that were meant."""

    before: str
    after: str


class Verdict(NamedTuple):
    """What was meant: a member of the same structure (`own`), one that belongs elsewhere (`home`), or nothing."""

    hint: str
    own: str = ""
    home: MemberPlace | None = None
    habit: TypoHabit | None = None


def verdict(stray: StrayField, body: Json, kind: Kind, vocabulary: Vocabulary) -> Verdict:
    """Say what was meant by a name in a body."""
    homes, name, here = vocabulary.homes(kind), letters(stray.name), stray.here
    own = {letters(home.member): home for home in chain(*homes.values()) if home.path == here}
    if stray.name in (*kind.response_only, kind.arn_member):
        return Verdict("only answers of the API have it: leave it out")
    if not here and name == "name":
        return Verdict("the key above is the name: leave it out")
    if name in own:
        return _restyled(own[name].member, stray.name)
    if missing := _begun(stray, body, own, vocabulary.required(kind, stray.path)):
        return Verdict(f"did you mean {missing}?", missing)
    same = homes.get(name, [])
    home = _closest([one for one in same if one.takes(stray.value)] or same, here, body)
    near = _nearest(name, own, TWIN if home else ALIKE)
    if near and not (home and _suits_better(home, near, stray.value, kind, vocabulary)):
        other = f" Or {home.member}, which {_belongs(home, here)}?" if home else ""
        return Verdict(f"did you mean {near.member}?{other}", near.member)
    if home:
        plural = TypoHabit("", f" {_belongs(home, here, 'belong')}")
        return Verdict(f"{home.member} {_belongs(home, here)}", home=home, habit=plural)
    return Verdict(_last_resort(stray, body, homes, own))


def _begun(stray: StrayField, body: Json, own: Mapping[str, MemberPlace], required: tuple[str, ...]) -> str:
    """Return the one member that is missing here and begins with this name: `value` for `valueFrom`."""
    for step in stray.path:
        body = inside(body, step) if not isinstance(step, int) else _entry(body, step)
    written = {letters(str(key)) for key in body} if isinstance(body, Mapping) else set()
    begun = [one for one in required if letters(one).startswith(letters(stray.name)) and letters(one) not in written]
    return begun[0] if len(begun) == 1 and own[letters(begun[0])].takes(stray.value) else ""


def _entry(value: Json, index: int) -> Json:
    return value[index] if isinstance(value, list) and index < len(value) else None


def _suits_better(home: MemberPlace, near: MemberPlace, value: Json, kind: Kind, vocabulary: Vocabulary) -> bool:
    """Whether what is written fits a member of that very name elsewhere better than one here of a name like it."""
    if home.takes(value) != near.takes(value) or not isinstance(value, Mapping):
        return home.takes(value) and not near.takes(value)
    written = {letters(str(key)) for key in value}
    known = ({*map(letters, vocabulary.members(kind, (*one.path, one.member)))} for one in (home, near))
    there, here = (len(written & names) for names in known)
    return there > here


def _restyled(own: str, name: str) -> Verdict:
    style = next((style for style, form in STYLES.items() if form.fullmatch(name)), "")
    if not style:
        return Verdict(f"did you mean {own}?", own)
    habit = TypoHabit(f"members are in camelCase, not {style}: did you mean ", "?")
    return Verdict(own.join(habit), own, habit=habit)


def _last_resort(
    stray: StrayField, body: Json, homes: Mapping[str, list[MemberPlace]], own: Mapping[str, MemberPlace]
) -> str:
    name, here = letters(stray.name), stray.here
    far = homes.get(_alike(name, tuple(homes), ELSEWHERE), [])
    if home := _closest(far, here, body):
        return f"did you mean {home.member}? It {_belongs(home, here)}"
    return f"members here: {', '.join(home.member for home in own.values())}"


def _belongs(home: MemberPlace, here: Path, verb: str = "belongs") -> str:
    """Say where a home is, seen from another structure."""
    if home.path != here[: len(home.path)]:
        return f"{verb} in {spelled(home.path)}"
    beside, *inner = here[len(home.path) :]
    levels = 1 + sum(isinstance(step, str) for step in inner)
    higher = "one level higher" if levels == 1 else f"{levels} levels higher"
    return f"{verb} beside {spelled((*home.path, beside))}, {higher}"


def _nearest(name: str, own: Mapping[str, MemberPlace], cutoff: float) -> MemberPlace | None:
    return own.get(_alike(name, tuple(own), cutoff))


@lru_cache
def _alike(name: str, known: tuple[str, ...], cutoff: float) -> str:
    """One mistake is often made in many places, and looking for what was meant takes time."""
    return next(iter(get_close_matches(name, known, n=1, cutoff=cutoff)), "")


def _closest(homes: list[MemberPlace], here: Path, body: Json) -> MemberPlace | None:
    """Return the home that the body has, or most of it; of equals the one that is the fewest steps away."""

    def distance(home: MemberPlace) -> tuple[int, int, int]:
        return _lacking(body, home.path), _apart(home.path, here), len(home.path)

    return min(homes, key=distance, default=None)


def _lacking(body: Json, path: Path) -> int:
    """Return how many steps of a path lead out of a body."""
    for at, step in enumerate(path):
        body = inside(body, step)
        if body is None:
            return len(path) - at
    return 0


def _apart(one: Path, other: Path) -> int:
    shared = 0
    while one[shared : shared + 1] == other[shared : shared + 1] != ():
        shared += 1
    return len(one) + len(other) - 2 * shared

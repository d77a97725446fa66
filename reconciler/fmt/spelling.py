"""Which member, or which value of an enumeration, somebody meant; only where there can be no doubt."""

import difflib
from collections.abc import Collection, Mapping

from reconciler.model import Json
from reconciler.validate.vocabulary import letters

SHORTEST = 4  # letters; in shorter words every letter makes another word
ALIKE = 0.7  # how near a suggestion must be


def spelled(word: str, choices: Collection[str]) -> str:
    """Return the choice that has the same letters, in whatever case and with whatever between them; or nothing."""
    same = [choice for choice in choices if letters(choice) == letters(word)]
    return same[0] if len(same) == 1 else ""


def mistyped(word: str, choices: Collection[str]) -> str:
    """Return the only choice that is one slip of a finger away, or nothing."""
    near = [one for one in choices if len(letters(one)) >= SHORTEST and is_one_slip(letters(word), letters(one))]
    return near[0] if len(near) == 1 else ""


def is_one_slip(word: str, other: str) -> bool:
    """Whether one letter is missing, too many or another one, or two neighbours have changed places.

    A number that differs is meant so.
    """
    while word and other and word[0] == other[0]:
        word, other = word[1:], other[1:]
    while word and other and word[-1] == other[-1]:
        word, other = word[:-1], other[:-1]
    if any(character.isdigit() for character in word + other):
        return False
    is_swapped = len(word) == 2 and word == other[::-1]  # noqa: PLR2004 - two neighbours
    return is_swapped or max(len(word), len(other)) <= 1


def own_case(value: str, shape: Mapping[str, Json]) -> str:
    """Return the API's own spelling of an enumeration's value, which stands first in the schema; else the value."""
    return next((str(choice) for choice in shape.get("enum", ()) if str(choice).lower() == value.lower()), value)


def nearest(word: str, choices: Collection[str]) -> str:
    """Return the choice that a word resembles most, or nothing if it resembles none."""
    own = {letters(choice): choice for choice in choices}
    near = difflib.get_close_matches(letters(word), own, n=1, cutoff=ALIKE)
    return own[near[0]] if near else ""

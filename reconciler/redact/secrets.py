"""Values that are secret by declaration, look-up, name or looks: removed before anything is shown."""

import base64
import json
import re
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from functools import cache
from urllib.parse import quote, quote_plus

from reconciler.live.ownership import APPLIED, DIGEST, without_digest
from reconciler.model import Json, Path
from reconciler.placeholders import FINDABLE, is_secret_name, is_secret_text
from reconciler.problems import CloudError, Problem, Stopped

# Values under secret-looking names are replaced in every output, so that only a change shows.

REDACTED = "<redacted>"
CHANGED = "<redacted, changed>"

# Members of the API under which users choose the names.
_NAMED_BY_USERS = frozenset(
    {"annotations", "capacityTags", "env", "environment", "labels", "options", "parameters", "tags"}
)
# Members of the API whose name sounds secret and whose content is not: they say where a secret is.
_POINTERS = frozenset(
    {
        "credentialsParameter",
        "imagePullSecrets",
        "nextToken",
        "repositoryCredentials",
        "secret",
        "secretName",
        "secretOptions",
        "secrets",
        "valueFrom",
    }
)
_UNKNOWN = object()  # nothing to compare with


def redacted(value: Json, other: Json = _UNKNOWN) -> Json:
    """Return `value` without secrets, at every depth. Where `other`, its former self, differs, that is said."""
    return _walk(value, other, chosen=False)


def secret_paths(value: Json) -> Iterator[tuple[Path, str]]:
    """Yield the members that are kept from sight, each with the name under which people know it."""
    shown = redacted(value)
    if shown != value:  # most have none
        yield from _differing(value, shown, (), "")


def redacted_sides(path: Path, before: Json, after: Json) -> tuple[Json, Json]:
    """Return what may be shown of both sides of a field."""
    if path[-1] == APPLIED:
        return _records(before, after)
    if _is_secret_path(path):
        return _hide(before, _UNKNOWN), _hide(after, before)
    chosen = path[-1] in _NAMED_BY_USERS
    return _walk(before, _UNKNOWN, chosen=chosen), _walk(after, before, chosen=chosen)


def redacted_text(text: str) -> str:
    """Return prose (a message of the service, say) without the secrets that their form gives away."""
    if not is_secret_text(text):  # then no word of it is one
        return text
    return " ".join(REDACTED if is_secret_text(word) else word for word in text.split(" "))


def _records(before: str | None, after: str | None) -> tuple[str | None, str | None]:
    """Return both records of what was applied; that one is another than the other still shows."""
    plain = [None if record is None else without_digest(record) for record in (before, after)]
    if plain[0] == plain[1] and before != after:
        return plain[0], str(plain[1]).replace(DIGEST, f"a different {DIGEST}", 1)
    return plain[0], plain[1]


def _is_secret_path(path: Path) -> bool:
    """Whether a user's name on the way sounds secret: that of an environment variable, a parameter, a tag."""
    start = next((index for index, step in enumerate(path[:-1]) if step in _NAMED_BY_USERS), len(path))
    return is_secret_name(".".join(map(str, path[start + 1 :])))


def _walk(value: Json, other: Json, *, chosen: bool) -> Json:
    """`chosen`: users chose the keys of this mapping, so a secret-looking one hides all that is under it."""
    if isinstance(value, str):
        return _hide(value, other) if is_secret_text(value) else value
    if isinstance(value, Mapping):
        return {key: _member(str(key), value, other, chosen=chosen) for key in value}
    if isinstance(value, list | tuple):
        return [_walk(item, _at(other, index), chosen=chosen) for index, item in enumerate(value)]
    return value


def _member(key: str, owner: Mapping[str, Json], other: Json, *, chosen: bool) -> Json:
    value, former = owner[key], _at(other, key)
    if key == APPLIED:
        return without_digest(str(value))
    named = owner.get("name")
    if key == "value" and isinstance(named, str) and is_secret_name(named):
        return _hide(value, former)
    is_entry = chosen and "value" in owner and isinstance(named, str)
    if chosen and not is_entry and is_secret_name(key):
        return _hide(value, former)
    if key not in _POINTERS and is_secret_name(key) and not _holds_mappings(value):
        return _hide(value, former)
    return _walk(value, former, chosen=key in _NAMED_BY_USERS)


def _hide(value: Json, other: Json) -> Json:
    if isinstance(value, Mapping):
        return {key: _hide(inner, _at(other, key)) for key, inner in value.items()}
    if isinstance(value, list | tuple):
        return [_hide(inner, _at(other, index)) for index, inner in enumerate(value)]
    if value is None:
        return None
    return REDACTED if other is _UNKNOWN or other is None or other == value else CHANGED


def _differing(value: Json, shown: Json, path: Path, name: str) -> Iterator[tuple[Path, str]]:
    if isinstance(value, Mapping):
        own = value.get("name")
        for key, inner in value.items():
            known = str(own) if key == "value" and isinstance(own, str) else str(key)
            yield from _differing(inner, shown[key], (*path, key), known)
    elif isinstance(value, list | tuple):
        for index, item in enumerate(value):
            yield from _differing(item, shown[index], (*path, index), name)
    elif value != shown:
        yield path, name


def _at(other: Json, step: str | int) -> Json:
    if other is _UNKNOWN:
        return _UNKNOWN
    if isinstance(other, Mapping):
        return other.get(step, _UNKNOWN)
    if isinstance(other, list | tuple) and isinstance(step, int) and step < len(other):
        return other[step]
    return _UNKNOWN


def _holds_mappings(value: Json) -> bool:
    return isinstance(value, Mapping) or (
        isinstance(value, list | tuple) and any(isinstance(item, Mapping) for item in value)
    )


SHORT_WORD = 2  # shorter texts are only found as whole values: as words they are in every sentence
SHORT_LINE = 8  # shorter lines of a text are only found with the others


@dataclass(frozen=True, slots=True)
class Secrets:
    """The texts that no output may show, and those `composed` with one that is too short to be found in them."""

    texts: frozenset[str] = frozenset()
    composed: frozenset[str] = frozenset()

    def __bool__(self) -> bool:
        return bool(self.texts or self.composed)

    def and_former(self, declared: Json, former: Iterable[Json]) -> "Secrets":
        """Return these and the values that others have where `declared` has a secret: it was one before, too."""
        more = {text for other in former for text in self._former(declared, other)}
        return replace(self, texts=self.texts | more)

    def and_those(self, others: "Secrets") -> "Secrets":
        return Secrets(self.texts | others.texts, self.composed | others.composed)

    def are_in(self, text: str) -> bool:
        """Whether a value is a secret, or holds one."""
        return text in self.texts or any(form in text for form in _forms(self.texts, self.composed))

    def text(self, text: str) -> str:
        """Return prose without secrets. Short ones are found there as words alone: `is 734, not 8`."""
        for form in _forms(self.texts, self.composed):
            text = text.replace(form, REDACTED)
        if (words := _words(self.texts)) is not None:
            text = words.sub(REDACTED, text)
        return REDACTED if text in self.texts else text

    @contextmanager
    def kept(self) -> Iterator[None]:
        """Let no error that leaves the block contain a secret: AWS, libraries and bugs repeat what they were given."""
        try:
            yield
        except CloudError as error:
            raise replace(error, message=self.text(error.message), hint=self.text(error.hint)) from None
        except Stopped as stopped:
            stopped.message, stopped.hint = self.text(stopped.message), self.text(stopped.hint)
            stopped.problems = self.problems(stopped.problems)
            raise
        except Exception as error:
            message = f"{type(error).__name__}: {error}"
            if self.text(message) == message:
                raise
            raise RuntimeError(self.text(message)).with_traceback(error.__traceback__) from None

    def value(self, value: Json) -> Json:
        if isinstance(value, Mapping):
            return {key: self.value(item) for key, item in value.items()}
        if isinstance(value, list | tuple):
            return [self.value(item) for item in value]
        return REDACTED if _is_scalar(value) and self.are_in(str(value)) else value

    def problems(self, problems: tuple[Problem, ...]) -> tuple[Problem, ...]:
        texts = ((problem, self.text(problem.message), self.text(problem.hint)) for problem in problems)
        return tuple(replace(problem, message=message, hint=hint) for problem, message, hint in texts)

    def _former(self, declared: Json, other: Json) -> Iterator[str]:
        if isinstance(declared, Mapping) and isinstance(other, Mapping):
            for key in declared.keys() & other.keys():
                yield from self._former(declared[key], other[key])
        elif declared != self.value(declared):
            kept = set(_scalars(declared))  # of a list: what stands in both and is no secret itself
            yield from (text for text in _scalars(other) if text not in kept)

    def pair(self, before: Json, after: Json) -> tuple[Json, Json]:
        """Where the new value is secret, the old one was, too: it is only not known any more."""
        if isinstance(before, Mapping) and isinstance(after, Mapping):
            pairs = {key: self.pair(before.get(key), after.get(key)) for key in {**before, **after}}
            return {key: pairs[key][0] for key in before}, {key: pairs[key][1] for key in after}
        shown = self.value(after)
        if shown == after:
            return self.value(before), shown
        if isinstance(before, list | tuple) and isinstance(after, list | tuple):
            hidden = [item if item in after and self.value(item) == item else REDACTED for item in before]
            return hidden, [
                CHANGED if new == REDACTED and item not in before else new
                for item, new in zip(after, shown, strict=True)
            ]
        if before is None:
            return None, shown
        return REDACTED, shown if before == after or shown != REDACTED else CHANGED


def _scalars(value: Json) -> Iterator[str]:
    """Yield every text and number in a value."""
    if isinstance(value, Mapping | list | tuple):
        for item in value.values() if isinstance(value, Mapping) else value:
            yield from _scalars(item)
    elif _is_scalar(value):
        yield str(value)


@cache
def _forms(texts: frozenset[str], composed: frozenset[str]) -> tuple[str, ...]:
    """Return the texts as they may be repeated, longest first: whole or by line, in JSON, Python, a URL or base64.

    Short ones are left out: inside of other texts they would be everywhere.
    """
    long = {text for text in (*texts, *composed) if len(text) >= FINDABLE}
    long |= {line for text in texts for line in map(str.strip, text.splitlines()) if len(line) >= SHORT_LINE}
    forms = {form for text in long for form in _spellings(text)}
    return tuple(sorted(forms, key=lambda form: (-len(form), form)))


@cache
def _words(texts: frozenset[str]) -> re.Pattern[str] | None:
    """Return what finds the short texts where they stand alone; None if there are none."""
    short = sorted((text for text in texts if SHORT_WORD <= len(text) < FINDABLE), key=len, reverse=True)
    return re.compile(rf"(?<![\w.:-])({'|'.join(map(re.escape, short))})(?![\w:-]|\.\w)") if short else None


def _spellings(text: str) -> Iterator[str]:
    raw = text.encode("utf-8", "surrogatepass")
    yield from (text, json.dumps(text)[1:-1], json.dumps(text, ensure_ascii=False)[1:-1])
    yield from (repr(text)[1:-1], ascii(text)[1:-1])
    yield from (quote(raw), quote(raw, safe=""), quote_plus(raw))
    yield from (encode(raw).decode("ascii").rstrip("=") for encode in (base64.b64encode, base64.urlsafe_b64encode))


def _is_scalar(value: Json) -> bool:
    return value is not None and not isinstance(value, bool)

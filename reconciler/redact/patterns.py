"""Secrets never appear in an output: values under secret-looking names are replaced, so that only a change shows."""

from collections.abc import Iterator, Mapping

from reconciler.live.ownership import APPLIED, DIGEST, without_digest
from reconciler.model import Json, Path
from reconciler.placeholders import is_secret_name, is_secret_text

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
    """Return prose (a message of the service, say) without the secrets that can be told by their looks."""
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

"""Paths by which users name what is left alone: `containerProperties.environment.LEVEL`, `evaluateOnExit[0].action`.

Text → a tuple of steps, each a field, a position, or the name of an entry or a key. The steps follow the rows of a
kind, so that no reader of a path splits text. Bodies decide only what the rows leave open: whether a name that has
dots is one name, and whether a number is one.
"""

import difflib
import json
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase

from reconciler.kinds.base import Field, Form, Kind, Rows, Unmanaged
from reconciler.model import TAGS, Json, Path, Spec, dotted
from reconciler.placeholders import Unknown

_TOKEN = re.compile(
    r"""\.?\[(?:(?P<quoted>"(?:[^"\\]|\\.)*")|'(?P<single>[^']*)'|(?P<bracketed>[^\[\]]+))\]|\.(?P<plain>[^.\[\]]+)""",
    re.DOTALL,
)
TYPO = 0.75  # how much the end of a name has to be like a field for it to be one that is misspelt
_POSITION = re.compile(r"\[[0-9]+\]")  # the key of an entry that has none, in canonical bodies
LISTS = (Form.SET, Form.ORDERED, Form.RANKED)  # whose entries have no name
WITH_ENTRIES = (Form.KEYED, Form.MAP, *LISTS)


@dataclass(frozen=True, slots=True)
class Named:
    """The entries of a list, or the keys of a mapping, that are called so; `*` and `?` match."""

    pattern: str

    def among(self, names: Iterable[str]) -> set[str]:
        """Return the names that match. A name that equals the pattern matches alone: share identifiers end in *."""
        known = list(names)
        return {self.pattern} & set(known) or {name for name in known if fnmatchcase(name, self.pattern)}

    @property
    def is_pattern(self) -> bool:
        return any(sign in self.pattern for sign in "*?")


EVERY = Named("*")
Step = str | int | Named
Steps = tuple[Step, ...]


def field_of(rows: Iterable[Field | Unmanaged], step: Step) -> Field | None:
    """Return the row that a step leads to; None where there is none, as below what our tables do not know."""
    row = Rows.of(rows).by_name.get(step) if isinstance(step, str) else None
    return row if isinstance(row, Field) else None


class PathError(Exception):
    """A path names nothing that its kind has. `hint` says what was meant, or what there is."""

    def __init__(self, hint: str) -> None:
        super().__init__(hint)
        self.hint = hint


class _LacksEntryError(PathError):
    """A path leads into a list without saying into which entry; `left` is how many of its tokens are left there."""

    def __init__(self, row: Field, left: int, names: Iterable[str]) -> None:
        super().__init__(f"{row.name} is a list")
        self.row, self.left, self.names = row, left, tuple(names)


def parse(kind: Kind, text: str, *bodies: Spec) -> Steps:
    """Read a path. `bodies` are those that it may be about. Raises `PathError`."""
    tokens = _tokens(text)
    try:
        return tuple(_members(kind.rows, tokens, bodies))
    except _LacksEntryError as lacking:
        raise PathError(_with_entry(kind, tokens, bodies, lacking)) from None


def _with_entry(kind: Kind, tokens: Sequence["_Token"], bodies: Sequence[Spec], lacking: _LacksEntryError) -> str:
    """Say how to write a path that leads into a list."""
    at = len(tokens) - lacking.left
    written = [*tokens[:at], _Token(EVERY.pattern, is_bracketed=False), *tokens[at:]]
    try:
        tuple(_members(kind.rows, written, bodies))
    except _LacksEntryError as further:
        return _with_entry(kind, written, bodies, further)
    except PathError as wrong:
        return f"{lacking.row.name} is a list: select an entry, or * for all of them; {wrong.hint}"
    entry = lacking.names[0] if lacking.names else position(0) if is_unnamed(lacking.row) else f"the {lacking.row.key}"
    return (
        f"{lacking.row.name} is a list: write {_text(written)} for all of its entries; for one, {entry} in place of *"
    )


def _text(tokens: Iterable["_Token"]) -> str:
    steps = (token.number if token.is_bracketed and token.number is not None else token.text for token in tokens)
    return dotted(tuple(steps))


def steps_of(kind: Kind, text: str, *bodies: Spec) -> Steps | None:
    """Read a path; None if it leads nowhere."""
    try:
        return parse(kind, text, *bodies)
    except PathError:
        return None


def chosen(row: Field | None, entries: Sequence[Json], step: Step) -> set[int]:
    """Return which entries of a list a step means, by their positions."""
    if isinstance(step, int):
        return {step} & set(range(len(entries)))
    if row is None or is_unnamed(row) or not isinstance(step, Named):
        return set(range(len(entries)))
    names = names_of(row, entries)
    meant = step.among(names)
    return {index for index, name in enumerate(names) if name in meant}


def names_of(row: Field | None, entries: Sequence[Json]) -> list[str]:
    """Return how users name the entries of a list."""
    return [
        key_of(row, entry, index) if row and row.key and isinstance(entry, Mapping) else position(index)
        for index, entry in enumerate(entries)
    ]


def is_in(kind: Kind, body: Spec, steps: Steps) -> bool:
    """Whether a body has something at a path."""
    return _is_in(kind.rows, body, steps)


def is_written(kind: Kind, body: Spec, path: Path) -> bool:
    """Whether a body has something at `path`, be it the value that the service assumes anyway."""
    return is_in(kind, body, named_steps(kind, path))


def named_steps(kind: Kind, path: Path) -> Steps:
    """Return the steps of the path of a change: what it says of entries and keys are their names."""
    return tuple(Named(step) if row and isinstance(step, str) else step for step, row, _ in _walk(kind, path))


def canonical_path(kind: Kind, keys: Sequence[str]) -> Path:
    """Return the path that leads to where `keys` lead in a canonical body: there, `[0]` is the key of what has none."""
    return tuple(
        step_of(str(key)) if row is not None and row.form is Form.KEYED else key
        for key, row, _ in _walk(kind, tuple(keys))
    )


def step_of(key: str) -> str | int:
    """Return the step that leads to an entry of a keyed list, by its key in the canonical body."""
    return int(key[1:-1]) if _POSITION.fullmatch(key) else key


def written_path(kind: Kind, body: Spec, path: Path) -> Path:
    """Return where a body has what a change at `path` is about: entries of lists by their positions in it.

    It ends where the body has nothing. A size that is written in its legacy field is there.
    """
    return tuple(_written_steps(kind, body, path))


def _written_steps(kind: Kind, value: Json, path: Path) -> Iterator[str | int]:
    for index, (step, holder, rows) in enumerate(_walk(kind, path)):
        found: str | int | None
        if isinstance(value, Mapping):
            found = step if step in value else _legacy_name(rows, path[index : index + 2])
        elif holder is None or holder.form is Form.KEYED:
            found = _index_of(holder, value, step) if isinstance(value, list | tuple) else None
        else:  # positions are those in the canonical list, which is sorted
            found = None
        if found is None:
            return
        yield found
        value = value[found]


def _index_of(row: Field | None, entries: Sequence[Json], step: str | int) -> int | None:
    """Return the position of an entry. Of namesakes, `A#2` is the second `A`."""
    if isinstance(step, int) or row is None:
        return step if isinstance(step, int) and 0 <= step < len(entries) else None
    names, known = names_of(row, entries), spelled_key(row, step)
    if known in names:
        return names.index(known)
    base, _, number = known.rpartition("#")
    alike = [index for index, name in enumerate(names) if name == base] if number.isdecimal() else []
    return alike[min(int(number), len(alike)) - 1] if alike else None


def _legacy_name(rows: Rows, steps: Path) -> str | None:
    """Return the legacy field of a size whose modern place is at these steps."""
    return next((legacy.name for legacy, place in rows.legacy_aliases if steps == place[::-1]), None)


def _walk(kind: Kind, path: Path) -> Iterator[tuple[str | int, Field | None, Rows]]:
    """Yield each step of a path: of an entry or key with the row of its list or mapping, of a field with its rows."""
    rows, holder = Rows.of(kind.rows), None
    for step in path:
        yield step, holder, rows
        row = None if holder else field_of(rows, step)
        rows = Rows.of(holder.fields if holder else row.fields if row else ())
        holder = row if row is not None and row.form in WITH_ENTRIES else None


def tag_pattern(text: str) -> str | None:
    """Return which tags the text of a path is about, as a pattern; None if it is about a field of the body."""
    if text == TAGS:
        return EVERY.pattern
    tokens = list(_TOKEN.finditer(f".{text}")) if text.startswith(f"{TAGS}[") else []
    if len(tokens) == 2 and tokens[1].end() == len(text) + 1:  # noqa: PLR2004 - `tags`, and the name in brackets
        return re.sub(r"[*?[]", r"[\g<0>]", _token(tokens[1]).text)
    return text.removeprefix(f"{TAGS}.") if text.startswith(f"{TAGS}.") else None


def update_unit(kind: Kind, path: Path) -> tuple[str, ...]:
    """Return the field that an update sends as a whole when something at `path` changes."""
    top = kind.field(str(path[0]))
    return tuple(map(str, path[:2] if top is not None and top.merges else path[:1]))


def lacking(kind: Kind, body: Spec, steps: Steps) -> str:
    """Return what a body lacks of the way to a path; empty if something can be at the path.

    An entry of a list, or a key, may be live that the body does not have: others may add it. A field of an entry that
    the body does not have is not sent, unless the entry has no other field.
    """
    return _lacking(kind.rows, body, steps, "")


def twin(kind: Kind, steps: Steps) -> Steps | None:
    """Return the other place of a size that can be written in two (`memory`, the MEMORY of resourceRequirements)."""
    rows = Rows.of(kind.rows)
    for index, step in enumerate(steps):
        for legacy, (resource, home) in rows.legacy_aliases:
            if step == legacy.name:
                return (*steps[:index], home, Named(resource))
            if step == home and steps[index + 1 : index + 2] == (Named(resource),):
                return (*steps[:index], legacy.name)
        if isinstance(step, str):
            row = field_of(rows, step)
            rows = Rows.of(row.fields if row else ())
    return None


def is_unnamed(row: Field) -> bool:
    """Whether the entries of a list have no key, so that only their position identifies them."""
    return row.form in LISTS or (row.form is Form.KEYED and not row.key)


def key_of(row: Field, entry: Spec, index: int) -> str:
    """Return how users name an entry of a keyed list: by its key, or by its position where it has none."""
    key_row = Rows.of(row.fields).by_name.get(row.key)
    default = key_row.default if isinstance(key_row, Field) else None
    value = entry.get(row.key, default)
    return position(index) if value is None else spelled_key(row, str(value))


def spelled_key(row: Field, name: str) -> str:
    """Return the name of an entry in the one spelling that all spellings of it share."""
    key_row = Rows.of(row.fields).by_name.get(row.key)
    return spelled(key_row, name) if isinstance(key_row, Field) else name


def spelled(row: Field, text: str) -> str:
    match row.form:
        case Form.CASELESS:
            return text.upper()
        case Form.RANGE:
            return f"0{text}" if text.startswith(":") else text
        case Form.REFERENCE:  # an entry is named as what it refers to, whether the body has its name or its ARN
            return text.rpartition("/")[2] if text.startswith("arn:") else text
        case _:
            return text


def position(index: int) -> str:
    """Return the path step of an entry that has no key."""
    return f"[{index}]"


@dataclass(frozen=True, slots=True)
class _Token:
    text: str
    is_bracketed: bool
    is_quoted: bool = False  # it is a name then, also if it is a number

    @property
    def number(self) -> int | None:
        return int(self.text) if not self.is_quoted and self.text.isascii() and self.text.isdecimal() else None

    @property
    def is_entry(self) -> bool:
        """Whether it says which entries of a list without names are meant."""
        return self.number is not None or self.text == EVERY.pattern


def _tokens(text: str) -> tuple[_Token, ...]:
    tokens, end = list[_Token](), 0
    text = f".{text}"
    for match in _TOKEN.finditer(text):
        if match.start() != end:
            break
        tokens.append(_token(match))
        end = match.end()
    if not tokens or end != len(text):
        raise PathError("write it as in computeResources.maxvCpus, environment.LEVEL or evaluateOnExit[0].action")
    return tuple(tokens)


def _token(match: re.Match[str]) -> _Token:
    if match["quoted"] is not None:
        try:
            return _Token(json.loads(match["quoted"], strict=False), is_bracketed=True, is_quoted=True)
        except ValueError:  # a backslash that escapes nothing
            return _Token(match["quoted"][1:-1], is_bracketed=True, is_quoted=True)
    if match["single"] is not None:
        return _Token(match["single"], is_bracketed=True, is_quoted=True)
    bracketed = match["bracketed"]
    return _Token(bracketed or match["plain"], is_bracketed=bool(bracketed))


def _members(rows: Iterable[Field | Unmanaged], tokens: Sequence[_Token], bodies: Iterable[Json]) -> Iterator[Step]:
    known = Rows.of(rows)
    first, *remaining = tokens
    inner = [body[first.text] for body in bodies if isinstance(body, Mapping) and first.text in body]
    if first.is_bracketed or (first.text not in known.by_name and not inner):
        raise PathError(_meant(first.text, [row.name for row in known]))
    yield first.text
    if remaining:
        yield from _below(field_of(known, first.text), first.text, remaining, inner)


def _below(row: Field | None, name: str, tokens: Sequence[_Token], bodies: Sequence[Json]) -> Iterator[Step]:
    if row is None:  # newer than our tables: only the bodies say what it has
        yield from _untyped(name, tokens, bodies)
    elif row.form is Form.STRUCT:
        yield from _members(row.fields, tokens, bodies)
    elif row.form is Form.MAP:
        yield Named(".".join(token.text for token in tokens))
    elif row.form is Form.KEYED and row.key:
        yield from _keyed(row, tokens, bodies)
    elif is_unnamed(row):
        yield from _positioned(row, tokens, bodies)
    else:
        raise PathError(f"{name} has no fields of its own: write the path up to {name}")


def _keyed(row: Field, tokens: Sequence[_Token], bodies: Sequence[Json]) -> Iterator[Step]:
    """A name may have dots of its own (ml.m5.large): it is one that an entry has, else it ends where a field begins."""
    entries = [(key_of(row, entry, index), index, entry) for index, entry in _entries(bodies)]
    names = {name for name, _, _ in entries}
    first, *remaining = tokens
    if first.number is not None and (first.is_bracketed or first.text not in names):
        step: Step = first.number
        chosen = [entry for _, index, entry in entries if index == step]
    else:
        length = 1 if first.is_bracketed else _length_of_name(row, tokens, names)
        text = spelled_key(row, ".".join(token.text for token in tokens[:length]))
        remaining = list(tokens[length:])
        step = Named(text)
        meant = step.among(names)
        chosen = [entry for name, _, entry in entries if name in meant]
    yield step
    if remaining:
        yield from _members(row.fields, remaining, chosen)


def _length_of_name(row: Field, tokens: Sequence[_Token], names: Iterable[str]) -> int:
    known = set(names)
    for length in range(len(tokens), 0, -1):
        if Named(spelled_key(row, ".".join(token.text for token in tokens[:length]))).pattern in known:
            return length
    fields = {field.name for field in row.members}
    if tokens[0].text in fields:
        raise _LacksEntryError(row, len(tokens), sorted(known))
    if tokens[0].text == EVERY.pattern:
        return 1
    end = next((at for at in range(1, len(tokens)) if tokens[at].text in fields), len(tokens))
    if 1 < end == len(tokens) and difflib.get_close_matches(tokens[-1].text, fields, n=1, cutoff=TYPO):
        raise PathError(_meant(tokens[-1].text, sorted(fields)))
    return end


def _positioned(row: Field, tokens: Sequence[_Token], bodies: Sequence[Json]) -> Iterator[Step]:
    first, *remaining = tokens
    if not row.fields and (remaining or not first.is_entry):
        raise PathError(f"{row.name} is a list of values: write {row.name}.* for all of them, or {row.name}[0] for one")
    if not first.is_entry:
        raise _LacksEntryError(row, len(tokens), ())
    yield EVERY if first.number is None else first.number
    if not remaining:
        return
    entries = [entry for index, entry in _entries(bodies) if first.number in (None, index)]
    yield from _members(row.fields, remaining, entries)


def _untyped(name: str, tokens: Sequence[_Token], bodies: Sequence[Json]) -> Iterator[Step]:
    first, *remaining = tokens
    if any(isinstance(body, list | tuple) for body in bodies):
        if not first.is_entry:
            raise PathError(f"{name} is a list: write {name}.* or {name}[0]")
        yield EVERY if first.number is None else first.number
        inner = [entry for index, entry in _entries(bodies) if first.number in (None, index)]
    else:
        inner = [body[first.text] for body in bodies if isinstance(body, Mapping) and first.text in body]
        if not inner:
            raise PathError(_meant(first.text, [key for body in bodies if isinstance(body, Mapping) for key in body]))
        yield first.text
    if remaining:
        yield from _untyped(first.text, remaining, inner)


def _is_in(rows: Iterable[Field | Unmanaged], body: Json, steps: Steps) -> bool:
    name, *remaining = steps
    value = body.get(name) if isinstance(body, Mapping) else None
    if not remaining or value is None:
        return value is not None
    return _is_in_value(field_of(rows, name), value, tuple(remaining))


def _is_in_value(row: Field | None, value: Json, steps: Steps) -> bool:
    step, *remaining = steps
    fields = row.fields if row else ()
    if isinstance(value, list | tuple):
        entries = [value[index] for index in chosen(row, value, step)]
        return any(_is_in(fields, entry, tuple(remaining)) for entry in entries) if remaining else bool(entries)
    if isinstance(value, Mapping) and isinstance(step, Named):
        return bool(step.among(value))
    return not isinstance(value, Mapping) or _is_in(fields, value, steps)


def _lacking(rows: Iterable[Field | Unmanaged], body: Json, steps: Steps, to: str) -> str:
    name, *remaining = steps
    row = field_of(rows, name)
    value = body.get(name) if isinstance(body, Mapping) else None
    path = f"{to}.{name}".removeprefix(".")
    if not remaining or row is None or isinstance(value, Unknown):
        return ""
    if row.form is Form.STRUCT:
        is_field = isinstance(steps[-1], str)  # an entry may be added by others, and what it is in with it
        return (path if is_field else "") if is_blank(value) else _lacking(row.fields, value, tuple(remaining), path)
    if row.form is Form.MAP:
        return ""
    step, *deeper = remaining
    entries = value if isinstance(value, list | tuple) else ()
    chosen_entries = [entries[index] for index in sorted(chosen(row, entries, step))]
    if not deeper or {field.name for field in row.members} - {row.key} <= {deeper[0]}:
        return ""
    path += position(step) if isinstance(step, int) else f".{step.pattern}" if isinstance(step, Named) else ""
    lacks = [_lacking(row.fields, entry, tuple(deeper), path) for entry in chosen_entries]
    return min(lacks, key=len) if lacks else path


def is_blank(value: Json) -> bool:
    return value is None or (isinstance(value, Mapping) and not value)


def _entries(bodies: Iterable[Json]) -> Iterator[tuple[int, Spec]]:
    for body in bodies:
        if isinstance(body, list | tuple):
            yield from ((index, entry) for index, entry in enumerate(body) if isinstance(entry, Mapping))


def _meant(name: str, known: Sequence[str]) -> str:
    near = difflib.get_close_matches(name, known, n=1)
    return f"did you mean {near[0]}?" if near else f"known are {', '.join(known)}"

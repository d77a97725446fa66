"""From what was found to the files of a stack: tidy YAML that means what is live, and nothing more."""

import json
import re
import textwrap
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from enum import StrEnum
from functools import lru_cache

from reconciler.fmt.normalize import Language, tidied
from reconciler.fmt.parse import BLANK, Leaf, Node, Place, Tree, TreeCollection, TreeEntry
from reconciler.fmt.printer import STEP, printed
from reconciler.importers.minimize import Needs, bare, sorted_out
from reconciler.importers.model import Imported, ImportedResource, LeftOut, Note, TaggedValue, without_tagged
from reconciler.kinds import KINDS
from reconciler.kinds.base import Field, Form, Kind, Row
from reconciler.live.ownership import users_tags
from reconciler.live.resolve import references
from reconciler.load.resources import PAIR
from reconciler.model import Address, Identity, Json, Path, Spec, own_name
from reconciler.printable import harmless_quoted, is_obeyed
from reconciler.syntax.nodes import plain_value, text_of
from reconciler.validate.check import Readers

# Resources by the names that the YAML gives them: references by key, in the short forms of the language.

ARN = re.compile(r"arn:[^:]+:batch:[^:]*:[^:]*:(?:[a-z-]+/([^/]+)/)?[a-z-]+/([^/:]+)(?::\d+)?")


def key_of(found: ImportedResource) -> Address:
    """Return the address of a resource in the YAML."""
    return Address(found.address.kind, found.logical or own_name(found.address.name))


def by_name(
    founds: Iterable[ImportedResource], everything: Iterable[ImportedResource], name_prefix: Json = ""
) -> Iterator[ImportedResource]:
    """Yield resources that refer to one another by their keys. What refers to others is left as it is.

    With a `name_prefix` that is substituted, references may be names that are built of the same variables.
    """
    addresses = {found.address: key_of(found) for found in everything}
    prefixed = {Address(one.kind, f"{_spelled(name_prefix)}{one.name}"): one for one in addresses.values()}
    keys = {address: one.name for address, one in {**prefixed, **addresses}.items()}
    for found in founds:
        kind = KINDS[found.address.kind]
        body = _Referrer(keys).members(kind.rows, found.body)
        yield replace(found, body=body)


def shortened(kind: Kind, body: Spec) -> dict[str, Json]:
    """Return a body in the shorts that members of it have, where they say the same."""
    rows = {row.name: row for row in kind.fields}
    return dict(_short(rows.get(name), name, value) for name, value in body.items())


@dataclass(frozen=True, slots=True)
class _Referrer:
    keys: Mapping[Address, str]

    def members(self, rows: Iterable[Row], body: Json) -> Json:
        if not isinstance(body, Mapping):
            return body
        known = {row.name: row for row in rows if isinstance(row, Field)}
        return {name: self.member(known.get(name), value) for name, value in body.items()}

    def member(self, row: Field | None, value: Json) -> Json:
        if row is None:
            return value
        if row.form is Form.REFERENCE and isinstance(value, str | TaggedValue):
            return self.keys.get(Address(row.refers_to, named_by(_spelled(value))), value)
        if not row.fields:
            return value
        if isinstance(value, list | tuple):
            return [self.members(row.fields, entry) for entry in value]
        return self.members(row.fields, value)


def _spelled(value: Json) -> str:
    """Return a text as `!sub` spells it."""
    if not isinstance(value, TaggedValue):
        return str(value)
    return f"${{{value.text}}}" if value.tag == "!var" else value.text


def named_by(reference: str) -> str:
    """Return the physical name in a reference, which may be one or an ARN."""
    found = ARN.fullmatch(reference)
    if not found:
        return reference
    return f"{found[1]}/{found[2]}" if found[1] else found[2]


def _short(row: Field | None, name: str, value: Json) -> tuple[str, Json]:
    if row is None:
        return name, value
    if row.form is Form.RANKED and len(row.fields) == PAIR and isinstance(value, list | tuple):
        return name, _without_ranks(row, value)
    return (row.short if row.short and isinstance(value, str) else name), value


def _without_ranks(row: Field, entries: Iterable[Json]) -> Json:
    """Return a list in its sequence, by names alone, if the ranks say no more than that."""
    ranked = list(entries)
    other = next(field.name for field in row.members if field.name != row.key)
    ranks = [entry.get(row.key, 0) for entry in ranked if isinstance(entry, Mapping)]
    is_plain = all(isinstance(entry, Mapping) and set(entry) <= {row.key, other} and other in entry for entry in ranked)
    if not is_plain or len(set(ranks)) < len(ranked):
        return ranked
    return [entry[other] for entry in sorted(ranked, key=lambda entry: entry.get(row.key, 0))]


# What many resources have in common, written once: tags of the stack, and defaults of a kind.

TAGS = "tags"
FEWEST = 3  # resources: fewer read better with all that they are
MOST = 0.75  # so many of them must agree
NOTHING: Mapping[str, str] = {}


@dataclass(frozen=True, slots=True)
class Factored:
    """`tags` are the stack's, `defaults` are members by section; `found` have what is theirs alone."""

    found: tuple[ImportedResource, ...]
    tags: Mapping[str, str]
    defaults: Mapping[str, Spec]


def factored(founds: Iterable[ImportedResource]) -> Factored:
    everything = tuple(founds)
    tags = _common_tags(everything)
    left = [replace(found, body=_without_tags(found.body, tags)) for found in everything]
    defaults: dict[str, Spec] = {}
    for kind in KINDS.values():
        own = [index for index, found in enumerate(left) if found.address.kind == kind.name]
        common = _common([left[index].body for index in own], _noted(left[index] for index in own))
        if common:
            defaults[kind.section] = common
            for index in own:
                left[index] = replace(left[index], body=_rest(left[index].body, common))
    return Factored(tuple(left), tags, defaults)


def _common_tags(founds: Sequence[ImportedResource]) -> dict[str, str]:
    """Return the tags that all resources have: those of a stack are on each."""
    if len(founds) < FEWEST:
        return {}
    first, *others = [found.body.get(TAGS, NOTHING) for found in founds]
    return {key: value for key, value in first.items() if all(other.get(key) == value for other in others)}


def _without_tags(body: Spec, tags: Mapping[str, str]) -> Spec:
    own = {key: value for key, value in body.get(TAGS, NOTHING).items() if key not in tags}
    rest = {name: value for name, value in body.items() if name != TAGS}
    return {**rest, TAGS: own} if own else rest


def _noted(founds: Iterable[ImportedResource]) -> frozenset[Path]:
    """Return the members that have a note, and those around them: a comment belongs to one resource."""
    paths = [note.path for found in founds for note in found.notes]
    return frozenset(path[:length] for path in paths for length in range(1, len(path) + 1))


def _common(bodies: Sequence[Spec], noted: frozenset[Path], at: Path = ()) -> dict[str, Json]:
    """Return the members that all bodies have, and most of them with one value.

    What only some have is left to them: to take a default away, a body must say null. Nor is anything taken from a
    mapping in full, which one that differs would only add to.
    """
    if len(bodies) < FEWEST:
        return {}
    out = {}
    for name in bodies[0]:
        values = [body[name] for body in bodies if name in body]
        if len(values) == len(bodies) and (*at, name) not in noted:
            common = _common_value(values, noted, (*at, name))
            if common is not None:
                out[name] = common
    return out


def _common_value(values: Sequence[Json], noted: frozenset[Path], at: Path) -> Json:
    if all(isinstance(value, Mapping) for value in values):
        return _common(values, noted, at) or None
    if any(isinstance(value, Mapping) for value in values):
        return None
    text, count = Counter(map(repr, values)).most_common(1)[0]
    return next(value for value in values if repr(value) == text) if count >= MOST * len(values) else None


def _rest(body: Spec, common: Spec) -> dict[str, Json]:
    """Return what a body has beside the defaults."""
    out = {}
    for name, value in body.items():
        if name not in common:
            out[name] = value
        elif isinstance(common[name], Mapping):
            if rest := _rest(value, common[name]):
                out[name] = rest
        elif repr(value) != repr(common[name]):
            out[name] = value
    return out


# Which file each resource goes to, and a stack's files in memory.

MAIN = "stack.yaml"
SUFFIX = ".yaml"
ODD = re.compile(r"[^A-Za-z0-9_-]+")
QUEUES = "queues"  # a folder: a queue may be called as any other file


class GroupBy(StrEnum):
    KIND = "kind"
    QUEUE = "queue"
    NONE = "none"


def file_names(
    founds: Iterable[ImportedResource], odd: Iterable[ImportedResource], group_by: GroupBy
) -> Mapping[Address, str]:
    """Return the file of each resource, by its address in the YAML. What the odd ones refer to is not known."""
    if group_by is GroupBy.QUEUE and odd:
        return {**file_names(founds, (), GroupBy.QUEUE), **file_names(odd, (), GroupBy.KIND)}
    everything = (*founds, *odd)
    match group_by:
        case GroupBy.NONE:
            return {key_of(found): MAIN for found in everything}
        case GroupBy.KIND:
            return {key_of(found): _of_kind(found) for found in everything}
        case GroupBy.QUEUE:
            homes = _homes(everything)
            return {key_of(found): homes.get(key_of(found)) or _of_kind(found) for found in everything}


@dataclass(frozen=True, slots=True)
class WrittenStack:
    """The files of a stack that no disk has yet, by name. `root` is where they are to be."""

    texts: Mapping[str, str]
    root: str

    def names(self) -> tuple[str, ...]:
        return tuple(sorted(self.texts))

    def read(self, name: str) -> bytes:
        if name not in self.texts:
            raise FileNotFoundError(name)
        return self.texts[name].encode()


def _of_kind(found: ImportedResource) -> str:
    """Return the section in the spelling of files: `job-definitions.yaml`."""
    section = KINDS[found.address.kind].section
    return "".join(f"-{letter.lower()}" if letter.isupper() else letter for letter in section) + SUFFIX


def _of_queue(found: ImportedResource) -> str:
    """A name that AWS would not take leads nowhere else, either."""
    return f"{QUEUES}/{ODD.sub('-', key_of(found).name)}{SUFFIX}"


def _homes(founds: Iterable[ImportedResource]) -> Mapping[Address, str]:
    """Return the file of each queue, of its parts, and of what it alone refers to."""
    users: dict[Address, set[Address]] = {}
    for found in founds:
        for target in _targets(found):
            users.setdefault(target, set()).add(key_of(found))
    homes = {key_of(found): _of_queue(found) for found in founds if _is_queue(_kind(found))}
    for found in founds:
        if _kind(found).parent:
            homes[key_of(found)] = next((homes[one] for one in _targets(found) if one in homes), "")
    for found in founds:
        key = key_of(found)
        around = {homes.get(user, "") for user in users.get(key, ())}
        if key not in homes and len(around) == 1:
            homes[key] = around.pop()
    return homes


def _targets(found: ImportedResource) -> list[Address]:
    return [
        Address(row.refers_to, str(value))
        for _, row, value in references(_kind(found).rows, without_tagged(found.body))
    ]


def _kind(found: ImportedResource) -> Kind:
    return KINDS[found.address.kind]


def _is_queue(kind: Kind) -> bool:
    return kind.jobs is not None and not kind.parent


# How a value is written in YAML so that every reader takes it for what it is: ours, and those of YAML 1.1.

NOWHERE: Place = (0, 0)
# No character in front that means something to YAML, and none inside that ends a plain scalar somewhere.
PLAIN = re.compile(r"[A-Za-z0-9_./$(+-](?:[A-Za-z0-9_./$()+@=~^%;<>\\-]|(?: |:+)(?=[A-Za-z0-9_./$()+@=~^%;<>\\-]))*")
# What YAML 1.1 reads otherwise: booleans by other words, and with digits dates, times, octal numbers and the like.
OTHER_WORDS = frozenset({"y", "n", "yes", "no", "on", "off", "true", "false", "null"})
LIKE_A_NUMBER = re.compile(r"[-+.]?[0-9][-+0-9_.:,eExXoOa-fA-F]*|[-+]?\.(inf|nan)", re.IGNORECASE)
LIKE_A_DATE = re.compile(r"[0-9]{4}-[0-9]")
DASHES = ("-", "--", "---", "...", "- ")


def scalar_leaf(value: Json) -> Leaf:
    """Return a plain value on one line."""
    if isinstance(value, str):
        return text_leaf(value)
    text = "null" if value is None else text_of(value)
    return Leaf(text=text, value=text, style="", place=NOWHERE)


@lru_cache(maxsize=4096)  # names of members, and much else, come again and again
def text_leaf(text: str) -> Leaf:
    if is_plain(text):
        return Leaf(text=text, value=text, style="", place=NOWHERE)
    return Leaf(text=quoted(text), value=text, style='"', place=NOWHERE)


def tagged_leaf(tag: str, text: str) -> Leaf:
    """Return a scalar that stands for something else. What it stands for is told by its text, quoted or not."""
    leaf = text_leaf(text)
    return Leaf(text=leaf.text, value=leaf.value, style=leaf.style, place=NOWHERE, props=(tag,))


def block_leaf(text: str) -> Leaf | None:
    """Return a text of several lines as such.

    None where a line could steer a terminal or a runner, or where the last one has blanks alone, which nobody sees.
    """
    bare = text.rstrip("\n")
    lines = bare.split("\n")
    if len(lines) < 2 or not lines[-1].strip() or not all(map(_is_clean, lines)):  # noqa: PLR2004 - several
        return None
    written = "\n".join(f"{' ' * STEP}{line}" if line else "" for line in lines)
    breaks = len(text) - len(bare)
    indented = STEP if text.lstrip("\n")[:1] in (" ", "\t") else ""
    chomping = ("-", "")[breaks] if breaks < 2 else "+"  # noqa: PLR2004 - none or one
    return Leaf(text=f"|{indented}{chomping}\n{written}" + "\n" * max(breaks, 1), value=text, style="|", place=NOWHERE)


def is_plain(text: str) -> bool:
    """Whether a text can stand without quotes, in braces and brackets, too."""
    return (
        PLAIN.fullmatch(text) is not None
        and plain_value(text) == text
        and isinstance(plain_value(text), str)
        and text.lower() not in OTHER_WORDS
        and not LIKE_A_NUMBER.fullmatch(text)
        and not LIKE_A_DATE.match(text)
        and not text.startswith(DASHES[2:])
        and text not in DASHES
    )


def quoted(text: str) -> str:
    """Write a text in double quotes. YAML knows the escapes of JSON, but reads no pair of halves as one character."""
    return harmless_quoted(json.dumps(text, ensure_ascii=False))


def _is_clean(line: str) -> bool:
    return not is_obeyed(line.replace("\t", " "))


# Values as the tree that `fmt` prints: short lists and mappings on one line, texts of several lines as such, notes.

SHORT = 88  # characters that braces or brackets may take
FEW = 3  # members of a mapping on one line
BODY = 2  # steps to a resource's body: its section and its name
VARIABLES = "variables"
COMMENT_WIDTH = 110

Notes = Mapping[Path, tuple[str, ...]]


def notes_by_path(notes: Iterable[Note], body: Json) -> Notes:
    """Return the texts of notes by the path of a member that is there: of the note's, or the nearest around it."""
    found: dict[Path, tuple[str, ...]] = {}
    for note in notes:
        path = _nearest(note.path, body)
        found[path] = (*found.get(path, ()), note.text)
    return found


def document(value: Mapping[str, Json], notes: Notes) -> Tree:
    """Return a whole file. A blank line parts its sections, and the resources in them."""
    root = node_of(value, notes, ())
    assert isinstance(root, TreeCollection)
    entries = tuple(_parted(entry, index) for index, entry in enumerate(root.entries))
    return Tree(head=(), root=TreeEntry(node=replace(root, entries=entries)))


def node_of(value: Json, notes: Notes, path: Path) -> Node:
    match value:
        case str():
            return (block_leaf(value) if "\n" in value else None) or text_leaf(value)
        case TaggedValue(tag, text):
            block = block_leaf(text) if "\n" in text else None
            return replace(block, props=(tag,)) if block else tagged_leaf(tag, text)
        case Mapping():
            entries = [_entry(key, inner, notes, (*path, key)) for key, inner in value.items()]
            return _collection(entries, is_mapping=True, may_flow=_is_inside(path))
        case list() | tuple():
            items = [_entry(None, inner, notes, (*path, index)) for index, inner in enumerate(value)]
            return _collection(items, is_mapping=False, may_flow=True)
        case _:
            return scalar_leaf(value)


def commented(text: str) -> list[str]:
    lines = textwrap.wrap(" ".join(text.split()), COMMENT_WIDTH, break_long_words=False, break_on_hyphens=False)
    return [f"# {line}" for line in lines]


def _nearest(path: Path, body: Json) -> Path:
    for length, step in enumerate(path):
        is_there = (isinstance(body, Mapping) and step in body) or (
            isinstance(body, list | tuple) and isinstance(step, int) and step < len(body)
        )
        if not is_there:
            return path[:length]
        body = body[step]
    return path


def _is_inside(path: Path) -> bool:
    """Whether a mapping is less than a resource: those are told apart by their lines."""
    return len(path) > BODY or (len(path) == BODY and path[0] == VARIABLES)


def _entry(key: str | None, value: Json, notes: Notes, path: Path) -> TreeEntry:
    above = tuple(line for text in notes.get(path, ()) for line in commented(text))
    return TreeEntry(node=node_of(value, notes, path), key=text_leaf(key) if key is not None else None, above=above)


def _collection(entries: list[TreeEntry], *, is_mapping: bool, may_flow: bool) -> TreeCollection:
    is_flow = not entries or (may_flow and _is_short(entries, is_mapping=is_mapping))
    return TreeCollection(entries=tuple(entries), is_mapping=is_mapping, is_flow=is_flow, place=NOWHERE)


def _is_short(entries: list[TreeEntry], *, is_mapping: bool) -> bool:
    leaves = [entry.node for entry in entries if isinstance(entry.node, Leaf) and not entry.above]
    if len(leaves) < len(entries) or any(leaf.style == "|" for leaf in leaves):
        return False
    width = sum(len(leaf.text) + sum(map(len, leaf.props)) + 2 for leaf in leaves)
    width += sum(len(entry.key.text) + 2 for entry in entries if entry.key)
    return width <= SHORT and (not is_mapping or len(entries) <= FEW)


def _parted(entry: TreeEntry, index: int) -> TreeEntry:
    node = entry.node
    is_section = (
        isinstance(node, TreeCollection)
        and not node.is_flow
        and any(isinstance(inner.node, TreeCollection) and not inner.node.is_flow for inner in node.entries)
    )
    if not is_section:
        return entry
    assert isinstance(node, TreeCollection)
    parted = tuple(_below(inner) if place else inner for place, inner in enumerate(node.entries))
    section = replace(entry, node=replace(node, entries=parted))
    return _below(section) if index else section


def _below(entry: TreeEntry) -> TreeEntry:
    return replace(entry, above=(BLANK, *entry.above))


TWICE = "a different resource of this kind has the same name, and names in a stack are unique"


@dataclass(frozen=True, slots=True, kw_only=True)
class ImportSettings:
    """What the stack is called and where it is; empty what its files are not to say."""

    stack: str
    root: str
    region: str = ""
    account: str = ""
    group_by: GroupBy = GroupBy.KIND


@dataclass(frozen=True, slots=True)
class TidyStack:
    """A stack's files; what each resource declares; and what could not become part of it."""

    files: WrittenStack
    found: tuple[ImportedResource, ...]
    left_out: tuple[LeftOut, ...] = field(default=())


def tidy_stack(imported: Imported, identity: Identity, settings: ImportSettings, language: Language) -> TidyStack:
    """Return the files of a stack that declares what was found. They are as `fmt` leaves them."""
    founds, twice = _each_once(imported.found)
    typed, odd = sorted_out(_in_order(founds), language)
    sound = tuple(by_name(typed, founds, imported.name_prefix))
    needs = Needs(Readers(language.schema["$defs"]), {key_of(one): without_tagged(one.body) for one in sound})
    bared = [replace(one, body=_body(one, identity, needs)) for one in sound]
    # What one of them has in common with the others is not known as long as one is odd.
    shared = Factored((*bared, *odd), {}, {}) if odd else factored(bared)
    documents = _documents(shared, imported, settings, file_names(sound, odd, settings.group_by))
    texts = {name: _printed(name, sections, notes, language) for name, (sections, notes) in documents.items()}
    return TidyStack(WrittenStack(texts, settings.root), shared.found, tuple(twice))


def _each_once(founds: Iterable[ImportedResource]) -> tuple[list[ImportedResource], list[LeftOut]]:
    kept: dict[Address, ImportedResource] = {}
    twice = []
    for found in founds:
        if key_of(found) in kept:
            twice.append(LeftOut(f"{found.address}", TWICE, found.where))
        else:
            kept[key_of(found)] = found
    return list(kept.values()), twice


def _in_order(founds: Iterable[ImportedResource]) -> list[ImportedResource]:
    kinds = list(KINDS)
    return sorted(founds, key=lambda found: (kinds.index(found.address.kind), key_of(found).name))


def _body(found: ImportedResource, identity: Identity, needs: Needs) -> dict[str, Json]:
    kind = KINDS[found.address.kind]
    tags = users_tags(found.body.get(TAGS) or {})
    members = {name: value for name, value in found.body.items() if name != TAGS}
    stripped = bare(kind, members, identity, is_declared=found.is_declared)
    body = shortened(kind, needs.kept(kind, key_of(found), members, stripped))
    return {**body, TAGS: dict(sorted(tags.items()))} if tags else body


def _documents(
    shared: Factored, imported: Imported, settings: ImportSettings, files: Mapping[Address, str]
) -> Mapping[str, tuple[dict[str, Json], Notes]]:
    """Return the content of each file, and its notes by path. `files` are the names of theirs, by address."""
    main = {name: value for name, value in _settings(shared, imported, settings) if value}
    about: dict[Path, tuple[str, ...]] = {("stack",): imported.notes} if imported.notes else {}
    documents: dict[str, tuple[dict[str, Json], dict[Path, tuple[str, ...]]]] = {MAIN: (main, about)}
    for found in shared.found:
        key, section = key_of(found), KINDS[found.address.kind].section
        content, notes = documents.setdefault(files[key], ({}, {}))
        lifecycle = {"lifecycle": dict(found.lifecycle)} if found.lifecycle else {}
        content.setdefault(section, {})[key.name] = {**found.body, **lifecycle}
        of_body = notes_by_path(found.notes, found.body)
        notes |= {(section, key.name, *path): texts for path, texts in of_body.items()}
    return documents


def _settings(shared: Factored, imported: Imported, settings: ImportSettings) -> Iterator[tuple[str, Json]]:
    yield "stack", settings.stack
    yield "account", settings.account
    yield "region", settings.region
    yield "namePrefix", imported.name_prefix
    yield TAGS, dict(shared.tags)
    yield "variables", {name: dict(variable) for name, variable in imported.variables.items()}
    yield "defaults", dict(shared.defaults)


def _printed(name: str, content: Mapping[str, Json], notes: Notes, language: Language) -> str:
    return printed(tidied(name, document(content, notes), language).tree)

"""From imported resources to the files of a stack: YAML in the style of `fmt`, without defaults."""

import json
import re
import textwrap
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from enum import StrEnum
from functools import lru_cache

from reconciler.fmt.normalize import Language, normalize
from reconciler.fmt.parse import BLANK, Leaf, Node, Place, Tree, TreeCollection, TreeEntry
from reconciler.fmt.printer import STEP, print_tree
from reconciler.importers.minimize import RequiredDefaults, check_schema, strip_defaults
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


def address_in_yaml(resource: ImportedResource) -> Address:
    """Return the address of a resource in the YAML."""
    return Address(resource.address.kind, resource.logical or own_name(resource.address.name))


def with_references(
    resources: Iterable[ImportedResource], everything: Iterable[ImportedResource], name_prefix: Json = ""
) -> Iterator[ImportedResource]:
    """Yield resources that refer to each other by their keys. Other references are unchanged.

    With a `name_prefix` that contains variables, references may be names that contain the same variables.
    """
    addresses = {resource.address: address_in_yaml(resource) for resource in everything}
    prefixed = {Address(key.kind, f"{_sub_text(name_prefix)}{key.name}"): key for key in addresses.values()}
    keys = {address: key.name for address, key in {**prefixed, **addresses}.items()}
    for resource in resources:
        kind = KINDS[resource.address.kind]
        body = _Referrer(keys).members(kind.rows, resource.body)
        yield replace(resource, body=body)


def with_shorthand(kind: Kind, body: Spec) -> dict[str, Json]:
    """Return a body in the short forms of its fields, where the meaning is the same."""
    rows = {row.name: row for row in kind.fields}
    return dict(_shorten_member(rows.get(name), name, value) for name, value in body.items())


@dataclass(frozen=True, slots=True)
class _Referrer:
    keys: Mapping[Address, str]

    def members(self, rows: Iterable[Row], body: Json) -> Json:
        if not isinstance(body, Mapping):
            return body
        rows_by_name = {row.name: row for row in rows if isinstance(row, Field)}
        return {name: self.member(rows_by_name.get(name), value) for name, value in body.items()}

    def member(self, row: Field | None, value: Json) -> Json:
        if row is None:
            return value
        if row.form is Form.REFERENCE and isinstance(value, str | TaggedValue):
            return self.keys.get(Address(row.refers_to, referenced_name(_sub_text(value))), value)
        if not row.fields:
            return value
        if isinstance(value, list | tuple):
            return [self.members(row.fields, entry) for entry in value]
        return self.members(row.fields, value)


def _sub_text(value: Json) -> str:
    """Return a text as `!sub` spells it."""
    if not isinstance(value, TaggedValue):
        return str(value)
    return f"${{{value.text}}}" if value.tag == "!var" else value.text


def referenced_name(reference: str) -> str:
    """Return the physical name in a reference, which may be one or an ARN."""
    match = ARN.fullmatch(reference)
    if not match:
        return reference
    return f"{match[1]}/{match[2]}" if match[1] else match[2]


def _shorten_member(row: Field | None, name: str, value: Json) -> tuple[str, Json]:
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
NOTHING: Mapping[str, str] = {}


@dataclass(frozen=True, slots=True)
class Factored:
    """`tags` are the stack's, `defaults` are members by section; `found` have what is theirs alone."""

    resources: tuple[ImportedResource, ...]
    tags: Mapping[str, str]
    defaults: Mapping[str, Spec]


def factor_common(resources: Iterable[ImportedResource]) -> Factored:
    all_resources = tuple(resources)
    tags = _common_tags(all_resources)
    remaining = [replace(resource, body=_without_tags(resource.body, tags)) for resource in all_resources]
    defaults: dict[str, Spec] = {}
    for kind in KINDS.values():
        indexes = [index for index, resource in enumerate(remaining) if resource.address.kind == kind.name]
        common = _common(
            [remaining[index].body for index in indexes], _noted_paths(remaining[index] for index in indexes)
        )
        if common:
            defaults[kind.section] = common
            for index in indexes:
                remaining[index] = replace(remaining[index], body=_without_common(remaining[index].body, common))
    return Factored(tuple(remaining), tags, defaults)


def _common_tags(resources: Sequence[ImportedResource]) -> dict[str, str]:
    """Return the tags that all resources have: those of a stack are on each."""
    if len(resources) < FEWEST:
        return {}
    first, *others = [resource.body.get(TAGS, NOTHING) for resource in resources]
    return {key: value for key, value in first.items() if all(other.get(key) == value for other in others)}


def _without_tags(body: Spec, tags: Mapping[str, str]) -> Spec:
    own_tags = {key: value for key, value in body.get(TAGS, NOTHING).items() if key not in tags}
    fields = {name: value for name, value in body.items() if name != TAGS}
    return {**fields, TAGS: own_tags} if own_tags else fields


def _noted_paths(resources: Iterable[ImportedResource]) -> frozenset[Path]:
    """Return the members that have a note, and those around them: a comment belongs to one resource."""
    paths = [note.path for resource in resources for note in resource.notes]
    return frozenset(path[:length] for path in paths for length in range(1, len(path) + 1))


def _common(bodies: Sequence[Spec], noted: frozenset[Path], at: Path = ()) -> dict[str, Json]:
    """Return the fields that have the same value in all bodies.

    A value that most of them have is not a default: an edit of it would change all of them.
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
    return values[0] if len({repr(value) for value in values}) == 1 else None


def _without_common(body: Spec, common: Spec) -> dict[str, Json]:
    """Return what a body has beside the defaults."""
    out = {}
    for name, value in body.items():
        if name not in common:
            out[name] = value
        elif isinstance(common[name], Mapping) and (own := _without_common(value, common[name])):
            out[name] = own
    return out


# Which file each resource goes to, and a stack's files in memory.

MAIN = "stack.yaml"
SUFFIX = ".yaml"
NOT_IN_FILE_NAMES = re.compile(r"[^A-Za-z0-9_-]+")
QUEUES = "queues"  # a folder: a queue may be called as any other file


class GroupBy(StrEnum):
    KIND = "kind"
    QUEUE = "queue"
    NONE = "none"


def file_names(
    resources: Iterable[ImportedResource], invalid: Iterable[ImportedResource], group_by: GroupBy
) -> Mapping[Address, str]:
    """Return the file of each resource, by its address in the YAML. References of invalid resources are unknown."""
    if group_by is GroupBy.QUEUE and invalid:
        return {**file_names(resources, (), GroupBy.QUEUE), **file_names(invalid, (), GroupBy.KIND)}
    all_resources = (*resources, *invalid)
    match group_by:
        case GroupBy.NONE:
            return {address_in_yaml(resource): MAIN for resource in all_resources}
        case GroupBy.KIND:
            return {address_in_yaml(resource): _file_of_kind(resource) for resource in all_resources}
        case GroupBy.QUEUE:
            files = _files_by_queue(all_resources)
            return {
                address_in_yaml(resource): files.get(address_in_yaml(resource)) or _file_of_kind(resource)
                for resource in all_resources
            }


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


def _file_of_kind(resource: ImportedResource) -> str:
    """Return the section in the spelling of files: `job-definitions.yaml`."""
    section = KINDS[resource.address.kind].section
    return "".join(f"-{letter.lower()}" if letter.isupper() else letter for letter in section) + SUFFIX


def _file_of_queue(resource: ImportedResource) -> str:
    """A name that AWS would not take leads nowhere else, either."""
    return f"{QUEUES}/{NOT_IN_FILE_NAMES.sub('-', address_in_yaml(resource).name)}{SUFFIX}"


def _files_by_queue(resources: Iterable[ImportedResource]) -> Mapping[Address, str]:
    """Return the file of each queue, of its parts, and of what it alone refers to."""
    users: dict[Address, set[Address]] = {}
    for resource in resources:
        for target in _targets(resource):
            users.setdefault(target, set()).add(address_in_yaml(resource))
    files = {
        address_in_yaml(resource): _file_of_queue(resource) for resource in resources if _is_queue(_kind(resource))
    }
    for resource in resources:
        if _kind(resource).parent:
            files[address_in_yaml(resource)] = next(
                (files[parent] for parent in _targets(resource) if parent in files), ""
            )
    for resource in resources:
        key = address_in_yaml(resource)
        user_files = {files.get(user, "") for user in users.get(key, ())}
        if key not in files and len(user_files) == 1:
            files[key] = user_files.pop()
    return files


def _targets(resource: ImportedResource) -> list[Address]:
    return [
        Address(row.refers_to, str(value))
        for _, row, value in references(_kind(resource).rows, without_tagged(resource.body))
    ]


def _kind(resource: ImportedResource) -> Kind:
    return KINDS[resource.address.kind]


def _is_queue(kind: Kind) -> bool:
    return kind.jobs is not None and not kind.parent


# How a value is written in YAML so that every reader takes it for what it is: ours, and those of YAML 1.1.

NOWHERE: Place = (0, 0)
# No first character that means something to YAML, and no inner one that ends a plain scalar in some reader.
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
    """Return a tagged scalar, such as `!var image`."""
    leaf = text_leaf(text)
    return Leaf(text=leaf.text, value=leaf.value, style=leaf.style, place=NOWHERE, props=(tag,))


def block_leaf(text: str) -> Leaf | None:
    """Return a text of several lines as such.

    None if a line could control a terminal or a CI runner, or if the last line has only blanks, which are invisible.
    """
    stripped = text.rstrip("\n")
    lines = stripped.split("\n")
    if len(lines) < 2 or not lines[-1].strip() or not all(map(_is_clean, lines)):  # noqa: PLR2004 - several
        return None
    written = "\n".join(f"{' ' * STEP}{line}" if line else "" for line in lines)
    breaks = len(text) - len(stripped)
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
    texts: dict[Path, tuple[str, ...]] = {}
    for note in notes:
        path = _nearest(note.path, body)
        texts[path] = (*texts.get(path, ()), note.text)
    return texts


def document(value: Mapping[str, Json], notes: Notes) -> Tree:
    """Return a whole file. A blank line parts its sections, and the resources in them."""
    root = node_of(value, notes, ())
    assert isinstance(root, TreeCollection)
    entries = tuple(_with_blank_lines(entry, index) for index, entry in enumerate(root.entries))
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


def comment_lines(text: str) -> list[str]:
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
    """Whether a mapping is inside of a resource: a resource always begins on its own line."""
    return len(path) > BODY or (len(path) == BODY and path[0] == VARIABLES)


def _entry(key: str | None, value: Json, notes: Notes, path: Path) -> TreeEntry:
    above = tuple(line for text in notes.get(path, ()) for line in comment_lines(text))
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


def _with_blank_lines(entry: TreeEntry, index: int) -> TreeEntry:
    node = entry.node
    is_section = (
        isinstance(node, TreeCollection)
        and not node.is_flow
        and any(isinstance(inner.node, TreeCollection) and not inner.node.is_flow for inner in node.entries)
    )
    if not is_section:
        return entry
    assert isinstance(node, TreeCollection)
    parted = tuple(_with_blank_above(inner) if place else inner for place, inner in enumerate(node.entries))
    section = replace(entry, node=replace(node, entries=parted))
    return _with_blank_above(section) if index else section


def _with_blank_above(entry: TreeEntry) -> TreeEntry:
    return replace(entry, above=(BLANK, *entry.above))


DUPLICATE_NAME = "a different resource of this kind has the same name, and names in a stack are unique"


@dataclass(frozen=True, slots=True, kw_only=True)
class ImportSettings:
    """The name and place of the stack. An empty setting is not written."""

    stack: str
    root: str
    region: str = ""
    account: str = ""
    group_by: GroupBy = GroupBy.KIND


@dataclass(frozen=True, slots=True)
class TidyStack:
    """The files of a stack, its resources, and what is not part of it."""

    files: WrittenStack
    resources: tuple[ImportedResource, ...]
    left_out: tuple[LeftOut, ...] = field(default=())


def tidy_stack(imported: Imported, identity: Identity, settings: ImportSettings, language: Language) -> TidyStack:
    """Return the files of a stack that declares the imported resources, in the style of `fmt`."""
    resources, duplicates = _without_duplicates(imported.resources)
    typed, invalid = check_schema(_sorted(resources), language)
    valid = tuple(with_references(typed, resources, imported.name_prefix))
    needs = RequiredDefaults(
        Readers(language.schema["$defs"]),
        {address_in_yaml(resource): without_tagged(resource.body) for resource in valid},
    )
    stripped = [replace(resource, body=_body(resource, identity, needs)) for resource in valid]
    # Common fields are unknown as long as one resource is invalid.
    shared = Factored((*stripped, *invalid), {}, {}) if invalid else factor_common(stripped)
    documents = _documents(shared, imported, settings, file_names(valid, invalid, settings.group_by))
    texts = {name: _print_file(name, sections, notes, language) for name, (sections, notes) in documents.items()}
    return TidyStack(WrittenStack(texts, settings.root), shared.resources, tuple(duplicates))


def _without_duplicates(resources: Iterable[ImportedResource]) -> tuple[list[ImportedResource], list[LeftOut]]:
    unique: dict[Address, ImportedResource] = {}
    duplicates = []
    for resource in resources:
        if address_in_yaml(resource) in unique:
            duplicates.append(LeftOut(f"{resource.address}", DUPLICATE_NAME, resource.where))
        else:
            unique[address_in_yaml(resource)] = resource
    return list(unique.values()), duplicates


def _sorted(resources: Iterable[ImportedResource]) -> list[ImportedResource]:
    kinds = list(KINDS)
    return sorted(resources, key=lambda resource: (kinds.index(resource.address.kind), address_in_yaml(resource).name))


def _body(resource: ImportedResource, identity: Identity, needs: RequiredDefaults) -> dict[str, Json]:
    kind = KINDS[resource.address.kind]
    tags = users_tags(resource.body.get(TAGS) or {})
    members = {name: value for name, value in resource.body.items() if name != TAGS}
    stripped = strip_defaults(kind, members, identity, is_declared=resource.is_declared)
    body = with_shorthand(kind, needs.restore(kind, address_in_yaml(resource), members, stripped))
    return {**body, TAGS: dict(sorted(tags.items()))} if tags else body


def _documents(
    shared: Factored, imported: Imported, settings: ImportSettings, files: Mapping[Address, str]
) -> Mapping[str, tuple[dict[str, Json], Notes]]:
    """Return the content of each file, and its notes by path. `files` are the names of theirs, by address."""
    main = {name: value for name, value in _settings(shared, imported, settings) if value}
    stack_notes: dict[Path, tuple[str, ...]] = {("stack",): imported.notes} if imported.notes else {}
    documents: dict[str, tuple[dict[str, Json], dict[Path, tuple[str, ...]]]] = {MAIN: (main, stack_notes)}
    for resource in shared.resources:
        key, section = address_in_yaml(resource), KINDS[resource.address.kind].section
        content, notes = documents.setdefault(files[key], ({}, {}))
        lifecycle = {"lifecycle": dict(resource.lifecycle)} if resource.lifecycle else {}
        content.setdefault(section, {})[key.name] = {**resource.body, **lifecycle}
        of_body = notes_by_path(resource.notes, resource.body)
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


def _print_file(name: str, content: Mapping[str, Json], notes: Notes, language: Language) -> str:
    return print_tree(normalize(name, document(content, notes), language).tree)

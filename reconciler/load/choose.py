"""Which files of a folder make its stack: not those of other tools, not those of other stacks in its subfolders."""

import posixpath
from collections.abc import Collection, Iterator
from collections.abc import Mapping as MappingABC
from dataclasses import dataclass, field

from reconciler.kinds import KINDS
from reconciler.kinds.base import Kind
from reconciler.load.beside import Keywords, Recognizer, keys_of, names_in
from reconciler.model import Address
from reconciler.problems import Where
from reconciler.syntax.nodes import AliasNode, MappingNode, Node, Scalar, SourceMark, TaggedNode, where_of
from reconciler.syntax.parse import Document
from reconciler.syntax.scalars import text_of

FLEET = "reconciler.yaml"
DEPLOYMENTS = "it is a file of deployments"
OF_FLEET = ("environments", "stacks")


@dataclass(frozen=True, slots=True)
class Label:
    """How a file names its stack: the name as it is written, variables and all."""

    text: str
    mark: SourceMark


@dataclass(slots=True)
class StackFiles:
    """`beside` are the files that are no part of the stack, each with the reason; `below` the subfolders that are other
    stacks; `elsewhere` the resources that those declare. `mentioned` are the outer keys of files that are left out.
    `several` are the folders of stacks if there is more than one, and none that the others could be beside. `fleet` is
    the file of deployments in a folder that is no stack.
    """

    names: tuple[str, ...] = ()
    of_stacks: tuple[str, ...] = ()  # those of all stacks in the folder
    beside: dict[str, str] = field(default_factory=dict)
    below: dict[str, Label] = field(default_factory=dict)
    elsewhere: dict[Address, Where] = field(default_factory=dict)
    mentioned: dict[str, Where] = field(default_factory=dict)
    several: dict[str, Label] = field(default_factory=dict)
    home: Label | None = None
    fleet: str = ""


def choice_of(
    documents: MappingABC[str, Document],
    texts: MappingABC[str, str],
    kinds: MappingABC[str, Kind],
    named: Collection[str] = (),
) -> StackFiles:
    """Choose among all files of a folder. `texts` are those in which something cannot be understood.

    A file that an option names is left out, unless it certainly belongs to the stack: that is a mistake to report.
    """
    recognizer = Recognizer(Keywords.of(kinds))
    choice = StackFiles()
    ours = {}
    for name, document in documents.items():
        if name in named and not recognizer.is_certain(document.root):
            choice.beside[name] = "an option names it"
            continue
        reason = _fleet(name, document) or recognizer.reason(name, document, texts.get(name, ""))
        if reason:
            choice.beside[name] = reason
        else:
            ours[name] = document
    choice.of_stacks = tuple(ours)
    labels = _labels(ours)
    home = labels.get("", {})
    choice.home = next(iter(home.values()), None)
    names = {text for there in labels.values() for text in there}
    fleets = [name for name, reason in choice.beside.items() if reason == DEPLOYMENTS and "/" not in name]
    if fleets and not home:
        choice.fleet = FLEET if FLEET in fleets else fleets[0]
    elif home:
        choice.below = {
            folder: next(iter(there.values()))
            for folder, there in labels.items()
            if folder and not there.keys() & home.keys() and not _is_below(folder, choice.below)
        }
    elif len(names) > 1:
        choice.several = {folder: next(iter(there.values())) for folder, there in labels.items()}
    if choice.fleet or choice.several:
        return choice
    others = {name: document for name, document in ours.items() if _is_below(posixpath.dirname(name), choice.below)}
    choice.elsewhere = {address: where for document in others.values() for address, where in _declared(document, kinds)}
    rest = {name: document for name, document in ours.items() if name not in others}
    variables = {name for document in rest.values() for name in _variables(document)}
    for name, document in rest.items():
        if _are_values(document, variables, recognizer.keywords):
            choice.beside[name] = "it has values of variables: name it with --var-file"
    choice.names = tuple(name for name in rest if name not in choice.beside)
    left_out = (documents[name] for name in choice.beside if name not in named)
    choice.mentioned = {key: where_of(mark) for document in left_out for key, mark in names_in(document.root)}
    return choice


def declares(name: str, document: Document, text: str, kinds: MappingABC[str, Kind] = KINDS) -> bool:
    """Whether a file has something of a stack in it, or of deployments. `text` is that of a file that is broken."""
    keywords = Keywords.of(kinds)
    if document.is_broken:
        return any(word in text for word in ("stack", *keywords.sections))
    if not isinstance(document.root, MappingNode) or not keys_of(document.root):
        return False
    return bool(_fleet(name, document)) or not Recognizer(keywords).reason(name, document, "")


def bare_kind(root: MappingNode, kinds: MappingABC[str, Kind]) -> Kind | None:
    """Return the kind of resource that a request creates.

    The member with its name tells; since that is plain `name` for some, it needs a member beside it.
    """
    return next(
        (
            kind
            for kind in kinds.values()
            if kind.name_member in root.entries and any(row.name in root.entries for row in kind.rows)
        ),
        None,
    )


def _fleet(name: str, document: Document) -> str:
    """Return that a file is one of deployments, if it is: by its name, or by both of its sections."""
    keys = document.root.entries if isinstance(document.root, MappingNode) else {}
    if posixpath.basename(name) == FLEET and any(key in keys for key in (*OF_FLEET, "exclude")):
        return DEPLOYMENTS
    return DEPLOYMENTS if all(key in keys for key in OF_FLEET) else ""


def _labels(documents: MappingABC[str, Document]) -> dict[str, dict[str, Label]]:
    """Return by folder how its own files name their stack, the outermost folders first."""
    labels: dict[str, dict[str, Label]] = {}
    for name in sorted(documents, key=lambda name: (name.count("/"), name)):
        root = documents[name].root
        if isinstance(root, MappingNode) and "stack" in root.entries:
            mark, node = root.entries["stack"]
            if text := _written(node):
                labels.setdefault(posixpath.dirname(name), {}).setdefault(text, Label(text, mark))
    return labels


def _written(node: Node) -> str:
    node = node.target if isinstance(node, AliasNode) else node
    match node:
        case Scalar(value) if value is not None:
            return text_of(value)
        case TaggedNode(tag, text):
            return f"{tag} {text}"
    return ""


def _is_below(folder: str, folders: MappingABC[str, Label]) -> bool:
    return any(folder == one or folder.startswith(f"{one}/") for one in folders)


def _declared(document: Document, kinds: MappingABC[str, Kind]) -> Iterator[tuple[Address, Where]]:
    root = document.root
    if not isinstance(root, MappingNode):
        return
    for kind in kinds.values():
        _, section = root.entries.get(kind.section, (None, None))
        section = section.target if isinstance(section, AliasNode) else section
        for name, (mark, _) in section.entries.items() if isinstance(section, MappingNode) else ():
            yield Address(kind.name, name), where_of(mark)
    if requested := bare_kind(root, kinds):
        mark, node = root.entries[requested.name_member]
        yield Address(requested.name, _written(node)), where_of(mark)


def _variables(document: Document) -> Iterator[str]:
    root = document.root
    section = root.entries["variables"][1] if isinstance(root, MappingNode) and "variables" in root.entries else None
    yield from section.entries if isinstance(section, MappingNode) else ()


def _are_values(document: Document, variables: set[str], keywords: Keywords) -> bool:
    """Whether a file can only be one for --var-file: all its keys are variables, and not all are words of ours."""
    if not isinstance(document.root, MappingNode) or document.root.merges:
        return False
    keys = set(document.root.entries)
    return bool(keys) and keys <= variables and not keys <= set(keywords.keys) and keys.isdisjoint(keywords.sections)

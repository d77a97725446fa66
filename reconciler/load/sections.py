"""Several files to one stack: what each top-level key says in all of them, and which files are a resource each."""

from collections.abc import Collection, Iterator
from collections.abc import Mapping as MappingABC
from dataclasses import dataclass, field
from difflib import SequenceMatcher

from reconciler.kinds.base import Kind
from reconciler.load.choose import (
    FLEET,
    IGNORED_PREFIX,
    NEAR,
    SCHEMA,
    SETTINGS,
    Keywords,
    Recognizer,
    StackFiles,
    bare_kind,
    choice_of,
    keys_of,
    strangers,
)
from reconciler.load.expand import Expander
from reconciler.load.files import JSON_FILES, Library
from reconciler.load.other_languages import spoken_in_name
from reconciler.problems import Problem, Severity
from reconciler.syntax.diagnostics import Findings, listed
from reconciler.syntax.nodes import Broken, MappingNode, NamedPlace, Node, SourceMark, is_null, where_of
from reconciler.syntax.parse import Document

__all__ = ["IGNORED_PREFIX", "SCHEMA", "SETTINGS", "Gathered", "RequestFile", "SectionEntry", "gather"]


@dataclass(frozen=True, slots=True)
class SectionEntry:
    """The value of a top-level key in one file. `is_literal`: there is nothing to expand in it."""

    mark: SourceMark
    node: Node
    is_literal: bool

    def expanded(self, expander: Expander) -> Node:
        return self.node if self.is_literal else expander.expand(self.node)


@dataclass(frozen=True, slots=True)
class RequestFile:
    """A resource in a file of its own, as `aws batch … --cli-input-json` takes it."""

    kind: Kind
    body: MappingNode


@dataclass(frozen=True, slots=True)
class Gathered:
    keys: MappingABC[str, list[SectionEntry]] = field(default_factory=dict)
    bare: list[RequestFile] = field(default_factory=list)
    choice: StackFiles = field(default_factory=StackFiles)
    notes: tuple[Problem, ...] = ()  # what is in the folder and is not part of the stack

    def entries(self, key: str) -> list[SectionEntry]:
        return self.keys.get(key, [])


def gather(expander: Expander, kinds: MappingABC[str, Kind], named: Collection[str] = ()) -> Gathered:
    """`named` are files that an option names, as --var-file does: they are no part of the stack."""
    library, findings = expander.library, expander.findings
    choice = StackFiles()

    def choose(documents: MappingABC[str, Document]) -> tuple[str, ...]:
        nonlocal choice
        choice = choice_of(documents, library.texts, kinds, named)
        return choice.names

    library.skim = Recognizer(Keywords.of(kinds)).of_value
    parts = library.parts(choose)
    collector = _Collector(kinds, Keywords.of(kinds), expander, findings, {}, [])
    for name, document in parts:
        collector.add(library.shown(name), document)
    if not library.incomplete and all(document.root is None for _, document in parts):
        _nothing(library, choice, findings, any_file=bool(parts))
    return Gathered(collector.keys, collector.bare, choice, tuple(_notes(library, choice)))


def _notes(library: Library, choice: StackFiles) -> Iterator[Problem]:
    """Yield what is left out. A subfolder that is called nearly as the stack may have been meant: that is a warning."""
    for name, reason in choice.beside.items():
        if name in library.included:
            continue
        where = where_of(NamedPlace(library.shown(name)))
        yield Problem("STK015", f"not part of the stack: {reason}", where, severity=Severity.NOTE)
    for folder, label in choice.below.items():
        home = choice.home.text if choice.home else ""
        is_near = SequenceMatcher(None, home, label.text).ratio() >= NEAR
        severity = Severity.WARNING if is_near else Severity.NOTE
        message = f"{library.shown(folder)}/ is a different stack ({label.text}), and not part of {home}"
        hint = f"if it is part of {home}, remove or correct this line" if is_near else "plan its folder separately"
        yield Problem("STK016", message, where_of(label.mark), hint, severity)


def _nothing(library: Library, choice: StackFiles, findings: Findings, *, any_file: bool) -> None:
    root = library.files.root
    hint = "pass the folder of a stack; `reconciler init` creates one"
    if choice.fleet:
        file = library.shown(choice.fleet)
        here = "this folder" if file == choice.fleet else root
        option = "--all" if file == FLEET else f"--all={file}"
        message = f"{here} contains {choice.fleet} (a deployment file)"
        findings.add("STK017", message, NamedPlace(file), f"use {option}, or pass a stack")
    elif choice.several:
        folders = listed((f"{folder}/ ({label.text})" for folder, label in choice.several.items()), "and")
        findings.add("STK016", f"this folder contains several stacks: {folders}", NamedPlace(root), "pass one of them")
    elif choice.beside and not any_file:
        (name, reason), *others = choice.beside.items()
        more = f" (and {len(others)} more files)" if len(others) > 1 else " (and 1 more file)" if others else ""
        findings.add("STK001", f"{library.shown(name)} is not part of a stack: {reason}{more}", NamedPlace(root), hint)
    else:
        message = f"every file in {root} is empty" if any_file else f"{root} contains no .yaml, .yml or .json file"
        findings.add("STK001", message, NamedPlace(root), hint)


@dataclass(frozen=True, slots=True)
class _Collector:
    kinds: MappingABC[str, Kind]
    keywords: Keywords
    expander: Expander
    findings: Findings
    keys: dict[str, list[SectionEntry]]
    bare: list[RequestFile]

    def add(self, shown: str, document: Document) -> None:
        root = document.root
        is_json = shown.endswith(JSON_FILES)
        if root is None or isinstance(root, Broken):
            return
        if not isinstance(root, MappingNode):
            self.not_a_stack(root.mark, is_json=is_json)
        elif is_json and (kind := bare_kind(root, self.kinds)):
            if spoken := spoken_in_name(root.entries[kind.name_member][1]):
                self.expander.library.not_rendered(spoken)
            else:
                self.bare.append(RequestFile(kind, root))
        elif is_json and not any(self.keywords.is_known(key) for key in root.entries if key != "tags"):
            self.nearly_json(root, document)
        else:
            self.add_keys(root, document)

    def add_keys(self, root: MappingNode, document: Document) -> None:
        entries = self.expander.entries(root) or {}
        unknown = {key: mark for key, (mark, _) in entries.items() if not self.keywords.is_known(key)}
        for stranger in strangers(unknown, self.keywords.keys, self.kinds):
            self.findings.add("STK002", stranger.message, unknown[stranger.key], stranger.hint)
        for key, (mark, node) in entries.items():
            if key not in unknown and not is_null(node):
                self.keys.setdefault(key, []).append(SectionEntry(mark, node, document.is_literal))

    def nearly_json(self, root: MappingNode, document: Document) -> None:
        """Report what keeps this JSON from being a request as the AWS CLI takes it, or a part of the stack."""
        kind = self.kinds.get(self.keywords.requested(keys_of(root)))
        if kind is None:
            self.add_keys(root, document)
            return
        members = self.keywords.members[kind.name]
        slips = {key: word for key in root.entries if (word := self.keywords.meant(key, members)) and word != key}
        what = "is its only field" if kind.name_member in root.entries else "is missing"
        message = f"this is not a complete {kind.create.operation} request: {kind.name_member} {what}"
        hint = f"write {kind.name_member} and the other fields of the request, as for --cli-input-json"
        if slips and all(word == f"{key[:1].lower()}{key[1:]}" for key, word in slips.items()):
            key, word = next(iter(slips.items()))
            hint = f"fields begin with a lowercase letter: {word}, not {key}"
        elif slips:
            hint = f"did you mean {listed((f'{word} for {key}' for key, word in slips.items()), 'and')}?"
        self.findings.add("STK008", message, root.mark, hint)

    def not_a_stack(self, mark: SourceMark, *, is_json: bool) -> None:
        if not is_json:
            message = "a stack file must be a mapping with keys such as stack and jobDefinitions"
            self.findings.add("STK005", message, mark, "write `key: value`")
            return
        hint = "write each request to its own file, as for --cli-input-json"
        self.findings.add("STK008", "a JSON file of a stack must be one request, or a part of a stack", mark, hint)

"""Several files to one stack: what each top-level key says in all of them, and which files are a resource each."""

from collections.abc import Mapping as MappingABC
from dataclasses import dataclass, field

from reconciler.kinds.base import Kind
from reconciler.load.compose import Document
from reconciler.load.expand import Expander
from reconciler.load.findings import Findings, listed
from reconciler.load.library import JSON_FILES, Library
from reconciler.load.nodes import Broken, Mapping, Mark, Node, Spot, is_null
from reconciler.load.strangers import strangers

SETTINGS = ("stack", "account", "region", "namePrefix", "tags", "variables", "defaults", "rules", "ignore", "lock")
IGNORED_PREFIX = "x-"
SCHEMA = "$schema"  # editors look for it in JSON files


@dataclass(frozen=True, slots=True)
class Entry:
    """The value of a top-level key in one file. `is_literal`: there is nothing to expand in it."""

    mark: Mark
    node: Node
    is_literal: bool

    def expanded(self, expander: Expander) -> Node:
        return self.node if self.is_literal else expander.expand(self.node)


@dataclass(frozen=True, slots=True)
class Bare:
    """A resource in a file of its own, as `aws batch … --cli-input-json` takes it."""

    kind: Kind
    body: Mapping


@dataclass(frozen=True, slots=True)
class Gathered:
    keys: MappingABC[str, list[Entry]] = field(default_factory=dict)
    bare: list[Bare] = field(default_factory=list)

    def entries(self, key: str) -> list[Entry]:
        return self.keys.get(key, [])


def gather(expander: Expander, kinds: MappingABC[str, Kind]) -> Gathered:
    library, findings = expander.library, expander.findings
    parts = library.parts()
    collector = _Collector(kinds, expander, findings, {}, [])
    for name, document in parts:
        collector.add(library.shown(name), document)
    if not library.incomplete and all(document.root is None for _, document in parts):
        _nothing(library, findings, any_file=bool(parts))
    return Gathered(collector.keys, collector.bare)


def _nothing(library: Library, findings: Findings, *, any_file: bool) -> None:
    root = library.files.root
    message = f"every file in {root} is empty" if any_file else f"there is no .yaml, .yml or .json file in {root}"
    findings.add("STK001", message, Spot(root), "name the folder of a stack; `reconciler init` makes one")


@dataclass(frozen=True, slots=True)
class _Collector:
    kinds: MappingABC[str, Kind]
    expander: Expander
    findings: Findings
    keys: dict[str, list[Entry]]
    bare: list[Bare]

    def add(self, shown: str, document: Document) -> None:
        root = document.root
        is_json = shown.endswith(JSON_FILES)
        if root is None or isinstance(root, Broken):
            return
        if not isinstance(root, Mapping):
            self.not_a_stack(root.mark, is_json=is_json)
        elif is_json and (kind := self.kind_of(root)):
            self.bare.append(Bare(kind, root))
        elif is_json and not any(self.is_known(key) for key in root.entries):
            self.not_a_stack(root.mark, is_json=True)
        else:
            self.add_keys(root, document)

    def add_keys(self, root: Mapping, document: Document) -> None:
        entries = self.expander.entries(root) or {}
        unknown = {key: mark for key, (mark, _) in entries.items() if not self.is_known(key)}
        for stranger in strangers(unknown, self.known(), self.kinds):
            self.findings.add("STK002", stranger.message, unknown[stranger.key], stranger.hint)
        for key, (mark, node) in entries.items():
            if key not in unknown and not is_null(node):
                self.keys.setdefault(key, []).append(Entry(mark, node, document.is_literal))

    def is_known(self, key: str) -> bool:
        return key in self.known() or key == SCHEMA or key.startswith(IGNORED_PREFIX)

    def known(self) -> tuple[str, ...]:
        return (*SETTINGS, *(kind.section for kind in self.kinds.values()))

    def kind_of(self, root: Mapping) -> Kind | None:
        """A body's name member tells its kind; since that is plain `name` for some, it needs a member beside it."""
        return next(
            (
                kind
                for kind in self.kinds.values()
                if kind.name_member in root.entries and any(row.name in root.entries for row in kind.rows)
            ),
            None,
        )

    def not_a_stack(self, mark: Mark, *, is_json: bool) -> None:
        if not is_json:
            message = "a file of a stack is a mapping with keys such as stack and jobDefinitions"
            self.findings.add("STK005", message, mark, "write `key: value`")
            return
        names = listed(f"{kind.name_member} ({kind.create})" for kind in self.kinds.values())
        hint = (
            f"accepted are requests as the AWS CLI takes them with --cli-input-json, told by {names} and a member "
            f"beside it; and parts of a stack, with keys such as stack and {next(iter(self.kinds.values())).section}"
        )
        self.findings.add("STK008", "this JSON is neither a request of AWS Batch nor a part of a stack", mark, hint)

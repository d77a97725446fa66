"""From what was found to the files of a stack: tidy YAML that means what is live, and nothing more."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace

from reconciler.adopt.bare import bare
from reconciler.adopt.files import MAIN, GroupBy, WrittenStack, file_names
from reconciler.adopt.found import Imported, ImportedResource, LeftOut, without_tagged
from reconciler.adopt.logical import by_name, key_of, shortened
from reconciler.adopt.needed import Needs
from reconciler.adopt.nodes import Notes, document, notes_by_path
from reconciler.adopt.shared import TAGS, Factored, factored
from reconciler.adopt.sound import sorted_out
from reconciler.fmt.printer import printed
from reconciler.fmt.tidy import Language, tidied
from reconciler.kinds import KINDS
from reconciler.model import Address, Identity, Json, Path
from reconciler.ownership import users_tags
from reconciler.validate.walk import Readers

TWICE = "another of this kind has the same name here, and a stack can declare one of a name"


@dataclass(frozen=True, slots=True, kw_only=True)
class ImportSettings:
    """What the stack is called and where it is; empty what its files are not to say."""

    stack: str
    root: str
    region: str = ""
    account: str = ""
    group_by: GroupBy = GroupBy.KIND


@dataclass(frozen=True, slots=True)
class Tidy:
    """A stack's files; what each resource declares; and what could not become part of it."""

    files: WrittenStack
    found: tuple[ImportedResource, ...]
    left_out: tuple[LeftOut, ...] = field(default=())


def tidy_stack(imported: Imported, identity: Identity, settings: ImportSettings, language: Language) -> Tidy:
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
    return Tidy(WrittenStack(texts, settings.root), shared.found, tuple(twice))


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

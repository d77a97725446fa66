"""Files of a folder, look-ups and values of variables in; a `Stack` with everything that is wrong with it out.

`files` reads and includes, `choose` and `sections` find what belongs to the stack, `variables` and `expand` substitute,
`settings` and `resources` read what the stack declares.

Always: every problem is found in one pass, and each has its place; a value that cannot be looked up here is
`Unknown`; `Loaded.uses` says what depends on account, region and look-ups. Not here: what the API accepts (`validate`),
and what is live.
"""

from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace

from reconciler.kinds import KINDS
from reconciler.kinds.base import Kind
from reconciler.load.expand import CONTEXT, IN_TEXT, Expander, LookupRunner, Scope, StatePlaces
from reconciler.load.files import Library
from reconciler.load.jobs import declared_jobs
from reconciler.load.resources import BodyReader, declared_resources, with_named_bodies
from reconciler.load.sections import choice_of, declares, gather
from reconciler.load.settings import (
    OTHER_VERSION,
    PlaceReader,
    Settings,
    check_required_versions,
    disabled_rules,
    ignored_members,
    lock_of,
    read_settings,
)
from reconciler.load.variables import FromOutside, declared_variables, scope_of
from reconciler.model import Identity, Json, Stack
from reconciler.placeholders import Secret
from reconciler.ports import Files, Lookups
from reconciler.problems import InvalidStack, Problem, Where
from reconciler.rules import CAN_BE_DISABLED, settle
from reconciler.syntax.diagnostics import Findings, forgotten_sub
from reconciler.syntax.nodes import spellings_of_number, text_of, where_of
from reconciler.syntax.parse import Document

__all__ = [
    "FromOutside",
    "Loaded",
    "Settings",
    "Uses",
    "files_beside",
    "files_used",
    "is_of_stack",
    "load",
    "load_with_problems",
    "settings_of",
    "text_of",
]

NOTHING = FromOutside()


def with_forgotten_sub(problems: Iterable[Problem], unfilled: Mapping[Where, str]) -> tuple[Problem, ...]:
    """Return the problems; where a text has `${variable}` and no `!sub`, that is what to do about it."""
    return tuple(
        replace(problem, hint=forgotten_sub(unfilled[problem.where]))
        if problem.where is not None and problem.where in unfilled
        else problem
        for problem in problems
    )


def _unfilled(library: Library, known: Collection[str]) -> dict[Where, str]:
    texts = (scalar for document in library.documents.values() for scalar in document.dollars)
    return {
        where_of(scalar.mark): str(scalar.value)
        for scalar in texts
        if any(match[2].strip() in known for match in IN_TEXT.finditer(str(scalar.value)))
    }


@dataclass(frozen=True, slots=True)
class Uses:
    """What a stack takes from elsewhere than its files and variables.

    `account` and `region`: some text has it, be it known or not; a partition follows from the region. `lookups` are the
    tags and arguments of all look-ups, as in ("ssm", "/team/ami"); `!env` is none.
    """

    account: bool = False
    region: bool = False
    lookups: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, slots=True)
class Loaded:
    """What the files declare, and all that is wrong with them, in file order.

    With problems the stack is good for finding more of them only: what could not be read is not in it.
    `secrets` are the texts of variables that are secret, as declared or by their looks, and of look-ups that are; no
    output may show them, nor the `composed` texts with a secret in them that is too short to be found there.
    `secret_variables` are the names of the former. `uses` says what depends on the place of the stack, and on look-ups.
    `has_unknown`: some look-ups were not made, and what they would have given is an `Unknown`. `is_whole`: every file
    could be read. Otherwise what seems to be missing may be in one that could not. `notes` name what is in the folder
    and is not part of the stack; nothing is wrong with it.
    `unfilled` are the plain texts that name a variable as `!sub` does, by their places.
    """

    stack: Stack
    problems: tuple[Problem, ...] = ()
    secrets: frozenset[str] = frozenset()
    composed: frozenset[str] = frozenset()
    secret_variables: frozenset[str] = frozenset()
    uses: Uses = Uses()
    has_unknown: bool = False
    is_whole: bool = True
    notes: tuple[Problem, ...] = ()
    unfilled: Mapping[Where, str] = field(default_factory=dict)


def load(
    files: Files,
    lookups: Lookups,
    outside: FromOutside = NOTHING,
    *,
    identity: Identity | None = None,
    kinds: Mapping[str, Kind] = KINDS,
) -> Stack:
    """Return what the files declare. Raises `InvalidStack` with all that is wrong with them."""
    loaded = load_with_problems(files, lookups, outside, identity=identity, kinds=kinds)
    if loaded.problems:
        raise InvalidStack(loaded.problems)
    return loaded.stack


def load_with_problems(
    files: Files,
    lookups: Lookups,
    outside: FromOutside = NOTHING,
    *,
    identity: Identity | None = None,
    kinds: Mapping[str, Kind] = KINDS,
) -> Loaded:
    """Return what the files declare, as far as they can be understood.

    `outside` has what variables are given. Without an identity, `${account}` and its like are what the stack says, or
    stand-ins of the right form: `Stack.stand_ins` has the names for which some were used.
    """
    findings = Findings()
    places = StatePlaces()
    finder = LookupRunner(lookups, findings, places)
    library = Library(files, findings)
    expander = Expander(library, finder, findings)
    gathered = gather(expander, kinds, outside.named)
    PlaceReader(places, expander, outside.partitions).without_variables(gathered)
    declared = declared_variables(gathered, expander)
    scope = scope_of(declared, outside, expander)
    settings, expander = read_settings(gathered, scope, expander, identity, outside.partitions)
    check_required_versions(gathered, expander)
    if other := tuple(problem for problem in findings.in_file_order() if problem.code == OTHER_VERSION):
        return Loaded(Stack(settings.stack, {}), other, is_whole=False)
    reader = BodyReader.of(gathered, kinds, expander)
    resources = declared_resources(reader, settings.name_prefix)
    jobs = declared_jobs(reader, settings.name_prefix, resources)
    stack = Stack(
        name=settings.stack,
        declared=with_named_bodies(resources, jobs, findings),
        jobs=jobs,
        tags=settings.tags,
        name_prefix=settings.name_prefix,
        account=settings.account,
        region=settings.region,
        disabled=disabled_rules(gathered, expander, CAN_BE_DISABLED),
        ignore=ignored_members(gathered, expander),
        lock=lock_of(gathered, expander),
        states=places.known,
        elsewhere=gathered.choice.elsewhere,
        mentioned=gathered.choice.mentioned,
    )
    standing, off = settle(findings.in_file_order(), stack.disabled)
    uses = Uses(
        account="account" in expander.used,
        region=not expander.used.isdisjoint(("region", "partition")),
        lookups=finder.made,
    )
    stand_ins = frozenset[str]() if identity else _stand_ins(uses, settings)
    stack = replace(stack, stand_ins=stand_ins, silenced=tuple(off))
    unfilled = _unfilled(library, {*declared, *CONTEXT})
    return Loaded(
        stack,
        with_forgotten_sub(standing, unfilled),
        secrets=_secrets(scope) | finder.secrets,
        composed=frozenset(expander.composed),
        secret_variables=scope.secret | {name for name, variable in declared.items() if variable.secret},
        uses=uses,
        has_unknown=finder.has_unknown,
        is_whole=not library.incomplete,
        notes=gathered.notes,
        unfilled=unfilled,
    )


def settings_of(files: Files, lookups: Lookups, outside: FromOutside = NOTHING) -> Settings:
    """Return what the files say of the stack itself, as far as they can be understood, and nothing of its resources."""
    findings = Findings()
    places = StatePlaces()
    expander = Expander(Library(files, findings), LookupRunner(lookups, findings, places), findings)
    gathered = gather(expander, KINDS, outside.named)
    PlaceReader(places, expander, outside.partitions).without_variables(gathered)
    scope = scope_of(declared_variables(gathered, expander), outside, expander)
    return read_settings(gathered, scope, expander, None, outside.partitions)[0]


def _stand_ins(uses: Uses, settings: Settings) -> frozenset[str]:
    """Return the names that something in the stack uses although their values are not known here."""
    unknown = {"account": uses.account and not settings.account, "region": uses.region and not settings.region}
    return frozenset(name for name, is_unknown in unknown.items() if is_unknown)


def files_used(files: Files) -> frozenset[str]:
    """Return the files that make up a stack, and those that they include."""
    library = Library(files, Findings())
    library.parts(lambda documents: choice_of(documents, library.texts, KINDS).names)
    return frozenset(library.followed)


def is_of_stack(files: Files) -> bool:
    """Whether any of some files belongs to a stack, or says which stacks there are; also one that is broken."""
    library = Library(files, Findings())
    library.parts(lambda _documents: ())
    return any(declares(name, document, library.texts.get(name, "")) for name, document in library.documents.items())


def files_beside(files: Files, kinds: Mapping[str, Kind] = KINDS) -> frozenset[str]:
    """Return the files of a folder that belong to no stack, also to none in a subfolder, and that none includes."""
    library, beside = Library(files, Findings()), dict[str, str]()

    def choose(documents: Mapping[str, Document]) -> tuple[str, ...]:
        choice = choice_of(documents, library.texts, kinds)
        beside.update(choice.beside)
        return choice.of_stacks

    library.parts(choose)
    return frozenset(beside.keys() - library.followed)


def _secrets(scope: Scope) -> frozenset[str]:
    values = ((value, name in scope.secret) for name, value in scope.values.items())
    return frozenset(text for value, is_secret in values for text in _secret_texts(value, is_secret=is_secret))


def _secret_texts(value: Json, *, is_secret: bool) -> Iterator[str]:
    """Yield what is secret in a value: all of it, or the look-ups that are, such as those of a file of targets."""
    if isinstance(value, dict | list):
        for inner in value.values() if isinstance(value, dict) else value:
            yield from _secret_texts(inner, is_secret=is_secret)
    elif value is not None and not isinstance(value, bool) and value != "" and (is_secret or isinstance(value, Secret)):
        written = str(text_of(value))
        yield from (written, *spellings_of_number(written))

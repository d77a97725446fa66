"""The columns of the tables of checks: a check, a field that refers to something, and what is found."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import NamedTuple, TypeVar

from reconciler.kinds import KINDS
from reconciler.kinds.base import Row, Rows
from reconciler.model import Address, Declared, Identity, Json, Path, Spec, Stack
from reconciler.placeholders import ExampleText, Unknown
from reconciler.placement.catalogue import Catalogue
from reconciler.placement.queues import Pool
from reconciler.problems import Severity, Where
from reconciler.verify.asking import Inquiry, Key, Question, Reply


class VerifyResult(StrEnum):
    OK = "ok"
    FAIL = "fail"
    UNKNOWN = "unknown"

    @property
    def severity(self) -> Severity | None:
        """How grave it is as a problem; None where there is none."""
        return {VerifyResult.FAIL: Severity.ERROR, VerifyResult.UNKNOWN: Severity.NOTE}.get(self)


class Judgement(NamedTuple):
    """What is found at one place of a body. A warning is `ok`: AWS accepts it, and it is rarely meant."""

    path: Path
    result: VerifyResult
    message: str
    hint: str = ""
    is_warning: bool = False


Judgements = Iterator[Judgement]


def fail(path: Path, message: str, hint: str = "") -> Judgement:
    """AWS said that it cannot work."""
    return Judgement(path, VerifyResult.FAIL, message, hint)


def unknown(path: Path, message: str, hint: str = "") -> Judgement:
    return Judgement(path, VerifyResult.UNKNOWN, message, hint)


def warn(path: Path, message: str, hint: str = "") -> Judgement:
    return Judgement(path, VerifyResult.OK, message, hint, is_warning=True)


def note(path: Path, message: str, hint: str = "") -> Judgement:
    """All is well, and there is more to know."""
    return Judgement(path, VerifyResult.OK, message, hint)


# There is nothing to judge, as a different check reports.
NOT_JUDGED = Judgement((), VerifyResult.OK, "")


@dataclass(frozen=True, slots=True)
class Finding:
    """A judgement on a resource of the stack."""

    address: Address
    path: Path
    check: str
    result: VerifyResult
    message: str
    hint: str = ""
    is_warning: bool = False
    where: Where | None = None

    @property
    def severity(self) -> Severity | None:
        return Severity.WARNING if self.is_warning else self.result.severity

    @property
    def is_news(self) -> bool:
        """Whether it is shown to those who do not ask for everything."""
        return self.severity is not None


Made = TypeVar("Made")


@dataclass(frozen=True, slots=True)
class Verified:
    """A resource that is verified, with its stack, the place, the instance types, and the queues for its jobs."""

    address: Address
    body: Spec
    stack: Stack
    identity: Identity
    catalogue: Catalogue
    pool: Pool
    _of_stack: dict[str, Json] = field(default_factory=dict, repr=False, compare=False)
    _fields: dict[str, list[tuple[tuple[str, ...], Path, Json]]] = field(
        default_factory=dict, init=False, repr=False, compare=False
    )

    def beside(self, other: Declared) -> "Verified":
        """Return another resource of the same stack."""
        return Verified(other.address, other.spec, self.stack, self.identity, self.catalogue, self.pool, self._of_stack)

    def of_stack(self, name: str, make: Callable[[], Made]) -> Made:
        """Return what is the same for all resources of the stack, made once. `name` tells it from all else."""
        if name not in self._of_stack:
            self._of_stack[name] = make()
        made: Made = self._of_stack[name]
        return made

    def elsewhere(self, region: str) -> str:
        """Return a region as questions name it: empty for that of the stack."""
        return "" if region == self.identity.region else region

    def fields(self, end: str) -> Iterator[tuple[Path, Json]]:
        """Yield the fields whose path ends so, however deep in the body they are; an empty end is the body itself."""
        if not end:
            yield (), self.body
            return
        if not self._fields:
            for names, path, value in _fields(KINDS[self.address.kind].rows, self.body, (), ()):
                self._fields.setdefault(names[-1], []).append((names, path, value))
        steps = tuple(end.split("."))
        for names, path, value in self._fields.get(steps[-1], ()):
            if names[-len(steps) :] == steps:
                yield path, value


@dataclass(frozen=True, slots=True)
class Reference:
    """A field of a resource that refers to something outside of AWS Batch."""

    of: Verified
    path: Path
    value: Json


class _Waits(Exception):  # noqa: N818 - names what it does
    """A judgement needs replies that are not there yet."""


@dataclass(frozen=True, slots=True)
class Ask:
    """The replies to what judgements ask. What is not known yet is noted in `wanted`, and the judgement made again."""

    replies: Mapping[Question, Reply]
    wanted: dict[Question, None]

    def __call__(self, inquiry: Inquiry, *key: str, region: str = "") -> Reply:
        return self.all(inquiry, [key], region)[0]

    def all(self, inquiry: Inquiry, keys: Iterable[Key], region: str = "") -> Sequence[Reply]:
        """Return the reply to each of several questions, which are asked together."""
        listed = list(keys)
        questions = [Question(inquiry, key, region) for key in listed if all(map(is_known, key))]
        missing = [question for question in questions if question not in self.replies]
        if missing:
            self.wanted.update(dict.fromkeys(missing))
            raise _Waits
        return [
            self.replies[Question(inquiry, key, region)] if all(map(is_known, key)) else Reply(unknown=NOT_LOOKED_UP)
            for key in listed
        ]


NOT_LOOKED_UP = "its value is not known: it was not looked up"


@dataclass(frozen=True, slots=True, kw_only=True)
class LiveCheck:
    """A row. `fields` are ends of paths, in all kinds of containers alike; each field that a body has is judged.

    `holds` says what is so where nothing is found. The last three columns are documentation.
    """

    id: str
    kind: str
    fields: tuple[str, ...]
    holds: str
    asks: tuple[Inquiry, ...]
    judge: Callable[[Reference, Ask], Judgements]
    applies: Callable[[Reference], bool] = lambda _reference: True  # whether a field has anything to judge
    # Of what is asked, that which only some fields need, each with what says whether one does.
    asks_if: Mapping[Inquiry, Callable[[Reference], bool]] = field(default_factory=dict)
    fails: str = ""
    warns: str = ""
    unknown: str = ""

    @property
    def subject(self) -> str:
        """What is checked, as the beginning of a sentence."""
        return " and ".join(self.fields) if any(self.fields) else self.kind

    def references(self, of: Verified) -> Iterator[Reference]:
        """Yield the fields of a resource that the check is about; of a list of structures, each entry."""
        if of.address.kind == self.kind:
            found = (Reference(of, path, value) for end in self.fields for path, value in of.fields(end))
            yield from (each for reference in found for each in _entries(reference) if self.applies(each))

    def asks_of(self, reference: Reference) -> Iterator[Inquiry]:
        """Yield what may have to be asked for a field."""
        for inquiry in self.asks:
            if inquiry not in self.asks_if or self.asks_if[inquiry](reference):
                yield inquiry

    def judgements(self, reference: Reference, replies: Mapping[Question, Reply]) -> "Sequence[Judgement] | Ask":
        """Return what is found, or what has to be asked before."""
        if not is_known(reference.value):
            return [unknown(reference.path, NOT_LOOKED_UP)]
        ask = Ask(replies, {})
        try:
            found = list(self.judge(reference, ask))
        except _Waits:
            return ask
        return [each for each in found if each is not NOT_JUDGED] if found else [note(reference.path, self.holds)]


def _entries(reference: Reference) -> Iterator[Reference]:
    value = reference.value
    if isinstance(value, list | tuple) and any(isinstance(each, Mapping) for each in value):
        yield from (Reference(reference.of, (*reference.path, index), each) for index, each in enumerate(value))
    elif value not in ("", [], (), {}):
        yield reference


def of_reply(path: Path, reply: Reply, thing: str, hint: str = "") -> Judgements:
    """Yield what a reply means that is no description: there is no such thing, or it cannot be seen."""
    if reply.absent:
        yield fail(path, f"{thing} does not exist ({reply.absent})", hint)
    elif reply.unknown:
        yield unknown(path, f"{thing}: {reply.unknown}", reply.hint)


def is_known(value: Json) -> bool:
    """Whether a value is the user's own. One that stands in for such a value is lost if a text is made of it."""
    return not isinstance(value, Unknown | ExampleText)


def _fields(
    rows: Iterable[Row], body: Spec, names: tuple[str, ...], path: Path
) -> Iterator[tuple[tuple[str, ...], Path, Json]]:
    for row in Rows.of(rows).fields:
        value = body.get(row.name)
        if value is None:
            continue
        inner_names, inner_path = (*names, row.name), (*path, row.name)
        yield inner_names, inner_path, value
        if not row.fields:
            continue
        if isinstance(value, Mapping):
            yield from _fields(row.fields, value, inner_names, inner_path)
        elif isinstance(value, list | tuple):
            for index, each in enumerate(value):
                if isinstance(each, Mapping):
                    yield from _fields(row.fields, each, inner_names, (*inner_path, index))


# ARNs of things outside of AWS Batch.


class Arn(NamedTuple):
    """The parts of an ARN; all are empty but `resource` where the text is a name."""

    partition: str
    service: str
    region: str
    account: str
    resource: str

    @classmethod
    def of(cls, text: str) -> "Arn":
        parts = text.split(":", 5)
        if len(parts) != 6 or parts[0] != "arn":  # noqa: PLR2004 - arn:partition:service:region:account:resource
            return cls("", "", "", "", text)
        return cls(*parts[1:])

    @property
    def name(self) -> str:
        """The last part of the resource's path."""
        return self.resource.rpartition("/")[2]

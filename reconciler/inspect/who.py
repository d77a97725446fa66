"""Who changed what drifted: the events of CloudTrail that explain the fields of a plan, matched by field and value.

Questions follow from a plan or from live resources; `attribute` answers them from events, which it asks for by the name
of an operation and only as far as it needs. What an event says of a request is compared and never kept.
"""

import json
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum

from reconciler.diff.canonical import canonical
from reconciler.kinds import KINDS
from reconciler.kinds.base import Kind
from reconciler.kinds.paths import update_unit
from reconciler.live.ownership import OWNER
from reconciler.model import STATUS, TAGS, Action, Address, Change, Identity, Json, Live, Path, Spec, member_at
from reconciler.problems import CloudError, Fault

# Events of CloudTrail, as LookupEvents describes them ('CloudTrail record contents' in its User Guide).

SOURCE = "batch.amazonaws.com"
OURS = "batch-reconciler"  # in the user agent of our own client
DAYS = 90  # the events that LookupEvents finds
PAGE = 50  # the most of them at a time (LookupEvents, MaxResults)
PAGES = 20  # of one operation: a busy account registers job definitions all the time
PER_SECOND = 2  # "The rate of lookup requests is limited to two per second, per account, per Region" (LookupEvents)
TAG, UNTAG = "TagResource", "UntagResource"
ARN_MEMBER = "resourceArn"
# What tools write in their user agents, the most telling first: most of them are built on an SDK.
TOOLS = (
    (OURS, "reconciler"),
    ("terraform", "Terraform"),
    ("opentofu", "OpenTofu"),
    ("pulumi", "Pulumi"),
    ("ansible", "Ansible"),
    ("nextflow", "Nextflow"),
    ("cloudformation", "CloudFormation"),
    ("exec-env/cloudshell", "AWS CloudShell"),
    ("aws-cli", "AWS CLI"),
    ("console", "AWS console"),
    ("signin.amazonaws.com", "AWS console"),
    ("mozilla", "AWS console"),
    ("aws internal", "AWS"),
    ("boto3", "boto3"),
    ("botocore", "botocore"),
    ("aws-sdk-", "AWS SDK"),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class TrailEvent:
    """One request to AWS Batch that has had effect. `request` is compared, and no part of any output."""

    id: str
    operation: str
    time: str  # 2026-11-28T14:02:11Z
    request: Spec
    principal: str = ""  # the ARN of who sent it
    session_issuer: str = ""  # the role or user that the principal's session is of
    invoked_by: str = ""  # the service of AWS that sent it for the principal
    tool: str = ""  # by the user agent; empty: unknown
    source_ip: str = ""  # the IP address that it came from
    made: str = ""  # the ARN of what it created, revision included

    @property
    def is_ours(self) -> bool:
        """Whether a run of reconciler sent it, of whatever stack."""
        return self.tool == TOOLS[0][1]


def parse_event(text: str) -> TrailEvent | None:
    """Return an event of CloudTrail; None for one that failed, or that is of a different service."""
    try:
        record = json.loads(text)
    except (ValueError, RecursionError):
        return None
    if not isinstance(record, dict) or record.get("eventSource") != SOURCE or record.get("errorCode"):
        return None
    identity = _mapping(record.get("userIdentity"))
    issuer = _mapping(_mapping(identity.get("sessionContext")).get("sessionIssuer"))
    return TrailEvent(
        id=_text(record.get("eventID")),
        operation=_text(record.get("eventName")),
        time=_text(record.get("eventTime")),
        request=_mapping(record.get("requestParameters")),
        principal=_text(identity.get("arn")) or _text(identity.get("principalId")),
        session_issuer=_text(issuer.get("userName")),
        invoked_by=_text(identity.get("invokedBy")),
        tool=_tool(record),
        source_ip=_text(record.get("sourceIPAddress")),
        made=_made(_mapping(record.get("responseElements"))),
    )


def _made(response: Mapping[str, Json]) -> str:
    return next((arn for kind in KINDS.values() if (arn := _text(response.get(kind.arn_member)))), "")


def _tool(record: Mapping[str, Json]) -> str:
    if _text(record.get("sessionCredentialFromConsole")).lower() == "true":
        return "AWS console"
    agent = _text(record.get("userAgent")).lower()
    return next((tool for mark, tool in TOOLS if mark in agent), "")


def _text(value: Json) -> str:
    return value if isinstance(value, str) else ""


def _mapping(value: Json) -> Mapping[str, Json]:
    return value if isinstance(value, Mapping) else {}


# What is asked: of a field that drifted, or of a resource as a whole.


@dataclass(frozen=True, slots=True, kw_only=True)
class AuthorQuestion:
    """Who set a field, or created or deleted a resource. `operations`: those that can have, the likeliest first."""

    address: Address
    name: str  # physical
    arn: str
    path: Path = ()  # canonical; empty: the resource as a whole
    live: Live | None = None  # None: nothing is live
    operations: tuple[str, ...]


def drift_questions(changes: Iterable[Change]) -> Iterator[AuthorQuestion]:
    """Yield what to ask about the drift in a plan: its fields, and what is missing or foreign."""
    for change in changes:
        kind = KINDS[change.address.kind]
        if change.action is Action.CREATE:
            yield _question(change, (), (kind.delete.operation,))
        elif change.action is Action.ADOPT and change.refusals:
            yield _question(change, (), (UNTAG, kind.create.operation))
        else:
            for field in change.fields:
                operations = _writers(kind, field.path, has_value=field.before is not None)
                if field.drift and operations:
                    yield _question(change, field.path, operations)


def creation_questions(resources: Iterable[Live]) -> Iterator[AuthorQuestion]:
    """Yield who created each resource."""
    for live in resources:
        create = KINDS[live.address.kind].create.operation
        yield AuthorQuestion(
            address=live.address, name=live.address.name, arn=live.arn, live=live, operations=(create,)
        )


def _question(change: Change, path: Path, operations: tuple[str, ...]) -> AuthorQuestion:
    return AuthorQuestion(
        address=change.address,
        name=change.name,
        arn=change.arn,
        path=path,
        live=change.seen,
        operations=operations,
    )


def _writers(kind: Kind, path: Path, *, has_value: bool) -> tuple[str, ...]:
    """Return the operations that can have given a live field its value; none for what only AWS Batch itself sets."""
    if path[0] == TAGS:
        return (TAG, kind.create.operation) if has_value else (UNTAG,)
    if path == STATUS:
        return ()
    return (*((kind.update.operation,) if kind.update else ()), kind.create.operation)


# How it is answered.


class Trace(StrEnum):
    """What the events say."""

    FOUND = "found"
    TOUCHED = "touched"  # the newest event of the resource does not set this field to this value
    NOT_FOUND = "not found"


@dataclass(frozen=True, slots=True)
class Attribution:
    """The answer to a question."""

    address: Address
    path: Path
    trace: Trace
    event: TrailEvent | None = None


@dataclass(frozen=True, slots=True)
class Authors:
    """Who changed what, as far as CloudTrail says. `problem` is why it could not be asked, or not to the end."""

    identity: Identity
    attributions: tuple[Attribution, ...] = ()
    problem: str = ""


def trail_problem(error: CloudError) -> str:
    """Say why CloudTrail could not be read, and what is needed."""
    needed = "; this requires cloudtrail:LookupEvents" if error.fault is Fault.DENIED else ""
    return f"{error.told}{needed}"


Events = Callable[[str], Iterable[TrailEvent]]  # those of an operation, the newest first


def attribute(questions: Sequence[AuthorQuestion], events: Events, identity: Identity) -> tuple[Attribution, ...]:
    """Answer questions in their order. Of `events`, no more is read than is needed."""
    searches = [_Search(question, identity) for question in questions]
    operations = dict.fromkeys(name for step in range(_most_steps(questions)) for name in _at_step(questions, step))
    for operation in operations:
        waiting = [search for search in searches if not search.is_over and operation in search.question.operations]
        for event in events(operation) if waiting else ():
            for search in waiting:
                search.look_at(event)
            waiting = [search for search in waiting if not search.is_over]
            if not waiting:
                break
    return tuple(search.attribution for search in searches)


def _most_steps(questions: Iterable[AuthorQuestion]) -> int:
    return max((len(question.operations) for question in questions), default=0)


def _at_step(questions: Iterable[AuthorQuestion], step: int) -> Iterator[str]:
    return (question.operations[step] for question in questions if step < len(question.operations))


class _Search:
    """One question, and what has been found for it. The newest event that sets a field decides about it."""

    def __init__(self, question: AuthorQuestion, identity: Identity) -> None:
        self.question = question
        self.is_over = False
        self._identity = identity
        self._kind = KINDS[question.address.kind]
        self._found: TrailEvent | None = None
        self._touched: TrailEvent | None = None

    @property
    def attribution(self) -> Attribution:
        trace = Trace.FOUND if self._found else Trace.TOUCHED if self._touched else Trace.NOT_FOUND
        return Attribution(self.question.address, self.question.path, trace, self._found or self._touched)

    def look_at(self, event: TrailEvent) -> None:
        if not _names(event, self._kind, self.question) or self._is_of_other_revision(event):
            return
        if self._touched is None or event.time > self._touched.time:
            self._touched = event
        if self._writes(event):
            self.is_over = True
            self._found = event if self._has_value(event) else None

    def _is_of_other_revision(self, event: TrailEvent) -> bool:
        live = self.question.live
        return bool(self._kind.revisions and live and event.made and event.made != live.arn)

    def _writes(self, event: TrailEvent) -> bool:
        """Whether the request sets what is asked about."""
        path = self.question.path
        if not path:
            return event.operation != UNTAG or OWNER in _keys(event)
        if path[0] == TAGS:
            return path[-1] in _keys(event)
        if event.operation == self._kind.create.operation:
            return True
        unit = update_unit(self._kind, path)
        outer: Json = event.request
        for step in unit:
            if not isinstance(outer, Mapping) or step not in outer:
                return False
            outer = outer[step]
        return True

    def _has_value(self, event: TrailEvent) -> bool:
        """Whether the request sets it to what is live, in canonical form."""
        path, live = self.question.path, self.question.live
        if not path or event.operation == UNTAG:
            return True
        if live is None:
            return False
        if self._kind.revisions and event.made == live.arn:
            return True  # a revision never changes
        if path[0] == TAGS:
            return bool(_mapping(event.request.get(TAGS)).get(str(path[-1])) == live.tags.get(str(path[-1])))
        body = event.request if event.operation == self._kind.create.operation else self._updated(live.spec, event)
        try:
            sent, is_live = (
                member_at(canonical(self._kind.rows, each, self._identity), map(str, path))
                for each in (body, live.spec)
            )
        except (
            TypeError,
            ValueError,
            AttributeError,
            LookupError,
            ArithmeticError,
        ):  # CloudTrail has put in something in place of a value
            return False
        return bool(sent == is_live)

    def _updated(self, body: Spec, event: TrailEvent) -> Spec:
        """Return the live body with what an update sets; of a structure that merges, part by part."""
        merged = dict(body)
        for row in self._kind.fields:
            if row.name in event.request:
                value = event.request[row.name]
                merges = row.merges and isinstance(value, Mapping)
                merged[row.name] = {**_mapping(merged.get(row.name)), **value} if merges else value
        return merged


def _keys(event: TrailEvent) -> Iterable[Json]:
    """Return the keys of the tags that a request sets or removes."""
    keys = event.request.get("tagKeys" if event.operation == UNTAG else TAGS)
    return keys if isinstance(keys, list | Mapping) else ()


def _names(event: TrailEvent, kind: Kind, question: AuthorQuestion) -> bool:
    """Whether a request is about the resource of a question, by its name or its ARN."""
    request = event.request
    if event.operation in (TAG, UNTAG):
        return _is_same(kind, _text(request.get(ARN_MEMBER)), question)
    if event.operation == kind.create.operation:
        own = _text(request.get(kind.name_member))
        within = _text(request.get(kind.parent.member)) if kind.parent else ""
        return bool(own) and kind.name_within(within, own) == question.name
    call = next((call for call in (kind.update, kind.delete) if call and call.operation == event.operation), None)
    return call is not None and _is_same(kind, _text(request.get(call.id_member)), question)


def _is_same(kind: Kind, written: str, question: AuthorQuestion) -> bool:
    """Whether a name or an ARN is that of a resource, of whatever revision. CloudTrail has some ARNs escaped."""
    plain = written.replace("%3A", ":").replace("%2F", "/")
    known = (question.name, question.arn)
    if kind.revisions:
        plain, known = _without_revision(plain), (_without_revision(known[0]), _without_revision(known[1]))
    return bool(plain) and plain in known


def _without_revision(written: str) -> str:
    head, colon, last = written.rpartition(":")
    return head if colon and last.isdigit() else written

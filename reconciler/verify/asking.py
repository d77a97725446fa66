"""What is asked of the services around AWS Batch: how a kind of thing is looked up, and all questions at once.

Things of which one call describes many are asked for together, and no question is asked twice.
"""

import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import NamedTuple

from reconciler.calls import pages, side_by_side
from reconciler.model import Json
from reconciler.ports import ReadOnlyServices
from reconciler.problems import CloudError, Fault

WORKERS = 16  # calls at a time: most of the time each waits for AWS
Key = tuple[str, ...]  # what tells a thing from all others of its kind
# Codes by which AWS says that there is no such thing, such as NoSuchEntity and InvalidKeyPair.NotFound. An id that is
# malformed is one that nothing can have.
ABSENT = re.compile("NotFound|NoSuch|NotExist|Malformed")
INVALID = re.compile("Invalid|Validation")
# The prefixes of IAM actions that are not the name of the service in botocore.
PREFIXES = {"efs": "elasticfilesystem", "service-quotas": "servicequotas"}
RIGHTS = "`reconciler iam-policy --for verify` prints the policy"
# Operations that every caller may make, without a policy (Service Authorization Reference).
FREE = ("GetCallerIdentity",)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Inquiry:
    """How one kind of thing is looked up. `read` returns what a response has of the keys that it was asked for."""

    noun: str  # of a thing, in prose
    service: str  # as botocore names it
    operation: str
    request: Callable[[Sequence[Key]], Mapping[str, Json]]
    read: Callable[[Mapping[str, Json], Sequence[Key]], Mapping[Key, Json]]
    together: Callable[[Key], Json] = lambda key: key  # keys can share a call if this is the same for both
    most: int = 1  # keys that fit in one call
    listed: str = ""  # the list of the response, which is read to its last page; empty: there are no pages
    marks: tuple[str, str] = ("NextToken", "NextToken")

    @property
    def action(self) -> str:
        """The IAM action that allows it; empty if none is needed."""
        prefix = PREFIXES.get(self.service, self.service)
        return "" if self.operation in FREE else f"{prefix}:{self.operation}"

    @property
    def call(self) -> str:
        return f"{self.service}:{self.operation}"


class Question(NamedTuple):
    """Whether there is a thing, and what AWS says of it. `region`: empty for that of the stack."""

    inquiry: Inquiry
    key: Key
    region: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Reply:
    """What AWS says of one thing: its description, or why there is no such thing, or why that is not known."""

    value: Json = None
    absent: str = ""  # AWS's code, or that the response lacks it
    unknown: str = ""
    hint: str = ""  # how to make it known

    @property
    def is_found(self) -> bool:
        return not self.absent and not self.unknown


SIMULATED = "batch"
IN_PROCESS = Reply(
    unknown="the sandbox in this process has only AWS Batch",
    hint="start `reconciler sandbox serve`, create it there, drop --sandbox and set AWS_ENDPOINT_URL",
)


@dataclass(frozen=True, slots=True)
class _Request:
    """One call, about some things."""

    inquiry: Inquiry
    keys: tuple[Key, ...]
    region: str


def ask(
    questions: Iterable[Question], services: ReadOnlyServices, *, has_everything: bool = True
) -> dict[Question, Reply]:
    """Return the reply to each question. No failure of a call is raised: it is a reply.

    `has_everything`: if not, as in the sandbox in this process, nothing can be said of services beside AWS Batch.
    """
    listed = list(questions)
    asked = [each for each in listed if has_everything or each.inquiry.service == SIMULATED]
    unreachable: dict[tuple[str, str], Reply] = {}

    def make(call: _Request) -> dict[Question, Reply]:
        replies = _replies(call, services, unreachable)
        return {Question(call.inquiry, key, call.region): replies[key] for key in call.keys}

    replies = side_by_side(make, list(_requests(asked)), WORKERS)
    return dict.fromkeys(listed, IN_PROCESS) | {question: reply for each in replies for question, reply in each.items()}


def _requests(questions: Iterable[Question]) -> Iterator[_Request]:
    """Yield the calls that answer all questions, as few as there can be."""
    groups: dict[tuple[Inquiry, str, Json], dict[Key, None]] = {}
    for question in questions:
        shared = question.inquiry.together(question.key)
        groups.setdefault((question.inquiry, question.region, shared), {})[question.key] = None
    for (inquiry, region, _), keys in groups.items():
        listed = tuple(keys)
        for start in range(0, len(listed), inquiry.most):
            yield _Request(inquiry, listed[start : start + inquiry.most], region)


def _replies(
    call: _Request, services: ReadOnlyServices, unreachable: dict[tuple[str, str], Reply]
) -> Mapping[Key, Reply]:
    inquiry = call.inquiry
    place = (inquiry.service, call.region)
    if place in unreachable:  # each further try would take as long
        return dict.fromkeys(call.keys, unreachable[place])
    try:
        found = inquiry.read(_response(call, services), call.keys)
    except CloudError as error:
        if ABSENT.search(error.code):
            return dict.fromkeys(call.keys, Reply(absent=error.code))
        if INVALID.search(error.code) and len(call.keys) > 1:  # one of them may be what AWS does not accept
            alone = (_replies(replace(call, keys=(key,)), services, unreachable) for key in call.keys)
            return {key: reply for each in alone for key, reply in each.items()}
        reply = _unknown(call, error)
        if error.fault is Fault.UNREACHABLE:
            unreachable[place] = reply
        return dict.fromkeys(call.keys, reply)
    lacking = Reply(absent=f"{inquiry.operation} does not list it")
    return {key: Reply(value=found[key]) if key in found else lacking for key in call.keys}


def _response(call: _Request, services: ReadOnlyServices) -> Mapping[str, Json]:
    inquiry = call.inquiry
    cloud = services(inquiry.service, call.region)
    request = inquiry.request(call.keys)
    if not inquiry.listed:
        return cloud.call(inquiry.operation, request)
    return {inquiry.listed: list(pages(cloud, inquiry.operation, request, inquiry.listed, inquiry.marks))}


def _unknown(call: _Request, error: CloudError) -> Reply:
    asked = call.inquiry.call
    match error.fault:
        case Fault.DENIED:
            action = call.inquiry.action
            return Reply(
                unknown=f"access to {asked} is denied ({error.code})",
                hint=f"allow {action}: {RIGHTS}" if action else "",
            )
        case Fault.THROTTLED:
            return Reply(unknown=f"AWS throttled {asked} ({error.code})", hint="run it again later")
        case Fault.UNREACHABLE:
            where = f" in {call.region}" if call.region else ""
            return Reply(unknown=f"{call.inquiry.service} cannot be reached{where} ({error.code})", hint=error.hint)
        case _:
            return Reply(unknown=f"{asked} failed with {error.reason}", hint=error.hint)


# The forms of most inquiries.


def of_one(member: str) -> Callable[[Mapping[str, Json], Sequence[Key]], Mapping[Key, Json]]:
    """Return how to read the description of the one thing that was asked for."""

    def read(response: Mapping[str, Json], keys: Sequence[Key]) -> Mapping[Key, Json]:
        value = response.get(member)
        return {keys[0]: value[0] if isinstance(value, list) else value} if value else {}

    return read


def by(listed: str, *members: str) -> Callable[[Mapping[str, Json], Sequence[Key]], Mapping[Key, Json]]:
    """Return how to read a list whose entries have the parts of their key in these members."""

    def read(response: Mapping[str, Json], _keys: Sequence[Key]) -> Mapping[Key, Json]:
        return {tuple(str(each.get(member)) for member in members): each for each in response.get(listed) or ()}

    return read


def grouped_by(listed: str, member: str) -> Callable[[Mapping[str, Json], Sequence[Key]], Mapping[Key, Json]]:
    """Return how to read a list with several entries for each key, or none."""

    def read(response: Mapping[str, Json], keys: Sequence[Key]) -> Mapping[Key, Json]:
        found: dict[Key, list[Json]] = {key: [] for key in keys}
        for each in response.get(listed) or ():
            found.get((str(each.get(member)),), []).append(each)
        return found

    return read


def filtered(name: str, **more: Json) -> Callable[[Sequence[Key]], Mapping[str, Json]]:
    """Return the request of EC2 for all things with a value: unlike a list of ids, a filter may find nothing."""
    return lambda keys: {"Filters": [{"Name": name, "Values": [value for key in keys for value in key]}], **more}


def everything(_key: Key) -> None:
    """All keys can share a call."""


FILTER_VALUES = 200  # of one filter (EC2 API Reference, "Filter")

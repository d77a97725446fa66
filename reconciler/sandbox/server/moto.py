"""The services around Batch, from moto: loaded when one is first needed, one request at a time as moto has no locks."""

import importlib
import json
import re
import threading
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, nullcontext
from functools import cache
from itertools import accumulate
from typing import Any

from reconciler.model import Json
from reconciler.sandbox.core.model import Response
from reconciler.sandbox.core.service import ACCOUNT, Simulator
from reconciler.sandbox.jobs.views import LogStream
from reconciler.sandbox.server.own import answer_own
from reconciler.sandbox.server.protocol import Request

# What Batch makes in other services, shown where moto keeps such things: clusters in ECS, the logs of jobs.

# What Batch calls the clusters of its environments: no other cluster has such a name.
OWN_CLUSTER = re.compile(r"(AWSBatch-.+-|.+_Batch_)[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")


class LogWriter:
    """Remembers what of the logs it has written: a group that a client deletes does not come back."""

    def __init__(self) -> None:
        self._written: dict[tuple[str, str, str, str], int] = {}

    def show_clusters(self, account: str, region: str, arns: Iterable[str]) -> None:
        """Let exactly these clusters of Batch exist, all ACTIVE."""
        backend = _moto_backend("ecs", account, region)
        living = {arn.rpartition("/")[2] for arn in arns}
        for gone in [name for name in backend.clusters if OWN_CLUSTER.fullmatch(name) and name not in living]:
            del backend.clusters[gone]
        for name in living - backend.clusters.keys():
            backend.create_cluster(name)

    def show_logs(self, account: str, region: str, streams: Iterable[LogStream]) -> None:
        """Write what jobs have logged since the last time; their groups and streams appear with them."""
        backend = _moto_backend("logs", account, region)
        for stream in streams:
            key = (account, region, stream.group, stream.name)
            if key not in self._written:
                _ensure(backend, stream)
            fresh = stream.events[self._written.get(key, 0) :]
            if fresh and stream.group in backend.groups and stream.name in backend.groups[stream.group].streams:
                # Not through PutLogEvents, which refuses times that a turned clock has.
                log = backend.groups[stream.group].streams[stream.name]
                written = {(event.timestamp, event.message) for event in log.events}
                lines = [{"timestamp": at, "message": line} for at, line in fresh if (at, line) not in written]
                log.put_log_events(lines)
            self._written[key] = len(stream.events)


def _ensure(backend: Any, stream: LogStream) -> None:
    if stream.group not in backend.groups:
        backend.create_log_group(stream.group, {})
    if stream.name not in backend.groups[stream.group].streams:
        backend.create_log_stream(stream.group, stream.name)


def _moto_backend(service: str, account: str, region: str) -> Any:
    return importlib.import_module("moto.backends").get_backend(service)[account][region]


# GetLogEvents on the streams of jobs, without moto, which takes a second to load: `logs` reads them.

MOST = 10_000  # events of one page (GetLogEvents, limit)
FORWARD, BACKWARD = "f/", "b/"


def read_log(request: Request, streams: Iterable[LogStream]) -> Response:
    """Answer GetLogEvents. A token names how many events are before it; at the end it is the one that was sent.

    Without a token, the events are the last ones, or with `startFromHead` the first ones.
    """
    data = request.data()
    key = (data.get("logGroupName"), data.get("logStreamName"))
    stream = next((each for each in streams if (each.group, each.name) == key), None)
    if stream is None:
        return request.error(400, "ResourceNotFoundException", "The specified log stream does not exist.")
    most, token = min(int(data.get("limit") or MOST), MOST), str(data.get("nextToken") or "")
    count = len(stream.events)
    first = 0 if data.get("startFromHead") else max(0, count - most)
    if token:
        at = token[len(FORWARD) :]
        if token[: len(FORWARD)] not in (FORWARD, BACKWARD) or not at.isdecimal():
            return request.error(400, "InvalidParameterException", "The specified nextToken is invalid.")
        first = int(at) if token.startswith(FORWARD) else max(0, int(at) - most)
    last = int(token[len(BACKWARD) :]) if token.startswith(BACKWARD) else min(count, first + most)
    events = [{"timestamp": at, "message": message, "ingestionTime": at} for at, message in stream.events[first:last]]
    return request.answer(
        {"events": events, "nextForwardToken": f"{FORWARD}{last}", "nextBackwardToken": f"{BACKWARD}{first}"}
    )


NOT_SERVED = "NotImplemented"
BAD_REQUEST, NOT_THERE, BROKEN, NO_SUCH = 400, 404, 500, 501
FAILED = "text/x-moto-failure"  # the type of a page that stands for an exception
FAILURES = {
    NO_SUCH: (NOT_SERVED, "does not answer"),
    BROKEN: ("InternalFailure", "failed at"),
}
MOTOS_OWN = ("/moto-api", "/latest/meta-data/", "/latest/api/")  # paths that moto answers for itself


class Services:
    """Safe between threads. What Batch makes in them is there when it is asked for."""

    def __init__(self, simulator: Simulator) -> None:
        self._simulator = simulator
        self._mirror = LogWriter()
        self._lock = threading.Lock()
        self._moto: Any = None

    @property
    def are_used(self) -> bool:
        """Whether anything can be there."""
        return self._moto is not None

    def reset(self) -> None:
        """Forget every resource of these services."""
        if self.are_used:
            with self._lock:
                importlib.import_module("moto.core.base_backend").BackendDict.reset()
                self._mirror = LogWriter()

    def __call__(self, request: Request, account: str = ACCOUNT) -> Response:
        if (own := answer_own(self._simulator, request, account)) is not None:
            return own
        with self._lock:
            try:
                self._moto = self._moto or _moto()
            except ImportError:
                message = f"{request.service} requires moto: pip install 'batch-reconciler[sandbox]'"
                return request.error(NO_SUCH, NOT_SERVED, message)
            if refused := _refusal(request):
                return refused
            self._show(request.service, account, request.region)
            with self._around(request.service):
                return _with_named_error(request, _run(self._moto, request))

    def _around(self, service: str) -> AbstractContextManager[None]:
        if service != "cloudformation":
            return nullcontext()
        from reconciler.sandbox.stack_resources import stacks_in  # noqa: PLC0415 - reads templates: few sandboxes do

        return stacks_in(self._simulator)

    def _show(self, service: str, account: str, region: str) -> None:
        if service == "ecs":
            self._mirror.show_clusters(account, region, self._simulator.clusters(account, region))
        elif service == "logs":
            self._mirror.show_logs(account, region, self._simulator.log_streams(account, region))


def _moto() -> Any:
    moto = importlib.import_module("moto.server")  # takes a second
    return moto.DomainDispatcherApplication(_backend)


def _backend(service: Any) -> Any:
    """Return moto's application for a service, which answers what goes wrong instead of tearing the connection."""
    application = importlib.import_module("moto.server").create_backend_app(service)
    application.register_error_handler(Exception, _failure)
    return application


def _failure(wrong: Exception) -> Any:
    from werkzeug import Response as Page  # noqa: PLC0415 - comes with moto
    from werkzeug.exceptions import HTTPException  # noqa: PLC0415

    if isinstance(wrong, HTTPException):
        return wrong  # an answer of the service
    if isinstance(wrong, NotImplementedError):
        return Page(str(wrong), NO_SUCH, mimetype=FAILED)
    return Page(f"{type(wrong).__name__}: {wrong}", BROKEN, mimetype=FAILED)


def _refusal(request: Request) -> Response | None:
    """Return why moto must not be asked, or None."""
    if not _is_in_moto(request.service.lower(), request.region) or request.path.startswith(MOTOS_OWN):
        return request.error(NO_SUCH, NOT_SERVED, f"the sandbox does not answer {request.service} {request.operation}")
    if request.has_json and not _is_object(request):
        return request.error(
            BAD_REQUEST, "SerializationException", "the body is not a JSON object, or is nested too deeply"
        )
    return None


def _is_object(request: Request) -> bool:
    try:
        return isinstance(request.data(), dict)
    except (ValueError, RecursionError):
        return False


@cache
def _is_in_moto(service: str, region: str) -> bool:
    """Whether moto has the service: its names are those of modules, or first parts of hosts."""
    modules = importlib.import_module("moto.backends").list_of_moto_modules()
    patterns = importlib.import_module("moto.backend_index").backend_url_patterns
    name = importlib.import_module("moto.moto_server.werkzeug_app").SIGNING_ALIASES.get(service, service)
    return name in modules or any(pattern.match(f"http://{name}.{region}.amazonaws.com") for _, pattern in patterns)


def _run(application: Any, request: Request) -> Response:
    from werkzeug.test import Client  # noqa: PLC0415

    answer = Client(application).open(
        request.path,
        method=request.method,
        headers=list(request.headers.items()),
        data=request.body,
        base_url=f"http://{request.headers.get('host', 'localhost')}",
    )
    return Response(answer.status_code, dict(answer.headers), answer.get_data())


def _with_named_error(request: Request, answer: Response) -> Response:
    """Return the answer; where moto has none, an error that names what was asked for."""
    kind = answer.headers.get("Content-Type", "")
    operation = f"{request.service} {request.operation}"
    if kind.startswith(FAILED):
        code, failure = FAILURES[answer.status]
        return request.error(answer.status, code, f"the sandbox {failure} {operation} ({answer.body.decode()})")
    if answer.status == NOT_THERE and kind.startswith("text/html") and request.service != "s3":
        return request.error(NO_SUCH, NOT_SERVED, f"the sandbox does not answer {operation}")
    if request.form and answer.status >= BAD_REQUEST and answer.body.startswith(b"{"):
        # A stack of CloudFormation has met an error of a service that speaks JSON.
        content = json.loads(answer.body)
        return request.error(answer.status, content.get("__type", "InternalFailure"), content.get("message", ""))
    return answer


# The Resource Groups Tagging API over both, the simulated Batch and what moto holds: who has which tags.

Tagged = tuple[str, Mapping[str, str]]  # an ARN and its tags
Find = Callable[[Mapping[str, Json]], Sequence[Tagged]]  # with the filters of GetResources, in the order of ARNs
Answer = Callable[[Request], Response]

OK = 200
TARGET = "ResourceGroupsTaggingAPI_20170126.GetResources"
FILTERS = ("TagFilters", "ResourceTypeFilters", "ResourceARNList")
# What a list of ARNs cannot be combined with, and the limits of a page (GetResources).
BESIDE_ARNS = ("TagFilters", "ResourceTypeFilters", "ResourcesPerPage", "TagsPerPage", "PaginationToken")
LIMITS = {"ResourcesPerPage": (1, 100), "TagsPerPage": (100, 500)}
PAGE = 50  # resources, without ResourcesPerPage


class InvalidParameter(Exception):  # noqa: N818 - names what happened
    """InvalidParameterException, with this message."""


def answer(request: Request, batch: Iterable[Tagged], moto: Answer | None) -> Response:
    """Answer a request; `batch` are the tagged resources of Batch, `moto` answers for all others if any can be there.

    A resource whose last tag went is not found any more; AWS goes on telling it. To write tags is left to moto, which
    refuses it for the ARNs of Batch, one by one: that this API can is not confirmed.
    """

    def find(filters: Mapping[str, Json]) -> Sequence[Tagged]:
        ours = (tagged for tagged in batch if _matches(*tagged, filters))
        return sorted((*ours, *(_tagged_in_moto(request, filters, moto) if moto else ())), key=lambda tagged: tagged[0])

    handler = HANDLERS[request.operation]
    try:
        return request.answer(handler(request.data(), find))
    except (InvalidParameter, ValueError) as wrong:
        return request.error(400, "InvalidParameterException", str(wrong))


def _resources(data: Mapping[str, Json], find: Find) -> Json:
    _check(data)
    resources = find({member: data[member] for member in FILTERS if data.get(member)})
    remaining = [(arn, tags) for arn, tags in resources if arn > data.get("PaginationToken", "")]
    shown = remaining[: _page_size(remaining, data)]
    mappings = [
        {"ResourceARN": arn, "Tags": [{"Key": key, "Value": value} for key, value in tags.items()]}
        for arn, tags in shown
    ]
    return {"ResourceTagMappingList": mappings, "PaginationToken": shown[-1][0] if len(shown) < len(remaining) else ""}


def _keys(_data: Mapping[str, Json], find: Find) -> Json:
    return {"TagKeys": sorted({key for _, tags in find({}) for key in tags}), "PaginationToken": ""}


def _values(data: Mapping[str, Json], find: Find) -> Json:
    key = data.get("Key", "")
    if not key:
        raise InvalidParameter("Key is required")
    return {"TagValues": sorted({tags[key] for _, tags in find({}) if key in tags}), "PaginationToken": ""}


HANDLERS: Mapping[str, Callable[[Mapping[str, Json], Find], Json]] = {
    "GetResources": _resources,
    "GetTagKeys": _keys,
    "GetTagValues": _values,
}


def _check(data: Mapping[str, Json]) -> None:
    beside = [member for member in BESIDE_ARNS if data.get(member)] if data.get("ResourceARNList") else []
    if beside:
        raise InvalidParameter(f"ResourceARNList cannot be combined with {', '.join(beside)}")
    for member, (least, most) in LIMITS.items():
        if not least <= data.get(member, least) <= most:
            raise InvalidParameter(f"{member} must be between {least} and {most}")


def _page_size(resources: Sequence[Tagged], data: Mapping[str, Json]) -> int:
    """Return how many resources a page has; one without tags counts as one tag (GetResources)."""
    most: int = data.get("ResourcesPerPage", len(resources) if data.get("ResourceARNList") else PAGE)
    if "TagsPerPage" not in data:
        return most
    budget: int = data["TagsPerPage"]
    totals = accumulate(max(1, len(tags)) for _, tags in resources)
    return min(most, sum(total <= budget for total in totals))


def _matches(arn: str, tags: Mapping[str, str], filters: Mapping[str, Json]) -> bool:
    arns, types = filters.get("ResourceARNList"), filters.get("ResourceTypeFilters")
    chosen = (not arns or arn in arns) and (not types or any(_is_of_type(arn, each) for each in types))
    return chosen and all(_has_tag(tags, each) for each in filters.get("TagFilters", ()))


def _is_of_type(arn: str, requested: str) -> bool:
    """Types are spelled as in ARNs: `batch`, `batch:job-queue` (GetResources)."""
    _, _, service, _, _, path = arn.split(":", 5)
    name, _, noun = requested.partition(":")
    return name == service and (not noun or noun in path.split("/")[::2])


def _has_tag(tags: Mapping[str, str], requested: Mapping[str, Json]) -> bool:
    return requested["Key"] in tags and (not requested.get("Values") or tags[requested["Key"]] in requested["Values"])


def _tagged_in_moto(request: Request, filters: Mapping[str, Json], moto: Answer) -> Iterator[Tagged]:
    token: str | None = ""
    while token is not None:
        page = moto(request.asking(TARGET, {**filters, "PaginationToken": token} if token else filters))
        if page.status != OK:
            raise InvalidParameter(page.body.decode(errors="replace"))
        resources = json.loads(page.body)
        for tagged in resources["ResourceTagMappingList"]:
            yield tagged["ResourceARN"], {tag["Key"]: tag["Value"] for tag in tagged["Tags"]}
        token = resources.get("PaginationToken") or None

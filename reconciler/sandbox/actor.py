"""Changes made outside of stacks: live resources are changed, broken and kept busy by the API's own calls."""

import http.client
import json
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Protocol
from urllib.parse import urlsplit

from reconciler.apply.waits import WaitFailed, wait
from reconciler.diff import Context, Difference, compare
from reconciler.kinds import KINDS, batch_kinds, kind_named
from reconciler.kinds.base import Field, Form, Kind
from reconciler.live.ownership import logical_name
from reconciler.live.read import read_all, read_one
from reconciler.model import (
    Address,
    Call,
    Cost,
    Desired,
    FieldChange,
    Identity,
    Json,
    Live,
    Spec,
    Step,
    Until,
    Wait,
    dotted,
    own_name,
)
from reconciler.plan.requests import request_body, tag_steps, update_steps
from reconciler.ports import Clock, Cloud
from reconciler.problems import WrongUsage
from reconciler.sandbox.core.faults import Breakage, ForcedFault, is_duration
from reconciler.sandbox.core.model import Response
from reconciler.sandbox.core.service import Simulator
from reconciler.sandbox.core.state import environments_of, noun_of
from reconciler.sandbox.jobs.requests import REFERENCE, SECONDS, TRAINING
from reconciler.sandbox.jobs.timeline import INSTANCES
from reconciler.sandbox.server.protocol import Request
from reconciler.syntax.diagnostics import did_you_mean, listed

TAGS = "tags."
ENTRY = re.compile(r"\.?\[|\.(?:\*|[0-9]+)(?:\.|$)")  # where a path goes on into an entry of a list
LONGEST = 20.0  # seconds to wait for it to settle: who made the sandbox slow can turn its clock


@dataclass(frozen=True, slots=True, kw_only=True)
class ManualChange:
    """What was changed, by which calls, and the status that the resource has since."""

    address: Address
    fields: tuple[FieldChange, ...]
    calls: tuple[str, ...]
    status: str


def change_resource(cloud: Cloud, clock: Clock, resource: str, members: Mapping[str, Json]) -> ManualChange:
    """Change fields of `KIND/NAME`; null removes a field or a tag. Raises `WrongUsage` and `CloudError`."""
    kind, live = find_resource(cloud, resource)
    spec: Spec = live.spec
    for member, value in members.items():
        if not member.startswith(TAGS):
            spec = _with_value(spec, member_path(kind, live.spec, member), value)
    labels = {member.removeprefix(TAGS): value for member, value in members.items() if member.startswith(TAGS)}
    change = _difference(kind, live, spec, labels, cloud.identity())
    steps = _steps(kind, live, change)
    for step in steps:
        _run_step(step, kind, live, cloud, clock)
    after = read_one(cloud, kind, cloud.identity(), live.address.name)
    calls = tuple(step.operation for step in steps if isinstance(step, Call))
    return ManualChange(address=live.address, fields=change.fields, calls=calls, status=after.status if after else "")


def find_resource(cloud: Cloud, resource: str) -> tuple[Kind, Live]:
    """Return a resource by `KIND/NAME`, where the name is physical or logical. Raises `WrongUsage`."""
    noun, slash, name = resource.partition("/")
    if not slash or not name:
        raise WrongUsage(f"{resource!r} is not KIND/NAME", hint="for example ComputeEnvironment/spot")
    kind = kind_of(noun)
    live_resources = [live for live in read_all(cloud, batch_kinds()).live if live.address.kind == kind.name]
    matches = [live for live in live_resources if live.address.name == name] or [
        live for live in live_resources if logical_name(live) == name
    ]
    if len(matches) == 1:
        return kind, matches[0]
    identity = cloud.identity()
    if matches:
        hint = f"use a physical name: {listed(live.address.name for live in matches)}"
        raise WrongUsage(f"several {kind.section} have the name {name}", hint=hint)
    names = [live.address.name for live in live_resources]
    existing = f"the {kind.section} are {listed(names, 'and')}" if names else f"the region contains no {kind.section}"
    hint = did_you_mean(name, names, existing)
    raise WrongUsage(f"{kind.name}/{name} does not exist in {identity.region} of account {identity.account}", hint=hint)


def environments_behind(live: Live) -> tuple[str, ...]:
    """Return the ARNs of the environments that a queue's jobs run on. Raises `WrongUsage` if it is no queue."""
    arns = tuple(sorted(environments_of(live.spec)))
    if not arns:
        raise WrongUsage(f"{live.address} has no environments", hint="select a queue, for example JobQueue/pricing")
    return arns


def address_of(arn: str) -> Address:
    path = arn.split(":", 5)[-1].split("/")  # nouns and names by turns; parts follow what they are part of
    return Address(kind_of(path[-2]).name, "/".join(path[1::2]))


def member_path(kind: Kind, live: Spec, member: str) -> tuple[str, ...]:
    """Return the full path of a field that is given by its path or by its last step."""
    known = {dotted(path): path for path in _paths(kind.fields)}
    if f"{member}." == TAGS:
        raise WrongUsage("tags are changed one at a time", hint="for example tags.team=ops; `tags.team=` removes a tag")
    if member in known:
        return known[member]
    for text, path in known.items():
        if member.startswith(f"{text}.") and kind.rows_on(path)[-1].form is Form.MAP:
            return (*path, member.removeprefix(f"{text}."))
    matches = [text for text, path in known.items() if path[-1] == member]
    candidates = [text for text in matches if _has(live, known[text])] or matches
    if len(candidates) == 1:
        return known[candidates[0]]
    if candidates:
        raise WrongUsage(f"{member} is ambiguous: {listed(candidates)}", hint="use the full path")
    list_path = ENTRY.split(member)[0]
    if list_path != member and list_path in known:
        hint = f"set the whole list, for example {list_path}='[…]'"
        raise WrongUsage(f"{list_path} is a list, and its entries cannot be changed one at a time", hint=hint)
    hint = did_you_mean(member, (*known, *(path[-1] for path in known.values())), f"see `{_explain(kind)}`")
    raise WrongUsage(f"{kind.name} has no field {member}", hint=hint)


def kind_of(name: str) -> Kind:
    kind = kind_named(name)
    if kind is None:
        hint = did_you_mean(name, KINDS, f"the kinds are {listed(KINDS, 'and')}")
        raise WrongUsage(f"{name} is not a kind", hint=hint)
    return kind


def _difference(kind: Kind, live: Live, spec: Spec, labels: Mapping[str, Json], identity: Identity) -> Difference:
    """Compare as if the change was declared. Our own tags stay unchanged unless they are named."""
    tags = {key: value for key, value in {**live.tags, **labels}.items() if value is not None}
    name = live.address.name
    desired = Desired(address=live.address, name=name, arn=live.arn, spec=spec, tags=tags, live=live)
    return compare(kind, desired, live, Context(identity=identity))


def _steps(kind: Kind, live: Live, difference: Difference) -> tuple[Step, ...]:
    members = [change for change in difference.fields if not change.is_of_tags]
    for change in members:
        if change.cost in (Cost.REPLACE, Cost.IMPOSSIBLE):
            hint = change.why or "it is set when the resource is created"
            raise WrongUsage(f"AWS Batch cannot change {dotted(change.path)} of a {kind.noun} to this value", hint=hint)
    if not kind.revisions:
        return update_steps(kind, live, difference) if not difference.is_empty else ()
    request = {kind.name_member: own_name(live.address.name), **request_body(kind.rows, difference.spec)}
    registering = (Call(kind.create.operation, request, f"register {live.address.name} by hand"),) if members else ()
    return (*tag_steps(live.arn, difference.tag, difference.untag), *registering)


def _run_step(step: Step, kind: Kind, live: Live, cloud: Cloud, clock: Clock) -> None:
    if isinstance(step, Call):
        cloud.call(step.operation, step.request)
        return
    patience = Wait(Until.SETTLED, LONGEST, step.says)
    try:
        wait(patience, kind, live.address.name, cloud, clock, lambda _status: None)
    except WaitFailed:
        return  # the status shows it; AWS refuses a call that follows in its own words


def _paths(fields: Iterable[Field], within: tuple[str, ...] = ()) -> Iterator[tuple[str, ...]]:
    """Yield the paths of fields that can be set alone; fields of list entries cannot."""
    for row in fields:
        path = (*within, row.name)
        yield path
        if row.form is Form.STRUCT:
            yield from _paths(row.members, path)


def _has(body: Json, path: Sequence[str]) -> bool:
    if not path:
        return True
    return isinstance(body, Mapping) and path[0] in body and _has(body[path[0]], path[1:])


def _with_value(body: Json, path: Sequence[str], value: Json) -> dict[str, Json]:
    first, *inner_path = path
    members = dict(body or {})
    if inner_path:
        return {**members, first: _with_value(members.get(first), inner_path, value)}
    members.pop(first, None)
    return members if value is None else {**members, first: value}


def _explain(kind: Kind) -> str:
    return f"reconciler explain {kind.section}"


# Submitting jobs, so that a queue gets busy, and drains.

INSTANCE = "ml.m5.large"  # where an environment counts instances, and any type does


@dataclass(frozen=True, slots=True, kw_only=True)
class Submitted:
    """The jobs that were submitted. `definition`: the revision that they run; empty for training jobs."""

    queue: str
    definition: str
    seconds: float | None
    jobs: tuple[str, ...]


def submit(
    cloud: Cloud, queue: str, definition: str | None, *, count: int = 1, seconds: float | None = None, share: str = ""
) -> Submitted:
    """Submit jobs to a queue. Raises `WrongUsage`, and `CloudError` for what AWS refuses.

    `share` is the share identifier of a queue with fair shares, or the quota share of a queue with quotas.
    """
    _, live = find_resource(cloud, _address("JobQueue", queue))
    if live.spec.get("jobQueueType") == TRAINING:
        jobs = tuple(_training_jobs(cloud, live, count, seconds, share))
        return Submitted(queue=live.address.name, definition="", seconds=seconds, jobs=jobs)
    if definition is None:
        raise WrongUsage(f"{live.address} requires a job definition", hint="add its name after the queue")
    revision = _revision(cloud, definition)
    jobs = tuple(_container_jobs(cloud, live, revision, count, seconds, share))
    name = revision["jobDefinitionArn"].rsplit("/", 1)[1]
    return Submitted(queue=live.address.name, definition=name, seconds=seconds, jobs=jobs)


def _container_jobs(
    cloud: Cloud, queue: Live, revision: Spec, count: int, seconds: float | None, share: str
) -> Iterator[str]:
    definition = revision["jobDefinitionArn"]
    parameters = {name: name for name in _references(revision) if name not in revision.get("parameters", {})}
    if seconds is not None:
        parameters[SECONDS] = f"{seconds:g}"
    optional: dict[str, Json] = {"parameters": parameters} if parameters else {}
    if share:
        optional["shareIdentifier"] = share
    for number in range(1, count + 1):
        request = {"jobName": f"sandbox-{number}", "jobQueue": queue.arn, "jobDefinition": definition, **optional}
        yield cloud.call("SubmitJob", request)["jobId"]


def _training_jobs(cloud: Cloud, queue: Live, count: int, seconds: float | None, share: str) -> Iterator[str]:
    payload: dict[str, Json] = {"ResourceConfig": {"InstanceType": _instance(cloud, queue), "InstanceCount": 1}}
    if seconds is not None:
        payload["Environment"] = {SECONDS: f"{seconds:g}"}
    optional = {"quotaShareName": share} if share else {}
    for number in range(1, count + 1):
        request = {
            "jobName": f"sandbox-{number}",
            "jobQueue": queue.arn,
            "serviceJobType": TRAINING,
            "serviceRequestPayload": json.dumps({"TrainingJobName": f"sandbox-{number}", **payload}),
            **optional,
        }
        yield cloud.call("SubmitServiceJob", request)["jobId"]


def _instance(cloud: Cloud, queue: Live) -> str:
    """Return an instance type that the queue's environment has."""
    name = queue.spec["serviceEnvironmentOrder"][0]["serviceEnvironment"]
    described = cloud.call("DescribeServiceEnvironments", {"serviceEnvironments": [name]})["serviceEnvironments"]
    units = sorted(limit["capacityUnit"] for environment in described for limit in environment["capacityLimits"])
    return next((str(unit) for unit in units if unit != INSTANCES), INSTANCE)


def _revision(cloud: Cloud, text: str) -> Spec:
    """Return the revision with this name, or the newest active revision of the definition with this name."""
    identifier = text if ":" in text else find_resource(cloud, _address("JobDefinition", text))[1].arn
    described: list[Spec] = cloud.call("DescribeJobDefinitions", {"jobDefinitions": [identifier]})["jobDefinitions"]
    if not described:
        raise WrongUsage(
            f"the revision {text} does not exist", hint="without a number, the newest active revision is used"
        )
    return described[0]


def _references(body: Json) -> Iterator[str]:
    """Yield the parameters that a body refers to: a submission must set those without a default."""
    if isinstance(body, Mapping):
        yield from (name for value in body.values() for name in _references(value))
    elif isinstance(body, list):
        yield from (name for value in body for name in _references(value))
    elif isinstance(body, str) and (reference := REFERENCE.fullmatch(body)):
        yield reference[1]


def _address(kind: str, text: str) -> str:
    return text if "/" in text and not text.startswith("arn:") else f"{kind}/{text.rsplit('/', 1)[-1]}"


# Controls that break a sandbox and advance its clock: of a simulator in this process, or over HTTP.

BREAK, TICK, FIRED = "/_sandbox/break", "/_sandbox/tick", "/_sandbox/fired"  # no operation of AWS Batch has such a path
# The second is where moto's server has it: what is written for that one runs on the sandbox unchanged.
RESETS = ("/_sandbox/reset", "/moto-api/reset")
WITHOUT_FAULTS = "x-sandbox-without-faults"  # a header
KIND = "application/json"  # what a web page of elsewhere cannot send without asking
COLONS = 5  # of an ARN
PATIENCE = 10.0  # seconds
BAD_REQUEST = 400


class Controls(Protocol):
    def break_(self, fault: ForcedFault) -> Breakage:
        """Break or repair something; return everything that is broken afterwards."""

    def tick(self, seconds: float) -> float:
        """Advance the clock; return how many seconds it is ahead in total."""

    def fired_within(self, seconds: float) -> list[Json]:
        """Return what schedules have submitted in the last seconds, or why they could not."""


class InProcessControls:
    """The controls of a simulator in this process."""

    def __init__(self, simulator: Simulator) -> None:
        self._simulator = simulator

    def break_(self, fault: ForcedFault) -> Breakage:
        return self._simulator.break_(fault.after)

    def tick(self, seconds: float) -> float:
        return self._simulator.tick(seconds)

    def fired_within(self, seconds: float) -> list[Json]:
        return self._simulator.fired_within(seconds)


class ServedControls:
    """The controls of a sandbox that is served. Raises `WrongUsage` if none is."""

    def __init__(self, url: str) -> None:
        self._url = url

    def break_(self, fault: ForcedFault) -> Breakage:
        return Breakage.of(self._ask(BREAK, asdict(fault)))

    def tick(self, seconds: float) -> float:
        return float(self._ask(TICK, {"seconds": seconds})["ahead"])

    def fired_within(self, seconds: float) -> list[Json]:
        fired: list[Json] = self._ask(FIRED, {"seconds": seconds})["fired"]
        return fired

    def _ask(self, path: str, data: Mapping[str, Json]) -> Json:
        connection = http.client.HTTPConnection(urlsplit(self._url).netloc, timeout=PATIENCE)
        try:
            connection.request("POST", path, json.dumps(data), {"content-type": KIND})
            answer = connection.getresponse()
            body = answer.read()
        except (OSError, http.client.HTTPException) as error:
            raise no_sandbox(self._url) from error
        finally:
            connection.close()
        if answer.status == BAD_REQUEST:
            raise WrongUsage(json.loads(body)["message"])
        if answer.status != http.client.OK:
            raise no_sandbox(self._url)
        return json.loads(body)


def no_sandbox(url: str) -> WrongUsage:
    return WrongUsage(f"no sandbox answers at {url}", hint="start it with `reconciler sandbox serve`")


def is_control(request: Request) -> bool:
    """Whether a served sandbox is to answer the request itself."""
    return request.path in (BREAK, TICK, FIRED)


def is_reset(request: Request) -> bool:
    """Whether a served sandbox is to forget everything."""
    return request.method == "POST" and request.path in RESETS


def is_without_faults(request: Request) -> bool:
    """Whether a call comes from `sandbox drift` and the like: it meets no failure, and uses none up."""
    return WITHOUT_FAULTS in request.headers


def answer(simulator: Simulator, request: Request) -> Response:
    """Answer a request for the controls of a served sandbox."""
    if not request.headers.get("content-type", "").startswith(KIND):
        return request.error(415, "UnsupportedMediaType", f"the controls accept only {KIND}")
    try:
        return request.answer(_run_control(InProcessControls(simulator), request.path, json.loads(request.body)))
    except WrongUsage as wrong:
        return request.error(BAD_REQUEST, "BadRequest", wrong.message)
    except (ValueError, TypeError, KeyError, AttributeError, RecursionError) as wrong:
        return request.error(BAD_REQUEST, "BadRequest", f"the controls cannot read this request: {wrong!r}")


def _run_control(controls: Controls, path: str, data: Json) -> Json:
    if path in (TICK, FIRED):
        if not is_duration(data["seconds"]):
            raise ValueError(f"{data['seconds']} is not a number of seconds")
        seconds = float(data["seconds"])
        return {"ahead": controls.tick(seconds)} if path == TICK else {"fired": controls.fired_within(seconds)}
    fault = ForcedFault.of(data)
    fault.check()
    for arn in fault.arns:
        if arn.count(":") < COLONS or not noun_of(arn):
            raise WrongUsage(f"{arn} is not the ARN of a Batch resource")
    return asdict(controls.break_(fault))

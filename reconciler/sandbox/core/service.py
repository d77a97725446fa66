"""The simulated service: one request in, one answer out. Pure but for the clock, the store and the faults handed in."""

import json
import threading
from collections import deque
from collections.abc import Callable, Container, Iterable, Iterator, Mapping
from dataclasses import replace
from random import Random
from uuid import UUID

from reconciler.model import Identity, Json
from reconciler.ports import Clock
from reconciler.problems import CloudError, Fault, fault_of
from reconciler.sandbox.core import iam, state, trail
from reconciler.sandbox.core.clock import Timings
from reconciler.sandbox.core.faults import (
    Breakage,
    Failure,
    FaultRule,
    Faults,
    breakage_of,
    save_breakage,
    seconds_ahead,
    strike,
    turn,
)
from reconciler.sandbox.core.iam import AccessDenied, Policy
from reconciler.sandbox.core.model import (
    REQUEST_ID,
    HttpRoute,
    Refusal,
    Response,
    Routed,
    address,
    error,
    members,
    refusal,
    refuse_bad_request,
    refuse_if,
    route,
    success,
    with_id,
)
from reconciler.sandbox.core.state import UNORDERED, AccountState, Record, noun_of, refuse_bad_tags
from reconciler.sandbox.core.store import Memory, Store
from reconciler.sandbox.core.trail import UNKNOWN, Caller
from reconciler.sandbox.jobs import operations, scheduler
from reconciler.sandbox.jobs.views import LogStream, log_streams
from reconciler.sandbox.resources import (
    consumables,
    definitions,
    environments,
    policies,
    queues,
    quota_shares,
    rules,
    schedules,
    service_environments,
)

# Tags, by ARN, for every kind.

RESERVED = "aws:"
TAGGABLE = (
    "compute-environment", "consumable-resource", "job", "job-definition", "job-queue", "quota-share",
    "scheduling-policy", "service-environment", "service-job",
)  # fmt: skip


def tag(account_state: AccountState, request: Mapping[str, Json]) -> Json:
    noun, record = _resource(account_state, request["resourceArn"])
    refuse_bad_tags(request["tags"])
    merged = {**record.tags, **request["tags"]}
    refuse_bad_tags({key: value for key, value in merged.items() if not key.startswith(RESERVED)})
    account_state.put(noun, replace(record, tags=merged))
    return {}


def label(account_state: AccountState, arn: str, labels: Mapping[str, str]) -> None:
    """Give a resource tags that only AWS can give, such as `aws:cloudformation:stack-name`."""
    noun, record = _resource(account_state, arn)
    account_state.put(noun, replace(record, tags={**record.tags, **labels}))


def untag(account_state: AccountState, request: Mapping[str, Json]) -> Json:
    noun, record = _resource(account_state, request["resourceArn"])
    tags = {key: value for key, value in record.tags.items() if key not in request["tagKeys"]}
    account_state.put(noun, replace(record, tags=tags))
    return {}


def list_tags(account_state: AccountState, request: Mapping[str, Json]) -> Json:
    arn = request["resourceArn"]
    noun = _noun(arn)
    record = account_state.see(noun, arn)
    if record is None:
        raise Refusal(f"{arn} does not exist")
    return {"tags": record.tags}


def every_tagged(account_state: AccountState) -> Iterator[tuple[str, Mapping[str, str]]]:
    """Yield the ARN and the tags of whatever has any, as reads show it."""
    for noun in TAGGABLE:
        yield from ((record.arn, record.tags) for record in account_state.see_every(noun) if record.tags)


TAG_OPERATIONS = {"TagResource": tag, "UntagResource": untag, "ListTagsForResource": list_tags}


def _resource(account_state: AccountState, arn: str) -> tuple[str, Record]:
    noun = _noun(arn)
    return noun, account_state.get(noun, arn)


def _noun(arn: str) -> str:
    noun = noun_of(arn)
    if noun not in TAGGABLE:
        raise Refusal(f"{arn} does not exist")
    return noun


# Single resources that were broken on purpose: they are INVALID, or never finish their deletion.

HEALTHY = {environments.NOUN: environments.HEALTHY, queues.NOUN: queues.HEALTHY}
Where = Callable[[str], AccountState]  # the account and region that an ARN belongs to


def remaining_breakage(broken: Breakage, where: Where) -> Breakage:
    """Return what is still broken: an updated resource is VALID again, and a deleted one is gone."""
    repaired = {
        forced.arn for forced in broken.invalid if not _is_invalid_with(_find_record(where, forced.arn), forced.reason)
    }
    return broken.without_forced_states(repaired | {arn for arn in broken.stuck if _find_record(where, arn) is None})


def apply_breakage(before: Breakage, after: Breakage, where: Where) -> None:
    """Give the resources the states of `after`, which is saved."""
    for forced in set(after.invalid) - set(before.invalid):
        _settle(where, forced.arn, "INVALID", forced.reason)
    for arn in {forced.arn for forced in before.invalid} - {forced.arn for forced in after.invalid}:
        _settle(where, arn, "VALID", HEALTHY.get(noun_of(arn), ""))
    for arn in set(before.stuck) ^ set(after.stuck):
        record = _find_record(where, arn)
        if record and record.status == "DELETING":
            where(arn).put(noun_of(arn), state.finish_deletion(where(arn), record))


def _settle(where: Where, arn: str, status: str, reason: str) -> None:
    record = _find_record(where, arn)
    if record:
        settled = replace(record, status=status, reason=reason, then="", then_reason="", until=0.0)
        where(arn).put(noun_of(arn), settled)


def _find_record(where: Where, arn: str) -> Record | None:
    return where(arn).find(noun_of(arn), arn)


def _is_invalid_with(record: Record | None, reason: str) -> bool:
    return record is not None and (record.status, record.reason) == ("INVALID", reason)


ACCOUNT = "123456789012"
BROKEN = error(500, "ServerException", "Internal server error")
MOST_FIRINGS = 10_000  # moments at which schedules fire, that one call makes up for
REMEMBERED = 100_000  # calls, so that a server that runs for weeks does not grow

Operation = Callable[[AccountState, Mapping[str, Json]], Json]
OPERATIONS: Mapping[str, Operation] = {
    **environments.OPERATIONS,
    **service_environments.OPERATIONS,
    **queues.OPERATIONS,
    **quota_shares.OPERATIONS,
    **consumables.OPERATIONS,
    **policies.OPERATIONS,
    **definitions.OPERATIONS,
    **operations.OPERATIONS,
    **operations.SERVICE_JOB_OPERATIONS,
    **operations.SNAPSHOT_OPERATIONS,
    **TAG_OPERATIONS,
}
# The services beside Batch that are simulated, since they are kept with Batch, and its clock turns for them, too.
BESIDE: Mapping[str, Mapping[str, Operation]] = {
    schedules.SERVICE: schedules.OPERATIONS,
    rules.SERVICE: rules.OPERATIONS,
}


class Simulator:
    """AWS Batch for any number of accounts and regions. Safe between threads; `calls` are all that were made."""

    def __init__(
        self,
        clock: Clock,
        *,
        store: Store | None = None,
        faults: Faults | None = None,
        timings: Timings | None = None,
        seed: int = 0,
        recording: bool = True,
        unordered: Container[str] = UNORDERED,
        restless: bool = True,
    ) -> None:
        self.faults = faults or Faults()
        self.timings = timings or Timings()
        self.policy: Policy | None = None  # what the caller may do; None: everything
        self._calls: deque[tuple[str, Json]] = deque(maxlen=REMEMBERED if recording else 0)
        self.clock = clock
        self._store = store or Memory()
        self._seed = seed
        self._unordered = unordered
        self._restless = restless
        self._random = Random(seed)  # noqa: S311 - for shuffling
        self._ids = Random(f"{seed} {clock.now()}")  # noqa: S311 - of their own: they must not decide what is shuffled
        self._lock = threading.Lock()

    @property
    def calls(self) -> list[tuple[str, Json]]:
        """Operation and request of every call so far, failed ones too."""
        return list(self._calls)

    def handle(
        self,
        account: str,
        region: str,
        method: str,
        path: str,
        body: bytes,
        *,
        without_faults: bool = False,
        caller: Caller = UNKNOWN,
    ) -> Response:
        """Answer one HTTP request; `path` includes the query. `without_faults`: no failure strikes it."""
        routed = route(method, path)
        if routed is None:
            return error(404, "UnknownOperationException", f"AWS Batch has no operation at {method} {path}")
        with self._lock:
            rules = () if without_faults else self.faults.strike(routed.operation)
        self._delay(rules)
        with self._lock, self._store.session():
            stored_failures = frozenset() if without_faults else strike(self._store, routed.operation)
            account_state, failures = (
                self._account_state(account, region),
                stored_failures | {rule.failure for rule in rules},
            )
            request_id = self._request_id()
            return with_id(self._answer(account_state, routed, body, failures, caller, request_id), request_id)

    def trail(self, account: str, region: str) -> tuple[Mapping[str, Json], ...]:
        """Return the events that CloudTrail has of requests made there, the newest first."""
        with self._lock, self._store.session():
            return tuple(trail.events(self._account_state(account, region)))

    def handle_beside(
        self,
        service: str,
        where: tuple[str, str],
        operation: str,
        request: Mapping[str, Json],
        *,
        without_faults: bool = False,
    ) -> Response:
        """Answer a call of a service beside Batch, in an account and region."""
        with self._lock:
            rules = () if without_faults else self.faults.strike(operation)
        self._delay(rules)
        with self._lock, self._store.session():
            stored_failures = frozenset() if without_faults else strike(self._store, operation)
            failures = stored_failures | {rule.failure for rule in rules}
            answer = self._answer_beside(service, self._account_state(*where), operation, request, failures)
            return with_id(answer, self._request_id())

    def _answer_beside(
        self,
        service: str,
        account_state: AccountState,
        operation: str,
        request: Mapping[str, Json],
        failures: Container[Failure],
    ) -> Response:
        self._calls.append((f"{service}:{operation}", request))
        if Failure.THROTTLE in failures:
            return error(429, "ThrottlingException", "Rate exceeded")
        if Failure.SERVER_ERROR in failures:
            return BROKEN
        work = BESIDE[service].get(operation, _do_nothing)
        try:
            refuse_if(work is _do_nothing, f"{service} {operation} is not simulated by the sandbox")
            refuse_bad_request(operation, request, service)
            advance(account_state)
            answer = success(work(account_state, request))
        except schedules.ServiceRefusal as no:
            answer = error(no.status, no.code, str(no))
        except Refusal as no:
            answer = error(400, "ValidationException", str(no))
        return _after_the_work(answer, failures)

    def tagged(self, account: str, region: str) -> tuple[tuple[str, Mapping[str, str]], ...]:
        """Return the ARNs and tags of all that is tagged there."""
        with self._lock, self._store.session():
            account_state = self._account_state(account, region)
            advance(account_state)
            return tuple(every_tagged(account_state))

    def kept(self, account: str, region: str, table: str) -> Mapping[str, Json]:
        """Return the rows that `keep` has put in a table of a region: the state of other services."""
        with self._lock, self._store.session():
            return dict(self._account_state(account, region).rows(table))

    def keep(self, account: str, region: str, table: str, key: str, row: Json) -> None:
        """Keep a row; None takes it away."""
        with self._lock, self._store.session():
            self._account_state(account, region).note(table, key, row)

    def label(self, account: str, region: str, arn: str, labels: Mapping[str, str]) -> None:
        """Give a resource tags that only AWS can give, such as `aws:cloudformation:stack-name`."""
        with self._lock, self._store.session():
            label(self._account_state(account, region), arn, labels)

    def clusters(self, account: str, region: str) -> tuple[str, ...]:
        """Return the ARNs of the ECS clusters that the environments there have."""
        with self._lock, self._store.session():
            return tuple(environments.clusters(self._account_state(account, region)))

    def log_streams(self, account: str, region: str) -> tuple[LogStream, ...]:
        """Return what the jobs there have logged up to now."""
        with self._lock, self._store.session():
            account_state = self._account_state(account, region)
            advance(account_state)
            return tuple(log_streams(account_state))

    def set_missing_roles(self, roles_or_profiles: Iterable[str], account: str = ACCOUNT) -> None:
        """From now on these roles and instance profiles (names or ARNs) do not exist; all others do."""
        with self._lock, self._store.session():
            iam.set_missing_roles(self._store, account, roles_or_profiles)

    def places(self) -> tuple[tuple[str, str], ...]:
        """Return the accounts and regions in which anything has ever been."""
        with self._lock, self._store.session():
            return self._places()

    def break_(self, change: Callable[[Breakage], Breakage]) -> Breakage:
        """Change what is broken on purpose, in all accounts, until it is repaired; return what is broken then."""
        with self._lock, self._store.session():
            for account, region in self._places():
                advance(self._account_state(account, region))
            before = remaining_breakage(breakage_of(self._store), self._account_state_of)
            broken = change(before)
            save_breakage(self._store, broken)
            for account, region in self._places():
                environments.force_invalid(self._account_state(account, region))
            apply_breakage(before, broken, self._account_state_of)
            return broken

    def tick(self, seconds: float) -> float:
        """Advance the sandbox's clock; return how many seconds it is ahead in total."""
        with self._lock, self._store.session():
            return turn(self._store, seconds)

    def fired_within(self, seconds: float) -> list[Json]:
        """Return what schedules have submitted in the last seconds, in all accounts and regions, or why they failed."""
        with self._lock, self._store.session():
            fired: list[Json] = []
            for account, region in self._places():
                account_state = self._account_state(account, region)
                advance(account_state)
                fired += schedules.fired_since(account_state, account_state.now - seconds)
            return fired

    @property
    def now(self) -> float:
        """The sandbox's time, in seconds since 1970."""
        with self._lock, self._store.session():
            return self.clock.now() + seconds_ahead(self._store)

    def reset(self) -> None:
        """Forget everything: resources, jobs, what is broken and how far the clock was turned."""
        with self._lock, self._store.session():
            self._store.clear()

    def _request_id(self) -> str:
        return str(UUID(int=self._ids.getrandbits(128), version=4))

    def _places(self) -> tuple[tuple[str, str], ...]:
        parts = (scope.partition("/") for scope in self._store.scopes())
        return tuple(sorted((account, region) for account, slash, region in parts if slash))

    def _delay(self, rules: Iterable[FaultRule]) -> None:
        seconds = sum(rule.seconds for rule in rules if rule.failure is Failure.LATENCY)
        if seconds:
            self.clock.sleep(seconds)

    def _answer(
        self,
        account_state: AccountState,
        routed: Routed,
        body: bytes,
        failures: Container[Failure],
        caller: Caller,
        request_id: str,
    ) -> Response:
        try:
            request = members(routed, body)
            self._calls.append((routed.operation, request))
            if Failure.THROTTLE in failures:
                return error(429, "TooManyRequestsException", "Too Many Requests")
            if Failure.SERVER_ERROR in failures:
                return BROKEN
            refuse_bad_request(routed.operation, request)
            if self.policy:
                self.policy.check(account_state, routed.operation, request)
            work = _operation(routed.operation)
            advance(account_state)
            done = work(account_state, request)
            answer = success(done)
            trail.record(account_state, request_id, routed.operation, request, done, caller)
        except AccessDenied as no:
            return error(403, "AccessDeniedException", str(no))
        except Refusal as no:
            answer = refusal(str(no), account_state.new_id())
        return _after_the_work(answer, failures)

    def _account_state_of(self, arn: str) -> AccountState:
        _, _, _, region, account, _ = arn.split(":", 5)
        return self._account_state(account, region)

    def _account_state(self, account: str, region: str) -> AccountState:
        return AccountState(
            account=account,
            region=region,
            now=self.clock.now() + seconds_ahead(self._store),
            store=self._store,
            timings=breakage_of(self._store).slow_down(self.timings),
            random=self._random,
            unordered=self._unordered,
            restless=self._restless,
            seed=self._seed,
        )


def advance(account_state: AccountState) -> None:
    """Bring jobs to the present; schedules that have become due meanwhile submit theirs, each at its moment."""
    fired = 0
    while fired < MOST_FIRINGS and (due := schedules.next_due(account_state)) is not None:
        then = account_state.at(due)
        scheduler.advance(then)
        schedules.fire(then)
        fired += 1
    scheduler.advance(account_state)


def _do_nothing(_account_state: AccountState, _request: Mapping[str, Json]) -> Json:
    return {}


def _operation(name: str) -> Operation:
    if name not in OPERATIONS:
        raise Refusal(f"{name} is not simulated by the sandbox")
    return OPERATIONS[name]


def _after_the_work(answer: Response, failures: Container[Failure]) -> Response:
    if Failure.LATE_ERROR in failures:
        return BROKEN
    return replace(answer, lost=True) if Failure.LOST_ANSWER in failures else answer


# The `Cloud` port over the simulator, without a client in between.

LOST = "ConnectionClosedError"


class SimulatedCloud:
    def __init__(self, simulator: Simulator, identity: Identity) -> None:
        self._simulator = simulator
        self._identity = identity

    def identity(self) -> Identity:
        return self._identity

    def call(self, operation: str, request: Mapping[str, Json]) -> Mapping[str, Json]:
        where = _address(operation, request)
        response = self._simulator.handle(
            self._identity.account, self._identity.region, where.method, where.path, where.body
        )
        if response.lost:
            raise CloudError(operation, Fault.UNKNOWN, LOST, "The connection was closed before the answer arrived")
        return _data(operation, response)


def _address(operation: str, request: Mapping[str, Json]) -> HttpRoute:
    try:
        return address(operation, request)
    except Refusal as no:
        raise CloudError(operation, Fault.REFUSED, "UnknownOperationException", str(no)) from no


def _data(operation: str, response: Response) -> Mapping[str, Json]:
    data: Mapping[str, Json] = json.loads(response.body)
    if response.status >= 400:  # noqa: PLR2004 - client and server errors
        code = response.headers["x-amzn-errortype"]
        request_id = response.headers.get(REQUEST_ID, "")
        raise CloudError(operation, fault_of(response.status, code), code, data["message"], request_id=request_id)
    return data

"""The sandbox: which one is meant, a file or a server on this machine, and how a stack is completed in it.

The sandbox in this process contains only what was applied to it. An example replaces each value that only a different
service could look up. What is referred to, but not declared, is created once, as an example of its kind that belongs
to no stack: all but names that may be misspelt.
"""

import os
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from difflib import get_close_matches
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from reconciler.app.request import Place
from reconciler.cli.clients import SANDBOX_REGION
from reconciler.kinds import KINDS
from reconciler.model import Address, Identity, Json, Spec, Stack
from reconciler.placeholders import ExampleText, Secret
from reconciler.ports import Clock, Cloud
from reconciler.problems import CloudError, Fault, Problem, Severity, WrongUsage

if TYPE_CHECKING:
    from botocore.session import Session

    from reconciler.sandbox.actor import Controls

DEFAULT_FILE = ".reconciler/sandbox.json"
ENDPOINTS = ("AWS_ENDPOINT_URL_BATCH", "AWS_ENDPOINT_URL")
REGIONS = ("AWS_REGION", "AWS_DEFAULT_REGION")
LOOPBACK = ("127.0.0.1", "localhost", "::1")


@dataclass(frozen=True, slots=True)
class SandboxPlace:
    """A sandbox, and where in it something is. What is None, the environment or what is there decides."""

    file: str | None
    port: int | None
    account: str | None
    region: str | None


@dataclass(frozen=True, slots=True)
class Hand:
    """A cloud to meddle with, its clock, and the file or URL that it is at."""

    cloud: Cloud
    clock: Clock
    where: str


@dataclass(frozen=True, slots=True)
class Panel:
    """The controls of a sandbox, and the file or URL that it is at."""

    controls: "Controls"
    where: str


def hand(place: SandboxPlace) -> Hand:
    """Return what the place and the environment lead to; never anything outside this machine."""
    url = _url(place)
    return _served(url, place) if url else _kept(place)


@contextmanager
def reaching(sandbox: Hand) -> Iterator[None]:
    """Raise `WrongUsage` where no sandbox answers."""
    from reconciler.sandbox.actor import no_sandbox

    try:
        yield
    except CloudError as error:
        if error.fault is not Fault.UNREACHABLE:
            raise
        raise no_sandbox(sandbox.where) from error


def controls(place: SandboxPlace) -> Panel:
    """Return the controls of what the place and the environment lead to."""
    from reconciler.sandbox.actor import InProcessControls, ServedControls
    from reconciler.sandbox.session import open_sandbox

    url, file = _url(place), place.file or DEFAULT_FILE
    return Panel(ServedControls(url), url) if url else Panel(InProcessControls(open_sandbox(file)), file)


def _url(place: SandboxPlace) -> str:
    if place.port is not None:
        return f"http://127.0.0.1:{place.port}"
    url = "" if place.file else _first(ENDPOINTS)
    return url if urlsplit(url).hostname in LOOPBACK else ""


def _served(url: str, place: SandboxPlace) -> Hand:
    from reconciler.sandbox.actor import WITHOUT_FAULTS
    from reconciler.sandbox.server.protocol import ACCOUNT_HEADER
    from reconciler.service_models import closed_session

    def introduce(**event: Any) -> None:
        headers = event["request"].headers
        headers[WITHOUT_FAULTS] = "yes"
        if place.account:
            headers[ACCOUNT_HEADER] = place.account

    session = closed_session()  # the user's credentials are never sent to what is not AWS
    session.register("before-sign", introduce)
    return _hand(session, place.region or _first(REGIONS) or SANDBOX_REGION, url, endpoint=url)


def _kept(place: SandboxPlace) -> Hand:
    from reconciler.sandbox.core.service import ACCOUNT
    from reconciler.sandbox.session import open_sandbox, sandbox_session

    file = place.file or DEFAULT_FILE
    if not Path(file).exists():
        hint = "`reconciler apply --sandbox` creates one; --file names a different one, --port a served one"
        raise WrongUsage(f"there is no sandbox in {file}", hint=hint)
    simulator = open_sandbox(file)
    account, region = _place(simulator.places(), place) or (place.account or ACCOUNT, place.region or SANDBOX_REGION)
    return _hand(sandbox_session(simulator, region, account, without_faults=True), region, file)


def _hand(session: "Session", region: str, where: str, *, endpoint: str | None = None) -> Hand:
    from reconciler.adapters.aws.cloud import AwsCloud
    from reconciler.adapters.machine import WallClock
    from reconciler.calls import RetryingCloud

    clock = WallClock()
    return Hand(RetryingCloud(AwsCloud(session, region, endpoint), clock), clock, where)


def only_place(place: Place) -> tuple[str | None, str | None]:
    """Return the account and region of all that is in a sandbox, as far as the place does not say them itself."""
    from reconciler.sandbox.session import open_sandbox

    known = open_sandbox(place.sandbox).places() if place.sandbox and Path(place.sandbox).exists() else ()
    return _place(known, SandboxPlace(place.sandbox, None, place.account, place.region)) or (None, None)


def _place(known: tuple[tuple[str, str], ...], place: SandboxPlace) -> tuple[str, str] | None:
    """Return the one account and region that fit the place; None if nothing is there."""
    fitting = [
        (account, region)
        for account, region in known
        if place.account in (None, account) and place.region in (None, region)
    ]
    if len(fitting) > 1:
        places = ", ".join(f"{region} of account {account}" for account, region in fitting)
        raise WrongUsage(f"there are resources in {places}", hint="choose one by --region and --account")
    return fitting[0] if fitting else None


def _first(names: tuple[str, ...]) -> str:
    return next((os.environ[name] for name in names if os.environ.get(name)), "")


# What a stack takes from elsewhere.

STANDS_IN = "VAR020"
NOT_ANSWERED = "the sandbox in this process does not answer !ssm, !cfn and !secret: examples are used instead"
SERVED = "`reconciler sandbox serve` answers them through moto: drop --sandbox and set AWS_ENDPOINT_URL"


def with_values(stack: Stack) -> Stack:
    """Return a stack with examples for look-ups that the sandbox cannot answer, and a note that says so."""
    from reconciler.cli.commands.fmt import language
    from reconciler.importers.samples import with_stand_ins

    return _noted(with_stand_ins(stack, language()), NOT_ANSWERED, SERVED)


def with_neighbours(stack: Stack, cloud: Cloud, settled: Callable[[], Cloud]) -> Stack:
    """Create in the sandbox what the stack refers to and nothing there has; return the stack with a note of it.

    `settled` returns the sandbox such that what is created is there at once.
    """
    from reconciler.syntax.diagnostics import listed

    wanted = _wanted(stack, cloud.identity()) if any(_outside(stack)) else {}
    made = [address for address, body in wanted.items() if _create(address, body, stack, cloud, settled)]
    if not made:
        return stack
    names = listed([f"{KINDS[address.kind].noun} {address.name}" for address in made], "and")
    hint = "to use the real ones, apply the stacks that declare them to the same sandbox first"
    return _noted(stack, f"the sandbox had no {names}: examples were created there", hint)


def _noted(stack: Stack, message: str, hint: str) -> Stack:
    note = Problem(STANDS_IN, message, hint=hint, severity=Severity.NOTE)
    return replace(stack, warnings=(*stack.warnings, note))


def _outside(stack: Stack) -> Iterator[tuple[Address, str, str]]:
    """Yield references to what a stack does not declare: by which resource, to which kind, and how it is written."""
    from reconciler.live.resolve import references

    for declared in stack.declared.values():
        for _, row, value in references(KINDS[declared.address.kind].rows, declared.spec):
            is_meant = isinstance(value, ExampleText) or value.startswith("arn:")
            if isinstance(value, Secret):
                continue  # it would become a name, which everybody reads
            if Address(row.refers_to, value) not in stack.declared and (
                is_meant or not _is_slip(value, row.refers_to, stack)
            ):
                yield declared.address, row.refers_to, value


def _is_slip(name: str, kind: str, stack: Stack) -> bool:
    return bool(get_close_matches(name, (address.name for address in stack.declared if address.kind == kind), n=1))


def _wanted(stack: Stack, identity: Identity) -> Mapping[Address, Spec]:
    """Return what could be there, each with a body: that of what is referred to beside it, as queues do not mix kinds
    of environments; else an example of its kind.
    """
    from reconciler.importers.writer import referenced_name
    from reconciler.live.resolve import references
    from reconciler.rules import rules_of

    bodies_by_address: dict[Address, Spec] = {}
    for by, kind_name, value in _outside(stack):
        kind = KINDS[kind_name]
        name = referenced_name(value)
        if value not in (name, kind.arn(identity, name)):
            continue  # it is in a different account or region
        beside = references(KINDS[by.kind].rows, stack.declared[by].spec)
        mates = (Address(kind_name, other) for _, row, other in beside if row.refers_to == kind_name)
        bodies: Iterator[Json] = (stack.declared[mate].spec for mate in mates if mate in stack.declared)
        known = (rule.passes.body for rule in rules_of(kind_name))
        examples = (example for example in known if not any(references(kind.rows, example)))
        if body := next(bodies, None) or next(examples, None):
            bodies_by_address[Address(kind_name, name)] = body
    return bodies_by_address


def _create(address: Address, body: Spec, stack: Stack, cloud: Cloud, settled: Callable[[], Cloud]) -> bool:
    """Create a resource that the stack does not have under this name either; return whether it was not there."""
    from reconciler.live.read import read_some

    kind = KINDS[address.kind]
    is_ours = any(
        own.kind == address.kind and f"{stack.name_prefix}{own.name}" == address.name for own in stack.declared
    )
    if is_ours or read_some(cloud, kind, cloud.identity(), (address.name,)):
        return False
    try:
        settled().call(kind.create.operation, {kind.name_member: address.name, **body})
    except CloudError as error:
        if error.fault is not Fault.REFUSED:
            raise
        return False  # it cannot exist, as with a name that AWS does not take: the plan says that it is not there
    return True

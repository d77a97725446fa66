"""Which sandbox an action works on: a file, or a server on this machine."""

import os
from argparse import ArgumentParser, Namespace
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from reconciler.cli.clients import SANDBOX_REGION
from reconciler.cli.options import parse_file_name, parse_port
from reconciler.ports import Clock, Cloud
from reconciler.problems import CloudError, Fault, WrongUsage

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


def add_place(parser: ArgumentParser, *, resource: bool = True) -> None:
    """Add what says which sandbox is meant and, where it is about a resource, in which account and region that is."""
    place = parser.add_argument_group("which sandbox")
    one = place.add_mutually_exclusive_group()
    add_file(one)
    one.add_argument(
        "--port",
        type=parse_port,
        help="of a running `sandbox serve`; also taken from AWS_ENDPOINT_URL or "
        "AWS_ENDPOINT_URL_BATCH where that is on this machine and no file is given",
    )
    if resource:
        place.add_argument("--region", help="where the resource is (default: where anything is)")
        place.add_argument("--account", help="whose it is (default: the only one)")


def add_file(parser: Any) -> None:
    parser.add_argument("--file", type=parse_file_name, help=f"where it is kept (default: {DEFAULT_FILE})")


def sandbox_place_of(args: Namespace) -> SandboxPlace:
    return SandboxPlace(args.file, args.port, args.account, args.region)


def hand(place: SandboxPlace) -> Hand:
    """Return what the place and the environment lead to; never anything outside this machine."""
    url = _url(place)
    return _served(url, place) if url else _kept(place)


@contextmanager
def reaching(sandbox: Hand) -> Iterator[None]:
    """Tell that nobody answers there. Raises `WrongUsage`."""
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

    def introduce(**event: Any) -> None:
        headers = event["request"].headers
        headers[WITHOUT_FAULTS] = "yes"
        if place.account:
            headers[ACCOUNT_HEADER] = place.account

    session = _dummy_session()
    session.register("before-sign", introduce)
    return _hand(session, place.region or _first(REGIONS) or SANDBOX_REGION, url, endpoint=url)


def _kept(place: SandboxPlace) -> Hand:
    from reconciler.sandbox.core.service import ACCOUNT
    from reconciler.sandbox.session import open_sandbox, sandbox_session

    file = place.file or DEFAULT_FILE
    if not Path(file).exists():
        hint = "`reconciler apply --sandbox` makes one; --file names another, --port one that is served"
        raise WrongUsage(f"there is no sandbox in {file}", hint=hint)
    simulator = open_sandbox(file)
    account, region = _place(simulator.places(), place) or (place.account or ACCOUNT, place.region or SANDBOX_REGION)
    return _hand(sandbox_session(simulator, region, account, without_faults=True), region, file)


def _hand(session: "Session", region: str, where: str, *, endpoint: str | None = None) -> Hand:
    from reconciler.adapters.aws.clock import WallClock
    from reconciler.adapters.aws.cloud import AwsCloud
    from reconciler.retry import RetryingCloud

    clock = WallClock()
    return Hand(RetryingCloud(AwsCloud(session, region, endpoint), clock), clock, where)


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


def _dummy_session() -> "Session":
    """The user's credentials and profiles are never sent to what is not AWS."""
    from botocore.session import Session

    quiet = {name: (None, None, default, cast) for name, (_, _, default, cast) in Session.SESSION_VARIABLES.items()}
    session = Session(session_vars=quiet)
    for file in ("config_file", "credentials_file"):
        session.set_config_variable(file, os.devnull)
    session.set_credentials("sandbox", "sandbox")
    return session


def _first(names: tuple[str, ...]) -> str:
    return next((os.environ[name] for name in names if os.environ.get(name)), "")

"""The clouds of a place: AWS with a profile and a role, or the sandbox."""

import os
from dataclasses import replace
from functools import cache
from typing import TYPE_CHECKING

from reconciler.app.request import Place, Session
from reconciler.model import Lock, Stack, StatePlace
from reconciler.ports import Clock, Cloud, Locks, Observer
from reconciler.problems import WrongUsage

if TYPE_CHECKING:  # botocore is only loaded by what calls AWS
    from botocore.session import Session as Credentials

    from reconciler.adapters.aws.storage import Objects
    from reconciler.adapters.lookup.states import States
    from reconciler.sandbox.core.clock import Timings
    from reconciler.sandbox.core.service import Simulator

SANDBOX_REGION = "us-east-1"
ARN_PARTS = 6


def session_for(stack: Stack, place: Place, observer: Observer) -> Session:
    """Return what a stack is planned and applied with: in its own region, unless its place has a different one."""
    from reconciler.adapters.aws.cloud import AwsCloud
    from reconciler.adapters.lookup.aws import AwsLookups
    from reconciler.adapters.lookup.sources import Sandbox
    from reconciler.adapters.machine import TimeOfDay, WallClock
    from reconciler.calls import ReadOnlyCloud, RetryingCloud

    clock = WallClock()
    region = place.region or stack.region
    simulator = _simulator(place.sandbox) if place.sandbox is not None else None
    credentials = _sandbox(simulator, stack, region, observer) if simulator else _credentials(place, region, observer)

    @cache
    def around() -> "Credentials":
        return _sandbox(simulator, stack, region, observer, with_services=True) if simulator else credentials

    @cache
    def service(name: str) -> Cloud:
        return RetryingCloud(AwsCloud(credentials, region, service=name), clock)

    @cache
    def read_only(name: str, there: str = "") -> Cloud:
        return ReadOnlyCloud(RetryingCloud(AwsCloud(around(), there or region, service=name), clock))

    def lock_service(name: str) -> Cloud:
        return RetryingCloud(AwsCloud(credentials, region, service=name), clock, is_idempotent=True)

    def locks(lock: Lock) -> Locks:
        from reconciler.adapters.aws.storage import locks_at

        return locks_at(lock, lock_service)

    from reconciler.adapters.eventbridge.cloud import StackCloud

    batch = StackCloud(service("batch"), service, stack.name)
    if simulator:  # no other run shares it, so there is nothing to lock
        from reconciler.sandbox.session import TurningClock

        return Session(batch, clock, Sandbox(), observer, job_clock=TurningClock(simulator), services=read_only)
    lookups = AwsLookups(service, batch.identity, _states(credentials, region, clock, observer))
    return Session(
        batch,
        clock,
        lookups,
        observer,
        locks_at=locks,
        job_clock=TimeOfDay(),
        services=read_only,
        describes_types=True,
    )


def settled_sandbox(stack: Stack, file: str, region: str | None, observer: Observer) -> Cloud:
    """Return the sandbox of `session_for` such that what is created there is there at once."""
    from reconciler.adapters.aws.cloud import AwsCloud
    from reconciler.sandbox.core.clock import INSTANT

    region = region or stack.region
    return AwsCloud(_sandbox(_simulator(file, INSTANT), stack, region, observer), region)


def _states(credentials: "Credentials", region: str | None, clock: Clock, observer: Observer) -> "States":
    """Return the states of Terraform, those in S3 as the session reads them, or a role that it assumes."""
    from reconciler.adapters.lookup.states import FILE, LARGEST, States, fetch_file, fetch_object

    def get(place: StatePlace) -> bytes:
        from reconciler.adapters.aws.cloud import AwsCloud
        from reconciler.adapters.aws.session import assume_role
        from reconciler.adapters.aws.storage import Objects
        from reconciler.calls import RetryingCloud

        there = place.region or region
        own = assume_role(credentials, place.role_arn, there, observer) if place.role_arn else credentials
        cloud = RetryingCloud(AwsCloud(own, there, service="s3"), clock, is_idempotent=True)
        return Objects(cloud).beginning(place.bucket, place.key, LARGEST + 1)

    def ask(place: StatePlace) -> bytes:
        from reconciler.adapters.forge.states import fetch_state

        return fetch_state(place.url, clock, os.environ, LARGEST)

    return States({FILE: fetch_file, "s3": lambda place: fetch_object(place, get), "https": ask, "http": ask})


def open_objects(observer: Observer) -> "Objects":
    """Return the objects in S3, with the credentials and the region of the environment."""
    from reconciler.adapters.aws.cloud import AwsCloud
    from reconciler.adapters.aws.session import ANY_REGION, open_session
    from reconciler.adapters.aws.storage import Objects
    from reconciler.adapters.machine import WallClock
    from reconciler.calls import RetryingCloud

    session = open_session(observer=observer)
    region = os.environ.get("AWS_REGION") or session.get_config_variable("region") or ANY_REGION
    return Objects(RetryingCloud(AwsCloud(session, region, service="s3"), WallClock(), is_idempotent=True))


def sns_for(topic: str, place: Place, observer: Observer) -> Cloud:
    """Return SNS in the region of a topic. Raises `WrongUsage` for what is no ARN of one."""
    parts = topic.split(":")
    if len(parts) != ARN_PARTS or parts[2] != "sns":
        raise WrongUsage(f"{topic} is not the ARN of a topic", hint="as in arn:aws:sns:us-east-1:123456789012:drift")
    return service_for("sns", replace(place, region=parts[3]), observer)


def cloudformation_for(place: Place, observer: Observer) -> Cloud:
    """Return CloudFormation. Raises `WrongUsage`: the sandbox in the process has none."""
    if place.sandbox is not None:
        hint = "`reconciler sandbox serve` offers it through moto: drop --sandbox and set AWS_ENDPOINT_URL"
        raise WrongUsage("the sandbox in this process has no CloudFormation", hint=hint)
    return service_for("cloudformation", place, observer)


def service_for(name: str, place: Place, observer: Observer) -> Cloud:
    """Return a service of AWS in the region of a place."""
    from reconciler.adapters.aws.cloud import AwsCloud
    from reconciler.adapters.machine import WallClock
    from reconciler.calls import RetryingCloud

    credentials = _credentials(place, place.region, observer)
    return RetryingCloud(AwsCloud(credentials, place.region, service=name), WallClock())


def _credentials(place: Place, region: str | None, observer: Observer) -> "Credentials":
    from reconciler.adapters.aws.session import open_session

    return open_session(place.profile, place.role_arn, region, observer)


def _simulator(file: str, timings: "Timings | None" = None) -> "Simulator":
    from reconciler.sandbox.session import open_sandbox

    return open_sandbox(file, timings=timings)


def _sandbox(
    simulator: "Simulator", stack: Stack, region: str | None, observer: Observer, *, with_services: bool = False
) -> "Credentials":
    from reconciler.adapters.aws.session import observe
    from reconciler.sandbox.core.service import ACCOUNT
    from reconciler.sandbox.session import sandbox_session

    account = stack.account or ACCOUNT
    credentials = sandbox_session(simulator, region or SANDBOX_REGION, account, with_services=with_services)
    observe(credentials, observer)
    return credentials

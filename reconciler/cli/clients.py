"""The cloud that the arguments ask for: AWS with a profile and a role, or the sandbox."""

import argparse
import os
from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import cache, partial
from typing import TYPE_CHECKING

from reconciler.model import Lock, Stack, StatePlace
from reconciler.ports import Clock, Cloud, Locks, Lookups, Observer
from reconciler.problems import WrongUsage

if TYPE_CHECKING:  # botocore is only loaded by what calls AWS
    from botocore.session import Session

    from reconciler.adapters.aws.objects import Objects
    from reconciler.adapters.lookup.states import States
    from reconciler.sandbox.core.clock import Timings

SANDBOX_REGION = "us-east-1"
ARN_PARTS = 6


@dataclass(frozen=True, slots=True)
class Clients:
    """A cloud, the clock that goes with it, what can be looked up there, and the locks, where the stack has one."""

    cloud: Cloud
    clock: Clock
    lookups: Lookups
    locks: Locks | None = None
    locks_at: Callable[[Lock], Locks] | None = None  # None: nothing is locked here

    def locking(self, lock: Lock | None) -> "Clients":
        """Return it with the locks of a place, which is known once the stack has been read there."""
        return replace(self, locks=self.locks_at(lock)) if lock and self.locks_at else self


def sky_for(stack: Stack, args: argparse.Namespace) -> Clients:
    """Return the cloud for a stack: its region, unless the arguments name another."""
    from reconciler.adapters.aws.clock import WallClock
    from reconciler.adapters.aws.cloud import AwsCloud
    from reconciler.adapters.aws.locks import locks_at
    from reconciler.adapters.lookup.aws import AwsLookups
    from reconciler.adapters.lookup.sources import Sandbox
    from reconciler.retry import Patient

    clock = WallClock()
    region = args.region or stack.region
    session = _sandbox(stack, args, region) if args.sandbox is not None else _aws(args, region)

    @cache
    def service(name: str) -> Cloud:
        return Patient(AwsCloud(session, region, service=name), clock)

    def lock_service(name: str) -> Cloud:
        return Patient(AwsCloud(session, region, service=name), clock, is_idempotent=True)

    batch = service("batch")
    if args.sandbox is not None:  # nobody shares it, and nothing leaves the machine: there is nothing to lock
        return Clients(batch, clock, Sandbox())
    lookups = AwsLookups(service, batch.identity, _states(session, region, clock, args.observer))
    return Clients(batch, clock, lookups, locks_at=partial(locks_at, service=lock_service))


def settled_sandbox(stack: Stack, args: argparse.Namespace) -> Cloud:
    """Return the sandbox of `sky_for` such that what is created there is there at once."""
    from reconciler.adapters.aws.cloud import AwsCloud
    from reconciler.sandbox.core.clock import INSTANT

    region = args.region or stack.region
    return AwsCloud(_sandbox(stack, args, region, INSTANT), region)


def _states(session: "Session", region: str | None, clock: Clock, observer: Observer) -> "States":
    """Return the states of Terraform, those in S3 as the session reads them, or a role that it assumes."""
    from reconciler.adapters.lookup.states import FILE, LARGEST, States, fetch_file, fetch_object

    def get(place: StatePlace) -> bytes:
        from reconciler.adapters.aws.cloud import AwsCloud
        from reconciler.adapters.aws.objects import Objects
        from reconciler.adapters.aws.session import assume_role
        from reconciler.retry import Patient

        there = place.region or region
        own = assume_role(session, place.role_arn, there, observer) if place.role_arn else session
        cloud = Patient(AwsCloud(own, there, service="s3"), clock, is_idempotent=True)
        return Objects(cloud).beginning(place.bucket, place.key, LARGEST + 1)

    def ask(place: StatePlace) -> bytes:
        from reconciler.adapters.forge.states import fetch_state

        return fetch_state(place.url, clock, os.environ, LARGEST)

    return States({FILE: fetch_file, "s3": lambda place: fetch_object(place, get), "https": ask, "http": ask})


def objects(observer: Observer) -> "Objects":
    """Return the objects in S3, with the credentials and the region of the environment."""
    from reconciler.adapters.aws.clock import WallClock
    from reconciler.adapters.aws.cloud import AwsCloud
    from reconciler.adapters.aws.objects import Objects
    from reconciler.adapters.aws.session import ANY_REGION, open_session
    from reconciler.retry import Patient

    session = open_session(observer=observer)
    region = os.environ.get("AWS_REGION") or session.get_config_variable("region") or ANY_REGION
    return Objects(Patient(AwsCloud(session, region, service="s3"), WallClock(), is_idempotent=True))


def sns_for(topic: str, args: argparse.Namespace) -> Cloud:
    """Return SNS in the region of a topic. Raises `WrongUsage` for what is no ARN of one."""
    parts = topic.split(":")
    if len(parts) != ARN_PARTS or parts[2] != "sns":
        raise WrongUsage(f"{topic} is no ARN of a topic", hint="as in arn:aws:sns:us-east-1:123456789012:drift")
    return _service("sns", args, parts[3])


def cloudformation_for(args: argparse.Namespace) -> Cloud:
    """Return CloudFormation. Raises `WrongUsage`: the sandbox in the process has none."""
    if args.sandbox is not None:
        hint = "`reconciler sandbox serve` has it by moto: leave --sandbox away and set AWS_ENDPOINT_URL"
        raise WrongUsage("the sandbox in this process has no CloudFormation", hint=hint)
    return _service("cloudformation", args, args.region)


def ec2_for(args: argparse.Namespace) -> Cloud:
    return _service("ec2", args, args.region)


def _service(name: str, args: argparse.Namespace, region: str | None) -> Cloud:
    from reconciler.adapters.aws.clock import WallClock
    from reconciler.adapters.aws.cloud import AwsCloud
    from reconciler.retry import Patient

    return Patient(AwsCloud(_aws(args, region), region, service=name), WallClock())


def _aws(args: argparse.Namespace, region: str | None) -> "Session":
    from reconciler.adapters.aws.session import open_session

    return open_session(args.profile, args.role_arn, region, args.observer)


def _sandbox(stack: Stack, args: argparse.Namespace, region: str | None, timings: "Timings | None" = None) -> "Session":
    from reconciler.adapters.aws.session import observe
    from reconciler.sandbox.core.service import ACCOUNT
    from reconciler.sandbox.session import open_sandbox, sandbox_session

    simulator = open_sandbox(args.sandbox, timings=timings)
    session = sandbox_session(simulator, region or SANDBOX_REGION, stack.account or ACCOUNT)
    observe(session, args.observer)
    return session

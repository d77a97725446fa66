"""Sources of look-ups: environment variables, the sandbox, none; and how a stack's sources are combined."""

import os
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from hashlib import sha256

from reconciler.adapters.lookup.states import FILE, States, fetch_file
from reconciler.model import Json, StatePlace
from reconciler.placeholders import Secret, Unknown, is_secret_name
from reconciler.ports import Lookups, Missing, Reserved, Unsupported
from reconciler.problems import CloudError

ENV = "env"
TFSTATE = "tfstate"
SECRET = "secret"  # noqa: S105 - a tag
PUBLISHED_IMAGE = re.compile(r"/aws/service/(.+/image_id|ami-(amazon-linux|windows)-latest/.+)")
NOT_UTF8 = re.compile("[\ud800-\udfff]")  # what Python makes of bytes that are not
HARMLESS = ("AWS_REGION", "AWS_DEFAULT_REGION")  # every plan shows them
# Variables by which AWS's SDKs, a CI service and this tool get their credentials. A stack has no use for them, but the
# author of a change to its files may have one. Sources:
# https://docs.aws.amazon.com/sdkref/latest/guide/environment-variables.html
# https://docs.github.com/en/actions/reference/workflows-and-actions/variables, https://cli.github.com/manual/gh_help_environment
# https://docs.gitlab.com/ci/variables/predefined_variables/
# https://learn.microsoft.com/en-us/azure/devops/pipelines/build/variables
# https://support.atlassian.com/bitbucket-cloud/docs/variables-and-secrets/
# https://circleci.com/docs/reference/variables/, https://buildkite.com/docs/pipelines/configure/environment-variables
RESERVED = (
    "AWS_*",
    "RECONCILER_*",
    "ACTIONS_*", "GH_*TOKEN", "GITHUB_*TOKEN", "RUNNER_*TOKEN",
    "CI_*TOKEN*", "CI_*PASSWORD*", "CI_*JWT*", "CI_*KEY*", "CI_REPOSITORY_URL", "GITLAB_*TOKEN*", "GL_*TOKEN*",
    "SYSTEM_*TOKEN*", "SYSTEM_OIDCREQUESTURI", "AZURE_*TOKEN*", "AZURE_*SECRET*", "AZURE_*PASSWORD*",
    "AZURE_DEVOPS_EXT_PAT", "ARM_*SECRET*", "ARM_*TOKEN*", "ARM_*KEY*",
    "BITBUCKET_*TOKEN*", "CIRCLE_*TOKEN*", "BUILDKITE_*TOKEN*", "DRONE_*TOKEN*", "JENKINS_*TOKEN*", "TRAVIS_*TOKEN*",
    "ATLANTIS_*",
    "GOOGLE_*CREDENTIALS*", "CLOUDSDK_AUTH_*", "VAULT_TOKEN",
    "OTEL_EXPORTER_OTLP_*HEADERS",
)  # fmt: skip
# What people call secrets in an environment, beside the words that give a secret away everywhere.
SECRET_VARIABLE = re.compile(r"(^|_)(auth|bearer|cookie|dsn|jwt|key|pat|pin|webhook)(_url)?$", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Environment:
    """`!env NAME`. A plan shows what it reads to everyone who can see the plan.

    `allowed` are names, or globs of names, of reserved variables that may be read all the same.
    """

    variables: Mapping[str, str] = field(default_factory=lambda: os.environ)
    allowed: Sequence[str] = ()

    def find(self, tag: str, argument: str) -> str | None:
        """Return the variable's value, a `Secret` where its name says so, or None if it is not set.

        Raises `Missing`, `Reserved`, and `Unsupported` for other tags.
        """
        if tag != ENV:
            raise Unsupported(f"!{tag} lookups are not supported here")
        reserved = is_reserved(argument)
        if reserved and not _matches(argument, self.allowed):
            message = "this variable is reserved for AWS or CI credentials, and plans show the values they read"
            raise Reserved(message, f"use a stack variable, or allow it with --allow-env {argument}")
        value = self.variables.get(argument)
        if value and NOT_UTF8.search(value):
            raise Missing("the value is not UTF-8 text", "set it to UTF-8 text")
        is_secret = reserved or is_secret_name(argument) or SECRET_VARIABLE.search(argument)
        return Secret(value) if value and is_secret else value

    def find_in_state(self, argument: str, place: StatePlace) -> Json:
        raise Unsupported(f"!tfstate {argument} is not supported here: it would read {place.url}")


def is_reserved(name: str) -> bool:
    upper = name.upper()  # Windows does not tell them apart
    return upper not in HARMLESS and _matches(upper, RESERVED)


def _matches(name: str, patterns: Sequence[str]) -> bool:
    return any(fnmatchcase(name, pattern) for pattern in patterns)


@dataclass(frozen=True, slots=True)
class Sources:
    """Environment variables are at hand everywhere; all other look-ups are the cloud's."""

    environment: Lookups
    cloud: Lookups

    def find(self, tag: str, argument: str) -> str | list[str] | None:
        return (self.environment if tag == ENV else self.cloud).find(tag, argument)

    def find_in_state(self, argument: str, place: StatePlace) -> Json:
        return self.cloud.find_in_state(argument, place)


class Offline:
    """Every value is unknown."""

    def find(self, tag: str, argument: str) -> Unknown:
        return Unknown.of(tag, argument)

    def find_in_state(self, argument: str, _place: StatePlace) -> Unknown:
        return Unknown.of(TFSTATE, argument)


class ForbiddenLookups:
    """Every look-up is an error."""

    def find(self, tag: str, argument: str) -> str:
        message = f"!{tag} {argument} is required, but --no-lookups is set"
        raise Unsupported(message, "drop --no-lookups, or use a variable")

    def find_in_state(self, argument: str, _place: StatePlace) -> str:
        return self.find(TFSTATE, argument)


@dataclass(frozen=True, slots=True)
class OpenLookups:
    """The look-ups of a command that reads no secret, and goes on with an unknown value where one fails."""

    cloud: Lookups

    def find(self, tag: str, argument: str) -> str | list[str] | None:
        if tag == SECRET:
            return Unknown.of(tag, argument)
        try:
            return self.cloud.find(tag, argument)
        except CloudError:
            return Unknown.of(tag, argument)

    def find_in_state(self, argument: str, place: StatePlace) -> Json:
        try:
            return self.cloud.find_in_state(argument, place)
        except CloudError:
            return Unknown.of(TFSTATE, argument)


@dataclass(frozen=True, slots=True)
class Sandbox:
    """The sandbox in the process has AWS Batch alone, ids of images as AWS publishes them, and states in files.

    What only other services could answer is unknown.

    https://docs.aws.amazon.com/systems-manager/latest/userguide/parameter-store-public-parameters-ami.html; `image_id`:
    https://docs.aws.amazon.com/AmazonECS/latest/developerguide/retrieve-ecs-optimized_AMI.html, and the pages of EKS
    (retrieve-ami-id) and Bottlerocket (ecs-bottlerocket-retrieve-ami)
    """

    states: States = field(default_factory=lambda: States({FILE: fetch_file}))

    def find_in_state(self, argument: str, place: StatePlace) -> Json:
        if place.scheme == FILE:
            return self.states.find(argument, place)
        served = "only `reconciler sandbox serve` simulates S3: drop --sandbox and set AWS_ENDPOINT_URL"
        hint = served if place.scheme == "s3" else "use a file with the output of `terraform output -json`"
        raise Unsupported(f"the in-process sandbox cannot read {place.url}", hint)

    def find(self, tag: str, argument: str) -> str:
        if tag == "ssm" and PUBLISHED_IMAGE.fullmatch(argument):
            return f"ami-{sha256(argument.encode()).hexdigest()[:17]}"
        return Unknown.of(tag, argument)

"""`!env NAME`: environment variables. A plan shows what it reads to everyone who can see the plan."""

import os
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from fnmatch import fnmatchcase

from reconciler.model import Json, StatePlace
from reconciler.placeholders import Secret, is_secret_name
from reconciler.ports import Missing, Reserved, Unsupported

TAG = "env"
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
SECRET = re.compile(r"(^|_)(auth|bearer|cookie|dsn|jwt|key|pat|pin|webhook)(_url)?$", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Environment:
    """`allowed` are names, or globs of names, of reserved variables that may be read all the same."""

    variables: Mapping[str, str] = field(default_factory=lambda: os.environ)
    allowed: Sequence[str] = ()

    def find(self, tag: str, argument: str) -> str | None:
        """Return the variable's value, a `Secret` where its name says so, or None if it is not set.

        Raises `Missing`, `Reserved`, and `Unsupported` for other tags.
        """
        if tag != TAG:
            raise Unsupported(f"!{tag} lookups are not supported here")
        reserved = is_reserved(argument)
        if reserved and not _matches(argument, self.allowed):
            message = "this variable is reserved for AWS or CI credentials, and plans show the values they read"
            raise Reserved(message, f"use a stack variable, or allow it with --allow-env {argument}")
        value = self.variables.get(argument)
        if value and NOT_UTF8.search(value):
            raise Missing("the value is not UTF-8 text", "set it to UTF-8 text")
        is_secret = reserved or is_secret_name(argument) or SECRET.search(argument)
        return Secret(value) if value and is_secret else value

    def find_in_state(self, argument: str, place: StatePlace) -> Json:
        raise Unsupported(f"!tfstate {argument} is not supported here: it would read {place.url}")


def is_reserved(name: str) -> bool:
    upper = name.upper()  # Windows does not tell them apart
    return upper not in HARMLESS and _matches(upper, RESERVED)


def _matches(name: str, patterns: Sequence[str]) -> bool:
    return any(fnmatchcase(name, pattern) for pattern in patterns)

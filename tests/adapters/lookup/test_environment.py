"""`!env`."""

import os

import pytest

from reconciler.adapters.lookup.sources import Environment
from reconciler.placeholders import Secret
from reconciler.ports import Reserved, Unsupported

RESERVED = (
    "AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN", "AWS_PROFILE", "AWS_WEB_IDENTITY_TOKEN_FILE",
    "AWS_CONTAINER_AUTHORIZATION_TOKEN", "aws_secret_access_key", "GITHUB_TOKEN", "GH_TOKEN", "GH_ENTERPRISE_TOKEN",
    "ACTIONS_ID_TOKEN_REQUEST_TOKEN", "ACTIONS_RUNTIME_TOKEN", "RECONCILER_PLAN_KEY", "RECONCILER_WEBHOOK",
    "CI_JOB_TOKEN", "CI_DEPLOY_PASSWORD", "CI_REGISTRY_PASSWORD", "CI_JOB_JWT_V2", "CI_REPOSITORY_URL",
    "SYSTEM_ACCESSTOKEN", "BITBUCKET_STEP_OIDC_TOKEN", "CIRCLE_OIDC_TOKEN_V2", "BUILDKITE_AGENT_ACCESS_TOKEN",
)  # fmt: skip
SECRET = ("DB_PASSWORD", "db_password", "API_KEY", "MY_TOKEN", "CLIENT_SECRET", "DEPLOY_KEY", "SLACK_WEBHOOK_URL",
          "ADMIN_PIN", "REGISTRY_PAT", "GOOGLE_CREDENTIAL")  # fmt: skip
PLAIN = ("HOME", "AWS_REGION", "AWS_DEFAULT_REGION", "GITHUB_SHA", "GITHUB_REF_NAME", "CI", "CI_COMMIT_SHA", "IMAGE_TAG",
         "INPUT_BUCKET", "BUILD_NUMBER", "PRIVATE_SUBNET", "KEYBOARD", "PATCH", "TOKENIZER")  # fmt: skip


@pytest.mark.parametrize("name", PLAIN)
def test_a_variable_of_the_environment_is_found_as_a_plain_text(name: str) -> None:
    found = Environment({name: "/root"}).find("env", name)
    assert (found, type(found)) == ("/root", str)


@pytest.mark.parametrize("name", SECRET)
def test_a_variable_with_the_name_of_a_secret_is_one(name: str) -> None:
    found = Environment({name: "hunter2"}).find("env", name)
    assert (found, type(found)) == ("hunter2", Secret)


@pytest.mark.parametrize("name", RESERVED)
def test_a_variable_of_aws_or_of_the_ci_is_refused_whether_or_not_it_is_set(name: str) -> None:
    for variables in ({}, {name: "hunter2"}):
        with pytest.raises(Reserved) as refused:
            Environment(variables).find("env", name)
        assert f"--allow-env {name}" in refused.value.hint


@pytest.mark.parametrize("allowed", ["{}", "*"])
@pytest.mark.parametrize("name", RESERVED)
def test_one_that_is_allowed_is_found_and_stays_secret(name: str, allowed: str) -> None:
    found = Environment({name: "hunter2"}, (allowed.format(name),)).find("env", name)
    assert (found, type(found)) == ("hunter2", Secret)


def test_to_allow_one_allows_no_other() -> None:
    with pytest.raises(Reserved):
        Environment({"GH_TOKEN": "x"}, ("GITHUB_TOKEN",)).find("env", "GH_TOKEN")


@pytest.mark.parametrize("name", ["HOME", "DB_PASSWORD"])
def test_an_unset_variable_is_none(name: str) -> None:
    assert Environment({}).find("env", name) is None


def test_other_tags_are_not_supported() -> None:
    with pytest.raises(Unsupported):
        Environment({}).find("ssm", "/x")


def test_without_an_argument_it_is_the_environment_of_the_process() -> None:
    assert Environment().find("env", "PATH") == os.environ.get("PATH")

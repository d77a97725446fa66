"""Sessions with profiles and roles."""

from datetime import UTC, datetime, timedelta

import pytest
from botocore.credentials import AssumeRoleCredentialFetcher

from reconciler.adapters.aws.cloud import AwsCloud
from reconciler.adapters.aws.session import open_session
from reconciler.problems import CloudError, Denied, Fault

ROLE = "arn:aws:iam::123456789012:role/deploy"


@pytest.fixture(autouse=True)
def _no_configuration(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN", "AWS_PROFILE"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("AWS_CONFIG_FILE", "/dev/null")
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", "/dev/null")
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")


def test_a_profile_that_does_not_exist_is_denied() -> None:
    with pytest.raises(Denied, match="nobody"):
        open_session("nobody", ROLE)


def test_a_role_needs_credentials_to_be_assumed_with() -> None:
    with pytest.raises(Denied, match="no AWS credentials"):
        open_session(None, ROLE)


def test_an_assumed_role_is_the_only_source_of_credentials(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "base")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "base")
    later = (datetime.now(UTC) + timedelta(hours=1)).isoformat()
    answer = {"access_key": "role", "secret_key": "s", "token": "t", "expiry_time": later}
    monkeypatch.setattr(AssumeRoleCredentialFetcher, "fetch_credentials", lambda _self: answer)
    credentials = open_session(None, ROLE).get_credentials()
    assert credentials is not None
    assert credentials.get_frozen_credentials().access_key == "role"


def test_an_operation_that_the_installed_botocore_lacks_is_refused_with_a_way_out() -> None:
    with pytest.raises(CloudError, match="does not know this operation") as caught:
        AwsCloud(open_session(), "us-east-1").call("PraiseQueue", {})
    assert (caught.value.fault, caught.value.hint) == (Fault.REFUSED, "install a newer boto3")

"""Parameters, outputs and secrets: against moto, and against a cloud that counts."""

from collections.abc import Iterator

import pytest
from botocore.session import Session

from reconciler.adapters.aws.cloud import AwsCloud
from reconciler.adapters.lookup.aws import AwsLookups
from reconciler.adapters.lookup.sources import ForbiddenLookups, Offline, Sandbox, Sources
from reconciler.calls import is_read
from reconciler.placeholders import Secret, Unknown
from reconciler.ports import Missing, Unsupported
from reconciler.problems import CloudError, Fault
from tests.fakes import HERE, ScriptedCloud

REGION = "us-east-1"
LOOKED = f"checked in account {HERE.account}, region {HERE.region}"
TEMPLATE = '{"Resources": {"T": {"Type": "AWS::SNS::Topic"}}, "Outputs": {"Subnet": {"Value": "subnet-1"}}}'


def asking(cloud: ScriptedCloud) -> AwsLookups:
    return AwsLookups(lambda _service: cloud, cloud.identity)


@pytest.fixture
def aws(monkeypatch: pytest.MonkeyPatch) -> Iterator[AwsLookups]:
    moto = pytest.importorskip("moto")
    monkeypatch.delenv("AWS_ENDPOINT_URL", raising=False)
    with moto.mock_aws():
        session = Session()
        session.set_credentials("key", "secret")
        ssm = session.create_client("ssm", REGION)
        ssm.put_parameter(Name="/image", Value="repo/app:1", Type="String")
        ssm.put_parameter(Name="/subnets", Value="a,b", Type="StringList")
        ssm.put_parameter(Name="/password", Value="hush", Type="SecureString")
        session.create_client("cloudformation", REGION).create_stack(StackName="network", TemplateBody=TEMPLATE)
        secrets = session.create_client("secretsmanager", REGION)
        secrets.create_secret(Name="db", SecretString='{"user": "u", "password": "silence", "port": 5432, "no": null}')
        secrets.create_secret(Name="text", SecretString="quiet")
        secrets.create_secret(Name="bytes", SecretBinary=b"\0")
        yield AwsLookups(lambda service: AwsCloud(session, REGION, service=service), lambda: HERE)


@pytest.mark.parametrize(
    ("tag", "argument", "expected", "kind"),
    [
        ("ssm", "/image", "repo/app:1", str),
        ("ssm", "/image:1", "repo/app:1", str),
        ("ssm", "/subnets", ["a", "b"], list),
        ("ssm", "/password", "hush", Secret),
        ("cfn", "network.Subnet", "subnet-1", str),
        ("secret", "text", "quiet", Secret),
        ("secret", "db#password", "silence", Secret),
        ("secret", "db#port", "5432", Secret),
    ],
)
def test_a_value_is_found(aws: AwsLookups, tag: str, argument: str, expected: object, kind: type) -> None:
    value = aws.find(tag, argument)
    assert (value, type(value)) == (expected, kind)


@pytest.mark.parametrize(
    ("tag", "argument", "message", "hint"),
    [
        ("ssm", "/nope", "the parameter /nope does not exist", LOOKED),
        ("cfn", "nope.X", "the CloudFormation stack nope does not exist", LOOKED),
        ("cfn", "network.Subnets", "the CloudFormation stack network has no output Subnets", "did you mean Subnet?"),
        ("cfn", "network.X", "the CloudFormation stack network has no output X", "its outputs are: Subnet"),
        ("secret", "nope", "the secret nope does not exist", LOOKED),
        ("secret", "db#nope", "the secret db has no key nope", "check the key: it is case-sensitive"),
        ("secret", "db#no", "the secret db has no key no", "check the key: it is case-sensitive"),
        ("secret", "text#x", "the secret text is not a JSON object, so it has no keys", "write `!secret text`"),
        ("secret", "bytes", "the secret bytes is binary", "use a secret with a SecretString"),
    ],
)
def test_what_is_missing_is_told_with_a_way_out(
    aws: AwsLookups, tag: str, argument: str, message: str, hint: str
) -> None:
    with pytest.raises(Missing) as caught:
        aws.find(tag, argument)
    assert (str(caught.value), caught.value.hint) == (message, hint)


def test_a_secret_or_stack_is_read_once_whatever_is_taken_from_it() -> None:
    cloud = ScriptedCloud(
        {
            "GetSecretValue": [{"SecretString": '{"a": "1", "b": "2"}'}],
            "DescribeStacks": [{"Stacks": [{"Outputs": [{"OutputKey": "A", "OutputValue": "x"}]}]}],
            "GetParameter": [{"Parameter": {"Type": "String", "Value": "v"}}],
        }
    )
    lookups = asking(cloud)
    asked = [("secret", "s#a"), ("secret", "s#b"), ("cfn", "n.A"), ("cfn", "n.A"), ("ssm", "/p"), ("ssm", "/p")]
    assert [lookups.find(*one) for one in asked] == ["1", "2", "x", "x", "v", "v"]
    assert cloud.calls == [
        ("GetSecretValue", {"SecretId": "s"}),
        ("DescribeStacks", {"StackName": "n"}),
        ("GetParameter", {"Name": "/p", "WithDecryption": True}),
    ]
    assert all(is_read(operation) for operation, _ in cloud.calls)


@pytest.mark.parametrize(
    ("tag", "argument", "operation", "message", "action"),
    [
        ("ssm", "/x", "GetParameter", "no", "ssm:GetParameter"),
        ("cfn", "a.B", "DescribeStacks", "no", "cloudformation:DescribeStacks"),
        ("secret", "x", "GetSecretValue", "no", "secretsmanager:GetSecretValue"),
        ("secret", "x", "GetSecretValue", "Access to KMS is not allowed", "kms:Decrypt"),
        (
            "ssm",
            "/x",
            "GetParameter",
            "The ciphertext refers to a customer master key that you are not allowed to access.",
            "kms:Decrypt",
        ),
        (
            "ssm",
            "/x",
            "GetParameter",
            "User: arn:aws:iam::123456789012:user/ci is not authorized to perform: kms:Decrypt on resource: k",
            "kms:Decrypt",
        ),
    ],
)
def test_a_missing_permission_is_named(tag: str, argument: str, operation: str, message: str, action: str) -> None:
    denied = CloudError(operation, Fault.DENIED, "AccessDeniedException", message)
    with pytest.raises(CloudError) as caught:
        asking(ScriptedCloud({operation: [denied]})).find(tag, argument)
    assert (caught.value.fault, caught.value.message) == (Fault.DENIED, message)
    assert caught.value.hint == f"the caller needs the permission {action} in {HERE.region}"


def test_what_is_missing_or_fails_is_asked_for_once() -> None:
    broken = CloudError("GetSecretValue", Fault.UNKNOWN, "InternalServerError", "no")
    missing = CloudError("GetParameter", Fault.REFUSED, "ParameterNotFound", "no")
    cloud = ScriptedCloud({"GetParameter": [missing], "GetSecretValue": [broken]})
    lookups = asking(cloud)
    for _ in range(3):
        with pytest.raises(Missing, match="the parameter /x does not exist"):
            lookups.find("ssm", "/x")
        with pytest.raises(CloudError) as caught:
            lookups.find("secret", "x#key")
        assert caught.value is broken
    assert (cloud.count("GetParameter"), cloud.count("GetSecretValue")) == (1, 1)


def test_environment_variables_are_found_beside_the_cloud() -> None:
    sources = Sources(Offline(), Sandbox())
    assert sources.find("env", "HOME") == "<unknown: !env HOME>"
    assert sources.find("ssm", "/x") == "<unknown: !ssm /x>"


def test_offline_everything_is_unknown() -> None:
    assert isinstance(Offline().find("cfn", "a.B"), Unknown)


def test_other_tags_are_not_supported() -> None:
    with pytest.raises(Unsupported):
        asking(ScriptedCloud({})).find("vault", "x")


def test_where_nobody_may_be_asked_each_need_is_named() -> None:
    with pytest.raises(Unsupported, match="!secret db#dsn is required"):
        ForbiddenLookups().find("secret", "db#dsn")

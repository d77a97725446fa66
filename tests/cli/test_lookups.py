"""`!ssm`, `!cfn` and `!secret` from words to exit code: unknown offline, looked up where AWS is asked."""

import base64
import json
from collections.abc import Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from urllib.parse import quote

import pytest
from botocore.session import Session

from reconciler.adapters import machine as aws_clock
from reconciler.adapters.aws.cloud import AwsCloud
from reconciler.adapters.lookup.aws import AwsLookups
from reconciler.app.request import Session as StackSession
from reconciler.cli import clients
from reconciler.model import Json
from reconciler.problems import CloudError, Fault
from reconciler.sandbox.core.service import ACCOUNT, Simulator
from tests.cli.conftest import SMALL, STACK, Run, write
from tests.cli.test_parser import imported_by
from tests.fakes import ScriptedCloud
from tests.serving import client_of, running

SECRET = 'top"secret\n/ü+hush?'
# As it is, as JSON and URLs spell it, in base64: nobody may find any of it.
TOLD = (
    *SECRET.split("\n"),
    json.dumps(SECRET)[1:-1],
    quote(SECRET, safe=""),
    base64.b64encode(SECRET.encode()).decode().rstrip("="),
    base64.urlsafe_b64encode(SECRET.encode()).decode().rstrip("="),
)
LOOKED = f"checked in account {ACCOUNT}, region us-east-1"
TEMPLATE = '{"Resources": {"T": {"Type": "AWS::SNS::Topic"}}, "Outputs": {"Subnet": {"Value": "subnet-0a1b2c3d"}}}'
LOOKING = (
    STACK.replace("maxvCpus: 16", "maxvCpus: !ssm /size")
    .replace("subnets: [subnet-0a1b2c3d]", "subnets: [!cfn network.Subnet]")
    .replace("[sg-0a1b2c3d]", "!ssm /groups")
    .replace("stack: risk\n", "stack: risk\nvariables: {dsn: !secret db#dsn}\ntags: {team: !ssm /team}\n")
    + "      environment: [{name: DSN, value: !sub 'pg ${dsn}'}, {name: COPY, value: !secret db#dsn}]\n"
)


@pytest.fixture
def server(run: Run, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """AWS as `sandbox serve` offers it, with what the stack looks up; its clock is the one that `run` sets up."""
    pytest.importorskip("moto.server")
    with running(Simulator(aws_clock.WallClock())) as url:
        monkeypatch.delenv("AWS_ENDPOINT_URL", raising=False)
        monkeypatch.setenv("AWS_ENDPOINT_URL_BATCH", url)
        for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
            monkeypatch.setenv(name, "key")
        monkeypatch.setenv("AWS_REGION", "us-east-1")
        fill(url)
        yield url


def fill(url: str) -> None:
    def client(service: str) -> Json:
        return Session().create_client(service, "us-east-1", endpoint_url=url)

    ssm = client("ssm")
    for name, value, kind in (
        ("/size", "16", "String"),
        ("/groups", "sg-0a1b2c3d,sg-1a1b2c3d", "StringList"),
        ("/team", "risk", "String"),
    ):
        ssm.put_parameter(Name=name, Value=value, Type=kind)
    client("cloudformation").create_stack(StackName="network", TemplateBody=TEMPLATE)
    client("secretsmanager").create_secret(Name="db", SecretString=json.dumps({"dsn": SECRET}))


def test_offline_look_ups_are_valid_and_load_no_aws_library(run: Run) -> None:
    write("risk", LOOKING)
    ran = run("validate", "risk")
    assert (ran.code, ran.out) == (0, "risk: valid, 1 compute environment, 1 job queue, 1 job definition\n")
    assert not {"boto3", "botocore"} & imported_by("validate", "risk")


def test_a_rendered_stack_has_its_look_ups_again(run: Run) -> None:
    write("risk", LOOKING)
    rendered = run("render", "risk")
    assert "maxvCpus: !ssm /size\n" in rendered.out
    assert "securityGroupIds: !ssm /groups\n" in rendered.out
    assert "- !cfn network.Subnet\n" in rendered.out
    assert "value: !secret db#dsn\n" in rendered.out
    write("again", rendered.out)
    assert run("render", "again", "-o", "json").json == run("render", "risk", "-o", "json").json


def test_the_sandbox_in_the_process_has_examples_for_look_ups_and_says_who_answers_them(run: Run) -> None:
    write("risk", LOOKING.replace("stack: risk\n", "stack: risk\nnamePrefix: p-\n"))
    planned = run("plan", "risk", "--sandbox")
    assert planned.code == 0
    assert (
        "the sandbox in this process does not answer !ssm, !cfn and !secret: examples are used instead" in planned.out
    )
    assert "`reconciler sandbox serve` answers them through moto" in planned.out
    for shown in ("maxvCpus: 16", "subnets: [subnet-", "securityGroupIds: [sg-", "value: pg db-dsn", "team: team"):
        assert shown in planned.out
    assert "unknown" not in planned.out
    assert run("apply", "risk", "--sandbox", "--yes").code == 0
    assert run("plan", "risk", "--sandbox", "--detailed-exitcode").code == 0
    assert run("plan", "risk", "--sandbox", "--no-lookups").code == 3


def test_a_stack_that_looks_values_up_is_planned_applied_and_removed(run: Run, server: str) -> None:
    write("risk", LOOKING)
    planned = run("plan", "risk", "-o", "json")
    assert (planned.code, planned.err) == (0, "")
    for shown in ('"maxvCpus": 16', '"subnet-0a1b2c3d"', '"sg-1a1b2c3d"', '"team": "risk"'):
        assert shown in planned.out
    assert run("apply", "risk", "--yes").code == 0
    assert run("plan", "risk", "--detailed-exitcode").code == 0
    assert run("drift", "risk").code == 0
    assert run("destroy", "risk", "--yes").code == 0


FORMATS = {
    "validate": ("json", "github", "sarif", "junit"),
    "plan": ("json", "github", "markdown"),
    "apply": ("json", "markdown"),
    "drift": ("json", "github", "markdown"),
    "destroy": ("json",),
    "render": ("json",),
    "graph": ("json", "mermaid"),
}


def everything(run: Run, command: str, *more: str, verbosities: tuple[str, ...] = ("-vv", "--trace-calls")) -> str:
    """Return all that a command says, in all formats that it has."""
    files = {format_: Path(f"{command}.{format_}") for format_ in FORMATS[command]}
    targets = [word for format_, file in files.items() for word in ("-o", f"{format_}={file}")]
    told = []
    for verbosity in ([], *([one] for one in verbosities)):
        ran = run(command, "risk", "-o", "text", *targets, *more, *verbosity)
        told += [ran.out, ran.err, *(file.read_text(encoding="utf-8") for file in files.values())]
    return "".join(told)


def leaks(told: str) -> list[str]:
    return [form for form in TOLD if form in told]


def test_no_output_shows_a_secret(run: Run, server: str) -> None:
    write("risk", LOOKING)
    for command, more in (("validate", "--strict"), ("render", "-v"), ("graph", "-v"), ("plan", "-v")):
        assert leaks(everything(run, command, more)) == [], command
    created = everything(run, "apply", "--yes", verbosities=("-v", "--trace-calls"))
    assert ("3 to add" in created, leaks(created)) == (True, [])
    write("risk", LOOKING.replace("'pg ${dsn}'", "'other ${dsn}'"))
    changed = everything(run, "plan") + everything(run, "drift")
    assert ("<redacted, changed>" in changed, leaks(changed)) == (True, [])
    write("risk", LOOKING.replace("priority: 10", "priority: !secret db#dsn"))
    invalid = everything(run, "plan")
    assert ("SCH002" in invalid, leaks(invalid)) == (True, [])
    assert leaks(everything(run, "destroy", "--yes", verbosities=())) == []


@pytest.mark.parametrize("error", [CloudError, KeyError])
def test_no_error_shows_a_secret_that_aws_or_a_bug_repeats(
    error: type[Exception], run: Run, server: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    call = AwsCloud.call
    echo = " ".join((SECRET, json.dumps({"value": SECRET}), *TOLD))

    def echoing(cloud: AwsCloud, operation: str, request: Mapping[str, Json]) -> Mapping[str, Json]:
        if operation not in failing:
            return call(cloud, operation, request)
        refused = CloudError(operation, Fault.REFUSED, "ClientException", f"Invalid: {echo}.")
        raise refused if error is CloudError else KeyError(echo)

    monkeypatch.setattr(AwsCloud, "call", echoing)
    write("risk", LOOKING)
    failing = ["DescribeJobDefinitions"]
    told = everything(run, "plan")
    failing = ["RegisterJobDefinition"]
    told += everything(run, "apply", "--yes")
    assert ("Invalid: <redacted>" in told or "KeyError: '<redacted>" in told, leaks(told)) == (True, [])


def test_a_look_up_is_made_once_for_all_stacks_of_a_run(run: Run, server: str, monkeypatch: pytest.MonkeyPatch) -> None:
    call = AwsCloud.call
    asked: list[str] = []

    def counting(cloud: AwsCloud, operation: str, request: Mapping[str, Json]) -> Mapping[str, Json]:
        asked.append(f"{operation} {request.get('Name', request.get('SecretId', request.get('StackName', '')))}")
        return call(cloud, operation, request)

    monkeypatch.setattr(AwsCloud, "call", counting)
    write("risk", LOOKING)
    write("other", LOOKING.replace("stack: risk", "stack: other\nregion: us-east-1\nnamePrefix: other-"))
    write("third", "stack: third\ntags: {a: !ssm /nope, b: !ssm /nope, c: !ssm /team}\n")
    write("fourth", "stack: fourth\ntags: {a: !ssm /nope}\n")
    write("far", "stack: far\nregion: eu-west-1\ntags: {a: !ssm /nope}\n")
    ran = run("plan", "risk", "other", "third", "fourth", "far")
    looked_up = [one for one in asked if one.startswith(("Get", "DescribeStacks"))]
    assert sorted(looked_up) == [
        "DescribeStacks network",
        "GetParameter /groups",
        "GetParameter /nope",  # in us-east-1
        "GetParameter /nope",  # in eu-west-1
        "GetParameter /size",
        "GetParameter /team",
        "GetSecretValue db",
    ]
    assert (ran.code, ran.err.count("VAR016"), ran.err.count("region eu-west-1")) == (3, 4, 1)


def test_without_look_ups_those_that_are_needed_are_named_and_aws_is_not_asked(run: Run) -> None:
    write("risk", LOOKING)
    for command in ("plan", "drift", "apply", "destroy"):
        ran = run(command, "risk", "--no-lookups")
        needed = [
            line.split("error[VAR011]: ")[1].split(" is required")[0] for line in ran.err.splitlines() if "VAR" in line
        ]
        assert (ran.code, needed) == (
            3,
            [
                "!secret db#dsn",
                "!ssm /team",
                "!ssm /size",
                "!cfn network.Subnet",
                "!ssm /groups",
                "!secret db#dsn",
            ],
        )
    assert run("plan", "small", "--no-lookups", "--sandbox").code == 0


def test_what_is_missing_is_an_error_at_its_place(run: Run, server: str) -> None:
    write("small", "stack: small\ntags: {a: !ssm /nope, b: !cfn network.Subnets, c: !secret db#nope}\n")
    ran = run("plan", "small", "-o", "json")
    problems = ran.json["problems"]
    assert (ran.code, [(one["code"], one["message"], one["hint"]) for one in problems]) == (
        3,
        [
            ("VAR016", "!ssm /nope: the parameter /nope does not exist", LOOKED),
            (
                "VAR016",
                "!cfn network.Subnets: the CloudFormation stack network has no output Subnets",
                "did you mean Subnet?",
            ),
            ("VAR016", "!secret db#nope: the secret db has no key nope", "check the key: it is case-sensitive"),
        ],
    )


def test_a_denied_look_up_exits_4_and_names_the_permission(
    run: Run, server: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    denied = CloudError("GetParameter", Fault.DENIED, "AccessDeniedException", "not authorized")
    cloud = ScriptedCloud({"GetParameter": [denied]})
    session_for = clients.session_for

    def without_permission(*given: Json) -> StackSession:
        return replace(session_for(*given), lookups=AwsLookups(lambda _service: cloud, cloud.identity))

    monkeypatch.setattr("reconciler.cli.context.session_for", without_permission)
    write("small", "stack: small\ntags: {team: !ssm /team}\n")
    ran = run("plan", "small")
    assert ran.code == 4
    assert "small/stack.yaml:2:14" in ran.err
    assert "the caller needs the permission ssm:GetParameter" in ran.err


def test_nothing_is_looked_up_in_another_account_than_the_stack_names(run: Run, server: str) -> None:
    write("small", "stack: small\naccount: '999999999999'\ntags: {team: !ssm /nope}\n")
    ran = run("plan", "small")
    assert (ran.code, "VAR016" in ran.err) == (4, False)


@pytest.fixture
def one_endpoint(server: str, monkeypatch: pytest.MonkeyPatch) -> str:
    """The same server, by the one variable that names the endpoint of all services."""
    monkeypatch.delenv("AWS_ENDPOINT_URL_BATCH")
    monkeypatch.setenv("AWS_ENDPOINT_URL", server)
    return server


def test_look_ups_go_where_all_services_are(run: Run, one_endpoint: str) -> None:
    write("risk", LOOKING)
    planned = run("plan", "risk", "-o", "json")
    assert (planned.code, '"maxvCpus": 16' in planned.out) == (0, True)


def test_values_are_looked_up_in_the_account_of_an_assumed_role(run: Run, one_endpoint: str) -> None:
    role = "arn:aws:iam::210987654321:role/deploy"
    given = client_of(one_endpoint, "sts").assume_role(RoleArn=role, RoleSessionName="test")["Credentials"]
    theirs = client_of(one_endpoint, "ssm", "us-east-1", given["AccessKeyId"], given["SessionToken"])
    theirs.put_parameter(Name="/team", Value="theirs", Type="String")
    write("small", "stack: small\naccount: '210987654321'\ntags: {team: !ssm /team}\n" + SMALL.partition("\n")[2])
    planned = run("plan", "small", "--role-arn", role, "-o", "json")
    assert (planned.code, '"team": "theirs"' in planned.out) == (0, True)
    assert run("apply", "small", "--role-arn", role, "--yes").code == 0
    assert run("plan", "small").code == 4

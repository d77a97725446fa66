"""`!tfstate` from words to exit code: states in S3 as moto serves it, behind HTTP, and in files of the repository."""

from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest
from botocore.session import Session

from reconciler.adapters import machine as aws_clock
from reconciler.adapters.aws.cloud import AwsCloud
from reconciler.model import Json
from reconciler.problems import CloudError, Fault
from reconciler.sandbox.core.service import Simulator
from tests.adapters.forge.hostile import answer, answering
from tests.cli.conftest import STACK, Run, write
from tests.cli.test_parser import imported_by
from tests.serving import running
from tests.tfstate.states import NETWORK, document, instance, output, raw, resource

SECRET = "hush-hush-hush"
STATE = document(
    resource("aws_security_group", "batch", instance({"id": "sg-0a1b2c3d"})),
    resource(
        "aws_iam_role",
        "run",
        instance({"arn": "arn:aws:iam::123456789012:role/ecsTaskExecutionRole"}, "sim"),
        module="module.roles",
    ),
    subnet_ids=output(["subnet-0a1b2c3d", "subnet-1a1b2c3d"]),
    max_vcpus=output(64),
    dsn=output(SECRET, sensitive=True),
    team=output("risk"),
)
LOOKING = (
    STACK.replace("stack: risk\n", "stack: risk\nlookups: {tfstate: {net: PLACE}}\ntags: {team: !tfstate net:outputs.team}\n")
    .replace("maxvCpus: 16", "maxvCpus: !tfstate net:outputs.max_vcpus")
    .replace("[subnet-0a1b2c3d]", "!tfstate net:outputs.subnet_ids")
    .replace("[sg-0a1b2c3d]", "[!tfstate net:aws_security_group.batch.id]")
    .replace("arn:aws:iam::123456789012:role/ecsTaskExecutionRole", "!tfstate 'net:module.roles.aws_iam_role.run[\"sim\"].arn'")
    + "      environment: [{name: DSN, value: !tfstate net:outputs.dsn}]\n"
)  # fmt: skip
IN_FILE = LOOKING.replace("PLACE", "net.tfstate")
IN_S3 = LOOKING.replace("PLACE", "s3://states/prod/net.tfstate")


def in_file(state: Json = STATE) -> None:
    Path("risk").mkdir(exist_ok=True)
    Path("risk", "net.tfstate").write_bytes(raw(state))


def problems(ran: Json) -> list[tuple[str, str]]:
    return [(one["code"], one["message"]) for one in ran.json["problems"]]


def test_offline_states_are_not_read_and_no_aws_library_is_loaded(run: Run) -> None:
    write("risk", IN_FILE)
    ran = run("validate", "risk")
    assert (ran.code, ran.out) == (0, "risk: valid, 1 compute environment, 1 job queue, 1 job definition\n")
    assert not {"boto3", "botocore"} & imported_by("validate", "risk")


def test_a_rendered_stack_has_its_look_ups_and_its_states_again(run: Run) -> None:
    text = IN_S3.replace("net: s3:", "other: {url: s3://more/k/x, region: eu-west-1}, net: s3:")
    write("risk", text)
    rendered = run("render", "risk")
    assert "maxvCpus: !tfstate net:outputs.max_vcpus\n" in rendered.out
    assert "subnets: !tfstate net:outputs.subnet_ids\n" in rendered.out
    write("again", rendered.out)
    again = run("render", "again", "-o", "json").json
    assert again == run("render", "risk", "-o", "json").json
    states = {"other": {"url": "s3://more/k/x", "region": "eu-west-1"}, "net": "s3://states/prod/net.tfstate"}
    assert again["lookups"] == {"tfstate": states}
    assert run("fmt", "risk").code == 0
    assert run("render", "risk", "-o", "json").json == again


def test_the_sandbox_plans_and_applies_with_a_state_in_a_file(run: Run) -> None:
    write("risk", IN_FILE)
    in_file()
    planned = run("plan", "risk", "--sandbox", "-o", "json")
    assert (planned.code, planned.err) == (0, "")
    for shown in (
        '"maxvCpus": 64',
        '"subnet-1a1b2c3d"',
        '"sg-0a1b2c3d"',
        "role/ecsTaskExecutionRole",
        '"team": "risk"',
    ):
        assert shown in planned.out
    assert run("apply", "risk", "--sandbox", "--yes").code == 0
    assert run("plan", "risk", "--sandbox", "--detailed-exitcode").code == 0
    more = {**STATE, "outputs": {**STATE["outputs"], "max_vcpus": output(128)}}
    in_file(more)
    assert "64 -> 128" in run("plan", "risk", "--sandbox").out


def test_what_is_sensitive_is_in_no_output_and_no_file(run: Run) -> None:
    write("risk", IN_FILE)
    in_file()
    told = []
    for words in (
        ("plan",),
        ("plan", "-o", "json=plan.json"),
        ("plan", "-o", "markdown"),
        ("apply", "--yes", "-vv", "--trace-calls"),
    ):
        ran = run(words[0], "risk", "--sandbox", "-v", "--trace-calls", *words[1:])
        assert ran.code == 0, ran.err
        told += [ran.out, ran.err]
    told.append(Path("plan.json").read_text(encoding="utf-8"))
    changed = {**STATE, "outputs": {**STATE["outputs"], "dsn": output("other" + SECRET, sensitive=True)}}
    in_file(changed)
    told.append(run("plan", "risk", "--sandbox").out)
    assert "environment.DSN (redacted)" in told[-1]
    assert SECRET not in "".join(told)


def test_the_sandbox_refuses_what_is_elsewhere(run: Run) -> None:
    for place in ("s3://states/prod/net.tfstate", "https://states.example/net"):
        write("risk", LOOKING.replace("PLACE", place))
        ran = run("plan", "risk", "--sandbox")
        assert (ran.code, ran.err.count("error[VAR011]"), place in ran.err) == (3, 6, True)


def test_without_look_ups_those_that_are_needed_are_named(run: Run) -> None:
    write("risk", IN_FILE)
    ran = run("plan", "risk", "--no-lookups")
    assert ran.code == 3
    assert ran.err.count("is required, but --no-lookups is set") == 6
    assert "!tfstate net:outputs.subnet_ids is required" in ran.err


@pytest.fixture
def server(run: Run, monkeypatch: pytest.MonkeyPatch) -> Iterator[Json]:
    """AWS as `sandbox serve` offers it, with a state in S3. Yields the client of S3."""
    pytest.importorskip("moto.server")
    with running(Simulator(aws_clock.WallClock())) as url:
        monkeypatch.setenv("AWS_ENDPOINT_URL", url)
        for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
            monkeypatch.setenv(name, "key")
        monkeypatch.setenv("AWS_REGION", "us-east-1")
        client = Session().create_client("s3", "us-east-1", endpoint_url=url)
        client.create_bucket(Bucket="states")
        client.put_object(Bucket="states", Key="prod/net.tfstate", Body=raw(STATE))
        yield client


def test_a_state_in_s3_is_read_once_for_all_stacks_of_a_run(run: Run, server: Json, made: list[str]) -> None:
    write("risk", IN_S3)
    write("other", IN_S3.replace("stack: risk", "stack: other\nnamePrefix: other-"))
    ran = run("plan", "risk", "other")
    assert (ran.code, ran.err) == (0, "")
    assert made.count("GetObject") == 1


def test_a_role_is_assumed_to_read_a_state_and_everything_else_is_done_without_it(
    run: Run, server: Json, monkeypatch: pytest.MonkeyPatch
) -> None:
    keys: list[tuple[str, str]] = []
    call = AwsCloud.call

    def watched(self: AwsCloud, operation: str, request: Mapping[str, Json]) -> Mapping[str, Json]:
        keys.append((operation, self._session.get_credentials().get_frozen_credentials().access_key))
        return call(self, operation, request)

    monkeypatch.setattr(AwsCloud, "call", watched)
    role = "arn:aws:iam::123456789012:role/read-states"
    place = f"{{url: s3://states/prod/net.tfstate, region: us-east-1, roleArn: '{role}'}}"
    write("risk", LOOKING.replace("PLACE", place))
    ran = run("plan", "risk")
    assert (ran.code, ran.err) == (0, "")
    assert [operation for operation, key in keys if key != "key"] == ["GetObject"]


def test_what_is_missing_in_s3_exits_3_at_once(run: Run, server: Json) -> None:
    text = "stack: small\nlookups: {tfstate: {net: s3://states/nope, far: s3://nope-nope/x, ok: s3://states/prod/net.tfstate}}\n"
    write("small", text + "tags: {a: !tfstate net:outputs.x, b: !tfstate far:outputs.x, c: !tfstate ok:outputs.tem}\n")
    ran = run("plan", "small", "-o", "json")
    assert (ran.code, problems(ran)) == (
        3,
        [
            ("VAR016", "!tfstate net:outputs.x: the object s3://states/nope does not exist"),
            ("VAR016", "!tfstate far:outputs.x: the bucket nope-nope does not exist"),
            ("VAR016", "!tfstate ok:outputs.tem: the output tem does not exist"),
        ],
    )


def test_a_denied_state_exits_4_and_names_the_permission(
    run: Run, server: Json, monkeypatch: pytest.MonkeyPatch
) -> None:
    call = AwsCloud.call

    def denying(self: AwsCloud, operation: str, request: Mapping[str, Json]) -> Mapping[str, Json]:
        if operation == "GetObject":
            raise CloudError(operation, Fault.DENIED, "AccessDenied", "Access Denied")
        return call(self, operation, request)

    monkeypatch.setattr(AwsCloud, "call", denying)
    write("risk", IN_S3)
    ran = run("plan", "risk")
    assert ran.code == 4
    assert "risk/stack.yaml:3:14: error[VAR017]: !tfstate net:outputs.team: AccessDenied: Access Denied" in ran.err
    assert "the caller needs the permission s3:GetObject on s3://states/prod/net.tfstate" in ran.err


def test_a_state_behind_http_is_read_once_and_denied_with_exit_4(
    run: Run, server: Json, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("http_proxy", "https_proxy", "all_proxy", "TF_HTTP_USERNAME", "TF_HTTP_PASSWORD", "TF_HTTP_ADDRESS"):
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.upper(), raising=False)
    with answering(answer(raw(STATE))) as there:
        write("risk", LOOKING.replace("PLACE", there.url))
        ran = run("plan", "risk")
        assert (ran.code, ran.err, len(there.requests)) == (0, "", 1)
    with answering(answer(b"<html>", "401 Unauthorized")) as there:
        write("risk", LOOKING.replace("PLACE", there.url))
        ran = run("plan", "risk")
        assert (ran.code, ran.err.count("error[VAR017]"), len(there.requests)) == (4, 6, 1)
        assert "set TF_HTTP_USERNAME and TF_HTTP_PASSWORD" in ran.err
    with answering(answer(b"<html>login")) as there:
        write("risk", LOOKING.replace("PLACE", there.url))
        ran = run("plan", "risk")
        assert (ran.code, ran.err.count("is HTML")) == (3, 6)


def test_the_rights_to_read_states_are_in_the_policies(run: Run) -> None:
    role = "arn:aws:iam::123456789012:role/read-states"
    states = (
        f"{{net: 's3://states/env:/*/net.tfstate', far: {{url: s3://far/x, roleArn: '{role}'}}, "
        "unused: s3://unused/x, web: https://states.example/x, file: x.json}"
    )
    used = ("net:outputs.a", "net:outputs.b", "far:outputs.x", "web:outputs.x", "file:outputs.x")
    tags = ", ".join(f"t{number}: !tfstate {one}" for number, one in enumerate(used))
    write("small", f"stack: small\nlookups: {{tfstate: {states}}}\ntags: {{{tags}}}\n")
    for purpose in ("plan", "drift", "apply", "adopt", "forget"):
        each = run("iam-policy", "small", "--for", purpose).json["Statement"]
        found = [one for one in each if one["Action"][0].startswith(("s3:", "sts:"))]
        assert [(one["Action"], one["Resource"], one.get("Condition")) for one in found] == [
            (["s3:GetObject"], ["arn:aws:s3:::states/env:/${*}/net.tfstate"], None),
            (["s3:ListBucket"], ["arn:aws:s3:::states"], {"StringEquals": {"s3:prefix": ["env:/*/net.tfstate"]}}),
            (["sts:AssumeRole"], [role], None),
        ]


def test_a_state_and_outputs_in_json_files_beside_a_stack_are_no_part_of_it(run: Run) -> None:
    write(
        "small", "stack: small\nlookups: {tfstate: {a: state.json, b: outputs.json}}\ntags: {a: !tfstate b:outputs.x}\n"
    )
    Path("small", "state.json").write_bytes(raw(NETWORK))
    for name in ("x", "tags", "region", "stack_name"):
        Path("small", "outputs.json").write_bytes(raw({name: output("v"), "x": output("v")}))
        assert run("validate", "small").code == 0, name
        ran = run("plan", "small", "--sandbox")
        assert (ran.code, ran.err) == (0, ""), name


def test_the_proposals_of_an_import_are_what_the_state_has(run: Run) -> None:
    block = {"type": "FARGATE", "max_vcpus": 16, "subnets": ["subnet-0a1b2c3d"], "security_group_ids": ["sg-0a1b2c3d"]}
    spot = {"compute_environment_name": "spot", "type": "MANAGED", "compute_resources": [block]}
    subnet = resource("aws_subnet", "a", instance({"id": "subnet-0a1b2c3d"}, "us-east-1a"))
    own = resource("aws_batch_compute_environment", "spot", instance(spot))
    in_file(document(subnet, own))
    assert run("import", "--terraform", "risk/net.tfstate", "--to", "imported", "--group-by", "none").code == 0
    assert run("validate", "imported").code == 0
    stack = Path("imported", "stack.yaml")
    text = stack.read_text(encoding="utf-8")
    proposal = '# subnet-0a1b2c3d is !tfstate STATE:aws_subnet.a["us-east-1a"].id\n'
    assert proposal in text
    assert run("apply", "imported", "--sandbox", "--yes").code == 0
    looked_up = text.replace("- subnet-0a1b2c3d\n", "- " + proposal.partition(" is ")[2].replace("STATE", "net"))
    stack.write_text(f"{looked_up}lookups: {{tfstate: {{net: net.tfstate}}}}\n", encoding="utf-8")
    Path("risk/net.tfstate").rename("imported/net.tfstate")
    assert run("plan", "imported", "--sandbox", "--detailed-exitcode").code == 0

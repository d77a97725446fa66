"""Account and region in a stack are those of the call, wherever the stack is written and however it says so."""

from pathlib import Path

import pytest
from botocore.session import Session

from reconciler.app import usecases
from reconciler.model import Json, Stack, partition_of
from reconciler.plan.guards import check_read_here
from reconciler.sandbox import session
from reconciler.sandbox.core.service import ACCOUNT
from tests.cli.conftest import SMALL, Run, write
from tests.serving import running

pytestmark = pytest.mark.usefixtures("no_endpoint")

REGION = "eu-west-1"
BODY = "fairsharePolicy: {shareDecaySeconds: 60}\ntags: {place: %s}\n"
PLACES = [
    '!sub "${account} ${region}"',
    '!sub "${ account }/${ region }"',
    "!var account",
    "!var 'region'",
    "!var  region",
]
TEXT = "stack: small\nschedulingPolicies: {fair: !include %s}\n"


def applied(run: Run, path: str) -> str:
    """Return the tag of what is live once the stack is applied."""
    ran = run("apply", path, "--sandbox", "--yes", "--region", REGION)
    assert ran.code == 0, ran.err
    ran = run("import", "--live", "--with-owned", "--sandbox", "--region", REGION, "--to", "-", "--stack", "seen")
    return next(line.partition("place:")[2] for line in ran.out.splitlines() if "place:" in line)


@pytest.mark.parametrize("written", PLACES)
@pytest.mark.parametrize(("stack", "file"), [("small/stack.yaml", "deep/fair.yaml"), ("small", "deep/fair.yaml")])
def test_what_is_applied_has_the_place_of_the_call(written: str, file: str, stack: str, run: Run) -> None:
    write("small", TEXT % file)
    Path("small", file).parent.mkdir(parents=True, exist_ok=True)
    Path("small", file).write_text(BODY % written, encoding="utf-8")
    place = applied(run, stack)
    assert ("account" in written, "region" in written) == (ACCOUNT in place, REGION in place)


def test_what_is_written_and_not_used_asks_nobody(run: Run, made: list[str]) -> None:
    write("small", SMALL + 'x-unused: !sub "${account}"\n# ${region}\n')
    assert run("validate", "small").code == 0
    assert made == []


@pytest.mark.parametrize("key", ["account", "region"])
@pytest.mark.parametrize("name", ["account", "region", "partition"])
def test_where_a_stack_is_does_not_depend_on_where_it_is(key: str, name: str, run: Run) -> None:
    write("small", f'{SMALL}{key}: !sub "${{{name}}}"\n')
    ran = run("plan", "small", "--sandbox")
    assert (ran.code, "VAR001" in ran.err) == (3, True)


def test_a_stack_with_stand_ins_meets_no_cloud() -> None:
    stack = Stack("small", {}, stand_ins=frozenset({"account"}))
    with pytest.raises(AssertionError, match="stand-ins for account"):
        check_read_here(stack)
    with pytest.raises(AssertionError):
        usecases.plan_in(stack, None)  # type: ignore[arg-type] # it is not looked at


def test_a_lock_is_kept_in_the_place_of_the_call(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip("moto")
    write("small", SMALL + 'lock: {s3: !sub "s3://locks-${account}/${region}"}\n')
    with running(session.open_sandbox(None)) as url:
        given = {"ENDPOINT_URL": url, "ACCESS_KEY_ID": "x", "SECRET_ACCESS_KEY": "x", "REGION": "us-east-1"}
        for name, value in given.items():
            monkeypatch.setenv(f"AWS_{name}", value)
        Session().create_client("s3", "us-east-1", endpoint_url=url).create_bucket(Bucket=f"locks-{ACCOUNT}")
        ran = run("apply", "small", "--yes")
    assert ran.code == 0, ran.err


def test_a_policy_has_the_place_in_the_names_of_the_stack(run: Run) -> None:
    write("small", SMALL + 'namePrefix: !sub "${account}-"\n')
    ran = run("iam-policy", "small", "--for", "apply")
    assert (ran.code, "give --account" in ran.err) == (64, True)
    ran = run("iam-policy", "small", "--for", "apply", "--account", "111122223333")
    assert "scheduling-policy/111122223333-fair" in ran.out
    write("small", SMALL + 'namePrefix: !sub "${region}-"\n')
    assert "give --region" in run("iam-policy", "small", "--for", "apply").err


@pytest.mark.parametrize("region", ["cn-north-1", "us-gov-west-1", "us-iso-east-1", "eusc-de-east-1", "eu-west-1"])
@pytest.mark.parametrize("purpose", ["plan", "drift", "apply", "import", "adopt", "forget", "submit"])
def test_a_policy_has_the_partition_of_its_region(region: str, purpose: str, run: Run) -> None:
    write("small", f"{SMALL}lock: {{s3: s3://locks/pre}}\n")
    ran = run(
        "iam-policy", "small", "--for", purpose, "--region", region, "--account", ACCOUNT, "--trust", "github:a/b"
    )
    assert {arn.split(":")[1] for arn in arns(ran.json)} == {partition_of(region)}


def arns(value: Json) -> list[str]:
    if isinstance(value, dict | list):
        return [one for inner in (value.values() if isinstance(value, dict) else value) for one in arns(inner)]
    return [value] if isinstance(value, str) and value.startswith("arn:") else []

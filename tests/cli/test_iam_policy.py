"""The least policy, as a command: from files alone, and good enough for the sandbox that enforces it."""

import json
from pathlib import Path

import pytest

from reconciler.problems import WrongUsage
from reconciler.sandbox import session
from reconciler.sandbox.core.iam import read_policy
from tests.cli.conftest import STACK, Run, write
from tests.serving import running

HERE = ("--account", "123456789012", "--region", "us-east-1")


def test_it_is_json_and_needs_nobody(run: Run) -> None:
    ran = run("iam-policy", "risk", "--for", "plan")
    assert (ran.code, ran.err, ran.json["Version"]) == (0, "", "2012-10-17")
    assert ran.json["Statement"][0]["Resource"] == ["*"]


def test_account_and_region_are_those_of_the_stack_or_given(run: Run) -> None:
    write("risk", STACK.replace("stack: risk", 'stack: risk\naccount: "111111111111"\nregion: eu-west-1'))
    assert "arn:aws:batch:eu-west-1:111111111111:job-queue/pricing" in run("iam-policy", "risk", "--for", "apply").out
    assert run("iam-policy", "risk", "--for", "apply", *HERE).code == 4
    write("risk", STACK)
    ran = run("iam-policy", "risk", "--for", "apply", *HERE)
    assert "arn:aws:batch:us-east-1:123456789012:job-queue/pricing" in ran.out


def test_what_would_be_looked_up_may_be(run: Run) -> None:
    write("risk", STACK.replace("busybox:1", "!ssm /team/image"))
    assert (
        "arn:aws:ssm:us-east-1:123456789012:parameter/team/image"
        in run("iam-policy", "risk", "--for", "plan", *HERE).out
    )


def test_it_says_who_may_take_the_role(run: Run) -> None:
    ran = run("iam-policy", "risk", "--for", "plan", *HERE, "--trust", "github:team/batch:pull_request")
    assert set(ran.json) == {"policy", "trust"}
    (statement,) = ran.json["trust"]["Statement"]
    assert statement["Condition"]["StringLike"] == {
        "token.actions.githubusercontent.com:sub": "repo:team/batch:pull_request"
    }
    ran = run("iam-policy", "risk", "--for", "submit", *HERE, "--principal", "states.amazonaws.com")
    assert ran.json["trust"]["Statement"][0]["Principal"] == {"Service": "states.amazonaws.com"}


@pytest.mark.parametrize(
    ("words", "said"),
    [
        ((), "the following arguments are required: --for"),
        (("--for", "nothing"), "invalid choice"),
        (("--for", "plan", "--trust", "github:team"), "is not github:OWNER/REPO:REST"),
        (("--for", "plan", "--trust", "github:team/batch"), "the account of the role is not known"),
        (("--for", "plan", "--trust", "github:team/batch", "--principal", "x"), "not allowed with argument"),
    ],
)
def test_wrong_usage_is_told(run: Run, words: tuple[str, ...], said: str) -> None:
    ran = run("iam-policy", "risk", *words)
    assert ran.code == 64
    assert said in ran.err


def test_a_served_sandbox_can_enforce_it(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    run("iam-policy", "risk", "--for", "plan", *HERE, "-o", "json=plan.json")
    run("iam-policy", "risk", "--for", "apply", *HERE, "--trust", "github:team/batch", "-o", "json=apply.json")
    simulator = session.open_sandbox(None)
    with running(simulator) as url:
        for name, value in {
            "AWS_ENDPOINT_URL": url,
            "AWS_ACCESS_KEY_ID": "x",
            "AWS_SECRET_ACCESS_KEY": "x",
            "AWS_REGION": "us-east-1",
        }.items():
            monkeypatch.setenv(name, value)
        simulator.policy = read_policy("plan.json")
        assert run("plan", "risk").code == 0
        denied = run("apply", "risk", "--yes", "-o", "json")
        assert denied.code == 7
        assert "is not authorized to perform: batch:CreateComputeEnvironment" in denied.out
        simulator.policy = read_policy("apply.json")
        assert run("apply", "risk", "--yes").code == 0


@pytest.mark.parametrize("text", ["", "[]]", "{}", "[1]", '{"Statement": [{"Effect": "Allow"}]}', '{"Statement": 1}'])
def test_a_file_that_is_no_policy_is_refused(tmp_path: Path, text: str) -> None:
    file = tmp_path / "p.json"
    file.write_text(text, encoding="utf-8")
    with pytest.raises(WrongUsage, match="is not an IAM policy"):
        read_policy(str(file))


def test_a_policy_of_one_string_is_read_like_a_list(tmp_path: Path) -> None:
    file = tmp_path / "p.json"
    file.write_text(
        json.dumps({"Statement": [{"Effect": "Allow", "Action": "batch:*", "Resource": "*"}]}), encoding="utf-8"
    )
    assert read_policy(str(file)).document["Statement"][0]["Action"] == ["batch:*"]

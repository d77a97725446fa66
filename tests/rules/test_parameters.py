"""References in commands, placeholders in texts and values of variables, beyond the examples of their rules."""

import pytest

from reconciler.model import Address, Json, dotted
from reconciler.rules import RULES, Subject
from reconciler.rules.base import Example
from reconciler.rules.job_definition.pods import pod, pod_container
from reconciler.rules.shared import looks_unfilled
from reconciler.rules.traversal import ec2

BY_ID = {rule.id: rule for rules in RULES.values() for rule in rules}


def said(rule: str, example: Example, **members: Json) -> list[str]:
    found = BY_ID[rule].check(Subject(Address("JobDefinition", "j"), {**example.body, **members}))
    return [f"{dotted(path)} {message}" for path, message in found]


def command(*words: str) -> Example:
    return ec2(command=[*words])


@pytest.mark.parametrize("word", ["Ref::in", "s3://x/Ref::in", "cp Ref::in /tmp", "Ref::in.gz", "Ref::in/part"])
def test_a_reference_is_found_wherever_it_is_in_a_word(word: str) -> None:
    assert said("JD160", command(word), parameters={"in": "a"}) == []
    assert said("JD161", command(word), parameters={"in": "a"}) == []
    assert len(said("JD160", command(word))) == 1


def test_a_word_that_is_all_reference_names_its_parameter_exactly() -> None:
    (message,) = said("JD160", command("Ref::input"), parameters={"in": "a"})
    assert message.startswith("containerProperties.command[0] has Ref::input, which has no parameter")
    assert said("JD161", command("Ref::input"), parameters={"in": "a"}) == [
        "parameters.in is not used: no command has Ref::in"
    ]


def test_commands_of_pods_are_looked_at_too() -> None:
    example = pod(pod_container(command=["run"], args=["-i", "Ref::in"]))
    assert len(said("JD160", example)) == 1
    assert said("JD160", example, parameters={"in": "a"}) == []


@pytest.mark.parametrize(
    "text",
    ["${IMAGE}", "repo/${{ env.IMAGE }}", "{{ image }}", "$ACCOUNT.dkr.ecr.us-east-1.amazonaws.com/x", "arn:aws:iam::<account-id>:role/x",
     "{{resolve:ssm:/image}}", "${TAG:-latest}"],
)  # fmt: skip
def test_placeholders_are_seen(text: str) -> None:
    assert looks_unfilled(text)


@pytest.mark.parametrize("text", ["$Latest", "$Default", "busybox:1.36", "a$b", "cost-$5", "a<b", "{}", "$(VAR)", ""])
def test_other_signs_are_no_placeholders(text: str) -> None:
    assert not looks_unfilled(text)


def test_what_is_read_later_may_have_placeholders() -> None:
    options = {"logDriver": "awsfirelens", "options": {"Host": "${FLUENT_HOST}"}}
    job = ec2(
        command=["sh", "-c", "echo ${HOME} $PATH <x>"],
        logConfiguration=options,
        environment=[{"name": "A", "value": "${B}"}],
    )
    assert said("JD045", job, parameters={"x": "{{ y }}"}) == []
    assert said("JD163", job) == ["containerProperties.environment sets A to a value that looks like a placeholder"]


def test_many_variables_are_told_at_once() -> None:
    (message,) = said("JD163", pod(pod_container(env=[{"name": name, "value": f"${{{name}}}"} for name in "ABCDE"])))
    assert message.startswith(
        "eksProperties.podProperties.containers[0].env sets A, B, C and 2 more to a value that looks"
    )

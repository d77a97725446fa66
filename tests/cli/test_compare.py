"""How two environments differ, from the files alone."""

from pathlib import Path

import pytest

from tests.cli.conftest import STACK, Run, write

FLEET = """\
environments:
  dev: {account: "111111111111", region: us-east-1, variables: {size: 16}}
  prod: {accounts: ["222222222222", "333333333333"], region: eu-west-1, variables: {size: 64}}
  stage: {account: "444444444444", region: eu-west-1, variables: {size: 16}}
stacks:
  risk: [dev, prod, stage]
  small: [dev]
"""
SIZED = STACK.replace("maxvCpus: 16", "maxvCpus: !var size").replace(
    "stack: risk\n", "stack: risk\nvariables: {size: {type: integer}}\n"
)


@pytest.fixture
def fleet(run: Run) -> Run:
    Path("reconciler.yaml").write_text(FLEET, encoding="utf-8")
    write("risk", SIZED)
    return run


def test_what_differs_is_told_from_the_first_to_the_second(fleet: Run) -> None:
    ran = fleet("compare", "dev", "prod")
    assert (ran.code, ran.err) == (0, "")
    assert ran.out == (
        "first      second                  difference\n"
        "risk@dev   risk@prod/222222222222  1 resource; not compared: risk@prod/333333333333\n"
        "small@dev                          only in dev\n\n"
        "risk@dev -> risk@prod/222222222222\n"
        "   resource                 difference\n"
        "~  ComputeEnvironment/spot  maxvCpus 16 -> 64\n\n"
        "Compare: 2 stacks: 0 equal, 1 different, 1 on one side only. 2 of 4 deployments were compared.\n"
    )


def test_differences_exit_2_for_those_who_ask(fleet: Run) -> None:
    assert fleet("compare", "dev", "prod", "--detailed-exitcode").code == 2
    assert fleet("compare", "risk@dev", "risk@stage", "--detailed-exitcode").code == 0


def test_a_stack_that_one_side_alone_has_is_a_difference(fleet: Run) -> None:
    ran = fleet("compare", "stage", "dev", "--detailed-exitcode")
    assert ran.code == 2
    assert ran.out == (
        "first       second     difference\n"
        "risk@stage  risk@dev   none\n"
        "            small@dev  only in dev\n\n"
        "Compare: 2 stacks: 1 equal, 0 different, 1 on one side only. 2 of 3 deployments were compared.\n"
    )
    shown = fleet("compare", "stage", "dev", "-o", "json").json
    assert shown["summary"] == {"stacks": 2, "different": 0, "on_one_side": 1}
    assert [(stack["first"], stack["second"]) for stack in shown["stacks"]] == [
        ("risk@stage", "risk@dev"), (None, "small@dev"),
    ]  # fmt: skip


def test_where_a_target_is_makes_no_difference(fleet: Run) -> None:
    role = 'jobRoleArn: !sub "arn:aws:iam::${account}:role/job-${region}"'
    write("risk", SIZED.replace("image: busybox:1", f"image: busybox:1\n      {role}"))
    assert fleet("compare", "risk@dev", "stage").last == "Compare: 1 stack: 1 equal, 0 different."


def test_what_is_spelled_in_another_way_is_no_difference(fleet: Run) -> None:
    write("other", SIZED.replace("type: FARGATE", "type: fargate").replace("value: 2048", 'value: "2048"'))
    Path("reconciler.yaml").write_text(FLEET + "  other: [stage]\n", encoding="utf-8")
    assert fleet("compare", "risk@dev", "other@stage").last == "Compare: 1 stack: 1 equal, 0 different."


def test_tags_lifecycle_and_whole_resources_count_as_well(fleet: Run) -> None:
    more = SIZED.replace("stack: risk\n", "stack: risk\ntags: {team: risk}\n").replace("simulate:", "compute:")
    write("other", more.replace("priority: 10", "priority: 10\n    lifecycle: {preventDestroy: true}"))
    Path("reconciler.yaml").write_text(FLEET + "  other: [dev]\n", encoding="utf-8")
    assert fleet("compare", "risk@dev", "other@dev").out == (
        "first     second     difference\n"
        "risk@dev  other@dev  4 resources\n\n"
        "risk@dev -> other@dev\n"
        "   resource                 difference                                                   only in\n"
        "-  JobDefinition/simulate   image busybox:1, type CONTAINER                              risk@dev\n"
        "~  ComputeEnvironment/spot  tags.team set to risk\n"
        "~  JobQueue/pricing         tags.team set to risk, lifecycle.preventDestroy set to true\n"
        "+  JobDefinition/compute    image busybox:1, type CONTAINER                              other@dev\n\n"
        "Compare: 1 stack: 0 equal, 1 different.\n"
    )


def test_equal_differences_are_one_row_with_their_names(fleet: Run) -> None:
    queues = "".join(f"  q{number}: {{priority: !var size, computeEnvironmentOrder: [spot]}}\n" for number in range(4))
    write("risk", SIZED.replace("jobDefinitions:", f"{queues}jobDefinitions:"))
    out = fleet("compare", "dev", "prod").out
    assert "~  4 job queues             priority 16 -> 64\n" in out
    assert "    q0, q1, q2, q3\n" in out


def test_json_has_the_members_with_both_values(fleet: Run) -> None:
    document = fleet("compare", "dev", "prod", "-o", "json").json
    assert (document["document"], document["summary"]) == ("compare", {"stacks": 2, "different": 1, "on_one_side": 1})
    (change,) = document["stacks"][0]["changes"]
    (member,) = change["fields"]
    assert (change["address"], member["path"], member["before"], member["after"]) == (
        "ComputeEnvironment/spot", "computeResources.maxvCpus", 16, 64,
    )  # fmt: skip


def test_a_secret_is_not_told(fleet: Run) -> None:
    secret = SIZED.replace("size: {type: integer}", "size: {type: integer}, key: {secret: true}")
    write("risk", secret.replace("image: busybox:1", "image: busybox:1\n      command: [run, !var key]"))
    text = FLEET.replace("size: 16}}", "size: 16, key: sesame-opens}}").replace(
        "size: 64", "size: 64, key: open-sesame"
    )
    Path("reconciler.yaml").write_text(text, encoding="utf-8")
    ran = fleet("compare", "dev", "prod")
    assert "command" in ran.out
    assert "sesame" not in ran.out + ran.err


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("dev", "prd"), "reconciler.yaml has neither an environment nor a deployment prd"),
        (("dev", "small@dev", "--all=no.yaml"), "there is no file no.yaml"),
        (("small@dev", "stage"), "no stack goes to both small@dev and stage"),
        (("dev",), "the following arguments are required: SECOND"),
    ],
)
def test_what_cannot_be_compared_is_wrong_usage(fleet: Run, words: tuple[str, ...], said: str) -> None:
    Path("reconciler.yaml").write_text(
        FLEET.replace("risk: [dev, prod, stage]", "risk: [dev, stage]"), encoding="utf-8"
    )
    write("none", "stack: none\n")
    Path("reconciler.yaml").write_text(FLEET + "  none: [stage]\n", encoding="utf-8")
    ran = fleet("compare", *words)
    assert ran.code == 64
    assert said in ran.err


def test_an_invalid_side_is_told_as_validate_does(fleet: Run) -> None:
    write("risk", SIZED.replace("priority", "prioritty"))
    ran = fleet("compare", "dev", "prod")
    assert ran.code == 3
    assert "did you mean priority?" in ran.err

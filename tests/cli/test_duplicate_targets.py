"""Two targets with one stack's name in one place would delete what the other has made: they are told, and left alone."""

from pathlib import Path

import pytest

from tests.cli.conftest import Run, write

ENVIRONMENTS = """\
environments:
  dev: {account: "111111111111", region: us-east-1}
  far: {account: "111111111111", region: eu-west-1}
  prod: {account: "222222222222"}
  also: {account: "222222222222"}
stacks:
"""


def stack(folder: str, name: str = "same", more: str = "") -> None:
    write(folder, f"stack: {name}\n{more}schedulingPolicies: {{{folder}: {{fairsharePolicy: {{}}}}}}\n")


@pytest.fixture
def fleet(run: Run) -> Run:
    """Run commands where the stacks a and b have one name, and c has another."""
    for folder, name in (("a", "same"), ("b", "same"), ("c", "other")):
        stack(folder, name)
    return run


def goes(stacks: str) -> None:
    Path("reconciler.yaml").write_text(f"{ENVIRONMENTS}{stacks}", encoding="utf-8")


def codes(run: Run, *words: str) -> dict[str, int]:
    ran = run(*words, "-o", "json")
    return {one["target"]: one["exit"] for one in ran.json["targets"]}


@pytest.mark.parametrize(
    "words",
    [("validate",), ("plan", "--sandbox"), ("apply", "--sandbox", "--yes"), ("drift", "--sandbox"), ("status", "--sandbox")],
)  # fmt: skip
def test_both_are_refused_and_the_others_go_on(fleet: Run, words: tuple[str, ...]) -> None:
    goes("  a: dev\n  b: [dev, far]\n  c: dev\n")
    found = codes(fleet, words[0], "--all", *words[1:])
    assert {name: code == 3 for name, code in found.items()} == {
        "a@dev": True, "b@dev": True, "b@far": False, "c@dev": False,
    }  # fmt: skip


def test_it_is_said_who_the_other_is_and_what_to_do(fleet: Run) -> None:
    goes("  a: dev\n  b: dev\n")
    ran = fleet("apply", "--all", "--sandbox", "--yes")
    assert (ran.code, ran.last) == (3, "Fleet: 2 deployments: 2 invalid.")
    said = " ".join(ran.err.split())
    assert (
        "error[FLT006]: a@dev and b@dev are both the stack same in account 111111111111 and us-east-1: "
        "each would delete the other's resources hint: give one of them a different `stack:` or `namePrefix:`"
    ) in said
    assert "SchedulingPolicy" not in ran.out


def test_the_one_that_is_not_asked_for_counts_too(fleet: Run) -> None:
    goes("  a: dev\n  b: dev\n")
    assert codes(fleet, "plan", "--all", "a", "--sandbox") == {"a@dev": 3}


def test_one_stack_cannot_go_to_one_place_twice(fleet: Run) -> None:
    goes("  a: [prod, also]\n  c: prod\n")
    assert codes(fleet, "validate", "--all") == {"a@prod": 3, "a@also": 3, "c@prod": 0}


def test_another_prefix_or_region_keeps_them_apart(fleet: Run) -> None:
    prefix = "variables: {stage: dev}\nnamePrefix: !sub '${stage}-'\n"
    stack("a", more=prefix)
    goes("  a: {environments: [prod, dev], variables: {stage: a}}\n  b: [prod, far]\n")
    assert set(codes(fleet, "validate", "--all").values()) == {0}
    stack("b", more="region: us-east-1\n")
    stack("a", more="region: eu-west-1\n")
    goes("  a: prod\n  b: prod\n")
    assert set(codes(fleet, "validate", "--all").values()) == {0}
    assert set(codes(fleet, "plan", "--all", "--sandbox").values()) == {0}
    assert set(codes(fleet, "plan", "--all", "--sandbox", "--region", "us-east-1").values()) == {3}


def test_what_cannot_be_read_is_told_as_ever(fleet: Run) -> None:
    write("b", "stack: [same]\n")
    goes("  a: dev\n  b: dev\n")
    ran = fleet("validate", "--all")
    assert (ran.code, "FLT006" in ran.err) == (3, False)


def test_nobody_is_read_who_is_alone_in_an_account(fleet: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("reconciler.load.settings_of", lambda *_: pytest.fail("it was read"))
    goes("  a: [dev, far]\n  b: prod\n")
    assert set(codes(fleet, "plan", "--all", "--sandbox").values()) == {0}


@pytest.mark.parametrize("command", ["plan", "apply", "drift", "status"])
def test_two_stacks_of_one_command_are_told_before_anything_is_done(fleet: Run, command: str) -> None:
    ran = fleet(command, "a", "c", "b", "--sandbox", *(["--yes"] if command == "apply" else []))
    assert (ran.code, ran.out) == (3, "")
    assert " ".join(ran.err.split()).startswith(
        "error[FLT006]: a and b are both the stack same in the same account: each would delete the other's resources"
    )


def test_where_nobody_knows_the_place_or_one_is_named_twice_there_is_nothing_to_tell(fleet: Run) -> None:
    assert fleet("validate", "a", "b").code == 0
    assert fleet("plan", "a", "a", "c", "--sandbox").code == 0

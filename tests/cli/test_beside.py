"""Files in the folder of a stack that are no part of it: our own documents, files of other tools, files of values."""

import json
from pathlib import Path

import pytest

from tests.cli.conftest import SMALL, STACK, Run, write

OTHERS = {
    "package.json": '{"name": "x", "version": "1"}',
    "docker-compose.yml": "services: {app: {image: busybox}}\n",
    "values.yaml": "seconds: 61\n",
}
POLICIES = '{"schedulingPolicies": [{"name": "fair", "fairsharePolicy": {"shareDecaySeconds": 60}}]}'
SECONDS = "variables: {seconds: {type: integer, default: 60}}\n"


@pytest.fixture
def here(run: Run, monkeypatch: pytest.MonkeyPatch) -> Run:
    """Run commands in a folder that `init` has made a stack."""
    Path("here").mkdir()
    monkeypatch.chdir("here")
    assert run("init").code == 0
    return run


def test_a_plan_that_is_saved_beside_the_stack_can_be_applied(here: Run) -> None:
    assert here("plan", "--sandbox", "-o", "json=plan.json").code == 0
    assert here("apply", "plan.json", "--yes").code == 0
    assert here("plan", "--sandbox", "--detailed-exitcode", "-o", "json=plan.json").code == 0


@pytest.mark.parametrize(
    "words",
    [
        ("plan", "--sandbox"),
        ("drift", "--sandbox"),
        ("apply", "--sandbox", "--yes"),
        ("status", "--sandbox"),
        ("doctor", "--sandbox"),
        ("outputs", "--sandbox"),
        ("coverage", "--sandbox"),
        ("validate",),
        ("graph",),
        ("iam-policy", "--for", "plan"),
        ("fmt",),
    ],
)
def test_no_document_that_we_write_is_part_of_the_stack(here: Run, words: tuple[str, ...]) -> None:
    here("apply", "--sandbox=state.json", "--yes")
    before = here("render").out
    here(*words, "-o", "json=out.json")
    ran = here("render")
    assert (ran.code, ran.out, json.loads(Path("out.json").read_text()) != {}) == (0, before, True)


def test_files_of_other_tools_are_listed_with_v_alone(run: Run) -> None:
    for name, text in OTHERS.items():
        Path("small", name).write_text(text, encoding="utf-8")
    quiet = run("validate", "small")
    assert (quiet.code, quiet.out) == (0, "small: valid, 1 scheduling policy\n")
    told = run("validate", "small", "-v").out
    assert told.count("note[STK015]: not part of the stack") == len(OTHERS)
    assert "small/docker-compose.yml: note[STK015]: not part of the stack: services is a key of Docker Compose" in told


def test_a_file_of_values_may_be_in_the_folder(run: Run) -> None:
    write("small", SMALL.replace("60}", "!var seconds}") + SECONDS)
    Path("small/values.yaml").write_text("seconds: 61\n", encoding="utf-8")
    assert "61" in run("plan", "small", "--sandbox", "--var-file", "small/values.yaml", "-v").out
    assert run("plan", "small", "--sandbox").code == 0


def test_a_file_of_values_that_could_be_part_of_the_stack_is_none_where_an_option_names_it(run: Run) -> None:
    write("small", SMALL + "variables: {tags: {type: map}, other: {}}\n")
    Path("small/values.yaml").write_text("tags: {team: risk}\n", encoding="utf-8")
    assert "tags: {team: risk}" not in run("plan", "small", "--sandbox", "--var-file=./small/values.yaml").out
    assert "{team: risk}" in run("plan", "small", "--sandbox").out


def test_a_part_of_the_stack_that_is_given_as_values_is_an_error(run: Run) -> None:
    Path("small/more.yaml").write_text("jobQueues: {}\n", encoding="utf-8")
    ran = run("plan", "small", "--sandbox", "--var-file", "small/more.yaml")
    assert (ran.code, "error[VAR007]" in ran.err) == (3, True)


def test_formatting_leaves_files_of_other_tools_alone(run: Run) -> None:
    for name, text in OTHERS.items():
        Path("small", name).write_text(text, encoding="utf-8")
    assert run("fmt", "small").out == "small: 1 unchanged\n"
    assert Path("small/docker-compose.yml").read_text(encoding="utf-8") == OTHERS["docker-compose.yml"]


def test_an_import_goes_into_a_folder_with_files_of_other_tools(run: Run) -> None:
    Path("new").mkdir()
    Path("new/package.json").write_text(OTHERS["package.json"], encoding="utf-8")
    Path("policies.json").write_text(POLICIES, encoding="utf-8")
    ran = run("import", "--json", "policies.json", "--to", "new")
    assert (ran.code, "IMP005" in ran.err + ran.out) == (0, False)


def test_an_import_without_force_overwrites_no_file_whatever_it_is(run: Run) -> None:
    Path("new").mkdir()
    Path("new/scheduling-policies.yaml").write_text("something: else\n", encoding="utf-8")
    Path("policies.json").write_text(POLICIES, encoding="utf-8")
    assert run("import", "--json", "policies.json", "--to", "new").code == 64
    assert Path("new/scheduling-policies.yaml").read_text(encoding="utf-8") == "something: else\n"


def test_a_stack_in_a_subfolder_is_left_out(here: Run) -> None:
    assert here("init", "x", "--template", "rendering").code == 0
    assert here("plan", ".", "--sandbox").last == "Plan: 3 to add, 0 to change, 0 to replace, 0 to destroy."
    assert here("plan", "x", "--sandbox").last == "Plan: 4 to add, 0 to change, 0 to replace, 0 to destroy."
    noted = here("validate", "-v").out
    assert noted.count("x/ is a different stack (my-rendering), and not part of my-fargate-jobs") == 1


def test_nothing_is_deleted_that_a_subfolder_declares_under_a_wrong_name(run: Run) -> None:
    Path("small/more").mkdir()
    more = "schedulingPolicies: {other: {fairsharePolicy: {}}}\n"
    Path("small/more/other.yaml").write_text(f"stack: small\n{more}", encoding="utf-8")
    assert run("apply", "small", "--sandbox", "--yes").code == 0
    Path("small/more/other.yaml").write_text(f"stack: smal\n{more}", encoding="utf-8")
    ran = run("apply", "small", "--sandbox", "--yes", "--allow-destroy")
    assert ran.code == 5
    assert "error[GRD007]: SchedulingPolicy/other would be deleted" in ran.err
    assert "small/more/ is a different stack (smal), and not part of small" in ran.out


@pytest.mark.parametrize("left", ["other: {}\n", "fair: {other: {some: thing}}\n", "- other: [1]\n"])
def test_nothing_is_deleted_whose_name_is_in_a_file_that_is_left_out(run: Run, left: str) -> None:
    more = "schedulingPolicies:\n  other: {fairsharePolicy: {}}\n"
    Path("small/other.yaml").write_text(more, encoding="utf-8")
    assert run("apply", "small", "--sandbox", "--yes").code == 0
    Path("small/other.yaml").write_text(left, encoding="utf-8")
    ran = run("apply", "small", "--sandbox", "--yes")
    assert ran.code == 5
    assert "SchedulingPolicy/other would be deleted, but other is a key in a file that is not read" in ran.err
    assert run("apply", "small", "--sandbox", "--yes", "--allow-destroy=SchedulingPolicy/other").code == 0


@pytest.mark.parametrize(
    ("words", "way_out"),
    [
        (("validate",), "use --all, or pass a stack"),
        (("plan", "--sandbox"), "use --all, or pass a stack"),
        (("apply", ".", "--sandbox", "--yes"), "use --all, or pass a stack"),
        (("drift", "--sandbox"), "use --all, or pass a stack"),
        (("graph",), "name a stack"),
        (("render",), "name a stack"),
        (("outputs", "--sandbox"), "name a stack"),
    ],
)
def test_a_folder_of_deployments_says_what_to_do_and_nothing_else(
    run: Run, words: tuple[str, ...], way_out: str
) -> None:
    Path("reconciler.yaml").write_text("environments: {dev: {}}\nstacks: {small: dev, risk: dev}\n", encoding="utf-8")
    ran = run(*words)
    assert (ran.code, ran.out) == (64, "")
    assert ran.err == f"error: this folder contains reconciler.yaml (a deployment file): {way_out}\n"


def test_a_stack_beside_a_file_of_deployments_can_be_planned(run: Run) -> None:
    Path("small/reconciler.yaml").write_text("environments: {dev: {}}\nstacks: {.: dev}\n", encoding="utf-8")
    assert run("plan", "small", "--sandbox").code == 0
    assert run("plan", "--all=small/reconciler.yaml", "--sandbox").code == 0


def test_without_a_file_of_deployments_the_next_step_is_told(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    told = run("validate", "--all").err
    assert "hint: name one stack, as in `reconciler validate STACK`; or write reconciler.yaml" in told
    Path("reconciler.yaml").write_text("environments: {dev: {}}\nstacks: {small: dev}\n", encoding="utf-8")
    monkeypatch.chdir("small")
    assert "hint: a parent folder has one: use --all=../reconciler.yaml" in run("validate", "--all").err


def test_variable_files_of_all_deployments_are_no_part_of_a_stack(run: Run) -> None:
    write("small", SMALL.replace("60}", "!var tags}") + "variables: {tags: {type: integer, default: 60}}\n")
    for name in ("dev", "prod"):
        Path("small", f"{name}.yaml").write_text("tags: 61\n", encoding="utf-8")
    fleet = "environments: {dev: {region: us-east-1}, prod: {region: eu-west-1, variableFiles: [small/prod.yaml]}}\nstacks:\n  small: {environments: [dev], variableFiles: [small/dev.yaml]}\n"
    Path("reconciler.yaml").write_text(fleet, encoding="utf-8")
    assert run("validate", "--all").code == 3  # no stack goes to prod
    Path("reconciler.yaml").write_text(fleet.replace("[dev]", "[dev, prod]"), encoding="utf-8")
    assert run("validate", "--all").code == 0


def test_a_stack_that_is_one_file_is_no_other(run: Run) -> None:
    write("risk", STACK)
    Path("risk/package.json").write_text(OTHERS["package.json"], encoding="utf-8")
    ran = run("validate", "risk/package.json")
    assert (ran.code, "risk/package.json is not part of a stack: it has no top-level key of a stack" in ran.out) == (
        3,
        True,
    )

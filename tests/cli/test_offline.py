"""The commands that need no AWS: validate, render, graph, explain, schema, init."""

import json
from pathlib import Path

import pytest

from reconciler.cli.commands.init import templates
from reconciler.syntax.parse import TAGS
from tests.cli.conftest import STACK, Run, write
from tests.cli.test_parser import imported_by


def test_a_valid_stack_is_told_by_its_contents(run: Run) -> None:
    ran = run("validate", "risk", "small")
    assert (ran.code, ran.err, ran.out) == (
        0,
        "",
        "risk: valid, 1 compute environment, 1 job queue, 1 job definition\nsmall: valid, 1 scheduling policy\n",
    )


def test_all_problems_of_all_stacks_are_told_at_once(run: Run) -> None:
    write("risk", STACK.replace("priority: 10", "priority: high").replace("image: busybox:1", "imgae: busybox:1"))
    write("small", "stack: small\njobQueues: []\n")
    ran = run("validate", "risk", "small")
    places = [line.split(" ")[0] for line in ran.out.splitlines() if "error[" in line]
    assert (ran.code, len(places) >= 3, {place.split("/")[0] for place in places}) == (3, True, {"risk", "small"})


def test_problems_are_one_document_a_stack(run: Run) -> None:
    write("small", "stack: small\nnonsense: 1\n")
    ran = run("validate", "risk", "small", "-o", "json")
    assert (ran.code, [(one["path"], one["valid"]) for one in ran.json]) == (3, [("risk", True), ("small", False)])


def test_validation_loads_no_aws_library(run: Run) -> None:
    assert "boto" not in imported_by("validate", "risk")


def test_a_variable_from_the_command_line_counts(run: Run) -> None:
    write("small", "stack: small\nvariables: {seconds: {type: integer}}\n"
          "schedulingPolicies: {fair: {fairsharePolicy: {shareDecaySeconds: !var seconds}}}\n")  # fmt: skip
    assert (run("validate", "small").code, run("validate", "small", "--var", "seconds=5").code) == (3, 0)


def test_a_file_of_variables_counts_and_must_exist(run: Run) -> None:
    write("small", "stack: small\nvariables: {seconds: {type: integer}}\n"
          "schedulingPolicies: {fair: {fairsharePolicy: {shareDecaySeconds: !var seconds}}}\n")  # fmt: skip
    Path("vars.yaml").write_text("seconds: 5\n", encoding="utf-8")
    codes = [run("validate", "small", "--var-file", file).code for file in ("vars.yaml", "missing.yaml")]
    assert codes == [0, 64]


def test_a_rendered_stack_has_its_shorts_written_out_and_is_a_stack_again(run: Run) -> None:
    rendered = run("render", "risk")
    write("again", rendered.out)
    assert run("render", "again", "-o", "json").json == run("render", "risk", "-o", "json").json
    assert "      - order: 1\n        computeEnvironment: spot\n" in rendered.out


def test_a_rendered_stack_says_how_its_resources_are_treated(run: Run) -> None:
    how = {"preventDestroy": True, "ignoreChanges": ["tags.a"], "onRemove": "orphan", "renamedFrom": "b", "adopt": True}
    policy = {"fairsharePolicy": {"shareDecaySeconds": 60}}
    document = {"stack": "small", "schedulingPolicies": {"fair": {**policy, "lifecycle": how}, "plain": policy}}
    write("small", json.dumps(document))
    assert run("render", "small", "-o", "json").json == document


def test_no_output_shows_what_is_declared_secret(run: Run) -> None:
    secret = "variables:\n  dsn: {type: string, secret: true}\n"
    entries = "environment: [{name: DSN, value: !var dsn}, {name: DB_PASSWORD, value: hunter2}]\n"
    write("risk", STACK.replace("stack: risk\n", f"stack: risk\n{secret}") + f"      {entries}")
    told = [
        run(*words, "risk", "--var", "dsn=topsecret")
        for words in (
            ("validate",),
            ("render",),
            ("render", "-o", "json"),
            ("plan", "--sandbox", "-vv", "--trace-calls"),
            ("plan", "--sandbox", "-o", "json"),
            ("apply", "--sandbox", "--yes", "-vv", "--trace-calls"),
        )
    ]
    assert [ran.code for ran in told] == [0] * 6
    assert [ran for ran in told if "topsecret" in ran.out + ran.err or "hunter2" in ran.out + ran.err] == []


def test_a_graph_as_text_diagram_and_json(run: Run) -> None:
    edges = run("graph", "risk", "-o", "json").json["resources"]
    assert run("graph", "risk").out.splitlines()[-1] == "    needs ComputeEnvironment/spot"
    assert run("graph", "risk", "-o", "mermaid").out.splitlines()[0] == "graph LR"
    assert edges[-1] == {"address": "JobQueue/pricing", "needs": ["ComputeEnvironment/spot"]}


@pytest.mark.parametrize("name", ["JobQueue", "jobQueues", "job-queue"])
def test_the_schema_of_a_kind_is_found_by_any_of_its_names(name: str, run: Run) -> None:
    assert run("schema", name).json["title"] == "CreateJobQueue"


def test_the_schema_of_stacks_is_the_one_of_the_repository(run: Run) -> None:
    file = Path(__file__).parents[2] / "schemas" / "stack.schema.json"
    assert run("schema").out == file.read_text(encoding="utf-8")


@pytest.mark.parametrize("template", templates())
def test_every_template_is_a_valid_stack_that_can_be_planned(template: str, run: Run) -> None:
    assert run("init", "new", "--template", template).code == 0
    assert (run("validate", "new").code, run("plan", "new", "--sandbox").code) == (0, 0)


def test_a_new_stack_tells_editors_where_its_schema_is(run: Run) -> None:
    run("init", "new")
    settings = json.loads(Path("new/.vscode/settings.json").read_text(encoding="utf-8"))
    assert Path("new/stack.yaml").read_text(encoding="utf-8").splitlines()[0] == (
        "# yaml-language-server: $schema=.vscode/stack.schema.json"
    )
    assert settings["yaml.schemas"] == {"./.vscode/stack.schema.json": ["*.yaml", "*.yml"]}
    assert settings["yaml.customTags"] == [f"{tag} {taken}" for tag in TAGS for taken in ("scalar:null", "scalar")]
    assert Path("new/.vscode/stack.schema.json").exists()


def test_init_overwrites_nothing(run: Run) -> None:
    ran = run("init", "risk")
    assert (ran.code, Path("risk/stack.yaml").read_text(encoding="utf-8")) == (64, STACK)
    assert sorted(Path("risk").iterdir()) == [Path("risk/stack.yaml")]


def test_an_unknown_template_is_answered_with_those_that_exist(run: Run) -> None:
    assert run("init", "new", "--template", "x").err == (
        f"error: there is no template x\n    hint: there are {', '.join(templates())}\n"
    )

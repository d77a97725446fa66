"""Formats for other programs, from `-o` to what is written where."""

import json
import xml.etree.ElementTree as ET
from pathlib import Path

import pytest
from jsonschema import Draft202012Validator

from tests.cli.conftest import SMALL, STACK, Run, write
from tests.report.code_scanning import flaws

TWICE = """\
stack: small
schedulingPolicies:
  fair: {fairsharePolicy: {shareDistribution: [{shareIdentifier: A}, {shareIdentifier: A}]}}
"""
BROKEN = """\
stack: broken
accont: "1"
variables: {pw: {secret: true, default: topsecret}}
schedulingPolicies:
  fair: {fairsharePolicy: {shareDistribution: [{shareIdentifier: A}, {shareIdentifier: A}]}}
computeEnvironments:
  spöt: {type: MANAGED, computeResources: {type: SPOT, maxvCpus: lots, bidPercentage: 120, subnets: []}}
jobQueues:
  q: {priorty: !var pw, priority: !var nope, computeEnvironmentOrder: [nope]}
jobDefinitions:
  "日本 😀": {type: container, containerProperties: {image: !var pw, memory: !var pw, command: [!env NOT_SET]}}
  q: {}
  q: {}
"""
PLANNED = "Plan: 3 to add, 0 to change, 0 to replace, 0 to destroy."


def read(file: str) -> str:
    return Path(file).read_text(encoding="utf-8")


def test_findings_are_annotations_below_the_text(run: Run) -> None:
    write("small", TWICE)
    ran = run("validate", "risk", "small", "-o", "text", "-o", "github")
    assert (ran.code, ran.out.splitlines()[-2:]) == (
        3,
        [
            "small: 1 problem",
            (
                "::error file=small/stack.yaml,line=3,col=28,title=SP002::SchedulingPolicy/fair: "
                "fairsharePolicy.shareDistribution lists the share A 2 times"
                '%0Ahint: if AWS accepts it: rules: {disable: {SP002: "why"}}'
            ),
        ],
    )


def test_in_a_job_of_github_paths_begin_at_its_workspace(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GITHUB_WORKSPACE", str(Path.cwd().parent))
    write("small", TWICE)
    assert run("validate", "small", "-o", "github").out.startswith(f"::error file={Path.cwd().name}/small/stack.yaml,")


def test_all_formats_of_findings_at_once(run: Run) -> None:
    write("small", TWICE)
    words = ("-o", "sarif=a.sarif", "-o", "junit=a.xml", "-o", "github=a.txt", "-o", "json=a.json")
    ran = run("validate", "risk", "small", *words)
    assert (ran.code, ran.last) == (3, "small: 1 problem")
    (result,) = json.loads(read("a.sarif"))["runs"][0]["results"]
    assert result["ruleId"] == "SP002"
    assert [suite.get("name") for suite in ET.fromstring(read("a.xml"))] == ["risk", "small"]
    assert read("a.txt").startswith("::error ")
    assert [one["valid"] for one in json.loads(read("a.json"))] == [True, False]


def test_a_stack_that_is_not_there_fails_in_every_format(run: Run) -> None:
    ran = run("validate", "nowhere", "-o", "github", "-o", "sarif=a.sarif", "-o", "junit=a.xml")
    assert (ran.code, ran.out[:31]) == (64, "::error title=reconciler::nowhe")
    assert json.loads(read("a.sarif"))["runs"][0]["invocations"][0]["executionSuccessful"] is False
    assert ET.fromstring(read("a.xml")).get("errors") == "1"


@pytest.mark.parametrize(
    ("stacks", "code", "rules"),
    [
        (["risk"], 0, {"JQ904"}),
        (["wröng ü%#"], 3, {"STK002", "STK007", "SP002", "VAR001", "VAR010", "YML003"}),
        (["risk", "wröng ü%#", "small", "tab", "nowhere"], 3, {"JQ904", "SP002", "YML002"}),
        (["nowhere"], 64, set()),
    ],
    ids=["advice", "many", "several", "none"],
)
def test_what_a_run_writes_for_code_scanning_is_as_the_standard_and_github_want_it(
    stacks: list[str], code: int, rules: set[str], run: Run
) -> None:
    write("wröng ü%#", BROKEN)
    write("tab", "stack: tab\n\tbad")
    ran = run("validate", *stacks, "--strict", "-o", "sarif")
    told = {result["ruleId"] for result in ran.json["runs"][0]["results"]}
    assert (ran.code, rules - told, flaws(ran.out)) == (code, set(), [])
    assert "topsecret" not in ran.out


def test_two_values_cannot_share_stdout(run: Run) -> None:
    ran = run("validate", "-o", "sarif", "-o", "junit")
    assert (ran.code, ran.out, ran.err.splitlines()[0]) == (
        64,
        "",
        "error: sarif and junit cannot share stdout: write one of them to a file, for example junit=FILE",
    )


@pytest.mark.parametrize(
    ("command", "formats"),
    [
        ("validate", "text, json, github, sarif, junit"),
        ("plan", "text, json, github, markdown, html"),
        ("drift", "text, json, github, markdown, html"),
        ("apply", "text, json, jsonl, github, markdown, html"),
        ("destroy", "text, json, jsonl"),
    ],
)
def test_every_command_names_its_formats(command: str, formats: str, run: Run) -> None:
    assert f"there are {formats}\n" in run(command, "-o", "pdf").err
    assert formats.replace(" ", "") in "".join(run(command, "--help").out.split())


def test_a_plan_as_annotations_ends_with_its_summary(run: Run) -> None:
    assert run("plan", "risk", "--sandbox", "-o", "github").out == (
        f"::notice title=risk::{PLANNED} Capacity: at least 0, at most 16 vCPUs (was 0): Fargate 16 (was 0).\n"
    )


def test_a_plan_that_apply_would_refuse_is_warned_of(run: Run) -> None:
    run("apply", "small", "--sandbox", "--yes")
    write("small", "stack: small\n")
    ran = run("plan", "small", "--sandbox", "-o", "github", "-o", "markdown=a.md")
    assert (ran.code, ran.out.splitlines()[0].split("::")[1:]) == (
        5,
        [
            "error title=PLAN007",
            (
                "stack small declares nothing, and 1 live resource would be deleted%0A"
                "hint: to delete them, run `reconciler destroy`"
            ),
        ],
    )
    assert "- **PLAN007** stack small declares nothing" in read("a.md")


def test_a_plan_of_an_invalid_stack_is_told_in_every_format(run: Run) -> None:
    write("small", TWICE)
    ran = run("plan", "small", "--sandbox", "-o", "github", "-o", "markdown=a.md")
    assert (ran.code, [line.split("title=")[1][:5] for line in ran.out.splitlines()]) == (3, ["SP002", "recon"])
    assert read("a.md").startswith("### Error\n\n**Stopped:** 1 problem found\n")


def test_drift_as_annotations_and_as_markdown(run: Run) -> None:
    run("apply", "small", "--sandbox", "--yes")
    line = "Drift: 0 changed, 0 undeclared, 0 missing, 0 unhealthy."
    ran = run("drift", "small", "--sandbox", "-o", "github", "-o", "markdown=a.md")
    assert (ran.code, ran.out) == (0, f"::notice title=small::{line}\n")
    assert read("a.md").startswith(f"### {line}\n")


def test_what_apply_did_is_markdown(run: Run) -> None:
    ran = run("apply", "small", "--sandbox", "--yes", "-o", "text", "-o", "markdown=a.md")
    assert (ran.code, read("a.md").splitlines()[0]) == (
        0,
        "### Apply: 1 done, 0 failed, 0 skipped, 0 not started.",
    )
    assert run("apply", "small", "--sandbox", "--yes", "-o", "markdown").out.startswith("### No changes.")


def test_an_apply_that_nobody_allowed_is_a_plan_that_was_not_applied(run: Run) -> None:
    ran = run("apply", "small", "--sandbox", "-o", "markdown")
    assert (ran.code, ran.out.splitlines()[0]) == (
        64,
        "**Not applied:** confirmation is required, but stdin is not a terminal. Nothing was changed",
    )


def test_secrets_are_in_no_format(run: Run) -> None:
    variables = "variables:\n  dsn: {secret: true, default: topsecret}\n"
    write("risk", STACK.replace("jobQueues:", variables + "jobQueues:").replace("image: busybox:1", "image: !var dsn"))
    write("small", SMALL + variables + 'rules: {disable: {SP002: !sub "as ${dsn} says"}}\n')
    told = [
        run(*words).out
        for words in (
            ("plan", "risk", "--sandbox", "-o", "markdown"),
            ("plan", "risk", "--sandbox", "-o", "github"),
            ("apply", "risk", "--sandbox", "--yes", "-o", "markdown"),
            ("validate", "small", "-v", "-o", "text", "-o", "github", "-o", "sarif"),
            ("validate", "small", "-o", "json"),
        )
    ]
    assert ["topsecret" in out for out in told] == [False] * 5


def test_advice_is_told_strictly_and_changes_no_exit_code(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    import dataclasses

    from reconciler import rules
    from reconciler.problems import Severity

    (second,) = [rule for rule in rules.RULES["SchedulingPolicy"] if rule.id == "SP002"]
    advice = dataclasses.replace(second, advice=True, severity=Severity.WARNING)
    monkeypatch.setattr(rules, "RULES", {"SchedulingPolicy": (advice,)})
    for cached in ("_rules_about", "_fields"):  # by other tests
        monkeypatch.setattr(rules, cached, getattr(rules, cached).__wrapped__)
    write("small", TWICE)
    plain, strict = run("validate", "small"), run("validate", "small", "--strict")
    assert (plain.code, strict.code) == (0, 0)
    assert ("warning[SP002]" in plain.out, "warning[SP002]" in strict.out) == (False, True)
    assert "SP002" not in run("plan", "small", "--sandbox").out


def test_a_silenced_rule_is_told_to_those_who_ask(run: Run) -> None:
    write("small", TWICE + 'rules: {disable: {SP002: "the old scheduler needs it", SP003: unused}}\n')
    assert run("validate", "small").out == "small: valid, 1 scheduling policy\n"
    assert run("validate", "small", "-v").out == (
        "silenced[SP002]: 1 finding, because: the old scheduler needs it\n"
        "silenced[SP003]: 0 findings, because: unused\n"
        "small: valid, 1 scheduling policy\n"
    )
    assert run("validate", "small", "-o", "json").json["silenced"] == [
        {"rule": "SP002", "reason": "the old scheduler needs it", "findings": 1},
        {"rule": "SP003", "reason": "unused", "findings": 0},
    ]


def test_a_rendered_stack_keeps_what_it_disables(run: Run) -> None:
    write("small", TWICE + "rules: {disable: {SP002: why}}\n")
    write("again", run("render", "small").out)
    assert (run("validate", "again").code, run("render", "again").out) == (0, run("render", "small").out)


def test_a_step_of_github_is_given_outputs_and_a_summary(
    run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    outputs, summary = tmp_path / "outputs", tmp_path / "summary"
    monkeypatch.setenv("GITHUB_OUTPUT", str(outputs))
    monkeypatch.setenv("GITHUB_STEP_SUMMARY", str(summary))
    run("plan", "risk", "small", "--sandbox", "--detailed-exitcode", "-o", "github")
    told = read_outputs(outputs.read_text(encoding="utf-8"))
    assert (told["has_changes"], told["has_destructive"], told["exit_code"]) == ("true", "false", "2")
    assert [len(one) for one in told["fingerprint"].split()] == [16, 16]
    assert told["summary"].splitlines()[0] == "risk: Plan: 3 to add, 0 to change, 0 to replace, 0 to destroy."
    assert summary.read_text(encoding="utf-8").count("### Plan:") == 2


def test_outputs_are_told_of_what_destroys_and_of_nothing(
    run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    outputs = tmp_path / "outputs"
    monkeypatch.setenv("GITHUB_OUTPUT", str(outputs))
    run("apply", "risk", "--sandbox", "--yes", "-o", "github")
    assert read_outputs(outputs.read_text(encoding="utf-8"))["has_changes"] == "true"
    outputs.unlink()
    run("drift", "risk", "--sandbox", "-o", "github")
    assert read_outputs(outputs.read_text(encoding="utf-8"))["has_changes"] == "false"
    outputs.unlink()
    write("risk", STACK[: STACK.index("jobDefinitions:")])
    run("plan", "risk", "--sandbox", "-o", "github")
    assert read_outputs(outputs.read_text(encoding="utf-8"))["has_destructive"] == "true"


def test_without_github_or_a_plan_nothing_is_written(run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GITHUB_OUTPUT", str(tmp_path / "outputs"))
    run("plan", "risk", "--sandbox", "-o", "json")
    assert not (tmp_path / "outputs").exists()
    run("validate", "risk", "-o", "github")
    assert (tmp_path / "outputs").read_text(encoding="utf-8") == ""


def read_outputs(text: str) -> dict[str, str]:
    """Read a file as GitHub's runner does: a name, a word, lines, and the word."""
    lines, found = iter(text.splitlines()), {}
    for line in lines:
        name, _, end = line.partition("<<")
        value = []
        while (one := next(lines)) != end:
            value.append(one)
        found[name] = "\n".join(value)
    return found


def test_a_page_can_be_written_beside_the_text(run: Run) -> None:
    ran = run("plan", "risk", "--sandbox", "-o", "text", "-o", "html=plan.html")
    assert ran.last.startswith("Plan: 3 to add")
    assert Path("plan.html").read_text(encoding="utf-8").startswith("<!doctype html>")
    assert run("plan", "risk", "--sandbox", "-o", "html").out.count("<html") == 1


def test_what_stopped_a_plan_is_told_to_the_step_too(run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GITHUB_OUTPUT", str(tmp_path / "outputs"))
    write("small", TWICE)
    assert run("plan", "small", "nowhere", "--sandbox", "-o", "github").code == 3
    told = read_outputs((tmp_path / "outputs").read_text(encoding="utf-8"))
    assert (told["exit_code"], told["has_changes"]) == ("3", "false")
    assert [line.partition(":")[0] for line in told["summary"].splitlines()] == ["error", "error"]


def test_a_file_of_the_step_that_cannot_be_written_is_told_before_anything_is_done(
    run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("GITHUB_OUTPUT", "no/where")
    ran = run("plan", "risk", "--sandbox", "-o", "text", "-o", "github=a.txt")
    assert (ran.code, ran.out, ran.err) == (64, "", "error: cannot write no/where: No such file or directory\n")


def test_what_plan_prints_is_as_its_published_schema_says(run: Run) -> None:
    schema = run("schema", "plan").json
    run("apply", "risk", "--sandbox", "--yes")
    write("risk", STACK.replace("priority: 10", "priority: 20").replace("busybox:1", "busybox:2"))
    for stack in ("risk", "small"):
        assert list(Draft202012Validator(schema).iter_errors(run("plan", stack, "--sandbox", "-o", "json").json)) == []

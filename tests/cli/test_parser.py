"""What may be typed, and what is said about the rest."""

import argparse
import os
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from reconciler import __version__
from reconciler.cli.commands import COMMANDS
from reconciler.cli.parser import FOREIGN_OPTIONS, SYNONYMS, parser_for
from tests.cli.conftest import Run

HEAVY = {"boto3", "botocore", "deepdiff", "jsonschema", "rich", "ruamel.yaml"}


def imported_by(*words: str) -> set[str]:
    """Run a command in a new process and return the names of all modules that it loaded."""
    code = (
        f"import sys; from reconciler.cli import main; code = main({list(words)!r}); print(); print(code, *sys.modules)"
    )
    env = {**os.environ, "PYTHONPATH": str(Path(__file__).parents[2])}
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, env=env)
    exit_code, *names = done.stdout.splitlines()[-1].split()
    assert exit_code == "0"
    return set(names)


def ours(names: set[str]) -> set[str]:
    return {name for name in names if name.split(".")[0] == "reconciler"}


@pytest.mark.parametrize(("words", "most"), [(("--help",), 40), (("--version",), 40), (("plan", "--help"), 150)])
def test_help_and_version_load_nothing_heavy(words: tuple[str, ...], most: int) -> None:
    names = imported_by(*words)
    assert not names & HEAVY
    assert len(ours(names)) < most


def test_validate_loads_only_what_it_needs(run: Run) -> None:
    """A count of modules, not of seconds: those differ from machine to machine."""
    names = imported_by("validate", "small")
    assert not names & HEAVY
    assert not names & {
        f"reconciler.{room}" for room in ("app.usecases", "diff", "fleet", "fmt", "importers", "inspect", "plan")
    }
    assert "reconciler.apply.executor" not in names
    assert len(ours(names)) < 150


def test_plan_loads_neither_what_applies_nor_what_other_commands_need(
    port: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AWS_ENDPOINT_URL", f"http://127.0.0.1:{port}")
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(name, "test")
    monkeypatch.setenv("AWS_REGION", "us-east-1")
    names = imported_by("plan", "small")
    assert not names & {f"reconciler.{room}" for room in ("fmt", "importers", "inspect", "apply.executor")}
    assert not names & {"boto3", "deepdiff", "jsonschema", "reconciler.report.schemas"}
    assert "rich" not in names  # only a terminal needs it


def test_a_format_that_is_not_requested_is_not_imported() -> None:
    """A new process, since the other tests have imported every format."""
    code = (
        "import sys; from reconciler.cli import main\n"
        "for name in ('text', 'json', 'sarif', 'junit'):\n"
        "    main(['validate', 'nowhere', '-o', f'{name}=/dev/null'])\n"
        "    print(*(one for one in ('ci', 'html', 'markdown')"
        " if f'reconciler.report.{one}' in sys.modules))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.split("\n") == ["", "", "ci", "ci", ""]


def test_version(run: Run) -> None:
    ran = run("--version")
    assert (ran.code, ran.out) == (0, f"reconciler {__version__}\n")


@pytest.mark.parametrize(
    ("words", "as_if"), [(("help",), "--help"), (("version",), "--version"), (("-V",), "--version")]
)
def test_help_and_version_are_commands_too(words: tuple[str, ...], as_if: str, run: Run) -> None:
    assert run(*words) == run(as_if)


def test_help_of_a_command(run: Run) -> None:
    assert run("help", "plan") == run("plan", "--help")


def test_what_other_tools_call_a_command_leads_to_one_of_ours() -> None:
    assert (set(SYNONYMS.values()) - COMMANDS.keys(), SYNONYMS.keys() & COMMANDS.keys()) == (set(), set())


@pytest.mark.parametrize("option", FOREIGN_OPTIONS)
@pytest.mark.parametrize("command", ["plan", "apply", "status"])
def test_every_option_of_other_tools_has_its_hint_or_is_ours(command: str, option: str, run: Run) -> None:
    ran = run(command, option)
    assert ran.code == 0 or "see `reconciler" not in ran.err


def test_the_help_lists_every_command_once_by_groups(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "80")
    lines = run("--help").out.splitlines()
    start, end = lines.index("Write:"), lines.index("options:")
    listed = [found[1] for line in lines[start:end] if (found := re.match(r"  (\S+) ", line))]
    groups = [line for line in lines[start:end] if line.endswith(":") and not line.startswith(" ")]
    assert listed == list(COMMANDS)
    assert groups == ["Write:", "Change:", "Run:", "Watch:", "Move in:", "CI:", "More:"]
    assert max(map(len, lines[start:end])) <= 80


def test_detail_is_one_thing_and_the_log_of_calls_is_another(run: Run) -> None:
    assert run("plan", "risk", "--sandbox", "-vv").err == ""
    assert "Batch DescribeJobQueues 200" in run("plan", "risk", "--sandbox", "--trace-calls").err


@pytest.mark.parametrize(
    ("words", "note"),
    [
        (("revisions", "simulate", "risk", "--all", "--sandbox"), "note: --all is now --inactive\n"),
        (("compare", "dev", "prod", "--all"), "note: --all is now --file\n"),
        (("compare", "dev", "prod", "--all=reconciler.yaml"), "note: --all is now --file\n"),
    ],
)
def test_all_means_all_deployments_and_its_former_uses_have_a_name_of_their_own(
    words: tuple[str, ...], note: str, run: Run
) -> None:
    Path("reconciler.yaml").write_text("environments: {dev: {}, prod: {}}\nstacks: {small: [dev, prod]}\n")
    run("apply", "risk", "--sandbox", "--yes")
    ran = run(*words)
    assert (ran.code, ran.err) == (0, note)


@pytest.mark.parametrize("command", COMMANDS)
def test_every_command_has_help_with_examples(command: str, run: Run) -> None:
    ran = run(command, "--help")
    assert (ran.code, "examples:\n  reconciler " in ran.out) == (0, True)


def test_without_a_command_the_help_is_printed_and_the_usage_is_wrong(run: Run) -> None:
    ran = run()
    assert (ran.code, ran.out, ran.err.startswith("usage: reconciler")) == (64, "", True)


@pytest.mark.parametrize(
    ("words", "message", "hint"),
    [
        (("aply",), "there is no command aply", "did you mean apply?"),
        (("diff",), "there is no command diff", "did you mean plan?"),
        (("refresh",), "there is no command refresh", "did you mean drift?"),
        (("delete",), "there is no command delete", "did you mean destroy?"),
        (("lint",), "there is no command lint", "did you mean validate?"),
        (("list",), "there is no command list", "did you mean status?"),
        (("up",), "there is no command up", "did you mean apply?"),
        (
            ("plan", "--out", "plan.json"),
            "unrecognized arguments: --out",
            "write -o json=plan.json to keep a plan, and `apply plan.json` to apply it",
        ),
        (
            ("plan", "--out=p.json"),
            "unrecognized arguments: --out=p.json",
            "write -o json=p.json to keep a plan, and `apply p.json` to apply it",
        ),
        (
            ("plan", "--output", "plan.json"),
            "argument -o/--output: plan.json is a file, not a format: write -o json=plan.json",
            "see `reconciler plan --help`",
        ),
        (
            ("plan", "--log-level", "debug"),
            "unrecognized arguments: --log-level",
            "use -v for more detail, or --trace-calls for a log of calls to AWS",
        ),
        (("apply", "-y"), "unrecognized arguments: -y", "did you mean --yes?"),
        (("apply", "--dry-run"), "unrecognized arguments: --dry-run", "run `reconciler plan`: it changes nothing"),
        (
            ("plan", "-q"),
            "unrecognized arguments: -q",
            "drop it: without -v, only results and problems are printed",
        ),
        (("plan", "--adoptt"), "unrecognized arguments: --adoptt", "did you mean --adopt?"),
        (("plan", "--xyz"), "unrecognized arguments: --xyz", "see `reconciler plan --help`"),
        (
            ("plan", "-o", "pdf"),
            "argument -o/--output: there is no format 'pdf' here; there are text, json, github, markdown, html",
            "see `reconciler plan --help`",
        ),
        (
            ("apply", "--timeout", "soon"),
            "argument --timeout: 'soon' is not a time such as 90s, 30m or 2h",
            "see `reconciler apply --help`",
        ),
        (
            ("apply", "--parallelism", "0"),
            "argument --parallelism: '0' is not a number of at least 1",
            "see `reconciler apply --help`",
        ),
        (("plan", "--var", "x"), "argument --var: 'x' is not NAME=VALUE", "see `reconciler plan --help`"),
        (("plan", "nowhere"), "nowhere does not exist", "pass the folder of a stack, or its only file"),
    ],
)
def test_wrong_usage_is_64_and_says_what_to_do(words: tuple[str, ...], message: str, hint: str, run: Run) -> None:
    ran = run(*words)
    assert (ran.code, ran.out, ran.err) == (64, "", f"error: {message}\n    hint: {hint}\n")


@pytest.mark.parametrize(
    "words", [("plan", "--nope", "-o", "json"), ("aply", "-ojson"), ("plan", "--output=json", "-x")]
)
def test_wrong_usage_is_json_for_those_who_asked_for_it(words: tuple[str, ...], run: Run) -> None:
    assert run(*words).json["error"]["exit"] == 64


def test_stacks_may_stand_before_and_after_options(run: Run) -> None:
    ran = run("validate", "risk", "-v", "small")
    assert [line.split(":")[0] for line in ran.out.splitlines()] == ["risk", "small"]


@pytest.mark.parametrize("command", ["render", "graph"])
def test_one_stack_is_the_current_folder_or_the_one_that_is_named(
    command: str, run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    named = run(command, "risk")
    two = run(command, "risk", "small")
    assert (two.code, two.out) == (64, "")
    assert two.err.startswith("error: only one stack is accepted, not 2: risk small\n")
    monkeypatch.chdir("risk")
    assert (named.code, run(command).out) == (0, named.out)


def test_of_an_option_that_takes_several_values_each_one_counts() -> None:
    """Argparse keeps only the last of an option that is repeated, unless its action says otherwise."""
    options = [action for action in actions(parser_for()) if action.option_strings and action.nargs in ("+", "*")]
    assert [action.dest for action in options if type(action).__name__ != "_ExtendAction"] == []
    assert {"--json", "--terraform"} <= {action.option_strings[0] for action in options}


def actions(of: argparse.ArgumentParser) -> Iterator[argparse.Action]:
    for action in of._actions:
        yield action
        for below in getattr(action, "_name_parser_map", {}).values():
            yield from actions(below)


def test_a_bare_sandbox_option_does_not_swallow_the_stack(run: Run) -> None:
    assert run("plan", "--sandbox", "small").code == 0

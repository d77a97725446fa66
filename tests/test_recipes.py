"""The recipes for CI are what their services take, and their shell does what they say, against the sandbox."""

import os
import re
import subprocess
import sys
import tomllib
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest
import yaml
from packaging.requirements import Requirement

from reconciler.cli.parser import parse
from reconciler.sandbox.session import open_sandbox
from tests.adapters.forge.fake_github import REPOSITORY, TOKEN, serving_of
from tests.adapters.forge.fake_github import serving as serving_github
from tests.adapters.forge.fake_gitlab import TOKEN as GITLAB_TOKEN
from tests.adapters.forge.fake_gitlab import FakeGitLab
from tests.cli.conftest import SMALL
from tests.serving import running

ROOT = Path(__file__).parent.parent
ACTION = ROOT / ".github" / "actions" / "reconciler" / "action.yml"
RECIPES = ROOT / "docs" / "recipes"
OURS = "OWNER/reconciler/.github/actions/reconciler"
WORKFLOWS = sorted((RECIPES / "github").glob("*.yml"))
OWN_WORKFLOWS = sorted((ROOT / ".github" / "workflows").glob("*.yml"))
ALL = (ACTION, *WORKFLOWS, *OWN_WORKFLOWS)
FLEET = "environments: {dev: {account: '123456789012', region: us-east-1}}\nstacks: {stacks/small: dev}\n"
BIN = Path(sys.executable).parent


def scripts(file: Path) -> Iterator[tuple[str, Mapping[str, Any]]]:
    """Every step of a file that runs a shell."""
    document = yaml.safe_load(file.read_text(encoding="utf-8"))
    jobs = [document["runs"]] if "runs" in document else document["jobs"].values()
    for job in jobs:
        for step in job.get("steps", ()):  # a job may be a workflow of its own
            if "run" in step:
                yield step["name"], step


def step(name: str, file: Path = ACTION) -> str:
    return dict(scripts(file))[name]["run"]


@pytest.mark.parametrize(
    ("schema", "file", "more"),
    [
        ("github-actions", ACTION, ()),
        *(("github-workflows", file, ()) for file in (*WORKFLOWS, *OWN_WORKFLOWS)),
        ("gitlab-ci", RECIPES / "gitlab-ci.yml", ("--data-transform", "gitlab-ci")),
    ],
    ids=lambda value: value.name if isinstance(value, Path) else "",
)
def test_a_recipe_is_what_its_service_takes(schema: str, file: Path, more: tuple[str, ...]) -> None:
    command = [sys.executable, "-m", "check_jsonschema", "--builtin-schema", f"vendor.{schema}", *more, str(file)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.parametrize(("file", "name"), [(file, name) for file in ALL for name, _ in scripts(file)])
def test_a_script_has_nothing_that_shellcheck_complains_of(file: Path, name: str) -> None:
    done = subprocess.run(
        [BIN / "shellcheck", "--shell=bash", "-"], input=step(name, file), capture_output=True, text=True, check=False
    )
    assert done.stdout == ""


@pytest.mark.parametrize("file", ALL, ids=lambda file: file.name)
def test_nothing_from_outside_is_written_into_a_script(file: Path) -> None:
    assert [name for name, step in scripts(file) if "${{" in step["run"]] == []


def uses(file: Path) -> Iterator[list[Mapping[str, Any]]]:
    """The steps of each job of a file."""
    document = yaml.safe_load(file.read_text(encoding="utf-8"))
    jobs = [document["runs"]] if "runs" in document else document["jobs"].values()
    yield from (job.get("steps", ()) for job in jobs)


def test_a_workflow_has_nothing_that_zizmor_warns_of() -> None:
    """Actions that are not pinned to a commit, rights that a job does not need, credentials that stay in a checkout."""
    command = [BIN / "zizmor", "--offline", "--quiet", "--no-progress", "--min-severity=medium"]
    done = subprocess.run(
        [*command, "--config", ROOT / ".github" / "zizmor.yml", *ALL], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.parametrize("file", WORKFLOWS, ids=lambda file: file.name)
def test_a_workflow_installs_before_it_has_credentials_and_never_by_itself(file: Path) -> None:
    assert "pip install" not in file.read_text(encoding="utf-8")
    for steps in uses(file):
        names = [step.get("uses", "").partition("@")[0] for step in steps]
        if (credentials := "aws-actions/configure-aws-credentials") in names:
            assert OURS in names[: names.index(credentials)]


def test_what_the_action_installs_is_pinned_by_hashes_and_is_all_that_the_tool_needs() -> None:
    text = (ACTION.parent / "requirements.txt").read_text(encoding="utf-8").replace("\\\n", "")
    lines = [line for line in text.splitlines() if line and not line.startswith("#")]
    assert [line for line in lines if "==" not in line or "--hash=sha256:" not in line] == []
    pinned = {Requirement(line.partition("--hash")[0]).name.replace("-", "."): line.split()[0] for line in lines}
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    for text in (*project["project"]["dependencies"], *project["build-system"]["requires"]):
        needed = Requirement(text)
        assert needed.specifier.contains(pinned[needed.name.lower().replace("-", ".")].partition("==")[2])


def test_every_workflow_has_a_time_limit_and_says_what_its_token_may_do() -> None:
    for file in (*WORKFLOWS, *OWN_WORKFLOWS):
        document = yaml.safe_load(file.read_text(encoding="utf-8"))
        assert "permissions" in document
        assert all("timeout-minutes" in job or "uses" in job for job in document["jobs"].values())


def test_the_hooks_of_pre_commit_are_commands_that_are_taken() -> None:
    hooks = yaml.safe_load((ROOT / ".pre-commit-hooks.yaml").read_text(encoding="utf-8"))
    for hook in hooks:
        assert {"id", "name", "entry", "language"} <= hook.keys()
        assert re.compile(hook["files"]).search("stacks/prod/stack.yaml")
        assert parse(hook["entry"].split()[1:]).run


def test_the_commands_of_gitlab_are_taken() -> None:
    document = yaml.safe_load((RECIPES / "gitlab-ci.yml").read_text(encoding="utf-8"))
    scripts = "\n".join(script_of_gitlab(job) for job in document if "script" in document[job])
    lines = re.findall(r"(?:^|then )\s*(reconciler .+?)(?: \|\| .*|; fi| #.*)?$", scripts, re.MULTILINE)
    assert len(lines) >= 10
    for line in lines:
        assert parse(line.replace("$CI_NODE_INDEX/$CI_NODE_TOTAL", "1/4").replace('"', "").split()[1:]).run


@pytest.mark.parametrize("job", ["review", "plan", "apply", "drift", "report"])
def test_a_script_of_gitlab_has_nothing_that_shellcheck_complains_of(job: str) -> None:
    command = [BIN / "shellcheck", "--shell=sh", "-"]
    done = subprocess.run(command, input=script_of_gitlab(job), capture_output=True, text=True, check=False)
    assert done.stdout == ""


def script_of_gitlab(job: str) -> str:
    """Return what a runner of GitLab hands to the shell, which ends at the first command that fails."""
    document = yaml.safe_load((RECIPES / "gitlab-ci.yml").read_text(encoding="utf-8"))
    return "\n".join(["set -e", *document[job]["script"]])


class Runner:
    """A runner of GitHub Actions as far as scripts see it, in a repository with one stack and the sandbox for AWS."""

    def __init__(self, folder: Path, url: str) -> None:
        self.folder = folder
        (folder / "stacks" / "small").mkdir(parents=True)
        self.write(SMALL)
        (folder / "reconciler.yaml").write_text(FLEET, encoding="utf-8")
        self.env = {
            "PATH": f"{BIN}:{os.environ['PATH']}", "CI": "true", "HOME": str(folder), "RUNNER_TEMP": str(folder),
            "GITHUB_OUTPUT": str(folder / "outputs"), "GITHUB_STEP_SUMMARY": str(folder / "summary"),
            "GITHUB_WORKSPACE": str(folder), "AWS_ENDPOINT_URL": url, "AWS_ACCESS_KEY_ID": "x",
            "AWS_SECRET_ACCESS_KEY": "x", "AWS_EC2_METADATA_DISABLED": "true", "GITHUB_REF": "refs/pull/5/merge",
        }  # fmt: skip

    def write(self, text: str) -> None:
        (self.folder / "stacks" / "small" / "stack.yaml").write_text(text, encoding="utf-8")

    def run(self, script: str, **env: str) -> subprocess.CompletedProcess[str]:
        (self.folder / "outputs").write_text("", encoding="utf-8")
        return subprocess.run(
            ["bash", "--noprofile", "--norc", "-eo", "pipefail", "-c", script],
            cwd=self.folder, env={**self.env, **env}, capture_output=True, text=True, check=False,
        )  # fmt: skip

    def action(self, command: str, arguments: str = "--all") -> subprocess.CompletedProcess[str]:
        return self.run(step("Run"), COMMAND=command, ARGUMENTS=arguments)

    @property
    def outputs(self) -> dict[str, str]:
        lines = (self.folder / "outputs").read_text(encoding="utf-8").splitlines()
        names = r"(exit_code|report|document|home|is_installed|packages)="
        return dict(line.split("=", 1) for line in lines if re.match(names, line))


@pytest.fixture
def runner(tmp_path: Path) -> Iterator[Runner]:
    with running(open_sandbox(None)) as url:
        yield Runner(tmp_path, url)


def test_the_action_plans_with_a_summary_and_outputs_and_applies(runner: Runner) -> None:
    planned = runner.action("plan")
    assert (planned.returncode, runner.outputs["exit_code"]) == (0, "2"), planned.stderr
    assert "1 to add" in (runner.folder / "summary").read_text(encoding="utf-8")
    assert Path(runner.outputs["document"]).exists()
    assert runner.action("apply").returncode == 0
    assert (runner.action("drift").returncode, runner.outputs["exit_code"]) == (0, "0")


def test_the_action_fails_with_the_code_of_what_failed(runner: Runner) -> None:
    runner.write(SMALL.replace("shareDecaySeconds", "shareDecay"))
    failed = runner.action("validate")
    assert (failed.returncode, runner.outputs["exit_code"]) == (3, "3")
    assert "::error file=stacks/small/stack.yaml" in failed.stdout
    assert runner.action("destroy").returncode == 64


def test_the_action_takes_no_orders_from_its_arguments(runner: Runner) -> None:
    runner.action("plan", "--all; touch owned $(touch owned) `touch owned`")
    assert not (runner.folder / "owned").exists()


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ("", []),
        ("--all --var a=b", ["--all", "--var", "a=b"]),
        (
            """--all --var "note=two  words" --var 'b=it is "so"'""",
            ["--all", "--var", "note=two  words", "--var", 'b=it is "so"'],
        ),
        ("--all\n  --env prod\n", ["--all", "--env", "prod"]),
        ("$(touch owned) `touch owned` * ~", ["$(touch", "owned)", "`touch", "owned`", "*", "~"]),
    ],
)
def test_the_arguments_are_split_at_blanks_and_quotes_keep_them(
    arguments: str, words: list[str], runner: Runner
) -> None:
    told = runner.folder / "bin" / "reconciler"
    told.parent.mkdir()
    told.write_text("#!/bin/sh\nprintf '%s\\n' \"$@\"\n", encoding="utf-8")
    told.chmod(0o755)
    runner.env["PATH"] = f"{told.parent}:{runner.env['PATH']}"
    ran = runner.action("validate", arguments)
    assert (ran.returncode, ran.stdout.splitlines()[: len(words) + 2]) == (0, ["validate", *words, "-o"])


def test_arguments_with_a_quote_that_is_never_closed_fail(runner: Runner) -> None:
    assert runner.action("validate", '--all "x').returncode != 0


def test_the_installation_runs_nothing_of_the_checkout_and_happens_once(runner: Runner) -> None:
    for module in ("venv", "logging", "json", "encodings", "pip", "ensurepip", "sitecustomize", "setup", "reconciler"):
        owned = f"open({str(runner.folder / 'owned')!r}, 'w')\n"
        (runner.folder / f"{module}.py").write_text(owned, encoding="utf-8")
    paths = runner.folder / "paths"
    script = step("Install").replace("--clear", "--clear --without-pip").replace('"${pip[@]}"', 'echo "${pip[@]}"')
    temp = runner.folder / "temp"
    temp.mkdir()
    env = {
        "PYTHON": sys.executable, "INDEX_URL": "http://127.0.0.1:9/", "GITHUB_PATH": str(paths), "RUNNER_TEMP": str(temp),
        "GITHUB_ACTION_PATH": str(ACTION.parent), "PYTHONPATH": str(runner.folder), "PIP_INDEX_URL": "http://127.0.0.1:9/",
    }  # fmt: skip
    assert runner.run(step("Place"), **env).returncode == 0
    assert (runner.outputs["is_installed"], runner.outputs["packages"].isdecimal()) == ("false", True)
    env["PLACE"] = runner.outputs["home"]
    first = runner.run(script, **env)
    assert (first.returncode, (runner.folder / "owned").exists()) == (0, False), first.stderr
    fetched, built = [line for line in first.stdout.splitlines() if " install " in line]
    assert all(" -I -m pip --isolated " in line for line in (fetched, built))
    assert ("--require-hashes" in fetched, "--no-index" in built) == (True, True)
    assert f"--cache-dir {temp}/reconciler-pip" in fetched
    runner.run(step("Place"), **env)
    assert runner.outputs["is_installed"] == "true"
    again = runner.run(script, **env)
    assert (again.returncode, again.stdout) == (0, "")
    (folder,) = set(paths.read_text(encoding="utf-8").splitlines())
    wrapper = Path(folder, "reconciler").read_text(encoding="utf-8")
    assert re.fullmatch(r'#!/bin/sh\nexec "\S+/bin/python" -I -m reconciler "\$@"\n', wrapper)


@pytest.mark.long
def test_the_comment_is_begun_with_changes_and_kept_up_to_date_without(runner: Runner) -> None:
    with serving_github() as github:
        env = {"GITHUB_TOKEN": TOKEN, "GITHUB_REPOSITORY": REPOSITORY, "GITHUB_API_URL": github.url, "KEY": "plan"}

        def comment() -> None:
            outputs = runner.outputs
            done = runner.run(step("Comment"), REPORT=outputs["report"], CODE=outputs["exit_code"], **env)
            assert done.returncode == 0, done.stderr

        runner.action("apply")
        runner.action("plan")
        comment()
        assert github.comments == {}
        runner.write(SMALL.replace("60", "61"))
        runner.action("plan")
        comment()
        (made,) = github.comments.values()
        assert "1 to change" in made["body"]
        runner.write(SMALL)
        runner.action("plan")
        comment()
        assert "1 to change" not in made["body"]
        assert len(github.comments) == 1


@pytest.mark.long
def test_the_shares_of_a_drift_check_become_issues(runner: Runner) -> None:
    script = step("Report", RECIPES / "github" / "drift.yml")
    with serving_github() as github:
        env = {
            "GITHUB_TOKEN": TOKEN, "GITHUB_REPOSITORY": REPOSITORY, "GITHUB_API_URL": github.url,
            "RECONCILER_WEBHOOK": f"{github.url}/hook",
        }  # fmt: skip
        for number in "12":
            runner.action("drift", f"--all --shard {number}/2")
            folder = runner.folder / "drift" / f"drift-{number}"
            folder.mkdir(parents=True)
            Path(runner.outputs["document"]).rename(folder / "reconciler-drift.json")
        done = runner.run(script, **env)
        assert done.returncode == 0, done.stderr
        assert [issue["title"] for issue in github.issues.values()] == ["Drift in stacks/small@dev"]
        assert len(github.hooked) == 1


def test_the_recipe_of_the_image_has_nothing_that_hadolint_complains_of() -> None:
    done = subprocess.run([BIN / "hadolint", RECIPES / "Containerfile"], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout) == (0, "")


COMMITTED = "git init -q . && git add -A && git -c user.name=a -c user.email=a commit -qm a"
GH = """#!/bin/sh
printf '%s\\n' "$*" >>"$RUNNER_TEMP/asked"
case "$*" in
  *"commits/abc/pulls"*) printf '%s' "$HEAD" ;;
  *"workflows/pull-request.yml/runs?event=pull_request&status=success&head_sha=$HEAD"*) printf '%s' "$RUN" ;;
  "run download $RUN --name plan --dir reviewed") mkdir reviewed && mv reconciler-plan.json reviewed ;;
  *) exit 1 ;;
esac
"""


def find_reviewed(runner: Runner, head: str, run: str) -> subprocess.CompletedProcess[str]:
    gh = runner.folder / "bin" / "gh"
    gh.parent.mkdir()
    gh.write_text(GH, encoding="utf-8")
    gh.chmod(0o755)
    env = {"GITHUB_SHA": "abc", "GH_REPO": "team/batch", "HEAD": head, "RUN": run}
    env["PATH"] = f"{gh.parent}:{runner.env['PATH']}"
    return runner.run(step("Find the reviewed plan", RECIPES / "github" / "main.yml"), **env)


def test_what_was_reviewed_in_the_pull_request_is_applied_after_the_merge(runner: Runner) -> None:
    runner.action("plan")
    assert find_reviewed(runner, "def", "77").returncode == 0
    (runner.folder / "reviewed" / "reconciler-plan.json").rename(runner.folder / "reconciler-plan.json")
    apply = "--all reconciler-plan.json --env dev"
    assert runner.action("apply", apply).returncode == 0
    again = runner.action("apply", apply)
    assert (again.returncode, "nothing was changed" in " ".join(again.stderr.split())) == (6, True)


@pytest.mark.parametrize(("head", "run"), [("", ""), ("def", "")])
def test_without_a_reviewed_plan_nothing_is_applied_and_the_way_out_is_named(
    head: str, run: str, runner: Runner
) -> None:
    found = find_reviewed(runner, head, run)
    assert (found.returncode, "Run this workflow by hand" in found.stdout) == (1, True)


@pytest.mark.long
def test_a_deletion_fails_the_review_until_reconciler_yaml_allows_it(runner: Runner) -> None:
    own = f"{SMALL}computeEnvironments: {{own: {{type: UNMANAGED, serviceRole: batch}}}}\njobQueues:\n"
    kept, old = (f"  {name}: {{priority: 1, computeEnvironmentOrder: [own]}}\n" for name in ("kept", "old"))
    runner.write(own + kept + old)
    assert runner.action("apply").returncode == 0
    assert runner.run(COMMITTED).returncode == 0
    runner.write(own + kept)
    assert (runner.action("plan").returncode, runner.outputs["exit_code"]) == (5, "5")
    consent = FLEET.replace("us-east-1}", "us-east-1, guards: {allowDestroy: [JobQueue/old]}}")
    (runner.folder / "reconciler.yaml").write_text(consent, encoding="utf-8")
    assert (runner.action("plan").returncode, runner.outputs["exit_code"]) == (0, "2")
    assert runner.action("apply").returncode == 0
    done = runner.action("plan")
    assert (done.returncode, runner.outputs["exit_code"]) == (0, "0"), done.stderr


@pytest.mark.long
def test_the_job_of_gitlab_keeps_one_note_in_the_merge_request(runner: Runner) -> None:
    with serving_of(FakeGitLab()) as gitlab:
        assert runner.run(f"{COMMITTED} && git branch origin/main").returncode == 0
        runner.write(SMALL.replace("60", "61"))
        env = {
            "GITLAB_CI": "true", "GITLAB_TOKEN": GITLAB_TOKEN, "CI_API_V4_URL": f"{gitlab.url}/api/v4",
            "CI_MERGE_REQUEST_PROJECT_ID": "5", "CI_MERGE_REQUEST_IID": "17", "ROLE_PLAN": "",
            "CI_MERGE_REQUEST_TARGET_BRANCH_NAME": "main",
        }  # fmt: skip
        done = runner.run(script_of_gitlab("review").replace("export AWS_ROLE_ARN", "export ROLE"), **env)
        assert done.returncode == 0, done.stderr
        (note,) = gitlab.notes.values()
        assert ("1 to add" in note["body"], note["there"]) == (True, ("merge_requests", 17))
        assert GITLAB_TOKEN not in done.stdout + done.stderr


@pytest.mark.long
def test_the_shares_of_gitlab_become_issues_and_a_message(runner: Runner) -> None:
    with serving_of(FakeGitLab()) as gitlab, serving_github() as hook:
        env = {
            "GITLAB_CI": "true", "GITLAB_TOKEN": GITLAB_TOKEN, "CI_API_V4_URL": f"{gitlab.url}/api/v4",
            "CI_PROJECT_ID": "5", "RECONCILER_WEBHOOK": f"{hook.url}/hook",
        }  # fmt: skip
        for number in "12":
            runner.run(f"reconciler drift --all --shard {number}/2 -o json=drift-{number}.json || true")
        done = runner.run(script_of_gitlab("report"), **env)
        assert done.returncode == 0, done.stderr
        assert [issue["title"] for issue in gitlab.issues.values()] == ["Drift in stacks/small@dev"]
        assert len(hook.hooked) == 1

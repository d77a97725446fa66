"""Patterns on the command line that match nothing are usage errors, found before anything is done."""

import subprocess
from pathlib import Path

import pytest

from tests.cli.conftest import Run, write
from tests.cli.test_run import batch

TWO = "environments: {dev: {}}\nstacks: {risk: dev, small: dev}\n"
GUARDED = "environments: {dev: {guards: {allowDestroy: [JobQueue/nope]}}}\nstacks: {risk: dev, small: dev}\n"
TARGETS = ("plan", "apply", "destroy", "adopt", "forget", "drift")
YES = {"apply": ("--yes",), "destroy": ("--yes",), "adopt": ("--yes",), "forget": ("--yes",)}


@pytest.mark.parametrize(
    ("pattern", "hint"),
    [
        ("JobQueue/pricng", "did you mean JobQueue/pricing?"),
        ("JobQueu/pricing", "did you mean JobQueue/pricing?"),
        ("nothing", "it is KIND/NAME, such as JobQueue/*"),
        ("", "it is KIND/NAME, such as JobQueue/*"),
        ("SchedulingPolicy/*", "it is KIND/NAME, such as JobQueue/*"),
    ],
)
@pytest.mark.parametrize("command", TARGETS)
def test_a_target_that_matches_nothing_is_wrong_usage(command: str, pattern: str, hint: str, run: Run) -> None:
    ran = run(command, "risk", "--sandbox", "--target", pattern, *YES.get(command, ()))
    assert (ran.code, hint in ran.err) == (64, True)
    if pattern:
        assert f"error: --target {pattern} matches nothing in this stack; nothing was done" in ran.err
    assert batch("describe_job_queues")["jobQueues"] == []


@pytest.mark.parametrize("command", ["plan", "apply"])
def test_a_consent_that_matches_nothing_is_wrong_usage(command: str, run: Run) -> None:
    run("apply", "risk", "--sandbox", "--yes")
    risk = Path("risk/stack.yaml").read_text(encoding="utf-8")
    write("risk", risk.replace("jobQueues:", "x-jobQueues:"))
    ran = run(command, "risk", "--sandbox", "--allow-destroy=JobQueue/pricng", *YES.get(command, ()))
    assert (ran.code, "did you mean JobQueue/pricing?" in ran.err) == (64, True)
    assert len(batch("describe_job_queues")["jobQueues"]) == 1
    assert run("apply", "risk", "--sandbox", "--yes", "--allow-destroy=JobQueue/pricing").code == 0
    assert batch("describe_job_queues")["jobQueues"] == []
    assert run("apply", "risk", "--sandbox", "--yes", "--allow-destroy").code == 0


@pytest.mark.parametrize("command", TARGETS)
def test_of_several_stacks_one_must_have_it(command: str, run: Run) -> None:
    words = (command, "risk", "small", "--sandbox", *YES.get(command, ()))
    ran = run(*words, "--target", "JobQueue/pricing", "--target", "JobQueue/nope")
    assert (ran.code, batch("describe_job_queues")["jobQueues"]) == (64, [])
    assert "--target JobQueue/nope matches nothing in any of the 2 stacks; nothing was done" in " ".join(
        ran.err.split()
    )
    assert run(*words, "--target", "JobQueue/pricing", "--target", "SchedulingPolicy/*").code != 64


@pytest.mark.parametrize("command", ["plan", "apply", "drift"])
def test_of_many_deployments_one_must_have_it(command: str, run: Run) -> None:
    Path("reconciler.yaml").write_text(TWO, encoding="utf-8")
    words = (command, "--all", "--sandbox", *YES.get(command, ()))
    ran = run(*words, "--target", "JobQueue/pricing", "--target", "JobQueue/pricng")
    assert (ran.code, "did you mean JobQueue/pricing?" in ran.err) == (64, True)
    assert batch("describe_job_queues")["jobQueues"] == []
    assert run(*words, "--target", "JobQueue/pricing", "--target", "SchedulingPolicy/fair").code in (0, 2)


def test_what_is_live_and_no_longer_declared_counts_among_many_too(run: Run) -> None:
    Path("reconciler.yaml").write_text(TWO, encoding="utf-8")
    run("apply", "--all", "--sandbox", "--yes")
    risk = Path("risk/stack.yaml").read_text(encoding="utf-8")
    write("risk", risk.replace("jobQueues:", "x-jobQueues:"))
    assert run("apply", "--all", "--sandbox", "--yes", "--allow-destroy=JobQueue/pricing").code == 0
    assert batch("describe_job_queues")["jobQueues"] == []


def test_a_consent_of_the_file_may_have_done_its_work(run: Run) -> None:
    Path("reconciler.yaml").write_text(GUARDED, encoding="utf-8")
    assert run("apply", "--all", "--sandbox", "--yes").code == 0


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (("--name", "pricng"), "--name pricng matches nothing in this region; nothing was done"),
        (("--kind", "SchedulingPolicy"), "--kind SchedulingPolicy matches nothing in this region; nothing was done"),
    ],
)
def test_an_import_of_what_is_not_there_writes_nothing(words: tuple[str, ...], message: str, run: Run) -> None:
    run("apply", "risk", "--sandbox", "--yes")
    ran = run("import", "--live", "--to", "new", "--sandbox", *words)
    assert (ran.code, message in " ".join(ran.err.split()), Path("new").exists()) == (64, True, False)


def test_an_environment_is_suggested(run: Run) -> None:
    Path("reconciler.yaml").write_text(
        "environments: {dev: {}, prod: {}}\nstacks: {risk: [dev, prod]}\n", encoding="utf-8"
    )
    ran = run("plan", "--all", "--env", "prdo", "--sandbox")
    assert (ran.code, "did you mean prod?" in ran.err) == (64, True)


@pytest.fixture
def repository(risk: Run) -> Path:
    """The folder of the stacks as a repository, with the queue of `risk` applied and then taken out of its file."""
    git("init", "-q", ".")
    git("add", ".")
    git("commit", "-qm", "first")
    text = Path("risk/stack.yaml").read_text(encoding="utf-8")
    write("risk", text[: text.index("jobQueues:")])
    git("commit", "-qam", "second")
    return Path("risk/stack.yaml")


def git(*words: str) -> str:
    identity = ("-c", "user.name=x", "-c", "user.email=x@example.com")
    return subprocess.run(["git", *identity, *words], capture_output=True, check=True, text=True).stdout.strip()


def test_a_consent_whose_work_is_done_is_no_mistake_where_git_has_known_the_name(repository: Path, run: Run) -> None:
    words = ("apply", "risk", "--sandbox", "--yes", "--allow-destroy=JobQueue/pricing", "--target=JobQueue/pricing")
    assert run(*words).code == 0
    assert batch("describe_job_queues")["jobQueues"] == []
    again = run(*words)
    commit = git("rev-parse", "--short", "HEAD")
    reason = f"it is already gone (commit {commit} was the last to change it in the files of the stack)"
    assert again.code == 0
    for option in ("--allow-destroy", "--target"):
        assert f"{option} JobQueue/pricing matches nothing: {reason}" in " ".join(again.err.split())
    several = run("apply", "risk", "small", *words[2:])
    assert (several.code, "already gone" in several.err) == (0, True)


@pytest.mark.parametrize(
    "pattern",
    [
        "JobQueue/pricng",
        "JobQueue/pricin?",
        "ComputeEnvironment/risk",
        "JobQueu/pricing",
        "JobQueue/spot",
        "JobQueue/.",
    ],
)
def test_what_git_has_not_known_is_a_mistake_all_the_same(pattern: str, repository: Path, run: Run) -> None:
    run("apply", "risk", "--sandbox", "--yes", "--allow-destroy=JobQueue/pricing")
    assert run("apply", "risk", "--sandbox", "--yes", f"--allow-destroy={pattern}").code == 64


def test_a_definition_that_is_deregistered_is_no_mistake(run: Run) -> None:
    run("apply", "risk", "--sandbox", "--yes")
    risk = Path("risk/stack.yaml").read_text(encoding="utf-8")
    write("risk", risk[: risk.index("jobDefinitions:")])
    words = ("apply", "risk", "--sandbox", "--yes", "--target=JobDefinition/simulate")
    assert [run(*words).code, run(*words).code] == [0, 0]
    assert "already gone (AWS shows its deregistered revisions)" in " ".join(run(*words).err.split())
    assert run("apply", "risk", "--sandbox", "--yes", "--target=JobDefinition/simulat").code == 64


def test_what_was_let_go_of_is_no_mistake(run: Run) -> None:
    run("apply", "risk", "--sandbox", "--yes")
    risk = Path("risk/stack.yaml").read_text(encoding="utf-8")
    write("risk", risk[: risk.index("jobQueues:")])
    words = ("forget", "risk", "--sandbox", "--yes", "--target=JobQueue/pricing")
    assert [run(*words).code, run(*words).code] == [0, 0]
    assert run("forget", "risk", "--sandbox", "--yes", "--target=JobQueue/pricng").code == 64

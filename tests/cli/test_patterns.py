"""Patterns on the command line that match nothing are usage errors, found before anything is done."""

from pathlib import Path

import pytest

from tests.cli.conftest import Run, write
from tests.cli.test_running import batch

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
    ran = run("plan", "--all", "--target-env", "prdo", "--sandbox")
    assert (ran.code, "did you mean prod?" in ran.err) == (64, True)

"""What plan and apply refuse, from words to exit code, and what lifts it."""

import re
from pathlib import Path

import pytest

from tests.cli.conftest import STACK, Run, write
from tests.cli.test_run import batch

WITHOUT_QUEUE = STACK.replace(STACK[STACK.index("jobQueues:") : STACK.index("jobDefinitions:")], "")
REFUSED = """\
error[GRD001]: JobQueue/pricing: deleting pricing removes a place where jobs wait
    hint: to allow it, use --allow-destroy=JobQueue/pricing, or --allow-destroy for all deletions
error: {}1 refused; nothing was changed
"""
ALLOWED = ("--allow-destroy=JobQueue/pricing",)


@pytest.fixture
def shrunk(risk: Run) -> Run:
    """The stack `risk` without the queue that it still has live."""
    write("risk", WITHOUT_QUEUE)
    return risk


def queues() -> list[str]:
    return [one["jobQueueName"] for one in batch("describe_job_queues")["jobQueues"]]


def test_a_plan_is_shown_whole_and_then_told_to_be_refused(shrunk: Run) -> None:
    ran = shrunk("plan", "risk", "--sandbox")
    assert (ran.code, ran.last) == (
        5,
        "Plan: 0 to add, 0 to change, 0 to replace, 1 to destroy: JobQueue/pricing. 1 refused.",
    )
    assert ran.err == REFUSED.format("apply would refuse this plan: ")


def test_apply_refuses_what_its_plan_was_told_to_be(shrunk: Run) -> None:
    ran = shrunk("apply", "risk", "--sandbox", "--yes")
    assert (ran.code, ran.err, queues()) == (5, REFUSED.format(""), ["pricing"])


def test_with_the_word_both_go_on(shrunk: Run) -> None:
    assert shrunk("plan", "risk", "--sandbox", *ALLOWED).code == 0
    assert (shrunk("apply", "risk", "--sandbox", "--yes", *ALLOWED).code, queues()) == (0, [])


def test_the_word_alone_is_for_everything_and_takes_no_stack_for_its_value(shrunk: Run) -> None:
    assert shrunk("apply", "--allow-destroy", "risk", "--sandbox", "--yes").code == 0


def test_every_format_tells_what_is_refused(shrunk: Run) -> None:
    words = ("-o", "json", "-o", "markdown=a.md", "-o", "github=a.txt")
    (refusal,) = shrunk("plan", "risk", "--sandbox", *words).json["refusals"]
    assert (refusal["code"], "--allow-destroy=JobQueue/pricing" in refusal["hint"]) == ("GRD001", True)
    assert "- **GRD001** JobQueue/pricing: deleting pricing removes" in read("a.md")
    assert read("a.txt").startswith("::error title=GRD001::JobQueue/pricing: deleting pricing removes")


def test_a_refused_apply_tells_every_format(shrunk: Run) -> None:
    document = shrunk("apply", "risk", "--sandbox", "--yes", "-o", "json", "-o", "markdown=a.md").json
    assert (document["error"]["exit"], document["problems"][0]["code"]) == (5, "GRD001")
    assert "**Not applied:** 1 refused; nothing was changed" in read("a.md")


def test_what_is_allowed_is_refused_nowhere(shrunk: Run) -> None:
    ran = shrunk("plan", "risk", "--sandbox", *ALLOWED, "-o", "json", "-o", "markdown=a.md")
    assert (ran.json["refusals"], "Refused" in read("a.md")) == ([], False)


def test_a_limit_counts_what_is_allowed_too(shrunk: Run) -> None:
    ran = shrunk("apply", "risk", "--sandbox", "--yes", *ALLOWED, "--max-destroy", "0")
    assert (ran.code, ran.err.splitlines()[0]) == (
        5,
        "error[GRD002]: 1 of 3 live resources would be deleted, but --max-destroy is 0",
    )


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (
            ("--max-destroy", "many"),
            "argument --max-destroy: 'many' is neither a number nor a percentage, such as 5 or 20%",
        ),
        (
            ("--max-destroy", "150%"),
            "argument --max-destroy: '150%' is neither a number nor a percentage, such as 5 or 20%",
        ),
        (("--allow-destroy=",), "argument --allow-destroy: the value after = is empty"),
    ],
)
def test_a_word_that_means_nothing_is_wrong_usage(words: tuple[str, ...], message: str, run: Run) -> None:
    ran = run("apply", "risk", "--sandbox", *words)
    assert (ran.code, ran.err.splitlines()[0]) == (64, f"error: {message}")


def test_drift_and_destroy_take_no_consents(run: Run) -> None:
    assert [run(command, "risk", "--allow-destroy").code for command in ("drift", "destroy")] == [64, 64]


def test_destroy_in_ci_is_held_by_protection_alone(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CI", "true")
    protected = "    lifecycle: {preventDestroy: true}\n"
    write("risk", STACK.replace("  simulate:\n", f"  simulate:\n{protected}"))
    run("apply", "risk", "--sandbox", "--yes")
    assert run("destroy", "risk", "--sandbox", "--yes").code == 5
    assert queues() == ["pricing"]
    write("risk", STACK)
    assert run("destroy", "risk", "--sandbox", "--yes").code == 5  # the tag says so until the next apply
    assert run("apply", "risk", "--sandbox", "--yes").code == 0
    assert (run("destroy", "risk", "--sandbox", "--yes").code, queues()) == (0, [])


@pytest.fixture
def busy(shrunk: Run) -> Run:
    """The same, with jobs in the queue."""
    shrunk("sandbox", "submit", "pricing", "simulate", "--count", "3", "--seconds", "10m")
    return shrunk


@pytest.mark.parametrize("words", [("--drain",), ("--cancel-jobs",)])
def test_jobs_in_a_queue_need_a_word_of_their_own(words: tuple[str, ...], busy: Run) -> None:
    ran = busy("plan", "risk", "--sandbox", *ALLOWED)
    assert (ran.code, "refused[PLAN010]" in ran.out) == (5, True)
    assert busy("plan", "risk", "--sandbox", *ALLOWED, *words).code == 0
    assert (busy("apply", "risk", "--sandbox", "--yes", *ALLOWED, *words).code, queues()) == (0, [])


def test_jobs_are_drained_or_cancelled(run: Run) -> None:
    ran = run("destroy", "risk", "--sandbox", "--drain", "--cancel-jobs")
    assert (ran.code, ran.err.splitlines()[0]) == (
        64,
        "error: argument --cancel-jobs: not allowed with argument --drain",
    )


def read(file: str) -> str:
    return Path(file).read_text(encoding="utf-8")


FAIR = "schedulingPolicies:\n  fair: {fairsharePolicy: {shareDecaySeconds: 60}}\n"
WITH_POLICY = STACK.replace("jobQueues:", f"{FAIR}jobQueues:").replace(
    "  pricing:\n", "  pricing:\n    schedulingPolicy: fair\n"
)
PROTECTED = STACK.replace("  pricing:\n", "  pricing:\n    lifecycle: {preventDestroy: true}\n")
SITUATIONS = {
    "GRD001": (STACK, WITHOUT_QUEUE, ()),
    "GRD002": (STACK, WITHOUT_QUEUE, (*ALLOWED, "--max-destroy", "0")),
    "PLAN001": (STACK, WITH_POLICY, ()),
    "PLAN002": (STACK, STACK, ()),
    "PLAN003": (STACK, STACK.replace("stack: risk", "stack: other"), ()),
    "PLAN004": (PROTECTED, WITHOUT_QUEUE, ALLOWED),
    "PLAN007": (STACK, "stack: risk\n", ()),
}


@pytest.mark.parametrize("code", SITUATIONS)
def test_a_refusal_is_in_every_format_of_a_plan_and_in_its_total(code: str, run: Run) -> None:
    before, after, words = SITUATIONS[code]
    write("risk", before)
    run("apply", "risk", "--sandbox", "--yes")
    if code == "PLAN002":
        run("forget", "risk", "--sandbox", "--yes")
    write("risk", after)
    files = ("-o", "text=a.txt", "-o", "markdown=a.md", "-o", "html=a.html", "-o", "github=a.github")
    ran = run("plan", "risk", "--sandbox", *words, "-o", "json", *files)
    assert ran.code == 5
    refused = ran.json["summary"]["refused"]
    assert (refused > 0, code in {refusal["code"] for refusal in ran.json["refusals"]}) == (True, True)
    assert f"refused[{code}]" in read("a.txt")
    assert read("a.txt").splitlines()[-1].endswith(f" {refused} refused.")
    assert f" {refused} refused." in read("a.md").splitlines()[0]
    assert f"**{code}**" in read("a.md")
    assert f"<b>{code} </b>" in read("a.html")
    assert f"title={code}::" in read("a.github")
    assert f" {refused} refused." in read("a.github").splitlines()[-1]


@pytest.mark.parametrize("command", ["plan", "apply", "destroy"])
def test_the_option_that_terminates_jobs_says_so(command: str, run: Run) -> None:
    assert "terminate jobs that are queued or running in it" in " ".join(run(command, "--help").out.split())


def test_a_plan_says_which_jobs_will_be_terminated(busy: Run) -> None:
    told = " ".join(busy("plan", "risk", "--sandbox", *ALLOWED, "--cancel-jobs").out.split())
    assert re.search(r"; 3 [A-Z]+ jobs will be terminated", told)
    refused = " ".join(busy("plan", "risk", "--sandbox", *ALLOWED).out.split())
    assert re.search(r"refused\[PLAN010\]: 3 [A-Z]+ jobs are in pricing", refused)
    assert "choose --drain (wait until they end) or --cancel-jobs (terminate them)" in refused

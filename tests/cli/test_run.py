"""plan, apply, drift and destroy, from words to exit code, against the sandbox."""

import io
import os
import shlex
import signal
import sys
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pytest

from reconciler.app import usecases
from reconciler.cli.context import gravest_code
from reconciler.cli.run import describe_harm
from reconciler.cli.signals import Terminated
from reconciler.cli.streams import is_ci
from reconciler.model import Action, Address, Change, Cost, FieldChange, Json
from reconciler.problems import CloudError, Fault
from reconciler.sandbox import session
from reconciler.sandbox.session import sandbox_session
from tests.cli.conftest import STACK, Ran, Run, write

PLANNED = "Plan: 3 to add, 0 to change, 0 to replace, 0 to destroy."
NOTHING = "No changes. 3 resources are as declared."
APPLIED = "Apply: 3 done, 0 failed, 0 skipped, 0 not started."


def batch(operation: str, **request: Json) -> Mapping[str, Json]:
    """Do what somebody else might do to the sandbox meanwhile."""
    client = sandbox_session(session.open_sandbox(".reconciler/sandbox.json"), "us-east-1").create_client("batch")
    return getattr(client, operation)(**request)


def at_a_terminal(monkeypatch: pytest.MonkeyPatch, answer: str) -> None:
    class Terminal(io.StringIO):
        def isatty(self) -> bool:
            return True

    monkeypatch.setattr(sys, "stdin", Terminal(answer))
    monkeypatch.setattr(sys.stderr, "isatty", lambda: True, raising=False)


def failing(error: BaseException) -> Callable[..., Any]:
    def fail(*_args: object, **_kwargs: object) -> None:
        raise error

    return fail


def test_a_plan_is_on_stdout_alone_and_exits_0(run: Run) -> None:
    ran = run("plan", "risk", "--sandbox")
    assert (ran.code, ran.last, ran.err) == (0, PLANNED, "")


def test_changes_exit_2_for_those_who_ask(run: Run) -> None:
    assert run("plan", "risk", "--sandbox", "--detailed-exitcode").code == 2


def test_a_plan_changes_nothing(run: Run) -> None:
    run("plan", "risk", "--sandbox")
    assert batch("describe_compute_environments")["computeEnvironments"] == []


def test_apply_changes_what_was_planned_and_proves_it(run: Run) -> None:
    ran = run("apply", "risk", "--sandbox", "--yes")
    assert (ran.code, ran.last, "Converged: planning again finds nothing to do." in ran.out) == (0, APPLIED, True)
    assert (run("plan", "risk", "--sandbox", "--detailed-exitcode").code, run("drift", "risk", "--sandbox").code) == (
        0,
        0,
    )


def test_apply_without_changes_asks_nothing(run: Run) -> None:
    run("apply", "risk", "--sandbox", "--yes")
    ran = run("apply", "risk", "--sandbox")
    assert (ran.code, ran.last) == (0, NOTHING)


def test_without_a_terminal_apply_shows_the_plan_and_wants_a_yes(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "stdin", io.StringIO())
    ran = run("apply", "risk", "--sandbox")
    assert (ran.code, ran.last, ran.err) == (
        64,
        PLANNED,
        "error: confirmation is required, but stdin is not a terminal. Nothing was changed\n    hint: use --yes\n",
    )
    assert run("plan", "risk", "--sandbox").last == PLANNED


def test_ci_is_never_asked_even_at_a_terminal(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    at_a_terminal(monkeypatch, "y\n")
    monkeypatch.setenv("CI", "true")
    assert run("apply", "risk", "--sandbox").code == 64


@pytest.mark.parametrize(("value", "expected"), [("true", True), ("1", True), ("false", False), ("", False)])
def test_ci_is_recognised(value: str, expected: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CI", value)
    assert is_ci() is expected


@pytest.mark.parametrize(("answer", "code"), [("y\n", 0), ("YES\n", 0), ("n\n", 10), ("\n", 10), ("", 10)])
def test_only_a_yes_is_a_yes(answer: str, code: int, run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    at_a_terminal(monkeypatch, answer)
    ran = run("apply", "risk", "--sandbox")
    assert (ran.code, "Apply 3 changes? [y/N] " in ran.err) == (code, True)


def changes(action: Action, kind: str, *names: str, cost: Cost = Cost.METADATA) -> list[Change]:
    fields = (FieldChange(path=("x",), before=1, after=2, cost=cost),)
    return [Change(action=action, address=Address(kind, name), name=name, fields=fields) for name in names]


QUEUES = ("a", "b", "c", "d", "e")


@pytest.mark.parametrize(
    ("plan", "said"),
    [
        (changes(Action.UPDATE, "JobQueue", "a"), ""),
        (changes(Action.CREATE, "JobQueue", "a"), ""),
        (changes(Action.DELETE, "JobQueue", "quick"), "This deletes JobQueue/quick. "),
        (changes(Action.DELETE, "JobQueue", *QUEUES[:3]), "This deletes JobQueue/a, JobQueue/b and JobQueue/c. "),
        (changes(Action.DELETE, "JobQueue", *QUEUES), "This deletes JobQueue/a, JobQueue/b and 3 more resources. "),
        (
            [
                *changes(Action.UPDATE, "ComputeEnvironment", "spot", cost=Cost.INFRASTRUCTURE),
                *changes(Action.DELETE, "JobQueue", "quick"),
                *changes(Action.RETIRE, "ComputeEnvironment", "old"),
                *changes(Action.BLUE_GREEN, "ComputeEnvironment", "old", cost=Cost.REPLACE),
            ],
            (
                "This deletes JobQueue/quick, replaces ComputeEnvironment/old and replaces the instances of "
                "ComputeEnvironment/spot. "
            ),
        ),
    ],
)
def test_the_question_says_what_is_deleted_replaced_and_interrupted(plan: list[Change], said: str) -> None:
    assert describe_harm(plan) == said


def test_a_deletion_is_named_before_it_is_agreed_to(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    run("apply", "risk", "--sandbox", "--yes")
    write("risk", STACK.partition("jobDefinitions:")[0])
    at_a_terminal(monkeypatch, "n\n")
    ran = run("apply", "risk", "--sandbox", "--allow-destroy")
    assert (ran.code, "\nThis deletes JobDefinition/simulate. Apply 1 change? [y/N] " in ran.err) == (10, True)


def test_apply_tells_programs_one_document_and_people_the_rest(run: Run) -> None:
    ran = run("apply", "risk", "--sandbox", "--yes", "-o", "json")
    assert ([result["state"] for result in ran.json["results"]], ran.json["rest"]["is_empty"]) == (["done"] * 3, True)
    assert (PLANNED in ran.err, APPLIED in ran.err) == (True, True)


def test_several_stacks_are_an_array_of_documents(run: Run) -> None:
    ran = run("plan", "risk", "small", "--sandbox", "-o", "json")
    assert [one["stack"] for one in ran.json] == ["risk", "small"]


def test_a_document_in_a_file_leaves_stdout_to_people(run: Run) -> None:
    ran = run("plan", "risk", "--sandbox", "-o", "json=plan.json", "-o", "text=plan.txt")
    assert ran.last == PLANNED
    assert Path("plan.txt").read_text(encoding="utf-8") == ran.out
    assert '"document": "plan"' in Path("plan.json").read_text(encoding="utf-8")


def test_a_file_that_cannot_be_written_is_wrong_usage(run: Run) -> None:
    ran = run("plan", "risk", "--sandbox", "-o", "json=no/such/folder")
    assert (ran.code, ran.err) == (64, "error: cannot write no/such/folder: No such file or directory\n")


def test_an_invalid_stack_exits_3_and_the_others_are_still_planned(run: Run) -> None:
    write("small", "stack: small\nnonsense: 1\n")
    ran = run("plan", "small", "risk", "--sandbox")
    assert (ran.code, ran.last, "small/stack.yaml:2:1: error[" in ran.err) == (3, PLANNED, True)


def test_an_invalid_stack_is_a_document_too(run: Run) -> None:
    write("small", "stack: small\nnonsense: 1\n")
    document = run("plan", "small", "--sandbox", "-o", "json").json
    assert (document["error"]["exit"], document["problems"][0]["line"]) == (3, 2)


def test_apply_stops_at_the_first_stack_that_fails(run: Run) -> None:
    write("small", "stack: small\nnonsense: 1\n")
    assert run("apply", "small", "risk", "--sandbox", "--yes").code == 3
    assert run("plan", "risk", "--sandbox").last == PLANNED


def test_another_region_than_the_stacks_exits_4(run: Run) -> None:
    write("risk", STACK.replace("stack: risk\n", "stack: risk\nregion: eu-west-1\n"))
    assert run("plan", "risk", "--sandbox", "--region", "us-east-1").code == 4


def test_a_stack_may_speak_of_the_account_it_is_in(run: Run) -> None:
    write("risk", STACK.replace("image: busybox:1", 'image: !sub "${account}.dkr.ecr.${region}.amazonaws.com/x:1"'))
    ran = run("plan", "risk", "--sandbox", "--region", "eu-west-1")
    assert "image: 123456789012.dkr.ecr.eu-west-1.amazonaws.com/x:1" in ran.out


def test_what_somebody_changed_is_drift_and_exits_2(run: Run) -> None:
    run("apply", "risk", "--sandbox", "--yes")
    batch("update_job_queue", jobQueue="pricing", priority=99)
    ran = run("drift", "risk", "--sandbox")
    assert (ran.code, ran.last) == (2, "Drift: 1 changed, 0 undeclared, 0 missing, 0 unhealthy.")


def test_drift_ends_with_the_commands_that_undo_and_that_keep_it(run: Run) -> None:
    run("apply", "risk", "--sandbox", "--yes")
    batch("update_job_queue", jobQueue="pricing", priority=99)
    lines = run("drift", "risk", "--sandbox").out.splitlines()
    undo, check = (shlex.split(line) for line in lines if line.startswith("    reconciler "))
    assert (undo[:3], check[:3]) == (["reconciler", "apply", "risk"], ["reconciler", "plan", "risk"])
    assert undo[-2:] == ["--target", "JobQueue/pricing"]
    assert run(*undo[1:], "--yes").code == 0
    assert (run("drift", "risk", "--sandbox").code, run(*check[1:], "--detailed-exitcode").code) == (0, 0)


def test_without_drift_there_is_nothing_to_undo(run: Run) -> None:
    run("apply", "risk", "--sandbox", "--yes")
    assert "    reconciler " not in run("drift", "risk", "--sandbox").out


def test_what_is_not_applied_yet_is_no_drift(run: Run) -> None:
    run("apply", "risk", "--sandbox", "--yes")
    write("risk", STACK.replace("priority: 10", "priority: 11"))
    ran = run("drift", "risk", "--sandbox")
    assert (ran.code, "pending  JobQueue/pricing  not applied yet   in place" in ran.out) == (0, True)


@pytest.mark.parametrize(("answer", "code"), [("risk\n", 0), ("y\n", 10), ("Risk\n", 10), ("\n", 10), ("", 10)])
def test_destroy_wants_to_hear_the_name_of_the_stack(
    answer: str, code: int, run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    run("apply", "risk", "--sandbox", "--yes")
    at_a_terminal(monkeypatch, answer)
    ran = run("destroy", "risk", "--sandbox")
    assert (ran.code, "\nDestroy 3 resources? Type risk to go on: " in ran.err) == (code, True)
    assert (run("plan", "risk", "--sandbox").last == PLANNED) is (code == 0)


def test_what_nobody_owns_is_shown_and_refused(run: Run) -> None:
    policy = {"shareDecaySeconds": 60}
    batch("create_scheduling_policy", name="fair", fairsharePolicy=policy)
    planned, applied = run("plan", "small", "--sandbox"), run("apply", "small", "--sandbox", "--yes")
    assert (planned.code, applied.code) == (5, 5)
    assert "refused[PLAN002]" in planned.out
    assert run("apply", "small", "--sandbox", "--yes", "--adopt").code == 0


def test_a_refused_apply_tells_programs_why(run: Run) -> None:
    batch("create_scheduling_policy", name="fair", fairsharePolicy={"shareDecaySeconds": 60})
    document = run("apply", "small", "--sandbox", "--yes", "-o", "json").json
    assert (document["error"]["exit"], document["problems"][0]["code"], document["plan"]["document"]) == (
        5,
        "PLAN002",
        "plan",
    )


def test_targets_choose_what_is_planned(run: Run) -> None:
    ran = run("plan", "risk", "--sandbox", "--target", "JobDefinition/*")
    assert ran.last == "Plan: 1 to add, 0 to change, 0 to replace, 0 to destroy."


@pytest.mark.parametrize(("fault", "code"), [(Fault.DENIED, 4), (Fault.REFUSED, 1), (Fault.UNREACHABLE, 1)])
def test_a_failed_call_is_a_message_and_a_code(
    fault: Fault, code: int, run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    error = CloudError("DescribeJobQueues", fault, "Oops", "it went wrong", hint="try this")
    monkeypatch.setattr(usecases, "plan", failing(error))
    ran = run("plan", "risk", "--sandbox")
    assert (ran.code, ran.out, ran.err) == (
        code,
        "",
        "error: DescribeJobQueues: Oops: it went wrong\n    hint: try this\n",
    )


def test_a_bug_is_a_short_message(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(usecases, "plan", failing(KeyError("x")))
    ran = run("plan", "risk", "--sandbox")
    assert (ran.code, ran.err) == (1, "error: KeyError: 'x'\n    hint: this is a bug; -v shows where\n")


def test_a_bug_shows_where_it_is_to_those_who_ask(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(usecases, "plan", failing(KeyError("x")))
    assert run("plan", "risk", "--sandbox", "-v").err.startswith("Traceback (most recent call last):")


def test_ctrl_c_exits_130(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(usecases, "plan", failing(KeyboardInterrupt()))
    assert run("plan", "risk", "--sandbox").code == 130


@pytest.mark.parametrize(
    ("error", "word", "code"), [(KeyboardInterrupt, "interrupted", 130), (Terminated, "terminated", 143)]
)
def test_a_signal_at_the_question_says_on_a_line_of_its_own_that_nothing_was_changed(
    error: type[BaseException], word: str, code: int, run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    at_a_terminal(monkeypatch, "")
    monkeypatch.setattr(sys.stdin, "readline", failing(error()), raising=False)
    ran = run("apply", "risk", "--sandbox")
    assert (ran.code, ran.err.splitlines()[-1]) == (code, f"{word}; nothing was changed")
    assert batch("describe_job_queues")["jobQueues"] == []


def test_sigterm_exits_143(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(usecases, "plan", lambda *_args, **_more: os.kill(os.getpid(), signal.SIGTERM))
    before = signal.getsignal(signal.SIGTERM)
    assert run("plan", "risk", "--sandbox").code == 143
    assert signal.getsignal(signal.SIGTERM) is before


@pytest.mark.parametrize(("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_a_signal_ends_a_run_after_its_present_steps(
    number: signal.Signals, code: int, run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole = usecases.run

    def interrupted(*args: Any, **kwargs: Any) -> usecases.Finish:
        os.kill(os.getpid(), number)
        return whole(*args, **kwargs)

    monkeypatch.setattr(usecases, "run", interrupted)
    ran = run("apply", "risk", "--sandbox", "--yes")
    assert (ran.code, ran.last) == (code, "Apply: 0 done, 0 failed, 0 skipped, 3 not started.")
    assert "Stopping after the current steps." in ran.err
    monkeypatch.setattr(usecases, "run", whole)
    assert run("apply", "risk", "--sandbox", "--yes").code == 0


@pytest.mark.parametrize(
    ("codes", "expected"), [([0, 0], 0), ([0, 2, 0], 2), ([2, 4, 3], 4), ([0, 3, 2], 3), ([2, 1], 1)]
)
def test_the_gravest_of_several_codes_counts(codes: list[int], expected: int) -> None:
    assert gravest_code(codes) == expected


def test_a_sandbox_is_forgotten(run: Run) -> None:
    run("apply", "small", "--sandbox", "--yes")
    ran: Ran = run("sandbox", "reset")
    assert (ran.code, ran.out) == (0, ".reconciler/sandbox.json: deleted\n")
    assert run("sandbox", "reset").out == ".reconciler/sandbox.json: nothing to delete\n"


def test_a_file_that_is_no_sandbox_is_not_deleted(run: Run) -> None:
    assert run("sandbox", "reset", "--file", "risk/stack.yaml").code != 0
    assert Path("risk/stack.yaml").read_text(encoding="utf-8") == STACK


def test_without_credentials_or_region_the_message_says_what_to_do(run: Run) -> None:
    assert run("plan", "risk").code == 4


@pytest.mark.parametrize(
    ("ending", "code", "word"), [(KeyboardInterrupt, 130, "interrupted"), (Terminated, 143, "terminated")]
)
def test_a_signal_before_a_command_begins_is_an_ending_as_any_other(
    run: Run, monkeypatch: pytest.MonkeyPatch, ending: type[BaseException], code: int, word: str
) -> None:
    def ended(*_args: object, **_options: object) -> None:
        raise ending

    monkeypatch.setattr("reconciler.cli.observer.watch_of", ended)
    ran = run("plan", "small", "--sandbox")
    assert (ran.code, ran.out, ran.err) == (code, "", f"error: {word}\n")

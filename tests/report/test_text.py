"""Plans, drift and outcomes as people read them. `pytest --update` rewrites the golden files; read them then."""

import io
from collections.abc import Callable
from dataclasses import replace

import pytest

from reconciler.apply import Outcome
from reconciler.inspect.status import ResourceStatus, StackStatus, Sync
from reconciler.model import Address, Cost, Plan
from reconciler.problems import Declined, Problem, Stopped, Where
from reconciler.redact.presented import present, present_finish, present_problems, present_status, present_stopped
from reconciler.redact.secrets import Secrets
from reconciler.report.results import drift_of
from reconciler.report.text.drift import drift_page
from reconciler.report.text.inspect import status_page
from reconciler.report.text.page import Page, console_for, problems_page, show, stopped_page
from reconciler.report.text.plan import finish_page, plan_page
from tests.fakes import HERE
from tests.report import samples

WIDTHS = pytest.mark.parametrize("width", [80, 200])
PAGES: dict[str, Callable[[int], Page]] = {
    "plan": lambda width: plan_page(present(samples.EVERYTHING), width),
    "plan-verbose": lambda width: plan_page(present(samples.EVERYTHING), width, 2),
    "nothing": lambda width: plan_page(present(samples.NOTHING), width),
    "drift": lambda width: drift_page(drift_of(present(samples.EVERYTHING)), width),
    "drift-verbose": lambda width: drift_page(drift_of(present(samples.EVERYTHING)), width, 1),
    "no-drift": lambda width: drift_page(drift_of(present(samples.NOTHING)), width),
    "partly": lambda width: finish_page(present_finish(samples.PARTLY), width),
    "converged": lambda width: finish_page(present_finish(samples.CONVERGED), width),
}


@WIDTHS
@pytest.mark.parametrize("name", PAGES)
def test_a_page_reads_as_its_golden_file(name: str, width: int, golden: Callable[[str, str], None]) -> None:
    golden(f"{name}-{width}.txt", PAGES[name](width).plain)


@WIDTHS
@pytest.mark.parametrize("name", PAGES)
def test_no_line_but_the_last_is_wider_than_the_page_and_none_ends_in_blanks(name: str, width: int) -> None:
    *lines, _last = PAGES[name](width).plain.splitlines()
    assert [line for line in lines if len(line) > width or line != line.rstrip()] == []


def test_the_last_line_of_a_plan_is_stable() -> None:
    assert plan_page(present(samples.LEFT), 80).plain.splitlines()[-1] == (
        "Plan: 0 to add, 1 to change (1 in place), 0 to replace, 0 to destroy."
    )


def test_the_last_line_stays_one_line_on_a_narrow_page() -> None:
    assert plan_page(present(samples.EVERYTHING), 40).plain.splitlines()[-1] == (
        "Plan: 1 to add, 3 to change (1 replaces instances, 1 revision, 1 in place), 1 to replace, "
        "1 to destroy: ComputeEnvironment/old. 2 to adopt. 1 to forget. 2 refused."
    )


def test_folding_loses_no_character_of_a_long_value() -> None:
    page = Page(40)
    page.line("value ", "x" * 100, indent=4)
    assert "".join(page.plain.split()) == "value" + "x" * 100


def test_a_message_cannot_steer_the_terminal() -> None:
    page = Page(80)
    page.line("before \x1b[31mred\x07 after")
    assert page.plain == "before \\x1b[31mred\\x07 after\n"


def test_a_pipe_gets_no_escape_sequences(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("FORCE_COLOR", "NO_COLOR", "COLUMNS"):
        monkeypatch.delenv(name, raising=False)
    stream = io.StringIO()
    show(plan_page(present(samples.EVERYTHING), 120), console_for(stream))
    assert stream.getvalue() == plan_page(present(samples.EVERYTHING), 120).plain


def test_colour_can_be_forced_and_no_color_wins(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FORCE_COLOR", "1")
    monkeypatch.setenv("TERM", "xterm-256color")
    monkeypatch.delenv("NO_COLOR", raising=False)
    colored, plain = io.StringIO(), io.StringIO()
    show(plan_page(present(samples.LEFT), 80), console_for(colored))
    monkeypatch.setenv("NO_COLOR", "1")
    show(plan_page(present(samples.LEFT), 80), console_for(plain))
    assert ("\x1b[" in colored.getvalue(), "\x1b[" in plain.getvalue()) == (True, False)


def test_columns_decides_the_width_and_a_pipe_has_120(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("COLUMNS", raising=False)
    by_default = console_for(io.StringIO()).width
    monkeypatch.setenv("COLUMNS", "66")
    assert (by_default, console_for(io.StringIO()).width) == (120, 66)


def test_one_resource_as_declared_is_told_in_the_singular() -> None:
    assert plan_page(present(Plan("risk", HERE, unchanged=1)), 80).plain.splitlines()[2] == (
        "No changes. 1 resource is as declared."
    )


def test_what_stopped_a_command_stands_below_its_problems() -> None:
    stopped = Stopped("2 problems found", problems=(Problem("A1", "wrong", Where("a.yaml", 3, 5), "right it"),))
    assert stopped_page(present_stopped(stopped), 80).plain == (
        "a.yaml:3:5: error[A1]: wrong\n    hint: right it\nerror: 2 problems found\n"
    )


def test_a_problem_is_one_line_however_long() -> None:
    problem = Problem("A1", "wrong" * 40, Where("a.yaml", 3, 5))
    assert problems_page(present_problems([problem]), 80).plain == f"a.yaml:3:5: error[A1]: {'wrong' * 40}\n"


def test_a_no_of_the_user_is_not_called_an_error() -> None:
    assert (
        stopped_page(present_stopped(Declined("declined; nothing was changed")), 80).plain
        == "declined; nothing was changed\n"
    )


@pytest.mark.parametrize("name", ["SCRIPT", "CONFIG"])
@pytest.mark.parametrize("width", [80, 200])
def test_a_secret_in_a_changed_script_or_json_is_in_no_line(name: str, width: int) -> None:
    secret = "correct-horse-battery"
    texts = {
        "SCRIPT": f"set -e\ncurl -u ci:{secret} https://example.org\necho done\n",
        "CONFIG": f'{{"dsn": "ci/{secret}", "paths": 1}}',
    }
    before, after = texts[name], texts[name].replace("done", "end").replace("1", "2")
    field = samples.member(f"containerProperties.environment.{name}.value", before, after, Cost.REVISION)
    plan = replace(samples.NOTHING, changes=(replace(samples.SIMULATE, fields=(field,)),))
    page = plan_page(present(plan, Secrets(frozenset({secret}))), width, 1).plain
    assert (secret in page, "<redacted>" in page) == (False, True)


def test_who_has_seen_each_change_end_reads_only_what_is_not_plainly_done() -> None:
    page = finish_page(present_finish(samples.PARTLY), 120, is_followed=True).plain
    assert ("ComputeEnvironment/spot" in page, "JobQueue/pricing" in page) == (False, True)
    assert finish_page(present_finish(samples.CONVERGED), 120, is_followed=True).plain.startswith("Converged:")


def test_of_very_many_changes_that_are_done_the_number_is_told() -> None:
    (done,) = samples.CONVERGED.outcome.results
    many = replace(samples.PARTLY, outcome=Outcome((*samples.PARTLY.outcome.results, *(done,) * 5_000)))
    page = finish_page(present_finish(many), 120).plain
    assert "5001 other resources" in page
    assert "ComputeEnvironment/gpu" in page
    assert len(page.splitlines()) < 20


def test_of_many_resources_those_without_anything_to_say_are_counted_unless_all_are_asked_for() -> None:
    def resource(name: str, health: str = "ACTIVE") -> ResourceStatus:
        return ResourceStatus(
            address=Address("JobDefinition", name),
            name=name,
            health=health,
            is_healthy=health == "ACTIVE",
            sync=Sync.IN_SYNC,
        )

    resources = (*(resource(f"j{number}") for number in range(500)), resource("bad", "INVALID"))
    status = present_status(StackStatus(stack="risk", identity=HERE, resources=resources))
    lines = status_page(status, 80).plain.splitlines()[3:5]
    assert lines == [
        "INVALID  in sync  JobDefinition/bad",
        "ACTIVE   in sync  500 job definitions  -v lists them",
    ]
    assert len(status_page(status, 80, verbose=1).plain.splitlines()) > 500

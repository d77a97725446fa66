"""The line that a terminal shows while a run reads: after a second, and never beside anything else."""

import io

import pytest

from reconciler.cli.observer import status_line
from reconciler.cli.streams import ERASE, Log, StatusLine
from tests.fakes import InstantClock


@pytest.fixture
def clock() -> InstantClock:
    return InstantClock()


@pytest.fixture
def line(clock: InstantClock) -> StatusLine:
    return StatusLine(io.StringIO(), clock.now)


def shown(line: StatusLine) -> str:
    assert isinstance(line.stream, io.StringIO)
    return line.stream.getvalue()


def test_what_takes_less_than_a_second_shows_nothing(line: StatusLine, clock: InstantClock) -> None:
    with line.reading():
        clock.time += 0.9
        line.called()
        line.draw()
    assert shown(line) == ""


def test_what_takes_longer_shows_the_calls_and_is_erased_at_the_end(line: StatusLine, clock: InstantClock) -> None:
    with line.reading():
        line.called()
        clock.time += 2
        line.called()
    assert shown(line) == f"{ERASE}reading … 2 calls to AWS, 2 s{ERASE}"
    clock.time += 5
    line.draw()
    assert shown(line).endswith(f"2 s{ERASE}")


def test_phases_in_each_other_are_one(line: StatusLine, clock: InstantClock) -> None:
    with line.reading():
        clock.time += 3
        with line.reading():
            line.called()
        assert shown(line) == f"{ERASE}reading … 1 call to AWS, 3 s"


def test_of_many_deployments_it_counts_those_that_are_done(line: StatusLine, clock: InstantClock) -> None:
    line.expect(11)
    with line.reading():
        clock.time += 8
        line.called()
        line.advance()
    assert f"{ERASE}1 of 11 deployments done … 1 call to AWS, 8 s" in shown(line)


def test_a_line_of_the_log_has_its_own_row(
    line: StatusLine, clock: InstantClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("sys.stderr", line.stream)
    with line.reading():
        clock.time += 2
        line.draw()
        Log(status=line).write("locked by ana", {})
        line.draw()
    assert f"{ERASE}locked by ana\n{ERASE}reading … 0 calls to AWS" in shown(line)
    assert shown(line).endswith(f"reading … 0 calls to AWS, 2 s{ERASE}")


@pytest.mark.parametrize(("is_terminal", "variable"), [(False, ""), (True, "CI"), (True, "TERM")])
def test_only_a_person_at_a_terminal_sees_it(is_terminal: bool, variable: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sys.stderr.isatty", lambda: is_terminal, raising=False)
    for name, value in (("CI", "true"), ("TERM", "dumb")):
        if name == variable:
            monkeypatch.setenv(name, value)
        else:
            monkeypatch.delenv(name, raising=False)
    assert status_line() is None

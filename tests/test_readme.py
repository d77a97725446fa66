"""What README says is what is so."""

import re
import shlex
from functools import partial
from pathlib import Path

import pytest

from reconciler.adapters.aws import clock as aws_clock
from reconciler.cli.main import main
from reconciler.cli.parser import parse
from reconciler.problems import Exit
from reconciler.sandbox import session
from tests.fakes import InstantClock

ROOT = Path(__file__).parent.parent
README = (ROOT / "README.md").read_text(encoding="utf-8")


def block(mark: str) -> str:
    found = re.search(rf"<!-- {mark} -->\n```sh\n(.+)\n```", README)
    assert found
    return found[1]


def section(title: str) -> str:
    return README.split(f"\n## {title}\n")[1].split("\n## ")[0]


@pytest.fixture
def clone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    (tmp_path / "stacks").symlink_to(ROOT / "stacks")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("CI", "true")
    return tmp_path


def test_the_first_command_runs_the_main_job_to_an_empty_plan(clone: Path, capsys: pytest.CaptureFixture[str]) -> None:
    commands = [part.split("reconciler ", 1)[1] for part in block("try").split(" && ") if "bin/reconciler " in part]
    assert [command.split()[0] for command in commands] == ["plan", "apply", "plan"]
    assert [main(shlex.split(command)) for command in commands] == [0, 0, 0]
    assert "No changes." in capsys.readouterr().out


def test_the_gate_runs_the_second_command() -> None:
    assert block("test").endswith(".venv/bin/python tests/check.py")
    assert "<!-- test -->" in (ROOT / ".ci" / "run").read_text(encoding="utf-8")


def test_the_example_is_valid(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (example,) = re.findall(r"```yaml\n(.+?)```", README, re.DOTALL)
    (tmp_path / "stack.yaml").write_text(example, encoding="utf-8")
    code = main(["validate", str(tmp_path), "--var", "image=repository/image:1"])
    assert (code, capsys.readouterr().err) == (0, "")


def test_the_example_is_in_canonical_style(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (example,) = re.findall(r"```yaml\n(.+?)```", README, re.DOTALL)
    (tmp_path / "stack.yaml").write_text(example, encoding="utf-8")
    assert main(["fmt", str(tmp_path), "--check"]) == Exit.DONE, capsys.readouterr().out


def test_the_commands_are_those_that_exist() -> None:
    from reconciler.cli.parser import COMMANDS

    rows = re.findall(r"^\| (`[^|]+) \|", section("Commands"), re.MULTILINE)
    told = {word for row in rows for word in re.findall(r"`([\w-]+)", row)}
    assert told == set(COMMANDS)


def test_every_command_line_is_one_that_is_taken() -> None:
    lines = re.findall(
        r"^(?:\S+=\S+ )*(?:\S*/)?reconciler (.+?)(?: &)?(?:  +#.*)?$", "\n".join(shell_blocks()), re.MULTILINE
    )
    assert len(lines) > 5
    for line in lines:
        assert parse(shlex.split(line)).run


def test_what_goes_wrong_in_the_sandbox_does_so_on_the_example(
    clone: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    clock = InstantClock(1_700_000_000.0)
    monkeypatch.setattr(aws_clock, "WallClock", lambda: clock)
    monkeypatch.setattr(session, "open_sandbox", partial(session.open_sandbox, clock=clock))
    for name in ("AWS_ENDPOINT_URL", "AWS_ENDPOINT_URL_BATCH"):
        monkeypatch.delenv(name, raising=False)
    assert main(["apply", "stacks/rendering", "--sandbox", "--yes"]) == 0
    lines = re.findall(r"^reconciler (sandbox (?:submit|drift|break|tick) .+)$", section("The sandbox"), re.MULTILINE)
    assert len(lines) > 10
    assert [line for line in lines if main(shlex.split(line, comments=True))] == []
    assert capsys.readouterr().out.endswith("sandbox.json: nothing is broken\n")


def shell_blocks() -> list[str]:
    return [line for found in re.findall(r"```sh\n(.+?)```", README, re.DOTALL) for line in found.split(" && ")]


def test_the_exit_codes_are_those_that_exist() -> None:
    rows = re.findall(r"^\| ([\d, ]+) \|", README, re.MULTILINE)
    told = {int(number) for row in rows for number in row.split(",")}
    assert told == set(Exit)


def test_the_formats_are_those_that_exist() -> None:
    from reconciler.cli.options import OF_FINDINGS, OF_OUTCOMES, OF_PLANS

    told = dict(re.findall(r"^\| (`[^|]+`) \| ([^|]+) \|", section("In CI"), re.MULTILINE))
    rows = {name: told[row] for row in told for name in re.findall(r"`(\w+)`", row) if row != "`-o`"}
    assert rows.keys() == {*OF_FINDINGS, *OF_PLANS, *OF_OUTCOMES}
    for command, formats in {
        "validate": OF_FINDINGS,
        "plan": OF_PLANS,
        "drift": OF_PLANS,
        "apply": OF_OUTCOMES,
    }.items():
        assert {name for name, of in rows.items() if "every" in of or f"`{command}`" in of} == set(formats)

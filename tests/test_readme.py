"""What README says is what is so."""

import re
import shlex
from functools import partial
from pathlib import Path

import pytest

from reconciler.adapters import machine as aws_clock
from reconciler.cli.main import main
from reconciler.cli.parser import parse
from reconciler.problems import Exit
from reconciler.sandbox import session
from tests.fakes import InstantClock

ROOT = Path(__file__).parent.parent
README = (ROOT / "README.md").read_text(encoding="utf-8")
(STACK,) = re.findall(r"```yaml\n(.+?)```", README, re.DOTALL)
# As the stack was when it was applied: its queue for short jobs, an older image, other instances.
EARLIER = {
    "[c6i, c7i]": "[c6i, m6i]",
    "1.5.0": "1.4.2",
    "  nightly:": "  quick: {priority: 20, computeEnvironmentOrder: [spot]}\n  nightly:",
}


def block(mark: str) -> str:
    found = re.search(rf"<!-- {mark} -->\n```\w+\n(.*?)```", README, re.DOTALL)
    assert found
    return found[1].rstrip("\n")


def page(name: str) -> str:
    return (ROOT / "docs" / f"{name}.md").read_text(encoding="utf-8")


def section(text: str, title: str) -> str:
    return text.split(f"\n## {title}\n")[1].split("\n## ", maxsplit=1)[0]


@pytest.fixture
def clone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    (tmp_path / "stacks").symlink_to(ROOT / "stacks")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("CI", "true")
    monkeypatch.delenv("COLUMNS", raising=False)
    return tmp_path


def test_the_first_command_runs_the_main_job_to_an_empty_plan(clone: Path, capsys: pytest.CaptureFixture[str]) -> None:
    commands = [part.split("reconciler ", 1)[1] for part in block("try").split(" && ") if "bin/reconciler " in part]
    assert [command.split()[0] for command in commands] == ["plan", "apply", "plan"]
    assert [main(shlex.split(command)) for command in commands] == [0, 0, 0]
    assert "No changes." in capsys.readouterr().out


def test_the_gate_runs_the_second_command() -> None:
    assert block("test").endswith(".venv/bin/python tests/check.py")
    assert "<!-- test -->" in (ROOT / ".ci" / "run").read_text(encoding="utf-8")


def test_the_plan_is_that_of_the_stack(
    clone: Path, capsys: pytest.CaptureFixture[str], request: pytest.FixtureRequest
) -> None:
    file = clone / "stack.yaml"
    earlier = STACK
    for now, before in EARLIER.items():
        assert now in earlier
        earlier = earlier.replace(now, before)
    file.write_text(earlier, encoding="utf-8")
    assert main(["apply", "stack.yaml", "--sandbox", "--yes"]) == 0
    file.write_text(STACK, encoding="utf-8")
    capsys.readouterr()
    assert main(["plan", "stack.yaml", "--sandbox"]) == Exit.REFUSED
    plan = capsys.readouterr().out.rstrip("\n")
    if request.config.getoption("--update"):  # README was read before: the next run compares with it
        (ROOT / "README.md").write_text(
            README.replace(f"```text\n{block('plan')}", f"```text\n{plan}", 1), encoding="utf-8"
        )
    else:
        assert block("plan") == plan


def test_the_stack_is_valid_and_in_canonical_style(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "stack.yaml").write_text(STACK, encoding="utf-8")
    assert (main(["validate", str(tmp_path)]), capsys.readouterr().err) == (0, "")
    assert main(["fmt", str(tmp_path), "--check"]) == Exit.DONE, capsys.readouterr().out


def test_the_commands_are_those_that_exist() -> None:
    from reconciler.cli.parser import COMMANDS

    assert sorted(re.findall(r"`([\w-]+)`", section(README, "Commands"))) == sorted(COMMANDS)


def test_every_command_line_is_one_that_is_taken() -> None:
    lines = re.findall(
        r"^(?:\S+=\S+ )*(?:\S*/)?reconciler (.+?)(?: &)?(?:  +#.*)?$", "\n".join(shell_blocks()), re.MULTILINE
    )
    assert lines
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
    lines = re.findall(
        r"^reconciler (sandbox (?:submit|drift|break|tick) .+)$",
        section(page("sandbox"), "Simulated failures"),
        re.MULTILINE,
    )
    assert len(lines) > 10
    assert [line for line in lines if main(shlex.split(line, comments=True))] == []
    assert capsys.readouterr().out.endswith("sandbox.json: no simulated failures\n")


def shell_blocks() -> list[str]:
    return [line for found in re.findall(r"```sh\n(.+?)```", README, re.DOTALL) for line in found.split(" && ")]


def test_the_exit_codes_are_those_that_exist() -> None:
    rows = re.findall(r"^\| ([\d, ]+) \|", page("output"), re.MULTILINE)
    told = {int(number) for row in rows for number in row.split(",")}
    assert told == set(Exit)


def test_the_formats_are_those_that_exist() -> None:
    from reconciler.cli.options import OF_FINDINGS, OF_OUTCOMES, OF_PLANS

    told = dict(re.findall(r"^\| (`[^|]+`) \| ([^|]+) \|", section(page("output"), "Formats"), re.MULTILINE))
    rows = {name: told[row] for row in told for name in re.findall(r"`(\w+)`", row) if row != "`-o`"}
    assert rows.keys() == {*OF_FINDINGS, *OF_PLANS, *OF_OUTCOMES}
    for command, formats in {
        "validate": OF_FINDINGS,
        "plan": OF_PLANS,
        "drift": OF_PLANS,
        "apply": OF_OUTCOMES,
    }.items():
        assert {name for name, of in rows.items() if "every" in of or f"`{command}`" in of} == set(formats)

"""Terminals, locales, arguments and environments that nobody has on purpose: words and an exit code, never a traceback."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from reconciler.cli.options import NOT_UTF8
from reconciler.problems import Exit
from reconciler.report.text.page import NARROWEST, PIPE_WIDTH, console_for
from tests.cli.conftest import STACK, Run, write

ROOT = Path(__file__).parents[2]
NOT_TEXT = os.fsdecode(b"x\xff")
WIDE = 'stack: small\ntags: {a: "\u00e9\U0001f600"}\nnonsense: 1\n'
WHOLE = WIDE.replace("nonsense: 1\n", "")


def process(folder: Path, *words: str, **env: str) -> "subprocess.CompletedProcess[bytes]":
    plain = {name: value for name, value in os.environ.items() if not name.startswith(("LC_", "LANG", "PYTHON", "COL"))}
    return subprocess.run(
        [sys.executable, "-m", "reconciler", *words],
        capture_output=True,
        check=False,
        cwd=folder,
        env={**plain, "PYTHONPATH": str(ROOT), **env},
    )


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    for name, text in (("wide", WIDE), ("whole", WHOLE)):
        (tmp_path / name).mkdir()
        (tmp_path / name / "stack.yaml").write_text(text, encoding="utf-8")
    return tmp_path


@pytest.mark.parametrize(
    ("columns", "width"),
    [
        ("0", PIPE_WIDTH),
        ("-5", PIPE_WIDTH),
        ("wide", PIPE_WIDTH),
        ("\u00b2", PIPE_WIDTH),  # a digit to str.isdigit, and no number to int
        ("\u0663", PIPE_WIDTH),
        ("9" * 5000, PIPE_WIDTH),
        ("", PIPE_WIDTH),
        ("1", NARROWEST),
        ("66", 66),
    ],
)
def test_a_width_that_is_none_is_that_of_a_pipe(columns: str, width: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", columns)
    monkeypatch.setenv("LINES", columns)
    with open(os.devnull, "w") as stream:  # noqa: PTH123
        assert console_for(stream).width == width


def test_a_terminal_has_the_width_that_it_has(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("COLUMNS", raising=False)
    for size, width in ((os.terminal_size((90, 30)), 90), (os.terminal_size((0, 0)), PIPE_WIDTH)):
        monkeypatch.setattr(os, "get_terminal_size", lambda _descriptor, size=size: size)
        with open(os.devnull, "w") as stream:  # noqa: PTH123
            assert console_for(stream).width == width


@pytest.mark.parametrize(
    "env", [{"LC_ALL": "C", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0"}, {"PYTHONIOENCODING": "latin-1"}]
)
def test_a_locale_without_utf8_gets_escapes_and_programs_get_utf8(env: dict[str, str], folder: Path) -> None:
    told = process(folder, "validate", "wide", **env)
    assert (told.returncode, told.stderr) == (Exit.INVALID, b"")
    assert "nonsense is unknown" in told.stdout.decode("latin-1")
    read = json.loads(process(folder, "render", "whole", "-o", "json", **env).stdout.decode("utf-8"))
    assert read["tags"] == {"a": "\u00e9\U0001f600"}


@pytest.mark.parametrize("words", [("validate", "whole"), ("validate", "wide", "-o", "json"), ("plan", "nowhere")])
@pytest.mark.parametrize(
    "closed", [(1,), *(pytest.param(each, marks=pytest.mark.long) for each in [(2,), (1, 2)]), (0, 1, 2)]
)
def test_streams_that_are_closed_change_nothing(words: tuple[str, ...], closed: tuple[int, ...], folder: Path) -> None:
    code = (
        f"import os\nfor number in {closed}: os.close(number)\n"
        f"os.execv({sys.executable!r}, {[sys.executable, '-m', 'reconciler', *words]!r})"
    )
    ran = subprocess.run([sys.executable, "-c", code], capture_output=True, check=False, cwd=folder,
                         env={**os.environ, "PYTHONPATH": str(ROOT)})  # fmt: skip
    assert ran.returncode == {"whole": Exit.DONE, "wide": Exit.INVALID, "nowhere": Exit.USAGE}[words[1]]
    assert b"Traceback" not in ran.stderr


@pytest.mark.parametrize(
    ("words", "code", "said"),
    [
        (("validate", NOT_TEXT), Exit.USAGE, "does not exist"),
        (("validate", "risk", "--var", f"image={NOT_TEXT}"), Exit.USAGE, "argument --var: 'image=x\\udcff' is not UTF-8 text"),
        (("validate", "risk", "--var-file", NOT_TEXT), Exit.USAGE, "cannot read x\\udcff: No such file or directory"),
        (("validate", "risk", "--var-file", ""), Exit.USAGE, "argument --var-file: the file has no name"),
        (("validate", "risk", "--var-file", "risk"), Exit.USAGE, "cannot read risk: Is a directory"),
        (("validate", "risk", "-o", NOT_TEXT), Exit.USAGE, "there is no format 'x\\udcff' here"),
        (("explain", NOT_TEXT), Exit.USAGE, "there is no x"),
        (("apply", "risk", "--sandbox", "--timeout", "9" * 400), Exit.USAGE, "is not a time such as 90s, 30m or 2h"),
        (("sandbox", "tick", "9" * 400), Exit.USAGE, "is not a time such as 90s, 30m or 2h"),
        (("apply", "risk", "--sandbox", "--parallelism", "9" * 5000), Exit.USAGE, "is not a number of at least 1"),
        (("validate", "risk", "-o", "json=no/such/folder/x"), Exit.USAGE, "cannot write no/such/folder/x: No such file"),
        (("validate", "risk", "-o", "json=risk"), Exit.USAGE, "cannot write risk: Is a directory"),
        (("init", "risk/stack.yaml"), Exit.USAGE, "cannot write into risk/stack.yaml: "),
        (("plan", "risk", "--sandbox=risk"), Exit.ERROR, "the sandbox cannot use risk: not a regular file"),
        (("plan", "risk", "--sandbox=pipe"), Exit.ERROR, "the sandbox cannot use pipe: not a regular file"),
        (("plan", "risk", "--sandbox=damaged"), Exit.ERROR, "damaged:2: the sandbox's file is damaged"),
    ],
)  # fmt: skip
def test_arguments_that_lead_nowhere_are_told(words: tuple[str, ...], code: Exit, said: str, run: Run) -> None:
    os.mkfifo("pipe")
    Path("damaged").write_text('{"format": "reconciler sandbox", "version": 1}\n[[], {}, 1, 2]\n', encoding="utf-8")
    ran = run(*words)
    assert ran.code == code
    assert said in " ".join(ran.err.split())
    assert "Traceback" not in ran.err


def test_a_stack_whose_path_is_not_utf8_is_told_of_in_every_format(run: Run) -> None:
    Path(NOT_TEXT).mkdir()
    Path(NOT_TEXT, "stack.yaml").write_text("stack: x\nnonsense: 1\n", encoding="utf-8")
    ran = run("validate", NOT_TEXT, "-o", "json")
    assert (ran.code, ran.json["path"]) == (Exit.INVALID, NOT_TEXT)
    assert "x\\udcff/stack.yaml" in ran.out
    for format_ in ("text", "github", "sarif", "junit"):
        assert run("validate", NOT_TEXT, "-o", format_, "-o", f"json={format_}.json").code == Exit.INVALID
        assert not NOT_UTF8.search(Path(f"{format_}.json").read_text(encoding="utf-8"))


def test_an_environment_variable_that_is_no_text_is_told_at_its_place(
    run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("BYTES", NOT_TEXT)
    write("small", "stack: small\ntags: {a: !env BYTES}\n")
    ran = run("validate", "small")
    assert (ran.code, ran.out.splitlines()[0]) == (
        Exit.INVALID,
        "small/stack.yaml:2:11: error[VAR016]: !env BYTES: the value is not UTF-8 text",
    )


def test_a_file_of_values_may_come_from_a_pipe(run: Run) -> None:
    write("small", "stack: small\nvariables: {a: {type: string}}\ntags: {b: !var a}\n")
    reading, writing = os.pipe()
    os.write(writing, b"a: from a pipe\n")
    os.close(writing)
    try:
        assert run("render", "small", "--var-file", f"/dev/fd/{reading}", "-o", "json").json["tags"] == {
            "b": "from a pipe"
        }
    finally:
        os.close(reading)


def test_a_file_of_values_that_is_broken_is_the_only_problem(run: Run) -> None:
    write("small", "stack: small\nvariables: {a: {type: string}}\ntags: {b: !var a, c: !var a}\n")
    Path("values.yaml").write_text("a: [\n", encoding="utf-8")
    ran = run("validate", "small", "--var-file", "values.yaml", "-o", "json")
    assert [(one["code"], one["file"]) for one in ran.json["problems"]] == [("YML002", "values.yaml")]


def test_a_file_that_cannot_be_read_is_the_only_problem(run: Run) -> None:
    """What is missing may be in there, and what rules miss, too."""
    write("risk", STACK.replace("    type: container\n", ""))
    Path("risk", "defaults.yaml").write_text("defaults: {jobDefinitions: {type: container\n", encoding="utf-8")
    ran = run("validate", "risk", "-o", "json")
    assert [(one["code"], one["file"]) for one in ran.json["problems"]] == [("YML002", "risk/defaults.yaml")]


def test_the_file_of_a_sandbox_may_lie_in_the_folder_of_its_stack(run: Run) -> None:
    codes = [run("apply", "small", "--yes", "--sandbox=small/state.json").code for _ in range(2)]
    assert (codes, run("plan", "small", "--sandbox=small/state.json", "--detailed-exitcode").code) == ([0, 0], 0)

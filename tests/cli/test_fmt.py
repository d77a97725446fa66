"""`fmt`: which files it writes, what it says about them, and how it ends."""

import io
import json
import os
import sys
from pathlib import Path

import pytest

import reconciler.fmt
from reconciler.cli.commands.init import templates
from tests.cli.conftest import STACK, Run, write
from tests.cli.test_parser import imported_by

MESSY = "jobQueues:\n    q: {priority: 1, State: enabled}   # ours\nstack: messy\n"
TIDY = "stack: messy\njobQueues:\n  q: {state: ENABLED, priority: 1} # ours\n"
WORDS = "messy/stack.yaml:2:22: {} State to state\nmessy/stack.yaml:2:29: {} enabled to ENABLED\n"


@pytest.fixture
def messy(run: Run) -> Path:
    write("messy", MESSY)
    return Path("messy/stack.yaml")


def text_of(path: Path) -> str:
    return path.read_text(encoding="utf-8")


def test_files_are_rewritten_and_what_was_respelled_is_told_on_stderr(messy: Path, run: Run) -> None:
    ran = run("fmt", "messy", "risk")
    assert (ran.code, ran.out) == (
        0,
        "formatted messy/stack.yaml\nmessy: 1 formatted\nrisk: 1 unchanged\n",
    )
    assert (text_of(messy), ran.err) == (TIDY, WORDS.format("changed", "changed"))
    assert run("fmt", "messy", "risk").out == "messy: 1 unchanged\nrisk: 1 unchanged\n"


def test_a_check_writes_nothing_and_exits_2_if_a_file_would_change(messy: Path, run: Run) -> None:
    ran = run("fmt", "messy", "--check")
    assert (ran.code, ran.out) == (2, "would format messy/stack.yaml\nmessy: 1 to format\n")
    assert (text_of(messy), ran.err) == (MESSY, WORDS.format("would change", "would change"))
    run("fmt", "messy")
    assert run("fmt", "messy", "--check").code == 0


def test_a_difference_is_printed_instead_of_made(messy: Path, run: Run) -> None:
    messy.write_text(MESSY.removesuffix("\n"), encoding="utf-8")
    ran = run("fmt", "messy", "--diff")
    assert (ran.code, ran.err.splitlines()[-1]) == (0, "messy: 1 to format")
    assert ran.out == (
        "--- messy/stack.yaml\n+++ messy/stack.yaml\n@@ -1,3 +1,3 @@\n+stack: messy\n jobQueues:\n"
        "-    q: {priority: 1, State: enabled}   # ours\n-stack: messy\n\\ No newline at end of file\n"
        "+  q: {state: ENABLED, priority: 1} # ours\n"
    )
    assert text_of(messy) == MESSY.removesuffix("\n")
    assert run("fmt", "messy", "--diff", "--check").code == 2


def test_what_came_from_stdin_goes_to_stdout(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    def given(text: str, *words: str) -> tuple[int, str, str]:
        monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(text.encode())))
        ran = run("fmt", "-", *words)
        return ran.code, ran.out, ran.err

    said = WORDS.replace("messy/stack.yaml", "<stdin>")
    assert given(MESSY) == (0, TIDY, said.format("changed", "changed"))
    assert given(TIDY) == (0, TIDY, "")
    would = said.format("would change", "would change")
    assert given(MESSY, "--check") == (2, "would format <stdin>\n<stdin>: 1 to format\n", would)
    code, out, err = given("a: [\n")
    assert (code, out, err.split()[:2]) == (3, "", ["<stdin>:2:1:", "error[YML002]:"])
    assert json.loads(given(MESSY, "-o", "json")[1])["files"][0]["text"] == TIDY


def test_stdin_stands_alone(run: Run) -> None:
    ran = run("fmt", "-", "risk")
    assert (ran.code, ran.err.splitlines()[0]) == (
        64,
        "error: - cannot be combined with other files: it formats stdin to stdout",
    )


def test_a_broken_file_stays_and_the_others_are_formatted(messy: Path, run: Run) -> None:
    broken, doubtful = Path("messy/broken.yaml"), Path("messy/doubt.yaml")
    broken.write_text("a:   [\n", encoding="utf-8")
    doubtful.write_text("computeEnvironments: {a: {computeResources: {securityGroups:   [a]}}}\n", encoding="utf-8")
    ran = run("fmt", "messy")
    assert (ran.code, ran.out) == (3, "formatted messy/stack.yaml\nmessy: 1 formatted, 2 with problems\n")
    assert (text_of(messy), text_of(broken)) == (TIDY, "a:   [\n")
    validated = run("validate", "messy/doubt.yaml").out.splitlines()
    told = ran.err.splitlines()
    assert told[0].startswith("messy/broken.yaml:2:1: error[YML002]: ")
    assert told[2] == next(line for line in validated if "SCH001" in line)


def test_json_is_one_value(messy: Path, run: Run) -> None:
    Path("messy/broken.yaml").write_text("a: [\n", encoding="utf-8")
    ran = run("fmt", "messy", "--check", "-o", "json")
    problems = ran.json.pop("problems")
    assert ran.code == 3
    assert {
        key: value for key, value in ran.json.items() if key not in ("format_version", "tool", "time", "problems")
    } == {
        "exit": 3,
        "document": "formatting",
        "path": "messy",
        "written": False,
        "changed": 1,
        "files": [
            {"file": "messy/broken.yaml", "changed": False, "words": []},
            {
                "file": "messy/stack.yaml",
                "changed": True,
                "words": [
                    {"before": "State", "after": "state", "file": "messy/stack.yaml", "line": 2, "column": 22},
                    {"before": "enabled", "after": "ENABLED", "file": "messy/stack.yaml", "line": 2, "column": 29},
                ],
            },
        ],
    }
    assert [problem["code"] for problem in problems] == ["YML002"]
    assert run("fmt", "messy", "--diff", "-o", "json").json["files"][1]["diff"].startswith("--- messy/stack.yaml\n")
    assert [one["path"] for one in run("fmt", "messy", "small", "-o", "json").json] == ["messy", "small"]


def test_what_needs_no_change_is_not_touched(run: Run) -> None:
    write("tidy", TIDY)
    path = Path("tidy/stack.yaml")
    os.utime(path, ns=(1, 1))
    before = path.stat()
    run("fmt", "tidy")
    assert (path.stat().st_mtime_ns, path.stat().st_ino) == (1, before.st_ino)


def test_a_file_keeps_its_mode_and_nothing_is_left_beside_it(messy: Path, run: Run) -> None:
    messy.chmod(0o640)
    run("fmt", "messy")
    assert (messy.stat().st_mode & 0o777, list(Path("messy").iterdir())) == (0o640, [messy])


def test_a_file_that_nobody_may_write_stays_and_is_told(messy: Path, run: Run) -> None:
    messy.chmod(0o444)
    ran = run("fmt", "messy")
    assert (ran.code, text_of(messy), ran.out) == (1, MESSY, "messy: 1 with problems\n")
    assert ran.err == (
        "messy/stack.yaml: error[FMT003]: messy/stack.yaml cannot be written: the file is read-only\n"
        "    hint: the file is unchanged\n"
    )
    assert run("fmt", "messy", "--check").code == 2


def test_a_file_in_a_folder_that_takes_no_new_file_stays(
    messy: Path, run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(self: Path, target: Path) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(Path, "replace", full)
    ran = run("fmt", "messy")
    assert (ran.code, text_of(messy), list(Path("messy").iterdir())) == (1, MESSY, [messy])
    assert "cannot be written: No space left on device" in ran.err


def test_nothing_outside_the_folder_is_written(messy: Path, run: Run) -> None:
    outside = Path("outside.yaml")
    outside.write_text(MESSY, encoding="utf-8")
    (messy.parent / "link.yaml").symlink_to("../outside.yaml")
    ran = run("fmt", "messy")
    assert (ran.code, text_of(outside), text_of(messy)) == (3, MESSY, TIDY)
    assert "messy/link.yaml: error[INC001]: link.yaml is outside the stack's folder\n" in ran.err


def test_a_link_inside_the_folder_stays_a_link_and_its_file_is_formatted_once(messy: Path, run: Run) -> None:
    link = messy.parent / "a-link.yaml"
    link.symlink_to("stack.yaml")
    ran = run("fmt", "messy")
    assert (ran.out, link.is_symlink(), text_of(link)) == (
        "formatted messy/stack.yaml\nmessy: 1 formatted\n",
        True,
        TIDY,
    )


def test_a_link_that_leads_nowhere_is_told(messy: Path, run: Run) -> None:
    (messy.parent / "link.yaml").symlink_to("gone.yaml")
    ran = run("fmt", "messy")
    assert (ran.code, text_of(messy)) == (3, TIDY)
    assert "messy/link.yaml: error[YML012]: messy/link.yaml cannot be read: No such file or directory\n" in ran.err


def test_json_files_are_left_alone(run: Run) -> None:
    write("json", TIDY)
    path = Path("json/queue.json")
    path.write_text('{"jobQueueName":"q","priority":1}', encoding="utf-8")
    assert (run("fmt", "json").out, run("fmt", "json/queue.json").out) == (
        "json: 1 unchanged\n",
        "json/queue.json: no YAML files\n",
    )
    assert text_of(path) == '{"jobQueueName":"q","priority":1}'


def test_a_bug_is_no_invalid_stack(messy: Path, run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reconciler.fmt, "print_tree", lambda _tree: "stack: another\n")
    ran = run("fmt", "messy")
    assert (ran.code, text_of(messy), "error[FMT002]" in ran.err) == (1, MESSY, True)


def test_formatting_loads_no_aws_library(run: Run) -> None:
    loaded = imported_by("fmt", "risk", "--check")
    assert not {"boto3", "botocore", "jsonschema", "deepdiff", "ruamel.yaml"} & loaded


def test_a_stack_is_as_valid_as_before(messy: Path, run: Run) -> None:
    write("risk", STACK.replace("platformCapabilities: [FARGATE]\n", "platformCapabilities: [fargate]\n"))
    before = run("render", "risk").out.replace("fargate", "FARGATE")
    run("fmt", "risk")
    assert sorted(run("render", "risk").out.splitlines()) == sorted(before.splitlines())


@pytest.mark.parametrize("template", templates())
def test_a_new_stack_is_formatted_from_the_start(template: str, run: Run) -> None:
    run("init", "new", "--template", template)
    assert run("fmt", "new", "--check").code == 0

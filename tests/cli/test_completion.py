"""What a shell completes: it asks the program itself, which ends without doing anything else."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from reconciler.cli.commands.completion import NAMES, SHELLS
from tests.cli.conftest import Run, write

FLEET = "environments: {dev: {region: eu-west-1}, prod: {region: us-east-1}}\nstacks: {small: [dev, prod]}\n"


@pytest.mark.parametrize("shell", SHELLS)
def test_each_shell_has_a_script_for_all_names_of_the_program(shell: str, run: Run) -> None:
    ran = run("completion", shell)
    assert (ran.code, ran.err, all(name in ran.out for name in NAMES)) == (0, "", True)
    assert ran.out.startswith("#compdef reconciler") or shell != "zsh"


def test_the_script_for_bash_is_one(run: Run) -> None:
    script = run("completion", "bash").out
    asked = subprocess.run(
        ["bash"], input=f"{script}\ncomplete -p reconciler", capture_output=True, text=True, check=True
    )
    assert "_python_argcomplete reconciler" in asked.stdout


@pytest.mark.usefixtures("run")
@pytest.mark.parametrize(
    ("typed", "offered"),
    [
        ("reconciler pl", ["placement", "plan"]),
        ("reconciler pla", ["placement", "plan"]),
        ("reconciler app", ["apply "]),
        ("reconciler sandbox re", ["reset "]),
        ("reconciler plan --trace", ["--trace-calls "]),
        ("reconciler validate -o s", ["sarif "]),
        ("reconciler plan risk --target JobQ", ["JobQueue/pricing "]),
        ("reconciler plan --all --env p", ["prod "]),
        ("reconciler plan nowhere --target J", []),
        ("reconciler plan --target-e", []),
    ],
)
def test_words_are_completed(typed: str, offered: list[str], tmp_path: Path) -> None:
    write("small", "stack: small\n")
    Path("reconciler.yaml").write_text(FLEET, encoding="utf-8")
    answer = tmp_path / "answer"
    env = {
        **os.environ, "PYTHONPATH": str(Path(__file__).parents[2]), "_ARGCOMPLETE": "1", "COMP_LINE": typed,
        "COMP_POINT": str(len(typed)), "_ARGCOMPLETE_STDOUT_FILENAME": str(answer), "_ARGCOMPLETE_IFS": "\n",
    }  # fmt: skip
    subprocess.run([sys.executable, "-m", "reconciler"], env=env, check=True, capture_output=True)
    assert answer.read_text(encoding="utf-8").splitlines() == offered

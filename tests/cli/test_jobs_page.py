"""The page about jobs: what it shows is done, and what it names is there."""

import re
import shlex
from pathlib import Path

from reconciler.problems import Exit
from tests.cli.conftest import Run, write

PAGE = (Path(__file__).parents[2] / "docs" / "jobs.md").read_text(encoding="utf-8")


def test_the_stack_of_the_page_runs_its_jobs(run: Run) -> None:
    text, smoke = re.findall(r"```yaml\n(.+?)```", PAGE, re.DOTALL)
    (console,) = re.findall(r"```console\n(.+?)```", PAGE, re.DOTALL)
    write("page", text)
    assert "valid" in run("validate", "page").out
    for line in console.splitlines():
        _, command, *words = shlex.split(line.removeprefix("$ "))
        ran = run(command, *words[: command == "submit"], "page", *words[command == "submit" :])
        assert ran.code == Exit.DONE, ran
    assert re.search(r"\d+ SUCCEEDED\.$", ran.last)
    (Path("page") / "smoke.yaml").write_text(smoke, encoding="utf-8")
    assert run("apply", "page", "--sandbox", "--yes", "--smoke").code == Exit.DONE
    ran = run("apply", "page", "--sandbox", "--yes", "--smoke=all")
    assert (ran.code, ran.last) == (Exit.DONE, "Smoke: 1 succeeded.")

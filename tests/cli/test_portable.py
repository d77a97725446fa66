"""The tool starts where Python has no modules of POSIX alone, as on Windows."""

import subprocess
import sys
from pathlib import Path

from tests.cli.conftest import SMALL

POSIX_ONLY = ("fcntl", "termios", "tty", "pty", "pwd", "grp", "resource", "readline", "syslog")
COMMAND = f"""
import os, sys
sys.modules |= dict.fromkeys({POSIX_ONLY}, None)
for name in ("pread", "pwrite", "getuid", "fork"):
    delattr(os, name)
from reconciler.__main__ import main
sys.exit(main())
"""


def run(folder: Path, *words: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-c", COMMAND, *words]
    return subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False, stdin=subprocess.DEVNULL)


def test_a_stack_is_validated_planned_and_applied_without_modules_of_posix(tmp_path: Path) -> None:
    (tmp_path / "small").mkdir()
    (tmp_path / "small" / "stack.yaml").write_text(SMALL, encoding="utf-8")
    for words, shown in (
        (["validate", "small"], "valid"),
        (["plan", "small", "--sandbox"], "1 to add"),
        (["apply", "small", "--sandbox", "--yes"], "1 done"),
        (["plan", "small", "--sandbox", "--detailed-exitcode"], "No changes"),
    ):
        done = run(tmp_path, *words)
        assert (done.returncode, shown in done.stdout) == (0, True), done.stderr

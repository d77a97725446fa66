"""What formats for other programs have in common."""

import os
from pathlib import Path

import pytest

from reconciler.problems import Where
from reconciler.report.ci import in_repository


@pytest.mark.parametrize(
    ("file", "path"),
    [
        ("stack.yaml", "work/stack.yaml"),
        ("./a/../stack.yaml", "work/stack.yaml"),
        ("../stack.yaml", "stack.yaml"),
        ("../../stack.yaml", "../../stack.yaml"),
        ("/elsewhere/stack.yaml", "/elsewhere/stack.yaml"),
        ("..stack.yaml", "work/..stack.yaml"),
        ("<memory>", ""),
        ("", ""),
    ],
)
def test_files_are_told_from_the_root(file: str, path: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "work").mkdir()
    monkeypatch.chdir(tmp_path / "work")
    assert in_repository(Where(file, 1, 1), os.path.realpath(tmp_path)) == path


def test_nowhere_is_no_file() -> None:
    assert in_repository(None, "/") == ""

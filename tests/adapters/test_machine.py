"""The files of a stack on disk."""

import os
from pathlib import Path

import pytest

from reconciler.adapters.lookup.sources import Environment
from reconciler.adapters.machine import DiskFiles, refuse
from reconciler.load import load_with_problems
from reconciler.ports import OutsideStack
from reconciler.problems import InvalidStack, WrongUsage


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A stack and a secret beside it."""
    monkeypatch.chdir(tmp_path)
    stack = tmp_path / "stack"
    for name in ("main.yaml", "sub/b.yml", "sub/a.json", ".hidden.yaml", ".vscode/settings.json", "notes.txt"):
        (stack / name).parent.mkdir(parents=True, exist_ok=True)
        (stack / name).write_text(f"# {name}\n")
    (tmp_path / "secret.yaml").write_text("stack: secret\n")
    return stack


def test_a_folder_has_its_yaml_and_json_files_but_no_hidden_ones(folder: Path) -> None:
    files = DiskFiles("stack")
    assert (files.root, files.names()) == ("stack", ("main.yaml", "sub/a.json", "sub/b.yml"))
    assert files.read("sub/b.yml") == b"# sub/b.yml\n"


def test_one_file_can_be_a_stack(folder: Path) -> None:
    files = DiskFiles("stack/main.yaml")
    assert (files.root, files.names()) == ("stack", ("main.yaml",))
    assert files.read("notes.txt") == b"# notes.txt\n"


@pytest.mark.parametrize(
    "name", ["../secret.yaml", "sub/../../secret.yaml", "/etc/hostname", "link.yaml", "out/secret.yaml"]
)
def test_nothing_outside_the_folder_is_read(folder: Path, name: str) -> None:
    (folder / "link.yaml").symlink_to("../secret.yaml")
    (folder / "out").symlink_to("..")
    with pytest.raises(OutsideStack):
        DiskFiles("stack").read(name)


def test_a_link_inside_the_folder_is_read(folder: Path) -> None:
    (folder / "link.yaml").symlink_to("main.yaml")
    assert DiskFiles("stack").read("link.yaml") == b"# main.yaml\n"


def test_a_stack_behind_a_link_is_read(folder: Path) -> None:
    (folder.parent / "link").symlink_to("stack")
    assert DiskFiles("link").read("main.yaml") == b"# main.yaml\n"


def test_a_file_gets_another_content_and_keeps_its_mode(folder: Path) -> None:
    (folder / "main.yaml").chmod(0o600)
    before = sorted(folder.rglob("*"))
    DiskFiles("stack").replace("main.yaml", b"new\n")
    assert (DiskFiles("stack").read("main.yaml"), sorted(folder.rglob("*"))) == (b"new\n", before)
    assert (folder / "main.yaml").stat().st_mode & 0o777 == 0o600


@pytest.mark.parametrize("name", ["../secret.yaml", "link.yaml", "out/secret.yaml"])
def test_nothing_outside_the_folder_is_written(folder: Path, name: str) -> None:
    (folder / "link.yaml").symlink_to("../secret.yaml")
    (folder / "out").symlink_to("..")
    with pytest.raises(OutsideStack):
        DiskFiles("stack").replace(name, b"new\n")
    assert (folder.parent / "secret.yaml").read_text() == "stack: secret\n"


def test_what_nobody_may_write_is_not_written(folder: Path) -> None:
    (folder / "main.yaml").chmod(0o444)
    with pytest.raises(PermissionError):
        DiskFiles("stack").replace("main.yaml", b"new\n")
    assert DiskFiles("stack").read("main.yaml") == b"# main.yaml\n"


def test_a_file_with_several_names_is_one_file(folder: Path) -> None:
    (folder / "a.yaml").symlink_to("main.yaml")
    (folder / "hidden.yaml").symlink_to(".hidden.yaml")
    assert DiskFiles("stack").own_names() == ("hidden.yaml", "main.yaml", "sub/a.json", "sub/b.yml")


def test_a_missing_file_is_missing(folder: Path) -> None:
    with pytest.raises(FileNotFoundError):
        DiskFiles("stack").read("nothing.yaml")


@pytest.mark.parametrize(("name", "error"), [("a\0b", FileNotFoundError), ("loop", OSError), ("x" * 5000, OSError)])
def test_a_name_that_no_file_can_have_is_missing(folder: Path, name: str, error: type[OSError]) -> None:
    (folder / "loop").symlink_to("loop")
    with pytest.raises(error):
        DiskFiles("stack").read(name)


def test_an_include_through_a_link_out_of_the_folder_is_refused(folder: Path) -> None:
    (folder / "sub" / "a.json").write_text("")
    (folder / "main.yaml").write_text("stack: x\njobQueues: !include link.yaml\n")
    (folder / "link.yaml").symlink_to("../secret.yaml")
    assert [str(problem) for problem in load_with_problems(DiskFiles("stack"), Environment({})).problems] == [
        (
            "stack/link.yaml: error[INC001]: link.yaml is outside the stack's folder\n"
            "    hint: a stack can only read files in its own folder: move or copy the file"
        ),
        (
            "stack/main.yaml:2:12: error[INC001]: link.yaml is outside the stack's folder\n"
            "    hint: a stack can only read files in its own folder: move or copy the file"
        ),
    ]


def test_a_path_that_does_not_exist_is_a_wrong_usage(folder: Path) -> None:
    with pytest.raises(WrongUsage) as caught:
        DiskFiles("stakc")
    assert (caught.value.message, caught.value.hint) == (
        "stakc does not exist",
        "pass the folder of a stack, or its only file",
    )


def test_a_file_that_is_neither_yaml_nor_json_is_a_wrong_usage(folder: Path) -> None:
    with pytest.raises(WrongUsage) as caught:
        DiskFiles("stack/notes.txt")
    assert (caught.value.message, caught.value.hint) == (
        "stack/notes.txt is not a stack",
        "stack files end in .yaml, .yml, .json",
    )


def test_a_folder_that_cannot_be_listed_stops_everything() -> None:
    with pytest.raises(InvalidStack) as caught:
        refuse(PermissionError(13, os.strerror(13), "stack/sub"))
    assert [str(problem) for problem in caught.value.problems] == [
        "stack/sub: error[YML012]: the folder cannot be read: Permission denied\n    hint: grant read permission"
    ]

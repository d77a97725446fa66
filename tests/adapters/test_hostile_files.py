"""Files that would keep us waiting, fill the memory, or are none: each is told, and nothing hangs."""

import os
import socket
from collections.abc import Callable
from pathlib import Path

import pytest

from reconciler.adapters import machine as module
from reconciler.adapters.lookup.sources import Environment
from reconciler.adapters.machine import DiskFiles, read_whole
from reconciler.load import load_with_problems
from reconciler.load.files import SANDBOX
from reconciler.problems import WrongUsage
from reconciler.sandbox.core.store import Journal

HINT = "make it readable, or move it out of the folder"


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "stack").mkdir()
    (tmp_path / "stack" / "main.yaml").write_text("stack: x\n")
    return tmp_path / "stack"


def problems() -> list[str]:
    return [str(problem) for problem in load_with_problems(DiskFiles("stack"), Environment({})).problems]


def a_socket(path: Path) -> None:
    with socket.socket(socket.AF_UNIX) as one:
        one.bind(str(path))


def no_file(path: Path) -> None:
    path.symlink_to("nowhere")


def a_loop(path: Path) -> None:
    path.symlink_to(path.name)


@pytest.mark.parametrize(
    ("make", "said"),
    [
        (os.mkfifo, "stack/other.yaml cannot be read: not a regular file"),
        (no_file, "stack/other.yaml is a broken link"),
        (a_loop, "stack/other.yaml cannot be read: Too many levels of symbolic links"),
    ],
)
def test_what_is_no_file_is_told(make: Callable[[Path], None], said: str, folder: Path) -> None:
    make(folder / "other.yaml")
    assert problems() == [f"stack/other.yaml: error[YML012]: {said}\n    hint: {HINT}"]


def test_a_pipe_is_not_waited_for_where_it_is_included(folder: Path) -> None:
    os.mkfifo(folder / "pipe")
    (folder / "main.yaml").write_text("stack: x\njobQueues: !include pipe\n")
    assert problems() == [
        f"stack/main.yaml:2:12: error[YML012]: stack/pipe cannot be read: not a regular file\n    hint: {HINT}"
    ]


def test_a_file_that_is_too_large_is_not_read(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "LARGEST", 2**20)
    (folder / "other.yaml").write_bytes(b"#" * (2**20 + 1))
    assert problems() == [
        f"stack/other.yaml: error[YML012]: stack/other.yaml cannot be read: the file is larger than 1 MiB\n    hint: {HINT}"
    ]


@pytest.mark.skipif(not Path("/dev/zero").exists(), reason="this system has no endless file")
def test_a_file_without_end_ends_somewhere(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "LARGEST", 1000)
    with pytest.raises(OSError, match="the file is larger than 0 MiB"):
        read_whole(Path("/dev/zero"))


def test_a_folder_that_is_called_like_a_file_is_a_folder(folder: Path) -> None:
    (folder / "more.yaml").mkdir()
    (folder / "more.yaml" / "queues.yaml").write_text("jobQueues: {q: {priority: 1}}\n")
    assert DiskFiles("stack").names() == ("main.yaml", "more.yaml/queues.yaml")


@pytest.mark.parametrize("make", [os.mkfifo, a_socket])
@pytest.mark.parametrize("name", ["stack.yaml", "stack2"])
def test_a_stack_is_a_file_or_a_folder(make: Callable[[Path], None], name: str, folder: Path) -> None:
    make(folder.parent / name)
    with pytest.raises(WrongUsage, match=f"{name} is neither a file nor a folder"):
        DiskFiles(name)


@pytest.mark.parametrize(
    ("path", "said"),
    [
        ("nowhere", "nowhere does not exist"),
        ("stack/main.yaml/x", "stack/main.yaml/x does not exist"),
        ("dangling", "dangling does not exist"),
        ("loop", "cannot read loop: Too many levels of symbolic links"),
        ("x" * 5000, f"cannot read {'x' * 5000}: File name too long"),
    ],
)
def test_a_path_that_leads_to_no_stack_is_a_wrong_usage(path: str, said: str, folder: Path) -> None:
    Path("dangling").symlink_to("nowhere")
    Path("loop").symlink_to("loop")
    with pytest.raises(WrongUsage) as caught:
        DiskFiles(path)
    assert (caught.value.message, caught.value.hint) == (said, "pass the folder of a stack, or its only file")


def test_what_nobody_may_look_at_is_said(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The superuser may look at everything, so that the refusal is played."""

    def refused(self: Path, **_options: object) -> os.stat_result:
        raise PermissionError(13, "Permission denied", str(self))

    monkeypatch.setattr(Path, "stat", refused)
    with pytest.raises(WrongUsage, match="cannot read stack: Permission denied"):
        DiskFiles("stack")


@pytest.mark.parametrize("name", ["state.json", "state.yaml"])
def test_the_file_of_a_sandbox_may_lie_beside_the_stack(name: str, folder: Path) -> None:
    journal = Journal(folder / name)
    with journal.session():
        journal.put("123456789012/us-east-1", "job-queue", "q", {"name": "q"})
    assert (folder / name).read_bytes().startswith(SANDBOX)
    assert problems() == []


def test_thousands_of_files_are_one_stack(folder: Path) -> None:
    for number in range(2_000):
        (folder / f"{number}.yaml").write_text("x-a: 1\n")
    assert (len(DiskFiles("stack").names()), problems()) == (2_001, [])

"""Where the simulated resources are kept: rows of plain JSON by scope, table and key."""

import json
import os
from collections.abc import Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager, nullcontext
from io import FileIO
from pathlib import Path
from typing import Protocol

from filelock import FileLock

from reconciler.model import Json
from reconciler.problems import Stopped

Tables = dict[str, dict[str, dict[str, Json]]]  # scope, table, key, row


class Store(Protocol):
    """Rows are replaced, never changed in place. A table keeps the order in which its rows first came."""

    def session(self) -> AbstractContextManager[None]:
        """Hold the store for one call: no other process writes, and earlier writes of others are visible."""

    def rows(self, scope: str, table: str) -> Mapping[str, Json]: ...

    def put(self, scope: str, table: str, key: str, row: Json) -> None:
        """Keep a row; None takes it away."""

    def scopes(self) -> tuple[str, ...]:
        """Return every scope that has had a row."""

    def clear(self) -> None:
        """Forget every row."""


class Memory:
    def __init__(self) -> None:
        self._tables: Tables = {}

    def session(self) -> AbstractContextManager[None]:
        return nullcontext()

    def rows(self, scope: str, table: str) -> Mapping[str, Json]:
        return self._tables.get(scope, {}).get(table, {})

    def put(self, scope: str, table: str, key: str, row: Json) -> None:
        place(self._tables, scope, table, key, row)

    def scopes(self) -> tuple[str, ...]:
        return tuple(self._tables)

    def clear(self) -> None:
        self._tables.clear()


def place(tables: Tables, scope: str, table: str, key: str, row: Json) -> None:
    rows = tables.setdefault(scope, {}).setdefault(table, {})
    if row is None:
        rows.pop(key, None)
    else:
        rows[key] = row


# A store in a file that several processes may share: a log of rows, one JSON line for each write.

FORMAT = {"format": "reconciler sandbox", "version": 1}
SLACK = 500  # lines that may be obsolete before a file is worth rewriting
LONGEST_HEADER = 200  # bytes
POLL = 0.01  # seconds between two tries to get a lock that a different process holds
FOLDER = ".reconciler"  # our own: where we create it, git ignores it


class Journal:
    """Each call holds a lock beside the file, reads what others appended, and appends its own rows in one write.

    The cost of a write is that of its rows, not of the state. A file that is not ours is never written to. Once most
    of its lines are obsolete the file is replaced by a shorter one, so that it does not grow while a server lives. The
    file is open only while the lock is held: Windows does not replace an open one.
    """

    def __init__(self, path: Path) -> None:
        self._path = path  # as it is named in messages
        self._file = Path(os.path.realpath(path))  # behind links: what has the file by another name has the same lock
        self._guard = FileLock(self._file.with_name(f"{self._file.name}.lock"), mode=0o600)
        self._tables: Tables = {}
        self._pending: list[str] = []
        self._header = b""  # the first line of what was read: each file has its own
        self._offset = 0
        self._lines = 0
        self._allowed = 0  # lines that the file may have before it is looked at for obsolete ones
        with self.session():
            pass

    @contextmanager
    def session(self) -> Iterator[None]:
        with self._locked():
            try:
                with self._open() as file:
                    self._catch_up(file)
                yield
                self._flush()
                self._compact_if_worth()
            except BaseException:
                self._forget()  # also what was not written
                raise

    def rows(self, scope: str, table: str) -> Mapping[str, Json]:
        return self._tables.get(scope, {}).get(table, {})

    def put(self, scope: str, table: str, key: str, row: Json) -> None:
        place(self._tables, scope, table, key, row)
        self._pending.append(json.dumps([scope, table, key, row], separators=(",", ":")))

    def scopes(self) -> tuple[str, ...]:
        return tuple(self._tables)

    def clear(self) -> None:
        self._tables.clear()
        self._pending.clear()
        self._compact()

    def _forget(self) -> None:
        self._pending.clear()
        self._tables, self._header, self._offset, self._lines = {}, b"", 0, 0

    @contextmanager
    def _locked(self) -> Iterator[None]:
        try:
            if self._file.exists() and not self._file.is_file():
                raise Stopped(
                    f"the sandbox cannot use {self._path}: not a regular file", hint="choose a different file"
                )
            create_folder(self._file.parent)
            self._guard.acquire(poll_interval=POLL)
        except OSError as wrong:
            raise self._unusable(wrong) from wrong
        try:
            yield
        finally:
            self._guard.release()

    def _open(self) -> FileIO:
        try:
            return FileIO(self._file, "r+", opener=_open_private)
        except OSError as wrong:
            raise self._unusable(wrong) from wrong

    def _unusable(self, wrong: OSError) -> Stopped:
        return Stopped(f"the sandbox cannot use {self._path}: {wrong.strerror or wrong}")

    def _catch_up(self, file: FileIO) -> None:
        """Read what was appended since; everything if this is a different file, or if it was emptied."""
        header = file.read(len(self._header) or LONGEST_HEADER)
        if header != self._header or file.seek(0, os.SEEK_END) < self._offset:
            self._forget()
        file.seek(self._offset)
        lines, newline, torn = file.readall().rpartition(b"\n")
        for line in lines.split(b"\n") if newline else ():
            self._replay(line)
        self._offset += len(lines) + len(newline)
        if torn:
            self._drop_torn(file, torn)
        if not self._lines:
            self._header = _new_header()
            self._append(file, self._header)

    def _drop_torn(self, file: FileIO, torn: bytes) -> None:
        """Remove a line that its writer did not finish: this process holds the lock, so the writer crashed."""
        if not self._lines or not torn.startswith(b"["):
            raise self._foreign(torn)
        file.truncate(self._offset)

    def _replay(self, line: bytes) -> None:
        self._lines += 1
        if self._lines == 1:
            self._check_header(line)
            return
        try:
            scope, table, key, row = json.loads(line)
            place(self._tables, scope, table, key, row)
        except (ValueError, TypeError) as wrong:
            raise Stopped(
                f"{self._path}:{self._lines}: the sandbox's file is damaged",
                hint="remove it to start with an empty sandbox",
            ) from wrong

    def _check_header(self, line: bytes) -> None:
        try:
            header = json.loads(line)
        except ValueError:
            header = None
        if not isinstance(header, dict) or {**header, **FORMAT} != header:
            raise self._foreign(line)
        self._header = line + b"\n"

    def _foreign(self, line: bytes) -> Stopped:
        beginning = line[:40].decode(errors="replace")
        return Stopped(
            f"{self._path} is not a file of this sandbox: it begins with {beginning!r}", hint="choose a different file"
        )

    def _flush(self) -> None:
        if self._pending:
            data = "".join(f"{line}\n" for line in self._pending).encode()
            with self._open() as file:
                self._append(file, data, len(self._pending))
            self._pending.clear()

    def _append(self, file: FileIO, data: bytes, lines: int = 1) -> None:
        file.seek(self._offset)
        if file.write(data) != len(data):
            raise Stopped(f"the sandbox cannot write to {self._path}: the disk is full")
        self._offset += len(data)
        self._lines += lines

    def _compact_if_worth(self) -> None:
        """Rewrite the file if fewer than half of its lines count. To count them costs nothing until it has doubled."""
        if self._lines <= self._allowed:
            return
        self._allowed = 2 * sum(1 for _ in self._all()) + SLACK
        if self._lines > self._allowed:
            try:
                self._compact()
            except OSError:  # the disk is full, or the folder is not ours to write: the long file serves as well
                self._allowed = 2 * self._lines

    def _compact(self) -> None:
        """Write the state into a new file and give it the name; others see that it begins with a different header.

        Killed on the way, a process leaves the old file as it was, and the next one overwrites what it had begun: who
        holds the lock is alone with it.
        """
        fresh = self._file.with_name(f"{self._file.name}.new")
        fresh.unlink(missing_ok=True)
        header, rows = _new_header(), [json.dumps(line, separators=(",", ":")) for line in self._all()]
        data = header + "".join(f"{row}\n" for row in rows).encode()
        try:
            with open(fresh, "xb", opener=_open_private) as file:
                file.write(data)
                file.flush()
                os.fsync(file.fileno())
            fresh.replace(self._file)  # from now on others append to it
        except BaseException:
            fresh.unlink(missing_ok=True)
            raise
        self._header, self._offset, self._lines = header, len(data), 1 + len(rows)

    def _all(self) -> Iterator[list[Json]]:
        for scope, tables in self._tables.items():
            for table, rows in tables.items():
                for key, row in rows.items():
                    yield [scope, table, key, row]


def create_folder(folder: Path) -> None:
    """Create a folder for state if there is none; our own one with a file by which git ignores everything in it."""
    if folder.is_dir():
        return
    folder.mkdir(parents=True, exist_ok=True)
    if folder.name == FOLDER:
        (folder / ".gitignore").write_text("*\n", encoding="utf-8")


def _open_private(path: str, flags: int) -> int:
    """Open a file that only its owner may read, and create it where it does not exist."""
    return os.open(path, flags | os.O_CREAT, 0o600)


def _new_header() -> bytes:
    return json.dumps({**FORMAT, "id": os.urandom(8).hex()}).encode() + b"\n"

"""What has changed in a repository, as git tells it."""

import subprocess
from dataclasses import dataclass
from pathlib import Path

from reconciler.problems import WrongUsage

SECONDS = 60
NO_OPTION = "--end-of-options"  # a reference that begins with - stays a reference


@dataclass(slots=True)
class PastFile:
    """One file as it was; there is no other beside it."""

    root: str
    name: str
    content: bytes

    def names(self) -> tuple[str, ...]:
        return (self.name,)

    def read(self, name: str) -> bytes:
        if name != self.name:
            raise FileNotFoundError(name)
        return self.content


@dataclass(frozen=True, slots=True)
class Repository:
    """The working tree that a folder is in; paths are told from that folder.

    Raises `WrongUsage` where git does not help.
    """

    folder: str

    def changed_since(self, reference: str) -> tuple[str, ...]:
        """Return the files that differ from where the present work left `reference`, uncommitted and new ones too."""
        base = self._git("merge-base", NO_OPTION, reference, "HEAD").strip()
        committed = self._git("diff", "--name-only", "--no-renames", "--relative", "-z", base, "--")
        fresh = self._git("ls-files", "--others", "--exclude-standard", "-z")
        return tuple(sorted({*committed.split("\0"), *fresh.split("\0")} - {""}))

    def content_at(self, reference: str, file: str) -> bytes | None:
        """Return what a file held where the present work left `reference`; None if it was not there."""
        base = self._git("merge-base", NO_OPTION, reference, "HEAD").strip()
        known = self._git("ls-tree", "--name-only", "-z", base, "--", file)
        return self._git("show", f"{base}:./{file}").encode() if known else None

    def last_change_of(self, name: str) -> str:
        """Return the commit, in short, that last changed a key `name`, or that name of a request, in the folder.

        Empty if none did. `name` has no character that means something in a regular expression.
        """
        key = rf"(^|[[:space:]{{,'\"]){name}['\"]?[[:space:]]*:"
        value = rf"Name['\"]?[[:space:]]*:[[:space:]]*['\"]?{name}['\"]?[[:space:]]*(,|$)"
        return self._git("log", "-1", "--no-textconv", "--format=%h", f"-G{key}|{value}", "--", ".").strip()

    def _git(self, *words: str) -> str:
        """Run git without a shell; what it says on stderr becomes the hint."""
        command = ("git", "-C", self.folder, *words)
        try:
            done = subprocess.run(command, capture_output=True, timeout=SECONDS, check=False)  # noqa: S603 - no shell, fixed words, and NO_OPTION before what the user gave
        except FileNotFoundError as error:
            raise WrongUsage("git is not installed, but is required to find changed files") from error
        except subprocess.TimeoutExpired as error:
            raise WrongUsage(f"git {words[0]} did not finish within {SECONDS} s") from error
        if done.returncode:
            said = done.stderr.decode(errors="replace").strip().splitlines()
            hint = said[0] if said else f"exit code {done.returncode}"
            raise WrongUsage(f"git cannot list the changes in {Path(self.folder).resolve().name}", hint=hint)
        return done.stdout.decode(errors="surrogateescape")

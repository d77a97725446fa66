"""What a page shows of a terminal: commands behind `$`, below each what it prints, and edits of files between them."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

LEFT_OUT = "…"
BLOCK = re.compile(r"^```(console|diff|yaml)\n(.+?)^```", re.DOTALL | re.MULTILINE)
CODE = re.compile(r" # exit code (\d+)$")
SECONDS = re.compile(r"  \d+ s$", re.MULTILINE)


@dataclass(frozen=True, slots=True)
class Command:
    line: str
    code: int
    prints: str


@dataclass(frozen=True, slots=True)
class Edit:
    """Lines that take the place of others."""

    before: str
    after: str


@dataclass(frozen=True, slots=True)
class Shown:
    """YAML; its first line names a file where it is one: `# values.yaml`."""

    text: str

    @property
    def file(self) -> str | None:
        found = re.match(r"# (\S+\.ya?ml)\n", self.text)
        return found[1] if found else None


Step = Command | Edit | Shown


def steps(text: str) -> Iterator[Step]:
    """Yield what the blocks of a page show, in its order."""
    for language, block in BLOCK.findall(text):
        match language:
            case "console":
                yield from commands(block)
            case "diff":
                lines = block.splitlines(keepends=True)
                yield Edit(*("".join(line[1:] for line in lines if line[0] == sign) for sign in "-+"))
            case _:
                yield Shown(block)


def commands(block: str) -> Iterator[Command]:
    for part in re.split(r"^\$ ", block, flags=re.MULTILINE)[1:]:
        line, _, prints = part.partition("\n")
        code = CODE.search(line)
        yield Command(CODE.sub("", line), int(code[1]) if code else 0, prints)


def is_as_shown(shown: str, printed: str) -> bool:
    """Whether a text is the one that is shown, whatever stands in for `…` and however long anything took."""
    pieces = [re.escape(piece) for piece in _lasting(shown).split(f"{LEFT_OUT}\n")]
    return re.fullmatch(r"(?:.*\n)*?".join(pieces), _lasting(printed)) is not None


def edited(file: Path, edit: Edit) -> None:
    text = file.read_text(encoding="utf-8")
    assert text.count(edit.before) == 1, edit.before
    file.write_text(text.replace(edit.before, edit.after), encoding="utf-8")


def _lasting(text: str) -> str:
    return SECONDS.sub("", text)

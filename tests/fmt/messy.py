"""YAML as people write it: any style, any indentation, comments and blank lines anywhere."""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from hypothesis import strategies as st

Draw = Callable[..., Any]
WORDS = (
    "type",
    "image",
    "Command",
    "computeResources",
    "a",
    "b",
    "x-y",
    "é",
    "no",
    "08",
    "30.0",
    "s3://b",
    "Ref::a",
    "k k",
    "<",
)
PLAIN = ("EC2", "ec2", "true", "no", "08", "30.0", "1e3", "Ref::action", "s3://b/c", "a b", "~", "null", "-x", "a#b", "x:y",
         "$Latest", "é", "😀", "a'b", 'a"b', "2020-01-01", "a-rather-long-word-" * 3)  # fmt: skip
QUOTED = (
    "",
    "x",
    "a: b",
    "# no",
    "it's",
    'say "hi"',
    "back\\slash",
    "${x}",
    "é😀",
    " lead",
    "trail ",
    "08",
    "\t",
    "- a",
)
LINES = ("echo one", "  deeper", "", "# no comment", "- x", "key: value", "é", "   ", "\ttab", "trail  ", "'", '"')
TAGS = ("!var", "!env", "!sub", "!ssm", "!secret", "!include", "!!str")
GAPS = ("", "", "", "\n", "\n\n\n")


@st.composite
def documents(draw: Draw) -> str:
    """A document, the root of which is a mapping or a list."""
    writer = _Writer(draw)
    head = draw(
        st.sampled_from(
            ("", "", "# yaml-language-server: $schema=x\n", "# about the file\n\n", "\n\n", "---\n", "# h\n--- # d\n")
        )
    )
    body = writer.block(0, 4)
    text = f"{head}{body}{writer.comments(0)}{draw(st.sampled_from(GAPS))}"
    return draw(st.sampled_from((text, text, text.replace("\n", "\r\n"), text.rstrip("\n"))))


@dataclass
class _Writer:
    draw: Draw
    count: int = 0
    anchors: list[str] = field(default_factory=list)

    def block(self, column: int, depth: int) -> str:
        """Return the lines of a mapping or list, each with its line break."""
        return self.mapping(column, depth) if self.chance(3, 4) else self.items(column, depth)

    def mapping(self, column: int, depth: int) -> str:
        names = self.draw(st.lists(st.sampled_from(WORDS), min_size=1, max_size=4, unique=True))
        entries = [
            f"{self.comments(column)}{' ' * column}{self.key(name)}:{self.value(column, depth)}" for name in names
        ]
        return "".join(entries) + self.tail(column)

    def items(self, column: int, depth: int) -> str:
        count = self.draw(st.integers(1, 3))
        return "".join(
            f"{self.comments(column)}{' ' * column}-{self.item(column, depth)}" for _ in range(count)
        ) + self.tail(column)

    def item(self, column: int, depth: int) -> str:
        if depth and self.chance(1, 2):
            gap = self.draw(st.integers(1, 3))
            inner = self.block(column + 1 + gap, depth - 1)
            first = len(inner) - len(inner.lstrip(" "))
            is_compact = first == column + 1 + gap and not inner.lstrip(" ").startswith("#")
            return f"{' ' * gap}{inner.lstrip(' ')}" if is_compact else f"{self.beside()}\n{inner}"
        return self.value(column, 0)

    def value(self, column: int, depth: int) -> str:
        """Return what follows a colon or a dash, up to and with the line break."""
        match self.draw(st.integers(0, 9)):
            case 0:
                return f"{self.props(may_be_tag=False)}{self.beside()}\n"
            case 1 | 2 if depth:
                inner = column + self.draw(st.integers(1, 4))
                return f"{self.props(may_be_tag=False)}{self.beside()}\n{self.block(inner, depth - 1)}"
            case 3:
                return f"{self.props()} {self.literal(column)}"
            case 4:
                return f" {self.several_lines(column)}{self.beside()}\n"
            case 5 if self.anchors:
                return f" *{self.draw(st.sampled_from(self.anchors))}{self.beside()}\n"
            case 6 | 7:
                return f"{self.props(may_be_tag=False)}{self.space()}{self.flow(2, column)}{self.beside()}\n"
            case _:
                return f"{self.props()}{self.space()}{self.scalar(PLAIN)}{self.beside()}\n"

    def flow(self, depth: int, column: int) -> str:
        if not depth or self.chance(1, 3):
            return self.scalar(tuple(word for word in PLAIN if not set(word) & set("{}[],#:")))
        count = self.draw(st.integers(0, 3))
        space = self.draw(
            st.sampled_from(("", " ", f"\n{' ' * (column + 2)}", f" # in {self.number()}\n{' ' * (column + 1)}"))
        )
        if self.chance(1, 2):
            return f"[{space}{','.join(f'{space}{self.flow(depth - 1, column)}{space}' for _ in range(count))}]"
        names = self.draw(st.lists(st.sampled_from(WORDS), min_size=count, max_size=count, unique=True))
        pairs = (f"{space}{self.key(name)}: {self.flow(depth - 1, column)}{space}" for name in names)
        return f"{{{','.join(pairs)}{space}}}"

    def scalar(self, plain: tuple[str, ...]) -> str:
        if self.chance(1, 2):
            return str(self.draw(st.sampled_from(plain)))
        text = self.draw(st.sampled_from(QUOTED))
        if self.chance(1, 2):
            doubled = text.replace("'", "''")
            return f"'{doubled}'"
        escaped = text.replace("\\", "\\\\").replace('"', '\\"')
        return f'"{escaped}"'

    def literal(self, column: int) -> str:
        lines = self.draw(st.lists(st.sampled_from(LINES), max_size=5))
        step = self.draw(st.integers(1, 4))
        indicator = self.draw(st.sampled_from(("", str(step))))
        header = f"{self.draw(st.sampled_from('|>'))}{indicator}{self.draw(st.sampled_from(('', '-', '+')))}"
        body = "".join(f"{' ' * (column + step)}{line}\n" if line else "\n" for line in lines)
        return f"{header}{self.beside()}\n{body}"

    def several_lines(self, column: int) -> str:
        lead = f"\n{' ' * (column + self.draw(st.integers(1, 5)))}"
        inner = lead.join(self.draw(st.lists(st.sampled_from(("one", "two  ", "", "three\\")), min_size=2, max_size=3)))
        return str(self.draw(st.sampled_from((f'"{inner}z"', f"'{inner}z'", f"a{inner.replace(chr(92), '')}z"))))

    def props(self, *, may_be_tag: bool = True) -> str:
        anchor = ""
        if self.chance(1, 6):
            self.anchors.append(f"n{self.number()}")
            anchor = f" &{self.anchors[-1]}"
        tag = f" {self.draw(st.sampled_from(TAGS))}" if may_be_tag and self.chance(1, 6) else ""
        return anchor + tag if self.chance(1, 2) else tag + anchor

    def key(self, name: str) -> str:
        return str(self.draw(st.sampled_from((name, name, name, f'"{name}"', f"'{name}'"))))

    def space(self) -> str:
        return str(self.draw(st.sampled_from((" ", " ", "   ", " \t"))))

    def beside(self) -> str:
        return f"{self.draw(st.sampled_from((' ', '   ')))}# beside {self.number()}" if self.chance(1, 5) else ""

    def comments(self, column: int) -> str:
        gap = self.draw(st.sampled_from(GAPS))
        if not self.chance(1, 5):
            return str(gap)
        shift = max(0, column + self.draw(st.integers(-2, 2)))
        return f"{gap}{' ' * shift}#{self.draw(st.sampled_from(('', ' ', '  ')))}above {self.number()}\n{self.draw(st.sampled_from(GAPS))}"

    def tail(self, column: int) -> str:
        return f"{' ' * column}# tail {self.number()}\n" if self.chance(1, 6) else ""

    def number(self) -> int:
        self.count += 1
        return self.count

    def chance(self, these: int, of: int) -> bool:
        return int(self.draw(st.integers(1, of))) <= these

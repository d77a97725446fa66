"""Addresses of values in a state, as Terraform spells them: `module.m.aws_subnet.a[0].id`, `data.aws_vpc.main.arn`.

Beside them are those of outputs, `outputs.name` and `output.name`. `[*]` stands for every instance of a resource, or
every element of a list; keys may be in single quotes, and elements written as `.0`.
https://developer.hashicorp.com/terraform/cli/state/resource-addressing
"""

import json
import re
from collections.abc import Sequence
from dataclasses import dataclass

from reconciler.model import Json

OUTPUTS = ("outputs", "output")
STEP = re.compile(
    r"""\.(?P<name>[^\W\d][\w-]*)|\.(?P<element>\d{1,9})(?=[.\[]|$)|\[(?P<index>\d{1,9})\]|(?P<every>\[\*\])"""
    r"""|\[(?P<quoted>"(?:[^"\\]|\\.)*")\]|\['(?P<single>[^']*)'\]"""
)
# Terraform writes `$${` and `%%{` for text that is no template.
TEMPLATES = (("$${", "${"), ("%%{", "%{"))

Key = str | int


class NotAnAddress(ValueError):  # noqa: N818 - names what it is
    """The text names no value of a state; the message says what is missing."""


@dataclass(frozen=True, slots=True)
class Every:
    """`[*]`: every instance, or every element."""

    def __str__(self) -> str:
        return "[*]"


EVERY = Every()
Step = str | int | Every


@dataclass(frozen=True, slots=True)
class StateAddress:
    """A value: of an output, if there is no `type`, else of a resource. `path` leads from there inwards.

    `module` is the path of the module as a state has it: `module.a.module.b["key"]`, empty for the root.
    """

    name: str
    path: tuple[Step, ...] = ()
    type: str = ""
    module: str = ""
    key: Key | Every | None = None
    is_data: bool = False

    @property
    def resource(self) -> str:
        """The resource without its key, or the output."""
        if not self.type:
            return f"{OUTPUTS[0]}.{self.name}"
        return resource_text(self.module, self.type, self.name, is_data=self.is_data)

    @property
    def instance(self) -> str:
        return self.resource + key_text(self.key)

    def __str__(self) -> str:
        return self.instance + path_text(self.path)


def resource_text(module: str, type_: str, name: str, *, is_data: bool) -> str:
    return f"{module}{'.' if module else ''}{'data.' if is_data else ''}{type_}.{name}"


def key_text(key: Key | Every | None) -> str:
    match key:
        case None:
            return ""
        case str():
            text = json.dumps(key, ensure_ascii=False)
            for written, meant in TEMPLATES:
                text = text.replace(meant, written)
            return f"[{text}]"
        case int():
            return f"[{key}]"
    return str(key)


def path_text(path: Sequence[Step]) -> str:
    """Return a path behind an address: `.tags["a b"][0]`."""
    return "".join(
        f".{step}" if isinstance(step, str) and STEP.fullmatch(f".{step}") else key_text(step) for step in path
    )


def parse_address(text: str) -> StateAddress:
    """Return the address that a text is. Raises `NotAnAddress`."""
    reader = _AddressReader(_steps(text))
    module = ""
    while reader.has_name("module") and reader.size > 1:
        reader.name("module")
        inner = f"module.{reader.name('the name of a module')}{key_text(reader.key())}"
        module = f"{module}.{inner}" if module else inner
    if not module and reader.has_name(*OUTPUTS):
        reader.name("outputs")
        return StateAddress(reader.name("the name of an output"), reader.rest())
    if reader.has_name(*OUTPUTS):
        raise NotAnAddress("a state has only the outputs of its root module")
    is_data = reader.has_name("data")
    if is_data:
        reader.name("data")
    type_, name = reader.name("the type of a resource"), reader.name("the name of a resource")
    key = EVERY if reader.is_every() else reader.key()
    path = reader.rest()
    if not path or not isinstance(path[0], str):
        raise NotAnAddress("add an attribute, such as .id or .arn")
    return StateAddress(name, path, type_, module, key, is_data)


def _steps(text: str) -> list[re.Match[str]]:
    """Return the steps of a text: each a name, an index, a key or `[*]`."""
    matches, at = list[re.Match[str]](), 0
    dotted = f".{text}"
    while at < len(dotted):
        match = STEP.match(dotted, at)
        if match is None:
            raise NotAnAddress(f"{text[max(at - 1, 0) :]!r} does not continue an address")
        matches.append(match)
        at = match.end()
    return matches


@dataclass(slots=True)
class _AddressReader:
    steps: list[re.Match[str]]

    @property
    def size(self) -> int:
        return len(self.steps)

    def has_name(self, *names: str) -> bool:
        return bool(self.steps) and self.steps[0]["name"] in names

    def name(self, noun: str) -> str:
        if not self.steps or self.steps[0]["name"] is None:
            raise NotAnAddress(f"{noun} is missing")
        return self.steps.pop(0)["name"]

    def is_every(self) -> bool:
        is_every = bool(self.steps) and self.steps[0]["every"] is not None
        if is_every:
            self.steps.pop(0)
        return is_every

    def key(self) -> Key | None:
        if not self.steps or self.steps[0]["name"] or self.steps[0]["element"]:
            return None
        step = _step(self.steps.pop(0))
        if isinstance(step, Every):
            raise NotAnAddress("[*] is supported for instances of a resource, not of a module")
        return step

    def rest(self) -> tuple[Step, ...]:
        return tuple(_step(match) for match in self.steps)


def _step(match: re.Match[str]) -> Step:
    if match["every"]:
        return EVERY
    if match["quoted"]:
        return _unquoted(match["quoted"])
    for digits in (match["index"], match["element"]):
        if digits:
            return int(digits)
    return str(match["name"] or match["single"])


def _unquoted(quoted: str) -> str:
    try:
        text: Json = json.loads(quoted)
    except ValueError as error:
        raise NotAnAddress(f"{quoted} is not a quoted key") from error
    for written, meant in TEMPLATES:
        text = text.replace(written, meant)
    return str(text)

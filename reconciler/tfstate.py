"""The state of Terraform and OpenTofu: bytes → outputs and resource instances → one value by its address.

Pure: where a state is kept, and how it is fetched, is `reconciler.adapters.lookup`'s. What is sensitive in a state
comes out as `Secret`. Numbers, booleans, lists and maps keep their types.
"""

import difflib
import json
import math
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from reconciler.model import Json
from reconciler.placeholders import Secret, is_secret, is_secret_text
from reconciler.ports import Missing

# Addresses of values in a state, as Terraform spells them: `module.m.aws_subnet.a[0].id`, `data.aws_vpc.main.arn`.
#
# Beside them are those of outputs, `outputs.name` and `output.name`. `[*]` stands for every instance of a resource, or
# every element of a list; keys may be in single quotes, and elements written as `.0`.
# https://developer.hashicorp.com/terraform/cli/state/resource-addressing

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
            for written, literal in TEMPLATES:
                text = text.replace(literal, written)
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
        return StateAddress(reader.name("the name of an output"), reader.remaining_steps())
    if reader.has_name(*OUTPUTS):
        raise NotAnAddress("a state has only the outputs of its root module")
    is_data = reader.has_name("data")
    if is_data:
        reader.name("data")
    type_, name = reader.name("the type of a resource"), reader.name("the name of a resource")
    key = EVERY if reader.is_every() else reader.key()
    path = reader.remaining_steps()
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

    def remaining_steps(self) -> tuple[Step, ...]:
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
    for written, literal in TEMPLATES:
        text = text.replace(written, literal)
    return str(text)


# What a state holds, and one value of it by its address.
#
# A state of version 4, as Terraform 0.12 and later and OpenTofu write it, or what `terraform output -json` prints.
# Sources: https://developer.hashicorp.com/terraform/language/state, and states/statefile/version4.go of Terraform.

VERSION = 4
OUTPUT_HINT = "use a state of version 4, or a file with the output of `terraform output -json`"
DAMAGED = "restore it from a backup, or write it again with `terraform state pull`"
# Resources of Terraform itself, whose attributes can have any type: a state holds their types beside their values.
DYNAMIC = ("terraform_remote_state", "terraform_data")

SensitivePath = tuple[Key, ...]


class NotAState(ValueError):  # noqa: N818 - names what it is
    """Some bytes are no state that can be read. The message continues the name of what holds them: `… is empty`."""

    def __init__(self, message: str, hint: str) -> None:
        super().__init__(message)
        self.hint = hint


@dataclass(frozen=True, slots=True)
class StateOutput:
    value: Json
    is_sensitive: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class StateInstance:
    """One instance of a resource: all of it, or the one of a `count` or `for_each` key.

    `sensitive` are the paths of what the configuration marks. `deposed` is a key where Terraform is about to delete it.
    """

    type: str
    name: str
    values: Mapping[str, Json]
    module: str = ""
    key: Key | None = None
    is_data: bool = False
    sensitive: tuple[SensitivePath, ...] = ()
    is_tainted: bool = False
    deposed: str = ""

    @property
    def resource(self) -> str:
        return resource_text(self.module, self.type, self.name, is_data=self.is_data)

    @property
    def address(self) -> str:
        return self.resource + key_text(self.key)


@dataclass(frozen=True, slots=True)
class TerraformState:
    """`has_resources` is false for outputs alone, as `terraform output -json` prints them."""

    outputs: Mapping[str, StateOutput] = field(default_factory=dict)
    instances: tuple[StateInstance, ...] = ()
    has_resources: bool = True


def parse_state(raw: bytes) -> TerraformState:
    """Return the state that some bytes are. Raises `NotAState`."""
    return state_of(parse_document(raw))


def parse_document(raw: bytes) -> Json:
    """Return the JSON value that some bytes are; None if there are none. Raises `NotAState`."""
    try:
        text = raw.decode("utf-8-sig")
        if not text.strip():
            return None
        return json.loads(text, parse_float=_float, parse_constant=_no_constant)
    except (ValueError, RecursionError) as error:
        actual = "HTML" if raw.lstrip()[:1] == b"<" else "not JSON"
        hint = "check the address and the proxy: it may be a login page" if actual == "HTML" else OUTPUT_HINT
        raise NotAState(f"is {actual}", hint) from error


def is_raw_state(document: Json) -> bool:
    """Whether a document is a state as Terraform keeps it, of any version."""
    return isinstance(document, Mapping) and type(document.get("version")) is int and "format_version" not in document


def state_of(document: Json) -> TerraformState:
    """Return the state that a JSON document is. Raises `NotAState`."""
    if document is None or document == "":
        raise NotAState("is empty", "apply the Terraform configuration first, and check the workspace")
    if not isinstance(document, Mapping):
        raise NotAState("is not a Terraform state", OUTPUT_HINT)
    if "encrypted_data" in document or "encryption_version" in document:
        hint = "write its outputs to a file with `tofu output -json`, and use that file"
        raise NotAState("is encrypted by OpenTofu", hint)
    if is_raw_state(document):
        return _version_4(document)
    if _are_outputs(document):
        return TerraformState({name: _output(output) for name, output in document.items()}, has_resources=False)
    if "format_version" in document:
        raise NotAState("is output of `terraform show -json`", OUTPUT_HINT)
    raise NotAState("is not a Terraform state", OUTPUT_HINT)


def _version_4(document: Mapping[str, Json]) -> TerraformState:
    if document["version"] != VERSION:
        _check_backend(document.get("backend"))
        is_old = document["version"] < VERSION
        hint = "apply it with Terraform 0.12 or later, which writes version 4" if is_old else "update reconciler"
        raise NotAState(f"has version {document['version']}; only version {VERSION} is supported", hint)
    try:
        outputs = {str(name): _output(output) for name, output in (document.get("outputs") or {}).items()}
        return TerraformState(outputs, tuple(_instances(document.get("resources") or ())))
    except (AttributeError, KeyError, TypeError, ValueError) as error:  # nothing that Terraform has written
        raise NotAState("is damaged", DAMAGED) from error


def _check_backend(backend: Json) -> None:
    """Raise `NotAState` for `.terraform/terraform.tfstate`, which only says where the state is."""
    if not isinstance(backend, Mapping):
        return
    config = backend.get("config")
    config = config if isinstance(config, Mapping) else {}
    location = f"s3://{config.get('bucket')}/{config.get('key')}" if backend.get("type") == "s3" else "the state itself"
    raise NotAState(f"only refers to a state in a backend of type {backend.get('type')}", f"use {location}")


def _are_outputs(document: Mapping[str, Json]) -> bool:
    return all(isinstance(output, Mapping) and {"value", "type"} <= output.keys() for output in document.values())


def _output(output: Mapping[str, Json]) -> StateOutput:
    return StateOutput(output["value"], is_sensitive=bool(output.get("sensitive")))


def _instances(resources: Json) -> Iterator[StateInstance]:
    for resource in resources:
        for instance in resource["instances"]:
            values = instance.get("attributes")
            values = instance.get("attributes_flat") or {} if values is None else values
            is_dynamic = resource["type"] in DYNAMIC
            yield StateInstance(
                type=str(resource["type"]),
                name=str(resource["name"]),
                values={name: _unwrap_dynamic(value) if is_dynamic else value for name, value in values.items()},
                module=resource.get("module") or "",
                key=instance.get("index_key"),
                is_data=resource["mode"] == "data",
                sensitive=tuple(_path(path) for path in instance.get("sensitive_attributes") or ()),
                is_tainted=instance.get("status") == "tainted",
                deposed=instance.get("deposed") or "",
            )


def _unwrap_dynamic(value: Json) -> Json:
    return value["value"] if isinstance(value, Mapping) and value.keys() == {"value", "type"} else value


def _path(steps: Json) -> SensitivePath:
    """Return a path of `sensitive_attributes`, up to the first step that is not understood: all below it is marked."""
    path: list[Key] = []
    for step in steps:
        value = step.get("value")
        key = value.get("value") if isinstance(value, Mapping) else value
        if isinstance(key, bool) or not isinstance(key, str | int):
            break
        path.append(key)
    return tuple(path)


def _float(text: str) -> Json:
    number = float(text)
    return text if math.isinf(number) else number


def _no_constant(constant: str) -> None:
    raise ValueError(constant)


# One value of a state by its address, with what is secret in it marked; or what is missing, and what is near.

MOST = 6  # names in a hint
PASSWORDS = "_password"  # the end of types such as random_password: all that they make is one


@dataclass(frozen=True, slots=True)
class _StateValue:
    """A value along the path of an address. `sensitive` are the marked paths below it."""

    value: Json
    sensitive: tuple[SensitivePath, ...] = ()


def find_value(state: TerraformState, address: StateAddress) -> Json:
    """Return a value in its type. Each sensitive value in it is a `Secret`, which is a text.

    Raises `Missing`, also for null.
    """
    if not address.type:
        output = _output_value(state, address)
        names: tuple[Step, ...] = (address.name, *address.path)
        return _checked_value(address, names, [_follow_path(output, address.path, address.resource)])
    instances = _instances_value(state, address)
    values = [_follow_path(_attributes_of(instance, address), address.path, instance.address) for instance in instances]
    return _checked_value(address, address.path, values)


def _checked_value(address: StateAddress, names: Sequence[Step], state_values: list[_StateValue]) -> Json:
    """Return the values with their secrets marked: those of all instances, where all are meant."""
    values = [_mark_secrets(value, names) for value in state_values]
    value = values if address.key == EVERY else values[0]
    if value is None:
        raise Missing(f"{address} is null", "choose a value that is set")
    return value


def _output_value(state: TerraformState, address: StateAddress) -> _StateValue:
    output = state.outputs.get(address.name)
    if output is None:
        has = (
            f"its outputs are {_list_names(state.outputs)}"
            if state.outputs
            else "it has no outputs: check that it is applied"
        )
        raise _missing_name(f"the output {address.name} does not exist", address.name, state.outputs, has)
    return _StateValue(output.value, ((),) if output.is_sensitive else ())


def _instances_value(state: TerraformState, address: StateAddress) -> list[StateInstance]:
    instances = [instance for instance in state.instances if not instance.deposed]
    of_resource = [instance for instance in instances if instance.resource == address.resource]
    if address.key == EVERY and of_resource:
        return sorted(
            of_resource,
            key=lambda instance: (isinstance(instance.key, str), instance.key if instance.key is not None else 0),
        )
    if exact := [instance for instance in of_resource if instance.key == address.key]:
        return exact[:1]
    if not state.has_resources:
        hint = "`terraform output -json` contains only outputs: use one, for example outputs.subnet_ids"
        raise Missing(f"the resource {address.instance} does not exist", hint)
    if of_resource:
        suggestion = (
            of_resource[0].address
            if address.key is None
            else _nearest(address.instance, [instance.address for instance in of_resource])
        )
        all_hint = f", or {address.resource}[*] for all" if address.key is None else ""
        raise Missing(
            f"the instance {address.instance} does not exist",
            f"did you mean {suggestion or of_resource[0].address}{all_hint}?",
        )
    names = dict.fromkeys(instance.resource for instance in instances)
    has = f"its resources are {_list_names(names)}" if names else "it has no resources: check that it is applied"
    raise _missing_name(f"the resource {address.resource} does not exist", address.resource, names, has)


def _attributes_of(instance: StateInstance, address: StateAddress) -> _StateValue:
    """Return the attributes of an instance. A state need not mark what its provider takes for sensitive."""
    is_password = instance.type.endswith(PASSWORDS) and address.path[:1] != ("id",)
    return _StateValue(instance.values, ((),) if is_password else instance.sensitive)


def _follow_path(value: _StateValue, path: Sequence[Step], at: str) -> _StateValue:
    """Follow a path. `at` is the address of what was found so far."""
    for index, step in enumerate(path):
        if isinstance(step, Every):
            elements = value.value
            if not isinstance(elements, list):
                raise Missing(f"{at} is not a list", "remove [*]")
            values = [
                _follow_path(_value_below(value, i), path[index + 1 :], f"{at}[{i}]") for i in range(len(elements))
            ]
            marks = tuple((i, *mark) for i, element in enumerate(values) for mark in element.sensitive)
            return _StateValue([element.value for element in values], marks)
        _check(value.value, step, at)
        value, at = _value_below(value, step), at + path_text((step,))
    return value


def _check(value: Json, step: Key, at: str) -> None:
    """Raise `Missing` unless the value has the step."""
    match value, step:
        case Mapping(), str():
            if step not in value:
                has = f"its keys are {_list_names(value)}" if value else "it is empty"
                raise _missing_name(f"{at} has no {step}", step, value, has)
        case list(), int():
            if step >= len(value):
                count = f"{len(value)} element{'' if len(value) == 1 else 's'}"
                raise Missing(f"{at} has no element {step}", f"it has {count}; indexes start at 0")
        case list(), _:
            raise Missing(f"{at} is a list", f"select an element first, for example [0]{path_text((step,))}")
        case Mapping(), _:
            raise Missing(f"{at} is a map", f"select a key: {_list_names(value)}")
        case None, _:
            raise Missing(f"{at} is null", "choose a value that is set")
        case _:
            raise Missing(f"{at} is a single value", f"remove {path_text((step,))}")


def _value_below(value: _StateValue, step: Key) -> _StateValue:
    return _StateValue(value.value[step], tuple(mark[1:] for mark in value.sensitive if mark[:1] in ((), (step,))))


def _mark_secrets(state_value: _StateValue, names: Sequence[Step]) -> Json:
    """Return a value with its secrets: what the state marks, and what has the name or the look of one."""
    value = state_value.value
    is_named = any(isinstance(name, str) and is_secret(name, value) for name in names)
    if () in state_value.sensitive or is_named or (isinstance(value, str) and is_secret_text(value)):
        return _as_secret(value)
    if isinstance(value, Mapping):
        return {key: _mark_secrets(_value_below(state_value, key), (key,)) for key in value}
    if isinstance(value, list):
        return [_mark_secrets(_value_below(state_value, index), ()) for index in range(len(value))]
    return value


def _as_secret(value: Json) -> Json:
    """Return a secret value. Each single one becomes a text, which is found again wherever it would be shown.

    A boolean stays one, as in a secret variable: one of two words reveals nothing, and cannot be hidden in other texts.
    """
    match value:
        case Mapping():
            return {key: _as_secret(inner) for key, inner in value.items()}
        case list():
            return [_as_secret(inner) for inner in value]
        case bool() | None:
            return value
    return Secret(value)


def _missing_name(message: str, name: str, names: Iterable[str], hint: str) -> Missing:
    suggestion = _nearest(name, names)
    return Missing(message, f"did you mean {suggestion}?" if suggestion else hint)


def _nearest(name: str, names: Iterable[str]) -> str:
    return next(iter(difflib.get_close_matches(name[:200], list(names), n=1)), "")


def _list_names(names: Iterable[str]) -> str:
    ordered = sorted(names)
    more = f" and {len(ordered) - MOST} more" if len(ordered) > MOST else ""
    return f"{', '.join(ordered[:MOST])}{more}"

"""What a state holds: version 4, as Terraform 0.12 and later and OpenTofu write it, or what `terraform output -json`
prints. https://developer.hashicorp.com/terraform/language/state, and states/statefile/version4.go of Terraform.
"""

import json
import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from reconciler.model import Json
from reconciler.tfstate.address import Key, key_text, resource_text

VERSION = 4
OUTPUT_HINT = "name a state of version 4, or a file with what `terraform output -json` prints"
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
        what = "HTML" if raw.lstrip()[:1] == b"<" else "not JSON"
        hint = "check the address and the proxy: it may be a login page" if what == "HTML" else OUTPUT_HINT
        raise NotAState(f"is {what}, and no state of Terraform", hint) from error


def is_raw_state(document: Json) -> bool:
    """Whether a document is a state as Terraform keeps it, of any version."""
    return isinstance(document, Mapping) and type(document.get("version")) is int and "format_version" not in document


def state_of(document: Json) -> TerraformState:
    """Return the state that a JSON document is. Raises `NotAState`."""
    if document is None or document == "":
        raise NotAState("is empty", "apply the Terraform configuration first, and check the workspace")
    if not isinstance(document, Mapping):
        raise NotAState("is no state of Terraform", OUTPUT_HINT)
    if "encrypted_data" in document or "encryption_version" in document:
        hint = "write its outputs to a file with `tofu output -json`, and name that file"
        raise NotAState("is encrypted by OpenTofu", hint)
    if is_raw_state(document):
        return _version_4(document)
    if _are_outputs(document):
        return TerraformState({name: _output(one) for name, one in document.items()}, has_resources=False)
    if "format_version" in document:
        raise NotAState("is what `terraform show -json` prints", OUTPUT_HINT)
    raise NotAState("is no state of Terraform", OUTPUT_HINT)


def _version_4(document: Mapping[str, Json]) -> TerraformState:
    if document["version"] != VERSION:
        _check_backend(document.get("backend"))
        is_old = document["version"] < VERSION
        hint = "Terraform 0.12 and later write version 4: apply it with one of them" if is_old else "update reconciler"
        raise NotAState(f"has version {document['version']}, and only version {VERSION} can be read", hint)
    try:
        outputs = {str(name): _output(one) for name, one in (document.get("outputs") or {}).items()}
        return TerraformState(outputs, tuple(_instances(document.get("resources") or ())))
    except (AttributeError, KeyError, TypeError, ValueError) as error:  # nothing that Terraform has written
        raise NotAState("is damaged", DAMAGED) from error


def _check_backend(backend: Json) -> None:
    """Raise `NotAState` for `.terraform/terraform.tfstate`, which only says where the state is."""
    if not isinstance(backend, Mapping):
        return
    config = backend.get("config")
    config = config if isinstance(config, Mapping) else {}
    there = f"s3://{config.get('bucket')}/{config.get('key')}" if backend.get("type") == "s3" else "the state itself"
    raise NotAState(f"only says that the state is in a backend of type {backend.get('type')}", f"name {there}")


def _are_outputs(document: Mapping[str, Json]) -> bool:
    return all(isinstance(one, Mapping) and {"value", "type"} <= one.keys() for one in document.values())


def _output(output: Mapping[str, Json]) -> StateOutput:
    return StateOutput(output["value"], is_sensitive=bool(output.get("sensitive")))


def _instances(resources: Json) -> Iterator[StateInstance]:
    for resource in resources:
        for one in resource["instances"]:
            values = one.get("attributes")
            values = one.get("attributes_flat") or {} if values is None else values
            is_dynamic = resource["type"] in DYNAMIC
            yield StateInstance(
                type=str(resource["type"]),
                name=str(resource["name"]),
                values={name: _undone(value) if is_dynamic else value for name, value in values.items()},
                module=resource.get("module") or "",
                key=one.get("index_key"),
                is_data=resource["mode"] == "data",
                sensitive=tuple(_path(path) for path in one.get("sensitive_attributes") or ()),
                is_tainted=one.get("status") == "tainted",
                deposed=one.get("deposed") or "",
            )


def _undone(value: Json) -> Json:
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


def _no_constant(word: str) -> None:
    raise ValueError(word)

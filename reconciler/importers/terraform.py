"""Terraform as a source: a state (version 4), or what `terraform show -json` prints of a state or of a plan."""

import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field

from reconciler.diff.canonical import compact
from reconciler.importers.json_files import FROM_PULUMI
from reconciler.importers.model import Imported, ImportedResource, LeftOut, Note
from reconciler.kinds import KINDS
from reconciler.kinds.base import Field, Form, Kind, Row
from reconciler.load.files import decoded
from reconciler.model import Address, Json, Path, Spec
from reconciler.problems import Problem, Severity, Where
from reconciler.syntax.diagnostics import Findings
from reconciler.syntax.nodes import Broken, value_of
from reconciler.syntax.parse import compose_json, whole_json
from reconciler.tfstate import NotAState, TerraformState, is_raw_state, state_of
from reconciler.validate.typos import normalized

# Fields in the spelling of Terraform, converted to that of the API by the tables of the kinds.

NOTHING: Mapping[str, str] = {}


def spell_as_api(
    rows: Iterable[Row], body: Mapping[str, Json], renamed: Mapping[str, str] = NOTHING
) -> dict[str, Json]:
    """Return a body whose members are spelled as the API does: `min_vcpus` and `MinvCpus` are `minvCpus`.

    `renamed` are members that are called otherwise. A structure that is written as a list of one becomes a structure.
    Keys of maps stay as they are, and so does a member that no table has.
    """
    rows_by_name = {normalized(row.name): row for row in rows}
    out = {}
    for name, value in body.items():
        row = rows_by_name.get(normalized(renamed.get(name, name)))
        api_name = row.name if row else renamed.get(name, name)
        out[api_name] = _value(row, value, renamed) if isinstance(row, Field) else value
    return out


def _value(row: Field, value: Json, renamed: Mapping[str, str]) -> Json:
    if row.form in (Form.STRUCT, Form.MAP) and isinstance(value, list | tuple):
        value = value[0] if value else None
    if not row.fields or row.form is Form.MAP:
        return value
    if isinstance(value, Mapping):
        return spell_as_api(row.fields, value, renamed)
    if isinstance(value, list | tuple):
        return [spell_as_api(row.fields, entry, renamed) if isinstance(entry, Mapping) else entry for entry in value]
    return value


PREFIX = "aws_batch_"
SHOW = (
    "pass a state file, or the output of `terraform show -json` for a state or a plan (`terraform show -json plan.out`)"
)
# What the provider has beside the API's members (registry.terraform.io/providers/hashicorp/aws, version 5.100).
COMPUTED = ("arn", "arn_prefix", "id", "status", "status_reason", "ecs_cluster_arn", "revision", "region", "tags",
            "compute_environment_name_prefix", "name_prefix", "timeouts", "deregister_on_new_revision",
            "desired_vcpus")  # fmt: skip
LAST_WINS = "Terraform and the import use the last one"  # as Go's encoding/json does, by which it reads both
JSON_TEXTS = ("container_properties", "ecs_properties", "node_properties")
# Attributes for which the provider stores 0 if they are not set.
UNSET_AS_0 = ("bid_percentage", "scheduling_priority", "attempts", "attempt_duration_seconds")
NOT_FOR_FARGATE = "min_vcpus"
MAPS = ("tags", "tags_all", "parameters", "labels")  # whose keys and values are the user's
# What is called otherwise there; the rest differs in case alone.
RENAMED = {
    "tags_all": "tags",  # with those of the provider's default_tags: what is live
    "instance_type": "instanceTypes",
    "job_state_time_limit_action": "jobStateTimeLimitActions",
    "image_pull_secret": "imagePullSecrets",
}
FILLED_IN = "ec2_configuration"  # computed, unless the configuration has it: a state cannot tell
INDEX = re.compile(r"\[[^\]]*\]")  # of an instance, in an address: `module.a["b"].aws_batch_job_queue.q[0]`
MOST = 6  # names in one line
# A value that only one thing in AWS has, not a word that two have by chance: an ARN, or an id such as subnet-0a1b2c3d.
IDENTIFIER = re.compile(r"arn:aws[a-z-]*:\S+|[a-z]+-[0-9a-f]{8,17}")
NAMING = ("arn", "id")  # attributes by which resources of Terraform refer to each other
PROPOSED = "is !tfstate STATE:"
PROPOSAL = (
    "Values with a comment `VALUE is !tfstate STATE:…` are attributes of Terraform's resources. To read them from its "
    "state, write `lookups: {tfstate: {STATE: s3://bucket/key}}` here, and each !tfstate in place of its value."
)


def imported(files: Iterable[tuple[str, bytes]]) -> Imported:
    """Return what states or plans have of AWS Batch; `files` are names, as messages call them, and contents."""
    reader = _TerraformReader()
    for name, raw in files:
        reader.read_file(name, raw)
    notes = (
        (PROPOSAL,) if any(PROPOSED in note.text for resource in reader.resources for note in resource.notes) else ()
    )
    return Imported(
        resources=tuple(reader.resources), left_out=tuple(reader.left_out()), problems=reader.problems, notes=notes
    )


@dataclass(slots=True)
class _TerraformReader:
    findings: Findings = field(default_factory=Findings)
    resources: list[ImportedResource] = field(default_factory=list)
    other_types: Counter[str] = field(default_factory=Counter)
    deposed: list[LeftOut] = field(default_factory=list)
    written: Mapping[str, frozenset[str]] = field(default_factory=dict)  # attributes, by address
    written_by_default: frozenset[str] = frozenset()  # those of an address that is not there
    other_problems: list[Problem] = field(default_factory=list)
    addresses: Mapping[str, str] = field(default_factory=dict)  # of values of this file that others may read, too

    @property
    def problems(self) -> tuple[Problem, ...]:
        return (*self.findings.in_file_order(), *self.other_problems)

    def left_out(self) -> Iterator[LeftOut]:
        yield from self.deposed
        for type_, count in sorted(self.other_types.items()):
            yield LeftOut(f"{count} {type_}", "not an AWS Batch resource")

    def read_file(self, name: str, raw: bytes) -> None:
        text = decoded(name, raw, self.findings)
        root = compose_json(name, text, self.findings, last_wins=LAST_WINS).root if text is not None else None
        if isinstance(root, Broken) or text is None:
            return
        document = value_of(root) if root else None
        if isinstance(document, Mapping) and "deployment" in document and "resources" not in document:
            self.other_problems.append(
                Problem("IMP002", f"{name} is the output of `pulumi stack export`", Where(name), FROM_PULUMI)
            )
            return
        try:
            document = _as_show_output(state_of(document)) if is_raw_state(document) else document
        except NotAState as error:
            self.other_problems.append(Problem("IMP002", f"{name} {error}", Where(name), error.hint))
            return
        reason = _refusal(document)
        if reason:
            self.other_problems.append(Problem("IMP002", f"{name} {reason[0]}", Where(name), reason[1]))
            return
        count = len(self.resources)
        try:
            self.read_document(name, dict(document or {}))
        except (AttributeError, KeyError, TypeError, IndexError):  # nothing that Terraform has written
            del self.resources[count:]
            self.other_problems.append(Problem("IMP002", f"{name} is damaged", Where(name), SHOW))

    def read_document(self, name: str, document: Mapping[str, Json]) -> None:
        values = document.get("values") or document.get("planned_values") or {}
        unknown_by_address = {
            change["address"]: change["change"].get("after_unknown") for change in document.get("resource_changes", ())
        }
        is_plan = "planned_values" in document
        self.written = _configured_attributes(document) if is_plan else {}
        self.written_by_default = frozenset({FILLED_IN} if is_plan else ())
        before = len(self.resources) + len(self.other_problems)
        resources = list(_resources(values.get("root_module") or {}))
        self.addresses = _addresses(resources)
        for resource in resources:
            self.read_resource(name, resource, unknown_by_address.get(resource["address"]))
        if len(self.resources) + len(self.other_problems) == before:
            self.other_problems.append(Problem("IMP002", f"{name} contains no AWS Batch resources", Where(name), SHOW))

    def read_resource(self, file: str, resource: Mapping[str, Json], unknown: Json) -> None:
        type_, address = resource["type"], resource["address"]
        kind = next(
            (candidate for candidate in KINDS.values() if type_ == PREFIX + candidate.noun.replace("-", "_")), None
        )
        if resource.get("mode") == "data":
            return  # it is read, not kept
        if kind is None:
            self.other_types[type_] += 1
        elif resource.get("deposed_key"):
            self.deposed.append(LeftOut(address, "Terraform is going to delete it (deposed)", Where(file)))
        else:
            self.read_batch_resource(file, kind, address, resource, unknown)

    def read_batch_resource(
        self, file: str, kind: Kind, address: str, resource: Mapping[str, Json], unknown: Json
    ) -> None:
        values = resource.get("values") or {}
        written = self.written.get(INDEX.sub("", address), self.written_by_default)
        name = values.get(_snake_case(kind.name_member)) or values.get("name")
        missing = [*_unknown_fields(unknown), *([] if name else ["name"])]
        if missing:
            message = f"{address}: not known until it is applied: {', '.join(dict.fromkeys(missing))}"
            self.other_problems.append(
                Problem("IMP007", message, Where(file), "apply it and import the state, or use --keep-going")
            )
            return
        try:
            body = _body(kind, values, written)
        except ValueError as error:
            self.other_problems.append(
                Problem("IMP007", f"{address}: {error}", Where(file), "Terraform also rejects it")
            )
            return
        for text in (member for member in JSON_TEXTS if values.get(member)):  # for what is written twice in one
            compose_json(f"{file} ({address}.{text})", values[text], self.findings, last_wins=LAST_WINS)
        if _is_marked(resource.get("sensitive_values")):
            message = f"{address} has fields that Terraform marks as sensitive: their values are written to the YAML"
            hint = "use !secret or a secret variable instead"
            self.other_problems.append(Problem("IMP004", message, Where(file), hint, Severity.WARNING))
        notes = [Note((), "Terraform is going to replace it (tainted)")] if resource.get("tainted") else []
        notes += _lookup_notes(body, self.addresses)
        row = kind.parent_row
        physical = kind.name_within(str(body.get(row.name, "")) if row else "", str(name))
        is_declared = FILLED_IN in written
        imported_resource = ImportedResource(
            Address(kind.name, physical), body, notes=tuple(notes), where=Where(file), is_declared=is_declared
        )
        self.resources.append(imported_resource)


def _refusal(document: Json) -> tuple[str, str] | None:
    """Return why a document is not supported, and what to do; None if it is."""
    if document is None:
        return "is empty", SHOW
    if not isinstance(document, Mapping):
        return "is not output of `terraform show -json`", SHOW
    version = str(document.get("format_version", ""))
    is_ours = {"values", "planned_values", "terraform_version"} & document.keys() or len(
        document
    ) == 1  # an empty state
    if not version or not is_ours:
        return "is not output of `terraform show -json`", SHOW
    if version.partition(".")[0] not in ("0", "1"):
        return (
            f"has format version {version}; only version 1 is supported",
            "use a different Terraform version, or a newer reconciler",
        )
    return None


def _as_show_output(state: TerraformState) -> Mapping[str, Json]:
    """Return a state in the form in which `terraform show -json` prints it."""
    resources = [
        {
            "address": instance.address,
            "mode": "data" if instance.is_data else "managed",
            "type": instance.type,
            "values": instance.values,
            "sensitive_values": bool(instance.sensitive),
            "deposed_key": instance.deposed,
            "tainted": instance.is_tainted,
        }
        for instance in state.instances
    ]
    return {"format_version": "1.0", "values": {"root_module": {"resources": resources}}}


def _configured_attributes(document: Mapping[str, Json]) -> Mapping[str, frozenset[str]]:
    """Return the names of the attributes that the configuration of a plan has, by the address of each resource.

    The values of a plan also have what the provider computes, or has read before.
    """
    configuration = document.get("configuration") or {}
    return dict(_module_attributes(configuration.get("root_module") or {}, ""))


def _module_attributes(module: Mapping[str, Json], before: str) -> Iterator[tuple[str, frozenset[str]]]:
    for resource in module.get("resources", ()):
        yield f"{before}{resource['address']}", frozenset(_attributes(resource.get("expressions") or {}))
    for name, call in (module.get("module_calls") or {}).items():
        yield from _module_attributes(call.get("module") or {}, f"{before}module.{name}.")


def _attributes(expressions: Json) -> Iterator[str]:
    if isinstance(expressions, Mapping):
        for name, inner in expressions.items():
            yield name
            yield from _attributes(inner)
    elif isinstance(expressions, list):
        for inner in expressions:
            yield from _attributes(inner)


def _resources(module: Mapping[str, Json]) -> Iterator[Mapping[str, Json]]:
    yield from module.get("resources", ())
    for inner in module.get("child_modules", ()):
        yield from _resources(inner)


def _addresses(resources: Iterable[Mapping[str, Json]]) -> Mapping[str, str]:
    """Return the addresses of what names resources that are not of AWS Batch, by value; managed ones come first."""
    addresses: dict[str, str] = {}
    others = [
        resource
        for resource in resources
        if not resource["type"].startswith(PREFIX) and not resource.get("deposed_key")
    ]
    for resource in sorted(others, key=lambda resource: resource.get("mode") == "data"):
        values = resource.get("values") or {}
        for name in NAMING:
            value = values.get(name)
            if isinstance(value, str) and IDENTIFIER.fullmatch(value):
                addresses.setdefault(value, f"{resource['address']}.{name}")
    return addresses


def _lookup_notes(value: Json, addresses: Mapping[str, str], path: Path = ()) -> Iterator[Note]:
    """Yield a note for each value in a body that the state has as an attribute of something else."""
    if isinstance(value, str) and value in addresses:
        yield Note(path, f"{value} {PROPOSED}{addresses[value]}")
    items = value.items() if isinstance(value, Mapping) else enumerate(value) if isinstance(value, list) else ()
    for step, inner in items:
        yield from _lookup_notes(inner, addresses, (*path, step))


def _body(kind: Kind, values: Mapping[str, Json], written: frozenset[str]) -> Spec:
    """Return a resource as a create request. Raises `ValueError` for a text that should be JSON."""
    apart = (*COMPUTED, _snake_case(kind.name_member), "name")
    attributes = {name: _parse_attribute(name, value) for name, value in values.items() if name not in apart}
    order = attributes.pop("compute_environments", None)  # of old states: ARNs in their order
    if order and not attributes.get("compute_environment_order"):
        attributes["compute_environment_order"] = [
            {"order": index, "compute_environment": arn} for index, arn in enumerate(order, 1)
        ]
    attributes["compute_resources"] = [
        _compute_resources(block, written) for block in attributes.get("compute_resources") or ()
    ]
    body: Spec = compact(spell_as_api(kind.rows, attributes, RENAMED))
    return body


def _compute_resources(block: Mapping[str, Json], written: frozenset[str]) -> dict[str, Json]:
    is_fargate = str(block.get("type", "")).startswith("FARGATE")
    apart = (*({"desired_vcpus"} - written), *([NOT_FOR_FARGATE] if is_fargate else []))
    return {name: value for name, value in block.items() if name not in apart}


def _parse_attribute(name: str, value: Json) -> Json:
    if name not in JSON_TEXTS:
        return _without_unset(name, value)
    try:
        return whole_json(value) if value else None
    except (ValueError, TypeError) as error:
        raise ValueError(f"{name} is not JSON ({error})") from error


def _without_unset(name: str, value: Json) -> Json:
    """Return a value without what the provider stores for unset attributes: empty texts, and some zeros."""
    if name in MAPS:
        return value
    if isinstance(value, Mapping):
        inner = {key: _without_unset(key, item) for key, item in value.items()}
        return {key: item for key, item in inner.items() if item is not None}
    if isinstance(value, list):
        return [_without_unset(name, item) for item in value]
    return None if value == "" or (value == 0 and value is not False and name in UNSET_AS_0) else value


def _unknown_fields(flags: Json) -> Iterator[str]:
    """Yield the fields that a plan does not know yet, except those that AWS computes."""
    if not isinstance(flags, Mapping):
        return
    for name, flag in flags.items():
        if name not in COMPUTED and name not in ("tags_all", "service_role") and _is_marked(flag):
            yield name


def _is_marked(flags: Json) -> bool:
    """Whether anything below is marked: Terraform keeps the shape of the values, with true where it means."""
    if isinstance(flags, Mapping):
        return any(map(_is_marked, flags.values()))
    return any(map(_is_marked, flags)) if isinstance(flags, list) else flags is True


def _snake_case(name: str) -> str:
    return "".join(f"_{letter.lower()}" if letter.isupper() else letter for letter in name)

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

# Members in another tool's spelling, brought to the API's by the tables of the kinds.

NOTHING: Mapping[str, str] = {}


def spelled(rows: Iterable[Row], body: Mapping[str, Json], renamed: Mapping[str, str] = NOTHING) -> dict[str, Json]:
    """Return a body whose members are spelled as the API does: `min_vcpus` and `MinvCpus` are `minvCpus`.

    `renamed` are members that are called otherwise. A structure that is written as a list of one becomes a structure.
    Keys of maps stay as they are, and so does a member that no table has.
    """
    known = {normalized(row.name): row for row in rows}
    out = {}
    for name, value in body.items():
        row = known.get(normalized(renamed.get(name, name)))
        own = row.name if row else renamed.get(name, name)
        out[own] = _value(row, value, renamed) if isinstance(row, Field) else value
    return out


def _value(row: Field, value: Json, renamed: Mapping[str, str]) -> Json:
    if row.form in (Form.STRUCT, Form.MAP) and isinstance(value, list | tuple):
        value = value[0] if value else None
    if not row.fields or row.form is Form.MAP:
        return value
    if isinstance(value, Mapping):
        return spelled(row.fields, value, renamed)
    if isinstance(value, list | tuple):
        return [spelled(row.fields, one, renamed) if isinstance(one, Mapping) else one for one in value]
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
# Where 0 is what the provider keeps for what nobody wrote.
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
NAMING = ("arn", "id")  # attributes by which one resource of Terraform names another
PROPOSED = "is !tfstate STATE:"
PROPOSAL = (
    "Values with a comment `VALUE is !tfstate STATE:…` are attributes of Terraform's resources. To read them from its "
    "state, write `lookups: {tfstate: {STATE: s3://bucket/key}}` here, and each !tfstate in place of its value."
)


def imported(files: Iterable[tuple[str, bytes]]) -> Imported:
    """Return what states or plans have of AWS Batch; `files` are names, as messages call them, and contents."""
    reader = _TerraformReader()
    for name, raw in files:
        reader.file(name, raw)
    notes = (PROPOSAL,) if any(PROPOSED in note.text for one in reader.found for note in one.notes) else ()
    return Imported(found=tuple(reader.found), left_out=tuple(reader.left_out()), problems=reader.problems, notes=notes)


@dataclass(slots=True)
class _TerraformReader:
    findings: Findings = field(default_factory=Findings)
    found: list[ImportedResource] = field(default_factory=list)
    others: Counter[str] = field(default_factory=Counter)
    deposed: list[LeftOut] = field(default_factory=list)
    written: Mapping[str, frozenset[str]] = field(default_factory=dict)  # attributes, by address
    otherwise: frozenset[str] = frozenset()  # those of an address that is not there
    wrong: list[Problem] = field(default_factory=list)
    addresses: Mapping[str, str] = field(default_factory=dict)  # of values of this file that others may read, too

    @property
    def problems(self) -> tuple[Problem, ...]:
        return (*self.findings.in_file_order(), *self.wrong)

    def left_out(self) -> Iterator[LeftOut]:
        yield from self.deposed
        for type_, count in sorted(self.others.items()):
            yield LeftOut(f"{count} {type_}", "not an AWS Batch resource")

    def file(self, name: str, raw: bytes) -> None:
        text = decoded(name, raw, self.findings)
        root = compose_json(name, text, self.findings, last_wins=LAST_WINS).root if text is not None else None
        if isinstance(root, Broken) or text is None:
            return
        document = value_of(root) if root else None
        if isinstance(document, Mapping) and "deployment" in document and "resources" not in document:
            self.wrong.append(
                Problem("IMP002", f"{name} is the output of `pulumi stack export`", Where(name), FROM_PULUMI)
            )
            return
        try:
            document = _shown(state_of(document)) if is_raw_state(document) else document
        except NotAState as error:
            self.wrong.append(Problem("IMP002", f"{name} {error}", Where(name), error.hint))
            return
        reason = _why_not(document)
        if reason:
            self.wrong.append(Problem("IMP002", f"{name} {reason[0]}", Where(name), reason[1]))
            return
        found = len(self.found)
        try:
            self.document(name, dict(document or {}))
        except (AttributeError, KeyError, TypeError, IndexError):  # nothing that Terraform has written
            del self.found[found:]
            self.wrong.append(Problem("IMP002", f"{name} is damaged", Where(name), SHOW))

    def document(self, name: str, document: Mapping[str, Json]) -> None:
        values = document.get("values") or document.get("planned_values") or {}
        unknown = {one["address"]: one["change"].get("after_unknown") for one in document.get("resource_changes", ())}
        is_plan = "planned_values" in document
        self.written = _written_in(document) if is_plan else {}
        self.otherwise = frozenset({FILLED_IN} if is_plan else ())
        before = len(self.found) + len(self.wrong)
        resources = list(_resources(values.get("root_module") or {}))
        self.addresses = _addresses(resources)
        for resource in resources:
            self.resource(name, resource, unknown.get(resource["address"]))
        if len(self.found) + len(self.wrong) == before:
            self.wrong.append(Problem("IMP002", f"{name} contains no AWS Batch resources", Where(name), SHOW))

    def resource(self, file: str, resource: Mapping[str, Json], unknown: Json) -> None:
        type_, address = resource["type"], resource["address"]
        kind = next((one for one in KINDS.values() if type_ == PREFIX + one.noun.replace("-", "_")), None)
        if resource.get("mode") == "data":
            return  # it is read, not kept
        if kind is None:
            self.others[type_] += 1
        elif resource.get("deposed_key"):
            self.deposed.append(LeftOut(address, "Terraform is going to delete it (deposed)", Where(file)))
        else:
            self.batch(file, kind, address, resource, unknown)

    def batch(self, file: str, kind: Kind, address: str, resource: Mapping[str, Json], unknown: Json) -> None:
        values = resource.get("values") or {}
        written = self.written.get(INDEX.sub("", address), self.otherwise)
        name = values.get(_snake(kind.name_member)) or values.get("name")
        missing = [*_unknown(unknown), *([] if name else ["name"])]
        if missing:
            told = f"{address}: not known until it is applied: {', '.join(dict.fromkeys(missing))}"
            self.wrong.append(
                Problem("IMP007", told, Where(file), "apply it and import the state, or use --keep-going")
            )
            return
        try:
            body = _body(kind, values, written)
        except ValueError as error:
            self.wrong.append(Problem("IMP007", f"{address}: {error}", Where(file), "Terraform also rejects it"))
            return
        for text in (one for one in JSON_TEXTS if values.get(one)):  # for what is written twice in one
            compose_json(f"{file} ({address}.{text})", values[text], self.findings, last_wins=LAST_WINS)
        if _marked(resource.get("sensitive_values")):
            what = f"{address} has fields that Terraform marks as sensitive: their values are written to the YAML"
            hint = "use !secret or a secret variable instead"
            self.wrong.append(Problem("IMP004", what, Where(file), hint, Severity.WARNING))
        notes = [Note((), "Terraform is going to replace it (tainted)")] if resource.get("tainted") else []
        notes += _proposals(body, self.addresses)
        row = kind.parent_row
        physical = kind.name_within(str(body.get(row.name, "")) if row else "", str(name))
        is_declared = FILLED_IN in written
        found = ImportedResource(
            Address(kind.name, physical), body, notes=tuple(notes), where=Where(file), is_declared=is_declared
        )
        self.found.append(found)


def _why_not(document: Json) -> tuple[str, str] | None:
    """Return why a document is none of ours, and what to do; None if it is."""
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


def _shown(state: TerraformState) -> Mapping[str, Json]:
    """Return a state in the form in which `terraform show -json` prints it."""
    resources = [
        {
            "address": one.address,
            "mode": "data" if one.is_data else "managed",
            "type": one.type,
            "values": one.values,
            "sensitive_values": bool(one.sensitive),
            "deposed_key": one.deposed,
            "tainted": one.is_tainted,
        }
        for one in state.instances
    ]
    return {"format_version": "1.0", "values": {"root_module": {"resources": resources}}}


def _written_in(document: Mapping[str, Json]) -> Mapping[str, frozenset[str]]:
    """Return the names of the attributes that the configuration of a plan has, by the address of each resource.

    The values of a plan also have what the provider computes, or has read before.
    """
    configuration = document.get("configuration") or {}
    return dict(_in_module(configuration.get("root_module") or {}, ""))


def _in_module(module: Mapping[str, Json], before: str) -> Iterator[tuple[str, frozenset[str]]]:
    for resource in module.get("resources", ()):
        yield f"{before}{resource['address']}", frozenset(_attributes(resource.get("expressions") or {}))
    for name, call in (module.get("module_calls") or {}).items():
        yield from _in_module(call.get("module") or {}, f"{before}module.{name}.")


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
    found: dict[str, str] = {}
    kept = [one for one in resources if not one["type"].startswith(PREFIX) and not one.get("deposed_key")]
    for resource in sorted(kept, key=lambda one: one.get("mode") == "data"):
        values = resource.get("values") or {}
        for name in NAMING:
            value = values.get(name)
            if isinstance(value, str) and IDENTIFIER.fullmatch(value):
                found.setdefault(value, f"{resource['address']}.{name}")
    return found


def _proposals(value: Json, addresses: Mapping[str, str], path: Path = ()) -> Iterator[Note]:
    """Yield a note for each value in a body that the state has as an attribute of something else."""
    if isinstance(value, str) and value in addresses:
        yield Note(path, f"{value} {PROPOSED}{addresses[value]}")
    items = value.items() if isinstance(value, Mapping) else enumerate(value) if isinstance(value, list) else ()
    for step, inner in items:
        yield from _proposals(inner, addresses, (*path, step))


def _body(kind: Kind, values: Mapping[str, Json], written: frozenset[str]) -> Spec:
    """Return a resource as a create request. Raises `ValueError` for a text that should be JSON."""
    apart = (*COMPUTED, _snake(kind.name_member), "name")
    given = {name: _parsed(name, value) for name, value in values.items() if name not in apart}
    order = given.pop("compute_environments", None)  # of old states: ARNs in their order
    if order and not given.get("compute_environment_order"):
        given["compute_environment_order"] = [
            {"order": index, "compute_environment": arn} for index, arn in enumerate(order, 1)
        ]
    given["compute_resources"] = [_resources_of(one, written) for one in given.get("compute_resources") or ()]
    body: Spec = compact(spelled(kind.rows, given, RENAMED))
    return body


def _resources_of(block: Mapping[str, Json], written: frozenset[str]) -> dict[str, Json]:
    is_fargate = str(block.get("type", "")).startswith("FARGATE")
    apart = (*({"desired_vcpus"} - written), *([NOT_FOR_FARGATE] if is_fargate else []))
    return {name: value for name, value in block.items() if name not in apart}


def _parsed(name: str, value: Json) -> Json:
    if name not in JSON_TEXTS:
        return _written(name, value)
    try:
        return whole_json(value) if value else None
    except (ValueError, TypeError) as error:
        raise ValueError(f"{name} is not JSON ({error})") from error


def _written(name: str, value: Json) -> Json:
    """Return a value without what the provider keeps for what nobody wrote: empty texts, and some zeros."""
    if name in MAPS:
        return value
    if isinstance(value, Mapping):
        inner = {key: _written(key, one) for key, one in value.items()}
        return {key: one for key, one in inner.items() if one is not None}
    if isinstance(value, list):
        return [_written(name, one) for one in value]
    return None if value == "" or (value == 0 and value is not False and name in UNSET_AS_0) else value


def _unknown(flags: Json) -> Iterator[str]:
    """Yield the members that a plan does not know yet, but for those that only AWS tells."""
    if not isinstance(flags, Mapping):
        return
    for name, flag in flags.items():
        if name not in COMPUTED and name not in ("tags_all", "service_role") and _marked(flag):
            yield name


def _marked(flags: Json) -> bool:
    """Whether anything below is marked: Terraform keeps the shape of the values, with true where it means."""
    if isinstance(flags, Mapping):
        return any(map(_marked, flags.values()))
    return any(map(_marked, flags)) if isinstance(flags, list) else flags is True


def _snake(name: str) -> str:
    return "".join(f"_{letter.lower()}" if letter.isupper() else letter for letter in name)

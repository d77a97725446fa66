"""Bodies as people write them: without defaults, fields without effect, and what the service fills in."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace

from reconciler.diff.canonical import canonical_member, compact, is_absent
from reconciler.fmt.normalize import Language
from reconciler.importers.model import (
    Imported,
    ImportedResource,
    Note,
    TaggedValue,
    has_tagged,
    variables_in,
    with_samples,
    without_tagged,
)
from reconciler.kinds import KINDS
from reconciler.kinds.base import Field, Form, Kind, Row, Rows, Unmanaged
from reconciler.model import Address, Declared, Identity, Json, Path, Spec
from reconciler.problems import Severity
from reconciler.rules import Subject, rules_of
from reconciler.validate.check import Readers, SchemaResult
from reconciler.validate.explain_errors import SchemaValidator
from reconciler.validate.typos import FieldIndex


def strip_defaults(kind: Kind, body: Spec, identity: Identity, *, is_declared: bool = False) -> Spec:
    """Return a create request's body without each field that means the same when it is left out.

    In a live resource, values that the service fills in are dropped. In a declared one (`is_declared`) they are kept.
    """
    stripper = _DefaultStripper(identity, is_known=not has_tagged(body))
    return stripper.strip_members(kind.rows, body, may_be_filled=not is_declared)


@dataclass(frozen=True, slots=True)
class _DefaultStripper:
    """`is_known`: nothing in the body stands for something else."""

    identity: Identity
    is_known: bool

    def strip_members(self, rows: Iterable[Row], body: Spec, *, may_be_filled: bool, key: str = "") -> dict[str, Json]:
        """`key` is the field that identifies entries of a list: it is always kept."""
        rows_by_name = Rows.of(rows).by_name
        siblings = body if self.is_known else without_tagged(body)
        out = {}
        for name, value in body.items():
            row = rows_by_name.get(name)
            if row is None or name == key or isinstance(value, TaggedValue):
                stripped = compact(value)
            elif isinstance(row, Field) and row.legacy_alias_of:
                stripped = None if self.is_repeated_size(row.legacy_alias_of, rows_by_name, siblings) else value
            else:
                stripped = self.strip_member(row, value, siblings, may_be_filled=may_be_filled)
            if not is_absent(stripped):
                out[name] = stripped
        return out

    def strip_member(self, row: Row, value: Json, siblings: Spec, *, may_be_filled: bool) -> Json:
        """Return what is worth writing of a member; None if nothing is. The service fills no entries of lists in."""
        if isinstance(row, Field) and row.trigger_for:  # no state: a wish, which only a declaration has
            return value or None
        if isinstance(row, Unmanaged) or not row.counts_in(siblings):
            return None
        has_members = row.fields and row.default is None and not row.assumed and not row.is_service_default
        # Of what stands for something else it is not known what its absence would mean.
        if has_members or (not self.is_known and has_tagged(value)):
            return self.strip_inside(row, value, may_be_filled=may_be_filled)
        plain = canonical_member(row, value, siblings, self.identity)
        if is_absent(plain) or (may_be_filled and row.is_service_default and row.is_service_default(plain)):
            return None
        return plain if row.form is Form.FLOAT32 else self.strip_inside(row, value, may_be_filled=may_be_filled)

    def is_repeated_size(self, alias: tuple[str, str], rows_by_name: Mapping[str, Row], body: Spec) -> bool:
        """Whether a legacy size stands in its modern form, too, which then counts."""
        resource, home = alias
        row = rows_by_name.get(home)
        sizes = canonical_member(row, body.get(home), body, self.identity) if isinstance(row, Field) else None
        return resource in (sizes or ())

    def strip_inside(self, row: Field, value: Json, *, may_be_filled: bool) -> Json:
        if not row.fields:
            return value
        if is_absent(value):
            return None
        if row.form is Form.STRUCT:
            return self.strip_members(row.fields, value, may_be_filled=may_be_filled)
        filled = may_be_filled and row.form is Form.KEYED
        return [
            self.strip_members(row.fields, entry, may_be_filled=filled, key=row.key)
            if isinstance(entry, Mapping)
            else entry
            for entry in value
            if not (row.drop_if and isinstance(entry, Mapping) and row.drop_if(entry))
        ]


# Defaults that must be written, because AWS refuses to create a resource without them.


@dataclass(frozen=True, slots=True)
class RequiredDefaults:
    """`stack` has every body, by its address in the YAML: rules look at what a resource refers to."""

    readers: Readers
    stack: Mapping[Address, Spec]

    def restore(self, kind: Kind, address: Address, full: Spec, stripped: Spec) -> Spec:
        """Return `stripped` with the fields of `full` that rules require; `full` where they still find something."""
        missed = self.findings(kind, address, stripped)
        if not missed:
            return stripped
        accepted = self.findings(kind, address, full)
        out = stripped
        for path in sorted(missed - accepted, key=str):
            value = _value_at(full, path)
            if not is_absent(value):
                better = _with_value(out, path, value)
                out = better if path not in self.findings(kind, address, better) else out
        return out if self.findings(kind, address, out) <= accepted else full

    def findings(self, kind: Kind, address: Address, body: Spec) -> frozenset[Path]:
        """Return where rules find something; nothing where they do not look, since the schema has problems."""
        typed, is_doubtful = self.readers.read(kind.create.operation, without_tagged(with_samples(body)))
        if is_doubtful:
            return frozenset()
        subject = Subject(address, typed, self.stack)
        return frozenset(path for rule in rules_of(kind.name) if not rule.advice for path, _ in rule.check(subject))


def _value_at(body: Json, path: Path) -> Json:
    for step in path:
        if isinstance(body, Mapping):
            body = body.get(step)
        elif isinstance(body, list) and isinstance(step, int) and step < len(body):
            body = body[step]
        else:
            return None
    return body


def _with_value(body: Json, path: Path, value: Json) -> Json:
    if not path:
        return value
    step, *inner_path = path
    inside = _with_value(_value_at(body, (step,)), tuple(inner_path), value)
    if isinstance(body, list):
        return [inside if index == step else item for index, item in enumerate(body)]
    return {**(body if isinstance(body, Mapping) else {}), step: inside}


# Bodies that match the schema, with values in the API's own types: only these can be minimized.


def check_schema(
    resources: Iterable[ImportedResource], language: Language
) -> tuple[list[ImportedResource], list[ImportedResource]]:
    """Return the valid resources, and the invalid ones, which are written unchanged for `validate` to report."""
    defs = language.schema["$defs"]
    validator = SchemaValidator(Readers(defs), FieldIndex(defs), language.takes)
    valid, invalid = list[ImportedResource](), list[ImportedResource]()
    for resource in resources:
        # An empty structure lacks what is required in it; of most, it says no more than that it is absent.
        typed = _with_types(resource, validator) or _with_types(
            replace(resource, body=compact(resource.body)), validator
        )
        (invalid if typed is None else valid).append(typed or resource)
    return valid, invalid


def _with_types(resource: ImportedResource, validator: SchemaValidator) -> ImportedResource | None:
    """Return the resource with values in the API's types; None if it does not match the schema."""
    kind, plain = KINDS[resource.address.kind], without_tagged(resource.body)
    body, is_doubtful = validator.readers.read(kind.create.operation, plain)
    verdict = validator.check(kind, Declared(resource.address, plain), is_whole=True) if is_doubtful else SchemaResult()
    if any(problem.severity is Severity.ERROR for problem in verdict.problems):
        return None
    return replace(resource, body=body if plain is resource.body else _with_tagged(body, resource.body))


def _with_tagged(typed: Json, written: Json) -> Json:
    """Put tagged values back."""
    if isinstance(written, TaggedValue):
        return written
    if isinstance(written, Mapping) and isinstance(typed, Mapping):
        return {key: _with_tagged(typed[key], inner) for key, inner in written.items() if key in typed}
    if isinstance(written, list | tuple) and isinstance(typed, list | tuple):
        return [_with_tagged(*pair) for pair in zip(typed, written, strict=True)]
    return typed


# Fields of declarations that have no effect: they are dropped, with a note.


def drop_ineffective(imported: Imported) -> Imported:
    """Return an import without what has no effect in declarations, and without the variables that only that uses."""
    resources = tuple(
        _drop_ineffective(resource) if resource.is_declared else resource for resource in imported.resources
    )
    used = set(variables_in([imported.name_prefix, *(resource.body for resource in resources)]))
    variables = {name: variable for name, variable in imported.variables.items() if name in used}
    return replace(imported, resources=resources, variables=variables)


def _drop_ineffective(resource: ImportedResource) -> ImportedResource:
    cutter = _IneffectiveFields()
    body = cutter.drop_members(KINDS[resource.address.kind].rows, resource.body, ())
    notes = (*(replace(note, path=cutter.moved_path(note.path)) for note in resource.notes), *cutter.notes)
    return replace(resource, body=body, notes=notes)


@dataclass(slots=True)
class _IneffectiveFields:
    """`cut` are the indexes of entries that are left out, by the path of their list."""

    notes: list[Note] = field(default_factory=list)
    dropped: dict[Path, set[int]] = field(default_factory=dict)

    def drop_members(self, rows: Iterable[Row], body: Spec, path: Path) -> dict[str, Json]:
        rows_by_name = Rows.of(rows).by_name
        siblings = without_tagged(body)
        out = {}
        for name, value in body.items():
            row = rows_by_name.get(name)
            why = "" if row is None or is_absent(value) else _no_effect_reason(row, siblings)
            if why:
                self.notes.append(Note(path, f"no {name}: {why}"))
            else:
                out[name] = self.drop_in_value(row, value, (*path, name))
        return out

    def drop_in_value(self, row: Row | None, value: Json, path: Path) -> Json:
        if not isinstance(row, Field) or not row.fields:
            return value
        if isinstance(value, Mapping):
            return self.drop_members(row.fields, value, path)
        return self.drop_entries(row, value, path) if isinstance(value, list | tuple) else value

    def drop_entries(self, row: Field, entries: Iterable[Json], path: Path) -> Json:
        out: list[Json] = []
        for index, entry in enumerate(entries):
            if row.drop_if and isinstance(entry, Mapping) and row.drop_if(entry):
                self.dropped.setdefault(path, set()).add(index)
                self.notes.append(
                    Note(path, f"an entry is omitted: {entry.get(row.key)} is empty, and AWS Batch drops it")
                )
            else:
                out.append(
                    self.drop_members(row.fields, entry, (*path, len(out))) if isinstance(entry, Mapping) else entry
                )
        return out

    def moved_path(self, path: Path) -> Path:
        """Return where a note belongs among the entries that are left."""
        out: Path = ()
        for length, step in enumerate(path):
            cut = self.dropped.get(path[:length], set())
            if step in cut:
                return out
            out = (*out, step - sum(index < step for index in cut) if isinstance(step, int) else step)
        return out


def _no_effect_reason(row: Row, siblings: Spec) -> str:
    """Return why a field means nothing beside its siblings; empty if it does."""
    if isinstance(row, Unmanaged):
        return row.reason
    return "it has no effect here" if row.only_if and not row.only_if(siblings) else ""

"""What a declaration says without effect: it is left out, with a note. What is read live has it from AWS Batch."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace

from reconciler.adopt.found import Imported, ImportedResource, Note, variables_in, without_tagged
from reconciler.diff import is_absent
from reconciler.kinds import KINDS
from reconciler.kinds.base import Field, Row, Rows, Unmanaged
from reconciler.model import Json, Path, Spec


def effective(imported: Imported) -> Imported:
    """Return an import without what has no effect in declarations, and without the variables that only that uses."""
    found = tuple(_effective(one) if one.is_declared else one for one in imported.found)
    used = set(variables_in([imported.name_prefix, *(one.body for one in found)]))
    variables = {name: variable for name, variable in imported.variables.items() if name in used}
    return replace(imported, found=found, variables=variables)


def _effective(found: ImportedResource) -> ImportedResource:
    cutter = _Cutter()
    body = cutter.members(KINDS[found.address.kind].rows, found.body, ())
    notes = (*(replace(note, path=cutter.moved(note.path)) for note in found.notes), *cutter.notes)
    return replace(found, body=body, notes=notes)


@dataclass(slots=True)
class _Cutter:
    """`cut` are the indexes of entries that are left out, by the path of their list."""

    notes: list[Note] = field(default_factory=list)
    cut: dict[Path, set[int]] = field(default_factory=dict)

    def members(self, rows: Iterable[Row], body: Spec, path: Path) -> dict[str, Json]:
        known = Rows.of(rows).by_name
        siblings = without_tagged(body)
        out = {}
        for name, value in body.items():
            row = known.get(name)
            why = "" if row is None or is_absent(value) else _effectless(row, siblings)
            if why:
                self.notes.append(Note(path, f"no {name}: {why}"))
            else:
                out[name] = self.value(row, value, (*path, name))
        return out

    def value(self, row: Row | None, value: Json, path: Path) -> Json:
        if not isinstance(row, Field) or not row.fields:
            return value
        if isinstance(value, Mapping):
            return self.members(row.fields, value, path)
        return self.entries(row, value, path) if isinstance(value, list | tuple) else value

    def entries(self, row: Field, entries: Iterable[Json], path: Path) -> Json:
        out: list[Json] = []
        for index, entry in enumerate(entries):
            if row.drop_if and isinstance(entry, Mapping) and row.drop_if(entry):
                self.cut.setdefault(path, set()).add(index)
                self.notes.append(Note(path, f"one is left out: {entry.get(row.key)} is empty, and AWS Batch drops it"))
            else:
                out.append(self.members(row.fields, entry, (*path, len(out))) if isinstance(entry, Mapping) else entry)
        return out

    def moved(self, path: Path) -> Path:
        """Return where a note belongs among the entries that are left."""
        out: Path = ()
        for length, step in enumerate(path):
            cut = self.cut.get(path[:length], set())
            if step in cut:
                return out
            out = (*out, step - sum(index < step for index in cut) if isinstance(step, int) else step)
        return out


def _effectless(row: Row, siblings: Spec) -> str:
    """Return why a field means nothing beside its siblings; empty if it does."""
    if isinstance(row, Unmanaged):
        return row.reason
    return "it has no effect here" if row.only_if and not row.only_if(siblings) else ""

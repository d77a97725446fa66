"""Members in another tool's spelling, brought to the API's by the tables of the kinds."""

from collections.abc import Iterable, Mapping

from reconciler.kinds.base import Field, Form, Row
from reconciler.model import Json
from reconciler.validate.vocabulary import letters

NOTHING: Mapping[str, str] = {}


def spelled(rows: Iterable[Row], body: Mapping[str, Json], renamed: Mapping[str, str] = NOTHING) -> dict[str, Json]:
    """Return a body whose members are spelled as the API does: `min_vcpus` and `MinvCpus` are `minvCpus`.

    `renamed` are members that are called otherwise. A structure that is written as a list of one becomes a structure.
    Keys of maps stay as they are, and so does a member that no table has.
    """
    known = {letters(row.name): row for row in rows}
    out = {}
    for name, value in body.items():
        row = known.get(letters(renamed.get(name, name)))
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

"""The body of a kind's resources as JSON Schema: types from the service model, meaning and limits from the table."""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from reconciler.kinds.base import Field, Form, Kind, Row, Rows, Unmanaged
from reconciler.model import Cost, Json

DEFS = "#/$defs/"
NAME = "^[a-zA-Z0-9_-]{1,128}$"
TAGS = Field(name="tags", form=Form.MAP, cost=Cost.METADATA, description="Tags of the resource, on top of the stack's.")
# Words of the service model and what JSON Schema calls them, by the type of the shape.
BOUNDS: Mapping[str, Mapping[str, str]] = {
    "string": {"min": "minLength", "max": "maxLength", "pattern": "pattern"},
    "integer": {"min": "minimum", "max": "maximum"},
    "long": {"min": "minimum", "max": "maximum"},
    "float": {"min": "minimum", "max": "maximum"},
    "double": {"min": "minimum", "max": "maximum"},
    # No lower bound for lists and maps: an empty one means "absent" to us.
    "list": {"max": "maxItems"},
    "map": {"max": "maxProperties"},
}
# Scalars that YAML reads as numbers or booleans become strings where the API wants strings.
TYPES: Mapping[str, Json] = {
    "string": ["string", "number", "boolean"],
    "integer": "integer",
    "long": "integer",
    "float": "number",
    "double": "number",
    "boolean": "boolean",
}


@dataclass(slots=True)
class Bodies:
    """Writes bodies; structures go to `defs`, once each."""

    shapes: Mapping[str, Json]
    operations: Mapping[str, Json]
    defs: dict[str, Json] = field(default_factory=dict)
    written: dict[str, Json] = field(default_factory=dict)

    def of(self, kind: Kind) -> dict[str, Json]:
        """Return the schema of what creates a resource, with what only an update can set, and the name."""
        create = self.operations[kind.create.operation]["input"]["shape"]
        update = self.operations[kind.update.operation]["input"]["shape"] if kind.update else ""
        return self.structure(create, update, (name_row(kind), *kind.rows, TAGS))

    def titled(self, shape: str, update: str, rows: Iterable[Row]) -> dict[str, Json]:
        """Editors put the title of a structure above what they say of its members."""
        return {"title": shape, **self.structure(shape, update, rows)}

    def structure(self, shape: str, update: str, rows: Iterable[Row]) -> dict[str, Json]:
        known = Rows.of(rows).by_name
        members = self.members(shape, update, known)
        own = [name for name, row in known.items() if isinstance(row, Field) and row.required]
        required = [name for name in self.shapes[shape].get("required", ()) if _is_ours(known.get(name))] + own
        properties = {name: self.member(inner, later, known.get(name)) for name, (inner, later) in members.items()}
        return {
            "type": "object",
            "properties": properties | {name: _not_empty(properties[name]) for name in required},
            **({"required": required} if required else {}),
            "additionalProperties": False,
        }

    def members(self, shape: str, update: str, known: Mapping[str, Row]) -> dict[str, tuple[str, str]]:
        """Return shape and update's shape of each member, in the table's order; what no row names comes last."""
        sent = _members(self.shapes, shape)
        later = _members(self.shapes, update)
        names = [
            *(name for name in known if name in sent or name in later),
            *(name for name in sent if name not in known),
        ]
        return {name: (sent.get(name) or later[name], later.get(name, "")) for name in names}

    def member(self, shape: str, update: str, row: Row | None) -> dict[str, Json]:
        rows = row.fields if isinstance(row, Field) else ()
        return self.typed(shape, update, rows) | _row_schema(row)

    def typed(self, shape: str, update: str, rows: tuple[Row, ...]) -> dict[str, Json]:
        model = self.shapes[shape]
        bounds = _bounds(model)
        match model["type"]:
            case "structure":
                return self.reference(shape, update, rows)
            case "list":
                inner = self.shapes[update]["member"]["shape"] if update else ""
                return {"type": "array", "items": self.typed(model["member"]["shape"], inner, rows), **bounds}
            case "map":
                key = _bounds(self.shapes[model["key"]["shape"]])
                value = self.typed(model["value"]["shape"], "", rows)
                names = {"propertyNames": key} if key else {}
                return {"type": "object", "additionalProperties": value, **names, **bounds}
            case _:
                return _scalar(model, bounds)

    def reference(self, shape: str, update: str, rows: tuple[Row, ...]) -> dict[str, Json]:
        """Return a reference to the structure's definition; a second meaning of the same shape is written in place."""
        meaning = (update, rows)
        if shape in self.written and self.written[shape] != meaning:
            return self.titled(shape, update, rows)
        if shape not in self.written:
            self.written[shape] = meaning
            self.defs[shape] = self.titled(shape, update, rows)
        return {"$ref": DEFS + shape}


def name_row(kind: Kind) -> Field:
    """Return the row of a kind's name, which is no part of its body: in a stack it is the key."""
    return Field(
        name=kind.name_member,
        cost=Cost.REPLACE,
        limits={"pattern": NAME},
        description=f"Name of the {kind.noun.replace('-', ' ')}. In YAML its key is the name, and a name here has to "
        "agree.",
        source=kind.source,
    )


def any_case(values: Iterable[str]) -> dict[str, Json]:
    """Return an enumeration that an editor accepts in upper and lower case; the service's own spelling comes first."""
    own = list(values)
    return {"enum": list(dict.fromkeys([*own, *(v.lower() for v in own), *(v.upper() for v in own)]))}


def _is_ours(row: Row | None) -> bool:
    """Whether a field may be required: one that is never sent is not, even if the service model says so."""
    return not isinstance(row, Unmanaged)


def _members(shapes: Mapping[str, Json], shape: str) -> dict[str, str]:
    return {name: member["shape"] for name, member in shapes[shape]["members"].items()} if shape else {}


def _bounds(model: Mapping[str, Json]) -> dict[str, Json]:
    return {keyword: model[own] for own, keyword in BOUNDS.get(model["type"], {}).items() if own in model}


def _scalar(model: Mapping[str, Json], bounds: Mapping[str, Json]) -> dict[str, Json]:
    if "enum" in model:
        return any_case(model["enum"])
    return {"type": TYPES[model["type"]], **bounds}


def _not_empty(member: dict[str, Json]) -> dict[str, Json]:
    """A text that is required is not there by an empty one.

    "'jobId' is a required field (cannot be an empty string)" is what CancelJob and TerminateJob answer to one.
    """
    takes_empty = "string" in member.get("type", ()) and re.search(member.get("pattern", ""), "")
    return {"minLength": 1, **member} if takes_empty else member


def _row_schema(row: Row | None) -> dict[str, Json]:
    """Return what the table adds to a member."""
    if row is None:
        return {}
    if isinstance(row, Unmanaged):
        return {"description": f"Ignored: {row.reason}."}
    limits = {keyword: value for keyword, value in row.limits.items() if keyword != "enum"}
    known = {"examples": list(row.limits["enum"])} if "enum" in row.limits else {}  # the model leaves it open
    default = {} if row.default is None else {"default": row.default}
    return {"description": row.description, **known, **limits, **default}

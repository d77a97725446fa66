"""How a value is written that fits a schema: an example for whoever wrote one that does not."""

from reconciler.kinds.base import Kind
from reconciler.model import Json, Path
from reconciler.validate.vocabulary import DEFS, Vocabulary

LEAST = 1  # of what stands for a number that has no bounds


def example(kind: Kind, path: Path, vocabulary: Vocabulary) -> str:
    """Return the member at a path with a value as YAML in one line; for an entry of a list, the whole list."""
    *home, member = path or ("",)
    if isinstance(member, int):
        return example(kind, tuple(home), vocabulary)
    known = {"": {"$ref": DEFS + kind.create}} if not path else vocabulary.members(kind, tuple(home))
    value = _value(known[member], vocabulary) if member in known else "text"  # a key of a map takes a text
    return f"{member}: {value}" if member else value


def _value(schema: Json, vocabulary: Vocabulary) -> str:
    schema = vocabulary.resolved(schema)
    if "enum" in schema:
        return str(schema["enum"][0])
    if "examples" in schema:
        return str(schema["examples"][0])
    match schema.get("type"):
        case "object" if "properties" in schema:
            members = schema["properties"]
            names = schema.get("required", ()) or tuple(members)[:2]
            return f"{{{', '.join(f'{name}: {_value(members[name], vocabulary)}' for name in names)}}}"
        case "object":
            return f"{{key: {_value(schema['additionalProperties'], vocabulary)}}}"
        case "array":
            return f"[{_value(schema['items'], vocabulary)}]"
        case "integer":
            return str(max(LEAST, schema.get("minimum", LEAST)))
        case "number":
            return str(schema.get("minimum", 0.5))
        case "boolean":
            return "true"
        case _:
            return "text"

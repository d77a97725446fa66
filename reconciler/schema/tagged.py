"""What may stand for a value in an editor's eyes: `maxvCpus: !var size` is as good as `maxvCpus: 16`.

An editor resolves no tags; it only checks what it takes a tagged scalar for. The YAML language server can be told (from
its version 1.24 on, by `yaml.customTags: ["!var scalar:null"]`), and null is what no value of ours is: an empty member
is an absent one. So for editors each value may be null, and is checked in full where it is written out.
"""

from collections.abc import Mapping

from reconciler.model import Json
from reconciler.schema.bodies import DEFS

NAME = "Tagged"
TAGGED: Json = {"$ref": DEFS + NAME}
DEFINITION: Json = {"type": "null", "$comment": "A tagged scalar, to editors that take our tags for null."}
MEMBER = "/properties/"  # in a reference to a member of another structure
SAID = ("description", "default")  # of a member, whatever stands there


def tagged(schema: Json) -> dict[str, Json]:
    """Return the schema of a document in which a tagged scalar may stand for every value."""
    defs = {name: _within(inner) for name, inner in schema["$defs"].items()}
    return {**_within(schema), "$defs": {NAME: DEFINITION, **defs}}


def untagged(schema: Json) -> Json:
    """Return what `tagged` has been given: the schema of values alone."""
    if isinstance(schema, list):
        return [untagged(inner) for inner in schema]
    if not isinstance(schema, Mapping):
        return schema
    if TAGGED in schema.get("anyOf", ()):
        *own, _ = schema["anyOf"]
        rest = {word: inner for word, inner in schema.items() if word != "anyOf"}
        return untagged({**rest, **(own[0] if len(own) == 1 else {"anyOf": own})})
    return {word: untagged(inner) for word, inner in schema.items() if inner != DEFINITION}


def _within(schema: Json) -> dict[str, Json]:
    return {word: _word(word, inner) for word, inner in schema.items()}


def _word(word: str, inner: Json) -> Json:
    match word:
        case "properties":
            return {name: _value(member) for name, member in inner.items()}
        case "items" | "additionalProperties":
            return _value(inner)
        case "then":
            return _within(inner)
        case "anyOf":
            return [_within(one) for one in inner]
        case _:
            return inner


def _value(schema: Json) -> Json:
    if not isinstance(schema, Mapping):
        return schema  # false: nothing may stand there
    if schema.keys() == {"$ref"} and MEMBER in schema["$ref"]:
        return dict(schema)  # there it may be tagged already
    said = {word: inner for word, inner in schema.items() if word in SAID}
    own = _within({word: inner for word, inner in schema.items() if word not in SAID})
    return {**said, "anyOf": [*(own.get("anyOf") or [own]), TAGGED]} if own else said

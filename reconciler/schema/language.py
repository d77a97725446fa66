"""All schema files: one for the language of a stack, and one a kind for bodies as the AWS CLI takes them."""

import json
from collections.abc import Iterable, Iterator, Mapping

from reconciler.kinds.base import Form, Kind
from reconciler.model import Json
from reconciler.schema.bodies import DEFS, Bodies
from reconciler.schema.fleet import FLEET
from reconciler.schema.tagged import tagged

DIALECT = "https://json-schema.org/draft/2020-12/schema"
SCALAR: Json = {"type": ["string", "number", "boolean"]}
PAIR = 2  # a ranked structure of its rank and one more member: that member alone can stand for it
SUFFIX = ".partial"  # of definitions in which nothing is required

LIFECYCLE: Json = {
    "title": "lifecycle",
    "type": "object",
    "description": "How this resource is treated.",
    "additionalProperties": False,
    "properties": {
        "preventDestroy": {"type": "boolean", "default": False, "description": "Refuse to delete or replace it."},
        "ignoreChanges": {
            "type": "array",
            "items": {"type": "string"},
            "description": "Dotted paths of members whose live value is left alone.",
        },
        "replace": {
            "enum": ["blue-green", "refuse"],
            "description": "When a change needs a new environment: build it beside the old one and move the queues "
            "over, or refuse. Left out, --allow-replace decides.",
        },
        "retainRevisions": {
            "anyOf": [{"type": "integer", "minimum": 1}, {"const": "all"}],
            "default": "all",
            "description": "How many revisions of this stack stay active. Older ones are deregistered after a change, "
            "but for those that live jobs use.",
        },
        "unownedRevisions": {
            "enum": ["keep", "prune"],
            "default": "keep",
            "description": "Whether retainRevisions also counts and deregisters revisions without an owner: from "
            "before the adoption, or registered outside this stack.",
        },
        "onRemove": {
            "enum": ["delete", "orphan"],
            "default": "delete",
            "description": "What to do when it is no longer declared: delete it, or leave it in place.",
        },
        "renamedFrom": {"type": "string", "description": "The key under which it was declared before."},
        "adopt": {
            "type": "boolean",
            "default": False,
            "description": "Take ownership of a live resource of this name that nobody owns.",
        },
    },
}

VARIABLE: Json = {
    "title": "variable",
    "type": "object",
    "additionalProperties": False,
    "properties": {
        "type": {
            "enum": ["string", "number", "integer", "boolean", "list", "map"],
            "default": "string",
            "description": "What its values are; a value of another type is refused.",
        },
        "default": {"description": "Its value when nobody sets it. Without a default it must be set."},
        "example": {
            "description": "Used by validate, render, graph and the sandbox when no value is given; never sent to AWS."
        },
        "enum": {"type": "array", "description": "The only values that it may have."},
        "pattern": {"type": "string", "description": "A regular expression that its values match."},
        "description": {"type": "string", "description": "What it is for."},
        "secret": {"type": "boolean", "default": False, "description": "Never show its value."},
    },
}

IGNORED: Json = {
    "type": "object",
    "additionalProperties": False,
    "required": ["resources", "members", "reason"],
    "properties": {
        "resources": {"type": "string", "description": "Which resources: KIND/NAME; * and ? match."},
        "members": {
            "type": "array",
            "minItems": 1,
            "items": {"type": "string"},
            "description": "Dotted paths of members whose live value is left alone; tags.* means all tags.",
        },
        "reason": {"type": "string", "pattern": "\\S", "description": "Why, for the next reader."},
        "expires": {
            "type": "string",
            "pattern": "^[0-9]{4}-[0-9]{2}-[0-9]{2}$",
            "description": "The last day on which it holds. After it, the members count again.",
        },
    },
}

PLACE_OF_STATE = (
    "s3://bucket/key, a URL of the http backend, or a file of the repository: a state, or what "
    "`terraform output -json` prints."
)
STATE: Json = {
    "title": "state",
    "type": "object",
    "additionalProperties": False,
    "required": ["url"],
    "properties": {
        "url": {"type": "string", "minLength": 1, "description": PLACE_OF_STATE},
        "region": {"type": "string", "description": "Region of the bucket, where it is not that of the stack."},
        "roleArn": {
            "type": "string",
            "pattern": "^arn:aws[a-z-]*:iam::[0-9]{12}:role/",
            "description": "Role that is assumed to read the object.",
        },
    },
}

HEAD: Mapping[str, Json] = {
    "stack": {
        "type": "string",
        "minLength": 1,
        "description": "Name of the owner; written as a tag on every resource.",
    },
    "account": {
        "type": ["string", "integer"],
        "pattern": "^[0-9]{12}$",
        "description": "The only account in which this stack may be used.",
    },
    "region": {"type": "string", "description": "Region; otherwise the AWS configuration decides."},
    "lock": {
        "type": "object",
        "description": "Where the stack is locked while apply, destroy or rollback run.",
        "additionalProperties": False,
        "minProperties": 1,
        "maxProperties": 1,
        "properties": {
            "s3": {
                "type": "string",
                "pattern": "^s3://",
                "description": "Bucket and prefix, as s3://bucket/prefix: an object there that only one can write.",
            },
            "dynamodb": {
                "type": "string",
                "description": "A table whose key is the text LockID, as those of Terraform have it.",
            },
        },
    },
    "namePrefix": {"type": "string", "description": "In front of the name of every resource."},
    "tags": {"type": "object", "additionalProperties": SCALAR, "description": "Tags on every resource."},
    "lookups": {
        "type": "object",
        "description": "Where look-ups find their values.",
        "additionalProperties": False,
        "properties": {
            "tfstate": {
                "type": "object",
                "description": "States of Terraform by a name: !tfstate name:outputs.subnet_ids reads one.",
                "propertyNames": {"pattern": "^[A-Za-z0-9_-]{1,64}$"},
                "additionalProperties": {
                    "anyOf": [{"type": "string", "minLength": 1, "description": PLACE_OF_STATE}, STATE]
                },
            }
        },
    },
    "variables": {
        "type": "object",
        "additionalProperties": {"$ref": "#/$defs/Variable"},
        "description": "What may differ between uses: !var name, or ${name} in !sub.",
    },
    "defaults": {},  # here is its place; what it holds is said of each kind
    "ignore": {
        "type": "array",
        "items": {"$ref": "#/$defs/Ignore"},
        "description": "Members that plan, apply and drift leave alone, with the reason, for a time or for ever.",
    },
    "rules": {
        "type": "object",
        "description": "Which rules of validate hold for this stack.",
        "additionalProperties": False,
        "properties": {
            "disable": {
                "type": "object",
                "description": "Rules that do not hold here, by id, each with the reason.",
                "propertyNames": {"pattern": "^([A-Z]{2}[0-9]{3}|SCH00[35679])$"},
                "additionalProperties": {"type": "string", "pattern": "\\S"},
            }
        },
    },
}


def schemas(kinds: Iterable[Kind], model: Mapping[str, Json]) -> dict[str, Json]:
    """Return every schema by the name of its file. `model` is botocore's service model of Batch."""
    known = tuple(kinds)
    fleet = {"$schema": DIALECT, **tagged(FLEET)}
    return {"stack.schema.json": tagged(_stack(known, model)), "fleet.schema.json": fleet} | {
        f"{kind.noun}.schema.json": _body(kind, model) for kind in known
    }


def rendered(schema: Json) -> str:
    return json.dumps(schema, indent=2, ensure_ascii=False) + "\n"


def _body(kind: Kind, model: Mapping[str, Json]) -> dict[str, Json]:
    bodies = Bodies(model["shapes"], model["operations"])
    body = bodies.of(kind)
    return {"$schema": DIALECT, "title": kind.create, "description": kind.says, **body, "$defs": bodies.defs}


def _stack(kinds: tuple[Kind, ...], model: Mapping[str, Json]) -> dict[str, Json]:
    bodies = Bodies(model["shapes"], model["operations"])
    own = {kind.create: _nameless(kind, bodies.of(kind)) for kind in kinds}
    entries = {kind.name: _entry(kind, own[kind.create]) for kind in kinds}
    defs: dict[str, Json] = {
        "Lifecycle": LIFECYCLE,
        "Variable": VARIABLE,
        "Ignore": IGNORED,
        **bodies.defs,
        **own,
        **entries,
    }
    partial = {kind.name: _partial(kind.name, defs) for kind in kinds}
    return {
        "$schema": DIALECT,
        "title": "A stack of AWS Batch resources",
        "type": "object",
        "properties": {**HEAD, "defaults": _defaults(kinds, partial), **_sections(kinds, partial)},
        "patternProperties": {"^x-": {}},
        "additionalProperties": False,
        # What a resource must have may come from `defaults`; where a file has none, it must be there.
        "if": {"properties": {"defaults": False}},
        "then": {"properties": _sections(kinds, {})},
        "$defs": defs,
    }


def _nameless(kind: Kind, body: Mapping[str, Json]) -> dict[str, Json]:
    """In a stack the key is the name."""
    required = [name for name in body["required"] if name != kind.name_member]
    rest = {word: value for word, value in body.items() if word != "required"}
    return {**rest, "required": required} if required else rest


def _entry(kind: Kind, body: Mapping[str, Json]) -> dict[str, Json]:
    """Return what stands under a resource's key: the body with our shorts, and lifecycle beside it."""
    return {
        "title": kind.name,
        "description": kind.says,
        **body,
        "properties": {**dict(_members(kind, body["properties"])), "lifecycle": {"$ref": "#/$defs/Lifecycle"}},
    }


def _members(kind: Kind, names: Iterable[str]) -> Iterator[tuple[str, Json]]:
    """Yield what may be written for each member, and beside it for its short."""
    shorts = {row.name: row.short for row in kind.fields if row.short}
    for name in names:
        yield name, _written(kind, name)
        if name in shorts:
            yield shorts[name], _short(kind, name)


def _written(kind: Kind, name: str) -> dict[str, Json]:
    own = {"$ref": f"{DEFS}{kind.create}/properties/{name}"}
    row = kind.field(name)
    if row is None or row.form is not Form.RANKED or len(row.fields) != PAIR:
        return own
    return {"description": row.says, "anyOf": [own, {"type": "array", "items": {"type": "string"}}]}


def _short(kind: Kind, name: str) -> dict[str, Json]:
    return {"$ref": f"{DEFS}{kind.create}/properties/{name}", "description": f"Short for {name}."}


def _sections(kinds: Iterable[Kind], names: Mapping[str, str]) -> dict[str, Json]:
    return {
        kind.section: {
            "type": "object",
            "description": kind.says,
            "additionalProperties": {"$ref": DEFS + names.get(kind.name, kind.name)},
        }
        for kind in kinds
    }


def _defaults(kinds: Iterable[Kind], names: Mapping[str, str]) -> dict[str, Json]:
    return {
        "type": "object",
        "description": "Merged below each resource of the kind.",
        "properties": {kind.section: {"$ref": DEFS + names[kind.name]} for kind in kinds},
        "additionalProperties": False,
    }


def _partial(name: str, defs: dict[str, Json]) -> str:
    """Write the definition in which nothing is required, through all structures; return its name, or the old one.

    Lists are not merged with defaults but taken whole, so their entries keep what they require.
    """
    body = {word: value for word, value in defs[name].items() if word != "required"}
    partial = {**body, "properties": {member: _relaxed(inner, defs) for member, inner in body["properties"].items()}}
    if partial == defs[name]:
        return name
    defs[name + SUFFIX] = partial
    return name + SUFFIX


def _relaxed(schema: Json, defs: dict[str, Json]) -> Json:
    """Return a member that requires nothing. What a section says of a member stands beside the reference to it."""
    target, _, member = schema.get("$ref", "").removeprefix(DEFS).partition("/properties/")
    if member:
        beside = {word: value for word, value in schema.items() if word != "$ref"}
        return _relaxed({**defs[target]["properties"][member], **beside}, defs)
    return {**schema, "$ref": DEFS + _partial(target, defs)} if target else schema

"""All schema files: one for the language of a stack, and one a kind for bodies as the AWS CLI takes them."""

import json
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field

from reconciler.kinds.base import Declarable, Field, Form, Row, Rows, Unmanaged
from reconciler.model import Cost, Json

# The body of a kind's resources as JSON Schema: types from the service model, meaning and limits from the table.

DEFS = "#/$defs/"
RESOURCE_NAME = "^[a-zA-Z0-9_-]{1,128}$"
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

    def of(self, kind: Declarable) -> dict[str, Json]:
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
        sent = _shape_members(self.shapes, shape)
        later = _shape_members(self.shapes, update)
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


def name_row(kind: Declarable) -> Field:
    """Return the row of a kind's name, which is no part of its body: in a stack it is the key."""
    return Field(
        name=kind.name_member,
        cost=Cost.REPLACE,
        limits={"pattern": RESOURCE_NAME},
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


def _shape_members(shapes: Mapping[str, Json], shape: str) -> dict[str, str]:
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


# What may stand for a value in an editor's eyes: `maxvCpus: !var size` is as good as `maxvCpus: 16`.
#
# An editor resolves no tags; it only checks what it takes a tagged scalar for. The YAML language server can be told
# (from its version 1.24 on, by `yaml.customTags: ["!var scalar:null"]`), and null is what no value of ours is: an empty
# member is an absent one. So for editors each value may be null, and is checked in full where it is written out.

NAME = "Tagged"
TAGGED: Json = {"$ref": DEFS + NAME}
DEFINITION: Json = {"type": "null", "$comment": "A tagged scalar, to editors that take our tags for null."}
MEMBER = "/properties/"  # in a reference to a member of another structure
ANNOTATIONS = ("description", "default")  # kept beside any value of a field


def tagged(schema: Json) -> dict[str, Json]:
    """Return the schema of a document in which any value may be a tagged scalar."""
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
        others = {keyword: inner for keyword, inner in schema.items() if keyword != "anyOf"}
        return untagged({**others, **(own[0] if len(own) == 1 else {"anyOf": own})})
    return {keyword: untagged(inner) for keyword, inner in schema.items() if inner != DEFINITION}


def _within(schema: Json) -> dict[str, Json]:
    return {keyword: _keyword(keyword, inner) for keyword, inner in schema.items()}


def _keyword(keyword: str, inner: Json) -> Json:
    match keyword:
        case "properties":
            return {name: _value(member) for name, member in inner.items()}
        case "items" | "additionalProperties":
            return _value(inner)
        case "then":
            return _within(inner)
        case "anyOf":
            return [_within(form) for form in inner]
        case _:
            return inner


def _value(schema: Json) -> Json:
    if not isinstance(schema, Mapping):
        return schema  # false: nothing may stand there
    if schema.keys() == {"$ref"} and MEMBER in schema["$ref"]:
        return dict(schema)  # there it may be tagged already
    annotations = {keyword: inner for keyword, inner in schema.items() if keyword in ANNOTATIONS}
    own = _within({keyword: inner for keyword, inner in schema.items() if keyword not in ANNOTATIONS})
    return {**annotations, "anyOf": [*(own.get("anyOf") or [own]), TAGGED]} if own else annotations


# The schema of the file that names targets, for editors; problems of such a file are reported by its reader.

TEXT: Json = {"type": "string"}
TEXTS: Json = {"anyOf": [{"type": "array", "minItems": 1, "items": {"type": "string"}}, {"type": "string"}]}
ACCOUNT: Json = {"type": "string", "pattern": "^[0-9]{12}$"}


def _closed(properties: Json) -> Json:
    return {"type": "object", "additionalProperties": False, "properties": properties}


GUARDS: Json = {
    "description": "Consents for every run in this environment or stack.",
    **_closed(
        {
            "adopt": {"type": "boolean", "default": False, "description": "Adopt unowned resources."},
            "allowReplace": {
                "type": "boolean",
                "default": False,
                "description": "Replace resources that cannot be changed in place.",
            },
            "allowDestroy": {
                **TEXTS,
                "description": "Resources that may be deleted, as KIND/NAME; * and ? are wildcards.",
            },
            "maxInterrupted": {
                "type": "integer",
                "minimum": 0,
                "description": "Replace instances if no more than this many jobs run on them.",
            },
            "maxDestroy": {
                "anyOf": [
                    {"type": "integer", "minimum": 0},
                    {"type": "string", "pattern": "^([0-9]{1,9}|(100|[0-9]{1,2})%)$"},
                ],
                "description": "Delete at most this number or share of live resources: 5, or 20%.",
            },
        }
    ),
}
SHARED: Json = {
    "variables": {"type": "object", "description": "Values of variables; --var overrides them."},
    "variableFiles": {**TEXTS, "description": "Variable files, relative to the folder of this file."},
    "guards": GUARDS,
}
ENVIRONMENT: Json = {
    "description": "Accounts and regions. `${account}`, `${region}` and `${environment}` are known here to !sub.",
    **_closed(
        {
            "account": {**ACCOUNT, "description": "The account. Credentials for a different one are refused."},
            "accounts": {"type": "array", "minItems": 1, "items": ACCOUNT, "description": "Each with every region."},
            "region": {**TEXT, "description": "The region; by default that of the stack or the AWS configuration."},
            "regions": {"type": "array", "minItems": 1, "items": TEXT, "description": "Each with every account."},
            "roleArn": {**TEXT, "description": "A role to assume first."},
            "profile": {**TEXT, "description": "A profile of the AWS configuration files."},
            **SHARED,
            "variables": {
                "type": "object",
                "description": "Values of variables, for every stack that declares them; --var overrides them.",
            },
        }
    ),
}
STACK: Json = {
    "description": "The environments that a stack is deployed to.",
    "anyOf": [
        {**_closed({"environments": {**TEXTS, "description": "By name."}, **SHARED}), "required": ["environments"]},
        *TEXTS["anyOf"],
    ],
}
REQUIRED_VERSION: Json = {
    "type": "string",
    "minLength": 1,
    "description": 'Versions of reconciler that may be used, as for pip: ">=0.2,<1". Other versions refuse the file.',
}
FLEET: Json = {
    "title": "Deployments of stacks",
    **_closed(
        {
            "environments": {
                "description": "Accounts and regions by a name that you choose.",
                "type": "object",
                "minProperties": 1,
                "additionalProperties": {"$ref": "#/$defs/Environment"},
            },
            "stacks": {
                "type": "object",
                "minProperties": 1,
                "additionalProperties": {"$ref": "#/$defs/Stack"},
                "description": "Stacks by their paths relative to the folder of this file; * and ? are wildcards.",
            },
            "exclude": {
                **TEXTS,
                "description": "Names that `import --live` and `coverage` skip, as globs.",
            },
            "requiredVersion": REQUIRED_VERSION,
        }
    ),
    "anyOf": [{"required": ["environments", "stacks"]}, {"required": ["exclude"]}],
    "patternProperties": {"^x-": {}},
    "$defs": {"Environment": ENVIRONMENT, "Stack": STACK},
}


DIALECT = "https://json-schema.org/draft/2020-12/schema"
SCALAR: Json = {"type": ["string", "number", "boolean"]}
PAIR = 2  # a ranked structure of its rank and one more member: the field alone is its short form
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
            "description": "Dotted paths of fields whose live value is kept.",
        },
        "replace": {
            "enum": ["blue-green", "refuse"],
            "description": "When a change requires a new environment: create it beside the old one and move the queues "
            "to it, or refuse. By default, --allow-replace decides.",
        },
        "retainRevisions": {
            "anyOf": [{"type": "integer", "minimum": 1}, {"const": "all"}],
            "default": "all",
            "description": "How many revisions of this stack stay active. Older ones are deregistered after a change, "
            "except those that live jobs use.",
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
            "description": "Adopt an unowned live resource of this name.",
        },
        "runsOn": {
            "type": "array",
            "items": {"type": "string"},
            "description": "The job queues that jobs of this definition are submitted to. It is an error if they can "
            "never start there.",
        },
    },
}

SMOKE: Json = {
    "title": "smoke",
    "type": "object",
    "description": "Makes the job a smoke test, which `apply --smoke` runs after a change.",
    "additionalProperties": False,
    "properties": {
        "after": {
            "type": "array",
            "items": {"type": "string"},
            "description": "Resources, as KIND/NAME; * and ? are wildcards. The job runs if one of them was changed. "
            "By default, everything that the job refers to, directly or indirectly.",
        },
        "within": {
            "type": ["string", "integer"],
            "default": "20m",
            "description": "How long the job may take, such as 90s, 20m or 2h. It is terminated then.",
        },
    },
}
OWN: Mapping[str, Json] = {"lifecycle": LIFECYCLE, "smoke": SMOKE}  # beside the fields of a body, by their keys

VARIABLE: Json = {
    "title": "variable",
    "type": "object",
    "additionalProperties": False,
    "properties": {
        "type": {
            "enum": ["string", "number", "integer", "boolean", "list", "map"],
            "default": "string",
            "description": "The type of its values; a value of a different type is refused.",
        },
        "default": {"description": "Used when no value is set. A variable without a default is required."},
        "example": {
            "description": "Used by validate, render, graph and the sandbox when no value is set; never sent to AWS."
        },
        "enum": {"type": "array", "description": "The allowed values."},
        "pattern": {"type": "string", "description": "A regular expression that its values must match."},
        "description": {"type": "string", "description": "The purpose."},
        "secret": {"type": "boolean", "default": False, "description": "Never show its value."},
    },
}

IGNORED: Json = {
    "type": "object",
    "additionalProperties": False,
    "required": ["resources", "members", "reason"],
    "properties": {
        "resources": {"type": "string", "description": "Resources, as KIND/NAME; * and ? are wildcards."},
        "members": {
            "type": "array",
            "minItems": 1,
            "items": {"type": "string"},
            "description": "Dotted paths of fields whose live value is kept; tags.* means all tags.",
        },
        "reason": {"type": "string", "pattern": "\\S", "description": "The reason."},
        "expires": {
            "type": "string",
            "pattern": "^[0-9]{4}-[0-9]{2}-[0-9]{2}$",
            "description": "The last day on which the entry applies. Afterwards, the fields are compared again.",
        },
    },
}

PLACE_OF_STATE = (
    "s3://bucket/key, a URL of the http backend, or a file in the repository: a state, or the output of "
    "`terraform output -json`."
)
STATE: Json = {
    "title": "state",
    "type": "object",
    "additionalProperties": False,
    "required": ["url"],
    "properties": {
        "url": {"type": "string", "minLength": 1, "description": PLACE_OF_STATE},
        "region": {"type": "string", "description": "Region of the bucket, if different from that of the stack."},
        "roleArn": {
            "type": "string",
            "pattern": "^arn:aws[a-z-]*:iam::[0-9]{12}:role/",
            "description": "Role to assume to read the object.",
        },
    },
}

HEAD: Mapping[str, Json] = {
    "stack": {
        "type": "string",
        "minLength": 1,
        "description": "Name of the stack; every resource is tagged with it as its owner.",
    },
    "account": {
        "type": ["string", "integer"],
        "pattern": "^[0-9]{12}$",
        "description": "The only account in which this stack may be used.",
    },
    "region": {"type": "string", "description": "Region; by default that of the AWS configuration."},
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
                "description": "Bucket and prefix, as s3://bucket/prefix: the lock is an object there.",
            },
            "dynamodb": {
                "type": "string",
                "description": "A table whose key is the string LockID, as in Terraform.",
            },
        },
    },
    "namePrefix": {"type": "string", "description": "Prefix of the name of every resource."},
    "requiredVersion": REQUIRED_VERSION,
    "tags": {"type": "object", "additionalProperties": SCALAR, "description": "Tags on every resource."},
    "lookups": {
        "type": "object",
        "description": "Sources of lookups.",
        "additionalProperties": False,
        "properties": {
            "tfstate": {
                "type": "object",
                "description": "Terraform states by name: !tfstate name:outputs.subnet_ids reads one.",
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
        "description": "Values that differ between environments: use !var name, or ${name} in !sub.",
    },
    "defaults": {},  # here is its place; what it holds is said of each kind
    "ignore": {
        "type": "array",
        "items": {"$ref": "#/$defs/Ignore"},
        "description": "Fields that plan, apply and drift ignore, with the reason, until a date or indefinitely.",
    },
    "rules": {
        "type": "object",
        "description": "Settings for the rules of validate.",
        "additionalProperties": False,
        "properties": {
            "disable": {
                "type": "object",
                "description": "Disabled rules by ID, each with the reason.",
                "propertyNames": {"pattern": "^([A-Z]{2}[0-9]{3}|SCH00[35679])$"},
                "additionalProperties": {"type": "string", "pattern": "\\S"},
            }
        },
    },
}


def schemas(kinds: Iterable[Declarable], model: Mapping[str, Json]) -> dict[str, Json]:
    """Return every schema by the name of its file. `model` is botocore's service model of Batch."""
    known = tuple(kinds)
    fleet = {"$schema": DIALECT, **tagged(FLEET)}
    return {"stack.schema.json": tagged(_stack(known, model)), "fleet.schema.json": fleet} | {
        f"{kind.noun}.schema.json": _body(kind, model) for kind in known
    }


def rendered(schema: Json) -> str:
    return json.dumps(schema, indent=2, ensure_ascii=False) + "\n"


def _body(kind: Declarable, model: Mapping[str, Json]) -> dict[str, Json]:
    bodies = Bodies(model["shapes"], model["operations"])
    body = bodies.of(kind)
    return {
        "$schema": DIALECT,
        "title": kind.create.operation,
        "description": kind.description,
        **body,
        "$defs": bodies.defs,
    }


def _stack(kinds: tuple[Declarable, ...], model: Mapping[str, Json]) -> dict[str, Json]:
    bodies = Bodies(model["shapes"], model["operations"])
    own = {kind.create.operation: _nameless(kind, bodies.of(kind)) for kind in kinds}
    entries = {kind.name: _entry(kind, own[kind.create.operation]) for kind in kinds}
    defs: dict[str, Json] = {
        **{_named(own): schema for own, schema in OWN.items()},
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


def _nameless(kind: Declarable, body: Mapping[str, Json]) -> dict[str, Json]:
    """In a stack the key is the name."""
    required = [name for name in body["required"] if name != kind.name_member]
    others = {keyword: value for keyword, value in body.items() if keyword != "required"}
    return {**others, "required": required} if required else others


def _entry(kind: Declarable, body: Mapping[str, Json]) -> dict[str, Json]:
    """Return what stands under a resource's key: the body with our shorts, and our own member beside it."""
    return {
        "title": kind.name,
        "description": kind.description,
        **body,
        "properties": {**dict(_members(kind, body["properties"])), kind.own: {"$ref": DEFS + _named(kind.own)}},
    }


def _named(own: str) -> str:
    """Return the name of the definition of one of our members."""
    return own.capitalize()


def _members(kind: Declarable, names: Iterable[str]) -> Iterator[tuple[str, Json]]:
    """Yield what may be written for each member, and beside it for its short."""
    shorts = {row.name: row.short for row in kind.fields if row.short}
    for name in names:
        yield name, _written(kind, name)
        if name in shorts:
            yield shorts[name], _short(kind, name)


def _written(kind: Declarable, name: str) -> dict[str, Json]:
    own = {"$ref": f"{DEFS}{kind.create.operation}/properties/{name}"}
    row = kind.field(name)
    if row is not None and row.named_in:
        return {"description": row.description, "anyOf": [own, {"type": "string"}]}
    if row is None or row.form is not Form.RANKED or len(row.fields) != PAIR:
        return own
    return {"description": row.description, "anyOf": [own, {"type": "array", "items": {"type": "string"}}]}


def _short(kind: Declarable, name: str) -> dict[str, Json]:
    return {"$ref": f"{DEFS}{kind.create.operation}/properties/{name}", "description": f"Short for {name}."}


def _sections(kinds: Iterable[Declarable], names: Mapping[str, str]) -> dict[str, Json]:
    return {
        kind.section: {
            "type": "object",
            "description": kind.description,
            "additionalProperties": {"$ref": DEFS + names.get(kind.name, kind.name)},
        }
        for kind in kinds
    }


def _defaults(kinds: Iterable[Declarable], names: Mapping[str, str]) -> dict[str, Json]:
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
    body = {keyword: value for keyword, value in defs[name].items() if keyword != "required"}
    partial = {**body, "properties": {member: _relaxed(inner, defs) for member, inner in body["properties"].items()}}
    if partial == defs[name]:
        return name
    defs[name + SUFFIX] = partial
    return name + SUFFIX


def _relaxed(schema: Json, defs: dict[str, Json]) -> Json:
    """Return a member that requires nothing. What a section says of a member stands beside the reference to it."""
    target, _, member = schema.get("$ref", "").removeprefix(DEFS).partition("/properties/")
    if member:
        beside = {keyword: value for keyword, value in schema.items() if keyword != "$ref"}
        return _relaxed({**defs[target]["properties"][member], **beside}, defs)
    return {**schema, "$ref": DEFS + _partial(target, defs)} if target else schema

"""What one member is, what it may hold, and what changing it costs."""

import difflib
import json
import re
from collections import deque
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from reconciler.kinds.base import MISSING, Created, Declarable, Field, Form, Row, Rows, Unmanaged
from reconciler.model import Cost, Json, Path
from reconciler.schema.language import DEFS, HEAD, IGNORED, OWN, TAGS, VARIABLE, name_row

FORMS: Mapping[Form, str] = {
    Form.CASELESS: "upper and lower case are the same",
    Form.NUMBER: "as numbers: 1.0 is 1",
    Form.FLOAT32: "as 32-bit numbers",
    Form.RANGE: ":3 is 0:3; an open end is not the same as the last index",
    Form.ROLE: "a role's bare name and its ARN are the same, two ARNs with different paths are not",
    Form.PROFILE: "an instance profile's bare name and its ARN are the same, two ARNs with different paths are not",
    Form.REFERENCE: "a name and its ARN are the same",
    Form.ORDERED: "in order",
    Form.SET: "in any order",
    Form.KEYED: "entry by entry, in any order, identified by {key}",
    Form.RANKED: "in the sequence of {key}; the numbers themselves do not matter",
    Form.MAP: "key by key",
    Form.STRUCT: "field by field",
}
LIMITS: Mapping[str, str] = {
    "minimum": "at least {}",
    "maximum": "at most {}",
    "minLength": "at least {} characters",
    "maxLength": "at most {} characters",
    "minItems": "at least {} entries",
    "maxItems": "at most {} entries",
    "pattern": "matches {}",
}
NOT_EMPTY = {("minLength", 1): "not empty", ("minItems", 1): "not empty"}
NEAR = 3  # suggestions


@dataclass(frozen=True, slots=True)
class Explained:
    """One member (or a kind as a whole) in words; `facts` are label and text, in reading order."""

    path: str
    says: str
    facts: tuple[tuple[str, str], ...] = ()
    steps: tuple[str, ...] = field(default=(), compare=False)  # of `path`: the section of a kind, and fields


@dataclass(frozen=True, slots=True)
class _ExplainedField:
    """A member in its place: its row, its part of the schema, and what it inherits."""

    kind: Declarable
    path: tuple[str, ...]
    row: Row | None
    schema: Json
    required: bool
    cost: Cost | None

    @property
    def dotted(self) -> str:
        return ".".join(self.steps)

    @property
    def steps(self) -> tuple[str, ...]:
        return (self.kind.section, *self.path)


def explain(path: str, kinds: Mapping[str, Declarable], schema: Json) -> tuple[Explained, ...]:
    """Explain a kind (`jobQueues`), a member (`jobQueues.priority`) or every member of a name (`minvCpus`).

    Empty if there is none; `nearest` then knows what may have been meant.
    """
    steps = [step.lower() for step in _steps(path)]
    kind = _kind(steps[0], kinds) if steps else None
    if kind and len(steps) == 1:
        return (_explained_kind(kind, schema),)
    members = _all_members({kind.name: kind} if kind else kinds, schema)
    wanted = steps[1:] if kind else steps
    if kind:
        return tuple(_explained(member, schema) for member in members if _lower(member.path) == wanted)
    return tuple(_explained(member, schema) for member in members if _lower(member.path)[-len(wanted) :] == wanted)


def member_at(kind: Declarable, path: Path, schema: Json) -> str:
    """Return the member that a path in a body of the kind leads to, as `explain` calls it; keys of maps are none.

    A structure that stands in several places is named by the outermost: a node's container is containerProperties.
    """
    homes = _homes(kind, schema["$defs"])
    steps: tuple[str, ...] = (kind.section,)
    body = schema["$defs"][kind.create.operation]
    for step in path:
        if isinstance(step, int):
            continue
        if body is None or step not in body["properties"]:
            break
        member = body["properties"][step]
        steps = homes.get(_target(member), (*steps, step))
        body = _structure(member, schema["$defs"])
    return ".".join(steps)


def _homes(kind: Declarable, defs: Json) -> Mapping[str, tuple[str, ...]]:
    """Return where each definition stands first, outermost first."""
    places: dict[str, tuple[str, ...]] = {}
    waiting: deque[tuple[tuple[str, ...], Json]] = deque([((kind.section,), defs[kind.create.operation])])
    while waiting:
        path, body = waiting.popleft()
        for name, member in body["properties"].items():
            target, inner = _target(member), _structure(member, defs)
            if inner and target not in places:
                places |= {target: (*path, name)} if target else {}
                waiting.append(((*path, name), inner))
    return places


def _target(member: Json) -> str:
    return str(member.get("items", member).get("$ref", ""))


def nearest(path: str, kinds: Mapping[str, Declarable], schema: Json) -> tuple[str, ...]:
    """Return the paths that are nearest to one that does not exist: by its last member, then as a whole."""
    members = {member.dotted: member.path[-1].lower() for member in _all_members(kinds, schema)}
    steps = _steps(path)
    last = difflib.get_close_matches(steps[-1].lower() if steps else "", set(members.values()), n=NEAR, cutoff=0.7)
    alike = [dotted for name in last for dotted, own in members.items() if own == name]
    return tuple(difflib.get_close_matches(".".join(steps), alike or members, n=NEAR, cutoff=0.0 if alike else 0.6))


def _steps(path: str) -> list[str]:
    """Split a path; indices (`environment[0].name`, `environment.0.name`) say nothing about the member."""
    return [step for step in re.split(r"[./]|\[\d*\]", path) if step and not step.isdigit()]


def _kind(name: str, kinds: Mapping[str, Declarable]) -> Declarable | None:
    return next((kind for kind in kinds.values() if name in _lower((kind.name, kind.section, kind.noun))), None)


def _lower(names: tuple[str, ...]) -> list[str]:
    return [name.lower() for name in names]


def _all_members(kinds: Mapping[str, Declarable], schema: Json) -> Iterator[_ExplainedField]:
    defs = schema["$defs"]
    for kind in kinds.values():
        yield from _members(kind, (), (name_row(kind), *kind.rows, TAGS), defs[kind.create.operation], defs, None)


def _members(
    kind: Declarable, path: tuple[str, ...], rows: tuple[Row, ...], body: Json, defs: Json, cost: Cost | None
) -> Iterator[_ExplainedField]:
    known = Rows.of(rows).by_name
    for name, member in body["properties"].items():
        row = known.get(name)
        own = (row.cost if isinstance(row, Field) else None) or cost
        yield _ExplainedField(kind, (*path, name), row, member, name in body.get("required", ()), own)
        inner = _structure(member, defs)
        if inner:
            fields = row.fields if isinstance(row, Field) else ()
            yield from _members(kind, (*path, name), fields, inner, defs, own)


def _structure(member: Json, defs: Json) -> Json:
    """Return the body of a structure, or of a list's structures; None for everything else."""
    target = member.get("items", member)
    body = defs[_target(member).removeprefix(DEFS)] if "$ref" in target else target
    return body if "properties" in body else None


def _explained_kind(kind: Declarable, schema: Json) -> Explained:
    members = ", ".join(
        name for name in schema["$defs"][kind.create.operation]["properties"] if name != kind.name_member
    )
    return Explained(kind.section, kind.description, (("members", members), ("source", kind.source)), (kind.section,))


def _explained(member: _ExplainedField, schema: Json) -> Explained:
    if isinstance(member.row, Unmanaged):
        return Explained(member.dotted, f"Accepted and ignored: {member.row.reason}.", steps=member.steps)
    facts = [("type", _type(member.schema, schema["$defs"])), *_choice(member.schema), *_rules(member)]
    if isinstance(member.row, Field):
        facts += [*_behaviour(member, member.row), *_origin(member.row, member.kind)]
    return Explained(member.dotted, member.schema.get("description", ""), tuple(facts), member.steps)


def _type(schema: Json, defs: Json) -> str:
    if "enum" in schema or "examples" in schema:
        return "string"
    if "items" in schema:
        return f"list of {_type(schema['items'], defs)}"
    if _structure(schema, defs):
        return f"structure of {', '.join(_structure(schema, defs)['properties'])}"
    if "additionalProperties" in schema:
        return "map from strings to strings"
    return "string" if "string" in schema["type"] else str(schema["type"])


def _choice(schema: Json) -> Iterator[tuple[str, str]]:
    values = schema.get("enum", schema.get("items", {}).get("enum", ()))
    own = list({value.lower(): value for value in reversed(values)}.values())
    if own:
        yield "one of", ", ".join(reversed(own))
    if known := schema.get("examples"):
        yield "known", f"{', '.join(value or written(value) for value in known)}; AWS may know more"


def _rules(member: _ExplainedField) -> Iterator[tuple[str, str]]:
    if member.required:
        yield "required", "yes"
    bounds = [(keyword, member.schema[keyword]) for keyword in LIMITS if keyword in member.schema]
    limits = [NOT_EMPTY.get(bound, LIMITS[bound[0]].format(bound[1])) for bound in bounds]
    if limits:
        yield "limits", ", ".join(limits)
    if "default" in member.schema:
        yield "default", written(member.schema["default"])


def _behaviour(member: _ExplainedField, row: Field) -> Iterator[tuple[str, str]]:
    if row.trigger_for:
        yield "sent with", f"a change of {', '.join(row.trigger_for)}; where true, whenever instances are replaced"
        return
    if row.form in FORMS:
        yield "compared", FORMS[row.form].format(key=row.key or "position")
    if row.refers_to:
        yield "refers to", f"a {row.refers_to}: its key in the stack, or the name or ARN of an existing one"
    if row.short:
        yield "short", f"{row.short}: name"
    if member.cost:
        is_raised = member.kind.cost_of_change and _may_cost_more(member.cost)
        perhaps = " (some live settings make it more expensive)" if is_raised else ""
        yield "changing it", f"{member.cost}: {member.cost.says}{perhaps}"
    if row.presence:
        yield "adding or removing it", f"{row.presence}: {row.presence.says}"
    if row.created is Created.LATER and member.kind.update:
        yield "set by", f"{member.kind.update.operation} only: create, wait, update"
    if row.unset is not MISSING and not callable(row.unset):
        yield "unset by sending", written(row.unset)


def _may_cost_more(cost: Cost) -> bool:
    return cost in (Cost.SCALING, Cost.INFRASTRUCTURE)


def _origin(row: Field, kind: Declarable) -> Iterator[tuple[str, str]]:
    if row.source or kind.source:
        yield "source", row.source or kind.source


def written(value: Json) -> str:
    return value if isinstance(value, str) and value else json.dumps(value)


# What the language has of its own, beside what the API takes: settings of a stack, variables, lifecycle, smoke.

SECTIONS: Mapping[str, Json] = {
    **HEAD,
    "variables": {**VARIABLE, "description": HEAD["variables"]["description"]},
    "defaults": {"type": "object", "description": "Fields that are merged into each resource of a kind, by section."},
    "ignore": {**IGNORED, "description": HEAD["ignore"]["description"]},
    **OWN,
}


def explain_own(path: str) -> tuple[Explained, ...]:
    """Explain a part of the language (`lifecycle`, `lifecycle.replace`, `variables.example`); empty if there is none.

    They stand beside a body: `jobQueues.lifecycle.replace` is found, too.
    """
    steps = [step.lower() for step in path.split(".") if step]
    if len(steps) > 1 and steps[1] in OWN:
        steps = steps[1:]
    return tuple(explained for explained in _each(SECTIONS, ()) if explained.path.lower().split(".") == steps)


def own_names() -> tuple[str, ...]:
    return tuple(explained.path for explained in _each(SECTIONS, ()))


def _each(members: Mapping[str, Json], above: tuple[str, ...]) -> Iterator[Explained]:
    for name, schema in members.items():
        path = (*above, name)
        yield Explained(".".join(path), schema.get("description", ""), tuple(_facts(schema)))
        yield from _each(schema.get("properties", {}), path)


def _facts(schema: Json) -> Iterator[tuple[str, str]]:
    choices = schema.get("anyOf", [schema])
    types = [name for choice in choices for name in _types(choice)]
    if types:
        yield "type", " or ".join(dict.fromkeys(types))
    if values := [value for choice in choices for value in choice.get("enum", ())]:
        yield "one of", ", ".join(map(str, values))
    if "properties" in schema:
        yield "members", ", ".join(schema["properties"])
    limits = [
        text.format(choice[keyword]) for choice in choices for keyword, text in LIMITS.items() if keyword in choice
    ]
    if limits:
        yield "limits", ", ".join(limits)
    if "default" in schema:
        yield "default", written(schema["default"])


def _types(schema: Json) -> Iterator[str]:
    type_ = schema.get("type", "string" if "enum" in schema else schema.get("const", []))
    names_ = type_ if isinstance(type_, list) else [type_]
    yield from ("structure" if "properties" in schema else "list" if name == "array" else name for name in names_)

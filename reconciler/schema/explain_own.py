"""What the language has of its own, beside what the API takes: settings of a stack, variables, lifecycle."""

from collections.abc import Iterator, Mapping

from reconciler.model import Json
from reconciler.schema.explain import LIMITS, Explained, written
from reconciler.schema.language import HEAD, IGNORED, LIFECYCLE, VARIABLE

SECTIONS: Mapping[str, Json] = {
    **HEAD,
    "variables": {**VARIABLE, "description": HEAD["variables"]["description"]},
    "defaults": {"type": "object", "description": "Members that are merged below each resource of a kind, by section."},
    "ignore": {**IGNORED, "description": HEAD["ignore"]["description"]},
    "lifecycle": LIFECYCLE,
}


def explain_own(path: str) -> tuple[Explained, ...]:
    """Explain a part of the language (`lifecycle`, `lifecycle.replace`, `variables.example`); empty if there is none.

    `lifecycle` stands beside a body: `jobQueues.lifecycle.replace` is found, too.
    """
    steps = [step.lower() for step in path.split(".") if step]
    if len(steps) > 1 and steps[1] == "lifecycle":
        steps = steps[1:]
    return tuple(one for one in _each(SECTIONS, ()) if one.path.lower().split(".") == steps)


def own_names() -> tuple[str, ...]:
    return tuple(one.path for one in _each(SECTIONS, ()))


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
    limits = [text.format(choice[word]) for choice in choices for word, text in LIMITS.items() if word in choice]
    if limits:
        yield "limits", ", ".join(limits)
    if "default" in schema:
        yield "default", written(schema["default"])


def _types(schema: Json) -> Iterator[str]:
    type_ = schema.get("type", "string" if "enum" in schema else schema.get("const", []))
    names_ = type_ if isinstance(type_, list) else [type_]
    yield from ("structure" if "properties" in schema else "list" if name == "array" else name for name in names_)

"""Mistakes that people make in the body of a resource, each made on purpose: what they write, where, what helps them."""

import re
from collections.abc import Callable, Iterator, Mapping
from copy import deepcopy
from dataclasses import dataclass
from random import Random

from reconciler.adapters.lookup.installed import read_schema
from reconciler.kinds.base import Kind
from reconciler.model import Json, Path

DEFS = read_schema()["$defs"]
LETTERS = "abcdefghijklmnopqrstuvwxyz"


@dataclass(frozen=True, slots=True)
class Mistake:
    """`path` leads to what is wrong as it is written. Of `fixes`, message or hint must name one."""

    body: Json
    path: Path
    fixes: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Site:
    """A member of a structure in a body, with its schema."""

    path: Path
    schema: Json

    @property
    def name(self) -> str:
        return str(self.path[-1])


Maker = Callable[[Kind, Json, Random], Mistake | None]


def sites(kind: Kind, body: Json) -> list[Site]:
    return list(_sites(DEFS[kind.create.operation], body, ()))


def _sites(schema: Json, value: Json, path: Path) -> Iterator[Site]:
    schema = resolved(schema)
    if isinstance(value, Mapping) and "properties" in schema:
        for name, inner in value.items():
            yield Site((*path, name), resolved(schema["properties"][name]))
            yield from _sites(schema["properties"][name], inner, (*path, name))
    elif isinstance(value, list) and "items" in schema:
        for index, inner in enumerate(value):
            yield from _sites(schema["items"], inner, (*path, index))


def resolved(schema: Json) -> Json:
    return {**DEFS[schema["$ref"].removeprefix("#/$defs/")], **schema} if "$ref" in schema else schema


def at(value: Json, path: Path) -> Json:
    for step in path:
        value = value[step]
    return value


def renamed(body: Json, path: Path, name: str) -> Json:
    """Return a body in which the member at `path` has another name, at the same place."""
    copy = deepcopy(body)
    parent = at(copy, path[:-1])
    entries = [(name if key == path[-1] else key, value) for key, value in parent.items()]
    parent.clear()
    parent.update(entries)
    return copy


def replaced(body: Json, path: Path, value: Json) -> Json:
    copy = deepcopy(body)
    at(copy, path[:-1])[path[-1]] = value
    return copy


def moved(body: Json, path: Path, to: Path) -> Json:
    copy = deepcopy(body)
    at(copy, to)[path[-1]] = at(copy, path[:-1]).pop(path[-1])
    return copy


def members_beside(kind: Kind, path: Path) -> Mapping[str, Json]:
    schema = DEFS[kind.create.operation]
    for step in path[:-1]:
        schema = resolved(schema)
        schema = schema["items"] if isinstance(step, int) else schema["properties"][step]
    return resolved(schema)["properties"]


def misspelt(kind: Kind, body: Json, random: Random) -> Mistake | None:
    site = random.choice(sites(kind, body))
    known = members_beside(kind, site.path)
    wrong = site.name
    for _ in range(1 if len(site.name) <= 6 else random.choice((1, 2))):
        wrong = _one_letter_off(wrong, random)
    if letters(wrong) in map(letters, known):
        return None
    return Mistake(renamed(body, site.path, wrong), (*site.path[:-1], wrong), (site.name,))


def _one_letter_off(word: str, random: Random) -> str:
    at = random.randrange(1, len(word))
    before, after = word[:at], word[at:]
    return random.choice(
        (before + after[1:], before + random.choice(LETTERS) + after, before[:-1] + after[0] + before[-1] + after[1:])
    )


def letters(name: str) -> str:
    return re.sub(r"[^a-z0-9]", "", name.lower())


def pascal(name: str) -> str:
    return name[0].upper() + name[1:]


def snake(name: str) -> str:
    return re.sub(r"([A-Z]+)", r"_\1", name).lower()


def kebab(name: str) -> str:
    return snake(name).replace("_", "-")


def in_style(style: Callable[[str], str], called: str) -> Maker:
    """Make one member written as another tool writes it."""

    def make(kind: Kind, body: Json, random: Random) -> Mistake | None:
        fitting = [site for site in sites(kind, body) if style(site.name) != site.name]
        site = random.choice(fitting) if fitting else None
        if site is None:
            return None
        wrong = style(site.name)
        return Mistake(
            renamed(body, site.path, wrong), (*site.path[:-1], wrong), (f"not {called}: did you mean {site.name}?",)
        )

    return make


def all_in_style(style: Callable[[str], str], called: str) -> Maker:
    """Make every member written as another tool writes it."""

    def make(kind: Kind, body: Json, random: Random) -> Mistake | None:
        wrong = styled(DEFS[kind.create.operation], body, style)
        first = next((site for site in sites(kind, body) if style(site.name) != site.name), None)
        if first is None:
            return None
        return Mistake(
            wrong, tuple(style(step) if isinstance(step, str) else step for step in first.path), (first.name,)
        )

    return make


def styled(schema: Json, value: Json, style: Callable[[str], str]) -> Json:
    schema = resolved(schema)
    if isinstance(value, Mapping) and "properties" in schema:
        return {style(name): styled(schema["properties"][name], inner, style) for name, inner in value.items()}
    if isinstance(value, list) and "items" in schema:
        return [styled(schema["items"], inner, style) for inner in value]
    return value


def too_high(kind: Kind, body: Json, random: Random) -> Mistake | None:
    """A member of a structure beside the structure."""
    found = []
    for site in sites(kind, body):
        *home, _ = site.path
        if home and isinstance(home[-1], str) and site.name not in members_beside(kind, tuple(home)):
            found.append(site)
    if not found:
        return None
    site = random.choice(found)
    *home, name = site.path
    wrong = moved(body, site.path, tuple(home[:-1]))
    return Mistake(wrong, (*home[:-1], name), (f"{name} belongs in {shown(tuple(home))}",))


def too_deep(kind: Kind, body: Json, random: Random) -> Mistake | None:
    """A member inside of a structure that it should stand beside."""
    found = []
    for site in sites(kind, body):
        for inner in at(body, site.path[:-1]):
            target = (*site.path[:-1], inner)
            schema = resolved(members_beside(kind, site.path)[inner])
            if (
                inner != site.name
                and isinstance(at(body, target), Mapping)
                and site.name not in schema.get("properties", {site.name})
            ):
                found.append((site, target))
    if not found:
        return None
    site, target = random.choice(found)
    wrong = moved(body, site.path, target)
    return Mistake(wrong, (*target, site.name), (f"{site.name} belongs beside {shown(target)}",))


def shown(path: Path) -> str:
    return "".join("[]" if isinstance(step, int) else f".{step}" for step in path).removeprefix(".")


def wrong_type(kind: Kind, body: Json, random: Random) -> Mistake | None:
    """A scalar for a list, a list for a mapping, words for numbers, and the like."""
    site = random.choice(sites(kind, body))
    now = at(body, site.path)
    choices = [value for value in _of_other_types(site.schema, now) if value != now]
    if not choices:
        return None
    value = random.choice(choices)
    fixes = (f"{site.name}: ", f"each entry of {site.name}", "without quotes", "one of")
    return Mistake(replaced(body, site.path, value), site.path, fixes)


def _of_other_types(schema: Json, now: Json) -> tuple[Json, ...]:
    match schema.get("type"):
        case "integer" | "number":
            return ("many", str(now), [now], {"value": now})
        case "boolean":
            return ("yes", str(now).lower(), [now], 1)
        case "array":
            first = now[0] if now else "text"
            return (first, "a text", 7, {"first": first})
        case "object":
            return ([now], "a text", 7, list(now.values()))
        case _:
            return ([now], {"value": now})


def wrong_choice(kind: Kind, body: Json, random: Random) -> Mistake | None:
    """A value of an enumeration that is misspelt."""
    found = [site for site in sites(kind, body) if "enum" in site.schema]
    if not found:
        return None
    site = random.choice(found)
    right = at(body, site.path)
    wrong = _one_letter_off(right, random)
    if wrong.lower() in map(str.lower, site.schema["enum"]):
        return None
    return Mistake(
        replaced(body, site.path, wrong),
        site.path,
        (next(v for v in site.schema["enum"] if v.lower() == right.lower()),),
    )


def of_cloudformation(kind: Kind, body: Json, random: Random) -> Mistake:
    inner = styled(DEFS[kind.create.operation], body, pascal)
    wrong = {"Type": f"AWS::Batch::{kind.name}", "Properties": inner, "DependsOn": ["Role"]}
    return Mistake(wrong, ("Properties",), ("directly below the name",))


def of_terraform(kind: Kind, body: Json, random: Random) -> Mistake | None:
    """Snake case, and a list of structures as a block."""
    wrong = _blocks(DEFS[kind.create.operation], body)
    first = next((site for site in sites(kind, body) if snake(site.name) != site.name), None)
    if first is None:
        return None
    path = tuple(snake(step) for step in first.path if isinstance(step, str))
    return Mistake(wrong, path, (first.name,))


def _blocks(schema: Json, value: Json) -> Json:
    schema = resolved(schema)
    if isinstance(value, Mapping) and "properties" in schema:
        return {snake(name): _blocks(schema["properties"][name], inner) for name, inner in value.items()}
    if isinstance(value, list) and "properties" in resolved(schema.get("items", {})) and len(value) == 1:
        return _blocks(schema["items"], value[0])
    return (
        [_blocks(schema["items"], inner) for inner in value] if isinstance(value, list) and "items" in schema else value
    )


MISTAKES: Mapping[str, Maker] = {
    "a misspelt member": misspelt,
    "a member in PascalCase": in_style(pascal, "PascalCase"),
    "a member in snake_case": in_style(snake, "snake_case"),
    "a member in kebab-case": in_style(kebab, "kebab-case"),
    "all members in PascalCase": all_in_style(pascal, "PascalCase"),
    "all members in snake_case": all_in_style(snake, "snake_case"),
    "all members in kebab-case": all_in_style(kebab, "kebab-case"),
    "a member one level too high": too_high,
    "a member one level too deep": too_deep,
    "a value of another type": wrong_type,
    "a misspelt choice": wrong_choice,
    "a resource of CloudFormation": of_cloudformation,
    "a block of Terraform": of_terraform,
}

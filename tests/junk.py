"""What nobody should write and somebody will: files of bytes, of odd texts, and of the language's own pieces astray."""

import json
from collections.abc import Iterator, Mapping
from copy import deepcopy
from typing import Any

from hypothesis import strategies as st

from reconciler.adapters.lookup.installed import read_schema
from reconciler.kinds import batch_kinds
from reconciler.load.resources import MEMBERS as LIFECYCLE
from reconciler.load.sections import SETTINGS
from reconciler.load.variables import MEMBERS as VARIABLE
from reconciler.load.variables import TYPES
from reconciler.model import Json
from tests.stacks.bodies import bodies

DEFS = read_schema()["$defs"]
SECTIONS = {kind.section: kind for kind in batch_kinds()}
MEMBERS = tuple(sorted({member for one in DEFS.values() for member in one.get("properties", {})}))
WORDS = (*SETTINGS, *SECTIONS, *LIFECYCLE, *VARIABLE, *TYPES, "lifecycle", "disable", "SP002", "JQ904", "x-a", "<<")
NAMES = (
    "a",
    "b",
    "spot",
    "image",
    "stack",
    "account",
    "",
    "~",
    "0",
    "a b",
    "main.yaml",
    "part.yaml",
    "../x",
    "part.json",
)
# Plain scalars that parsers disagree about, and pieces that end the parsing.
ODD = ("~", "null", "yes", "on", "012", "0o17", "0x1F", "1_000", "1:30", "1e999", "-1e-999", ".inf", "-.inf", ".nan", "+5",
       "1.50", "2024-01-01", "=", "<<", "!")  # fmt: skip
BREAKING = ("-", "?", "%", "@", "`", "&", "*", "|", ">", "'", '"', "#", "a: b", "- a", "{", "}", "[", "]", ",", "---", "...",
            "%YAML 1.1", "\\", "!a!b c")  # fmt: skip
TAGGED = ("!var a", "!var b", "!var ''", "!env HOME", "!env ''", "!sub '${a}'", "!sub '${!a}'", "!sub '${'",
          "!sub '${stack}-${b}'", "!include part.yaml", "!include part.json", "!include main.yaml", "!include ../x",
          "!include ''", "!ssm /a", "!ssm ''", "!cfn a.B", "!cfn a", "!secret a#b", "!secret a b", "!Ref a", "!!str 5",
          "!!int a", "!!float 1", "!!null x", "!!bool yes", "!!map {}", "!!seq []", "!!set {a}", "!!binary aGk=", "! 5",
          "!<x> 1", "!var [a]", "!include {a: b}", "*a", "*b", "*c", "&a 5", "&a {a: 1}", "&b [*a, *a]", "{<<: *a}",
          "{<<: [*a, {b: 2}], b: 3}", "{<<: 5}", "{*a : 1}", "{[a]: 1}", "{!var a: 1}", "{? a}",
          "{a: 1, a: 2}")  # fmt: skip
CHARACTERS = "\t\r\n\0\x07\x1b\x7f\x85\xa0\u2028\u200b\u202e\ufeff\ufffe\ud7ff\U0001f600e\u0301"
DAMAGE = "\t\r\n\0 :-{}[]&*!|>'\"#%@`,?<~\\é\ufeff\u2028"
ENCODINGS = ("utf-8-sig", "utf-16", "utf-16-le", "utf-32", "latin-1", "cp037")


class Raw(str):
    """A text that YAML is to read as it stands; in JSON it is a text like any other."""

    __slots__ = ()


def yaml_of(value: Json) -> str:
    """Return a value in one line of YAML."""
    match value:
        case dict():
            return f"{{{', '.join(f'{yaml_of(key)}: {yaml_of(inner)}' for key, inner in value.items())}}}"
        case list():
            return f"[{', '.join(map(yaml_of, value))}]"
        case Raw():
            return str(value)
        case _:
            return json.dumps(value, ensure_ascii=False)  # YAML has no halves of characters


def file_of(stack: Mapping[str, Json]) -> str:
    """Return a mapping as YAML with a line for each key."""
    return "".join(f"{yaml_of(key)}: {yaml_of(value)}\n" for key, value in stack.items())


texts = st.text(max_size=8) | st.text(st.sampled_from(CHARACTERS), max_size=4) | st.sampled_from(NAMES)
words = st.sampled_from(WORDS) | st.sampled_from(MEMBERS) | st.sampled_from(NAMES)
raws = (st.sampled_from(ODD) | st.sampled_from(TAGGED)).map(Raw)
huge = st.integers(0, 2).map(lambda which: (Raw("9" * 5000), "a" * 70_000, 10**30)[which])
numbers = st.integers(-3, 300) | st.floats() | huge
scalars: st.SearchStrategy[Json] = st.none() | st.booleans() | numbers | words | texts | raws
keys = words | texts | raws


def _deeper(inner: st.SearchStrategy[Json]) -> st.SearchStrategy[Json]:
    return st.lists(inner, max_size=3) | st.dictionaries(keys, inner, max_size=3)


values: st.SearchStrategy[Json] = st.recursive(scalars, _deeper, max_leaves=6)


@st.composite
def shaken(draw: Any, body: Json) -> Json:
    """Return a body in which some things are others, are called otherwise, are gone or are new."""
    shaken = deepcopy(body)
    for _ in range(draw(st.integers(0, 3))):
        places = list(_places(shaken))
        if not places:
            break
        holder, step = places[draw(st.integers(0, len(places) - 1))]
        what = draw(st.sampled_from(("other", "other", "gone", "new")))
        if what == "new" and isinstance(holder, dict):
            holder[draw(keys)] = draw(values)
        elif what == "gone":
            del holder[step]
        else:
            holder[step] = draw(values)
    return shaken


def _places(value: Json) -> Iterator[tuple[Json, Json]]:
    steps = list(value) if isinstance(value, dict) else range(len(value)) if isinstance(value, list) else ()
    for step in steps:
        yield value, step
        yield from _places(value[step])


lifecycles = st.fixed_dictionaries(
    {},
    optional={
        "preventDestroy": st.booleans() | values,
        "ignoreChanges": st.lists(
            st.sampled_from(["tags.a", "containerProperties.image", "priority"]) | texts, max_size=2
        )
        | values,
        "replace": st.sampled_from(["refuse", "Blue-Green"]) | values,
        "retainRevisions": st.sampled_from([1, "all", 0, True]) | values,
        "onRemove": st.sampled_from(["delete", "orphan"]) | values,
        "renamedFrom": words | values,
        "adopt": st.booleans() | values,
    },
)
variables = st.dictionaries(
    st.sampled_from(NAMES),
    values
    | st.fixed_dictionaries(
        {},
        optional={
            "type": st.sampled_from(tuple(TYPES)) | values,
            "default": values,
            "enum": st.lists(scalars, max_size=3) | values,
            "pattern": st.sampled_from(["^a", "(", "[a-z]+$", "(a+)+$"]) | values,
            "description": values,
            "secret": st.booleans() | values,
        },
    ),
    max_size=3,
)
rules = st.fixed_dictionaries(
    {},
    optional={
        "disable": st.dictionaries(st.sampled_from(["JQ904", "SCH001", "XX999", "sp002"]) | keys, texts | values)
    },
)


@st.composite
def resources(draw: Any, section: str) -> Json:
    own = [body for kind, body in bodies() if kind.section == section] or [{}]
    found: dict[str, Json] = {}
    for name in draw(st.lists(st.sampled_from(("a", "b", "spot")) | keys, max_size=2)):
        body = draw(shaken(own[draw(st.integers(0, len(own) - 1))]))
        found[name] = {**body, "lifecycle": draw(lifecycles | values)} if draw(st.booleans()) else body
    return found


def _rarely_junk(sound: st.SearchStrategy[Json]) -> st.SearchStrategy[Json]:
    return st.integers(0, 9).flatmap(lambda at: sound if at else values)


stacks = st.fixed_dictionaries(
    {"stack": st.just("risk")},
    optional={
        "account": _rarely_junk(st.sampled_from(["123456789012", 123456789012])),
        "region": _rarely_junk(st.just("us-east-1")),
        "namePrefix": _rarely_junk(st.sampled_from(["", "x-", Raw("!sub ${a}-")])),
        "tags": _rarely_junk(st.dictionaries(texts, scalars, max_size=3)),
        "variables": _rarely_junk(variables),
        "rules": _rarely_junk(rules),
        "defaults": _rarely_junk(
            st.fixed_dictionaries({}, optional={name: st.dictionaries(words, values, max_size=3) for name in SECTIONS})
        ),
        "ignore": _rarely_junk(
            st.lists(st.dictionaries(st.sampled_from(["resources", "members", "reason", "expires"]) | words, values))
        ),
        "lock": st.dictionaries(
            st.sampled_from(["s3", "dynamodb"]), st.sampled_from(["s3://bucket/a", "locks"]) | values
        ),
        "x-a": values,
        "x-b": values,
        **{section: _rarely_junk(resources(section)) for section in SECTIONS},
    },
)
parts = st.dictionaries(words, values, max_size=3)


@st.composite
def damaged(draw: Any, text: str) -> str:
    """Return a text in which a few characters are others, or a piece is doubled or gone."""
    for _ in range(draw(st.integers(1, 4))):
        start = draw(st.integers(0, len(text)))
        end = min(len(text), start + draw(st.integers(0, 12)))
        piece = draw(
            st.text(DAMAGE, max_size=3) | values.map(yaml_of) | st.sampled_from([text[start:end] * 2, "", *BREAKING])
        )
        text = text[:start] + piece + text[end:]
    return text


@st.composite
def encoded(draw: Any, of: st.SearchStrategy[str]) -> bytes:
    """Return a text as bytes, now and then with other line ends or in another encoding."""
    text = draw(of).replace("\n", draw(st.sampled_from(["\n", "\n", "\r\n", "\r"])))
    encoding = draw(st.sampled_from(ENCODINGS)) if draw(st.integers(0, 19)) == 19 else "utf-8"
    return text.encode(encoding, "surrogatepass" if encoding.startswith("utf") else "replace")

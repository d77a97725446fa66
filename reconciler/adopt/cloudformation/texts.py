"""Texts that are put together of what is known and what a stack substitutes: `!sub` of our language."""

import re
from collections.abc import Iterable, Iterator
from collections.abc import Mapping as MappingABC

from reconciler.adopt.found import TaggedValue
from reconciler.load.expand import IN_TEXT
from reconciler.load.scalars import text_of
from reconciler.model import Json

HOLE = re.compile(r"\$\{(?!!)[^}]*\}")
ESCAPED = re.compile(r"\$\{!([^}]*)\}")
IN_BRACES = re.compile(r"\$\{([^}]*)\}")
REFERENCE = "{{resolve"
DYNAMIC = f"{REFERENCE}:"
# https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/dynamic-references.html
STORED = re.compile(r"\{\{resolve:(?:ssm|ssm-secure):([^:{}]+(?::\d+)?)\}\}")
SECRET = re.compile(
    r"\{\{resolve:secretsmanager:(arn:[^:{}]+:secretsmanager:[^:{}]*:[^:{}]*:secret:[^:{}]+|[^:{}]+)"
    r"(?::SecretString)?(?::([^:{}]*))?(?::AWSCURRENT)?:*\}\}"
)


def is_secret(text: str) -> bool:
    """Whether a text has a dynamic reference to something secret; unless it is one to a plain parameter, it has."""
    return text.count(REFERENCE) > text.count(f"{REFERENCE}:ssm:")


def pieces(text: str) -> Iterator[tuple[bool, str]]:
    """Yield the parts of a text of `Fn::Sub`: whether it is a name in braces, and what it is."""
    at = 0
    for found in IN_TEXT.finditer(text):
        yield False, text[at : found.start()]
        yield (False, f"${{{found[2]}}}") if found[1] else (True, found[2].strip())
        at = found.end()
    yield False, text[at:]


def joined(parts: Iterable[Json]) -> Json:
    """Return a text of scalars and `Tagged`; a `Tagged` one if any is substituted."""
    known = [part if isinstance(part, TaggedValue) else text_of(part) for part in parts]
    known = [part for part in known if part != ""]
    if len(known) == 1:
        return known[0]
    if not any(isinstance(part, TaggedValue) for part in known):
        return "".join(map(str, known))
    return TaggedValue("!sub", "".join(map(_in_sub, known)))


def split(value: Json, delimiter: str) -> list[Json] | None:
    """Return the parts of a text; None if it cannot be told where what is substituted would be parted."""
    if isinstance(value, TaggedValue):
        holes = HOLE.findall(value.text)
        is_sure = value.tag == "!sub" and all(hole in CERTAIN and delimiter not in hole for hole in holes)
        return [_plain(part) for part in value.text.split(delimiter)] if is_sure else None
    return list(text_of(value).split(delimiter))


def dynamic(text: str) -> TaggedValue | None:
    """Return a dynamic reference to SSM or Secrets Manager as the look-up that does the same."""
    if found := STORED.fullmatch(text):
        return TaggedValue("!ssm", found[1])
    if found := SECRET.fullmatch(text):
        return TaggedValue("!secret", f"{found[1]}#{found[2]}" if found[2] else found[1])
    return None


def with_values(tagged: TaggedValue, values: MappingABC[str, Json]) -> Json:
    """Return what a value becomes where variables have these values for good."""
    if tagged.tag == "!var":
        return values.get(tagged.text, tagged)
    if tagged.tag != "!sub":
        return tagged

    def value(found: re.Match[str]) -> str:
        is_known = not found[1] and found[2].strip() in values
        return str(_in_sub(text_of(values[found[2].strip()]))) if is_known else found[0]

    return _plain(IN_TEXT.sub(value, tagged.text))


CERTAIN = ("${account}", "${region}", "${partition}")  # they have neither colons nor slashes


def _in_sub(part: Json) -> str:
    if not isinstance(part, TaggedValue):
        return IN_BRACES.sub(r"${!\1}", str(part))
    return f"${{{part.text}}}" if part.tag == "!var" else part.text


def _plain(part: str) -> Json:
    return TaggedValue("!sub", part) if HOLE.search(part) else ESCAPED.sub(r"${\1}", part)

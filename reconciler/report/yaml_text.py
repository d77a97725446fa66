"""Values as a YAML document that can be read again."""

import re
from io import StringIO

from reconciler.looked_up import Unknown
from reconciler.model import Json
from reconciler.printable import harmless_quoted, is_obeyed

WIDTH = 1 << 30  # nothing is folded
LOOKUP = re.compile(r"<unknown: (!\w+) ([^<>]+)>")


def yaml_text(document: Json) -> str:
    from ruamel.yaml import YAML  # noqa: PLC0415 - only what writes YAML loads it

    yaml = YAML()
    yaml.width = WIDTH
    yaml.indent(mapping=2, sequence=4, offset=2)
    text = StringIO()
    yaml.dump(_prepared(document), text)
    return harmless_quoted(text.getvalue())


def _prepared(value: Json) -> Json:
    """Write what is unknown as the look-up that it stands for, and in double quotes what a log would obey."""
    from ruamel.yaml.comments import TaggedScalar  # noqa: PLC0415
    from ruamel.yaml.scalarstring import DoubleQuotedScalarString  # noqa: PLC0415

    if isinstance(value, dict):
        return {_prepared(key): _prepared(inner) for key, inner in value.items()}
    if isinstance(value, list):
        return [_prepared(inner) for inner in value]
    if not isinstance(value, Unknown):
        return DoubleQuotedScalarString(value) if isinstance(value, str) and is_obeyed(value) else value
    found = LOOKUP.fullmatch(value)
    return TaggedScalar(found[2], tag=found[1]) if found else str(value)

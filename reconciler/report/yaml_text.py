"""Values as a YAML document that can be read again."""

import re
from io import StringIO

from reconciler.looked_up import Unknown
from reconciler.model import Json

LOOKUP = re.compile(r"<unknown: (!\w+) ([^<>]+)>")


def yaml_text(document: Json) -> str:
    from ruamel.yaml import YAML  # noqa: PLC0415 - only what writes YAML loads it

    yaml = YAML()
    yaml.width = 4096
    yaml.indent(mapping=2, sequence=4, offset=2)
    text = StringIO()
    yaml.dump(_with_tags(document), text)
    return text.getvalue()


def _with_tags(value: Json) -> Json:
    """Write what is unknown as the look-up that it stands for."""
    from ruamel.yaml.comments import TaggedScalar  # noqa: PLC0415

    if isinstance(value, dict):
        return {key: _with_tags(inner) for key, inner in value.items()}
    if isinstance(value, list):
        return [_with_tags(inner) for inner in value]
    if not isinstance(value, Unknown):
        return value
    found = LOOKUP.fullmatch(value)
    return TaggedScalar(found[2], tag=found[1]) if found else str(value)

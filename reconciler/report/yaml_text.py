"""Values as a YAML document that can be read again."""

from io import StringIO

from reconciler.model import Json


def yaml_text(document: Json) -> str:
    from ruamel.yaml import YAML  # noqa: PLC0415 - only what writes YAML loads it

    yaml = YAML()
    yaml.width = 4096
    yaml.indent(mapping=2, sequence=4, offset=2)
    text = StringIO()
    yaml.dump(document, text)
    return text.getvalue()

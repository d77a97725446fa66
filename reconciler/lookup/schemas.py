"""The generated schema files: in an installed package beside the code, in a checkout beside the package."""

import json
from functools import cache
from pathlib import Path

from reconciler.model import Json
from reconciler.schema import untagged

PACKAGE = Path(__file__).parents[1]


@cache  # one for all stacks of a run
def read_schema(name: str = "stack") -> Json:
    """Return the schema of values by name: `stack`, or the noun of a kind such as `job-definition`.

    That of a stack is for editors, who cannot know what a tag stands for. We do.
    """
    return untagged(json.loads(schema_text(name)))


def schema_text(name: str = "stack") -> str:
    """Return a schema as it stands in its file. Raises `FileNotFoundError` for a name that has none."""
    folder = next(folder for folder in (PACKAGE / "schemas", PACKAGE.parent / "schemas") if folder.is_dir())
    return (folder / f"{name}.schema.json").read_text(encoding="utf-8")

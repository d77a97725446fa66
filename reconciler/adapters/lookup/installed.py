"""What the installed AWS SDK knows of AWS Batch and of regions: it may be newer than our tables.

Read as files, without botocore.
"""

import gzip
import json
import re
from collections.abc import Mapping, Sequence
from functools import cache
from importlib.util import find_spec
from pathlib import Path

from reconciler.model import Json
from reconciler.schema import untagged
from reconciler.schema.services import SERVICES_BESIDE, joined_model

SERVICE = "batch"
INSTANCES = "RunInstances"  # the operation of EC2 that knows the types of instances
REGIONS = "DescribeRegions"  # and the one that takes names of regions
_TYPES = re.compile(rb'"InstanceType":\{\s*"type":"string",\s*"enum":\[(.*?)\]', re.DOTALL)


def takes(operation: str, path: Sequence[str | int]) -> bool:
    """Whether a request of the operation can have the member at `path`. Entries of lists and maps are steps of it.

    The last step may be a value, where the member is an enumeration.
    """
    if operation == INSTANCES:
        return tuple(path[:1]) == ("InstanceType",) and path[1:] != () and path[1] in instance_types()
    if operation == REGIONS:
        return tuple(path[:2]) == ("RegionNames", 0) and any(path[2:] == (one,) for one in _regions())
    model = service_model()
    known = model.get("operations", {}).get(operation)
    return known is not None and _has(model["shapes"], known["input"]["shape"], tuple(path))


@cache
def service_model() -> Json:
    """Return the newest service model; an empty one where there is none to be found."""
    packed = model_of(SERVICE)
    if not packed:
        return {}
    return joined_model(json.loads(packed), {name: json.loads(model_of(name)) for name in SERVICES_BESIDE})


@cache
def instance_types() -> frozenset[str]:
    """Return the instance types that the SDK knows. Its model of EC2 is large: it is searched, not parsed."""
    found = _TYPES.search(model_of("ec2"))
    return frozenset(json.loads(b"[" + found[1] + b"]")) if found else frozenset()


def model_of(service: str) -> bytes:
    """Return the newest model of a service as JSON; nothing where there is none to be found."""
    for folder in _folders():
        for version in sorted((Path(folder) / "data" / service).glob("*"), reverse=True):
            for file in (version / "service-2.json", version / "service-2.json.gz"):
                if file.is_file():
                    return _unpacked(file)
    return b""


@cache
def partitions() -> Mapping[str, tuple[str, ...]]:
    """Return the regions by the pattern that all regions of their partition have; none where there is no SDK."""
    for folder in _folders():
        file = Path(folder) / "data" / "partitions.json"
        if file.is_file():
            return {one["regionRegex"]: tuple(one["regions"]) for one in _parsed(file)["partitions"]}
    return {}


def _regions() -> frozenset[str]:
    return frozenset(region for regions in partitions().values() for region in regions)


def _folders() -> Sequence[str]:
    spec = find_spec("botocore")  # of a top-level package: it is found, not imported
    return tuple(spec.submodule_search_locations or ()) if spec else ()


def _parsed(file: Path) -> Json:
    return json.loads(_unpacked(file))


def _unpacked(file: Path) -> bytes:
    packed = file.read_bytes()
    return gzip.decompress(packed) if file.suffix == ".gz" else packed


def _has(shapes: Json, shape: str, path: tuple[str | int, ...]) -> bool:
    model = shapes[shape]
    if not path:
        return True
    step, rest = path[0], path[1:]
    match model["type"]:
        case "structure":
            return step in model["members"] and _has(shapes, model["members"][step]["shape"], rest)
        case "list":
            return _has(shapes, model["member"]["shape"], rest)
        case "map":
            return _has(shapes, model["value"]["shape"], rest)
        case _:
            return path[0] in model.get("enum", ()) and not rest


# The generated schema files: in an installed package beside the code, in a checkout beside the package.

PACKAGE = Path(__file__).parents[2]


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

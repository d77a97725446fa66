"""Tell an answer of AWS from what is none: a page of a proxy, half of an answer, an empty one, one of another service.

botocore takes a body that is no JSON for an answer without members, which looks as if there were nothing to list.
"""

import json
from collections.abc import Callable, Iterator, Mapping
from functools import cache, lru_cache
from typing import Any

from botocore.model import ListShape, MapShape, OperationModel, Shape, StructureShape
from botocore.parsers import BaseCBORParser, BaseJSONParser, ResponseParserFactory, RestJSONParser, RestXMLParser

from reconciler.kinds import batch_kinds
from reconciler.kinds.base import Kind
from reconciler.model import Json

SUCCESS = range(200, 300)
KEPT = 1024  # shapes of which is kept what was made out: a fleet has a service model for each of its clients
PLAIN: Mapping[str, tuple[type, ...]] = {
    "string": (str,),
    "character": (str,),
    "blob": (str, bytes),
    "boolean": (bool,),
    "integer": (int, float),
    "long": (int, float),
    "short": (int, float),
    "float": (int, float),
    "double": (int, float),
}
IN_HEADERS = ("header", "headers", "statusCode")
NUMBERS: Mapping[str, Callable[[Any], Json]] = {"integer": int, "long": int, "float": float, "double": float}
READ_AS_WRITTEN = ("string", "boolean", *NUMBERS)

EACH = "*"
Steps = tuple[str | int, ...]  # members; an index: there is one at least; EACH: in every entry
# What is always sent of jobs and by the other services, of what we read: from the "Response Elements" of each in its
# API reference. What the service models call required is not repeated here. ListExports and PutItem may truly have
# nothing to say.
ALWAYS: Mapping[str, tuple[Steps, ...]] = {
    "GetCallerIdentity": (("Account",),),
    "GetParameter": (("Parameter", "Value"),),
    "GetSecretValue": (("ARN",),),
    "DescribeStacks": (
        ("Stacks", 0, "StackName"),
        ("Stacks", 0, "StackId"),
        ("Stacks", EACH, "Outputs", EACH, "OutputKey"),
        ("Stacks", EACH, "Outputs", EACH, "OutputValue"),
        ("Stacks", EACH, "Parameters", EACH, "ParameterKey"),
    ),
    "ListExports": (("Exports", EACH, "Name"), ("Exports", EACH, "Value")),
    "DescribeLaunchTemplates": (("LaunchTemplates", EACH, "LaunchTemplateId"),),
    "ListObjectsV2": (("IsTruncated",), ("Contents", EACH, "Key")),
    "GetObject": (("ETag",),),
    "PutObject": (("ETag",),),
    "Publish": (("MessageId",),),
    # The model of AWS Batch requires `startedAt` of a job, which one that waits does not have.
    "DescribeJobs": (("jobs",), ("jobs", EACH, "jobId"), ("jobs", EACH, "status")),
    "ListJobs": (("jobSummaryList",), ("jobSummaryList", EACH, "jobId")),
    "ListServiceJobs": (("jobSummaryList",), ("jobSummaryList", EACH, "jobId")),
}


class NoAnswer(Exception):  # noqa: N818 - names what came
    """What came back is no answer of AWS. The message says how that shows, and quotes nothing of it."""

    def __init__(self, status: int, content: str, why: str) -> None:
        super().__init__(f"HTTP {status}{f' ({content})' if content else ''}, {why}")
        self.status = status


class CheckedParsers(ResponseParserFactory):
    """botocore's parsers, which stop at what is no answer. A component of sessions: `response_parser_factory`."""

    def create_parser(self, protocol_name: str) -> Any:
        return _Checked(super().create_parser(protocol_name))


class _Checked:
    def __init__(self, parser: Any) -> None:
        self._parser = parser

    def parse(self, response: Mapping[str, Any], shape: Shape | None) -> dict[str, Any]:
        """Parse an answer. Raises `NoAnswer`."""
        status = response["status_code"]
        try:
            body, why = _read_body(self._parser, response["body"], shape) if status in SUCCESS else (None, "")
            if body is None:
                parsed: dict[str, Any] = {} if why else self._parser.parse(response, shape)
            else:  # what is left to parse are the headers
                parsed = {**body, **self._parser.parse({**response, "body": b""}, shape)}
        except Exception as error:  # parsers say in a dozen ways that they do not understand
            why = f"which cannot be parsed ({type(error).__name__})"
            raise NoAnswer(status, _content(response), why) from error
        is_error = status not in SUCCESS and not (shape and shape.metadata.get("exception"))
        if is_error and not _has_code(parsed, status):
            why = "without an AWS error code"
        if why:
            raise NoAnswer(status, _content(response), why)
        return parsed


def missing(operation: OperationModel, answer: Mapping[str, Json]) -> str:
    """Return the path of what an answer lacks that such answers always have; empty if there is all."""
    shape = operation.output_shape
    is_batch = operation.service_model.service_name == "batch"
    known = _of_kinds().get(operation.name, ()) if is_batch else ()
    there = (path for path in known if shape and path[0] in shape.members)
    always = ALWAYS.get(operation.name, ())
    paths = (*(() if is_batch and always else _required(shape)), *there, *always)
    return ".".join(map(str, next((path for path in paths if not _has(answer, path)), ())))


def _read_body(parser: Any, body: Any, shape: Any) -> tuple[dict[str, Json] | None, str]:
    """Return what the body of a success contains, and how it shows that it is none; None where botocore has to read it.

    botocore checks no types, and its own reading costs twice as much as one that checks them.
    """
    if not isinstance(body, bytes):  # a stream, which is the content of an object
        return None, ""
    has_members = bool(shape and any(_is_in_body(inner) for inner in shape.members.values()))
    if isinstance(parser, RestXMLParser):
        return None, "" if has_members or not body.strip() else "with an unexpected body"
    if not isinstance(parser, BaseJSONParser | BaseCBORParser):
        return None, ""
    if not body.strip():
        return None, "with an empty body" if has_members else ""
    document = _decoded(parser, body)
    if not isinstance(document, dict):
        return None, f"with a body that is not a {'JSON object' if isinstance(parser, BaseJSONParser) else 'map'}"
    if shape is None:
        return None, ""
    try:
        content = _read(document, shape)
    except _WrongType as error:
        path = "".join(reversed(error.path)).lstrip(".")
        return None, f"whose {f'field {path}' if path else 'body'} has the wrong type"
    return content if isinstance(parser, RestJSONParser) and _is_read_fully(shape) else None, ""


def _decoded(parser: Any, body: bytes) -> Json:
    """Return what is in a body, None where that cannot be made out."""
    if isinstance(parser, BaseJSONParser):
        try:
            return json.loads(body)
        except (ValueError, RecursionError):
            return None
    return parser.parse_data_item(parser.get_peekable_stream_from_bytes(body))


def _is_in_body(shape: Shape) -> bool:
    return shape.serialization.get("location") not in IN_HEADERS


class _WrongType(Exception):  # noqa: N818 - names what was read
    """A value is not of the type of its shape. `path` leads to it, from its end."""

    def __init__(self) -> None:
        super().__init__()
        self.path: list[str] = []


def _read(value: Json, shape: Shape) -> Json:
    """Return the members of a value that its shape has, in the order of the shape. Raises `_WrongType`.

    A member that is null is one that is not there.
    """
    container, members, entry = _expected(shape)
    if container is None:
        return _read_scalar(value, shape.type_name)
    if not isinstance(value, container):
        raise _WrongType
    if members is not None:
        there = ((key, name, inner) for key, (name, inner) in members.items() if value.get(key) is not None)
        return {name: _read_inner(value[key], inner, f".{key}") for key, name, inner in there}
    if entry is None:  # a document may be anything
        return value
    if container is list:
        return [_read_inner(one, entry, index) for index, one in enumerate(value)]
    return {key: None if one is None else _read_inner(one, entry, f".{key}") for key, one in value.items()}


def _read_inner(value: Json, shape: Shape, at: str | int) -> Json:
    try:
        return _read(value, shape)
    except _WrongType as error:
        error.path.append(f"[{at}]" if isinstance(at, int) else at)
        raise


def _read_scalar(value: Json, type_name: str) -> Json:
    allowed = PLAIN.get(type_name)
    if allowed is not None and not (isinstance(value, allowed) and (bool in allowed or not isinstance(value, bool))):
        raise _WrongType
    return NUMBERS[type_name](value) if type_name in NUMBERS else value


@lru_cache(KEPT)
def _is_read_fully(shape: Shape) -> bool:
    """Whether a value of a shape is what its JSON says: nothing in it is encoded, or stands outside of the body.

    What is inside a shape is looked at once, by its name: shapes of AWS Batch stand in each other many times.
    """
    names: set[str] = set()
    left = [shape]
    while left:
        each = left.pop()
        if each.serialization.keys() - {"name", "locationName"} or getattr(each, "is_tagged_union", False):
            return False
        if each.name in names:
            continue
        names.add(each.name)
        if isinstance(each, StructureShape) and not each.is_document_type:
            left += each.members.values()
        elif isinstance(each, ListShape):
            left.append(each.member)
        elif isinstance(each, MapShape):
            left.append(each.value)
        elif each.type_name not in READ_AS_WRITTEN:
            return False
    return True


@lru_cache(KEPT)
def _expected(
    shape: Shape,
) -> tuple[type[Any] | None, Mapping[str, tuple[str, Shape]] | None, Any]:
    """Return what holds the values of a shape; its members by their names in a body, or the shape of each entry.

    A document has neither: it may be anything.
    """
    if isinstance(shape, StructureShape):
        if shape.is_document_type:
            return dict, None, None
        return (
            dict,
            {inner.serialization.get("name", name): (name, inner) for name, inner in shape.members.items()},
            None,
        )
    if isinstance(shape, ListShape):
        return list, None, shape.member
    return (dict, None, shape.value) if isinstance(shape, MapShape) else (None, None, None)


@lru_cache(KEPT)
def _required(shape: StructureShape | None) -> tuple[Steps, ...]:
    """Return what the service model requires of an answer, and of the entries of its lists.

    What is further inside is what others have declared, at a time when other things may have been required.
    """
    if shape is None:
        return ()
    entries = {name: one.member for name, one in shape.members.items() if isinstance(one, ListShape)}
    inner = {name: one.required_members for name, one in entries.items() if isinstance(one, StructureShape)}
    return (
        *((name,) for name in shape.required_members),
        *((name, EACH, member) for name, members in inner.items() for member in members),
    )


@cache
def _of_kinds() -> Mapping[str, tuple[Steps, ...]]:
    """Return what we know an answer of AWS Batch to have, by its operation."""
    found: dict[str, list[Steps]] = {}
    for kind in batch_kinds():
        reading = kind.read
        at: Steps = (reading.result, EACH) if reading.result else ()
        found.setdefault(reading.operation, []).extend((*at, name) for name in _identifying(kind))
        found[reading.operation] += [(reading.result,)] if reading.result else []
        if reading.listing:
            listed = reading.listed or reading.result
            found.setdefault(reading.listing, []).extend([(listed,), (listed, EACH, kind.arn_member)])
        for operation in kind.body_operations:
            found.setdefault(operation, []).extend((name,) for name in (kind.name_member, kind.arn_member))
    return {operation: tuple(paths) for operation, paths in found.items()}


def _identifying(kind: Kind) -> Iterator[str]:
    yield from (kind.name_member, kind.arn_member)
    yield from ("revision",) if kind.revisions else ()
    if parent := kind.parent_row:
        yield parent.response_name or parent.name


def _has(value: Json, path: Steps) -> bool:
    if not path:
        return value is not None
    step, rest = path[0], path[1:]
    if step == EACH:
        return all(_has(one, rest) for one in value or ())
    if isinstance(step, int):
        return bool(value) and _has(value[step], rest)
    inner = value.get(step)
    return _has(inner, rest) if inner is not None else rest[:1] == (EACH,)


def _has_code(parsed: Mapping[str, Any], status: int) -> bool:
    code = parsed.get("Error", {}).get("Code")
    return bool(code) and isinstance(code, str) and code != str(status)


def _content(response: Mapping[str, Any]) -> str:
    """Return the media type that the answer claims to have, which is safe to print."""
    said = str({key.lower(): value for key, value in response["headers"].items()}.get("content-type", ""))
    kind = said.partition(";")[0].strip().lower()
    return kind if kind.replace("/", "").replace("-", "").replace("+", "").replace(".", "").isalnum() else ""

"""The service's own model: which request goes to which operation, and whether its members are right."""

import json
import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from functools import cache
from urllib.parse import parse_qs, quote, unquote, urlencode, urlsplit

from botocore.model import ListShape, MapShape, OperationModel, ServiceModel, Shape, StringShape, StructureShape

from reconciler.model import Json
from reconciler.service_models import model_loader

# What the simulated service answers: JSON on success, an error in the form of the rest-json protocol otherwise.


@dataclass(frozen=True, slots=True)
class Response:
    """An HTTP answer. `lost`: the work was done, but the answer must never reach the caller."""

    status: int
    headers: Mapping[str, str] = field(default_factory=dict)
    body: bytes = b""
    lost: bool = False


REQUEST_ID = "x-amzn-requestid"


class Refusal(Exception):  # noqa: N818 - names what happened
    """AWS says no: a ClientException with this message."""


def refuse_if(wrong: object, message: str) -> None:
    if wrong:
        raise Refusal(message)


def success(data: Mapping[str, Json]) -> Response:
    return Response(200, {"content-type": "application/json"}, json.dumps(data).encode())


def refusal(message: str, request_id: str) -> Response:
    # The frame round nearly every message of the service (seen in pulumi/pulumi-aws issue 3887).
    answer = error(400, "ClientException", f"Error executing request, Exception : {message}, RequestId: {request_id}")
    return with_id(answer, request_id)


def error(status: int, code: str, message: str) -> Response:
    headers = {"content-type": "application/json", "x-amzn-errortype": code}
    return Response(status, headers, json.dumps({"message": message}).encode())


def with_id(answer: Response, request_id: str) -> Response:
    """Return the answer with the id of its request, unless it has one."""
    return replace(answer, headers={REQUEST_ID: request_id, **answer.headers})


BATCH = "batch"
# Inputs that the service takes in any case, although the model lists one spelling: the types of environments and
# definitions (aws/aws-cdk issue 31621), and the action of retries (hashicorp/terraform-provider-aws issue 19624).
CASELESS = ("CEType", "JobDefinitionType", "RetryAction")
PRIMITIVES: Mapping[str, tuple[type, ...]] = {
    "string": (str,),
    "integer": (int,),
    "long": (int,),
    "float": (int, float),
    "double": (int, float),
    "boolean": (bool,),
}


@dataclass(frozen=True, slots=True)
class Routed:
    """The operation that a path belongs to, and the members that stood in the path."""

    operation: str
    members: Mapping[str, Json]


@dataclass(frozen=True, slots=True)
class HttpRoute:
    """How an operation is called over HTTP."""

    method: str
    path: str
    body: bytes


@cache
def service_document(service: str = BATCH) -> Mapping[str, Json]:
    """Return the service's model as botocore keeps it."""
    document: Mapping[str, Json] = model_loader().load_service_model(service, "service-2")
    return document


@cache
def service_model(service: str = BATCH) -> ServiceModel:
    return ServiceModel(service_document(service), service)


def route(method: str, path: str, service: str = BATCH) -> Routed | None:
    """Find the operation; None if the service has none there."""
    parts = urlsplit(path)
    exact = _routes(service).get((method, parts.path))
    if exact:
        return Routed(exact, _query_members(exact, parts.query, service))
    for (verb, template), operation in _routes(service).items():
        prefix, brace, member = template.partition("{")
        if brace and verb == method and parts.path.startswith(prefix):
            value = unquote(parts.path.removeprefix(prefix))
            return Routed(operation, {member.rstrip("}"): value, **_query_members(operation, parts.query, service)})
    return None


def members(routed: Routed, body: bytes) -> dict[str, Json]:
    """Return the request's members, unchecked. Raises `Refusal` for a body that is no JSON object."""
    return {**_json_object(body), **routed.members}


def refuse_bad_request(operation: str, request: Mapping[str, Json], service: str = BATCH) -> None:
    """Raise `Refusal` naming everything that the model does not allow."""
    problems = tuple(problems_of(_input(operation, service), request, ""))
    refuse_if(problems, "; ".join(problems))


def submitted_request(sent: Json) -> dict[str, Json]:
    """Return the request of SubmitJob that the input of a universal target means: its fields are in PascalCase.

    A field in a different spelling is unknown to SubmitJob.
    """
    return dict(_in_camel_case(_input("SubmitJob", BATCH), sent))


def _in_camel_case(shape: Shape, value: Json) -> Json:
    if isinstance(shape, StructureShape) and isinstance(value, Mapping):
        known = {f"{name[:1].upper()}{name[1:]}": name for name in shape.members}
        return {
            known.get(name, f"{name} (in the input)"): _in_camel_case(shape.members[known[name]], inner)
            if name in known
            else inner
            for name, inner in value.items()
        }
    if isinstance(shape, ListShape) and isinstance(value, list):
        return [_in_camel_case(shape.member, inner) for inner in value]
    if isinstance(shape, MapShape) and isinstance(value, Mapping):
        return {key: _in_camel_case(shape.value, inner) for key, inner in value.items()}
    return value


def without_empty(body: Mapping[str, Json]) -> dict[str, Json]:
    """Return a body without the lists, maps and structures that are empty, which count as not given."""
    return {member: value for member, value in body.items() if value not in ({}, [])}


def address(operation: str, request: Mapping[str, Json]) -> HttpRoute:
    """Return how to call the operation with this request. Raises `Refusal` if there is no such operation."""
    if operation not in service_model().operation_names:
        raise Refusal(f"AWS Batch has no operation {operation}")
    model = service_model().operation_model(operation)
    path, query, body = model.http["requestUri"], {}, {}
    for member, value in request.items():
        location = _location(model, member)
        if location == "uri":
            path = path.replace(f"{{{member}}}", quote(str(value), safe=""))
        elif location == "querystring":
            query[member] = value
        else:
            body[member] = value
    suffix = f"?{urlencode(query, doseq=True)}" if query else ""
    return HttpRoute(model.http["method"], path + suffix, json.dumps(body).encode())


def problems_of(shape: Shape, value: Json, where: str) -> Iterator[str]:
    """Yield what the model does not allow in `value`."""
    if isinstance(shape, StructureShape):
        yield from _structure_problems(shape, value, where)
    elif isinstance(shape, ListShape):
        yield from _list_problems(shape, value, where)
    elif isinstance(shape, MapShape):
        yield from _map_problems(shape, value, where)
    else:
        yield from _primitive_problems(shape, value, where)


@cache
def _routes(service: str) -> Mapping[tuple[str, str], str]:
    models = (service_model(service).operation_model(name) for name in service_model(service).operation_names)
    return {(model.http["method"], model.http["requestUri"]): model.name for model in models}


def _input(operation: str, service: str) -> StructureShape:
    shape = service_model(service).operation_model(operation).input_shape
    return (
        shape if isinstance(shape, StructureShape) else StructureShape("Nothing", {"type": "structure", "members": {}})
    )


def _location(model: OperationModel, member: str) -> str:
    members = model.input_shape.members if isinstance(model.input_shape, StructureShape) else {}
    return str(members[member].serialization.get("location", "")) if member in members else ""


def _query_members(operation: str, query: str, service: str) -> dict[str, Json]:
    model = service_model(service).operation_model(operation)
    shapes = model.input_shape.members if isinstance(model.input_shape, StructureShape) else {}
    queried = {name: shape for name, shape in shapes.items() if _location(model, name) == "querystring"}
    values = parse_qs(query, keep_blank_values=True)
    return {
        name: _query_value(shape, values[spelled])
        for name, shape in queried.items()
        if (spelled := str(shape.serialization.get("name", name))) in values
    }


def _query_value(shape: Shape, found: list[str]) -> Json:
    if isinstance(shape, ListShape):
        return list(found)
    return int(found[0]) if shape.type_name == "integer" and found[0].isdecimal() else found[0]


def _json_object(body: bytes) -> dict[str, Json]:
    try:
        document = json.loads(body or b"{}", parse_constant=_no_constant)
    except ValueError as wrong:
        raise Refusal(f"The request is not JSON: {wrong}") from wrong
    if not isinstance(document, dict):
        raise Refusal("The request is not a JSON object")
    return dict(_without_nulls(document))


def _no_constant(word: str) -> None:
    """JSON has no NaN and no Infinity, which Python would read."""
    raise ValueError(f"it has no {word}")


def _without_nulls(value: Json) -> Json:
    """A null member is an absent one."""
    if isinstance(value, dict):
        return {member: _without_nulls(inner) for member, inner in value.items() if inner is not None}
    return [_without_nulls(inner) for inner in value] if isinstance(value, list) else value


def _structure_problems(shape: StructureShape, value: Json, where: str) -> Iterator[str]:
    if not isinstance(value, dict):
        yield _wrong_type(where, value, "a structure")
        return
    for member in shape.required_members:
        if member not in value:
            yield f'Missing required parameter in {where or "input"}: "{member}"'
    for member, inner in value.items():
        if inner == "" and where and member in shape.required_members:
            # The words are those that getmoto/moto has from CancelJob and TerminateJob (moto/batch/models.py). Of what
            # an operation is about, each has words of its own.
            yield f"'{_join(where, member)}' is a required field (cannot be an empty string)"
        elif member in shape.members:
            yield from problems_of(shape.members[member], inner, _join(where, member))
        else:
            yield f'Unknown parameter in {where or "input"}: "{member}"'


def _list_problems(shape: ListShape, value: Json, where: str) -> Iterator[str]:
    if not isinstance(value, list):
        yield _wrong_type(where, value, "a list")
        return
    yield from _size_problems(shape, len(value), where)
    for index, inner in enumerate(value):
        yield from problems_of(shape.member, inner, f"{where}[{index}]")


def _map_problems(shape: MapShape, value: Json, where: str) -> Iterator[str]:
    if not isinstance(value, dict):
        yield _wrong_type(where, value, "a map")
        return
    # AWS accepts an empty map whatever its least size in the model: Airflow's operators and Snakemake's plugin send
    # `tags: {}` with every job. botocore does not check the size of maps either (botocore/validate.py).
    if value:
        yield from _size_problems(shape, len(value), where)
    for key, inner in value.items():
        yield from problems_of(shape.key, key, f"{where} (key)")
        yield from problems_of(shape.value, inner, _join(where, key))


def _primitive_problems(shape: Shape, value: Json, where: str) -> Iterator[str]:
    if not _is_of_type(shape, value):
        yield _wrong_type(where, value, f"a {shape.type_name}")
    elif isinstance(shape, StringShape):
        yield from _size_problems(shape, len(value), where)
        yield from _enum_problems(shape, value, where)
    elif shape.type_name in ("integer", "long"):
        yield from _size_problems(shape, value, where)


def _is_of_type(shape: Shape, value: Json) -> bool:
    allowed = PRIMITIVES.get(shape.type_name, (object,))
    is_number = not isinstance(value, float) or math.isfinite(value)  # 1e999 is JSON, and no number
    return isinstance(value, allowed) and is_number and (bool in allowed or not isinstance(value, bool))


def _enum_problems(shape: StringShape, value: str, where: str) -> Iterator[str]:
    compared = value.upper() if shape.name in CASELESS else value
    allowed = [word.upper() if shape.name in CASELESS else word for word in shape.enum]
    if allowed and compared not in allowed:
        yield f"Invalid value for parameter {where}: {value}, valid values: {', '.join(shape.enum)}"


def _size_problems(shape: Shape, size: int, where: str) -> Iterator[str]:
    least, most = shape.metadata.get("min"), shape.metadata.get("max")
    if (least is not None and size < least) or (most is not None and size > most):
        yield f"Invalid size of parameter {where}: {size}, valid range: {least or 0}-{most}"


def _wrong_type(where: str, value: Json, expected: str) -> str:
    return f"Invalid type for parameter {where or 'input'}: {type(value).__name__}, must be {expected}"


def _join(where: str, member: str) -> str:
    return f"{where}.{member}" if where else member

"""A request to the served sandbox: for which service and operation it is, and how that service spells an error."""

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from urllib.parse import parse_qs, unquote, urlsplit
from xml.sax.saxutils import escape

import cbor2

from reconciler.model import Json
from reconciler.sandbox.core.model import Response

# CBOR (RFC 8949): the bodies of the rpc-v2-cbor protocol of AWS.


def encoded(value: Json) -> bytes:
    return cbor2.dumps(value)


def decoded(data: bytes) -> Json:
    """Return the value; nothing is an empty map. Raises `ValueError`, also for types that JSON does not have."""
    try:
        value = cbor2.loads(data) if data else {}
        json.dumps(value)
    except (cbor2.CBORError, TypeError, ValueError, RecursionError) as wrong:
        raise ValueError(f"the body is not CBOR: {wrong}") from wrong
    return value


REGION = "us-east-1"  # for requests without a signature
# The credential scope of Signature Version 4, in a header or, of a presigned URL, in the query.
SCOPE = re.compile(r"Credential=([^/]+)/\d{8}/([^/]+)/([^/]+)/aws4_request")
# Calls that obtain credentials carry no signature (AWS STS API Reference).
UNSIGNED = {"AssumeRoleWithWebIdentity": "sts", "AssumeRoleWithSAML": "sts"}
ACCOUNT_HEADER = "x-moto-account-id"  # chooses an account without credentials of it, here as with moto
KEPT = ("authorization", "host", ACCOUNT_HEADER)  # headers that identify the caller
AMZ_JSON, PLAIN_JSON = "application/x-amz-json", "application/json"
FORM, JSON, CBOR = "application/x-www-form-urlencoded", "application/x-amz-json-1.1", "application/cbor"
QUERY_ERROR = "<ErrorResponse><Error>{}</Error><RequestId>sandbox</RequestId></ErrorResponse>"
XML_ERRORS = {
    "ec2": "<Response><Errors><Error>{}</Error></Errors><RequestID>sandbox</RequestID></Response>",
    "s3": "<Error>{}</Error>",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """`service` is the name that requests are signed for; empty if unknown. Names of headers are in lower case."""

    method: str
    path: str  # with the query
    headers: Mapping[str, str]
    body: bytes
    key: str  # the access key
    region: str
    service: str

    @classmethod
    def of(cls, method: str, path: str, headers: Mapping[str, str], body: bytes) -> "Request":
        lower = {name.lower(): value for name, value in headers.items()}
        found = SCOPE.search(lower.get("authorization", "")) or SCOPE.search(unquote(urlsplit(path).query))
        key, region, service = found.groups() if found else ("", REGION, UNSIGNED.get(_action(body), ""))
        return cls(method=method, path=path, headers=lower, body=body, key=key, region=region, service=service)

    @property
    def form(self) -> Mapping[str, list[str]]:
        """The members of a request in the query protocol."""
        return parse_qs(self.body.decode(errors="replace")) if self._is(FORM) else {}

    @property
    def operation(self) -> str:
        """The name of the operation; where resources have paths of their own, method and path."""
        path = urlsplit(self.path).path
        target = self.headers.get("x-amz-target", "").rpartition(".")[2]
        named = path.rpartition("/operation/")[2] if "/operation/" in path else ""
        return target or named or "".join(self.form.get("Action", ())) or f"{self.method} {path}"

    def data(self) -> Json:
        """Return the body of a JSON or CBOR protocol. Raises `ValueError`."""
        return decoded(self.body) if self._is(CBOR) else json.loads(self.body or b"{}")

    def asking(self, target: str, data: Json) -> "Request":
        """Return a request of the same caller in the JSON protocol; `target` is `API.Operation`."""
        kept = {name: self.headers[name] for name in KEPT if name in self.headers}
        headers = {**kept, "content-type": JSON, "x-amz-target": target}
        return replace(self, method="POST", path="/", headers=headers, body=json.dumps(data).encode())

    @property
    def has_json(self) -> bool:
        """Whether the body is the request in JSON or CBOR; to S3 it may be an object of that type."""
        return self._is(AMZ_JSON) or self._is(CBOR) or (self._is(PLAIN_JSON) and self.service != "s3")

    def answer(self, data: Json, status: int = 200) -> Response:
        """Return the answer in the JSON or CBOR protocol, as the request is."""
        if self._is(CBOR):
            return Response(status, {"content-type": CBOR, "smithy-protocol": "rpc-v2-cbor"}, encoded(data))
        return Response(status, {"content-type": JSON}, json.dumps(data).encode())

    def error(self, status: int, code: str, message: str) -> Response:
        """Return an error that a client of the service understands."""
        if self.service in XML_ERRORS or self._is(FORM):
            frame = XML_ERRORS.get(self.service, QUERY_ERROR)
            inner = f"<Code>{escape(code)}</Code><Message>{escape(message)}</Message>"
            return Response(status, {"content-type": "text/xml"}, frame.format(inner).encode())
        answer = self.answer({"__type": code, "message": message}, status)
        return Response(status, {**answer.headers, "x-amzn-errortype": code}, answer.body)

    def _is(self, kind: str) -> bool:
        return self.headers.get("content-type", "").startswith(kind)


def _action(body: bytes) -> str:
    return "".join(parse_qs(body.decode(errors="replace")).get("Action", ()))

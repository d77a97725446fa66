"""Spans for OpenTelemetry: a run, its phases, each change and each call. Imported only where they are asked for."""

import logging
import re
import sys
from collections.abc import Callable, Iterator, Mapping
from importlib.metadata import entry_points
from threading import Thread

from opentelemetry.context import Context
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor, ConsoleSpanExporter, SpanExporter
from opentelemetry.trace import Span, SpanKind, StatusCode, set_span_in_context
from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator

from reconciler import __version__
from reconciler.ports import Called

PATIENCE = 5.0  # seconds at the end of a run for a collector that does not answer
CONSOLE = "console"
EXPORTERS = "opentelemetry_traces_exporter"
PROTOCOLS = {"http/protobuf": "otlp_proto_http", "grpc": "otlp_proto_grpc"}
ARGUMENTS = "process.command"  # what a detector of processes tells of: values of variables are among them
# What the log of an exporter means, the first that fits. Its own texts quote addresses and headers, which hold keys.
REASONS = tuple(
    (re.compile(pattern, re.IGNORECASE), reason)
    for pattern, reason in (
        (r"code: ([0-9]{3})\b", r"the collector responds with \1"),
        (r"\bStatusCode\.([A-Z_]+)", r"the collector responds with \1"),
        (r"header", "a header of OTEL_EXPORTER_OTLP_HEADERS cannot be sent"),
        (r"certificate|ssl", "TLS to the collector failed"),
        (r"timed out|timeout", "the collector does not respond in time"),
        (r"connection|resolve", "the collector cannot be reached"),
    )
)
UNKNOWN = "the exporter failed"
Value = str | int


class Spans:
    """Safe between threads. `environ` says where spans go, and which trace the run is part of."""

    def __init__(self, environ: Mapping[str, str], tell: Callable[[str], None]) -> None:
        self._tell = tell
        self._log = _Log()
        _quietly(self._log)
        self._provider = TracerProvider(resource=_resource(environ), shutdown_on_exit=False)
        for exporter in exporters(environ, tell):
            self._provider.add_span_processor(BatchSpanProcessor(exporter))
        self._tracer = self._provider.get_tracer("reconciler", __version__)
        carrier = {name.lower(): environ[name] for name in ("TRACEPARENT", "TRACESTATE") if name in environ}
        self._outer = TraceContextTextMapPropagator().extract(carrier, Context())

    def begin(self, name: str, parent: Span | None = None, attributes: Mapping[str, Value] | None = None) -> Span:
        return self._tracer.start_span(name, self._context(parent), attributes=attributes)

    def end(self, span: Span, error: str = "", attributes: Mapping[str, Value] | None = None) -> None:
        for name, value in (attributes or {}).items():
            span.set_attribute(name, value)
        _fail(span, error)
        span.end()

    def called(self, call: Called, parent: Span | None, attributes: Mapping[str, Value]) -> None:
        """Tell of a call that has ended, by the semantic conventions for clients of AWS."""
        start = int(call.started * 1e9)
        known: dict[str, Value] = {
            "rpc.system": "aws-api",
            "rpc.service": call.service,
            "rpc.method": call.operation,
            "cloud.provider": "aws",
            "cloud.region": call.region,
            "cloud.account.id": call.account,
            "aws.request_id": call.request_id,
            "http.response.status_code": call.status,
            "http.request.resend_count": call.attempt - 1,
        }
        span = self._tracer.start_span(
            f"{call.service}.{call.operation}",
            self._context(parent),
            kind=SpanKind.CLIENT,
            attributes={**{name: value for name, value in known.items() if value}, **attributes},
            start_time=start,
        )
        _fail(span, call.error)
        span.end(start + int(call.seconds * 1e9))

    def close(self) -> None:
        """Send what has not been sent. A collector that does not answer is told, and stops nobody for long."""
        closing = Thread(target=self._provider.shutdown, daemon=True)
        closing.start()
        closing.join(PATIENCE)
        if closing.is_alive() or self._log.has_failed:
            reason = self._log.last or f"no response within {PATIENCE:.0f} s"
            self._tell(f"spans could not be exported: {reason}")

    def _context(self, parent: Span | None) -> Context:
        return set_span_in_context(parent, self._outer) if parent else self._outer


def exporters(environ: Mapping[str, str], tell: Callable[[str], None]) -> Iterator[SpanExporter]:
    """Yield what the variables of OpenTelemetry name, as far as it is installed."""
    for name in filter(None, map(str.strip, (environ.get("OTEL_TRACES_EXPORTER") or "otlp").split(","))):
        if name == CONSOLE:  # stdout is the product's
            yield ConsoleSpanExporter(out=sys.stderr, formatter=lambda span: f"{span.to_json(indent=None)}\n")
            continue
        wanted = _otlp(environ) if name == "otlp" else name
        found = list(entry_points(group=EXPORTERS, name=wanted))
        if not found:
            tell(f"the OpenTelemetry exporter {wanted} is not installed. No spans are exported")
        for one in found[:1]:
            yield one.load()()


def _otlp(environ: Mapping[str, str]) -> str:
    names = ("OTEL_EXPORTER_OTLP_TRACES_PROTOCOL", "OTEL_EXPORTER_OTLP_PROTOCOL")
    protocol = next((environ[name] for name in names if environ.get(name)), "http/protobuf")
    return PROTOCOLS.get(protocol, protocol)


def _resource(environ: Mapping[str, str]) -> Resource:
    is_named = environ.get("OTEL_SERVICE_NAME") or "service.name=" in environ.get("OTEL_RESOURCE_ATTRIBUTES", "")
    ours = {"service.version": __version__, **({} if is_named else {"service.name": "reconciler"})}
    known = Resource.create(ours)
    kept = {name: value for name, value in known.attributes.items() if not name.startswith(ARGUMENTS)}
    return Resource(kept, known.schema_url)


def _fail(span: Span, error: str) -> None:
    if error:
        span.set_attribute("error.type", error)
        span.set_status(StatusCode.ERROR)


class _Log(logging.Handler):
    """Keeps what the SDK complains of, for one line at the end."""

    last = ""
    has_failed = False

    def emit(self, record: logging.LogRecord) -> None:
        if record.name.startswith("opentelemetry.exporter"):  # others may quote headers, which hold keys
            self.last = reason_of(record.getMessage())
            self.has_failed = self.has_failed or record.levelno >= logging.ERROR


def reason_of(logged: str) -> str:
    found = ((pattern.search(logged), reason) for pattern, reason in REASONS)
    return next((match.expand(reason) for match, reason in found if match), UNKNOWN)


def _quietly(handler: logging.Handler) -> None:
    log = logging.getLogger("opentelemetry")
    log.handlers, log.propagate = [handler], False

"""Spans of a run, where the variables of OpenTelemetry ask for them."""

import json
import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from threading import Thread

import pytest

pytest.importorskip("opentelemetry.sdk")

from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from opentelemetry.sdk.trace import ReadableSpan
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter

from reconciler.adapters import telemetry
from reconciler.sandbox.core.faults import Failure, FaultRule
from tests.cli.conftest import Failing, Run, write
from tests.cli.test_observer import READS

Kept = Callable[[], list[ReadableSpan]]
OUTER = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"


@pytest.fixture
def kept(run: Run, monkeypatch: pytest.MonkeyPatch) -> Kept:
    """The spans of the last run."""
    exporters: list[InMemorySpanExporter] = []

    def remembering(_environ: object, _tell: object) -> Iterator[InMemorySpanExporter]:
        exporters.append(InMemorySpanExporter())
        yield exporters[-1]

    monkeypatch.setenv("OTEL_EXPORTER_OTLP_ENDPOINT", "http://127.0.0.1:1")
    monkeypatch.setattr(telemetry, "exporters", remembering)
    return lambda: list(exporters[-1].get_finished_spans())


def tree(spans: list[ReadableSpan]) -> dict[str, set[str]]:
    """Return the names of the spans in each span."""
    names = {span.context.span_id: span.name for span in spans}
    found: dict[str, set[str]] = {}
    for span in spans:
        found.setdefault(names[span.parent.span_id] if span.parent else "", set()).add(span.name)
    return found


def test_a_run_has_spans_for_its_phases_its_changes_and_its_calls(run: Run, kept: Kept) -> None:
    assert run("apply", "small", "--sandbox", "--yes").code == 0
    found = tree(kept())
    assert found[""] == {"reconciler apply"}
    assert found["reconciler apply"] == {"load", "read", "plan", "apply", "prove"}
    assert found["apply"] == {"create SchedulingPolicy"}
    assert "Batch.CreateSchedulingPolicy" in found["create SchedulingPolicy"]
    assert {"STS.GetCallerIdentity", "Batch.DescribeJobQueues"} <= found["read"]


def test_a_call_has_the_attributes_of_the_conventions_for_aws(run: Run, kept: Kept) -> None:
    run("plan", "small", "--sandbox")
    (span,) = [one for one in kept() if one.name == "Batch.DescribeJobQueues"]
    told = dict(span.attributes or {})
    assert len(str(told.pop("aws.request_id"))) == 36
    assert (span.kind.name, told) == (
        "CLIENT",
        {
            "rpc.system": "aws-api",
            "rpc.service": "Batch",
            "rpc.method": "DescribeJobQueues",
            "cloud.provider": "aws",
            "cloud.region": "us-east-1",
            "cloud.account.id": "123456789012",
            "http.response.status_code": 200,
        },
    )


def test_each_attempt_is_a_span_and_a_failed_one_is_an_error(run: Run, kept: Kept, failing: Failing) -> None:
    failing(FaultRule(failure=Failure.THROTTLE, operation="DescribeJobQueues", first=1))
    run("plan", "small", "--sandbox")
    first, second = sorted(
        (one for one in kept() if one.name == "Batch.DescribeJobQueues"), key=lambda one: one.start_time or 0
    )
    assert (first.status.status_code.name, second.status.status_code.name) == ("ERROR", "UNSET")
    assert (first.attributes["error.type"], second.attributes["http.request.resend_count"]) == (
        "TooManyRequestsException", 1)  # fmt: skip


def test_the_span_of_a_run_has_its_exit_code(run: Run, kept: Kept) -> None:
    assert run("plan", "nowhere", "--sandbox").code == 64
    (span,) = [one for one in kept() if one.parent is None]
    assert (span.name, dict(span.attributes or {}), span.status.status_code.name) == (
        "reconciler plan",
        {"reconciler.command": "plan", "process.exit.code": 64, "error.type": "usage"},
        "ERROR",
    )


def test_a_change_that_fails_is_an_error_with_its_state(run: Run, kept: Kept, failing: Failing) -> None:
    failing(FaultRule(failure=Failure.SERVER_ERROR, operation="CreateSchedulingPolicy"))
    run("apply", "small", "--sandbox", "--yes")
    (span,) = [one for one in kept() if one.name == "create SchedulingPolicy"]
    told = dict(span.attributes or {})
    assert (told["reconciler.address"], told["error.type"]) == ("SchedulingPolicy/fair", "failed")


def test_each_target_has_a_span_and_its_calls_name_it(run: Run, kept: Kept) -> None:
    Path("reconciler.yaml").write_text(
        "environments: {dev: {region: eu-west-1}}\nstacks: {risk: [dev], small: [dev]}\n"
    )
    run("plan", "--all", "--sandbox")
    spans = kept()
    assert tree(spans)["reconciler plan"] == {"target"}
    assert tree(spans)["target"] == {"load", "read", "plan"}
    of = [one.attributes["reconciler.target"] for one in spans if one.name.startswith(("Batch.", "STS."))]
    assert sorted(of) == ["risk@dev"] * READS + ["small@dev"] * READS


def test_a_run_is_part_of_the_trace_that_started_it(run: Run, kept: Kept, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TRACEPARENT", OUTER)
    run("plan", "small", "--sandbox")
    spans = kept()
    assert {f"{one.context.trace_id:032x}" for one in spans} == {OUTER.split("-")[1]}
    (root,) = [one for one in spans if one.name == "reconciler plan"]
    assert f"{root.parent.span_id:016x}" == OUTER.split("-")[2]


def test_no_secret_is_in_a_span(run: Run, kept: Kept, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OTEL_EXPERIMENTAL_RESOURCE_DETECTORS", "process,otel")
    monkeypatch.setattr(sys, "argv", ["reconciler", "apply", "--var", "pw=hunter2"])
    write(
        "small",
        "stack: small\nvariables: {pw: {type: string, secret: true}}\n"
        "schedulingPolicies: {p: {fairsharePolicy: {shareDecaySeconds: 60}, tags: {note: !var pw}}}\n",
    )
    assert run("apply", "small", "--sandbox", "--yes", "--var", "pw=hunter2").code == 0
    told = "".join(span.to_json() for span in kept())
    assert ("Batch.CreateSchedulingPolicy" in told, "hunter2" in told) == (True, False)


def test_offline_commands_have_none(run: Run, kept: Kept) -> None:
    run("validate", "small")
    with pytest.raises(IndexError):
        kept()


@pytest.mark.parametrize(("name", "value"), [("OTEL_SDK_DISABLED", "true"), ("OTEL_TRACES_EXPORTER", "none")])
def test_they_can_be_switched_off(name: str, value: str, run: Run, kept: Kept, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(name, value)
    run("plan", "small", "--sandbox")
    with pytest.raises(IndexError):
        kept()


def test_a_collector_gets_them_by_otlp(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    bodies: list[bytes] = []

    class Collector(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            bodies.append(self.rfile.read(int(self.headers["content-length"])))
            self.send_response(200)
            self.end_headers()

        def log_message(self, *_args: object) -> None: ...

    server = HTTPServer(("127.0.0.1", 0), Collector)
    Thread(target=server.serve_forever, daemon=True).start()
    monkeypatch.setenv("OTEL_EXPORTER_OTLP_ENDPOINT", f"http://127.0.0.1:{server.server_port}")
    monkeypatch.setenv("OTEL_SERVICE_NAME", "nightly")
    ran = run("plan", "small", "--sandbox")
    server.shutdown()
    server.server_close()
    sent = [ExportTraceServiceRequest.FromString(body) for body in bodies]
    resources = [one for request in sent for one in request.resource_spans]  # one a request: as many as the time takes
    names = {span.name for one in resources for scope in one.scope_spans for span in scope.spans}
    services = {
        each.value.string_value for one in resources for each in one.resource.attributes if each.key == "service.name"
    }
    assert (ran.code, ran.err, services) == (0, "", {"nightly"})
    assert {"reconciler plan", "load", "read", "plan", "Batch.DescribeJobQueues"} <= names


@pytest.mark.usefixtures("run")
def test_a_collector_that_does_not_answer_is_told_and_changes_no_exit_code(monkeypatch: pytest.MonkeyPatch) -> None:
    """In a process of its own: whoever still tries to send would do so during the next tests."""
    monkeypatch.setenv("OTEL_EXPORTER_OTLP_ENDPOINT", "http://127.0.0.1:1")
    plan = (
        "from reconciler.adapters import telemetry; from reconciler.cli import main; telemetry.PATIENCE = 2.0;"
        "raise SystemExit(main(['plan', 'small', '--sandbox']))"
    )
    done = subprocess.run([sys.executable, "-c", plan], capture_output=True, text=True, check=False)
    warning = "warning: spans could not be exported: the collector cannot be reached"
    assert (done.returncode, warning in done.stderr.splitlines()) == (0, True), done.stderr


@pytest.mark.parametrize(
    ("logged", "said"),
    [
        ("Failed to export spans batch code: 401, reason: secret-token-ABC", "the collector responds with 401"),
        ("Failed to export traces to x, error code: StatusCode.UNAVAILABLE", "the collector responds with UNAVAILABLE"),
        (
            "batch code: None, reason: return character(s) in header value: 'Bearer secret-token-ABC'",
            "a header of OTEL_EXPORTER_OTLP_HEADERS cannot be sent",
        ),
        ("HTTPSConnectionPool(host='x'): SSLError(CERTIFICATE_VERIFY_FAILED)", "TLS to the collector failed"),
        ("Read timed out. (read timeout=10)", "the collector does not respond in time"),
        ("No connection adapters were found for 'ht!tp://secret-token-ABC'", "the collector cannot be reached"),
        ("secret-token-ABC", "the exporter failed"),
    ],
)
def test_why_spans_are_lost_is_said_without_the_texts_of_the_exporter(logged: str, said: str) -> None:
    assert telemetry.reason_of(logged) == said


def test_spans_on_the_console_leave_stdout_alone(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OTEL_TRACES_EXPORTER", "console")
    ran = run("plan", "small", "--sandbox", "-o", "json")
    assert ran.json["summary"]["add"] == 1
    assert "reconciler plan" in {json.loads(line)["name"] for line in ran.err.splitlines()}


def test_an_exporter_that_is_not_there_is_told(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OTEL_TRACES_EXPORTER", "zipkin")
    ran = run("plan", "small", "--sandbox")
    assert (ran.code, ran.err) == (
        0,
        "warning: the OpenTelemetry exporter zipkin is not installed. No spans are exported\n",
    )


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("OTEL_SPAN_ATTRIBUTE_COUNT_LIMIT", "many"),
        pytest.param("OTEL_SPAN_ATTRIBUTE_COUNT_LIMIT", "-1", marks=pytest.mark.long),
        pytest.param("OTEL_ATTRIBUTE_COUNT_LIMIT", "-1", marks=pytest.mark.long),
        pytest.param("OTEL_SPAN_LINK_COUNT_LIMIT", "-1", marks=pytest.mark.long),
        pytest.param("OTEL_BSP_MAX_QUEUE_SIZE", "-1", marks=pytest.mark.long),
        ("OTEL_BSP_SCHEDULE_DELAY", "0"),
    ],
)
def test_a_variable_that_cannot_be_used_stops_no_run(run: Run, name: str, value: str) -> None:
    """In a process of its own, since the SDK reads some of them when it is imported."""
    environ = {**os.environ, "OTEL_TRACES_EXPORTER": "console", name: value}
    words = [sys.executable, "-m", "reconciler", "plan", "small", "--sandbox"]
    ran = subprocess.run(words, env=environ, capture_output=True, text=True, check=False)
    assert (ran.returncode, ran.stdout.splitlines()[-1][:5]) == (0, "Plan:")
    assert ran.stderr.startswith("warning: OpenTelemetry cannot be set up, so no spans are sent: ")
    assert ran.stderr.count("\n") == 1


def test_without_the_extra_a_warning_says_how_to_install_it(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OTEL_EXPORTER_OTLP_ENDPOINT", "http://127.0.0.1:1")
    monkeypatch.setitem(sys.modules, "reconciler.adapters.telemetry", None)  # importing it raises ImportError
    ran = run("plan", "small", "--sandbox")
    told = (
        "OTEL_EXPORTER_OTLP_ENDPOINT is set, but OpenTelemetry is not installed: pip install 'batch-reconciler[otel]'"
    )
    assert (ran.code, ran.err) == (0, f"warning: {told}\n")


def test_unasked_nothing_of_it_is_imported(run: Run) -> None:
    look = (
        "import sys; from reconciler.cli import main; code = main(['plan', 'small', '--sandbox', '-o', 'json=plan.json']);"
        "print(code, [name for name in sys.modules if name.startswith('opentelemetry')])"
    )
    done = subprocess.run([sys.executable, "-c", look], capture_output=True, text=True, check=True)
    assert done.stdout.splitlines()[-1] == "0 []"

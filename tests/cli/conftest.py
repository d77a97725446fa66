"""The command line in a folder of its own, with a sandbox in which time takes no time."""

import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import pytest

from reconciler.adapters import machine as aws_clock
from reconciler.adapters.aws.cloud import AwsCloud
from reconciler.cli import main
from reconciler.model import Json
from reconciler.problems import CloudError, Fault
from reconciler.sandbox import session
from reconciler.sandbox.core import service
from reconciler.sandbox.core.faults import FaultRule, Faults
from reconciler.sandbox.core.service import SimulatedCloud
from tests.fakes import HERE, InstantClock
from tests.serving import running

STACK = """\
stack: risk
computeEnvironments:
  spot:
    type: MANAGED
    computeResources:
      type: FARGATE
      maxvCpus: 16
      subnets: [subnet-0a1b2c3d]
      securityGroupIds: [sg-0a1b2c3d]
jobQueues:
  pricing:
    priority: 10
    computeEnvironmentOrder: [spot]
jobDefinitions:
  simulate:
    type: container
    platformCapabilities: [FARGATE]
    containerProperties:
      image: busybox:1
      executionRoleArn: arn:aws:iam::123456789012:role/ecsTaskExecutionRole
      resourceRequirements: [{type: VCPU, value: 1}, {type: MEMORY, value: 2048}]
"""
SMALL = """\
stack: small
schedulingPolicies:
  fair: {fairsharePolicy: {shareDecaySeconds: 60}}
"""


UNSET = (
    "CI", "COLUMNS", "FORCE_COLOR", "NO_COLOR", "AWS_PROFILE", "AWS_REGION", "AWS_DEFAULT_REGION", "AWS_ENDPOINT_URL",
    "AWS_ENDPOINT_URL_BATCH", "OTEL_EXPORTER_OTLP_ENDPOINT", "OTEL_TRACES_EXPORTER", "RECONCILER_LOG_FORMAT",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Ran:
    code: int
    out: str
    err: str

    @property
    def json(self) -> Json:
        return json.loads(self.out)

    @property
    def last(self) -> str:
        return self.out.splitlines()[-1]


Run = Callable[..., Ran]
Tag = Callable[[str, str], None]
Failing = Callable[..., None]


@pytest.fixture
def clock() -> InstantClock:
    return InstantClock(1_700_000_000.0)


@pytest.fixture
def run(
    clock: InstantClock, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> Run:
    """Run a command in a folder with the stacks `risk` and `small`."""
    monkeypatch.setattr(aws_clock, "WallClock", lambda: clock)
    monkeypatch.setattr(session, "open_sandbox", partial(session.open_sandbox, clock=clock))
    for name in UNSET:
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("AWS_CONFIG_FILE", "/dev/null")
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", "/dev/null")
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    monkeypatch.chdir(tmp_path)
    write("risk", STACK)
    write("small", SMALL)

    def running(*words: str) -> Ran:
        capsys.readouterr()
        code = main(words)
        captured = capsys.readouterr()
        return Ran(code, captured.out, captured.err)

    return running


Once = Callable[[Callable[[], object]], None]
_worlds: dict[str, tuple[float, dict[str, bytes]]] = {}  # the time and the files after a preparation, by its name


@pytest.fixture
def once(clock: InstantClock) -> Once:
    """Prepare the folder as many tests need it: really once, and then by a copy of the files that this made."""

    def prepare(work: Callable[[], object]) -> None:
        name = f"{work.__module__}.{work.__qualname__}"
        if name in _worlds:
            clock.time, files = _worlds[name]
            for file, content in files.items():
                Path(file).parent.mkdir(parents=True, exist_ok=True)
                Path(file).write_bytes(content)
            return
        work()
        _worlds[name] = clock.time, {str(file): file.read_bytes() for file in Path().rglob("*") if file.is_file()}

    return prepare


@pytest.fixture
def risk(run: Run, once: Once) -> Run:
    """Run commands where the stack `risk` is applied."""

    def apply() -> None:
        assert run("apply", "risk", "--sandbox", "--yes").code == 0

    once(apply)
    return run


@pytest.fixture
def no_endpoint(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("AWS_ENDPOINT_URL", "AWS_ENDPOINT_URL_BATCH"):
        monkeypatch.delenv(name, raising=False)


@pytest.fixture
def port(run: Run) -> Iterator[str]:
    """The port of a sandbox that is served, on a file of its own, `served.json`."""
    with running(session.open_sandbox("served.json")) as url:
        yield url.rpartition(":")[2]


@pytest.fixture
def made(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The operations that are called from now on."""
    calls: list[str] = []
    call = AwsCloud.call

    def counted(self: AwsCloud, operation: str, request: Json) -> Json:
        calls.append(operation)
        return call(self, operation, request)

    monkeypatch.setattr(AwsCloud, "call", counted)
    return calls


@pytest.fixture
def forbid(monkeypatch: pytest.MonkeyPatch) -> Callable[[str], None]:
    """Deny an operation from then on, as a policy would."""

    def forbidding(forbidden: str) -> None:
        call = AwsCloud.call

        def denied(self: AwsCloud, operation: str, request: Json) -> Json:
            if operation == forbidden:
                raise CloudError(operation, Fault.DENIED, "AccessDeniedException", "not authorized")
            return call(self, operation, request)

        monkeypatch.setattr(AwsCloud, "call", denied)

    return forbidding


@pytest.fixture
def failing(monkeypatch: pytest.MonkeyPatch) -> Failing:
    """From now on, calls fail as these rules say."""

    def with_rules(*rules: FaultRule) -> None:
        opened = partial(session.open_sandbox, faults=Faults(rules))
        monkeypatch.setattr(session, "open_sandbox", opened)

    return with_rules


@pytest.fixture
def tag(monkeypatch: pytest.MonkeyPatch) -> Tag:
    """Set one tag of a live resource, also one that only AWS can set."""
    monkeypatch.setattr(service, "refuse_bad_tags", lambda _tags: None)

    def tagging(path: str, pair: str) -> None:
        key, _, value = pair.partition("=")
        cloud = SimulatedCloud(session.open_sandbox(".reconciler/sandbox.json"), HERE)
        arn = f"arn:aws:batch:{HERE.region}:{HERE.account}:{path}"
        cloud.call("TagResource", {"resourceArn": arn, "tags": {key: value}})

    return tagging


def write(name: str, text: str) -> None:
    Path(name).mkdir(exist_ok=True)
    Path(name, "stack.yaml").write_text(text, encoding="utf-8")

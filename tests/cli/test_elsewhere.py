"""What other tools create on the served sandbox is taken over by a stack that declares the same, and nothing changes."""

import os
import shlex
import shutil
import subprocess
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest

from reconciler.model import Json
from reconciler.sandbox import session
from reconciler.sandbox.core.clock import SandboxClock, Timings
from reconciler.sandbox.core.service import Simulator
from tests.cli.conftest import Run
from tests.serving import client_of, running

HERE = Path(__file__).parent / "elsewhere"
AT_ONCE = Timings(create=0, update=0, infrastructure=0, delete=0, relationship_grace=0)
# The folder that holds Terraform's AWS provider, as `terraform init` fills it.
PROVIDERS = os.environ.get("TF_PLUGIN_CACHE_DIR", "")


@pytest.fixture
def simulator() -> Simulator:
    return session.open_sandbox(None, clock=SandboxClock(), timings=AT_ONCE, recording=True)


@pytest.fixture
def environment(run: Run, simulator: Simulator, monkeypatch: pytest.MonkeyPatch) -> Iterator[Mapping[str, str]]:
    """What other tools need to work on a sandbox that is served, and on nothing else."""
    with running(simulator) as url:
        names = {
            "AWS_ENDPOINT_URL": url,
            "AWS_ACCESS_KEY_ID": "x",
            "AWS_SECRET_ACCESS_KEY": "x",
            "AWS_DEFAULT_REGION": "us-east-1",
            "AWS_CONFIG_FILE": os.devnull,
            "AWS_SHARED_CREDENTIALS_FILE": os.devnull,
        }
        for name, value in names.items():
            monkeypatch.setenv(name, value)
        yield {**names, "PATH": os.environ["PATH"], "HOME": str(Path.cwd())}


def taken_over(run: Run, simulator: Simulator, *words: str) -> None:
    """Plan, apply and plan again; the only calls that write are those that tag."""
    stack = ("-o", "json", str(HERE / "stack.yaml"), *words)
    refused = run("plan", *stack)
    assert refused.code == 5
    plan = run("plan", "--adopt", *stack)
    changes: Json = plan.json["changes"]
    assert (plan.code, [(one["name"], one["action"]) for one in changes]) == (
        0,
        [(name, "adopt") for name in ("fair", "serverless", "spot", "pod", "simulate", "pricing")],
    )
    assert {field["path"] for one in changes for field in one["fields"]} == {"tags.reconciler:stack"}
    before = len(simulator.calls)
    assert run("apply", "--adopt", "--yes", *stack).code == 0
    assert {name for name, _ in simulator.calls[before:] if not name.startswith(("Describe", "List"))} == {
        "TagResource"
    }
    assert run("plan", "--detailed-exitcode", *stack).code == 0
    assert run("drift", *stack).code == 0


def moved_over(run: Run, simulator: Simulator) -> None:
    """Import all that is live, adopt it, and let go of it again: nothing is ever written but tags."""
    since = len(simulator.calls)
    assert run("import", "--live", "--to", "all").last.startswith("The plan is empty but for adoption: 6 resources")
    assert run("fmt", "all", "--check").code == 0
    assert run("adopt", "all", "--yes").code == 0
    assert run("plan", "all", "--detailed-exitcode").code == 0
    assert run("forget", "all", "--yes").code == 0
    written = {name for name, _ in simulator.calls[since:] if not name.startswith(("Describe", "List"))}
    assert written == {"TagResource", "UntagResource"}


@pytest.mark.long
def test_what_the_aws_command_line_created_is_taken_over(
    run: Run, simulator: Simulator, environment: Mapping[str, str]
) -> None:
    command = Path(sys.executable).with_name("aws")
    if not command.exists():
        pytest.skip("no aws command")
    text = (HERE / "commands.sh").read_text(encoding="utf-8")
    for line in text.replace("$SUBNET", "subnet-0a1b2c3d").replace("$GROUP", "sg-0a1b2c3d").splitlines()[1:]:
        subprocess.run([command, *shlex.split(line)[1:]], env=environment, check=True, capture_output=True)
    moved_over(run, simulator)
    taken_over(run, simulator, "--var", "subnet=subnet-0a1b2c3d", "--var", "group=sg-0a1b2c3d")


@pytest.mark.skipif(not shutil.which("terraform"), reason="no terraform command")
@pytest.mark.skipif(not PROVIDERS, reason="TF_PLUGIN_CACHE_DIR does not say where Terraform's AWS provider is")
def test_what_terraform_created_is_taken_over(
    run: Run, simulator: Simulator, environment: Mapping[str, str], tmp_path: Path
) -> None:
    pytest.importorskip("moto.server")
    shutil.copy(HERE / "main.tf", tmp_path)

    def terraform(*words: str) -> str:
        command = ["terraform", *words]
        done = subprocess.run(command, cwd=tmp_path, env=environment, check=False, capture_output=True, text=True)
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout

    terraform("init", "-no-color", "-input=false", f"-plugin-dir={PROVIDERS}")
    terraform("apply", "-no-color", "-input=false", "-auto-approve")
    terraform("plan", "-no-color", "-input=false", "-detailed-exitcode")
    subnet, group = (terraform("output", "-raw", name) for name in ("subnet", "group"))
    assert client_of(environment["AWS_ENDPOINT_URL"], "ec2", "us-east-1").describe_subnets(SubnetIds=[subnet])
    imported(run, terraform("show", "-json"))
    moved_over(run, simulator)
    terraform("plan", "-no-color", "-input=false", "-detailed-exitcode")
    taken_over(run, simulator, "--var", f"subnet={subnet}", "--var", f"group={group}")
    own = [name for name in terraform("state", "list").split() if name.startswith("aws_batch_")]
    terraform("state", "rm", *own)
    terraform("destroy", "-no-color", "-input=false", "-auto-approve")
    assert run("coverage", "-o", "json").json["covered"] == len(own)


def imported(run: Run, state: str) -> None:
    """What Terraform keeps is written as a stack, whose plan is empty but for adoption."""
    Path("state.json").write_text(state, encoding="utf-8")
    assert (
        run("import", "--terraform", "state.json", "--to", "from-terraform", "--prove", "--region", "us-east-1").code
        == 0
    )
    changes: Json = run("plan", "from-terraform", "--adopt", "--region", "us-east-1", "-o", "json").json["changes"]
    assert {one["action"] for one in changes} == {"adopt"}
    assert {field["path"] for one in changes for field in one["fields"]} == {"tags.reconciler:stack"}
    assert len(changes) == 6

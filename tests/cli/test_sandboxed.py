"""With --sandbox nothing leaves the machine, whatever the environment says."""

import http.server
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from reconciler.problems import Exit
from tests.cli.conftest import STACK, Run, write

COMMANDS = (
    ("plan", "risk"), ("apply", "risk", "--yes"), ("drift", "risk"), ("status", "risk"), ("doctor", "risk"),
    ("outputs", "risk"), ("revisions", "simulate", "risk"), ("import", "--live", "--stack", "x", "--to", "imported"),
    ("coverage", "--stack", "risk"), ("plan", "--all"), ("force-unlock", "risk", "--yes"), ("forget", "risk", "--yes"),
    ("adopt", "risk", "--yes"), ("destroy", "risk", "--yes"),
)  # fmt: skip


@pytest.fixture
def heard(monkeypatch: pytest.MonkeyPatch, run: Run) -> Iterator[list[str]]:
    """The requests that reach what the environment names as AWS, with credentials that look real."""
    requests: list[str] = []

    class Handler(http.server.BaseHTTPRequestHandler):
        def refuse(self) -> None:
            requests.append(f"{self.command} {self.path} {self.headers.get('authorization')}")
            self.send_error(403)

        do_GET = do_POST = do_PUT = do_DELETE = do_HEAD = refuse  # noqa: N815 - http.server's names

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - http.server's signature
            """Say nothing."""

    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        url = f"http://127.0.0.1:{server.server_port}"
        for name in ("AWS_ENDPOINT_URL", "AWS_ENDPOINT_URL_BATCH", "AWS_ENDPOINT_URL_S3", "AWS_ENDPOINT_URL_STS"):
            monkeypatch.setenv(name, url)
        monkeypatch.setenv("AWS_ACCESS_KEY_ID", "REALKEY")
        monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "realsecret")
        lock = "lock: {s3: s3://bucket/locks}\n"
        write("risk", STACK + lock)
        Path("reconciler.yaml").write_text(
            "environments: {dev: {roleArn: arn:aws:iam::123456789012:role/x}}\nstacks: {risk: dev}\n", encoding="utf-8"
        )
        try:
            yield requests
        finally:
            server.shutdown()
            thread.join()


def test_no_command_calls_aws(heard: list[str], run: Run) -> None:
    for words in COMMANDS:
        run(*words, "--sandbox")
    run("plan", "risk", "--sandbox", "--profile", "real", "--role-arn", "arn:aws:iam::123456789012:role/x")
    assert heard == []


@pytest.mark.parametrize(
    "words", [("plan",), ("apply", "--yes"), ("drift",), ("status",), ("destroy", "--yes"), ("plan", "--all")]
)
@pytest.mark.parametrize("sandbox", ["--sandbox", "--sandbox=other.json"])
def test_a_report_that_would_leave_is_wrong_usage(
    words: tuple[str, ...], sandbox: str, heard: list[str], run: Run
) -> None:
    ran = run(*words, "risk", sandbox, "-o", "text", "-o", "json=s3://bucket/x.json")
    assert (ran.code, heard) == (Exit.USAGE, [])
    assert "-o json=s3://bucket/x.json would be sent to S3" in ran.err
    assert not list(Path().glob("**/sandbox.json"))


@pytest.mark.parametrize("words", [("plan.json",), ("--all", "fleet.json")])
def test_a_plan_that_was_made_in_a_sandbox_is_applied_in_it_and_reported_here(
    words: tuple[str, ...], heard: list[str], run: Run
) -> None:
    run("plan", "risk", "--sandbox=kept.json", "-o", "json=plan.json")
    run("plan", "--all", "--sandbox=kept.json", "-o", "json=fleet.json")
    before = Path("kept.json").read_bytes()
    ran = run("apply", *words, "--yes", "-o", "json=s3://bucket/x.json")
    assert (ran.code, heard, Path("kept.json").read_bytes()) == (Exit.USAGE, [], before)
    assert run("apply", *words, "--yes", "-o", "json=here.json").code == Exit.DONE
    assert heard == []

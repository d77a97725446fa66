"""`sandbox submit`: busy queues, and what the other commands make of them."""

from pathlib import Path

import pytest

from tests.cli.conftest import Run

FILE = ".reconciler/sandbox.json"


def test_jobs_are_submitted_to_a_queue_of_the_stack(run: Run) -> None:
    run("apply", "risk", "--sandbox", "--yes")
    ran = run("sandbox", "submit", "pricing", "simulate", "--count", "3", "--seconds", "10m")
    assert (ran.code, ran.out, ran.err) == (
        0,
        "JobQueue/pricing: 3 jobs of simulate:1 submitted, 600 s each\n",
        "",
    )
    assert run("sandbox", "submit", "pricing", "simulate").out == "JobQueue/pricing: 1 job of simulate:1 submitted\n"


def test_programs_get_the_identifiers(run: Run) -> None:
    run("apply", "risk", "--sandbox", "--yes")
    told = run("sandbox", "submit", "pricing", "simulate", "--count", "2", "-o", "json").json
    jobs = told.pop("jobs")
    assert told == {"sandbox": FILE, "queue": "pricing", "definition": "simulate:1", "seconds": None}
    assert len(set(jobs)) == 2


def test_jobs_are_no_drift_and_go_with_their_queue(run: Run) -> None:
    run("apply", "risk", "--sandbox", "--yes")
    run("sandbox", "submit", "pricing", "simulate", "--count", "100", "--seconds", "2h")
    assert run("drift", "risk", "--sandbox").code == 0
    assert run("destroy", "risk", "--sandbox", "--yes").code == 5
    assert run("destroy", "risk", "--sandbox", "--yes", "--cancel-jobs").code == 0


def test_jobs_are_submitted_to_a_running_server(run: Run, port: str, monkeypatch: pytest.MonkeyPatch) -> None:
    run("apply", "risk", "--sandbox=served.json", "--yes")
    told = run("sandbox", "submit", "pricing", "simulate", "--port", port, "-o", "json").json
    assert (told["sandbox"], len(told["jobs"])) == (f"http://127.0.0.1:{port}", 1)
    monkeypatch.setenv("AWS_ENDPOINT_URL", f"http://127.0.0.1:{port}")
    assert run("sandbox", "submit", "pricing", "simulate").code == 0


def test_nobody_at_the_port_is_wrong_usage(run: Run) -> None:
    ran = run("sandbox", "submit", "pricing", "simulate", "--port", "1")
    assert (ran.code, ran.err) == (
        64,
        "error: no sandbox answers at http://127.0.0.1:1\n    hint: start it with `reconciler sandbox serve`\n",
    )


def test_without_a_file_there_is_no_queue(run: Run) -> None:
    assert (run("sandbox", "submit", "pricing", "simulate").code, Path(FILE).exists()) == (64, False)


@pytest.mark.parametrize(
    ("words", "code"),
    [
        (("pricing", "simulate", "--count", "0"), 64),
        (("pricing", "simulate", "--seconds", "soon"), 64),
        (("pricing",), 64),
        (("pricng", "simulate"), 64),
        (("pricing", "simulate", "--share", "A"), 1),
    ],
)
def test_what_cannot_be_submitted_is_told(run: Run, words: tuple[str, ...], code: int) -> None:
    run("apply", "risk", "--sandbox", "--yes")
    ran = run("sandbox", "submit", *words)
    assert (ran.code, ran.out) == (code, "")
    assert "hint: " in ran.err or "can onlybe submitted" in ran.err.replace("\n    ", " ")

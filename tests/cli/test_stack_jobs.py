"""The example stacks run their workshops' jobs from end to end in the sandbox."""

from pathlib import Path

import pytest

from reconciler.problems import Exit
from tests.cli.conftest import Run

STACKS = Path(__file__).parents[2] / "stacks"


@pytest.mark.parametrize(
    ("stack", "job", "logged"),
    [
        ("monte-carlo", "nightly", "simulate -b my-bucket -k portfolios.json -o s3://my-bucket/results"),
        ("rendering", "stitch", "stitch -i s3://my-bucket/frames -o s3://my-bucket/film.mp4 -f 0"),
    ],
)
def test_the_workshops_job_runs_from_end_to_end(run: Run, stack: str, job: str, logged: str) -> None:
    place = (str(STACKS / stack), "--sandbox")
    applied = run("apply", *place, "--yes", "--smoke")
    assert (applied.code, applied.last) == (Exit.DONE, "Smoke: 1 succeeded.")
    assert run("plan", *place, "--detailed-exitcode").code == Exit.DONE
    ran = run("submit", job, *place, "--wait", "-o", "json")
    assert (ran.code, ran.json["status"]) == (Exit.DONE, "SUCCEEDED")
    id_ = f"{ran.json['job_id']}:0" if ran.json["job"]["array_size"] else ran.json["job_id"]
    assert run("logs", id_, "--sandbox").out == f"The sandbox executes nothing: {logged}\nexit 0\n"
    assert run("jobs", "--sandbox", "-o", "json").json["summary"]["SUCCEEDED"] >= 2

"""`drift --who` and `coverage --who`: in the sandbox, CloudTrail has who changed what."""

import json
import re
from datetime import UTC, datetime
from pathlib import Path

import pytest

from reconciler.adapters import machine
from tests.cli.conftest import Run
from tests.serving import client_of

ROOT = Path(__file__).parents[2]
CONSOLE = "arn:aws:sts::123456789012:assumed-role/Administrator/console-user"

pytestmark = pytest.mark.usefixtures("no_endpoint", "today")


@pytest.fixture
def today(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let it be the day that the sandbox's clock shows."""
    monkeypatch.setattr(machine, "utc_now", lambda: datetime.fromtimestamp(1_700_000_000, UTC))


def test_what_was_changed_by_hand_is_attributed_in_every_output(run: Run) -> None:
    run("apply", "risk", "--sandbox", "--yes")
    run("sandbox", "break", "--trail-delay", "5m")
    run("sandbox", "drift", "JobQueue/pricing", "priority=5")
    early = run("drift", "risk", "--sandbox", "--who")
    assert "no event found yet" in early.out
    run("sandbox", "tick", "5m")
    ran = run("drift", "risk", "--sandbox", "--who", "-o", "text", "-o", "json=drift.json", "-o", "markdown=drift.md")
    assert (early.code, ran.code) == (2, 2)
    shown = ran.out[ran.out.index("Changed by") :].split("\n\n")[0]
    assert f"by {CONSOLE} with the AWS console\n" in shown
    (finding,) = json.loads(Path("drift.json").read_text(encoding="utf-8"))["who"]["findings"]
    assert (finding["address"], finding["path"], finding["result"]) == ("JobQueue/pricing", "priority", "found")
    assert finding["event"]["operation"] == "UpdateJobQueue"
    shown = re.sub(r"2023-[0-9-]+ [0-9:]+ UTC", "2026-11-28 14:02:11 UTC", shown.replace(finding["event"]["id"], "…"))
    assert shown in (ROOT / "docs" / "plans.md").read_text(encoding="utf-8")
    assert finding["event"]["id"] in Path("drift.md").read_text(encoding="utf-8")
    assert run("drift", "risk", "--sandbox", "-o", "json").json["who"] is None


def test_a_different_stack_of_ours_is_named_as_a_run_of_reconciler(run: Run) -> None:
    run("apply", "risk", "--sandbox", "--yes")
    twin = Path("risk/stack.yaml").read_text(encoding="utf-8").replace("priority: 10", "priority: 7")
    Path("twin").mkdir()
    Path("twin/stack.yaml").write_text(twin, encoding="utf-8")
    run("apply", "twin", "--sandbox", "--yes")
    ran = run("drift", "twin", "--sandbox", "--who")
    assert ran.code == 0
    assert "Changed by" not in ran.out
    run("sandbox", "drift", "JobQueue/pricing", "priority=5")
    found = run("drift", "twin", "--sandbox", "--who", "-o", "json").json["who"]["findings"]
    assert [(each["path"], each["event"]["tool"]) for each in found] == [("priority", "AWS console")]


def test_who_created_what_no_stack_owns_is_shown(run: Run, port: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Over HTTP, where each client has an agent of its own; LookupEvents answers in pages, filtered as AWS does."""
    url = f"http://127.0.0.1:{port}"
    batch = client_of(url, region="us-east-1")
    for number in range(4):
        batch.create_scheduling_policy(name=f"policy{number}", fairsharePolicy={"shareDecaySeconds": 60})
    with pytest.raises(Exception, match="already"):
        batch.create_scheduling_policy(name="policy0")  # what is refused has no event here
    trail = client_of(url, "cloudtrail", region="us-east-1")
    named = [{"AttributeKey": "EventName", "AttributeValue": "CreateSchedulingPolicy"}]
    first = trail.lookup_events(LookupAttributes=named, MaxResults=3)
    rest = trail.lookup_events(LookupAttributes=named, MaxResults=3, NextToken=first["NextToken"])
    assert [len(first["Events"]), len(rest["Events"]), "NextToken" in rest] == [3, 1, False]
    newest = json.loads(first["Events"][0]["CloudTrailEvent"])
    assert newest["requestParameters"]["name"] == "policy3"
    assert "Boto3" in newest["userAgent"]
    assert trail.lookup_events(StartTime=4_000_000_000)["Events"] == []
    other = [{"AttributeKey": "ResourceName", "AttributeValue": "policy0"}]
    assert trail.lookup_events(LookupAttributes=other)["Events"] == []
    for wrong, code in (
        ({"LookupAttributes": named * 2}, "InvalidLookupAttributes"),
        ({"NextToken": "x"}, "NextToken"),
    ):
        with pytest.raises(Exception, match=code):
            trail.lookup_events(**wrong)

    monkeypatch.setenv("AWS_ENDPOINT_URL", url)
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "x")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "y")
    ran = run("coverage", "--who", "--region", "us-east-1")
    assert ran.code == 0
    assert ran.out.count("by arn:aws:iam::123456789012:user/sandbox with boto3\n") == 4
    assert ran.last == "Coverage: 0 of 4 resources (0 %) in a stack."
    found = run("coverage", "--who", "--region", "us-east-1", "-o", "json").json["who"]["findings"]
    assert [each["path"] for each in found] == [None] * 4

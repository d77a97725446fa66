"""Who changed what: events of CloudTrail matched with the drift of a plan."""

import json
from collections.abc import Iterable, Iterator
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reconciler.app.usecases import find_authors
from reconciler.calls import Paces
from reconciler.inspect.who import (
    PAGES,
    Attribution,
    AuthorQuestion,
    Trace,
    TrailEvent,
    attribute,
    creation_questions,
    drift_questions,
    parse_event,
)
from reconciler.model import Address, Json, Live, Plan
from reconciler.problems import CloudError, Fault
from reconciler.redact.presented import present, present_authors
from reconciler.report.comments import drift_digest, drift_issue, message
from reconciler.report.fleet import fleet_of_one
from reconciler.report.html import html_page
from reconciler.report.json import drift_json
from reconciler.report.markdown import markdown_report
from reconciler.report.results import drift_of
from reconciler.report.text.drift import drift_page
from reconciler.report.who import authors_in
from tests.builders import CE, JD, JQ, container, ec2, live, owned, planned, queue, stack
from tests.fakes import HERE, InstantClock, ScriptedCloud, session_of
from tests.laws import law

JANE = "arn:aws:sts::123456789012:assumed-role/Admin/jane"
QUEUE = Address(JQ, "q")


def record(operation: str, request: Json, number: int = 1, **members: Json) -> dict[str, Json]:
    """An event as CloudTrail writes it; the larger the number, the later."""
    issuer = {"type": "Role", "arn": "arn:aws:iam::123456789012:role/Admin", "userName": "Admin"}
    return {
        "eventID": f"event-{number}",
        "eventName": operation,
        "eventSource": "batch.amazonaws.com",
        "eventTime": f"2026-11-28T14:02:{number:02}Z",
        "userIdentity": {"type": "AssumedRole", "arn": JANE, "sessionContext": {"sessionIssuer": issuer}},
        "userAgent": "aws-cli/2.31.0 md/awscrt#0.27.6 ua/2.1 os/linux",
        "sourceIPAddress": "203.0.113.1",
        "requestParameters": request,
        **members,
    }


def drifted(changed: Json, declared: Json = None, kind: str = JQ) -> Plan:
    """A plan in which `changed` was applied as `declared`, and changed since."""
    declared = declared or queue(priority=10)
    of = stack({(kind, "q"): declared})
    world = owned(of, live(kind, "q", {**declared, **changed}, revisions=(3,) if kind == JD else ()))
    return planned(of, world)


def answers(plan: Plan, *records: Json) -> tuple[Attribution, ...]:
    return attribute(tuple(drift_questions(plan.changes)), events_of(*records), HERE)


def events_of(*records: Json, read: list[str] | None = None):  # type: ignore[no-untyped-def]
    """Events by operation, the newest first; `read` is told of each that is looked at."""

    def events(operation: str) -> Iterator[TrailEvent]:
        newest = sorted(records, key=lambda each: str(each["eventTime"]), reverse=True)
        for each in newest:
            event = parse_event(json.dumps(each))
            if event and event.operation == operation:
                if read is not None:
                    read.append(event.id)
                yield event

    return events


def traces(found: Iterable[Attribution]) -> list[tuple[Json, ...]]:
    return [(each.path, str(each.trace), each.event.id if each.event else "") for each in found]


def test_the_event_that_set_a_field_to_its_live_value_is_who_changed_it() -> None:
    plan = drifted({"priority": 5})
    (found,) = answers(plan, record("UpdateJobQueue", {"jobQueue": "q", "priority": 5}))
    assert (found.address, found.path, found.trace) == (QUEUE, ("priority",), Trace.FOUND)
    assert found.event
    assert found.event.principal == JANE
    assert found.event.session_issuer == "Admin"
    assert (found.event.tool, found.event.is_ours) == ("AWS CLI", False)


@pytest.mark.parametrize("named", ["q", "arn:aws:batch:us-east-1:123456789012:job-queue/q",
                                   "arn%3Aaws%3Abatch%3Aus-east-1%3A123456789012%3Ajob-queue%2Fq"])  # fmt: skip
def test_a_resource_is_known_by_its_name_and_its_arn(named: str) -> None:
    found = answers(drifted({"priority": 5}), record("UpdateJobQueue", {"jobQueue": named, "priority": 5}))
    assert traces(found) == [(("priority",), "found", "event-1")]


@pytest.mark.parametrize(
    ("request_", "members"),
    [
        ({"jobQueue": "other", "priority": 5}, {}),
        ({"jobQueue": "q", "priority": 5}, {"errorCode": "AccessDenied"}),
        ({"jobQueue": "q", "priority": 5}, {"eventSource": "ecs.amazonaws.com"}),
        (None, {}),
        ("not an object", {}),
        ([], {"userIdentity": "root"}),
    ],
)
def test_events_of_other_resources_and_failed_ones_explain_nothing(request_: Json, members: dict[str, Json]) -> None:
    found = answers(drifted({"priority": 5}), record("UpdateJobQueue", request_, **members))
    assert traces(found) == [(("priority",), "not found", "")]


def test_the_newest_event_that_sets_a_field_decides_about_it() -> None:
    plan = drifted({"priority": 5})
    older, newer = (
        record("UpdateJobQueue", {"jobQueue": "q", "priority": value}, number) for number, value in ((1, 5), (2, 7))
    )
    assert traces(answers(plan, older, newer)) == [(("priority",), "touched", "event-2")]


def test_an_event_that_sets_other_fields_has_touched_the_resource_alone() -> None:
    plan = drifted({"priority": 5})
    older = record("UpdateJobQueue", {"jobQueue": "q", "priority": 5}, 1)
    newer = record("UpdateJobQueue", {"jobQueue": "q", "state": "DISABLED"}, 2)
    assert traces(answers(plan, newer)) == [(("priority",), "touched", "event-2")]
    assert traces(answers(plan, older, newer)) == [(("priority",), "found", "event-1")]


def test_values_are_compared_in_canonical_form() -> None:
    changed = ec2(instanceTypes=["c7i", "m5"], maxvCpus=512)
    plan = drifted(changed, ec2(), CE)
    update = {
        "computeEnvironment": "q",
        "computeResources": {"instanceTypes": ["m5", "c7i"], "maxvCpus": 512, "desiredvCpus": 4},
    }
    assert traces(answers(plan, record("UpdateComputeEnvironment", update))) == [
        (("computeResources", "instanceTypes"), "found", "event-1"),
        (("computeResources", "maxvCpus"), "found", "event-1"),
    ]
    part = {"computeEnvironment": "q", "computeResources": {"maxvCpus": 512}}
    assert traces(answers(plan, record("UpdateComputeEnvironment", part))) == [
        (("computeResources", "instanceTypes"), "touched", "event-1"),
        (("computeResources", "maxvCpus"), "found", "event-1"),
    ]


def test_a_field_that_was_set_back_to_its_default_is_found() -> None:
    plan = drifted({"state": "ENABLED"}, {**queue(priority=10), "state": "DISABLED"})
    found = answers(plan, record("UpdateJobQueue", {"jobQueue": "q", "state": "enabled"}))
    assert traces(found) == [(("state",), "found", "event-1")]


def test_a_new_revision_of_a_job_definition_is_found_by_what_it_says() -> None:
    plan = drifted(container(memory=1024), container(), JD)
    sizes = ("containerProperties", "resourceRequirements", "MEMORY", "value")
    modern = {"image": "busybox", "resourceRequirements": [{"type": "VCPU", "value": "1"}, {"type": "MEMORY", "value": "1024"}]}  # fmt: skip
    request = {"jobDefinitionName": "q", "type": "container", "containerProperties": modern}
    assert traces(answers(plan, record("RegisterJobDefinition", request))) == [(sizes, "found", "event-1")]


def test_of_several_registrations_the_one_of_the_live_revision_counts() -> None:
    plan = drifted(container(memory=1024), container(), JD)
    body = {"jobDefinitionName": "q", **container(memory=1024)}
    arn = "arn:aws:batch:us-east-1:123456789012:job-definition/q:"
    records = [
        record("RegisterJobDefinition", body, number, responseElements={"jobDefinitionArn": f"{arn}{revision}"})
        for number, revision in ((1, 2), (2, 3), (3, 4))
    ]
    assert [event for _, _, event in traces(answers(plan, *records))] == ["event-2"]
    hidden = {"jobDefinitionName": "q", "containerProperties": "HIDDEN"}
    kept = record("RegisterJobDefinition", hidden, responseElements={"jobDefinitionArn": f"{arn}3"})
    assert [trace for _, trace, _ in traces(answers(plan, kept))] == ["found"]
    assert [trace for _, trace, _ in traces(answers(plan, record("RegisterJobDefinition", hidden)))] == ["touched"]


def test_tags_are_explained_by_tagging() -> None:
    of = stack({(JQ, "q"): queue(priority=10)}, tags={"team": "risk", "cost": "1"})
    body = live(JQ, "q", queue(priority=10), tags={"team": "other"})
    plan = planned(of, owned(of, body))
    arn = body.arn
    records = (
        record("TagResource", {"resourceArn": arn, "tags": {"team": "other"}}, 2),
        record("UntagResource", {"resourceArn": arn, "tagKeys": ["cost"]}, 3),
        record("TagResource", {"resourceArn": f"{arn}2", "tags": {"team": "other"}}, 4),
    )
    found = {path: (trace, event) for path, trace, event in traces(answers(plan, *records))}
    drifted_tags = {field.path: field.drift for change in plan.changes for field in change.fields}
    assert len(found) == 2
    assert found == {
        path: {"team": ("found", "event-2"), "cost": ("found", "event-3")}[path[-1]]
        for path, drift in drifted_tags.items()
        if drift
    }


def test_what_is_missing_was_deleted_and_what_is_foreign_created_or_untagged_by_somebody() -> None:
    of = stack({(JQ, "q"): queue(priority=10), (CE, "e"): ec2()})
    plan = planned(of, live(CE, "e", ec2()), guards=True)
    records = (
        record("DeleteJobQueue", {"jobQueue": "q"}, 1),
        record("CreateComputeEnvironment", {"computeEnvironmentName": "e"}, 2),
    )
    assert sorted((str(each.address), str(each.trace)) for each in answers(plan, *records)) == [
        ("ComputeEnvironment/e", "found"),
        ("JobQueue/q", "found"),
    ]
    untagged = record("UntagResource", {"resourceArn": live(CE, "e", {}).arn, "tagKeys": ["reconciler:stack", "x"]}, 3)
    found = {str(each.address): each.event for each in answers(plan, *records, untagged)}
    event = found["ComputeEnvironment/e"]
    assert event
    assert event.operation == "UntagResource"


def test_events_are_read_no_further_than_the_answer() -> None:
    read: list[str] = []
    records = [record("UpdateJobQueue", {"jobQueue": "q", "priority": 5}, number) for number in range(1, 9)]
    questions = tuple(drift_questions(drifted({"priority": 5}).changes))
    attribute(questions, events_of(*records, read=read), HERE)
    assert read == ["event-8"]


@pytest.mark.parametrize(
    ("members", "tool"),
    [
        ({"userAgent": "APN/1.0 HashiCorp/1.0 Terraform/1.9.0 terraform-provider-aws/5.9 aws-sdk-go-v2/1.30"}, "Terraform"),
        ({"userAgent": "Botocore/1.44.8 ua/2.1 md/awscrt batch-reconciler"}, "reconciler"),
        ({"userAgent": "Boto3/1.44.8 md/Botocore#1.44.8"}, "boto3"),
        ({"userAgent": "aws-sdk-js/3.600.0"}, "AWS SDK"),
        ({"userAgent": "cloudformation.amazonaws.com"}, "CloudFormation"),
        ({"userAgent": "Mozilla/5.0 (X11; Linux x86_64)"}, "AWS console"),
        ({"userAgent": "aws-cli/2.31.0 exec-env/CloudShell"}, "AWS CloudShell"),
        ({"userAgent": "aws-cli/2.31.0", "sessionCredentialFromConsole": "true"}, "AWS console"),
        ({"userAgent": "curl/8"}, ""),
        ({"userAgent": None}, ""),
    ],
)  # fmt: skip
def test_tools_are_known_by_their_user_agents(members: dict[str, Json], tool: str) -> None:
    event = parse_event(json.dumps(record("UpdateJobQueue", {}, **members)))
    assert event
    assert (event.tool, event.is_ours) == (tool, tool == "reconciler")


@pytest.mark.parametrize("text", ["", "[", "[]", "null", "{}", '"x"'])
def test_what_is_no_event_is_passed_over(text: str) -> None:
    assert parse_event(text) is None


# At the edge: pages, the rate, and missing rights.


def trail(*pages: Json) -> ScriptedCloud:
    """CloudTrail with these pages of records, for every operation."""

    def page(request: Json) -> Json:
        number = int(request.get("NextToken", "0"))
        (named,) = request["LookupAttributes"]
        assert named["AttributeKey"] == "EventName"
        records = [each for each in pages[number] if each["eventName"] == named["AttributeValue"]]
        more = {"NextToken": str(number + 1)} if number + 1 < len(pages) else {}
        return {"Events": [{"CloudTrailEvent": json.dumps(each)} for each in records], **more}

    return ScriptedCloud({"LookupEvents": [page]})


def asked(cloud: ScriptedCloud, questions: Iterable[AuthorQuestion], clock: InstantClock | None = None):  # type: ignore[no-untyped-def]
    session = replace(session_of(cloud, clock or InstantClock()), services=lambda _name, _region="": cloud)
    return find_authors(session, tuple(questions), Paces(2), now=1_800_000_000.0)


def test_lookups_are_two_a_second_at_most_and_bounded_in_time() -> None:
    cloud, clock = trail(*[[] for _ in range(5)]), InstantClock()
    asked(cloud, drift_questions(drifted({"priority": 5}).changes), clock)
    assert cloud.count("LookupEvents") == 10  # five pages each of UpdateJobQueue and CreateJobQueue
    assert clock.slept == [0.5] * 9
    request = cloud.calls[0][1]
    assert request["StartTime"] == 1_800_000_000.0 - 90 * 86400
    assert request["MaxResults"] == 50


def test_a_busy_account_is_not_read_without_end() -> None:
    cloud = trail(*[[] for _ in range(3 * PAGES)])
    found = asked(cloud, creation_questions([live(JD, "q", container(), revisions=(1,))]))
    assert cloud.count("LookupEvents") == PAGES
    assert found.attributions[0].trace is Trace.NOT_FOUND


def test_nothing_is_asked_where_nothing_drifted() -> None:
    cloud = trail([])
    assert asked(cloud, ()).attributions == ()
    assert cloud.calls == []


def test_pages_are_read_until_the_answer() -> None:
    update = record("UpdateJobQueue", {"jobQueue": "q", "priority": 5})
    cloud = trail([], [update], [record("UpdateJobQueue", {"jobQueue": "q", "priority": 9})])
    found = asked(cloud, drift_questions(drifted({"priority": 5}).changes))
    assert traces(found.attributions) == [(("priority",), "found", "event-1")]
    assert cloud.count("LookupEvents") == 2


def test_without_the_right_one_line_says_so() -> None:
    no = CloudError("LookupEvents", Fault.DENIED, "AccessDeniedException", "not authorized")
    cloud = ScriptedCloud({"LookupEvents": [no]})
    plan = drifted({"priority": 5})
    found = asked(cloud, drift_questions(plan.changes))
    assert cloud.count("LookupEvents") == 1
    page = drift_page(drift_of(present(plan), present_authors(found)), 200).plain
    assert [line.strip() for line in page.splitlines() if "CloudTrail" in line] == [
        f"CloudTrail could not be read: {no.told}; this requires cloudtrail:LookupEvents"
    ]
    assert page.splitlines()[-1].startswith("Drift: 1 changed")


# Reports.


def told(*records: Json, changed: Json = None) -> tuple[str, Json, str]:
    """The drift in text, JSON and Markdown."""
    plan = drifted(changed or {"priority": 5})
    found = asked(trail(records), drift_questions(plan.changes))
    drift = drift_of(present(plan), present_authors(found))
    return drift_page(drift, 200).plain, drift_json(drift), markdown_report([drift])


def test_every_report_says_who_when_and_with_what() -> None:
    update = record("UpdateJobQueue", {"jobQueue": "q", "priority": 5}, sourceIPAddress="203.0.113.9")
    text, document, markdown = told(update)
    link = "https://us-east-1.console.aws.amazon.com/cloudtrailv2/home?region=us-east-1#/events/event-1"
    lines = text.splitlines()
    start = lines.index("Changed by")
    assert lines[start + 1 : start + 5] == [
        "    JobQueue/q priority",
        f"        by {JANE} with the AWS CLI",
        "        2026-11-28 14:02:01 UTC, UpdateJobQueue, event event-1",
        f"        {link}",
    ]
    (finding,) = document["who"]["findings"]
    assert finding == {
        "address": "JobQueue/q",
        "path": "priority",
        "result": "found",
        "event": {
            "id": "event-1",
            "operation": "UpdateJobQueue",
            "time": "2026-11-28T14:02:01Z",
            "principal": JANE,
            "session_issuer": "Admin",
            "invoked_by": "",
            "tool": "AWS CLI",
            "source_ip": "203.0.113.9",
            "is_reconciler": False,
            "link": link,
        },
    }
    assert link in markdown
    assert "203.0.113.9" not in text
    outcome = fleet_of_one({**document, "time": "2026-11-28T15:00:00.000Z"}).outcomes[0]
    line = f"JobQueue/q priority: {JANE} with the AWS CLI, 2026-11-28T14:02:01Z, UpdateJobQueue"
    assert message([outcome]).splitlines()[-1] == f"  changed by: {line}"
    assert JANE in drift_issue(outcome).text
    assert JANE in html_page([document]).replace("<wbr>", "")
    without = replace(outcome, result={**document, "who": None})
    assert drift_digest(outcome) == drift_digest(without)  # who it was is no news
    assert list(authors_in(document)) == [
        f"JobQueue/q priority: {JANE} with the AWS CLI, 2026-11-28T14:02:01Z, UpdateJobQueue"
    ]


def test_a_run_of_ours_and_what_is_not_found_are_named_as_such() -> None:
    ours = record("UpdateJobQueue", {"jobQueue": "q", "priority": 5}, userAgent="Botocore/1.44 batch-reconciler")
    assert f"by a run of reconciler as {JANE}" in told(ours)[0]
    assert "no event found yet: one can take minutes to appear, and is kept for 90 days" in told()[0]
    touched = told(record("UpdateJobQueue", {"jobQueue": "q", "priority": 7}))[0]
    assert f"last touched, but not given this value, by {JANE}" in touched


def test_what_a_request_contained_is_in_no_report() -> None:
    body = container(environment=[{"name": "DB_PASSWORD", "value": "hunter2"}])
    plan = drifted(body, container(environment=[{"name": "DB_PASSWORD", "value": "hunter1"}]), JD)
    request = {"jobDefinitionName": "q", **body}
    found = asked(trail([record("RegisterJobDefinition", request)]), drift_questions(plan.changes))
    assert found.attributions[0].trace is Trace.FOUND
    drift = drift_of(present(plan), present_authors(found))
    reports = drift_page(drift, 100, 2).plain, json.dumps(drift_json(drift)), markdown_report([drift])
    assert not any("hunter" in report for report in reports)


def test_without_the_option_nothing_is_said() -> None:
    drift = drift_of(present(drifted({"priority": 5})))
    assert drift_json(drift)["who"] is None
    assert "Changed by" not in drift_page(drift, 100).plain


def test_who_created_a_resource_is_asked_by_its_name() -> None:
    resource: Live = live(CE, "e", ec2())
    found = asked(
        trail([record("CreateComputeEnvironment", {"computeEnvironmentName": "e"})]), creation_questions([resource])
    )
    assert traces(found.attributions) == [((), "found", "event-1")]


NESTED = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=3),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner, max_size=3),
    max_leaves=5,
)
NAMED = {"computeEnvironment": "q", "computeEnvironmentName": "q", "resourceArn": live(CE, "q", {}).arn}
MEMBERS = ("computeResources", "state", "type", "updatePolicy", "tags", "tagKeys", "eksConfiguration", "serviceRole")


@law(200)
@given(request=st.dictionaries(st.sampled_from(MEMBERS), NESTED), inner=st.dictionaries(
    st.sampled_from(["maxvCpus", "instanceTypes", "ec2Configuration", "launchTemplate"]), NESTED))  # fmt: skip
def test_whatever_a_request_contains_the_answer_is_one_of_three(
    request: dict[str, Json], inner: dict[str, Json]
) -> None:
    plan = CHANGED
    operations = ("UpdateComputeEnvironment", "CreateComputeEnvironment", "TagResource", "UntagResource")
    sent = {**request, **({"computeResources": inner} if inner else {}), **NAMED}
    found = answers(plan, *(record(each, sent, number) for number, each in enumerate(operations)))
    assert len(found) == 4
    assert {str(each.trace) for each in found} <= {"found", "touched", "not found"}


def everything_changed() -> Plan:
    of = stack({(CE, "q"): ec2()}, tags={"team": "risk"})
    body = live(CE, "q", ec2(maxvCpus=512, instanceTypes=["c7i"]), tags={"team": "other"})
    return planned(of, owned(of, replace(body, spec={**body.spec, "state": "DISABLED"})))


CHANGED = everything_changed()

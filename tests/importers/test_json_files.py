"""JSON of AWS Batch becomes what an import can write; what is none is told, at its place."""

import json

import pytest
from hypothesis import given, note
from hypothesis import strategies as st

from reconciler.importers.json_files import imported
from reconciler.importers.model import Imported
from reconciler.importers.writer import GroupBy
from reconciler.kinds import batch_kinds
from reconciler.model import Address, Json
from reconciler.ports import takes_everything
from reconciler.problems import Severity
from reconciler.report.catalogue import catalogue
from tests.importers.importing import out_of_style, tidied
from tests.importers.importing import read as read_files
from tests.junk import shaken
from tests.laws import law
from tests.shapes import bodies

QUEUE_ARN = "arn:aws:batch:us-east-1:123456789012:job-queue/pricing"
QUEUE = {"jobQueueName": "pricing", "jobQueueArn": QUEUE_ARN, "state": "ENABLED", "status": "VALID", "priority": 1}
REQUEST = {"jobDefinitionName": "simulate", "type": "container", "containerProperties": {"image": "busybox:1"}}


def revision(number: int, **more: Json) -> Json:
    arn = f"arn:aws:batch:us-east-1:123456789012:job-definition/simulate:{number}"
    return {**REQUEST, "jobDefinitionArn": arn, "revision": number, "status": "ACTIVE", **more}


def read(*documents: Json) -> Imported:
    return imported(
        [(f"{index}.json", json.dumps(one).encode()) for index, one in enumerate(documents)], takes_everything
    )


def told(*documents: Json) -> list[str]:
    return [str(problem).partition("\n")[0] for problem in read(*documents).problems]


def test_a_page_of_descriptions_and_a_request_are_resources() -> None:
    found = read({"jobQueues": [QUEUE]}, REQUEST).resources
    assert [(one.address, one.body) for one in found] == [
        (Address("JobDefinition", "simulate"), {"type": "container", "containerProperties": {"image": "busybox:1"}}),
        (Address("JobQueue", "pricing"), {"state": "ENABLED", "priority": 1}),
    ]


def test_arrays_of_pages_and_requests_are_read_through() -> None:
    assert len(read([{"jobQueues": [QUEUE]}, [REQUEST]]).resources) == 2


def test_members_that_say_nothing_are_no_members() -> None:
    skeleton = {**REQUEST, "timeout": None, "parameters": {}, "nodeProperties": {"mainNode": None}}
    assert tidied(read(skeleton)).files == tidied(read(REQUEST)).files


def test_of_several_revisions_the_newest_active_one_is_imported_and_the_others_are_told() -> None:
    page = {"jobDefinitions": [revision(2), revision(3), revision(4, status="INACTIVE")]}
    result = read(page)
    assert [one.where and one.where.line for one in result.resources] == [1]
    assert [one.subject for one in result.left_out] == ["JobDefinition/simulate:2", "JobDefinition/simulate:4"]


def test_our_own_tags_are_not_the_users() -> None:
    tags = {"reconciler:stack": "risk", "team": "quant", "aws:cloudformation:stack-name": "x"}
    assert read({"jobQueues": [{**QUEUE, "tags": tags}]}).resources[0].body["tags"] == {"team": "quant"}


NEITHER = "this JSON is neither output of `aws batch describe-*` nor input of --cli-input-json"


@pytest.mark.parametrize(
    ("document", "column", "message"),
    [
        ({"clusters": []}, 1, "[IMP002]: this JSON is from Amazon ECS or EKS, not from AWS Batch"),
        ({"jobId": "1"}, 1, f"[IMP002]: {NEITHER}"),
        ([3], 2, f"[IMP002]: {NEITHER}"),
        ({"schedulingPolicies": [{"arn": "arn:x"}]}, 25, "[IMP002]: this is not a description of a scheduling-policy"),
        ({**REQUEST, "jobDefinitionName": ""}, 1, "[IMP003]: jobDefinitionName is empty"),
        ({**REQUEST, "jobDefinitionName": "../x"}, 1, "[IMP003]: AWS rejects the job-definition name ../x"),
        (revision(1, revision=None), 1, "[IMP002]: this is not a complete description of a job-definition"),
    ],
)
def test_what_cannot_be_imported_is_told_at_its_place(document: Json, column: int, message: str) -> None:
    assert told(document) == [f"0.json:1:{column}: error{message}"]


def test_broken_json_and_an_empty_file_are_told() -> None:
    result = imported([("a.json", b"{"), ("b.json", b" ")], takes_everything)
    assert [problem.code for problem in result.problems] == ["YML010", "IMP001"]


@pytest.mark.parametrize("group_by", list(GroupBy))
@given(data=st.data())
@law(15)
def test_whatever_json_holds_is_a_stack_or_problems_of_the_catalogue(group_by: GroupBy, data: st.DataObject) -> None:
    documents = []
    for kind in data.draw(st.lists(st.sampled_from(batch_kinds()), max_size=3)):
        body = data.draw(shaken(data.draw(bodies(kind))))
        apart = data.draw(st.sampled_from([{}, {kind.arn_member: f"arn:aws:batch:us-east-1:1:{kind.noun}/a"}]))
        documents.append(data.draw(shaken({kind.name_member: "a", **apart, "tags": {"a": "b"}, **body})))
    found = read(*documents)
    tidy = tidied(found, group_by=group_by)
    _, errors = read_files(tidy)
    note(str(tidy.files.texts))
    assert {problem.code for problem in (*found.problems, *errors)} <= set(catalogue())
    if not errors:
        assert out_of_style(tidy) == []


def test_what_is_not_rendered_is_told_with_what_renders_it() -> None:
    shell = {"jobDefinitionName": "${NAME}", "type": "container"}
    assert told(shell) == ["0.json:1:23: error[YML013]: ${NAME} is a shell variable: the file is not rendered"]
    (problem,) = read({"jobDefinitionName": "${{USER}}_SURVEYOR_${{RAM}}", "type": "container"}).problems
    assert (problem.code, problem.message.startswith("${{USER}} is")) == ("YML013", True)
    text = b'{"jobDefinitionName": "a", "timeout": {{ timeout }}}'
    (problem,) = imported([("a.json", text)], takes_everything).problems
    assert (problem.code, problem.message.startswith("{{ timeout }}")) == ("YML013", True)


def test_json_of_pulumi_and_of_pascal_case_is_told_with_the_way_out() -> None:
    (pulumi,) = read({"version": 3, "deployment": {"resources": []}}).problems
    assert (pulumi.code, "import --live" in pulumi.hint) == ("IMP002", True)
    (pascal,) = read({"JobDefinitionName": "a", "Type": "container"}).problems
    assert pascal.hint == "fields begin with a lowercase letter: jobDefinitionName"


def test_the_last_of_what_is_written_twice_counts_as_for_the_aws_cli() -> None:
    text = b'{"jobQueueName": "q", "priority": 1, "priority": 2, "computeEnvironmentOrder": []}'
    found = imported([("q.json", text)], takes_everything)
    assert found.resources[0].body["priority"] == 2
    assert [(one.code, one.severity) for one in found.problems] == [("YML003", Severity.WARNING)]

"""JSON can escape half of a character (RFC 8259, section 8.2), and no file of UTF-8 can hold one: it is told at its place."""

import json
from pathlib import Path

import pytest

from reconciler.placeholders import Unknown
from reconciler.problems import Exit
from tests.cli.conftest import Run
from tests.load.memory import problems

HALVES = (r"\ud800", r"\udc00", r"a\ud83d", r"\udfff\ud800")
STACK = '{"stack": "s", "jobDefinitions": {"jd": {"type": "container", %s}}}'
IN_STACKS = {
    "a value": STACK % '"parameters": {"p": "HALF"}, "containerProperties": {"image": "b", "vcpus": 1, "memory": 512}',
    "a key": STACK % '"parameters": {"HALF": "p"}, "containerProperties": {"image": "b", "vcpus": 1, "memory": 512}',
    "a known member": STACK % '"containerProperties": {"image": "HALF", "vcpus": 1, "memory": 512}',
    "a tag": STACK % '"tags": {"HALF": "HALF"}, "containerProperties": {"image": "b", "vcpus": 1, "memory": 512}',
    "a name": '{"stack": "HALF", "jobQueues": {"HALF": {"priority": "HALF"}}}',
    "a setting": '{"stack": "s", "namePrefix": "HALF", "account": "HALF", "region": "HALF"}',
    "a variable": '{"stack": "s", "variables": {"HALF": {"default": "HALF", "pattern": "HALF"}}}',
    "a request": '{"jobDefinitionName": "HALF", "type": "HALF", "containerProperties": {"image": "HALF"}}',
}
INCLUDING = "stack: s\njobDefinitions: {jd: {type: container, parameters: !include beside.json}}\n"
VARIABLE = "stack: s\nvariables: {x: {type: string}}\ntags: {a: !var x}\n"
CLOUDFORMATION = (
    '{"Resources": {"HALF": {"Type": "AWS::Batch::JobQueue", "Properties": {"JobQueueName": "HALF", "Priority": 1}}}}'
)
ATTRIBUTES = {"name": "a", "type": "container", "container_properties": '{"image": "HALF"}'}
RESOURCE = {"address": "aws_batch_job_definition.a", "mode": "managed", "type": "aws_batch_job_definition", "name": "a",
            "provider_name": "registry.terraform.io/hashicorp/aws", "values": ATTRIBUTES}  # fmt: skip
TERRAFORM = json.dumps({"format_version": "1.0", "values": {"root_module": {"resources": [RESOURCE]}}})
every_half = pytest.mark.parametrize("half", HALVES)


@every_half
@pytest.mark.parametrize("what", IN_STACKS)
def test_in_a_stack(what: str, half: str, run: Run) -> None:
    Path("half.json").write_text(IN_STACKS[what].replace("HALF", half), encoding="utf-8")
    for words in (
        ("validate",),
        ("validate", "-o", "sarif"),
        ("plan", "--sandbox"),
        ("render",),
        ("apply", "--sandbox", "--yes"),
    ):
        ran = run(*words, "half.json")
        assert (ran.code, "YML010" in ran.out + ran.err) == (Exit.INVALID, True)


@every_half
def test_in_a_file_that_is_included_or_has_values(half: str, run: Run) -> None:
    Path("small", "stack.yaml").write_text(INCLUDING, encoding="utf-8")
    Path("small", "beside.json").write_text(f'{{"p": "{half}"}}', encoding="utf-8")
    ran = run("validate", "small")
    assert (ran.code, ran.out.startswith("small/beside.json:1:7: error[YML010]")) == (Exit.INVALID, True)
    Path("small", "beside.json").unlink()
    Path("small", "stack.yaml").write_text(VARIABLE, encoding="utf-8")
    Path("values.json").write_text(f'{{"x": "{half}"}}', encoding="utf-8")
    ran = run("validate", "small", "--var-file", "values.json")
    assert (ran.code, "values.json:1:7: error[YML010]" in ran.out) == (Exit.INVALID, True)


@every_half
@pytest.mark.parametrize(
    ("source", "text"),
    [("json", IN_STACKS["a request"]), ("cloudformation", CLOUDFORMATION), ("terraform", TERRAFORM),
     ("terraform", TERRAFORM.replace('"a"', '"HALF"'))],
)  # fmt: skip
def test_in_what_is_imported(source: str, text: str, half: str, run: Run) -> None:
    escaped = half.replace("\\", "\\\\") if 'image\\": \\"HALF' in text else half
    Path("half.json").write_text(text.replace('\\"HALF', f'\\"{escaped}').replace("HALF", half), encoding="utf-8")
    ran = run("import", f"--{source}", "half.json", "--stack", "s", "--to", "out")
    assert (ran.code, "half of a surrogate pair" in ran.err) == (Exit.INVALID, True)


@every_half
def test_in_reports_that_are_read(half: str, run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("RECONCILER_WEBHOOK", "http://127.0.0.1:9/")
    monkeypatch.setenv("GITHUB_TOKEN", "x")
    Path("reconciler.yaml").write_text("environments: {dev: {}}\nstacks: {small: dev}\n", encoding="utf-8")
    run("drift", "--all", "--sandbox", "-o", "json=fleet.json")
    Path("half.json").write_text(
        Path("fleet.json").read_text("utf-8").replace("SchedulingPolicy", half), encoding="utf-8"
    )
    for words in (("report", "merge"), ("comment", "drift", "--repo", "a/b"), ("notify",)):
        ran = run(*words, "half.json")
        assert (ran.code, "half of a surrogate pair" in ran.err) == (Exit.USAGE, True)


class Halves:
    """What is looked up holds half of a character."""

    def find(self, tag: str, argument: str) -> str | list[str] | None:
        return ["a", "\ud800"] if tag == "ssm" else "\udc00" if tag == "cfn" else Unknown.of(tag, argument)


def test_in_what_is_looked_up() -> None:
    found = problems("tags: {a: !ssm /x, b: !cfn a.B, c: !secret d}\n", lookups=Halves())
    assert [one.splitlines()[0].partition("error")[2] for one in found] == [
        "[VAR016]: !ssm /x: the value contains half of a surrogate pair",
        "[VAR016]: !cfn a.B: the value contains half of a surrogate pair",
    ]

"""Files that another program still has to fill in: one message a file, which names what renders it."""

import json

import pytest

from reconciler.kinds import KINDS, batch_kinds
from reconciler.kinds.base import Kind
from reconciler.load.files import LANGUAGES, spoken_in
from reconciler.model import Json
from reconciler.problems import Severity
from reconciler.syntax.nodes import NamedPlace, Scalar
from tests.load.memory import loaded

QUEUE = """\
    jobQueues:
      q: {priority: 1, computeEnvironmentOrder: [%s]}
    """
# By a text of the language, what renders it.
RENDERED = {
    '"${self:custom.queue}"': "serverless package",
    '"${opt:stage}-ce"': "serverless package",
    '"${file(a.yml):b}"': "serverless package",
    '"#{AWS::StackName}-ce"': "serverless package",
    '"{{ sceptre_user_data.ce }}"': "sceptre generate",
    '"{{ stack_group_config.x }}"': "sceptre generate",
    "{{ name }}": "jinja2 FILE",
    '"{% if prod %}a{% endif %}"': "jinja2 FILE",
    '"{# a remark #}"': "jinja2 FILE",
    '"{{ .Values.ce }}"': "helm template",
    '"{{- range .x }}"': "helm template",
    '"${var.name}"': "terraform show -json",
    '"%{ if var.x }a%{ endif }"': "terraform show -json",
    '"${Token[TOKEN.12]}"': "cdk synth",
}


@pytest.mark.parametrize(("text", "renderer"), RENDERED.items())
def test_a_file_in_another_language_is_told_once_with_what_renders_it(text: str, renderer: str) -> None:
    (problem,) = loaded(QUEUE % f"{text}, {text}").problems
    assert (problem.code, problem.severity, renderer in problem.hint) == ("YML013", Severity.ERROR, True)
    assert problem.where
    assert problem.where.line == 3


def test_each_language_is_recognised() -> None:
    texts = "\n".join(RENDERED)
    assert [one.name for one in LANGUAGES if not one.form.search(texts)] == []


@pytest.mark.parametrize("text", ["{% for x in y %}", "{%- if x -%}", "{{ name }}:"])
def test_lines_of_a_template_language_between_those_of_yaml_are_recognised(text: str) -> None:
    problems = loaded(f"    {text}\n{QUEUE % 'a'}").problems
    assert [(one.code, one.hint) for one in problems] == [("YML013", problems[0].hint)]


@pytest.mark.parametrize("text", ["{{ x }}", "{% if a %}", "${self:x}", "#{AWS::StackName}", "${var.x}", "{{ .a }}"])
def test_what_a_program_reads_itself_is_no_other_language(text: str) -> None:
    members = {
        "image": "a:1",
        "vcpus": 1,
        "memory": 4,
        "command": [text],
        "environment": [{"name": "A", "value": text}],
    }
    whole = {
        "stack": "a",
        "jobDefinitions": {"j": {"type": "container", "containerProperties": members, "parameters": {"a": text}}},
    }
    assert loaded({"main.yaml": json.dumps(whole)}).problems == ()


def test_a_program_in_another_language_does_not_hide_what_is_wrong_elsewhere() -> None:
    command = (
        "    jobDefinitions:\n      j: {type: container, containerProperties: {command: ['{{.Name}}', '{% x %}']}}\n"
    )
    (problem,) = loaded(f"{command}    x-a: b\n    x-b: [1\n").problems
    assert problem.code == "YML002"


@pytest.mark.parametrize("piece", ["{{", "{% a", "${self:", "#{", "%{ if ", "{#", "${Token["])
def test_a_hostile_line_takes_no_time(piece: str) -> None:
    assert spoken_in(Scalar(piece * 20_000, NamedPlace("a")), piece) is None


def test_our_own_tags_are_no_other_language() -> None:
    text = "    variables: {var.x: a}\n" + QUEUE % '!sub "${var.x}"'
    assert loaded(text).problems == ()


def test_a_file_of_another_tool_beside_the_stack_stays_beside_it() -> None:
    files = {"main.yaml": "stack: a\n", "serverless.yml": "service: a\nprovider: {name: '${self:custom.x}'}\n"}
    assert loaded(files).problems == ()


@pytest.mark.parametrize(
    ("name", "renderer"),
    [
        ("${NAME}", "envsubst"),
        ("job-${STAGE}", "envsubst"),
        ("$NAME", "envsubst"),
        ("${{USER}}_JOB_${{RAM}}", "with the script or workflow"),
        ("job-${local.environment}", "terraform show -json"),
        ("{{ name }}", "jinja2"),
    ],
)
def test_a_request_whose_name_is_not_filled_in_is_told_once(name: str, renderer: str) -> None:
    request = {
        "jobDefinitionName": name,
        "type": "container",
        "containerProperties": {"image": "${IMAGE}", "memory": 4},
    }
    (problem,) = loaded({"main.yaml": "stack: a\n", "j.json": json.dumps(request)}).problems
    assert (problem.code, renderer in problem.hint) == ("YML013", True)


def test_json_that_a_shell_has_yet_to_make_is_told_once() -> None:
    text = '{"jobDefinitionName": "a", "type": "container", "containerProperties": {"memory": ${MEMORY}}}'
    (problem,) = loaded({"main.yaml": "stack: a\n", "j.json": text}).problems
    assert (problem.code, problem.message.split()[0]) == ("YML013", "${MEMORY}")


@pytest.mark.parametrize("kind", batch_kinds(), ids=lambda kind: kind.name)
def test_what_aws_prints_is_to_be_imported(kind: Kind) -> None:
    described = {kind.section: [{kind.name_member: "a", kind.arn_member: "arn:a"}]}
    (problem,) = loaded({"main.yaml": "stack: a\n", "d.json": json.dumps(described)}).problems
    assert (problem.code, "import --json" in problem.hint, "aws batch describe-" in problem.message) == (
        "STK005",
        True,
        True,
    )


@pytest.mark.parametrize(
    "kind", [kind for kind in KINDS.values() if kind.name_member != "name"], ids=lambda kind: kind.name
)
def test_members_begin_with_a_small_letter(kind: Kind) -> None:
    request: Json = {pascal(kind.name_member): "a", **{pascal(row.name): {} for row in kind.fields[:3]}}
    (problem,) = loaded({"main.yaml": "stack: a\n", "r.json": json.dumps(request)}).problems
    assert problem.hint.startswith("fields begin with a lowercase letter: ")


def pascal(name: str) -> str:
    return name[:1].upper() + name[1:]

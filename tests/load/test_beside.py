"""Files of other tools may lie in the folder of a stack; a file that was meant for the stack is never overlooked."""

import json

import pytest

from reconciler.load import files_beside
from reconciler.model import Address
from reconciler.problems import Severity
from tests.load.memory import STACK, MemoryFiles, loaded, problems

OWN = '{"format_version": "1.0", "tool": {"name": "reconciler", "version": "0.1.0"}, "document": "%s"}'
OF_OTHERS = {
    "package.json": '{"name": "x", "version": "1.0.0", "scripts": {"test": "jest"}, "dependencies": {}}',
    "project.json": '{"name": "app", "$schema": "x", "projectType": "library", "tags": ["a"], "targets": {}}',
    "tsconfig.json": '{\n  // for node\n  "compilerOptions": {"strict": true, /* all */},\n}\n',
    "lines.json": '{"level": "info"}\n{"level": "error"}\n',
    "list.json": "[1, 2]",
    "number.json": "5",
    "response.json": '[{"name": "a", "value": "b"}]',
    "docker-compose.yml": "services:\n  app: {image: busybox, command: [run], environment: {A: b}}\n",
    "compose.override.yml": "services:\n  app: {ports: !reset []}\n",
    "gitlab.yml": "stages: [test]\nvariables: {A: b}\ndefault: {image: x}\njob: {tags: [x], timeout: 1h, script: [a]}\n",
    "azure-pipelines.yml": "trigger: [main]\nvariables: [{name: a, value: b}]\npool: {vmImage: x}\n",
    "workflow.yml": "on: [push]\ndefaults: {run: {shell: bash}}\njobs: {test: {runs-on: x, steps: []}}\n",
    "serverless.yml": "service: x\nprovider: {name: aws, region: us-east-1}\nfunctions: {}\nresources: {}\n",
    "mkdocs.yml": "site_name: x\nmarkdown_extensions:\n  - emoji: {index: !!python/name:material.twemoji }\n",
    "openapi.yaml": "openapi: 3.0.0\ninfo: {title: x}\ntags: [{name: x}]\npaths: {/a: {get: {responses: {200: {}}}}}\n",
    "swagger.json": '{"swagger": "2.0", "tags": [], "paths": {}, "definitions": {"A": {"type": "object"}}}',
    "schema.json": '{"$schema": "x", "type": "object", "definitions": {"A": {"type": "object"}}}',
    "deployment.yaml": "apiVersion: v1\nkind: Service\n---\napiVersion: v1\nkind: ConfigMap\n",
    "chart.yaml": "apiVersion: v1\n{{- if .Values.on }}\nkind: Job\n{{- end }}\n",
    "template.yaml": "AWSTemplateFormatVersion: 2010-09-09\nResources:\n  Q: {Type: AWS::Batch::JobQueue, Name: !Ref Q}\n",
    "template.json": '{"Resources": {"Q": {"Type": "AWS::Batch::JobQueue", "Properties": {"JobQueueName": "q"}}}}',
    "main.tf.json": '{"variable": {"image": {"type": "string", "default": "x"}}}',
    "ecspresso.yml": "region: us-east-1\ncluster: default\nservice: x\n",
    "database.rules.json": '{"rules": {".read": true, ".write": false}}',
    "task.json": '{"family": "x", "containerDefinitions": [], "executionRoleArn": "r", "tags": []}',
    "project-build.json": '{"name": "x", "source": {}, "artifacts": {}, "environment": {}, "serviceRole": "r"}',
    "job.json": '{"jobName": "a", "jobQueue": "q", "jobDefinition": "d", "parameters": {}, "retryStrategy": {}}',
    "playbook.yaml": "- hosts: all\n  tasks: []\n",
    "environment.yml": "name: x\nchannels: [defaults]\ndependencies: [python]\n",
    "values.yaml": "subnets: [subnet-1a2b3c4d]\nimage: busybox:1\n",
    "note.yaml": "nothing but text\n",
    "old.yaml": "stack_name: x\ntemplate_path: a.yaml\nparameters: {A: b}\n",
    "plan.json": OWN % "plan",
    "plans.json": f"[{OWN % 'plan'}, {OWN % 'plan'}]",
    "pretty.json": json.dumps(json.loads(OWN % "drift"), indent=2),
    "cut.json": (OWN % "plan")[:-10],
    "events.json": '{"time": "2027-03-31T08:15:00.000+00:00", "event": "planned", "stack": "risk"}\n{"time": "x"}\n',
    "events-of-all.json": '{"time": "2027-03-31T08:15:00.000+00:00", "target": "a@dev", "event": "planned", "stack": "a"}\n',
    "sandbox.json": '{"format": "reconciler sandbox", "version": 1}\n{"at": 1}\n',
}
QUEUE = "{q: {priority: 1}}"
MEANT: dict[str, tuple[str, str | bytes, str]] = {
    "a section of which a letter is missing": ("a.yaml", f"jobQueue: {QUEUE}\n", "STK002"),
    "a section in the case of others": ("a.yaml", f"JobQueues: {QUEUE}\n", "STK002"),
    "a section with dashes": ("a.yaml", f"job-queues: {QUEUE}\n", "STK002"),
    "a section in JSON": ("a.json", '{"job_queues": {"q": {"priority": 1}}}', "STK002"),
    "a section with a wrong shape": ("a.yaml", "jobQueues: [q]\n", "STK005"),
    "a section with a name of its own": ("a.yaml", "jobDefs: {a: {type: container, containerProperties: {}}}\n", "STK002"),
    "a section beside a stranger": ("a.yaml", f"jobQueues: {QUEUE}\nfoo: 1\n", "STK002"),
    "a setting beside a stranger": ("a.yaml", "tags: {team: risk}\nfoo: 1\n", "STK002"),
    "a setting of which a letter is missing": ("a.yaml", "variable: {image: {type: string}}\n", "STK002"),
    "defaults of which a letter is missing": ("a.yaml", "default: {jobQueues: {priority: 1}}\n", "STK002"),
    "a name with a capital": ("a.yaml", "Stack: risk\nx: 1\n", "STK002"),
    "a template that has a section": ("a.yaml", f"Resources: {{}}\njobQueues: {QUEUE}\n", "STK002"),
    "a list of requests": ("a.json", '[{"jobQueueName": "q", "priority": 1}]', "STK008"),
    "a request without its name": ("a.json", '{"type": "container", "containerProperties": {"image": "a"}}', "STK008"),
    "a request with a misspelt name": ("a.json", '{"jobQueueNme": "q", "priority": 1}', "STK008"),
    "a request with a misspelt member": ("a.json", '{"name": "fair", "fairSharePolicy": {}}', "STK008"),
    "a request with nothing but its name": ("a.json", '{"jobQueueName": "q"}', "STK008"),
    "a request in YAML": ("a.yaml", "jobDefinitionName: a\ntype: container\ncontainerProperties: {}\n", "STK002"),
    "members of a request, a level too few": ("a.yaml", "type: container\ncontainerProperties: {}\n", "STK002"),
    "YAML that ends early": ("a.yaml", "jobQueues: [\n", "YML002"),
    "YAML that ends early and says nothing": ("a.yaml", "a: [\n", "YML002"),
    "JSON with a comma too much": ("a.json", '{"jobQueues": {"q": {"priority": 1}},}', "YML010"),
    "JSON with a bracket too much": ("a.json", '{"jobQueueName": "q", "priority": 1}}', "YML010"),
    "JSON that ends early": ("a.json", '{"jobQueueName": "q",', "YML010"),
    "a key that is written twice": ("a.yaml", "jobQueues: {}\njobQueues: {}\n", "YML003"),
    "a section in a second document": ("a.yaml", f"a: 1\n---\njobQueues: {QUEUE}\n", "YML004"),
    "a body without its section": ("a.yaml", "j: {type: container, containerProperties: {image: a}}\n", "STK002"),
    "bodies without their section, as a list": ("a.yaml", "- j: {priority: 1, computeEnvironmentOrder: [a]}\n", "STK005"),
    "a body without its section in JSON": ("a.json", '{"j": {"type": "container", "containerProperties": {}}}', "STK002"),
    "text with a section in it": ("a.yaml", "jobQueues\nq\n", "STK005"),
    "bytes that are no text": ("a.yaml", b"\xff\xfe", "YML001"),
}  # fmt: skip


@pytest.mark.parametrize("name", OF_OTHERS)
def test_a_file_of_another_tool_changes_nothing_and_is_noted(name: str) -> None:
    result = loaded({"main.yaml": f"{STACK}jobQueues: {QUEUE}\n", name: OF_OTHERS[name]})
    assert (list(result.stack.declared), result.problems) == ([Address("JobQueue", "q")], ())
    (note,) = result.notes
    assert (note.code, note.severity, str(note.where)) == ("STK015", Severity.NOTE, f"stacks/{name}")


def test_all_of_them_at_once_in_a_subfolder_change_nothing() -> None:
    below = {f"tools/{name}": text for name, text in OF_OTHERS.items()}
    assert problems({"main.yaml": STACK, **below}) == []


@pytest.mark.parametrize("mistake", MEANT)
def test_a_file_that_was_meant_for_the_stack_is_an_error(mistake: str) -> None:
    name, text, code = MEANT[mistake]
    found = loaded({"main.yaml": STACK, name: text})
    assert code in [problem.code for problem in found.problems]
    assert found.notes == ()


@pytest.mark.parametrize(
    ("text", "message", "hint"),
    [
        (
            '{"jobDefinitionNme": "a", "type": "container", "containerProperties": {}}',
            "this is not a complete RegisterJobDefinition request: jobDefinitionName is missing",
            "did you mean jobDefinitionName for jobDefinitionNme?",
        ),
        (
            '{"jobQueueName": "q", "priorty": 1}',
            "this is not a complete CreateJobQueue request: jobQueueName is its only field",
            "did you mean priority for priorty?",
        ),
        (
            '{"jobQueueName": "q"}',
            "this is not a complete CreateJobQueue request: jobQueueName is its only field",
            "write jobQueueName and the other fields of the request, as for --cli-input-json",
        ),
    ],
)
def test_a_request_that_is_nearly_right_is_told_what_it_lacks(text: str, message: str, hint: str) -> None:
    (problem,) = loaded({"main.yaml": STACK, "one.json": text}).problems
    assert (problem.code, problem.message, problem.hint) == ("STK008", message, hint)


def test_a_file_of_another_tool_includes_nothing() -> None:
    files = {
        "main.yaml": STACK,
        "queues.yaml": f"jobQueues: {QUEUE}\n",
        "home.yaml": "homeassistant: !include queues.yaml\n",
    }
    assert list(loaded(files).stack.declared) == [Address("JobQueue", "q")]


def test_what_a_file_of_the_stack_includes_may_look_like_anything() -> None:
    files = {
        "main.yaml": f"{STACK}jobQueues: {{q: !include package.json}}\n",
        "package.json": '{"name": "x", "priority": 1}',
    }
    found = loaded(files)
    assert (found.stack.declared[Address("JobQueue", "q")].spec["priority"], found.notes) == (1, ())


def test_values_of_variables_are_no_part_of_the_stack_whatever_they_are_called() -> None:
    main = "variables: {tags: {type: map}, image: {}}\n"
    files = {"main.yaml": STACK + main, "prod.yaml": "tags: {a: b}\nimage: x\n"}
    found = loaded(files)
    assert ([str(problem) for problem in found.problems], found.stack.tags) == ([], {})


def test_a_folder_without_a_stack_says_why_its_file_is_none() -> None:
    assert problems({"package.json": '{"name": "x"}', "a.json": "[]"}) == [
        ("stacks: error[STK001]: stacks/a.json is not part of a stack: it is a list (and 1 more file)\n"
        "    hint: pass the folder of a stack; `reconciler init` creates one")
    ]  # fmt: skip


NESTED = {
    "stack.yaml": f"stack: outer\njobQueues: {QUEUE}\nvariables: {{image: {{default: a}}}}\n",
    "x/stack.yaml": f"stack: inner\njobQueues: {QUEUE}\nvariables: {{image: {{default: b}}}}\n",
    "x/more/one.json": '{"jobQueueName": "r", "priority": 1}',
    "x/more/broken.json": '{"a": [}',
}


def test_a_subfolder_that_is_a_stack_of_its_own_is_noted_once() -> None:
    found = loaded(NESTED)
    assert (found.problems, list(found.stack.declared)) == ((), [Address("JobQueue", "q")])
    assert [str(note) for note in found.notes] == [
        (
            "stacks/x/stack.yaml:1:1: note[STK016]: stacks/x/ is a different stack (inner), and not part of outer\n"
            "    hint: plan its folder separately"
        )
    ]
    assert sorted(map(str, found.stack.elsewhere)) == ["JobQueue/q", "JobQueue/r"]


def test_a_subfolder_with_nearly_the_same_name_may_be_a_mistake() -> None:
    (note,) = loaded({"stack.yaml": "stack: pricing\n", "x/a.yaml": "stack: pricng\n"}).notes
    assert (note.code, note.severity) == ("STK016", Severity.WARNING)
    assert note.hint == "if it is part of pricing, remove or correct this line"


def test_a_subfolder_that_names_the_same_stack_is_part_of_it() -> None:
    files = {
        "stack.yaml": "stack: !sub '${a}'\nvariables: {a: {default: b}}\n",
        "x/a.yaml": f"stack: !sub '${{a}}'\njobQueues: {QUEUE}\n",
    }
    found = loaded(files)
    assert (found.notes, list(found.stack.declared)) == ((), [Address("JobQueue", "q")])


def test_the_stack_may_be_named_in_a_subfolder_alone() -> None:
    files = {"queues.yaml": f"jobQueues: {QUEUE}\n", "settings/stack.yaml": "stack: risk\n"}
    found = loaded(files)
    assert (found.stack.name, list(found.stack.declared), found.notes) == ("risk", [Address("JobQueue", "q")], ())


def test_a_folder_of_several_stacks_is_one_problem() -> None:
    files = {f"{name}/stack.yaml": f"stack: {name}\njobQueues: {QUEUE}\n" for name in ("a", "b")}
    assert problems({**files, "a/broken.yaml": "jobQueues: ["}) == [
        "stacks: error[STK016]: this folder contains several stacks: a/ (a) and b/ (b)\n    hint: pass one of them"
    ]


FLEET = "environments: {dev: {}}\nstacks: {a: dev}\n"


def test_a_file_of_deployments_is_no_stack() -> None:
    assert problems({"reconciler.yaml": FLEET, "a/stack.yaml": "stack: a\n"}) == [
        (
            "stacks/reconciler.yaml: error[STK017]: stacks contains reconciler.yaml (a deployment file)\n"
            "    hint: use --all=stacks/reconciler.yaml, or pass a stack"
        )
    ]


def test_a_file_of_deployments_may_have_any_name() -> None:
    (told,) = loaded({"fleet.yaml": FLEET, "a/stack.yaml": "stack: a\n"}, root=".").problems
    assert (told.message, told.hint) == (
        "this folder contains fleet.yaml (a deployment file)",
        "use --all=fleet.yaml, or pass a stack",
    )


def test_a_stack_may_lie_beside_a_file_of_deployments() -> None:
    found = loaded({"reconciler.yaml": FLEET, "stack.yaml": "stack: a\n"})
    assert (found.stack.name, found.problems) == ("a", ())


def test_files_of_all_stacks_and_what_they_include_are_told_from_others() -> None:
    parts = {"x/q.yaml": "priority: 1\n", "x/stack.yaml": "stack: inner\njobQueues: {q: !include q.yaml}\n"}
    files = MemoryFiles({"stack.yaml": "stack: outer\n", **parts, "package.json": '{"name": "x"}'})
    assert files_beside(files) == {"package.json"}

"""Several files make one stack; what is wrong with it is said all at once."""

import pytest

from reconciler import __version__
from reconciler.adapters.lookup.sources import Environment
from reconciler.load import load
from reconciler.model import Address
from reconciler.problems import InvalidStack
from reconciler.syntax.diagnostics import CODES, Findings
from tests.load.memory import MEMBERS_BELOW, ONE_VALUE, STACK, MemoryFiles, loaded, problems


def test_an_empty_folder_is_an_error() -> None:
    assert problems({"notes.txt": "x"}) == [
        (
            "stacks: error[STK001]: stacks contains no .yaml, .yml or .json file\n"
            "    hint: pass the folder of a stack; `reconciler init` creates one"
        )
    ]


def test_a_folder_of_empty_files_is_an_error() -> None:
    assert problems({"a.yaml": "# nothing\n", "b.json": "", "c.yml": "---\n"}) == [
        (
            "stacks: error[STK001]: every file in stacks is empty\n"
            "    hint: pass the folder of a stack; `reconciler init` creates one"
        )
    ]


def test_the_settings_of_a_stack_are_read() -> None:
    text = """\
        account: 012345678901
        region: eu-west-1
        namePrefix: !sub "${environment}-"
        tags: {team: risk, cost: 30.0, prod: true}
        variables: {environment: {default: dev}}
        x-anything: [!var nobody]
        $schema: ignored
        """
    stack = loaded(text).stack
    assert (stack.name, stack.account, stack.region, stack.name_prefix) == ("risk", "012345678901", "eu-west-1", "dev-")
    assert stack.tags == {"team": "risk", "cost": "30.0", "prod": "true"}
    assert stack.declared == {}


def test_an_unknown_top_level_key_is_named_with_the_one_that_was_meant() -> None:
    assert problems("jobQueue: {}\nfoo: 1\n") == [
        "stacks/main.yaml:2:1: error[STK002]: the top-level key jobQueue is unknown\n    hint: did you mean jobQueues?",
        (
            "stacks/main.yaml:3:1: error[STK002]: the top-level key foo is unknown\n"
            "    hint: the keys of a stack are stack, account, region, namePrefix, tags, variables, defaults, rules, ignore, lock, lookups, requiredVersion, jobs, schedulingPolicies, "
            "consumableResources, computeEnvironments, serviceEnvironments, jobQueues, quotaShares, jobDefinitions, schedules and notices; "
            "keys that begin with x- are ignored"
        ),
    ]


def test_a_request_of_the_cli_in_yaml_is_shown_its_section() -> None:
    request = "jobDefinitionName: x\ntype: container\ncontainerProperties: {image: y}\n"
    assert problems({"main.yaml": STACK, "one.yaml": request}) == [
        (
            "stacks/one.yaml:1:1: error[STK002]: jobDefinitionName, type and containerProperties are fields of a job "
            "definition, not of a stack\n"
            "    hint: only JSON files can contain a single AWS CLI request; in YAML, use jobDefinitions"
        )
    ]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (
            "vcpus: 1\npriority: 5\n",
            [
                "2:1: error[STK002]: the top-level key vcpus is unknown\n    hint: the keys of a stack are stack, ",
                (
                    "3:1: error[STK002]: priority is a field of a job queue, not of a stack\n"
                    "    hint: write the fields of a job queue below jobQueues and a name"
                ),
            ],
        ),
        (
            "AWSTemplateFormatVersion: 2010-09-09\nResources: {}\nOutputs: {}\n",
            [
                (
                    "2:1: error[STK002]: AWSTemplateFormatVersion is a key of CloudFormation: this is not a stack\n"
                    "    hint: use sections such as schedulingPolicies, with bodies in the form of the AWS API"
                )
            ],
        ),
        (
            "job_queues: {}\nComputeEnvironments: {}\n",
            [
                "2:1: error[STK002]: the top-level key job_queues is unknown\n    hint: did you mean jobQueues?",
                (
                    "3:1: error[STK002]: the top-level key ComputeEnvironments is unknown\n"
                    "    hint: did you mean computeEnvironments?"
                ),
            ],
        ),
        (
            "jobQueues:\n  priority: 5\n  state: ENABLED\n  jobDefinitions: {a: {type: container}}\n  state2: 7\n",
            [
                (
                    "3:3: error[STK005]: priority and state found where jobQueues requires names: the job queue has no name\n"
                    "    hint: add the name of the job queue above, and indent its fields"
                ),
                "5:3: error[STK005]: jobDefinitions is inside jobQueues\n    hint: indent it like jobQueues",
                "6:11: error[STK005]: JobQueue/state2 must be a mapping, not a single value" + MEMBERS_BELOW,
            ],
        ),
    ],
)
def test_a_level_too_much_or_too_few_is_told_once(text: str, expected: list[str]) -> None:
    found = problems(text)
    assert [
        one.removeprefix("stacks/main.yaml:")[: len(wanted)] for one, wanted in zip(found, expected, strict=True)
    ] == expected


def test_a_resource_may_be_called_like_a_member() -> None:
    assert list(loaded("jobQueues: {state: {priority: 1}, tags: {}, priority: }\n").stack.declared) == [
        Address("JobQueue", name) for name in ("state", "tags", "priority")
    ]


def test_a_section_without_resources_is_empty() -> None:
    assert loaded("jobQueues:\ntags:\ndefaults: {jobQueues: }\nvariables:\n").problems == ()


def test_a_stack_needs_a_name() -> None:
    assert problems({"q.json": '{"jobQueueName": "q", "priority": 1}'}) == [
        (
            "stacks: error[STK003]: no file sets the name of the stack\n"
            "    hint: add `stack: NAME` to one of its YAML files; every resource is tagged with the name"
        )
    ]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (
            "stack: a b\n",
            (
                "1:8: error[STK011]: a b is not a valid name of a stack\n"
                "    hint: 1 to 128 letters, digits and - _ . / are allowed"
            ),
        ),
        (
            "stack: ''\n",
            (
                "1:8: error[STK011]: an empty string is not a valid name of a stack\n"
                "    hint: 1 to 128 letters, digits and - _ . / are allowed"
            ),
        ),
        (
            "stack: x\naccount: 12345\n",
            (
                "2:10: error[STK011]: 12345 is not a valid account of a stack\n"
                "    hint: an account ID has 12 digits; quote it"
            ),
        ),
        (
            "stack: x\nregion: virginia\n",
            "2:9: error[STK011]: virginia is not a valid region of a stack\n    hint: use a region such as us-east-1",
        ),
        (
            "stack: x\nregion: 'us-east-1 '\n",
            '2:9: error[STK011]: "us-east-1 " is not a valid region of a stack\n    hint: use a region such as us-east-1',
        ),
        ("stack: [x]\n", "1:8: error[STK005]: stack must be a string, not a list" + ONE_VALUE),
        ("stack: x\ntags: a\n", "2:7: error[STK005]: tags must be a mapping, not a single value" + MEMBERS_BELOW),
        ("stack: x\ntags: {a: {b: c}}\n", "2:11: error[STK005]: the tag a must be a string, not a mapping" + ONE_VALUE),
        ("stack: x\ntags: {a: }\n", "2:8: error[STK005]: the tag a must be a string, not nothing" + ONE_VALUE),
        ("stack: x\njobQueues: [a]\n", "2:12: error[STK005]: jobQueues must be a mapping, not a list" + MEMBERS_BELOW),
        (
            "stack: x\njobQueues: {a: b}\n",
            "2:16: error[STK005]: JobQueue/a must be a mapping, not a single value" + MEMBERS_BELOW,
        ),
        ("stack: x\nvariables: [a]\n", "2:12: error[STK005]: variables must be a mapping, not a list" + MEMBERS_BELOW),
        ("stack: x\ndefaults: [a]\n", "2:11: error[STK005]: defaults must be a mapping, not a list" + MEMBERS_BELOW),
        (
            "stack: x\ndefaults: {jobQueues: a}\n",
            "2:23: error[STK005]: defaults.jobQueues must be a mapping, not a single value" + MEMBERS_BELOW,
        ),
        (
            "stack: x\ndefaults: {jobQueue: {}}\n",
            "2:12: error[STK002]: defaults has no section jobQueue\n    hint: did you mean jobQueues?",
        ),
        (
            "stack: !sub 'x-${stack}'\n",
            (
                "1:8: error[VAR001]: stack is not known yet in the settings of the stack\n"
                "    hint: write the value, or use a variable"
            ),
        ),
    ],
)
def test_a_setting_that_cannot_be_right_is_an_error_at_its_place(text: str, expected: str) -> None:
    assert problems({"main.yaml": text}) == [f"stacks/main.yaml:{expected}"]


def test_settings_can_be_repeated_but_not_contradicted() -> None:
    files = {
        "a.yaml": "stack: x\nregion: eu-west-1\ntags: {team: risk}\n",
        "b.yaml": "stack: x\nregion: us-east-1\ntags: {team: ops, more: tags}\n",
    }
    result = loaded(files)
    assert [str(problem) for problem in result.problems] == [
        (
            "stacks/b.yaml:2:9: error[STK004]: region is us-east-1 here, but eu-west-1 at stacks/a.yaml:2:9\n"
            "    hint: remove one of them: the files of a folder form one stack"
        ),
        (
            "stacks/b.yaml:3:14: error[STK004]: the tag team is ops here, but risk at stacks/a.yaml:3:14\n"
            "    hint: remove one of them: the files of a folder form one stack"
        ),
    ]
    assert (result.stack.name, result.stack.tags) == ("x", {"team": "risk", "more": "tags"})


def test_two_stacks_in_one_folder_are_a_contradiction() -> None:
    assert problems({"a.yaml": "stack: x\n", "b.yaml": "stack: y\n"}) == [
        (
            "stacks/b.yaml:1:8: error[STK004]: stack is y here, but x at stacks/a.yaml:1:8\n"
            "    hint: remove one of them: the files of a folder form one stack"
        )
    ]


def test_the_same_resource_in_two_files_names_both_places() -> None:
    files = {
        "a.yaml": "stack: x\njobQueues: {q: {priority: 1}}\n",
        "b.yaml": "jobQueues: {r: {}, q: {}}\n",
        "c.json": '{"jobQueueName": "r", "priority": 1}',
    }
    assert problems(files) == [
        (
            "stacks/b.yaml:1:20: error[STK006]: JobQueue/q is declared twice; first at stacks/a.yaml:2:13\n"
            "    hint: remove or rename one of them"
        ),
        (
            "stacks/c.json:1:18: error[STK006]: JobQueue/r is declared twice; first at stacks/b.yaml:1:13\n"
            "    hint: remove or rename one of them"
        ),
    ]


def test_resources_come_in_file_order() -> None:
    files = {
        "b.yaml": "stack: x\njobQueues: {z: {}, a: {}}\ncomputeEnvironments: {ce: {}}\n",
        "a.yaml": "jobDefinitions: {jd: {}}\nschedulingPolicies: {fair: }\n",
    }
    assert list(loaded(files).stack.declared) == [
        Address("JobDefinition", "jd"),
        Address("SchedulingPolicy", "fair"),
        Address("JobQueue", "z"),
        Address("JobQueue", "a"),
        Address("ComputeEnvironment", "ce"),
    ]


def test_all_problems_are_reported_at_once_in_file_order() -> None:
    files = {
        "c.yaml": "a: [\n",
        "b.json": '{"jobQueueNme": "q", "priority": 1, "state": "ENABLED"}',
        "a.yaml": """\
            stack: x
            jobQueues:
              one: {priority: !env NOPE, priority: 2}
              "t w o": {schedulingPolicy: a, schedulingPolicyArn: b, lifecycle: {adop: true}}
            tags: {a: [b]}
            """,
    }
    with pytest.raises(InvalidStack) as caught:
        load(MemoryFiles(files), Environment({}))
    assert [(problem.code, str(problem.where or "")) for problem in caught.value.problems] == [
        ("VAR010", "stacks/a.yaml:3:19"),
        ("YML003", "stacks/a.yaml:3:30"),
        ("STK007", "stacks/a.yaml:4:3"),
        ("STK010", "stacks/a.yaml:4:13"),
        ("LIF001", "stacks/a.yaml:4:70"),
        ("STK005", "stacks/a.yaml:5:11"),
        ("STK008", "stacks/b.json:1:1"),
        ("YML002", "stacks/c.yaml:2:1"),
    ]


def test_a_valid_stack_is_returned_without_warnings() -> None:
    stack = load(MemoryFiles({"main.yaml": "stack: x\n"}), Environment({}))
    assert (stack.name, stack.warnings) == ("x", ())


def test_ten_thousand_definitions_load() -> None:
    lines = "".join(f"  job{n}: {{type: container, parameters: {{n: {n}}}}}\n" for n in range(10_000))
    text = f"stack: x\ndefaults: {{jobDefinitions: {{retryStrategy: {{attempts: 3}}}}}}\njobDefinitions:\n{lines}"
    result = loaded({"main.yaml": text})
    assert (len(result.stack.declared), result.problems) == (10_000, ())


def test_every_code_has_a_meaning() -> None:
    assert all(meaning and not meaning.endswith(".") for meaning in CODES.values())
    with pytest.raises(KeyError):
        Findings().add("XYZ001", "", None)


@pytest.mark.parametrize("required", [f"=={__version__}", ">=0.0.1", ">=0.0.1,<99", "~=0.0", "!=99"])
def test_a_version_in_the_required_range_reads_the_stack(required: str) -> None:
    assert problems({"stack.yaml": f'stack: s\nrequiredVersion: "{required}"\n'}) == []


@pytest.mark.parametrize("required", [">=98,<99", f"!={__version__}", "<0.0.1"])
def test_a_different_version_reports_only_that(required: str) -> None:
    text = f'stack: s\nregion: nowhere\nrequiredVersion: "{required}"\nfromTheFuture: {{}}\njobQueues: {{q: {{later: 1}}}}\n'
    assert problems({"stack.yaml": text}) == [
        (
            f"stacks/stack.yaml:3:18: error[VER001]: this is reconciler {__version__}, but reconciler {required} is required\n"
            "    hint: install a version in this range, or change requiredVersion"
        )
    ]


@pytest.mark.parametrize("required", ["0.2", "latest", "^1.0", "''"])
def test_what_is_not_a_range_of_versions_is_an_error(required: str) -> None:
    (problem,) = problems({"stack.yaml": f"stack: s\nrequiredVersion: {required}\n"})
    assert "stack.yaml:2:18: error[" in problem


def test_each_file_of_a_stack_may_require_a_version_and_all_must_fit() -> None:
    files = {"a.yaml": 'stack: s\nrequiredVersion: ">=0.0.1"\n', "b.yaml": 'requiredVersion: ">98"\n'}
    (problem,) = problems(files)
    assert problem.startswith("stacks/b.yaml:1:18: error[VER001]")

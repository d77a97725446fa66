"""Defaults, shorts, lifecycle, names, and where each value is written."""

import pytest

from reconciler.model import Lifecycle, Path
from reconciler.problems import Severity
from tests.load.memory import MEMBERS_BELOW, declared, loaded, problems

DEFAULTS = """\
    defaults:
      jobDefinitions:
        type: container
        retryStrategy: {attempts: 3, evaluateOnExit: [{action: RETRY}]}
        containerProperties: {user: nobody, privileged: false, command: [a, b]}
        lifecycle: {retainRevisions: 5, onRemove: orphan}
      jobQueues:
        schedulingPolicy: fair
    jobDefinitions:
      one:
        retryStrategy: {attempts: 5}
        containerProperties:
          user: null
          command: [c]
          memory:
        lifecycle: {onRemove: delete}
    jobQueues:
      long: {schedulingPolicyArn: other}
      short: {computeEnvironmentOrder: [spot, on-demand]}
    """


def test_defaults_are_merged_below_a_resource() -> None:
    one = declared(DEFAULTS, "JobDefinition", "one")
    assert one.spec == {
        "type": "container",
        "retryStrategy": {"attempts": 5, "evaluateOnExit": [{"action": "RETRY"}]},
        "containerProperties": {"command": ["c"], "privileged": False, "memory": None},
    }
    assert one.lifecycle == Lifecycle(retain_revisions=5, on_remove="delete")


def test_a_short_in_the_defaults_gives_way_to_the_long_form_in_a_resource() -> None:
    assert declared(DEFAULTS, "JobQueue", "long").spec == {"schedulingPolicyArn": "other"}
    assert declared(DEFAULTS, "JobQueue", "short").spec["schedulingPolicyArn"] == "fair"


@pytest.mark.parametrize(
    ("path", "place"),
    [
        ((), "12:3"),
        (("retryStrategy",), "13:5"),
        (("retryStrategy", "attempts"), "13:31"),
        (("retryStrategy", "evaluateOnExit"), "6:34"),
        (("retryStrategy", "evaluateOnExit", 0, "action"), "6:60"),
        (("retryStrategy", "evaluateOnExit", 1), "6:34"),
        (("type",), "5:11"),
        (("containerProperties",), "14:5"),
        (("containerProperties", "image"), "14:5"),
        (("containerProperties", "memory"), "17:7"),
        (("containerProperties", "command", 0), "16:17"),
        (("containerProperties", "command", "x"), "16:7"),
        (("nothing", "at", "all"), "12:3"),
    ],
)
def test_every_value_knows_its_place_also_through_defaults(path: Path, place: str) -> None:
    text = "\n" + DEFAULTS.replace("\n    ", "\n").removeprefix("    ")
    one = declared(text, "JobDefinition", "one")
    assert str(one.places.find(path)) == f"stacks/main.yaml:{place}"


def test_places_lead_through_aliases_and_merge_keys() -> None:
    text = """\
        x-a: &a {image: busybox, command: [x]}
        jobDefinitions:
          one:
            containerProperties: {<<: *a, command: [y]}
            nodeProperties: *a
        """
    one = declared(text, "JobDefinition", "one")
    assert [str(one.places.find(path)) for path in (("containerProperties", "image"), ("nodeProperties",))] == [
        "stacks/main.yaml:2:17",
        "stacks/main.yaml:6:5",
    ]


def test_a_list_of_names_is_short_for_a_ranked_list() -> None:
    short = declared(DEFAULTS, "JobQueue", "short")
    assert short.spec["computeEnvironmentOrder"] == [
        {"order": 1, "computeEnvironment": "spot"},
        {"order": 2, "computeEnvironment": "on-demand"},
    ]
    path = ("computeEnvironmentOrder", 1, "computeEnvironment")
    assert str(short.places.find(path)) == "stacks/main.yaml:20:43"
    assert str(short.places.find(("schedulingPolicyArn",))) == "stacks/main.yaml:9:23"


def test_the_long_form_of_a_ranked_list_stays_as_it_is() -> None:
    text = "jobQueues: {q: {computeEnvironmentOrder: [{order: 7, computeEnvironment: a}]}}\n"
    assert declared(text, "JobQueue", "q").spec["computeEnvironmentOrder"] == [{"order": 7, "computeEnvironment": "a"}]


def test_a_ranked_list_cannot_mix_names_with_mappings() -> None:
    assert problems("jobQueues: {q: {computeEnvironmentOrder: [{order: 7}, a]}}\n") == [
        (
            "stacks/main.yaml:2:55: error[STK010]: computeEnvironmentOrder mixes names with mappings\n"
            "    hint: write only names, or {order, computeEnvironment} for each"
        )
    ]


def test_a_short_beside_its_long_form_is_an_error() -> None:
    assert problems("jobQueues: {q: {schedulingPolicyArn: a, schedulingPolicy: b}}\n") == [
        (
            "stacks/main.yaml:2:41: error[STK010]: schedulingPolicy is short for schedulingPolicyArn, which is also set at "
            "stacks/main.yaml:2:17\n    hint: remove one of them"
        )
    ]


def test_a_name_inside_the_body_must_be_the_name_of_the_resource() -> None:
    text = "jobQueues: {q: {jobQueueName: q, priority: 1}, r: {jobQueueName: s}, 012: {jobQueueName: 012}, t: {jobQueueName: }}\n"
    result = loaded(text)
    assert [str(problem) for problem in result.problems] == [
        (
            "stacks/main.yaml:2:66: error[STK009]: jobQueueName is s, but the resource is named r\n"
            "    hint: remove jobQueueName: the key is the name"
        )
    ]
    assert [dict(one.spec) for one in result.stack.declared.values()] == [{"priority": 1}, {}, {}, {}]


UNLESS = 'if AWS accepts it: rules: {disable: {STK007: "why"}}'


@pytest.mark.parametrize("name", ["a b", "a.b", "ä", "x" * 129, "a/b"])
def test_a_name_that_aws_refuses_is_an_error_at_the_key(name: str) -> None:
    assert problems(f"jobQueues: {{'{name}': {{}}}}\n") == [
        (
            f"stacks/main.yaml:2:13: error[STK007]: AWS rejects the job-queue name {name}\n"
            f"    hint: 1 to 128 letters, digits, hyphens and underscores are allowed; {UNLESS}"
        )
    ]


@pytest.mark.parametrize("prefix", ["", "team.", "a b-"])
def test_a_name_is_taken_where_a_stack_says_that_aws_takes_it(prefix: str) -> None:
    text = f"namePrefix: '{prefix}'\nrules: {{disable: {{STK007: our account has such names}}}}\njobQueues: {{a.b: {{}}}}\n"
    result = loaded(text)
    assert (result.problems, result.stack.name_prefix) == ((), prefix)
    assert {one.code for one in result.stack.silenced} == {"STK007"}


def test_the_prefix_counts_as_part_of_the_name() -> None:
    assert problems(f"namePrefix: {'a' * 126}\njobQueues: {{qqq: {{}}}}\n") == [
        (
            "stacks/main.yaml:3:13: error[STK007]: AWS rejects the job-queue name qqq (with namePrefix: "
            f"{'a' * 126}qqq)\n"
            f"    hint: 1 to 128 letters, digits, hyphens and underscores are allowed; {UNLESS}"
        )
    ]


def test_a_prefix_with_which_no_name_could_begin_is_one_problem() -> None:
    assert problems("namePrefix: a.\njobQueues: {q: {}, r: {}}\n") == [
        (
            "stacks/main.yaml:2:13: error[STK007]: namePrefix is a., and AWS rejects names that begin with it\n"
            f"    hint: letters, digits, hyphens and underscores are allowed; {UNLESS}"
        )
    ]


def test_defaults_of_several_files_are_one() -> None:
    files = {
        "a.yaml": "stack: x\ndefaults: {jobQueues: {priority: 1, tags: {a: b}}}\n",
        "b.yaml": "defaults: {jobQueues: {state: DISABLED, tags: {c: d}}}\njobQueues: {q: }\n",
    }
    assert declared(files, "JobQueue", "q").spec == {"priority": 1, "state": "DISABLED", "tags": {"a": "b", "c": "d"}}


def test_defaults_of_several_files_must_not_contradict_each_other() -> None:
    files = {
        "a.yaml": "stack: x\ndefaults: {jobQueues: {priority: 1, tags: {a: b}}}\n",
        "b.yaml": "defaults: {jobQueues: {priority: 2, tags: {a: c}}}\n",
    }
    assert problems(files) == [
        (
            "stacks/b.yaml:1:24: error[STK004]: defaults.jobQueues.priority is set twice; first at stacks/a.yaml:2:24\n"
            "    hint: remove one of them"
        ),
        (
            "stacks/b.yaml:1:44: error[STK004]: defaults.jobQueues.tags.a is set twice; first at stacks/a.yaml:2:44\n"
            "    hint: remove one of them"
        ),
    ]


def test_lifecycle_is_read() -> None:
    text = """\
        jobQueues:
          q:
            lifecycle:
              preventDestroy: true
              ignoreChanges: [priority, computeEnvironmentOrder]
              replace: Blue-Green
              retainRevisions: 012
              onRemove: orphan
              renamedFrom: old
              adopt: true
        """
    assert declared(text, "JobQueue", "q").lifecycle == Lifecycle(
        prevent_destroy=True,
        ignore_changes=("priority", "computeEnvironmentOrder"),
        replace="blue-green",
        retain_revisions=12,
        on_remove="orphan",
        renamed_from="old",
        adopt=True,
    )


@pytest.mark.parametrize("text", ["{}", "", "{retainRevisions: all}", "{retainRevisions: null}"])
def test_lifecycle_has_defaults(text: str) -> None:
    assert declared(f"jobQueues: {{q: {{lifecycle: {text}}}}}\n", "JobQueue", "q").lifecycle == Lifecycle()


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("{preventDestory: true}", ("30: error[LIF001]: preventDestory is not a field of lifecycle\n"
                                   "    hint: did you mean preventDestroy?")),
        ("{zzz: true}", ("30: error[LIF001]: zzz is not a field of lifecycle\n    hint: its fields are preventDestroy, "
                        "ignoreChanges, replace, retainRevisions, unownedRevisions, onRemove, renamedFrom, adopt and "
                        "runsOn")),
        ("{preventDestroy: 'true'}", "46: error[LIF002]: lifecycle.preventDestroy must be true or false"),
        ("{ignoreChanges: a}", ("45: error[LIF002]: lifecycle.ignoreChanges must be a list of fields, such as "
                               "[computeResources.maxvCpus]")),
        ("{replace: always}", "39: error[LIF002]: lifecycle.replace must be blue-green or refuse"),
        ("{retainRevisions: 0}", "47: error[LIF002]: lifecycle.retainRevisions must be a number from 1, or all"),
        ("{retainRevisions: true}", "47: error[LIF002]: lifecycle.retainRevisions must be a number from 1, or all"),
        ("{onRemove: keep}", "40: error[LIF002]: lifecycle.onRemove must be delete or orphan"),
        ("{renamedFrom: 8}", "43: error[LIF002]: lifecycle.renamedFrom must be the former name"),
        ("{adopt: !var nobody}", "37: error[VAR001]: the variable nobody is not declared\n    hint: declare it under variables"),
        ("[adopt]", "29: error[STK005]: lifecycle must be a mapping, not a list" + MEMBERS_BELOW),
    ],
)  # fmt: skip
def test_a_lifecycle_that_cannot_be_right_is_an_error_at_its_place(text: str, expected: str) -> None:
    assert problems(f"jobQueues: {{q: {{lifecycle:  {text}}}}}\n") == [f"stacks/main.yaml:2:{expected}"]


@pytest.mark.parametrize(
    ("section", "member", "noun"),
    [
        ("jobQueues", "retainRevisions: 5", "job-queue"),
        ("jobQueues", "replace: blue-green", "job-queue"),
        ("schedulingPolicies", "replace: blue-green", "scheduling-policy"),
        ("jobDefinitions", "replace: refuse", "job-definition"),
    ],
)
def test_what_has_no_effect_is_said_to_have_none(section: str, member: str, noun: str) -> None:
    (problem,) = loaded(f"{section}: {{q: {{lifecycle: {{{member}}}}}}}\n").problems
    assert (problem.code, problem.severity, problem.message) == (
        "LIF003", Severity.WARNING, f"lifecycle.{member} has no effect on a {noun}")  # fmt: skip


@pytest.mark.parametrize(
    ("lifecycle", "warned"),
    [
        ("unownedRevisions: prune", True),
        ("unownedRevisions: prune, retainRevisions: all", True),
        ("unownedRevisions: prune, retainRevisions: 5", False),
        ("unownedRevisions: keep", False),
    ],
)
def test_revisions_without_an_owner_are_pruned_beyond_a_number_alone(lifecycle: str, warned: bool) -> None:
    found = loaded(f"jobDefinitions: {{j: {{lifecycle: {{{lifecycle}}}}}}}\n").problems
    expected = "lifecycle.unownedRevisions has no effect without retainRevisions"
    assert [(one.code, one.severity, one.message) for one in found] == [("LIF003", Severity.WARNING, expected)] * warned


def test_what_can_be_replaced_can_be_refused_to_be() -> None:
    assert loaded("jobQueues: {q: {lifecycle: {replace: refuse}}}\n").problems == ()


def test_revisions_are_retained_of_what_has_some() -> None:
    assert loaded("jobDefinitions: {j: {lifecycle: {retainRevisions: 5}}}\n").problems == ()

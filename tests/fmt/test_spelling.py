"""Words that can mean one thing only are spelled as the API spells them, and nothing else is touched."""

import pytest

from reconciler.fmt import Language
from reconciler.fmt.normalize import is_one_slip
from reconciler.kinds import KINDS
from tests.fmt.formatting import LANGUAGE, done, fmt, lines, problems, words


@pytest.mark.parametrize(
    ("word", "own"),
    [
        ("ComputeResources", "computeResources"),
        ("compute_resources", "computeResources"),
        ("compute-resources", "computeResources"),
        ("COMPUTERESOURCES", "computeResources"),
        ("computeResource", "computeResources"),
        ("comptueResources", "computeResources"),
        ("computeRessources", "computeResources"),
        ("computeResourses", "computeResources"),
    ],
)
def test_a_member_that_can_only_be_one_is_spelled_as_that(word: str, own: str) -> None:
    text = f"computeEnvironments:\n  a:\n    {word}: {{maxvCpus: 1}}\n"
    assert fmt(text) == text.replace(word, own)
    assert words(text) == [f"3:5 {word} {own}"]


def test_sections_settings_lifecycle_and_variables_have_their_words_too() -> None:
    text = """
        Stack: x
        job_queue: {a: {Lifecycle: {prevent_destroy: true, onRemove: Orphan}, Priority: 1}}
        Variables: {b: {Type: String}}
    """
    assert fmt(text) == lines("""
        stack: x
        variables: {b: {type: string}}
        jobQueues: {a: {priority: 1, lifecycle: {preventDestroy: true, onRemove: orphan}}}
    """)
    assert words(text)[:2] == ["1:1 Stack stack", "2:1 job_queue jobQueues"]


@pytest.mark.parametrize(
    ("value", "own"),
    [("spot", "SPOT"), ("Fargate_Spot", "FARGATE_SPOT"), ('"ec2"', '"EC2"'), ("'spot'", '"SPOT"')],
)
def test_enumerations_are_in_the_case_of_the_api(value: str, own: str) -> None:
    text = f"computeEnvironments: {{a: {{computeResources: {{type: {value}}}}}}}\n"
    assert fmt(text) == text.replace(value, own)


@pytest.mark.parametrize("value", ["SPOTTY", "!var kind", '!sub "spot"', "[spot]", "null", '"sp\\u006ft"'])
def test_values_that_are_no_spelling_of_one_stay(value: str) -> None:
    text = f"computeEnvironments: {{a: {{computeResources: {{type: {value}}}}}}}\n"
    assert fmt(text) == text


def test_the_authors_own_keys_and_values_stay() -> None:
    text = """
        tags: {Type: ec2, Stack: x}
        x-Stack: {Type: ec2}
        jobDefinitions:
          Type:
            parameters: {Command: ec2, Ref_a: 1}
            containerProperties: {environment: [{name: Type, value: ec2}]}
    """
    assert fmt(text) == lines(text)


@pytest.mark.parametrize(
    ("text", "said", "near"),
    [
        (
            "computeEnvironments:\n  a:\n    computeResources:\n      securityGroups: [x]\n",
            "4:7: error[SCH001]: ComputeEnvironment/a: computeResources.securityGroups is not a field",
            "securityGroupIds",
        ),
        (
            "computeEnvironments:\n  a:\n    computeResources: {mixvCpus: 1}\n",
            "3:24: error[SCH001]: ComputeEnvironment/a: computeResources.mixvCpus is not a field",
            "minvCpus",
        ),
        (
            "defaults: {jobDefinitions: {retryStrategy: {evaluateOnExit: [{onReason: 1, OnReason: 2}]}}}\n",
            "1:76: error[SCH001]: defaults.jobDefinitions: retryStrategy.evaluateOnExit[0].OnReason is not a field",
            "onReason",
        ),
        ("stack: a\nStack: b\n", "2:1: error[STK002]: the top-level key Stack is unknown", "stack"),
        (
            "computeEnvironments:\n  a: {computeResources: {subnet: subnet-0a}}\n",
            "2:26: error[SCH001]: ComputeEnvironment/a: computeResources.subnet is not a field",
            "subnets",
        ),
    ],
    ids=["too far", "two that it can be", "both are there", "both at the top", "of another form"],
)
def test_a_word_in_doubt_is_told_as_validate_tells_it_and_the_file_stays(text: str, said: str, near: str) -> None:
    assert problems(text) == [f"stack.yaml:{said}\n    hint: did you mean {near}?"]


def test_a_word_that_resembles_nothing_is_left_to_validate() -> None:
    assert problems("jobQueues: {a: {color: red, priority: 1}}\n") == []


def test_members_that_only_the_installed_sdk_knows_are_no_mistakes() -> None:
    text = "jobDefinitions: {a: {containerProperties: {image: x, environments: [a], vCpus: 1}}}\n"
    newer = {("containerProperties", "environments"), ("containerProperties", "vCpus")}
    language = Language(LANGUAGE.schema, KINDS, lambda operation, path: tuple(path) in newer)
    assert done(text, language).after.decode() == text
    assert (
        done(text).after.decode()
        == "jobDefinitions: {a: {containerProperties: {image: x, vcpus: 1, environment: [a]}}}\n"
    )


@pytest.mark.parametrize("kind", KINDS.values(), ids=lambda kind: kind.name)
def test_no_member_that_only_answers_have_is_taken_for_another(kind: object) -> None:
    for name in (*kind.read.response_only, kind.arn_member):
        assert words(f"{kind.section}: {{a: {{{name}: !var b}}}}\n") == []


def test_an_anchored_value_is_spelled_for_all_places_that_use_it() -> None:
    assert fmt("""
        x-net: &net {Subnets: [a]}
        compute_environments:
          b: {computeResources: {<<: *net, type: &kind spot}}
          c: {computeResources: {<<: *net, type: *kind}}
    """) == lines("""
        x-net: &net {subnets: [a]}
        computeEnvironments:
          b: {computeResources: {<<: *net, type: &kind SPOT}}
          c: {computeResources: {<<: *net, type: *kind}}
    """)


def test_an_anchored_value_that_is_used_for_different_things_stays() -> None:
    text = """
        tags: {kind: &kind spot}
        computeEnvironments: {b: {computeResources: {type: *kind}}}
    """
    assert fmt(text) == lines(text)


@pytest.mark.parametrize(
    ("word", "other", "is_one"),
    [
        ("image", "image", True),
        ("imge", "image", True),
        ("imagee", "image", True),
        ("imuge", "image", True),
        ("iamge", "image", True),
        ("imega", "image", False),
        ("images", "mage", False),
        ("image2", "image", False),
        ("", "ab", False),
    ],
)
def test_one_slip_of_a_finger(word: str, other: str, is_one: bool) -> None:
    assert is_one_slip(word, other) is is_one
    assert is_one_slip(other, word) is is_one

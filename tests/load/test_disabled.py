"""Rules that a stack switches off: known ones, each with a reason."""

import pytest

from reconciler.load.settings import PROBLEM_CODE
from reconciler.report.catalogue import catalogue
from reconciler.rules import CLAIMS, RULE_IDS
from tests.load.memory import MEMBERS_BELOW, ONE_VALUE, STACK, loaded, problems

LIST = "\n    hint: `reconciler explain --rules` lists the rules"
REASON = "\n    hint: explain why the rule does not apply here"


def test_a_rule_is_disabled_with_its_reason() -> None:
    result = loaded(
        'variables: {who: {default: risk}}\nrules: {disable: {SP002: !sub "${who} wants it", SP003: 2024}}\n'
    )
    assert (result.problems, result.stack.disabled) == ((), {"SP002": "risk wants it", "SP003": "2024"})


def test_rules_may_be_disabled_in_several_files() -> None:
    contents = {
        "a.yaml": STACK + "rules: {disable: {SP002: why, SP003: both}}\n",
        "b.yaml": "rules: {disable: {SP001: because, SP003: both}}\n",
    }
    assert loaded(contents).stack.disabled == {"SP002": "why", "SP003": "both", "SP001": "because"}


def test_two_reasons_for_one_rule_are_an_error() -> None:
    contents = {
        "a.yaml": STACK + "rules: {disable: {SP002: why}}\n",
        "b.yaml": "rules:\n  disable:\n    SP002: because\n",
    }
    assert problems(contents) == [
        (
            "stacks/b.yaml:3:5: error[STK004]: SP002 is disabled for a different reason at stacks/a.yaml:2:19\n"
            "    hint: remove one of them: the files of a folder form one stack"
        )
    ]


@pytest.mark.parametrize("nothing", ["rules:", "rules: {disable: }", "rules: {disable: {}}"])
def test_nothing_may_be_disabled(nothing: str) -> None:
    result = loaded(f"{nothing}\n")
    assert (result.problems, result.stack.disabled) == ((), {})


@pytest.mark.parametrize(
    ("rules", "said"),
    [
        ("{disable: {SP02: why}}", "2:19: error[STK012]: the rule SP02 does not exist\n    hint: did you mean SP002?"),
        (
            "{disable: {sp002: why}}",
            "2:19: error[STK012]: the rule sp002 does not exist\n    hint: did you mean SP002?",
        ),
        ("{disable: {nonsense: why}}", f"2:19: error[STK012]: the rule nonsense does not exist{LIST}"),
        ("{disable: {SCH001: why}}", f"2:19: error[STK012]: SCH001 is not a rule: it cannot be disabled{LIST}"),
        ("{disable: {PLAN001: why}}", f"2:19: error[STK012]: PLAN001 is not a rule: it cannot be disabled{LIST}"),
        ("{disable: {SP002: }}", f"2:19: error[STK013]: SP002 is disabled without a reason{REASON}"),
        ("{disable: {SP002: ' '}}", f"2:26: error[STK013]: SP002 is disabled without a reason{REASON}"),
        (
            "{disable: {SP002: [why]}}",
            "2:26: error[STK005]: the reason to disable SP002 must be a string, not a list" + ONE_VALUE,
        ),
        ("{disable: [SP002]}", "2:18: error[STK005]: rules.disable must be a mapping, not a list" + MEMBERS_BELOW),
        (
            "{disabled: {SP002: x}}",
            "2:9: error[STK014]: disabled is not a field of rules\n    hint: did you mean disable?",
        ),
        ("{nonsense: 1}", "2:9: error[STK014]: nonsense is not a field of rules\n    hint: its only field is disable"),
        ("[SP002]", "2:8: error[STK005]: rules must be a mapping, not a list" + MEMBERS_BELOW),
    ],
)
def test_what_cannot_be_disabled_is_said_at_its_place(rules: str, said: str) -> None:
    assert problems(f"rules: {rules}\n") == [f"stacks/main.yaml:{said}"]


def test_whatever_is_no_rule_looks_like_none() -> None:
    assert {id_ for id_ in catalogue() if not PROBLEM_CODE.fullmatch(id_)} == RULE_IDS


def test_whatever_can_be_disabled_is_explained() -> None:
    assert {id_ for id_, entry in catalogue().items() if entry.can_be_disabled} == RULE_IDS | CLAIMS

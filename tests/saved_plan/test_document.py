"""A plan that was kept is read as what it is, or it is said why not."""

import json
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reconciler.model import Json
from reconciler.plan import Limit, PlanOptions
from reconciler.problems import WrongUsage
from reconciler.redact.presented import present
from reconciler.saved_plan.document import Inputs, inputs_of, read_saved, saved_json, sealed_part
from tests.laws import law
from tests.report.documented import OPEN, document
from tests.report.samples import EVERYTHING, NOTHING

WHOLE = json.dumps(document(EVERYTHING), indent=2)


def inputs() -> st.SearchStrategy[Inputs]:
    text = st.text(max_size=9)
    several = st.lists(text, max_size=2).map(tuple)
    limits = st.builds(Limit, st.integers(0, 100), st.booleans())
    wanted = st.builds(
        PlanOptions,
        adopt=st.booleans(),
        targets=several,
        allow_destroy=several,
        allow_replace=st.booleans(),
        max_destroy=st.none() | limits,
        max_interrupted=st.none() | st.integers(0, 9),
        drain=st.booleans(),
        cancel_jobs=st.booleans(),
    )
    return st.builds(
        Inputs,
        path=text,
        variables=st.dictionaries(text, text, max_size=2),
        withheld=several,
        variable_files=several,
        sandbox=st.none() | text,
        wanted=wanted,
    )


@law(100)
@given(inputs())
def test_what_a_plan_was_made_of_is_read_as_it_was_written(given: Inputs) -> None:
    (found,) = (
        read_saved(
            json.dumps(saved_json(present(NOTHING), sealed_part(NOTHING, present(NOTHING), given, OPEN))), "plan.json"
        )
        or ()
    )
    assert inputs_of(found) == given


def test_several_plans_are_read_in_their_order() -> None:
    both = json.dumps([document(EVERYTHING), document(NOTHING)])
    found = read_saved(both, "plan.json") or []
    assert [one["is_empty"] for one in found] == [False, True]


def test_a_document_is_the_same_every_time_and_says_nothing_of_the_moment() -> None:
    assert json.dumps(document(EVERYTHING)) == json.dumps(document(EVERYTHING))


@pytest.mark.parametrize(
    "text", ["stack: risk\n", '{"jobDefinitionName": "a"}', "[]", "[1]", "7", '"x"', '{"a": 1', "- a"]
)
def test_what_may_be_a_stack_is_left_to_those_who_read_stacks(text: str) -> None:
    assert read_saved(text, "x.json") is None


def broken(**members: Json) -> str:
    return json.dumps({**json.loads(WHOLE), **members})


def without(name: str) -> str:
    return json.dumps({key: value for key, value in json.loads(WHOLE).items() if key != name})


def edited(edit: Callable[[Any], object]) -> str:
    whole = json.loads(WHOLE)
    edit(whole)
    return json.dumps(whole)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "p.json is empty"),
        (" \n", "p.json is empty"),
        (WHOLE[:-1], "p.json is cut off or damaged: Expecting"),
        (WHOLE[:300], "p.json is cut off or damaged: "),
        (f"[{WHOLE},", "p.json is cut off or damaged: "),
        ('{"format_version": ' + "[" * 100_000, "p.json is cut off or damaged: "),
        ('{"format_version": "1.2", "terraform_version": "1.9.0"}', "p.json is not a reconciler plan"),
        ('{"format_version": "1.2", "tool": "other", "document": "plan"}', "p.json is not a reconciler plan"),
        ('[{"format_version": "1.0"}, 7]', "p.json is not a reconciler plan"),
        (broken(tool={"name": "other", "version": "1"}), "p.json is not a reconciler plan"),
        (
            broken(format_version="2.0", tool={"name": "reconciler", "version": "9.9.9"}, changes="?"),
            "p.json has format 2.0, written by reconciler 9.9.9; this version (",
        ),
        (broken(document="drift"), "p.json contains no plan, but a document of kind drift"),
        (
            broken(document="error", error={"message": "3 problems found"}),
            "p.json contains no plan, but an error: 3 problems found",
        ),
        (broken(document="error", error="?"), "p.json contains no plan, but a document of kind error"),
        (without("inputs"), "p.json is damaged at $"),
        (without("fingerprint"), "p.json is damaged at $"),
        (broken(fingerprint="0" * 63), "p.json is damaged at $.fingerprint"),
        (broken(changes={}), "p.json is damaged at $.changes"),
        (broken(changes=[{}]), "p.json is damaged at $.changes[0]"),
        (broken(changes=[7]), "p.json is damaged at $.changes[0]"),
        (edited(lambda whole: whole["inputs"].update(path=7)), "p.json is damaged at $.inputs.path"),
        (edited(lambda whole: whole["inputs"].update(variables={"a": 1})), "p.json is damaged at $.inputs.variables.a"),
        (edited(lambda whole: whole["inputs"].update(max_destroy="5\n")), "p.json is damaged at $.inputs.max_destroy"),
        (edited(lambda whole: whole["inputs"].update(max_destroy="101%")), "p.json is damaged at $.inputs.max_destroy"),
        (
            edited(lambda whole: whole["changes"][1]["steps"][0].pop("request")),
            "p.json is damaged at $.changes[1].steps[0]",
        ),
        (
            edited(lambda whole: whole["changes"][1]["steps"][0].update(operation=None)),
            "p.json is damaged at $.changes[1].steps[0].operation",
        ),
        (broken(account="210987654321"), "p.json was changed after it was written: its fingerprint does not match"),
        (
            edited(lambda whole: whole["changes"][1]["steps"][0]["request"].update(type="UNMANAGED")),
            "p.json was changed after it was written: its fingerprint does not match",
        ),
        (edited(lambda whole: whole["changes"].pop()), "p.json was changed after it was written"),
        (
            broken(account="210987654321", tool={"name": "reconciler", "version": "0.0.9"}),
            ("p.json was changed after it was written: its fingerprint does not match "
            "(or reconciler 0.0.9, which wrote it, computes it differently)"),
        ),
    ],
)  # fmt: skip
def test_what_is_no_plan_any_more_is_told(text: str, message: str) -> None:
    with pytest.raises(WrongUsage) as caught:
        read_saved(text, "p.json")
    assert caught.value.message.startswith(message)


def test_of_several_documents_every_one_has_to_be_a_plan() -> None:
    with pytest.raises(WrongUsage):
        read_saved(f"[{WHOLE}, {broken(document='error')}]", "p.json")


def test_members_of_a_later_version_do_no_harm() -> None:
    later = edited(lambda whole: (whole.update(format_version="1.7", more=[1]), whole["inputs"].update(more=1)))
    assert read_saved(later, "p.json")


def test_a_kind_that_this_version_does_not_know_does_no_harm() -> None:
    from reconciler.saved_plan.sealing import fingerprint_of

    unknown = json.loads(WHOLE)
    unknown["changes"][0]["kind"] = "JobRouter"
    unknown["fingerprint"] = fingerprint_of(unknown)
    assert read_saved(json.dumps(unknown), "p.json")


@law(100)
@given(st.integers(len('{\n  "format_version"'), len(WHOLE) - 2))
def test_wherever_it_is_cut_off_it_is_no_plan(length: int) -> None:
    with pytest.raises(WrongUsage):
        read_saved(WHOLE[:length], "p.json")

"""The `ignore` of a stack: which members, of what, why, and until when."""

import pytest

from reconciler.model import Ignore
from reconciler.problems import Where
from tests.load.memory import STACK, loaded, problems

ENTRY = "ignore:\n  - {resources: JobQueue/*, members: [priority], reason: why}\n"


def test_an_entry_has_resources_members_a_reason_and_maybe_a_last_day() -> None:
    result = loaded(
        "variables: {who: {default: night shift}}\nignore:\n"
        '  - {resources: ComputeEnvironment/spot, members: [state, tags.*], reason: !sub "${who}", expires: 2027-02-28}\n'
        "  - {resources: '*', members: [tags.x], reason: 2027}\n"
    )
    assert result.problems == ()
    assert [(one.resources, one.members, one.reason, one.expires) for one in result.stack.ignore] == [
        ("ComputeEnvironment/spot", ("state", "tags.*"), "night shift", "2027-02-28"),
        ("*", ("tags.x",), "2027", ""),
    ]


def test_the_entries_of_all_files_count() -> None:
    result = loaded({"a.yaml": STACK + ENTRY, "ignore.yaml": ENTRY})
    places = [Where("stacks/a.yaml", 3, 5), Where("stacks/ignore.yaml", 2, 5)]
    assert result.stack.ignore == tuple(Ignore("JobQueue/*", ("priority",), "why", "", place) for place in places)


@pytest.mark.parametrize("nothing", ["ignore:", "ignore: []"])
def test_nothing_may_be_ignored(nothing: str) -> None:
    result = loaded(f"{nothing}\n")
    assert (result.problems, result.stack.ignore) == ((), ())


@pytest.mark.parametrize(
    ("entry", "said"),
    [
        ("{resources: x, members: [y]}", "3:5: error[IGN003]: an ignore entry requires reason"),
        ("{resources: x, reason: y}", "3:5: error[IGN003]: an ignore entry requires members"),
        ("{members: [x], reason: y, resources: }", "3:5: error[IGN003]: an ignore entry requires resources"),
        ("{resources: x, members: [y], reason: z, expire: 1}", "3:45: error[IGN001]: expire is not a field of"),
        ("{resources: x, members: [], reason: z}", "3:29: error[IGN002]: `members` must be a list of fields"),
        ("{resources: x, members: y, reason: z}", "3:29: error[IGN002]: `members` must be a list of fields"),
        ("{resources: x, members: [{a: 1}], reason: z}", "3:30: error[STK005]: an ignored field must be a string"),
        ("{resources: x, members: [y], reason: ' '}", "3:42: error[IGN002]: an empty string is not a valid value of reason"),
        ("{resources: x, members: [y], reason: z, expires: soon}", "3:54: error[IGN002]: soon is not a valid value of expires"),
        ("{resources: x, members: [y], reason: z, expires: 2027-02-30}", "3:54: error[IGN002]: 2027-02-30 is not a valid value"),
        ("{resources: x, members: [y], reason: z, expires: 0000-01-01}", "3:54: error[IGN002]: 0000-01-01 is not a valid value"),
        ('{resources: x, members: [y], reason: z, expires: "٢٠٢٧-٠٣-٣١"}', "3:54: error[IGN002]:"),
        ("nothing", "3:5: error[STK005]: an ignore entry must be a mapping"),
    ],
)  # fmt: skip
def test_an_entry_that_cannot_be_understood_is_an_error_at_its_place(entry: str, said: str) -> None:
    (found,) = problems(f"ignore:\n  - {entry}\n")
    assert f"stacks/main.yaml:{said}" in found


def test_ignore_is_a_list() -> None:
    (found,) = problems("ignore: {resources: x}\n")
    assert "stacks/main.yaml:2:9: error[STK005]: ignore must be a list" in found

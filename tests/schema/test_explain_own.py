"""What the language has of its own can be explained, too."""

import pytest

from reconciler.load.resources import MEMBERS as OF_LIFECYCLE
from reconciler.load.variables import MEMBERS as OF_VARIABLES
from reconciler.schema import Explained, explain_own, own_names


@pytest.mark.parametrize("asked", ["lifecycle.retainRevisions", "JobQueues.Lifecycle.retainrevisions"])
def test_a_member_is_explained_by_itself_and_beside_a_body(asked: str) -> None:
    assert explain_own(asked) == (
        Explained(
            path="lifecycle.retainRevisions",
            says="How many revisions of this stack stay active. Older ones are deregistered after a change, except those that live jobs use.",
            facts=(("type", "integer or all"), ("limits", "at least 1"), ("default", "all")),
        ),
    )


def test_a_section_names_its_members() -> None:
    assert dict(explain_own("variables")[0].facts)["members"] == ", ".join(OF_VARIABLES)
    assert dict(explain_own("lifecycle")[0].facts)["members"] == ", ".join(OF_LIFECYCLE)
    assert dict(explain_own("variables.type")[0].facts)["one of"].startswith("string, number")


def test_everything_says_what_it_is() -> None:
    assert [one for name in own_names() for one in explain_own(name) if not one.says] == []


def test_what_is_no_part_of_the_language_has_no_explanation() -> None:
    assert (explain_own("priority"), explain_own("")) == ((), ())

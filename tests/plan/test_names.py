"""Names that changed hands, and targets that name nothing."""

import pytest

from reconciler.live.facts import LiveRegion
from reconciler.model import Address, Lifecycle, Live, dotted
from reconciler.plan import PlanOptions, build, decide
from reconciler.problems import InvalidStack
from tests.builders import JD, JQ, container, live, owned, planned, queue, stack, told
from tests.fakes import HERE

WAS_OLD = Lifecycle(renamed_from="old")


def old() -> Live:
    return owned(stack({(JD, "old"): container()}), live(JD, "old", container(), revisions=(1,)))


def renamed() -> Live:
    """Return what is `new` by now, and `old` by its physical name for ever."""
    one = old()
    return Live(one.address, one.spec, one.arn, {**one.tags, "reconciler:name": "new"}, "", "", (1,))


def problems(*names: str, world: Live, lifecycles: dict[tuple[str, str], Lifecycle] | None = None) -> list[str]:
    with pytest.raises(InvalidStack) as caught:
        planned(stack({(JD, name): container() for name in names}, lifecycles=lifecycles), world)
    return [str(problem) for problem in caught.value.problems]


def test_a_name_that_a_renamed_resource_still_has_is_not_taken_from_it() -> None:
    assert problems("new", "old", world=renamed()) == [
        (
            "<memory>: error[REF002]: JobDefinition/old: old is already JobDefinition/new of this stack\n"
            "    hint: rename old, or remove new"
        )
    ]


def test_what_is_still_declared_under_its_former_name_is_not_renamed() -> None:
    assert problems("new", "old", world=old(), lifecycles={(JD, "new"): WAS_OLD}) == [
        (
            "<memory>: error[REF002]: JobDefinition/new: old is already JobDefinition/old of this stack\n"
            "    hint: rename new, or remove old"
        )
    ]


def test_renaming_is_told_as_what_it_is() -> None:
    of = stack({(JD, "new"): container()}, lifecycles={(JD, "new"): WAS_OLD})
    assert [(dotted(f.path), f.before, f.after) for f in planned(of, old()).changes[0].fields] == [
        ("tags.reconciler:name", None, "new")
    ]


def test_a_renamed_resource_can_have_its_old_name_again() -> None:
    plan = planned(stack({(JD, "old"): container()}), renamed())
    assert told(plan) == ["~ JobDefinition/old"]
    assert [(dotted(f.path), f.before, f.after) for f in plan.changes[0].fields] == [
        ("tags.reconciler:name", "new", None)
    ]


@pytest.mark.parametrize(
    ("target", "hint"),
    [
        ("JobDefinition/jbo", "did you mean JobDefinition/job?"),
        ("", "use KIND/NAME, for example JobQueue/*"),
    ],
)
def test_a_target_that_matches_nothing_is_warned_of(target: str, hint: str) -> None:
    plan = planned(stack({(JD, "job"): container()}), wanted=PlanOptions(targets=(target,)))
    assert [str(note) for note in plan.notes] == [
        f"warning[PLAN009]: --target {target} matches nothing in this stack\n    hint: {hint}"
    ]


def test_a_target_may_be_as_declared_already_or_no_longer_declared() -> None:
    of = stack({(JD, "old"): container()})
    assert planned(of, old(), wanted=PlanOptions(targets=("JobDefinition/old",))).notes == ()
    leaving = planned(stack({(JQ, "q"): {}}), old(), wanted=PlanOptions(targets=("JobDefinition/*",)))
    assert (told(leaving), leaving.notes) == (["- JobDefinition/old"], ())


@pytest.mark.parametrize("prefix", ["", "dev-"])
@pytest.mark.parametrize("is_tagged", [True, False])
def test_what_is_described_as_deleted_is_known_to_have_been_there(prefix: str, is_tagged: bool) -> None:
    """A consent to its deletion is no mistake, when the run that made it was cut short and comes again."""
    mine = stack({}, prefix=prefix)
    deleted = live(JQ, f"{prefix}old", queue(), status="DELETED")
    plan = build(decide(mine, LiveRegion(HERE, (), taken=(owned(mine, deleted) if is_tagged else deleted,))))
    assert (plan.known, plan.is_empty) == ((Address(JQ, "old"),), True)

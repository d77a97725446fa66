"""Entries of one name: the service keeps them all, and shuffles them."""

from itertools import permutations

from reconciler.diff.canonical import canonical
from reconciler.kinds import KINDS
from reconciler.model import Json
from reconciler.problems import Exit
from tests.builders import JD, container, stack
from tests.fakes import HERE
from tests.world import World

TWICE = [{"name": "A", "value": "1"}, {"name": "A", "value": "2"}, {"name": "B", "value": "3"}]


def read(environment: list[Json]) -> Json:
    return canonical(KINDS[JD].rows, container(environment=environment), HERE)["containerProperties"]["environment"]


def test_an_environment_variable_that_is_written_twice_is_the_same_in_any_order() -> None:
    seen = [read(list(order)) for order in permutations(TWICE)]
    assert seen[0] == {"A": {"value": "1"}, "A#2": {"value": "2"}, "B": {"value": "3"}}
    assert all(one == seen[0] for one in seen)


def test_a_namesake_that_went_is_a_difference() -> None:
    assert read(TWICE[:1]) != read(TWICE[:2])


def test_it_is_never_registered_again() -> None:
    of = stack({(JD, "job"): container(environment=TWICE)})
    world = World()
    assert world.apply(of).exit is Exit.DONE
    assert [world.plan(of).changes for _ in range(8)] == [()] * 8

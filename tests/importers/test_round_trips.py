"""Whatever is live: what an import writes leaves the plan empty but for adoption, and is no longer than it must be."""

from copy import deepcopy
from dataclasses import replace

import pytest
from hypothesis import given, note
from hypothesis import strategies as st

from reconciler.app import usecases
from reconciler.diff import compare_bodies
from reconciler.importers.minimize import strip_defaults
from reconciler.importers.writer import GroupBy
from reconciler.kinds import KINDS
from reconciler.kinds.base import Field
from reconciler.model import Json, Live, Stack
from reconciler.plan import PlanOptions
from reconciler.plan.requests import as_request
from reconciler.ports import takes_everything
from reconciler.problems import Exit
from tests.builders import CE, CR, JD, JQ, QS, SE, SP, live
from tests.fakes import HERE
from tests.importers.importing import beyond_adoption, imported, out_of_style, planned, read, tidied
from tests.laws import law
from tests.shapes import bodies
from tests.test_convergence import stacks
from tests.test_noise import described, possible
from tests.world import World

FEW = law(10)
TAGS = st.dictionaries(st.sampled_from(["team", "no", "1", "a b"]), st.sampled_from(["x", "on", "0x1", ""]), max_size=2)


def region(world: World) -> tuple[Live, ...]:
    return usecases.region(world.session).live


@FEW
@given(stacks(), st.sampled_from(list(GroupBy)))
def test_what_is_live_is_imported_planned_empty_adopted_and_stays_empty(stack: Stack, group_by: GroupBy) -> None:
    world = World()
    assert world.apply(stack).exit is Exit.DONE
    assert world.apply(stack, PlanOptions(forget=True)).exit is Exit.DONE
    tidy = tidied(imported(region(world)), group_by=group_by)
    note(str(tidy.files.texts))
    again, errors = read(tidy)
    assert [str(error) for error in errors] == []
    assert out_of_style(tidy) == []
    assert beyond_adoption(planned(again, region(world))) == []
    since = len(world.calls)
    assert world.apply(again, PlanOptions(adopt=True, tags_alone=True)).exit is Exit.DONE
    assert {name for name, _ in world.writes(since)} <= {"TagResource"}
    assert world.plan(again).is_empty


@FEW
@given(stacks(), st.sampled_from(["", "dev-"]))
def test_a_stack_that_was_applied_is_imported_as_the_same_stack(stack: Stack, prefix: str) -> None:
    world = World()
    stack = replace(stack, name_prefix=prefix)
    world.apply(stack)
    again, _ = read(tidied(imported(region(world), stack.name), stack.name))
    # What is left out was in the digest of what was applied: that record is all that is out of date.
    assert beyond_adoption(world.plan(again)) == []
    assert again.declared.keys() == stack.declared.keys()
    assert again.name_prefix == (prefix if stack.declared else "")


@pytest.mark.parametrize("kind", [JD, CE])
@FEW
@given(data=st.data(), seed=st.integers(0, 99), tags=TAGS)
def test_any_description_is_written_so_that_it_plans_empty(
    kind: str, data: st.DataObject, seed: int, tags: dict[str, str]
) -> None:
    shown = [
        described(kind, possible(data.draw(bodies(KINDS[kind]))), seed) for _ in range(data.draw(st.integers(1, 4)))
    ]
    there = [live(kind, f"n{n}", body, tags=tags, revisions=(1,) if kind == JD else ()) for n, body in enumerate(shown)]
    tidy = tidied(imported(there))
    note(str(tidy.files.texts))
    again, _ = read(tidy)
    assert out_of_style(tidy) == []
    assert len(again.declared) == len(there)
    # References into nowhere are the generator's: of those, no plan can be made.
    assert beyond_adoption(planned(again, (*there, *consumables(shown)))) == []


def consumables(shown: list[dict[str, Json]]) -> list[Live]:
    """What job definitions that were made up refer to."""
    names = {value for body in shown for value in _named(body, "consumableResource")}
    return [live(CR, name, {"totalQuantity": 1}) for name in sorted(names)]


def _named(body: Json, member: str) -> list[str]:
    if isinstance(body, list):
        return [name for item in body for name in _named(item, member)]
    if not isinstance(body, dict):
        return []
    own = [body[member]] if isinstance(body.get(member), str) else []
    return own + [name for inner in body.values() for name in _named(inner, member)]


@pytest.mark.parametrize("kind", [CE, JQ, SP, JD, CR, SE, QS])
@FEW
@given(data=st.data())
def test_whatever_is_left_out_means_the_same(kind: str, data: st.DataObject) -> None:
    """The plan of a stack that declares what is kept is empty where the whole is live."""
    body = as_request(KINDS[kind], data.draw(bodies(KINDS[kind])), takes_everything)
    assert compare_bodies(KINDS[kind], body, strip_defaults(KINDS[kind], body, HERE), HERE) == ()


@pytest.mark.parametrize("kind", [CE, JQ, SP, JD, CR, SE, QS])
@FEW
@given(data=st.data())
def test_every_member_that_is_kept_would_be_missed(kind: str, data: st.DataObject) -> None:
    """Members of entries of lists are left out, of others told apart or compared as a whole: they are not tried."""
    body = as_request(KINDS[kind], data.draw(bodies(KINDS[kind])), takes_everything)
    kept = strip_defaults(KINDS[kind], body, HERE)
    for path in members(KINDS[kind].fields, kept, ()):
        assert compare_bodies(KINDS[kind], body, without(kept, path), HERE), f"{path} could be left out"


def members(rows: tuple[Field, ...], body: Json, at: tuple[str, ...]) -> list[tuple[str, ...]]:
    found = []
    for row in rows:
        if row.name in body and not row.legacy_alias_of:
            found.append((*at, row.name))
            if row.fields and isinstance(body[row.name], dict):
                found += members(row.members, body[row.name], (*at, row.name))
    return found


def without(body: Json, path: tuple[str, ...]) -> Json:
    left = deepcopy(dict(body))
    inner = left
    for step in path[:-1]:
        inner = inner[step]
    del inner[path[-1]]
    return left

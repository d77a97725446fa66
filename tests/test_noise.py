"""Nothing that the service makes of a request by itself shows as a change: for any request that botocore can make."""

from copy import deepcopy
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reconciler.diff import compare_bodies
from reconciler.kinds import KINDS, batch_kinds
from reconciler.kinds.base import Field
from reconciler.model import FieldChange, Json, dotted
from reconciler.sandbox.core.clock import Timings
from reconciler.sandbox.core.state import UNORDERED, AccountState, shuffle_lists
from reconciler.sandbox.core.store import Memory
from reconciler.sandbox.resources.defaults import definition_body, environment_body
from tests.builders import CE, JD
from tests.fakes import HERE
from tests.laws import law
from tests.shapes import bodies

NEWS = st.lists(st.sampled_from(["newMember", "otherNews"]), max_size=2, unique=True)
CALM = law(30)


def world(seed: int) -> AccountState:
    return AccountState(account=HERE.account, region=HERE.region, now=0.0, store=Memory(), timings=Timings(),
                 random=Random(seed), seed=seed, unordered=UNORDERED)  # fmt: skip


def described(kind: str, body: dict[str, Json], seed: int) -> dict[str, Json]:
    """Return a body as the simulated service shows it, without checking whether its members fit together."""
    here = world(seed)
    raw = definition_body(body) if kind == JD else environment_body(here, {"computeEnvironmentName": "x", **body})
    shown = shuffle_lists(deepcopy(raw), here)
    return {name: value for name, value in shown.items() if name not in KINDS[kind].read.response_only}


def possible(body: dict[str, Json]) -> dict[str, Json]:
    """Take out what a create request cannot be: DISABLED, instances without a type, Fargate with instances."""
    if "computeResources" in body:
        resources = {"minvCpus": 0, "instanceTypes": ["m5"], **body["computeResources"]}
        barred = ("instanceTypes", "ec2Configuration") if resources["type"].startswith("FARGATE") else ()
        body["computeResources"] = {name: value for name, value in resources.items() if name not in barred}
    return {name: value for name, value in body.items() if name != "state"}


def changes(kind: str, live: dict[str, Json], declared: dict[str, Json]) -> tuple[FieldChange, ...]:
    return compare_bodies(KINDS[kind], live, declared, HERE)


@pytest.mark.parametrize("kind", [JD, CE])
@given(data=st.data(), seed=st.integers(0, 99))
@CALM
def test_what_the_service_makes_of_a_request_is_no_change(kind: str, data: st.DataObject, seed: int) -> None:
    body = possible(data.draw(bodies(KINDS[kind])))
    before = deepcopy(body)
    assert [(dotted(c.path), c.before, c.after) for c in changes(kind, described(kind, body, seed), body)] == []
    assert body == before


@pytest.mark.parametrize("kind", [kind.name for kind in batch_kinds()])
@given(data=st.data())
@CALM
def test_members_that_nobody_has_heard_of_are_no_change_wherever_they_appear(kind: str, data: st.DataObject) -> None:
    body = data.draw(bodies(KINDS[kind]))
    live = with_news(deepcopy(body), KINDS[kind].fields, data)
    assert [(dotted(c.path), c.before, c.after) for c in changes(kind, live, body)] == []


def with_news(body: dict[str, Json], rows: tuple[Field, ...], data: st.DataObject) -> dict[str, Json]:
    """Return a body in which the service has filled in members that no table knows: here, below, or both."""
    news = {name: data.draw(st.sampled_from(["x", 7, False, {"deep": [1]}])) for name in data.draw(NEWS)}
    for row in rows:
        inside = body.get(row.name)
        if row.fields and isinstance(inside, dict):
            body[row.name] = with_news(inside, row.members, data)
        elif row.fields and isinstance(inside, list):
            body[row.name] = [with_news(entry, row.members, data) for entry in inside if isinstance(entry, dict)]
    return body | news


@pytest.mark.parametrize("kind", [kind.name for kind in batch_kinds()])
@given(data=st.data())
@CALM
def test_a_body_is_canonical_after_one_go(kind: str, data: st.DataObject) -> None:
    """Comparing a body with itself is silent, whatever its members."""
    body = data.draw(bodies(KINDS[kind]))
    assert changes(kind, body, deepcopy(body)) == ()

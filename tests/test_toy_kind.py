"""A new kind is one table and one name: everything else follows from it."""

from collections.abc import Iterator
from unittest.mock import patch

import pytest

from reconciler.app import usecases
from reconciler.kinds import KINDS
from reconciler.model import Json, Stack
from reconciler.plan import PlanOptions
from reconciler.problems import Exit
from reconciler.schema import explain, schemas, untagged
from reconciler.validate import validate
from tests.builders import stack, told
from tests.fakes import InstantClock, session_of
from tests.toys import TOY, Toyshop, service_model


@pytest.fixture(autouse=True)
def _only_toys() -> Iterator[None]:
    with patch.dict(KINDS, {"Toy": TOY}, clear=True):  # puts the others back in their order
        yield


def toys(**bodies: dict[str, Json]) -> Stack:
    return stack({("Toy", name): body for name, body in bodies.items()})


def apply(shop: Toyshop, mine: Stack, wanted: PlanOptions | None = None) -> usecases.Finish:
    wanted = wanted or PlanOptions()
    plan = usecases.plan(mine, session_of(shop), wanted)
    return usecases.run(plan, mine, session_of(shop, InstantClock()), options=wanted, parallelism=1)


def test_a_toy_is_created_compared_updated_and_deleted() -> None:
    shop, first = Toyshop(), toys(bear={"material": "wool", "parts": ["arm", "leg"]})
    assert apply(shop, first).exit is Exit.DONE
    assert usecases.plan(first, session_of(shop)).is_empty
    second = toys(bear={"material": "wool", "parts": ["leg", "ear"], "color": "BLUE"})
    assert told(usecases.plan(second, session_of(shop))) == ["~ Toy/bear"]
    assert apply(shop, second).exit is Exit.DONE
    assert apply(shop, second, PlanOptions(destroy=True)).exit is Exit.DONE
    assert shop.toys == {}


def test_what_a_toy_cannot_change_is_refused() -> None:
    shop = Toyshop()
    apply(shop, toys(bear={"material": "wool"}))
    (refusal,) = usecases.plan(toys(bear={"material": "wood"}), session_of(shop)).refusals
    assert "Toy/bear: material cannot be changed in place" in refusal.message


def test_a_toy_has_a_schema_and_can_be_explained() -> None:
    schema = untagged(schemas(KINDS.values(), service_model())["stack.schema.json"])
    _, problems = validate(toys(bear={"colour": "red"}), schema, KINDS)
    assert {problem.message for problem in problems} == {
        "Toy/bear: colour is not a field", "Toy/bear: material is missing"}  # fmt: skip
    (color,) = explain("toys.color", KINDS, schema)
    assert color.says == "Any color."

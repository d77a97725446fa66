"""A new kind is one table and one name: everything else follows from it."""

import copy
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from unittest.mock import patch

import pytest

from reconciler.app import usecases
from reconciler.kinds import KINDS
from reconciler.kinds.base import CreateCall, DeleteCall, Field, Form, Kind, ReadCalls, UpdateCall
from reconciler.model import Cost, Identity, Json, Stack
from reconciler.plan import PlanOptions
from reconciler.problems import Exit
from reconciler.schema import explain, schemas, untagged
from reconciler.validate import validate
from tests.builders import stack, told
from tests.fakes import HERE, InstantClock
from tests.schemas import model

TOY = Kind(
    name="Toy",
    section="toys",
    description="What children play with.",
    noun="toy",
    name_member="toyName",
    arn_member="toyArn",
    rows=(
        Field(name="color", form=Form.CASELESS, cost=Cost.SCALING, default="RED", description="Any color."),
        Field(name="material", cost=Cost.REPLACE, description="What it is made of; for life."),
        Field(name="parts", form=Form.SET, cost=Cost.SCALING, unset=[], description="In any order."),
    ),
    read=ReadCalls(operation="DescribeToys", result="toys", names="names"),
    create=CreateCall(operation="CreateToy"),
    update=UpdateCall(operation="UpdateToy", id_member="toy"),
    delete=DeleteCall(operation="DeleteToy", id_member="toy"),
)
MEMBERS = {"color": {"shape": "String"}, "material": {"shape": "String"}, "parts": {"shape": "StringList"}}


@dataclass
class Toyshop:
    """A service that has toys and nothing else, and shows every list backwards."""

    toys: dict[str, dict[str, Json]] = field(default_factory=dict)

    def identity(self) -> Identity:
        return HERE

    def call(self, operation: str, request: Mapping[str, Json]) -> Mapping[str, Json]:
        match operation:
            case "CreateToy":
                body = {"color": "red", **request}
                self.toys[request["toyName"]] = body | {"toyArn": TOY.arn(HERE, request["toyName"])}
            case "UpdateToy":
                self.toys[request["toy"]] |= {k: v for k, v in request.items() if k != "toy"}
            case "DeleteToy":
                del self.toys[request["toy"]]
            case "TagResource":
                next(toy for toy in self.toys.values() if toy["toyArn"] == request["resourceArn"])["tags"] |= request[
                    "tags"
                ]
            case "DescribeToys":
                return {"toys": [toy | {"parts": list(reversed(toy.get("parts", [])))} for toy in self.toys.values()]}
        return {}


@pytest.fixture(autouse=True)
def _only_toys() -> Iterator[None]:
    with patch.dict(KINDS, {"Toy": TOY}, clear=True):  # puts the others back in their order
        yield


def toys(**bodies: dict[str, Json]) -> Stack:
    return stack({("Toy", name): body for name, body in bodies.items()})


def apply(shop: Toyshop, mine: Stack, wanted: PlanOptions | None = None) -> usecases.Finish:
    wanted = wanted or PlanOptions()
    plan = usecases.plan(mine, shop, wanted)
    return usecases.run(plan, mine, shop, InstantClock(), wanted=wanted, parallelism=1)


def test_a_toy_is_created_compared_updated_and_deleted() -> None:
    shop, first = Toyshop(), toys(bear={"material": "wool", "parts": ["arm", "leg"]})
    assert apply(shop, first).exit is Exit.DONE
    assert usecases.plan(first, shop).is_empty
    second = toys(bear={"material": "wool", "parts": ["leg", "ear"], "color": "BLUE"})
    assert told(usecases.plan(second, shop)) == ["~ Toy/bear"]
    assert apply(shop, second).exit is Exit.DONE
    assert apply(shop, second, PlanOptions(destroy=True)).exit is Exit.DONE
    assert shop.toys == {}


def test_what_a_toy_cannot_change_is_refused() -> None:
    shop = Toyshop()
    apply(shop, toys(bear={"material": "wool"}))
    (refusal,) = usecases.plan(toys(bear={"material": "wood"}), shop).refusals
    assert "Toy/bear: material cannot be changed in place" in refusal.message


def test_a_toy_has_a_schema_and_can_be_explained() -> None:
    service = copy.deepcopy(dict(model()))
    service["operations"] |= {
        name: {"name": name, "input": {"shape": f"{name}Request"}} for name in ("CreateToy", "UpdateToy")
    }
    tags = {"tags": {"shape": "TagrisTagsMap"}}
    service["shapes"] |= {
        "CreateToyRequest": {"type": "structure", "required": ["toyName", "material"],
                             "members": {"toyName": {"shape": "String"}, **MEMBERS, **tags}},
        "UpdateToyRequest": {"type": "structure", "members": {"toy": {"shape": "String"}, **MEMBERS}},
    }  # fmt: skip
    schema = untagged(schemas(KINDS.values(), service)["stack.schema.json"])
    _, problems = validate(toys(bear={"colour": "red"}), schema, KINDS)
    assert {problem.message for problem in problems} == {
        "Toy/bear: colour is not a member", "Toy/bear: material is missing"}  # fmt: skip
    (color,) = explain("toys.color", KINDS, schema)
    assert color.says == "Any color."

"""A kind that AWS does not have: its table, a service that has it, and that service's model."""

import copy
from collections.abc import Mapping
from dataclasses import dataclass, field

from reconciler.kinds.base import CreateCall, DeleteCall, Field, Form, Kind, ReadCalls, UpdateCall
from reconciler.model import Cost, Identity, Json
from tests.fakes import HERE
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
FIELDS = {
    "color": {"shape": "String"},
    "material": {"shape": "String"},
    "parts": {"shape": "StringList"},
    "age": {"shape": "Integer"},  # the service has it, the table has no row for it
}


def service_model() -> Json:
    """Return botocore's model of Batch with toys in it."""
    service = copy.deepcopy(dict(model()))
    service["operations"] |= {
        name: {"name": name, "input": {"shape": f"{name}Request"}} for name in ("CreateToy", "UpdateToy")
    }
    create = {"toyName": {"shape": "String"}, **FIELDS, "tags": {"shape": "TagrisTagsMap"}}
    service["shapes"] |= {
        "CreateToyRequest": {"type": "structure", "required": ["toyName", "material"], "members": create},
        "UpdateToyRequest": {"type": "structure", "members": {"toy": {"shape": "String"}, **FIELDS}},
    }
    return service


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
                self._tags(request["resourceArn"]).update(request["tags"])
            case "UntagResource":
                for key in request["tagKeys"]:
                    del self._tags(request["resourceArn"])[key]
            case "DescribeToys":
                return {"toys": [toy | {"parts": list(reversed(toy.get("parts", [])))} for toy in self.toys.values()]}
        return {}

    def _tags(self, arn: str) -> dict[str, str]:
        return next(toy["tags"] for toy in self.toys.values() if toy["toyArn"] == arn)

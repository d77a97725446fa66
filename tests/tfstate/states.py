"""A state as Terraform writes it, small."""

import json
from collections.abc import Mapping

from reconciler.model import Json


def instance(attributes: Mapping[str, Json], key: Json = None, **more: Json) -> dict[str, Json]:
    index = {} if key is None else {"index_key": key}
    return {**index, "schema_version": 1, "attributes": dict(attributes), "sensitive_attributes": [], **more}


def resource(type_: str, name: str, *instances: Json, module: str = "", mode: str = "managed") -> dict[str, Json]:
    own = {"module": module} if module else {}
    provider = 'provider["registry.terraform.io/hashicorp/aws"]'
    return {**own, "mode": mode, "type": type_, "name": name, "provider": provider, "instances": list(instances)}


def document(*resources: Json, **outputs: Json) -> dict[str, Json]:
    return {
        "version": 4,
        "terraform_version": "1.9.8",
        "serial": 7,
        "lineage": "6f0b2c1e-1111-2222-3333-444455556666",
        "outputs": outputs,
        "resources": list(resources),
        "check_results": None,
    }


def output(value: Json, *, sensitive: bool = False) -> dict[str, Json]:
    return {"value": value, "type": "dynamic", **({"sensitive": True} if sensitive else {})}


def get_attr(name: str) -> dict[str, Json]:
    return {"type": "get_attr", "value": name}


def index(key: Json) -> dict[str, Json]:
    return {"type": "index", "value": {"value": key, "type": "number" if isinstance(key, int) else "string"}}


NETWORK = document(
    resource("aws_vpc", "main", instance({"id": "vpc-0a1b2c3d", "tags": {"Name": "main", "a b": "c"}, "ipv6": None})),
    resource(
        "aws_subnet",
        "a",
        instance({"id": "subnet-0a1b2c30", "az": 0}, 0),
        instance({"id": "subnet-0a1b2c31", "az": 1}, 1),
    ),
    resource("aws_subnet", "zone", instance({"id": "subnet-0c"}, "us-east-1c"), instance({"id": "subnet-0d"}, "d.$")),
    resource("aws_caller_identity", "me", instance({"account_id": "012345678901"}), mode="data"),
    resource("aws_iam_role", "batch", instance({"arn": "arn:aws:iam::123456789012:role/b"}), module="module.roles"),
    resource("aws_iam_role", "job", instance({"id": "deep"}), module='module.a["x.y"].module.b[0]'),
    resource(
        "aws_db_instance",
        "db",
        instance(
            {"password": "hush-hush", "port": 5432, "hosts": [{"name": "h", "pin": 12345}], "master_user_secret": [{"secret_arn": "arn:aws:secretsmanager:us-east-1:123456789012:secret:a"}]},
            sensitive_attributes=[[get_attr("port")], [get_attr("hosts"), index(0), get_attr("pin")]],
        ),
    ),
    resource("random_password", "p", instance({"id": "none", "result": "qwertyuiop", "length": 10})),
    resource(
        "aws_security_group",
        "old",
        instance({"id": "sg-new"}),
        instance({"id": "sg-old"}, deposed="6a7b8c9d"),
    ),
    resource(
        "terraform_remote_state",
        "up",
        instance({"outputs": {"value": {"ids": ["a", "b"]}, "type": ["object", {}]}, "backend": "s3"}),
        mode="data",
    ),
    subnet_ids=output(["subnet-0a1b2c30", "subnet-0a1b2c31"]),
    max_vcpus=output(64),
    share=output(0.5),
    is_spot=output(value=False),
    text=output("0064"),
    tags=output({"team": "risk", "nested": {"n": [1, None]}}),
    nothing=output(None),
    dsn=output("pg://hidden", sensitive=True),
    pins=output({"a": 1234, "b": [True, None]}, sensitive=True),
    db_password=output("not marked"),
)  # fmt: skip


def raw(state: Json) -> bytes:
    return json.dumps(state).encode()

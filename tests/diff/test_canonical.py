"""A canonical form is a function of the body alone, whatever it is formed beside."""

import pytest

from reconciler.diff.canonical import canonical
from reconciler.kinds import KINDS
from reconciler.model import Json
from tests.fakes import HERE

GPU = {"resourceRequirements": [{"type": "GPU", "value": "1"}]}
MOUNT = {"linuxParameters": {"devices": [{"hostPath": "/a"}], "swappiness": 5}}
PAIRS: list[tuple[Json, Json]] = [
    ({"vcpus": 2, **GPU}, GPU),  # the legacy size is in the canonical form of its twin, too
    (GPU, {"vcpus": 2, **GPU}),
    ({"vcpus": 2, "memory": 512}, {"vcpus": 2, "memory": 1024}),
    (MOUNT, {"linuxParameters": {**MOUNT["linuxParameters"], "swappiness": 6}}),
    ({"environment": [{"name": "A", "value": "1"}]}, {"environment": [{"value": "1", "name": "A"}], "secrets": []}),
    ({"image": "a", "privileged": False}, {"image": "a", "privileged": False, "user": "", "news": {"a": []}}),
]
EC2 = {"type": "EC2", "instanceTypes": ["a", "b"], "maxvCpus": 4}
ORDERED = {**EC2, "allocationStrategy": "BEST_FIT_PROGRESSIVE_ORDERED"}  # the order of types counts beside it


@pytest.mark.parametrize(("first", "second"), PAIRS)
def test_a_container_is_formed_beside_an_equal_one_as_it_is_alone(first: Json, second: Json) -> None:
    one, other = ({"type": "container", "containerProperties": inner} for inner in (first, second))
    assert formed_beside("JobDefinition", one, other)


def test_what_depends_on_its_siblings_is_formed_beside_its_own() -> None:
    for first, second in ((EC2, ORDERED), (ORDERED, EC2)):
        assert formed_beside("ComputeEnvironment", {"computeResources": first}, {"computeResources": second})


def formed_beside(name: str, one: Json, other: Json) -> bool:
    rows = KINDS[name].rows
    return canonical(rows, other, HERE, (one, canonical(rows, one, HERE))) == canonical(rows, other, HERE)

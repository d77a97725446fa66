"""What is ignored is sent as it is live: what a path names, all of it, and nothing else."""

from collections.abc import Iterator
from copy import deepcopy

import pytest
from botocore.validate import ParamValidator
from hypothesis import given
from hypothesis import strategies as st

from reconciler.diff.ignore import with_ignored
from reconciler.kinds import KINDS, batch_kinds
from reconciler.kinds.base import Field, Form, Row
from reconciler.kinds.paths import is_unnamed, names_of
from reconciler.model import Json
from tests.builders import CE, JD, SE, container, ec2, limits
from tests.laws import law
from tests.shapes import bodies, model


def task(*containers: dict[str, Json]) -> dict[str, Json]:
    return {"ecsProperties": {"taskProperties": [{"containers": list(containers)}]}}


@pytest.mark.parametrize(
    ("path", "declared", "live", "sent"),
    [
        ("containerProperties.image", container(image="a"), container(image="b"), container(image="b")),
        ("parameters", {}, {"parameters": {"a": "1"}}, {"parameters": {"a": "1"}}),
        ("parameters.a", {"parameters": {"b": "2"}}, {"parameters": {"a": "1"}}, {"parameters": {"b": "2", "a": "1"}}),
        ("timeout.attemptDurationSeconds", {"timeout": {"attemptDurationSeconds": 60}}, {}, {}),
        ("retryStrategy.evaluateOnExit.0", {}, {"retryStrategy": {"evaluateOnExit": [{"action": "exit"}]}},
         {"retryStrategy": {"evaluateOnExit": [{"action": "exit"}]}}),
        ("ecsProperties.taskProperties.[0].containers.a.image", task({"name": "a", "image": "1"}, {"name": "b", "image": "1"}),
         task({"name": "b", "image": "2"}, {"name": "a", "image": "2"}),
         task({"name": "a", "image": "2"}, {"name": "b", "image": "1"})),
    ],
)  # fmt: skip
def test_an_ignored_member_is_sent_as_it_is_live(
    path: str, declared: dict[str, Json], live: dict[str, Json], sent: dict[str, Json]
) -> None:
    assert with_ignored(KINDS[JD], declared, live, [path]) == sent


@pytest.mark.parametrize(
    ("path", "most"),
    [("capacityLimits.ml.m5.large.maxCapacity", 9), ("capacityLimits.ml.m5.large", 9), ("capacityLimits.ml.m5", 1)],
)
def test_a_key_may_have_dots(path: str, most: int) -> None:
    declared, live = ({"capacityLimits": limits(m5=capacity)} for capacity in (1, 9))
    assert with_ignored(KINDS[SE], declared, live, [path]) == {"capacityLimits": limits(m5=most)}


def test_an_ignored_entry_that_is_not_live_is_not_sent() -> None:
    declared = container(environment=[{"name": "A", "value": "1"}, {"name": "B", "value": "1"}])
    sent = with_ignored(KINDS[JD], declared, container(), ["containerProperties.environment.A"])
    assert sent["containerProperties"]["environment"] == [{"name": "B", "value": "1"}]


def test_the_declaration_itself_is_left_as_it_is() -> None:
    declared = ec2(maxvCpus=1)
    with_ignored(KINDS[CE], declared, ec2(maxvCpus=2), ["computeResources.maxvCpus"])
    assert declared == ec2(maxvCpus=1)


MODEL = model()


def lists(rows: tuple[Row, ...], at: str = "") -> Iterator[tuple[str, Field]]:
    """Yield the path of each field that is in a list, and of each list's entries; `*` stands for an entry."""
    for row in rows:
        if not isinstance(row, Field):
            continue
        path = f"{at}{row.name}"
        if row.form is Form.KEYED or is_unnamed(row):
            yield f"{path}.*", row
            path = f"{path}.*"
        elif ".*." in path and not row.fields and row.form is not Form.MAP:
            yield path, row
        yield from lists(row.fields, f"{path}.")


LISTS = [(kind, path) for kind in batch_kinds() for path, _ in lists(kind.rows)]


@law(60)
@given(st.data())
def test_ignoring_never_breaks_a_body_nor_adds_what_neither_side_has(data: st.DataObject) -> None:
    """Over every list of every kind, for bodies that AWS's own model takes: what is sent is one of these, too."""
    kind = data.draw(st.sampled_from([kind for kind in batch_kinds() if any(one is kind for one, _ in LISTS)]))
    path = data.draw(st.sampled_from([path for one, path in LISTS if one is kind]))
    path = path.replace("*", data.draw(st.sampled_from(["*", "[0]", "1"])))
    ours, theirs = data.draw(bodies(kind)), data.draw(bodies(kind))
    before = deepcopy((ours, theirs))
    sent = with_ignored(kind, ours, theirs, [path])
    assert (ours, theirs) == before
    whole = MODEL.operation_model(kind.create.operation).input_shape
    known = {name: "x" for name in whole.required_members if name not in {row.name for row in kind.fields}}
    assert ParamValidator().validate({**sent, **known}, whole).generate_report() == ""
    assert list(added(kind.rows, sent, ours, theirs)) == []


def added(rows: tuple[Row, ...], sent: Json, ours: Json, theirs: Json, at: str = "") -> Iterator[str]:
    """Yield the entries and structures that neither side has."""
    for row in rows:
        mine, other = ((side or {}).get(row.name) for side in (ours, theirs))
        value, path = (sent or {}).get(row.name), f"{at}{row.name}"
        if not isinstance(row, Field) or value is None:
            continue
        if mine is None and other is None:
            yield path
        if row.form is Form.STRUCT:
            yield from added(row.fields, value, mine, other, f"{path}.")
        elif is_unnamed(row):
            yield from () if len(value) <= max(len(mine or ()), len(other or ())) else (path,)
        elif row.form is Form.KEYED:
            here, there = (dict(zip(names_of(row, side or ()), side or (), strict=True)) for side in (mine, other))
            for name, entry in zip(names_of(row, value), value, strict=True):
                yield from () if name in {**here, **there} else (f"{path}.{name}",)
                yield from added(row.fields, entry, here.get(name), there.get(name), f"{path}.{name}.")


def container_of(name: str, image: str) -> dict[str, Json]:
    return {"name": name, "image": image}


def pod(*containers: dict[str, Json]) -> dict[str, Json]:
    return {"eksProperties": {"podProperties": {"containers": list(containers)}}}


def nodes(*ranges: tuple[str, str]) -> dict[str, Json]:
    spans = [{"targetNodes": span, "container": {"image": image, "memory": 4}} for span, image in ranges]
    return {"nodeProperties": {"nodeRangeProperties": spans}}


A1, A2, B1, B2 = (container_of(name, image) for name in "ab" for image in "12")


@pytest.mark.parametrize(
    ("path", "declared", "live", "sent"),
    [
        ("eksProperties.podProperties.containers.*.image", pod(A1, B1), pod(B2, A2), pod(A2, B2)),
        ("eksProperties.podProperties.containers.b.image", pod(A1, B1), pod(B2, A2), pod(A1, B2)),
        ("eksProperties.podProperties.containers[0].image", pod(A1, B1), pod(B2, A2), pod(A2, B1)),
        ("eksProperties.podProperties.containers.*.image", pod(A1, B1), pod(A2), pod(A2, B1)),
        ("eksProperties.podProperties.containers.*.image", pod(A1), pod(A2, B2), pod(A2)),
        ("eksProperties.podProperties.containers.typo.image", pod(A1), pod(A2), pod(A1)),
        ("eksProperties.podProperties.containers.b", pod(A1), pod(A2, B2), pod(A1, B2)),
        ("eksProperties.podProperties.containers.b.image", pod(A1), pod(A2, {**B2, "command": ["run"]}), pod(A1)),
        ("containerProperties.environment.B.value", container(),
         container(environment=[{"name": "B", "value": "2"}]), container(environment=[{"name": "B", "value": "2"}])),
        ("eksProperties.podProperties.containers.?", pod(A1), pod(B2), pod(B2)),
        ("ecsProperties.taskProperties.*.containers.a.image", task(A1), task(A2), task(A2)),
        ("ecsProperties.taskProperties.0.containers.*.image", task(A1, B1), task(B2, A2), task(A2, B2)),
        ("ecsProperties.taskProperties[1].containers.*.image", task(A1), task(A2), task(A1)),
        ("nodeProperties.nodeRangeProperties.*.container.image", nodes((":1", "1"), ("2:", "1")),
         nodes(("0:1", "2"), ("2:", "3")), nodes((":1", "2"), ("2:", "3"))),
        ("containerProperties.image", container(image="1"), pod(A2), container(image="1")),
        ("containerProperties.image", pod(A1), container(image="2"), pod(A1)),
        ("containerProperties.environment.*.value", container(environment=[{"name": "A", "value": "1"}]),
         container(environment=[{"name": "B", "value": "2"}, {"name": "A", "value": "3"}]),
         container(environment=[{"name": "A", "value": "3"}])),
        ("containerProperties.environment.*", container(environment=[{"name": "A", "value": "1"}]),
         container(environment=[{"name": "B", "value": "2"}]), container(environment=[{"name": "B", "value": "2"}])),
        ("containerProperties.command[1]", container(command=["a", "b", "c"]), container(command=["x", "y"]),
         container(command=["a", "y", "c"])),
        ("containerProperties.memory", container(memory=512), container(memory=None, resourceRequirements=[{"type": "MEMORY", "value": "9"}]),
         {"type": "container", "containerProperties": {"image": "busybox", "vcpus": 1, "resourceRequirements": [{"type": "MEMORY", "value": "9"}]}}),
        ("containerProperties.resourceRequirements.MEMORY.value", container(memory=512), container(memory=1024), container(memory=1024)),
        ("retryStrategy.evaluateOnExit.*.action",
         {"retryStrategy": {"evaluateOnExit": [{"onReason": "new", "action": "EXIT"}, {"onReason": "old", "action": "EXIT"}]}},
         {"retryStrategy": {"evaluateOnExit": [{"onReason": "old", "action": "retry"}]}},
         {"retryStrategy": {"evaluateOnExit": [{"onReason": "new", "action": "EXIT"}, {"onReason": "old", "action": "retry"}]}}),
    ],
)  # fmt: skip
def test_a_path_below_a_list_keeps_what_it_names_and_nothing_else(
    path: str, declared: dict[str, Json], live: dict[str, Json], sent: dict[str, Json]
) -> None:
    assert with_ignored(KINDS[JD], declared, live, [path]) == sent


def test_an_entry_without_a_name_is_found_by_what_else_is_in_it() -> None:
    """The service may show launch template overrides in another order."""
    one, other = ({"launchTemplateId": f"lt-{n}", "version": "1"} for n in "12")
    declared = ec2(launchTemplate={"launchTemplateId": "lt-0", "overrides": [one, other]})
    now = ec2(
        launchTemplate={"launchTemplateId": "lt-0", "overrides": [{**other, "version": "7"}, {**one, "version": "5"}]}
    )
    sent = with_ignored(KINDS[CE], declared, now, ["computeResources.launchTemplate.overrides.*.version"])
    versions = {
        each["launchTemplateId"]: each["version"] for each in sent["computeResources"]["launchTemplate"]["overrides"]
    }
    assert versions == {"lt-1": "5", "lt-2": "7"}

"""Users take the examples and the templates at their word: they are valid, and applying them leaves nothing to do."""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from reconciler.cli.main import main
from reconciler.kinds import batch_kinds
from reconciler.kinds.base import Kind
from reconciler.model import Action, Address, Json
from reconciler.plan import PlanOptions
from reconciler.problems import Exit
from tests.builders import CE, JD, JQ
from tests.schemas import model
from tests.stacks.read import read
from tests.world import World

ROOT = Path(__file__).parents[2]
STACKS = ROOT / "stacks"
TEMPLATES = ROOT / "reconciler" / "templates"
FOLDERS = [folder for parent in (STACKS, TEMPLATES) for folder in sorted(parent.iterdir()) if folder.is_dir()]
DESTROY = PlanOptions(destroy=True)
SCHEMA_COMMENT = "# yaml-language-server: $schema=../../schemas/stack.schema.json"

every_folder = pytest.mark.parametrize("folder", FOLDERS, ids=lambda folder: f"{folder.parent.name}/{folder.name}")


def test_every_example_and_every_template_is_looked_at() -> None:
    assert [f"{folder.parent.name}/{folder.name}" for folder in FOLDERS] == [
        "stacks/features",
        "stacks/fleet-drift",
        "stacks/monte-carlo",
        "stacks/rendering",
        "templates/fargate",
        "templates/monte-carlo",
        "templates/rendering",
        "templates/spot-with-fallback",
    ]


@every_folder
def test_there_is_nothing_to_say_about_it(folder: Path) -> None:
    _, problems = read(folder)
    assert [str(problem) for problem in problems] == []


@every_folder
def test_it_is_in_canonical_style(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["fmt", str(folder), "--check"]) == Exit.DONE, capsys.readouterr().out


@every_folder
def test_a_first_plan_creates_everything(folder: Path) -> None:
    stack, _ = read(folder)
    plan = World().plan(stack)
    assert [str(problem) for problem in (*plan.refusals, *plan.notes)] == []
    assert plan.counts == {Action.CREATE: len(stack.declared)}


@every_folder
def test_applying_it_leaves_nothing_to_do(folder: Path) -> None:
    stack, _ = read(folder)
    world = World()
    finish = world.apply(stack)
    assert (finish.exit, finish.rest.changes) == (Exit.DONE, ())
    world.clock.turn(3600)
    again = world.plan(stack)
    assert (again.changes, again.unhealthy) == ((), ())


def test_all_of_them_live_in_one_account_side_by_side() -> None:
    world = World()
    for folder in FOLDERS:
        stack, _ = read(folder)
        assert world.plan(stack).counts == {Action.CREATE: len(stack.declared)}
        assert world.apply(stack).exit is Exit.DONE


@every_folder
def test_destroying_it_leaves_nothing_unless_it_is_protected(folder: Path) -> None:
    stack, _ = read(folder)
    world = World()
    world.apply(stack)
    plan = world.plan(stack, DESTROY)
    protected = {address for address, declared in stack.declared.items() if declared.lifecycle.prevent_destroy}
    assert {change.address for change in plan.changes if change.refusals} == protected
    if not protected:
        assert world.apply(stack, DESTROY).exit is Exit.DONE
        assert world.plan(stack).counts == {Action.CREATE: len(stack.declared)}


@pytest.mark.parametrize("file", sorted(STACKS.rglob("*.yaml")), ids=lambda file: f"{file.parent.name}/{file.name}")
def test_an_example_tells_editors_where_its_schema_is(file: Path) -> None:
    assert file.read_text(encoding="utf-8").splitlines()[0] == SCHEMA_COMMENT
    assert (file.parent / SCHEMA_COMMENT.partition("=")[2]).is_file()


@pytest.mark.parametrize("folder", sorted(TEMPLATES.iterdir()), ids=lambda folder: folder.name)
def test_a_template_stands_alone_wherever_it_is_copied(folder: Path) -> None:
    assert [file.name for file in folder.iterdir()] == ["stack.yaml"]
    assert "$schema" not in (folder / "stack.yaml").read_text(encoding="utf-8")


@pytest.mark.parametrize("name", ["monte-carlo", "rendering"])
def test_the_json_that_a_workshop_gives_to_the_cli_is_a_resource_as_it_is(name: str) -> None:
    stack, _ = read(STACKS / name)
    request = json.loads((STACKS / name / "job-definition-config.json").read_text(encoding="utf-8"))
    declared = stack.declared[Address(JD, request.pop("jobDefinitionName"))]
    assert {member: declared.spec[member] for member in request} == request


def test_the_fallback_template_tries_spot_first() -> None:
    stack, _ = read(TEMPLATES / "spot-with-fallback")
    order = stack.declared[Address(JQ, "spot-jobs")].spec["computeEnvironmentOrder"]
    environments = [stack.declared[Address(CE, entry["computeEnvironment"])] for entry in order]
    assert [environment.spec["computeResources"]["type"] for environment in environments] == ["SPOT", "EC2"]


# Members of the create requests that no example shows, each with the reason.
NOT_SHOWN = {
    "ComputeEnvironment.context": "reserved by AWS",
    "ComputeEnvironment.computeResources.imageId": "deprecated for ec2Configuration.imageIdOverride",
    "ComputeEnvironment.computeResources.desiredvCpus": "owned by the autoscaler",
    "ComputeEnvironment.computeResources.capacityTags": "needs a right that few have",
    "JobDefinition.containerProperties.instanceType": "for multi-node jobs only, inside nodeProperties",
}


def test_the_features_stack_shows_every_member_of_the_two_upper_levels() -> None:
    stack, _ = read(STACKS / "features")
    shown = {path for address, declared in stack.declared.items() for path in _paths(address.kind, declared.spec, 2)}
    possible = {path for kind in batch_kinds() for path in _possible(kind)}
    missing = {path for path in possible - shown if path.rpartition(".")[0] not in NOT_SHOWN}
    assert missing - NOT_SHOWN.keys() == set()
    assert shown & NOT_SHOWN.keys() == set()


@pytest.mark.parametrize(
    ("shape", "path"),
    [
        ("CRAllocationStrategy", ("computeResources", "allocationStrategy")),
        ("CRType", ("computeResources", "type")),
        ("CEType", ("type",)),
        ("CEState", ("state",)),
    ],
)
def test_the_features_stack_has_an_environment_for_every_choice(shape: str, path: tuple[str, ...]) -> None:
    stack, _ = read(STACKS / "features")
    used = {_at(declared.spec, path) for address, declared in stack.declared.items() if address.kind == CE}
    left_out = {None, "ENABLED"}  # what an environment has by itself
    assert used - left_out == set(model()["shapes"][shape]["enum"]) - left_out


def test_two_queues_of_the_features_stack_share_an_environment_with_different_priorities() -> None:
    stack, _ = read(STACKS / "features")
    high, low = (stack.declared[Address(JQ, f"shared-{name}")].spec for name in ("high", "low"))
    assert high["computeEnvironmentOrder"] == low["computeEnvironmentOrder"]
    assert high["priority"] > low["priority"]


def _paths(prefix: str, value: Json, depth: int) -> Iterator[str]:
    if isinstance(value, list):
        for item in value:
            yield from _paths(prefix, item, depth)
    elif isinstance(value, dict) and depth:
        for member, inner in value.items():
            yield f"{prefix}.{member}"
            yield from _paths(f"{prefix}.{member}", inner, depth - 1)


def _possible(kind: Kind) -> Iterator[str]:
    """Yield the members of a kind's create request and the members of these."""
    shapes = model()["shapes"]
    request = shapes[model()["operations"][kind.create.operation]["input"]["shape"]]
    for member, reference in request["members"].items():
        if member != kind.name_member:
            yield f"{kind.name}.{member}"
            inner = shapes[reference["shape"]]
            inner = shapes[inner["member"]["shape"]] if inner["type"] == "list" else inner
            yield from (f"{kind.name}.{member}.{name}" for name in inner.get("members", ()))


def _at(value: Json, path: tuple[str, ...]) -> Json:
    for step in path:
        value = (value or {}).get(step)
    return value

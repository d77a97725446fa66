"""Whole stories, for people to read: a stack that was applied, what an outside hand did, the stack of today;
and out of it the plan as a user reads it and the calls that applying it makes.

A story is a folder of `scenarios/`: before.yaml (optional), hand.yaml (optional: a list of {Operation: request}),
after.yaml, expected.txt. `pytest --update` writes expected.txt anew; read what changed.
"""

import json
from pathlib import Path

import pytest
from ruamel.yaml import YAML

from reconciler.adapters.lookup.installed import read_schema
from reconciler.adapters.lookup.sources import Environment
from reconciler.adapters.machine import DiskFiles
from reconciler.app import usecases
from reconciler.kinds import KINDS
from reconciler.load import load
from reconciler.model import Stack
from reconciler.plan import PlanOptions
from reconciler.problems import Refused
from reconciler.redact.presented import present
from reconciler.report.text.plan import plan_page
from reconciler.validate import validate
from tests.fakes import HERE
from tests.world import World

SCENARIOS = Path(__file__).parent / "scenarios"
WIDTH = 110


@pytest.mark.parametrize("folder", sorted(SCENARIOS.iterdir()), ids=lambda folder: folder.name)
def test_scenario(folder: Path, request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(folder)
    expected = folder / "expected.txt"
    told = story(folder)
    if request.config.getoption("--update"):
        expected.write_text(told, encoding="utf-8")
    assert told == expected.read_text(encoding="utf-8")


def story(folder: Path) -> str:
    world = World()
    if (folder / "before.yaml").exists():
        world.apply(read("before.yaml"))
    if (folder / "hand.yaml").exists():
        for call in YAML(typ="safe").load(folder / "hand.yaml"):
            ((operation, body),) = call.items()
            world.hand(operation, **body)
    stack = read("after.yaml")
    wanted = PlanOptions(adopt="adopt" in folder.name, allow_destroy=("*",))
    plan = world.plan(stack, wanted)
    lines = [plan_page(present(plan), WIDTH).plain, "calls:"]
    since = len(world.calls)
    try:
        usecases.run(plan, stack, world.session, options=wanted, parallelism=1)
    except Refused as refused:
        lines.append(f"  none: {refused.message}")
    lines += [f"  {operation} {json.dumps(body)}" for operation, body in world.writes(since)]
    return "\n".join(lines) + "\n"


def read(file: str) -> Stack:
    stack = load(DiskFiles(file), Environment({}), identity=HERE)
    stack, problems = validate(stack, read_schema("stack"), KINDS)
    assert problems == ()
    return stack

"""A plan has one fingerprint wherever it is made, and another plan has another."""

import json
import os
import subprocess
import sys
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reconciler.kinds import KINDS
from reconciler.kinds.base import Field, Form, Row
from reconciler.live.ownership import APPLIED
from reconciler.model import Action, Address, Call, Change, Cost, FieldChange, Json, Lifecycle, Plan, Stack, Wait
from reconciler.plan import PlanOptions
from reconciler.saved_plan.sealing import CONSENTS, INPUTS, fingerprint_of, without_consents
from tests.builders import CE, JD, JQ, SP, container, ec2, fair, live, owned, planned, queue, stack
from tests.laws import law
from tests.report.documented import document, fingerprint, of
from tests.report.samples import EVERYTHING, NOTHING
from tests.test_convergence import stacks
from tests.world import World

ROOT = Path(__file__).parents[2]
ALLOWED = PlanOptions(allow_destroy=("*",), allow_replace=True)
LAX = law(15)
Step = tuple[str | int, ...]


# The same plan


@LAX
@given(stacks(), stacks(), st.integers(0, 9), st.integers(0, 9))
def test_equal_files_over_equal_worlds_have_one_fingerprint(old: Stack, new: Stack, one: int, other: int) -> None:
    """The seeds shuffle what is described, and what Batch sets by itself; files may have everything in any order."""
    found = set()
    for seed, version in ((one, new), (other, backwards(new))):
        world = World(seed=seed)
        world.apply(old)
        world.clock.turn(3600)
        found.add(fingerprint(world.plan(version, ALLOWED)))
    assert len(found) == 1


def backwards(of: Stack) -> Stack:
    """The same stack, with its resources, their members, and what is in no order in any case the other way round."""
    declared = {
        address: replace(one, spec=_backwards(KINDS[address.kind].rows, one.spec))
        for address, one in reversed(of.declared.items())
    }
    return replace(of, declared=declared, tags=dict(reversed(of.tags.items())))


def _backwards(rows: Iterable[Row], body: Mapping[str, Json]) -> dict[str, Json]:
    known = {row.name: row for row in rows if isinstance(row, Field)}
    return {name: _turned(known.get(name), value) for name, value in reversed(body.items())}


def _turned(row: Field | None, value: Json) -> Json:
    if isinstance(value, dict):
        return _backwards(row.fields if row else (), value)
    if row is None or not isinstance(value, list):
        return value
    entries = [_backwards(row.fields, entry) if isinstance(entry, dict) else entry for entry in value]
    return entries[::-1] if row.form in (Form.SET, Form.KEYED, Form.RANKED) else entries


@pytest.mark.parametrize("seed", ["0", "1"])
def test_the_seed_of_the_interpreter_does_not_matter(seed: str, tmp_path: Path) -> None:
    words = ("plan", "stacks/features", f"--sandbox={tmp_path / 'sandbox.json'}", "-o", "json")
    env = {**os.environ, "PYTHONHASHSEED": seed, "PYTHONPATH": str(ROOT)}
    ran = subprocess.run(
        [sys.executable, "-m", "reconciler", *words], capture_output=True, text=True, check=True, env=env, cwd=ROOT
    )
    from tests.stacks.read import read

    features, _ = read(ROOT / "stacks" / "features")
    assert json.loads(ran.stdout)["fingerprint"] == document(World().plan(features))["fingerprint"]


KEPT: Json = {
    "stack": "risk",
    "account": "123456789012",
    "region": "us-east-1",
    "changes": [
        {
            "address": "JobQueue/pricing",
            "kind": "JobQueue",
            "name": "pricing",
            "action": "update",
            "fields": [{"path": "priority", "before": 10, "after": 20, "class": "scaling"}],
            "steps": [
                {"operation": "UpdateJobQueue", "request": {"jobQueue": "pricing", "priority": 20}},
                {"wait": "VALID", "timeout": 300},
            ],
        }
    ],
}


def test_a_fingerprint_stays_what_it_is_from_one_version_to_the_next() -> None:
    """What counts, and how, is part of the format: by another way of counting, every plan that is kept looks damaged."""
    assert fingerprint_of(KEPT) == "b18c75fca84771e005f8bf232a75586fd5dc10606c0d47e0a4d90b10e83c3fc0"


def test_a_document_that_was_written_and_read_has_the_same() -> None:
    for plan in (EVERYTHING, NOTHING):
        whole = document(plan)
        assert fingerprint_of(json.loads(json.dumps(whole, indent=4, sort_keys=True))) == whole["fingerprint"]


def each_change(plan: Plan, turn: Callable[[Change], Change]) -> Plan:
    return replace(plan, changes=tuple(turn(change) for change in plan.changes))


PROSE: dict[str, Callable[[Change], Change]] = {
    "places": lambda change: replace(change, where=None, fields=tuple(replace(f, where=None) for f in change.fields)),
    "reasons": lambda change: replace(change, reasons=("because",)),
    "why": lambda change: replace(change, fields=tuple(replace(f, why="see there") for f in change.fields)),
    "words": lambda change: replace(change, steps=tuple(replace(step, says="do it") for step in change.steps)),
    "waits": lambda change: replace(change, steps=tuple(step for step in change.steps if isinstance(step, Call))),
    "drift": lambda change: replace(change, fields=tuple(replace(f, drift=not f.drift) for f in change.fields)),
    "refusals": lambda change: replace(change, refusals=()),
}


@pytest.mark.parametrize("name", PROSE)
def test_what_is_only_told_does_not_count(name: str) -> None:
    turned = each_change(EVERYTHING, PROSE[name])
    assert turned != EVERYTHING
    assert fingerprint(turned) == fingerprint(EVERYTHING)


def test_neither_does_what_is_told_beside_the_changes() -> None:
    assert fingerprint(replace(EVERYTHING, notes=(), unhealthy=(), unchanged=0)) == fingerprint(EVERYTHING)


def test_nor_what_is_only_waited_for() -> None:
    mine = stack({(CE, "spot"): ec2(), (JD, "job"): container()})
    settled, busy = (owned(mine, live(CE, "spot", ec2(), status=status)) for status in ("VALID", "UPDATING"))
    assert fingerprint(planned(mine, settled)) == fingerprint(planned(mine, busy))


NOTE = FieldChange(path=("newMember",), before="x", after=None, cost=Cost.METADATA, noted=True)


def noting(**tags: str) -> Plan:
    """Everything, and a change of tags that takes note of a member."""
    call = Call("TagResource", {"resourceArn": "arn", "tags": tags}, "tag it")
    alone = Change(action=Action.UPDATE, address=Address(CE, "noted"), name="noted", fields=(NOTE,), steps=(call,))
    return replace(EVERYTHING, changes=(*EVERYTHING.changes, alone))


def test_nor_what_is_left_to_the_service_and_only_noted() -> None:
    members = each_change(
        EVERYTHING, lambda change: replace(change, fields=(*change.fields, NOTE)) if change.fields else change
    )
    assert fingerprint(members) == fingerprint(EVERYTHING)
    assert fingerprint(noting(**{APPLIED: "0afd:left=1bfd"})) == fingerprint(EVERYTHING)


def test_whatever_else_is_done_with_a_note_counts() -> None:
    assert fingerprint(noting(**{APPLIED: "0afd", "reconciler:name": "other"})) != fingerprint(EVERYTHING)
    assert fingerprint(noting(**{APPLIED: "0afd:protect"})) != fingerprint(EVERYTHING)


def test_vcpus_that_batch_moves_do_not_count() -> None:
    old, new = stack({(CE, "spot"): ec2()}), stack({(CE, "spot"): ec2(maxvCpus=99)})
    found = {fingerprint(planned(new, owned(old, live(CE, "spot", ec2(desiredvCpus=number))))) for number in (0, 4, 16)}
    assert len(found) == 1


def test_jobs_do_not_count() -> None:
    """Neither those in a queue that goes, nor those that hold a revision which would be pruned otherwise."""
    lifecycle = {(JD, "job"): Lifecycle(retain_revisions=1)}
    spot = {(CE, "spot"): ec2()}
    versions = [
        stack({**spot, (JQ, "q"): queue("spot"), (JD, "job"): container(command=[word])}, lifecycles=lifecycle)
        for word in ("one", "two")
    ]
    last = stack({**spot, (JD, "job"): container(command=["three"])}, lifecycles=lifecycle)
    found, told_of = set(), set()
    for jobs in (0, 3):
        world = World()
        world.apply(versions[0])
        for _ in range(jobs):
            world.raw.call("SubmitJob", {"jobName": "x", "jobQueue": "q", "jobDefinition": "job"})
        world.apply(versions[1])
        plan = world.plan(last, replace(ALLOWED, drain=True))
        found.add(fingerprint(plan))
        told_of.add(json.dumps(document(plan)))
    assert (len(found), len(told_of)) == (1, 2)


def test_what_a_live_list_lends_to_a_new_revision_counts_in_any_order() -> None:
    lifecycles = {(JD, "job"): Lifecycle(ignore_changes=("containerProperties.environment",))}
    entries = [{"name": name, "value": "1"} for name in "ABC"]
    old = stack({(JD, "job"): container()})
    new = stack({(JD, "job"): container(memory=1024)}, lifecycles=lifecycles)
    found = {
        fingerprint(planned(new, owned(old, live(JD, "job", container(environment=order), revisions=(1,)))))
        for order in (entries, entries[::-1])
    }
    assert len(found) == 1


# Another plan


@LAX
@given(st.data(), stacks(), stacks(), st.integers(0, 9))
def test_any_other_request_makes_another_plan(data: st.DataObject, old: Stack, new: Stack, seed: int) -> None:
    world = World(seed=seed)
    world.apply(old)
    plan = world.plan(new, ALLOWED)
    leaves = [
        (change, step, leaf)
        for change, one in enumerate(plan.changes)
        for step, call in enumerate(one.steps)
        if isinstance(call, Call)
        for leaf in _leaves(call.request)
        if leaf[-1] != APPLIED
    ]
    if leaves:
        assert fingerprint(_with_other(plan, *data.draw(st.sampled_from(leaves)))) != fingerprint(plan)


def _leaves(value: Json, path: Step = ()) -> Iterator[Step]:
    if isinstance(value, Mapping) and value:
        for key, inner in value.items():
            yield from _leaves(inner, (*path, key))
    elif isinstance(value, list | tuple) and value:
        for index, inner in enumerate(value):
            yield from _leaves(inner, (*path, index))
    else:
        yield path


def _with_other(plan: Plan, change: int, step: int, leaf: Step) -> Plan:
    one = plan.changes[change]
    call = one.steps[step]
    assert isinstance(call, Call)
    other = replace(call, request=_put(call.request, leaf))
    steps = (*one.steps[:step], other, *one.steps[step + 1 :])
    return replace(plan, changes=(*plan.changes[:change], replace(one, steps=steps), *plan.changes[change + 1 :]))


def _put(value: Json, path: Step) -> Json:
    if not path:
        return f"not {value}"
    if isinstance(value, Mapping):
        return {**value, path[0]: _put(value[path[0]], path[1:])}
    return [_put(inner, path[1:]) if index == path[0] else inner for index, inner in enumerate(value)]


SAID = {
    "variables": {"a": "1"},
    "withheld": ["pin"],
    "variable_files": ["more.yaml"],
    "targets": ["JobQueue/*"],
    "adopt": True,
    "allow_destroy": ["*"],
    "allow_replace": True,
    "max_destroy": "5",
    "max_interrupted": 0,
    "drain": True,
    "cancel_jobs": True,
    "allow_unplaceable": True,
}


def test_every_input_counts_but_where_the_stack_and_the_sandbox_are_kept() -> None:
    assert document(EVERYTHING)["inputs"].keys() - {"path", "sandbox"} == set(INPUTS) == SAID.keys()


@pytest.mark.parametrize("name", SAID)
def test_every_input_counts_once_it_is_said(name: str) -> None:
    whole = document(EVERYTHING)
    said = {**whole, "inputs": {**whole["inputs"], name: SAID[name]}}
    assert fingerprint_of(said) != whole["fingerprint"]
    assert (fingerprint_of(without_consents(said)) == whole["fingerprint"]) == (name in CONSENTS)


OTHER: dict[str, Callable[[Plan], Plan]] = {
    "stack": lambda plan: replace(plan, stack="other"),
    "account": lambda plan: replace(plan, identity=replace(plan.identity, account="210987654321")),
    "region": lambda plan: replace(plan, identity=replace(plan.identity, region="eu-west-1")),
    "one change less": lambda plan: replace(plan, changes=plan.changes[1:]),
    "a call less": lambda plan: each_change(
        plan, lambda change: replace(change, steps=tuple(step for step in change.steps if isinstance(step, Wait)))
    ),
    "cost": lambda plan: each_change(
        plan, lambda change: replace(change, fields=tuple(replace(f, cost=Cost.REPLACE) for f in change.fields))
    ),
    "live value": lambda plan: each_change(
        plan, lambda change: replace(change, fields=tuple(replace(f, before="other") for f in change.fields))
    ),
    "physical name": lambda plan: each_change(plan, lambda change: replace(change, name=f"{change.name}-2")),
}


@pytest.mark.parametrize("name", OTHER)
def test_what_is_done_and_where_counts(name: str) -> None:
    assert fingerprint(OTHER[name](EVERYTHING)) != fingerprint(EVERYTHING)


@pytest.mark.parametrize(
    ("one", "other", "is_same"),
    [
        ({"subnets": ["a", "b"]}, {"subnets": ["b", "a"]}, True),
        ({"instanceTypes": ["m5", "c5"]}, {"instanceTypes": ["c5", "m5"]}, True),
        (
            {"instanceTypes": ["m5", "c5"], "allocationStrategy": "BEST_FIT_PROGRESSIVE_ORDERED"},
            {"instanceTypes": ["c5", "m5"], "allocationStrategy": "BEST_FIT_PROGRESSIVE_ORDERED"},
            False,
        ),
    ],
)
def test_the_order_of_a_list_counts_where_aws_reads_it(
    one: dict[str, Json], other: dict[str, Json], is_same: bool
) -> None:
    first, second = (of(stack({(CE, "spot"): ec2(**members)}))["fingerprint"] for members in (one, other))
    assert (first == second) is is_same


def test_the_order_of_a_command_counts() -> None:
    found = {of(stack({(JD, "j"): container(command=list(order))}))["fingerprint"] for order in ("ab", "ba")}
    assert len(found) == 2


def test_two_variables_of_one_name_are_two_variables() -> None:
    twice = [{"name": "A", "value": "1"}, {"name": "A", "value": "2"}]
    found = {
        of(stack({(JD, "j"): container(environment=each)}))["fingerprint"] for each in (twice, twice[::-1], twice[1:])
    }
    assert len(found) == 2


def test_a_weight_counts() -> None:
    shares = [[{"shareIdentifier": "A", "weightFactor": weight}] for weight in (0.1, 0.2)]
    assert len({of(stack({(SP, "p"): fair(shareDistribution=each)}))["fingerprint"] for each in shares}) == 2

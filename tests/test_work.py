"""How much a run does, counted: calls, collections, objects. Seconds differ from machine to machine."""

import gc
import io
import os
import signal
import sys
from pathlib import Path

import pytest

from reconciler.__main__ import main
from reconciler.diff import live_view
from reconciler.load import files
from reconciler.redact.presented import present
from reconciler.report.text.page import Page, Part, write_page
from reconciler.report.text.plan import plan_page
from reconciler.saved_plan.document import Inputs, saved_json, sealed_part
from reconciler.saved_plan.sealing import Seal, fingerprint_of
from reconciler.service_models import model_loader
from reconciler.syntax import nodes
from reconciler.syntax.diagnostics import Findings
from reconciler.syntax.parse import compose
from tests.bench.worlds import only_definitions
from tests.builders import JD, container, stack
from tests.load.memory import loaded
from tests.world import World


def test_the_collector_hardly_looks_through_the_values_of_a_stack(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    text = only_definitions(100)["stack.yaml"]
    (tmp_path / "stack.yaml").write_text(text, encoding="utf-8")
    monkeypatch.setattr(sys, "argv", ["reconciler", "validate", str(tmp_path)])
    seen: list[str] = []
    before, handler = gc.get_threshold(), signal.getsignal(signal.SIGINT)
    gc.callbacks.append(watch := lambda phase, _info: seen.append(phase))
    try:
        code = main()
    finally:
        gc.callbacks.remove(watch)
        gc.set_threshold(*before)
        signal.signal(signal.SIGINT, handler)
    assert (code, len(seen) <= 4) == (0, True)  # of Python's default there are hundreds


def test_only_texts_with_a_sign_of_another_language_are_searched_for_it() -> None:
    text = only_definitions(1)["stack.yaml"]
    suspects: list[tuple[str, object]] = []
    files._collect_suspects(compose("stack.yaml", text, Findings()).root, suspects)
    assert [value for value, _ in suspects] == []
    files._collect_suspects(compose("x.yaml", "image: ${self:custom.image}\nname: a\n", Findings()).root, suspects)
    assert [value for value, _ in suspects] == ["${self:custom.image}"]


def test_few_nodes_are_made_of_plain_values(monkeypatch: pytest.MonkeyPatch) -> None:
    made: list[object] = []
    written_node = nodes.written_node
    monkeypatch.setattr(nodes, "written_node", lambda *args: (made.append(args), written_node(*args))[1])
    before = loaded(only_definitions(10))
    count = len(made)
    after = loaded(only_definitions(110))
    assert (before.problems, after.problems, len(after.stack.declared)) == ((), (), 110)
    assert (len(made) - count) / 110 < 10  # of 61 values of a definition


def test_what_is_live_as_it_is_declared_is_not_taken_apart(monkeypatch: pytest.MonkeyPatch) -> None:
    declared = stack({(JD, f"job-{number}"): container() for number in range(5)})
    world = World()
    world.apply(declared)
    viewed: list[object] = []
    members = live_view._Viewer.members
    monkeypatch.setattr(live_view._Viewer, "members", lambda *args: (viewed.append(args), members(*args))[1])
    assert (world.plan(declared).is_empty, len(viewed)) == (True, 0)
    other = {(JD, f"job-{number}"): container(image=f"busybox:{number}") for number in range(5)}
    assert (len(world.plan(stack(other)).changes), len(viewed) > 0) == (5, True)


def test_a_plan_is_written_change_by_change(monkeypatch: pytest.MonkeyPatch) -> None:
    """Of a large plan there is neither a page nor a document in memory: the table at its beginning counts."""
    plan = World().plan(stack({(JD, f"job-{number}"): container() for number in range(200)}))
    shown, put, lengths = present(plan), Page.line, [0]

    def watched(self: Page, *parts: Part, indent: int = 0, hang: int = 4) -> None:
        put(self, *parts, indent=indent, hang=hang)
        lengths.append(len(self.lines))

    monkeypatch.setattr(Page, "line", watched)
    stream = io.StringIO()
    write_page(lambda width: plan_page(shown, width), stream, color=False)
    assert (stream.getvalue().count("\n") > 800, max(lengths) < 50) == (True, True)


def test_the_fingerprint_of_a_plan_needs_no_document() -> None:
    plan = World().plan(stack({(JD, "job"): container()}))
    sealed = sealed_part(plan, present(plan), Inputs(path="."), Seal())
    assert not isinstance(sealed["changes"], list)
    assert fingerprint_of(sealed) == saved_json(present(plan), sealed)["fingerprint"]


def test_the_models_of_one_service_are_found_without_those_of_the_others(monkeypatch: pytest.MonkeyPatch) -> None:
    listed: list[str] = []
    listdir = os.listdir
    monkeypatch.setattr(os, "listdir", lambda *path: (listed.append(str(path)), listdir(*path))[1])
    loader = model_loader.__wrapped__()
    assert loader.load_service_model("batch", "service-2")["metadata"]["serviceId"] == "Batch"
    assert len(listed) < 10  # botocore's own looks into hundreds of folders

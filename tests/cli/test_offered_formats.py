"""Every format that a command offers is in the table of formats, and shows what the command has come to."""

import argparse
from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest

from reconciler.cli.options import EVERYWHERE, TargetIn
from reconciler.cli.parser import parser_for
from reconciler.problems import Exit
from reconciler.report.formats import FORMATS, Collected, MadeOf, format_of
from tests.cli.conftest import STACK, Run, write
from tests.cli.test_github_output import github

__all__ = ("github",)  # a fixture, which is asked for by its name once `comment` runs

FLEET = """\
environments: {dev: {variables: {image: one}}, eu: {region: eu-west-1, variables: {image: two}}}
stacks: {compared: [dev, eu]}
"""
COMPARED = STACK.replace("stack: risk\n", "stack: compared\nvariables: {image: {}}\n").replace(
    "busybox:1", "!var image"
)
INVALID = "stack: wrong\nschedulingPolicies: {fair: {fairsharePolicy: {shareDecaySeconds: soon}}}\n"
# One run of each command, in an order in which each finds what it needs.
STORY: Mapping[str, str] = {
    "fmt": "risk",
    "validate": "wrong",
    "placement": "risk",
    "render": "risk",
    "graph": "risk",
    "explain": "jobQueues",
    "schema": "JobQueue",
    "iam-policy": "risk --for plan",
    "compare": "dev eu",
    "plan": "risk --sandbox",
    "apply": "risk --sandbox --yes",
    "verify": "risk --sandbox",
    "drift": "risk --sandbox",
    "status": "risk --sandbox",
    "doctor": "risk --sandbox",
    "outputs": "risk --sandbox",
    "revisions": "simulate risk --sandbox",
    "coverage": "--sandbox",
    "report": "merge fleet.json",
    "notify": "drift.json",
    "comment": "drift fleet.json",
    "sandbox submit": "pricing simulate",
    "submit": "--job-definition simulate --queue pricing risk --sandbox",
    "wait": "JOB --stack risk --sandbox",
    "logs": "JOB --stack risk --sandbox",
    "jobs": "risk --sandbox",
    "cancel": "JOB --stack risk --sandbox",
    "sandbox drift": "JobQueue/pricing priority=11",
    "sandbox tick": "2h",
    "rollback": "simulate risk --sandbox --yes",
    "forget": "risk --sandbox --yes",
    "import": "--live --sandbox --to imported --stack imported",
    "adopt": "risk --sandbox --yes --and-change",
    "destroy": "risk --sandbox --yes",
    "sandbox break": "--throttle 1",
    "sandbox reset": "",
}

ENDS = {"validate": Exit.INVALID, "report": Exit.CHANGES}  # the others end well


def offered(parser: argparse.ArgumentParser | None = None, words: tuple[str, ...] = ()) -> Iterator[tuple[str, str]]:
    """Yield each command, or action of one, with each format that its -o accepts."""
    for action in (parser or parser_for())._actions:
        if isinstance(action.type, TargetIn):
            yield from ((" ".join(words), name) for name in action.type.formats)
        for name, below in (getattr(action, "_name_parser_map", None) or {}).items():
            yield from offered(below, (*words, name))


def test_every_offered_format_is_in_the_table_and_every_format_of_the_table_is_offered() -> None:
    assert {name for _, name in offered()} == FORMATS.keys()


def test_every_format_is_rendered_or_written_as_it_comes() -> None:
    assert [name for name, row in FORMATS.items() if (row.render is None) != (row.made_of is MadeOf.EVENTS)] == []


def test_no_two_formats_have_the_same_ending() -> None:
    endings = [ending for row in FORMATS.values() for ending in row.endings]
    assert len(endings) == len(set(endings))
    for name, row in FORMATS.items():
        assert {format_of(f"report{ending}", tuple(FORMATS)) for ending in row.endings} <= {name}


@pytest.fixture
def world(run: Run, monkeypatch: pytest.MonkeyPatch) -> Run:
    monkeypatch.setenv("RECONCILER_WEBHOOK", "https://hooks.example/x")  # nothing is new, so nothing is sent
    monkeypatch.setenv("GITHUB_OUTPUT", str(Path("step").absolute()))
    Path("reconciler.yaml").write_text(FLEET, encoding="utf-8")
    write("compared", COMPARED)
    write("wrong", INVALID)
    assert run("apply", "risk", "--sandbox", "--yes").code == Exit.DONE
    run("drift", "--all", "--sandbox", "-o", "json=fleet.json")
    write("risk", STACK.replace("busybox:1", "busybox:2"))
    return run


def test_every_offered_format_of_every_command_shows_what_it_has_come_to(
    world: Run, request: pytest.FixtureRequest
) -> None:
    formats: dict[str, list[str]] = {}
    for command, name in offered():
        formats.setdefault(command, []).append(name)
    assert formats.pop("force-unlock") == list(EVERYWHERE)  # nothing is locked in the sandbox: see test_locking.py
    assert formats.keys() == STORY.keys()
    for command, words in STORY.items():
        if command == "comment":
            request.getfixturevalue("github")
        files = {name: Path(f"{command}.{name}") for name in formats[command]}
        Path("step").write_text("", encoding="utf-8")
        job = Path("submit.text").read_text(encoding="utf-8").strip() if "JOB" in words else ""
        ran = world(
            *command.split(), *words.replace("JOB", job).split(), *(f"-o{name}={file}" for name, file in files.items())
        )
        assert ran.code == ENDS.get(command, Exit.DONE), (command, ran)
        for name, file in files.items():
            row, told = FORMATS[name], file.read_text(encoding="utf-8")
            told += Path("step").read_text(encoding="utf-8") if row.tells_step else ""
            nothing = "".join(row.render(Collected())) if row.render else ""
            assert told.strip() not in ("", nothing.strip()), f"{command} shows nothing as {name}"

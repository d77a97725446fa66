"""What "Where to add" of docs/architecture.md promises holds: each line is done here as it says, and nothing else."""

import importlib
import json
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

import reconciler
from reconciler import importers
from reconciler.adapters.aws.cloud import AwsCloud
from reconciler.adapters.lookup import installed
from reconciler.cli import commands
from reconciler.cli.commands import COMMANDS, CommandRow, import_, validate
from reconciler.cli.commands.fmt import language
from reconciler.cli.options import OF_FINDINGS
from reconciler.importers.model import Imported
from reconciler.kinds import KINDS, SECTIONS
from reconciler.kinds.base import Field, Kind
from reconciler.model import Cost, Json
from reconciler.ports import Observer
from reconciler.printable import harmless_text
from reconciler.problems import Exit
from reconciler.report.formats import FORMATS, Collected, Format, MadeOf
from reconciler.schema import schemas, untagged
from tests import commands_page
from tests.cli.conftest import Run, write
from tests.toys import TOY, Toyshop, service_model

# A kind: one table, one name, and the schemas that are generated from them. This one has no rules.


@pytest.fixture(autouse=True)
def _language() -> Iterator[None]:
    """Read the language of each test anew: a run keeps it."""
    language.cache_clear()
    yield
    language.cache_clear()


def add_kind(kind: Kind, monkeypatch: pytest.MonkeyPatch) -> Toyshop:
    """Add a kind as a contributor would; the calls of AWS that are about it are answered by the shop."""
    shop, call, service = Toyshop(), AwsCloud.call, service_model()

    def called(cloud: AwsCloud, operation: str, request: Json) -> Json:
        is_ours = "Toy" in operation or ":toy/" in request.get("resourceArn", "")
        return shop.call(operation, request) if is_ours else call(cloud, operation, request)

    monkeypatch.setitem(KINDS, kind.name, kind)
    monkeypatch.setitem(SECTIONS, kind.name, kind)
    files = schemas(SECTIONS.values(), service)
    monkeypatch.setattr(installed, "read_schema", lambda name="stack": untagged(files[f"{name}.schema.json"]))
    monkeypatch.setattr(installed, "service_model", lambda: service)
    monkeypatch.setattr(AwsCloud, "call", called)
    write("toys", "stack: toys\ntoys:\n  bear: {material: wool, parts: [b, a]}\n")
    return shop


@pytest.fixture
def shop(run: Run, monkeypatch: pytest.MonkeyPatch) -> Toyshop:
    return add_kind(TOY, monkeypatch)


def test_a_kind_that_is_added_is_validated_explained_formatted_and_shown(run: Run, shop: Toyshop) -> None:
    assert run("validate", "toys", "--strict").out == "toys: valid, 1 toy\n"
    explained = run("explain", "toys").out
    assert "What children play with." in explained
    assert re.search(r"^ *rules +none$", explained, re.MULTILINE)
    assert "Any color." in run("explain", "color").out
    assert run("explain", "--rules", "Toy").out == "There are no rules.\n"
    assert run("explain", "--rules", "Toy", "-o", "json").json == []
    assert "bear:" in run("render", "toys").out
    assert run("graph", "toys").out == "Toy/bear\n"
    assert run("fmt", "toys", "--check").code == Exit.DONE
    assert "batch:DescribeToys" in run("iam-policy", "toys", "--for", "plan").out
    assert "batch:CreateToy" in run("iam-policy", "toys", "--for", "apply").out
    write("toys", "stack: toys\ntoys: {bear: {materal: wool}}\n")
    assert "materal is not a field\n    hint: did you mean material?" in run("validate", "toys").out
    assert shop.toys == {}


def test_a_kind_that_is_added_is_planned_applied_and_looked_at(run: Run, shop: Toyshop) -> None:
    assert "+   Toy/bear" in run("plan", "toys", "--sandbox").out
    assert run("apply", "toys", "--sandbox", "--yes").code == Exit.DONE
    assert run("plan", "toys", "--sandbox", "--detailed-exitcode").code == Exit.DONE
    assert "Status: 1 healthy" in run("status", "toys", "--sandbox").out
    assert "Doctor: 0 problems, 1 healthy." in run("doctor", "toys", "--sandbox").out
    assert "No drift." in run("drift", "toys", "--sandbox").out
    assert "Toy/bear  arn:aws:batch" in run("outputs", "toys", "--sandbox").out
    assert "Coverage: 1 of 1 resource" in run("coverage", "--sandbox").out
    assert run("forget", "toys", "--sandbox", "--yes").code == Exit.DONE
    assert run("adopt", "toys", "--sandbox", "--yes").code == Exit.DONE
    assert run("destroy", "toys", "--sandbox", "--yes").code == Exit.DONE
    assert shop.toys == {}


def test_a_kind_that_is_added_is_imported_from_each_source(run: Run, shop: Toyshop) -> None:
    body = {"toyName": "bear", "material": "wool", "color": "red", "parts": ["a"]}
    imported = "toys:\n  bear:\n    material: wool\n    parts: [a]\n"
    shop.call("CreateToy", body | {"tags": {}})
    assert run("import", "--live", "--sandbox", "--to", "-").out.endswith(imported)
    sources = {
        "json": {"toys": [body | {"toyArn": shop.toys["bear"]["toyArn"]}]},
        "terraform": {"version": 4, "terraform_version": "1.9.0", "resources": [
            {"mode": "managed", "type": "aws_batch_toy", "name": "bear", "provider": "aws", "instances": [
                {"attributes": {"name": "bear", "material": "wool", "color": "red", "parts": ["a"]}}]}]},
        "cloudformation": {"Resources": {"bear": {"Type": "AWS::Batch::Toy", "Properties": {
            "ToyName": "bear", "Material": "wool", "Color": "red", "Parts": ["a"]}}}},
    }  # fmt: skip
    for source, content in sources.items():
        Path(f"{source}.json").write_text(json.dumps(content), encoding="utf-8")
        assert run("import", f"--{source}", f"{source}.json", "--to", "-").out.endswith(imported), source


# A field: a row in the table of its kind.

AGE = Field(name="age", cost=Cost.SCALING, default=3, limits={"maximum": 12}, description="In years, from which on.")


def test_a_field_without_a_row_is_sent_as_written_if_the_installed_sdk_knows_it(run: Run, shop: Toyshop) -> None:
    write("toys", "stack: toys\ntoys: {bear: {material: wool, age: 99}}\n")
    assert run("apply", "toys", "--sandbox", "--yes").code == Exit.DONE
    assert shop.toys["bear"]["age"] == 99


def test_a_field_that_is_added_is_validated_compared_planned_explained_and_imported(
    run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    shop = add_kind(replace(TOY, rows=(*TOY.rows, AGE)), monkeypatch)
    write("toys", "stack: toys\ntoys: {bear: {material: wool, age: 99}}\n")
    assert "age must be at most 12, but is 99" in run("validate", "toys").out
    explained = " ".join(run("explain", "toys.age").out.split())
    assert "In years, from which on." in explained
    assert "default 3" in explained
    assert "changing it scaling: in place" in explained
    write("toys", "stack: toys\ntoys: {bear: {material: wool}}\n")
    run("apply", "toys", "--sandbox", "--yes")
    shop.toys["bear"]["age"] = 3
    assert run("plan", "toys", "--sandbox", "--detailed-exitcode").code == Exit.DONE
    assert "age" not in run("import", "--live", "--with-owned", "--sandbox", "--to", "-").out
    write("toys", "stack: toys\ntoys: {bear: {material: wool, age: 5}}\n")
    planned = run("plan", "toys", "--sandbox").out
    assert "age set to 5" in planned
    assert "(1 in place)" in planned
    assert run("apply", "toys", "--sandbox", "--yes").code == Exit.DONE
    assert shop.toys["bear"]["age"] == 5
    assert "age: 5" in run("import", "--live", "--with-owned", "--sandbox", "--to", "-").out


# A rule: a row in the file of its kind. That is done to a copy of the package, since many modules look at the tables
# when they are imported.

RULE = """

def _no_zero(subject: Subject) -> Findings:
    if subject.body.get("fairsharePolicy", {}).get("shareDecaySeconds") == 0:
        yield ("fairsharePolicy", "shareDecaySeconds"), "is 0"


RULES = (
    *RULES,
    Rule(
        id="SP999",
        says="No policy forgets at once.",
        check=_no_zero,
        evidence=measured("CreateSchedulingPolicy", "shareDecaySeconds is too small"),
        fails=_fair(shareDecaySeconds=0),
        passes=_fair(shareDecaySeconds=1),
    ),
)
"""
COMMANDS_AND_TESTS = """\
import sys
from reconciler import rules
from reconciler.cli import main
from tests.rules import test_rules

assert rules.__file__.startswith(sys.argv[1]), rules.__file__
main(["explain", "SP999"])
main(["explain", "schedulingPolicies.fairsharePolicy.shareDecaySeconds"])
main(["validate", "mine"])
main(["validate", "disabled"])
((kind, rule),) = [(kind, rule) for kind, rule in test_rules.ALL if rule.id == "SP999"]
test_rules.test_a_rule_finds_what_breaks_it_and_nothing_else_does(kind, rule)
test_rules.test_what_keeps_a_rule_is_valid(kind, rule)
test_rules.test_ids_are_unique_and_of_one_form()
test_rules.test_every_rule_says_something_and_names_its_source()
"""


def test_a_rule_that_is_added_is_explained_checked_and_tested_and_can_be_disabled(tmp_path: Path) -> None:
    package = Path(reconciler.__file__).parent
    shutil.copytree(package, tmp_path / "reconciler")
    shutil.copytree(package.parent / "schemas", tmp_path / "schemas")
    with (tmp_path / "reconciler/rules/scheduling_policy.py").open("a", encoding="utf-8") as file:
        file.write(RULE)
    zero = "schedulingPolicies: {fair: {fairsharePolicy: {shareDecaySeconds: 0}}}\n"
    for name, head in (("mine", ""), ("disabled", "rules: {disable: {SP999: ours may}}\n")):
        (tmp_path / name).mkdir()
        (tmp_path / name / "stack.yaml").write_text(f"stack: {name}\n{head}{zero}", encoding="utf-8")
    ran = subprocess.run(
        [sys.executable, "-c", COMMANDS_AND_TESTS, str(tmp_path)],
        cwd=tmp_path, env={**os.environ, "PYTHONPATH": f"{tmp_path}{os.pathsep}{package.parent}", "NO_COLOR": "1"},
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert ran.returncode == 0, ran.stderr
    assert "SP999 SchedulingPolicy No policy forgets at once. severity error" in " ".join(ran.stdout.split())
    assert "rule SP999" in ran.stdout
    assert "error[SP999]: SchedulingPolicy/fair: fairsharePolicy.shareDecaySeconds is 0" in ran.stdout
    assert "disabled: valid, 1 scheduling policy" in ran.stdout


# A source of import: a module that returns `Imported`, and a row.

INVENTORY = """\
from reconciler.importers.model import Imported, ImportedResource
from reconciler.model import Address


def imported(lines):
    found = (line.split() for line in lines)
    return Imported(resources=tuple(
        ImportedResource(Address("SchedulingPolicy", name), {"fairsharePolicy": {"shareDecaySeconds": int(seconds)}})
        for name, seconds in found
    ))
"""


def read_inventory(request: import_.ImportRequest, _observer: Observer, _region: import_.ReadRegion) -> Imported:
    module = importlib.import_module("reconciler.importers.inventory")
    found: Imported = module.imported(Path(request.files[0]).read_text(encoding="utf-8").splitlines())
    return found


@pytest.fixture
def _inventory(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Add a source as a contributor would: one module and one row."""
    (tmp_path / "inventory.py").write_text(INVENTORY, encoding="utf-8")
    monkeypatch.setattr(importers, "__path__", [*importers.__path__, str(tmp_path)])
    sources = (*import_.SOURCES, import_.ImportSource("inventory", "a list of names and seconds", read_inventory))
    monkeypatch.setattr(import_, "SOURCES", sources)
    yield
    sys.modules.pop("reconciler.importers.inventory", None)


@pytest.mark.usefixtures("_inventory")
def test_a_source_that_is_added_is_offered_written_as_a_stack_and_planned(run: Run) -> None:
    assert "--inventory FILE a list of names and seconds" in " ".join(run("import", "--help").out.split())
    assert "| `--inventory FILE` |" in commands_page.page()
    Path("list.txt").write_text("fair 60\nfairer 0\n", encoding="utf-8")
    assert "only one source is accepted" in run("import", "--inventory", "list.txt", "--live", "--to", "x").err
    ran = run("import", "--inventory", "list.txt", "--to", "fairs", "--prove", "--sandbox")
    assert "Imported as stack fairs: 2 scheduling policies" in ran.out
    assert run("validate", "fairs").out == "fairs: valid, 2 scheduling policies\n"
    assert "The plan is not empty: 2 changes beyond adoption." in ran.out


# An output format.


def count(run: Collected) -> str:
    return f"{len(run.items)} stacks ##[error]\n"


@pytest.fixture
def _tally(monkeypatch: pytest.MonkeyPatch) -> None:
    """Add a format as a contributor would: one row, one function, and its name among those of a command."""
    row = Format(made_of=MadeOf.ITEMS, render=count, harmless=harmless_text, is_one_value=True, endings=(".tally",))
    monkeypatch.setitem(FORMATS, "tally", row)
    monkeypatch.setattr(validate, "OF_FINDINGS", (*OF_FINDINGS, "tally"))


@pytest.mark.usefixtures("_tally")
def test_a_format_that_is_added_is_offered_rendered_and_harmless(run: Run) -> None:
    assert "junit, tally;" in " ".join(run("validate", "--help").out.split())
    assert "| text, json, github, sarif, junit, tally;" in commands_page.page()
    ran = run("validate", "risk", "small", "-o", "tally", "-o", "text=a.txt")
    assert (ran.code, ran.out) == (Exit.DONE, "2 stacks ##\\[error]\n")
    assert run("validate", "risk", "small", "-o", "tally=a.tally").code == Exit.DONE
    assert Path("a.tally").read_text(encoding="utf-8") == ran.out


@pytest.mark.usefixtures("_tally")
def test_a_format_that_is_added_is_checked_as_its_row_says(run: Run) -> None:
    assert "tally and text cannot share stdout" in run("validate", "-o", "tally", "-o", "text").err
    assert "write -o tally=x.tally\n" in run("validate", "-o", "x.tally").err
    assert "there is no format 'tally' here" in run("plan", "-o", "tally").err


GREETING = """\
from reconciler.cli.options import add_output, add_stacks, fleet_of

EXAMPLES = "  reconciler say-hello stacks/prod\\n"


def add(parser):
    add_stacks(parser)
    add_output(parser)


def run(args, out):
    paths = fleet_of(args).paths
    out.publish_text(f"hello {' '.join(paths)}\\n", lambda: {"hello": paths})
    return 0
"""


@pytest.fixture
def _greeting(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Add a command as a contributor would: one file and one row."""
    (tmp_path / "say_hello.py").write_text(GREETING, encoding="utf-8")
    monkeypatch.setattr(commands, "__path__", [*commands.__path__, str(tmp_path)])
    monkeypatch.setitem(COMMANDS, "say-hello", CommandRow("Write", "greet stacks"))
    yield
    del sys.modules["reconciler.cli.commands.say_hello"]


@pytest.mark.usefixtures("_greeting")
def test_a_command_that_is_added_is_in_the_help_and_runs(run: Run) -> None:
    assert "say-hello greet stacks" in " ".join(run("--help").out.split())
    assert "examples:\n  reconciler say-hello stacks/prod\n" in run("say-hello", "--help").out
    assert "## say-hello\n\nGreet stacks.\n" in commands_page.page()
    assert run("say-helo").err.endswith("did you mean say-hello?\n")
    assert (run("say-hello", "a", "b").out, run("say-hello", "-o", "json").json) == ("hello a b\n", {"hello": ["."]})

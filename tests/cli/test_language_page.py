"""What docs/language.md shows is a stack, and its tables have all that there is."""

import json
import re
from pathlib import Path

import pytest

from reconciler.kinds import KINDS
from reconciler.load.expand import CONTEXT
from reconciler.load.resources import MEMBERS as OF_LIFECYCLE
from reconciler.load.sections import SETTINGS
from reconciler.load.settings import MEMBERS as OF_IGNORE
from reconciler.load.variables import MEMBERS as OF_VARIABLES
from reconciler.load.variables import TYPES
from reconciler.problems import Exit
from reconciler.rules import RULE_IDS
from reconciler.syntax.parse import TAGS
from tests.cli.conftest import Run
from tests.consoles import Shown, steps

PAGE = (Path(__file__).parents[2] / "docs" / "language.md").read_text(encoding="utf-8")
SECTIONS = dict(part.split("\n", 1) for part in PAGE.split("\n## ")[1:])
VALUES = "values/"


def examples(title: str) -> list[tuple[dict[str, str], list[str]]]:
    """Return the stacks of a section, each as files by name and files of values: named files make one stack."""
    shown = [step for step in steps(SECTIONS[title]) if isinstance(step, Shown)]
    named = {step.file: step.text for step in shown if step.file}
    alone = [({"stack.yaml": step.text}, list[str]()) for step in shown if not step.file]
    values = [name for name in named if name.startswith(VALUES)]
    return [*alone, *([({name: named[name] for name in named}, values)] if named else [])]


EXAMPLES = [(title, *example) for title in SECTIONS for example in examples(title)]
every_example = pytest.mark.parametrize(
    ("title", "files", "values"), EXAMPLES, ids=[f"{title}-{number}" for number, (title, *_) in enumerate(EXAMPLES)]
)


def written(files: dict[str, str]) -> None:
    """Write an example into the folder `example`, and its files of values beside it."""
    for name, text in files.items():
        file = Path(name) if name.startswith(VALUES) else Path("example", name)
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text, encoding="utf-8")


@every_example
def test_an_example_is_valid_and_in_canonical_style(
    title: str, files: dict[str, str], values: list[str], run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TOKEN", "anything")
    written(files)
    more = [word for file in values for word in ("--var-file", file)]
    checked = run("validate", "example", *more)
    assert (checked.code, checked.err) == (Exit.DONE, "")
    assert "warning" not in checked.out
    formatted = run("fmt", "example", "--check")
    assert formatted.code == Exit.DONE, formatted.out


def test_every_section_that_describes_yaml_has_an_example() -> None:
    assert {title for title, *_ in EXAMPLES} == set(SECTIONS) - {"Resources", "JSON files", "Formatting", "Editors"}


def test_numbers_become_the_texts_that_the_page_says(run: Run) -> None:
    ((files, _),) = examples("Values")
    written(files)
    body = run("render", "example", "-o", "json").json["jobDefinitions"]["plain"]
    assert body["parameters"] == {"threshold": "0.50", "day": "20270331", "verbose": "true"}
    assert "${AWS_BATCH_JOB_ID}" in body["containerProperties"]["command"][2]


def test_null_takes_a_default_away_and_a_resource_merges_with_the_rest(run: Run) -> None:
    ((files, _),) = examples("Defaults and anchors")
    written(files)
    bodies = run("render", "example", "-o", "json").json["jobDefinitions"]
    assert bodies["fetch"]["retryStrategy"] == {"attempts": 3}
    assert "retryStrategy" not in bodies["once"]
    assert [body["containerProperties"]["command"][1] for body in bodies.values()] == ["fetch", "once"]
    assert len({json.dumps(body["containerProperties"]["resourceRequirements"]) for body in bodies.values()}) == 1
    assert all(body["lifecycle"] == {"retainRevisions": 5} for body in bodies.values())


def test_the_command_line_counts_more_than_files_and_these_more_than_defaults(
    run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TOKEN", "anything")
    ((files, _),) = examples("Variables")
    written({**files, "values/a.yaml": "memory: 1\nattempts: 4\n", "values/b.yaml": "memory: 4096\n"})
    more = ["--var-file", "values/a.yaml", "--var-file", "values/b.yaml", "--var", "attempts=5"]
    body = run("render", "example", *more, "--var", "command=[./run, --fast]", "-o", "json").json["jobDefinitions"][
        "run"
    ]
    assert body["retryStrategy"] == {"attempts": 5}
    assert body["containerProperties"]["resourceRequirements"][1]["value"] == "4096"
    assert body["containerProperties"]["command"] == ["./run", "--fast"]


def test_a_request_of_the_aws_command_line_is_a_resource(run: Run) -> None:
    (text,) = re.findall(r"```json\n(.+?)```", SECTIONS["JSON files"], re.DOTALL)
    written({"stack.yaml": "stack: json\ntags: {team: risk}\n", "nightly.json": text})
    assert run("validate", "example").out == "example: valid, 1 job definition\n"
    assert list(run("render", "example", "-o", "json").json["jobDefinitions"]) == ["nightly-report"]


def test_environments_of_one_stack_live_side_by_side(run: Run) -> None:
    ((files, (values,)),) = examples("Several environments")
    written(files)
    prod = ("example", "--sandbox", "--var-file", values)
    dev = (*prod, "--var", "environment=dev")
    assert [run("apply", *words, "--yes").code for words in (prod, dev)] == [Exit.DONE, Exit.DONE]
    assert [run("plan", *words, "--detailed-exitcode").code for words in (prod, dev)] == [Exit.DONE, Exit.DONE]


def first_cells(title: str) -> list[str]:
    rows = re.findall(r"^\| (.*?) \|", SECTIONS[title], re.MULTILINE)
    return [found[1] for row in rows if (found := re.match(r"`([^`]+)`", row))]


def test_the_tables_have_all_that_there_is() -> None:
    assert set(first_cells("Top-level keys")) == {*SETTINGS, "x-…"}
    assert first_cells("Resources") == [kind.section for kind in KINDS.values()]
    assert first_cells("Variables") == list(OF_VARIABLES)
    assert {cell.split()[0] for cell in first_cells("Tagged scalars")} == set(TAGS)
    assert first_cells("Lifecycle") == list(OF_LIFECYCLE)


def test_each_section_leads_to_the_request_of_its_kind() -> None:
    rows = re.findall(r"^\| `(\w+)` \| \[(\w+)\]\(\S+?API_(\w+)\.html\)", SECTIONS["Resources"], re.MULTILINE)
    assert rows == [(kind.section, kind.create.operation, kind.create.operation) for kind in KINDS.values()]


def test_the_text_names_all_types_contexts_members_and_kinds() -> None:
    assert all(f"`{name}`" in SECTIONS["Variables"] for name in (*TYPES, *CONTEXT))
    assert all(f"${{{name}}}" in SECTIONS["Tagged scalars"] for name in CONTEXT)
    assert all(name in SECTIONS["Ignore"] for name in (*OF_IGNORE, *KINDS))
    assert set(re.findall(r"\b[A-Z]{2}\d{3}\b", SECTIONS["Rules"])) <= set(RULE_IDS)


def test_what_the_paths_of_the_page_name_keeps_its_live_value(run: Run) -> None:
    ((files, _),) = examples("Paths")
    written(files)
    assert run("apply", "example", "--sandbox", "--yes").code == Exit.DONE
    file = Path("example/stack.yaml")
    file.write_text(file.read_text(encoding="utf-8").replace("busybox:1.37", "busybox:2"), encoding="utf-8")
    planned = run("plan", "example", "--sandbox", "-v")
    assert planned.out.count("live public.ecr.aws/docker/library/busybox:1.37") == 2
    assert "revision" not in planned.out

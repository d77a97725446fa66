"""A stack in an editor: nothing is marked that is right, what is wrong is, and hovering and completing tell our words.

`python -m tests.editors` fetches the server; without it these are skipped.
"""

import json
import re
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from reconciler.adapters.lookup.installed import read_schema
from reconciler.cli.main import main
from reconciler.kinds import KINDS
from reconciler.schema import explain
from reconciler.syntax.parse import TAGS
from tests.editors.__main__ import is_there
from tests.editors.server import LanguageServer

pytestmark = pytest.mark.skipif(
    not (shutil.which("node") and is_there()), reason="no YAML language server: `python -m tests.editors` fetches it"
)
ROOT = Path(__file__).parents[2]
TEMPLATES = sorted(folder.name for folder in (ROOT / "reconciler" / "templates").iterdir() if folder.is_dir())
TEXT = """\
stack: risk
tags: {team: !ssm /team, cost: 42}
computeEnvironments:
  spot:
    type: !var type
    state: disabled
    computeResources:
      type: SPOT
      maxvCpus: 16
      subnets: [!cfn network.Subnet]
      securityGroupIds: !ssm /groups
jobQueues:
  pricing:
    priority: 10
    computeEnvironmentOrder: [spot]
jobDefinitions:
  simulate:
    type: container
    retryStrategy: {attempts: 3}
    containerProperties:
      image: !sub "${registry}:1"
      memory: 2048
"""


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder that is open: a stack as `init` leaves it, with the other templates below it."""
    folder = tmp_path_factory.mktemp("stack")
    for name in TEMPLATES:
        assert main(["init", str(folder / name), "--template", name]) == 0
    shutil.copytree(folder / TEMPLATES[0], folder, dirs_exist_ok=True)
    return folder


@pytest.fixture(scope="module")
def server(folder: Path) -> Iterator[LanguageServer]:
    settings = json.loads((folder / ".vscode" / "settings.json").read_text(encoding="utf-8"))
    with LanguageServer(folder, settings) as server:
        yield server


@pytest.fixture(scope="module")
def file(server: LanguageServer, folder: Path) -> Path:
    """A file of the stack beside its first, without a comment that names the schema: the settings do."""
    file = folder / "more.yaml"
    assert server.open({file: TEXT}) == {file: []}
    return file


def marked(server: LanguageServer, file: Path, text: str) -> list[tuple[int, str]]:
    return sorted(server.open({file: text})[file])


def place(text: str, words: str) -> tuple[int, int]:
    """Return line and column, from 1, of where the last of the words begins."""
    offset = text.index(words) + words.rfind(" ") + 1
    return text.count("\n", 0, offset) + 1, offset - text.rfind("\n", 0, offset)


def test_nothing_is_marked_in_the_examples_and_in_what_init_writes(server: LanguageServer, folder: Path) -> None:
    files = [*ROOT.glob("stacks/*/*.yaml"), *(folder / name / "stack.yaml" for name in TEMPLATES)]
    found = server.open({file: file.read_text(encoding="utf-8") for file in files})
    assert (len(files) > 20, {file: told for file, told in found.items() if told}) == (True, {})


@pytest.mark.parametrize("tag", TAGS)
def test_a_tag_may_stand_for_a_value_of_any_type(tag: str, server: LanguageServer, folder: Path) -> None:
    values = ("10", "16", "SPOT", "[spot]", "{attempts: 3}", "!var type", "!ssm /groups")
    text = TEXT
    for value in values:
        assert f": {value}\n" in text
        text = text.replace(f": {value}\n", f": {tag} x\n")
    assert marked(server, folder / f"{tag[1:]}.yaml", text) == []


@pytest.mark.parametrize(
    ("right", "wrong", "said"),
    [
        ("stack: risk", "stak: risk", "Property stak is not allowed."),
        ("priority: 10", "priorty: 10", "Property priorty is not allowed."),
        ("maxvCpus: 16", "maxvCpus: lots", "Incorrect type."),
        ("type: SPOT", "type: SPOTS", "Value is not accepted."),
        ("attempts: 3", "attempts: 30", "Value is above the maximum of 10."),
        ("      memory: 2048", "      memroy: 2048", "Property memroy is not allowed."),
        ("{attempts: 3}", "three", "Incorrect type."),
        ("    type: container\n", "", 'Missing property "type".'),
    ],
)
def test_what_is_wrong_is_marked_at_its_line(
    right: str, wrong: str, said: str, server: LanguageServer, folder: Path
) -> None:
    assert right in TEXT
    line, _ = place(TEXT, right) if wrong else place(TEXT, "simulate:")
    told = marked(server, folder / f"{re.sub(r'[^a-z]', '', right + wrong)}.yaml", TEXT.replace(right, wrong, 1))
    assert any(at == line and message.startswith(said) for at, message in told), told
    assert {at for at, _ in told} <= {line, line - 1}


@pytest.mark.parametrize(
    ("words", "path"),
    [
        ("jobQueues:", "jobQueues"),
        ("priority:", "jobQueues.priority"),
        ("maxvCpus:", "computeEnvironments.computeResources.maxvCpus"),
        ("securityGroupIds:", "computeEnvironments.computeResources.securityGroupIds"),
        ("type: container", "jobDefinitions.type"),
        ("image:", "jobDefinitions.containerProperties.image"),
        ("{attempts:", "jobDefinitions.retryStrategy.attempts"),
        ("computeEnvironmentOrder:", "jobQueues.computeEnvironmentOrder"),
    ],
)
def test_hovering_over_a_member_tells_what_explain_tells(
    words: str, path: str, server: LanguageServer, file: Path
) -> None:
    (explained,) = explain(path, KINDS, read_schema())
    line, column = place(TEXT, words)
    assert explained.says in server.hover(file, line, column + 1).replace("\\", "")


@pytest.mark.parametrize(
    ("words", "offered"),
    [
        ("type: SPOT", {"EC2", "SPOT", "FARGATE", "!var", "!ssm"}),
        ("state: disabled", {"ENABLED", "DISABLED", "!var"}),
        ("    retryStrategy:", {"timeout", "parameters", "lifecycle"}),
        ("      memory:", {"vcpus", "environment", "command"}),
        ("jobDefinitions:", {"schedulingPolicies", "variables", "defaults"}),
    ],
)
def test_completing_offers_members_values_and_tags(
    words: str, offered: set[str], server: LanguageServer, file: Path
) -> None:
    assert offered - server.completions(file, *place(TEXT, words)) == set()

"""docs/terraform-state.md is done as it stands there, and its tables hold."""

import re
import shlex
from pathlib import Path

import pytest

from reconciler.tfstate import parse_address
from tests.cli.conftest import Run
from tests.consoles import Command, Shown, is_as_shown, steps
from tests.load.test_states import places

PAGE = (Path(__file__).parents[2] / "docs" / "terraform-state.md").read_text(encoding="utf-8")
(OUTPUTS,) = re.findall(r"```json\n(.+?)```", PAGE, re.DOTALL)


def test_the_example_prints_what_the_page_shows(run: Run) -> None:
    for step in steps(PAGE):
        match step:
            case Shown(text, file=str(file)):
                Path(file).parent.mkdir(parents=True)
                Path(file).write_text(text.partition("\n")[2], encoding="utf-8")
                Path(file).with_name("outputs.json").write_text(OUTPUTS, encoding="utf-8")
                assert run("fmt", str(Path(file).parent), "--check").code == 0
            case Command(line, code, prints):
                ran = run(*shlex.split(line)[1:])
                assert ran.code == code
                assert is_as_shown(prints, ran.out), ran.out


@pytest.mark.parametrize("address", re.findall(r"`network:([^`]+)`", PAGE))
def test_every_address_of_the_page_is_one(address: str) -> None:
    assert str(parse_address(address)) == address


@pytest.mark.parametrize("place", re.findall(r"\| [^|]+ \| `(s3:[^`]+|https:[^`]+|\{url[^`]+|\.\./[^`]+)`", PAGE))
def test_every_place_of_the_page_is_one(place: str) -> None:
    assert "net" in places(f"lookups: {{tfstate: {{net: {place}}}}}\n")

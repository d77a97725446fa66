"""docs/architecture.md tells the floors that hold, and names tests that exist."""

import re
import tomllib
from pathlib import Path

ROOT = Path(__file__).parent.parent
PAGE = (ROOT / "docs" / "architecture.md").read_text(encoding="utf-8")
SECTIONS = dict(part.split("\n", 1) for part in PAGE.split("\n## ")[1:])


def test_the_floors_are_those_that_hold() -> None:
    linter = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["tool"]["importlinter"]
    layers = next(one for one in linter["contracts"] if one["id"] == "floors")["layers"]
    rows = re.findall(r"^\| (`.+?) \|", SECTIONS["The floors"], re.MULTILINE)
    assert [re.findall(r"`(\w+)`", row) for row in rows] == [layer.split(" | ") for layer in layers]


def test_every_test_that_is_named_exists() -> None:
    named = re.findall(r"\[(test_\w+)\]\(\.\./(\S+?)\)", SECTIONS["What holds, and what shows it"])
    assert len(named) > 20
    for test, file in named:
        assert f"def {test}(" in (ROOT / file).read_text(encoding="utf-8"), (test, file)


def test_the_ports_are_those_that_exist() -> None:
    told = re.search(r"\(\.\./reconciler/ports\.py\):(.+?)\. ", SECTIONS["Three decisions"].replace("\n", " "))
    assert told
    ports = re.findall(
        r"^class (\w+)\(Protocol\)", (ROOT / "reconciler" / "ports.py").read_text(encoding="utf-8"), re.MULTILINE
    )
    assert sorted(re.findall(r"`(\w+)`", told[1])) == sorted(ports)

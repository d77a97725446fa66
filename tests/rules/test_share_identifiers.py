"""How long the identifier of a share may be: ShareAttributes has 255 characters, "and can be followed by" an asterisk."""

import pytest

from reconciler.adapters.lookup.installed import read_schema
from reconciler.kinds import KINDS
from reconciler.model import Address, Declared, Stack
from reconciler.problems import Severity
from reconciler.validate import validate
from tests.builders import SP, fair

SCHEMA = read_schema()


def codes(identifier: str) -> list[str]:
    address = Address(SP, "p")
    body = fair(shareDistribution=[{"shareIdentifier": identifier}])
    found = validate(Stack("s", {address: Declared(address, body)}), SCHEMA, KINDS)[1]
    return [problem.code for problem in found if problem.severity is Severity.ERROR]


@pytest.mark.parametrize("identifier", ["A", "a" * 255, "a" * 255 + "*", "A*", "*", "a-b_c"])
def test_an_identifier_of_255_characters_and_an_asterisk_fits(identifier: str) -> None:
    assert codes(identifier) == []


@pytest.mark.parametrize("identifier", ["a" * 256, "a" * 256 + "*", "a**", "a*b", "**", "a b", ""])
def test_a_longer_one_or_other_signs_do_not(identifier: str) -> None:
    assert codes(identifier) == ["SCH006"]

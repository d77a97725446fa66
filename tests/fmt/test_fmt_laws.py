"""What holds for every file: it means the same, it is done at once, and nothing that anybody wrote is lost."""

import re
from collections import Counter
from pathlib import Path
from random import Random

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from reconciler.adapters.lookup.installed import read_schema
from reconciler.kinds import KINDS
from reconciler.load import Loaded
from reconciler.model import Stack
from reconciler.validate import validate
from tests.fmt.formatting import done, is_sound, meaning
from tests.fmt.mess import Mess, blanks_removed
from tests.fmt.messy import documents
from tests.laws import law
from tests.load.memory import loaded

ROOT = Path(__file__).parents[2]
FOLDERS = [folder for parent in ("stacks", "reconciler/templates") for folder in sorted((ROOT / parent).iterdir())]
FILES = sorted(file for folder in FOLDERS for file in folder.rglob("*.yaml"))
IN_DOUBT = ("SCH001", "STK002")
patiently = law(100)

every_folder = pytest.mark.parametrize("folder", FOLDERS, ids=lambda folder: f"{folder.parent.name}/{folder.name}")
every_file = pytest.mark.parametrize("file", FILES, ids=lambda file: f"{file.parent.name}/{file.name}")


@patiently
@given(documents())
def test_a_file_means_the_same_and_needs_no_second_run(text: str) -> None:
    assume(is_sound(text))
    result = done(text)
    if result.problems:
        assert {problem.code for problem in result.problems} <= set(IN_DOUBT)
        assert result.after == text.encode()
        return
    after = result.after.decode()
    assert done(after).after == result.after
    if not result.respelled:
        assert meaning(after) == meaning(text)


@patiently
@given(documents())
def test_no_comment_is_lost_or_doubled(text: str) -> None:
    assume(is_sound(text))
    result = done(text)
    numbered = re.compile(r"(?:above|beside|tail|in) \d+")
    assert Counter(numbered.findall(result.after.decode())) == Counter(numbered.findall(text))


@every_file
@law(8)
@given(st.integers(0))
def test_an_example_that_was_made_a_mess_is_what_it_was(file: Path, seed: int) -> None:
    text = file.read_text(encoding="utf-8")
    mess = mess_of(seed).file(text)
    assert blanks_removed(done(mess).after.decode()) == blanks_removed(text)


@every_folder
@law(4)
@given(st.integers(0))
def test_a_stack_is_the_same_stack_before_and_after(folder: Path, seed: int) -> None:
    texts = {file.relative_to(folder).as_posix(): file.read_text(encoding="utf-8") for file in folder.rglob("*.*")}
    mess = mess_of(seed)
    messed = {name: mess.file(text) if name.endswith(".yaml") else text for name, text in texts.items()}
    after = {name: done(text).after if name.endswith(".yaml") else text for name, text in messed.items()}
    assert as_validated(loaded(after)) == as_validated(loaded(texts))


def mess_of(seed: int) -> Mess:
    chance = Random(seed)
    return Mess(chance.choice, lambda things: chance.sample(things, len(things)))


def as_validated(result: Loaded) -> Stack:
    stack, problems = validate(result.stack, read_schema(), KINDS)
    assert [str(problem) for problem in (*result.problems, *problems)] == []
    return stack

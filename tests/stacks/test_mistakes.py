"""A mistake in a real body is told where it was made, with the way out, and no more is made of it."""

from pathlib import Path
from random import Random

import pytest
import yaml

from reconciler.adapters.lookup.installed import read_schema
from reconciler.cli import main
from reconciler.kinds import KINDS
from reconciler.kinds.base import Kind
from reconciler.model import Json
from reconciler.model import Path as Steps
from reconciler.problems import Exit, Problem, Severity
from reconciler.validate import validate
from tests.load.memory import loaded
from tests.mistakes import MISTAKES, Mistake
from tests.stacks.bodies import bodies
from tests.stacks.corpus import entries

SCHEMA = read_schema()
MOST = 3  # problems that one mistake may be worth
MADE = 30  # at least, of each mistake; more are made in a long run
NAME = "it"

every_mistake = pytest.mark.parametrize("what", MISTAKES)


@pytest.mark.skipif(not entries(), reason="the corpus is not beside this checkout")
def test_the_corpus_has_many_bodies() -> None:
    assert len(bodies()) >= 100


@every_mistake
def test_a_mistake_is_told_at_its_line_with_the_way_out_and_little_else(
    what: str, request: pytest.FixtureRequest
) -> None:
    made, most = 0, len(bodies()) if request.config.getoption("--every-call") else MADE
    for number, (kind, body) in enumerate(bodies()):
        if made == most:
            break
        mistake = MISTAKES[what](kind, body, Random(number))
        if mistake:
            text = written(kind, mistake.body)
            assert complaints(mistake, problems(text), lines(text, (kind.section, NAME, *mistake.path))) == [], text
            made += 1
    assert made >= MADE


def complaints(mistake: Mistake, found: list[Problem], where: set[int]) -> list[str]:
    """Return what is wrong with what is said of a mistake."""
    there = [problem for problem in found if problem.where and problem.where.line in where]
    said = [f"{problem.message} {problem.hint}" for problem in there]
    laws = {
        f"nothing is said at {sorted(where)}": bool(there),
        f"nobody names one of {mistake.fixes}": any(fix in one for one in said for fix in mistake.fixes),
        "too much is said": len(found) <= MOST,
    }
    return [*(law for law, holds in laws.items() if not holds), *map(str, found)] if not all(laws.values()) else []


@every_mistake
def test_the_command_line_refuses_it_in_words(what: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    kind, mistake = next(
        (kind, mistake) for kind, body in bodies() if (mistake := MISTAKES[what](kind, body, Random(0)))
    )
    (tmp_path / "stack.yaml").write_text(written(kind, mistake.body), encoding="utf-8")
    assert main(["validate", str(tmp_path)]) == Exit.INVALID
    told = capsys.readouterr()
    assert ("error[" in told.out, "Traceback" in told.out + told.err, told.err) == (True, False, "")


def written(kind: Kind, body: Json) -> str:
    document = {"stack": "mistaken", kind.section: {NAME: body}}
    return yaml.dump(document, Dumper=yaml.CSafeDumper, sort_keys=False, allow_unicode=True, width=10_000)


def problems(text: str) -> list[Problem]:
    found = loaded({"main.yaml": text})
    assert found.problems == ()
    _, wrong = validate(found.stack, SCHEMA, KINDS)
    return [problem for problem in wrong if problem.severity is Severity.ERROR]


def lines(text: str, path: Steps) -> set[int]:
    """Return the lines, from 1, of the key and of the value that a path leads to."""
    node = yaml.compose(text, Loader=yaml.CSafeLoader)
    at = node
    for step in path:
        if isinstance(step, int):
            at = node = node.value[step]
        else:
            at, node = next(pair for pair in node.value if pair[0].value == step)
    return {at.start_mark.line + 1, node.start_mark.line + 1}

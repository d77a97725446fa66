"""The `lock` of a stack: one place, in S3 or DynamoDB."""

import pytest

from reconciler.model import Lock
from tests.load.memory import STACK, loaded, problems


@pytest.mark.parametrize(
    ("text", "lock"),
    [
        ("{s3: s3://team-locks}", Lock("s3", "team-locks")),
        ("{s3: s3://team-locks/batch/prod/}", Lock("s3", "team-locks/batch/prod")),
        ("{dynamodb: locks}", Lock("dynamodb", "locks")),
        ('{dynamodb: !sub "${stack}-locks"}', Lock("dynamodb", "risk-locks")),
    ],
)
def test_a_lock_is_in_a_bucket_or_in_a_table(text: str, lock: Lock) -> None:
    result = loaded(f"lock: {text}\n")
    assert (result.problems, result.stack.lock) == ((), lock)


def test_most_stacks_have_none() -> None:
    assert loaded("tags: {}\n").stack.lock is None


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("{s3: team-locks}", "2:12: error[LCK002]: team-locks is not a valid lock.s3"),
        ("{s3: s3://Team_Locks}", "2:12: error[LCK002]: s3://Team_Locks is not a valid lock.s3"),
        ("{dynamodb: a b}", "2:18: error[LCK002]: a b is not a valid lock.dynamodb"),
        ("{dynamo: locks}", "2:8: error[LCK001]: dynamo is not a lock location\n    hint: did you mean dynamodb?"),
        ("{s3: s3://abc, dynamodb: abc}", "2:7: error[LCK001]: a lock requires one location: s3 or dynamodb"),
        ("{}", "2:7: error[LCK001]: a lock requires one location: s3 or dynamodb"),
        ("{s3: [a]}", "2:12: error[STK005]: lock.s3 must be a string, not a list"),
        ("locks", "2:7: error[STK005]: lock must be a mapping, not a single value"),
    ],
)
def test_what_is_no_lock_is_told_at_its_place(text: str, said: str) -> None:
    (problem,) = problems(f"lock: {text}\n")
    assert problem.startswith(f"stacks/main.yaml:{said}")


def test_files_that_disagree_are_told() -> None:
    files = {"a.yaml": STACK + "lock: {dynamodb: one}\n", "b.yaml": "lock: {dynamodb: two}\n"}
    (problem,) = problems(files)
    assert "error[STK004]: lock is two here, but one at stacks/a.yaml:2:7" in problem

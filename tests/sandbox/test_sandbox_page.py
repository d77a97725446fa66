"""The examples of docs/sandbox.md."""

import re
from pathlib import Path

PAGE = (Path(__file__).parents[2] / "docs" / "sandbox.md").read_text(encoding="utf-8")


def test_the_python_of_the_page_works() -> None:
    names: dict[str, object] = {}
    for example in re.findall(r"```python\n(.*?)```", PAGE, re.DOTALL):
        exec(example, names)
    assert names["batch"].describe_job_queues()["jobQueues"][0]["status"] == "VALID"  # type: ignore[attr-defined]

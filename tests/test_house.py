"""What keeps the code easy to find one's way in."""

import ast
from collections import Counter
from pathlib import Path

PACKAGE = Path(__file__).parents[1] / "reconciler"


def test_a_class_name_stands_once_in_the_package() -> None:
    modules = [ast.parse(file.read_text(encoding="utf-8")) for file in PACKAGE.rglob("*.py")]
    names = Counter(node.name for module in modules for node in module.body if isinstance(node, ast.ClassDef))
    assert len(names) > 100
    assert [name for name, times in names.items() if times > 1] == []

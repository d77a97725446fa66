"""What keeps the code easy to find one's way in."""

import ast
from collections import Counter, defaultdict
from collections.abc import Mapping
from functools import cache
from pathlib import Path

ROOT = Path(__file__).parents[1]
MODULES = {
    ".".join(file.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__"): file
    for file in (ROOT / "reconciler").rglob("*.py")
}
SMALL = 60  # lines
ROWS = (
    "reconciler.kinds.",
    "reconciler.cli.commands.",
    "reconciler.adapters.",
    "reconciler.verify.",
)  # one file each, however small


@cache
def trees() -> Mapping[str, ast.Module]:
    """Return what is in each module. It takes a second, which is no part of collecting the tests."""
    return {name: ast.parse(file.read_text(encoding="utf-8")) for name, file in MODULES.items()}


def test_a_class_name_stands_once_in_the_package() -> None:
    names = Counter(node.name for tree in trees().values() for node in tree.body if isinstance(node, ast.ClassDef))
    assert len(names) > 100
    assert [name for name, times in names.items() if times > 1] == []


def test_what_only_one_module_needs_is_part_of_it_unless_it_is_large_or_a_table() -> None:
    importers: dict[str, set[str]] = defaultdict(set)
    for name, tree in trees().items():
        for imported in imports(tree):
            importers[imported].add(name)
    assert len(importers) > 100
    alone = [name for name, tree in trees().items() if len(importers[name]) == 1 and not is_table(tree)]
    small = [name for name in alone if MODULES[name].read_text(encoding="utf-8").count("\n") < SMALL]
    assert [name for name in small if not name.startswith(ROWS) and MODULES[name].name != "__init__.py"] == []


def imports(tree: ast.Module) -> set[str]:
    """Return the modules of the package that another one imports, also where it needs them only then."""
    pairs = [
        (node.module, alias.name)
        for node in ast.walk(tree)
        if isinstance(node, ast.ImportFrom) and node.module
        for alias in node.names
    ]
    return {inner if (inner := f"{module}.{name}") in MODULES else module for module, name in pairs}


def is_table(tree: ast.Module) -> bool:
    return not any(isinstance(node, ast.FunctionDef | ast.ClassDef) for node in tree.body)


OF_ARGPARSE = ("reconciler.cli.parser", "reconciler.cli.options")


def test_arguments_end_in_types_at_the_door() -> None:
    """Only what declares options and the entry points of commands see argparse's namespace; nobody writes to one."""
    functions = {
        (name, node.name): node
        for name, tree in trees().items()
        for node in ast.walk(tree)
        if isinstance(node, ast.FunctionDef) and has_namespace(node)
    }
    assert ("reconciler.cli.commands.plan", "run") in functions
    assert [
        at
        for at in functions
        if at[0] not in OF_ARGPARSE and not (at[0].startswith("reconciler.cli.commands.") and is_door(at[1]))
    ] == []
    assert [f"{at[0]}: {ast.unparse(inner)}" for at, node in functions.items() for inner in untyped(node)] == []


def is_door(function: str) -> bool:
    return function == "run" or function.startswith("run_") or function.endswith("_of")


def has_namespace(function: ast.FunctionDef) -> bool:
    annotations = [ast.unparse(each.annotation) for each in function.args.args if each.annotation]
    return any("Namespace" in each for each in annotations) or any(each.arg == "args" for each in function.args.args)


def untyped(function: ast.FunctionDef) -> list[ast.AST]:
    """Return what goes around the names of arguments, or writes to them."""
    dynamic = ("getattr", "hasattr", "setattr", "delattr", "vars")
    return [
        node
        for node in ast.walk(function)
        if (isinstance(node, ast.Call) and ast.unparse(node.func) in dynamic)
        or (isinstance(node, ast.Attribute) and isinstance(node.ctx, ast.Store) and ast.unparse(node.value) == "args")
        or (isinstance(node, ast.Call) and "Namespace" in ast.unparse(node.func))
    ]

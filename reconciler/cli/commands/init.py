"""`reconciler init`."""

import json
import re
from argparse import ArgumentParser, Namespace
from pathlib import Path

from reconciler.cli.output import Output
from reconciler.problems import Exit, WrongUsage

EXAMPLES = """\
  reconciler init jobs --template fargate
  reconciler init --list
"""
TEMPLATES = Path(__file__).parents[2] / "templates"
YAML = "*.y*ml"
STACK = re.compile(r"^stack:[ \t]*([\w./-]+)", re.MULTILINE)
ODD = re.compile(r"[^A-Za-z0-9_.-]+")
DEFAULT = "fargate"
SCHEMA = ".vscode/stack.schema.json"  # beside the settings: an editor needs no network, and it fits this version
MODELINE = "# yaml-language-server: $schema="
# How an editor is to take a tagged scalar: as null, which stands for every value in our schema. Versions of the YAML
# language server before 1.24 know no types of tags; they read the second.
TAKEN = ("scalar:null", "scalar")


def add(parser: ArgumentParser) -> None:
    parser.add_argument(
        "folder", nargs="?", default=".", metavar="DIR", help="the folder to write to (default: the current folder)"
    )
    parser.add_argument("--template", default=DEFAULT, metavar="NAME", help=f"which template (default: {DEFAULT})")
    parser.add_argument("--list", action="store_true", help="list the templates")


def run(args: Namespace, out: Output) -> int:
    if args.list:
        out.publish_text("".join(f"{name:<22}{says}\n" for name, says in templates().items()), templates)
        return Exit.DONE
    from reconciler.adapters.machine import write_below

    folder = Path(args.folder)
    files = _contents(args.template)
    files["stack.yaml"] = _renamed(files["stack.yaml"], folder)
    taken = [name for name in files if (folder / name).exists()]
    if taken:
        hint = "choose a different folder; nothing was written"
        raise WrongUsage(f"{folder / taken[0]} exists already", hint=hint)
    try:
        write_below(folder, files)
    except OSError as error:
        hint = "choose a different folder"
        raise WrongUsage(f"cannot write into {folder}: {error.strerror}", hint=hint) from error
    written = [str(folder / name) for name in files]
    out.publish_text("".join(f"wrote {name}\n" for name in written) + _next(args.folder), lambda: {"written": written})
    return Exit.DONE


def _renamed(text: str, folder: Path) -> str:
    """Name the stack after its folder where a stack around it, or in it, has the name of the template already.

    A folder of a stack with the same name in it would be one stack.
    """
    there = folder.resolve()
    above = [parent for parent in there.parents if parent.is_relative_to(Path.cwd()) or parent == there.parent]
    files = [*(file for parent in above for file in parent.glob(YAML)), *(there.rglob(YAML) if there.exists() else ())]
    near = {name[1] for file in files if file.is_file() for name in STACK.finditer(file.read_text("utf-8", "replace"))}
    written = STACK.search(text)
    if written is None or written[1] not in near:
        return text
    base = ODD.sub("-", there.name).strip("-") or written[1]
    names = (f"{base}{number}" for number in ("", *(f"-{count}" for count in range(2, 100))))
    fresh = next(name for name in names if name not in near)
    return f"{text[: written.start(1)]}{fresh}{text[written.end(1) :]}"


def templates() -> dict[str, str]:
    """Return the templates with the first line of comment of each."""
    return {folder.name: _says(folder) for folder in sorted(TEMPLATES.iterdir()) if (folder / "stack.yaml").is_file()}


def _says(folder: Path) -> str:
    lines = (folder / "stack.yaml").read_text(encoding="utf-8").splitlines()
    return next((line.removeprefix("# ") for line in lines if line.startswith("# ") and MODELINE not in line), "")


def _contents(template: str) -> dict[str, str]:
    from reconciler.adapters.lookup.installed import schema_text

    folder = TEMPLATES / template
    if template not in templates():
        raise WrongUsage(f"there is no template {template}", hint=f"there are {', '.join(templates())}")
    files = sorted(file for file in folder.rglob("*") if file.is_file() and "__pycache__" not in file.parts)
    texts = {file.relative_to(folder).as_posix(): file.read_text(encoding="utf-8") for file in files}
    stack = texts["stack.yaml"]
    texts["stack.yaml"] = stack if stack.startswith(MODELINE) else f"{MODELINE}{SCHEMA}\n{stack}"
    return {**texts, ".vscode/settings.json": editor_settings(), SCHEMA: schema_text()}


def editor_settings() -> str:
    """Tell the YAML extension of VS Code where the schema is, and which tags are ours."""
    from reconciler.syntax.parse import TAGS

    tags = [f"{tag} {taken}" for tag in TAGS for taken in TAKEN]
    settings = {"yaml.schemas": {f"./{SCHEMA}": ["*.yaml", "*.yml"]}, "yaml.customTags": tags}
    return json.dumps(settings, indent=2) + "\n"


def _next(folder: str) -> str:
    if folder == ".":
        return "\nNext: reconciler validate, then reconciler plan --sandbox\n"
    opened = f"Editors find their settings where {folder} itself is the folder that is opened."
    return f"\nNext: reconciler validate {folder}, then reconciler plan {folder} --sandbox\n{opened}\n"

"""A stack's files in memory, and short ways to load them."""

import posixpath
import textwrap
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from reconciler.adapters.lookup.sources import Environment
from reconciler.load import FromOutside, Loaded, load_with_problems
from reconciler.model import Address, Declared, Identity, Json
from reconciler.ports import Lookups, OutsideStack
from reconciler.problems import Severity

STACK = "stack: risk\n"
MEMBERS_BELOW = "\n    hint: write its fields below it, for example `  field: value`"
ONE_VALUE = "\n    hint: write one value on the same line"


@dataclass
class MemoryFiles:
    """`linked` are names that lead out of the folder, as a symbolic link on disk may."""

    contents: Mapping[str, str | bytes]
    root: str = "stacks"
    linked: frozenset[str] = frozenset()
    reads: list[str] = field(default_factory=list)

    def names(self) -> tuple[str, ...]:
        return tuple(sorted(name for name in self.contents if name.endswith((".yaml", ".yml", ".json"))))

    def read(self, name: str) -> bytes:
        self.reads.append(name)
        if name in self.linked or posixpath.normpath(name).startswith(("/", "..")):
            raise OutsideStack(name)
        if any(other.startswith(f"{name}/") for other in self.contents):
            raise IsADirectoryError(21, "Is a directory")
        if name not in self.contents:
            raise FileNotFoundError(name)
        content = self.contents[name]
        return content if isinstance(content, bytes) else textwrap.dedent(content).encode()


def loaded(
    contents: Mapping[str, str | bytes] | str,
    *,
    variables: Mapping[str, str] | None = None,
    variable_files: Sequence[tuple[str, bytes]] = (),
    env: Mapping[str, str] | None = None,
    identity: Identity | None = None,
    root: str = "stacks",
    lookups: Lookups | None = None,
    examples: bool = False,
    samples: bool = False,
) -> Loaded:
    """Load some files; a text alone is `main.yaml` of a stack, after a line with the stack's name."""
    if isinstance(contents, str):
        contents = {"main.yaml": STACK + textwrap.dedent(contents)}
    return load_with_problems(
        MemoryFiles(contents, root),
        lookups or Environment(env or {}),
        FromOutside(variables or {}, variable_files, examples=examples, samples=samples),
        identity=identity,
    )


def problems(contents: Mapping[str, str | bytes] | str, **given: Json) -> list[str]:
    return [str(problem) for problem in loaded(contents, **given).problems]


def declared(contents: Mapping[str, str | bytes] | str, kind: str, name: str, **given: Json) -> Declared:
    result = loaded(contents, **given)
    assert [str(problem) for problem in result.problems if problem.severity is Severity.ERROR] == []
    return result.stack.declared[Address(kind, name)]


def spec(body: str, **given: Json) -> Json:
    """Return the body of a job definition, given as the lines of its members."""
    text = f"jobDefinitions:\n  one:\n{textwrap.indent(textwrap.dedent(body), '    ')}"
    return declared(text, "JobDefinition", "one", **given).spec

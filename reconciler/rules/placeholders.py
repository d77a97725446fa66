"""Texts that somebody's shell, template or CI should have filled in, and that nothing here ever will."""

import re
from collections.abc import Iterator, Mapping

from reconciler.model import Json, Path
from reconciler.problems import Severity
from reconciler.rules.base import Example, Findings, Rule, Subject

# ${IMAGE} and ${{ IMAGE }}, {{ image }}, $IMAGE, <account-id>. $Latest and $Default are words of Batch.
_PLACEHOLDER = re.compile(r"\$\{[^}]*\}|\{\{[^}]*\}\}|\$[A-Z][A-Z0-9_]+|<[A-Za-z][\w -]*>")
# What a shell, Docker, Fluent Bit or the program itself may read, and fill in by then.
READ_LATER = {"command", "args", "environment", "env", "parameters", "options", "annotations"}


def looks_unfilled(text: str) -> bool:
    return _PLACEHOLDER.search(text) is not None


def placeholders(id_: str, fails: Example, passes: Example) -> Rule:
    """Return the rule that every text of a kind's bodies is what AWS should read."""
    return Rule(
        id=id_,
        says="No text is left as a placeholder of a shell or a template.",
        check=_all_filled,
        hint="in YAML, !var name, !sub 'text ${name}' and !ssm /parameter fill it in; a JSON file is taken as it is",
        severity=Severity.WARNING,
        source="a JSON file for the AWS CLI is often written by a shell: cat <<EOF",
        fails=fails,
        passes=passes,
    )


def _all_filled(subject: Subject) -> Findings:
    for path, text in _texts((), subject.body):
        if looks_unfilled(text):
            yield path, f"is {text}, which looks like a placeholder that nobody filled in"


def _texts(path: Path, value: Json) -> Iterator[tuple[Path, str]]:
    if isinstance(value, str):
        yield path, value
    elif isinstance(value, (dict, Mapping)):
        for name, inner in value.items():
            if name not in READ_LATER:
                yield from _texts((*path, name), inner)
    elif isinstance(value, list):
        for index, inner in enumerate(value):
            yield from _texts((*path, index), inner)

"""Texts that somebody's shell, template or CI should have filled in, and that nothing here ever will."""

import re
from collections.abc import Iterator, Mapping

from reconciler.model import Json, Path
from reconciler.problems import Severity
from reconciler.rules.base import Example, Findings, Rule, Subject
from reconciler.rules.evidence import later

# Forms of placeholders, and what fills them in. $Latest and $Default are words of Batch.
FORMS: Mapping[str, str] = {
    r"\$\{\{[^}]*\}\}": "GitHub Actions or a script of yours",
    r"\$\{[^}]*\}|\$[A-Z][A-Z0-9_]+": "a shell, or `envsubst`",
    r"\{\{[^}]*\}\}": "Jinja or a language like it",
    r"\{[A-Za-z_][\w.]*\}": "Python's `str.format`",
    r"<[A-Za-z][\w -]*>|\b(?:REPLACE|CHANGE|YOUR|INSERT)[-_][\w-]+": "you, by hand",
}
_PLACEHOLDER = re.compile("|".join(f"({form})" for form in FORMS))
# What a shell, Docker, Fluent Bit or the program itself may read, and fill in by then.
READ_LATER = {"command", "args", "environment", "env", "parameters", "options", "annotations"}


def looks_unfilled(text: str) -> bool:
    return _PLACEHOLDER.search(text) is not None


def filled_by(text: str) -> str:
    """Return what fills in the first placeholder of a text; nothing where it has none."""
    found = _PLACEHOLDER.search(text)
    return tuple(FORMS.values())[found.lastindex - 1] if found and found.lastindex else ""


def placeholders(id_: str, fails: Example, passes: Example) -> Rule:
    """Return the rule that every text of a kind's bodies is what AWS should read."""
    return Rule(
        id=id_,
        says="No text is left as a placeholder of a shell or a template.",
        check=_all_filled,
        hint="in YAML, !var name, !sub 'text ${name}' and !ssm /parameter fill it in; a JSON file is taken as it is",
        severity=Severity.WARNING,
        evidence=later(
            "whatever reads the text",
            note="a JSON file for the AWS CLI is often written by a shell (cat <<EOF), and the text names nothing",
        ),
        fails=fails,
        passes=passes,
    )


def _all_filled(subject: Subject) -> Findings:
    """A file of another program has many: the first is shown, with the number of the others."""
    found = [(path, text) for path, text in _texts((), subject.body) if looks_unfilled(text)]
    if found:
        (path, text), others = found[0], len(found) - 1
        more = f" (and {others} more)" if others else ""
        yield path, f"is {text}, a placeholder for {filled_by(text)} to fill in{more}"


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

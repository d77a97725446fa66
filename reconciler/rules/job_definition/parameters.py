"""Parameters of a job definition, and the Ref:: in commands that stands for them."""

import re
from collections.abc import Iterator

from reconciler.model import Json, Path
from reconciler.problems import Severity
from reconciler.rules.base import Example, Findings, Rule, Subject
from reconciler.rules.evidence import inferred, later
from reconciler.rules.job_definition.examples import ec2
from reconciler.rules.near import did_you_mean
from reconciler.rules.pods import every_container

PREFIX = "Ref::"
_NAME = re.compile(r"Ref::([\w-]+)")
PAGE = "https://docs.aws.amazon.com/batch/latest/userguide/job_definition_parameters.html"


def _all_have_values(subject: Subject) -> Findings:
    given = frozenset(subject.body.get("parameters") or ())
    for path, word in _words(subject):
        for name in _NAME.findall(word):
            if not _is_given(name, word, given):
                yield path, f"has {PREFIX}{name}, which has no parameter: each job must bring a value"


def _almost_have_values(subject: Subject) -> Findings:
    given = frozenset(subject.body.get("parameters") or ())
    for path, word in _words(subject):
        for name in _NAME.findall(word):
            if not _is_given(name, word, given) and (near := did_you_mean(name, given)):
                yield path, f"has {PREFIX}{name}, which is no parameter here{near}"


def _words(subject: Subject) -> Iterator[tuple[Path, str]]:
    """Yield every word of every command, of pods too."""
    for path, body in every_container(subject.body):
        for member in ("command", "args"):
            for index, word in enumerate(body.get(member) or ()):
                yield (*path, member, index), str(word)


def _is_given(name: str, word: str, given: frozenset[str]) -> bool:
    """In the midst of a text nobody sees where a name ends: Ref::file.gz may be the parameter `file`."""
    return name in given or (word != PREFIX + name and any(f"{PREFIX}{each}" in word for each in given))


def _all_are_used(subject: Subject) -> Findings:
    names = subject.body.get("parameters") or ()
    rest = {member: value for member, value in subject.body.items() if member != "parameters"} if names else {}
    text = repr(rest)
    for name in names:
        if not re.search(rf"{PREFIX}{re.escape(name)}(?![\w-])", text):
            yield ("parameters", name), f"is not used: no command has {PREFIX}{name}"


def _job(*command: str, **parameters: Json) -> Example:
    return Example({**ec2(command=[*command]).body, "parameters": parameters})


RULES = (
    Rule(
        id="JD160",
        says="Every Ref::name in a command has a parameter.",
        check=_all_have_values,
        hint="add it to parameters, unless every job that is submitted has it",
        severity=Severity.NOTE,
        advice=True,
        evidence=inferred(PAGE, "parameters"),
        fails=_job("echo", "Ref::echoParam", echo_param="hello"),
        passes=_job("echo", "Ref::message", message="hello"),
    ),
    Rule(
        id="JD162",
        says="No Ref::name in a command is almost the name of a parameter.",
        check=_almost_have_values,
        hint="a job that brings no such parameter gets the text itself",
        severity=Severity.WARNING,
        evidence=later(PAGE, note="what no parameter replaces reaches the program as it is written"),
        fails=_job("echo", "Ref::mesage", message="hello"),
        passes=_job("echo", "Ref::message", "Ref::recipient", message="hello"),
    ),
    Rule(
        id="JD161",
        says="Every parameter is used by a command.",
        check=_all_are_used,
        severity=Severity.NOTE,
        advice=True,
        evidence=inferred(PAGE, "parameters"),
        fails=_job("echo", message="hello"),
        passes=_job("echo", "Ref::message", message="hello"),
    ),
)

"""Rules of one shape: a member that some types of environment need, do not have, or give only some values."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from reconciler.model import Json, Path
from reconciler.problems import Severity
from reconciler.rules.base import Example, Findings, Rule, Subject
from reconciler.rules.compute_environment.bodies import beside, is_given, resources_of, type_of
from reconciler.rules.evidence import Evidence


@dataclass(frozen=True, slots=True, kw_only=True)
class Ban:
    """Members of computeResources that environments of some types do not have."""

    types: Sequence[str]
    whose: str  # the types, in prose
    keeps: Example  # a valid environment of such a type
    evidence: Callable[[str], Evidence]  # of a member
    hint: str

    def rule(self, id_: str, member: str, value: Json, severity: Severity = Severity.ERROR) -> Rule:
        """Return the rule against one member, of which `value` is an example."""

        def check(subject: Subject) -> Findings:
            if type_of(subject) in self.types and is_given(resources_of(subject).get(member)):
                yield ("computeResources", member), f"is not for {self.whose}"

        resources = {**self.keeps.body["computeResources"], member: value}
        return Rule(
            id=id_,
            says=f"{member} is not for {self.whose}.",
            check=check,
            hint=self.hint,
            severity=severity,
            evidence=self.evidence(member),
            fails=beside(self.keeps, computeResources=resources),
            passes=self.keeps,
        )


def required(id_: str, member: str, types: Sequence[str], keeps: Example, evidence: Evidence) -> Rule:
    """Return the rule that environments of some types need a member; an empty list counts as none."""
    whose = ", ".join(types)

    def check(subject: Subject) -> Findings:
        if type_of(subject) in types and not is_given(resources_of(subject).get(member)):
            yield ("computeResources", member), f"is missing: {whose} environments need it"

    rest = {name: value for name, value in keeps.body["computeResources"].items() if name != member}
    return Rule(
        id=id_,
        says=f"{whose} environments need {member}.",
        check=check,
        evidence=evidence,
        fails=beside(keeps, computeResources=rest),
        passes=keeps,
    )


def one_of(id_: str, path: Path, choices: Sequence[str], fails: Example, passes: Example, evidence: Evidence) -> Rule:
    """Return the rule that a text is one of some words, in any case; a warning: the service model leaves it open."""

    def check(subject: Subject) -> Findings:
        value = _at(subject.body, path)
        if value is not None and str(value).upper() not in choices:
            yield path, f"is {value}, which is not one of {', '.join(choices)}"

    says = f"{path[-1]} is one of {', '.join(choices)}."
    hint = "AWS may know more values than this version of reconciler: it is sent as it is written"
    return Rule(
        id=id_,
        says=says,
        check=check,
        hint=hint,
        severity=Severity.WARNING,
        evidence=evidence,
        fails=fails,
        passes=passes,
    )


def _at(value: Json, path: Path) -> Json:
    for step in path:
        value = (value or {}).get(step)
    return value

"""How many resources of a kind an account has in a region, as long as nobody asks AWS for more."""

from reconciler.model import Spec
from reconciler.problems import Severity
from reconciler.rules.base import Example, Findings, Rule, Subject
from reconciler.rules.evidence import inferred


def quota(id_: str, kind: str, what: str, most: int, body: Spec) -> Rule:
    """Return the rule that a stack has no more of a kind than the quota; the first that is too much is told."""

    def check(subject: Subject) -> Findings:
        names = sorted(name for name, _ in subject.every(kind))
        if names[most : most + 1] == [subject.address.name]:
            yield (), f"is one of {len(names)} {what}; a region has {most}, unless AWS has raised the quota"

    def stack_of(count: int) -> Example:
        return Example(body, {(kind, f"a-{number}"): body for number in range(count - 1)})

    return Rule(
        id=id_,
        says=f"A region has at most {most} {what}, unless the account's quota is higher.",
        check=check,
        severity=Severity.NOTE,
        advice=True,
        evidence=inferred("AWS Batch User Guide, 'Service quotas'"),
        fails=stack_of(most + 1),
        passes=stack_of(most),
    )

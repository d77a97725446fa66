"""On what grounds a rule stands: who said it, in which words, and what speaks against it.

An error needs a refusal that was seen, or AWS's own words (`Evidence.is_refusal`).
"""

from dataclasses import dataclass
from enum import StrEnum


class Basis(StrEnum):
    """How certain it is that AWS refuses what breaks a rule."""

    MEASURED = "measured"
    DOCUMENTED = "documented"
    LATER = "later"
    INFERRED = "inferred"

    @property
    def says(self) -> str:
        return _SAYS[self]


_SAYS = {
    Basis.MEASURED: "AWS was seen to refuse it",
    Basis.DOCUMENTED: "AWS's documentation says so",
    Basis.LATER: "AWS Batch accepts it; it fails when it is used, so that the job never starts",
    Basis.INFERRED: "follows from what is known; AWS does not say it",
}


@dataclass(frozen=True, slots=True)
class Evidence:
    """Grounds of a rule. `where` is an operation that answered, a page, or a shape or `Shape.member` of the Batch API.

    `quote` are the words found there; an ellipsis stands for what differs. `note` says what ties them to the rule, and
    `against` what makes a refusal doubtful.
    """

    basis: Basis
    where: str
    quote: str = ""
    note: str = ""
    against: str = ""

    @property
    def text(self) -> str:
        words = f"{self.where}: '{self.quote}'" if self.quote else self.where
        return f"{words}; {self.note}" if self.note else words

    @property
    def is_refusal(self) -> bool:
        """Whether an error may rest on it: a measurement or a quote, with nothing known against it."""
        is_said = self.basis is Basis.MEASURED or (self.basis is Basis.DOCUMENTED and bool(self.quote))
        return is_said and not self.against


def measured(where: str, quote: str = "", note: str = "", against: str = "") -> Evidence:
    """Return evidence of a refusal that somebody saw."""
    return Evidence(Basis.MEASURED, where, quote, note, against)


def documented(where: str, quote: str, note: str = "", against: str = "") -> Evidence:
    """Return evidence in AWS's own words."""
    return Evidence(Basis.DOCUMENTED, where, quote, note, against)


def later(where: str, quote: str = "", note: str = "") -> Evidence:
    """Return evidence that a service which AWS Batch uses refuses it, when a job starts or an environment scales."""
    return Evidence(Basis.LATER, where, quote, note)


def inferred(where: str, note: str = "") -> Evidence:
    """Return the facts that advice follows from."""
    return Evidence(Basis.INFERRED, where, note=note)

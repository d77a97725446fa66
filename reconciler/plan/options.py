"""What the user asks of a plan, beside the stack: what it is about, and what it may do."""

import re
from dataclasses import dataclass
from typing import Self

from reconciler.model import Address
from reconciler.ports import Takes, takes_everything


@dataclass(frozen=True, slots=True)
class Limit:
    """How many resources may go: a number, or a percentage of those that the stack has."""

    number: int
    is_percentage: bool = False

    @classmethod
    def of(cls, text: str) -> Self:
        """Read `3` or `30%`. Raises `ValueError`."""
        match = re.fullmatch(r"([0-9]{1,9})(%?)", text)
        if match is None or (match[2] and int(match[1]) > 100):  # noqa: PLR2004 - per cent
            raise ValueError(text)
        return cls(int(match[1]), bool(match[2]))

    def is_exceeded(self, going: int, of: int) -> bool:
        return going * 100 > self.number * of if self.is_percentage else going > self.number

    def __str__(self) -> str:
        return f"{self.number}%" if self.is_percentage else str(self.number)


@dataclass(frozen=True, slots=True)
class PlanOptions:
    """What a plan takes into account beside the stack and what is live, and the consents that it was given."""

    adopt: bool = False  # take resources that nobody owns
    tags_alone: bool = False  # and change nothing else
    released: tuple[str, ...] = ()  # CloudFormation stacks that have let go of what still has their tags
    destroy: bool = False  # remove everything that the stack owns
    forget: bool = False  # let go of everything that the stack owns
    targets: tuple[str, ...] = ()  # globs over addresses; empty means all
    allow_destroy: tuple[str, ...] = ()  # globs over addresses: these may be deleted
    allow_replace: bool = False  # replace what cannot be changed in place
    allow_unplaceable: bool = False  # leave a definition without a place where its jobs can start
    max_destroy: Limit | None = None  # None: as many as the guard thinks normal
    max_interrupted: int | None = None  # running jobs; None: all that the updatePolicy gives time, and no others
    drain: bool = False  # wait until the jobs in what is deleted have ended
    cancel_jobs: bool = False  # or terminate them
    made: frozenset[Address] = frozenset()  # created a moment ago: what nobody declared comes from the service
    takes: Takes = takes_everything  # what requests can have, as far as the installed SDK knows
    longest_wait: float | None = None  # seconds that one wait may take; None: what is usual for its kind
    guards: bool = True  # False for a plan that is only looked at: no consent is missing in it, and it cannot be run


AS_DECLARED = PlanOptions()

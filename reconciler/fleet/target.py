"""A target: one stack in one account and region."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from reconciler.load.values import GivenValue


@dataclass(frozen=True, slots=True, kw_only=True)
class Consents:
    """What may happen in a target without anybody being asked each time: it was reviewed with the file."""

    adopt: bool = False
    allow_replace: bool = False
    allow_destroy: tuple[str, ...] = ()  # globs over addresses
    max_destroy: str = ""  # a number, or a percentage
    max_interrupted: int | None = None  # running jobs


@dataclass(frozen=True, slots=True, kw_only=True)
class FleetTarget:
    """`stack` is a path from the folder of the file. What is empty, the stack or the AWS configuration decides.

    `variables` are meant for this stack, which has to declare them; `offered` for whichever stack declares them.
    """

    name: str  # `stacks/pricing@prod`, and the account and region where the environment has several
    stack: str
    environment: str
    account: str = ""
    region: str = ""
    role_arn: str = ""
    profile: str = ""
    variables: Mapping[str, GivenValue] = field(default_factory=dict)
    offered: Mapping[str, GivenValue] = field(default_factory=dict)
    variable_files: tuple[str, ...] = ()
    consents: Consents = Consents()

    @property
    def identity(self) -> tuple[str, str, str, str]:
        """What it is, whatever its name: that gets longer when its environment gets another region or account."""
        return self.stack, self.account, self.region, self.environment

    @property
    def meaning(self) -> tuple[object, ...]:
        """All that decides about the target beyond its identity, without the places at which it was written."""
        values = [
            sorted((name, repr(given.value)) for name, given in one.items()) for one in (self.variables, self.offered)
        ]
        return (
            self.role_arn,
            self.profile,
            values,
            self.variable_files,
            self.consents,
        )

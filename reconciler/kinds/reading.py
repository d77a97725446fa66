"""How what is live is read: the operations of AWS Batch that list and describe a kind, or what uses it."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from reconciler.model import Json, Spec


@dataclass(frozen=True, slots=True, kw_only=True)
class Reading:
    """How live resources are listed. One page holds at most 100."""

    operation: str  # the describe call
    result: str  # its list; empty: it describes one resource at a time, and is itself the description
    names: str  # the member that restricts it to some names or ARNs, or names the one
    by_arn: bool = False  # `names` wants ARNs
    filters: Mapping[str, Json] = field(default_factory=dict)  # when listing all
    listing: str = ""  # a separate call that lists ARNs, where describe cannot list
    listed: str = ""  # its list, where that is not `result`
    listed_if: Callable[[Spec], bool] | None = None  # whether a parent can have any: for the others nothing is listed
    one_filter: str = (
        ""  # the member that restricts a listing to one name, where `names` cannot be combined with filters
    )
    newer: bool = False  # older roles may not read it, and not every endpoint has it
    # Operations that IAM can restrict to ARNs (Service Authorization Reference); the others are for all or none.
    scoped: tuple[str, ...] = ()

    @property
    def command(self) -> str:
        """The subcommand of `aws batch` that describes: `describe-job-queues`."""
        words = "".join(f"-{letter.lower()}" if letter.isupper() else letter for letter in self.operation)
        return words.removeprefix("-")


@dataclass(frozen=True, slots=True, kw_only=True)
class Using:
    """How to tell what uses the revisions of a kind right now: listed for each resource of another kind."""

    operation: str
    result: str
    member: str  # of a listed user: the ARN of what it uses, revision included
    noun: str  # of a user, in prose
    of: str  # the kind for whose resources is listed
    of_member: str  # the member of the request that names one
    of_if: Callable[[Spec], bool]  # whether one can have any: for the others nothing is listed
    filters: tuple[Mapping[str, Json], ...]  # a listing each

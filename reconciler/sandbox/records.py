"""One simulated resource: what it is, and what time does to it without anybody touching it."""

from collections.abc import Mapping
from dataclasses import dataclass, field, fields, replace
from typing import Self

from reconciler.model import Json

GONE = "GONE"  # never shown: after DELETING there is nothing
MOVING = ("CREATING", "UPDATING", "DELETING")


@dataclass(frozen=True, slots=True, kw_only=True)
class Record:
    """A resource and its next transition, which happens at `until` whether or not anybody looks."""

    name: str
    arn: str
    body: Mapping[str, Json]  # as Describe shows it, without name, ARN, tags and status
    tags: Mapping[str, str] = field(default_factory=dict)
    status: str = ""
    reason: str = ""
    until: float = 0.0
    then: str = ""
    then_reason: str = ""
    hidden: Mapping[str, Json] = field(default_factory=dict)  # what the service knows and does not show
    changed: float = 0.0
    lag: float = 0.0  # the read lag when it was changed
    before: Mapping[str, Json] | None = None  # the row that reads still show within that

    @classmethod
    def of(cls, row: Mapping[str, Json]) -> Self:
        return cls(**row)

    def row(self) -> dict[str, Json]:
        return {each.name: getattr(self, each.name) for each in fields(self)}

    def at(self, now: float) -> Self | None:
        """Return the resource as it is at `now`; None when it is gone."""
        if not self.then or now < self.until:
            return self
        return None if self.then == GONE else self.settled()

    def settled(self) -> Self:
        return replace(self, status=self.then, reason=self.then_reason, then="", then_reason="", until=0.0)

    @property
    def is_moving(self) -> bool:
        return self.status in MOVING

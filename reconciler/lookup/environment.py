"""`!env NAME`: environment variables."""

import os
from collections.abc import Mapping
from dataclasses import dataclass, field

from reconciler.ports import Unsupported

TAG = "env"


@dataclass(frozen=True, slots=True)
class Environment:
    variables: Mapping[str, str] = field(default_factory=lambda: os.environ)

    def find(self, tag: str, argument: str) -> str | None:
        """Return the variable's value, or None if it is not set. Raises `Unsupported` for any other tag."""
        if tag != TAG:
            raise Unsupported(f"!{tag} look-ups are not supported here")
        return self.variables.get(argument)

"""`!env NAME`: environment variables."""

import os
import re
from collections.abc import Mapping
from dataclasses import dataclass, field

from reconciler.ports import Missing, Unsupported

TAG = "env"
NOT_UTF8 = re.compile("[\ud800-\udfff]")  # what Python makes of bytes that are not


@dataclass(frozen=True, slots=True)
class Environment:
    variables: Mapping[str, str] = field(default_factory=lambda: os.environ)

    def find(self, tag: str, argument: str) -> str | None:
        """Return the variable's value, or None if it is not set. Raises `Missing`, and `Unsupported` for other tags."""
        if tag != TAG:
            raise Unsupported(f"!{tag} look-ups are not supported here")
        value = self.variables.get(argument)
        if value and NOT_UTF8.search(value):
            raise Missing("it is not UTF-8 text", "set it to text that is")
        return value

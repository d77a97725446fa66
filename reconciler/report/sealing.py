"""Marks on hidden values in a plan that is kept: another value is noticed, and no value can be found by trying.

A digest that anybody can make lets a reader try values until one fits, and of a short password there are not many; so
whatever notices every change gives the value away. With a key that readers of the plan do not have, a mark is a keyed
digest and notices all. Without one it has eight bits: 255 of 256 changes are noticed, and of each value no more than
these bits become known, whatever is tried.
"""

import hmac
import json
from collections.abc import Mapping
from dataclasses import dataclass

from reconciler.model import Call, Change, Json, Plan
from reconciler.report.redaction import CHANGED, REDACTED

BITS_4 = 2  # hexadecimal digits of a mark that anybody can make
KEYED = 16  # and of one that only the key makes
EVERYBODY = b"reconciler"
OF_KEY = b"the key itself"


@dataclass(frozen=True, slots=True)
class Seal:
    """Makes marks. `key` is what readers of the plan do not know; empty: there is none."""

    key: bytes = b""

    @property
    def name(self) -> str:
        """Tells one key from another; without a key empty."""
        return _digest(self.key, OF_KEY)[:8] if self.key else ""

    def mark(self, value: Json) -> str:
        text = value if isinstance(value, str) else json.dumps(value, default=str)
        return _digest(self.key or EVERYBODY, text.encode())[: KEYED if self.key else BITS_4]

    def changes(self, shown: list[Json], plan: Plan) -> list[Json]:
        """Return the changes of a plan's document, `shown` without secrets, with marks where they were.

        Marks are on what is sent and what is to be; what a hidden member was before is nobody's concern.
        """
        return [self._change(change, raw) for change, raw in zip(shown, plan.changes, strict=True)]

    def _change(self, shown: Json, raw: Change) -> Json:
        fields = zip(shown["fields"], raw.fields, strict=True)
        steps = zip(shown["steps"], raw.steps, strict=True)
        return {
            **shown,
            "fields": [{**field, "after": self._value(field["after"], one.after)} for field, one in fields],
            "steps": [
                {**step, "request": self._value(step["request"], one.request)} if isinstance(one, Call) else step
                for step, one in steps
            ],
        }

    def _value(self, shown: Json, raw: Json) -> Json:
        """Hiding keeps the shape of a value: what is hidden are its leaves."""
        if isinstance(shown, Mapping):
            return {key: self._value(inner, raw[key]) for key, inner in shown.items()}
        if isinstance(shown, list | tuple):
            return [self._value(inner, one) for inner, one in zip(shown, raw, strict=True)]
        return f"{shown[:-1]} {self.mark(raw)}>" if shown in (REDACTED, CHANGED) else shown


def _digest(key: bytes, text: bytes) -> str:
    return hmac.new(key, text, "sha256").hexdigest()

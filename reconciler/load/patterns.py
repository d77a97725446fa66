"""Regular expressions that users write. RE2 matches them: its time grows with the text alone, whatever the expression.

Python's own engine tries all ways to match, and `(a+)+$` has a million of them for twenty letters. What RE2 leaves out
for that is look-around and back references (https://github.com/google/re2/wiki/Syntax).
"""

import re
from dataclasses import dataclass
from typing import Any, Self


class PatternError(ValueError):
    """A text is no regular expression, or one that cannot be matched in bounded time."""


@dataclass(frozen=True, slots=True)
class Pattern:
    text: str
    compiled: Any

    @classmethod
    def of(cls, text: str) -> Self:
        """Raises `PatternError`."""
        import re2  # noqa: PLC0415 - most stacks have no pattern

        options = re2.Options()
        options.log_errors = False
        try:
            return cls(text, re2.compile(text, options))
        except (re2.error, ValueError) as error:  # a ValueError for what is no UTF-8
            raise PatternError(_reason(text)) from error

    def is_in(self, text: str) -> bool:
        return self.compiled.search(text) is not None


def _reason(text: str) -> str:
    try:
        re.compile(text)
    except (re.error, OverflowError) as error:
        return f"is no regular expression: {error}"
    except RecursionError:
        return "is nested too deeply"
    return "uses look-around, a back reference or a large repetition, which cannot be matched in bounded time"

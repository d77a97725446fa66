"""What goes to stderr beside errors and pages: lines for people, or JSON objects for programs that keep logs."""

import json
import sys
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime

from reconciler.printable import harmless_json, harmless_text, one_line

Json = object


@dataclass(frozen=True, slots=True)
class Log:
    """Each line is written at once, and as a whole. Safe between threads."""

    as_json: bool = False
    target: str = ""

    def write(self, text: str | Sequence[str], record: Mapping[str, Json], level: str = "info") -> None:
        """`record` is what a program reads instead of the text, or the lines; it names the `event`."""
        line = self._json(record, level) if self.as_json else self._plain([text] if isinstance(text, str) else text)
        with suppress(OSError, ValueError):  # who stops reading must not stop a run
            sys.stderr.write(f"{line}\n")
            sys.stderr.flush()

    def _json(self, record: Mapping[str, Json], level: str) -> str:
        time = datetime.now(UTC).isoformat(timespec="milliseconds")
        target = {"target": self.target} if self.target else {}
        whole = {"time": time, "level": level, **record, **target}
        return harmless_json(json.dumps(whole, ensure_ascii=False, default=str))

    def _plain(self, lines: Sequence[str]) -> str:
        shown = "\n".join(map(one_line, lines))
        return harmless_text(f"{one_line(self.target)}: {shown}" if self.target else shown)

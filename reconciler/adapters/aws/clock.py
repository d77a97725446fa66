"""The `Clock` port over the machine's clock, and the time of day."""

import time
from datetime import UTC, datetime


class WallClock:
    def now(self) -> float:
        return time.monotonic()

    def sleep(self, seconds: float) -> None:
        time.sleep(seconds)


def utc_now() -> datetime:
    return datetime.now(UTC)

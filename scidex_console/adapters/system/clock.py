"""The real clock."""

from __future__ import annotations

import asyncio
import time
from datetime import UTC, datetime


class SystemClock:
    """Time as the operating system tells it (`engine.ports.Clock`)."""

    def now(self) -> datetime:
        """Wall-clock time, UTC, aware. It may jump; measure durations with `monotonic`."""
        return datetime.now(UTC)

    def monotonic(self) -> float:
        """Seconds that never jump, from an arbitrary start."""
        return time.monotonic()

    async def sleep(self, seconds: float) -> None:
        """Let others run for so many seconds; zero or less only gives way once."""
        await asyncio.sleep(max(0.0, seconds))

"""Being there: the console says that somebody watches, and tells who comes back what they missed.

A beat is one small statement every 15 seconds. Nothing of it may trouble the console: what cannot be said now
is said with the next beat. No Textual in here.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Callable
from datetime import datetime, timedelta

from scidex_console.engine.handover import Handover
from scidex_console.engine.ports import Attendance, ReadModel

BEAT_EVERY_S = 15.0
AT_MOST_EVERY_S = 2.0
"""However often the screen changes."""
AWAY_S = 600.0
"""Who pressed no key for so long was away, though the console was open (a detached tmux, say)."""
SHORT_S = 60.0
"""Who was away for less missed nothing; they have another console open, say."""
LONGEST_S = 14 * 86_400.0
"""Of a longer absence only the last two weeks are told: what is asked must stay quick."""


class Attending:
    """Beats while the console is open, and finds out what happened since its operator left."""

    def __init__(
        self,
        attendance: Attendance,
        read: ReadModel,
        *,
        screen: Callable[[], str],
        now: Callable[[], datetime | None],
        missed: Callable[[Handover], None],
        monotonic: Callable[[], float],
    ) -> None:
        """`now` is the database's clock as far as it is known; `missed` is told what happened meanwhile."""
        self._attendance = attendance
        self._read = read
        self._screen = screen
        self._now = now
        self._missed = missed
        self._monotonic = monotonic
        self._active_at = monotonic()
        self._left_at: datetime | None = None
        self._wake = asyncio.Event()

    def pressed(self) -> None:
        """A key was pressed: somebody is there, perhaps again."""
        away = self._monotonic() - self._active_at
        self._active_at = self._monotonic()
        now = self._now()
        if away >= AWAY_S and now is not None:
            self._left_at = now - timedelta(seconds=away)
            self._wake.set()

    def moved(self) -> None:
        """Another screen is shown."""
        self._wake.set()

    async def run(self) -> None:
        """Beat until cancelled."""
        first = True
        while True:
            with contextlib.suppress(Exception):
                idle_s = self._monotonic() - self._active_at
                left_at = await self._attendance.attend(self._screen(), idle_s=idle_s)
                if first:
                    self._left_at = left_at
                    first = False
                await self._tell_what_was_missed()
            await asyncio.sleep(AT_MOST_EVERY_S)
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self._wake.wait(), BEAT_EVERY_S - AT_MOST_EVERY_S)
            self._wake.clear()

    async def _tell_what_was_missed(self) -> None:
        now, left_at = self._now(), self._left_at
        if left_at is None or now is None:
            return
        self._left_at = None
        if (now - left_at).total_seconds() < SHORT_S:
            return
        since = max(left_at, now - timedelta(seconds=LONGEST_S))
        self._missed(await self._read.handover(since, now))

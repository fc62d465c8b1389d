"""The console's link to the database: what was read last, how old it is, and when to read again.

News from the feed and the operator's own moves are coalesced; nothing is read while nothing is shown; a
database that is lost is asked again, with growing pauses, and never ends the program. No Textual in here.
"""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections.abc import Callable
from dataclasses import dataclass

from scidex_console.console.presentation.status import Knowledge
from scidex_console.console.presentation.words import as_typed
from scidex_console.domain.errors import ConsoleError, explain
from scidex_console.engine.actions import PROGRAM
from scidex_console.engine.ports import Feed, ReadModel
from scidex_console.engine.views import Overview


@dataclass(frozen=True)
class Wanted:
    """What the visible panes show, and so what is worth asking for."""

    dead: int
    errors: int
    sparkline_minutes: int = 30


@dataclass(frozen=True)
class Pace:
    """How often the database is asked. Seconds."""

    at_most_every: float = 0.5
    poll_every: float = 5.0
    """When no news comes, in case the notifications are lost."""
    answer_within: float = 10.0
    retry_after: float = 1.0
    """First pause after a failure; doubles up to `poll_every`."""
    stale_after: float = 15.0


class DataLink:
    """Reads the overview when something changed, and says how old it is."""

    def __init__(
        self,
        read: ReadModel,
        feed: Feed,
        *,
        wanted: Callable[[], Wanted | None],
        changed: Callable[[], None],
        pace: Pace | None = None,
        read_only: bool = False,
        program: str = PROGRAM,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        """`wanted` says what is visible (None: nothing); `changed` is called after each reading."""
        self._read = read
        self._feed = feed
        self._wanted = wanted
        self._changed = changed
        self._pace = pace or Pace()
        self._read_only = read_only
        self._program = program
        self._monotonic = monotonic
        self._news = asyncio.Event()
        self._overview: Overview | None = None
        self._read_at = 0.0
        self._trouble = ""
        self._failures = 0

    def knowledge(self) -> Knowledge:
        """What is known now, with its age."""
        age = max(0.0, self._monotonic() - self._read_at) if self._overview else 0.0
        return Knowledge(
            self._overview, age, self._trouble, self._pace.stale_after, self._read_only, self._program
        )

    def poke(self) -> None:
        """Read soon: something changed, or something became visible."""
        self._news.set()

    async def run(self) -> None:
        """Listen and read until cancelled."""
        listener = asyncio.create_task(self._listen())
        try:
            while True:
                await self._read_once()
                await self._wait()
        finally:
            listener.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await listener

    async def _wait(self) -> None:
        """Until there is news, or the slow poll is due; never sooner than the pace allows."""
        pause = self._pace.poll_every
        if self._trouble:
            pause = min(pause, self._pace.retry_after * 2 ** (self._failures - 1))
            await asyncio.sleep(pause)
        else:
            await asyncio.sleep(self._pace.at_most_every)
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self._news.wait(), max(pause - self._pace.at_most_every, 0.0))
        self._news.clear()

    async def _read_once(self) -> None:
        wanted = self._wanted()
        if wanted is None:
            return
        started = self._monotonic()
        try:
            async with asyncio.timeout(self._pace.answer_within):
                self._overview = await self._read.overview(
                    dead=wanted.dead, errors=wanted.errors, sparkline_minutes=wanted.sparkline_minutes
                )
            self._read_at, self._trouble, self._failures = started, "", 0
        except TimeoutError:
            self._fail(f"no answer within {self._pace.answer_within:g} s")
        except ConsoleError as error:
            self._fail(explain(error))
        except Exception as error:
            # Nothing a reading can raise may end the console: it is shown, and asked again.
            self._fail(f"{type(error).__name__}: {error}")
        self._changed()

    def _fail(self, why: str) -> None:
        self._trouble = as_typed(why, self._program)
        self._failures = min(self._failures + 1, 10)

    async def _listen(self) -> None:
        """Take news from the feed; a feed that fails or ends is taken up again, the slow poll bridges it."""
        while True:
            with contextlib.suppress(Exception):
                async for _topics in self._feed.topics():
                    self._news.set()
            await asyncio.sleep(self._pace.poll_every)

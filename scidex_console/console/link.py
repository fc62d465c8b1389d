"""The console's link to the database: what was read last, how old it is, and when to read again.

The screen on show says what it wants: how much of the overview, and a query of its own. News from the feed
and the operator's own moves are coalesced; nothing is read for what is not shown; a database that is lost is
asked again, with growing pauses, and never ends the program. No Textual in here.
"""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any, Generic, Protocol, TypeVar, cast

from scidex_console.console.presentation.status import LISTS, Knowledge
from scidex_console.console.presentation.words import as_typed
from scidex_console.domain.errors import ConsoleError, Refused, UsageError, explain
from scidex_console.engine.actions import PROGRAM
from scidex_console.engine.ports import Feed, ReadModel
from scidex_console.engine.views import Overview

View = TypeVar("View")
ViewOf = TypeVar("ViewOf", covariant=True)


class Query(Protocol[ViewOf]):
    """What a screen wants read: a frozen dataclass, so that an answer is known by the question."""

    async def read(self, read: ReadModel) -> ViewOf:
        """Ask the read model. What it raises is told to the screen, or taken for a lost database."""
        ...


@dataclass(frozen=True)
class Answer(Generic[View]):
    """What a query came to."""

    query: Query[View]
    view: View | None
    """None when it was refused."""
    problem: str = ""
    """Why it was refused, in words."""
    read_at: float = 0.0
    """When it was asked, by the console's own clock."""


@dataclass(frozen=True)
class Wanted:
    """What the screen on show needs, and so what is worth asking for."""

    dead: int = 0
    """Rows of the overview's list of dead addresses."""
    errors: int = 0
    """Rows of the overview's list of errors."""
    sparkline_minutes: int = 30
    query: Query[Any] | None = None


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
    rest: float = 3.0
    """Pause between readings, in times of what the last one took: slow queries are asked less often, but no
    less than every `poll_every`, else what is shown would be stale and nothing could be done from it."""


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
        production: bool = False,
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
        self._production = production
        self._program = program
        self._monotonic = monotonic
        self._wake = asyncio.Event()
        self._news = self._hurried = False
        self._overview: Overview | None = None
        self._lists: frozenset[str] = frozenset()
        self._answer: Answer[Any] | None = None
        self._read_at = 0.0
        self._took = 0.0
        self._trouble = ""
        self._failures = 0

    def knowledge(self, screen_read_at: float | None = None) -> Knowledge:
        """What is known now, with its age, and that of what a screen on show had read for itself."""
        now = self._monotonic()
        age = max(0.0, now - self._read_at) if self._overview else 0.0
        return Knowledge(
            self._overview,
            age,
            self._trouble,
            self._pace.stale_after,
            self._read_only,
            self._production,
            self._program,
            self._lists,
            self._read_at,
            0.0 if screen_read_at is None else max(0.0, now - screen_read_at),
        )

    def answer(self, query: Query[View]) -> Answer[View] | None:
        """What this query came to when it was read last; None when something else was read since."""
        found = self._answer
        return cast(Answer[View], found) if found and found.query == query else None

    def poke(self) -> None:
        """Read soon: something changed."""
        self._news = True
        self._wake.set()

    def hurry(self) -> None:
        """Read what the screen is about at once: the operator waits for it."""
        self._hurried = True
        self._wake.set()

    async def run(self) -> None:
        """Listen and read until cancelled."""
        listener = asyncio.create_task(self._listen())
        try:
            while True:
                await self._read_once(self._read_all)
                await self._until_due()
        finally:
            listener.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await listener

    async def _until_due(self) -> None:
        """Until there is news or the slow poll is due, never sooner than the pace allows.

        Meanwhile the operator's own questions are answered at once.
        """
        clock = asyncio.get_running_loop().time
        began = clock()
        latest = began + self._pace.poll_every
        earliest = min(latest, began + max(self._pace.at_most_every, self._pace.rest * self._took))
        if self._trouble:
            earliest = latest = min(latest, began + self._pace.retry_after * 2 ** (self._failures - 1))
            self._hurried = False
        while (left := (earliest if self._news else latest) - clock()) > 0:
            if not self._hurried:
                with contextlib.suppress(TimeoutError):
                    await asyncio.wait_for(self._wake.wait(), left)
                self._wake.clear()
            if self._hurried:
                self._hurried = False
                await self._read_once(self._read_at_once)
                if self._trouble:
                    break
        self._news = False

    async def _read_once(self, reading: Callable[[Wanted], Awaitable[None]]) -> None:
        wanted = self._wanted()
        if wanted is None:
            return
        started = self._monotonic()
        try:
            async with asyncio.timeout(self._pace.answer_within):
                await reading(wanted)
            self._took = self._monotonic() - started
            self._trouble, self._failures = "", 0
        except TimeoutError:
            self._fail(f"no answer within {self._pace.answer_within:g} s")
        except ConsoleError as error:
            self._fail(explain(error))
        except Exception as error:
            # Nothing a reading can raise may end the console: it is shown, and asked again.
            self._fail(f"{type(error).__name__}: {error}")
        self._changed()

    async def _read_all(self, wanted: Wanted) -> None:
        started = self._monotonic()
        self._overview = await self._read.overview(
            dead=wanted.dead, errors=wanted.errors, sparkline_minutes=wanted.sparkline_minutes
        )
        self._lists = frozenset(name for name in LISTS if getattr(wanted, name))
        self._read_at = started
        await self._read_query(wanted)

    async def _read_at_once(self, wanted: Wanted) -> None:
        """What the screen is about: its own query, or the overview where it has none."""
        await (self._read_all(wanted) if wanted.query is None else self._read_query(wanted))

    async def _read_query(self, wanted: Wanted) -> None:
        if wanted.query is None:
            return
        at = self._monotonic()
        try:
            self._answer = Answer(wanted.query, await wanted.query.read(self._read), read_at=at)
        except (Refused, UsageError) as error:
            self._answer = Answer(wanted.query, None, as_typed(explain(error), self._program), at)

    def _fail(self, why: str) -> None:
        self._trouble = as_typed(why, self._program)
        self._failures = min(self._failures + 1, 10)

    async def _listen(self) -> None:
        """Take news from the feed; a feed that fails or ends is taken up again, the slow poll bridges it."""
        while True:
            with contextlib.suppress(Exception):
                async for _topics in self._feed.topics():
                    self.poke()
            await asyncio.sleep(self._pace.poll_every)

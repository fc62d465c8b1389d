"""The gate of one host group: whose turn it is, and when it may send.

All spans are measured on the monotonic clock, so a jump of the wall clock changes nothing here; the wall
clock comes in only where state leaves for the database or comes from it (`gate.py`).
"""

from __future__ import annotations

import asyncio
import math
import random
from collections import deque
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

from scidex_console.adapters.http.breaker import Breaker
from scidex_console.adapters.http.fetch_settings import FetchSettings
from scidex_console.domain.hosts import BreakerState, HostGroup, Override
from scidex_console.engine.ports import Clock

_LEAST_HOLD = 1.0
"""A server that asks for no time at all while it turns us away still gets a second."""
OFF_PEAK = "asked in off-peak hours only: "
"""Begins the cause of a closing by the hour of the day."""
_WALL_CLOCK_LOOK = 60.0
_LEAST_RATE = 1 / 3600
"""Slowest pace, requests per second."""


class GateClosed(Exception):
    """The group is closed for longer than the caller has patience."""

    def __init__(self, seconds: float, cause: str) -> None:
        super().__init__(cause)
        self.seconds = seconds
        """How much longer it is closed."""
        self.cause = cause


class TurnLost(Exception):
    """The group was closed between the turn and the sending; the request must take another turn."""


@dataclass(eq=False)
class _Waiter:
    patience: float
    woken: asyncio.Event = field(default_factory=asyncio.Event)
    granted: bool = False


@dataclass
class Hold:
    """A whole group left alone until a time, because a server asked for it. Monotonic seconds."""

    until: float = -math.inf
    began: float = -math.inf
    cause: str = ""
    in_a_row: int = 0


@dataclass
class TemporaryBudget:
    """An operator's override with its end on the monotonic clock."""

    override: Override
    ends: float


@dataclass(eq=False)
class Turn:
    """The permission for one wire request, and the place where its fate is reported.

    `sent` must be called when the request head has left; then at most one of `succeeded`, `failed` and
    `held`. A turn that ends without any of them says nothing about the group.
    """

    _gate: GroupGate
    _waiter: _Waiter
    probe: bool
    """Whether this request finds out if the group answers again."""
    sent_at: float | None = field(default=None)
    """Monotonic seconds."""

    def check(self) -> None:
        """To be called just before sending. Raises `TurnLost` when the group was closed meanwhile."""
        if self._gate.closed_for() > 0 and not self.probe:
            raise TurnLost

    def sent(self) -> None:
        """The request head has left: the next one may be prepared, and goes after the group's interval."""
        if self.sent_at is None:
            self.sent_at = self._gate.mark_sent(self._waiter)

    def succeeded(self) -> None:
        """The group answered as a working server does, whatever it said about the figure."""
        self._gate.note_success(self)

    def failed(self) -> None:
        """No answer, a broken one, or a server error."""
        self._gate.note_failure(self)

    def held(self, seconds: float | None, cause: str) -> None:
        """The server asked to be left alone: so long, or (None) as long as seems right."""
        self._gate.hold(seconds, cause, self.sent_at)


class GroupGate:
    """Gate of one group: first come, first served; evenly spaced; bounded in flight; closed when told."""

    def __init__(
        self,
        group: HostGroup,
        clock: Clock,
        settings: FetchSettings,
        jitter: random.Random,
        not_before: float,
    ) -> None:
        self.group = group
        self.breaker = Breaker(settings)
        self.held = Hold()
        self.budget: TemporaryBudget | None = None
        self.in_flight = 0
        self.not_before = not_before
        """No request before this moment (monotonic), whatever the spacing says."""
        self.crawl_delays: dict[str, float] = {}
        """Seconds between two requests that a host's robots.txt asks for, by host."""
        self._clock = clock
        self._settings = settings
        self._jitter = jitter
        self._last = -math.inf
        self._queue: deque[_Waiter] = deque()
        self._changed = asyncio.Event()

    # --- budget -----------------------------------------------------------------------------------------

    @property
    def rate(self) -> float:
        """Requests per second in force: the budget, an override, and what robots.txt asks for."""
        override = self._override()
        given = override.rate if override else None
        rate = max(_LEAST_RATE, self.group.rate if given is None else given)
        delay = max(self.crawl_delays.values(), default=0.0)
        return min(rate, 1 / delay) if delay > 0 else rate

    @property
    def in_flight_limit(self) -> int:
        """Requests under way at once, in force; 1 while the breaker tries whether the group answers."""
        self.breaker.settle(self._clock.monotonic())
        if self.breaker.state is not BreakerState.CLOSED:
            return 1
        override = self._override()
        given = override.in_flight if override else None
        return max(1, self.group.in_flight if given is None else given)

    @property
    def interval(self) -> float:
        """Seconds between two requests."""
        return self._settings.spacing / self.rate

    @property
    def waiting(self) -> int:
        """Requests that want a turn."""
        return sum(not waiter.granted for waiter in self._queue)

    def set_budget(self, budget: TemporaryBudget | None) -> None:
        """Set or clear an operator's budget; it holds for the requests waiting now."""
        self.budget = budget
        self._changed.set()

    def _override(self) -> Override | None:
        if self.budget is not None and self.budget.ends <= self._clock.monotonic():
            self.budget = None
        return self.budget.override if self.budget else None

    # --- turns ------------------------------------------------------------------------------------------

    @asynccontextmanager
    async def turn(self, patience: float = math.inf) -> AsyncIterator[Turn]:
        """Wait for the turn of one wire request; it is in flight until the context ends.

        Raises `GateClosed` as soon as the group is closed for longer than `patience` seconds.
        """
        waiter = _Waiter(patience)
        self._queue.append(waiter)
        try:
            await self._reach_front(waiter)
            while (wait := self._obstacle(patience)) > 0:
                await self._pause(wait)
            self.in_flight += 1
            waiter.granted = True
            turn = Turn(self, waiter, probe=self.breaker.state is BreakerState.PROBING)
            try:
                yield turn
            finally:
                self.in_flight -= 1
                turn.sent()  # what was not sent was at least tried, and is spaced alike
        finally:
            self._leave(waiter)

    def mark_sent(self, waiter: _Waiter) -> float:
        """Note the moment a request left and let the next one prepare."""
        self._last = self._clock.monotonic()
        self._leave(waiter)
        return self._last

    def closed_for(self) -> float:
        """Seconds until no hold, no open breaker and no hour of the day is in the way; 0 when none is."""
        now = self._clock.monotonic()
        self.breaker.settle(now)
        return max(0.0, self.held.until - now, self.breaker.open_for(now), self.opens_in())

    def opens_in(self) -> float:
        """Seconds until the hours begin in which the group may be asked; 0 within them."""
        return self.group.window.opens_in(self._clock.now()) if self.group.window else 0.0

    def next_in(self) -> float:
        """Seconds until the spacing allows the next request; 0 when it may go now."""
        return max(0.0, max(self.not_before, self._last + self.interval) - self._clock.monotonic())

    async def _reach_front(self, waiter: _Waiter) -> None:
        while self._queue[0] is not waiter:
            self._check_patience(waiter.patience)
            waiter.woken.clear()
            await waiter.woken.wait()

    def _leave(self, waiter: _Waiter) -> None:
        if waiter in self._queue:
            self._queue.remove(waiter)
        if self._queue:
            self._queue[0].woken.set()
        self._changed.set()

    def _obstacle(self, patience: float) -> float:
        """Seconds until the front may send, infinity when another request must end first, 0 for now."""
        self._check_patience(patience)
        if self.in_flight >= self.in_flight_limit:
            return math.inf
        return max(self.closed_for(), self.next_in())

    def _check_patience(self, patience: float) -> None:
        closed = self.closed_for()
        if closed > patience:
            raise GateClosed(closed, self.closed_cause())

    def closed_cause(self) -> str:
        """Why the group is closed, in words."""
        if self.held.until > self._clock.monotonic():
            return self.held.cause
        if self.breaker.state is not BreakerState.CLOSED:
            return self.breaker.cause or "too many failures in a row"
        return self.off_peak_cause if self.opens_in() > 0 else ""

    @property
    def off_peak_cause(self) -> str:
        """Which hours the group may be asked in, in words."""
        return f"{OFF_PEAK}{self.group.window}"

    async def _pause(self, seconds: float) -> None:
        """Sleep, but wake when anything about the group changes."""
        self._changed.clear()
        if self.budget is not None:
            seconds = min(seconds, max(0.0, self.budget.ends - self._clock.monotonic()))
        if self.group.window is not None:
            seconds = min(seconds, _WALL_CLOCK_LOOK)  # hours are the wall clock's, which may be set
        changed = asyncio.ensure_future(self._changed.wait())
        waits: set[asyncio.Future[object]] = {changed}  # type: ignore[arg-type]
        if seconds < math.inf:
            waits.add(asyncio.ensure_future(self._clock.sleep(seconds)))
        try:
            await asyncio.wait(waits, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for wait in waits:
                wait.cancel()
            await asyncio.gather(*waits, return_exceptions=True)

    # --- what the answers say ---------------------------------------------------------------------------

    def note_success(self, turn: Turn) -> None:
        """A working answer: failures and holds no longer count as in a row."""
        if turn.sent_at is not None and turn.sent_at >= self.held.began:
            self.held.in_a_row = 0
        self.breaker.note_success(probe=turn.probe)
        self._changed.set()

    def note_failure(self, turn: Turn) -> None:
        """A transient failure; enough of them in a row open the breaker."""
        self.breaker.note_failure(self._clock.monotonic(), probe=turn.probe)
        self._on_closing()

    def trip(self, cause: str, times: int) -> None:
        """Open the breaker for another cause than failures."""
        self.breaker.trip(self._clock.monotonic(), cause, times)
        self._on_closing()

    def hold(self, seconds: float | None, cause: str, sent_at: float | None = None) -> None:
        """Leave the whole group alone for `seconds` (None: the back-off), at most `retry_after_cap`.

        `sent_at` is when the request that was told so left: one that left before the present hold began is
        an echo of it, and neither doubles nor counts. A hold is never shortened.
        """
        now = self._clock.monotonic()
        echo = sent_at is not None and sent_at < self.held.began
        self.breaker.note_answer()
        if not echo:
            self.held.in_a_row += 1
        elif seconds is None:
            return
        if seconds is None:
            doubled = self._settings.hold_first * 2.0 ** min(self.held.in_a_row - 1, 32)
            seconds = min(doubled * (1 + 0.25 * self._jitter.random()), self._settings.hold_longest)
        until = now + min(max(seconds, _LEAST_HOLD), self._settings.retry_after_cap)
        if until > self.held.until:
            self.held.until, self.held.cause = until, cause
        if not echo:
            self.held.began = now
        self._on_closing()

    def _on_closing(self) -> None:
        closed = self.closed_for()
        for waiter in self._queue:
            if closed > waiter.patience:
                waiter.woken.set()
        self._changed.set()

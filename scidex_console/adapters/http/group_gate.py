"""The gate of one host group: whose turn it is, and the waiting for it.

What is in the way, and for how long, `GroupPace` says; here is who waits, in which order. All spans are
measured on the monotonic clock, so a jump of the wall clock changes nothing but the hours of the day. That
clock comes in otherwise only where state leaves for the database or comes from it (`gate.py`).
"""

from __future__ import annotations

import asyncio
import math
from collections import deque
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

from scidex_console.domain.pacing.group_pace import GroupPace, Moment, TemporaryBudget
from scidex_console.engine.ports import Clock

_WALL_CLOCK_LOOK = 60.0
"""Longest sleep in seconds of who waits for an hour of the day."""


_LEASE_LOOK = 0.25
"""Seconds between two looks whether requests may leave again."""


class GateClosed(Exception):
    """The group is closed for longer than the caller has patience."""

    def __init__(self, seconds: float, cause: str) -> None:
        super().__init__(cause)
        self.seconds = seconds
        """How much longer it is closed."""
        self.cause = cause


class TurnLost(Exception):
    """The group was closed between the turn and the sending; the request must take another turn."""


@dataclass
class Lease:
    """Until when requests may leave, monotonic seconds.

    An engine that could give no sign of life for long may have been taken over from: the budgets are another
    one's then, and this one may be the last to know.
    """

    until: float = math.inf


@dataclass(eq=False)
class _Waiter:
    patience: float
    woken: asyncio.Event = field(default_factory=asyncio.Event)
    granted: bool = False


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
        if self._gate.has_no_lease or self._gate.closed_for() > 0:
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
    """Gate of one group: first come, first served, at the group's pace."""

    def __init__(
        self, pace: GroupPace, clock: Clock, lease: Lease, note_closing: Callable[[str], None]
    ) -> None:
        self.pace = pace
        self._clock = clock
        self._lease = lease
        self._note_closing = note_closing
        self._queue: deque[_Waiter] = deque()
        self._changed = asyncio.Event()

    @property
    def waiting(self) -> int:
        """Requests that want a turn."""
        return sum(not waiter.granted for waiter in self._queue)

    def set_budget(self, budget: TemporaryBudget | None) -> None:
        """Set or clear an operator's budget; it holds for the requests waiting now."""
        self.pace.budget = budget
        self._changed.set()

    def closed_for(self) -> float:
        """Seconds until no hold, no open breaker and no hour of the day is in the way; 0 when none is."""
        return self.pace.closed_for(self._now())

    @property
    def has_no_lease(self) -> bool:
        """Whether nothing may leave, whatever the group's own state."""
        return self._clock.monotonic() >= self._lease.until

    def _now(self) -> Moment:
        return Moment(self._clock.monotonic(), self._clock.now())

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
            self.pace.in_flight += 1
            waiter.granted = True
            turn = Turn(self, waiter, probe=self.pace.is_probing)
            try:
                yield turn
            finally:
                self.pace.in_flight -= 1
                turn.sent()  # what was not sent was at least tried, and is spaced alike
        finally:
            self._leave(waiter)

    def mark_sent(self, waiter: _Waiter) -> float:
        """Note the moment a request left and let the next one prepare."""
        now = self._clock.monotonic()
        self.pace.note_sent(now)
        self._leave(waiter)
        return now

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
        self._check_patience(patience)
        return max(self.pace.obstacle(self._now()), _LEASE_LOOK if self.has_no_lease else 0.0)

    def _check_patience(self, patience: float) -> None:
        closed = self.closed_for()
        if closed > patience:
            raise GateClosed(closed, self.pace.closed_cause(self._now()))

    async def _pause(self, seconds: float) -> None:
        """Sleep, but wake when anything about the group changes."""
        self._changed.clear()
        seconds = min(seconds, self.pace.budget_left(self._clock.monotonic()))
        if self.pace.group.window is not None:
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
        """A working answer."""
        self.pace.note_success(turn.sent_at, probe=turn.probe)
        self._changed.set()

    def note_failure(self, turn: Turn) -> None:
        """A transient failure; enough of them in a row open the breaker."""
        self.pace.note_failure(self._clock.monotonic(), probe=turn.probe)
        self._on_closing()

    def trip(self, cause: str, times: int) -> None:
        """Open the breaker for another cause than failures."""
        self.pace.trip(self._clock.monotonic(), cause, times)
        self._on_closing()

    def hold(self, seconds: float | None, cause: str, sent_at: float | None = None) -> None:
        """Leave the whole group alone for `seconds`, or (None) as long as the back-off says."""
        self.pace.hold(self._clock.monotonic(), seconds, cause, sent_at)
        self._on_closing()

    def _on_closing(self) -> None:
        closed = self.closed_for()
        if closed > 0:
            self._note_closing(self.pace.group.name)
        for waiter in self._queue:
            if closed > waiter.patience:
                waiter.woken.set()
        self._changed.set()

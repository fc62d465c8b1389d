"""The pace of one host group: what keeps the next request from leaving, and for how long.

Pure: whoever uses it says what time it is. Spans are measured by a clock that only goes forward (`at`); the
wall clock matters only to the hours of the day.
"""

from __future__ import annotations

import math
import random
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from scidex_console.domain.hosts import BreakerState, HostGroup, Override
from scidex_console.domain.pacing.breaker import Breaker
from scidex_console.domain.pacing.manners import Manners

_LEAST_HOLD: Final = 1.0
"""A server that asks for no time at all while it turns us away still gets a second."""
_LEAST_RATE: Final = 1 / 3600
"""Slowest pace, requests per second."""


@dataclass(frozen=True, slots=True)
class Moment:
    """What time it is, by both clocks."""

    at: float
    """Seconds of a clock that only goes forward."""
    wall: datetime


@dataclass
class Hold:
    """A whole group left alone until a time, because a server asked for it. Times as `Moment.at`."""

    until: float = -math.inf
    began: float = -math.inf
    cause: str = ""
    in_a_row: int = 0


@dataclass
class TemporaryBudget:
    """An operator's override with its end as `Moment.at`."""

    override: Override
    ends: float


class GroupPace:
    """Evenly spaced; bounded in flight; closed when told."""

    def __init__(
        self, group: HostGroup, manners: Manners, jitter: random.Random, not_before: float = -math.inf
    ) -> None:
        self.group = group
        self.breaker = Breaker(manners)
        self.held = Hold()
        self.budget: TemporaryBudget | None = None
        self.in_flight = 0
        self.not_before = not_before
        """No request before this (`Moment.at`), whatever the spacing says."""
        self.crawl_delays: dict[str, float] = {}
        """Seconds between two requests that a host's robots.txt asks for, by host."""
        self._manners = manners
        self._jitter = jitter
        self._last = -math.inf
        """When the last request left, or was due to."""

    # --- budget -----------------------------------------------------------------------------------------

    def rate(self, now: float) -> float:
        """Requests per second in force: the budget, an override, and what robots.txt asks for."""
        budget = self._in_force(now)
        given = budget.override.rate if budget else None
        rate = max(_LEAST_RATE, self.group.rate if given is None else given)
        delay = max(self.crawl_delays.values(), default=0.0)
        return min(rate, 1 / delay) if delay > 0 else rate

    def in_flight_limit(self, now: float) -> int:
        """Requests under way at once, in force; 1 while the breaker tries whether the group answers."""
        self.breaker.settle(now)
        if self.breaker.state is not BreakerState.CLOSED:
            return 1
        budget = self._in_force(now)
        given = budget.override.in_flight if budget else None
        return max(1, self.group.in_flight if given is None else given)

    def interval(self, now: float) -> float:
        """Seconds between two requests."""
        return self._manners.spacing / self.rate(now)

    def budget_left(self, now: float) -> float:
        """Seconds until an operator's budget ends; infinity where none is in force."""
        budget = self._in_force(now)
        return budget.ends - now if budget else math.inf

    def _in_force(self, now: float) -> TemporaryBudget | None:
        if self.budget is not None and self.budget.ends <= now:
            self.budget = None
        return self.budget

    # --- what is in the way -----------------------------------------------------------------------------

    def obstacle(self, now: Moment) -> float:
        """Seconds until the next request may leave, infinity when another must end first, 0 for now."""
        if self.in_flight >= self.in_flight_limit(now.at):
            return math.inf
        return max(self.closed_for(now), self.next_in(now.at))

    def closed_for(self, now: Moment) -> float:
        """Seconds until no hold, no open breaker and no hour of the day is in the way; 0 when none is."""
        self.breaker.settle(now.at)
        return max(0.0, self.held.until - now.at, self.breaker.open_for(now.at), self.opens_in(now))

    def opens_in(self, now: Moment) -> float:
        """Seconds until the hours begin in which the group may be asked; 0 within them."""
        return self.group.window.opens_in(now.wall) if self.group.window else 0.0

    def next_in(self, now: float) -> float:
        """Seconds until the spacing allows the next request; 0 when it may go now."""
        return max(0.0, max(self.not_before, self._last + self.interval(now)) - now)

    def closed_cause(self, now: Moment) -> str:
        """Why the group is closed, in words."""
        if self.held.until > now.at:
            return self.held.cause
        if self.breaker.state is not BreakerState.CLOSED:
            return self.breaker.cause or "too many failures in a row"
        return f"off peak: asked {self.group.window} only" if self.opens_in(now) > 0 else ""

    # --- what leaves, and what the answers say -----------------------------------------------------------

    @property
    def is_probing(self) -> bool:
        """Whether the request that leaves now finds out if the group answers again."""
        return self.breaker.state is BreakerState.PROBING

    def note_sent(self, now: float) -> None:
        """A request has left.

        The next one counts from when this one was due, so that what little each is late does not add up over
        a run; but from when it left, where that was later than the spacing has to spare.
        """
        due = max(self.not_before, self._last + self.interval(now))
        self._last = due if 0 <= now - due <= self._manners.lateness else now

    def note_success(self, sent_at: float | None, *, probe: bool) -> None:
        """A working answer: failures and holds no longer count as in a row."""
        if sent_at is not None and sent_at >= self.held.began:
            self.held.in_a_row = 0
        self.breaker.note_success(probe=probe)

    def note_failure(self, now: float, *, probe: bool) -> None:
        """A transient failure; enough of them in a row open the breaker."""
        self.breaker.note_failure(now, probe=probe)

    def trip(self, now: float, cause: str, times: int) -> None:
        """Open the breaker for another cause than failures."""
        self.breaker.trip(now, cause, times)

    def hold(self, now: float, seconds: float | None, cause: str, sent_at: float | None = None) -> None:
        """Leave the whole group alone for `seconds` (None: the back-off), at most `retry_after_cap`.

        `sent_at` is when the request that was told so left: one that left before the present hold began is
        an echo of it, and neither doubles nor counts. A hold is never shortened. After as many in a row as
        open a breaker, its word is not enough: the hold lasts as long as the breaker would at least.
        """
        echo = sent_at is not None and sent_at < self.held.began
        self.breaker.note_answer()
        if not echo:
            self.held.in_a_row += 1
        elif seconds is None:
            return
        if seconds is None:
            doubled = self._manners.hold_first * 2.0 ** min(self.held.in_a_row - 1, 32)
            seconds = min(doubled * (1 + 0.25 * self._jitter.random()), self._manners.hold_longest)
        else:
            seconds = max(seconds, self._least_hold())
        until = now + min(max(seconds, _LEAST_HOLD), self._manners.retry_after_cap)
        if until > self.held.until:
            self.held.until, self.held.cause = until, cause
        if not echo:
            self.held.began = now

    def _least_hold(self) -> float:
        too_many = self.held.in_a_row - self._manners.breaker_failures
        return self.breaker.span(too_many) if too_many >= 0 else _LEAST_HOLD

"""The breaker of one host group: a group that keeps failing is left alone, then tried with one request."""

from __future__ import annotations

import math
from dataclasses import dataclass

from scidex_console.domain.hosts import BreakerState
from scidex_console.domain.pacing.manners import Manners


@dataclass
class Breaker:
    """Counts failures in a row. Times are monotonic seconds."""

    manners: Manners
    state: BreakerState = BreakerState.CLOSED
    until: float = -math.inf
    failures: int = 0
    openings: int = 0
    """In a row, without a success between."""
    cause: str = ""
    """Why it was opened by hand; empty where failures did it."""

    def settle(self, now: float) -> None:
        """An open breaker whose time is over waits for the outcome of one request."""
        if self.state is BreakerState.OPEN and now >= self.until:
            self.state = BreakerState.PROBING

    def open_for(self, now: float) -> float:
        """Seconds for which nothing may be asked; 0 when something may."""
        return max(0.0, self.until - now) if self.state is BreakerState.OPEN else 0.0

    def note_success(self, *, probe: bool) -> None:
        """A working answer. One that was on its way when the breaker opened does not close it."""
        if self.state is BreakerState.CLOSED or probe:
            self._close()

    def note_answer(self) -> None:
        """An answer that says nothing about health, except that the group does answer."""
        if self.state is BreakerState.PROBING:
            self._close()

    def note_failure(self, now: float, *, probe: bool) -> None:
        """A failure. What was on its way when the breaker opened does not count again."""
        if self.state is BreakerState.OPEN:
            return
        self.failures += 1
        if probe or self.state is BreakerState.PROBING or self.failures >= self.manners.breaker_failures:
            self._open(now)

    def trip(self, now: float, cause: str, times: int) -> None:
        """Open it for another cause than failures; `times` in a row double how long."""
        self.openings = max(self.openings, times - 1)
        self._open(now)
        self.cause = cause

    def span(self, openings: int) -> float:
        """Seconds for which it opens after so many openings in a row."""
        span = self.manners.breaker_first * 2.0 ** min(openings, 32)
        return min(span, self.manners.breaker_longest)

    def _open(self, now: float) -> None:
        self.state = BreakerState.OPEN
        self.until = now + self.span(self.openings)
        self.openings += 1

    def _close(self) -> None:
        self.state = BreakerState.CLOSED
        self.until = -math.inf
        self.failures = 0
        self.openings = 0
        self.cause = ""

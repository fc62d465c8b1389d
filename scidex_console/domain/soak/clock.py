"""The soak's clock: how long a phase has held, from what was recorded.

A span is a stretch of looks with the same verdict. What counts is the time between two looks by the
database's clock, added up look by look: a restart, a clock that jumps or an engine that was down for a night
neither adds time nor loses what was there. Time that nobody looked at does not count.

A failure starts the clock anew: the specification wants a phase "fully met and verified with a 24h soak", and
24 hours with a failure in them are not that.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum


class SpanKind(StrEnum):
    """What the looks of a span found."""

    HELD = "held"
    """Every check that can be measured is met."""
    WAITED = "waited"
    """Nothing fails, but something is not met yet."""
    FAILED = "failed"


@dataclass(frozen=True)
class Span:
    """A stretch of looks with one verdict."""

    kind: SpanKind
    began_at: datetime
    until_at: datetime
    """The last look of it."""
    counted_s: float
    """Seconds between its looks that count."""
    why: str = ""
    """What fails, or is not met yet."""


class ClockState(StrEnum):
    """Whether the clock runs, and if not, why."""

    WAITING = "waiting"
    """For what is not met yet, or for the first look."""
    RUNNING = "running"
    STOPPED = "stopped"
    """By a check that fails. When it passes again the clock starts at nothing."""
    UNWATCHED = "unwatched"
    """Nobody looks: no engine has measured for a while. What was counted stays."""
    DONE = "done"


@dataclass(frozen=True)
class SoakClock:
    """Where the clock stands."""

    state: ClockState
    elapsed_s: float
    """Seconds held without a failure, up to the last look."""
    needed_s: float
    since: datetime | None
    """When it last started at nothing, or when it was stopped."""
    why: str = ""
    """Why it does not run."""

    @property
    def left_s(self) -> float:
        """Seconds that are still to run."""
        return max(self.needed_s - self.elapsed_s, 0.0)


def counted_s(last_look: datetime, look: datetime, *, longest_s: float) -> float:
    """Seconds between two looks that count: none of a gap in which nobody looked, or of a jump backwards."""
    seconds = (look - last_look).total_seconds()
    return seconds if 0 < seconds <= longest_s else 0.0


def read_clock(spans: Sequence[Span], *, needed_s: float, now: datetime, longest_s: float) -> SoakClock:
    """The clock of a phase from its spans, oldest first. After `longest_s` without a look, nobody looks."""
    if not spans:
        return SoakClock(ClockState.WAITING, 0.0, needed_s, None, "nothing has been measured yet")
    last = spans[-1]
    held: list[Span] = []
    for span in reversed(spans):
        if span.kind is not SpanKind.HELD:
            break
        held.insert(0, span)
    elapsed = sum(span.counted_s for span in held)
    if last.kind is SpanKind.FAILED:
        return SoakClock(ClockState.STOPPED, 0.0, needed_s, last.began_at, last.why)
    if last.kind is SpanKind.WAITED:
        return SoakClock(ClockState.WAITING, 0.0, needed_s, last.began_at, last.why)
    if elapsed >= needed_s:
        return SoakClock(ClockState.DONE, elapsed, needed_s, held[0].began_at)
    if (now - last.until_at).total_seconds() > longest_s:
        why = f"nobody has measured since {last.until_at:%Y-%m-%d %H:%M} UTC: is an engine running?"
        return SoakClock(ClockState.UNWATCHED, elapsed, needed_s, held[0].began_at, why)
    return SoakClock(ClockState.RUNNING, elapsed, needed_s, held[0].began_at)

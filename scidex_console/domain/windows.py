"""Hours of the day in which a host group may be asked."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC, datetime, time, timedelta
from typing import Final
from zoneinfo import ZoneInfo

_FORM: Final = re.compile(r"([01]\d|2[0-3]):([0-5]\d)-([01]\d|2[0-3]):([0-5]\d)")


@dataclass(frozen=True)
class DailyWindow:
    """From `start` to `end` each day, by the clocks of a time zone; over midnight when `end` comes first."""

    start: time
    end: time
    zone: str
    """Name of an IANA time zone."""

    def __str__(self) -> str:
        return f"{self.start:%H:%M}-{self.end:%H:%M} {self.zone}"

    def opens_in(self, now: datetime) -> float:
        """Seconds until it is open, 0 while it is; `now` is aware."""
        local = now.astimezone(ZoneInfo(self.zone))
        if self._holds(local.time()):
            return 0.0
        day = local.date() + timedelta(days=0 if local.time() < self.start else 1)
        opening = datetime.combine(day, self.start, ZoneInfo(self.zone))
        return max(1.0, (opening.astimezone(UTC) - now.astimezone(UTC)).total_seconds())

    def closes_in(self, now: datetime) -> float:
        """Seconds until it closes, 0 while it is closed; `now` is aware."""
        local = now.astimezone(ZoneInfo(self.zone))
        if not self._holds(local.time()):
            return 0.0
        day = local.date() + timedelta(days=0 if local.time() < self.end else 1)
        closing = datetime.combine(day, self.end, ZoneInfo(self.zone))
        return max(1.0, (closing.astimezone(UTC) - now.astimezone(UTC)).total_seconds())

    def _holds(self, at: time) -> bool:
        if self.start < self.end:
            return self.start <= at < self.end
        return at >= self.start or at < self.end


def parse_window(text: str, zone: str) -> DailyWindow:
    """Read `22:00-06:00`. Raises ValueError for what is no window, or no time zone."""
    match = _FORM.fullmatch(text)
    if match is None:
        raise ValueError(f"{text!r} is no span of hours")
    start, end = time(int(match[1]), int(match[2])), time(int(match[3]), int(match[4]))
    if start == end:
        raise ValueError(f"{text!r} is empty")
    try:
        ZoneInfo(zone)
    except (KeyError, OSError, ValueError) as error:
        raise ValueError(f"{zone!r} is no time zone") from error
    return DailyWindow(start, end, zone)

"""Durations as operators write them: `30s`, `15m`, `2h`, `1d`, and combinations such as `1h30m`."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta

_UNITS = {"ms": 0.001, "s": 1.0, "m": 60.0, "h": 3600.0, "d": 86400.0}
_PART = re.compile(r"(\d+(?:\.\d+)?)(ms|s|m|h|d)")


def parse_duration(text: str) -> timedelta:
    """Read a duration. Raises ValueError, naming the accepted form, for anything else."""
    cleaned = text.strip().lower()
    parts = _PART.findall(cleaned)
    if not parts or "".join(number + unit for number, unit in parts) != cleaned:
        raise ValueError(f"{text!r} is not a duration such as 30s, 15m, 2h or 1h30m")
    return timedelta(seconds=sum(float(number) * _UNITS[unit] for number, unit in parts))


def to_come(at: datetime, now: datetime) -> str:
    """A moment to come, in UTC: the time of day, or to the minute with its day where that is not today."""
    at = at.astimezone(UTC)
    same_day = at.date() == now.astimezone(UTC).date()
    return f"{at:%H:%M:%S} UTC" if same_day else f"{at:%m-%d %H:%M} UTC"


def format_duration(seconds: float) -> str:
    """Show a duration in at most two units, rounded down to what a person reads at a glance."""
    if seconds < 0:
        return "-" + format_duration(-seconds)
    if seconds < 10:
        return f"{seconds:.1f}s".replace(".0s", "s")
    whole = int(seconds)
    for size, name, below, below_name in ((86400, "d", 3600, "h"), (3600, "h", 60, "m"), (60, "m", 1, "s")):
        if whole >= size:
            rest = (whole % size) // below
            return f"{whole // size}{name}{rest}{below_name}" if rest else f"{whole // size}{name}"
    return f"{whole}s"

"""Sizes and times as people read them."""

from __future__ import annotations

from datetime import UTC, datetime

_UNITS = ("bytes", "KB", "MB", "GB", "TB")


def size(count: int | None) -> str:
    """A number of bytes in the unit that keeps it short; multiples of 1000."""
    if count is None:
        return "unknown"
    amount, unit = float(count), 0
    while amount >= 1000 and unit < len(_UNITS) - 1:
        amount, unit = amount / 1000, unit + 1
    if not unit:
        return f"{count} byte" if count == 1 else f"{count} bytes"
    return f"{amount:.1f} {_UNITS[unit]}" if amount < 10 else f"{amount:.0f} {_UNITS[unit]}"


def moment(at: datetime) -> str:
    """A time, to the minute, in UTC."""
    return at.astimezone(UTC).strftime("%Y-%m-%d %H:%M UTC")

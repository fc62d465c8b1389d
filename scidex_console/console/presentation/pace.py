"""The pace of a host group against its budget."""

from __future__ import annotations

from collections.abc import Sequence

_BARS = "▁▂▃▄▅▆▇█"


def pace_bars(per_minute: Sequence[int], budget: float, width: int) -> str:
    """Requests of each minute as bars, the newest on the right; a full bar is the budget (requests a second).

    A minute without any is a dot: a hold is to be told from a trickle. More than the budget is `!`,
    but one alone never is, however slow the budget.
    """
    shown = per_minute[-width:] if width > 0 else ()
    full = budget * 60
    bars = []
    for count in shown:
        if count == 0:
            bars.append("·")
        elif full <= 0 or count > max(full * 1.05, 1):
            bars.append("!")
        else:
            bars.append(_BARS[min(int(count / full * len(_BARS)), len(_BARS) - 1)])
    return "".join(bars)


def rate(count: int, minutes: int) -> float:
    """Requests a second."""
    return count / (60 * minutes) if minutes else 0.0

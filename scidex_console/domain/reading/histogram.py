"""Times in buckets whose bounds never change, so that counts of any processes and minutes can be added up.

A bucket is named by its upper bound in microseconds. Bounds follow the series R20 of preferred numbers:
twenty to a decade, each about 12 % above the one before, from 0.1 ms to 90 s; 500 ms is one of them.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Mapping

_R20 = (100, 112, 125, 140, 160, 180, 200, 224, 250, 280, 315, 355, 400, 450, 500, 560, 630, 710, 800, 900)
_DECADES = 6

BOUNDS_US = tuple(each * int(10**decade) for decade in range(_DECADES) for each in _R20)
"""Upper bounds in microseconds, rising; a longer time counts as the last."""

Counts = Mapping[int, int]
"""How many times lie in each bucket, by its upper bound in microseconds."""


def bucket_of(seconds: float) -> int:
    """The bucket of a time: its upper bound in microseconds."""
    place = bisect_left(BOUNDS_US, seconds * 1e6)
    return BOUNDS_US[min(place, len(BOUNDS_US) - 1)]


def quantile_ms(counts: Counts, share: float) -> float | None:
    """The time in milliseconds below which a share (0 to 1) of all times lie; None without any.

    Interpolated within its bucket, so off by less than the 12 % that a bucket spans.
    """
    total = sum(counts.values())
    if total <= 0:
        return None
    rank, below = share * total, 0
    for bound in sorted(counts):
        n = counts[bound]
        if n and below + n >= rank:
            place = bisect_left(BOUNDS_US, bound)
            least = BOUNDS_US[place - 1] if place else 0
            return (least + (bound - least) * max(rank - below, 0.0) / n) / 1000
        below += n
    return max(counts) / 1000


def added(*several: Counts) -> dict[int, int]:
    """The counts of several added up."""
    total: dict[int, int] = {}
    for counts in several:
        for bound, n in counts.items():
            total[bound] = total.get(bound, 0) + n
    return total

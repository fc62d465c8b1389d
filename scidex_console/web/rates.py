"""How often somebody may do something: a bucket for each that fills as time goes by."""

from __future__ import annotations

import math
import time
from collections import OrderedDict
from collections.abc import Callable

_MOST = 10_000
"""Buckets that are kept; the ones longest unused go first, and would be full again soon."""


class Rate:
    """So many a minute for each key, all of them at once if nobody did anything before."""

    def __init__(self, per_minute: int, now: Callable[[], float] = time.monotonic) -> None:
        self._most = float(per_minute)
        self._per_second = per_minute / 60
        self._now = now
        self._buckets: OrderedDict[str, tuple[float, float]] = OrderedDict()

    def wait(self, key: str) -> int:
        """Seconds until it is allowed again, rounded up; 0: it is now."""
        left = self._left(key)
        return 0 if left >= 1 else math.ceil((1 - left) / self._per_second)

    def spend(self, key: str) -> None:
        """It was done once."""
        self._buckets[key] = self._left(key) - 1, self._now()
        self._buckets.move_to_end(key)
        while len(self._buckets) > _MOST:
            self._buckets.popitem(last=False)

    def _left(self, key: str) -> float:
        left, at = self._buckets.get(key, (self._most, self._now()))
        return min(self._most, left + (self._now() - at) * self._per_second)

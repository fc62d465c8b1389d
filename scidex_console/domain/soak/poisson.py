"""Two event rates compared: whether two counts, over two lengths of time, may come from one rate.

Given how many events there were in all, the number in the second stretch is binomial with the share of the
time as its probability, if the rate has not changed. That test is exact for any count, however small.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

_REACH = 40.0
"""Standard deviations around the mean that are summed over: beyond them no double holds anything."""
_AS_LIKELY = 1 + 1e-7
"""Outcomes this close in probability count as equally likely, whatever the rounding."""


@dataclass(frozen=True)
class EventCount:
    """So many events in so many seconds of looking."""

    events: int
    seconds: float

    @property
    def per_day(self) -> float | None:
        """Events a day; None without any time."""
        return self.events * 86_400 / self.seconds if self.seconds > 0 else None


def same_rate_p(before: EventCount, during: EventCount) -> float | None:
    """The two-sided p-value of "the rate has not changed"; None when one of the two was not looked at.

    The sum over all divisions of the events that are no likelier than the one that was seen.
    """
    if before.seconds <= 0 or during.seconds <= 0:
        return None
    share = during.seconds / (before.seconds + during.seconds)
    return binomial_p(during.events, before.events + during.events, share)


def binomial_p(seen: int, trials: int, share: float) -> float:
    """The two-sided exact p-value of `seen` successes in `trials`, each of probability `share`."""
    mean, deviation = trials * share, math.sqrt(trials * share * (1 - share))
    least = max(0, math.floor(mean - _REACH * deviation) - 1)
    most = min(trials, math.ceil(mean + _REACH * deviation) + 1)
    bound = _log_probability(seen, trials, share) + math.log(_AS_LIKELY)
    logs = (_log_probability(k, trials, share) for k in range(least, most + 1))
    return min(1.0, math.fsum(math.exp(log) for log in logs if log <= bound))


def _log_probability(k: int, n: int, share: float) -> float:
    ways = math.lgamma(n + 1) - math.lgamma(k + 1) - math.lgamma(n - k + 1)
    return ways + k * math.log(share) + (n - k) * math.log1p(-share)

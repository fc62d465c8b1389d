"""When a run will be over: every host group simulated, and the engine processes that share the hosts out.

Groups are asked side by side, each at its own pace, so one process is as quick as its slowest group, unless
there are so many that it cannot keep all of them at their budgets. A budget is one, whoever asks;
several processes share out the groups, and make none of them quicker.
"""

from __future__ import annotations

import heapq
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Final

from scidex_console.domain.pacing.simulation import Simulation
from scidex_console.domain.pacing.work import GroupForecast, Rules, Work
from scidex_console.domain.windows import DailyWindow

CAPACITY: Final = 330.0
"""Requests a second that one engine process carries, its database and its batches beside it, as measured by
the part `capacity` of `benchmarks/fetching.py`."""
PROCESSES: Final = (1, 2, 4)
"""Numbers of processes that are compared."""
MOST_ROWS: Final = 20_000
"""Rows of a group that are played one by one; what more there is goes on at the pace of these."""


@dataclass(frozen=True)
class Shared:
    """The groups shared out among engine processes."""

    processes: int
    seconds: float


@dataclass(frozen=True)
class Forecast:
    """How long a run takes. Times in seconds."""

    seconds: float
    """Until no group has a row left to ask, with one engine process."""
    groups: tuple[GroupForecast, ...]
    """The slowest first."""
    processes: tuple[Shared, ...]
    """What several engine processes would take."""

    @property
    def asked_s(self) -> float:
        """Until every row that may be asked now has been asked once; what is left then is waiting, mostly."""
        return max((group.asked_s for group in self.groups), default=0.0)

    @property
    def requests(self) -> int:
        """Wire requests in all."""
        return sum(group.requests for group in self.groups)

    @property
    def rows(self) -> int:
        """Rows that come to an end."""
        return sum(group.rows for group in self.groups)


def forecast(
    works: Iterable[Work],
    rules: Rules,
    now: datetime,
    *,
    most_rows: int = MOST_ROWS,
    capacity: float = CAPACITY,
) -> Forecast:
    """Simulate every group from `now` (aware) on."""
    groups = [group_forecast(work, rules, now, most_rows) for work in works]
    groups.sort(key=lambda group: (-group.seconds, group.group))
    shares = tuple(Shared(number, _shared_out(groups, number, capacity)) for number in PROCESSES)
    return Forecast(shares[0].seconds, tuple(groups), shares)


def group_forecast(work: Work, rules: Rules, now: datetime, most_rows: int = MOST_ROWS) -> GroupForecast:
    """One group; of a long one the first rows are played, and the others follow at their pace."""
    played = Simulation(replace(work, due=min(work.due, most_rows)), rules, now)
    found = played.run()
    more = work.due - most_rows
    if more <= 0 or not found.rows:
        return found
    # By the second half of the rows, when trust in HEAD has been learned.
    half = played.sent[len(played.sent) // 2 :]
    first, last = (now + timedelta(seconds=at) for at in (half[0], half[-1]))
    request_s = open_seconds(first, last, work.group.window) / max(1, len(half) - 1)
    busy_s = request_s * found.requests / found.rows * more
    asked, ends = (
        after(now + timedelta(seconds=at), busy_s, work.group.window) for at in (found.asked_s, found.seconds)
    )
    return replace(
        found,
        seconds=(ends - now).total_seconds(),
        asked_s=(asked - now).total_seconds(),
        rows=found.rows + more,
        requests=found.requests + round(found.requests / found.rows * more),
    )


def after(start: datetime, open_s: float, window: DailyWindow | None) -> datetime:
    """When so many seconds of the hours in which a group may be asked have passed."""
    at = start.astimezone(UTC)
    if window is None:
        return at + timedelta(seconds=open_s)
    while True:
        at += timedelta(seconds=window.opens_in(at))
        stretch = window.closes_in(at)
        if open_s <= stretch:
            return at + timedelta(seconds=open_s)
        open_s -= stretch
        at += timedelta(seconds=stretch)


def open_seconds(start: datetime, end: datetime, window: DailyWindow | None) -> float:
    """Seconds between two moments in which a group may be asked."""
    at, end = start.astimezone(UTC), end.astimezone(UTC)
    if window is None:
        return (end - at).total_seconds()
    passed = 0.0
    while True:
        at += timedelta(seconds=window.opens_in(at))
        closes = min(at + timedelta(seconds=window.closes_in(at)), end)
        if at >= end:
            return passed
        passed += (closes - at).total_seconds()
        at = closes


def _shared_out(groups: Sequence[GroupForecast], processes: int, capacity: float) -> float:
    """Seconds with the groups shared out evenly, by their requests, the longest first."""
    loads = [(0.0, 0.0, number) for number in range(processes)]  # requests, slowest group, process
    for group in sorted(groups, key=lambda group: -group.requests):
        requests, slowest, number = heapq.heappop(loads)
        heapq.heappush(loads, (requests + group.requests, max(slowest, group.seconds), number))
    return max(max(slowest, requests / capacity) for requests, slowest, _ in loads)

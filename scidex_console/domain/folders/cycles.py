"""When artifacts are taken up: so many a cycle, a cycle every so often (spec: 100, every 30 minutes)."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta


@dataclass(frozen=True)
class CyclePlan:
    """How the migration is paced. `every` of zero means one cycle after the other."""

    size: int = 100
    every: timedelta = timedelta(minutes=30)


class Cycle:
    """The cycle in hand: how many artifacts it still takes, and when the next one may begin."""

    def __init__(self, plan: CyclePlan) -> None:
        self._plan = plan
        self._taken = 0
        self._began: datetime | None = None
        self.next_at: datetime | None = None

    def resume(self, next_at: datetime | None) -> None:
        """What an earlier engine had scheduled."""
        self.next_at = next_at

    def room(self, now: datetime, *, stepping: bool) -> int:
        """How many artifacts may be taken up now; a step does not wait for its turn."""
        if stepping:
            return self._plan.size
        if self.next_at is not None and now < self.next_at:
            return 0
        return self._plan.size - self._taken

    def take(self, count: int, now: datetime) -> bool:
        """So many were taken up; whether the cycle is full with them and the next one has its time."""
        if not count:
            return False
        self._began = self._began or now
        self._taken += count
        if self._taken < self._plan.size:
            return False
        self.next_at = self._began + self._plan.every if self._plan.every else None
        self._taken, self._began = 0, None
        return True

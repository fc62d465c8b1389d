"""`artifact_commit_failed`: commits of ours that failed, put on record for the soak.

Spec (folders, phase 1): "monitor `artifact_commit_failed` events; no rate change".
"""

from __future__ import annotations

from scidex_console.domain.errors import ConsoleError, Fenced, Unreachable, briefly
from scidex_console.domain.jobs import JobName
from scidex_console.engine.ports import Clock, FailureLog

_ONCE_EVERY_S = 60.0
"""One trouble that is met again and again, such as a lock that stays, is one event a minute."""


class FailedCommits:
    """Records halts, lock contention and git's errors as they end a commit; never in the way of anything."""

    def __init__(self, log: FailureLog, clock: Clock) -> None:
        self._log = log
        self._clock = clock
        self._last: dict[tuple[JobName, str], float] = {}

    async def tell(self, job: JobName, run_id: int | None, error: ConsoleError) -> None:
        """Put a failed commit on record. A database that cannot be told is no reason to fail otherwise."""
        if isinstance(error, Fenced | Unreachable):
            return  # nothing can be written any more, or now
        kind, now = type(error).__name__, self._clock.monotonic()
        if now - self._last.get((job, kind), -_ONCE_EVERY_S) < _ONCE_EVERY_S:
            return
        try:
            await self._log.record_failure(job, run_id, kind, briefly(error))
        except ConsoleError:
            return  # it is told again if it lasts
        self._last[job, kind] = now

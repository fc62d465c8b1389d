"""`artifact_commit_failed` of writers: each failed commit is on record with its reason, if need be later."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import suppress
from datetime import datetime
from typing import Any, Protocol

from scidex_console.domain.errors import ConsoleError
from scidex_console.engine.ports import Clock
from scidex_console.engine.threads import in_thread


class DatedFailures(Protocol):
    """Where failed commits are on record."""

    async def record(self, kind: str, reason: str, at: datetime) -> None:
        """A writer's commit failed at that time."""
        ...


class FailureShelf(Protocol):
    """Where records lie that the database could not be told. Synchronous; never raises."""

    def put(self, record: Mapping[str, Any]) -> None:
        """Lay a record aside."""
        ...

    def take(self) -> Sequence[Mapping[str, Any]]:
        """Everything that was laid aside, which is not here any more."""
        ...


class WriterFailures:
    """Puts failures on record, or lays them aside while the database is out of reach."""

    def __init__(self, log: DatedFailures, shelf: FailureShelf, clock: Clock) -> None:
        self._log = log
        self._shelf = shelf
        self._clock = clock

    async def tell(self, kind: str, reason: str) -> None:
        """A commit has failed just now. Never raises."""
        await self._record(kind, reason, self._clock.now())

    async def catch_up(self) -> None:
        """Tell what was laid aside. Never raises."""
        for said in await in_thread(self._shelf.take):
            with suppress(KeyError, ValueError):
                await self._record(
                    str(said["kind"]), str(said["reason"]), datetime.fromisoformat(str(said["at"]))
                )

    async def _record(self, kind: str, reason: str, at: datetime) -> None:
        try:
            await self._log.record(kind, reason, at)
        except ConsoleError:
            await in_thread(self._shelf.put, {"kind": kind, "reason": reason, "at": at.isoformat()})

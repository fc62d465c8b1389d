"""What consoles and commands read, and where they put intents."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any, Protocol

from scidex_console.domain.intents import Intent
from scidex_console.domain.jobs import JobName
from scidex_console.domain.paging import Around, Span, Window
from scidex_console.domain.soak.ladder import Ladder
from scidex_console.engine.batch_views import BatchView, OperationView, RollbackPreview
from scidex_console.engine.handover import Handover
from scidex_console.engine.listing_views import ArtifactDetail, BatchDetail, BatchFilter, HostPace, LogFilter
from scidex_console.engine.people import ActivityFilter, AuditView
from scidex_console.engine.reading.views import ReadersView, ServiceView
from scidex_console.engine.views import (
    AttemptDetail,
    AttemptView,
    EngineView,
    HostView,
    MigrationLogView,
    Overview,
    PlanView,
    RetryPreview,
    RunView,
    StoreIdentity,
)


@dataclass(frozen=True)
class AttemptFilter:
    """What `attempts` and the retry preview are filtered by; empty fields do not filter."""

    group: str = ""
    outcome: str = ""
    since: datetime | None = None
    artifact_ids: tuple[str, ...] = ()
    text: str = ""
    host: str = ""
    """Name of one host, where a group is too much."""


class AttemptOrder(StrEnum):
    """In which order attempts are listed."""

    NEWEST = "newest"
    OLDEST = "oldest"
    SLOWEST = "slowest"


class ReadModel(Protocol):
    """Everything a reader asks, as frozen views. Never writes."""

    async def identity(self) -> StoreIdentity: ...

    async def overview(
        self, *, dead: int = 50, errors: int = 50, sparkline_minutes: int = 30
    ) -> Overview: ...

    async def soak(self) -> Ladder:
        """The phases of the folder migration, and the soak of the one under way."""
        ...

    async def readers(self, *, minutes: int) -> ReadersView:
        """Shares of the readers of artifacts, and their reads of so many minutes."""
        ...

    async def service(self, *, minutes: int) -> ServiceView:
        """Answers of the read service in so many minutes, by kind of address."""
        ...

    async def engine(self) -> EngineView | None: ...

    async def run(self, job: JobName) -> RunView | None: ...

    async def hosts(self) -> Sequence[HostView]: ...

    async def attempts(
        self, criteria: AttemptFilter, *, limit: int, before_id: int | None = None
    ) -> Sequence[AttemptView]:
        """Newest first, by key, not by offset."""
        ...

    async def attempt_window(
        self, criteria: AttemptFilter, order: AttemptOrder, around: Around, span: Span
    ) -> Window[AttemptView]:
        """Part of the attempts, in an order."""
        ...

    async def attempt(self, attempt_id: int) -> AttemptDetail | None:
        """One attempt whole; None when there is none of that id."""
        ...

    async def migration_log(
        self, criteria: LogFilter, *, limit: int, before_id: int | None = None
    ) -> Sequence[MigrationLogView]: ...

    async def batches(
        self, job: JobName | None, *, limit: int, before_id: int | None = None
    ) -> Sequence[BatchView]: ...

    async def batch(self, batch_id: int) -> BatchView | None: ...

    async def batch_window(self, criteria: BatchFilter, around: Around, span: Span) -> Window[BatchView]:
        """Part of the batches, newest first."""
        ...

    async def batch_detail(self, batch_id: int) -> BatchDetail | None:
        """One batch whole; None when there is none of that id."""
        ...

    async def migration_log_window(
        self, criteria: LogFilter, around: Around, span: Span
    ) -> Window[MigrationLogView]:
        """Part of the migration log, newest first."""
        ...

    async def artifact(self, artifact_id: str) -> ArtifactDetail:
        """All about one artifact, also where its row is gone."""
        ...

    async def host_pace(self, *, minutes: int) -> HostPace:
        """Requests of every host group by the minute, of so many minutes."""
        ...

    async def operations(self, batch_id: int) -> Sequence[OperationView]: ...

    async def plan(self, job: JobName, *, limit: int) -> PlanView: ...

    async def retry_preview(self, job: JobName, criteria: AttemptFilter) -> RetryPreview:
        """Rows a retry would make due, each by its last attempt; the token names exactly these rows."""
        ...

    async def rollback_preview(self, batch_id: int, *, redo: bool) -> RollbackPreview: ...

    async def report(self, job: JobName, run_id: int | None) -> Mapping[str, Any]:
        """Counts of a run (or of all), whole and per host: attempted, fetched, hard_404, transient, …"""
        ...

    async def intent(self, intent_id: int) -> Intent | None: ...

    async def activity_window(
        self, criteria: ActivityFilter, around: Around, span: Span
    ) -> Window[AuditView]:
        """Part of the audit and of the intents that are open, newest first."""
        ...

    async def handover(self, since: datetime, until: datetime) -> Handover:
        """What happened in a period, and what is open now."""
        ...


class IntentDesk(Protocol):
    """Where operators put intents. Needs the operator role; the database refuses others."""

    async def submit(
        self, action: str, job: JobName | None, params: Mapping[str, Any], *, reason: str
    ) -> Intent:
        """Insert the intent, or join the open one that asks for the same."""
        ...

    async def cancel(self, intent_id: int) -> None: ...


class Feed(Protocol):
    """News of what changed, for a console."""

    def topics(self) -> AsyncIterator[frozenset[str]]:
        """Names of what changed, coalesced; an empty set on a slow poll."""
        ...


class Attendance(Protocol):
    """Where a console says that somebody watches."""

    async def attend(self, screen: str, *, idle_s: float) -> datetime | None:
        """Say that the console lives, which screen it shows and for how many seconds no key was pressed.

        Until when the same person was here before this console; None when that is not known.
        """
        ...

    async def leave(self) -> None:
        """Say that the console is closed."""
        ...

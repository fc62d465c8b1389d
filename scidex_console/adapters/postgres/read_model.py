"""Everything a reader asks, as frozen views. Nothing here can write: the statements only select."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from datetime import datetime
from typing import Any

from scidex_console.adapters.postgres import previews
from scidex_console.adapters.postgres.attempts import (
    attempt_detail,
    attempt_view,
    filter_params,
    migration_log_view,
)
from scidex_console.adapters.postgres.batches import batch_params, batch_view, load_batch, operation_view
from scidex_console.adapters.postgres.database import Database
from scidex_console.adapters.postgres.details import (
    log_params,
    read_artifact,
    read_batch,
    read_host_pace,
)
from scidex_console.adapters.postgres.folder_gap import FolderCounts
from scidex_console.adapters.postgres.folder_report import read_folders_report
from scidex_console.adapters.postgres.forecasts import Forecasts
from scidex_console.adapters.postgres.handover import read_handover
from scidex_console.adapters.postgres.identity import read_identity
from scidex_console.adapters.postgres.intents import intent_view
from scidex_console.adapters.postgres.overview import engine_view, host_views, read_gap, read_overview
from scidex_console.adapters.postgres.people import ACTS
from scidex_console.adapters.postgres.reading_views import read_readers, read_service
from scidex_console.adapters.postgres.report import read_report
from scidex_console.adapters.postgres.runs import run_view
from scidex_console.adapters.postgres.snapshot import ask, fetch, snapshot
from scidex_console.adapters.postgres.soak import read_soak
from scidex_console.adapters.postgres.windows import Listing, read_window
from scidex_console.domain.folders.cycles import CyclePlan
from scidex_console.domain.folders.hashes import HashSource
from scidex_console.domain.hosts import HostGroups
from scidex_console.domain.intents import Intent
from scidex_console.domain.jobs import JobName
from scidex_console.domain.pacing.work import Rules
from scidex_console.domain.paging import Around, Span, Window
from scidex_console.domain.soak.ladder import Ladder, read_ladder
from scidex_console.engine.batch_views import BatchView, OperationView, RollbackPreview
from scidex_console.engine.handover import Handover
from scidex_console.engine.listing_views import ArtifactDetail, BatchDetail, BatchFilter, HostPace, LogFilter
from scidex_console.engine.people import ActivityFilter, AuditView
from scidex_console.engine.ports import AttemptFilter, AttemptOrder
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

_LOG = Listing("list_migration_log", ("id",), migration_log_view)
_BATCHES = Listing("list_batches", ("id",), batch_view)
_OTHER_ATTEMPTS = 20
_ATTEMPT_LISTINGS = {
    AttemptOrder.NEWEST: Listing("list_attempts", ("id",), attempt_view),
    AttemptOrder.OLDEST: Listing("list_attempts", ("id",), attempt_view, turned=True),
    AttemptOrder.SLOWEST: Listing("list_slow_attempts", ("took_ms", "id"), attempt_view),
}


class PostgresReadModel:
    """Implements the engine's `ReadModel`.

    An engine whose last heartbeat is older than `stalled_after_s` seconds is shown as stalled. By `cycles` it
    tells when the folder job ends, by `rules` and `groups` when that of figures does; by `hash_sources` which
    hashes are verified. `look` finds what was changed in folders; without it nobody looks there.
    """

    def __init__(
        self,
        database: Database,
        *,
        stalled_after_s: float = 15.0,
        cycles: CyclePlan | None = None,
        hash_sources: Sequence[HashSource] = tuple(HashSource),
        look: previews.ChangedFiles | None = None,
        rules: Rules | None = None,
        groups: HostGroups | None = None,
    ) -> None:
        self._database = database
        self._look = look
        self._stalled_after_s = stalled_after_s
        self._folders = FolderCounts(database, cycles=cycles, hash_sources=hash_sources)
        self._forecasts = Forecasts(database, rules, groups)

    async def identity(self) -> StoreIdentity:
        """Which database this is, and what the session may do in it."""
        return await read_identity(self._database)

    async def overview(self, *, dead: int = 50, errors: int = 50, sparkline_minutes: int = 30) -> Overview:
        """All panes and the status line, as of one moment."""
        return await read_overview(
            self._database,
            self._folders,
            self._forecasts,
            dead=dead,
            errors=errors,
            minutes=sparkline_minutes,
            stalled_after_s=self._stalled_after_s,
        )

    async def soak(self) -> Ladder:
        """The phases of the folder migration, and the soak of the one under way."""
        return read_ladder(await read_soak(self._database))

    async def readers(self, *, minutes: int) -> ReadersView:
        """Shares of the readers of artifacts, and their reads."""
        return await read_readers(self._database, minutes)

    async def service(self, *, minutes: int) -> ServiceView:
        """Answers of the read service."""
        return await read_service(self._database, minutes)

    async def engine(self) -> EngineView | None:
        """The engine; None when none has ever run on this store."""
        return engine_view((await fetch(self._database, "read_engine_state"))[0], self._stalled_after_s)

    async def run(self, job: JobName) -> RunView | None:
        """The job's open run, or else its last one."""
        rows = await fetch(self._database, "read_last_run", {"job": job})
        return run_view(rows[0]) if rows else None

    async def hosts(self) -> Sequence[HostView]:
        """Every host group asked so far."""
        async with snapshot(self._database) as connection:
            found = await ask(connection, {"list_hosts": None, "list_counts": None})
        return host_views(found["list_hosts"], found["list_counts"])

    async def attempts(
        self, criteria: AttemptFilter, *, limit: int, before_id: int | None = None
    ) -> Sequence[AttemptView]:
        """Newest first, those before `before_id`. `outcome` may name several classes, with commas."""
        newest = None if before_id is None else before_id - 1
        params = {**filter_params(criteria), "limit": limit, "id": newest}
        return [attempt_view(row) for row in await fetch(self._database, "list_attempts", params)]

    async def attempt_window(
        self, criteria: AttemptFilter, order: AttemptOrder, around: Around, span: Span
    ) -> Window[AttemptView]:
        """Part of the attempts, in an order."""
        listing = _ATTEMPT_LISTINGS[order]
        return await read_window(self._database, listing, filter_params(criteria), around, span)

    async def attempt(self, attempt_id: int) -> AttemptDetail | None:
        """One attempt whole, with the figure's last others."""
        async with snapshot(self._database) as connection:
            found = await ask(connection, {"read_attempt": {"id": attempt_id}})
            if not found["read_attempt"]:
                return None
            (row,) = found["read_attempt"]
            same = AttemptFilter(artifact_ids=(row["artifact_id"],))
            params = {**filter_params(same), "limit": _OTHER_ATTEMPTS + 1, "id": None}
            others = await ask(connection, {"list_attempts": params})
        return attempt_detail(row, others["list_attempts"])

    async def migration_log(
        self, criteria: LogFilter, *, limit: int, before_id: int | None = None
    ) -> Sequence[MigrationLogView]:
        """Newest first, those before `before_id`."""
        params = log_params(criteria)
        params |= {"limit": limit, "id": None if before_id is None else before_id - 1}
        rows = await fetch(self._database, "list_migration_log", params)
        return [migration_log_view(row) for row in rows]

    async def migration_log_window(
        self, criteria: LogFilter, around: Around, span: Span
    ) -> Window[MigrationLogView]:
        """Part of the migration log, newest first."""
        return await read_window(self._database, _LOG, log_params(criteria), around, span)

    async def artifact(self, artifact_id: str) -> ArtifactDetail:
        """All about one artifact."""
        return await read_artifact(self._database, artifact_id)

    async def host_pace(self, *, minutes: int) -> HostPace:
        """Requests of every host group by the minute."""
        return await read_host_pace(self._database, minutes)

    async def batches(
        self, job: JobName | None, *, limit: int, before_id: int | None = None
    ) -> Sequence[BatchView]:
        """Newest first, those before `before_id`."""
        params = batch_params(BatchFilter(job=job))
        params |= {"limit": limit, "id": None if before_id is None else before_id - 1}
        return [batch_view(row) for row in await fetch(self._database, "list_batches", params)]

    async def batch_window(self, criteria: BatchFilter, around: Around, span: Span) -> Window[BatchView]:
        """Part of the batches, newest first."""
        return await read_window(self._database, _BATCHES, batch_params(criteria), around, span)

    async def batch(self, batch_id: int) -> BatchView | None:
        """One batch."""
        params = {**batch_params(BatchFilter(), batch_id), "id": None, "limit": 1}
        rows = await fetch(self._database, "list_batches", params)
        return batch_view(rows[0]) if rows else None

    async def batch_detail(self, batch_id: int) -> BatchDetail | None:
        """One batch whole."""
        return await read_batch(self._database, batch_id)

    async def operations(self, batch_id: int) -> Sequence[OperationView]:
        """The operations of a batch, in the order they were journalled."""
        async with snapshot(self._database) as connection:
            batch = await load_batch(connection, batch_id)
        return [operation_view(operation) for operation in batch.operations] if batch else []

    async def plan(self, job: JobName, *, limit: int) -> PlanView:
        """What the job would take up next."""
        return await previews.read_plan(self._database, self._folders, self._forecasts, job, limit=limit)

    async def retry_preview(self, job: JobName, criteria: AttemptFilter) -> RetryPreview:
        """Rows a retry would make due, each by its last attempt. `outcome` may also be `held_back`."""
        return await previews.read_retry(self._database, job, criteria)

    async def rollback_preview(self, batch_id: int, *, redo: bool) -> RollbackPreview:
        """Both stores at once. Raises `Refused` when the batch is not in a state for this."""
        return await previews.read_rollback(self._database, batch_id, redo=redo, look=self._look)

    async def report(self, job: JobName, run_id: int | None) -> Mapping[str, Any]:
        """Counts of a run, or of all runs. Raises `Refused` for a run the job does not have."""
        if job is JobName.FOLDERS:
            return await read_folders_report(self._database, self._folders, run_id)
        report = await read_report(self._database, job, run_id)
        gap = await read_gap(self._database, self._folders, self._forecasts, job, minutes=1)
        ends = gap.run is not None and run_id in (None, gap.run.id)
        return {**report, "ends_in_s": gap.eta_s if ends else None}

    async def intent(self, intent_id: int) -> Intent | None:
        """One intent and what became of it."""
        rows = await fetch(self._database, "read_intent", {"id": intent_id})
        return intent_view(rows[0]) if rows else None

    async def activity_window(
        self, criteria: ActivityFilter, around: Around, span: Span
    ) -> Window[AuditView]:
        """Part of the audit and of the open intents, newest first."""
        return await read_window(self._database, ACTS, asdict(criteria), around, span)

    async def handover(self, since: datetime, until: datetime) -> Handover:
        """What happened in a period, and what is open now."""
        now = await self.overview(dead=0, errors=0)
        return await read_handover(self._database, now, since, until)

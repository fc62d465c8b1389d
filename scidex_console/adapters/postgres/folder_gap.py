"""The gap of folders and what the migration is accepted by, from the database alone.

Counting is exact, so its time grows with the store: what was counted is kept for a while.
"""

from __future__ import annotations

import time
from collections.abc import Hashable, Sequence
from dataclasses import replace
from typing import Any

from scidex_console.adapters.postgres.database import Database, query
from scidex_console.adapters.postgres.gaps import RECENT_MINUTES, Pace, read_pace
from scidex_console.adapters.postgres.snapshot import Row, Rows
from scidex_console.domain.folders.acceptance import Acceptance, Measured, assess, projected_s
from scidex_console.domain.folders.cycles import CyclePlan
from scidex_console.domain.folders.hashes import HashSource
from scidex_console.domain.jobs import JobName
from scidex_console.domain.runs import WORKING
from scidex_console.engine.views import GapView, RunView

_REST = 50
"""Never more than a fiftieth of the time is spent counting."""


class FolderCounts:
    """Counts of the folder job. `cycles` is its pace as configured, by which its end is told.

    `hash_sources` are where a row promises its file's hash, as configured: what was verified is told by them.
    """

    def __init__(
        self,
        database: Database,
        *,
        cycles: CyclePlan | None = None,
        hash_sources: Sequence[HashSource] = tuple(HashSource),
        keep_s: float = 1.0,
        keep_whole_s: float = 5.0,
    ) -> None:
        self._database = database
        self._cycles = cycles or CyclePlan()
        self._sources = [source.value for source in hash_sources]
        self._counts = _Kept(database, "count_folders", keep_s)
        self._again = _Kept(database, "count_folders_to_lay_again", keep_s)
        self._acceptance = _Kept(database, "read_folder_acceptance", keep_whole_s)
        self._pace = _Kept(database, "count_migrated_by_minute", keep_s)

    async def gap(self, run: RunView | None, minutes: int) -> GapView:
        """Artifacts that have their folder, and what became of those that lack it."""
        # Of a run that has just come to its end nobody should be told how much it had left a moment before.
        state = (run.id, run.state) if run else None
        (counts,) = await self._counts.rows(state)
        (again,) = await self._again.rows(state)
        pace = await self._read_pace(counts, minutes)
        missing, done = counts["missing"], counts["done"]
        due = max(missing - counts["waiting"] - counts["scheduled"], 0)
        working = run is not None and run.state in WORKING
        gap = GapView(
            job=JobName.FOLDERS,
            run=run,
            total=missing + done,
            with_file=done,
            missing=missing,
            due=due,
            scheduled=counts["scheduled"],
            done=done,
            dead=0,
            transient=0,
            blocked=0,
            suspect=0,
            refused=0,
            mismatch=counts["mismatch"],
            in_batch=0,
            held_back=counts["held_back"],
            no_url=0,
            per_minute=pace.per_minute,
            rate_per_min=pace.rate_per_min,
            eta_s=None,
            held_back_for=(("a redo or a retry: taken back with its batch", counts["held_back"]),)
            if counts["held_back"]
            else (),
            quarantined=counts["quarantined"],
            error=counts["error"],
            to_lay_again=again["n"],
        )
        return replace(gap, eta_s=self._eta(gap, counts)) if working else gap

    async def acceptance(self, gap: GapView) -> Acceptance:
        """What the specification accepts the migration by."""
        (row,) = await self._acceptance.rows(sources=self._sources)
        measured = Measured(
            total=gap.total,
            migrated=gap.done,
            succeeded=row["succeeded"],
            failed=row["failed"],
            verified=row["verified"],
            unpromised=row["unpromised"],
            flagged=row["flagged"],
            files_before=row["files_at_start"],
            files_now=row["files"],
            bytes_before=row["bytes_at_start"],
            bytes_now=row["bytes"],
            bytes_maintained=row["bytes_repacked"],
            orphans=row["orphans"],
            links=row["links"],
            dangling_links=row["dangling"],
            lost_links=row["lost"],
            surveyed_at=row["surveyed_at"],
            files_decided=row["files_decided"],
            to_lay_again=gap.to_lay_again,
        )
        return assess(measured, ends_in_s=gap.eta_s)

    async def _read_pace(self, counts: Row, minutes: int) -> Pace:
        rows = await self._pace.rows(minutes=minutes, recent=RECENT_MINUTES)
        return read_pace(rows, minutes, counts["taken_at"])

    def _eta(self, gap: GapView, counts: Row) -> float | None:
        next_at = counts["next_cycle_at"]
        return projected_s(
            gap.due + gap.scheduled,
            cycle=self._cycles.size,
            every=self._cycles.every,
            first_in_s=(next_at - counts["taken_at"]).total_seconds() if next_at else 0.0,
            rate_per_min=gap.rate_per_min,
        )


class _Kept:
    """The rows of one statement, asked again when they are too old."""

    def __init__(self, database: Database, statement: str, keep_s: float) -> None:
        self._database = database
        self._statement = statement
        self._keep_s = keep_s
        self._until = 0.0
        self._asked: tuple[Hashable, dict[str, Any]] | None = None
        self._rows: Rows = []

    async def rows(self, since: Hashable = None, **params: Any) -> Rows:
        """What was found, lately: since things came to be as `since` says."""
        asked = since, params
        if time.monotonic() < self._until and asked == self._asked:
            return self._rows
        began = time.monotonic()
        async with self._database.transaction() as connection:
            await connection.execute("SET LOCAL statement_timeout = '60s'")
            cursor = await connection.execute(query(self._statement), params)
            self._rows = await cursor.fetchall()
        self._asked = asked
        self._until = time.monotonic() + max(self._keep_s, _REST * (time.monotonic() - began))
        return self._rows

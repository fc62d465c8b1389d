"""The gap of each job in figures: from counters and partial indexes, never by counting SciDEX's rows."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from scidex_console.adapters.postgres.database import Database, query
from scidex_console.adapters.postgres.snapshot import Row, Rows
from scidex_console.domain.figures import FigureState
from scidex_console.domain.jobs import JobName
from scidex_console.engine.views import GapView, RunView

RECENT_MINUTES = 5
"""How far back the rate looks."""
MOST_SCHEDULED = 100_000
"""Rows waiting for their back-off are counted up to this many."""
_LEAST_SPAN_S = 10.0
_REQUESTS_PER_ROW = 2.0
"""HEAD, then GET: what a row costs a group's budget as long as nothing was measured."""

_WITH_FILE_OR_DEAD = (FigureState.STORED, FigureState.DEAD)


@dataclass(frozen=True)
class Pace:
    """How fast rows were settled lately, by group."""

    per_minute: tuple[int, ...]
    """Oldest first."""
    recent: Mapping[str, int]
    """Rows of each group within the last `RECENT_MINUTES`."""
    span_s: float
    """Seconds those rows took."""


def read_pace(rows: Rows, minutes: int, run: RunView | None, now: datetime) -> Pace:
    """From `count_settled_by_minute`."""
    by_minute: Counter[int] = Counter()
    recent: Counter[str] = Counter()
    for row in rows:
        by_minute[row["minutes_ago"]] += row["n"]
        if row["minutes_ago"] < RECENT_MINUTES:
            recent[row["host_group"]] += row["n"]
    span = RECENT_MINUTES * 60.0
    if run is not None and run.started_at is not None:
        span = min(span, max((now - run.started_at).total_seconds(), _LEAST_SPAN_S))
    return Pace(tuple(by_minute[ago] for ago in reversed(range(minutes))), recent, span)


def figure_states(counts: Rows) -> Counter[str]:
    """Rows of the work table by state, from `list_counts`."""
    states: Counter[str] = Counter()
    for row in counts:
        if row["subject"] == "figure":
            states[row["state"]] += row["n"]
    return states


def due_by_group(counts: Rows) -> dict[str, int]:
    """Rows to be asked, now or later, by host group."""
    return {
        row["host_group"]: row["n"]
        for row in counts
        if row["subject"] == "figure" and row["state"] == FigureState.DUE and row["n"] > 0
    }


def figures_gap(
    counts: Rows,
    scheduled: Row,
    pace: Pace,
    hosts: Rows,
    *,
    total: int,
    run: RunView | None,
    now: datetime,
) -> GapView:
    """The gap of figures. What the survey did not list had its file already."""
    states = figure_states(counts)
    missing = sum(n for state, n in states.items() if state not in _WITH_FILE_OR_DEAD)
    later = min(scheduled["scheduled"], states[FigureState.DUE])
    settled = sum(pace.recent.values())
    return GapView(
        job=JobName.FIGURES,
        run=run,
        total=total,
        with_file=max(total - missing - states[FigureState.DEAD], 0),
        missing=missing,
        due=states[FigureState.DUE] - later,
        scheduled=later,
        done=states[FigureState.STORED],
        dead=states[FigureState.DEAD],
        transient=states[FigureState.TRANSIENT] + scheduled["transient"],
        blocked=states[FigureState.BLOCKED] + scheduled["blocked"],
        suspect=states[FigureState.SUSPECT],
        refused=states[FigureState.REFUSED],
        # A figure that lost its file has no recorded hash that a new one could fail to match.
        mismatch=0,
        in_batch=states[FigureState.STAGED] + states[FigureState.CONDEMNED],
        held_back=states[FigureState.HELD_BACK],
        no_url=states[FigureState.NO_URL],
        per_minute=pace.per_minute,
        rate_per_min=settled / pace.span_s * 60 if settled else None,
        eta_s=_eta(due_by_group(counts), pace, hosts, now),
    )


def _eta(due: Mapping[str, int], pace: Pace, hosts: Rows, now: datetime) -> float | None:
    """Seconds until the slowest group has no row due; None while nothing was settled lately.

    Groups are worked on side by side, so the rate over all of them would promise too much: once the quick
    ones are done, the slow one goes on alone.
    """
    if not due:
        return 0.0
    if not pace.recent:
        return None
    by_group = {row["host_group"]: row for row in hosts}
    return max(_group_eta(n, pace, group, by_group.get(group), now) for group, n in due.items())


def _group_eta(due: int, pace: Pace, group: str, host: Row | None, now: datetime) -> float:
    if recent := pace.recent.get(group, 0):
        return due / (recent / pace.span_s)
    if host is None or host["rate"] <= 0:
        return 0.0
    hold = (host["hold_until"] - now).total_seconds() if host["hold_until"] else 0.0
    return max(hold, 0.0) + due * _REQUESTS_PER_ROW / float(host["rate"])


class FolderCounts:
    """The folder job's gap. Exact, so its time grows with the store: kept for a while between two counts."""

    def __init__(self, database: Database, *, keep_s: float = 30.0) -> None:
        self._database = database
        self._keep_s = keep_s
        self._until = 0.0
        self._row: Row = {}

    async def gap(self, run: RunView | None, minutes: int) -> GapView:
        """Rows that have their folder and rows that lack it."""
        if time.monotonic() >= self._until:
            began = time.monotonic()
            self._row = await self._count()
            # Never more than a fiftieth of the time is spent counting.
            took = time.monotonic() - began
            self._until = time.monotonic() + max(self._keep_s, 50 * took)
        missing, done = self._row["missing"], self._row["done"]
        return GapView(
            job=JobName.FOLDERS,
            run=run,
            total=missing + done,
            with_file=done,
            missing=missing,
            due=missing,
            scheduled=0,
            done=done,
            dead=0,
            transient=0,
            blocked=0,
            suspect=0,
            refused=0,
            mismatch=self._row["mismatch"],
            in_batch=0,
            held_back=0,
            no_url=0,
            per_minute=(0,) * minutes,
            rate_per_min=None,
            eta_s=None,
        )

    async def _count(self) -> Row:
        async with self._database.transaction() as connection:
            await connection.execute("SET LOCAL statement_timeout = '60s'")
            row = await (await connection.execute(query("count_folders"))).fetchone()
        assert row is not None
        return row

"""The gap of figures: from counters and partial indexes, never by counting SciDEX's rows."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from scidex_console.adapters.postgres.snapshot import Rows
from scidex_console.domain.batches import OperationState
from scidex_console.domain.figures import FigureState, why_held_back
from scidex_console.domain.jobs import JobName
from scidex_console.engine.views import GapView, RunView

RECENT_MINUTES = 5
"""How far back the rate looks."""
MOST_HELD_BACK = 10_000
"""Rows that are held back are told apart by their causes up to this many."""
MOST_SCHEDULED = 100_000
"""Rows waiting for their back-off, and those that came due again, are counted up to this many."""
_LEAST_SPAN_S = 10.0

_WITH_FILE_OR_DEAD = (FigureState.STORED, FigureState.DEAD)


@dataclass(frozen=True)
class Pace:
    """How fast rows were settled lately, by group."""

    per_minute: tuple[int, ...]
    """Oldest first."""
    recent: Mapping[str, int]
    """Rows of each group settled since the run started or went on, within the last `RECENT_MINUTES`."""
    span_s: float
    """Seconds in which those rows were settled."""

    @property
    def rate_per_min(self) -> float | None:
        """Rows settled a minute; None when there was none."""
        settled = sum(self.recent.values())
        return settled / max(self.span_s, _LEAST_SPAN_S) * 60 if settled else None


def read_pace(rows: Rows, minutes: int, now: datetime) -> Pace:
    """From `count_settled_by_minute`."""
    by_minute: Counter[int] = Counter()
    recent: Counter[str] = Counter()
    span = RECENT_MINUTES * 60.0
    for row in rows:
        by_minute[row["minutes_ago"]] += row["n"]
        recent[row["host_group"]] += row["lately"]
        if row["began_at"] is not None:
            span = min(span, max((now - row["began_at"]).total_seconds(), 0.0))
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
    scheduled: Rows,
    pace: Pace,
    *,
    total: int,
    run: RunView | None,
    eta_s: float | None,
    held_back: Rows,
    due_again: Rows,
) -> GapView:
    """The gap of figures. What the survey did not list had its file already."""
    states = figure_states(counts)
    missing = sum(n for state, n in states.items() if state not in _WITH_FILE_OR_DEAD)
    later = min(sum(row["scheduled"] for row in scheduled), states[FigureState.DUE])
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
        transient=states[FigureState.TRANSIENT] + sum(row["transient"] for row in scheduled),
        blocked=states[FigureState.BLOCKED] + sum(row["blocked"] for row in scheduled),
        suspect=states[FigureState.SUSPECT],
        refused=states[FigureState.REFUSED],
        # A figure that lost its file has no recorded hash that a new one could fail to match.
        mismatch=0,
        in_batch=states[FigureState.STAGED] + states[FigureState.CONDEMNED],
        suspected=states[FigureState.SUSPECTED],
        held_back=states[FigureState.HELD_BACK],
        no_url=states[FigureState.NO_URL],
        per_minute=pace.per_minute,
        rate_per_min=pace.rate_per_min,
        held_back_for=tuple((why_held_back(ended(row["cause"])), row["n"]) for row in held_back),
        due_again=tuple((row["last_outcome"], row["n"]) for row in due_again),
        eta_s=eta_s,
    )


def ended(cause: str) -> OperationState | None:
    """The state in which a figure's last operation ended, as the statements give it."""
    return OperationState(cause) if cause else None

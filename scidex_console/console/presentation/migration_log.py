"""Rows of the migration log: the cause stands in the row."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime

from scidex_console.console.presentation.cells import Cell, clean
from scidex_console.console.presentation.columns import Column
from scidex_console.console.presentation.words import moment
from scidex_console.engine.views import MigrationLogView

COLUMNS = (
    Column("time", "UTC", 16),
    Column("status", "status", 13, rank=1),
    Column("artifact", "artifact", 20, weight=1, widest=40, crop="middle"),
    Column("errors", "error", 20, weight=5),
    Column("took", "ms", 6, rank=2, align="right"),
)


LIST_COLUMNS = (
    Column("when", "UTC", 20),
    Column("status", "status", 13),
    Column("artifact", "artifact", 16, weight=1, widest=40, crop="middle"),
    Column("errors", "error, note", 20, weight=5),
    Column("took", "ms", 6, rank=2, align="right"),
)
NARROW_COLUMNS = (
    Column("when", "UTC", 14),
    Column("status", "status", 13),
    Column("artifact", "artifact", 11, crop="middle"),
    Column("errors", "error, note", 18, weight=1),
)
"""Where those would leave hardly any room for the error."""
OF_ONE_COLUMNS = (replace(LIST_COLUMNS[0], width=14), *(c for c in LIST_COLUMNS[1:] if c.key != "artifact"))
"""For the page of one artifact."""
_TONES = {"success": "ok", "skipped": "warn", "kept": "warn"}


def listed_cells(row: MigrationLogView, now: datetime | None) -> Mapping[str, Cell]:
    """One row of the list of all."""
    return {
        **log_cells(row, now),
        "when": Cell(moment(row.at, now), "dim"),
        "status": Cell(clean(row.status, 60), _TONES.get(row.status, "bad")),
    }


def log_words(row: MigrationLogView) -> str:
    """One row whole."""
    return f"{clean(row.artifact_id)}: {row.status}, {clean(_told(row), 2000)}"


def _told(row: MigrationLogView) -> str:
    """Why it failed; beside a success it is a note."""
    told = row.words or row.errors
    return f"note: {told}" if told and row.status == "success" else told


def log_cells(row: MigrationLogView, now: datetime | None) -> Mapping[str, Cell]:
    """One row of the log."""
    return {
        "time": Cell(moment(row.at, now), "dim"),
        "status": Cell(clean(row.status, 60), "bad"),
        "artifact": Cell(clean(row.artifact_id, 200)),
        "errors": Cell(clean(_told(row))),
        "took": Cell("" if row.took_ms is None else str(row.took_ms), "dim"),
    }

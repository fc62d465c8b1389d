"""Attempts as rows: the recent dead addresses, and the list of a retry."""

from __future__ import annotations

from collections.abc import Mapping

from scidex_console.console.presentation.cells import Cell, clean
from scidex_console.console.presentation.columns import Column
from scidex_console.console.presentation.words import NOTHING, clock
from scidex_console.engine.views import AttemptView, WaitingFolderView
from scidex_console.engine.vocabulary import retry_class

DEAD_COLUMNS = (
    Column("time", "UTC", 14),
    Column("status", "code", 4, align="right"),
    Column("host", "host", 16, rank=2, weight=1, widest=32, crop="middle"),
    Column("artifact", "artifact", 25, rank=1, weight=1, widest=46, crop="middle"),
    Column("url", "address", 28, weight=4, crop="middle"),
)
RETRY_COLUMNS = (
    Column("outcome", "class", 9),
    Column("artifact", "artifact", 25, weight=2, widest=46, crop="middle"),
    Column("group", "group", 12, rank=2, weight=1, widest=30, crop="middle"),
    Column("reason", "last answer", 20, weight=4, widest=120),
    Column("time", "UTC", 8, rank=1),
)


def attempt_cells(attempt: AttemptView) -> Mapping[str, Cell]:
    """One attempt, for whichever of its columns are shown."""
    status = "" if attempt.status is None else str(attempt.status)
    reason = clean(attempt.reason) or status
    return {
        "time": Cell(clock(attempt.at), "dim"),
        "status": Cell(status or NOTHING, "strong"),
        "host": Cell(clean(attempt.host, 200)),
        "group": Cell(clean(attempt.group, 200)),
        "artifact": Cell(clean(attempt.artifact_id, 200)),
        "url": Cell(clean(attempt.url).removeprefix("https://")),
        "outcome": Cell(retry_class(attempt), "warn"),
        "reason": Cell(reason),
    }


def retry_cells(item: AttemptView | WaitingFolderView) -> Mapping[str, Cell]:
    """One row of the list of a retry."""
    if isinstance(item, AttemptView):
        return attempt_cells(item)
    return {
        "time": Cell(clock(item.at), "dim"),
        "group": Cell(clean(item.group, 200)),
        "artifact": Cell(clean(item.artifact_id, 200)),
        "outcome": Cell(retry_class(item), "warn"),
        "reason": Cell(clean(item.reason)),
    }


def attempt_words(attempt: AttemptView | WaitingFolderView) -> str:
    """One row of a retry in full, for where its row is too short."""
    if isinstance(attempt, WaitingFolderView):
        return f"{clean(attempt.artifact_id)} ({clean(attempt.title)}): {clean(attempt.reason)}"
    return f"{clean(attempt.artifact_id)}: {clean(attempt.reason)}; {clean(attempt.url)}"

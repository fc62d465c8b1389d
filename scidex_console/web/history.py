"""What happened to an artifact, for its page: when it came, how files moved, what was decided. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from scidex_console.domain.folders.rows import ArtifactRow
from scidex_console.engine.listing_views import ArtifactChange, ArtifactHistory

SHOWN = 20
_OF_JOB = {"figures": "file downloaded again", "folders": "moved into its folder"}
_OF_STATE = {
    "rolled_back": " and taken back",
    "kept": " (kept when the batch was taken back)",
    "prepared": " (under way)",
    "conflict": ": left as it was",
    "skipped": ": left out",
}


@dataclass(frozen=True)
class Event:
    """One line of the history."""

    at: datetime
    words: str
    commit: str = ""


def history_of(row: ArtifactRow, told: ArtifactHistory) -> list[Event]:
    """The newest first; nothing of who did it, which is not the public's."""
    events = [Event(change.at, _changed(change), change.commit) for change in told.changes]
    events += [
        Event(entry.at, f"folder: {entry.status.replace('_', ' ')}")
        for entry in told.log
        if entry.status != "success"
    ]
    events += [
        Event(decision.at, f"decided: {decision.decision.replace('-', ' ')}")
        for decision in told.decisions
        if decision.state == "applied"
    ]
    if row.created_at is not None:
        events.append(Event(row.created_at, "created"))
    return sorted(events, key=lambda event: event.at.timestamp(), reverse=True)[:SHOWN]


def _changed(change: ArtifactChange) -> str:
    return _OF_JOB.get(change.job, f"changed by {change.job}") + _OF_STATE.get(change.state, "")

"""What a reader is told of people: who watches, who did what, from where and why."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from scidex_console.domain.jobs import JobName

ENGINE = "engine"
"""Who the audit names where no person asked."""


@dataclass(frozen=True)
class PresenceView:
    """One console that is open now."""

    operator: str
    """The database's session user."""
    account: str
    """Who logged in there, as the machine says; empty when nothing says, and of a read-only console."""
    origin: str
    """`ssh` and the address, or `local`."""
    pid: int
    screen: str
    """Which screen is looked at."""
    since: datetime
    seen_at: datetime
    """When the console last said that it lives."""
    active_at: datetime
    """When a key was last pressed there; of a read-only console, when it last said that it lives."""
    read_only: bool = False


@dataclass(frozen=True)
class AuditView:
    """One row of the audit: who did what, from where, why, under which authorization, before and after.

    An intent that is still open is told in the same way, by when it was asked for.
    """

    id: int
    """Negative for an intent that is still open."""
    at: datetime
    operator: str
    origin: str
    reason: str
    version: str
    authorization: str
    epoch: int | None
    action: str
    """`intent:<action>`, `run:<change>`, `cancel_intent`, or what was done with a batch."""
    job: JobName | None
    intent_id: int | None
    run_id: int | None
    batch_id: int | None
    op: str
    before: Any
    after: Any
    outcome: str


@dataclass(frozen=True)
class ActivityFilter:
    """What the audit is filtered by; empty fields do not filter."""

    operator: str = ""
    action: str = ""
    text: str = ""
    since: datetime | None = None
    everything: bool = False
    """Also what the engine did by itself, batch after batch."""

"""Intents: an operator's command as a row everybody sees.

`requested → accepted → waiting (on what) → done | refused | cancelled`. A console or the command line
inserts the row; the engine settles it. Repeating an intent is harmless: the one that is still open answers.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Any

from scidex_console.domain.jobs import JobName


class IntentState(StrEnum):
    """Where an intent stands."""

    REQUESTED = "requested"
    ACCEPTED = "accepted"
    WAITING = "waiting"
    DONE = "done"
    REFUSED = "refused"
    CANCELLED = "cancelled"


SETTLED = frozenset({IntentState.DONE, IntentState.REFUSED, IntentState.CANCELLED})


class ActionName(StrEnum):
    """What an operator can ask for. The names are shared by keys, palette, command line and audit."""

    START = "start"
    STEP = "step"
    PAUSE = "pause"
    RESUME = "resume"
    CANCEL = "cancel"
    RETRY = "retry"
    ROLLBACK = "rollback"
    REDO = "redo"
    THROTTLE = "throttle"
    TRIAGE = "triage"
    SOAK_BEGIN = "soak_begin"
    SOAK_CONFIRM = "soak_confirm"
    SOAK_SIGN = "soak_sign"
    SOAK_OVERRIDE = "soak_override"
    SOAK_MEASURE = "soak_measure"
    READERS_SET = "readers_set"
    RESCUE = "rescue"


WITHOUT_JOB = frozenset(
    {
        ActionName.THROTTLE,
        ActionName.SOAK_BEGIN,
        ActionName.SOAK_CONFIRM,
        ActionName.SOAK_SIGN,
        ActionName.SOAK_OVERRIDE,
        ActionName.SOAK_MEASURE,
        ActionName.READERS_SET,
    }
)
"""Actions that are about no job's run."""
OF_THE_SOAK = WITHOUT_JOB - {ActionName.THROTTLE, ActionName.READERS_SET}
BEHIND_THE_GATE = frozenset({ActionName.START, ActionName.STEP, ActionName.RESUME, ActionName.REDO})
"""What does the work of a phase; taking it back is never refused by the soak."""


@dataclass(frozen=True)
class Origin:
    """Who asks: the database's session user, from where, and with which version of this program."""

    operator: str
    origin: str
    version: str


@dataclass(frozen=True)
class Intent:
    """One command and what became of it."""

    id: int
    action: ActionName
    job: JobName | None
    params: dict[str, Any]
    state: IntentState
    operator: str
    origin: str
    reason: str
    requested_at: datetime
    waits_on: str = ""
    outcome: str = ""
    settled_at: datetime | None = None
    cancel_requested: bool = False
    also_by: tuple[str, ...] = field(default=())
    """Others who asked for the same while it was open: one effect, every name."""

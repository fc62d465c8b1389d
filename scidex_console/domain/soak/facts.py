"""What is measured in a round, as numbers; what a phase does not ask for is None."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from scidex_console.domain.folders.acceptance import Acceptance
from scidex_console.domain.soak.poisson import EventCount


@dataclass(frozen=True)
class SchemaShape:
    """What the catalogue has of phase 0."""

    columns: int
    """Of the six new ones."""
    indexes: int
    """Valid ones of the two."""
    has_log: bool
    version: int
    """Of our own schema."""


@dataclass(frozen=True)
class RowsWithout:
    """Artifacts of a stretch of time, and those of them without a folder."""

    total: int
    without: int
    last_at: datetime | None = None
    """When the last of them got its folder."""


@dataclass(frozen=True)
class EventSource:
    """Events of one source before and during the soak."""

    name: str
    before: EventCount
    during: EventCount
    is_live: bool = True
    """Whether anything happened in the soak that could have failed."""


@dataclass(frozen=True)
class CycleFacts:
    """Cycles of the folder job since the phase began."""

    cycles: int
    largest: int
    """Artifacts of the largest one."""
    usual_gap_s: float | None
    """The median time from the beginning of one to the next."""


@dataclass(frozen=True)
class LastVerify:
    """The last check of every invariant."""

    at: datetime
    checked: int
    """Invariants that apply."""
    broken: tuple[str, ...]


@dataclass(frozen=True)
class Facts:
    """Everything one round has measured."""

    now: datetime
    begun_at: datetime
    shape: SchemaShape | None = None
    newcomers: RowsWithout | None = None
    existing: RowsWithout | None = None
    acceptance: Acceptance | None = None
    events: tuple[EventSource, ...] = ()
    least_before_s: float = 0.0
    """Seconds of the time before that must be known for a rate to be compared with."""
    events_trouble: str = ""
    """Why a source could not be asked."""
    cycles: CycleFacts | None = None
    verified: LastVerify | None = None
    strays: tuple[str, ...] | None = None
    """Entries at the top of the repository that are no artifact's folder."""

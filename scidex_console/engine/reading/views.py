"""What consoles and commands see of readers: shares, counts, times, and the answers of the read service."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from scidex_console.domain.reading.kinds import ReaderKind
from scidex_console.domain.tokens import plan_token


@dataclass(frozen=True)
class ReaderView:
    """One kind of reader: its share, and its reads of the last while."""

    reader: ReaderKind
    share: float
    """Percent of the artifacts that it reads by their folder first, where the flag is on."""
    changed_at: datetime | None = None
    """When somebody last changed the share; None: nobody ever did."""
    operator: str = ""
    reason: str = ""
    folder: int = 0
    """Reads that were served by the folder."""
    legacy: int = 0
    database: int = 0
    """Reads of the row alone: no file, or none was found."""
    fell_back: int = 0
    """Of all reads, those for which the way that goes first found nothing."""
    p50_ms: float | None = None
    p99_ms: float | None = None
    per_minute: tuple[int, ...] = ()
    """Reads in each of the last minutes, the running one last."""

    @property
    def reads(self) -> int:
        """All reads."""
        return self.folder + self.legacy + self.database

    @property
    def by_folder_percent(self) -> float | None:
        """Share of the reads that were served by folders; None without any read."""
        return self.folder * 100 / self.reads if self.reads else None


@dataclass(frozen=True)
class ReaderProcessView:
    """A process that reads artifacts."""

    name: str
    operator: str
    """The database user it connects as."""
    flag: bool
    """`ARTIFACT_FOLDER_READERS_ENABLED` there."""
    legacy: bool
    """Whether the legacy way is open there."""
    version: str
    since: datetime
    seen_at: datetime


@dataclass(frozen=True)
class ReadersView:
    """Every kind of reader in the specification's order, and the processes that read."""

    taken_at: datetime
    minutes: int
    """How far back reads are counted."""
    readers: tuple[ReaderView, ...]
    processes: tuple[ReaderProcessView, ...] = ()

    def of(self, reader: str) -> ReaderView | None:
        """One kind; None when there is none of that name."""
        return next((view for view in self.readers if view.reader == reader), None)

    def token(self, reader: str) -> str:
        """Names the shares that a change of this reader (or of `all`) would change."""
        return shares_token(reader, {view.reader: view.share for view in self.readers})


def shares_token(reader: str, shares: dict[ReaderKind, float]) -> str:
    """Names the shares that a change of this reader (or of `all`) would change, as they stand."""
    concerned = [[kind, f"{shares.get(kind, 0.0):.2f}"] for kind in ReaderKind if reader in (kind, ALL)]
    return plan_token(["shares", reader, concerned])


ALL = "all"
"""Stands for every kind of reader."""


@dataclass(frozen=True)
class RouteView:
    """One kind of address of the read service, and its answers of the last while."""

    route: str
    answers: int
    client_errors: int
    """Answers with a status of 400 to 499."""
    server_errors: int
    """Answers with a status of 500 and above."""
    p50_ms: float | None
    p99_ms: float | None
    per_minute: tuple[int, ...] = ()
    """Answers in each of the last minutes, the running one last."""
    statuses: tuple[tuple[int, int], ...] = ()
    """Each status and how many answers had it."""


@dataclass(frozen=True)
class ServiceView:
    """The read service, by kinds of addresses, the busiest first."""

    taken_at: datetime
    minutes: int
    routes: tuple[RouteView, ...] = ()
    processes: tuple[ReaderProcessView, ...] = ()
    whole: RouteView | None = None
    """All of them together; None without any answer."""

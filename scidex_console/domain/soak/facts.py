"""What is measured in a round, as numbers; what a phase does not ask for is None."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
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
class Times:
    """How long answers took in a stretch of time."""

    answers: int
    p50_ms: float | None
    p99_ms: float | None


@dataclass(frozen=True)
class LatencyFacts:
    """Answers before and during the soak, by what counted them."""

    source: str
    before: Times
    during: Times


@dataclass(frozen=True)
class ReaderFacts:
    """One kind of reader: its share, and its reads of a while."""

    reader: str
    share: float
    """Percent."""
    reads: int
    folder: int
    """Of them, those that were served by the folder."""


@dataclass(frozen=True)
class ReadFacts:
    """Every kind of reader, since the shares last changed, at most for a day."""

    since: datetime
    readers: tuple[ReaderFacts, ...]
    flags_off: tuple[str, ...] = ()
    """Processes in which the flag is off at this moment."""

    @property
    def reads(self) -> int:
        """All of them."""
        return sum(each.reads for each in self.readers)

    @property
    def folder(self) -> int:
        """Those served by folders."""
        return sum(each.folder for each in self.readers)


@dataclass(frozen=True)
class ProbeFacts:
    """What a service answered that was asked a few addresses, by check."""

    asked: int
    wrong: tuple[str, ...] = ()
    """Answers that are not as they must be, one sentence each."""


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
    latency: LatencyFacts | None = None
    reads: ReadFacts | None = None
    probes: Mapping[str, ProbeFacts] = field(default_factory=dict)
    """By the check that they are about."""
    probe_trouble: str = ""
    """Why the service could not be asked."""
    strays: tuple[str, ...] | None = None
    """Entries at the top of the repository or the checkout that are no artifact's folder."""
    vacuumed_at: datetime | None = None
    """When the last of SciDEX's tables was vacuumed and analysed; None: never."""

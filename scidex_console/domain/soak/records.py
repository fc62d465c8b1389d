"""What is on record about a soak, as the database keeps it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime

from scidex_console.domain.soak.clock import Span
from scidex_console.domain.soak.judging import Standing


@dataclass(frozen=True)
class SoakRules:
    """What the engine goes by; it writes this down, so that every reader sees the same gate."""

    enforced: bool = False
    """Whether a shut gate keeps the run of phase 2 from starting."""
    measured_every_s: float = 60.0

    @property
    def longest_s(self) -> float:
        """Seconds between two looks that still count: three rounds, and a restart between them."""
        return 3 * self.measured_every_s + 30.0


@dataclass(frozen=True)
class Entry:
    """A phase that was begun."""

    id: int
    phase: int
    begun_at: datetime
    needed_s: float
    operator: str
    origin: str
    reason: str
    overridden: bool
    """Whether the gate before it was shut."""


@dataclass(frozen=True)
class Measurement:
    """One look at one check."""

    check_id: str
    at: datetime
    standing: Standing
    figure: float | None
    words: str
    fingerprint: str
    trend: tuple[float, ...] = ()
    """Figures of the last looks, oldest first."""


@dataclass(frozen=True)
class SignOff:
    """A person's word for a check, about the evidence as it stood."""

    id: int
    check_id: str
    fingerprint: str
    at: datetime
    operator: str
    origin: str
    reason: str


@dataclass(frozen=True)
class Confirmation:
    """A step of the guide that somebody did and looked at."""

    step_id: str
    at: datetime
    operator: str
    origin: str
    reason: str


@dataclass(frozen=True)
class Override:
    """Leave to begin a phase though the gate before it is shut."""

    id: int
    phase: int
    at: datetime
    operator: str
    origin: str
    reason: str
    shut_by: tuple[str, ...]
    """What stood in the way."""


@dataclass(frozen=True)
class SoakRecord:
    """Everything on record that matters now: the phases begun, and what belongs to the last of them."""

    now: datetime
    rules: SoakRules = field(default_factory=SoakRules)
    entries: tuple[Entry, ...] = ()
    """Oldest first; the last one is under way."""
    spans: tuple[Span, ...] = ()
    measurements: Mapping[str, Measurement] = field(default_factory=dict)
    signoffs: tuple[SignOff, ...] = ()
    confirmations: tuple[Confirmation, ...] = ()
    override: Override | None = None
    """The newest since the current phase was begun."""

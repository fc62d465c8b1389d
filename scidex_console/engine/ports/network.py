"""Fetching figures, and the gate behind it."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from scidex_console.domain.fetching import FetchOutcome
from scidex_console.domain.hosts import GateState, Override


class FigureSource(Protocol):
    """Fetches one figure politely; the gate is behind it. Never raises for what a server does."""

    def group_of(self, url: str) -> str:
        """Name of the host group a recorded address belongs to (`malformed` when it has none)."""
        ...

    async def fetch(self, artifact_id: str, url: str, *, audited: bool = False) -> FetchOutcome:
        """One attempt: probe, decide, stage. Raises `Halt` only (our own disk)."""
        ...

    async def fetch_elsewhere(self, artifact_id: str, url: str) -> FetchOutcome:
        """As `fetch`, at another address: one GET, and no waiting for a group that is closed for long."""
        ...

    def let_go(self, outcome: FetchOutcome) -> None:
        """Remove what was staged for an outcome that nobody will record. Raises `Halt`."""
        ...

    async def ask_control(self, url: str, *, head: bool = False) -> FetchOutcome:
        """Ask for an image with one GET; its bytes are hashed and not kept. Raises `Halt` only.

        With `head`, HEAD is asked before, and what it says is held against it.
        A group that is closed for long is not waited for: that is trouble, as a timeout is.
        """
        ...


@dataclass(frozen=True)
class RobotsFile:
    """A robots.txt as it was read."""

    origin: str
    """Host, and port where it is not the web's own."""
    read_at: datetime
    status: int
    body: str
    """Empty when the host has none."""


class RobotsStore(Protocol):
    """Keeps robots.txt files over restarts."""

    async def load(self, origin: str) -> RobotsFile | None:
        """What was read last of a host."""
        ...

    async def save(self, file: RobotsFile) -> None:
        """Keep what was read."""
        ...


class Gate(Protocol):
    """The engine's side of the gate: what must be kept, and what an operator may change."""

    def states(self) -> Sequence[GateState]:
        """Every group asked so far, for the database and the hosts pane."""
        ...

    def restore(self, states: Sequence[GateState]) -> None:
        """Take up what an earlier engine left: holds, pace, breakers, overrides."""
        ...

    def set_override(self, group: str, override: Override | None) -> None:
        """Set or clear an operator's temporary budget."""
        ...

    def trip(self, group: str, cause: str, times: int) -> None:
        """Open a group's breaker: it answers, but not truly. `times` in a row double how long."""
        ...

    def renew(self, until: float) -> None:
        """Let requests leave until then, monotonic seconds, and none after it."""
        ...

    async def closed(self) -> Collection[str]:
        """Wait until groups are held or their breakers open, which is to be kept at once."""
        ...

    def in_flight_limit(self, group: str) -> int:
        """How many rows of this group may be worked on at once."""
        ...

    def closed_until(self, group: str) -> datetime | None:
        """End of a hold, an open breaker or off hours, if one is in force: no row is taken up before."""
        ...

    def is_off_peak(self, group: str) -> bool:
        """Whether it is the hour of the day that keeps the group closed."""
        ...

"""How an engine behaves, apart from what it works on."""

from __future__ import annotations

from dataclasses import dataclass

from scidex_console.domain.jobs import JobName


@dataclass(frozen=True)
class EngineOptions:
    """Options of one engine process. Times in seconds."""

    version: str
    environment: str
    writes: bool
    """False: `observe`. Everything plans, nothing writes."""
    authorization: str
    jobs: frozenset[JobName]
    until_idle: bool = False
    """Leave when no run is under way and no intent is open."""
    batch_files: int = 100
    """Figures per batch. Spec: batch commits, e.g. 100 files per commit."""
    batch_marks: int = 100
    """Dead marks that close a batch of figures by themselves, so that they are recorded soon."""
    heartbeat_s: float = 2.0
    stalled_after_s: float = 15.0
    """Without a heartbeat for this long another engine may take over: nobody is asked any more then."""
    grace_s: float = 10.0
    """How long a pause or a shutdown waits for requests under way before it lets them go."""
    retry_s: float = 5.0
    """Pause before something that was locked or unreachable is tried again."""

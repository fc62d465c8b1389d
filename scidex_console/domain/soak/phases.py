"""The six phases of the folder migration, in the order in which they are climbed."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta

SOAK = timedelta(hours=24)
"""How long a phase must hold before the next may begin. Spec: "verified with a 24h soak"."""
BEFORE_REMOVAL = timedelta(days=30)
"""How long phase 4 must hold. Spec: phase 5 "runs only after 30+ day soak post-Phase 3/4"."""
RUN_PHASE = 2
"""The phase whose work is the job `folders`: its run may start only once phase 1's gate lets it."""

REMOVAL_PHASE = 5
"""The phase in which legacy folders and what no row claims are cleaned up."""


@dataclass(frozen=True)
class Phase:
    """One rung of the ladder."""

    number: int
    name: str
    what: str
    """What is deployed or run in it, in one sentence."""


PHASES = (
    Phase(0, "schema", "The new columns, their indexes and the migration log; a schema change without data."),
    Phase(1, "new artifacts", "Every artifact that is created from now on gets its folder as it is written."),
    Phase(2, "backfill", "Every artifact that was there before is moved, in cycles that can be taken back."),
    Phase(3, "readers", "Consumers read the folder first, one after the other, behind a feature flag."),
    Phase(4, "aliases", "Addresses by type lead to the canonical /artifact/<id>."),
    Phase(5, "removal", "Legacy folders, constants and code paths are removed."),
)


@dataclass(frozen=True)
class SoakTimes:
    """How long phases must hold."""

    duration: timedelta = SOAK
    before_removal: timedelta = BEFORE_REMOVAL

    def needed_s(self, phase: int) -> float:
        """Seconds for which a phase's clock must run; the phase before the removal waits the longest."""
        before_last = phase == PHASES[-1].number - 1
        return max(self.duration, self.before_removal if before_last else self.duration).total_seconds()

"""What a console or a command asks of the clean-up, and where it puts a decision."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from scidex_console.domain.cleanup import CleanupPlan
from scidex_console.domain.folders.orphans import Orphan, OrphanPage
from scidex_console.domain.intents import Intent
from scidex_console.domain.paging import Around, Span, Window
from scidex_console.domain.triage import Decision
from scidex_console.engine.triage.views import DecisionPreview, DecisionView


@dataclass(frozen=True)
class OrphanPreview:
    """What a decision about files would do."""

    preview: DecisionPreview
    artifact_type: str
    """What files are adopted as; empty: told file by file."""
    more: int
    """How many further files the patterns mean; one decision is about 500 at most."""
    phrase: str
    """What has to be typed to have it done; empty: nothing."""


@dataclass(frozen=True)
class Vacuumed:
    """What the database says of the vacuum of SciDEX's tables."""

    may: bool
    """Whether this role may vacuum them."""
    at: datetime | None
    """When all of them had been vacuumed and analysed; None: never, as far as the statistics tell."""


class CleanupDesk(Protocol):
    """Everything is read; the engine applies what is decided."""

    async def plan(self) -> CleanupPlan:
        """What is left to decide, and what a run would do now."""
        ...

    async def orphans(self, patterns: Sequence[str], *, limit: int, after: str) -> OrphanPage:
        """Files that no row claims, by path."""
        ...

    async def window(self, patterns: Sequence[str], around: Around, span: Span) -> Window[Orphan]:
        """The same, as a window around a path."""
        ...

    async def preview(
        self, decision: Decision, patterns: Sequence[str], artifact_type: str = ""
    ) -> OrphanPreview:
        """What a decision about the files that these patterns mean would do. Raises `Refused` for none."""
        ...

    async def decisions(self) -> Sequence[DecisionView]:
        """What was decided lately about such files, newest first."""
        ...

    async def decide(self, preview: OrphanPreview, *, reason: str, typed: str = "") -> Intent:
        """Put exactly this decision on the desk. Raises `GateShut`, `Refused` where a phrase is missing."""
        ...

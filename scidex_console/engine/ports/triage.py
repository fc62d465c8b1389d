"""What triage needs of the database, and what consoles and commands get of it."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from typing import Protocol

from scidex_console.domain.folders.rows import ArtifactRow
from scidex_console.domain.intents import Intent
from scidex_console.domain.jobs import JobName
from scidex_console.domain.paging import Around, Span, Window
from scidex_console.domain.triage import Decision
from scidex_console.engine.triage.views import (
    AttemptedView,
    CaseFilter,
    CaseView,
    DecisionPreview,
    DecisionRecord,
    DecisionResult,
    DecisionView,
    EvidenceView,
)


class TriageStore(Protocol):
    """Cases and decisions, as they are recorded. Never writes."""

    async def cases(self, criteria: CaseFilter, around: Around, span: Span) -> Window[CaseView]:
        """A window of what waits, by kind, job and id."""
        ...

    async def count_cases(self) -> Mapping[str, int]:
        """How many wait, by kind."""
        ...

    async def cases_of(self, artifact_ids: Sequence[str], job: JobName | None) -> Sequence[CaseView]:
        """Those of these artifacts that wait for a person."""
        ...

    async def rows(self, artifact_ids: Sequence[str]) -> Mapping[str, ArtifactRow]:
        """Rows as they are now; deleted ones are left out."""
        ...

    async def claimants(self, paths: Sequence[str]) -> Mapping[str, frozenset[str]]:
        """Who names each path and has no folder yet, as the last survey found it."""
        ...

    async def attempt(self, artifact_id: str) -> AttemptedView | None:
        """The last answer a figure got."""
        ...

    async def decisions(
        self, artifact_id: str | None, kinds: Collection[Decision] = ()
    ) -> Sequence[DecisionView]:
        """What was decided about an artifact, or lately about any, newest first; `kinds` narrows it."""
        ...

    async def decision(self, decision_id: int) -> DecisionView | None:
        """One decision."""
        ...

    async def record(self, decision_id: int) -> DecisionRecord | None:
        """One decision as it was asked for."""
        ...

    async def results(self, decision_id: int) -> Sequence[DecisionResult]:
        """What became of a decision so far."""
        ...


class DecisionStore(Protocol):
    """The engine's side of decisions that need no batch. Every write checks the epoch (`Fenced`)."""

    async def leave(self, decision_id: int, artifact_ids: Sequence[str]) -> None:
        """Record that nothing is changed. Repeating it changes nothing, as with all of these."""
        ...

    async def redownload(self, decision_id: int, artifact_ids: Sequence[str]) -> None:
        """Figures that wait for a person become due."""
        ...

    async def undo(self, decision_id: int, undone: int) -> None:
        """Take back a decision that needed no batch, as far as nothing has come of it."""
        ...

    async def refuse(self, decision_id: int, reasons: Mapping[str, str]) -> None:
        """Record for these artifacts that nothing was done, and why."""
        ...


class TriageDesk(Protocol):
    """What a console or a command asks of triage, and where it puts a decision."""

    async def cases(self, criteria: CaseFilter, around: Around, span: Span) -> Window[CaseView]: ...

    async def count_cases(self) -> Mapping[str, int]: ...

    async def evidence(self, artifact_id: str, job: JobName | None = None) -> EvidenceView:
        """Everything known of one case. Raises `Refused` when it does not wait for a person."""
        ...

    async def picture(self, artifact_id: str, columns: int, rows: int) -> Picture | str:
        """The file as an image no larger than this; why there is none, where there is none."""
        ...

    async def preview(
        self, decision: Decision, artifact_ids: Sequence[str], job: JobName | None = None
    ) -> DecisionPreview: ...

    async def preview_undo(self, decision_id: int) -> DecisionPreview: ...

    async def decision(self, decision_id: int) -> DecisionView | None: ...

    async def recent(self) -> Sequence[DecisionView]:
        """What was decided lately, newest first."""
        ...

    async def decide(self, preview: DecisionPreview, *, reason: str) -> Intent:
        """Put exactly this decision on the desk, or join the open one that is the same."""
        ...


Colour = tuple[int, int, int]
Picture = Sequence[Sequence[tuple[Colour, Colour]]]
"""Rows of cells, each with the colour of its upper and its lower half."""

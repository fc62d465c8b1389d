"""Where the soak is kept, and what its checks are measured by."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Protocol

from scidex_console.domain.folders.acceptance import Acceptance
from scidex_console.domain.intents import Intent
from scidex_console.domain.soak.clock import SpanKind
from scidex_console.domain.soak.facts import (
    CycleFacts,
    EventSource,
    LastVerify,
    LatencyFacts,
    ReadFacts,
    RowsWithout,
    SchemaShape,
)
from scidex_console.domain.soak.judging import Reading
from scidex_console.domain.soak.probing import ProbeAnswer, ProbeArtifact
from scidex_console.domain.soak.records import Entry, SoakRecord, SoakRules


class SoakStore(Protocol):
    """Phases begun, looks, and what people said. Every write checks the epoch (`Fenced`)."""

    async def declare(self, rules: SoakRules) -> None:
        """Write down what this engine goes by."""
        ...

    async def record(self) -> SoakRecord:
        """Everything on record that matters now."""
        ...

    async def begin(self, phase: int, *, needed_s: float, overridden: bool, intent: Intent) -> None: ...

    async def confirm(self, entry: Entry, step_id: str, *, intent: Intent) -> None: ...

    async def sign(
        self, entry: Entry, check_id: str, *, fingerprint: str, evidence: str, intent: Intent
    ) -> None: ...

    async def override(
        self, entry: Entry | None, phase: int, *, shut_by: Sequence[str], intent: Intent
    ) -> None: ...

    async def keep(
        self,
        entry: Entry,
        readings: Mapping[str, tuple[Reading, str]],
        *,
        kind: SpanKind,
        why: str,
        longest_s: float,
    ) -> None:
        """One look: each check's reading with its fingerprint, and the clock's span, in one transaction.

        Times are the database's. The looks of long ago go.
        """
        ...


class SoakFacts(Protocol):
    """What the checks are measured by. Never writes."""

    async def shape(self) -> SchemaShape: ...

    async def newcomers(self, since: datetime) -> RowsWithout:
        """Artifacts created since then, but for those of the last moments."""
        ...

    async def existing(self, before: datetime, *, late: bool) -> RowsWithout:
        """Artifacts created before then; if `late`, also when the last of them first got its folder."""
        ...

    async def acceptance(self) -> Acceptance:
        """What the folder migration is accepted by."""
        ...

    async def cycles(self, since: datetime) -> CycleFacts: ...

    async def vacuumed_at(self) -> datetime | None:
        """When the last of SciDEX's tables was vacuumed and analysed; None: some never was."""
        ...

    async def last_verify(self) -> LastVerify | None: ...

    async def latency(self, entry: Entry) -> LatencyFacts:
        """How long answers took before and during the soak."""
        ...

    async def reads(self, entry: Entry, *, longest_s: float) -> ReadFacts:
        """Reads since the shares last changed, of the phase alone, and at most of so many seconds."""
        ...

    async def probe_artifacts(self) -> Sequence[ProbeArtifact]:
        """Artifacts whose addresses are asked for: some of each type, and others each time."""
        ...

    async def events(self, entry: Entry) -> Sequence[EventSource]:
        """Failed commits before and during the soak. Raises `ConsoleError` when a source gives no answer."""
        ...


class ServiceProbe(Protocol):
    """Asks the read service."""

    async def ask(self, path: str) -> ProbeAnswer:
        """The answer to one GET, redirects not followed. Raises `Unreachable`."""
        ...


class FailureLog(Protocol):
    """Where failed commits are recorded."""

    async def record_failure(self, job: str, run_id: int | None, kind: str, reason: str) -> None: ...

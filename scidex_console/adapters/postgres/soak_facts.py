"""What the checks of a soak are measured by: small questions to the catalogue, the rows and the journal."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from scidex_console.adapters.postgres.database import Database
from scidex_console.adapters.postgres.folder_gap import FolderCounts
from scidex_console.adapters.postgres.snapshot import Row, fetch, snapshot
from scidex_console.adapters.postgres.vacuum import last_vacuum
from scidex_console.domain.errors import ConsoleError
from scidex_console.domain.folders.acceptance import Acceptance
from scidex_console.domain.folders.hashes import HashSource
from scidex_console.domain.reading.histogram import quantile_ms
from scidex_console.domain.soak.facts import (
    CycleFacts,
    EventSource,
    LastVerify,
    LatencyFacts,
    ReaderFacts,
    ReadFacts,
    RowsWithout,
    SchemaShape,
    Times,
)
from scidex_console.domain.soak.poisson import EventCount
from scidex_console.domain.soak.probing import PREFIXED_TYPES, ProbeArtifact
from scidex_console.domain.soak.records import Entry

_MINUTES = 30
OWN = "this engine"
THEIRS = "SciDEX"
_MOST_EVENTS = 10**9
_OTHERS_PROBED = 8
_ANSWERS = {
    "answers of the read service": "count_answer_times",
    "reads, without what serves them": "count_read_times",
}
"""What times are taken from, the first that has any."""


class PostgresSoakFacts:
    """Implements the engine's `SoakFacts`.

    `events_query` counts SciDEX's own `artifact_commit_failed` events from %(since)s until before %(until)s;
    empty: nobody asks SciDEX. `grace_s`: an artifact younger than that may still be on its way.
    """

    def __init__(
        self,
        database: Database,
        *,
        events_query: str = "",
        baseline_s: float,
        grace_s: float,
        hash_sources: Sequence[HashSource] = tuple(HashSource),
    ) -> None:
        self._database = database
        self._events_query = events_query
        self._baseline_s = baseline_s
        self._grace_s = grace_s
        self._folders = FolderCounts(database, hash_sources=hash_sources, keep_s=0.0, keep_whole_s=0.0)

    async def shape(self) -> SchemaShape:
        """What the catalogue has of phase 0."""
        (row,) = await fetch(self._database, "read_soak_schema")
        return SchemaShape(row["columns"], row["indexes"], row["has_log"], row["version"])

    async def newcomers(self, since: datetime) -> RowsWithout:
        """Artifacts created since then, but for those of the last moments."""
        params = {"since": since, "grace_s": self._grace_s}
        (row,) = await fetch(self._database, "count_soak_newcomers", params)
        return RowsWithout(row["total"], row["without"])

    async def existing(self, before: datetime, *, late: bool) -> RowsWithout:
        """Artifacts created before then; if `late`, also when the last of them first got its folder."""
        params = {"before": before, "late": late}
        (row,) = await fetch(self._database, "count_soak_existing", params)
        return RowsWithout(row["total"], row["without"], row["last_at"])

    async def acceptance(self) -> Acceptance:
        """What the folder migration is accepted by."""
        return await self._folders.acceptance(await self._folders.gap(None, _MINUTES))

    async def cycles(self, since: datetime) -> CycleFacts:
        """Cycles since then."""
        (row,) = await fetch(self._database, "read_soak_cycles", {"since": since})
        return CycleFacts(row["cycles"], row["largest"], row["usual_gap_s"])

    async def vacuumed_at(self) -> datetime | None:
        """When the last of SciDEX's tables was vacuumed and analysed; None: some never was."""
        return (await last_vacuum(self._database)).at

    async def last_verify(self) -> LastVerify | None:
        """The last check of every invariant that is on record."""
        rows = await fetch(self._database, "read_last_verification")
        return LastVerify(rows[0]["at"], rows[0]["checked"], tuple(rows[0]["broken"])) if rows else None

    async def latency(self, entry: Entry) -> LatencyFacts:
        """Answers of the read service; where it counted none, reads alone."""
        params = {"phase_id": entry.id, "baseline_s": self._baseline_s}
        (times,) = await fetch(self._database, "read_soak_event_times", params)
        found = [await self._compared(source, times) for source in _ANSWERS]
        return next((each for each in found if each.during.answers), found[0])

    async def _compared(self, source: str, times: Row) -> LatencyFacts:
        statement = _ANSWERS[source]
        before = await self._times(statement, times["before_since"], times["before_until"])
        return LatencyFacts(source, before, await self._times(statement, times["during_since"], times["now"]))

    async def _times(self, statement: str, since: datetime, until: datetime) -> Times:
        rows = await fetch(self._database, statement, {"since": since, "until": until})
        counts = {row["up_to_us"]: row["n"] for row in rows}
        return Times(sum(counts.values()), quantile_ms(counts, 0.5), quantile_ms(counts, 0.99))

    async def reads(self, entry: Entry, *, longest_s: float) -> ReadFacts:
        """Reads since the shares last changed."""
        params = {"begun_at": entry.begun_at, "longest_s": longest_s}
        rows = await fetch(self._database, "count_reads_since", params)
        processes = await fetch(self._database, "list_reader_processes")
        return ReadFacts(
            rows[0]["since"] if rows else entry.begun_at,
            tuple(ReaderFacts(row["reader"], row["share"], row["reads"], row["folder"]) for row in rows),
            tuple(sorted({process["name"] for process in processes if not process["flag"]})),
        )

    async def probe_artifacts(self) -> Sequence[ProbeArtifact]:
        """The newest of each type, and a few others."""
        params = {"types": list(PREFIXED_TYPES), "others": _OTHERS_PROBED}
        return [ProbeArtifact(**row) for row in await fetch(self._database, "list_probe_artifacts", params)]

    async def events(self, entry: Entry) -> Sequence[EventSource]:
        """Failed commits of this engine, and of SciDEX where `events_query` counts them."""
        params = {"phase_id": entry.id, "baseline_s": self._baseline_s}
        (times,) = await fetch(self._database, "read_soak_event_times", params)
        sources = [await self._own(times)]
        if self._events_query:
            sources.append(await self._theirs(times))
        return sources

    async def _own(self, times: Row) -> EventSource:
        """Nothing is on record from before this schema was applied."""
        since = max(times["before_since"], min(times["events_since"], times["before_until"]))
        before = await self._failures(since, times["before_until"])
        during = await self._failures(times["during_since"], times["now"])
        return EventSource(
            OWN,
            EventCount(before["failures"], _seconds(since, times["before_until"])),
            EventCount(during["failures"], _seconds(times["during_since"], times["now"])),
            is_live=bool(during["failures"] or during["batches"]),
        )

    async def _failures(self, since: datetime, until: datetime) -> Row:
        (row,) = await fetch(self._database, "count_commit_failures", {"since": since, "until": until})
        return row

    async def _theirs(self, times: Row) -> EventSource:
        before = times["before_since"], times["before_until"]
        during = times["during_since"], times["now"]
        return EventSource(
            THEIRS,
            EventCount(await self._count(*before), _seconds(*before)),
            EventCount(await self._count(*during), _seconds(*during)),
        )

    async def _count(self, since: datetime, until: datetime) -> int:
        """The answer of the configured query, which cannot write. Raises `ConsoleError` for no count."""
        params: Mapping[str, Any] = {"since": since, "until": until}
        async with snapshot(self._database) as connection:
            row = await (await connection.execute(self._events_query.encode(), params)).fetchone()
        value = next(iter(row.values()), None) if row else None
        if not isinstance(value, int) or isinstance(value, bool) or not 0 <= value <= _MOST_EVENTS:
            raise ConsoleError(
                "the answer is not a count", where="soak.events_query", fix="select a count(*)"
            )
        return value


def _seconds(since: datetime, until: datetime) -> float:
    return max((until - since).total_seconds(), 0.0)

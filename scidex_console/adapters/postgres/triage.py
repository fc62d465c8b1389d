"""Triage in the database: what waits for a person, what was decided, and what became of it."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from typing import Any

from psycopg.types.json import Jsonb

from scidex_console.adapters.postgres.attempts import contains
from scidex_console.adapters.postgres.database import Connection, Database, query
from scidex_console.adapters.postgres.folders import artifact_row
from scidex_console.adapters.postgres.snapshot import Row, fetch
from scidex_console.adapters.postgres.transactions import FencedDatabase
from scidex_console.adapters.postgres.windows import Listing, read_window
from scidex_console.domain.folders.rows import ArtifactRow
from scidex_console.domain.intents import SETTLED, IntentState
from scidex_console.domain.jobs import JobName
from scidex_console.domain.paging import Around, Span, Window
from scidex_console.domain.sanitise import visible
from scidex_console.domain.triage import MOST_IDS, CaseKind, Decision
from scidex_console.engine.triage.views import (
    AttemptedView,
    CaseFilter,
    CaseView,
    DecisionRecord,
    DecisionResult,
    DecisionView,
)


class PostgresTriage:
    """Implements the engine's `TriageStore`; it only selects."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def cases(self, criteria: CaseFilter, around: Around, span: Span) -> Window[CaseView]:
        """A window of what waits, by kind, job and id."""
        params = {
            "ids": None,
            "only_job": criteria.job,
            "only_kind": criteria.kind,
            "pattern": contains(criteria.text),
        }
        return await read_window(self._database, _CASES, params, around, span)

    async def count_cases(self) -> Mapping[str, int]:
        """How many wait, by kind."""
        return {row["kind"]: row["n"] for row in await fetch(self._database, "count_cases")}

    async def cases_of(self, artifact_ids: Sequence[str], job: JobName | None) -> Sequence[CaseView]:
        """Those of these artifacts that wait for a person."""
        params = {
            "ids": list(artifact_ids),
            "only_job": job,
            "only_kind": "",
            "pattern": "",
            "limit": 2 * MOST_IDS,
            **dict.fromkeys(("kind", "job", "artifact_id")),
        }
        return [_case(row) for row in await fetch(self._database, "list_cases", params)]

    async def rows(self, artifact_ids: Sequence[str]) -> Mapping[str, ArtifactRow]:
        """Rows as they are now; deleted ones are left out."""
        rows = await fetch(self._database, "read_rows_for_folders", {"ids": list(artifact_ids)})
        return {row["id"]: artifact_row(row) for row in rows}

    async def claimants(self, paths: Sequence[str]) -> Mapping[str, frozenset[str]]:
        """Who names each path and has no folder yet, as the last survey found it."""
        rows = await fetch(self._database, "list_claimants", {"paths": [path for path in paths if path]})
        return {row["path"]: frozenset(row["claimants"]) for row in rows}

    async def attempt(self, artifact_id: str) -> AttemptedView | None:
        """The last answer a figure got."""
        rows = await fetch(self._database, "read_last_attempt", {"artifact_id": artifact_id})
        return _attempt(rows[0]) if rows else None

    async def decisions(
        self, artifact_id: str | None, kinds: Collection[Decision] = ()
    ) -> Sequence[DecisionView]:
        """What was decided about an artifact, or lately about any, newest first; `kinds` narrows it."""
        params = {"artifact_id": artifact_id, "id": None, "limit": 50, "kinds": list(kinds) or None}
        return [_decision(row) for row in await fetch(self._database, "list_decisions", params)]

    async def decision(self, decision_id: int) -> DecisionView | None:
        """One decision."""
        rows = await self._by_id(decision_id)
        return _decision(rows[0]) if rows else None

    async def record(self, decision_id: int) -> DecisionRecord | None:
        """One decision as it was asked for."""
        rows = await self._by_id(decision_id)
        return _record(rows[0]) if rows else None

    async def results(self, decision_id: int) -> Sequence[DecisionResult]:
        """What became of a decision so far, by artifact."""
        rows = await fetch(self._database, "list_decision_results", {"decision": decision_id})
        return [
            DecisionResult(row["artifact_id"], row["state"] == "applied", row["reason"], row["batch_id"])
            for row in rows
        ]

    async def _by_id(self, decision_id: int) -> list[Row]:
        params = {"artifact_id": None, "id": decision_id, "limit": 1, "kinds": None}
        return await fetch(self._database, "list_decisions", params)


class PostgresDecisions:
    """Implements the engine's `DecisionStore`."""

    def __init__(self, fenced: FencedDatabase) -> None:
        self._fenced = fenced

    async def leave(self, decision_id: int, artifact_ids: Sequence[str]) -> None:
        """Record that nothing is changed."""
        await self._write("leave_triaged", {"decision": decision_id, "ids": list(artifact_ids)})

    async def redownload(self, decision_id: int, artifact_ids: Sequence[str]) -> None:
        """Figures that wait for a person become due."""
        await self._write("redownload_triaged", {"decision": decision_id, "ids": list(artifact_ids)})

    async def undo(self, decision_id: int, undone: int) -> None:
        """Take back a decision that needed no batch, as far as nothing has come of it."""
        await self._write("undo_triaged", {"decision": decision_id, "undone": undone})

    async def refuse(self, decision_id: int, reasons: Mapping[str, str]) -> None:
        """Record for these artifacts that nothing was done, and why."""
        if reasons:
            said = {artifact_id: visible(reason) for artifact_id, reason in reasons.items()}
            await self._write("refuse_triaged", {"decision": decision_id, "reasons": Jsonb(said)})

    async def _write(self, statement: str, params: dict[str, Any]) -> None:
        async def work(connection: Connection) -> None:
            await connection.execute(query(statement), params)

        await self._fenced.write(work)


def _case(row: Row) -> CaseView:
    return CaseView(
        artifact_id=row["artifact_id"],
        job=JobName(row["job"]),
        kind=CaseKind(row["kind"]),
        artifact_type=row["artifact_type"],
        title=row["title"],
        reason=row["reason"],
        since=row["since"],
        attempts=row["attempts"],
        note=row["note"] or "",
        decisions=row["decisions"],
    )


def _attempt(row: Row) -> AttemptedView:
    return AttemptedView(
        at=row["started_at"],
        url=row["url"],
        final_url=row["final_url"],
        outcome=row["outcome"],
        status=row["status"],
        reason=row["reason"],
        media_type=row["media_type"],
        size=row["size_bytes"],
    )


def _decision(row: Row) -> DecisionView:
    return DecisionView(
        id=row["id"],
        job=JobName(row["job"]),
        decision=Decision(row["decision"]),
        artifacts=row["artifacts"],
        undoes=row["undoes"],
        at=row["at"],
        operator=", ".join([row["operator"], *(row["also_by"] or [])]),
        origin=row["origin"],
        reason=row["reason"],
        version=row["version"],
        state=_state(row),
        applied=row["applied"],
        refused=row["refused"],
        outcome=row["outcome"],
        batch=row["batch_id"] if row["undoes"] is None else None,
        undone_by=row["undone_by"],
        own_result=row["own_result"],
    )


def _state(row: Row) -> str:
    """What has come of a decision, in one word."""
    if row["undoes"] is None and row["batch_state"] is not None:
        is_undone = row["batch_state"] == "rolled_back"  # by another decision, or by a rollback
    else:
        is_undone = bool(row["undone"]) and row["undone"] >= row["applied"]
    if is_undone:
        return "undone"
    if row["batch_state"] == "partly_rolled_back" and row["undoes"] is None:
        return "partly undone"
    if row["applied"]:
        return "partly" if row["refused"] else "applied"
    if row["intent_state"] == IntentState.CANCELLED:
        return "cancelled"
    settled = row["intent_state"] is None or IntentState(row["intent_state"]) in SETTLED
    return "refused" if settled else "open"


def _record(row: Row) -> DecisionRecord:
    return DecisionRecord(
        id=row["id"],
        job=JobName(row["job"]),
        decision=Decision(row["decision"]),
        artifact_ids=tuple(row["artifact_ids"]),
        undoes=row["undoes"],
        token=row["token"],
        at=row["at"],
        operator=row["operator"],
        reason=row["reason"],
        params=row["params"],
    )


_CASES = Listing("list_cases", ("kind", "job", "artifact_id"), _case)

"""The gap of figures: the survey, what is due, every attempt, and what waits for a batch."""

from __future__ import annotations

from collections.abc import AsyncIterator, Collection, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

from scidex_console.adapters.postgres.database import Connection, query
from scidex_console.adapters.postgres.hops import hops_json
from scidex_console.adapters.postgres.transactions import FencedDatabase
from scidex_console.domain.controls import Proof
from scidex_console.domain.fetching import FetchOutcome
from scidex_console.domain.figures import (
    METADATA_KEYS,
    RETRIED_BY_NAME,
    RETRYABLE,
    FigureState,
    PreparedFigure,
    Verdict,
)
from scidex_console.domain.sanitise import visible
from scidex_console.engine.ports import DueFigure, FigureRow, SurveyedFigure

_PAGE = 2000


class PostgresFigures:
    """Implements the engine's `FigureStore`.

    `file_path_is_column` says where this database keeps the path: in a column, or in the metadata.
    """

    def __init__(self, fenced: FencedDatabase, *, file_path_is_column: bool) -> None:
        self._fenced = fenced
        self._where = "column" if file_path_is_column else "metadata"

    async def rows(self) -> AsyncIterator[Sequence[FigureRow]]:
        """All `paper_figure` rows, by id, a page at a time."""
        after: str | None = None
        while True:
            async with self._fenced.database.session() as connection:
                cursor = await connection.execute(
                    query(f"read_figure_rows_path_in_{self._where}"), {"after": after, "limit": _PAGE}
                )
                page = await cursor.fetchall()
            if not page:
                return
            after = page[-1]["id"]
            yield [
                FigureRow(
                    row["id"],
                    row["file_path"],
                    row["image_url"],
                    bool(row["unavailable"]),
                    row["sha256"] or "",
                )
                for row in page
            ]

    async def record_survey(
        self, gap: Sequence[SurveyedFigure], marked: Sequence[SurveyedFigure], *, total: int, epoch: int
    ) -> None:
        """Bring the work table in line with what was found, in one transaction."""

        async def work(connection: Connection) -> None:
            await connection.execute(query("create_survey"))
            async with (
                connection.cursor() as cursor,
                cursor.copy(
                    "COPY survey (artifact_id, url, host_group, marked, sha256, size_bytes, extension) "
                    "FROM STDIN"
                ) as copy,
            ):
                for figures, is_marked in ((gap, False), (marked, True)):
                    for figure in figures:
                        found = (figure.sha256, figure.size, figure.extension)
                        await copy.write_row(
                            (figure.artifact_id, figure.url, figure.group, is_marked, *found)
                        )
            for statement in (
                "delete_surveyed_figures",
                "insert_surveyed_figures",
                "update_surveyed_figures",
            ):
                await connection.execute(query(statement))
            await connection.execute(query("record_survey_total"), {"total": total})

        await self._fenced.write(work)

    async def stored_hashes(self, artifact_ids: Sequence[str]) -> Mapping[str, str]:
        """sha256 of the files that the journal says these artifacts have; others are left out."""
        rows = await self._fetch("list_stored_files", {"ids": list(artifact_ids)})
        return {row["artifact_id"]: row["sha256"] for row in rows}

    async def due(self, group: str, limit: int, *, excluding: Collection[str]) -> Sequence[DueFigure]:
        """Rows of a group that may be asked now, the longest due first."""
        rows = await self._fetch(
            "read_due_figures", {"host_group": group, "limit": limit, "excluding": list(excluding)}
        )
        return [
            DueFigure(
                row["artifact_id"],
                row["url"],
                row["host_group"],
                row["attempts"],
                row["title"] or "",
                None if (since := row["suspected_for_s"]) is None else timedelta(seconds=since),
                row["rescue_tried"],
                bool(row["marked"]),
            )
            for row in rows
        ]

    async def due_groups(self) -> Mapping[str, int]:
        """Host groups with rows due now, and how many."""
        return {row["host_group"]: row["n"] for row in await self._fetch("count_due_groups", {})}

    async def next_due_at(self) -> datetime | None:
        """When the next scheduled row becomes due."""
        rows = await self._fetch("read_next_due", {})
        due: datetime | None = rows[0]["due_at"] if rows else None
        return due

    async def record_attempt(
        self,
        figure: DueFigure,
        outcome: FetchOutcome,
        verdict: Verdict,
        *,
        run_id: int | None,
        epoch: int,
        judged_at: datetime | None = None,
    ) -> None:
        """One attempt and what it makes of its figure. Repeating it after a lost reply changes nothing.

        With `judged_at`, the verdict's time is taken relative to it, and counted from now by the database's
        clock.
        """
        staged = outcome.file if verdict.state is FigureState.STAGED else None
        params = {
            "run_id": run_id,
            "artifact_id": figure.artifact_id,
            "attempts_before": figure.attempts,
            "title": visible(figure.title, 200),
            "url": figure.url,
            "final_url": outcome.final_url,
            "host": visible(outcome.host, 255),
            "host_group": outcome.group,
            "outcome": outcome.outcome,
            "status": outcome.status,
            "reason": visible(outcome.reason),
            "requests": outcome.requests,
            "hops": hops_json(outcome.hops),
            "size_bytes": outcome.file.size if outcome.file else None,
            "sha256": outcome.file.sha256 if outcome.file else "",
            "media_type": outcome.media_type,
            "started_at": outcome.started_at,
            "took_ms": outcome.took_ms,
            "epoch": epoch,
            "state": verdict.state,
            "proof": verdict.proof or Proof.AT_ONCE,
            "resolved_url": outcome.resolved_url if staged else "",
            "resolved_by": outcome.resolved_by if staged else "",
            "rescue_tried": outcome.rescue_tried,
            "due_at": verdict.due_at,
            "judged_at": judged_at,
            "staged": staged.name if staged else "",
            "staged_sha256": staged.sha256 if staged else "",
            "staged_size": staged.size if staged else 0,
            "extension": outcome.extension if staged else "",
        }

        async def work(connection: Connection) -> None:
            await connection.execute(query("record_attempt"), params)

        await self._fenced.write(work)

    async def prepared(self, *, files: int, marks: int) -> Sequence[PreparedFigure]:
        """Staged and condemned figures in the order they came, with the row's present values."""
        rows = await self._fetch(
            f"read_prepared_figures_path_in_{self._where}",
            {"files": files, "marks": marks, "keys": list(METADATA_KEYS)},
        )
        return [
            PreparedFigure(
                artifact_id=row["artifact_id"],
                state=FigureState(row["state"]),
                url=row["url"],
                file_path=row["file_path"],
                metadata=row["metadata"] or {},
                attempted_at=row["attempted_at"],
                staged=row["staged"],
                sha256=row["sha256"],
                size=row["size_bytes"],
                extension=row["extension"],
                migrated_at=row["migrated_at"],
                resolved_url=row["resolved_url"],
                resolved_by=row["resolved_by"],
            )
            for row in rows
        ]

    async def prepared_counts(self) -> tuple[int, int]:
        """How many staged files and how many dead marks wait for a batch."""
        row = (await self._fetch("count_prepared_figures", {}))[0]
        return row["files"], row["marks"]

    async def forget_deleted(self) -> None:
        """Drop figures of rows that were deleted."""
        await self._change("forget_deleted_figures", {})

    async def staged_names(self) -> frozenset[str]:
        """Staged files that figures or open operations still need."""
        return frozenset(row["staged"] for row in await self._fetch("read_staged_names", {}))

    async def has_group(self, group: str) -> bool:
        """Whether any figure of the gap is asked of this host group."""
        return bool(await self._fetch("find_figure_group", {"host_group": group}))

    async def ask_marked(self, artifact_ids: Sequence[str], fingerprint: str) -> None:
        """Marked figures become due on which these rewrite rules were not tried."""
        await self._change("make_marked_due", {"ids": list(artifact_ids), "fingerprint": fingerprint})

    async def let_go(self, artifact_ids: Sequence[str]) -> None:
        """Prepared figures that need no batch any more leave the work table; their attempts stay."""

        async def work(connection: Connection) -> None:
            await connection.execute(query("delete_prepared_figures"), {"ids": list(artifact_ids)})

        await self._fenced.write(work)

    async def make_due(self, artifact_ids: Sequence[str]) -> Sequence[str]:
        """Retry: retryable and scheduled rows become due now, with their attempts forgotten."""
        params = {"ids": list(artifact_ids), "states": [state.value for state in RETRYABLE | RETRIED_BY_NAME]}

        async def work(connection: Connection) -> list[str]:
            rows = await (await connection.execute(query("make_figures_due"), params)).fetchall()
            return [row["artifact_id"] for row in rows]

        return await self._fenced.write(work)

    async def _fetch(self, statement: str, params: dict[str, Any]) -> list[dict[str, Any]]:
        async with self._fenced.database.session() as connection:
            return await (await connection.execute(query(statement), params)).fetchall()

    async def _change(self, statement: str, params: dict[str, Any]) -> None:
        async def work(connection: Connection) -> None:
            await connection.execute(query(statement), params)

        await self._fenced.write(work)

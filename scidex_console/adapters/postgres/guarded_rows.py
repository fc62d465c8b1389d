"""Guarded changes of `artifacts` rows: written only where the row still is as journalled."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from typing import Any

from psycopg.types.json import Jsonb

from scidex_console.adapters.postgres.database import Connection, Database, query
from scidex_console.domain.batches import Batch, Operation, RowChange
from scidex_console.domain.orphans import is_orphan
from scidex_console.engine.ports import SwitchResult

_LOCK_TRIES = 6
_LOCK_PAUSE_S = 0.5
_GONE, _CHANGED = "the row was deleted", "the row has changed since"
_WITHOUT_FOLDER = "its artifact's folder is not there: redo the batch that brought that first"

Plan = Sequence[tuple[str, RowChange]]


class GuardedRows:
    """Knows where this database keeps a row's fields: `file_path` as a column, or all in the metadata."""

    def __init__(self, database: Database, *, file_path_is_column: bool) -> None:
        self._database = database
        self._suffix = "path_in_column" if file_path_is_column else "path_in_metadata"

    async def settle_locks(self, artifact_ids: Sequence[str]) -> None:
        """Give others who hold some of these rows locked a few seconds to finish; then go on regardless."""
        for _ in range(_LOCK_TRIES):
            # Taken back, the locks go without anything having to reach the disk.
            async with self._database.transaction(kept=False) as connection:
                lockable = len(await self._lockable(connection, artifact_ids))
                if lockable == await self._present(connection, artifact_ids):
                    return
            await asyncio.sleep(_LOCK_PAUSE_S)

    async def write(self, connection: Connection, plan: Plan) -> SwitchResult:
        """Make the changes whose rows are free and as expected; the others are conflicts."""
        ids = [artifact_id for artifact_id, _ in plan]
        lockable = await self._lockable(connection, ids)
        params = {"plan": _plan_json(plan), "lockable": lockable}
        cursor = await connection.execute(query(f"write_guarded_rows_{self._suffix}"), params)
        written = {row["id"] for row in await cursor.fetchall()}
        return SwitchResult(
            done=tuple(i for i in ids if i in written), conflicts=tuple(i for i in ids if i not in written)
        )

    async def differing(
        self, connection: Connection, batch: Batch, operations: Sequence[Operation], *, undo: bool
    ) -> Mapping[str, str]:
        """Artifacts whose rows are not as a rollback (or a redo) of the batch expects them, and why.

        A file that no row claims has none that could differ, but for the one that its adoption brought.
        """
        asked = {_row_of(o, undo=undo): o for o in operations if _row_of(o, undo=undo)}
        plan = [(row, batch.taking_back(o) if undo else o.row) for row, o in asked.items()]
        cursor = await connection.execute(query("read_differing_rows"), {"plan": _plan_json(plan)})
        return {
            asked[row["artifact_id"]].artifact_id: _difference(row, undo=undo)
            for row in await cursor.fetchall()
        }

    async def _lockable(self, connection: Connection, ids: Sequence[str]) -> list[str]:
        cursor = await connection.execute(query("lock_free_rows"), {"ids": list(ids)})
        return [row["id"] for row in await cursor.fetchall()]

    async def _present(self, connection: Connection, ids: Sequence[str]) -> int:
        row = await (await connection.execute(query("count_rows"), {"ids": list(ids)})).fetchone()
        return int(row["n"]) if row else 0


def _difference(row: Mapping[str, Any], *, undo: bool) -> str:
    if row["gone"]:
        return _GONE
    return _WITHOUT_FOLDER if row["without_folder"] and not undo else _CHANGED


def _row_of(operation: Operation, *, undo: bool) -> str:
    """Which row an operation changes; empty: none that is there."""
    if not is_orphan(operation.artifact_id):
        return operation.artifact_id
    return operation.registers.id if operation.registers is not None and undo else ""


def _plan_json(plan: Plan) -> Jsonb:
    entries: list[dict[str, Any]] = [
        {
            "artifact_id": artifact_id,
            "fields": list(change.fields),
            "before": dict(change.before),
            "after": dict(change.after),
        }
        for artifact_id, change in plan
    ]
    return Jsonb(entries)

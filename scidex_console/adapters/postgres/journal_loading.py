"""Batches as the journal has them; what is known of one already is not asked for again."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from scidex_console.adapters.postgres.database import Connection, query
from scidex_console.adapters.postgres.journal_rows import as_it_stands, batch_of
from scidex_console.domain.batches import Batch, Operation
from scidex_console.domain.errors import Refused
from scidex_console.domain.jobs import JobName


async def load(connection: Connection, batch_id: int) -> Batch | None:
    """One batch with its operations and the paths of their folders."""
    head = await _head(connection, batch_id)
    if head is None:
        return None
    operations = await _rows(connection, "read_batch_operations", batch_id)
    if head["job"] != JobName.FOLDERS:
        return batch_of(head, operations)
    return batch_of(head, operations, await _rows(connection, "read_batch_entries", batch_id))


async def loaded(connection: Connection, batch: Batch) -> Batch:
    """The batch as it stands now; what never changes of its operations is not read again."""
    head = await _require_head(connection, batch.id)
    operations = await _rows(connection, "read_operation_standings", batch.id)
    if batch.job is not JobName.FOLDERS:
        return as_it_stands(batch, head, operations)
    return as_it_stands(batch, head, operations, await _rows(connection, "read_entry_standings", batch.id))


async def journalled(connection: Connection, batch_id: int, given: Sequence[Operation]) -> Batch:
    """A batch as it came to be from the operations that were given; their paths are not read again."""
    head = await _require_head(connection, batch_id)
    rows = await _rows(connection, "read_batch_operations", batch_id)
    entries = {operation.artifact_id: operation.entries for operation in given}
    batch = batch_of(head, rows)
    whole = tuple(replace(o, entries=entries[o.artifact_id]) for o in batch.operations)
    batch = replace(batch, operations=whole)
    if not any(o.entries for o in whole):
        return batch
    return as_it_stands(batch, head, rows, await _rows(connection, "read_entry_standings", batch_id))


async def _head(connection: Connection, batch_id: int) -> dict[str, Any] | None:
    return await (await connection.execute(query("read_batch_head"), {"batch_id": batch_id})).fetchone()


async def _require_head(connection: Connection, batch_id: int) -> dict[str, Any]:
    head = await _head(connection, batch_id)
    if head is None:
        raise Refused(f"batch {batch_id} is no longer in the journal")
    return head


async def _rows(connection: Connection, statement: str, batch_id: int) -> list[dict[str, Any]]:
    return await (await connection.execute(query(statement), {"batch_id": batch_id})).fetchall()

"""Batches about files that no row claims: no row of theirs changes, and an adoption brings one."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from scidex_console.adapters.postgres.database import Connection, query
from scidex_console.domain.batches import Batch
from scidex_console.engine.ports import SwitchResult

CONFLICT = "a row has come to name it, or none could be registered for it; the file is as it was"
UNDO_CONFLICT = "the row that was registered for it has changed since, has its folder, or is referred to"


class OrphanRows:
    """Settles such batches within the transactions of the journal.

    `path_keys` are the metadata keys that hold paths, `roots` what may stand before such a path.
    """

    def __init__(self, *, path_keys: Sequence[str], roots: Sequence[str]) -> None:
        self._recorded = {"keys": list(path_keys), "roots": list(roots)}

    async def settle(self, connection: Connection, batch: Batch) -> SwitchResult:
        """Done is what still is nobody's; a file to adopt gets its row. The others are conflicts."""
        params: dict[str, Any] = {"batch_id": batch.id, **self._recorded}
        named = await _subjects(connection, "list_named_orphans", params)
        live = [o for o in batch.live() if o.artifact_id not in named]
        if any(o.registers for o in live):
            registered = await _subjects(connection, "register_adopted", {**params, "besides": list(named)})
            live = [o for o in live if o.registers is None or o.artifact_id in registered]
        return _result(batch, {o.artifact_id for o in live})

    async def take_back(self, connection: Connection, batch: Batch) -> SwitchResult:
        """The rows that were registered go, as far as nothing was built on them."""
        live = batch.live()
        back = {o.artifact_id for o in live if o.registers is None}
        if len(back) < len(live):
            back |= await _subjects(connection, "disown_adopted", {"batch_id": batch.id})
        return _result(batch, back)


def _result(batch: Batch, done: set[str]) -> SwitchResult:
    ids = [operation.artifact_id for operation in batch.live()]
    return SwitchResult(tuple(i for i in ids if i in done), tuple(i for i in ids if i not in done))


async def _subjects(connection: Connection, statement: str, params: dict[str, Any]) -> set[str]:
    cursor = await connection.execute(query(statement), params)
    return {row["artifact_id"] for row in await cursor.fetchall()}

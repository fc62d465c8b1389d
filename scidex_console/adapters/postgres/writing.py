"""What a writer that is no engine needs of the database: the epoch in force, and a record of its failures."""

from __future__ import annotations

from datetime import datetime

from scidex_console.adapters.postgres.database import Database, query
from scidex_console.adapters.postgres.transactions import FencedDatabase
from scidex_console.domain.errors import SchemaMismatch
from scidex_console.domain.sanitise import visible

_JOB = "artifacts"
"""What a failed commit of a writer is of, on record."""
_LONGEST = 1000
"""Characters of a reason that are kept."""


class PostgresAuthority:
    """Implements the engine's `WriterAuthority`: a writer writes under the epoch in force, and takes none."""

    def __init__(self, fenced: FencedDatabase) -> None:
        self._fenced = fenced

    async def adopt(self) -> tuple[int, str]:
        """The epoch in force and the journal's identity; what is written from now on proves that epoch."""
        database = self._fenced.database
        async with database.session() as connection:
            row = await (await connection.execute(query("read_epoch"))).fetchone()
        if row is None:
            raise SchemaMismatch(
                "there is no engine row", where=database.place, fix="run `scidex-console schema apply`"
            )
        self._fenced.epoch = int(row["epoch"])
        return self._fenced.epoch, row["journal"]


class PostgresFailures:
    """Implements the engine's `DatedFailures`: no epoch stands in the way of a record."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def record(self, kind: str, reason: str, at: datetime) -> None:
        """A writer's commit failed at that time."""
        params = {"job": _JOB, "run_id": None, "kind": kind, "reason": visible(reason, _LONGEST)}
        async with self._database.transaction() as connection:
            await connection.execute(query("insert_commit_failure"), {**params, "epoch": 0, "at": at})

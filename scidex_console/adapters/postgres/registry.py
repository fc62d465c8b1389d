"""New rows of `artifacts`, as writers register them."""

from __future__ import annotations

from psycopg.types.json import Jsonb

from scidex_console.adapters.postgres.database import Database, query
from scidex_console.domain.folders.rows import ArtifactRow


class PostgresRegistry:
    """Registers artifacts. Their ids never repeat."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def register(self, row: ArtifactRow) -> None:
        """Insert a row. Raises `ConsoleError` when the role may not, `Unreachable`."""
        chain = row.provenance_chain
        params = {
            "id": row.id,
            "artifact_type": row.artifact_type,
            "title": row.title,
            "content_hash": row.content_hash,
            "metadata": Jsonb(dict(row.metadata)),
            "provenance_chain": None if chain is None else Jsonb(chain),
            "artifact_id": row.uuid,
            "artifact_dir": row.artifact_dir,
            "primary_filename": row.primary_filename,
        }
        async with self._database.transaction() as connection:
            await connection.execute(query("insert_artifact"), params)

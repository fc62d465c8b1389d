"""Which database this is, what the session may do in it, and where it keeps a file's path."""

from __future__ import annotations

from typing import Any

from scidex_console.adapters.postgres.database import Database, query
from scidex_console.engine.views import StoreIdentity


async def read_identity(database: Database) -> StoreIdentity:
    """Ask the database. Raises `SchemaMismatch` when the schema was never applied."""
    async with database.session() as connection:
        row = await (await connection.execute(query("read_identity"))).fetchone()
    assert row is not None
    return identity_view(row)


def identity_view(row: dict[str, Any]) -> StoreIdentity:
    """The row of `read_identity` as readers get it."""
    return StoreIdentity(
        database=row["database"],
        server_version=row["server_version"],
        operator=row["operator"],
        can_write_intents=row["can_write_intents"],
        schema_version=row["schema_version"],
        file_path_field="file_path" if row["file_path_is_column"] else "metadata.file_path",
    )


def path_is_column(identity: StoreIdentity) -> bool:
    """Whether `file_path` is a column of `artifacts` (else it is a key of the metadata)."""
    return identity.file_path_field == "file_path"
